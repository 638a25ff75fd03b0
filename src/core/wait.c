/* SPDX-License-Identifier: MIT */
#include "core/wait.h"

#include <errno.h>
#include <limits.h>

#include "core/ctx.h"
#include "core/io.h"
#include "core/link.h"
#include "core/reactor.h"
#include "core/socket.h"
#include "zmq.h"

enum { LONG_WAITS_MAX = 2, DIRECT_PER_DRIVE = 8, STREAMS_MIN = 2, GATHER_MANY = 8 };
/* How long to let messages gather: at first, at most. What comes sooner than QUICK_NS comes
 * from a writer that does not wait for us. */
static const uint64_t GATHER_NS = 400, GATHER_MAX_NS = 3200, QUICK_NS = 250;
static const uint64_t HOT_NS = 1000000, FUTEX_NS = UINT64_C(3600000000000);

void zx_wake_add(struct zx_wake *wake, struct zx_watch *watch) {
    zx_mutex_lock(&wake->lock);
    watch->prev = NULL;
    watch->next = wake->list;
    if (wake->list)
        wake->list->prev = watch;
    wake->list = watch;
    /* Sequentially consistent: before the look that follows; partner: zx_wake_all. */
    atomic_fetch_add_explicit(&wake->sleepers, 1, memory_order_seq_cst);
    zx_mutex_unlock(&wake->lock);
}

void zx_wake_remove(struct zx_wake *wake, struct zx_watch *watch) {
    zx_mutex_lock(&wake->lock);
    if (watch->prev)
        watch->prev->next = watch->next;
    else
        wake->list = watch->next;
    if (watch->next)
        watch->next->prev = watch->prev;
    atomic_fetch_sub_explicit(&wake->sleepers, 1, memory_order_relaxed);
    zx_mutex_unlock(&wake->lock);
}

static void waiter_wake(struct zx_waiter *w) {
    if (atomic_exchange_explicit(&w->word, 1, memory_order_seq_cst))
        return;
    if (w->event)
        zx_event_signal(w->event);
    else
        zx_os_futex_wake(&w->word, 1);
}

/* ---- pollers ---- */

void zx_news_wake(struct zx_news *news) {
    /* After the push; partner: the look at the head of those who are counted. */
    if (atomic_load_explicit(&news->asleep, memory_order_seq_cst)) {
        atomic_fetch_add_explicit(&news->word, 1, memory_order_seq_cst);
        zx_os_futex_wake(&news->word, INT_MAX);
    }
    if (atomic_load_explicit(&news->polling, memory_order_seq_cst) &&
        !atomic_exchange_explicit(&news->signalled, 1, memory_order_seq_cst))
        zx_event_signal(&news->event);
    if (atomic_load_explicit(&news->has_fd, memory_order_seq_cst) &&
        !atomic_exchange_explicit(&news->fd_signalled, 1, memory_order_seq_cst))
        zx_event_signal(&news->fd_event);
}

static void put_in_news(struct zx_node *node) {
    struct zx_news *news = node->news;
    struct zx_node *head = atomic_load_explicit(&news->head, memory_order_relaxed);
    do
        node->older = head;
    while (!atomic_compare_exchange_weak_explicit(&news->head, &head, node, memory_order_seq_cst,
                                                  memory_order_relaxed));
    zx_news_wake(news);
}

/* The change comes before this; partner: the poller clears the mark, then looks. */
static void node_push(struct zx_node *node) {
    if (!(atomic_fetch_or_explicit(&node->state, ZX_NODE_LISTED, memory_order_seq_cst) &
          ZX_NODE_LISTED))
        put_in_news(node);
}

struct zx_node *zx_news_take(struct zx_news *news) {
    struct zx_node *newest = atomic_exchange_explicit(&news->head, NULL, memory_order_seq_cst);
    struct zx_node *oldest = NULL;
    while (newest) {
        struct zx_node *older = newest->older;
        newest->older = oldest;
        oldest = newest;
        newest = older;
    }
    return oldest;
}

void zx_node_add(struct zx_socket *s, struct zx_node *node) {
    atomic_store_explicit(&node->state, ZX_NODE_LISTED, memory_order_relaxed);
    zx_mutex_lock(&s->wake.lock);
    node->prev = NULL;
    node->next = s->wake.nodes;
    if (node->next)
        node->next->prev = node;
    s->wake.nodes = node;
    /* Before the poller's first look and before it takes hot reactors; partners: zx_wake_all
     * and whoever leaves a reactor hot. */
    atomic_fetch_add_explicit(&s->wake.sleepers, ZX_WAKE_NODE, memory_order_seq_cst);
    zx_mutex_unlock(&s->wake.lock);
    s->watched++;
}

void zx_node_remove(struct zx_socket *s, struct zx_node *node) {
    s->watched--;
    zx_mutex_lock(&s->wake.lock);
    if (node->prev)
        node->prev->next = node->next;
    else
        s->wake.nodes = node->next;
    if (node->next)
        node->next->prev = node->prev;
    atomic_fetch_sub_explicit(&s->wake.sleepers, ZX_WAKE_NODE, memory_order_relaxed);
    zx_mutex_unlock(&s->wake.lock);
}

void zx_node_remove_all(struct zx_socket *s) {
    for (struct zx_node *node; (node = s->wake.nodes);) {
        zx_node_remove(s, node);
        unsigned was = atomic_fetch_or_explicit(&node->state, ZX_NODE_GONE | ZX_NODE_LISTED,
                                                memory_order_seq_cst);
        if (was & ZX_NODE_HELD)
            zx_socket_slot_ref(s); /* given back by zx_node_let_go */
        /* Listed before: its poller has it in hand and may free it now. */
        if (was & ZX_NODE_LISTED)
            continue;
        /* Once pushed the node is the poller's, which may be destroyed while we still wake it. */
        struct zx_news *news = node->news;
        atomic_fetch_add_explicit(&news->closing, 1, memory_order_relaxed);
        put_in_news(node);
        atomic_fetch_sub_explicit(&news->closing, 1, memory_order_release);
    }
}

bool zx_node_hold(struct zx_node *node) {
    /* Closing sets its bit in the same word: it sees ours and leaves us a reference, or we see
     * its and keep off. */
    if (!(atomic_fetch_or_explicit(&node->state, ZX_NODE_HELD, memory_order_acq_rel) &
          ZX_NODE_GONE))
        return true;
    atomic_fetch_and_explicit(&node->state, ~(unsigned)ZX_NODE_HELD, memory_order_relaxed);
    return false;
}

void zx_node_let_go(struct zx_node *node, struct zx_socket *s) {
    if (atomic_fetch_and_explicit(&node->state, ~(unsigned)ZX_NODE_HELD, memory_order_acq_rel) &
        ZX_NODE_GONE)
        zx_socket_slot_unref(s);
}

void zx_node_tell(struct zx_socket *s) {
    int ready = -1;
    for (struct zx_node *node = s->wake.nodes; node; node = node->next) {
        const struct zx_news *news = node->news;
        if (atomic_load_explicit(&node->state, memory_order_relaxed) & ZX_NODE_LISTED)
            continue;
        /* To wake somebody costs more than to see whether it is worth it. To see that it is not
         * has made sure that mail will tell. */
        if (atomic_load_explicit(&news->asleep, memory_order_relaxed) ||
            atomic_load_explicit(&news->polling, memory_order_relaxed) ||
            atomic_load_explicit(&news->has_fd, memory_order_relaxed)) {
            if (ready < 0)
                ready = s->ops->events(s);
            if (!(ready & node->events))
                continue;
        }
        node_push(node);
    }
}

void zx_wake_all(struct zx_wake *wake) {
    if (!atomic_load_explicit(&wake->sleepers, memory_order_seq_cst))
        return;
    zx_mutex_lock(&wake->lock);
    for (struct zx_watch *w = wake->list; w; w = w->next)
        waiter_wake(w->waiter);
    for (struct zx_node *node = wake->nodes; node; node = node->next)
        node_push(node);
    zx_mutex_unlock(&wake->lock);
}

void zx_wake_watches(struct zx_socket *s) {
    if (!s->ops->events(s))
        return;
    zx_mutex_lock(&s->wake.lock);
    for (struct zx_watch *w = s->wake.list; w; w = w->next)
        waiter_wake(w->waiter);
    zx_mutex_unlock(&s->wake.lock);
}

uint64_t zx_deadline(int64_t timeout_ms) {
    return timeout_ms < 0 ? UINT64_MAX : zx_os_now_ns() + (uint64_t)timeout_ms * 1000000;
}

uint64_t zx_spin_budget_ns(const struct zx_socket *s) {
    int us = s->conf->queue.spin_us;
    return (uint64_t)(us >= 0 ? us : zx_ctx_spin_us(s->ctx)) * 1000;
}

void zx_wait_look(struct zx_socket *s, struct zx_reactor *r, unsigned round) {
    struct zx_pipe *p = s->pipes;
    if (round % DIRECT_PER_DRIVE && p && !p->app.next && p->link && zx_link_is_ready(p->link))
        zx_link_kick(p->link, ZX_WORK_READ, true);
    else
        (void)zx_reactor_drive(r, 0, true);
}

/* What came since the last wait: is it a stream, and how thick? */
static void note_stream(struct zx_spin *spin) {
    spin->streams = spin->received > 1 || spin->quick ? spin->streams + 1 : 0;
    if (spin->streams < STREAMS_MIN || spin->received < GATHER_MANY)
        spin->gather_ns = GATHER_NS;
    else if (spin->gather_ns < GATHER_MAX_NS)
        spin->gather_ns *= 2;
    spin->received = 0;
    spin->quick = false;
}

/* The queue that a stream comes from; NULL: not to be told. */
static const struct zx_queue *stream_of(const struct zx_socket *s) {
    const struct zx_pipe *p = s->dry;
    if (!p && s->pipes && !s->pipes->app.next)
        p = s->pipes;
    return p ? p->in : NULL;
}

static void relax_until(uint64_t until) {
    while (zx_os_now_ns() < until)
        zx_os_cpu_relax();
}

/* A reader faster than its writer would fetch every message's cache lines, and be told of
 * it, one by one. In a stream it lets some gather. If nothing came towards the end it was not a
 * stream: the writer has sent what it had and waits, for an answer perhaps. */
static void let_gather(struct zx_socket *s, uint64_t from) {
    uint64_t now = zx_os_now_ns(), ns = s->spin.gather_ns;
    s->spin.quick = now - from < QUICK_NS;
    if (s->spin.streams < STREAMS_MIN)
        return;
    const struct zx_queue *q = stream_of(s);
    relax_until(now + (ns > GATHER_NS ? ns / 2 : ns / 4));
    uint64_t tail = q ? zx_queue_tail(q) : ZX_TAIL_CLOSED;
    relax_until(now + ns);
    if (!(tail & ZX_TAIL_CLOSED) && zx_queue_tail(q) == tail)
        s->spin.streams = 0;
}

static bool has_news(const struct zx_socket *s) {
    return zx_socket_has_mail(s) || (s->dry && zx_queue_has(s->dry->in));
}

/* Does the next wait poll before it sleeps? */
static bool pays_to_spin(const struct zx_socket *s) {
    return s->spin.long_waits < LONG_WAITS_MAX && zx_os_cpus() > 1 && zx_spin_budget_ns(s);
}

/* Polls for the spin budget with the lock held. True if mail came. */
static bool spin(struct zx_socket *s, struct zx_reactor *held, uint64_t deadline) {
    if (!pays_to_spin(s)) {
        if (held)
            zx_wait_look(s, held, 0);
        return has_news(s);
    }
    uint64_t from = zx_os_now_ns(), until = from + zx_spin_budget_ns(s);
    if (until > deadline)
        until = deadline;
    for (unsigned round = 1;; round++) {
        if (held)
            zx_wait_look(s, held, round);
        else
            zx_os_cpu_relax();
        if (has_news(s)) {
            if (!held)
                let_gather(s, from);
            return true;
        }
        if (zx_lock_is_contended(&s->lock))
            return false;
        if ((held || round % 16 == 0) && zx_os_now_ns() >= until)
            return false;
    }
}

bool zx_wait_polls(struct zx_socket *s, struct zx_pipe *p) {
    if (s->spin.streams < STREAMS_MIN || !p->peer || s->dry || p->app.ended || zx_lock_plain ||
        !s->conf->queue.rcvtimeo_ms || !pays_to_spin(s))
        return false; /* what is polled for costs a barrier of the process before the sleep */
    zx_pipe_poll(p);
    s->dry = p;
    return true;
}

/* The wait is over: back among those that are looked at. */
static void stop_polling(struct zx_socket *s) {
    struct zx_pipe *p = s->dry;
    s->dry = NULL;
    if (p)
        s->ops->readable(s, p);
}

/* Before sleep: from now on its writer must tell. True if it wrote meanwhile. */
static bool settle(struct zx_socket *s) {
    struct zx_pipe *p = s->dry;
    if (!p)
        return false;
    if (!zx_pipe_unlist(p)) {
        stop_polling(s);
        return true;
    }
    s->dry = NULL;
    zx_pipe_slim(p);
    zx_socket_check_over(s, p);
    return false;
}

static int sleep_futex(struct zx_waiter *w, uint64_t deadline) {
    while (!atomic_load_explicit(&w->word, memory_order_acquire)) {
        uint64_t now = zx_os_now_ns();
        if (now >= deadline)
            return -EAGAIN;
        uint64_t ns = deadline - now < FUTEX_NS ? deadline - now : FUTEX_NS;
        int rc = zx_os_futex_wait(&w->word, 0, ns);
        if (rc == -EINTR)
            return rc;
    }
    return 0;
}

static int sleep_poll(struct zx_reactor *r, struct zx_waiter *w, uint64_t deadline) {
    struct zx_os_pollfd fds[2] = {{r->ps.fd, ZX_POLL_IN, 0}, {w->event->rfd, ZX_POLL_IN, 0}};
    uint64_t now = deadline == UINT64_MAX ? 0 : zx_os_now_ns();
    if (now && now >= deadline)
        return -EAGAIN;
    int n = zx_os_poll(fds, 2, deadline == UINT64_MAX ? UINT64_MAX : deadline - now, NULL);
    if (fds[1].revents)
        (void)zx_event_drain(w->event);
    return n == 0 ? -EAGAIN : n < 0 ? n : 0;
}

/* Left hot by somebody who did not see us: the network would go unwatched until the tick. */
static void hand_over(struct zx_socket *s) {
    if (s->reactor && zx_reactor_take_hot(s->reactor))
        zx_reactor_give(s->reactor);
}

/* Sleeps unlocked until woken; relocks. The caller's slot reference keeps the handle readable. */
static int sleep_unlocked(struct zx_socket *s, struct zx_reactor *held, struct zx_waiter *w,
                          uint64_t deadline) {
    struct zx_watch watch = {w, NULL, NULL};
    int rc = 0;
    zx_wake_add(&s->wake, &watch);
    /* Registered, then the look; partner: the push before the load in zx_wake_all. */
    if (!(atomic_load_explicit(&s->attention, memory_order_seq_cst))) {
        if (!held)
            hand_over(s);
        zx_socket_leave(s);
        rc = held ? sleep_poll(held, w, deadline) : sleep_futex(w, deadline);
        zx_lock_take(&s->lock);
    }
    zx_wake_remove(&s->wake, &watch);
    if (rc != 0 && zx_socket_has_mail(s))
        rc = 0;
    bool dead = atomic_load_explicit(&s->tag, memory_order_relaxed) != ZX_SOCKET_LIVE;
    if (dead)
        zx_lock_give(&s->lock);
    return dead ? -ENOTSOCK : rc;
}

static void note_wait(struct zx_socket *s, uint64_t slept_ns) {
    if (slept_ns > zx_spin_budget_ns(s))
        s->spin.long_waits += s->spin.long_waits < LONG_WAITS_MAX;
    else
        s->spin.long_waits = 0;
}

static void release(struct zx_socket *s, struct zx_reactor *held, uint64_t waited_ns) {
    if (!held)
        return;
    if (waited_ns > HOT_NS || s->fd_event.rfd >= 0 ||
        atomic_load_explicit(&s->wake.sleepers, memory_order_relaxed))
        zx_reactor_give(held);
    else
        zx_reactor_leave(held);
}

static int wait_asleep(struct zx_socket *s, struct zx_reactor *held, uint64_t deadline) {
    struct zx_waiter w = {0, NULL};
    struct zx_ctx *ctx = s->ctx;
    if (held && zx_ctx_borrow_event(ctx, &w.event)) {
        zx_reactor_give(held); /* no descriptor for us: the I/O thread drives */
        held = NULL;
    }
    uint64_t from = zx_os_now_ns();
    if (held)
        zx_reactor_ref(held);
    zx_socket_slot_ref(s); /* while it lasts so does the context */
    int rc = sleep_unlocked(s, held, &w, deadline);
    uint64_t waited = zx_os_now_ns() - from;
    if (rc != -ENOTSOCK) {
        note_wait(s, waited);
        if (held && rc == 0)
            zx_wait_look(s, held, waited > HOT_NS ? 1 : 0);
        release(s, held, waited);
    } else if (held) {
        zx_reactor_give(held);
    }
    if (held)
        zx_reactor_unref(held);
    if (w.event)
        zx_ctx_return_event(ctx, w.event);
    zx_socket_slot_unref(s);
    return rc;
}

/* Busy: unsent messages wait for company. If the network has more for us already, they can
 * go with the answers to that; the sweeper bounds how long. */
static bool found_more(struct zx_socket *s, struct zx_reactor *held) {
    if (!held || !s->budget.n_dirty)
        return false;
    zx_wait_look(s, held, 1);
    return zx_socket_has_mail(s);
}

static int wait_for_mail(struct zx_socket *s, uint64_t deadline_ns) {
    if (zx_socket_is_stopped(s))
        return -ETERM;
    if (zx_socket_has_mail(s)) {
        zx_socket_attend(s);
        return zx_socket_is_stopped(s) ? -ETERM : 0;
    }
    note_stream(&s->spin);
    struct zx_reactor *held =
        s->reactor && s->fd_event.rfd < 0 && zx_reactor_take(s->reactor) ? s->reactor : NULL;
    bool more = found_more(s, held);
    if (!more) {
        zx_socket_rest(s);
        zx_ctx_flush_dirty(s->ctx);
    }
    int rc = 0;
    if (more || spin(s, held, deadline_ns) || settle(s)) {
        s->spin.long_waits = 0;
        release(s, held, 0);
    } else {
        rc = wait_asleep(s, held, deadline_ns);
    }
    if (rc == -ENOTSOCK)
        return rc;
    if (zx_socket_is_stopped(s))
        return -ETERM;
    if (zx_socket_has_mail(s))
        zx_socket_attend(s);
    return zx_socket_is_stopped(s) ? -ETERM : rc;
}

int zx_wait_socket(struct zx_socket *s, uint64_t deadline_ns) {
    int rc = wait_for_mail(s, deadline_ns);
    if (rc != -ENOTSOCK)
        stop_polling(s);
    return rc;
}
