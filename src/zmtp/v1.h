/* SPDX-License-Identifier: MIT */
/*
 * ZMTP 1.0 framing.
 *
 * What: [len+1:1][flags][body] and FF [len+1:8][flags][body]: a reader that
 *   takes headers byte by byte and leaves the body to its caller, and a writer
 *   of headers.
 * Owner: the link's holder (or a handshake).
 * Life: init, then any number of frames; an error is final.
 * Never: touches a body byte, allocates, or knows the queue.
 *
 *   for (;;) {
 *       switch (zx_v1_decode(&d, data, size, &n)) {      headers only
 *       ZX_V1_MORE    all consumed
 *       ZX_V1_FRAME   d.left body bytes follow, d.more tells if others come after
 *       ZX_V1_BODY    d.left bytes of the body are still to be taken
 *       -EPROTO, -EMSGSIZE
 *   take what is there of the body: zx_v1_take(&d, n); the frame ends at d.left == 0
 */
#ifndef ZX_ZMTP_V1_H
#define ZX_ZMTP_V1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZX_V1_HEADER_MAX 10u

enum {
    ZX_V1_MORE = 0,
    ZX_V1_FRAME = 1,
    ZX_V1_BODY = 2,
};

struct zx_v1_decoder {
    uint64_t left;     /* bytes of the current body not taken yet */
    uint64_t max_body; /* larger bodies are refused */
    uint8_t header[ZX_V1_HEADER_MAX];
    uint8_t have; /* bytes of the next header */
    bool more;
};

/* max_body < 0: no limit (bodies that do not fit size_t are refused anyway). */
void zx_v1_decoder_init(struct zx_v1_decoder *d, int64_t max_body);
/* Consumes header bytes only. ZX_V1_FRAME may come with d->left == 0: an empty
 * frame. -EPROTO: a length of 0; -EMSGSIZE: the body is larger than max_body. */
int zx_v1_decode(struct zx_v1_decoder *d, const uint8_t *data, size_t size, size_t *consumed);
/* n bytes of the body were taken (n <= d->left). */
void zx_v1_take(struct zx_v1_decoder *d, uint64_t n);

/* Writes the header of a frame: 2 or 10 bytes; 0 if size is 2^64 - 1, which has
 * no representation. */
size_t zx_v1_header(uint8_t buf[ZX_V1_HEADER_MAX], uint64_t size, bool more);

#endif
