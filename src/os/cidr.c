/* SPDX-License-Identifier: MIT */
#include "os/cidr.h"

#include <errno.h>
#include <string.h>

enum { V4_BITS = 32, ALL_BITS = 128, MAPPED_BITS = ALL_BITS - V4_BITS };

/* The address as 128 bits, IPv4 mapped; false if it is no IP address. */
static bool mapped_bytes(const struct zx_addr *a, uint8_t out[16]) {
    struct zx_addr wide = *a;
    zx_addr_map_v4(&wide);
    return zx_addr_bytes(&wide, out) == 16;
}

/* Of the part before the slash. Zones are refused: a match would not look at them. */
static int parse_block(struct zx_addr *a, const char *text, size_t len, bool ipv6) {
    char host[64];
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof(host) || memchr(text, '%', len))
        return -EINVAL;
    memcpy(host, text, len);
    host[len] = '\0';
    int rc = zx_addr_parse_ip(a, host);
    if (rc || ipv6)
        return rc;
    zx_addr_unmap_v4(a);
    return zx_addr_family(a) == ZX_AF_INET ? 0 : -EINVAL;
}

/* Decimal digits and nothing else; zero is written as "0" only. */
static int parse_bits(const char *text, unsigned most, unsigned *bits) {
    unsigned n = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && n <= most; at++)
        n = n * 10 + (unsigned)(*at - '0');
    if (at == text || *at || n > most || (!n && text[1]))
        return -EINVAL;
    *bits = n;
    return 0;
}

int zx_cidr_parse(struct zx_cidr *c, const char *text, bool ipv6) {
    struct zx_addr block;
    size_t len = strcspn(text, "/");
    int rc = parse_block(&block, text, len, ipv6);
    if (rc)
        return rc;
    bool v4 = zx_addr_family(&block) == ZX_AF_INET;
    unsigned most = v4 ? V4_BITS : ALL_BITS;
    unsigned bits = most;
    if (text[len] == '/')
        rc = parse_bits(text + len + 1, most, &bits);
    if (rc)
        return rc;
    c->bits = bits + (v4 ? MAPPED_BITS : 0);
    return mapped_bytes(&block, c->bytes) ? 0 : -EINVAL;
}

bool zx_cidr_match(const struct zx_cidr *c, const struct zx_addr *peer) {
    uint8_t bytes[16];
    if (c->bits > ALL_BITS || !mapped_bytes(peer, bytes))
        return false;
    size_t whole = c->bits / 8;
    unsigned rest = c->bits % 8;
    if (memcmp(bytes, c->bytes, whole) != 0)
        return false;
    return !rest || (bytes[whole] ^ c->bytes[whole]) >> (8 - rest) == 0;
}
