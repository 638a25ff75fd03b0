/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#include <netdb.h>
#include <string.h>

#include "os/posix/addr.h"

/* With IPv6, both families are asked for and IPv4 is mapped here: AI_V4MAPPED would hide the IPv4
 * addresses of a host that also has IPv6 ones, and not every system knows it. */
static int lookup(const char *host, enum zx_family f, bool numeric_only, struct addrinfo **list) {
    struct addrinfo hints = {0};
    hints.ai_family = f == ZX_AF_INET6 ? AF_UNSPEC : AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = numeric_only ? AI_NUMERICHOST : 0;
    int rc = getaddrinfo(host, NULL, &hints, list);
    if (!rc)
        return 0;
    if (rc == EAI_MEMORY || (rc == EAI_SYSTEM && errno == ENOMEM))
        return -ENOMEM;
    return -EINVAL;
}

/* Brings a to family f if that can be done. */
static bool fit(struct zx_addr *a, enum zx_family f) {
    if (f == ZX_AF_INET6)
        zx_addr_map_v4(a);
    else
        zx_addr_unmap_v4(a);
    return zx_addr_family(a) == f;
}

static int copy(const struct addrinfo *list, enum zx_family f, struct zx_addr *out, size_t max) {
    size_t n = 0;
    for (const struct addrinfo *i = list; i && n < max; i = i->ai_next)
        if (!zx_posix_addr_store(&out[n], i->ai_addr, i->ai_addrlen) && fit(&out[n], f))
            n++;
    return n ? (int)n : -EINVAL;
}

int zx_os_resolve(const char *host, enum zx_family f, bool numeric_only, struct zx_addr *out,
                  size_t max) {
    struct zx_addr literal;
    if (!*host || !max || (f != ZX_AF_INET && f != ZX_AF_INET6))
        return -EINVAL;
    if (!zx_addr_parse_ip(&literal, host)) {
        if (!fit(&literal, f))
            return -EINVAL;
        out[0] = literal;
        return 1;
    }
    struct addrinfo *list = NULL;
    int rc = lookup(host, f, numeric_only, &list);
    if (rc)
        return rc;
    rc = copy(list, f, out, max);
    freeaddrinfo(list);
    return rc;
}
