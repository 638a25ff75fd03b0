/* SPDX-License-Identifier: MIT */
/*
 * Addresses of TIPC, on Linux.
 *
 * What: services by name, ranges of them, and the id that each socket has in its cluster.
 * Owner: every object belongs to its caller; all functions may be called from any thread.
 * Life: plain values, nothing to free.
 * Never: is compiled elsewhere: the transport that needs it is absent there.
 */
#ifndef ZX_OS_TIPC_H
#define ZX_OS_TIPC_H

#include "os/os.h"

enum zx_tipc_kind { ZX_TIPC_RANGE = 1, ZX_TIPC_SERVICE = 2, ZX_TIPC_SOCKET = 3 };

struct zx_tipc_addr {
    enum zx_tipc_kind kind;
    uint32_t type, lower;
    uint32_t upper;     /* of a range */
    uint32_t node, ref; /* of a socket; node: of a service where to look it up, 0: everywhere */
};

/* "z.c.n" as one number. */
static inline uint32_t zx_tipc_node(uint32_t zone, uint32_t cluster, uint32_t node) {
    return zone << 24 | cluster << 12 | node;
}

void zx_addr_from_tipc(struct zx_addr *a, const struct zx_tipc_addr *t);
int zx_addr_tipc(const struct zx_addr *a, struct zx_tipc_addr *t); /* -EINVAL */

#endif
