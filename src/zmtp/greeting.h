/* SPDX-License-Identifier: MIT */
/*
 * The greeting: which protocol version the two sides speak.
 *
 * What: an incremental reader that says after which byte which part of our own
 *   greeting is due, and the writers of those parts.
 * Owner: embedded in a handshake.
 * Life: zeroed by init; finished when feed returns ZX_GREETING_DONE.
 * Never: consumes a byte beyond the greeting, nor one that an unversioned peer
 *   sent as part of its first frame's body.
 *
 *   part | bytes                                    | sent
 *   -----+------------------------------------------+-------------------------------
 *   A    | FF, routing id size + 1 (8 bytes), 7F    | at once
 *   B    | 03                                       | when the reader says SEND_MAJOR
 *   C    | 1 type byte, or 01, mechanism, 32 zeros  | when it says SEND_TYPE, SEND_REST
 */
#ifndef ZX_ZMTP_GREETING_H
#define ZX_ZMTP_GREETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZX_GREETING_SIZE 64u
#define ZX_SIGNATURE_SIZE 10u
#define ZX_GREETING_MECHANISM_SIZE 20u
#define ZX_GREETING_REST_SIZE 53u

enum zx_greeting_event {
    ZX_GREETING_MORE,       /* all input consumed */
    ZX_GREETING_SEND_MAJOR, /* send part B, then feed again */
    ZX_GREETING_SEND_TYPE,  /* send part C for an old peer, then feed again */
    ZX_GREETING_SEND_REST,  /* send part C, then feed again */
    ZX_GREETING_DONE,       /* the version is known */
};

struct zx_greeting {
    uint8_t bytes[ZX_GREETING_SIZE];
    size_t have;
    size_t stop; /* the next event comes at this many bytes */
    int version; /* ZX_ZMTP_*, handshake.h */
};

void zx_greeting_init(struct zx_greeting *g);
enum zx_greeting_event zx_greeting_feed(struct zx_greeting *g, const uint8_t *data, size_t size,
                                        size_t *consumed);
/* After DONE with version ZX_ZMTP_UNVERSIONED the bytes taken so far (1, or the
 * 10 of a long header) belong to the peer's first frame: feed them to its reader. */
const uint8_t *zx_greeting_refeed(const struct zx_greeting *g, size_t *size);
/* After DONE of a 3.x greeting: true if the peer's mechanism is `name`, its
 * padding included. */
bool zx_greeting_has_mechanism(const struct zx_greeting *g, const char *name);

/* Part A. */
void zx_greeting_write_signature(uint8_t buf[ZX_SIGNATURE_SIZE], size_t routing_id_size);
/* Part C for 3.x: minor, mechanism, as-server byte (always 0) and filler. */
void zx_greeting_write_rest(uint8_t buf[ZX_GREETING_REST_SIZE], const char *mechanism);

#endif
