/* SPDX-License-Identifier: MIT */
#include "mux/poll.h"

#include <errno.h>
#include <stdlib.h>

#include "core/ctx.h"
#include "core/io.h"
#include "core/link.h"
#include "core/reactor.h"
#include "core/socket.h"

enum { TAKE_MAX = 8, STACK_ITEMS = 16, LOOK_EVERY = 8, SPIN_ITEMS = 64 };
static const uint64_t HOT_NS = 1000000;

struct taken { /* reactors that this call drives while it waits */
    struct zx_reactor *v[TAKE_MAX];
    struct zx_socket *s[TAKE_MAX];
    unsigned n;
};

struct poll {
    zmq_pollitem_t *items;
    int n;
    const sigset_t *mask;
    struct zx_ctx *ctx; /* of the first socket; lends the wake-up descriptor */
    struct zx_os_pollfd *fds;
    struct zx_watch *watches;
    struct taken taken;
    bool has_fds;
    int pinned; /* items whose slots are held */
    struct zx_socket *first; /* pinned; its spin record stands for all */
    uint64_t spin_ns;        /* 0: do not spin */
};

/* ZMQ_EVENTS of one socket item; negative errno. */
static int socket_ready(const zmq_pollitem_t *it, bool look) {
    struct zx_socket *s = it->socket;
    int rc = zx_socket_enter(s);
    if (rc)
        return rc;
    rc = it->events ? zx_socket_events(s, look) & it->events & (ZMQ_POLLIN | ZMQ_POLLOUT) : 0;
    zx_socket_leave(s);
    return rc;
}

static short from_os(unsigned events) {
    return (short)((events & ZX_POLL_IN ? ZMQ_POLLIN : 0) |
                   (events & ZX_POLL_OUT ? ZMQ_POLLOUT : 0) |
                   (events & ZX_POLL_ERR ? ZMQ_POLLERR : 0) |
                   (events & ZX_POLL_PRI ? ZMQ_POLLPRI : 0));
}

/* Looks at all items once. Number ready or negative errno. */
static int look_sockets(struct poll *p, bool network) {
    int ready = 0;
    for (int i = 0; i < p->n; i++) {
        zmq_pollitem_t *it = &p->items[i];
        if (!it->socket)
            continue;
        int rc = socket_ready(it, network);
        if (rc < 0)
            return rc;
        it->revents = (short)rc;
        ready += rc != 0;
    }
    return ready;
}

/* Fills the array for the kernel: the items' descriptors, then what we drive, then ours. */
static size_t fill_fds(struct poll *p, const struct zx_waiter *w) {
    size_t n = 0;
    for (int i = 0; i < p->n; i++) {
        const zmq_pollitem_t *it = &p->items[i];
        if (it->socket)
            continue;
        unsigned ev = (it->events & ZMQ_POLLIN ? ZX_POLL_IN : 0) |
                      (it->events & ZMQ_POLLOUT ? ZX_POLL_OUT : 0) |
                      (it->events & ZMQ_POLLPRI ? ZX_POLL_PRI : 0);
        p->fds[n++] = (struct zx_os_pollfd){it->fd, ev, 0};
    }
    for (unsigned i = 0; w && i < p->taken.n; i++)
        p->fds[n++] = (struct zx_os_pollfd){p->taken.v[i]->ps.fd, ZX_POLL_IN, 0};
    if (w && w->event)
        p->fds[n++] = (struct zx_os_pollfd){w->event->rfd, ZX_POLL_IN, 0};
    return n;
}

static int take_fds(struct poll *p) {
    int ready = 0;
    size_t n = 0;
    for (int i = 0; i < p->n; i++) {
        zmq_pollitem_t *it = &p->items[i];
        if (it->socket)
            continue;
        it->revents = from_os(p->fds[n++].revents);
        ready += it->revents != 0;
    }
    return ready;
}

/* Sockets and descriptors once, without sleeping. */
static int look(struct poll *p, bool network) {
    int ready = look_sockets(p, network);
    if (ready < 0 || !p->has_fds)
        return ready;
    int rc = zx_os_poll(p->fds, fill_fds(p, NULL), 0, NULL);
    if (rc < 0)
        return rc;
    return ready + take_fds(p);
}

/* ---- driving ---- */

static void drive_taken(struct poll *p, unsigned round) {
    for (unsigned i = 0; i < p->taken.n; i++) {
        struct zx_socket *s = p->taken.s[i];
        if (zx_socket_enter_any(s))
            continue;
        zx_wait_look(s, p->taken.v[i], round);
        zx_socket_leave(s);
    }
}

/* A call that waits keeps every slot it will touch: another thread may close the socket. */
static int pin_all(struct poll *p) {
    for (int i = 0; i < p->n; i++) {
        struct zx_socket *s = p->items[i].socket;
        if (!s)
            continue;
        int rc = zx_socket_enter_any(s);
        if (rc) {
            p->pinned = i;
            return rc;
        }
        zx_socket_slot_ref(s);
        if (!p->first) {
            p->first = s;
            p->ctx = s->ctx;
            if (p->n <= SPIN_ITEMS && zx_os_cpus() > 1 && s->spin.long_waits < 2)
                p->spin_ns = zx_spin_budget_ns(s);
        }
        zx_socket_leave(s);
    }
    p->pinned = p->n;
    return 0;
}

static void unpin_all(struct poll *p) {
    for (int i = 0; i < p->pinned; i++)
        if (p->items[i].socket)
            zx_socket_slot_unref(p->items[i].socket);
}

/* More sockets than one thread can drive: the I/O threads do it for all, and have what is
 * still hot back. */
static void give_hot(struct zx_socket *s) {
    if (s->reactor && zx_reactor_take_hot(s->reactor))
        zx_reactor_give(s->reactor);
}

static void take_reactors(struct poll *p) {
    for (int i = 0; i < p->n; i++) {
        struct zx_socket *s = p->items[i].socket;
        if (!s || zx_socket_enter_any(s))
            continue;
        struct zx_reactor *r = s->reactor;
        if (p->n > TAKE_MAX) {
            give_hot(s);
        } else if (r && s->fd_event.rfd < 0 && zx_reactor_take(r)) {
            zx_reactor_ref(r);
            p->taken.v[p->taken.n] = r;
            p->taken.s[p->taken.n++] = s;
        }
        zx_socket_leave(s);
    }
}

static void release_reactor(struct zx_reactor *r, struct zx_socket *s, bool hot) {
    if (!hot) {
        zx_reactor_give(r);
        return;
    }
    zx_reactor_leave(r);
    /* Somebody sleeps on the socket, or on its ZMQ_FD, asked for while we drove; partners:
     * hand_over, here and in wait.c; get_fd. */
    bool watched = atomic_load_explicit(&s->wake.sleepers, memory_order_seq_cst) ||
                   atomic_load_explicit(&s->has_fd, memory_order_seq_cst);
    if (watched && zx_reactor_take_hot(r))
        zx_reactor_give(r);
}

static void release_reactors(struct poll *p, bool hot) {
    for (unsigned i = 0; i < p->taken.n; i++) {
        release_reactor(p->taken.v[i], p->taken.s[i], hot);
        zx_reactor_unref(p->taken.v[i]);
    }
    p->taken.n = 0;
}

static bool any_mail(const struct poll *p) {
    for (int i = 0; i < p->n; i++) {
        const struct zx_socket *s = p->items[i].socket;
        if (s && zx_socket_has_mail(s))
            return true;
    }
    return false;
}

static void note_wait(struct poll *p, uint64_t waited_ns) {
    struct zx_socket *s = p->first;
    if (!s || zx_socket_enter_any(s))
        return;
    if (waited_ns <= zx_spin_budget_ns(s))
        s->spin.long_waits = 0;
    else if (s->spin.long_waits < 2)
        s->spin.long_waits++;
    zx_socket_leave(s);
}

/* Polls in user space for a while. Ready count, 0, or negative errno. */
static int spin(struct poll *p, uint64_t deadline) {
    if (!p->spin_ns)
        return 0;
    uint64_t until = zx_os_now_ns() + p->spin_ns;
    if (until > deadline)
        until = deadline;
    for (unsigned round = 1; zx_os_now_ns() < until; round++) {
        drive_taken(p, round);
        if (any_mail(p)) {
            int rc = look_sockets(p, false);
            if (rc)
                return rc;
        }
        if (p->has_fds && round % 4 == 0) {
            int rc = look(p, false);
            if (rc)
                return rc;
        }
    }
    return 0;
}

/* ---- sleeping ---- */

static bool is_taken(const struct poll *p, const struct zx_reactor *r) {
    for (unsigned i = 0; i < p->taken.n; i++)
        if (p->taken.v[i] == r)
            return true;
    return false;
}

/* A reactor left hot that we do not drive: nobody would watch it until the tick. */
static void hand_over(const struct poll *p, struct zx_socket *s) {
    if (zx_socket_enter_any(s))
        return;
    struct zx_reactor *r = s->reactor;
    if (r && !is_taken(p, r) && zx_reactor_take_hot(r))
        zx_reactor_give(r);
    zx_socket_leave(s);
}

static void watch_all(struct poll *p, struct zx_waiter *w) {
    for (int i = 0; i < p->n; i++) {
        struct zx_socket *s = p->items[i].socket;
        if (!s)
            continue;
        p->watches[i] = (struct zx_watch){w, NULL, NULL};
        zx_wake_add(&s->wake, &p->watches[i]);
        hand_over(p, s);
    }
}

static void unwatch_all(struct poll *p) {
    for (int i = 0; i < p->n; i++) {
        struct zx_socket *s = p->items[i].socket;
        if (!s)
            continue;
        zx_wake_remove(&s->wake, &p->watches[i]);
    }
}

static int sleep_once(struct poll *p, struct zx_waiter *w, uint64_t deadline) {
    uint64_t now = zx_os_now_ns();
    if (now >= deadline)
        return -EAGAIN;
    uint64_t left = deadline == UINT64_MAX ? UINT64_MAX : deadline - now;
    if (!w->event && !p->taken.n && !p->has_fds && p->ctx && !p->mask) {
        int rc = zx_os_futex_wait(&w->word, 0, left < HOT_NS * 3600000 ? left : HOT_NS * 3600000);
        return rc == -EINTR ? rc : 0;
    }
    int rc = zx_os_poll(p->fds, fill_fds(p, w), left, p->mask);
    if (w->event)
        (void)zx_event_drain(w->event);
    return rc < 0 ? rc : 0;
}

static int wait_round(struct poll *p, struct zx_waiter *w, uint64_t deadline) {
    int rc = look(p, false);
    if (rc)
        return rc;
    rc = sleep_once(p, w, deadline);
    atomic_store_explicit(&w->word, 0, memory_order_seq_cst);
    atomic_thread_fence(memory_order_seq_cst); /* before the next look; partner: zx_wake_all */
    drive_taken(p, 0);
    if (rc == -EINTR && any_mail(p))
        rc = 0;
    return rc;
}

static bool needs_event(const struct poll *p) {
    return p->ctx && (p->taken.n || p->has_fds || p->mask);
}

static int wait_asleep(struct poll *p, uint64_t deadline) {
    struct zx_waiter w = {0, NULL};
    if (needs_event(p) && zx_ctx_borrow_event(p->ctx, &w.event)) {
        /* No descriptor for us: the I/O threads drive, a futex wakes us. */
        release_reactors(p, false);
        if (p->has_fds || p->mask)
            return -EMFILE;
    }
    uint64_t from = zx_os_now_ns();
    watch_all(p, &w);
    int rc;
    do
        rc = wait_round(p, &w, deadline);
    while (!rc);
    if (rc == -EAGAIN)
        rc = look(p, false);
    unwatch_all(p);
    if (w.event)
        zx_ctx_return_event(p->ctx, w.event);
    uint64_t waited = zx_os_now_ns() - from;
    note_wait(p, waited);
    release_reactors(p, waited <= HOT_NS);
    return rc;
}

static void flush_all(struct poll *p) {
    for (int i = 0; i < p->n; i++) {
        struct zx_socket *s = p->items[i].socket;
        if (!s || zx_socket_enter_any(s))
            continue;
        zx_socket_rest(s);
        zx_socket_leave(s);
    }
    if (p->ctx)
        zx_ctx_flush_dirty(p->ctx);
}

/* What memory says first: no system call while there is something to do. Now and then the
 * network is asked all the same, so that no socket starves behind one that always has
 * something. */
static int first_look(struct poll *p) {
    static _Thread_local unsigned turn ZX_OS_FAST_TLS;
    if (p->n > TAKE_MAX)
        return look(p, false);
    int rc = look(p, ++turn % LOOK_EVERY == 0);
    return rc ? rc : look(p, true);
}

static int wait_ready(struct poll *p, uint64_t deadline) {
    take_reactors(p);
    drive_taken(p, 1); /* what waits for company goes with the answers to what is there */
    int rc = any_mail(p) ? look_sockets(p, false) : 0;
    if (!rc) {
        flush_all(p);
        rc = spin(p, deadline);
    }
    if (!rc)
        return wait_asleep(p, deadline);
    note_wait(p, 0);
    release_reactors(p, true);
    return rc;
}

static int run(struct poll *p, long timeout_ms) {
    int rc = first_look(p);
    if (rc || !timeout_ms)
        return rc;
    uint64_t deadline = zx_deadline(timeout_ms);
    rc = pin_all(p);
    if (!rc)
        rc = wait_ready(p, deadline);
    unpin_all(p);
    return rc;
}

static int classify(struct poll *p) {
    for (int i = 0; i < p->n; i++) {
        zmq_pollitem_t *it = &p->items[i];
        struct zx_socket *s = it->socket;
        it->revents = 0;
        if (!s) {
            p->has_fds = true;
            continue;
        }
        if (atomic_load_explicit(&s->tag, memory_order_acquire) != ZX_SOCKET_LIVE)
            return -ENOTSOCK;
        if (!zx_os_is_process(s->fork_gen))
            return -EINTR;
    }
    return 0;
}

int zx_poll(zmq_pollitem_t *items, int n, long timeout_ms, const sigset_t *mask) {
    struct zx_os_pollfd fds[STACK_ITEMS + TAKE_MAX + 1];
    struct zx_watch watches[STACK_ITEMS];
    struct poll p = {.items = items, .n = n, .mask = mask, .fds = fds, .watches = watches};
    if (n < 0)
        return -EINVAL;
    if (n && !items)
        return -EFAULT;
    int rc = classify(&p);
    if (rc)
        return rc;
    if (n > STACK_ITEMS) {
        p.fds = malloc(((size_t)n + TAKE_MAX + 1) * sizeof *p.fds);
        p.watches = malloc((size_t)n * sizeof *p.watches);
    }
    rc = p.fds && p.watches ? run(&p, timeout_ms) : -ENOMEM;
    if (n > STACK_ITEMS) {
        free(p.fds);
        free(p.watches);
    }
    return rc;
}
