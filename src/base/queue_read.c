/* SPDX-License-Identifier: MIT */
/* The reader's end of a queue: records for sockets, stretches of bytes for links. */
#include <stdlib.h>

#include "base/group.h"
#include "base/msg.h"
#include "base/queue_private.h"
#include "base/ref.h"

static void release_note(const struct zx_rec *rec) {
    void *p;
    if (rec->size != 1 + sizeof p)
        return;
    memcpy(&p, rec->data + 1, sizeof p);
    if (p && rec->data[0] == ZX_NOTE_META)
        zx_ref_drop(p, 1);
    if (p && rec->data[0] == ZX_NOTE_GROUP)
        zx_group_unref(p);
}

void zx_rec_release(const struct zx_rec *rec, struct zx_dead *dead) {
    if (rec->body)
        zx_dead_add(dead, rec->body);
    else if (rec->flags & ZX_FRAME_NOTE)
        release_note(rec);
}

/* Parks the chunk just left for the producer, or frees it. */
static void chunk_left(struct zx_queue *q, struct zx_chunk *c) {
    if (c->size < ZX_QUEUE_CHUNK_MAX / 4 || c->size > ZX_QUEUE_CHUNK_MAX ||
        atomic_load_explicit(&q->sh.spare, memory_order_relaxed)) {
        zx_chunk_free(c);
        return;
    }
    /* Release: our reads of the chunk come before the producer's reuse. */
    zx_chunk_free(atomic_exchange_explicit(&q->sh.spare, c, memory_order_acq_rel));
}

bool zx_queue_refill(struct zx_queue *q) {
    struct zx_chunk *c = q->r.cur;
    if (!c) {
        /* Acquire: partner of the release store in chunk_advance. */
        c = atomic_load_explicit(&q->sh.first, memory_order_acquire);
        if (!c)
            return false;
        q->r.cur = c;
        q->r.pos = q->r.end = q->r.msgs = q->r.msgs_seen = q->r.frame = 0;
        q->r.closed = false;
    }
    for (;;) {
        if (!q->r.closed) {
            /* Acquire: partner of the release store in zx_queue_commit. */
            uint64_t tail = atomic_load_explicit(&c->tail, memory_order_acquire);
            q->r.end = (uint32_t)(tail & ZX_TAIL_END_MASK);
            q->r.msgs_seen = (uint32_t)(tail >> ZX_TAIL_MSGS_SHIFT & ZX_TAIL_MSGS_MASK);
            q->r.special = tail & ZX_TAIL_SPECIAL;
            q->r.closed = tail & ZX_TAIL_CLOSED;
        }
        if (q->r.pos != q->r.end)
            return true;
        if (!q->r.closed)
            return false;
        struct zx_chunk *next = c->next;
        chunk_left(q, c);
        c = q->r.cur = next;
        q->r.pos = q->r.msgs = q->r.frame = q->r.end = 0;
        q->r.closed = false;
        q->r.in_message = c->starts_mid;
    }
}

unsigned zx_queue_peek_row(struct zx_queue *q, struct zx_rec *recs, unsigned max,
                           size_t max_bytes) {
    if (!zx_queue_peek(q, &recs[0]))
        return 0;
    unsigned n = 1;
    if (!recs[0].total || recs[0].flags & ZX_FRAME_NOTE)
        return n;
    struct zx_queue walk;
    walk.r.cur = q->r.cur;
    walk.r.pos = q->r.pos + recs[0].total;
    for (size_t bytes = recs[0].size; n < max && walk.r.pos < q->r.end; n++) {
        zx_queue_decode(&walk, &recs[n]);
        bytes += recs[n].size;
        if (recs[n].flags & ZX_FRAME_NOTE || bytes > max_bytes)
            break;
        walk.r.pos += recs[n].total;
    }
    return n;
}

bool zx_queue_report(struct zx_queue *q) {
    zx_queue_rearm(q);
    atomic_store_explicit(&q->sh.reported, q->r.read, memory_order_release);
    /* Dekker with zx_queue_can_write_slow, see there. */
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&q->sh.full, memory_order_relaxed) &&
           atomic_exchange_explicit(&q->sh.full, 0, memory_order_acq_rel);
}

/* Counts n messages at once; reports where a multiple of the low-water mark is passed. What was
 * read since is there for a producer to see that finds the queue full: a publisher drops then. */
static bool count_messages(struct zx_queue *q, uint32_t n) {
    q->r.read += n;
    if (n < q->r.until_report) {
        q->r.until_report -= n;
        atomic_store_explicit(&q->sh.reported, q->r.read, memory_order_release);
        return false;
    }
    return zx_queue_report(q);
}

static bool gather_add(struct zx_gather *g, const uint8_t *data, size_t size) {
    if (g->n == g->max || g->bytes >= g->max_bytes)
        return false;
    if (size) {
        g->out[g->n++] = (struct zx_stretch){data, size};
        g->bytes += size;
    }
    return true;
}

static bool gather_ref(struct zx_gather *g, const struct zx_rec *rec, size_t done) {
    if (g->n_headers == ZX_GATHER_HEADERS || g->n + 2 > g->max || g->bytes >= g->max_bytes)
        return false;
    uint8_t *h = g->headers[g->n_headers++];
    size_t head = 2;
    h[0] = rec->flags & ZX_FRAME_WIRE_MASK;
    if (h[0] & ZX_FRAME_LONG) {
        zx_put64(h + 1, rec->size);
        head = 9;
    } else {
        h[1] = (uint8_t)rec->size;
    }
    if (done < head)
        gather_add(g, h + done, head - done);
    done = done > head ? done - head : 0;
    return gather_add(g, rec->data + done, rec->size - done);
}

/* Gathers [pos, end) of one chunk record by record. */
static bool gather_special(struct zx_gather *g, struct zx_chunk *c, uint32_t pos, uint32_t end,
                           size_t ref_done) {
    struct zx_queue walk;
    walk.r.cur = c;
    uint32_t run = pos;
    while (pos < end) {
        struct zx_rec rec;
        walk.r.pos = pos;
        zx_queue_decode(&walk, &rec);
        if (rec.flags & (ZX_FRAME_NOTE | ZX_FRAME_REF)) {
            if (run < pos && !gather_add(g, c->data + run, pos - run))
                return false;
            if (rec.flags & ZX_FRAME_NOTE || !gather_ref(g, &rec, ref_done))
                return false;
            ref_done = 0;
            run = pos + rec.total;
        }
        pos += rec.total;
    }
    return run >= end || gather_add(g, c->data + run, end - run);
}

/* With references in a chunk pos may stand inside an inline frame after a short write:
 * sends its rest first so that the walk starts at a header. */
static bool gather_rest(struct zx_queue *q, struct zx_gather *g, uint32_t *pos) {
    size_t rest = q->r.ref_done ? 0 : zx_queue_frame_rest(q);
    if (!rest)
        return true;
    if (!gather_add(g, q->r.cur->data + *pos, rest))
        return false;
    *pos += (uint32_t)rest;
    return true;
}

bool zx_queue_gather(struct zx_queue *q, struct zx_gather *g) {
    if (!zx_queue_has(q))
        return false;
    struct zx_chunk *c = q->r.cur;
    uint32_t pos = q->r.pos, end = q->r.end;
    bool special = q->r.special, closed = q->r.closed;
    if (special && !q->r.ref_done && !zx_queue_frame_rest(q) &&
        c->data[pos] & ZX_FRAME_NOTE)
        return true;
    size_t ref_done = q->r.ref_done;
    for (;;) {
        if (special) {
            if (c == q->r.cur && !gather_rest(q, g, &pos))
                return false;
            if (!gather_special(g, c, pos, end, ref_done))
                return false;
        } else if (pos < end && !gather_add(g, c->data + pos, end - pos)) {
            return false;
        }
        if (!closed)
            return false;
        c = c->next;
        uint64_t tail = atomic_load_explicit(&c->tail, memory_order_acquire);
        pos = 0;
        end = (uint32_t)(tail & ZX_TAIL_END_MASK);
        special = tail & ZX_TAIL_SPECIAL;
        closed = tail & ZX_TAIL_CLOSED;
        ref_done = 0;
    }
}

/* Moves over at most *size wire bytes of records; true if credit is due. */
static bool sent_special(struct zx_queue *q, size_t *size, struct zx_dead *dead) {
    struct zx_rec rec;
    /* Inside an inline frame there is no header to be read. */
    size_t n = q->r.ref_done ? 0 : zx_queue_frame_rest(q);
    if (n)
        rec.flags = q->r.cur->data[q->r.frame];
    else
        zx_queue_decode(q, &rec);
    if (n || !(rec.flags & ZX_FRAME_REF)) {
        if (!n)
            n = rec.total;
        if (n > *size) {
            q->r.pos += (uint32_t)*size;
            *size = 0;
            return false;
        }
        q->r.pos += (uint32_t)n;
        *size -= n;
    } else {
        size_t wire = (rec.flags & ZX_FRAME_LONG ? 9 : 2) + rec.size - q->r.ref_done;
        if (wire > *size) {
            q->r.ref_done += *size;
            *size = 0;
            return false;
        }
        *size -= wire;
        q->r.ref_done = 0;
        q->r.pos += rec.total;
        if (rec.body)
            zx_dead_add(dead, rec.body);
    }
    q->r.frame = q->r.pos;
    if (rec.flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE))
        return false;
    q->r.in_message = rec.flags & ZX_FRAME_MORE;
    if (q->r.in_message)
        return false;
    q->r.msgs++;
    return count_messages(q, 1);
}

bool zx_queue_sent(struct zx_queue *q, size_t size, struct zx_dead *dead) {
    bool credit = false;
    while (size && zx_queue_has(q)) {
        if (q->r.special) {
            credit |= sent_special(q, &size, dead);
            continue;
        }
        size_t n = q->r.end - q->r.pos;
        if (n > size)
            n = size;
        q->r.pos += (uint32_t)n;
        size -= n;
        if (q->r.pos == q->r.end) {
            /* Committed bytes end at a message's end: count by the tail word. A closed
             * chunk may end within one: refill knows by the next chunk. */
            q->r.frame = q->r.pos;
            q->r.in_message = false;
            credit |= count_messages(q, q->r.msgs_seen - q->r.msgs);
            q->r.msgs = q->r.msgs_seen;
        }
    }
    /* Between reports too: once a write to the kernel this costs nothing, and a writer who finds
     * no room finds what the last writes made. Whoever waits is told by the report. */
    atomic_store_explicit(&q->sh.reported, q->r.read, memory_order_release);
    return credit;
}

/* Walks headers from the last known boundary until the frame that holds pos is found. */
static bool find_frame(struct zx_queue *q, struct zx_rec *rec, uint32_t *start) {
    struct zx_queue walk;
    walk.r.cur = q->r.cur;
    uint32_t at = q->r.frame;
    while (at < q->r.pos) {
        walk.r.pos = at;
        zx_queue_decode(&walk, rec);
        if (at + rec->total > q->r.pos) {
            *start = at;
            q->r.frame = at;
            return true;
        }
        /* A message's end passed within a stretch is counted with the stretch. */
        if (!(rec->flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE)))
            q->r.in_message = rec->flags & ZX_FRAME_MORE;
        at += rec->total;
    }
    q->r.frame = at;
    return false;
}

size_t zx_queue_frame_rest(struct zx_queue *q) {
    struct zx_rec rec;
    uint32_t start;
    if (!q->r.cur)
        return 0;
    if (q->r.ref_done) {
        zx_queue_decode(q, &rec);
        return (rec.flags & ZX_FRAME_LONG ? 9 : 2) + rec.size - q->r.ref_done;
    }
    if (!find_frame(q, &rec, &start))
        return 0;
    return start + rec.total - q->r.pos;
}

uint32_t zx_queue_boundary(struct zx_queue *q) {
    return q->r.pos + (q->r.ref_done ? 0 : (uint32_t)zx_queue_frame_rest(q));
}

static uint32_t skip_messages(struct zx_queue *q, struct zx_dead *dead) {
    uint32_t msgs = 0;
    struct zx_rec rec;
    while (q->r.in_message && zx_queue_peek(q, &rec)) {
        zx_rec_release(&rec, dead);
        q->r.pos += rec.total;
        q->r.frame = q->r.pos;
        if (rec.flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE))
            continue;
        q->r.in_message = rec.flags & ZX_FRAME_MORE;
        if (!q->r.in_message) {
            q->r.msgs++;
            msgs++;
        }
    }
    return msgs;
}

/* Messages of this chunk that end at or before pos. */
static uint32_t ended_here(const struct zx_queue *q) {
    struct zx_queue walk;
    uint32_t ended = 0;
    walk.r.cur = q->r.cur;
    for (uint32_t at = 0; at < q->r.pos;) {
        struct zx_rec rec;
        walk.r.pos = at;
        zx_queue_decode(&walk, &rec);
        at += rec.total;
        if (!(rec.flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE | ZX_FRAME_MORE)) && at <= q->r.pos)
            ended++;
    }
    return ended;
}

uint64_t zx_queue_unread(struct zx_queue *q) {
    struct zx_chunk *c = q->r.cur;
    uint64_t n = q->sh.conflate && zx_queue_has_slot(q);
    if (c)
        n -= ended_here(q);
    else
        c = atomic_load_explicit(&q->sh.first, memory_order_acquire);
    while (c) {
        /* Acquire: partner of the release store in zx_queue_commit. */
        uint64_t tail = atomic_load_explicit(&c->tail, memory_order_acquire);
        n += tail >> ZX_TAIL_MSGS_SHIFT & ZX_TAIL_MSGS_MASK;
        c = tail & ZX_TAIL_CLOSED ? c->next : NULL;
    }
    return n;
}

bool zx_queue_drop_partial(struct zx_queue *q, struct zx_dead *dead) {
    struct zx_rec rec;
    uint32_t start, msgs = 0;
    if (!q->r.cur)
        return false;
    (void)zx_queue_has(q); /* at a chunk's end the next one tells if the message goes on */
    if (!q->r.special) {
        msgs = ended_here(q) - q->r.msgs;
        q->r.msgs += msgs;
    }
    bool cut = q->r.ref_done || find_frame(q, &rec, &start);
    if (cut) {
        if (q->r.ref_done)
            zx_queue_decode(q, &rec);
        else
            q->r.pos = start;
        zx_rec_release(&rec, dead);
        q->r.ref_done = 0;
        q->r.pos += rec.total;
        q->r.frame = q->r.pos;
        if (!(rec.flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE))) {
            q->r.in_message = rec.flags & ZX_FRAME_MORE;
            if (!q->r.in_message) {
                q->r.msgs++;
                msgs++;
            }
        }
    }
    msgs += skip_messages(q, dead);
    return count_messages(q, msgs);
}

struct zx_dead_more {
    struct zx_dead_more *next;
    struct zx_body *body;
};

void zx_dead_add(struct zx_dead *d, struct zx_body *body) {
    /* Plain memory needs no function of the outside: it goes on the spot. */
    if (!body->free_fn) {
        zx_body_unref(body, 1);
        return;
    }
    if (d->n < ZX_DEAD_MAX) {
        d->list[d->n++] = body;
        return;
    }
    struct zx_dead_more *m = malloc(sizeof *m);
    if (!m) {
        zx_body_unref(body, 1);
        return;
    }
    *m = (struct zx_dead_more){d->more, body};
    d->more = m;
}

void zx_dead_flush_slow(struct zx_dead *d) {
    struct zx_dead_more *more = d->more;
    unsigned n = d->n;
    d->n = 0;
    d->more = NULL;
    for (unsigned i = 0; i < n; i++)
        zx_body_unref(d->list[i], 1);
    while (more) {
        struct zx_dead_more *next = more->next;
        zx_body_unref(more->body, 1);
        free(more);
        more = next;
    }
}

void zx_dead_move(struct zx_dead *from, struct zx_dead *to) {
    for (unsigned i = 0; i < from->n; i++)
        zx_dead_add(to, from->list[i]);
    struct zx_dead_more **last = &to->more;
    while (*last)
        last = &(*last)->next;
    *last = from->more;
    from->n = 0;
    from->more = NULL;
}
