/* SPDX-License-Identifier: MIT */
/* The producer's end of a queue, and its making and unmaking. */
#include "base/queue.h"

#include <errno.h>
#include <stdlib.h>

#include "base/blob.h"
#include "base/msg.h"
#include "base/pool.h"
#include "base/queue_private.h"

static uint32_t low_water(uint32_t hwm) {
    return hwm ? hwm / 2 + (hwm & 1) : 1024; /* (hwm + 1) / 2 without overflow */
}

void zx_queue_rearm(struct zx_queue *q) {
    q->r.until_report = low_water(atomic_load_explicit(&q->sh.hwm, memory_order_relaxed));
}

void zx_queue_init(struct zx_queue *q, uint32_t hwm, bool conflate) {
    memset(q, 0, sizeof *q);
    q->sh.conflate = conflate;
    q->w.max_chunk = ZX_QUEUE_CHUNK_MAX;
    atomic_init(&q->sh.hwm, hwm);
    q->w.limit = hwm && !conflate ? hwm : UINT64_MAX;
    zx_queue_rearm(q);
}

void zx_queue_set_hwm(struct zx_queue *q, uint32_t hwm) {
    atomic_store_explicit(&q->sh.hwm, hwm, memory_order_relaxed);
    uint64_t reported = atomic_load_explicit(&q->sh.reported, memory_order_acquire);
    q->w.limit = hwm && !q->sh.conflate ? reported + hwm : UINT64_MAX;
}

bool zx_queue_can_write_slow(struct zx_queue *q) {
    uint32_t hwm = atomic_load_explicit(&q->sh.hwm, memory_order_relaxed);
    if (!hwm || q->sh.conflate) {
        q->w.limit = UINT64_MAX;
        return true;
    }
    q->w.limit = atomic_load_explicit(&q->sh.reported, memory_order_acquire) + hwm;
    if (q->w.written < q->w.limit)
        return true;
    /* Dekker with zx_queue_report: we store full and then load reported; it stores
     * reported and then loads full. The two fences forbid that both miss. */
    atomic_store_explicit(&q->sh.full, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    /* The mark too: an inproc binder raises it when it joins. */
    hwm = atomic_load_explicit(&q->sh.hwm, memory_order_relaxed);
    uint64_t reported = atomic_load_explicit(&q->sh.reported, memory_order_acquire);
    q->w.limit = hwm ? reported + hwm : UINT64_MAX;
    if (q->w.written >= q->w.limit)
        return false;
    atomic_store_explicit(&q->sh.full, 0, memory_order_relaxed);
    return true;
}

_Static_assert(sizeof(struct zx_chunk) <= ZX_POOL_HEAD, "a chunk's head fits a block's");

/* A chunk too large for an idle queue is a block of the pool, and as large as that. */
static unsigned class_of(const struct zx_chunk *c) {
    return zx_pool_class(c->size);
}

void zx_chunk_free(struct zx_chunk *c) {
    if (c && class_of(c))
        zx_pool_give(c, class_of(c));
    else
        free(c);
}

static struct zx_chunk *chunk_new(struct zx_queue *q, uint32_t size) {
    /* Acquire: the reader's last use of the chunk is before it parked it. */
    struct zx_chunk *c = NULL;
    if (atomic_load_explicit(&q->sh.spare, memory_order_relaxed))
        c = atomic_exchange_explicit(&q->sh.spare, NULL, memory_order_acquire);
    if (c && c->size < size) {
        zx_chunk_free(c);
        c = NULL;
    }
    if (!c) {
        unsigned class_ = zx_pool_class(size);
        c = class_ ? zx_pool_take(class_) : malloc(sizeof *c + size);
        if (!c)
            return NULL;
        c->size = class_ ? (uint32_t)zx_pool_content(class_) : size;
    }
    atomic_init(&c->tail, 0);
    c->next = NULL;
    c->pos = c->msgs = 0;
    c->special = false;
    c->starts_mid = q->w.in_message;
    return c;
}

/* The next chunk's size: grows with what was used. */
static uint32_t next_size(const struct zx_queue *q, size_t need) {
    size_t size = q->w.cur ? (size_t)q->w.cur->size * 4 : q->w.hint;
    if (size < ZX_QUEUE_CHUNK_MIN)
        size = ZX_QUEUE_CHUNK_MIN;
    if (size > q->w.max_chunk)
        size = q->w.max_chunk;
    return (uint32_t)(size < need ? need : size);
}

/* Goes on in a chunk with room for need bytes. */
static int chunk_advance(struct zx_queue *q, size_t need) {
    struct zx_chunk *c = need < UINT32_MAX ? chunk_new(q, next_size(q, need)) : NULL;
    if (!c)
        return -ENOMEM;
    if (q->w.cur) {
        q->w.cur->next = c;
    } else {
        q->w.open = c;
        q->w.mark = (struct zx_mark){c, 0, 0, false};
        /* Release: the reader that finds the pointer sees an initialised chunk. */
        atomic_store_explicit(&q->sh.first, c, memory_order_release);
    }
    q->w.cur = c;
    return 0;
}

static inline uint8_t *room(struct zx_queue *q, size_t need) {
    struct zx_chunk *c = q->w.cur;
    if (!c || c->size - c->pos < need) {
        if (chunk_advance(q, need))
            return NULL;
        c = q->w.cur;
    }
    return c->data + c->pos;
}

static inline void set_mark(struct zx_queue *q) {
    struct zx_chunk *c = q->w.cur;
    q->w.mark = (struct zx_mark){c, c->pos, c->msgs, c->special};
}

/* Accounts a record just written at the end of the current chunk. */
static inline void wrote(struct zx_queue *q, uint32_t size, uint8_t flags) {
    struct zx_chunk *c = q->w.cur;
    c->pos += size;
    if (flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE)) {
        if (!q->w.in_message)
            set_mark(q);
        return;
    }
    q->w.in_message = flags & ZX_FRAME_MORE;
    if (q->w.in_message)
        return;
    c->msgs++;
    q->w.written++;
    set_mark(q);
}

static inline void put_head(uint8_t *p, size_t size, uint8_t flags) {
    if (size <= 255) {
        p[0] = flags;
        p[1] = (uint8_t)size;
    } else {
        p[0] = flags | ZX_FRAME_LONG;
        zx_put64(p + 1, size);
    }
}

int zx_queue_write(struct zx_queue *q, const void *data, size_t size, uint8_t flags) {
    if (q->sh.conflate && !(flags & (ZX_FRAME_NOTE | ZX_FRAME_COMMAND)))
        return zx_queue_slot_write(q, data, size);
    size_t head = size > 255 ? 9 : 2;
    uint8_t *p = room(q, head + size);
    if (!p)
        return -ENOMEM;
    put_head(p, size, flags);
    if (size)
        memcpy(p + head, data, size);
    if (flags & ZX_FRAME_NOTE)
        q->w.cur->special = true;
    wrote(q, (uint32_t)(head + size), flags);
    return 0;
}

int zx_queue_write_note(struct zx_queue *q, const void *head, size_t head_size, const void *data,
                        size_t size) {
    size_t frame = head_size + size > 255 ? 9 : 2;
    uint8_t *p = room(q, frame + head_size + size);
    if (!p)
        return -ENOMEM;
    put_head(p, head_size + size, ZX_FRAME_NOTE);
    memcpy(p + frame, head, head_size);
    if (size)
        memcpy(p + frame + head_size, data, size);
    q->w.cur->special = true;
    wrote(q, (uint32_t)(frame + head_size + size), ZX_FRAME_NOTE);
    return 0;
}

int zx_queue_write_ref(struct zx_queue *q, const void *data, size_t size, struct zx_body *body,
                       uint8_t flags) {
    if (q->sh.conflate)
        return zx_queue_slot_write_ref(q, data, size, body);
    const uint32_t total = 9u + 2u * (uint32_t)sizeof(void *);
    uint8_t *p = room(q, total);
    if (!p)
        return -ENOMEM;
    p[0] = flags | ZX_FRAME_REF | (size > 255 ? ZX_FRAME_LONG : 0);
    zx_put64(p + 1, size);
    memcpy(p + 9, &data, sizeof data);
    memcpy(p + 9 + sizeof data, &body, sizeof body);
    q->w.cur->special = true;
    wrote(q, total, flags);
    return 0;
}

static inline uint64_t tail_word(uint32_t end, uint32_t msgs, bool special, bool closed) {
    return (uint64_t)end | (uint64_t)msgs << ZX_TAIL_MSGS_SHIFT | (special ? ZX_TAIL_SPECIAL : 0) |
           (closed ? ZX_TAIL_CLOSED : 0);
}

void zx_queue_commit(struct zx_queue *q) {
    const struct zx_mark *m = &q->w.mark;
    struct zx_chunk *open = q->w.open;
    if (!m->chunk)
        return;
    if (m->chunk != open) {
        /* Later chunks first: the reader cannot reach them before open says CLOSED. */
        for (struct zx_chunk *c = open->next; c != m->chunk; c = c->next)
            atomic_store_explicit(&c->tail, tail_word(c->pos, c->msgs, c->special, true),
                                  memory_order_relaxed);
        atomic_store_explicit(&m->chunk->tail, tail_word(m->end, m->msgs, m->special, false),
                              memory_order_relaxed);
        q->w.open = m->chunk;
        atomic_store_explicit(&open->tail, tail_word(open->pos, open->msgs, open->special, true),
                              memory_order_release);
        return;
    }
    /* The one release store; partner: the acquire load in zx_queue_refill. */
    atomic_store_explicit(&open->tail, tail_word(m->end, m->msgs, m->special, false),
                          memory_order_release);
}

/* Drops references of the records in [from, to) of a chunk. */
void zx_chunk_release(struct zx_chunk *c, uint32_t from, uint32_t to, struct zx_dead *dead) {
    struct zx_queue walk;
    walk.r.cur = c;
    while (from < to) {
        struct zx_rec rec;
        walk.r.pos = from;
        zx_queue_decode(&walk, &rec);
        zx_rec_release(&rec, dead);
        from += rec.total;
    }
}

void zx_queue_rollback(struct zx_queue *q) {
    struct zx_chunk *c = q->w.mark.chunk;
    struct zx_dead own = {0}, *dead = q->w.dead ? q->w.dead : &own;
    if (!c || !q->w.in_message)
        return;
    zx_chunk_release(c, q->w.mark.end, c->pos, dead);
    struct zx_chunk *later = c->next;
    c->next = NULL;
    c->pos = q->w.mark.end;
    c->msgs = q->w.mark.msgs;
    c->special = q->w.mark.special;
    q->w.cur = c;
    q->w.in_message = false;
    while (later) {
        struct zx_chunk *next = later->next;
        zx_chunk_release(later, 0, later->pos, dead);
        zx_chunk_free(later);
        later = next;
    }
    zx_dead_flush(&own);
}

uint8_t *zx_queue_room(struct zx_queue *q, size_t min, size_t *out_room) {
    uint8_t *p = room(q, min);
    if (p)
        *out_room = q->w.cur->size - q->w.cur->pos;
    return p;
}

uint8_t *zx_queue_carry(struct zx_queue *q, const uint8_t *from, size_t carry, size_t min) {
    if (chunk_advance(q, min))
        return NULL;
    memcpy(q->w.cur->data, from, carry);
    return q->w.cur->data;
}

void zx_queue_put(struct zx_queue *q, uint32_t size, uint32_t msgs, uint32_t boundary) {
    struct zx_chunk *c = q->w.cur;
    if (boundary) {
        c->msgs += msgs;
        q->w.written += msgs;
        q->w.mark = (struct zx_mark){c, c->pos + boundary, c->msgs, c->special};
    }
    c->pos += size;
    if (size)
        q->w.in_message = boundary != size;
}

static void free_chain(struct zx_queue *q, struct zx_dead *dead) {
    struct zx_chunk *c = q->r.cur;
    if (!c)
        c = atomic_load_explicit(&q->sh.first, memory_order_relaxed);
    uint32_t from = zx_queue_boundary(q);
    while (c) {
        struct zx_chunk *next = c == q->w.cur ? NULL : c->next;
        zx_chunk_release(c, from, c->pos, dead);
        if (q->w.is_secret)
            zx_wipe(c->data, c->pos);
        zx_chunk_free(c);
        c = next;
        from = 0;
    }
    q->w.cur = q->w.open = q->r.cur = NULL;
    q->w.mark = (struct zx_mark){0};
    q->w.in_message = false;
    q->r.pos = q->r.end = q->r.msgs = q->r.msgs_seen = q->r.frame = 0;
    q->r.closed = q->r.special = false;
    q->r.ref_done = 0;
    atomic_store_explicit(&q->sh.first, NULL, memory_order_relaxed);
}

void zx_queue_clear(struct zx_queue *q, struct zx_dead *dead) {
    free_chain(q, dead);
    zx_chunk_free(atomic_exchange_explicit(&q->sh.spare, NULL, memory_order_acquire));
    q->r.read = q->w.written;
    q->r.in_message = false;
    zx_queue_slot_clear(q, dead);
    zx_queue_rearm(q);
    atomic_store_explicit(&q->sh.reported, q->r.read, memory_order_release);
}

void zx_queue_fini(struct zx_queue *q, struct zx_dead *dead) {
    free_chain(q, dead);
    zx_queue_slot_clear(q, dead);
    zx_chunk_free(atomic_exchange_explicit(&q->sh.spare, NULL, memory_order_acquire));
}

void zx_queue_rewind(struct zx_queue *q, bool keep) {
    struct zx_chunk *c = q->w.cur;
    if (!c || c != q->w.open || q->w.in_message || q->w.mark.end != c->pos)
        return;
    if (q->r.cur ? q->r.cur != c || q->r.pos != c->pos : c->pos != 0)
        return;
    if (!keep) {
        struct zx_dead none = {0};
        q->r.cur = c;
        /* Begin as large next time if most of it was used, else smaller. */
        q->w.hint = c->pos > c->size / 4 ? c->size : c->size / 4;
        free_chain(q, &none);
        zx_chunk_free(atomic_exchange_explicit(&q->sh.spare, NULL, memory_order_acquire));
        return;
    }
    c->pos = c->msgs = 0;
    c->special = false;
    q->w.mark = (struct zx_mark){c, 0, 0, false};
    q->r.pos = q->r.end = q->r.msgs = q->r.msgs_seen = q->r.frame = 0;
    /* Relaxed: both ends are ours; the lock we hold orders it for the next holder. */
    atomic_store_explicit(&c->tail, 0, memory_order_relaxed);
}
