/* SPDX-License-Identifier: MIT */
/* A CURVE server, attacked by what its peer says: see curve_play.h. */
#include "curve_play.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_curve_play(data, size, true);
    return 0;
}
