/* SPDX-License-Identifier: MIT */
/*
 * ZMTP 2.0 and 3.x frames, parsed where they were received: in the in-queue's chunk.
 *
 * What: turns raw bytes behind the queue's written records into records: checks headers,
 *   clears the bits that are ours (3 to 7), counts and marks messages, takes commands out,
 *   gives large frames a body of their own. RFC 23 and RFC 37, framing.
 * Owner: the link (its word); the queue's producing end goes with it.
 * Life: zx_v3_init per connection, zx_v3_fini; reading room before each read, parse after.
 * Never: allocates what a peer merely announces (a body grows as data comes in);
 *   publishes part of a message.
 */
#ifndef ZX_ZMTP_V3_H
#define ZX_ZMTP_V3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/queue.h"

/* A multipart message may not grow beyond this before its last frame (a peer could send
 * MORE for ever); frames themselves are bounded by MAXMSGSIZE. */
#define ZX_V3_MESSAGE_FRAMES_MAX 1000000u

struct zx_mechanism;

struct zx_v3_hooks {
    /* A command frame: 0 drop it, 1 keep it as a record, negative: close. */
    int (*command)(void *ctx, const uint8_t *body, size_t size);
    /* Form of a message frame (see zx_pattern_ops.link_frame); NULL: any. */
    bool (*frame)(unsigned *state, uint8_t flags, const uint8_t *body, size_t size);
    void *ctx;
};

struct zx_v3 {
    struct zx_v3_hooks hooks;
    struct zx_mechanism *seal; /* borrowed: opens what comes; NULL: nothing is sealed */
    int64_t max_frame;  /* bytes, < 0: none */
    size_t fill;        /* received bytes behind the written records, not yet parsed */
    size_t want;        /* room wished for the next read */
    struct zx_body *body; /* large frame being filled */
    size_t body_size, body_got, body_cap;
    uint8_t body_flags;
    bool plain;         /* a short frame needs no look at its body nor its length */
    bool commands;      /* 3.x: bit 2 means command; 2.0: reserved */
    bool in_message;
    uint32_t frames;    /* of the message in progress */
    unsigned frame_state;
    const uint8_t *command_end; /* NULL unless the last whole frame parsed was a command */
};

void zx_v3_init(struct zx_v3 *d, const struct zx_v3_hooks *hooks, int64_t max_frame, bool commands);
void zx_v3_fini(struct zx_v3 *d);

/* Where to read to: at most 3 pieces. Number of pieces, or -ENOMEM. limit bounds the
 * bytes that go into the chunk. */
struct zx_v3_piece {
    void *base;
    size_t len;
};
enum { ZX_V3_PIECES = 3 };
int zx_v3_room(struct zx_v3 *d, struct zx_queue *q, size_t limit, struct zx_v3_piece *out);
/* got bytes were read into that room. Messages now complete are marked, not committed.
 * 0, -EPROTO, -EMSGSIZE, -ENOMEM. */
int zx_v3_parse(struct zx_v3 *d, struct zx_queue *q, size_t got);
/* Bytes left over from a handshake: as if read. */
int zx_v3_feed(struct zx_v3 *d, struct zx_queue *q, const uint8_t *data, size_t size);

#endif
