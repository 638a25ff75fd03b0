/* SPDX-License-Identifier: MIT */
/*
 * The few frames of a handshake (2.0 and 3.x framing, bounded).
 *
 * What: an incremental reader of one frame at a time, and a writer of headers.
 *   Traffic has a faster reader of its own (v3.h); this one is for frames that
 *   are small, rare and from strangers.
 * Owner: embedded in a handshake.
 * Life: zeroed is ready; zx_hs_frame_end after each frame frees and readies it.
 * Never: allocates what a peer announces: the body grows as it arrives.
 */
#ifndef ZX_ZMTP_HS_FRAME_H
#define ZX_ZMTP_HS_FRAME_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ZX_HS_FRAME_LONG = 2,
    ZX_HS_FRAME_COMMAND = 4,
    ZX_HS_FRAME_HEADER_MAX = 9,
};

/* Input not consumed yet; data is never NULL. */
struct zx_hs_bytes {
    const uint8_t *data;
    size_t left;
};

/* Consumes n bytes (n <= left) and returns them. */
static inline const uint8_t *zx_hs_bytes_take(struct zx_hs_bytes *in, size_t n) {
    const uint8_t *at = in->data;
    in->data += n;
    in->left -= n;
    return at;
}

struct zx_hs_frame {
    uint8_t header[ZX_HS_FRAME_HEADER_MAX];
    uint8_t have;
    bool has_header;
    uint64_t size; /* of the body, once has_header */
    struct zx_buf body;
};

/* 1: *body is complete, valid until the frame is ended or the input is gone;
 * 0: more bytes wanted; -EMSGSIZE: larger than max (max < SIZE_MAX); -ENOMEM. */
int zx_hs_frame_read(struct zx_hs_frame *f, struct zx_hs_bytes *in, uint64_t max,
                     const uint8_t **body);
void zx_hs_frame_end(struct zx_hs_frame *f);

/* Puts a header in front of the last `size` bytes of out. -ENOMEM. */
int zx_hs_frame_wrap(struct zx_buf *out, uint8_t flags, size_t size);

#endif
