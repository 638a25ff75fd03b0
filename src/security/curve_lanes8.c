/* SPDX-License-Identifier: MIT */
/* For AVX2, compiled with -mavx2: run only where the processor has it. */
#define ZX_LANES 8
#define ZX_LANES_NAME zx_salsa_lanes8
#include "security/curve_lanes.h"
