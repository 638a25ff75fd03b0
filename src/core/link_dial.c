/* SPDX-License-Identifier: MIT */
/* The connecting side: resolving, connecting, retrying. */
#include <errno.h>
#include <stdlib.h>

#include "core/endpoint.h"
#include "core/link.h"
#include "core/background.h"
#include "core/socket.h"

static const uint64_t MS = 1000000;

/* xorshift: jitter need not be unguessable. */
static uint32_t next_random(struct zx_dial *d) {
    d->rng ^= d->rng << 13;
    d->rng ^= d->rng >> 17;
    d->rng ^= d->rng << 5;
    return d->rng;
}

/* GSSAPI has no word for a refusal, nor does libzmq close: its clients come again when their time
 * to shake hands is up. Ours know at once, and would ask the key distribution centre each time. */
static uint64_t refused_delay_ms(const struct zx_link *l) {
    enum { SHIFT_MAX = 16, LONGEST_MS = 30000 };
    uint32_t n = l->w.dial->refusals;
    uint64_t delay = (uint64_t)l->conf->timing.reconnect_ivl_ms << (n < SHIFT_MAX ? n : SHIFT_MAX);
    return !n ? 0 : delay < LONGEST_MS ? delay : LONGEST_MS;
}

static uint64_t retry_delay_ms(const struct zx_link *l) {
    const struct zx_conf_timing *t = &l->conf->timing;
    struct zx_dial *d = l->w.dial;
    uint64_t ivl = (uint64_t)t->reconnect_ivl_ms;
    if (t->reconnect_ivl_max_ms <= 0)
        return ivl + next_random(d) % ivl;
    uint64_t max = (uint64_t)t->reconnect_ivl_max_ms;
    for (uint32_t i = 0; i < d->failures && ivl < max; i++)
        ivl *= 2;
    d->failures++;
    return ivl < max ? ivl : max;
}

void zx_link_schedule_retry(struct zx_link *l) {
    if (l->conf->timing.reconnect_ivl_ms <= 0)
        return; /* idle for ever, as documented; still listed */
    uint64_t delay = retry_delay_ms(l), refused = refused_delay_ms(l);
    if (delay < refused)
        delay = refused;
    zx_link_event(l, ZMQ_EVENT_CONNECT_RETRIED, delay);
    zx_link_alarm(l, ZX_ALARM_RETRY, zx_os_now_ns() + delay * MS);
}

bool zx_link_heeds_stop(const struct zx_link *l, int bit) {
    return l->tp->reconnect_stop & l->conf->timing.reconnect_stop & bit;
}

void zx_link_close_tunnel(struct zx_link *l) {
    struct zx_tunnel *t = l->w.dial ? l->w.dial->tunnel : NULL;
    if (!t)
        return;
    l->w.dial->tunnel = NULL;
    t->ops->free(t);
}

void zx_link_attempt_failed(struct zx_link *l, int rc) {
    struct zx_dial *d = l->w.dial;
    zx_link_close_tunnel(l);
    if (l->src.fd >= 0) {
        zx_link_event(l, ZMQ_EVENT_CLOSED, (uint64_t)l->src.fd);
        zx_reactor_remove(&l->src);
        zx_sock_close(l->src.fd);
        l->src.fd = -1;
    }
    l->w.alarm_ns[ZX_ALARM_CONNECT] = UINT64_MAX;
    l->w.want_out = false;
    if (d->next_addr < d->n_addrs) {
        zx_link_retry(l); /* every address is tried before the wait */
        return;
    }
    if (rc == -ECONNREFUSED && zx_link_heeds_stop(l, ZMQ_RECONNECT_STOP_CONN_REFUSED)) {
        zx_endpoint_is_over(l->ep);
        zx_link_finish(l);
        return;
    }
    zx_link_set_state(l, ZX_LINK_WAITING);
    zx_link_schedule_retry(l);
}

/* A loopback connect to a free ephemeral port may connect to itself. */
static bool is_self_connected(int fd) {
    struct zx_addr local, peer;
    return !zx_sock_local(fd, &local) && !zx_sock_peer(fd, &peer) &&
           zx_addr_family(&local) != ZX_AF_UNIX && zx_addr_equal(&local, &peer);
}

/* connect() has an outcome. 1: the descriptor is tuned; 0: not yet; negative. */
static int settle(struct zx_link *l) {
    struct zx_addr peer;
    int rc = zx_sock_error(l->src.fd);
    if (!rc && zx_sock_peer(l->src.fd, &peer)) {
        /* A stray event: connect() is still under way. */
        (void)zx_reactor_interest(&l->src, ZX_POLL_OUT);
        return 0;
    }
    if (!rc && is_self_connected(l->src.fd))
        rc = -ECONNREFUSED;
    if (!rc)
        rc = l->tp->connected(l->conf, l->src.fd);
    return rc ? rc : 1;
}

/* Whoever is there is the one to stay with: the other addresses are forgotten. A proxy gets as
 * long to lead us on as a peer to shake hands. */
static int begin(struct zx_link *l) {
    struct zx_dial *d = l->w.dial;
    int ivl = l->conf->timing.handshake_ivl_ms;
    l->w.alarm_ns[ZX_ALARM_CONNECT] = UINT64_MAX;
    free(d->addrs);
    d->addrs = NULL;
    d->n_addrs = d->next_addr = 0;
    int rc = 0;
    if (l->tp->open_tunnel)
        rc = l->tp->open_tunnel(l->conf, l->ep->address, l->src.fd, &d->tunnel);
    if (d->tunnel && ivl > 0)
        zx_link_alarm(l, ZX_ALARM_CONNECT, zx_os_now_ns() + (uint64_t)ivl * MS);
    return rc ? rc : 1;
}

/* 1: there is no proxy, or it has led us on; 0: its next event is awaited; negative. */
static int dig(struct zx_link *l) {
    struct zx_tunnel *t = l->w.dial->tunnel;
    int rc = t ? t->ops->dig(t) : 1;
    if (!rc)
        (void)zx_reactor_interest(&l->src, ZX_POLL_IN | (t->has_output ? ZX_POLL_OUT : 0));
    return rc;
}

void zx_link_connected(struct zx_link *l) {
    int rc = l->w.dial->tunnel ? 1 : settle(l);
    if (rc > 0 && !l->w.dial->tunnel)
        rc = begin(l);
    if (rc > 0)
        rc = dig(l);
    if (rc < 0)
        zx_link_attempt_failed(l, rc);
    if (rc <= 0)
        return;
    zx_link_close_tunnel(l);
    l->w.alarm_ns[ZX_ALARM_CONNECT] = UINT64_MAX;
    l->w.dial->failures = 0;
    zx_link_event(l, ZMQ_EVENT_CONNECTED, (uint64_t)l->src.fd);
    (void)zx_reactor_interest(&l->src, ZX_POLL_IN);
    zx_link_open(l);
}

/* Tries the next address. */
void zx_link_retry(struct zx_link *l) {
    struct zx_dial *d = l->w.dial;
    unsigned st = atomic_load_explicit(&l->state, memory_order_relaxed);
    if (st == ZX_LINK_CLOSED || st == ZX_LINK_STOPPED)
        return;
    if (l->w.asked.job)
        d->n_addrs = zx_background_take_addrs(&l->w.asked.job, d->addrs, ZX_RESOLVE_MAX);
    int rc = d->n_addrs < 0 ? d->n_addrs : -ECONNREFUSED;
    while (d->next_addr < d->n_addrs) {
        int fd = -1;
        rc = l->tp->connect(l->conf, l->ep->address, &d->addrs[d->next_addr++], &fd);
        if (rc && rc != -EINPROGRESS)
            continue;
        l->src.fd = fd;
        zx_link_set_state(l, ZX_LINK_CONNECTING);
        if (rc)
            zx_link_event(l, ZMQ_EVENT_CONNECT_DELAYED, EINPROGRESS);
        int added = zx_reactor_add(l->src.reactor, &l->src, rc ? ZX_POLL_OUT : ZX_POLL_IN);
        if (added) {
            zx_sock_close(fd);
            l->src.fd = -1;
            rc = added;
            continue;
        }
        if (!rc)
            zx_link_connected(l);
        else if (l->conf->timing.connect_timeout_ms > 0)
            zx_link_alarm(l, ZX_ALARM_CONNECT,
                          zx_os_now_ns() + (uint64_t)l->conf->timing.connect_timeout_ms * MS);
        return;
    }
    /* No descriptor was ever there: resolution or socket creation failed. */
    if (l->tp == &zx_ipc_ops && d->n_addrs > 0)
        zx_link_event(l, ZMQ_EVENT_CLOSED, (uint64_t)0);
    d->next_addr = d->n_addrs = 0;
    zx_link_attempt_failed(l, rc);
}

/* Starts an attempt: resolves anew each time, never blocking the thread that works us. */
void zx_link_start(struct zx_link *l) {
    struct zx_dial *d = l->w.dial;
    if (l->w.closing && !zx_link_has_output(l)) {
        zx_link_finish(l);
        return;
    }
    if (!d->addrs)
        d->addrs = calloc(ZX_RESOLVE_MAX, sizeof *d->addrs);
    d->next_addr = 0;
    if (!d->addrs) {
        d->n_addrs = -ENOMEM;
        zx_link_retry(l);
        return;
    }
    if (!l->tp->is_numeric(l->conf, l->ep->address)) {
        zx_link_set_state(l, ZX_LINK_RESOLVING);
        if (!zx_background_resolve(l, &l->w.asked.job))
            return;
        d->n_addrs = -ENOMEM;
    } else {
        d->n_addrs = l->tp->resolve(l->conf, l->ep->address, d->addrs, ZX_RESOLVE_MAX);
    }
    zx_link_retry(l);
}
