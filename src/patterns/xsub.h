/* SPDX-License-Identifier: MIT */
/*
 * XSUB, and the part of it that SUB is made of.
 *
 * What: topics that go up (zx_wants), messages that come down by fair queueing.
 * Owner: the socket's lock, and the leaf lock in wants. Life: with its socket.
 * Never: filters (that is SUB's).
 */
#ifndef ZX_PATTERNS_XSUB_H
#define ZX_PATTERNS_XSUB_H

#include "core/socket.h"
#include "patterns/dist.h"
#include "patterns/fairq.h"
#include "patterns/wants.h"

struct zx_xsub {
    struct zx_socket base;
    struct zx_wants wants;
    struct zx_fairq in;
    struct zx_dist up;      /* XSUB: messages of the application */
    struct zx_pipe *passed; /* SUB: the message at its front has passed the filter */
    bool only_first;        /* ZMQ_ONLY_FIRST_SUBSCRIBE */
    bool verbose;           /* ZMQ_XSUB_VERBOSE_UNSUBSCRIBE */
    bool more_out;
    bool looks; /* later frames of the message being sent may be subscriptions too */
};

void zx_xsub_fini(struct zx_socket *s);
int zx_xsub_attach(struct zx_socket *s, struct zx_pipe *p);
void zx_xsub_readable(struct zx_socket *s, struct zx_pipe *p);
void zx_xsub_lost(struct zx_socket *s, struct zx_pipe *p);
void zx_xsub_detach(struct zx_socket *s, struct zx_pipe *p);
int zx_xsub_get_option(struct zx_socket *s, int option, void *val, size_t *size);
void zx_xsub_closed(struct zx_socket *s);
void zx_xsub_link_ready(struct zx_socket *s, struct zx_pipe *p, int version);
bool zx_xsub_link_more(struct zx_socket *s, struct zx_pipe *p, struct zx_buf *out);
int zx_xsub_link_note(struct zx_socket *s, struct zx_pipe *p, const uint8_t *note, size_t size,
                      struct zx_buf *out);

static inline struct zx_xsub *zx_xsub_of(struct zx_socket *s) {
    return (struct zx_xsub *)(void *)s;
}

#endif
