/* SPDX-License-Identifier: MIT */
#include "base/msg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/group.h"
#include "base/pool.h"
#include "base/ref.h"

_Static_assert(sizeof(struct zx_body) <= ZX_POOL_HEAD, "a body's head fits a block's");

struct zx_body *zx_body_new(size_t size) {
    if (size > SIZE_MAX - sizeof(struct zx_body))
        return NULL;
    unsigned c = zx_pool_class(size);
    struct zx_body *b = c ? zx_pool_take(c) : malloc(sizeof *b + size);
    if (!b)
        return NULL;
    atomic_init(&b->refs, 1);
    b->free_fn = NULL;
    b->hint = NULL;
    b->data = b + 1;
    b->pool_class = c;
    return b;
}

void zx_body_unref(struct zx_body *b, unsigned n) {
    /* A sole owner needs no atomic subtraction: nobody else can add a reference. The
     * acquire pairs with the release below of whoever dropped the others. */
    if (atomic_load_explicit(&b->refs, memory_order_acquire) != n &&
        atomic_fetch_sub_explicit(&b->refs, n, memory_order_acq_rel) != n)
        return;
    if (b->free_fn)
        b->free_fn(b->data, b->hint);
    if (b->pool_class)
        zx_pool_give(b, b->pool_class);
    else
        free(b);
}

int zx_msg_init_size(struct zx_msg *m, size_t size) {
    if (size <= ZX_MSG_INLINE) {
        zx_msg_init(m);
        m->inl_size = (uint8_t)size;
        return 0;
    }
    struct zx_body *b = zx_body_new(size);
    if (!b)
        return -ENOMEM;
    zx_msg_init_ref(m, b->data, size, b);
    return 0;
}

int zx_msg_init_data(struct zx_msg *m, void *data, size_t size,
                     void (*ffn)(void *data, void *hint), void *hint) {
    struct zx_body *b = NULL;
    if (ffn) {
        b = zx_body_new(0);
        if (!b)
            return -ENOMEM;
        b->free_fn = ffn;
        b->hint = hint;
        b->data = data;
    }
    zx_msg_init_ref(m, data, size, b);
    return 0;
}

void zx_msg_init_ref(struct zx_msg *m, void *data, size_t size, struct zx_body *body) {
    zx_msg_init(m);
    m->kind = body ? ZX_MSG_KIND_BODY : ZX_MSG_KIND_CONST;
    m->u.ref.data = data;
    m->u.ref.size = size;
    m->u.ref.body = body;
}

void zx_msg_drop_meta(struct zx_msg *m) {
    if (m->meta)
        zx_ref_drop((struct zx_ref *)(void *)m->meta, 1);
    m->meta = NULL;
}

void zx_msg_close(struct zx_msg *m) {
    if (m->meta)
        zx_msg_drop_meta(m);
    if (m->group)
        zx_group_unref(m->group);
    if (m->kind == ZX_MSG_KIND_BODY)
        zx_body_unref(m->u.ref.body, 1);
    m->group = NULL;
    m->kind = ZX_MSG_KIND_INLINE;
    m->inl_size = 0;
    m->magic = 0;
}

void zx_msg_move(struct zx_msg *dst, struct zx_msg *src) {
    if (dst == src)
        return;
    zx_msg_close(dst);
    *dst = *src;
    zx_msg_init(src);
}

void zx_msg_copy(struct zx_msg *dst, struct zx_msg *src) {
    if (dst == src)
        return;
    zx_msg_close(dst);
    if (src->kind == ZX_MSG_KIND_BODY) {
        zx_body_ref(src->u.ref.body, 1);
        src->flags |= ZX_MSG_SHARED;
    }
    if (src->meta)
        zx_ref_add((struct zx_ref *)(void *)src->meta, 1);
    if (src->group)
        zx_group_ref(src->group);
    *dst = *src;
}
