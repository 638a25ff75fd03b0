/* SPDX-License-Identifier: MIT */
/* Stream sockets: making, joining and moving bytes. */
#include "os/posix/posix.h"

#include <assert.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/posix/addr.h"

static_assert(sizeof(struct zx_iov) == sizeof(struct iovec) &&
                  offsetof(struct zx_iov, base) == offsetof(struct iovec, iov_base) &&
                  offsetof(struct zx_iov, len) == offsetof(struct iovec, iov_len),
              "zx_iov must be the system's iovec");

#ifndef MSG_NOSIGNAL
#    define MSG_NOSIGNAL 0
#endif

enum { MAX_IOV = 1024 };

/* What the system could not set at birth. Closes fd if it fails. */
static int prepare(int fd) {
    int rc = 0;
#ifdef SO_NOSIGPIPE
    int on = 1;
    rc = zx_posix_result(setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on)));
#endif
#ifdef __APPLE__
    if (!rc)
        rc = zx_posix_set_cloexec(fd);
    if (!rc)
        rc = zx_sock_set_nonblock(fd);
#endif
    if (!rc)
        return fd;
    close(fd);
    return rc;
}

static int open_kind(enum zx_family f, int kind) {
    int af = zx_posix_af(f);
    if (af == AF_UNSPEC)
        return -EAFNOSUPPORT;
#ifdef __APPLE__
    int fd = socket(af, kind, 0);
#else
    int fd = socket(af, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#endif
    fd = zx_posix_above_std(fd);
    return fd < 0 ? fd : prepare(fd);
}

int zx_sock_pair(int fd[2]) {
#ifdef __APPLE__
    int rc = socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
#else
    int rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd);
#endif
    if (rc)
        return -errno;
    for (int i = 0; i < 2; i++) {
        fd[i] = zx_posix_above_std(fd[i]);
        if (fd[i] >= 0)
            fd[i] = prepare(fd[i]);
        if (fd[i] < 0)
            rc = fd[i];
    }
    for (int i = 0; rc && i < 2; i++)
        if (fd[i] >= 0)
            zx_sock_close(fd[i]);
    return rc;
}

int zx_sock_open(enum zx_family f) {
    return open_kind(f, SOCK_STREAM);
}

int zx_dgram_open(enum zx_family f) {
    return open_kind(f, SOCK_DGRAM);
}

void zx_sock_close(int fd) {
    /* Never repeated: whatever it returns, the descriptor is gone. */
    if (fd >= 0)
        close(fd);
}

int zx_sock_bind(int fd, const struct zx_addr *a) {
    return zx_posix_result(bind(fd, zx_posix_addr_sa(a), (socklen_t)a->len));
}

int zx_sock_listen(int fd, int backlog) {
    return zx_posix_result(listen(fd, backlog));
}

static int accept_raw(int fd, struct sockaddr *sa, socklen_t *len) {
#ifdef __APPLE__
    return accept(fd, sa, len);
#else
    return accept4(fd, sa, len, SOCK_CLOEXEC | SOCK_NONBLOCK);
#endif
}

int zx_sock_accept(int fd, struct zx_addr *peer) {
    struct zx_addr from = {0};
    socklen_t len;
    int got, before = errno;
    do {
        len = sizeof(from.sa);
        got = accept_raw(fd, zx_posix_addr_room(&from), &len);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return zx_posix_refused(before);
    got = zx_posix_above_std(got);
    if (got < 0)
        return got;
    from.len = len < sizeof(from.sa) ? (uint32_t)len : (uint32_t)sizeof(from.sa);
    if (peer)
        *peer = from;
    return prepare(got);
}

int zx_sock_connect(int fd, const struct zx_addr *a) {
    int before = errno;
    if (connect(fd, zx_posix_addr_sa(a), (socklen_t)a->len) == 0)
        return 0;
    int rc = zx_posix_refused(before);
    return rc == -EINTR ? -EINPROGRESS : rc; /* interrupted, it goes on being made */
}

int zx_sock_error(int fd) {
    int code = 0;
    socklen_t len = sizeof(code);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
        return zx_posix_error();
    return code > 0 ? -code : 0;
}

int zx_sock_local(int fd, struct zx_addr *a) {
    socklen_t len = sizeof(a->sa);
    zx_posix_addr_store(a, NULL, 0);
    if (getsockname(fd, zx_posix_addr_room(a), &len) < 0)
        return zx_posix_error();
    a->len = len < sizeof(a->sa) ? (uint32_t)len : (uint32_t)sizeof(a->sa);
    return 0;
}

int zx_sock_peer(int fd, struct zx_addr *a) {
    socklen_t len = sizeof(a->sa);
    zx_posix_addr_store(a, NULL, 0);
    if (getpeername(fd, zx_posix_addr_room(a), &len) < 0)
        return zx_posix_error();
    a->len = len < sizeof(a->sa) ? (uint32_t)len : (uint32_t)sizeof(a->sa);
    return 0;
}

static ptrdiff_t moved(ptrdiff_t n, int before) {
    return n >= 0 ? n : zx_posix_refused(before);
}

ptrdiff_t zx_sock_send(int fd, const void *buf, size_t size) {
    int before = errno;
    ptrdiff_t n;
    do
        n = send(fd, buf, size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return moved(n, before);
}

static struct msghdr header(const struct zx_iov *iov, size_t n) {
    struct msghdr h = {0};
    h.msg_iov = (struct iovec *)(uintptr_t)iov; /* the calls only read it */
    /* A short fits every type that libcs give this member. */
    h.msg_iovlen = (unsigned short)(n < MAX_IOV ? n : MAX_IOV);
    return h;
}

ptrdiff_t zx_sock_sendv(int fd, const struct zx_iov *iov, size_t n) {
    struct msghdr h = header(iov, n);
    int before = errno;
    ptrdiff_t sent;
    do
        sent = sendmsg(fd, &h, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return moved(sent, before);
}

ptrdiff_t zx_sock_recv(int fd, void *buf, size_t size) {
    int before = errno;
    ptrdiff_t n;
    do
        n = recv(fd, buf, size, 0);
    while (n < 0 && errno == EINTR);
    return moved(n, before);
}

ptrdiff_t zx_sock_recvv(int fd, const struct zx_iov *iov, size_t n) {
    struct msghdr h = header(iov, n);
    int before = errno;
    ptrdiff_t got;
    do
        got = recvmsg(fd, &h, 0);
    while (got < 0 && errno == EINTR);
    return moved(got, before);
}

void zx_sock_shut_write(int fd) {
    shutdown(fd, SHUT_WR);
}
