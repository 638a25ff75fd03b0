/* SPDX-License-Identifier: MIT */
#include "base/group.h"

#include <stdlib.h>
#include <string.h>

struct zx_group *zx_group_new(const char *name, size_t size) {
    struct zx_group *g = malloc(sizeof *g + size + 1);
    if (!g)
        return NULL;
    atomic_init(&g->refs, 1);
    g->size = (uint32_t)size;
    memcpy(g->name, name, size);
    g->name[size] = '\0';
    return g;
}

void zx_group_ref(struct zx_group *g) {
    atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
}

void zx_group_unref(struct zx_group *g) {
    if (atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) == 1)
        free(g);
}
