/* SPDX-License-Identifier: MIT */
/*
 * Blocks of addresses, for the filters of accepted peers.
 *
 * What: "10.0.0.0/8" parsed when the option is set and compared when a peer comes.
 * Owner: plain values of their caller; both functions may be called from any thread.
 * Life: nothing to free.
 * Never: asks a name service.
 */
#ifndef ZX_OS_CIDR_H
#define ZX_OS_CIDR_H

#include <stdbool.h>
#include <stdint.h>

#include "os/os.h"

/* A block of addresses, IPv4 in its mapped form, so that one comparison does for all. */
struct zx_cidr {
    uint8_t bytes[16];
    unsigned bits; /* 0..128 */
};

/* "address" or "address/bits", numeric only. An IPv4 block has bits up to 32 and, whatever
 * ipv6 says, holds IPv4 peers only; IPv6 blocks need ipv6. -EINVAL. */
int zx_cidr_parse(struct zx_cidr *c, const char *text, bool ipv6);
bool zx_cidr_match(const struct zx_cidr *c, const struct zx_addr *peer);

#endif
