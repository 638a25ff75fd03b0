/* SPDX-License-Identifier: MIT */
/*
 * The name in front of every command.
 *
 * What: [name length:1][name][data]: which command a body is, and where its
 *   data begins. Each command's data has a file of its own, cmd_*.h.
 * Owner: none; pure functions.
 * Life: none.
 * Never: sees the frame around the body; reads past size.
 *
 * In cmd_*.h: a parser returns 0 or -EPROTO and gives pointers into the body;
 * a writer returns the bytes written, or 0 if they do not fit into cap.
 */
#ifndef ZX_ZMTP_COMMAND_H
#define ZX_ZMTP_COMMAND_H

#include <stddef.h>
#include <stdint.h>

enum zx_command {
    ZX_COMMAND_MALFORMED = -1, /* empty body, or name not inside the body */
    ZX_COMMAND_UNKNOWN = 0,    /* to be ignored once the handshake is over */
    ZX_COMMAND_READY,
    ZX_COMMAND_ERROR,
    ZX_COMMAND_PING,
    ZX_COMMAND_PONG,
    ZX_COMMAND_SUBSCRIBE,
    ZX_COMMAND_CANCEL,
    ZX_COMMAND_JOIN,
    ZX_COMMAND_LEAVE,
};

/* Names are compared exactly (RFC 37: case-sensitive). *data_at, unless NULL,
 * is the offset of the data if the body is not malformed. */
enum zx_command zx_command_of(const uint8_t *body, size_t size, size_t *data_at);

/* Bytes that the name of a known command takes, its length byte included. */
size_t zx_command_name_size(enum zx_command command);
/* Writes length byte and name. */
size_t zx_command_write(uint8_t *buf, size_t cap, enum zx_command command);
/* Writes name and data. */
size_t zx_command_write_data(uint8_t *buf, size_t cap, enum zx_command command, const uint8_t *data,
                             size_t size);

/* 0 and the data if the body is the wanted command, else -EPROTO. */
int zx_command_expect(const uint8_t *body, size_t size, enum zx_command wanted, size_t *data_at);

#endif
