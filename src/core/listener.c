/* SPDX-License-Identifier: MIT */
#include "core/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoint.h"
#include "core/io.h"
#include "core/link.h"
#include "core/monitor.h"
#include "core/socket.h"

enum { ACCEPTS_PER_TURN = 64, WORK_HELD = 1, WORK_READ = 2, WORK_CLOSE = 4, WORK_RETRY = 8 };
static const uint64_t PAUSE_NS = UINT64_C(100000000),
                      SILENCE_NS = UINT64_C(1000000000);

static void event(struct zx_listener *l, unsigned ev, uint64_t value, const char *remote) {
    struct zx_event_text text = {l->ep->text, remote, false};
    zx_monitor_event(l->ep->sock, ev, value, &text);
}

static bool is_exhausted(int rc) {
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM;
}

/* No descriptors: looking again at once would spin. The timer alone resumes, and the interest
 * stays off until an accept did not fail: a thread that drives meanwhile would take the moment
 * for an event, and the two would keep each other busy. */
static void pause_accepting(struct zx_listener *l) {
    l->paused = true;
    (void)zx_reactor_interest(&l->src, ZX_POLL_EDGE);
    zx_timer_set(&l->src, zx_os_now_ns() + PAUSE_NS);
}

static void resume(struct zx_listener *l) {
    if (!l->paused)
        return;
    l->paused = false;
    (void)zx_reactor_interest(&l->src, ZX_POLL_IN);
}

static int take_connection(struct zx_listener *l, int fd, const struct zx_addr *peer) {
    struct zx_link *link;
    int rc = l->ep->tp->accepted(l->ep->conf, fd, peer);
    if (!rc)
        rc = zx_link_new_accepted(l->ep, fd, &link);
    if (rc) {
        zx_sock_close(fd);
        return rc;
    }
    bool too_many = zx_endpoint_add_link(l->ep, link);
    zx_link_kick(link, ZX_WORK_START, false);
    if (too_many)
        (void)zx_endpoint_drop_oldest(l->ep, UINT64_MAX);
    zx_source_unref(&link->src);
    return 0;
}

static void accept_turn(struct zx_listener *l) {
    if (l->src.fd < 0)
        return;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct zx_addr peer;
        int fd = zx_sock_accept(l->src.fd, &peer);
        if (fd == -EAGAIN)
            break;
        int rc = fd < 0 ? fd : take_connection(l, fd, &peer);
        if (!rc)
            continue;
        event(l, ZMQ_EVENT_ACCEPT_FAILED, (uint64_t)-rc, NULL);
        /* Silent peers must not keep those out that have something to say. */
        if (is_exhausted(rc) && zx_endpoint_drop_oldest(l->ep, zx_os_now_ns() - SILENCE_NS))
            continue;
        if (is_exhausted(rc)) {
            pause_accepting(l);
            return;
        }
    }
    resume(l);
}

static void close_now(struct zx_listener *l) {
    if (l->src.fd < 0)
        return;
    int fd = l->src.fd;
    zx_reactor_remove(&l->src);
    zx_sock_close(fd);
    l->src.fd = -1;
    zx_timer_set(&l->src, UINT64_MAX);
    int rc = l->ep->tp->unlisten(l->ep->conf, l->ep->address, l->ep->text);
    event(l, rc ? ZMQ_EVENT_CLOSE_FAILED : ZMQ_EVENT_CLOSED,
          rc ? (uint64_t)-rc : (uint64_t)fd, NULL);
    atomic_store_explicit(&l->closed, 1, memory_order_release);
    zx_os_futex_wake(&l->closed, 100);
}

/* The same word as a link's: see zx_link_kick. */
static void kick(struct zx_listener *l, unsigned bits) {
    if (atomic_fetch_or_explicit(&l->work, WORK_HELD | bits, memory_order_acq_rel) & WORK_HELD)
        return;
    for (;;) {
        unsigned todo = atomic_fetch_and_explicit(&l->work, WORK_HELD, memory_order_acq_rel);
        if (todo & WORK_RETRY || (todo & WORK_READ && !l->paused))
            accept_turn(l);
        if (todo & WORK_CLOSE)
            close_now(l);
        unsigned held = WORK_HELD;
        if (atomic_compare_exchange_strong_explicit(&l->work, &held, 0, memory_order_acq_rel,
                                                    memory_order_relaxed))
            return;
    }
}

static void on_event(struct zx_source *src, unsigned events, bool owner) {
    (void)events;
    (void)owner;
    kick((struct zx_listener *)(void *)src, WORK_READ);
}

static void on_timer(struct zx_source *src) {
    kick((struct zx_listener *)(void *)src, WORK_RETRY);
}

static void listener_free(struct zx_source *src) {
    struct zx_listener *l = (struct zx_listener *)(void *)src;
    struct zx_endpoint *ep = l->ep;
    zx_timer_unreserve(l->src.reactor->io);
    zx_reactor_unref(l->src.reactor);
    free(l);
    zx_endpoint_unref(ep);
}

static const struct zx_source_ops listener_source = {on_event, on_timer, listener_free};

static int listen_on(struct zx_listener *l) {
    char text[ZX_ENDPOINT_MAX];
    struct zx_endpoint *ep = l->ep;
    int fd = ep->tp->listen(ep->conf, ep->address, text, sizeof text);
    if (fd < 0) {
        struct zx_event_text t = {ep->address, NULL, false}, none = {NULL, NULL, false};
        /* Once there was a descriptor its end is told too; which it was nobody knows now. */
        if (fd != -EINVAL && fd != -ENODEV)
            zx_monitor_event(ep->sock, ZMQ_EVENT_CLOSED, (uint64_t)-1, &none);
        zx_monitor_event(ep->sock, ZMQ_EVENT_BIND_FAILED, (uint64_t)-fd, &t);
        return fd;
    }
    free(ep->text);
    ep->text = strdup(text);
    l->src.fd = fd;
    int rc = ep->text ? 0 : -ENOMEM;
    if (!rc) {
        event(l, ZMQ_EVENT_LISTENING, (uint64_t)fd, NULL);
        rc = zx_reactor_add(l->src.reactor, &l->src, ZX_POLL_IN);
    }
    if (rc) {
        zx_sock_close(fd);
        l->src.fd = -1;
    }
    return rc;
}

int zx_listener_new(struct zx_endpoint *ep, struct zx_listener **out) {
    struct zx_listener *l = calloc(1, sizeof *l);
    if (!l || zx_timer_reserve(ep->sock->reactor->io)) {
        free(l);
        return -ENOMEM;
    }
    l->src.ops = &listener_source;
    atomic_init(&l->src.refs, 1);
    l->src.fd = -1;
    l->src.reactor = ep->sock->reactor;
    zx_reactor_ref(l->src.reactor);
    l->ep = ep;
    zx_endpoint_ref(ep);
    int rc = listen_on(l);
    if (rc) {
        zx_source_unref(&l->src);
        return rc;
    }
    *out = l;
    return 0;
}

void zx_listener_close(struct zx_listener *l) {
    kick(l, WORK_CLOSE);
    while (!atomic_load_explicit(&l->closed, memory_order_acquire))
        (void)zx_os_futex_wait(&l->closed, 0, UINT64_C(100000000));
}
