/* SPDX-License-Identifier: MIT */
/*
 * The topics a subscriber wants, each as often as it asked for it.
 *
 * What: a counted set of byte strings: SUB, XSUB.
 * Owner: its user, who locks. Life: zeroed is empty, zx_topics_fini frees.
 * Never: takes a topic longer than ZX_RADIX_KEY_MAX; locks.
 */
#ifndef ZX_BASE_TOPICS_H
#define ZX_BASE_TOPICS_H

#include "base/radix.h"

struct zx_topics {
    struct zx_radix tree; /* leaf->word counts */
};

/* One more of it; *leaf and whether it is new. 0, -ENOMEM, -EINVAL: too long. */
int zx_topics_add(struct zx_topics *t, const void *topic, size_t size, bool *is_new);
/* What zx_topics_remove would do. */
enum zx_topics_left {
    ZX_TOPICS_UNKNOWN, /* was not there */
    ZX_TOPICS_LESS,    /* is still wanted */
    ZX_TOPICS_GONE     /* that was the last */
};
/* One less. before_gone (may be NULL) sees the leaf that is about to go. */
enum zx_topics_left zx_topics_remove(struct zx_topics *t, const void *topic, size_t size,
                                     void (*before_gone)(struct zx_leaf *leaf, void *arg),
                                     void *arg);
/* Does any topic begin the message? */
static inline bool zx_topics_match(const struct zx_topics *t, const void *data, size_t size) {
    struct zx_radix_walk w = zx_radix_walk(&t->tree, data, size);
    return zx_radix_prefix(&w) != NULL;
}
/* Distinct ones. */
static inline size_t zx_topics_count(const struct zx_topics *t) {
    return t->tree.count;
}
void zx_topics_fini(struct zx_topics *t);

#endif
