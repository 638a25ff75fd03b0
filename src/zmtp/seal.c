/* SPDX-License-Identifier: MIT */
#include "zmtp/seal.h"

#include <errno.h>

#include "base/buf.h"
#include "base/queue.h"
#include "security/mechanism.h"
#include "zmtp/hs_frame.h"

enum { ROW = 32, WHOLE = ZX_FRAME_MORE | ZX_FRAME_COMMAND };

static uint8_t *put_head(uint8_t *p, size_t size) {
    if (size > 255) {
        p[0] = ZX_FRAME_LONG;
        zx_put64(p + 1, size);
        return p + 9;
    }
    p[0] = 0;
    p[1] = (uint8_t)size;
    return p + 2;
}

static size_t wire_size(const struct zx_mechanism *m, size_t text) {
    size_t size = text + m->ops->overhead;
    return size + (size > 255 ? 9 : 2);
}

int zx_seal_frame(struct zx_mechanism *m, const struct zx_mech_frame *frame, struct zx_buf *out) {
    if (frame->size > (size_t)PTRDIFF_MAX - 4096)
        return -EMSGSIZE;
    if (!m->ops->rows) {
        size_t before = zx_buf_size(out);
        int rc = m->ops->encode(m, frame, out);
        return rc ? rc : zx_hs_frame_wrap(out, 0, zx_buf_size(out) - before);
    }
    size_t size = wire_size(m, frame->size);
    uint8_t *room = zx_buf_reserve(out, size);
    if (!room)
        return -ENOMEM;
    struct zx_mech_seal one = {frame->body, frame->size, frame->flags & WHOLE,
                               put_head(room, frame->size + m->ops->overhead)};
    int rc = m->ops->rows->seal(m, &one, 1);
    if (!rc)
        out->tail += size;
    return rc;
}

int zx_seal_frames(struct zx_mechanism *m, const uint8_t *data, size_t size, struct zx_buf *out) {
    while (size) {
        size_t head = data[0] & ZX_FRAME_LONG ? 9 : 2;
        struct zx_mech_frame f = {.flags = data[0] & WHOLE, .body = data + head};
        f.size = head == 9 ? (size_t)zx_get64(data + 1) : data[1];
        int rc = zx_seal_frame(m, &f, out);
        if (rc)
            return rc;
        data += head + f.size;
        size -= head + f.size;
    }
    return 0;
}

static void consume(struct zx_seal_queue *s, const struct zx_rec *rec) {
    /* Bodies first: afterwards the producer may reuse what held the record. */
    if (rec->body)
        zx_dead_add(s->dead, rec->body);
    s->credit |= zx_queue_consume_encoded(s->q, rec);
}

/* Records of one chunk, sealed side by side. */
static int seal_row(struct zx_mechanism *m, struct zx_seal_queue *s, const struct zx_rec *rec,
                    unsigned n, struct zx_buf *out) {
    struct zx_mech_seal seal[ROW];
    size_t total = 0;
    for (unsigned i = 0; i < n; i++)
        total += wire_size(m, rec[i].size);
    uint8_t *p = zx_buf_reserve(out, total);
    if (!p)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++) {
        size_t size = rec[i].size + m->ops->overhead;
        p = put_head(p, size);
        seal[i] = (struct zx_mech_seal){rec[i].data, rec[i].size, rec[i].flags & WHOLE, p};
        p += size;
    }
    int rc = m->ops->rows->seal(m, seal, n);
    if (rc)
        return rc;
    out->tail += total;
    for (unsigned i = 0; i < n; i++)
        consume(s, &rec[i]);
    return 0;
}

static int seal_single(struct zx_mechanism *m, struct zx_seal_queue *s, const struct zx_rec *rec,
                       struct zx_buf *out) {
    struct zx_mech_frame f = {rec->flags & WHOLE, rec->data, rec->size};
    int rc = zx_seal_frame(m, &f, out);
    if (!rc)
        consume(s, rec);
    return rc;
}

/* Memory for what is there, once, instead of growing row by row. */
static void expect(const struct zx_mechanism *m, const struct zx_seal_queue *s,
                   const struct zx_rec *rec, struct zx_buf *out) {
    size_t there = s->q->r.end - s->q->r.pos;
    size_t guess = there + there / rec->total * (m->ops->overhead + 9);
    if (guess > s->max)
        guess = s->max;
    (void)zx_buf_reserve(out, guess);
}

int zx_seal_queue(struct zx_mechanism *m, struct zx_seal_queue *s, struct zx_buf *out) {
    struct zx_rec rec[ROW];
    unsigned n;
    int rc = 0;
    while (!rc && zx_buf_size(out) < s->max && (n = zx_queue_peek_row(s->q, rec, ROW, s->max))) {
        if (rec[0].flags & ZX_FRAME_NOTE)
            return 0;
        if (n == ROW && !zx_buf_size(out))
            expect(m, s, &rec[0], out);
        if (m->ops->rows)
            rc = seal_row(m, s, rec, n, out);
        else
            rc = seal_single(m, s, &rec[0], out);
    }
    return rc;
}
