/* SPDX-License-Identifier: MIT */
/*
 * Peers by number: the routing ids of SERVER and PEER.
 *
 * What: gives each pipe a number that no other has, never 0, and finds it again in constant time.
 *   Numbers ascend from a random start, so that as a hash they need no mixing.
 * Owner: the socket's lock. Life: with its pattern; pipes enter at attach, leave at lost.
 * Never: holds references to pipes. The number lies in pipe->app.user_word.
 */
#ifndef ZX_PATTERNS_IDS_H
#define ZX_PATTERNS_IDS_H

#include "core/pipe.h"

struct zx_ids {
    struct zx_pipe **v; /* open addressing, linear probing; cap a power of two */
    uint32_t n, cap;
    uint32_t next;
};

void zx_ids_init(struct zx_ids *ids, uint32_t first);
void zx_ids_fini(struct zx_ids *ids);
int zx_ids_add(struct zx_ids *ids, struct zx_pipe *p); /* -ENOMEM */
void zx_ids_remove(struct zx_ids *ids, struct zx_pipe *p);

/* NULL: nobody has it. */
static inline struct zx_pipe *zx_ids_find(const struct zx_ids *ids, uint32_t id) {
    if (!ids->n)
        return NULL;
    uint32_t mask = ids->cap - 1;
    for (uint32_t i = id & mask; ids->v[i]; i = (i + 1) & mask)
        if (ids->v[i]->app.user_word == id)
            return ids->v[i];
    return NULL;
}

#endif
