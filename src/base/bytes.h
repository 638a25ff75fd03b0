/* SPDX-License-Identifier: MIT */
/*
 * Big-endian numbers at any address.
 *
 * What: get and put of 16, 32 and 64 bits; a copy that is fast for a few bytes.
 * Owner: none. Life: none.
 * Never: assumes alignment or the machine's byte order.
 */
#ifndef ZX_BASE_BYTES_H
#define ZX_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t zx_get16(const uint8_t *p) {
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}
static inline uint32_t zx_get32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t zx_get64(const uint8_t *p) {
    return (uint64_t)zx_get32(p) << 32 | zx_get32(p + 4);
}
static inline void zx_put16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void zx_put32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}
static inline void zx_put64(uint8_t *p, uint64_t v) {
    zx_put32(p, (uint32_t)(v >> 32));
    zx_put32(p + 4, (uint32_t)v);
}

/* Hints only; any address will do. */
#if defined(__GNUC__)
#    define zx_prefetch(p) __builtin_prefetch(p)
#    define zx_prefetch_write(p) __builtin_prefetch(p, 1)
#else
#    define zx_prefetch(p) ((void)(p))
#    define zx_prefetch_write(p) ((void)(p))
#endif

enum { ZX_COPY_SMALL = 64 };

/* memcpy without the call for a small size: overlapping moves of a fixed size. Up to 32 bytes
 * by words: what the caller has just written field by field would be waited for by a wider
 * load. */
static inline void zx_copy(uint8_t *to, const uint8_t *from, size_t size) {
    if (size > ZX_COPY_SMALL) {
        memcpy(to, from, size);
    } else if (size > 32) {
        uint8_t head[32], tail[32];
        memcpy(head, from, 32);
        memcpy(tail, from + size - 32, 32);
        memcpy(to, head, 32);
        memcpy(to + size - 32, tail, 32);
    } else if (size >= 16) {
        uint64_t a, b, c, d;
        memcpy(&a, from, 8);
        memcpy(&b, from + 8, 8);
        memcpy(&c, from + size - 16, 8);
        memcpy(&d, from + size - 8, 8);
        memcpy(to, &a, 8);
        memcpy(to + 8, &b, 8);
        memcpy(to + size - 16, &c, 8);
        memcpy(to + size - 8, &d, 8);
    } else if (size >= 8) {
        uint64_t head, tail;
        memcpy(&head, from, 8);
        memcpy(&tail, from + size - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + size - 8, &tail, 8);
    } else {
        for (size_t i = 0; i < size; i++)
            to[i] = from[i];
    }
}

#endif
