/* SPDX-License-Identifier: MIT */
#include "zmtp/v3.h"

#include <errno.h>
#include <stdlib.h>

#include "base/msg.h"
#include "base/pool.h"
#include "zmtp/v3_private.h"

enum {
    REF_RECORD = ZX_V3_REF_RECORD,
    HEADER_MAX = ZX_V3_HEADER_MAX,
    WANT_MIN = 400,
    COMMAND_MAX = ZX_V3_COMMAND_MAX,
    BODY_FIRST = 1 << 20   /* a body larger than this grows as data arrives */
};

void zx_v3_init(struct zx_v3 *d, const struct zx_v3_hooks *hooks, int64_t max_frame,
                bool commands) {
    memset(d, 0, sizeof *d);
    d->hooks = *hooks;
    d->max_frame = max_frame;
    d->commands = commands;
    d->want = WANT_MIN;
    d->plain = !hooks->frame && (max_frame < 0 || max_frame >= UINT8_MAX);
}

void zx_v3_fini(struct zx_v3 *d) {
    if (d->body)
        zx_body_unref(d->body, 1);
    d->body = NULL;
}

/* A body for size bytes of which `here` have been received. */
static int body_start(struct zx_v3 *d, size_t size, size_t here) {
    size_t cap = here > BODY_FIRST ? here : BODY_FIRST; /* a chunk may hold more than that */
    if (cap > size)
        cap = size;
    d->body = zx_body_new(cap);
    if (!d->body)
        return -ENOMEM;
    d->body_size = size;
    d->body_cap = cap;
    d->body_got = 0;
    return 0;
}

static int body_grow(struct zx_v3 *d) {
    size_t cap = d->body_cap > d->body_size / 2 ? d->body_size : d->body_cap * 2;
    struct zx_body *b = realloc(d->body, sizeof *b + cap);
    if (!b)
        return -ENOMEM;
    b->data = b + 1;
    b->pool_class = ZX_POOL_NONE; /* no longer of a size that is recycled */
    d->body = b;
    d->body_cap = cap;
    return 0;
}

int zx_v3_room(struct zx_v3 *d, struct zx_queue *q, size_t limit, struct zx_v3_piece *out) {
    size_t room;
    int n = 0;
    if (d->body) {
        if (d->body_got == d->body_cap && body_grow(d))
            return -ENOMEM;
        out[n++] = (struct zx_v3_piece){(uint8_t *)(d->body + 1) + d->body_got,
                                        d->body_cap - d->body_got};
        if (d->body_cap != d->body_size)
            return n;
        /* What follows goes behind the place of the record that will refer to the body. */
        uint8_t *p = zx_queue_room(q, REF_RECORD + HEADER_MAX + WANT_MIN, &room);
        if (!p)
            return -ENOMEM;
        out[n++] = (struct zx_v3_piece){p + REF_RECORD, room - REF_RECORD};
        return n;
    }
    size_t min = d->want > limit ? limit : d->want;
    uint8_t *p = zx_queue_room(q, d->fill ? d->fill : min, &room);
    if (p && d->fill && room - d->fill < WANT_MIN / 4) {
        p = zx_queue_carry(q, p, d->fill, d->fill + d->want);
        room = d->fill + d->want; /* at least */
    }
    if (!p)
        return -ENOMEM;
    size_t len = room - d->fill;
    out[0] = (struct zx_v3_piece){p + d->fill, len > limit ? limit : len};
    return 1;
}

/* A frame larger than fits is moved into a body of its own. */
static int to_body(struct zx_v3 *d, const uint8_t *p, size_t avail, size_t head, uint64_t size) {
    size_t n = avail - head;
    int rc = body_start(d, (size_t)size, n);
    if (rc)
        return rc;
    d->body_flags = p[0] & (ZX_FRAME_MORE | ZX_FRAME_LONG);
    memcpy(d->body + 1, p + head, n);
    d->body_got = n;
    d->fill = 0;
    return 0;
}

static int on_command(struct zx_v3 *d, struct zx_v3_walk *w, size_t head, size_t size) {
    w->src[0] &= (uint8_t)~ZX_FRAME_MORE;
    int rc = d->hooks.command(d->hooks.ctx, w->src + head, size);
    if (rc < 0)
        return rc;
    if (rc > 0) {
        if (w->dst != w->src)
            memmove(w->dst, w->src, head + size);
        w->dst += head + size;
        if (!d->in_message)
            w->boundary = w->dst;
    }
    w->src += head + size;
    d->command_end = w->src;
    return 0;
}

static int on_frame(struct zx_v3 *d, struct zx_v3_walk *w, size_t head, size_t size) {
    uint8_t flags = w->src[0];
    if (d->hooks.frame && !d->hooks.frame(&d->frame_state, flags, w->src + head, size))
        return -EPROTO;
    if (w->dst != w->src)
        memmove(w->dst, w->src, head + size);
    w->dst += head + size;
    w->src += head + size;
    d->in_message = flags & ZX_FRAME_MORE;
    if (!d->in_message) {
        d->frames = 0;
        w->msgs++;
        w->boundary = w->dst;
        return 0;
    }
    return ++d->frames > ZX_V3_MESSAGE_FRAMES_MAX ? -EMSGSIZE : 0;
}

int zx_v3_header(const struct zx_v3 *d, const uint8_t *p, size_t avail, size_t *head,
                 uint64_t *size) {
    *head = 0;
    if (avail < 2)
        return 0;
    if (!(p[0] & ZX_FRAME_LONG)) {
        *head = 2;
        *size = p[1];
    } else {
        if (avail < HEADER_MAX)
            return 0;
        *head = HEADER_MAX;
        *size = zx_get64(p + 1);
    }
    if (*size > (uint64_t)PTRDIFF_MAX - 4096 ||
        (d->max_frame >= 0 && *size > (uint64_t)d->max_frame))
        return -EMSGSIZE;
    return *size <= avail - *head;
}

int zx_v3_record(struct zx_v3 *d, struct zx_v3_walk *w, size_t head, size_t size) {
    return w->src[0] & ZX_FRAME_COMMAND ? on_command(d, w, head, size)
                                        : on_frame(d, w, head, size);
}

/* One frame at w->src. 1: done, 0: incomplete (*head, *size as far as known), negative. */
static int frame(struct zx_v3 *d, struct zx_v3_walk *w, size_t *head, uint64_t *size) {
    uint8_t *p = w->src;
    int rc = zx_v3_header(d, p, (size_t)(w->end - p), head, size);
    if (rc < 0 || !*head)
        return rc;
    /* The private bits are ours: a peer must not forge a reference or a note. */
    p[0] &= d->commands ? ZX_FRAME_WIRE_MASK : ZX_FRAME_MORE | ZX_FRAME_LONG;
    if (!rc)
        return 0;
    rc = zx_v3_record(d, w, *head, (size_t)*size);
    return rc ? rc : 1;
}

/* Short whole single-frame messages in a row, the common case: nothing to clear or move. */
static inline void skim(const struct zx_v3 *d, struct zx_v3_walk *w) {
    uint8_t *p = w->src, *end = w->end - 1;
    uint32_t msgs = 0;
    if (w->dst != p || d->in_message || !d->plain)
        return;
    while (p < end && p[0] == 0 && (size_t)(w->end - p) >= 2u + p[1]) {
        p += 2u + p[1];
        msgs++;
    }
    w->msgs += msgs;
    w->src = w->dst = p;
    if (msgs)
        w->boundary = p;
}

/* The tail of the read: keeps it in place, moves it to a fresh chunk, or to a body. */
static int keep_rest(struct zx_v3 *d, struct zx_queue *q, struct zx_v3_walk *w, size_t head,
                     uint64_t size) {
    size_t rest = (size_t)(w->end - w->src);
    if (rest && w->dst != w->src)
        memmove(w->dst, w->src, rest);
    d->fill = rest;
    if (!head || !rest)
        return 0;
    if (size > ZX_QUEUE_REF_ABOVE && !(w->dst[0] & ZX_FRAME_COMMAND))
        return to_body(d, w->dst, rest, head, size);
    if (size > COMMAND_MAX)
        return -EMSGSIZE;
    size_t need = head + (size_t)size;
    size_t room;
    if (zx_queue_room(q, rest, &room) && room >= need)
        return 0;
    return zx_queue_carry(q, w->dst, rest, need + WANT_MIN) ? 0 : -ENOMEM;
}

int zx_v3_count_body(struct zx_v3 *d, uint8_t flags) {
    d->in_message = flags & ZX_FRAME_MORE;
    d->frames = d->in_message ? d->frames + 1 : 0;
    return d->frames > ZX_V3_MESSAGE_FRAMES_MAX ? -EMSGSIZE : 0;
}

static int body_done(struct zx_v3 *d, struct zx_queue *q) {
    uint8_t flags = d->body_flags;
    if (d->hooks.frame &&
        !d->hooks.frame(&d->frame_state, flags, (uint8_t *)(d->body + 1), d->body_size))
        return -EPROTO;
    int rc = zx_queue_write_ref(q, d->body + 1, d->body_size, d->body, flags & ZX_FRAME_MORE);
    if (rc)
        return rc;
    d->body = NULL;
    return zx_v3_count_body(d, flags);
}

int zx_v3_body_got(struct zx_v3 *d, size_t *got) {
    size_t n = d->body_cap - d->body_got;
    if (n > *got)
        n = *got;
    d->body_got += n;
    *got -= n;
    return d->body_got == d->body_size;
}

void zx_v3_walk_begin(struct zx_v3 *d, struct zx_queue *q, struct zx_v3_walk *w, size_t got) {
    size_t room;
    uint8_t *p = zx_queue_room(q, 0, &room);
    /* Who has little to say is not given a fresh chunk for each word. */
    if (d->fill + got == room)
        d->want = d->want < ZX_QUEUE_CHUNK_MAX / 4 ? d->want * 4 : ZX_QUEUE_CHUNK_MAX;
    else if (got < d->want / 8 && d->want >= 2 * WANT_MIN)
        d->want /= 2;
    *w = (struct zx_v3_walk){p, p, p + d->fill + got, 0, p};
}

int zx_v3_walk_end(struct zx_v3 *d, struct zx_queue *q, struct zx_v3_walk *w, int rc) {
    size_t room, head = 0;
    uint64_t size = 0;
    uint8_t *p = zx_queue_room(q, 0, &room);
    if (d->command_end != w->src)
        d->command_end = NULL;
    if (rc >= 0)
        (void)zx_v3_header(d, w->src, (size_t)(w->end - w->src), &head, &size);
    zx_queue_put(q, (uint32_t)(w->dst - p), w->msgs, (uint32_t)(w->boundary - p));
    return rc < 0 ? rc : keep_rest(d, q, w, head, size);
}

int zx_v3_parse(struct zx_v3 *d, struct zx_queue *q, size_t got) {
    if (d->seal)
        return zx_v3_parse_sealed(d, q, got);
    d->command_end = NULL;
    if (d->body) {
        if (!zx_v3_body_got(d, &got))
            return 0;
        int rc = body_done(d, q);
        if (rc)
            return rc;
        d->fill = 0;
        if (!got)
            return 0;
    }
    size_t head = 0;
    uint64_t size = 0;
    struct zx_v3_walk w;
    zx_v3_walk_begin(d, q, &w, got);
    uint8_t *p = w.src;
    int rc;
    do
        skim(d, &w);
    while ((rc = frame(d, &w, &head, &size)) > 0);
    if (d->command_end != w.src)
        d->command_end = NULL;
    zx_queue_put(q, (uint32_t)(w.dst - p), w.msgs, (uint32_t)(w.boundary - p));
    return rc ? rc : keep_rest(d, q, &w, head, size);
}

int zx_v3_feed(struct zx_v3 *d, struct zx_queue *q, const uint8_t *data, size_t size) {
    while (size) {
        struct zx_v3_piece piece[ZX_V3_PIECES];
        int n = zx_v3_room(d, q, size, piece);
        if (n < 0)
            return n;
        size_t take = piece[0].len < size ? piece[0].len : size;
        memcpy(piece[0].base, data, take);
        int rc = zx_v3_parse(d, q, take);
        if (rc)
            return rc;
        data += take;
        size -= take;
    }
    return 0;
}
