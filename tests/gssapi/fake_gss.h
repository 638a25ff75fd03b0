/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_FAKE_GSS_H
#define ZX_TEST_FAKE_GSS_H

/*
 * A GSS-API whose every byte is known, in the place of Kerberos.
 *
 * What it is: the gss_* functions that the library calls. Credentials of "nobody" are not there;
 *   the client is alice@FAKE. The first token is "one"; what an answer does is said by its first
 *   byte: 'F' fails, 'M' wants another ("more"), 'L' completes with a token ("last"), 'W'
 *   completes without having proved who the server is, others complete; a server answers "two",
 *   or nothing to 'N'. Wrapped: "WRAP", the text with all bits of 0x55 turned, its sum in 16 bits.
 * Owner: none; no state but in contexts, names and credentials, which are malloc's.
 * Life: linked into a test, it stands before the real functions, also for a shared library.
 * Never: it is no protection of anything.
 */

#include <stddef.h>
#include <stdint.h>

enum { FAKE_HEAD = 4, FAKE_TAIL = 2 };

/* Wraps size bytes to `to` (size + FAKE_HEAD + FAKE_TAIL). */
void fake_gss_wrap(uint8_t *to, const uint8_t *text, size_t size);

#endif
