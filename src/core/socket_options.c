/* SPDX-License-Identifier: MIT */
/* Options that are the socket's state; the rest are the pattern's or the table's. */
#include <errno.h>
#include <string.h>

#include "core/ctx.h"
#include "core/endpoint.h"
#include "core/link.h"
#include "core/reactor.h"
#include "core/socket.h"
#include "zmq.h"
#include "zmqx.h"

static int get_fd(struct zx_socket *s, void *val, size_t *size) {
    if (s->ops->flags & ZX_PATTERN_THREAD_SAFE)
        return -EINVAL;
    if (s->fd_event.rfd < 0) {
        struct zx_event ev;
        int rc = zx_event_init(&ev);
        if (rc)
            return rc;
        /* Signalled from the start: whatever came before has not been announced. */
        atomic_store_explicit(&s->fd_signalled, 1, memory_order_relaxed);
        zx_event_signal(&ev);
        s->fd_event = ev;
        atomic_store_explicit(&s->has_fd, true, memory_order_seq_cst);
        /* From now on the I/O thread drives and signals. */
        if (s->reactor && zx_reactor_take_hot(s->reactor))
            zx_reactor_give(s->reactor);
    }
    return zx_opt_get_int_loose(s->fd_event.rfd, val, size);
}

static int get_events(struct zx_socket *s, void *val, size_t *size) {
    if (*size < sizeof(int))
        return -EINVAL;
    zx_socket_attend(s);
    if (zx_socket_is_stopped(s))
        return -ETERM;
    return zx_opt_get_int_loose(zx_socket_events(s, true), val, size);
}

static int get_refused(const struct zx_socket *s, void *val, size_t *size) {
    uint64_t n = 0;
    if (*size < sizeof n)
        return -EINVAL;
    for (const struct zx_endpoint *ep = s->endpoints; ep; ep = ep->next)
        if (ep->tp && ep->tp->datagrams && ep->dial)
            n += ep->tp->datagrams->refused(ep->dial->own);
    memcpy(val, &n, sizeof n);
    *size = sizeof n;
    return 0;
}

int zx_socket_get_option(struct zx_socket *s, int option, void *val, size_t *size) {
    if (!val || !size)
        return -EINVAL;
    switch (option) {
    case ZMQ_TYPE:
        return zx_opt_get_int(s->ops->type, val, size);
    case ZMQ_RCVMORE:
        return zx_opt_get_int_loose(s->rcvmore, val, size);
    case ZMQ_FD:
        return get_fd(s, val, size);
    case ZMQ_EVENTS:
        return get_events(s, val, size);
    case ZMQ_LAST_ENDPOINT:
        return zx_opt_get_text(s->last_endpoint ? s->last_endpoint : "", val, size);
    case ZMQ_THREAD_SAFE:
        return zx_opt_get_int_loose((s->ops->flags & ZX_PATTERN_THREAD_SAFE) != 0, val, size);
    case ZMQX_DATAGRAMS_REFUSED:
        return get_refused(s, val, size);
    case ZMQX_SPIN_US:
        return zx_opt_get_int((int)(zx_spin_budget_ns(s) / 1000), val, size);
    default:
        break;
    }
    int rc = s->ops->get_option(s, option, val, size);
    return rc == -EINVAL ? zx_conf_get(s->conf, option, val, size) : rc;
}

/* The high-water marks act on existing pipes too. */
static void apply_hwm(struct zx_socket *s) {
    for (struct zx_pipe *p = s->pipes; p; p = p->app.next) {
        const struct zx_conf_queue *q = &s->conf->queue;
        uint32_t snd = (uint32_t)q->sndhwm, rcv = (uint32_t)q->rcvhwm;
        if (p->peer) {
            const struct zx_conf *c = atomic_load_explicit(&p->post.joined, memory_order_acquire) ||
                                              p->accepted
                                          ? p->peer->conf
                                          : NULL;
            uint32_t peer_rcv = c ? (uint32_t)c->queue.rcvhwm : 0;
            uint32_t peer_snd = c ? (uint32_t)c->queue.sndhwm : 0;
            if (c) {
                snd = snd && peer_rcv ? snd + peer_rcv : 0;
                rcv = rcv && peer_snd ? rcv + peer_snd : 0;
            }
        }
        zx_queue_set_hwm(p->out, snd);
        if (p->link)
            zx_link_kick(p->link, ZX_WORK_REARM, true);
        else if (p->peer)
            zx_pipe_post(p->peer, ZX_POST_REARM);
        if (!(s->ops->flags & ZX_PATTERN_BACKGROUND))
            atomic_store_explicit(&p->in->sh.hwm, rcv, memory_order_relaxed);
        if (zx_queue_report(p->in))
            zx_pipe_credit(p);
    }
}

int zx_socket_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    /* No pattern's option means anything by NULL. */
    int rc = !val && size ? -EINVAL : s->ops->set_option(s, option, val, size);
    if (rc != -EINVAL)
        return rc;
    rc = zx_conf_set(&s->conf, option, val, size);
    if (!rc && (option == ZMQ_SNDHWM || option == ZMQ_RCVHWM))
        apply_hwm(s);
    return rc;
}
