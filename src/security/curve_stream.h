/* SPDX-License-Identifier: MIT */
/*
 * Keystreams: Salsa20 blocks for a list of (nonce, block) places under one key.
 *
 * What: gives up to ZX_SALSA_LANES blocks at once, each of its own nonce or not, so that a
 *   row of small messages costs little more than a vector's worth of one.
 * Owner: no state, any thread. Life: none.
 * Never: allocates; keeps a key; yields bytes different from crypto_core_salsa20.
 */
#ifndef ZX_SECURITY_CURVE_STREAM_H
#define ZX_SECURITY_CURVE_STREAM_H

#include <stdint.h>

enum { ZX_SALSA_LANES = 16, ZX_SALSA_BLOCK = 64 };

/* Where blocks stand; the halves of the nonce are its bytes read as little-endian words. */
struct zx_salsa_at {
    uint32_t nonce_high[ZX_SALSA_LANES];
    uint32_t nonce_low[ZX_SALSA_LANES];
    uint32_t block[ZX_SALSA_LANES];
};

/* Writes n <= ZX_SALSA_LANES blocks one behind the other, and maybe garbage behind them: out
 * has room for all lanes, at all is initialised. */
void zx_salsa_blocks(const uint32_t key[8], const struct zx_salsa_at *at, unsigned n,
                     uint8_t *out);

/* The kernels: lanes first to first + N - 1 of at. */
typedef void zx_salsa_kernel(const uint32_t key[8], const struct zx_salsa_at *at, unsigned first,
                             uint8_t *out);
zx_salsa_kernel zx_salsa_lanes4, zx_salsa_lanes8, zx_salsa_lanes16;
/* Those that this processor has: the widest, and the one to use for up to 8 blocks. */
unsigned zx_salsa_widest(void);

#endif
