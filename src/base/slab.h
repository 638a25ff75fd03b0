/* SPDX-License-Identifier: MIT */
/*
 * Many small things of one size, close together.
 *
 * What: blocks that grow with what is in use; whoever holds an item also keeps its number in its
 *   block, which leads back to the block. Neighbours share cache lines and pages, and there is no
 *   header for each.
 * Owner: its user, who locks. Life: zeroed with a size is empty; a block goes when its last item
 *   goes, so there is nothing to free at the end.
 * Never: moves an item.
 */
#ifndef ZX_BASE_SLAB_H
#define ZX_BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct zx_slab_block;

struct zx_slab {
    struct zx_slab_block *open; /* blocks with room */
    size_t live;                /* items in use */
    size_t item;                /* bytes of one, a multiple of 8 */
};

/* NULL: no memory. The item's number goes to *number. */
void *zx_slab_alloc(struct zx_slab *s, uint16_t *number);
void zx_slab_free(struct zx_slab *s, void *item, uint16_t number);

#endif
