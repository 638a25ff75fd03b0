/* SPDX-License-Identifier: MIT */
/* For AVX2, compiled with -mavx2: run only where the processor has it. */
#include <immintrin.h>

#define ZX_LANES 4
#define ZX_LANES_MUL(a, b) ((lanes)_mm256_mul_epu32((__m256i)(a), (__m256i)(b)))
#define ZX_LANES_LOW(a, b) ((lanes)_mm256_unpacklo_epi64((__m256i)(a), (__m256i)(b)))
#define ZX_LANES_HIGH(a, b) ((lanes)_mm256_unpackhi_epi64((__m256i)(a), (__m256i)(b)))
#define ZX_LANES_LONG zx_poly_long4
#define ZX_LANES_ROW zx_poly_row4
#include "security/curve_poly_lanes.h"
