/* SPDX-License-Identifier: MIT */
/*
 * What the files of udp share: the state of one bound or connected link.
 *
 * What: where it sends to, buffers to receive into, the count of what was refused.
 * Owner: the link's word; `refused` is atomic.
 * Life: made by open, kept in link->own, freed with the link.
 * Never: holds a descriptor.
 */
#ifndef ZX_TRANSPORTS_UDP_H
#define ZX_TRANSPORTS_UDP_H

#include <stdatomic.h>

#include "core/transport.h"

/* Not a power of two: the first lines of all slots would fall into one set of the cache. */
enum { ZX_UDP_SLOT = ZX_DATAGRAM_MAX + 192 };

struct zx_udp {
    struct zx_addr to; /* connected: everything goes there */
    bool is_raw;       /* DGRAM: an address is with each */
    bool is_bound;
    bool is_v6;
    _Atomic uint64_t refused;
    size_t head_size;  /* a first frame whose body lies in the next chunk; 0: none */
    bool has_head;
    uint8_t head[1 + 255];
    struct zx_addr from[ZX_DATAGRAMS_MAX]; /* DGRAM */
    uint8_t slots[]; /* bound: ZX_DATAGRAMS_MAX */
};

ptrdiff_t zx_udp_recv(struct zx_link *l, struct zx_pipe *p, bool owner);
int zx_udp_send(struct zx_link *l, struct zx_pipe *p, bool *credit);

#endif
