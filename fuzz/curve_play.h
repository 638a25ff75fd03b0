/* SPDX-License-Identifier: MIT */
/*
 * One side of CURVE's handshake and traffic under attack.
 *
 * What: plays an input to a client or a server. [switches][operations]; an operation says what the
 *   other side's next words become: as they are, patched, cut, doubled, or bytes of the input.
 *   Random bytes come from a fixed generator, so that a finding can be repeated.
 * Owner: the one thread of a fuzz target. Life: nothing is kept between inputs.
 * Never: lets pass that a side accepts what was changed on its way.
 */
#ifndef ZX_FUZZ_CURVE_PLAY_H
#define ZX_FUZZ_CURVE_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void fuzz_curve_play(const uint8_t *data, size_t size, bool server_is_attacked);

#endif
