/* SPDX-License-Identifier: MIT */
/*
 * The reactors of a socket whose links several I/O threads serve.
 *
 * What: one reactor for each I/O thread that ever got a link. The first is the socket's own: its
 *   listeners, its first links, and what a waiting call drives. The others are driven by their
 *   I/O threads alone, whose news come by mail, as those of inproc peers do.
 * Owner: the pointer is set under the socket's lock, before the first network endpoint; a place is
 *   filled by compare-and-swap, by whoever makes a link.
 * Life: made with the socket's reactor where the context has more than one I/O thread, freed with
 *   the socket's slot.
 * Never: moves a link from one reactor to another; takes a place away.
 */
#ifndef ZX_CORE_SHARDS_H
#define ZX_CORE_SHARDS_H

#include <stdbool.h>
#include <stdint.h>

struct zx_reactor;
struct zx_socket;

/* With ZMQ_AFFINITY 0 so many links stay with the socket's own reactor: few are served best by the
 * thread that waits for them. */
#define ZX_SHARDS_FROM 32

/* Makes the socket's reactor, on an I/O thread that affinity allows, and room for others. Under the
 * lock. 0, -EMTHREAD (none is allowed), -EMFILE, -ENOMEM. */
int zx_shards_new(struct zx_socket *s);
void zx_shards_free(struct zx_socket *s);
/* The reactor for one more link of an endpoint with that affinity. Any thread. */
struct zx_reactor *zx_shards_choose(struct zx_socket *s, uint64_t affinity);
/* Drives each reactor that nobody else drives, without waiting. False: somebody drives one.
 * Under the lock. */
bool zx_shards_look(struct zx_socket *s);

#endif
