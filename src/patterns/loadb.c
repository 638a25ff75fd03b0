/* SPDX-License-Identifier: MIT */
#include "patterns/loadb.h"

#include <errno.h>
#include <stdlib.h>

#include "core/pipe.h"
#include "core/socket.h"

void zx_loadb_fini(struct zx_loadb *lb) {
    free(lb->v);
    lb->v = NULL;
}

static void put(struct zx_loadb *lb, unsigned i, struct zx_pipe *p) {
    lb->v[i] = p;
    p->app.lb = i + 1;
}

static void swap(struct zx_loadb *lb, unsigned i, unsigned j) {
    struct zx_pipe *a = lb->v[i], *b = lb->v[j];
    put(lb, i, b);
    put(lb, j, a);
}

int zx_loadb_add(struct zx_loadb *lb, struct zx_pipe *p) {
    if (lb->n == lb->cap) {
        unsigned cap = lb->cap ? lb->cap * 2 : 4;
        struct zx_pipe **v = realloc(lb->v, cap * sizeof *v);
        if (!v)
            return -ENOMEM;
        lb->v = v;
        lb->cap = cap;
    }
    put(lb, lb->n++, p);
    zx_loadb_activate(lb, p);
    return 0;
}

static void deactivate(struct zx_loadb *lb, unsigned i) {
    lb->active--;
    swap(lb, i, lb->active);
    if (lb->cur >= lb->active)
        lb->cur = 0;
}

void zx_loadb_activate(struct zx_loadb *lb, struct zx_pipe *p) {
    if (!p->app.lb || p->app.lb - 1 < lb->active)
        return;
    swap(lb, p->app.lb - 1, lb->active);
    lb->active++;
}

void zx_loadb_remove(struct zx_loadb *lb, struct zx_pipe *p) {
    if (!p->app.lb)
        return;
    unsigned i = p->app.lb - 1;
    if (i < lb->active) {
        if (i == lb->cur && lb->more) {
            lb->more = false;
            lb->dropping = true;
        }
        bool moves = i != lb->cur && lb->cur == lb->active - 1;
        deactivate(lb, i);
        if (moves)
            lb->cur = i; /* its pipe took the place of the one removed */
    }
    i = p->app.lb - 1;
    swap(lb, i, lb->n - 1);
    lb->n--;
    p->app.lb = 0;
}

/* Finds the pipe for the next message: true if v[cur] has room. */
static bool choose(struct zx_socket *s, struct zx_loadb *lb) {
    while (lb->active) {
        struct zx_pipe *p = lb->v[lb->cur];
        if (lb->more || zx_pipe_can_send(p))
            return true;
        zx_socket_flush(s); /* what waits for company makes room when it goes */
        if (zx_pipe_can_send(p))
            return true;
        deactivate(lb, lb->cur);
    }
    return false;
}

int zx_loadb_send_slow(struct zx_socket *s, struct zx_loadb *lb, struct zx_src *src,
                       struct zx_pipe **to) {
    if (to)
        *to = NULL;
    if (lb->dropping) {
        lb->dropping = src->more;
        zx_src_drop(s, src);
        return 0;
    }
    if (!choose(s, lb))
        return -EAGAIN;
    struct zx_pipe *p = lb->v[lb->cur];
    bool more = src->more;
    int rc = zx_pipe_send(p, src);
    if (rc) {
        lb->more = false;
        return rc;
    }
    if (to)
        *to = p;
    lb->more = more;
    if (!more && ++lb->cur >= lb->active)
        lb->cur = 0;
    return 0;
}

bool zx_loadb_can_send(struct zx_socket *s, struct zx_loadb *lb) {
    return lb->dropping || choose(s, lb);
}
