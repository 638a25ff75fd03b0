/* SPDX-License-Identifier: MIT */
/*
 * Load balancing: gives messages to pipes in turn.
 *
 * What: a ring of pipes that have room and a cursor; all frames of a message go to one.
 *   If that pipe is lost in mid-message, the rest of the message is swallowed.
 * Owner: the socket's lock. Life: with its pattern; pipes enter at attach, leave at lost.
 * Never: holds references to pipes.
 */
#ifndef ZX_PATTERNS_LOADB_H
#define ZX_PATTERNS_LOADB_H

#include <stdbool.h>

#include "core/pipe.h"

struct zx_socket;

struct zx_loadb {
    struct zx_pipe **v; /* active ones first */
    unsigned n, active, cap, cur;
    bool more;     /* in the middle of a message to v[cur] */
    bool dropping; /* the rest of the message goes nowhere */
};

void zx_loadb_fini(struct zx_loadb *lb);
int zx_loadb_add(struct zx_loadb *lb, struct zx_pipe *p); /* -ENOMEM */
void zx_loadb_remove(struct zx_loadb *lb, struct zx_pipe *p);
void zx_loadb_activate(struct zx_loadb *lb, struct zx_pipe *p);
/* One frame; *to (may be NULL) tells where it went (NULL: dropped). 0, -EAGAIN, -ENOMEM. */
int zx_loadb_send_slow(struct zx_socket *s, struct zx_loadb *lb, struct zx_src *src,
                       struct zx_pipe **to);
static inline int zx_loadb_send(struct zx_socket *s, struct zx_loadb *lb, struct zx_src *src,
                                struct zx_pipe **to) {
    if (!lb->active || lb->more || lb->dropping || to)
        return zx_loadb_send_slow(s, lb, src, to);
    struct zx_pipe *p = lb->v[lb->cur];
    if (!zx_pipe_put_small(p, src))
        return zx_loadb_send_slow(s, lb, src, to);
    if (++lb->cur >= lb->active)
        lb->cur = 0;
    return zx_pipe_offer(p);
}
/* Would a frame be taken now? */
bool zx_loadb_can_send(struct zx_socket *s, struct zx_loadb *lb);

#endif
