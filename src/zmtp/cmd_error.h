/* SPDX-License-Identifier: MIT */
/*
 * ERROR: 05 "ERROR" [n:1] [n bytes of reason].
 *
 * What: writer and reader of the body. Owner: none; pure functions. Life: none.
 * Never: decides what a reason means for the connection.
 *
 * Bytes behind the reason are ignored. Inside PLAIN libzmq puts "^RROR" in the
 * place of 05 "ERROR"; a PLAIN client asks for that form as well.
 */
#ifndef ZX_ZMTP_CMD_ERROR_H
#define ZX_ZMTP_CMD_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if the body starts as an ERROR command. */
bool zx_error_is(const uint8_t *body, size_t size);
/* True if it starts in PLAIN's odd form. */
bool zx_error_is_plain(const uint8_t *body, size_t size);
/* Reads either form. */
int zx_error_parse(const uint8_t *body, size_t size, const uint8_t **reason, size_t *reason_size);
/* 300, 400 or 500 if the reason is exactly one of these texts, else 0. */
unsigned zx_error_status(const uint8_t *reason, size_t reason_size);
/* A reason above 255 bytes does not fit: 0. */
size_t zx_error_write(uint8_t *buf, size_t cap, const uint8_t *reason, size_t reason_size);

#endif
