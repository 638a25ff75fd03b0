/* SPDX-License-Identifier: MIT */
/* Socket options that every system has; the others are in linux/ and bsd/. */
#include "os/posix/posix.h"

#include <netinet/tcp.h>

#include "os/posix/addr.h"
#include "os/posix/sockopt.h"

#if !defined(TCP_KEEPIDLE) && defined(TCP_KEEPALIVE)
#    define TCP_KEEPIDLE TCP_KEEPALIVE
#endif

int zx_posix_setopt(int fd, int level, int name, int value) {
    return zx_posix_result(setsockopt(fd, level, name, &value, sizeof(value)));
}

int zx_sock_set_nodelay(int fd) {
    return zx_posix_setopt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

int zx_sock_set_reuseaddr(int fd) {
    return zx_posix_setopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

int zx_sock_set_v6only(int fd, bool on) {
    return zx_posix_setopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, on);
}

int zx_sock_set_buffers(int fd, int sndbuf, int rcvbuf) {
    int rc = sndbuf < 0 ? 0 : zx_posix_setopt(fd, SOL_SOCKET, SO_SNDBUF, sndbuf);
    if (rc || rcvbuf < 0)
        return rc;
    return zx_posix_setopt(fd, SOL_SOCKET, SO_RCVBUF, rcvbuf);
}

static int set_wanted(int fd, int name, int value) {
    return value == -1 ? 0 : zx_posix_setopt(fd, IPPROTO_TCP, name, value);
}

int zx_sock_set_keepalive(int fd, int on, int cnt, int idle, int intvl) {
    if (on == -1)
        return 0;
    int rc = zx_posix_setopt(fd, SOL_SOCKET, SO_KEEPALIVE, on);
#ifdef TCP_KEEPCNT
    if (!rc)
        rc = set_wanted(fd, TCP_KEEPCNT, cnt);
#endif
#ifdef TCP_KEEPIDLE
    if (!rc)
        rc = set_wanted(fd, TCP_KEEPIDLE, idle);
#endif
#ifdef TCP_KEEPINTVL
    if (!rc)
        rc = set_wanted(fd, TCP_KEEPINTVL, intvl);
#endif
    (void)cnt;
    (void)idle;
    (void)intvl;
    return rc;
}

int zx_sock_set_tos(int fd, int tos) {
    struct zx_addr local;
    int rc = zx_sock_local(fd, &local);
    if (rc)
        return rc;
    rc = zx_posix_setopt(fd, IPPROTO_IP, IP_TOS, tos);
    if (zx_addr_family(&local) != ZX_AF_INET6)
        return rc;
    /* IP_TOS is for the IPv4 peers of such a socket; not every system takes it there. */
    return zx_posix_setopt(fd, IPPROTO_IPV6, IPV6_TCLASS, tos);
}
