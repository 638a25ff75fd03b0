/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum { SLOTS = 32, SHELVES_MOST = 8 };

/* Slots for blocks. `held` says whose slot is somebody's, `full` which hold a block: who sets or
 * clears a bit first has the slot until the other word follows. */
struct shelf {
    _Alignas(64) atomic_uint held;
    atomic_uint full;
    void *slot[SLOTS];
};

/* How many blocks of each class are kept: many of the sizes that busy connections hold one of. */
static const unsigned char shelves_of[ZX_POOL_CLASSES] = {8, 1, 2, 1, 1, 1, 1, 1};
static const unsigned char slots_of[ZX_POOL_CLASSES] = {SLOTS, 16, SLOTS, 8, 8, 4, 2, 2};

static struct shelf shelves[ZX_POOL_CLASSES][SHELVES_MOST];

static unsigned lowest(unsigned bits) {
    return (unsigned)__builtin_ctz(bits);
}

static void *shelf_take(struct shelf *s) {
    unsigned full = atomic_load_explicit(&s->full, memory_order_relaxed);
    while (full) {
        unsigned bit = full & -full;
        /* Acquire: partner of the release in shelf_give, for the slot and for what the block's
         * last user did to it. */
        full = atomic_fetch_and_explicit(&s->full, ~bit, memory_order_acquire);
        if (full & bit) {
            void *block = s->slot[lowest(bit)];
            /* Release: the slot is read before it is written again. */
            atomic_fetch_and_explicit(&s->held, ~bit, memory_order_release);
            return block;
        }
    }
    return NULL;
}

static int shelf_give(struct shelf *s, unsigned slots, void *block) {
    const unsigned none = slots < SLOTS ? UINT32_MAX << slots : 0; /* slots that are not used */
    unsigned held = atomic_load_explicit(&s->held, memory_order_relaxed) | none;
    while (held != UINT32_MAX) {
        unsigned bit = ~held & (held + 1);
        /* Acquire: partner of the release in shelf_take. */
        held = atomic_fetch_or_explicit(&s->held, bit, memory_order_acquire) | none;
        if (!(held & bit)) {
            s->slot[lowest(bit)] = block;
            atomic_fetch_or_explicit(&s->full, bit, memory_order_release);
            return 1;
        }
    }
    return 0;
}

unsigned zx_pool_class(size_t size) {
    if (size <= zx_pool_content(ZX_POOL_NONE))
        return ZX_POOL_NONE;
    for (unsigned c = 1; c <= ZX_POOL_CLASSES; c++)
        if (size <= zx_pool_content(c))
            return c;
    return ZX_POOL_NONE;
}

static void *take_kept(unsigned class_) {
    void *block = NULL;
    for (unsigned i = 0; i < shelves_of[class_ - 1] && !block; i++)
        block = shelf_take(&shelves[class_ - 1][i]);
    return block;
}

void *zx_pool_take(unsigned class_) {
    void *block = take_kept(class_);
    return block ? block : malloc(ZX_POOL_HEAD + zx_pool_content(class_));
}

void zx_pool_give(void *block, unsigned class_) {
    for (unsigned i = 0; i < shelves_of[class_ - 1]; i++)
        if (shelf_give(&shelves[class_ - 1][i], slots_of[class_ - 1], block))
            return;
    free(block);
}

void zx_pool_trim(void) {
    for (unsigned c = 1; c <= ZX_POOL_CLASSES; c++)
        for (void *block; (block = take_kept(c));)
            free(block);
}
