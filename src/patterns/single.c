/* SPDX-License-Identifier: MIT */
#include "patterns/single.h"

#include <errno.h>

#include "core/socket.h"

int zx_single_skip(struct zx_pipe *p) {
    struct zx_rec rec;
    int frames = 0;
    bool more = true;
    while (more && zx_pipe_peek(p, &rec)) {
        more = rec.flags & ZX_FRAME_MORE;
        zx_pipe_drop(p, &rec);
        frames++;
    }
    return frames;
}

struct zx_pipe *zx_single_find(struct zx_socket *s, struct zx_fairq *fq) {
    struct zx_pipe *p;
    struct zx_rec rec;
    int left = ZX_SINGLE_SKIP_MAX;
    while ((p = zx_fairq_next(s, fq))) {
        if (zx_pipe_peek(p, &rec) && !(rec.flags & ZX_FRAME_MORE))
            return p;
        if (left <= 0) {
            zx_pipe_post(p, ZX_POST_READABLE); /* so that nobody sleeps on what is left */
            return NULL;
        }
        left -= zx_single_skip(p);
        if (++fq->cur >= fq->active)
            fq->cur = 0;
    }
    return NULL;
}

int zx_single_recv(struct zx_socket *s, struct zx_fairq *fq, struct zx_sink *sink,
                   struct zx_pipe **from) {
    struct zx_pipe *p = zx_single_next(s, fq);
    if (from)
        *from = p;
    return p ? zx_fairq_recv(s, fq, sink, NULL) : -EAGAIN;
}
