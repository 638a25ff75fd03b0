/* SPDX-License-Identifier: MIT */
/* Datagrams one by one, where the system knows no better; multicast groups. */
#include "os/posix/posix.h"

#include <string.h>
#include <sys/uio.h>

#include "os/posix/addr.h"
#include "os/posix/sockopt.h"

#if !ZX_OS_LINUX

#    ifndef MSG_NOSIGNAL
#        define MSG_NOSIGNAL 0
#    endif

static int failed(void) {
    return errno == EWOULDBLOCK ? -EAGAIN : zx_posix_error();
}

static struct msghdr header(const struct zx_datagram *d) {
    struct msghdr h = {0};
    h.msg_iov = (struct iovec *)(uintptr_t)d->iov;
    h.msg_iovlen = (unsigned short)d->n_iov;
    h.msg_name = d->addr ? d->addr->sa : NULL;
    return h;
}

int zx_dgram_send(int fd, const struct zx_datagram *d, unsigned n) {
    unsigned i = 0;
    for (; i < n; i++) {
        struct msghdr h = header(&d[i]);
        ssize_t sent;
        h.msg_namelen = d[i].addr ? (socklen_t)d[i].addr->len : 0;
        do
            sent = sendmsg(fd, &h, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        if (sent < 0)
            break;
    }
    return i || !n ? (int)i : failed();
}

int zx_dgram_recv(int fd, struct zx_datagram *d, unsigned n) {
    unsigned i = 0;
    for (; i < n; i++) {
        struct msghdr h = header(&d[i]);
        ssize_t got;
        h.msg_namelen = d[i].addr ? sizeof(d[i].addr->sa) : 0;
        do
            got = recvmsg(fd, &h, 0);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            break;
        d[i].size = (size_t)got;
        d[i].cut = h.msg_flags & MSG_TRUNC;
        if (d[i].addr)
            d[i].addr->len = (uint32_t)h.msg_namelen;
    }
    return i || !n ? (int)i : failed();
}

#endif

/* ---- multicast ---------------------------------------------------------- */

int zx_dgram_share_port(int fd) {
    int rc = zx_posix_setopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
#if defined(SO_REUSEPORT) && !ZX_OS_LINUX
    if (!rc)
        rc = zx_posix_setopt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
#endif
    return rc;
}

static struct in_addr v4(const struct zx_addr *a) {
    struct in_addr any = {0};
    return zx_addr_family(a) == ZX_AF_INET ? zx_posix_addr_in(a).sin_addr : any;
}

static int set(int fd, int level, int name, const void *value, size_t size) {
    return zx_posix_result(setsockopt(fd, level, name, value, (socklen_t)size));
}

#if ZX_OS_LINUX /* by number: an address may be that of several interfaces */
#    define MEMBERSHIP struct ip_mreqn
#else
#    define MEMBERSHIP struct ip_mreq
#endif

static MEMBERSHIP request(const struct zx_dgram_group *g) {
    MEMBERSHIP req = {.imr_multiaddr = v4(&g->addr)};
#if ZX_OS_LINUX
    req.imr_address = v4(&g->iface);
    req.imr_ifindex = (int)g->index;
#else
    req.imr_interface = v4(&g->iface);
#endif
    return req;
}

int zx_dgram_join(int fd, const struct zx_dgram_group *g) {
    if (zx_addr_family(&g->addr) == ZX_AF_INET6) {
        struct ipv6_mreq req = {zx_posix_addr_in6(&g->addr).sin6_addr, g->index};
#ifdef IPV6_MULTICAST_ALL
        (void)zx_posix_setopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
#endif
        return set(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &req, sizeof(req));
    }
#ifdef IP_MULTICAST_ALL
    (void)zx_posix_setopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
#endif
    MEMBERSHIP req = request(g);
    return set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &req, sizeof(req));
}

static int aim_v6(int fd, const struct zx_dgram_group *g, bool loop, int hops) {
    int rc = zx_posix_setopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loop);
    if (!rc)
        rc = zx_posix_setopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
    return rc ? rc : zx_posix_setopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)g->index);
}

int zx_dgram_aim(int fd, const struct zx_dgram_group *g, bool loop, int hops) {
    hops = hops < 255 ? hops : 255;
    if (zx_addr_family(&g->addr) == ZX_AF_INET6)
        return aim_v6(fd, g, loop, hops);
    unsigned char byte = loop;
    int rc = set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &byte, sizeof(byte));
    byte = (unsigned char)hops;
    if (!rc)
        rc = set(fd, IPPROTO_IP, IP_MULTICAST_TTL, &byte, sizeof(byte));
    if (rc || (!g->iface.len && !g->index))
        return rc;
#if ZX_OS_LINUX
    MEMBERSHIP req = request(g);
    return set(fd, IPPROTO_IP, IP_MULTICAST_IF, &req, sizeof(req));
#else
    struct in_addr out = v4(&g->iface);
    return set(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out));
#endif
}
