/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <sys/epoll.h>
#    include <sys/syscall.h>
#    include <unistd.h>

enum { MAX_EVENTS = 128 };

int zx_pollset_init(struct zx_pollset *ps) {
    int fd = zx_posix_above_std(epoll_create1(EPOLL_CLOEXEC));
    ps->fd = fd < 0 ? -1 : fd;
    return fd < 0 ? fd : 0;
}

void zx_pollset_fini(struct zx_pollset *ps) {
    if (ps->fd > 0)
        close(ps->fd);
    ps->fd = -1;
}

static uint32_t to_epoll(unsigned events) {
    uint32_t bits = 0;
    if (events & ZX_POLL_IN)
        bits |= EPOLLIN;
    if (events & ZX_POLL_OUT)
        bits |= EPOLLOUT;
    if (events & ZX_POLL_PRI)
        bits |= EPOLLPRI;
    if (events & ZX_POLL_EDGE)
        bits |= EPOLLET;
    if (events & ZX_POLL_ONESHOT)
        bits |= EPOLLONESHOT;
    return bits;
}

static unsigned from_epoll(uint32_t bits) {
    unsigned events = 0;
    if (bits & EPOLLIN)
        events |= ZX_POLL_IN;
    if (bits & EPOLLOUT)
        events |= ZX_POLL_OUT;
    if (bits & EPOLLPRI)
        events |= ZX_POLL_PRI;
    if (bits & (EPOLLERR | EPOLLHUP))
        events |= ZX_POLL_ERR;
    return events;
}

static int control(struct zx_pollset *ps, int op, int fd, struct epoll_event *ev) {
    return zx_posix_result(epoll_ctl(ps->fd, op, fd, ev));
}

int zx_pollset_add(struct zx_pollset *ps, int fd, unsigned events, uint64_t key) {
    struct epoll_event ev = {.events = to_epoll(events), .data = {.u64 = key}};
    return control(ps, EPOLL_CTL_ADD, fd, &ev);
}

int zx_pollset_mod(struct zx_pollset *ps, int fd, unsigned events, uint64_t key) {
    struct epoll_event ev = {.events = to_epoll(events), .data = {.u64 = key}};
    return control(ps, EPOLL_CTL_MOD, fd, &ev);
}

int zx_pollset_del(struct zx_pollset *ps, int fd) {
    struct epoll_event unused = {0}; /* not NULL, for kernels before 2.6.9 and strict checkers */
    return control(ps, EPOLL_CTL_DEL, fd, &unused);
}

#    ifdef SYS_epoll_pwait2

/* Set once the kernel (before 5.11), a filter or an emulator has refused the call. */
static atomic_bool no_pwait2;

static int wait_ns(int fd, struct epoll_event *raw, int n, uint64_t timeout_ns) {
    struct timespec ts = zx_posix_timespec(timeout_ns);
    int64_t wide[2] = {ts.tv_sec, ts.tv_nsec};
    if (!atomic_load_explicit(&no_pwait2, memory_order_relaxed)) {
        long rc = syscall(SYS_epoll_pwait2, fd, raw, n, wide, NULL, 0);
        if (rc >= 0 || (errno != ENOSYS && errno != EPERM))
            return (int)rc;
        atomic_store_explicit(&no_pwait2, true, memory_order_relaxed);
    }
    return epoll_wait(fd, raw, n, zx_posix_millis(timeout_ns));
}

#    else

static int wait_ns(int fd, struct epoll_event *raw, int n, uint64_t timeout_ns) {
    return epoll_wait(fd, raw, n, zx_posix_millis(timeout_ns));
}

#    endif

int zx_pollset_wait(struct zx_pollset *ps, struct zx_poll_event *evs, int n, uint64_t timeout_ns) {
    struct epoll_event raw[MAX_EVENTS];
    if (n > MAX_EVENTS)
        n = MAX_EVENTS;
    int got;
    if (timeout_ns == 0 || timeout_ns == UINT64_MAX)
        got = epoll_wait(ps->fd, raw, n, timeout_ns ? -1 : 0);
    else
        got = wait_ns(ps->fd, raw, n, timeout_ns);
    if (got < 0)
        return zx_posix_error();
    for (int i = 0; i < got; i++) {
        evs[i].key = raw[i].data.u64;
        evs[i].events = from_epoll(raw[i].events);
    }
    return got;
}

#endif
