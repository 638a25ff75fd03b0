/* SPDX-License-Identifier: MIT */
/*
 * Who has joined which group: RADIO.
 *
 * What: groups by hash, each with its listeners; a listener knows its groups, so that one that
 *   goes costs what it had and no more. Joins are counted: as many leaves undo them.
 * Owner: the socket's lock.
 * Life: zeroed, then a random seed is empty. A listener is left with zx_groups_drop before its
 *   memory goes; zx_groups_fini frees what remains.
 * Never: takes a group longer than ZX_GROUP_MAX; locks.
 *
 * The hash is seeded, since peers choose the names.
 */
#ifndef ZX_PATTERNS_GROUPS_H
#define ZX_PATTERNS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zx_pipe;
struct zx_joined; /* one listener in one group */

struct zx_audience { /* a group that somebody is in */
    struct zx_audience *chain;
    struct zx_joined **v;
    uint32_t n, cap;
    uint32_t hash;
    uint32_t size;
    char name[];
};

struct zx_listener {
    struct zx_pipe *pipe;
    struct zx_joined **v; /* its groups, in no order */
    uint32_t n, cap;
};

struct zx_joined {
    struct zx_joined *chain;
    struct zx_audience *group;
    struct zx_listener *who;
    uint32_t in_group, in_who; /* indexes */
    uint32_t count;
};

struct zx_groups {
    uint64_t seed;
    struct zx_audience **group; /* buckets, powers of two */
    struct zx_joined **joined;
    uint32_t n_groups, cap_groups;
    uint32_t n_joined, cap_joined;
};

int zx_groups_join(struct zx_groups *g, struct zx_listener *who, const void *name,
                   size_t size); /* -ENOMEM: nothing has changed */
void zx_groups_leave(struct zx_groups *g, struct zx_listener *who, const void *name, size_t size);
/* It leaves all groups. */
void zx_groups_drop(struct zx_groups *g, struct zx_listener *who);
/* NULL: nobody is in it. */
struct zx_audience *zx_groups_find(const struct zx_groups *g, const void *name, size_t size);
void zx_groups_fini(struct zx_groups *g);

#endif
