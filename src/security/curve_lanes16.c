/* SPDX-License-Identifier: MIT */
/* For AVX-512F, compiled with -mavx512f: run only where the processor has it. */
#define ZX_LANES 16
#define ZX_LANES_NAME zx_salsa_lanes16
#include "security/curve_lanes.h"
