/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic modulo 2^130 - 5 in three limbs of 44, 44 and 42 bits, with products of 128 bits
 * (RFC 8439, section 2.5). Where the compiler has none, libsodium does it all.
 */
#include "security/curve_poly.h"

#include <sodium.h>
#include <string.h>

#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128 wide;

static const uint64_t M44 = 0xfffffffffff, M42 = 0x3ffffffffff;
enum { SODIUM_ABOVE = 768 };

struct poly {
    uint64_t r[3], s[3]; /* the key, and 20 times it: what overflows comes back times 5 */
    uint64_t h[3];
};

static uint64_t get_le(const uint8_t *p) {
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static void put_le(uint8_t *p, uint64_t v) {
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static inline void begin(struct poly *p, const uint8_t *key) {
    uint64_t low = get_le(key), high = get_le(key + 8);
    p->r[0] = low & 0xffc0fffffff;
    p->r[1] = (low >> 44 | high << 20) & 0xfffffc0ffff;
    p->r[2] = high >> 24 & 0x00ffffffc0f;
    for (int i = 0; i < 3; i++) {
        p->s[i] = p->r[i] * 20;
        p->h[i] = 0;
    }
}

/* h = (h + block) * r; top is 2^128 in a whole block, in the third limb's place. */
static inline void block(struct poly *p, const uint8_t *at, uint64_t top) {
    const uint64_t *r = p->r, *s = p->s;
    uint64_t low = get_le(at), high = get_le(at + 8);
    uint64_t h0 = p->h[0] + (low & M44);
    uint64_t h1 = p->h[1] + ((low >> 44 | high << 20) & M44);
    uint64_t h2 = p->h[2] + ((high >> 24 & M42) | top);
    wide d0 = (wide)h0 * r[0] + (wide)h1 * s[2] + (wide)h2 * s[1];
    wide d1 = (wide)h0 * r[1] + (wide)h1 * r[0] + (wide)h2 * s[2];
    wide d2 = (wide)h0 * r[2] + (wide)h1 * r[1] + (wide)h2 * r[0];
    d1 += (uint64_t)(d0 >> 44);
    d2 += (uint64_t)(d1 >> 44);
    h0 = ((uint64_t)d0 & M44) + (uint64_t)(d2 >> 42) * 5;
    p->h[2] = (uint64_t)d2 & M42;
    p->h[1] = ((uint64_t)d1 & M44) + (h0 >> 44);
    p->h[0] = h0 & M44;
}

static inline void carry(uint64_t h[3]) {
    h[1] += h[0] >> 44;
    h[0] &= M44;
    h[2] += h[1] >> 44;
    h[1] &= M44;
    h[0] += (h[2] >> 42) * 5;
    h[2] &= M42;
}

static inline void finish(struct poly *p, uint8_t *tag, const uint8_t *key) {
    uint64_t *h = p->h, g[3];
    carry(h);
    carry(h);
    h[1] += h[0] >> 44;
    h[0] &= M44;
    /* g = h - (2^130 - 5), taken if that is not negative. */
    g[0] = h[0] + 5;
    g[1] = h[1] + (g[0] >> 44);
    g[0] &= M44;
    g[2] = h[2] + (g[1] >> 44) - (UINT64_C(1) << 42);
    g[1] &= M44;
    uint64_t keep_h = 0 - (g[2] >> 63);
    for (int i = 0; i < 3; i++)
        h[i] = (h[i] & keep_h) | (g[i] & ~keep_h);
    wide low = (wide)(h[0] | h[1] << 44) + get_le(key + 16);
    uint64_t high = (h[1] >> 20 | h[2] << 24) + get_le(key + 24) + (uint64_t)(low >> 64);
    put_le(tag, (uint64_t)low);
    put_le(tag + 8, high);
}

static void small_tag(uint8_t *tag, const uint8_t *text, size_t size, const uint8_t *key) {
    struct poly p;
    begin(&p, key);
    for (; size >= 16; text += 16, size -= 16)
        block(&p, text, UINT64_C(1) << 40);
    if (size) {
        uint8_t last[16] = {0};
        for (size_t i = 0; i < size; i++)
            last[i] = text[i];
        last[size] = 1;
        block(&p, last, 0);
    }
    finish(&p, tag, key);
}

void zx_poly_tag(uint8_t tag[ZX_POLY_TAG], const uint8_t *text, size_t size,
                 const uint8_t key[ZX_POLY_KEY]) {
    if (size <= SODIUM_ABOVE)
        small_tag(tag, text, size, key);
    else
        (void)crypto_onetimeauth_poly1305(tag, text, size, key);
}

#else

void zx_poly_tag(uint8_t tag[ZX_POLY_TAG], const uint8_t *text, size_t size,
                 const uint8_t key[ZX_POLY_KEY]) {
    (void)crypto_onetimeauth_poly1305(tag, text, size, key);
}

#endif
