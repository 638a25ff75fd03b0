/* SPDX-License-Identifier: MIT */
/*
 * PING: 04 "PING" [ttl:2, tenths of a second] [context 0..16], and its answer
 * PONG: 04 "PONG" [the PING's context].
 *
 * What: writers and readers of both bodies. Owner: none; pure functions.
 * Life: none. Never: measures time.
 */
#ifndef ZX_ZMTP_CMD_PING_H
#define ZX_ZMTP_CMD_PING_H

#include <stddef.h>
#include <stdint.h>

#define ZX_PING_CONTEXT_MAX 16u
#define ZX_PING_SIZE_MAX (5u + 2u + ZX_PING_CONTEXT_MAX)

struct zx_ping {
    uint16_t ttl_ds; /* tenths of a second, 0: none */
    const uint8_t *context;
    size_t context_size; /* at most ZX_PING_CONTEXT_MAX: a longer one is cut */
};

/* A body too short for the ttl is -EPROTO: its peer loses the connection. */
int zx_ping_parse(const uint8_t *body, size_t size, struct zx_ping *ping);
size_t zx_ping_write(uint8_t *buf, size_t cap, const struct zx_ping *ping);

int zx_pong_parse(const uint8_t *body, size_t size, const uint8_t **context, size_t *context_size);
/* A context above ZX_PING_CONTEXT_MAX is cut to it. */
size_t zx_pong_write(uint8_t *buf, size_t cap, const uint8_t *context, size_t context_size);

#endif
