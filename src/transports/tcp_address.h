/* SPDX-License-Identifier: MIT */
/*
 * The addresses of tcp: their grammar and what they stand for.
 *
 * What: "host:port" and "source:port;host:port" taken apart; host names and interfaces turned
 *   into socket addresses.
 * Owner: every object belongs to its caller; all functions may be called from any thread.
 * Life: plain values, nothing to free.
 * Never: opens a connection. Only the functions that say so ask the system's resolver.
 */
#ifndef ZX_TRANSPORTS_TCP_ADDRESS_H
#define ZX_TRANSPORTS_TCP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/os.h"

/* Longest text of an endpoint: an IPv6 address with a zone, and its terminator. */
#define ZX_TCP_TEXT_MAX 96

struct zx_tcp_endpoint {
    char host[256]; /* without brackets; "" where the address has none */
    char src_host[256];
    uint16_t port, src_port; /* 0: the system chooses, or none was given */
    bool has_src;
    bool any_host, any_port; /* the host, the port is "*" */
    bool any_src_host;
};

/* Takes apart the text behind "tcp://". A source is parsed for bind too, but of no effect there.
 * -EINVAL for everything that could never be bound or connected: a missing port, one that is not
 * a number up to 65535 ("*" only to bind, and as a source), characters that no host has, an
 * empty zone, more than one source. */
int zx_tcp_address_parse(struct zx_tcp_endpoint *ep, const char *address, bool for_bind);

/* What to bind to: "*", a literal, an interface or a name, in that order. Asks the system and may
 * block on name service. -ENODEV where nothing of the wanted family answers, -EINVAL for a zone
 * that is unknown, -ENOMEM. With ipv6 the result is IPv6, an IPv4 address mapped. */
int zx_tcp_address_bindable(const struct zx_tcp_endpoint *ep, bool ipv6, struct zx_addr *out);

/* What to bind a connecting socket to: as bindable, but never by name service. */
int zx_tcp_address_source(const struct zx_tcp_endpoint *ep, bool ipv6, struct zx_addr *out);

/* Can the host be resolved without asking anybody? */
bool zx_tcp_address_is_numeric(const struct zx_tcp_endpoint *ep);

/* What to connect to: at most max addresses to try in order. May block on name service unless
 * the host is numeric. Count, -EINVAL (no such host), -ENOMEM. */
int zx_tcp_address_resolve(const struct zx_tcp_endpoint *ep, bool ipv6, struct zx_addr *out,
                           size_t max);

/* "tcp://127.0.0.1:5555", "tcp://[::1]:5555". -EINVAL (no IP address), -ENOSPC. */
int zx_tcp_address_text(const struct zx_addr *a, char *buf, size_t size);

#endif
