/* SPDX-License-Identifier: MIT */
/* For AVX-512F, compiled with -mavx512f: run only where the processor has it. */
#include <immintrin.h>

#define ZX_LANES 8
#define ZX_LANES_MUL(a, b) ((lanes)_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))
#define ZX_LANES_LOW(a, b) ((lanes)_mm512_unpacklo_epi64((__m512i)(a), (__m512i)(b)))
#define ZX_LANES_HIGH(a, b) ((lanes)_mm512_unpackhi_epi64((__m512i)(a), (__m512i)(b)))
#define LOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define INSERT(v, p, slot) _mm512_inserti32x4(v, LOAD(p), slot)
#define ZX_LANES_PICK(at)                                                                          \
    ((lanes)INSERT(INSERT(INSERT(_mm512_castsi128_si512(LOAD((at)[0])), (at)[2], 1), (at)[4], 2), \
                   (at)[6], 3))
#define ZX_LANES_LONG zx_poly_long8
#define ZX_LANES_ROW zx_poly_row8
#include "security/curve_poly_lanes.h"
