/* SPDX-License-Identifier: MIT */
/*
 * Salsa20 blocks of many nonces at once: one lane of a vector for each block.
 *
 * What: the kernel behind CURVE's keystreams as a function of ZX_LANES lanes. A file defines
 *   ZX_LANES and ZX_LANES_NAME, includes this once and is compiled for the instructions it
 *   is meant for; the table in curve_stream.c knows which may run.
 * Owner: nobody's: no state. Life: none.
 * Never: branches or indexes by a secret; assumes the machine's byte order; is included
 *   twice by one file.
 */
#ifndef ZX_SECURITY_CURVE_LANES_H
#define ZX_SECURITY_CURVE_LANES_H

#include <stdint.h>
#include <string.h>

#include "security/curve_stream.h"

typedef uint32_t lanes __attribute__((vector_size(4 * ZX_LANES)));

static inline __attribute__((always_inline)) lanes rotated(lanes v, int by) {
    return v << by | v >> (32 - by);
}

static inline __attribute__((always_inline)) void quarter(lanes *x, const uint8_t at[4]) {
    x[at[1]] ^= rotated(x[at[0]] + x[at[3]], 7);
    x[at[2]] ^= rotated(x[at[1]] + x[at[0]], 9);
    x[at[3]] ^= rotated(x[at[2]] + x[at[1]], 13);
    x[at[0]] ^= rotated(x[at[3]] + x[at[2]], 18);
}

static inline __attribute__((always_inline)) void rounds(lanes *x) {
    static const uint8_t at[8][4] = {{0, 4, 8, 12}, {5, 9, 13, 1}, {10, 14, 2, 6}, {15, 3, 7, 11},
                                     {0, 1, 2, 3},  {5, 6, 7, 4},  {10, 11, 8, 9},
                                     {15, 12, 13, 14}};
    for (int i = 0; i < 10; i++) {
#pragma GCC unroll 8
        for (int k = 0; k < 8; k++)
            quarter(x, at[k]);
    }
}

static inline lanes little_endian(lanes v) {
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        v = v >> 24 | (v >> 8 & 0xff00) | (v & 0xff00) << 8 | v << 24;
    return v;
}

/* A shuffle of two vectors, the same in each 128 bits: 0 to 3 are a's words, 4 to 7 b's. */
#define NUMBER(i, p) ((i) / 4 * 4 + ((p) < 4 ? (p) : (p) - 4 + ZX_LANES))
#define QUAD(q, p0, p1, p2, p3)                                                                    \
    NUMBER(4 * (q), p0), NUMBER(4 * (q), p1), NUMBER(4 * (q), p2), NUMBER(4 * (q), p3)

#if ZX_LANES == 4
#define ORDER(p0, p1, p2, p3) QUAD(0, p0, p1, p2, p3)
#elif ZX_LANES == 8
#define ORDER(p0, p1, p2, p3) QUAD(0, p0, p1, p2, p3), QUAD(1, p0, p1, p2, p3)
#else
#define ORDER(p0, p1, p2, p3)                                                                      \
    QUAD(0, p0, p1, p2, p3), QUAD(1, p0, p1, p2, p3), QUAD(2, p0, p1, p2, p3),                     \
        QUAD(3, p0, p1, p2, p3)
#endif

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, ORDER(__VA_ARGS__))
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (lanes){ORDER(__VA_ARGS__)})
#endif

/* Four vectors of one word each become, lane by lane, 16 bytes of its block. */
static inline __attribute__((always_inline)) void put(const lanes *x, uint8_t *out) {
    lanes ab = SHUFFLE(x[0], x[1], 0, 4, 1, 5), cd = SHUFFLE(x[2], x[3], 0, 4, 1, 5);
    lanes AB = SHUFFLE(x[0], x[1], 2, 6, 3, 7), CD = SHUFFLE(x[2], x[3], 2, 6, 3, 7);
    lanes rows[4] = {SHUFFLE(ab, cd, 0, 1, 4, 5), SHUFFLE(ab, cd, 2, 3, 6, 7),
                     SHUFFLE(AB, CD, 0, 1, 4, 5), SHUFFLE(AB, CD, 2, 3, 6, 7)};
    for (int k = 0; k < 4; k++)
        for (int j = 0; j < ZX_LANES / 4; j++)
            memcpy(out + (4 * j + k) * ZX_SALSA_BLOCK, (const uint8_t *)&rows[k] + 16 * j, 16);
}

void ZX_LANES_NAME(const uint32_t key[8], const struct zx_salsa_at *at, unsigned first,
                   uint8_t *out) {
    lanes in[16], x[16];
    static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (int i = 0; i < 4; i++) {
        in[5 * i] = sigma[i] - (lanes){0};
        in[1 + i] = key[i] - (lanes){0};
        in[11 + i] = key[4 + i] - (lanes){0};
    }
    memcpy(&in[6], at->nonce_high + first, sizeof(lanes));
    memcpy(&in[7], at->nonce_low + first, sizeof(lanes));
    memcpy(&in[8], at->block + first, sizeof(lanes));
    in[9] = (lanes){0};
    memcpy(x, in, sizeof x);
    rounds(x);
    for (int i = 0; i < 16; i++)
        x[i] = little_endian(x[i] + in[i]);
    for (int i = 0; i < 4; i++)
        put(x + 4 * i, out + 16 * i);
}

#endif
