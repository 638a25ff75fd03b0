/* SPDX-License-Identifier: MIT */
/*
 * Poly1305 in ZX_LANES lanes of 64 bits, limbs of 26 bits.
 *
 * What: the two kernels of curve_poly.h as functions of the number of lanes. A file defines
 *   ZX_LANES, ZX_LANES_MUL (the product of the low halves of each lane), ZX_LANES_LOW and _HIGH
 *   (unpacking), ZX_LANES_PICK (16 bytes from every second pointer), ZX_LANES_LONG and
 *   ZX_LANES_ROW, includes this once and is compiled for the instructions it is meant for.
 * Owner: nobody's: no state. Life: none.
 * Never: branches or indexes by a secret; is included twice by one file.
 */
#ifndef ZX_SECURITY_CURVE_POLY_LANES_H
#define ZX_SECURITY_CURVE_POLY_LANES_H

#include <string.h>

#include "security/curve_poly.h"

typedef uint64_t lanes __attribute__((vector_size(8 * ZX_LANES)));

enum { LIMB = 26, LIMBS = 5, BLOCK = 16 };
static const uint64_t MASK = (1u << LIMB) - 1;

struct number {
    lanes l[LIMBS];
};

struct factor {
    struct number r;
    lanes s[LIMBS]; /* five times r: what overflows 2^130 comes back so */
};

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS void factor_of(struct factor *f, const struct number *r) {
    f->r = *r;
    for (int i = 0; i < LIMBS; i++)
        f->s[i] = r->l[i] * 5;
}

/* h = h * f, limbs of 26 bits again but for a bit in the second. */
ALWAYS void multiply(struct number *h, const struct factor *f) {
    lanes d[LIMBS];
#pragma GCC unroll 5
    for (int i = 0; i < LIMBS; i++) {
        d[i] = ZX_LANES_MUL(h->l[0], f->r.l[i]);
#pragma GCC unroll 4
        for (int k = 1; k < LIMBS; k++)
            d[i] += ZX_LANES_MUL(h->l[k], k <= i ? f->r.l[i - k] : f->s[LIMBS + i - k]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < LIMBS - 1; i++) {
        d[i + 1] += d[i] >> LIMB;
        h->l[i] = d[i] & MASK;
    }
    h->l[0] += (d[4] >> LIMB) * 5;
    h->l[4] = d[4] & MASK;
    h->l[1] += h->l[0] >> LIMB;
    h->l[0] &= MASK;
}

/* h += the blocks whose halves are given; top: 2^24 in the last limb where a block is whole. */
ALWAYS void add(struct number *h, lanes low, lanes high, lanes top) {
    h->l[0] += low & MASK;
    h->l[1] += low >> 26 & MASK;
    h->l[2] += (low >> 52 | high << 12) & MASK;
    h->l[3] += high >> 14 & MASK;
    h->l[4] += high >> 40 | top;
}

/* ---- one long text ------------------------------------------------------------------- */

/* Block i of a stretch goes to the lane that the shuffle of its two halves puts it in. */
static unsigned block_of(unsigned lane) {
    return lane / 2 + (lane & 1) * (ZX_LANES / 2);
}

ALWAYS void halves(const uint8_t *data, lanes *low, lanes *high) {
    lanes a, b;
    memcpy(&a, data, sizeof a);
    memcpy(&b, data + sizeof a, sizeof b);
    *low = ZX_LANES_LOW(a, b);
    *high = ZX_LANES_HIGH(a, b);
}

void ZX_LANES_LONG(struct zx_poly_limbs *sum, const struct zx_poly_limbs *power,
                   const uint8_t *data, size_t blocks) {
    struct number h, all, last;
    struct factor f;
    for (int i = 0; i < LIMBS; i++) {
        h.l[i] = (lanes){sum->l[i]}; /* block 0's lane is the first */
        for (unsigned k = 0; k < ZX_LANES; k++) {
            all.l[i][k] = power[ZX_LANES - 1].l[i];
            last.l[i][k] = power[ZX_LANES - 1 - block_of(k)].l[i];
        }
    }
    factor_of(&f, &all);
    lanes top = (lanes){0} + (UINT64_C(1) << 24), low, high;
    for (; blocks > ZX_LANES; blocks -= ZX_LANES, data += ZX_LANES * BLOCK) {
        halves(data, &low, &high);
        add(&h, low, high, top);
        multiply(&h, &f);
    }
    halves(data, &low, &high);
    add(&h, low, high, top);
    factor_of(&f, &last);
    multiply(&h, &f);
    uint64_t d = 0;
    for (int i = 0; i < LIMBS; i++) {
        for (unsigned k = 0; k < ZX_LANES; k++)
            d += h.l[i][k];
        sum->l[i] = (uint32_t)(d & MASK);
        d >>= LIMB;
    }
    d = sum->l[0] + d * 5;
    sum->l[0] = (uint32_t)(d & MASK);
    sum->l[1] += (uint32_t)(d >> LIMB);
}

/* ---- a text for each lane ------------------------------------------------------------- */

ALWAYS void load(const uint8_t *const *at, lanes *low, lanes *high) {
    lanes even = ZX_LANES_PICK(at), odd = ZX_LANES_PICK(at + 1);
    *low = ZX_LANES_LOW(even, odd);
    *high = ZX_LANES_HIGH(even, odd);
}

ALWAYS void clamp(struct number *r, lanes low, lanes high) {
    r->l[0] = low & 0x3ffffff;
    r->l[1] = low >> 26 & 0x3ffff03;
    r->l[2] = (low >> 52 | high << 12) & 0x3ffc0ff;
    r->l[3] = high >> 14 & 0x3f03fff;
    r->l[4] = high >> 40 & 0x00fffff;
}

/* The unfinished block of a text: its bytes, a 1, zeros. */
ALWAYS void pad(uint8_t block[BLOCK], const uint8_t *data, size_t size) {
    memset(block, 0, BLOCK);
    memcpy(block, data, size);
    block[size] = 1;
}

/* Where each lane's text stands. */
struct row {
    const uint8_t *at[ZX_LANES];
    lanes blocks, top;
    uint64_t least, most; /* blocks that all have; that some have */
    uint8_t padded[ZX_LANES][BLOCK];
};

ALWAYS void row_init(struct row *row, const struct zx_poly_text *text) {
    row->least = UINT64_MAX;
    row->most = 0;
    for (unsigned k = 0; k < ZX_LANES; k++) {
        uint64_t whole = text[k].size / BLOCK, all = (text[k].size + BLOCK - 1) / BLOCK;
        row->at[k] = text[k].data;
        row->blocks[k] = all;
        row->least = whole < row->least ? whole : row->least;
        row->most = all > row->most ? all : row->most;
    }
}

/* Block `step`, where not every lane has a whole one; lanes that are through stay as they are. */
ALWAYS void ragged(struct row *row, const struct zx_poly_text *text, uint64_t step,
                   const struct factor *f, struct number *h) {
    static const uint8_t nothing[BLOCK];
    const uint8_t *at[ZX_LANES];
    for (unsigned k = 0; k < ZX_LANES; k++) {
        uint64_t whole = text[k].size / BLOCK;
        row->top[k] = step < whole ? UINT64_C(1) << 24 : 0;
        at[k] = step < whole ? text[k].data + step * BLOCK : nothing;
        if (step == whole && text[k].size % BLOCK) {
            pad(row->padded[k], text[k].data + step * BLOCK, text[k].size % BLOCK);
            at[k] = row->padded[k];
        }
    }
    lanes low, high, going = (lanes)(row->blocks > step);
    struct number before = *h;
    load(at, &low, &high);
    add(h, low, high, row->top);
    multiply(h, f);
    for (int i = 0; i < LIMBS; i++)
        h->l[i] = (h->l[i] & going) | (before.l[i] & ~going);
}

/* h modulo 2^130 - 5, below it, as two words. */
ALWAYS void reduce(struct number *h, lanes *low, lanes *high) {
    struct number g;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < LIMBS - 1; i++) {
            h->l[i + 1] += h->l[i] >> LIMB;
            h->l[i] &= MASK;
        }
        h->l[0] += (h->l[4] >> LIMB) * 5;
        h->l[4] &= MASK;
    }
    h->l[1] += h->l[0] >> LIMB;
    h->l[0] &= MASK;
    lanes over = (lanes){0} + 5;
    for (int i = 0; i < LIMBS; i++) {
        over += h->l[i];
        g.l[i] = over & MASK;
        over >>= LIMB;
    }
    lanes take = (lanes){0} - over; /* h + 5 reached 2^130: it is h - p */
    for (int i = 0; i < LIMBS; i++)
        h->l[i] = (g.l[i] & take) | (h->l[i] & ~take);
    *low = h->l[0] | h->l[1] << 26 | h->l[2] << 52;
    *high = h->l[2] >> 12 | h->l[3] << 14 | h->l[4] << 40;
}

void ZX_LANES_ROW(const struct zx_poly_text *text) {
    const uint8_t *keys[ZX_LANES];
    struct row row;
    struct number r, h = {0};
    struct factor f;
    lanes low, high, top = (lanes){0} + (UINT64_C(1) << 24);
    for (unsigned k = 0; k < ZX_LANES; k++)
        keys[k] = text[k].key;
    row_init(&row, text);
    load(keys, &low, &high);
    clamp(&r, low, high);
    factor_of(&f, &r);
    uint64_t step = 0;
    for (; step < row.least; step++) {
        load(row.at, &low, &high);
        add(&h, low, high, top);
        multiply(&h, &f);
        for (unsigned k = 0; k < ZX_LANES; k++)
            row.at[k] += BLOCK;
    }
    for (; step < row.most; step++)
        ragged(&row, text, step, &f, &h);
    reduce(&h, &low, &high);
    uint64_t sum[2][ZX_LANES];
    memcpy(sum[0], &low, sizeof low);
    memcpy(sum[1], &high, sizeof high);
    for (unsigned k = 0; k < ZX_LANES; k++) {
        uint64_t end[2], tag[2];
        memcpy(end, keys[k] + BLOCK, sizeof end);
        tag[0] = sum[0][k] + end[0];
        tag[1] = sum[1][k] + end[1] + (tag[0] < end[0]);
        memcpy(text[k].tag, tag, sizeof tag);
    }
}

#endif
