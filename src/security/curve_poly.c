/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic modulo 2^130 - 5 in three limbs of 44, 44 and 42 bits, with products of 128 bits
 * (RFC 8439, section 2.5). Where the compiler has none, libsodium does it all.
 */
#include "security/curve_poly.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "security/curve_stream.h"

#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128 wide;

static const uint64_t M44 = 0xfffffffffff, M42 = 0x3ffffffffff;

struct poly {
    uint64_t r[3], s[3]; /* the key, and 20 times it: what overflows comes back times 5 */
    uint64_t h[3];
};

/* By memcpy: not every compiler sees one load in eight. */
static inline uint64_t little_endian(uint64_t v) {
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(v) : v;
}

static inline uint64_t get_le(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return little_endian(v);
}

static inline void put_le(uint8_t *p, uint64_t v) {
    v = little_endian(v);
    memcpy(p, &v, sizeof v);
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

static void add_up(struct poly *p, const uint8_t *data, size_t size) {
    for (; size >= 16; data += 16, size -= 16)
        block(p, data, UINT64_C(1) << 40);
    if (size) {
        uint8_t last[16] = {0};
        memcpy(last, data, size);
        last[size] = 1;
        block(p, last, 0);
    }
}

void zx_poly_tag(const struct zx_poly_text *text) {
    struct poly p;
    begin(&p, text->key);
    add_up(&p, text->data, text->size);
    finish(&p, text->tag, text->key);
}

#if ZX_HAVE_CURVE_AVX

enum { LANES_MAX = 8, LONG = 400 };

/* From limbs of 44 bits to those of 26 and back. */
static struct zx_poly_limbs to_26(const uint64_t l[3]) {
    const uint64_t m = 0x3ffffff;
    return (struct zx_poly_limbs){{(uint32_t)(l[0] & m),
                                   (uint32_t)((l[0] >> 26 | l[1] << 18) & m),
                                   (uint32_t)(l[1] >> 8 & m),
                                   (uint32_t)((l[1] >> 34 | l[2] << 10) & m),
                                   (uint32_t)(l[2] >> 16)}};
}

static void from_26(uint64_t l[3], const struct zx_poly_limbs *n) {
    uint64_t low = n->l[0] + ((uint64_t)n->l[1] << 26); /* the second may have a bit more */
    uint64_t middle = (low >> 44) + ((uint64_t)n->l[2] << 8) + ((uint64_t)n->l[3] << 34);
    l[0] = low & M44;
    l[1] = middle & M44;
    l[2] = (middle >> 44) + ((uint64_t)n->l[4] << 16);
}

/* power[i] = r^(i + 1) */
static void powers(struct zx_poly_limbs *power, const struct poly *p, unsigned n) {
    static const uint8_t nothing[16];
    struct poly walk = *p;
    memcpy(walk.h, p->r, sizeof walk.h);
    power[0] = to_26(p->r);
    for (unsigned i = 1; i < n; i++) {
        block(&walk, nothing, 0);
        uint64_t whole[3] = {walk.h[0], walk.h[1], walk.h[2]};
        carry(whole);
        carry(whole);
        power[i] = to_26(whole);
    }
    sodium_memzero(&walk, sizeof walk);
}

static void long_tag(const struct zx_poly_text *text, unsigned lanes) {
    struct poly p;
    struct zx_poly_limbs power[LANES_MAX], sum = {{0}};
    size_t blocks = text->size / 16 / lanes * lanes;
    begin(&p, text->key);
    powers(power, &p, lanes);
    (lanes == LANES_MAX ? zx_poly_long8 : zx_poly_long4)(&sum, power, text->data, blocks);
    from_26(p.h, &sum);
    add_up(&p, text->data + blocks * 16, text->size - blocks * 16);
    finish(&p, text->tag, text->key);
    sodium_memzero(power, sizeof power);
}

/* Fewer texts than lanes: the rest of the lanes does the last one again, for nothing. */
static void short_row(const struct zx_poly_text *text, unsigned n, unsigned lanes) {
    struct zx_poly_text all[LANES_MAX];
    uint8_t unused[ZX_POLY_TAG];
    for (unsigned i = 0; i < lanes; i++) {
        all[i] = text[i < n ? i : n - 1];
        if (i >= n)
            all[i].tag = unused;
    }
    (lanes == LANES_MAX ? zx_poly_row8 : zx_poly_row4)(all);
}

/* One after the other, each as its length wants it. */
static void single_tags(const struct zx_poly_text *text, unsigned n, unsigned lanes) {
    for (unsigned i = 0; i < n; i++)
        if (text[i].size >= LONG)
            long_tag(&text[i], lanes);
        else
            zx_poly_tag(&text[i]);
}

/* A row takes the time of its longest text; alone each takes what was measured as that of some 68
 * blocks to begin and then a tenth of a row's for a block. */
static bool is_row(const struct zx_poly_text *text, unsigned n) {
    size_t most = 0, all = 0;
    for (unsigned i = 0; i < n; i++) {
        size_t blocks = text[i].size / 16 + 1;
        most = blocks > most ? blocks : most;
        all += blocks;
    }
    return n >= 3 && (size_t)n * 68 + all > most * 10;
}

void zx_poly_tags(const struct zx_poly_text *text, unsigned n) {
    unsigned lanes = zx_salsa_widest() / 2, row;
    for (; n && lanes >= 4; text += row, n -= row) {
        row = n < lanes ? n : lanes;
        if (is_row(text, row))
            short_row(text, row, lanes);
        else
            single_tags(text, row, lanes);
    }
    for (unsigned i = 0; i < n; i++)
        zx_poly_tag(&text[i]);
}

#else

void zx_poly_tags(const struct zx_poly_text *text, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        zx_poly_tag(&text[i]);
}

#endif

#else

void zx_poly_tag(const struct zx_poly_text *text) {
    (void)crypto_onetimeauth_poly1305(text->tag, text->data, text->size, text->key);
}

void zx_poly_tags(const struct zx_poly_text *text, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        zx_poly_tag(&text[i]);
}

#endif
