/* SPDX-License-Identifier: MIT */
#include "patterns/dist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipe_sub.h"
#include "core/socket.h"

/* In pipe->app.user_word. FULL stays until credit comes, as the reader publishes it at its
 * low-water mark. */
enum { FULL = 1, EXCLUDED = 2 };

void zx_dist_fini(struct zx_dist *d) {
    free(d->v);
    d->v = d->to = NULL;
}

static int grow(struct zx_dist *d) {
    unsigned cap = d->cap ? d->cap * 2 : 4;
    struct zx_pipe **v = malloc(2 * cap * sizeof *v);
    if (!v)
        return -ENOMEM;
    if (d->n)
        memcpy(v, d->v, d->n * sizeof *v);
    if (d->n_to)
        memcpy(v + cap, d->to, d->n_to * sizeof *v);
    free(d->v);
    d->v = v;
    d->to = v + cap;
    d->cap = cap;
    return 0;
}

int zx_dist_add(struct zx_dist *d, struct zx_pipe *p) {
    if (d->n == d->cap) {
        int rc = grow(d);
        if (rc)
            return rc;
    }
    d->v[d->n++] = p;
    p->app.lb = d->n;
    p->app.user_word = 0;
    return 0;
}

static void unchoose(struct zx_dist *d, unsigned i) {
    d->to[i] = d->to[--d->n_to];
}

void zx_dist_remove(struct zx_dist *d, struct zx_pipe *p) {
    if (!p->app.lb)
        return;
    unsigned i = p->app.lb - 1;
    d->v[i] = d->v[--d->n];
    d->v[i]->app.lb = i + 1;
    p->app.lb = 0;
    for (i = 0; i < d->n_to; i++)
        if (d->to[i] == p)
            unchoose(d, i--);
}

void zx_dist_reopen(struct zx_dist *d, struct zx_pipe *p) {
    (void)d;
    p->app.user_word &= ~(uint32_t)FULL;
}

void zx_dist_choose(struct zx_dist *d, struct zx_pipe *p) {
    if (!p->app.lb)
        return; /* lost already */
    if ((!(p->app.user_word & FULL) || d->nodrop) && zx_pipe_can_send(p)) {
        d->to[d->n_to++] = p;
        return;
    }
    p->app.user_word |= FULL;
    d->blocked = true;
}

void zx_dist_choose_all(struct zx_dist *d) {
    for (unsigned i = 0; i < d->n; i++)
        zx_dist_choose(d, d->v[i]);
}

void zx_dist_exclude(struct zx_pipe *p) {
    p->app.user_word |= EXCLUDED;
}

void zx_dist_choose_others(struct zx_dist *d) {
    for (unsigned i = 0; i < d->n; i++) {
        struct zx_pipe *p = d->v[i];
        if (p->app.user_word & EXCLUDED)
            p->app.user_word &= ~(uint32_t)EXCLUDED;
        else
            zx_dist_choose(d, p);
    }
}

/* A body that all can refer to. For a message the body it has; its reference is kept until the
 * frame is given to all, so that none of those given back is the last. */
static int prepare(struct zx_share *f, const struct zx_src *src) {
    struct zx_msg *m = src->msg;
    f->data = src->data;
    f->size = src->size;
    f->more = src->more;
    f->by_ref = f->size > ZX_QUEUE_REF_ABOVE;
    f->body = NULL;
    if (!f->by_ref || src->is_const)
        return 0;
    if (m) {
        f->body = m->kind == ZX_MSG_KIND_BODY ? m->u.ref.body : NULL;
        return 0;
    }
    f->body = zx_body_new(f->size);
    if (!f->body)
        return -ENOMEM;
    memcpy(f->body->data, f->data, f->size);
    f->data = f->body->data;
    return 0;
}

static void give(struct zx_dist *d, const struct zx_share *f) {
    unsigned failed = 0;
    if (f->body)
        zx_body_ref(f->body, d->n_to);
    for (unsigned i = 0; i < d->n_to; i++) {
        struct zx_pipe *p = d->to[i];
        if (!zx_pipe_share(p, f))
            continue;
        failed++;
        unchoose(d, i--);
        if (d->exact)
            zx_pipe_abort(p);
    }
    if (failed && f->body)
        zx_body_unref(f->body, failed);
}

int zx_dist_send(struct zx_socket *s, struct zx_dist *d, struct zx_src *src) {
    struct zx_share f;
    bool more = src->more;
    if (d->n_to == 1 && !d->exact) { /* no need to share */
        if (zx_pipe_send(d->to[0], src)) {
            d->n_to = 0;
            zx_src_drop(s, src);
        }
    } else if (d->n_to) {
        int rc = prepare(&f, src);
        if (rc)
            return rc;
        give(d, &f);
        if (!more)
            zx_pipe_offer_all(d->to, d->n_to);
        if (f.body && !src->msg)
            zx_body_unref(f.body, 1);
        zx_src_drop(s, src);
    } else {
        zx_src_drop(s, src);
    }
    d->more = more;
    if (!more)
        d->n_to = 0;
    return 0;
}

void zx_dist_send_wire(struct zx_dist *d, const uint8_t *wire, size_t size) {
    for (unsigned i = 0; i < d->n_to; i++)
        if (zx_pipe_share_wire(d->to[i], wire, size))
            unchoose(d, i--);
    if (d->n_to == 1)
        zx_pipe_offer(d->to[0]); /* its batches need no clock */
    else
        zx_pipe_offer_all(d->to, d->n_to);
    d->n_to = 0;
}

void zx_dist_rollback(struct zx_dist *d) {
    for (unsigned i = 0; i < d->n_to; i++)
        zx_pipe_rollback(d->to[i]);
    d->n_to = 0;
    d->more = false;
}
