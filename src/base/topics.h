/* SPDX-License-Identifier: MIT */
/*
 * The topics a subscriber wants, each as often as it asked for it.
 *
 * What: a counted set of byte strings, in order: SUB, XSUB. leaf->word counts.
 * Owner: its user, who locks. Life: zeroed is empty, zx_topics_fini frees.
 * Never: takes a topic longer than ZX_RADIX_KEY_MAX; locks.
 */
#ifndef ZX_BASE_TOPICS_H
#define ZX_BASE_TOPICS_H

#include "base/radix.h"

struct zx_topics {
    struct zx_radix tree;
    bool all; /* the empty topic, which begins everything, is there */
};

/* One more of it. 0, -ENOMEM, -EINVAL: too long. */
int zx_topics_add(struct zx_topics *t, const void *topic, size_t size);

enum zx_topics_left {
    ZX_TOPICS_UNKNOWN, /* was not there */
    ZX_TOPICS_LESS,    /* is still wanted */
    ZX_TOPICS_LAST     /* that was the last: it lies in *last and is to be forgotten */
};
/* One less of it. */
enum zx_topics_left zx_topics_remove(struct zx_topics *t, const void *topic, size_t size,
                                     struct zx_leaf **last);
/* Takes it out; whoever goes through the set in steps can step on before. */
void zx_topics_forget(struct zx_topics *t, struct zx_leaf *last);

/* Does any topic begin the message? */
static inline bool zx_topics_match(const struct zx_topics *t, const void *data, size_t size) {
    if (t->all)
        return true;
    struct zx_radix_walk w = zx_radix_walk(&t->tree, data, size);
    return zx_radix_prefix(&w) != NULL;
}
/* Distinct ones. */
static inline size_t zx_topics_count(const struct zx_topics *t) {
    return t->tree.count;
}
/* In order; NULL: that was all. */
static inline struct zx_leaf *zx_topics_first(const struct zx_topics *t) {
    return zx_radix_first(&t->tree);
}
static inline struct zx_leaf *zx_topics_next(const struct zx_topics *t, const struct zx_leaf *l) {
    return zx_radix_after(&t->tree, l->key, l->size);
}
static inline void zx_topics_fini(struct zx_topics *t) {
    t->all = false;
    zx_radix_fini(&t->tree, NULL);
}

#endif
