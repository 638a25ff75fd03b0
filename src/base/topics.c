/* SPDX-License-Identifier: MIT */
#include "base/topics.h"

#include <errno.h>

int zx_topics_add(struct zx_topics *t, const void *topic, size_t size) {
    bool made;
    if (size > ZX_RADIX_KEY_MAX)
        return -EINVAL;
    struct zx_leaf *leaf = zx_radix_put(&t->tree, topic, size, &made);
    if (!leaf || leaf->word == UINT32_MAX)
        return -ENOMEM;
    leaf->word++;
    t->all |= size == 0;
    return 0;
}

enum zx_topics_left zx_topics_remove(struct zx_topics *t, const void *topic, size_t size,
                                     struct zx_leaf **last) {
    struct zx_leaf *leaf = zx_radix_find(&t->tree, topic, size);
    *last = NULL;
    if (!leaf)
        return ZX_TOPICS_UNKNOWN;
    if (--leaf->word)
        return ZX_TOPICS_LESS;
    *last = leaf;
    return ZX_TOPICS_LAST;
}

void zx_topics_forget(struct zx_topics *t, struct zx_leaf *last) {
    t->all &= last->size != 0;
    zx_radix_remove(&t->tree, last);
}
