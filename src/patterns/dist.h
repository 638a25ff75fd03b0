/* SPDX-License-Identifier: MIT */
/*
 * Distribution: gives a message to many pipes.
 *
 * What: all pipes that can be sent to, and those chosen for the message in progress. Its first
 *   frame decides who they are; a pipe that is full, or comes later, misses all of it.
 * Owner: the socket's lock. Life: with its pattern; pipes enter at attach, leave at lost.
 * Never: blocks; holds references to pipes.
 */
#ifndef ZX_PATTERNS_DIST_H
#define ZX_PATTERNS_DIST_H

#include <stdbool.h>

#include "core/pipe.h"

struct zx_dist {
    struct zx_pipe **v;  /* all, room for as many in to */
    struct zx_pipe **to; /* chosen */
    unsigned n, cap, n_to;
    bool more;    /* in the middle of a message */
    bool blocked; /* a pipe that was to be chosen is full */
    bool nodrop;  /* the caller gives up when blocked: fullness is looked at anew each time */
    bool exact;   /* a message lost for want of memory breaks its connection: notes went with it */
};

void zx_dist_fini(struct zx_dist *d);
int zx_dist_add(struct zx_dist *d, struct zx_pipe *p); /* -ENOMEM */
void zx_dist_remove(struct zx_dist *d, struct zx_pipe *p);
/* Credit came: p has room again. */
void zx_dist_reopen(struct zx_dist *d, struct zx_pipe *p);

/* A message begins: nobody is chosen. */
static inline void zx_dist_begin(struct zx_dist *d) {
    d->n_to = 0;
    d->blocked = false;
}
/* p, if it can be sent to; each pipe at most once a message. */
void zx_dist_choose(struct zx_dist *d, struct zx_pipe *p);
void zx_dist_choose_all(struct zx_dist *d);
/* Marks p as left out; zx_dist_choose_others then takes all that are not, and clears marks. */
void zx_dist_exclude(struct zx_pipe *p);
void zx_dist_choose_others(struct zx_dist *d);
/* One frame to all chosen; takes the content of src. 0, -ENOMEM: nothing taken. */
int zx_dist_send(struct zx_socket *s, struct zx_dist *d, struct zx_src *src);
/* A whole small message as it lies on the wire, to all chosen. */
void zx_dist_send_wire(struct zx_dist *d, const uint8_t *wire, size_t size);
/* The message begun is taken back from all chosen. */
void zx_dist_rollback(struct zx_dist *d);

#endif
