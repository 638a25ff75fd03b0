/* SPDX-License-Identifier: MIT */
/*
 * The group of a RADIO/DISH message: a shared, immutable string.
 *
 * What: up to 255 bytes and a NUL. Owner: holders of references (atomic count).
 * Life: zx_group_new to the last unref. Never: changes after it is made.
 */
#ifndef ZX_BASE_GROUP_H
#define ZX_BASE_GROUP_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define ZX_GROUP_MAX 255u

struct zx_group {
    atomic_uint refs;
    uint32_t size; /* without the NUL */
    char name[];
};

struct zx_group *zx_group_new(const char *name, size_t size); /* NULL without memory */
void zx_group_ref(struct zx_group *g);
void zx_group_unref(struct zx_group *g);

#endif
