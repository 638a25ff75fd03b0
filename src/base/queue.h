/* SPDX-License-Identifier: MIT */
/*
 * A queue that is a stretch of wire: a chain of byte chunks holding ZMTP 3 frames.
 *
 * What: one direction between a socket and a peer. A record is flags, length (1 or 8
 *   bytes) and body; private flag bits mark bodies held by reference and notes.
 * Owner: two ends. Everything in `w` belongs to the producer, everything in `r` to the
 *   reader; each end is used by one thread at a time under the lock that guards that
 *   end (socket lock or link word). `sh` is shared and atomic.
 * Life: init, any traffic, fini by whoever drops the last reference to both ends.
 * Never: locks, blocks, wakes anybody: the caller tells the other side.
 *
 * Visibility: the producer writes at a private position; zx_queue_commit publishes up
 * to the last marked message end with one release store to the open chunk's tail word.
 * Partner: the acquire load in zx_queue_refill. A chunk is left by the reader only when
 * its tail says CLOSED and it is read to its end, so `next` needs no barrier of its own.
 */
#ifndef ZX_BASE_QUEUE_H
#define ZX_BASE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

struct zx_body;
struct zx_dead;

/* Frame flags: the low three as on the wire (RFC 37), the others private. */
enum {
    ZX_FRAME_MORE = 1,
    ZX_FRAME_LONG = 2,
    ZX_FRAME_COMMAND = 4,
    ZX_FRAME_REF = 8,
    ZX_FRAME_NOTE = 16,
    ZX_FRAME_WIRE_MASK = 7
};

/* A note's body starts with one of these. Notes are neither sent nor counted. */
enum zx_note {
    ZX_NOTE_META = 1,  /* pointer to the metadata of what follows (one reference) or NULL */
    ZX_NOTE_END = 2,   /* end of stream: the peer is gone, nothing follows */
    ZX_NOTE_SUB = 3,   /* u32 epoch, u8 1 subscribe / 0 cancel, topic */
    ZX_NOTE_ROUTING = 4, /* u32 routing id of the next message (inproc) */
    ZX_NOTE_GROUP = 5,   /* pointer to the group of the next message (one reference) */
    ZX_NOTE_EPOCH = 6    /* a new connection begins: u32 epoch */
};

/* Bodies larger than this go by reference, whoever owns them. */
#define ZX_QUEUE_REF_ABOVE 8192u
/* How far ahead memory is fetched: what the other end touched last lies in its cache. */
#define ZX_QUEUE_AHEAD 256
#define ZX_QUEUE_CHUNK_MIN 64u
#define ZX_QUEUE_KEEP 4096u /* an empty queue keeps a chunk up to this size */
#define ZX_QUEUE_CHUNK_MAX 65536u

/* Chunk tail word: end of the published bytes, messages ending in the chunk, two bits. */
#define ZX_TAIL_END_MASK UINT64_C(0xffffffff)
#define ZX_TAIL_MSGS_SHIFT 32
#define ZX_TAIL_MSGS_MASK UINT64_C(0x3fffffff)
#define ZX_TAIL_SPECIAL (UINT64_C(1) << 62) /* holds references or notes: walk the headers */
#define ZX_TAIL_CLOSED (UINT64_C(1) << 63)  /* nothing more comes, go on in next */

struct zx_slot;

struct zx_chunk {
    _Atomic uint64_t tail;
    struct zx_chunk *next; /* published by the CLOSED bit */
    /* producer only */
    uint32_t pos;  /* end of the written records */
    uint32_t msgs; /* complete messages ending here */
    uint32_t size;
    bool special;
    bool starts_mid; /* its first frame is not the first of a message; never changes */
    uint8_t data[];
};

struct zx_mark { /* a message boundary not yet published */
    struct zx_chunk *chunk;
    uint32_t end;
    uint32_t msgs;
    bool special;
};

struct zx_queue {
    struct {
        struct zx_chunk *cur;  /* chunk being written; NULL while the queue holds no memory */
        struct zx_chunk *open; /* chunk in which the last commit ended */
        struct zx_mark mark;
        uint64_t written; /* complete messages marked */
        uint64_t limit;   /* full when written == limit */
        struct zx_dead *dead; /* where bodies go that are thrown away; NULL: freed at once */
        uint32_t max_chunk;
        uint32_t hint; /* size to begin with when there is no chunk */
        bool in_message;  /* frames of an unfinished message are behind the mark */
        bool is_secret;   /* its memory is wiped before it is freed */
    } w;
    struct {
        _Alignas(64) struct zx_chunk *cur;
        uint32_t pos;
        uint32_t end;       /* published end last seen */
        uint32_t msgs;      /* messages of this chunk counted so far (stretch readers) */
        uint32_t msgs_seen; /* messages of this chunk in the tail last seen */
        uint32_t frame;     /* a frame boundary at or before pos in this chunk */
        bool special, closed;
        bool in_message;    /* a message was begun and its last frame not consumed */
        size_t ref_done;    /* bytes of the by-reference record at pos already sent */
        uint64_t read;      /* complete messages consumed */
        uint32_t until_report;
        struct zx_slot *taken; /* CONFLATE: frame peeked and not yet consumed */
    } r;
    struct {
        _Alignas(64) _Atomic uint64_t reported; /* messages read, as last published */
        atomic_uint hwm;                        /* 0: no limit */
        atomic_uint full;                       /* producer waits for credit */
        struct zx_chunk *_Atomic first;         /* first chunk ever, until the reader takes it */
        struct zx_chunk *_Atomic spare;         /* one consumed chunk kept for the producer */
        struct zx_slot *_Atomic slot;           /* CONFLATE: newest frame */
        bool conflate;                          /* fixed at init */
    } sh;
};

struct zx_rec {
    uint8_t flags;
    const uint8_t *data;
    size_t size;
    struct zx_body *body; /* by reference: the reference held by the queue, or NULL */
    uint32_t total;       /* bytes of the record in the chunk */
};

void zx_queue_init(struct zx_queue *q, uint32_t hwm, bool conflate);
/* Frees chunks; nobody may use either end any more. Bodies still held go to *dead. */
void zx_queue_fini(struct zx_queue *q, struct zx_dead *dead);

/* Drops what a record holds: body, metadata or group. */
void zx_rec_release(const struct zx_rec *rec, struct zx_dead *dead);

/* ---- producer's end ---- */

/* Appends one frame (flags: MORE, COMMAND, NOTE as wanted). A frame without MORE,
 * COMMAND and NOTE ends a message. Copies data. -ENOMEM: nothing changed. */
int zx_queue_write(struct zx_queue *q, const void *data, size_t size, uint8_t flags);
/* Appends a note of two pieces. Where zx_queue_room was given room for it: not -ENOMEM. */
int zx_queue_write_note(struct zx_queue *q, const void *head, size_t head_size, const void *data,
                        size_t size);
/* A whole inline message written and published: what happens millions of times a second.
 * False: it does not fit this path, nothing was done. */
static inline bool zx_queue_put_whole(struct zx_queue *q, const uint8_t *data, size_t size) {
    struct zx_chunk *c = q->w.cur;
    if (size > ZX_QUEUE_REF_ABOVE || !c || c != q->w.open || q->w.in_message ||
        c->size - c->pos < size + 9 || q->sh.conflate)
        return false;
    uint8_t *p = c->data + c->pos;
    uint32_t head = 2;
    zx_prefetch_write(p + ZX_QUEUE_AHEAD);
    if (size <= 255) {
        p[0] = 0;
        p[1] = (uint8_t)size;
    } else {
        p[0] = ZX_FRAME_LONG;
        zx_put64(p + 1, size);
        head = 9;
    }
    zx_copy(p + head, data, size);
    uint32_t end = c->pos += (uint32_t)size + head, msgs = ++c->msgs;
    q->w.written++;
    q->w.mark.end = end;
    q->w.mark.msgs = msgs;
    q->w.mark.special = c->special;
    /* The release store of zx_queue_commit. */
    atomic_store_explicit(&c->tail,
                          (uint64_t)end | (uint64_t)msgs << ZX_TAIL_MSGS_SHIFT |
                              (c->special ? ZX_TAIL_SPECIAL : 0),
                          memory_order_release);
    return true;
}
/* The same by reference; takes over one reference to body (NULL: constant memory). */
int zx_queue_write_ref(struct zx_queue *q, const void *data, size_t size, struct zx_body *body,
                       uint8_t flags);
/* Publishes everything up to the last complete message or note. */
void zx_queue_commit(struct zx_queue *q);
/* Forgets the frames of an unfinished message. */
void zx_queue_rollback(struct zx_queue *q);
/* True if a message may be begun. Sets `full` and looks again before saying no, so that
 * the reader's next report finds it (partner: zx_queue_report). */
bool zx_queue_can_write_slow(struct zx_queue *q);
static inline bool zx_queue_has_room(const struct zx_queue *q) {
    return q->w.written < q->w.limit; /* false: perhaps; see zx_queue_can_write */
}
static inline bool zx_queue_can_write(struct zx_queue *q) {
    return zx_queue_has_room(q) || zx_queue_can_write_slow(q);
}
/* Changes the high-water mark from the producer's end. */
void zx_queue_set_hwm(struct zx_queue *q, uint32_t hwm);

/* Raw room for at least min bytes behind the written records, for a receiver that
 * parses in place; NULL without memory. zx_queue_put then accounts the parsed part. */
uint8_t *zx_queue_room(struct zx_queue *q, size_t min, size_t *room);
/* Goes on in a fresh chunk with room for min bytes and copies `carry` unparsed bytes. */
uint8_t *zx_queue_carry(struct zx_queue *q, const uint8_t *from, size_t carry, size_t min);
/* Accounts size bytes of whole frames lying in the room; msgs messages end in it, the
 * last boundary at offset boundary (0 and msgs 0: no boundary among them). */
void zx_queue_put(struct zx_queue *q, uint32_t size, uint32_t msgs, uint32_t boundary);

/* ---- reader's end ---- */

/* Loads more of the tail, moves to the next chunk; false if nothing is there. */
bool zx_queue_refill(struct zx_queue *q);
/* Decodes the record at the read position; needs r.pos < r.end. */
static inline void zx_queue_decode(const struct zx_queue *q, struct zx_rec *rec) {
    const uint8_t *p = q->r.cur->data + q->r.pos;
    rec->flags = p[0];
    rec->body = NULL;
    if (!(p[0] & (ZX_FRAME_LONG | ZX_FRAME_REF))) {
        rec->size = p[1];
        rec->data = p + 2;
        rec->total = 2u + p[1];
        return;
    }
    rec->size = (size_t)zx_get64(p + 1);
    if (p[0] & ZX_FRAME_REF) {
        memcpy(&rec->data, p + 9, sizeof rec->data);
        memcpy(&rec->body, p + 9 + sizeof rec->data, sizeof rec->body);
        rec->total = 9u + 2u * (uint32_t)sizeof(void *);
    } else {
        rec->data = p + 9;
        rec->total = 9u + (uint32_t)rec->size;
    }
}
bool zx_queue_peek_slot(struct zx_queue *q, struct zx_rec *rec);
/* The record at the front; false if the queue is empty. Any kind of record. */
static inline bool zx_queue_peek(struct zx_queue *q, struct zx_rec *rec) {
    if (q->r.pos == q->r.end && !zx_queue_refill(q))
        return q->sh.conflate && zx_queue_peek_slot(q, rec);
    zx_queue_decode(q, rec);
    return true;
}
/* The records from the front on, at most max (> 0) of them and no more once they make max_bytes:
 * those that lie in one chunk, so that all stay where they are until the last is consumed. A
 * note stands alone. */
unsigned zx_queue_peek_row(struct zx_queue *q, struct zx_rec *recs, unsigned max,
                           size_t max_bytes);
void zx_queue_slot_done(struct zx_queue *q);
/* Arms the next report at the low-water mark of the present high-water mark. */
void zx_queue_rearm(struct zx_queue *q);
/* Publishes the count of messages read. True if the producer waits for credit and must
 * be told. */
bool zx_queue_report(struct zx_queue *q);
/* Moves past the record just peeked; the caller has taken or dropped its reference.
 * True as zx_queue_report. */
static inline bool zx_queue_consume(struct zx_queue *q, const struct zx_rec *rec) {
    if (!rec->total)
        zx_queue_slot_done(q);
    q->r.pos += rec->total;
    if (rec->flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE))
        return false;
    q->r.in_message = rec->flags & ZX_FRAME_MORE;
    if (q->r.in_message)
        return false;
    q->r.read++;
    return --q->r.until_report == 0 && zx_queue_report(q);
}
/* The same by a reader of stretches, at a frame's boundary: keeps its counts. */
static inline bool zx_queue_consume_encoded(struct zx_queue *q, const struct zx_rec *rec) {
    bool credit = zx_queue_consume(q, rec);
    if (!rec->total)
        return credit;
    q->r.frame = q->r.pos;
    if (!(rec->flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE | ZX_FRAME_MORE)))
        q->r.msgs++;
    return credit;
}
bool zx_queue_has_slot(struct zx_queue *q);
/* Something published and unread. */
static inline bool zx_queue_has(struct zx_queue *q) {
    return q->r.pos != q->r.end || zx_queue_refill(q) ||
           (q->sh.conflate && zx_queue_has_slot(q));
}
/* Changes when the producer publishes in the chunk being read; ZX_TAIL_CLOSED: not to be told. */
static inline uint64_t zx_queue_tail(const struct zx_queue *q) {
    return q->r.cur ? atomic_load_explicit(&q->r.cur->tail, memory_order_relaxed)
                    : ZX_TAIL_CLOSED;
}
/* Messages published and not wholly consumed, exactly; walks the chunk being read. */
uint64_t zx_queue_unread(struct zx_queue *q);

/* ---- stretch reader: a link that writes to a byte stream ---- */

struct zx_stretch {
    const uint8_t *data;
    size_t size;
};
enum { ZX_GATHER_HEADERS = 8 };
struct zx_gather {
    struct zx_stretch *out;
    unsigned max, n;
    size_t bytes, max_bytes;
    unsigned n_headers;
    uint8_t headers[ZX_GATHER_HEADERS][9]; /* wire headers of by-reference frames */
};
/* Collects wire bytes from the read position without moving it; stops before a note.
 * Returns true if it stopped before a note standing at the very read position. */
bool zx_queue_gather(struct zx_queue *q, struct zx_gather *g);
/* size bytes of what was gathered are written: moves on, releases bodies. True if the
 * producer must be told of credit. Released bodies go to *dead (chained unref is the
 * caller's business: at most one call frees at a time, see zx_dead). */
struct zx_dead;
bool zx_queue_sent(struct zx_queue *q, size_t size, struct zx_dead *dead);
/* Bytes left of the frame that the read position stands in; 0 at a frame boundary. */
size_t zx_queue_frame_rest(struct zx_queue *q);
/* The stream is lost: drops what remains of the message in progress, so that the next
 * reader starts at a boundary. True if the producer must be told of credit. */
bool zx_queue_drop_partial(struct zx_queue *q, struct zx_dead *dead);

/* ---- both ends held by one thread ---- */

/* Starts again at the front of the chunk if the queue is empty; gives large memory back
 * when keep is false. */
void zx_queue_rewind(struct zx_queue *q, bool keep);
/* Drops everything queued, messages counted as read (a reconnecting SUB's requests). */
void zx_queue_clear(struct zx_queue *q, struct zx_dead *dead);

/* ---- bodies to be released after the last unlock ---- */

/* Free functions may call back into the library, so no lock may be held when they run:
 * references found under a lock are parked here and dropped by zx_dead_flush. */
enum { ZX_DEAD_MAX = 8 };
struct zx_dead {
    unsigned n;
    struct zx_body *list[ZX_DEAD_MAX];
    struct zx_dead_more *more;
};
void zx_dead_add(struct zx_dead *d, struct zx_body *body);
void zx_dead_flush_slow(struct zx_dead *d);
/* Everything in `from` goes to `to`. */
void zx_dead_move(struct zx_dead *from, struct zx_dead *to);
static inline void zx_dead_flush(struct zx_dead *d) {
    if (d->n)
        zx_dead_flush_slow(d);
}

#endif
