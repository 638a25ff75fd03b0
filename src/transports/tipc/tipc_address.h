/* SPDX-License-Identifier: MIT */
/*
 * The addresses of tipc: "{type,lower,upper}", "{type,instance}@z.c.n", "<z.c.n:ref>", "<*>".
 *
 * What: their grammar and their text.
 * Owner: every object belongs to its caller; any thread. Life: plain values.
 * Never: asks the system.
 */
#ifndef ZX_TRANSPORTS_TIPC_TIPC_ADDRESS_H
#define ZX_TRANSPORTS_TIPC_TIPC_ADDRESS_H

#include "os/tipc.h"

struct zx_tipc_endpoint {
    struct zx_tipc_addr addr;
    bool any;       /* "<*>": whatever id the socket has; addr is unset */
    bool has_scope; /* a service has a "@z.c.n" */
};

/*
 * Takes the text behind "tipc://" apart. Numbers are decimal and without a sign, blanks may stand
 * before them within braces, as libzmq prints them.
 *   range     bind only; type 64 and above, lower <= upper
 *   service   connect, and bind for a range of one; type above 64; looked up at "@z.c.n", 1.0.0
 *             without one
 *   socket    connect only
 *   "<*>"     bind only
 * -EINVAL for everything else.
 */
int zx_tipc_address_parse(struct zx_tipc_endpoint *ep, const char *text, bool for_bind);

/* "tipc://{5560, 0, 16777216}" (range; service, with the node), "tipc://<1.1.1:5>". -EINVAL
 * (another family), -ENOSPC. */
int zx_tipc_address_text(const struct zx_addr *a, char *buf, size_t size);

#endif
