/* SPDX-License-Identifier: MIT */
/*
 * Some bytes of one's own, and how to forget them.
 *
 * What: a value of an option; wiping; a comparison that tells nothing by its time.
 * Owner: its holder. Life: its holder's; nothing is freed here.
 * Never: allocates.
 */
#ifndef ZX_BASE_BLOB_H
#define ZX_BASE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zx_blob {
    uint8_t *data; /* NULL when empty; zx_blob_set keeps a NUL behind it */
    size_t size;
};

/* Zeroes in a way that the compiler may not drop as useless before a free or a return. */
static inline void zx_wipe(void *data, size_t size) {
    volatile uint8_t *p = data;
    while (size--)
        *p++ = 0;
}

/* Takes as long whatever the bytes are: for keys, cookies and the like. */
static inline bool zx_is_same_secret(const void *a, const void *b, size_t size) {
    const volatile uint8_t *p = a, *q = b;
    uint8_t differing = 0;
    while (size--)
        differing |= (uint8_t)(*p++ ^ *q++);
    return differing == 0;
}

#endif
