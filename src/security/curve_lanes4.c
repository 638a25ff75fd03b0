/* SPDX-License-Identifier: MIT */
/* For every processor: the compiler makes of the vectors what there is. */
#define ZX_LANES 4
#define ZX_LANES_NAME zx_salsa_lanes4
#include "security/curve_lanes.h"
