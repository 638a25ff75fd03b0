/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_SCRIPT_H
#define ZX_TEST_SCRIPT_H

/*
 * The notation in which the wire tests write bytes.
 *
 * What it is: a parser from a line of text to bytes, with a mask for "any byte".
 *   ff 7f        bytes in hexadecimal
 *   'READY'      the characters between the quotes
 *   ??           any byte (only where bytes are expected)
 *   u16:600 u32:5 u64:18446744073709551615     big-endian numbers
 *   (Name=text)  a metadata property: name length, name, 32-bit value length, value
 *   <F ...>      a ZMTP 2.0/3.x frame: flags F, the length as a sender must write it, the body
 *   {F ...}      a ZMTP 1.0 frame: length, flags F, body
 *   x*12         twelve times x, where x is one of the first three
 *   |            end of this part (script_next goes on behind it)
 * Owner: the calling test; nothing is shared.
 * Life: script_parse fills a struct bytes, bytes_free empties it.
 * Never: it never checks protocol rules, so that tests can write nonsense.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    uint8_t *fixed; /* 1: this byte must match, 0: any byte */
    size_t len;
    size_t room;
};

/* Parses up to '|' or the end; moves *text behind it; false: there was nothing left. A syntax
 * error is a defect of the test and ends it. */
bool script_next(const char **text, struct bytes *out);

/* Formats, then parses the whole as one part. */
void script_vparse(struct bytes *out, const char *format, va_list args);
void script_parse(struct bytes *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

void bytes_put(struct bytes *out, const void *data, size_t len);
bool bytes_match(const struct bytes *want, const uint8_t *got, size_t len);
void bytes_print(const char *title, const uint8_t *data, size_t len);
void bytes_free(struct bytes *out);

#endif
