/* SPDX-License-Identifier: MIT */
/*
 * The addresses of ws and wss: "host:port", as tcp has it, and a path.
 *
 * What: takes "host:port/path" apart. Owner: every object is its caller's. Life: plain values.
 * Never: asks the system for anything.
 */
#ifndef ZX_TRANSPORTS_WS_ADDRESS_H
#define ZX_TRANSPORTS_WS_ADDRESS_H

#include <stdbool.h>

enum { ZX_WS_PLACE_MAX = 512, ZX_WS_PATH_MAX = 400 };

struct zx_ws_address {
    char place[ZX_WS_PLACE_MAX]; /* what stands before the path: an address of tcp */
    char path[ZX_WS_PATH_MAX];   /* "/" if none is given */
};

/* -EINVAL: too long, characters that no request line can have, more than one segment to bind.
 * The place is not looked at. */
int zx_ws_address_parse(struct zx_ws_address *a, const char *text, bool for_bind);
/* What the Host header says: the place without a source. */
const char *zx_ws_address_host(const struct zx_ws_address *a);

#endif
