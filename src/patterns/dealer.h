/* SPDX-License-Identifier: MIT */
/*
 * DEALER, and the part of it that REQ is made of.
 *
 * What: load balancing out, fair queueing in. Owner: the socket's lock.
 * Life: with its socket. Never: looks into messages.
 */
#ifndef ZX_PATTERNS_DEALER_H
#define ZX_PATTERNS_DEALER_H

#include "core/socket.h"
#include "patterns/fairq.h"
#include "patterns/loadb.h"

struct zx_dealer {
    struct zx_socket base;
    struct zx_fairq in;
    struct zx_loadb out;
    bool probe; /* ZMQ_PROBE_ROUTER */
};

void zx_dealer_fini(struct zx_socket *s);
int zx_dealer_attach(struct zx_socket *s, struct zx_pipe *p);
void zx_dealer_readable(struct zx_socket *s, struct zx_pipe *p);
void zx_dealer_writable(struct zx_socket *s, struct zx_pipe *p);
void zx_dealer_lost(struct zx_socket *s, struct zx_pipe *p);
void zx_dealer_detach(struct zx_socket *s, struct zx_pipe *p);
int zx_dealer_set_option(struct zx_socket *s, int option, const void *val, size_t size);

static inline struct zx_dealer *zx_dealer_of(struct zx_socket *s) {
    return (struct zx_dealer *)(void *)s;
}

#endif
