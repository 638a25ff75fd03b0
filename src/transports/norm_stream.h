/* SPDX-License-Identifier: MIT */
/*
 * What a stream of norm carries: [marker][frame], marker 0 at the first frame of a message, FF at
 * the others; frames in the NEW form.
 *
 * What: the reading half, from bytes of one sender's stream to whole messages.
 * Owner: a carrier's thread.
 * Life: init; zx_mcast_fini of the collector. A gap or an error: lost, and the stream is sought
 *   to a mark.
 * Never: knows the library.
 */
#ifndef ZX_TRANSPORTS_NORM_STREAM_H
#define ZX_TRANSPORTS_NORM_STREAM_H

#include "transports/mcast_frame.h"

enum { ZX_NORM_FIRST = 0, ZX_NORM_OTHER = 0xff };

struct zx_norm_rx {
    struct zx_mcast_collector c;
    bool marked;   /* the marker of the frame being read was taken */
    bool skipping; /* a frame of a message whose start was missed */
};

/* Bodies larger than max >= 0 are refused. */
void zx_norm_rx_init(struct zx_norm_rx *rx, int64_t max);
/* Takes all bytes; whole messages go to out. -EPROTO, -EMSGSIZE, -ENOMEM: the rest was not
 * looked at, call zx_norm_rx_lost and seek. */
int zx_norm_rx_input(struct zx_norm_rx *rx, const uint8_t *data, size_t size,
                     struct zx_buf *out);
/* What follows begins at a mark. */
void zx_norm_rx_lost(struct zx_norm_rx *rx);

#endif
