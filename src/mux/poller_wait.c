/* SPDX-License-Identifier: MIT */
/* Waiting: look, drive or spin, settle, sleep. */
#include <errno.h>
#include <stdlib.h>

#include "core/ctx.h"
#include "core/io.h"
#include "core/reactor.h"
#include "core/socket.h"
#include "mux/poller_parts.h"

enum { LOOK_EVERY = 8, LONG_WAITS_MAX = 2 };
static const uint64_t HOT_NS = 1000000, FUTEX_NS = UINT64_C(3600000000000);

struct wait { /* one call */
    struct zx_poller *p;
    size_t max; /* events wanted */
    uint64_t deadline, spin_ns;
    unsigned changes; /* of the poller's members, as of when reactors were taken */
    unsigned n;       /* reactors that this call drives while it waits; */
    struct zx_reactor *r[ZX_POLLER_DRIVES];
    struct zx_socket *s[ZX_POLLER_DRIVES]; /* each socket's slot is kept */
};

/* ---- reactors ---- */

static bool is_driver(const struct zx_poller *p) {
    return p->socks.n <= ZX_POLLER_DRIVES &&
           !atomic_load_explicit(&p->news.has_fd, memory_order_relaxed);
}

static void take_reactors(struct wait *w) {
    struct zx_poller *p = w->p;
    w->changes = p->changes;
    for (struct zx_member *m = w->max && is_driver(p) ? p->socks.list : NULL; m; m = m->next) {
        if (!zx_member_enter(m))
            continue;
        struct zx_reactor *r = m->sock->reactor;
        if (r && m->sock->fd_event.rfd < 0 && zx_reactor_take(r)) {
            zx_reactor_ref(r);
            zx_socket_slot_ref(m->sock);
            w->r[w->n] = r;
            w->s[w->n++] = m->sock;
        }
        zx_member_leave(p, m);
    }
}

/* Hot only if nobody else would miss it; partners: whoever registers and then takes what is hot. */
static void release_reactor(struct zx_reactor *r, struct zx_socket *s, bool hot) {
    if (!hot) {
        zx_reactor_give(r);
        return;
    }
    zx_reactor_leave(r);
    if (atomic_load_explicit(&s->wake.sleepers, memory_order_seq_cst) != ZX_WAKE_NODE &&
        zx_reactor_take_hot(r))
        zx_reactor_give(r);
}

/* With the poller's lock: another waiter of it takes reactors after this or is counted. */
static void release_reactors(struct wait *w, bool hot) {
    struct zx_poller *p = w->p;
    hot = hot && p->waiters == 1 && is_driver(p) && w->changes == p->changes;
    p->left_hot = hot && w->n;
    for (unsigned i = 0; i < w->n; i++) {
        release_reactor(w->r[i], w->s[i], hot);
        zx_reactor_unref(w->r[i]);
        zx_socket_slot_unref(w->s[i]);
    }
    w->n = 0;
}

static void drive(const struct wait *w, unsigned round) {
    for (unsigned i = 0; i < w->n; i++) {
        if (zx_socket_enter_any(w->s[i]))
            continue;
        zx_wait_look(w->s[i], w->r[i], round);
        zx_socket_leave_quietly(w->s[i]);
    }
}

/* What hot reactors have, for a call that does not wait. */
static void peek_network(struct zx_poller *p) {
    for (struct zx_member *m = p->left_hot ? p->socks.list : NULL; m; m = m->next) {
        if (!zx_member_enter(m))
            continue;
        (void)zx_socket_events(m->sock, true);
        zx_member_leave(p, m);
    }
}

/* ---- the lock, let go and taken again ---- */

static bool has_news(struct zx_poller *p) {
    return atomic_load_explicit(&p->news.head, memory_order_acquire) != NULL;
}

static void unlock(struct wait *w) {
    zx_poller_unlock(w->p);
}

/* Whoever had it meanwhile looked for himself, or destroyed the poller. */
static int relock(struct wait *w) {
    zx_mutex_lock(&w->p->lock);
    w->p->found.n = 0;
    w->p->found.max = w->max;
    return atomic_load_explicit(&w->p->tag, memory_order_relaxed) == ZX_POLLER_LIVE ? 0 : -EFAULT;
}

static bool is_over(const struct wait *w, int rc) {
    return rc || w->p->found.n;
}

/* ---- spinning ---- */

/* The budget of the first socket stands for all; its context's senders are flushed, which may
 * call the outside: no lock is held, but the socket's slot, and so the context. */
static int prepare(struct wait *w) {
    struct zx_poller *p = w->p;
    struct zx_member *m = p->socks.list;
    if (!w->max || !m || !zx_member_enter(m))
        return 0;
    struct zx_socket *s = m->sock;
    w->spin_ns = zx_os_cpus() > 1 ? zx_spin_budget_ns(s) : 0;
    zx_socket_slot_ref(s);
    zx_member_leave(p, m);
    unlock(w);
    zx_ctx_flush_dirty(s->ctx);
    zx_socket_slot_unref(s);
    return relock(w);
}

static int spin(struct wait *w) {
    struct zx_poller *p = w->p;
    if (!w->spin_ns || p->long_waits >= LONG_WAITS_MAX)
        return 0;
    bool has_fds = zx_poller_waits_for_fds(p);
    uint64_t until = zx_os_now_ns() + w->spin_ns;
    if (until > w->deadline)
        until = w->deadline;
    unlock(w);
    for (unsigned round = 1; zx_os_now_ns() < until; round++) {
        drive(w, round);
        if (!w->n)
            zx_os_cpu_relax();
        if (!has_news(p) && !(has_fds && round % 4 == 0))
            continue;
        int rc = relock(w);
        if (!rc)
            rc = zx_poller_look(p);
        if (is_over(w, rc))
            return rc;
        unlock(w);
    }
    return relock(w);
}

/* ---- sleeping ---- */

static uint64_t time_left(uint64_t deadline) {
    uint64_t now = deadline == UINT64_MAX ? 0 : zx_os_now_ns();
    if (deadline == UINT64_MAX)
        return UINT64_MAX;
    return now < deadline ? deadline - now : 0;
}

static int sleep_futex(struct wait *w, uint64_t left) {
    struct zx_news *news = &w->p->news;
    unsigned seen = atomic_load_explicit(&news->word, memory_order_acquire);
    int slept = 0, rc = 0;
    /* Counted, then the look; partner: the push before the load in zx_news_wake. */
    atomic_fetch_add_explicit(&news->asleep, 1, memory_order_seq_cst);
    if (!atomic_load_explicit(&news->head, memory_order_seq_cst)) {
        unlock(w);
        slept = zx_os_futex_wait(&news->word, seen, left < FUTEX_NS ? left : FUTEX_NS);
        rc = relock(w);
    }
    atomic_fetch_sub_explicit(&news->asleep, 1, memory_order_relaxed);
    return rc || slept != -EINTR ? rc : slept;
}

static int sleep_poll(struct wait *w, uint64_t left) {
    struct zx_os_pollfd v[ZX_POLLER_ASKS + ZX_POLLER_DRIVES + 1];
    struct zx_news *news = &w->p->news;
    size_t n = zx_poller_fill_fds(w->p, v);
    int slept = 0, rc = 0;
    for (unsigned i = 0; i < w->n; i++)
        v[n++] = (struct zx_os_pollfd){w->r[i]->ps.fd, ZX_POLL_IN, 0};
    v[n++] = (struct zx_os_pollfd){news->event.rfd, ZX_POLL_IN, 0};
    /* As in sleep_futex. */
    atomic_fetch_add_explicit(&news->polling, 1, memory_order_seq_cst);
    if (!atomic_load_explicit(&news->head, memory_order_seq_cst)) {
        unlock(w);
        slept = zx_os_poll(v, n, left, NULL);
        rc = relock(w);
    }
    atomic_fetch_sub_explicit(&news->polling, 1, memory_order_relaxed);
    /* Read, clear, then look. A signaller that has not yet written keeps the mark. */
    if (v[n - 1].revents && zx_event_drain(&news->event))
        atomic_store_explicit(&news->signalled, 0, memory_order_seq_cst);
    return rc || slept >= 0 ? rc : slept;
}

static int sleep_once(struct wait *w) {
    struct zx_poller *p = w->p;
    uint64_t left = time_left(w->deadline);
    bool fds = zx_poller_waits_for_fds(p);
    if (!left)
        return -EAGAIN;
    if ((w->n || fds) && p->news.event.rfd < 0) {
        int rc = zx_event_init(&p->news.event);
        if (rc && fds)
            return rc;
        if (rc)
            release_reactors(w, false); /* no descriptor for us: a futex wakes us */
    }
    return w->n || fds ? sleep_poll(w, left) : sleep_futex(w, left);
}

/* The descriptor says that nothing is ready, and then comes the look that makes it true: what
 * comes after it is news. */
static int settle(struct zx_poller *p) {
    struct zx_news *news = &p->news;
    if (atomic_load_explicit(&news->has_fd, memory_order_relaxed) &&
        atomic_load_explicit(&news->fd_signalled, memory_order_relaxed) &&
        zx_event_drain(&news->fd_event))
        atomic_store_explicit(&news->fd_signalled, 0, memory_order_seq_cst);
    return zx_poller_settle(p);
}

static int wait_round(struct wait *w) {
    struct zx_poller *p = w->p;
    if (w->changes != p->changes) {
        release_reactors(w, false);
        take_reactors(w);
    }
    int rc = settle(p);
    if (is_over(w, rc))
        return rc;
    int slept = sleep_once(w);
    if (slept && slept != -EINTR)
        return slept;
    if (w->n) {
        unlock(w);
        drive(w, 0);
        rc = relock(w);
    }
    if (!rc)
        rc = zx_poller_look(p);
    return is_over(w, rc) ? rc : slept;
}

static int wait_asleep(struct wait *w) {
    struct zx_poller *p = w->p;
    uint64_t from = zx_os_now_ns();
    int rc;
    do
        rc = wait_round(w);
    while (!is_over(w, rc));
    uint64_t waited = zx_os_now_ns() - from;
    if (waited <= w->spin_ns)
        p->long_waits = 0;
    else if (p->long_waits < LONG_WAITS_MAX)
        p->long_waits++;
    release_reactors(w, waited <= HOT_NS);
    return rc;
}

static int wait_ready(struct wait *w) {
    int rc = 0;
    take_reactors(w);
    if (w->n) {
        unlock(w);
        drive(w, 1); /* what waits for company goes with the answers to what is there */
        rc = relock(w);
        if (!rc && has_news(w->p))
            rc = zx_poller_look(w->p);
    }
    if (!is_over(w, rc)) {
        rc = zx_poller_settle(w->p); /* lets go what senders among the members hold */
        if (!is_over(w, rc))
            rc = prepare(w);
    }
    if (!is_over(w, rc))
        rc = spin(w);
    if (!is_over(w, rc))
        return wait_asleep(w);
    w->p->long_waits = 0;
    release_reactors(w, !rc);
    return rc;
}

static int look_once(struct wait *w) {
    struct zx_poller *p = w->p;
    int rc = zx_poller_look(p);
    if (is_over(w, rc) || w->deadline)
        return rc;
    peek_network(p);
    if (atomic_load_explicit(&p->news.has_fd, memory_order_relaxed))
        return settle(p);
    return has_news(p) ? zx_poller_look(p) : 0;
}

/* ---- the call ---- */

static int by_seq(const void *a, const void *b) {
    const struct zx_found *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static int hand_out(struct zx_poller *p, zmq_poller_event_t *events, int n) {
    struct zx_found *v = p->found.v;
    size_t i, found = p->found.n;
    for (i = 1; i < found && v[i - 1].seq < v[i].seq; i++)
        ;
    if (i < found)
        qsort(v, found, sizeof *v, by_seq);
    for (i = 0; i < found; i++)
        events[i] = v[i].event;
    for (; i < (size_t)n; i++)
        events[i] = (zmq_poller_event_t){NULL, -1, NULL, 0};
    return (int)found;
}

/* What is left is somebody else's to find: other waiters, a loop around our descriptor. */
static void tell_others(struct zx_poller *p, int rc) {
    bool left = p->socks.n_active || has_news(p);
    if (rc != -EAGAIN && p->waiters)
        zx_news_wake(&p->news);
    else if (left && atomic_load_explicit(&p->news.has_fd, memory_order_relaxed) &&
             !atomic_exchange_explicit(&p->news.fd_signalled, 1, memory_order_seq_cst))
        zx_event_signal(&p->news.fd_event);
}

/* Memory first: no system call while there is something to do. Now and then the network is
 * asked all the same, so that no socket starves behind one that always has something. */
static int run(struct wait *w) {
    if (++w->p->turn % LOOK_EVERY == 0)
        peek_network(w->p);
    int rc = look_once(w);
    return is_over(w, rc) || !w->deadline ? rc : wait_ready(w);
}

int zx_poller_wait(struct zx_poller *p, zmq_poller_event_t *events, int n, long timeout_ms) {
    int rc = zx_poller_enter(p);
    if (rc)
        return rc;
    if (!events || (timeout_ms < 0 && !p->n_enabled))
        return zx_poller_leave(p, -EFAULT);
    if (n < 0)
        return zx_poller_leave(p, -EINVAL);
    struct wait w = {.p = p, .max = (size_t)n};
    w.deadline = timeout_ms ? zx_deadline(timeout_ms) : 0;
    p->found.max = w.max;
    p->waiters++;
    rc = run(&w);
    if (!rc)
        rc = p->found.n ? hand_out(p, events, n) : -EAGAIN;
    p->waiters--;
    tell_others(p, rc);
    return zx_poller_leave(p, rc);
}
