/* SPDX-License-Identifier: MIT */
#include "transports/ipc_address.h"

#include <errno.h>
#include <string.h>

int zx_ipc_address_parse(struct zx_ipc_endpoint *ep, const char *address, bool for_bind) {
    *ep = (struct zx_ipc_endpoint){.wildcard = for_bind && address[0] == '*'};
    return ep->wildcard ? 0 : zx_addr_from_unix(&ep->addr, address);
}

int zx_ipc_address_text(const struct zx_addr *a, char *buf, size_t size) {
    static const char scheme[] = "ipc://";
    size_t len = sizeof(scheme) - 1;
    if (size <= len)
        return -ENAMETOOLONG;
    memcpy(buf, scheme, sizeof(scheme));
    return zx_addr_unix_text(a, buf + len, size - len);
}
