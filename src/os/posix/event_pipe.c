/* SPDX-License-Identifier: MIT */
/* The wake-up of systems without eventfd: a pipe, both ends non-blocking. */
#include "os/posix/posix.h"

#if !ZX_OS_LINUX

#    include <unistd.h>

static int prepare_end(int *fd) {
    int moved = zx_posix_above_std(*fd);
    *fd = moved < 0 ? -1 : moved;
    if (moved < 0)
        return moved;
    int rc = zx_posix_set_cloexec(moved);
    return rc ? rc : zx_sock_set_nonblock(moved);
}

int zx_event_init(struct zx_event *ev) {
    int ends[2];
    ev->rfd = ev->wfd = -1;
    if (pipe(ends) < 0)
        return zx_posix_error();
    int rc_read = prepare_end(&ends[0]);
    int rc_write = prepare_end(&ends[1]);
    ev->rfd = ends[0];
    ev->wfd = ends[1];
    if (!rc_read && !rc_write)
        return 0;
    zx_event_fini(ev);
    return rc_read ? rc_read : rc_write;
}

void zx_event_fini(struct zx_event *ev) {
    if (ev->rfd > 0)
        close(ev->rfd);
    if (ev->wfd > 0)
        close(ev->wfd);
    ev->rfd = ev->wfd = -1;
}

void zx_event_signal(struct zx_event *ev) {
    int before = errno;
    /* EAGAIN: the pipe is full, so its other end is readable anyway. */
    while (write(ev->wfd, "", 1) < 0 && errno == EINTR)
        continue;
    errno = before;
}

bool zx_event_drain(struct zx_event *ev) {
    int before = errno;
    char bytes[512];
    ptrdiff_t n;
    bool any = false;
    do {
        n = read(ev->rfd, bytes, sizeof(bytes));
        any |= n > 0;
    } while (n == (ptrdiff_t)sizeof(bytes) || (n < 0 && errno == EINTR));
    errno = before;
    return any;
}

#endif
