/* SPDX-License-Identifier: MIT */
/*
 * XPUB, and the part of it that PUB is made of.
 *
 * What: who subscribed to what (zx_subs), the way of messages to them (zx_dist), and what they
 *   ask for and send up (zx_requests). A PUB has no application that reads the latter.
 * Owner: the socket's lock; the welcome message has a leaf lock besides, for links read it.
 * Life: with its socket. A subscriber lives as long as its pipe, or a request of its is unread.
 * Never: blocks, unless ZMQ_XPUB_NODROP is set.
 */
#ifndef ZX_PATTERNS_XPUB_H
#define ZX_PATTERNS_XPUB_H

#include "base/subs.h"
#include "core/lock.h"
#include "core/socket.h"
#include "patterns/dist.h"
#include "patterns/requests.h"

struct zx_subscriber {
    struct zx_holder gets;  /* topics of which it is sent messages; first: found by it */
    struct zx_holder asked; /* ZMQ_XPUB_MANUAL: topics it asked for */
    struct zx_pipe *pipe;   /* NULL: gone */
    unsigned refs;
    uint32_t connection; /* counts them: a broken one took its subscriptions along */
    bool more_in;        /* in the middle of a message of it */
    bool looks;          /* the rest of that message is looked at for subscriptions */
    bool open;           /* what was passed up of that message has no end yet */
};

struct zx_xpub {
    struct zx_socket base;
    struct zx_subs gets, asked;
    struct zx_dist out;
    struct zx_requests requests;
    struct zx_mutex welcome_lock;
    struct zx_blob welcome;     /* ZMQ_XPUB_WELCOME_MSG */
    struct zx_subscriber *last; /* whose request was read last; a reference */
    uint32_t last_connection;
    uint64_t looked_ns; /* when the network was last searched for subscriptions */
    unsigned unwanted;  /* messages that nobody was sent */
    bool to_last; /* the next message is for the last alone */
    bool all_subs, all_cancels; /* ZMQ_XPUB_VERBOSE, VERBOSER */
    bool manual, last_value, only_first;
    bool holds; /* some peers are not read before the application takes requests */
};

static inline struct zx_xpub *zx_xpub_of(struct zx_socket *s) {
    return (struct zx_xpub *)(void *)s;
}

/* ---- xpub_input.c: subscribers and what comes from them ---- */

int zx_xpub_attach(struct zx_socket *s, struct zx_pipe *p);
void zx_xpub_readable(struct zx_socket *s, struct zx_pipe *p);
/* The application has taken a request: are those who wait to be read again? */
void zx_xpub_taken(struct zx_socket *s);
void zx_xpub_lost(struct zx_socket *s, struct zx_pipe *p);
void zx_xpub_detach(struct zx_socket *s, struct zx_pipe *p);
void zx_subscriber_unref(struct zx_subscriber *sb);

/* ---- xpub.c, shared with PUB ---- */

void zx_xpub_fini(struct zx_socket *s);
/* An inproc peer is welcomed by a message in its queue, once. */
void zx_xpub_welcome(struct zx_xpub *x, struct zx_pipe *p);
void zx_xpub_writable(struct zx_socket *s, struct zx_pipe *p);
int zx_xpub_send(struct zx_socket *s, struct zx_src *src);
int zx_xpub_set_option(struct zx_socket *s, int option, const void *val, size_t size);
int zx_xpub_get_option(struct zx_socket *s, int option, void *val, size_t *size);
void zx_xpub_link_ready(struct zx_socket *s, struct zx_pipe *p, int version);
bool zx_xpub_link_more(struct zx_socket *s, struct zx_pipe *p, struct zx_buf *out);

#endif
