/* SPDX-License-Identifier: MIT */
/*
 * A reference count as the first member of a shared, immutable object.
 *
 * What: a count and the function that frees the object at zero.
 * Owner: whoever holds a reference; the count is atomic.
 * Life: zx_ref_init gives one reference; the drop that reaches zero frees.
 * Never: locks.
 */
#ifndef ZX_BASE_REF_H
#define ZX_BASE_REF_H

#include <stdatomic.h>

struct zx_ref {
    atomic_uint count;
    void (*free_fn)(struct zx_ref *self);
};

static inline void zx_ref_init(struct zx_ref *r, void (*free_fn)(struct zx_ref *self)) {
    atomic_init(&r->count, 1);
    r->free_fn = free_fn;
}

static inline void zx_ref_add(struct zx_ref *r, unsigned n) {
    /* Relaxed: adding needs a reference, which the caller has. */
    atomic_fetch_add_explicit(&r->count, n, memory_order_relaxed);
}

static inline void zx_ref_drop(struct zx_ref *r, unsigned n) {
    /* Release our use of the object; acquire everybody's before freeing it. */
    if (atomic_fetch_sub_explicit(&r->count, n, memory_order_acq_rel) == n)
        r->free_fn(r);
}

#endif
