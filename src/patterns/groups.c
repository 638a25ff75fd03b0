/* SPDX-License-Identifier: MIT */
#include "patterns/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 8 };

/* ---- hashes ---- */

static uint64_t mix(uint64_t h, uint64_t word) {
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint32_t hash_name(const struct zx_groups *g, const void *name, size_t size) {
    const uint8_t *p = name;
    uint64_t h = mix(g->seed, size), word;
    for (; size >= sizeof word; p += sizeof word, size -= sizeof word) {
        memcpy(&word, p, sizeof word);
        h = mix(h, word);
    }
    for (word = 0; size; size--)
        word = word << 8 | *p++;
    h = mix(h, word);
    return (uint32_t)(h ^ h >> 32);
}

static uint32_t hash_joined(const struct zx_groups *g, const struct zx_audience *a,
                            const struct zx_listener *who) {
    uint64_t h = mix(mix(g->seed, (uintptr_t)a), (uintptr_t)who);
    return (uint32_t)(h ^ h >> 32);
}

/* ---- groups ---- */

static struct zx_audience **audience(const struct zx_groups *g, const void *name, size_t size,
                                     uint32_t hash) {
    struct zx_audience **at = &g->group[hash & (g->cap_groups - 1)];
    while (*at && ((*at)->hash != hash || (*at)->size != size ||
                   (size && memcmp((*at)->name, name, size))))
        at = &(*at)->chain;
    return at;
}

struct zx_audience *zx_groups_find(const struct zx_groups *g, const void *name, size_t size) {
    return g->n_groups ? *audience(g, name, size, hash_name(g, name, size)) : NULL;
}

static int grow_groups(struct zx_groups *g) {
    uint32_t cap = g->cap_groups ? g->cap_groups * 2 : CAP_MIN;
    struct zx_audience **v = calloc(cap, sizeof *v);
    if (!v)
        return -ENOMEM;
    for (uint32_t i = 0; i < g->cap_groups; i++) {
        for (struct zx_audience *a = g->group[i], *next; a; a = next) {
            next = a->chain;
            a->chain = v[a->hash & (cap - 1)];
            v[a->hash & (cap - 1)] = a;
        }
    }
    free(g->group);
    g->group = v;
    g->cap_groups = cap;
    return 0;
}

static struct zx_audience *new_audience(struct zx_groups *g, const void *name, size_t size) {
    if (g->n_groups == g->cap_groups && grow_groups(g))
        return NULL;
    struct zx_audience *a = calloc(1, sizeof *a + size + 1);
    if (!a)
        return NULL;
    a->size = (uint32_t)size;
    a->hash = hash_name(g, name, size);
    if (size)
        memcpy(a->name, name, size);
    struct zx_audience **at = &g->group[a->hash & (g->cap_groups - 1)];
    a->chain = *at;
    *at = a;
    g->n_groups++;
    return a;
}

static void end_audience(struct zx_groups *g, struct zx_audience *a) {
    if (a->n)
        return;
    *audience(g, a->name, a->size, a->hash) = a->chain;
    g->n_groups--;
    free(a->v);
    free(a);
}

/* ---- listeners in groups ---- */

static struct zx_joined **joined(const struct zx_groups *g, const struct zx_audience *a,
                                 const struct zx_listener *who) {
    struct zx_joined **at = &g->joined[hash_joined(g, a, who) & (g->cap_joined - 1)];
    while (*at && ((*at)->group != a || (*at)->who != who))
        at = &(*at)->chain;
    return at;
}

static int grow_joined(struct zx_groups *g) {
    uint32_t cap = g->cap_joined ? g->cap_joined * 2 : CAP_MIN;
    struct zx_joined **v = calloc(cap, sizeof *v);
    if (!v)
        return -ENOMEM;
    for (uint32_t i = 0; i < g->cap_joined; i++) {
        for (struct zx_joined *j = g->joined[i], *next; j; j = next) {
            uint32_t to = hash_joined(g, j->group, j->who) & (cap - 1);
            next = j->chain;
            j->chain = v[to];
            v[to] = j;
        }
    }
    free(g->joined);
    g->joined = v;
    g->cap_joined = cap;
    return 0;
}

static int reserve(struct zx_joined ***v, uint32_t n, uint32_t *cap) {
    if (n < *cap)
        return 0;
    uint32_t more = *cap ? *cap * 2 : 2;
    struct zx_joined **w = realloc(*v, more * sizeof *w);
    if (!w)
        return -ENOMEM;
    *v = w;
    *cap = more;
    return 0;
}

static int enter(struct zx_groups *g, struct zx_audience *a, struct zx_listener *who) {
    if ((g->n_joined == g->cap_joined && grow_joined(g)) || reserve(&a->v, a->n, &a->cap) ||
        reserve(&who->v, who->n, &who->cap))
        return -ENOMEM;
    struct zx_joined *j = malloc(sizeof *j);
    if (!j)
        return -ENOMEM;
    struct zx_joined **at = joined(g, a, who);
    *j = (struct zx_joined){NULL, a, who, a->n, who->n, 1};
    a->v[a->n++] = j;
    who->v[who->n++] = j;
    *at = j;
    g->n_joined++;
    return 0;
}

static void quit(struct zx_groups *g, struct zx_joined *j) {
    struct zx_audience *a = j->group;
    struct zx_listener *who = j->who;
    *joined(g, a, who) = j->chain;
    g->n_joined--;
    a->v[j->in_group] = a->v[--a->n];
    a->v[j->in_group]->in_group = j->in_group;
    who->v[j->in_who] = who->v[--who->n];
    who->v[j->in_who]->in_who = j->in_who;
    free(j);
    end_audience(g, a);
}

int zx_groups_join(struct zx_groups *g, struct zx_listener *who, const void *name, size_t size) {
    struct zx_audience *a = zx_groups_find(g, name, size);
    struct zx_joined *j = a ? *joined(g, a, who) : NULL;
    if (j) {
        j->count += j->count < UINT32_MAX;
        return 0;
    }
    if (!a && !(a = new_audience(g, name, size)))
        return -ENOMEM;
    int rc = enter(g, a, who);
    if (rc)
        end_audience(g, a);
    return rc;
}

void zx_groups_leave(struct zx_groups *g, struct zx_listener *who, const void *name, size_t size) {
    struct zx_audience *a = zx_groups_find(g, name, size);
    struct zx_joined *j = a ? *joined(g, a, who) : NULL;
    if (j && --j->count == 0)
        quit(g, j);
}

void zx_groups_drop(struct zx_groups *g, struct zx_listener *who) {
    while (who->n)
        quit(g, who->v[who->n - 1]);
    free(who->v);
    who->v = NULL;
    who->cap = 0;
}

void zx_groups_fini(struct zx_groups *g) {
    free(g->group);
    free(g->joined);
    g->group = NULL;
    g->joined = NULL;
    g->cap_groups = g->cap_joined = 0;
}
