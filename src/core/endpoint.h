/* SPDX-License-Identifier: MIT */
/*
 * An endpoint: what one zmq_bind or zmq_connect made.
 *
 * What: the texts it is known by, the options as they were, its listener, link or pipe.
 * Owner: the socket's lock guards the socket's list; `lock` (a leaf) the list of links.
 * Life: in the socket's list from bind/connect to unbind/disconnect/close; referenced by
 *   that list, its listener and each of its links.
 * Never: calls into a pattern.
 */
#ifndef ZX_CORE_ENDPOINT_H
#define ZX_CORE_ENDPOINT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lock.h"

struct zx_binder;
struct zx_conf;
struct zx_link;
struct zx_listener;
struct zx_pipe;
struct zx_socket;
struct zx_transport_ops;

struct zx_endpoint {
    struct zx_endpoint *next; /* socket's lock */
    atomic_uint refs;
    struct zx_socket *sock; /* slot reference */
    struct zx_conf *conf;   /* as of bind or connect */
    const struct zx_transport_ops *tp; /* NULL: inproc */
    char *typed;         /* full text as given */
    char *text;          /* resolved text of a bind; typed otherwise */
    const char *address; /* part of typed behind :// */
    bool is_bind;
    atomic_bool gone;    /* ended by itself (RECONNECT_STOP ...): as if disconnected */
    struct zx_listener *listener; /* reference; socket's lock */
    struct zx_link *dial;         /* reference; socket's lock */
    struct zx_binder *binder;     /* inproc bind: owned */
    struct zx_pipe *pipe;         /* inproc connect: reference */
    struct zx_mutex lock;
    struct zx_link *links; /* accepted and alive; each removes itself */
    /* The same, while they shake hands: oldest first. Whoever has not said who he is may cost
     * no more than their number, HANDSHAKE_IVL and the largest handshake command allow. */
    struct zx_link *opening, *newest;
    unsigned n_opening;
};

struct zx_endpoint *zx_endpoint_new(struct zx_socket *s, const char *typed, bool is_bind);
void zx_endpoint_ref(struct zx_endpoint *ep);
void zx_endpoint_unref(struct zx_endpoint *ep);
/* A connection was accepted. True: more shake hands than may, one is to be dropped. */
bool zx_endpoint_add_link(struct zx_endpoint *ep, struct zx_link *l);
/* l has shaken hands. */
void zx_endpoint_opened(struct zx_endpoint *ep, struct zx_link *l);
/* Gives up the connection that has been shaking hands for longest, if it began before that. */
bool zx_endpoint_drop_oldest(struct zx_endpoint *ep, uint64_t before_ns);
void zx_endpoint_remove_link(struct zx_endpoint *ep, struct zx_link *l);
/* Ends everything the endpoint has: for unbind, disconnect and close of the socket; the
 * socket's lock held. linger_ms as the option. keep_unread: unread messages of its pipes
 * stay readable (unbind). */
void zx_endpoint_end(struct zx_endpoint *ep, int linger_ms, bool keep_unread);
/* It ended by itself: the socket's next connect or bind puts it away. Any thread. */
void zx_endpoint_is_over(struct zx_endpoint *ep);

#endif
