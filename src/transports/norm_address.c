/* SPDX-License-Identifier: MIT */
#include "transports/norm_address.h"

#include <errno.h>
#include <string.h>

/* Digits only. */
static int take_number(const char *text, size_t size, uint32_t max, uint32_t *out) {
    uint64_t n = 0;
    if (!size || size > 10)
        return -EINVAL;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        n = n * 10 + (uint64_t)(text[i] - '0');
    }
    if (!n || n > max)
        return -EINVAL;
    *out = (uint32_t)n;
    return 0;
}

static int take_text(const char *text, size_t size, char *out, size_t cap) {
    if (!size || size >= cap)
        return -EINVAL;
    memcpy(out, text, size);
    out[size] = '\0';
    return 0;
}

static int take_host(const char *text, size_t size, struct zx_norm_endpoint *ep) {
    if (size > 1 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    return take_text(text, size, ep->host, sizeof ep->host);
}

int zx_norm_address_parse(struct zx_norm_endpoint *ep, const char *address) {
    memset(ep, 0, sizeof *ep);
    const char *comma = strchr(address, ',');
    if (comma) {
        if (take_number(address, (size_t)(comma - address), UINT32_MAX - 1, &ep->id))
            return -EINVAL;
        ep->has_id = true;
        address = comma + 1;
    }
    const char *semicolon = strchr(address, ';');
    if (semicolon) {
        if (take_text(address, (size_t)(semicolon - address), ep->iface, sizeof ep->iface))
            return -EINVAL;
        address = semicolon + 1;
    }
    const char *colon = strrchr(address, ':');
    uint32_t port;
    if (!colon || take_number(colon + 1, strlen(colon + 1), UINT16_MAX, &port))
        return -EINVAL;
    ep->port = (uint16_t)port;
    return take_host(address, (size_t)(colon - address), ep);
}
