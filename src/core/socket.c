/* SPDX-License-Identifier: MIT */
/* Handle, slab, inbox, close. */
#include "core/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/endpoint.h"
#include "core/io.h"
#include "core/link.h"
#include "core/monitor.h"
#include "core/reactor.h"
#include "core/shards.h"
#include "core/registry.h"
#include "core/routes.h"
#include "zmq.h"

enum { RELIEF_ROUNDS = 64 };

/* Slots go back here, never to the system: a call on a closed handle finds a dead tag. */
static struct {
    struct zx_mutex lock;
    struct zx_socket *free[ZX_CTX_TYPES]; /* by type: their structs differ in size */
} slab;

void zx_socket_after_fork(void) {
    atomic_store_explicit(&slab.lock.word, 0, memory_order_relaxed);
}

static size_t slot_size(const struct zx_pattern_ops *ops) {
    return (ops->size + 63) / 64 * 64;
}

static struct zx_socket *slot_get(const struct zx_pattern_ops *ops) {
    zx_mutex_lock(&slab.lock);
    struct zx_socket *s = slab.free[ops->type];
    if (s)
        slab.free[ops->type] = s->slab_next;
    zx_mutex_unlock(&slab.lock);
    if (!s) {
        s = aligned_alloc(64, slot_size(ops));
        if (s)
            memset(s, 0, slot_size(ops));
        return s;
    }
    /* The tag stays dead and the lock usable for whoever holds a stale handle. */
    size_t keep = offsetof(struct zx_socket, attention);
    memset((char *)s + keep, 0, slot_size(ops) - keep);
    zx_lock_reset(&s->lock);
    return s;
}

static void slot_put(struct zx_socket *s) {
    zx_mutex_lock(&slab.lock);
    s->slab_next = slab.free[s->ops->type];
    slab.free[s->ops->type] = s;
    zx_mutex_unlock(&slab.lock);
}

void zx_socket_slot_ref(struct zx_socket *s) {
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

void zx_socket_slot_unref(struct zx_socket *s) {
    if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct zx_ctx *ctx = s->ctx;
    s->ops->fini(s); /* lingering links called its hooks until now */
    zx_monitor_free(s);
    zx_event_fini(&s->fd_event);
    zx_routes_free(&s->routes);
    zx_shards_free(s);
    zx_conf_unref(s->conf);
    free(s->connect_id.data);
    free(s->last_endpoint);
    free(s->budget.dirty);
    slot_put(s);
    zx_ctx_slot_gone(ctx);
}

static int fill(struct zx_socket *s, struct zx_ctx *ctx, const struct zx_pattern_ops *ops) {
    s->ops = ops;
    s->ctx = ctx;
    s->budget.size = s->budget.left = 1;
    s->fd_event.rfd = s->fd_event.wfd = -1;
    s->fork_gen = zx_os_fork_generation();
    s->conf = zx_ctx_defaults(ctx, ops->type);
    if (!s->conf)
        return -ENOMEM;
    if (ops->flags & ZX_PATTERN_RECV_ID && !(s->routes = zx_routes_new()))
        return -ENOMEM;
    return ops->init(s);
}

static void unmake(struct zx_socket *s) {
    if (s->conf)
        zx_conf_unref(s->conf);
    s->conf = NULL;
    zx_routes_free(&s->routes);
    slot_put(s);
}

struct zx_socket *zx_socket_new(struct zx_ctx *ctx, int type, int *err) {
    const struct zx_pattern_ops *ops = zx_registry_pattern(type);
    int rc = zx_ctx_has_place(ctx); /* checked before the type, as documented */
    if (!rc && !ops)
        rc = -EINVAL;
    struct zx_socket *s = rc ? NULL : slot_get(ops);
    if (!rc && !s)
        rc = -ENOMEM;
    *err = -rc;
    if (rc)
        return NULL;
    s->ops = ops;
    atomic_store_explicit(&s->refs, 1, memory_order_relaxed);
    rc = fill(s, ctx, ops);
    if (!rc) {
        rc = zx_ctx_add_socket(ctx, s);
        if (rc)
            ops->fini(s);
    }
    if (rc) {
        unmake(s);
        *err = -rc;
        return NULL;
    }
    atomic_store_explicit(&s->tag, ZX_SOCKET_LIVE, memory_order_release);
    return s;
}

/* ---- calls ---- */

int zx_socket_enter_any(struct zx_socket *s) {
    if (!s || atomic_load_explicit(&s->tag, memory_order_relaxed) != ZX_SOCKET_LIVE)
        return -ENOTSOCK;
    zx_lock_take(&s->lock);
    if (atomic_load_explicit(&s->tag, memory_order_relaxed) == ZX_SOCKET_LIVE)
        return 0;
    zx_lock_give(&s->lock);
    return -ENOTSOCK;
}

int zx_socket_enter_plain(struct zx_socket *s) {
    if (!s || atomic_load_explicit(&s->tag, memory_order_relaxed) != ZX_SOCKET_LIVE)
        return -ENOTSOCK;
    if (!zx_os_is_process(s->fork_gen))
        return -EINTR; /* a forked child: even the lock may be held by nobody */
    zx_lock_take(&s->lock);
    if (atomic_load_explicit(&s->tag, memory_order_relaxed) != ZX_SOCKET_LIVE) {
        zx_lock_give(&s->lock);
        return -ENOTSOCK;
    }
    return zx_socket_has_mail(s) ? zx_socket_enter_slow(s) : 0;
}

/* Locked, with mail. */
int zx_socket_enter_slow(struct zx_socket *s) {
    zx_socket_attend(s);
    if (!zx_socket_is_stopped(s))
        return 0;
    zx_socket_leave(s);
    return -ETERM;
}

static void take_dead(struct zx_socket *s, struct zx_dead *dead) {
    dead->n = s->dead.n;
    dead->more = s->dead.more;
    memcpy(dead->list, s->dead.list, dead->n * sizeof *dead->list);
    s->dead.n = 0;
    s->dead.more = NULL;
}

void zx_socket_leave_slow(struct zx_socket *s) {
    if (s->watched)
        zx_node_tell(s);
    zx_socket_leave_quietly(s);
}

void zx_socket_leave_quietly(struct zx_socket *s) {
    if (!s->dead.n) {
        zx_lock_give(&s->lock);
        return;
    }
    struct zx_dead dead;
    take_dead(s, &dead);
    zx_lock_give(&s->lock);
    zx_dead_flush(&dead);
}

void zx_socket_leave_dead(struct zx_socket *s, struct zx_dead *dead) {
    if (s->dead.n)
        zx_dead_move(&s->dead, dead);
    zx_lock_give(&s->lock);
}

void zx_socket_leave_all(struct zx_socket *const *v, unsigned n) {
    struct zx_dead dead[4];
    for (unsigned i = 0; i < n; i++) {
        if (v[i]->watched)
            zx_node_tell(v[i]);
        take_dead(v[i], &dead[i]);
    }
    for (unsigned i = 0; i < n; i++)
        zx_lock_give(&v[i]->lock);
    for (unsigned i = 0; i < n; i++)
        zx_dead_flush(&dead[i]);
}

void zx_socket_notify(struct zx_socket *s, unsigned bits) {
    atomic_fetch_or_explicit(&s->attention, bits, memory_order_seq_cst);
    zx_wake_all(&s->wake);
    /* ZMQ_FD: push, exchange, write; partner: the drain in zx_socket_attend. Whoever comes
     * too early for the descriptor pushed before it was made: the first ZMQ_EVENTS finds it. */
    if (atomic_load_explicit(&s->has_fd, memory_order_seq_cst) &&
        !atomic_exchange_explicit(&s->fd_signalled, 1, memory_order_seq_cst))
        zx_event_signal(&s->fd_event);
}

/* ---- inbox ---- */

static struct zx_pipe *zx_socket_take_inbox(struct zx_socket *s, struct zx_pipe *leave) {
    struct zx_pipe *newest = atomic_exchange_explicit(&s->inbox, leave, memory_order_seq_cst);
    struct zx_pipe *oldest = NULL;
    while (newest && newest != ZX_INBOX_CLOSED) {
        struct zx_pipe *next = newest->post.inbox_next;
        newest->post.inbox_next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

int zx_socket_attach(struct zx_socket *s, struct zx_pipe *p) {
    int rc = s->ops->attach(s, p);
    if (rc)
        return rc;
    zx_pipe_ref(p);
    p->app.phase = ZX_PIPE_ATTACHED;
    p->app.prev = NULL;
    p->app.next = s->pipes;
    if (s->pipes)
        s->pipes->app.prev = p;
    s->pipes = p;
    return 0;
}

static void forget_dirty(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_budget *b = &s->budget;
    if (!p->app.in_set_dirty)
        return;
    for (uint32_t i = 0; i < b->n_dirty; i++)
        if (b->dirty[i] == p)
            b->dirty[i--] = b->dirty[--b->n_dirty];
    p->app.in_set_dirty = false;
}

void zx_socket_detach(struct zx_socket *s, struct zx_pipe *p) {
    if (p->app.phase != ZX_PIPE_ATTACHED && p->app.phase != ZX_PIPE_LOST)
        return;
    if (p->app.phase == ZX_PIPE_ATTACHED)
        s->ops->lost(s, p);
    p->app.phase = ZX_PIPE_DETACHED;
    if (s->dry == p)
        s->dry = NULL;
    s->ops->detach(s, p);
    forget_dirty(s, p);
    zx_socket_unregister(s, p);
    if (p->app.prev)
        p->app.prev->app.next = p->app.next;
    else
        s->pipes = p->app.next;
    if (p->app.next)
        p->app.next->app.prev = p->app.prev;
    zx_pipe_close(p);
    zx_pipe_unref_locked(p, &s->dead);
}

/* The peer is gone and everything it sent is read. */
static bool is_over(struct zx_pipe *p) {
    struct zx_rec rec;
    if (p->app.phase != ZX_PIPE_LOST)
        return false;
    return p->app.ended || (!zx_pipe_peek(p, &rec) && p->app.ended);
}

static void lose(struct zx_socket *s, struct zx_pipe *p) {
    if (p->app.phase != ZX_PIPE_ATTACHED)
        return;
    zx_queue_rollback(p->out);
    s->ops->lost(s, p);
    forget_dirty(s, p);
    zx_socket_unregister(s, p); /* its place or id is free while its messages are read */
    p->app.phase = ZX_PIPE_LOST;
}

/* Another peer has its id: the end is told to it, what it sent is read to the end. */
static void cut_off(struct zx_socket *s, struct zx_pipe *p) {
    lose(s, p);
    zx_pipe_close(p);
}

static void attach_new(struct zx_socket *s, struct zx_pipe *p) {
    int rc = p->late ? zx_socket_register(s, p) : 0;
    if (rc == -EADDRINUSE) {
        p->id_size = 0; /* somebody else has that id: one of our own making */
        (void)zx_socket_register(s, p);
    }
    if (rc != -ENOMEM)
        rc = zx_socket_attach(s, p);
    if (rc == -ENOMEM && p->peer)
        zx_pipe_post(p, ZX_POST_ATTACH | ZX_POST_READABLE); /* nobody would connect again */
    else if (rc)
        zx_pipe_abort(p);
}

static void handle(struct zx_socket *s, struct zx_pipe *p, unsigned reasons) {
    if (reasons & ZX_POST_ATTACH && p->app.phase == ZX_PIPE_NEW)
        attach_new(s, p);
    if (p->app.phase != ZX_PIPE_ATTACHED && p->app.phase != ZX_PIPE_LOST)
        return;
    if (reasons & ZX_POST_READABLE)
        s->ops->readable(s, p);
    if (reasons & ZX_POST_CREDIT && p->app.phase == ZX_PIPE_ATTACHED)
        s->ops->writable(s, p);
    if (reasons & ZX_POST_REARM && zx_queue_report(p->in))
        zx_pipe_credit(p);
    if (reasons & ZX_POST_EVICT && p->app.phase == ZX_PIPE_ATTACHED)
        cut_off(s, p);
    if (reasons & ZX_POST_LOST)
        lose(s, p);
    zx_socket_check_over(s, p);
}

void zx_socket_check_over(struct zx_socket *s, struct zx_pipe *p) {
    if (is_over(p))
        zx_socket_detach(s, p);
}

void zx_socket_attend(struct zx_socket *s) {
    /* First the marks, then the mail: what comes after is marked again. A signaller that
     * has set the mark but not yet written keeps it: its write will wake the descriptor. */
    if (s->fd_event.rfd >= 0 && atomic_load_explicit(&s->fd_signalled, memory_order_relaxed) &&
        zx_event_drain(&s->fd_event))
        atomic_store_explicit(&s->fd_signalled, 0, memory_order_seq_cst);
    atomic_fetch_and_explicit(&s->attention, ~(unsigned)ZX_ATT_INBOX, memory_order_seq_cst);
    struct zx_pipe *p = zx_socket_take_inbox(s, NULL);
    while (p) {
        struct zx_pipe *next = p->post.inbox_next;
        unsigned reasons = atomic_exchange_explicit(&p->post.reasons, 0, memory_order_acq_rel);
        handle(s, p, reasons);
        zx_pipe_unref_locked(p, &s->dead);
        p = next;
    }
}

void zx_socket_relieve(struct zx_socket *s) {
    if (zx_socket_enter_any(s))
        return; /* closed: its links end */
    for (int i = 0; i < RELIEF_ROUNDS && zx_socket_has_mail(s); i++)
        zx_socket_attend(s);
    zx_socket_leave(s);
    /* What woke somebody is not found by him any more, but what has become of it. */
    zx_socket_notify(s, ZX_ATT_INBOX);
}

/* ---- places and routing ids, reserved by links ---- */

int zx_socket_register(struct zx_socket *s, struct zx_pipe *p) {
    if (s->ops->flags & ZX_PATTERN_SINGLE_PEER) {
        struct zx_pipe *nobody = NULL;
        bool ours = atomic_compare_exchange_strong_explicit(&s->single, &nobody, p,
                                                            memory_order_acq_rel,
                                                            memory_order_acquire) ||
                    nobody == p;
        return ours ? 0 : -EADDRINUSE;
    }
    return s->routes ? zx_routes_add(s, p) : 0;
}

void zx_socket_unregister(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_pipe *me = p;
    if (s->ops->flags & ZX_PATTERN_SINGLE_PEER)
        (void)atomic_compare_exchange_strong_explicit(&s->single, &me, NULL, memory_order_acq_rel,
                                                      memory_order_relaxed);
    else if (s->routes)
        zx_routes_remove(s->routes, p);
}

/* ---- close ---- */

int zx_socket_close(struct zx_socket *s) {
    if (s && atomic_load_explicit(&s->tag, memory_order_relaxed) == ZX_SOCKET_LIVE &&
        !zx_os_is_process(s->fork_gen)) {
        /* A forked child: nothing shared with the parent may be touched. */
        atomic_store_explicit(&s->tag, ZX_SOCKET_DEAD, memory_order_relaxed);
        return 0;
    }
    int rc = zx_socket_enter_any(s);
    if (rc)
        return rc;
    struct zx_ctx *ctx = s->ctx;
    int linger = s->conf->queue.linger_ms;
    zx_node_remove_all(s);
    atomic_store_explicit(&s->tag, ZX_SOCKET_DEAD, memory_order_seq_cst);
    zx_wake_all(&s->wake);
    zx_socket_attend(s);
    zx_socket_flush(s);
    while (s->pipes)
        zx_socket_detach(s, s->pipes);
    while (s->endpoints) {
        struct zx_endpoint *ep = s->endpoints;
        s->endpoints = ep->next;
        zx_endpoint_end(ep, linger, false);
        zx_endpoint_unref(ep);
    }
    /* Late mail: attaches of connections that opened meanwhile. */
    struct zx_pipe *p = zx_socket_take_inbox(s, ZX_INBOX_CLOSED);
    while (p) {
        struct zx_pipe *next = p->post.inbox_next;
        atomic_store_explicit(&p->post.reasons, 0, memory_order_release);
        zx_socket_unregister(s, p);
        zx_pipe_close(p);
        zx_pipe_unref_locked(p, &s->dead);
        p = next;
    }
    s->ops->closed(s);
    zx_ctx_drop_socket(ctx, s);
    zx_socket_leave(s);
    zx_socket_slot_unref(s);
    return 0;
}
