/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <netinet/in.h>
#    include <netinet/tcp.h>
#    include <string.h>
#    include <sys/socket.h>

#    include "os/posix/sockopt.h"

#    ifndef SO_BUSY_POLL
#        define SO_BUSY_POLL 46
#    endif

int zx_sock_set_user_timeout(int fd, int ms) {
    return zx_posix_setopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ms);
}

int zx_sock_set_priority(int fd, int prio) {
    return zx_posix_setopt(fd, SOL_SOCKET, SO_PRIORITY, prio);
}

int zx_sock_set_busy_poll(int fd, int usec) {
    return zx_posix_setopt(fd, SOL_SOCKET, SO_BUSY_POLL, usec);
}

int zx_sock_bind_device(int fd, const char *name) {
    size_t len = strlen(name);
    return zx_posix_result(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)len));
}

int zx_sock_peer_cred(int fd, struct zx_cred *c) {
    struct ucred cred;
    socklen_t len = sizeof(cred);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        return zx_posix_error();
    *c = (struct zx_cred){.uid = cred.uid, .gid = cred.gid, .pid = cred.pid};
    return 0;
}

#endif
