/* SPDX-License-Identifier: MIT */
#include "patterns/requests.h"

#include <errno.h>
#include <stdlib.h>

enum { CAP_MIN = 8 };

static int resize(struct zx_requests *q, size_t cap) {
    struct zx_request *v = malloc(cap * sizeof *v);
    if (!v)
        return -ENOMEM;
    for (size_t i = 0; i < q->n; i++)
        v[i] = q->v[(q->first + i) & (q->cap - 1)];
    free(q->v);
    q->v = v;
    q->cap = cap;
    q->first = 0;
    return 0;
}

int zx_requests_reserve(struct zx_requests *q) {
    return q->n == q->cap ? resize(q, q->cap ? q->cap * 2 : CAP_MIN) : 0;
}

static size_t cost(const struct zx_request *r) {
    size_t size = zx_msg_size(&r->msg);
    return sizeof *r + (size > ZX_MSG_INLINE ? size : 0);
}

int zx_requests_push(struct zx_requests *q, const struct zx_request *r) {
    int rc = zx_requests_reserve(q);
    if (rc)
        return rc;
    q->v[(q->first + q->n++) & (q->cap - 1)] = *r;
    q->bytes += cost(r);
    return 0;
}

void zx_requests_fini(struct zx_requests *q) {
    free(q->v);
    *q = (struct zx_requests){0};
}

bool zx_requests_pop(struct zx_requests *q, struct zx_request *r) {
    if (!q->n)
        return false;
    *r = q->v[q->first];
    q->first = (q->first + 1) & (q->cap - 1);
    q->n--;
    q->bytes -= cost(r);
    if (!q->n)
        zx_requests_fini(q);
    else if (q->n < q->cap / 4)
        (void)resize(q, q->cap / 2);
    return true;
}
