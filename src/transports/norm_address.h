/* SPDX-License-Identifier: MIT */
/*
 * The text behind "norm://": [node id,][interface;]address:port.
 *
 * What: takes it apart. Owner: pure function, any thread. Life: the caller's struct.
 * Never: asks the system or the library anything.
 */
#ifndef ZX_TRANSPORTS_NORM_ADDRESS_H
#define ZX_TRANSPORTS_NORM_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

struct zx_norm_endpoint {
    char host[256];  /* without brackets */
    char iface[64];  /* "": the system's choice */
    uint32_t id;
    uint16_t port;
    bool has_id;
};

/* -EINVAL: no port or address, an id or port that is no number in its range (1 to 2^32 - 2, 1 to
 * 65535), an interface that is empty, something too long. */
int zx_norm_address_parse(struct zx_norm_endpoint *ep, const char *address);

#endif
