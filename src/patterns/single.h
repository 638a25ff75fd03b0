/* SPDX-License-Identifier: MIT */
/*
 * Messages of one frame: what CLIENT, SERVER, GATHER, CHANNEL and PEER receive.
 *
 * What: finds the next message that may be given out; one of several frames, which only a peer
 *   of another type sends, is thrown away whole.
 * Owner: the socket's lock. Life: none. Never: consumes what it finds.
 */
#ifndef ZX_PATTERNS_SINGLE_H
#define ZX_PATTERNS_SINGLE_H

#include "patterns/fairq.h"

/* So many unwanted frames are thrown away in one call; then the caller has its turn. */
enum { ZX_SINGLE_SKIP_MAX = 1000 };

/* Throws away the message at the front of p, all of which is there. Number of frames. */
int zx_single_skip(struct zx_pipe *p);
struct zx_pipe *zx_single_find(struct zx_socket *s, struct zx_fairq *fq);

/* The pipe at whose front such a message lies; it is the current one. NULL: none. */
static inline struct zx_pipe *zx_single_next(struct zx_socket *s, struct zx_fairq *fq) {
    if (fq->active) {
        const struct zx_queue *q = fq->v[fq->cur]->in;
        if (q->r.pos != q->r.end &&
            !(q->r.cur->data[q->r.pos] & ~(ZX_FRAME_LONG | ZX_FRAME_REF)))
            return fq->v[fq->cur];
    }
    return zx_single_find(s, fq);
}

/* One message; *from (may be NULL) tells whose. 0, -EAGAIN, -ENOMEM. */
int zx_single_recv(struct zx_socket *s, struct zx_fairq *fq, struct zx_sink *sink,
                   struct zx_pipe **from);

#endif
