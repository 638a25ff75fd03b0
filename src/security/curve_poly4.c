/* SPDX-License-Identifier: MIT */
/* For AVX2, compiled with -mavx2: run only where the processor has it. */
#include <immintrin.h>

#define ZX_LANES 4
#define ZX_LANES_MUL(a, b) ((lanes)_mm256_mul_epu32((__m256i)(a), (__m256i)(b)))
#define ZX_LANES_LOW(a, b) ((lanes)_mm256_unpacklo_epi64((__m256i)(a), (__m256i)(b)))
#define ZX_LANES_HIGH(a, b) ((lanes)_mm256_unpackhi_epi64((__m256i)(a), (__m256i)(b)))
#define LOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define ZX_LANES_PICK(at)                                                                          \
    ((lanes)_mm256_inserti128_si256(_mm256_castsi128_si256(LOAD((at)[0])), LOAD((at)[2]), 1))
#define ZX_LANES_LONG zx_poly_long4
#define ZX_LANES_ROW zx_poly_row4
#include "security/curve_poly_lanes.h"
