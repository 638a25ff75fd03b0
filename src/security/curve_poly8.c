/* SPDX-License-Identifier: MIT */
/* For AVX-512F, compiled with -mavx512f: run only where the processor has it. */
#include <immintrin.h>

#define ZX_LANES 8
#define ZX_LANES_MUL(a, b) ((lanes)_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))
#define ZX_LANES_LOW(a, b) ((lanes)_mm512_unpacklo_epi64((__m512i)(a), (__m512i)(b)))
#define ZX_LANES_HIGH(a, b) ((lanes)_mm512_unpackhi_epi64((__m512i)(a), (__m512i)(b)))
#define ZX_LANES_LONG zx_poly_long8
#define ZX_LANES_ROW zx_poly_row8
#include "security/curve_poly_lanes.h"
