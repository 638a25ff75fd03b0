/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#if ZX_OS_BSD

#    include <limits.h>
#    include <net/if.h>
#    include <netinet/in.h>
#    include <netinet/tcp.h>
#    include <sys/param.h>
#    include <sys/socket.h>
#    include <sys/un.h>
#    include <unistd.h>

#    include "os/posix/sockopt.h"

int zx_sock_set_user_timeout(int fd, int ms) {
#    if defined(TCP_RXT_CONNDROPTIME)
    /* Whole seconds, rounded up: 0 would mean none. */
    return zx_posix_setopt(fd, IPPROTO_TCP, TCP_RXT_CONNDROPTIME, ms / 1000 + (ms % 1000 > 0));
#    elif defined(TCP_MAXUNACKTIME)
    return zx_posix_setopt(fd, IPPROTO_TCP, TCP_MAXUNACKTIME, ms / 1000 + (ms % 1000 > 0));
#    else
    (void)fd;
    (void)ms;
    return -ENOTSUP;
#    endif
}

int zx_sock_set_priority(int fd, int prio) {
    (void)fd;
    (void)prio;
    return -ENOTSUP;
}

int zx_sock_set_busy_poll(int fd, int usec) {
    (void)fd;
    (void)usec;
    return -ENOTSUP;
}

int zx_sock_bind_device(int fd, const char *name) {
#    if defined(IP_BOUND_IF) && defined(IPV6_BOUND_IF)
    unsigned index = if_nametoindex(name);
    if (!index || index > INT_MAX)
        return -ENODEV;
    if (zx_posix_setopt(fd, IPPROTO_IPV6, IPV6_BOUND_IF, (int)index) == 0)
        return 0;
    return zx_posix_setopt(fd, IPPROTO_IP, IP_BOUND_IF, (int)index);
#    else
    (void)fd;
    (void)name;
    return -ENOTSUP;
#    endif
}

/* The peer's process where the system tells it, else 0. */
static int32_t peer_pid(int fd) {
#    if defined(LOCAL_PEERPID)
    pid_t pid = 0;
    socklen_t len = sizeof(pid);
    return getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &pid, &len) == 0 ? (int32_t)pid : 0;
#    elif defined(__OpenBSD__)
    struct sockpeercred cred;
    socklen_t len = sizeof(cred);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 ? (int32_t)cred.pid : 0;
#    elif defined(LOCAL_PEEREID)
    struct unpcbid cred;
    socklen_t len = sizeof(cred);
    return getsockopt(fd, 0, LOCAL_PEEREID, &cred, &len) == 0 ? (int32_t)cred.unp_pid : 0;
#    else
    (void)fd;
    return 0;
#    endif
}

int zx_sock_peer_cred(int fd, struct zx_cred *c) {
    uid_t uid;
    gid_t gid;
    if (getpeereid(fd, &uid, &gid) < 0)
        return zx_posix_error();
    *c = (struct zx_cred){.uid = uid, .gid = gid, .pid = peer_pid(fd)};
    return 0;
}

#endif
