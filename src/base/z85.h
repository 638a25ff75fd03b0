/* SPDX-License-Identifier: MIT */
/*
 * Z85, the text form of keys (ZeroMQ RFC 32).
 *
 * What: 4 bytes as 5 printable characters, big-endian in base 85.
 * Owner: touches only its arguments; any thread.
 * Life: none.
 * Never: writes more than the size it was given calls for; reads past a text's NUL.
 */
#ifndef ZX_BASE_Z85_H
#define ZX_BASE_Z85_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* size / 4 * 5 characters and a NUL. False if size is no multiple of 4. */
bool zx_z85_encode(char *text, const uint8_t *data, size_t size);
/* strlen(text) / 5 * 4 bytes. False, with part of data perhaps written, if the length is no
 * multiple of 5, a character is foreign or a group exceeds 32 bits. */
bool zx_z85_decode(uint8_t *data, const char *text);

#endif
