/* SPDX-License-Identifier: MIT */
/* IP addresses. Copied in and out by memcpy, so that no type is read through another. */
#include "os/posix/posix.h"

#include <arpa/inet.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "os/posix/addr.h"

enum { PREFIX_V4 = 12 };

static const uint8_t mapped_prefix[PREFIX_V4] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

enum zx_family zx_addr_family(const struct zx_addr *a) {
    struct sockaddr sa;
    if (a->len < offsetof(struct sockaddr, sa_family) + sizeof(sa.sa_family))
        return ZX_AF_NONE;
    memcpy(&sa, a->sa, sizeof(sa));
    switch (sa.sa_family) {
    case AF_UNSPEC:
        return ZX_AF_NONE;
    case AF_INET:
        return a->len >= sizeof(struct sockaddr_in) ? ZX_AF_INET : ZX_AF_NONE;
    case AF_INET6:
        return a->len >= sizeof(struct sockaddr_in6) ? ZX_AF_INET6 : ZX_AF_NONE;
    case AF_UNIX:
        return ZX_AF_UNIX;
#ifdef AF_VSOCK
    case AF_VSOCK:
        return a->len >= sizeof sa ? ZX_AF_VSOCK : ZX_AF_NONE;
#endif
#ifdef AF_TIPC
    case AF_TIPC:
        return a->len >= sizeof sa ? ZX_AF_TIPC : ZX_AF_NONE;
#endif
    default:
        return ZX_AF_OTHER;
    }
}

int zx_posix_af(enum zx_family f) {
    switch (f) {
    case ZX_AF_INET:
        return AF_INET;
    case ZX_AF_INET6:
        return AF_INET6;
    case ZX_AF_UNIX:
        return AF_UNIX;
#ifdef AF_VSOCK
    case ZX_AF_VSOCK:
        return AF_VSOCK;
#endif
#ifdef AF_TIPC
    case ZX_AF_TIPC:
        return AF_TIPC;
#endif
    default:
        return AF_UNSPEC;
    }
}

int zx_posix_addr_store(struct zx_addr *a, const void *sa, size_t len) {
    memset(a, 0, sizeof(*a));
    if (len > sizeof(a->sa))
        return -EINVAL;
    if (len)
        memcpy(a->sa, sa, len);
    a->len = (uint32_t)len;
    return 0;
}

struct sockaddr_in zx_posix_addr_in(const struct zx_addr *a) {
    struct sockaddr_in in;
    memcpy(&in, a->sa, sizeof(in));
    return in;
}

struct sockaddr_in6 zx_posix_addr_in6(const struct zx_addr *a) {
    struct sockaddr_in6 in6;
    memcpy(&in6, a->sa, sizeof(in6));
    return in6;
}

static void store_in(struct zx_addr *a, struct sockaddr_in *in) {
    in->sin_family = AF_INET;
#if ZX_OS_BSD
    in->sin_len = sizeof(*in);
#endif
    zx_posix_addr_store(a, in, sizeof(*in));
}

static void store_in6(struct zx_addr *a, struct sockaddr_in6 *in6) {
    in6->sin6_family = AF_INET6;
#if ZX_OS_BSD
    in6->sin6_len = sizeof(*in6);
#endif
    zx_posix_addr_store(a, in6, sizeof(*in6));
}

uint16_t zx_addr_port(const struct zx_addr *a) {
    switch (zx_addr_family(a)) {
    case ZX_AF_INET:
        return ntohs(zx_posix_addr_in(a).sin_port);
    case ZX_AF_INET6:
        return ntohs(zx_posix_addr_in6(a).sin6_port);
    default:
        return 0;
    }
}

void zx_addr_set_port(struct zx_addr *a, uint16_t port) {
    if (zx_addr_family(a) == ZX_AF_INET) {
        struct sockaddr_in in = zx_posix_addr_in(a);
        in.sin_port = htons(port);
        store_in(a, &in);
    } else if (zx_addr_family(a) == ZX_AF_INET6) {
        struct sockaddr_in6 in6 = zx_posix_addr_in6(a);
        in6.sin6_port = htons(port);
        store_in6(a, &in6);
    }
}

unsigned zx_addr_scope(const struct zx_addr *a) {
    return zx_addr_family(a) == ZX_AF_INET6 ? (unsigned)zx_posix_addr_in6(a).sin6_scope_id : 0;
}

bool zx_addr_is_multicast(const struct zx_addr *a) {
    uint8_t b[16];
    size_t n = zx_addr_bytes(a, b);
    return n == 4 ? (b[0] & 0xf0) == 0xe0 : n == 16 && b[0] == 0xff;
}

bool zx_addr_equal(const struct zx_addr *a, const struct zx_addr *b) {
    if (zx_addr_family(a) != zx_addr_family(b))
        return false;
    uint8_t ba[16], bb[16];
    size_t n = zx_addr_bytes(a, ba);
    if (!n) /* a path, or a family we know nothing of */
        return a->len == b->len && memcmp(a->sa, b->sa, a->len) == 0;
    return n == zx_addr_bytes(b, bb) && memcmp(ba, bb, n) == 0 &&
           zx_addr_scope(a) == zx_addr_scope(b) && zx_addr_port(a) == zx_addr_port(b);
}

static int parse_zone(const char *zone, uint32_t *id) {
    if ((*zone >= 'a' && *zone <= 'z') || (*zone >= 'A' && *zone <= 'Z')) {
        *id = if_nametoindex(zone);
        return *id ? 0 : -EINVAL;
    }
    uint64_t n = 0;
    const char *c = zone;
    for (; *c >= '0' && *c <= '9' && n <= UINT32_MAX; c++)
        n = n * 10 + (uint64_t)(*c - '0');
    if (*c || !n || n > UINT32_MAX)
        return -EINVAL;
    *id = (uint32_t)n;
    return 0;
}

int zx_addr_parse_ip(struct zx_addr *a, const char *text) {
    struct sockaddr_in in = {0};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        store_in(a, &in);
        return 0;
    }
    char host[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "%");
    if (len >= sizeof(host))
        return -EINVAL;
    memcpy(host, text, len);
    host[len] = '\0';
    struct sockaddr_in6 in6 = {0};
    if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
        return -EINVAL;
    if (text[len] == '%' && parse_zone(text + len + 1, &in6.sin6_scope_id))
        return -EINVAL;
    store_in6(a, &in6);
    return 0;
}

void zx_addr_map_v4(struct zx_addr *a) {
    if (zx_addr_family(a) != ZX_AF_INET)
        return;
    struct sockaddr_in in = zx_posix_addr_in(a);
    struct sockaddr_in6 in6 = {.sin6_port = in.sin_port};
    memcpy(in6.sin6_addr.s6_addr, mapped_prefix, PREFIX_V4);
    memcpy(in6.sin6_addr.s6_addr + PREFIX_V4, &in.sin_addr, sizeof(in.sin_addr));
    store_in6(a, &in6);
}

void zx_addr_unmap_v4(struct zx_addr *a) {
    if (zx_addr_family(a) != ZX_AF_INET6)
        return;
    struct sockaddr_in6 in6 = zx_posix_addr_in6(a);
    if (memcmp(in6.sin6_addr.s6_addr, mapped_prefix, PREFIX_V4) != 0)
        return;
    struct sockaddr_in in = {.sin_port = in6.sin6_port};
    memcpy(&in.sin_addr, in6.sin6_addr.s6_addr + PREFIX_V4, sizeof(in.sin_addr));
    store_in(a, &in);
}

void zx_addr_any(struct zx_addr *a, enum zx_family f) {
    struct sockaddr_in in = {0};
    struct sockaddr_in6 in6 = {0}; /* 0.0.0.0 and :: are all zeros */
    if (f == ZX_AF_INET)
        store_in(a, &in);
    else if (f == ZX_AF_INET6)
        store_in6(a, &in6);
    else
        zx_posix_addr_store(a, NULL, 0);
}

static int host_text_v6(const struct zx_addr *a, char *buf, size_t size) {
    char zone[IF_NAMESIZE];
    struct sockaddr_in6 in6 = zx_posix_addr_in6(a);
    if (!inet_ntop(AF_INET6, &in6.sin6_addr, buf, (socklen_t)size))
        return zx_posix_error();
    if (!in6.sin6_scope_id)
        return 0;
    if (!if_indextoname(in6.sin6_scope_id, zone))
        snprintf(zone, sizeof(zone), "%lu", (unsigned long)in6.sin6_scope_id);
    size_t len = strlen(buf);
    int n = snprintf(buf + len, size - len, "%%%s", zone);
    return n < 0 || (size_t)n >= size - len ? -ENOSPC : 0;
}

int zx_addr_host_text(const struct zx_addr *a, char *buf, size_t size) {
    if (size > INT_MAX)
        size = INT_MAX;
    if (zx_addr_family(a) == ZX_AF_INET6)
        return host_text_v6(a, buf, size);
    if (zx_addr_family(a) != ZX_AF_INET)
        return -EINVAL;
    struct sockaddr_in in = zx_posix_addr_in(a);
    return inet_ntop(AF_INET, &in.sin_addr, buf, (socklen_t)size) ? 0 : zx_posix_error();
}

size_t zx_addr_bytes(const struct zx_addr *a, uint8_t out[16]) {
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    switch (zx_addr_family(a)) {
    case ZX_AF_INET:
        in = zx_posix_addr_in(a);
        memcpy(out, &in.sin_addr, 4);
        return 4;
    case ZX_AF_INET6:
        in6 = zx_posix_addr_in6(a);
        memcpy(out, in6.sin6_addr.s6_addr, 16);
        return 16;
    default:
        return 0;
    }
}

/* ---- with a port ------------------------------------------------------------ */

static int parse_port(const char *text, uint16_t *port) {
    unsigned n = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && n <= UINT16_MAX; at++)
        n = n * 10 + (unsigned)(*at - '0');
    if (at == text || *at || !n || n > UINT16_MAX)
        return -EINVAL;
    *port = (uint16_t)n;
    return 0;
}

int zx_addr_parse_ip_port(struct zx_addr *a, const char *text, size_t size) {
    char buf[INET6_ADDRSTRLEN + IF_NAMESIZE + 10];
    uint16_t port;
    if (size && !text[size - 1])
        size--;
    if (size >= sizeof(buf) || memchr(text, '\0', size))
        return -EINVAL;
    memcpy(buf, text, size);
    buf[size] = '\0';
    char *colon = strrchr(buf, ':');
    if (!colon || parse_port(colon + 1, &port))
        return -EINVAL;
    char *host = buf;
    bool brackets = buf[0] == '[' && colon > buf && colon[-1] == ']';
    if (brackets) {
        host++;
        colon--;
    }
    *colon = '\0';
    int rc = zx_addr_parse_ip(a, host);
    if (rc)
        return rc;
    if (brackets != (zx_addr_family(a) == ZX_AF_INET6))
        return -EINVAL;
    zx_addr_set_port(a, port);
    return 0;
}

int zx_addr_ip_port_text(const struct zx_addr *a, char *buf, size_t size) {
    char host[INET6_ADDRSTRLEN + IF_NAMESIZE];
    struct zx_addr plain = *a;
    zx_addr_unmap_v4(&plain);
    int rc = zx_addr_host_text(&plain, host, sizeof(host));
    if (rc)
        return rc;
    bool v6 = zx_addr_family(&plain) == ZX_AF_INET6;
    int n = snprintf(buf, size, v6 ? "[%s]:%u" : "%s:%u", host, (unsigned)zx_addr_port(&plain));
    return n < 0 || (size_t)n >= size ? -ENOSPC : n;
}
