/* SPDX-License-Identifier: MIT */
/*
 * A growable byte buffer read from its front.
 *
 * What: control output and encoded output of a link. Owner: its holder alone.
 * Life: zeroed is empty; fini frees; an emptied buffer gives large memory back.
 * Never: shrinks while it holds bytes.
 */
#ifndef ZX_BASE_BUF_H
#define ZX_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct zx_body;

struct zx_buf {
    uint8_t *data;
    size_t head; /* first unread byte */
    size_t tail; /* end of the written bytes */
    size_t cap;
    struct zx_body *body; /* that data is of; NULL: malloc's memory */
};

/* Room for size more bytes at the end; NULL without memory. Not yet counted. */
uint8_t *zx_buf_reserve(struct zx_buf *b, size_t size);
int zx_buf_append(struct zx_buf *b, const void *data, size_t size); /* -ENOMEM */
void zx_buf_consume(struct zx_buf *b, size_t size);
void zx_buf_fini(struct zx_buf *b);
/* Zeroes all that it ever held and frees: for buffers that were never outgrown, since growing
 * leaves a copy behind. */
void zx_buf_wipe(struct zx_buf *b);

static inline size_t zx_buf_size(const struct zx_buf *b) {
    return b->tail - b->head;
}

#endif
