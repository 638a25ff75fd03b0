/* SPDX-License-Identifier: MIT */
/*
 * PAIR, and what CHANNEL and DGRAM have of it: one peer, both ways.
 *
 * What: the peer, and a former one whose messages are not all read.
 * Owner: the socket's lock; the place itself is taken by links in socket->single.
 * Life: with its socket. Never: looks into messages.
 */
#ifndef ZX_PATTERNS_PAIR_H
#define ZX_PATTERNS_PAIR_H

#include "core/socket.h"

struct zx_pair {
    struct zx_socket base;
    struct zx_pipe *pipe; /* the peer; out may be lost already */
    struct zx_pipe *old;  /* a former peer whose messages are not all read */
    bool can_send;        /* pipe is not lost */
    bool dropping;        /* the peer went in mid-message */
    bool more_out;
};

static inline struct zx_pair *zx_pair_of(struct zx_socket *s) {
    return (struct zx_pair *)(void *)s;
}

int zx_pair_attach(struct zx_socket *s, struct zx_pipe *p);
void zx_pair_lost(struct zx_socket *s, struct zx_pipe *p);
void zx_pair_detach(struct zx_socket *s, struct zx_pipe *p);
int zx_pair_send(struct zx_socket *s, struct zx_src *src);
int zx_pair_recv(struct zx_socket *s, struct zx_sink *sink);
int zx_pair_events(struct zx_socket *s);
/* The pipe to read from, at whose front something lies: a former peer's rest first. NULL: none. */
struct zx_pipe *zx_pair_source(struct zx_socket *s);

#endif
