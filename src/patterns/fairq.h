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

struct zx_pipe;
struct zx_sink;
struct zx_socket;

struct zx_fairq {
    struct zx_pipe **v; /* active ones first */
    unsigned n, active, cap, cur;
    bool more; /* in the middle of a message of v[cur] */
};

void zx_fairq_fini(struct zx_fairq *fq);
int zx_fairq_add(struct zx_fairq *fq, struct zx_pipe *p); /* -ENOMEM */
void zx_fairq_remove(struct zx_fairq *fq, struct zx_pipe *p);
/* p has something to read. */
void zx_fairq_activate(struct zx_fairq *fq, struct zx_pipe *p);
/* One frame; *from (may be NULL) tells whose. 0, -EAGAIN, -ENOMEM. */
int zx_fairq_recv(struct zx_socket *s, struct zx_fairq *fq, struct zx_sink *sink,
                  struct zx_pipe **from);
/* The pipe that the next frame comes from; NULL: none. */
struct zx_pipe *zx_fairq_next(struct zx_socket *s, struct zx_fairq *fq);

#endif
