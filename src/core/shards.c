/* SPDX-License-Identifier: MIT */
#include "core/shards.h"

#include <stdlib.h>

#include "core/conf.h"
#include "core/ctx.h"
#include "core/io.h"
#include "core/reactor.h"
#include "core/socket.h"
#include "zmq.h"

struct zx_shards {
    atomic_uint links; /* ever made, as far as ZX_SHARDS_FROM */
    struct zx_reactor *_Atomic v[]; /* one place for each I/O thread of the context */
};

int zx_shards_new(struct zx_socket *s) {
    struct zx_io *io = zx_ctx_choose_io(s->ctx, s->conf->queue.affinity);
    if (!io)
        return -EMTHREAD;
    if (s->reactor)
        return 0;
    unsigned n = s->ctx->n_ios;
    struct zx_shards *sh = n > 1 ? calloc(1, sizeof *sh + n * sizeof sh->v[0]) : NULL;
    if (n > 1 && !sh)
        return -ENOMEM;
    struct zx_reactor *r;
    int rc = zx_reactor_new(io, &r);
    if (rc) {
        free(sh);
        return rc;
    }
    if (sh)
        atomic_init(&sh->v[io->index], r);
    s->shards = sh;
    s->reactor = r;
    return 0;
}

void zx_shards_free(struct zx_socket *s) {
    if (s->shards) {
        for (unsigned i = 0; i < s->ctx->n_ios; i++) {
            struct zx_reactor *r = atomic_load_explicit(&s->shards->v[i], memory_order_acquire);
            if (r && r != s->reactor)
                zx_reactor_unref(r);
        }
        free(s->shards);
        s->shards = NULL;
    }
    if (s->reactor)
        zx_reactor_unref(s->reactor);
    s->reactor = NULL;
}

/* The reactor on I/O thread i, made if there is none yet; NULL without memory or descriptors. */
static struct zx_reactor *shard(struct zx_socket *s, unsigned i) {
    struct zx_reactor *_Atomic *place = &s->shards->v[i];
    struct zx_reactor *mine, *r = atomic_load_explicit(place, memory_order_acquire);
    if (r || zx_reactor_new(s->ctx->ios[i], &mine))
        return r;
    /* Release: whoever finds it there uses it. */
    if (atomic_compare_exchange_strong_explicit(place, &r, mine, memory_order_acq_rel,
                                                memory_order_acquire))
        return mine;
    zx_reactor_unref(mine);
    return r;
}

static unsigned load(struct zx_socket *s, unsigned i) {
    struct zx_reactor *r = atomic_load_explicit(&s->shards->v[i], memory_order_acquire);
    return r ? zx_reactor_load(r) : 0;
}

struct zx_reactor *zx_shards_choose(struct zx_socket *s, uint64_t affinity) {
    struct zx_shards *sh = s->shards;
    if (!sh)
        return s->reactor;
    if (!affinity && atomic_load_explicit(&sh->links, memory_order_relaxed) < ZX_SHARDS_FROM) {
        atomic_fetch_add_explicit(&sh->links, 1, memory_order_relaxed);
        return s->reactor;
    }
    unsigned best = s->reactor->io->index;
    bool is_allowed = !affinity;
    for (unsigned i = 0; i < s->ctx->n_ios; i++) {
        if (affinity && (i >= 64 || !(affinity >> i & 1)))
            continue;
        if (!is_allowed || load(s, i) < load(s, best))
            best = i;
        is_allowed = true;
    }
    struct zx_reactor *r = shard(s, best);
    return r ? r : s->reactor;
}

static bool look_at(struct zx_reactor *r) {
    if (!zx_reactor_take(r))
        return false;
    (void)zx_reactor_drive(r, 0, true);
    zx_reactor_give(r);
    return true;
}

bool zx_shards_look(struct zx_socket *s) {
    bool all = !s->reactor || look_at(s->reactor);
    for (unsigned i = 0; s->shards && i < s->ctx->n_ios; i++) {
        struct zx_reactor *r = atomic_load_explicit(&s->shards->v[i], memory_order_acquire);
        if (r && r != s->reactor && !look_at(r))
            all = false;
    }
    return all;
}
