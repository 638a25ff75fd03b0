/* SPDX-License-Identifier: MIT */
/*
 * A listener: the bound descriptor of an endpoint and its accepting.
 *
 * What: accepts, filters and makes links; pauses when descriptors run out.
 * Owner: worked like a link, by one word (HELD and work bits).
 * Life: LISTENING from bind, PAUSED while descriptors lack, CLOSED by unbind or close of the
 *   socket, which wait for it (bounded by one accept turn): the address is then free.
 * Never: takes the socket's lock; blocks in accept.
 */
#ifndef ZX_CORE_LISTENER_H
#define ZX_CORE_LISTENER_H

#include "core/reactor.h"
#include "core/transport.h"

struct zx_endpoint;

struct zx_listener {
    struct zx_source src;
    atomic_uint work;
    atomic_uint closed; /* 1 when the descriptor is closed; futex word */
    struct zx_endpoint *ep; /* reference */
    bool paused;            /* the word */
};

/* Binds and listens (tp->listen) and starts accepting. Fills ep->text. 0 or -errno. */
int zx_listener_new(struct zx_endpoint *ep, struct zx_listener **out);
/* Closes the descriptor and returns when it is closed. */
void zx_listener_close(struct zx_listener *l);

#endif
