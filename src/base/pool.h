/* SPDX-License-Identifier: MIT */
/*
 * Memory blocks that are recycled.
 *
 * What: blocks of eight sizes, 16 KiB doubled to 2 MiB, each with room for a header: the chunks of
 * busy queues and the bodies of messages. What malloc gives back to the system costs a page fault
 * per page when it is taken again, and that for every burst. Of each size a bounded number is kept,
 * at most 20 MiB in all.
 * Owner: the process; any thread takes and gives, without waiting. Life: the blocks kept are
 * freed when a context ends (trim). Never: clears a block; an idle connection holds none.
 */
#ifndef ZX_BASE_POOL_H
#define ZX_BASE_POOL_H

#include <stddef.h>

enum { ZX_POOL_CLASSES = 8, ZX_POOL_HEAD = 64, ZX_POOL_NONE = 0 };

/* The class of a content of size bytes, 1 to ZX_POOL_CLASSES; ZX_POOL_NONE if it is 8 KiB or less
 * or more than 2 MiB. */
unsigned zx_pool_class(size_t size);

/* The bytes that lie behind the header in a block of the class. */
static inline size_t zx_pool_content(unsigned class_) {
    return (size_t)8192 << class_;
}

/* A block of ZX_POOL_HEAD bytes and the content; NULL without memory. It is malloc's: free and
 * realloc may have it too. */
void *zx_pool_take(unsigned class_);
void zx_pool_give(void *block, unsigned class_);
/* Gives all that is kept back to malloc. */
void zx_pool_trim(void);

#endif
