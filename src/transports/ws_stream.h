/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket connection as a stream of ZMTP frames: what ws and wss share.
 *
 * What: the opening by HTTP, then frames (ws_frame.h), over a descriptor or over what encrypts it.
 * Owner: the link that opened it, by its word.
 * Life: zx_ws_stream_new; phases:
 *   phase  | meaning                                | left by
 *   -------+----------------------------------------+------------------------------
 *   SHAKE  | the wire below (TLS) shakes hands      | open
 *   HTTP   | request and answer                     | open
 *   OPEN   | frames                                 | recv (Close or an error), bye
 *   OVER   | a Close was sent or the opening failed | free
 * Never: closes the descriptor; holds more of a peer's bytes than one read and one fragmented
 *   message.
 */
#ifndef ZX_TRANSPORTS_WS_STREAM_H
#define ZX_TRANSPORTS_WS_STREAM_H

#include "core/transport.h"

struct zx_ws_wire;

/* What carries the bytes. */
struct zx_ws_wire_ops {
    /* 1 done, 0 goes on (*wants_write: when the descriptor takes bytes), negative. */
    int (*shake)(struct zx_ws_wire *w, bool *wants_write);
    ptrdiff_t (*recv)(struct zx_ws_wire *w, void *buf, size_t size); /* as zx_sock_recv */
    ptrdiff_t (*send)(struct zx_ws_wire *w, const void *buf, size_t size);
    bool (*has_input)(const struct zx_ws_wire *w);
    void (*bye)(struct zx_ws_wire *w);
    void (*free)(struct zx_ws_wire *w);
};

struct zx_ws_wire {
    const struct zx_ws_wire_ops *ops;
    int fd;
};

/* Takes over the wire; NULL: the descriptor as it is. */
int zx_ws_stream_new(const struct zx_stream_place *where, struct zx_ws_wire *wire,
                     struct zx_stream **out);

#endif
