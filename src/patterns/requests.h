/* SPDX-License-Identifier: MIT */
/*
 * What an XPUB has for its application: requests and messages of its subscribers, in order.
 *
 * What: a ring of messages, each with the subscriber it came from. Owner: the socket's lock.
 * Life: zeroed is empty; zx_requests_fini frees. Holds references to subscribers.
 * Never: refuses one for its size: `bytes` tells its owner when to read no more from peers.
 */
#ifndef ZX_PATTERNS_REQUESTS_H
#define ZX_PATTERNS_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

struct zx_subscriber;

struct zx_request {
    struct zx_msg msg;
    struct zx_subscriber *from; /* whose request; NULL: of one that is gone, or no request */
    uint32_t connection;        /* of that subscriber */
    bool is_request;
};

struct zx_requests {
    struct zx_request *v;
    size_t first, n, cap; /* cap is a power of two */
    size_t bytes;         /* what those in it take */
};

/* Makes room for one more: the next push cannot fail. -ENOMEM. */
int zx_requests_reserve(struct zx_requests *q);
/* Takes over the content of r. -ENOMEM. */
int zx_requests_push(struct zx_requests *q, const struct zx_request *r);
/* Frees the ring; what is in it was popped. */
void zx_requests_fini(struct zx_requests *q);
/* The oldest, moved out. False: none. */
bool zx_requests_pop(struct zx_requests *q, struct zx_request *r);
static inline struct zx_request *zx_requests_first(struct zx_requests *q) {
    return q->n ? &q->v[q->first] : NULL;
}
static inline struct zx_request *zx_requests_last(struct zx_requests *q) {
    return q->n ? &q->v[(q->first + q->n - 1) & (q->cap - 1)] : NULL;
}

#endif
