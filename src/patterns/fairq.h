/* SPDX-License-Identifier: MIT */
/*
 * Fair queueing: takes messages from pipes in turn.
 *
 * What: a ring of pipes that have something and a cursor; a whole message from one pipe,
 *   then the next. An empty pipe leaves the ring, the last active one takes its place.
 * Owner: the socket's lock. Life: with its pattern; pipes enter at attach, leave at detach.
 * Never: holds references to pipes.
 */
#ifndef ZX_PATTERNS_FAIRQ_H
#define ZX_PATTERNS_FAIRQ_H

#include <stdbool.h>

#include <stddef.h>

#include "core/pipe.h"

struct zx_socket;

struct zx_fairq {
    struct zx_pipe **v; /* active ones first */
    unsigned n, active, cap, cur;
    bool more; /* in the middle of a message of v[cur] */
};

void zx_fairq_fini(struct zx_fairq *fq);
int zx_fairq_add(struct zx_fairq *fq, struct zx_pipe *p); /* -ENOMEM */
void zx_fairq_remove(struct zx_fairq *fq, struct zx_pipe *p);
/* Is p the one whose message is being read? */
static inline bool zx_fairq_is_current(const struct zx_fairq *fq, const struct zx_pipe *p) {
    return fq->active && fq->v[fq->cur] == p;
}
/* p has something to read. */
void zx_fairq_activate(struct zx_fairq *fq, struct zx_pipe *p);
/* One frame; *from (may be NULL) tells whose. 0, -EAGAIN, -ENOMEM. */
int zx_fairq_recv_slow(struct zx_socket *s, struct zx_fairq *fq, struct zx_sink *sink,
                       struct zx_pipe **from);
static inline int zx_fairq_recv(struct zx_socket *s, struct zx_fairq *fq, struct zx_sink *sink,
                                struct zx_pipe **from) {
    if (!fq->active || from || fq->more)
        return zx_fairq_recv_slow(s, fq, sink, from);
    struct zx_pipe *p = fq->v[fq->cur];
    if (zx_pipe_take_small(p, sink))
        return zx_fairq_recv_slow(s, fq, sink, from);
    if (++fq->cur >= fq->active)
        fq->cur = 0;
    return 0;
}
/* The pipe that the next frame comes from; NULL: none. */
struct zx_pipe *zx_fairq_next(struct zx_socket *s, struct zx_fairq *fq);

#endif
