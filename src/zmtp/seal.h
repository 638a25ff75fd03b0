/* SPDX-License-Identifier: MIT */
/*
 * Frames on their way out through a mechanism that transforms traffic.
 *
 * What: turns frames (one, some in wire form, or what a queue holds) into the frames that travel
 *   instead, sealed straight into an output buffer. The way in is v3_sealed.c.
 * Owner: whoever has the mechanism: the link's word.
 * Life: no state of its own.
 * Never: puts a byte of a text into the buffer unsealed; sets MORE or COMMAND outside.
 */
#ifndef ZX_ZMTP_SEAL_H
#define ZX_ZMTP_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zx_buf;
struct zx_dead;
struct zx_mech_frame;
struct zx_mechanism;
struct zx_queue;

/* All append to out. 0, -ENOMEM, -EMSGSIZE, -EPROTO (the mechanism cannot go on). */
int zx_seal_frame(struct zx_mechanism *m, const struct zx_mech_frame *frame, struct zx_buf *out);
/* size bytes of whole frames of ours, as they would travel without the mechanism. */
int zx_seal_frames(struct zx_mechanism *m, const uint8_t *data, size_t size, struct zx_buf *out);

struct zx_seal_queue {
    struct zx_queue *q;
    struct zx_dead *dead; /* for bodies held by reference */
    size_t max;           /* enough when out holds so many bytes */
    bool credit;          /* out: the producer must be told */
};
/* Seals and consumes what stands in the queue up to a note. */
int zx_seal_queue(struct zx_mechanism *m, struct zx_seal_queue *s, struct zx_buf *out);

#endif
