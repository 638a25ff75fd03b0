/* SPDX-License-Identifier: MIT */
/*
 * A message: what hides behind zmq_msg_t, and the shared body of a large one.
 *
 * What: 64 bytes on 64-bit machines. Up to ZX_MSG_INLINE bytes live in the struct;
 *   larger content lives in a reference-counted body or is constant memory.
 * Owner: the thread that uses the message. Bodies are shared between threads by
 *   their atomic count.
 * Life: init_*, then close exactly once; move and copy close their target first.
 * Never: locks, calls the outside but for a body's free function, or keeps a
 *   reference to a caller's buffer that was not handed over.
 */
#ifndef ZX_BASE_MSG_H
#define ZX_BASE_MSG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZX_MSG_INLINE 33u
#define ZX_MSG_MAGIC 0xa7u

enum { ZX_MSG_MORE = 1, ZX_MSG_SHARED = 2 };
enum zx_msg_kind { ZX_MSG_KIND_INLINE, ZX_MSG_KIND_BODY, ZX_MSG_KIND_CONST };

struct zx_meta;
struct zx_group;

/* Content held by reference. With free_fn == NULL it lies behind the struct. */
struct zx_body {
    atomic_uint refs;
    void (*free_fn)(void *data, void *hint);
    void *hint;
    void *data;
    unsigned pool_class; /* of the pool it goes back to; ZX_POOL_NONE: malloc's */
};

struct zx_msg {
    union {
        struct {
            void *data;
            size_t size;
            struct zx_body *body; /* NULL: constant memory */
        } ref;
        uint8_t inl[40];
    } u;
    struct zx_meta *meta;
    struct zx_group *group;
    uint32_t routing_id;
    uint8_t inl_size;
    uint8_t kind; /* enum zx_msg_kind */
    uint8_t flags;
    uint8_t magic;
};

_Static_assert(sizeof(struct zx_msg) <= 64, "zmq_msg_t is 64 bytes");

/* A body with room for size bytes behind it, 8 KiB to 2 MiB from the pool; NULL without memory.
 * One reference. */
struct zx_body *zx_body_new(size_t size);
/* Adds n references. */
static inline void zx_body_ref(struct zx_body *b, unsigned n) {
    /* Relaxed: the caller holds a reference already, nothing is published by this. */
    atomic_fetch_add_explicit(&b->refs, n, memory_order_relaxed);
}
/* Drops n references; the last one frees (and calls free_fn: hold no lock). */
void zx_body_unref(struct zx_body *b, unsigned n);

static inline void zx_msg_init(struct zx_msg *m) {
    m->meta = NULL;
    m->group = NULL;
    m->routing_id = 0;
    m->inl_size = 0;
    m->kind = ZX_MSG_KIND_INLINE;
    m->flags = 0;
    m->magic = ZX_MSG_MAGIC;
}
/* Holds no reference to anything. */
static inline bool zx_msg_is_plain(const struct zx_msg *m) {
    return m->kind == ZX_MSG_KIND_INLINE && !m->meta && !m->group;
}
int zx_msg_init_size(struct zx_msg *m, size_t size); /* -ENOMEM */
int zx_msg_init_data(struct zx_msg *m, void *data, size_t size,
                     void (*ffn)(void *data, void *hint), void *hint); /* -ENOMEM */
/* Takes over one reference to body (may be NULL: constant memory). */
void zx_msg_init_ref(struct zx_msg *m, void *data, size_t size, struct zx_body *body);
/* Releases everything; the message is no longer valid. */
void zx_msg_close(struct zx_msg *m);
/* dst must be valid; dst == src changes nothing. */
void zx_msg_move(struct zx_msg *dst, struct zx_msg *src);
void zx_msg_copy(struct zx_msg *dst, struct zx_msg *src);

static inline bool zx_msg_is_valid(const struct zx_msg *m) {
    return m->magic == ZX_MSG_MAGIC;
}
static inline size_t zx_msg_size(const struct zx_msg *m) {
    return m->kind == ZX_MSG_KIND_INLINE ? m->inl_size : m->u.ref.size;
}
static inline void *zx_msg_data(struct zx_msg *m) {
    return m->kind == ZX_MSG_KIND_INLINE ? m->u.inl : m->u.ref.data;
}

/* Metadata and group are owned elsewhere; these release them (any may be NULL). */
void zx_msg_drop_meta(struct zx_msg *m);

#endif
