/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include "base/blob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"

/* Large memory comes from the pool and goes back to it: fresh from the system it would
 * cost a page fault per page. */
enum { KEEP_BYTES = 512, BODY_FROM = 16384 };

/* Larger memory with the same bytes at its front. */
static int move_to(struct zx_buf *b, size_t cap) {
    struct zx_buf large = {.cap = cap, .tail = zx_buf_size(b)};
    if (cap >= BODY_FROM) {
        large.body = zx_body_new(cap);
        large.data = large.body ? large.body->data : NULL;
    } else {
        large.data = malloc(cap);
    }
    if (!large.data)
        return -ENOMEM;
    if (large.tail)
        memcpy(large.data, b->data + b->head, large.tail);
    zx_buf_fini(b);
    *b = large;
    return 0;
}

uint8_t *zx_buf_reserve(struct zx_buf *b, size_t size) {
    if (b->data && b->cap - b->tail >= size)
        return b->data + b->tail;
    size_t used = zx_buf_size(b);
    if (size > SIZE_MAX / 2 - used)
        return NULL;
    if (b->head && b->cap >= used + size) {
        memmove(b->data, b->data + b->head, used);
    } else {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < used + size)
            cap *= 2;
        if (move_to(b, cap))
            return NULL;
    }
    b->head = 0;
    b->tail = used;
    return b->data + used;
}

int zx_buf_append(struct zx_buf *b, const void *data, size_t size) {
    if (!size)
        return 0;
    uint8_t *room = zx_buf_reserve(b, size);
    if (!room)
        return -ENOMEM;
    memcpy(room, data, size);
    b->tail += size;
    return 0;
}

void zx_buf_consume(struct zx_buf *b, size_t size) {
    b->head += size;
    if (b->head < b->tail)
        return;
    b->head = b->tail = 0;
    if (b->cap > KEEP_BYTES)
        zx_buf_fini(b);
}

void zx_buf_fini(struct zx_buf *b) {
    if (b->body)
        zx_body_unref(b->body, 1);
    else
        free(b->data);
    *b = (struct zx_buf){0};
}

void zx_buf_wipe(struct zx_buf *b) {
    zx_wipe(b->data, b->cap);
    zx_buf_fini(b);
}
