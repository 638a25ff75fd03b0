/* SPDX-License-Identifier: MIT */
/*
 * Plain poll. There is no poll set on top of it: every system this library runs on has epoll or
 * kqueue, and a set made of poll(2) could not be nested in another one.
 */
#include "os/posix/posix.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

enum { ON_STACK = 64 };

static short to_poll(unsigned events) {
    int bits = 0;
    if (events & ZX_POLL_IN)
        bits |= POLLIN;
    if (events & ZX_POLL_OUT)
        bits |= POLLOUT;
    if (events & ZX_POLL_PRI)
        bits |= POLLPRI;
    return (short)bits;
}

static unsigned from_poll(int bits) {
    unsigned events = 0;
    if (bits & POLLIN)
        events |= ZX_POLL_IN;
    if (bits & POLLOUT)
        events |= ZX_POLL_OUT;
    if (bits & POLLPRI)
        events |= ZX_POLL_PRI;
    if (bits & (POLLERR | POLLHUP | POLLNVAL))
        events |= ZX_POLL_ERR;
    return events;
}

#if defined(__APPLE__) || defined(__NetBSD__)

/* No ppoll: a signal between the change of mask and the wait is taken, but does not end the wait.
 */
static int poll_masked(struct pollfd *fds, nfds_t n, uint64_t timeout_ns, const sigset_t *mask) {
    sigset_t old;
    if (mask)
        pthread_sigmask(SIG_SETMASK, mask, &old);
    int rc = poll(fds, n, zx_posix_millis(timeout_ns));
    int code = errno;
    if (mask)
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = code;
    return rc;
}

#else

static int poll_masked(struct pollfd *fds, nfds_t n, uint64_t timeout_ns, const sigset_t *mask) {
    if (timeout_ns == UINT64_MAX)
        return ppoll(fds, n, NULL, mask);
    struct timespec ts = zx_posix_timespec(timeout_ns);
    return ppoll(fds, n, &ts, mask);
}

#endif

static int poll_raw(struct pollfd *raw, struct zx_os_pollfd *fds, size_t n, uint64_t timeout_ns,
                    const sigset_t *mask) {
    for (size_t i = 0; i < n; i++)
        raw[i] = (struct pollfd){.fd = fds[i].fd, .events = to_poll(fds[i].events)};
    int before = errno;
    int rc = poll_masked(raw, (nfds_t)n, timeout_ns, mask);
    if (rc < 0)
        return zx_posix_refused(before);
    for (size_t i = 0; i < n; i++)
        fds[i].revents = fds[i].fd < 0 ? 0 : from_poll(raw[i].revents);
    return rc;
}

int zx_os_poll(struct zx_os_pollfd *fds, size_t n, uint64_t timeout_ns, const sigset_t *mask) {
    struct pollfd few[ON_STACK];
    if (n <= ON_STACK)
        return poll_raw(few, fds, n, timeout_ns, mask);
    if (n > INT_MAX)
        return -EINVAL;
    struct pollfd *many = calloc(n, sizeof(*many));
    if (!many)
        return -ENOMEM;
    int rc = poll_raw(many, fds, n, timeout_ns, mask);
    free(many);
    return rc;
}
