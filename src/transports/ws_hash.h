/* SPDX-License-Identifier: MIT */
/*
 * The two encodings of a WebSocket's opening: base64 and SHA-1.
 *
 * What: what RFC 6455 section 4 asks for: a nonce as text, and the text that proves it was read.
 *   SHA-1 is no security here, only a check that the other side speaks WebSocket, and ws has to
 *   be there without any library of cryptography.
 * Owner: none; pure functions. Life: none.
 * Never: is used for anything that has to stay secret.
 */
#ifndef ZX_TRANSPORTS_WS_HASH_H
#define ZX_TRANSPORTS_WS_HASH_H

#include <stddef.h>
#include <stdint.h>

#define ZX_SHA1_SIZE 20u
#define ZX_WS_KEY_SIZE 16u  /* of the nonce */
#define ZX_WS_KEY_TEXT 25u  /* its base64 and the terminator */
#define ZX_WS_ACCEPT_TEXT 29u

void zx_ws_sha1(uint8_t out[ZX_SHA1_SIZE], const void *data, size_t size);
/* Text of 4 * ceil(size / 3) characters and a terminator. */
void zx_ws_base64(char *out, const uint8_t *data, size_t size);
/* Sec-WebSocket-Accept of a key's text (24 characters). */
void zx_ws_accept(char out[ZX_WS_ACCEPT_TEXT], const char *key);

#endif
