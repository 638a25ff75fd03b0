/* SPDX-License-Identifier: MIT */
#include "base/slab.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 32768 };

struct zx_slab_block {
    struct zx_slab_block *next, *prev; /* in `open` while there is room */
    uint16_t used, count;
    uint16_t fresh; /* items from here on were never used */
    void *freed;    /* each holds the address of the next */
    uint64_t items[];
};

static void open_block(struct zx_slab *s, struct zx_slab_block *b) {
    b->prev = NULL;
    b->next = s->open;
    if (s->open)
        s->open->prev = b;
    s->open = b;
}

static void close_block(struct zx_slab *s, struct zx_slab_block *b) {
    if (b->prev)
        b->prev->next = b->next;
    else
        s->open = b->next;
    if (b->next)
        b->next->prev = b->prev;
}

/* As many as there are already, up to a limit. */
static struct zx_slab_block *block_new(struct zx_slab *s) {
    size_t count = s->live ? s->live : 1;
    if (count * s->item > BLOCK_BYTES)
        count = BLOCK_BYTES / s->item ? BLOCK_BYTES / s->item : 1;
    struct zx_slab_block *b = malloc(sizeof *b + count * s->item);
    if (!b)
        return NULL;
    *b = (struct zx_slab_block){.count = (uint16_t)count};
    open_block(s, b);
    return b;
}

void *zx_slab_alloc(struct zx_slab *s, uint16_t *number) {
    struct zx_slab_block *b = s->open ? s->open : block_new(s);
    char *item;
    if (!b)
        return NULL;
    if (b->freed) {
        item = b->freed;
        memcpy(&b->freed, item, sizeof b->freed);
    } else {
        item = (char *)b->items + b->fresh++ * s->item;
    }
    s->live++;
    if (++b->used == b->count)
        close_block(s, b);
    *number = (uint16_t)((size_t)(item - (char *)b->items) / s->item);
    return item;
}

void zx_slab_free(struct zx_slab *s, void *item, uint16_t number) {
    char *items = (char *)item - number * s->item;
    struct zx_slab_block *b = (void *)(items - offsetof(struct zx_slab_block, items));
    memcpy(item, &b->freed, sizeof b->freed);
    b->freed = item;
    s->live--;
    if (b->used-- == b->count)
        open_block(s, b);
    if (b->used)
        return;
    close_block(s, b);
    free(b);
}
