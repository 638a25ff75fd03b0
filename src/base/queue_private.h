/* SPDX-License-Identifier: MIT */
/*
 * What the files of the queue share among themselves.
 *
 * What: releasing of records, the CONFLATE slot. Owner and life: see queue.h.
 * Never: included by anything but src/base/queue*.c.
 */
#ifndef ZX_BASE_QUEUE_PRIVATE_H
#define ZX_BASE_QUEUE_PRIVATE_H

#include "base/queue.h"

void zx_chunk_release(struct zx_chunk *c, uint32_t from, uint32_t to, struct zx_dead *dead);

/* Where the first record not wholly consumed, or the one after half a frame sent, begins. */
uint32_t zx_queue_boundary(struct zx_queue *q);

/* Gives a chunk back to where it came from. NULL: nothing. */
void zx_chunk_free(struct zx_chunk *c);

int zx_queue_slot_write(struct zx_queue *q, const void *data, size_t size);
int zx_queue_slot_write_ref(struct zx_queue *q, const void *data, size_t size,
                            struct zx_body *body);
void zx_queue_slot_clear(struct zx_queue *q, struct zx_dead *dead);

#endif
