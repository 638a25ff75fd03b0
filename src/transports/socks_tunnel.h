/* SPDX-License-Identifier: MIT */
/*
 * A connection led through a SOCKS 5 proxy.
 *
 * What: the dialogue of socks.h on a connected descriptor.
 * Owner, life: as core/transport.h says of a tunnel.
 * Never: reads a byte behind the proxy's reply.
 */
#ifndef ZX_TRANSPORTS_SOCKS_TUNNEL_H
#define ZX_TRANSPORTS_SOCKS_TUNNEL_H

#include "core/transport.h"

struct zx_tcp_endpoint;

/* conf outlives it. -EINVAL: no port, no host, a name that is too long; -ENOMEM. */
int zx_socks_tunnel_new(const struct zx_conf *conf, const struct zx_tcp_endpoint *target, int fd,
                        struct zx_tunnel **out);

#endif
