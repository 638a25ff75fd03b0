/* SPDX-License-Identifier: MIT */
/*
 * Routing ids: which pipe a peer's id stands for.
 *
 * What: a hash table id -> pipe, and the making of ids for peers that have none.
 * Owner: its own leaf lock: links enter and leave peers while the socket routes by it.
 * Life: with its socket. It holds no references: a pipe leaves before it goes.
 * Never: calls out with its lock held.
 */
#ifndef ZX_CORE_ROUTES_H
#define ZX_CORE_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zx_pipe;
struct zx_routes;
struct zx_socket;

struct zx_routes *zx_routes_new(void);
void zx_routes_free(struct zx_routes **r);
/* Enters p under its id, making one (00 and a number) if it has none. -ENOMEM; an id taken:
 * -EADDRINUSE; with handover the newcomer takes it and the old peer's connection is closed. */
int zx_routes_add(struct zx_socket *s, struct zx_pipe *p);
void zx_routes_remove(struct zx_routes *r, struct zx_pipe *p);
/* The pipe with this id, referenced for the caller; NULL: unknown. */
struct zx_pipe *zx_routes_find(struct zx_routes *r, const void *id, size_t size);
void zx_routes_set_handover(struct zx_routes *r, bool on);

#endif
