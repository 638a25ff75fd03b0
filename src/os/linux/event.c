/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <sys/eventfd.h>
#    include <unistd.h>

int zx_event_init(struct zx_event *ev) {
    int fd = zx_posix_above_std(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    ev->rfd = ev->wfd = fd < 0 ? -1 : fd;
    return fd < 0 ? fd : 0;
}

void zx_event_fini(struct zx_event *ev) {
    if (ev->rfd > 0)
        close(ev->rfd);
    ev->rfd = ev->wfd = -1;
}

void zx_event_signal(struct zx_event *ev) {
    int before = errno;
    uint64_t one = 1;
    /* EAGAIN: the count is at its end, so the descriptor is readable anyway. */
    while (write(ev->wfd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    errno = before;
}

bool zx_event_drain(struct zx_event *ev) {
    int before = errno;
    uint64_t count;
    ptrdiff_t n;
    do
        n = read(ev->rfd, &count, sizeof(count));
    while (n < 0 && errno == EINTR);
    errno = before;
    return n > 0;
}

#endif
