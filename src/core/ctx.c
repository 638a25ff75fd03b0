/* SPDX-License-Identifier: MIT */
#include "core/ctx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "core/conf.h"
#include "core/inproc.h"
#include "core/io.h"
#include "core/background.h"
#include "core/socket.h"
#include "zmq.h"


struct zx_ctx *zx_ctx_new(int *err) {
    struct zx_ctx *ctx = calloc(1, sizeof *ctx);
    *err = ENOMEM;
    if (!ctx)
        return NULL;
    if (zx_os_fork_init() || zx_inproc_new(&ctx->inproc)) {
        free(ctx);
        return NULL;
    }
    zx_lock_init_process();
    zx_os_on_fork(zx_socket_after_fork);
    zx_os_on_fork(zx_background_after_fork);
    zx_ctx_conf_init(&ctx->conf);
    atomic_init(&ctx->spin_us, (int)zx_os_env_number("ZMQX_SPIN_US", ZX_SPIN_US_DEFAULT));
    ctx->fork_gen = zx_os_fork_generation();
    atomic_init(&ctx->tag, ZX_CTX_LIVE);
    return ctx;
}

bool zx_ctx_is_valid(const struct zx_ctx *ctx) {
    return ctx && atomic_load_explicit(&ctx->tag, memory_order_acquire) == ZX_CTX_LIVE;
}

int zx_ctx_spin_us(const struct zx_ctx *ctx) {
    return atomic_load_explicit(&ctx->spin_us, memory_order_relaxed);
}

static void drop_defaults(struct zx_ctx *ctx) {
    for (int i = 0; i < ZX_CTX_TYPES; i++) {
        if (ctx->defaults[i])
            zx_conf_unref(ctx->defaults[i]);
        ctx->defaults[i] = NULL;
    }
}

int zx_ctx_set(struct zx_ctx *ctx, int option, const void *val, size_t size) {
    zx_mutex_lock(&ctx->lock);
    int rc = zx_ctx_conf_set(&ctx->conf, option, val, size);
    drop_defaults(ctx); /* they depend on IPV6 and BLOCKY */
    if (!rc && ctx->conf.spin_us >= 0)
        atomic_store_explicit(&ctx->spin_us, ctx->conf.spin_us, memory_order_relaxed);
    zx_mutex_unlock(&ctx->lock);
    return rc;
}

int zx_ctx_get(struct zx_ctx *ctx, int option, void *val, size_t *size) {
    zx_mutex_lock(&ctx->lock);
    int rc = zx_ctx_conf_get(&ctx->conf, option, val, size);
    zx_mutex_unlock(&ctx->lock);
    return rc;
}

struct zx_conf *zx_ctx_defaults(struct zx_ctx *ctx, int type) {
    zx_mutex_lock(&ctx->lock);
    struct zx_conf **c = &ctx->defaults[type];
    if (!*c)
        *c = zx_conf_new(type, ctx->conf.ipv6, ctx->conf.blocky);
    struct zx_conf *shared = *c ? zx_conf_ref(*c) : NULL;
    zx_mutex_unlock(&ctx->lock);
    return shared;
}

/* ---- threads ---- */

static void stop_ios(struct zx_ctx *ctx) {
    for (unsigned i = 0; i < ctx->n_ios; i++) {
        zx_io_stop(ctx->ios[i]);
        free(ctx->ios[i]);
    }
    free(ctx->ios);
    ctx->ios = NULL;
    ctx->n_ios = 0;
}

static int start_io(struct zx_ctx *ctx, unsigned i) {
    char name[64];
    const char *prefix = ctx->conf.name_prefix;
    snprintf(name, sizeof name, "%s%sZMQbg/IO/%u", prefix, prefix[0] ? "/" : "", i);
    struct zx_thread_conf tc = {name, ctx->conf.priority, ctx->conf.sched_policy,
                                ctx->conf.cpus, ctx->conf.n_cpus};
    struct zx_io *io = aligned_alloc(64, (sizeof *io + 63) / 64 * 64);
    if (!io)
        return -ENOMEM;
    memset(io, 0, sizeof *io);
    int rc = zx_io_start(io, i, &tc);
    if (rc) {
        free(io);
        return rc;
    }
    ctx->ios[ctx->n_ios++] = io;
    return 0;
}

static int start(struct zx_ctx *ctx) {
    unsigned n = (unsigned)ctx->conf.io_threads;
    int rc = 0;
    ctx->max_sockets = ctx->conf.max_sockets;
    ctx->ios = calloc(n ? n : 1, sizeof *ctx->ios);
    if (!ctx->ios)
        return -ENOMEM;
    for (unsigned i = 0; i < n && !rc; i++)
        rc = start_io(ctx, i);
    if (rc)
        stop_ios(ctx);
    else
        ctx->running = true;
    return rc;
}

struct zx_io *zx_ctx_choose_io(struct zx_ctx *ctx, uint64_t affinity) {
    struct zx_io *best = NULL;
    for (unsigned i = 0; i < ctx->n_ios; i++) {
        if (affinity && (i >= 64 || !(affinity >> i & 1)))
            continue;
        struct zx_io *io = ctx->ios[i];
        if (!best || atomic_load_explicit(&io->load, memory_order_relaxed) <
                         atomic_load_explicit(&best->load, memory_order_relaxed))
            best = io;
    }
    return best;
}

void zx_ctx_flush_dirty(struct zx_ctx *ctx) {
    for (unsigned i = 0; i < ctx->n_ios; i++)
        zx_io_flush_dirty(ctx->ios[i]);
}

/* ---- sockets ---- */

int zx_ctx_has_place(struct zx_ctx *ctx) {
    zx_mutex_lock(&ctx->lock);
    int rc = ctx->stopping ? -ETERM : 0;
    if (!rc && ctx->running && ctx->n_open >= (unsigned)ctx->max_sockets)
        rc = -EMFILE;
    zx_mutex_unlock(&ctx->lock);
    return rc;
}

int zx_ctx_add_socket(struct zx_ctx *ctx, struct zx_socket *s) {
    int rc = 0;
    zx_mutex_lock(&ctx->lock);
    if (ctx->stopping)
        rc = -ETERM;
    else if (!ctx->running)
        rc = start(ctx);
    if (!rc && ctx->n_open >= (unsigned)ctx->max_sockets)
        rc = -EMFILE;
    if (!rc) {
        ctx->n_open++;
        atomic_fetch_add_explicit(&ctx->alive, 1, memory_order_relaxed);
        s->ctx_prev = NULL;
        s->ctx_next = ctx->sockets;
        if (ctx->sockets)
            ctx->sockets->ctx_prev = s;
        ctx->sockets = s;
    }
    zx_mutex_unlock(&ctx->lock);
    return rc;
}

int zx_ctx_count_hidden(struct zx_ctx *ctx, int delta) {
    int rc = 0;
    zx_mutex_lock(&ctx->lock);
    if (delta > 0 && ctx->n_open >= (unsigned)ctx->max_sockets)
        rc = -EMFILE;
    else
        ctx->n_open += (unsigned)delta;
    zx_mutex_unlock(&ctx->lock);
    return rc;
}

void zx_ctx_drop_socket(struct zx_ctx *ctx, struct zx_socket *s) {
    zx_mutex_lock(&ctx->lock);
    if (s->ctx_prev)
        s->ctx_prev->ctx_next = s->ctx_next;
    else
        ctx->sockets = s->ctx_next;
    if (s->ctx_next)
        s->ctx_next->ctx_prev = s->ctx_prev;
    ctx->n_open--;
    zx_mutex_unlock(&ctx->lock);
}

void zx_ctx_slot_gone(struct zx_ctx *ctx) {
    /* The lock keeps the context alive until we are through with its word. */
    zx_mutex_lock(&ctx->lock);
    atomic_fetch_sub_explicit(&ctx->alive, 1, memory_order_acq_rel);
    zx_os_futex_wake(&ctx->alive, 1000);
    zx_mutex_unlock(&ctx->lock);
}

int zx_ctx_shutdown(struct zx_ctx *ctx) {
    if (!zx_os_is_process(ctx->fork_gen))
        return 0; /* a forked child: the sockets are the parent's */
    zx_mutex_lock(&ctx->lock);
    bool first = !ctx->stopping;
    ctx->stopping = true;
    if (first)
        for (struct zx_socket *s = ctx->sockets; s; s = s->ctx_next)
            zx_socket_notify(s, ZX_ATT_TERM);
    zx_mutex_unlock(&ctx->lock);
    if (first)
        zx_inproc_cancel(ctx->inproc);
    return 0;
}

static void free_events(struct zx_ctx *ctx) {
    for (unsigned i = 0; i < ctx->events.n; i++) {
        zx_event_fini(ctx->events.v[i]);
        free(ctx->events.v[i]);
    }
}

int zx_ctx_term(struct zx_ctx *ctx) {
    if (ctx->fork_gen != zx_os_fork_generation())
        return -EINTR; /* a forked child's copy: nothing of it may be touched */
    zx_ctx_shutdown(ctx);
    for (unsigned n; (n = atomic_load_explicit(&ctx->alive, memory_order_acquire));) {
        zx_ctx_flush_dirty(ctx);
        int rc = zx_os_futex_wait(&ctx->alive, n, UINT64_C(1000000000));
        if (rc == -EINTR)
            return rc;
    }
    /* Passes after the last zx_ctx_slot_gone has let go. */
    zx_mutex_lock(&ctx->lock);
    zx_mutex_unlock(&ctx->lock);
    stop_ios(ctx);
    free_events(ctx);
    zx_pool_trim();
    zx_inproc_free(&ctx->inproc);
    drop_defaults(ctx);
    zx_ctx_conf_fini(&ctx->conf);
    atomic_store_explicit(&ctx->tag, ZX_CTX_DEAD, memory_order_release);
    free(ctx);
    return 0;
}

/* ---- wake-up descriptors ---- */

int zx_ctx_borrow_event(struct zx_ctx *ctx, struct zx_event **out) {
    struct zx_event *ev = NULL;
    zx_mutex_lock(&ctx->events.lock);
    if (ctx->events.n)
        ev = ctx->events.v[--ctx->events.n];
    zx_mutex_unlock(&ctx->events.lock);
    if (!ev) {
        ev = malloc(sizeof *ev);
        if (!ev)
            return -ENOMEM;
        int rc = zx_event_init(ev);
        if (rc) {
            free(ev);
            return rc;
        }
    }
    *out = ev;
    return 0;
}

void zx_ctx_return_event(struct zx_ctx *ctx, struct zx_event *ev) {
    (void)zx_event_drain(ev);
    zx_mutex_lock(&ctx->events.lock);
    if (ctx->events.n < ZX_CTX_EVENTS) {
        ctx->events.v[ctx->events.n++] = ev;
        ev = NULL;
    }
    zx_mutex_unlock(&ctx->events.lock);
    if (!ev)
        return;
    zx_event_fini(ev);
    free(ev);
}
