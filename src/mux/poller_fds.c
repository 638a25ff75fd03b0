/* SPDX-License-Identifier: MIT */
/* Descriptors of a poller: asked for one by one while they are few, else kept in a poll set. */
#include <errno.h>
#include <stdlib.h>

#include "mux/poller_parts.h"

enum { CAP_MIN = 8, EVENTS_PER_LOOK = 128, PROBES = 16 };
#define OWN_KEY UINT64_MAX

static unsigned to_os(short events) {
    return (events & ZMQ_POLLIN ? ZX_POLL_IN : 0) | (events & ZMQ_POLLOUT ? ZX_POLL_OUT : 0) |
           (events & ZMQ_POLLPRI ? ZX_POLL_PRI : 0);
}

static short from_os(unsigned events) {
    return (short)((events & ZX_POLL_IN ? ZMQ_POLLIN : 0) |
                   (events & ZX_POLL_OUT ? ZMQ_POLLOUT : 0) |
                   (events & ZX_POLL_ERR ? ZMQ_POLLERR : 0) |
                   (events & ZX_POLL_PRI ? ZMQ_POLLPRI : 0));
}

static bool uses_set(const struct zx_poller *p) {
    return p->fds.set.fd >= 0;
}

/* A number may come back with another file behind it: the high half tells them apart. */
static uint64_t key_of(const struct zx_member *m) {
    return m->seq << 32 | (uint32_t)m->fd;
}

static struct zx_member *find(const struct zx_poller *p, int fd) {
    return (size_t)fd < p->fds.by_cap ? p->fds.by_fd[fd] : NULL;
}

bool zx_poller_waits_for_fds(const struct zx_poller *p) {
    return p->fds.n != 0;
}

/* ---- the set ---- */

static void set_always(struct zx_poller *p, struct zx_member *m, short events) {
    p->fds.n_always -= m->always != 0;
    p->fds.n_always += events != 0;
    m->always = events;
}

/* A regular file is always ready, a descriptor that is closed always in error, as poll(2) has
 * it; a set takes neither. */
static int after_refusal(struct zx_poller *p, struct zx_member *m, int rc) {
    if (rc == -EPERM)
        set_always(p, m, m->events & (ZMQ_POLLIN | ZMQ_POLLOUT));
    else if (rc == -EBADF)
        set_always(p, m, ZMQ_POLLERR);
    else
        return rc;
    return 0;
}

static int enter_set(struct zx_poller *p, struct zx_member *m) {
    set_always(p, m, 0);
    if (!m->events)
        return 0;
    int rc = zx_pollset_add(&p->fds.set, m->fd, to_os(m->events), key_of(m));
    if (rc == -EEXIST)
        rc = zx_pollset_mod(&p->fds.set, m->fd, to_os(m->events), key_of(m));
    return rc ? after_refusal(p, m, rc) : 0;
}

static int fill_set(struct zx_poller *p) {
    int rc = 0;
    for (size_t i = 0; i < p->fds.n && !rc; i++)
        rc = enter_set(p, p->fds.v[i]);
    return rc;
}

static int make_set(struct zx_poller *p) {
    int rc = zx_pollset_init(&p->fds.set);
    if (rc)
        return rc;
    rc = fill_set(p);
    if (!rc)
        return 0;
    zx_pollset_fini(&p->fds.set);
    for (size_t i = 0; i < p->fds.n; i++)
        set_always(p, p->fds.v[i], 0);
    return rc;
}

int zx_poller_use_set(struct zx_poller *p, int fd) {
    int rc = uses_set(p) ? 0 : make_set(p);
    if (rc || fd < 0)
        return rc;
    rc = zx_pollset_add(&p->fds.set, fd, ZX_POLL_IN, OWN_KEY);
    return rc == -EEXIST ? 0 : rc;
}

/* The set reports what was closed without being removed and lives on elsewhere: such a
 * descriptor cannot be taken out, so a new set is made. Not with the set's own number out. */
static void renew_set(struct zx_poller *p) {
    struct zx_pollset old = p->fds.set;
    if (atomic_load_explicit(&p->news.has_fd, memory_order_relaxed))
        return;
    p->fds.set.fd = -1;
    if (make_set(p))
        p->fds.set = old;
    else
        zx_pollset_fini(&old);
}

/* ---- members ---- */

static int grow(struct zx_poller *p) {
    size_t cap = p->fds.cap ? p->fds.cap * 2 : CAP_MIN;
    struct zx_member **v = realloc(p->fds.v, cap * sizeof(struct zx_member *));
    if (!v)
        return -ENOMEM;
    p->fds.v = v;
    p->fds.cap = cap;
    return 0;
}

static int grow_numbers(struct zx_poller *p, int fd) {
    size_t cap = p->fds.by_cap ? p->fds.by_cap : CAP_MIN;
    while (cap <= (size_t)fd)
        cap *= 2;
    struct zx_member **v = realloc(p->fds.by_fd, cap * sizeof(struct zx_member *));
    if (!v)
        return -ENOMEM;
    for (size_t i = p->fds.by_cap; i < cap; i++)
        v[i] = NULL;
    p->fds.by_fd = v;
    p->fds.by_cap = cap;
    return 0;
}

static void drop(struct zx_poller *p, struct zx_member *m) {
    struct zx_member *last = p->fds.v[--p->fds.n];
    p->fds.v[m->index] = last;
    last->index = m->index;
    p->fds.by_fd[m->fd] = NULL;
    set_always(p, m, 0);
    zx_poller_count(p, m->events, 0);
    free(m);
}

static int add(struct zx_poller *p, int fd, void *user_data, short events) {
    if (zx_poller_check_events(events) || find(p, fd))
        return -EINVAL;
    int rc = p->fds.n == p->fds.cap ? grow(p) : 0;
    if (!rc && (size_t)fd >= p->fds.by_cap)
        rc = grow_numbers(p, fd);
    struct zx_member *m = rc ? NULL : calloc(1, sizeof *m);
    if (!m)
        return -ENOMEM;
    m->fd = fd;
    m->events = events;
    m->user_data = user_data;
    m->seq = ++p->last_seq;
    m->index = p->fds.n;
    p->fds.v[p->fds.n++] = m;
    p->fds.by_fd[fd] = m;
    zx_poller_count(p, 0, events);
    if (uses_set(p))
        rc = enter_set(p, m);
    else if (p->fds.n > ZX_POLLER_ASKS)
        rc = make_set(p);
    if (rc)
        drop(p, m);
    return rc;
}

static int modify(struct zx_poller *p, int fd, short events) {
    struct zx_member *m = find(p, fd);
    if (!m || zx_poller_check_events(events))
        return -EINVAL;
    short before = m->events;
    m->events = events;
    int rc = 0;
    if (uses_set(p)) {
        if (!events)
            (void)zx_pollset_del(&p->fds.set, fd);
        rc = enter_set(p, m);
    }
    if (rc)
        m->events = before;
    else
        zx_poller_count(p, before, events);
    return rc;
}

static int take_away(struct zx_poller *p, int fd) {
    struct zx_member *m = find(p, fd);
    if (!m)
        return -EINVAL;
    if (uses_set(p))
        (void)zx_pollset_del(&p->fds.set, fd);
    drop(p, m);
    return 0;
}

static int enter(struct zx_poller *p, int fd) {
    int rc = zx_poller_enter(p);
    if (rc)
        return rc;
    return fd < 0 ? zx_poller_leave(p, -EBADF) : 0;
}

static int leave(struct zx_poller *p, int rc) {
    if (!rc)
        zx_news_wake(&p->news);
    return zx_poller_leave(p, rc);
}

int zx_poller_add_fd(struct zx_poller *p, int fd, void *user_data, short events) {
    int rc = enter(p, fd);
    return rc ? rc : leave(p, add(p, fd, user_data, events));
}

int zx_poller_modify_fd(struct zx_poller *p, int fd, short events) {
    int rc = enter(p, fd);
    return rc ? rc : leave(p, modify(p, fd, events));
}

int zx_poller_remove_fd(struct zx_poller *p, int fd) {
    int rc = enter(p, fd);
    return rc ? rc : leave(p, take_away(p, fd));
}

void zx_poller_free_fds(struct zx_poller *p) {
    for (size_t i = 0; i < p->fds.n; i++)
        free(p->fds.v[i]);
    free(p->fds.v);
    free(p->fds.by_fd);
    p->fds.v = p->fds.by_fd = NULL;
    p->fds.n = p->fds.cap = p->fds.by_cap = 0;
    zx_pollset_fini(&p->fds.set);
}

/* ---- looking ---- */

static struct zx_os_pollfd asked(const struct zx_member *m) {
    return (struct zx_os_pollfd){m->events ? m->fd : -1, to_os(m->events), 0};
}

/* n of them, beginning with the one at `from`, by a question for each. */
static int ask(struct zx_poller *p, size_t from, size_t n) {
    struct zx_os_pollfd v[ZX_POLLER_ASKS];
    for (size_t i = 0; i < n; i++)
        v[i] = asked(p->fds.v[(from + i) % p->fds.n]);
    int rc = zx_os_poll(v, n, 0, NULL);
    for (size_t i = 0; rc > 0 && i < n && zx_poller_has_room(p); i++) {
        if (!v[i].revents)
            continue;
        int err = zx_poller_note(p, p->fds.v[(from + i) % p->fds.n], from_os(v[i].revents));
        if (err)
            return err;
    }
    return rc < 0 ? rc : 0;
}

static int look_always(struct zx_poller *p) {
    int rc = 0;
    for (size_t i = 0; i < p->fds.n && !rc && zx_poller_has_room(p); i++)
        if (p->fds.v[i]->always)
            rc = zx_poller_note(p, p->fds.v[i], p->fds.v[i]->always);
    return rc;
}

/* Closed without being removed, a descriptor leaves the set unseen: a few are asked each time
 * that there is nothing else to tell. */
static int probe(struct zx_poller *p) {
    size_t n = p->fds.n < PROBES ? p->fds.n : PROBES, from = p->fds.next_probe % p->fds.n;
    p->fds.next_probe = (from + n) % p->fds.n;
    return ask(p, from, n);
}

static int look_set(struct zx_poller *p) {
    struct zx_poll_event evs[EVENTS_PER_LOOK];
    size_t room = p->found.max - p->found.n + 1; /* one may be our own */
    int n = zx_pollset_wait(&p->fds.set, evs, room < EVENTS_PER_LOOK ? (int)room : EVENTS_PER_LOOK,
                            0);
    bool stale = false;
    if (n < 0)
        return n;
    for (int i = 0; i < n && zx_poller_has_room(p); i++) {
        struct zx_member *m = find(p, (int)(uint32_t)evs[i].key);
        if (evs[i].key == OWN_KEY)
            continue;
        if (!m || key_of(m) != evs[i].key) {
            stale = true;
            continue;
        }
        int rc = zx_poller_note(p, m, from_os(evs[i].events));
        if (rc)
            return rc;
    }
    if (stale)
        renew_set(p);
    return 0;
}

int zx_poller_look_fds(struct zx_poller *p) {
    if (!p->fds.n || !zx_poller_has_room(p))
        return 0;
    /* Whoever was first the last time is not so the next. */
    if (!uses_set(p)) {
        p->fds.next_probe = (p->fds.next_probe + 1) % p->fds.n;
        return ask(p, p->found.max < p->fds.n ? p->fds.next_probe : 0, p->fds.n);
    }
    int rc = p->fds.n_always ? look_always(p) : 0;
    if (!rc)
        rc = look_set(p);
    if (!rc && !p->found.n)
        rc = probe(p);
    return rc;
}

size_t zx_poller_fill_fds(const struct zx_poller *p, struct zx_os_pollfd *v) {
    if (!p->fds.n)
        return 0;
    if (uses_set(p)) {
        v[0] = (struct zx_os_pollfd){p->fds.set.fd, ZX_POLL_IN, 0};
        return 1;
    }
    for (size_t i = 0; i < p->fds.n; i++)
        v[i] = asked(p->fds.v[i]);
    return p->fds.n;
}
