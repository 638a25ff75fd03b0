/* SPDX-License-Identifier: MIT */
/*
 * Poly1305 of small texts.
 *
 * What: the one-time authenticator, as fast for 17 bytes as for a thousand: libsodium's spends more
 *   on preparing for long texts than a small message is worth. Long ones are left to libsodium.
 * Owner: no state, any thread. Life: none.
 * Never: branches on the key or the text; yields anything but crypto_onetimeauth_poly1305's bytes.
 */
#ifndef ZX_SECURITY_CURVE_POLY_H
#define ZX_SECURITY_CURVE_POLY_H

#include <stddef.h>
#include <stdint.h>

enum { ZX_POLY_KEY = 32, ZX_POLY_TAG = 16 };

void zx_poly_tag(uint8_t tag[ZX_POLY_TAG], const uint8_t *text, size_t size,
                 const uint8_t key[ZX_POLY_KEY]);

#endif
