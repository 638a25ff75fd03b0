/* SPDX-License-Identifier: MIT */
#include "unit/queue_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/group.h"
#include "base/ref.h"

enum { SIZE_TOP = 70000 };

/* ---- numbers and bytes ---- */

uint32_t model_below(struct model *m, uint32_t n) {
    m->rng ^= m->rng << 13;
    m->rng ^= m->rng >> 7;
    m->rng ^= m->rng << 17;
    return (uint32_t)((m->rng >> 20) % n);
}

size_t model_size(struct model *m) {
    static const uint16_t edges[] = {0,   1,   2,    7,    8,    16,   32,   33,   254,  255, 256,
                                     257, 469, 471,  478,  480,  1911, 1920, 7680, 8191, 8192};
    switch (model_below(m, 16)) {
    case 0:
    case 1:
        return edges[model_below(m, sizeof edges / sizeof edges[0])];
    case 2:
        return model_below(m, 8193);
    case 3:
        return model_below(m, 8) ? model_below(m, 600) : model_below(m, SIZE_TOP);
    default:
        return model_below(m, 40);
    }
}

/* The bytes of a record. Eight is as often as not what a record's flags would be misread as:
 * whoever takes a body for a header finds references in it. */
static void pattern(uint8_t *p, size_t size, uint32_t seed) {
    uint32_t x = seed * 2654435761u + 1;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525u + 1013904223u;
        p[i] = x >> 31 ? ZX_FRAME_REF : (uint8_t)(x >> 16);
    }
}

static void expect_pattern(struct model *m, const uint8_t *data, size_t size, uint32_t seed) {
    static uint8_t expected[SIZE_TOP];
    MODEL_CHECK(m, size <= sizeof expected);
    pattern(expected, size, seed);
    MODEL_CHECK(m, !size || !memcmp(data, expected, size));
}

/* ---- what is counted ---- */

struct counted_meta {
    struct zx_ref ref;
    long *objects;
};

static void meta_free(struct zx_ref *ref) {
    struct counted_meta *meta = (struct counted_meta *)(void *)ref;
    --*meta->objects;
    free(meta);
}

static void body_free(void *data, void *hint) {
    --*(long *)hint;
    free(data);
}

/* A body of its own memory, with or without a function of the outside that frees it. */
static struct zx_body *body_new(struct model *m, size_t size, uint32_t seed, bool plain) {
    struct zx_body *b = zx_body_new(plain ? size : 0);
    assert_non_null(b);
    if (!plain) {
        b->data = malloc(size + 1);
        assert_non_null(b->data);
        b->free_fn = body_free;
        b->hint = &m->objects;
        m->objects++;
    }
    pattern(b->data, size, seed);
    return b;
}

/* ---- making ---- */

void model_init(struct model *m, uint64_t seed, uint32_t hwm) {
    memset(m, 0, sizeof *m);
    m->seed = seed;
    m->rng = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    m->hwm = hwm;
    zx_queue_init(&m->q, hwm, false);
    for (int i = 0; i < 8; i++)
        (void)model_below(m, 2);
}

void model_fini(struct model *m) {
    zx_queue_fini(&m->q, &m->dead);
    zx_dead_flush(&m->dead);
    MODEL_CHECK(m, m->objects == 0);
    free(m->v);
}

static struct model_rec *add(struct model *m, uint8_t flags, enum model_kind kind, size_t size) {
    if (m->n == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 64;
        m->v = realloc(m->v, m->cap * sizeof *m->v);
        assert_non_null(m->v);
    }
    struct model_rec *r = &m->v[m->n++];
    *r = (struct model_rec){flags, kind, size, (uint32_t)(m->rng >> 8)};
    return r;
}

/* What follows from the last record. */
static void account(struct model *m, uint8_t flags) {
    if (flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE)) {
        if (!m->in_message)
            m->marked = m->n;
    } else {
        m->in_message = flags & ZX_FRAME_MORE;
        if (!m->in_message) {
            m->written++;
            m->marked = m->n;
        }
    }
}

static void wrote(struct model *m, uint8_t flags) {
    account(m, flags);
    MODEL_CHECK(m, m->q.w.written == m->written);
}

/* ---- the producer's end ---- */

bool model_can_write(struct model *m) {
    bool can = zx_queue_can_write(&m->q);
    uint64_t reported = atomic_load(&m->q.sh.reported);
    MODEL_CHECK(m, reported <= m->read);
    MODEL_CHECK(m, can == (!m->hwm || m->written < reported + m->hwm));
    m->refused = !can;
    m->to_be_told |= !can;
    return can;
}

/* The reader said that credit is due, or not. */
static void credited(struct model *m, bool due) {
    MODEL_CHECK(m, !due || m->to_be_told);
    if (!due)
        return;
    m->to_be_told = m->refused = false;
}

/* Whoever was refused is told before everything is read. */
static void check_all_read(struct model *m) {
    if (m->at < m->published || m->off)
        return;
    MODEL_CHECK(m, m->q.r.read == m->read);
    if (m->marked == m->published && m->read == m->written)
        MODEL_CHECK(m, !m->refused);
}

void model_write(struct model *m, size_t size, uint8_t flags) {
    static uint8_t data[SIZE_TOP];
    struct model_rec *r = add(m, flags, MODEL_INLINE, size);
    pattern(data, size, r->seed);
    assert_int_equal(zx_queue_write(&m->q, data, size, flags), 0);
    wrote(m, flags);
}

static const uint8_t *constant(size_t size, uint32_t seed) {
    /* One region for all: whoever keeps constant memory keeps its contents. */
    static uint8_t bytes[SIZE_TOP];
    static bool made;
    if (!made)
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i * 31 >> 3);
    made = true;
    return bytes + seed % (sizeof bytes - size);
}

void model_write_ref(struct model *m, size_t size, uint8_t flags, enum model_kind kind) {
    struct model_rec *r = add(m, flags, kind, size);
    if (kind == MODEL_CONST) {
        assert_int_equal(zx_queue_write_ref(&m->q, constant(size, r->seed), size, NULL, flags), 0);
    } else {
        struct zx_body *b = body_new(m, size, r->seed, kind == MODEL_PLAIN_BODY);
        assert_int_equal(zx_queue_write_ref(&m->q, b->data, size, b, flags), 0);
    }
    wrote(m, flags);
}

void model_note(struct model *m) {
    uint8_t note[1 + sizeof(void *)];
    bool is_meta = model_below(m, 2);
    if (is_meta) {
        struct counted_meta *meta = malloc(sizeof *meta);
        assert_non_null(meta);
        zx_ref_init(&meta->ref, meta_free);
        meta->objects = &m->objects;
        m->objects++;
        note[0] = ZX_NOTE_META;
        memcpy(note + 1, &meta, sizeof meta);
    } else {
        struct zx_group *group = zx_group_new("group", 5); /* a sanitizer counts these */
        assert_non_null(group);
        note[0] = ZX_NOTE_GROUP;
        memcpy(note + 1, &group, sizeof group);
    }
    add(m, ZX_FRAME_NOTE, is_meta ? MODEL_META : MODEL_GROUP, sizeof note);
    assert_int_equal(zx_queue_write(&m->q, note, sizeof note, ZX_FRAME_NOTE), 0);
    wrote(m, ZX_FRAME_NOTE);
}

void model_put_whole(struct model *m, size_t size) {
    static uint8_t data[SIZE_TOP];
    struct model_rec *r = add(m, 0, MODEL_INLINE, size);
    pattern(data, size, r->seed);
    if (!zx_queue_put_whole(&m->q, data, size)) {
        m->n--;
        return;
    }
    MODEL_CHECK(m, !m->in_message);
    wrote(m, 0);
    m->published = m->marked;
}

void model_put(struct model *m, unsigned frames, bool ends) {
    size_t room, need = 0, start = m->n;
    uint32_t msgs = 0, boundary = 0;
    for (unsigned i = 0; i < frames; i++) {
        bool last = i + 1 == frames ? ends : !model_below(m, 3);
        uint8_t flags = last ? 0 : ZX_FRAME_MORE;
        if (!model_below(m, 8))
            flags = ZX_FRAME_COMMAND;
        size_t size = model_below(m, 300);
        add(m, flags, MODEL_INLINE, size)->seed += i;
        need += (size > 255 ? 9 : 2) + size;
    }
    uint8_t *p = zx_queue_room(&m->q, 1 + model_below(m, 300), &room);
    assert_non_null(p);
    if (room < need) {
        uint8_t junk[16];
        pattern(junk, sizeof junk, 1);
        p = zx_queue_carry(&m->q, junk, sizeof junk, need + sizeof junk);
        assert_non_null(p);
        MODEL_CHECK(m, !memcmp(p, junk, sizeof junk));
    }
    uint8_t *to = p;
    bool in_message = m->in_message;
    for (size_t i = start; i < m->n; i++) {
        const struct model_rec *r = &m->v[i];
        size_t head = r->size > 255 ? 9 : 2;
        to[0] = r->flags | (head == 9 ? ZX_FRAME_LONG : 0);
        if (head == 9)
            zx_put64(to + 1, r->size);
        else
            to[1] = (uint8_t)r->size;
        pattern(to + head, r->size, r->seed);
        to += head + r->size;
        if (!(r->flags & ZX_FRAME_COMMAND)) {
            in_message = r->flags & ZX_FRAME_MORE;
            msgs += !in_message;
        }
        if (!in_message)
            boundary = (uint32_t)(to - p);
    }
    zx_queue_put(&m->q, (uint32_t)(to - p), msgs, boundary);
    size_t n = m->n;
    for (m->n = start; m->n < n;)
        account(m, m->v[m->n++].flags);
    MODEL_CHECK(m, m->q.w.written == m->written && m->q.w.in_message == m->in_message);
}

void model_commit(struct model *m) {
    zx_queue_commit(&m->q);
    m->published = m->marked;
}

void model_rollback(struct model *m) {
    zx_queue_rollback(&m->q);
    if (m->in_message)
        m->n = m->marked;
    m->in_message = false;
}

void model_produce(struct model *m) {
    uint8_t more = model_below(m, 3) ? 0 : ZX_FRAME_MORE;
    unsigned what = model_below(m, 20);
    if (what < 3) {
        model_commit(m);
    } else if (what == 3) {
        model_rollback(m);
    } else if (what == 4) {
        model_write(m, model_below(m, 30), ZX_FRAME_COMMAND);
    } else if (what == 5 && !m->in_message) {
        model_note(m);
    } else if (!m->in_message && !model_can_write(m)) {
        return;
    } else if (what < 9) {
        model_write_ref(m, model_size(m), more,
                        (enum model_kind)(MODEL_BODY + (int)model_below(m, 3)));
    } else if (what < 12) {
        model_put_whole(m, model_size(m));
    } else if (what < 14) {
        /* In place more than one message may end: like a receiver, over the mark by a read. */
        if (!m->hwm)
            model_put(m, 1 + model_below(m, 5), model_below(m, 2));
    } else {
        model_write(m, model_size(m), more);
    }
}

/* ---- the reader's end, by records ---- */

static bool is_data(const struct model_rec *r) {
    return !(r->flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE));
}

/* The reader is past a record of the model. */
static void passed(struct model *m, const struct model_rec *r) {
    m->at++;
    m->off = 0;
    if (!is_data(r))
        return;
    m->r_in_message = r->flags & ZX_FRAME_MORE;
    m->read += !m->r_in_message;
}

static void forget_read(struct model *m) {
    if (m->at < 4096)
        return;
    memmove(m->v, m->v + m->at, (m->n - m->at) * sizeof *m->v);
    m->n -= m->at;
    m->marked -= m->at;
    m->published -= m->at;
    m->at = 0;
}

static void expect_body(struct model *m, const struct model_rec *r, const uint8_t *data) {
    if (r->kind == MODEL_CONST)
        MODEL_CHECK(m, data == constant(r->size, r->seed));
    else if (r->kind < MODEL_META)
        expect_pattern(m, data, r->size, r->seed);
}

static uint64_t unread(const struct model *m) {
    uint64_t n = 0;
    for (size_t i = m->at; i < m->published; i++)
        n += !(m->v[i].flags & (ZX_FRAME_MORE | ZX_FRAME_COMMAND | ZX_FRAME_NOTE));
    return n;
}

bool model_peek(struct model *m, struct zx_rec *rec) {
    bool any = zx_queue_peek(&m->q, rec);
    if (m->step % 8 == 0)
        MODEL_CHECK(m, zx_queue_unread(&m->q) == unread(m));
    MODEL_CHECK(m, any == (m->at < m->published));
    MODEL_CHECK(m, any == zx_queue_has(&m->q));
    if (!any)
        return false;
    const struct model_rec *r = &m->v[m->at];
    bool is_ref = r->kind >= MODEL_BODY && r->kind <= MODEL_CONST;
    MODEL_CHECK(m, (rec->flags & ~ZX_FRAME_LONG) == (r->flags | (is_ref ? ZX_FRAME_REF : 0)));
    MODEL_CHECK(m, !(rec->flags & ZX_FRAME_LONG) == (r->size <= 255));
    MODEL_CHECK(m, rec->size == r->size);
    MODEL_CHECK(m, !rec->body == (r->kind != MODEL_BODY && r->kind != MODEL_PLAIN_BODY));
    expect_body(m, r, rec->data);
    return true;
}

static bool consume_record(struct zx_queue *q, const struct zx_rec *rec) {
    return zx_queue_consume(q, rec);
}

static bool consume_encoded(struct zx_queue *q, const struct zx_rec *rec) {
    return zx_queue_consume_encoded(q, rec);
}

static bool take(struct model *m, bool (*consume)(struct zx_queue *q, const struct zx_rec *rec)) {
    struct zx_rec rec;
    if (!model_peek(m, &rec))
        return false;
    struct model_rec r = m->v[m->at];
    zx_rec_release(&rec, &m->dead);
    passed(m, &r);
    credited(m, consume(&m->q, &rec));
    zx_dead_flush(&m->dead);
    MODEL_CHECK(m, m->q.r.read == m->read && m->q.r.in_message == m->r_in_message);
    check_all_read(m);
    forget_read(m);
    return true;
}

bool model_take(struct model *m) {
    return take(m, consume_record);
}

/* ---- the reader's end, by stretches ---- */

bool model_encode(struct model *m) {
    return take(m, consume_encoded);
}

static size_t wire_size(const struct model_rec *r) {
    return (r->size > 255 ? 9 : 2) + r->size;
}

size_t model_frame_rest(const struct model *m) {
    return m->off ? wire_size(&m->v[m->at]) - m->off : 0;
}

/* Compares size bytes with the wire form of the records from (*at, *off), which move on. */
static void expect_wire(struct model *m, const uint8_t *p, size_t size, size_t *at, size_t *off) {
    static uint8_t wire[SIZE_TOP + 16];
    while (size) {
        MODEL_CHECK(m, *at < m->published);
        const struct model_rec *r = &m->v[*at];
        MODEL_CHECK(m, !(r->flags & ZX_FRAME_NOTE));
        size_t head = r->size > 255 ? 9 : 2, whole = head + r->size;
        wire[0] = r->flags | (head == 9 ? ZX_FRAME_LONG : 0);
        if (head == 9)
            zx_put64(wire + 1, r->size);
        else
            wire[1] = (uint8_t)r->size;
        if (r->kind == MODEL_CONST)
            memcpy(wire + head, constant(r->size, r->seed), r->size);
        else
            pattern(wire + head, r->size, r->seed);
        size_t n = whole - *off < size ? whole - *off : size;
        MODEL_CHECK(m, !memcmp(p, wire + *off, n));
        p += n;
        size -= n;
        *off += n;
        if (*off == whole) {
            ++*at;
            *off = 0;
        }
    }
}

/* The model's reader moves over size bytes. */
static void pass_bytes(struct model *m, size_t size) {
    while (size) {
        const struct model_rec *r = &m->v[m->at];
        size_t rest = wire_size(r) - m->off;
        if (size < rest) {
            m->off += size;
            return;
        }
        size -= rest;
        passed(m, r);
    }
}

static size_t gather(struct model *m, unsigned max, size_t max_bytes) {
    struct zx_stretch out[32];
    struct zx_gather g = {.out = out, .max = max, .max_bytes = max_bytes};
    bool front = m->at < m->published, at_note = zx_queue_gather(&m->q, &g);
    MODEL_CHECK(m, at_note ==
                       (front && !m->off && (m->v[m->at].flags & ZX_FRAME_NOTE) != 0));
    MODEL_CHECK(m, g.n <= max);
    size_t at = m->at, off = m->off, bytes = 0;
    for (unsigned i = 0; i < g.n; i++) {
        MODEL_CHECK(m, out[i].size > 0);
        expect_wire(m, out[i].data, out[i].size, &at, &off);
        bytes += out[i].size;
    }
    MODEL_CHECK(m, bytes == g.bytes);
    if (front && !at_note && max > 1 && max_bytes)
        MODEL_CHECK(m, bytes > 0);
    return at_note ? SIZE_MAX : bytes;
}

size_t model_send(struct model *m, unsigned max, size_t max_bytes, unsigned percent) {
    size_t bytes = gather(m, max, max_bytes);
    if (bytes == SIZE_MAX) {
        (void)model_encode(m);
        return 0;
    }
    bytes = bytes * percent / 100;
    model_sent(m, bytes);
    return bytes;
}

void model_sent(struct model *m, size_t bytes) {
    pass_bytes(m, bytes);
    credited(m, zx_queue_sent(&m->q, bytes, &m->dead));
    zx_dead_flush(&m->dead);
    MODEL_CHECK(m, m->q.r.read <= m->read);
    if (model_below(m, 2))
        MODEL_CHECK(m, zx_queue_frame_rest(&m->q) == model_frame_rest(m));
    check_all_read(m);
    forget_read(m);
}

void model_drop_partial(struct model *m) {
    if (m->off)
        passed(m, &m->v[m->at]);
    while (m->r_in_message) {
        MODEL_CHECK(m, m->at < m->published);
        passed(m, &m->v[m->at]);
    }
    credited(m, zx_queue_drop_partial(&m->q, &m->dead));
    zx_dead_flush(&m->dead);
    MODEL_CHECK(m, m->q.r.read == m->read);
    MODEL_CHECK(m, !m->q.r.in_message);
    MODEL_CHECK(m, zx_queue_frame_rest(&m->q) == 0);
    check_all_read(m);
}

/* ---- both ends ---- */

void model_rewind(struct model *m, bool keep) {
    bool idle = m->at == m->n && !m->off && !m->in_message && m->published == m->marked;
    zx_queue_rewind(&m->q, keep);
    if (idle && !keep)
        MODEL_CHECK(m, !m->q.w.cur && !m->q.r.cur && !atomic_load(&m->q.sh.spare));
    if (idle && keep && m->q.w.cur)
        MODEL_CHECK(m, m->q.w.cur->pos == 0);
}

void model_clear(struct model *m) {
    zx_queue_clear(&m->q, &m->dead);
    zx_dead_flush(&m->dead);
    m->at = m->published = m->marked = m->n;
    m->off = 0;
    m->read = m->written;
    m->in_message = m->r_in_message = m->refused = false;
    MODEL_CHECK(m, m->objects == 0);
    MODEL_CHECK(m, m->q.r.read == m->q.w.written && !zx_queue_has(&m->q));
}

void model_set_hwm(struct model *m, uint32_t hwm) {
    m->hwm = hwm;
    zx_queue_set_hwm(&m->q, hwm);
    credited(m, zx_queue_report(&m->q));
}
