/* SPDX-License-Identifier: MIT */
/*
 * What the parsers of open and of sealed traffic share.
 *
 * What: a walk over received bytes, in which records are moved down over what was taken out.
 * Owner and life: a walk is a local of one call of the parser.
 * Never: included by anything but src/zmtp/v3*.c.
 */
#ifndef ZX_ZMTP_V3_PRIVATE_H
#define ZX_ZMTP_V3_PRIVATE_H

#include "zmtp/v3.h"

enum {
    ZX_V3_REF_RECORD = 9 + 2 * sizeof(void *),
    ZX_V3_HEADER_MAX = 9,
    ZX_V3_COMMAND_MAX = 1 << 20 /* a SUBSCRIBE carries its topic */
};

struct zx_v3_walk {
    uint8_t *src, *dst, *end; /* records are moved down when commands were taken out */
    uint32_t msgs;
    uint8_t *boundary; /* end of the last complete message or kept command, in dst terms */
};

/* The header at p of avail bytes. 1: the frame is whole, 0: incomplete (*head, *size as far as
 * known, *head 0 if not), -EMSGSIZE. */
int zx_v3_header(const struct zx_v3 *d, const uint8_t *p, size_t avail, size_t *head,
                 uint64_t *size);
/* Takes the whole record at w->src; its flags are the wire's alone. Negative: close. */
int zx_v3_record(struct zx_v3 *d, struct zx_v3_walk *w, size_t head, size_t size);
/* The begin of a read: *got less what completed a body (done tells), the walk over the rest. */
void zx_v3_walk_begin(struct zx_v3 *d, struct zx_queue *q, struct zx_v3_walk *w, size_t got);
/* Its end: accounts, and keeps the tail for the next read. rc: of the walk. */
int zx_v3_walk_end(struct zx_v3 *d, struct zx_queue *q, struct zx_v3_walk *w, int rc);
/* Where got bytes went while a large frame is under way. 1: it is whole, *got are left. */
int zx_v3_body_got(struct zx_v3 *d, size_t *got);
/* The record of a whole body is written: counts it. */
int zx_v3_count_body(struct zx_v3 *d, uint8_t flags);

/* zx_v3_parse for traffic that a mechanism transforms (zx_v3.seal). */
int zx_v3_parse_sealed(struct zx_v3 *d, struct zx_queue *q, size_t got);

#endif
