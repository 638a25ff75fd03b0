/* SPDX-License-Identifier: MIT */
#include "patterns/fairq.h"

#include <errno.h>
#include <stdlib.h>

#include "core/pipe.h"
#include "core/socket.h"

void zx_fairq_fini(struct zx_fairq *fq) {
    free(fq->v);
    fq->v = NULL;
}

static void put(struct zx_fairq *fq, unsigned i, struct zx_pipe *p) {
    fq->v[i] = p;
    p->app.fq = i + 1;
}

static void swap(struct zx_fairq *fq, unsigned i, unsigned j) {
    struct zx_pipe *a = fq->v[i], *b = fq->v[j];
    put(fq, i, b);
    put(fq, j, a);
}

int zx_fairq_add(struct zx_fairq *fq, struct zx_pipe *p) {
    if (fq->n == fq->cap) {
        unsigned cap = fq->cap ? fq->cap * 2 : 4;
        struct zx_pipe **v = realloc(fq->v, cap * sizeof *v);
        if (!v)
            return -ENOMEM;
        fq->v = v;
        fq->cap = cap;
    }
    put(fq, fq->n++, p);
    return 0;
}

static void deactivate(struct zx_fairq *fq, unsigned i) {
    fq->active--;
    swap(fq, i, fq->active);
    if (fq->cur >= fq->active)
        fq->cur = 0;
}

void zx_fairq_activate(struct zx_fairq *fq, struct zx_pipe *p) {
    if (!p->app.fq || p->app.fq - 1 < fq->active)
        return;
    swap(fq, p->app.fq - 1, fq->active);
    fq->active++;
}

void zx_fairq_remove(struct zx_fairq *fq, struct zx_pipe *p) {
    if (!p->app.fq)
        return;
    unsigned i = p->app.fq - 1;
    if (i < fq->active) {
        if (i == fq->cur)
            fq->more = false;
        bool moves = i != fq->cur && fq->cur == fq->active - 1;
        deactivate(fq, i);
        if (moves)
            fq->cur = i; /* its pipe took the place of the one removed */
    }
    i = p->app.fq - 1;
    swap(fq, i, fq->n - 1);
    fq->n--;
    p->app.fq = 0;
}

/* v[cur] is empty: out of the ring, and gone for good if its peer is. Polled is only the last one:
 * with another still there the call may end without a wait, and nobody would look again. */
static void went_dry(struct zx_socket *s, struct zx_fairq *fq, struct zx_pipe *p, bool patient) {
    if (patient && fq->active == 1 && zx_wait_polls(s, p)) {
        deactivate(fq, fq->cur);
        return;
    }
    if (!zx_pipe_unlist(p))
        return;
    deactivate(fq, fq->cur);
    zx_pipe_slim(p);
    zx_socket_check_over(s, p);
}

int zx_fairq_recv_slow(struct zx_socket *s, struct zx_fairq *fq, struct zx_sink *sink,
                       struct zx_pipe **from) {
    while (fq->active) {
        struct zx_pipe *p = fq->v[fq->cur];
        int rc = zx_pipe_recv(p, sink);
        if (rc == -EAGAIN) {
            went_dry(s, fq, p, sink->patient);
            continue;
        }
        if (rc)
            return rc;
        if (from)
            *from = p;
        fq->more = sink->more;
        if (!fq->more && ++fq->cur >= fq->active)
            fq->cur = 0;
        return 0;
    }
    return -EAGAIN;
}

struct zx_pipe *zx_fairq_next(struct zx_socket *s, struct zx_fairq *fq) {
    struct zx_rec rec;
    while (fq->active) {
        struct zx_pipe *p = fq->v[fq->cur];
        if (zx_pipe_peek(p, &rec))
            return p;
        went_dry(s, fq, p, false);
    }
    return NULL;
}
