/* SPDX-License-Identifier: MIT */
#include "base/subs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SET_MIN = 4, LIST_MIN = 4 };

struct entry {
    struct zx_holder *h;
    uint32_t id;
    uint32_t at; /* index in the holder's list */
};

struct zx_subs_set { /* of two or more, ascending */
    uint32_t n, cap;
    struct entry v[];
};

static struct zx_subs_set *set_of(const struct zx_leaf *leaf) {
    uintptr_t p = (uintptr_t)leaf->ptr;
    return p & 1 ? (struct zx_subs_set *)(p - 1) : NULL;
}

static void put_set(struct zx_leaf *leaf, struct zx_subs_set *set) {
    leaf->ptr = (void *)((uintptr_t)set + 1);
}

/* Ids may come round again after 2^32 holders: then addresses decide. */
static bool is_before(const struct entry *e, const struct zx_holder *h) {
    return e->id != h->id ? e->id < h->id : (uintptr_t)e->h < (uintptr_t)h;
}

/* Where h is or belongs. */
static uint32_t find_entry(const struct zx_subs_set *set, const struct zx_holder *h) {
    uint32_t from = 0, to = set->n;
    if (is_before(&set->v[to - 1], h))
        return to;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (is_before(&set->v[middle], h))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Where a leaf keeps its index in h's list; NULL: h does not hold it. */
static uint32_t *index_in(struct zx_leaf *leaf, const struct zx_holder *h) {
    struct zx_subs_set *set = set_of(leaf);
    if (!set)
        return leaf->ptr == h ? &leaf->word : NULL;
    uint32_t i = find_entry(set, h);
    return i < set->n && set->v[i].h == h ? &set->v[i].at : NULL;
}

/* ---- a holder's list ---- */

static int list_reserve(struct zx_holder *h) {
    if (h->n < h->cap)
        return 0;
    if (h->cap > UINT32_MAX / 2)
        return -ENOMEM;
    uint32_t cap = h->cap < LIST_MIN ? LIST_MIN : h->cap + h->cap / 4 + LIST_MIN;
    struct zx_leaf **v = realloc(h->v, cap * sizeof *v);
    if (!v)
        return -ENOMEM;
    h->v = v;
    h->cap = cap;
    return 0;
}

static void list_shrink(struct zx_holder *h) {
    if (h->n > h->cap / 4)
        return;
    struct zx_leaf **v = h->n ? realloc(h->v, (h->n * 2) * sizeof *v) : NULL;
    if (!h->n)
        free(h->v);
    else if (!v)
        return;
    h->v = v;
    h->cap = h->n * 2;
}

/* The last of the list takes the place of the one that goes. */
static void list_remove(struct zx_holder *h, uint32_t at) {
    struct zx_leaf *moved = h->v[--h->n];
    if (at < h->n) {
        h->v[at] = moved;
        *index_in(moved, h) = at;
    }
    list_shrink(h);
}

/* ---- a topic's holders ---- */

static int make_set(struct zx_leaf *leaf) {
    struct zx_subs_set *set = malloc(sizeof *set + SET_MIN * sizeof set->v[0]);
    if (!set)
        return -ENOMEM;
    struct zx_holder *h = leaf->ptr;
    set->n = 1;
    set->cap = SET_MIN;
    set->v[0] = (struct entry){h, h->id, leaf->word};
    put_set(leaf, set);
    return 0;
}

static int set_reserve(struct zx_leaf *leaf) {
    struct zx_subs_set *set = set_of(leaf);
    if (!set)
        return make_set(leaf);
    if (set->n < set->cap)
        return 0;
    if (set->cap > UINT32_MAX / 2)
        return -ENOMEM;
    uint32_t cap = set->cap + set->cap / 2;
    set = realloc(set, sizeof *set + cap * sizeof set->v[0]);
    if (!set)
        return -ENOMEM;
    set->cap = cap;
    put_set(leaf, set);
    return 0;
}

/* One holder needs no set. */
static void set_shrink(struct zx_leaf *leaf) {
    struct zx_subs_set *set = set_of(leaf);
    if (set->n == 1) {
        leaf->ptr = set->v[0].h;
        leaf->word = set->v[0].at;
        free(set);
    } else if (set->n <= set->cap / 4) {
        uint32_t cap = set->n * 2;
        set = realloc(set, sizeof *set + cap * sizeof set->v[0]);
        if (!set)
            return;
        set->cap = cap;
        put_set(leaf, set);
    }
}

static int join_set(struct zx_leaf *leaf, struct zx_holder *h) {
    int rc = set_reserve(leaf);
    if (rc)
        return rc;
    struct zx_subs_set *set = set_of(leaf);
    uint32_t i = find_entry(set, h);
    memmove(&set->v[i + 1], &set->v[i], (set->n - i) * sizeof set->v[0]);
    set->v[i] = (struct entry){h, h->id, h->n};
    set->n++;
    return 0;
}

static void leave_set(struct zx_leaf *leaf, const struct zx_holder *h) {
    struct zx_subs_set *set = set_of(leaf);
    uint32_t i = find_entry(set, h);
    set->n--;
    memmove(&set->v[i], &set->v[i + 1], (set->n - i) * sizeof set->v[0]);
    set_shrink(leaf);
}

/* ---- the table ---- */

int zx_subs_add(struct zx_subs *s, const void *topic, size_t size, struct zx_holder *h) {
    bool made;
    if (size > ZX_RADIX_KEY_MAX)
        return -EINVAL;
    if (!h->has_id) {
        h->id = ++s->last_id;
        h->has_id = true;
    }
    if (list_reserve(h))
        return -ENOMEM;
    struct zx_leaf *leaf = zx_radix_put(&s->tree, topic, size, &made);
    if (!leaf)
        return -ENOMEM;
    if (made) {
        leaf->ptr = h;
        leaf->word = h->n;
    } else if (index_in(leaf, h)) {
        return ZX_SUBS_NONE;
    } else {
        int rc = join_set(leaf, h);
        if (rc)
            return rc;
    }
    h->v[h->n++] = leaf;
    return made ? ZX_SUBS_FIRST : ZX_SUBS_MORE;
}

/* h, which holds it, lets it go. */
static enum zx_subs_result let_go(struct zx_subs *s, struct zx_leaf *leaf, struct zx_holder *h) {
    if (set_of(leaf)) {
        leave_set(leaf, h);
        return ZX_SUBS_MORE;
    }
    zx_radix_remove(&s->tree, leaf);
    return ZX_SUBS_FIRST;
}

enum zx_subs_result zx_subs_remove(struct zx_subs *s, const void *topic, size_t size,
                                   struct zx_holder *h) {
    struct zx_leaf *leaf = zx_radix_find(&s->tree, topic, size);
    if (!leaf)
        return ZX_SUBS_UNKNOWN;
    uint32_t *at = index_in(leaf, h);
    if (!at)
        return ZX_SUBS_NONE;
    list_remove(h, *at);
    return let_go(s, leaf, h);
}

void zx_subs_leave(struct zx_subs *s, struct zx_holder *h, zx_subs_topic_fn *on_topic, void *arg) {
    while (h->n) {
        struct zx_leaf *leaf = h->v[--h->n];
        if (on_topic)
            on_topic(arg, leaf, !set_of(leaf));
        (void)let_go(s, leaf, h);
    }
    free(h->v);
    h->v = NULL;
    h->cap = 0;
}

/* ---- matching ---- */

/* Names all holders of a leaf that the match has not named yet. */
static void name_new(struct zx_subs *s, struct zx_leaf *leaf, zx_subs_match_fn *fn, void *arg) {
    struct zx_subs_set *set = set_of(leaf);
    struct entry one = {.h = leaf->ptr};
    const struct entry *v = set ? set->v : &one;
    for (uint32_t i = 0, n = set ? set->n : 1; i < n; i++) {
        if (v[i].h->mark == s->mark)
            continue;
        v[i].h->mark = s->mark;
        fn(arg, v[i].h);
    }
}

static void name_all(struct zx_leaf *leaf, zx_subs_match_fn *fn, void *arg) {
    struct zx_subs_set *set = set_of(leaf);
    if (!set) {
        fn(arg, leaf->ptr);
        return;
    }
    for (uint32_t i = 0; i < set->n; i++)
        fn(arg, set->v[i].h);
}

void zx_subs_match(struct zx_subs *s, const void *data, size_t size, zx_subs_match_fn *fn,
                   void *arg) {
    struct zx_radix_walk w = zx_radix_walk(&s->tree, data, size);
    struct zx_leaf *leaf = zx_radix_prefix(&w);
    if (!leaf)
        return;
    struct zx_leaf *next = zx_radix_prefix(&w);
    if (!next) { /* the common case: one topic fits, nobody can come twice */
        name_all(leaf, fn, arg);
        return;
    }
    s->mark++;
    name_new(s, leaf, fn, arg);
    for (; next; next = zx_radix_prefix(&w))
        name_new(s, next, fn, arg);
}

static void free_set(struct zx_leaf *leaf) {
    free(set_of(leaf));
}

void zx_subs_fini(struct zx_subs *s) {
    zx_radix_fini(&s->tree, free_set);
}
