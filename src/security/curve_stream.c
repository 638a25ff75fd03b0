/* SPDX-License-Identifier: MIT */
#include "security/curve_stream.h"

#include <sodium.h>

/* Which kernels were compiled is the build's matter, which may run the processor's. */
unsigned zx_salsa_widest(void) {
#if ZX_HAVE_CURVE_AVX
    if (sodium_runtime_has_avx512f())
        return 16;
    if (sodium_runtime_has_avx2())
        return 8;
#endif
    return 4;
}

void zx_salsa_blocks(const uint32_t key[8], const struct zx_salsa_at *at, unsigned n,
                     uint8_t *out) {
    unsigned first = 0;
#if ZX_HAVE_CURVE_AVX
    unsigned widest = zx_salsa_widest();
    if (widest == 16 && n > 8) {
        zx_salsa_lanes16(key, at, 0, out);
        return;
    }
    for (; widest > 4 && first < n; first += 8)
        zx_salsa_lanes8(key, at, first, out + first * ZX_SALSA_BLOCK);
#endif
    for (; first < n; first += 4)
        zx_salsa_lanes4(key, at, first, out + first * ZX_SALSA_BLOCK);
}
