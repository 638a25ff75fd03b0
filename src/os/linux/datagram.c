/* SPDX-License-Identifier: MIT */
/* Many datagrams in one system call. */
#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <string.h>
#    include <sys/socket.h>

#    include "os/posix/addr.h"

static int moved(int n, int before) {
    return n >= 0 ? n : zx_posix_refused(before);
}

static void fill(struct mmsghdr *m, const struct zx_datagram *d) {
    memset(m, 0, sizeof(*m));
    m->msg_hdr.msg_iov = (struct iovec *)(uintptr_t)d->iov;
    m->msg_hdr.msg_iovlen = (unsigned short)d->n_iov; /* fits every libc's type */
    if (d->addr)
        m->msg_hdr.msg_name = d->addr->sa;
}

int zx_dgram_send(int fd, const struct zx_datagram *d, unsigned n) {
    struct mmsghdr m[ZX_DATAGRAMS_MAX];
    int sent, before = errno;
    n = n < ZX_DATAGRAMS_MAX ? n : ZX_DATAGRAMS_MAX;
    for (unsigned i = 0; i < n; i++) {
        fill(&m[i], &d[i]);
        if (d[i].addr)
            m[i].msg_hdr.msg_namelen = (socklen_t)d[i].addr->len;
    }
    do
        sent = n == 1 ? (int)sendmsg(fd, &m[0].msg_hdr, MSG_NOSIGNAL)
                      : sendmmsg(fd, m, n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return n == 1 && sent >= 0 ? 1 : moved(sent, before);
}

int zx_dgram_recv(int fd, struct zx_datagram *d, unsigned n) {
    struct mmsghdr m[ZX_DATAGRAMS_MAX];
    int got, before = errno;
    n = n < ZX_DATAGRAMS_MAX ? n : ZX_DATAGRAMS_MAX;
    for (unsigned i = 0; i < n; i++) {
        fill(&m[i], &d[i]);
        if (d[i].addr)
            m[i].msg_hdr.msg_namelen = sizeof(d[i].addr->sa);
    }
    do
        got = recvmmsg(fd, m, n, 0, NULL);
    while (got < 0 && errno == EINTR);
    for (int i = 0; i < got; i++) {
        d[i].size = m[i].msg_len;
        d[i].cut = m[i].msg_hdr.msg_flags & MSG_TRUNC;
        if (d[i].addr)
            d[i].addr->len = (uint32_t)m[i].msg_hdr.msg_namelen;
    }
    return moved(got, before);
}

#endif
