/* SPDX-License-Identifier: MIT */
/*
 * Traffic that a mechanism transforms, opened where it was received. A text is shorter than its
 * box, so records only move down; several frames are opened at once.
 */
#include <errno.h>

#include "base/msg.h"
#include "security/mechanism.h"
#include "zmtp/v3_private.h"

enum { ROW = 32 };

/* The outer frame says nothing that its inside has not proved: no MORE, no COMMAND. */
static bool is_outer(const uint8_t *p) {
    return !(p[0] & ZX_FRAME_WIRE_MASK & ~ZX_FRAME_LONG);
}

static size_t head_of(size_t size) {
    return size > 255 ? 9 : 2;
}

static void write_head(uint8_t *p, uint8_t flags, size_t size) {
    p[0] = flags;
    if (size > 255) {
        p[0] |= ZX_FRAME_LONG;
        zx_put64(p + 1, size);
    } else {
        p[1] = (uint8_t)size;
    }
}

/* Opens n bodies; texts go where `to` says. Returns how many. */
static unsigned open_row(struct zx_mechanism *m, struct zx_mech_open *open, unsigned n) {
    return m->ops->rows->open(m, open, n);
}

/* The whole frames at w->src, as many as make a row, and where their texts will lie. *rc: why
 * there are no more. */
static unsigned gather(const struct zx_v3 *d, const struct zx_v3_walk *w,
                       struct zx_mech_open *open, int *rc) {
    size_t overhead = d->seal->ops->overhead, head;
    uint64_t size;
    uint8_t *src = w->src, *dst = w->dst;
    unsigned n = 0;
    for (; n < ROW; n++) {
        *rc = zx_v3_header(d, src, (size_t)(w->end - src), &head, &size);
        if (*rc > 0 && !is_outer(src))
            *rc = -EPROTO;
        if (*rc <= 0)
            return n;
        size_t text = size > overhead ? (size_t)size - overhead : 0;
        open[n] = (struct zx_mech_open){src + head, (size_t)size, dst + head_of(text), 0};
        dst = open[n].to + text;
        src += head + (size_t)size;
    }
    return n;
}

/* 1: go on, 0: the rest is incomplete, negative: close. */
static int row(struct zx_v3 *d, struct zx_v3_walk *w) {
    struct zx_mech_open open[ROW];
    int rc;
    unsigned n = gather(d, w, open, &rc);
    unsigned done = n ? open_row(d->seal, open, n) : 0;
    for (unsigned i = 0; i < done; i++) {
        size_t size = open[i].size - d->seal->ops->overhead, head = head_of(size);
        w->src = open[i].to - head;
        write_head(w->src, open[i].flags, size);
        int bad = zx_v3_record(d, w, head, size);
        bool was_command = d->command_end == w->src;
        w->src = (uint8_t *)(uintptr_t)open[i].box + open[i].size;
        if (was_command)
            d->command_end = w->src;
        if (bad)
            return bad;
    }
    return done < n ? -EPROTO : rc;
}

/* Without rows what is added to a text differs, so the outer frame's limit is not enough. */
static int decode(struct zx_v3 *d, uint8_t *box, size_t size, struct zx_mech_frame *text) {
    const struct zx_mechanism_ops *ops = d->seal->ops;
    if (ops->decode(d->seal, box, size, text) || text->size > size)
        return -EPROTO;
    bool is_limited = d->max_frame >= 0 && !(text->flags & ZX_FRAME_COMMAND);
    return is_limited && text->size + ops->overhead > (uint64_t)d->max_frame ? -EMSGSIZE : 0;
}

/* A mechanism without rows: one frame after the other, the text copied down. */
static int single(struct zx_v3 *d, struct zx_v3_walk *w) {
    struct zx_mech_frame text;
    size_t head;
    uint64_t size;
    int rc = zx_v3_header(d, w->src, (size_t)(w->end - w->src), &head, &size);
    if (rc <= 0)
        return rc;
    uint8_t *end = w->src + head + size;
    if (!is_outer(w->src))
        return -EPROTO;
    rc = decode(d, w->src + head, (size_t)size, &text);
    if (rc)
        return rc;
    head = head_of(text.size);
    memmove(w->src + head, text.body, text.size);
    write_head(w->src, text.flags, text.size);
    rc = zx_v3_record(d, w, head, text.size);
    if (d->command_end == w->src)
        d->command_end = end;
    w->src = end;
    return rc ? rc : 1;
}

/* ---- large frames ----------------------------------------------------------------- */

static int open_body(struct zx_v3 *d, struct zx_mech_frame *text) {
    struct zx_mechanism *m = d->seal;
    uint8_t *box = (uint8_t *)(d->body + 1);
    if (d->body_flags & ~ZX_FRAME_LONG)
        return -EPROTO;
    if (!m->ops->rows)
        return decode(d, box, d->body_size, text);
    struct zx_mech_open one = {box, d->body_size, box + m->ops->overhead, 0};
    if (open_row(m, &one, 1) != 1)
        return -EPROTO;
    *text = (struct zx_mech_frame){one.flags, one.to, d->body_size - m->ops->overhead};
    return 0;
}

/* 1: a record refers to the body now; 0: it was a command that nobody keeps. */
static int keep_body(struct zx_v3 *d, struct zx_queue *q, const struct zx_mech_frame *text) {
    int rc;
    uint8_t flags = text->flags & (ZX_FRAME_MORE | ZX_FRAME_COMMAND);
    if (flags & ZX_FRAME_COMMAND) {
        if (text->size > ZX_V3_COMMAND_MAX)
            return -EMSGSIZE;
        rc = d->hooks.command(d->hooks.ctx, text->body, text->size);
        if (rc <= 0)
            return rc;
        flags = ZX_FRAME_COMMAND;
    } else if (d->hooks.frame &&
               !d->hooks.frame(&d->frame_state, flags, text->body, text->size)) {
        return -EPROTO;
    }
    rc = zx_queue_write_ref(q, text->body, text->size, d->body, flags);
    if (rc)
        return rc;
    d->body = NULL;
    rc = flags & ZX_FRAME_COMMAND ? 0 : zx_v3_count_body(d, flags);
    return rc ? rc : 1;
}

/* got: bytes behind the body, which lie behind the place of the record that refers to it. */
static int body_done(struct zx_v3 *d, struct zx_queue *q, size_t got) {
    struct zx_mech_frame text;
    int rc = open_body(d, &text);
    if (!rc)
        rc = keep_body(d, q, &text);
    if (rc)
        return rc < 0 ? rc : 0;
    zx_body_unref(d->body, 1);
    d->body = NULL;
    size_t room;
    uint8_t *p = zx_queue_room(q, 0, &room);
    if (got)
        memmove(p, p + ZX_V3_REF_RECORD, got);
    return 0;
}

int zx_v3_parse_sealed(struct zx_v3 *d, struct zx_queue *q, size_t got) {
    struct zx_v3_walk w;
    int rc;
    d->command_end = NULL;
    if (d->body) {
        if (!zx_v3_body_got(d, &got))
            return 0;
        rc = body_done(d, q, got);
        if (rc)
            return rc;
        d->fill = 0;
        if (!got)
            return 0;
    }
    zx_v3_walk_begin(d, q, &w, got);
    do
        rc = d->seal->ops->rows ? row(d, &w) : single(d, &w);
    while (rc > 0);
    return zx_v3_walk_end(d, q, &w, rc);
}
