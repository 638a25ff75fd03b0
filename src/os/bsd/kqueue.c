/* SPDX-License-Identifier: MIT */
/*
 * The poll set on kqueue. Differences to epoll that callers may notice:
 *  - reading and writing are two filters, so ONESHOT disarms only the one that fired;
 *  - a set of interests without IN, OUT and PRI reports nothing, not even errors.
 */
#include "os/posix/posix.h"

#if ZX_OS_BSD

#    include <assert.h>
#    include <sys/event.h>
#    include <sys/types.h>
#    include <unistd.h>

enum { MAX_EVENTS = 128 };

static_assert(sizeof(void *) >= sizeof(uint64_t), "a key must fit the udata of a kevent");

/* An integer on some NetBSDs, a pointer everywhere else. */
#    define UDATA(key) ((__typeof__(((struct kevent *)0)->udata))(uintptr_t)(key))

#    ifdef EV_DISPATCH
#        define ONCE EV_DISPATCH
#    else
#        define ONCE EV_ONESHOT
#    endif

int zx_pollset_init(struct zx_pollset *ps) {
    int fd = zx_posix_above_std(kqueue());
    ps->fd = fd < 0 ? -1 : fd;
    if (fd < 0)
        return fd;
    int rc = zx_posix_set_cloexec(fd);
    if (rc)
        zx_pollset_fini(ps);
    return rc;
}

void zx_pollset_fini(struct zx_pollset *ps) {
    if (ps->fd > 0)
        close(ps->fd);
    ps->fd = -1;
}

static int change(struct zx_pollset *ps, int fd, short filter, unsigned short flags, uint64_t key) {
    struct kevent ev;
    EV_SET(&ev, (uintptr_t)fd, filter, flags, 0, 0, UDATA(key));
    return zx_posix_result(kevent(ps->fd, &ev, 1, NULL, 0, NULL));
}

/* Makes the interest in one filter what events says; no interest to begin with is fine. */
static int set_filter(struct zx_pollset *ps, int fd, short filter, int wanted, uint64_t key) {
    if (wanted >= 0)
        return change(ps, fd, filter, (unsigned short)wanted, key);
    int rc = change(ps, fd, filter, EV_DELETE, key);
    return rc == -ENOENT ? 0 : rc;
}

static int add_flags(unsigned events) {
    int flags = EV_ADD | EV_ENABLE;
    if (events & ZX_POLL_EDGE)
        flags |= EV_CLEAR;
    if (events & ZX_POLL_ONESHOT)
        flags |= ONCE;
    return flags;
}

int zx_pollset_mod(struct zx_pollset *ps, int fd, unsigned events, uint64_t key) {
    int flags = add_flags(events);
    bool in = events & (ZX_POLL_IN | ZX_POLL_PRI);
    int rc = set_filter(ps, fd, EVFILT_READ, in ? flags : -1, key);
    if (rc)
        return rc;
    return set_filter(ps, fd, EVFILT_WRITE, events & ZX_POLL_OUT ? flags : -1, key);
}

int zx_pollset_add(struct zx_pollset *ps, int fd, unsigned events, uint64_t key) {
    int rc = zx_pollset_mod(ps, fd, events, key);
    if (rc)
        zx_pollset_del(ps, fd);
    return rc;
}

int zx_pollset_del(struct zx_pollset *ps, int fd) {
    return zx_pollset_mod(ps, fd, 0, 0);
}

static unsigned from_kevent(const struct kevent *ev) {
    unsigned events = 0;
    if (ev->filter == EVFILT_READ)
        events |= ZX_POLL_IN;
    if (ev->filter == EVFILT_WRITE)
        events |= ZX_POLL_OUT;
    /* End of stream is read; an error, or a peer that no longer reads, is told as such. */
    if ((ev->flags & EV_ERROR) ||
        ((ev->flags & EV_EOF) && (ev->fflags || ev->filter == EVFILT_WRITE)))
        events |= ZX_POLL_ERR;
    return events;
}

/* Reading and writing of one descriptor arrive apart: joins what has the key of the last. */
static int gather(const struct kevent *raw, int got, struct zx_poll_event *evs) {
    int n = 0;
    for (int i = 0; i < got; i++) {
        uint64_t key = (uint64_t)(uintptr_t)raw[i].udata;
        if (n && evs[n - 1].key == key) {
            evs[n - 1].events |= from_kevent(&raw[i]);
            continue;
        }
        evs[n].key = key;
        evs[n++].events = from_kevent(&raw[i]);
    }
    return n;
}

int zx_pollset_wait(struct zx_pollset *ps, struct zx_poll_event *evs, int n, uint64_t timeout_ns) {
    struct kevent raw[MAX_EVENTS];
    struct timespec ts = zx_posix_timespec(timeout_ns);
    if (n > MAX_EVENTS)
        n = MAX_EVENTS;
    int got = kevent(ps->fd, NULL, 0, raw, n, timeout_ns == UINT64_MAX ? NULL : &ts);
    return got < 0 ? zx_posix_error() : gather(raw, got, evs);
}

#endif
