/* SPDX-License-Identifier: MIT */
/*
 * A session of the NORM library as the options say, and the sending half of its stream.
 *
 * What: opening, and from frames of the link to [marker][frame] in the library's stream.
 * Owner: whoever opens it, then the carrier's thread.
 * Life: open until close, which ends the stream and the library's thread as well.
 * Never: waits, but for name service while opening.
 */
#ifndef ZX_TRANSPORTS_NORM_SESSION_H
#define ZX_TRANSPORTS_NORM_SESSION_H

#include "core/conf.h"
#include "transports/norm_api.h"
#include "transports/norm_stream.h"

struct zx_norm_tx {
    NormObjectHandle stream;
    struct zx_mcast_frame f;
    uint8_t head[1 + ZX_MCAST_HEAD_MAX]; /* marker and header on their way */
    size_t head_size, head_at;
    bool in_frame, in_message;
    bool unflushed;
    bool all_sent; /* the library said so after the last write */
    uint64_t last_ns;  /* last write; 0: none */
    uint64_t drain_ns; /* a full stream buffer takes so long at the rate */
};

/* Is to be closed even after a failure. -EINVAL, -ENODEV (no such
 * interface), -EADDRINUSE (the library gives no reason; it is the port most of the time). */
int zx_norm_session_open(const struct zx_conf *conf, const char *address,
                         NormInstanceHandle *instance, NormSessionHandle *session);
void zx_norm_session_close(NormInstanceHandle instance, NormSessionHandle session);
int zx_norm_tx_open(struct zx_norm_tx *tx, const struct zx_conf *conf, NormSessionHandle session);
/* Writes what the stream takes of it. */
void zx_norm_tx_pump(struct zx_norm_tx *tx, struct zx_buf *from);
/* All was written: when the session may end. Until then what was lost can be asked for. */
uint64_t zx_norm_tx_until(const struct zx_norm_tx *tx, NormSessionHandle session);

#endif
