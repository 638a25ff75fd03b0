/* SPDX-License-Identifier: MIT */
/*
 * The HTTP heads that open a WebSocket (RFC 6455, 4), with ZWS 2.0's subprotocols.
 *
 * What: writes and reads the request and the answer, strictly: lines end in CRLF, no folding, no
 *   control characters, bounded.
 * Owner: none; pure functions over their caller's bytes.
 * Life: none.
 * Never: reads behind the empty line that ends a head; allocates.
 */
#ifndef ZX_TRANSPORTS_WS_HTTP_H
#define ZX_TRANSPORTS_WS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transports/ws_hash.h"

enum {
    ZX_WS_HTTP_MAX = 8192, /* bytes of a head: who needs more is no peer of ours */
    ZX_WS_HTTP_OUT_MAX = 1536
};

/* What may be spoken: a mechanism by its name, and ZWS2.0 without any. */
struct zx_ws_offer {
    const char *mechanism; /* NULL: not offered */
    bool bare;
};

enum zx_ws_chosen { ZX_WS_NOTHING, ZX_WS_MECHANISM, ZX_WS_BARE };

struct zx_ws_request {
    char key[ZX_WS_KEY_TEXT];
    enum zx_ws_chosen chosen; /* the first of the client's list that we offer too */
    int status;               /* 101, or what to refuse with */
};

/* Size of the head at the front of data: 0 if its end is not there yet. *seen is where the last
 * search ended (0 at first). -EPROTO: this will never be one; -EMSGSIZE: above ZX_WS_HTTP_MAX. */
int zx_ws_head_size(const char *data, size_t size, size_t *seen, const char *start);

/* A whole head of a client: what to answer. */
void zx_ws_request_parse(struct zx_ws_request *r, const char *head, size_t size,
                         const struct zx_ws_offer *offer);
/* A whole head of a server. 0; -EAGAIN: it is HTTP and refuses; -EPROTO. */
int zx_ws_response_parse(const char *head, size_t size, const struct zx_ws_offer *offer,
                         const char *accept, enum zx_ws_chosen *chosen);

/* All write to room of ZX_WS_HTTP_OUT_MAX bytes and return how many; -EMSGSIZE. */
int zx_ws_request_write(char *out, const char *host, const char *path, const char *key,
                        const struct zx_ws_offer *offer);
int zx_ws_response_write(char *out, const struct zx_ws_request *r, const char *mechanism);

#endif
