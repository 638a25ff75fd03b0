/* SPDX-License-Identifier: MIT */
#include "patterns/ids.h"

#include <errno.h>
#include <stdlib.h>

enum { CAP_MIN = 8 };

void zx_ids_init(struct zx_ids *ids, uint32_t first) {
    *ids = (struct zx_ids){.next = first};
}

void zx_ids_fini(struct zx_ids *ids) {
    free(ids->v);
    *ids = (struct zx_ids){.v = NULL};
}

static void place(struct zx_ids *ids, struct zx_pipe *p) {
    uint32_t mask = ids->cap - 1, i = p->app.user_word & mask;
    while (ids->v[i])
        i = (i + 1) & mask;
    ids->v[i] = p;
}

static int grow(struct zx_ids *ids) {
    struct zx_pipe **old = ids->v;
    uint32_t old_cap = ids->cap, cap = old_cap ? old_cap * 2 : CAP_MIN;
    struct zx_pipe **v = calloc(cap, sizeof *v);
    if (!v)
        return -ENOMEM;
    ids->v = v;
    ids->cap = cap;
    for (uint32_t i = 0; i < old_cap; i++)
        if (old[i])
            place(ids, old[i]);
    free(old);
    return 0;
}

int zx_ids_add(struct zx_ids *ids, struct zx_pipe *p) {
    int rc = ids->n * 2 >= ids->cap ? grow(ids) : 0;
    if (rc)
        return rc;
    while (!ids->next || zx_ids_find(ids, ids->next))
        ids->next++;
    p->app.user_word = ids->next++;
    place(ids, p);
    ids->n++;
    return 0;
}

void zx_ids_remove(struct zx_ids *ids, struct zx_pipe *p) {
    if (zx_ids_find(ids, p->app.user_word) != p)
        return;
    uint32_t mask = ids->cap - 1, i = p->app.user_word & mask;
    while (ids->v[i] != p)
        i = (i + 1) & mask;
    ids->v[i] = NULL;
    ids->n--;
    /* Close the gap: whoever probed past it moves up. */
    for (i = (i + 1) & mask; ids->v[i]; i = (i + 1) & mask) {
        struct zx_pipe *moved = ids->v[i];
        ids->v[i] = NULL;
        place(ids, moved);
    }
}
