/* SPDX-License-Identifier: MIT */
/* CONFLATE: a queue of one frame, the newest; multipart messages break (documented). */
#include <errno.h>
#include <stdlib.h>

#include "base/msg.h"
#include "base/queue_private.h"

struct zx_slot {
    const uint8_t *data;
    size_t size;
    struct zx_body *body;
};

int zx_queue_slot_write_ref(struct zx_queue *q, const void *data, size_t size,
                            struct zx_body *body) {
    struct zx_slot *s = malloc(sizeof *s);
    if (!s)
        return -ENOMEM;
    *s = (struct zx_slot){data, size, body};
    /* Acquire and release: the frame travels with the pointer, in both directions. */
    struct zx_slot *old = atomic_exchange_explicit(&q->sh.slot, s, memory_order_acq_rel);
    q->w.written++;
    if (old && old->body && q->w.dead)
        zx_dead_add(q->w.dead, old->body);
    else if (old && old->body)
        zx_body_unref(old->body, 1);
    free(old);
    return 0;
}

int zx_queue_slot_write(struct zx_queue *q, const void *data, size_t size) {
    struct zx_body *b = zx_body_new(size);
    if (!b)
        return -ENOMEM;
    if (size)
        memcpy(b->data, data, size);
    int rc = zx_queue_slot_write_ref(q, b->data, size, b);
    if (rc)
        zx_body_unref(b, 1);
    return rc;
}

bool zx_queue_peek_slot(struct zx_queue *q, struct zx_rec *rec) {
    if (!q->r.taken)
        q->r.taken = atomic_exchange_explicit(&q->sh.slot, NULL, memory_order_acq_rel);
    if (!q->r.taken)
        return false;
    *rec = (struct zx_rec){ZX_FRAME_REF, q->r.taken->data, q->r.taken->size, q->r.taken->body, 0};
    return true;
}

void zx_queue_slot_done(struct zx_queue *q) {
    free(q->r.taken);
    q->r.taken = NULL;
}

bool zx_queue_has_slot(struct zx_queue *q) {
    return q->r.taken || atomic_load_explicit(&q->sh.slot, memory_order_acquire);
}

void zx_queue_slot_clear(struct zx_queue *q, struct zx_dead *dead) {
    struct zx_rec rec;
    while (q->sh.conflate && zx_queue_peek_slot(q, &rec)) {
        zx_rec_release(&rec, dead);
        zx_queue_slot_done(q);
    }
}
