/* SPDX-License-Identifier: MIT */
/*
 * What packets of pgm carry: [offset : 2][bytes], the bytes being a stretch of an endless stream of
 * frames in the OLD form, the offset where in them the first message begins; FFFF: none does.
 *
 * What: both halves: from packets of one sender to whole messages, from the link's frames to
 *   packets.
 * Owner: a carrier's thread.
 * Life: rx: init; zx_mcast_fini of the collector. tx: zero-initialised.
 * Never: knows the library; keeps a message of which a packet was lost.
 */
#ifndef ZX_TRANSPORTS_PGM_STREAM_H
#define ZX_TRANSPORTS_PGM_STREAM_H

#include "transports/mcast_frame.h"

enum { ZX_PGM_NO_MESSAGE = 0xffff, ZX_PGM_OFFSET = 2 };

struct zx_pgm_rx {
    struct zx_mcast_collector c;
    bool joined; /* knows where frames begin */
};

void zx_pgm_rx_init(struct zx_pgm_rx *rx, int64_t max);
/* A packet. Whole messages go to out. After an error (-EPROTO, -EMSGSIZE, -ENOMEM) the stream is
 * joined anew where a message begins. */
int zx_pgm_rx_input(struct zx_pgm_rx *rx, const uint8_t *packet, size_t size, struct zx_buf *out);
/* Packets are missing. */
void zx_pgm_rx_lost(struct zx_pgm_rx *rx);

struct zx_pgm_tx {
    struct zx_mcast_frame f;
    bool in_frame, in_message;
};

/* The next packet of what `from` has, at most cap bytes; its size, 0 if there is nothing. */
size_t zx_pgm_tx_fill(struct zx_pgm_tx *tx, struct zx_buf *from, uint8_t *packet, size_t cap);

#endif
