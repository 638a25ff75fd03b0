/* SPDX-License-Identifier: MIT */
/*
 * Poly1305 of a row of texts.
 *
 * What: the one-time authenticators of several texts at once, a lane of a vector for each, or of a
 *   long text by as many lanes; without such vectors one after the other. libsodium's is made for
 *   long texts and takes half as long again for all that we have.
 * Owner: no state, any thread. Life: none.
 * Never: branches on a key or a text; yields anything but crypto_onetimeauth_poly1305's bytes.
 */
#ifndef ZX_SECURITY_CURVE_POLY_H
#define ZX_SECURITY_CURVE_POLY_H

#include <stddef.h>
#include <stdint.h>

enum { ZX_POLY_KEY = 32, ZX_POLY_TAG = 16 };

struct zx_poly_text {
    const uint8_t *data;
    size_t size;
    const uint8_t *key; /* 32 bytes */
    uint8_t *tag;       /* 16 bytes, written */
};

void zx_poly_tags(const struct zx_poly_text *text, unsigned n);
/* The same, never by vectors. */
void zx_poly_tag(const struct zx_poly_text *text);

/* ---- the kernels; which may run, zx_salsa_widest says (curve_stream.h) ---- */

/* 2^130 - 5 in limbs of 26 bits. */
struct zx_poly_limbs {
    uint32_t l[5];
};

/* Whole 16-byte blocks of a long text, a multiple of the lanes; power: r to r^lanes; the sum so far
 * comes out reduced to limbs of 26 bits and a little. */
typedef void zx_poly_long(struct zx_poly_limbs *sum, const struct zx_poly_limbs *power,
                          const uint8_t *data, size_t blocks);
/* As many texts as lanes. */
typedef void zx_poly_row(const struct zx_poly_text *text);
zx_poly_long zx_poly_long4, zx_poly_long8;
zx_poly_row zx_poly_row4, zx_poly_row8;

#endif
