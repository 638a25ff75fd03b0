/* SPDX-License-Identifier: MIT */
/* SUB: subscribes by options and takes only what it subscribed to, whatever is sent to it. */
#include <errno.h>

#include "patterns/xsub.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_sub_ops;

/* So many unwanted frames are thrown away in one call; then the caller has its turn, even if
 * they come faster than that. */
enum { SKIP_MAX = 1000 };

static bool is_wanted(const struct zx_xsub *x, const struct zx_rec *first) {
    return zx_topics_match(&x->wants.topics, first->data, first->size) !=
           x->base.conf->queue.invert_matching;
}

/* Throws away the message at the front; all of it is there. */
static int skip(struct zx_fairq *fq, struct zx_pipe *p) {
    struct zx_rec rec;
    int frames = 0;
    bool more = true;
    while (more && zx_pipe_peek(p, &rec)) {
        more = rec.flags & ZX_FRAME_MORE;
        zx_pipe_drop(p, &rec);
        frames++;
    }
    if (++fq->cur >= fq->active)
        fq->cur = 0;
    return frames;
}

/* Sees that the next frame to be taken, if any, is wanted. */
static bool find(struct zx_socket *s, struct zx_xsub *x) {
    struct zx_fairq *fq = &x->in;
    struct zx_pipe *p;
    if (fq->more || (x->passed && zx_fairq_is_current(fq, x->passed)))
        return true;
    for (int left = SKIP_MAX; (p = zx_fairq_next(s, fq)); left -= skip(fq, p)) {
        struct zx_rec rec;
        if (left <= 0) {
            zx_pipe_post(p, ZX_POST_READABLE); /* so that nobody sleeps on what is left */
            return false;
        }
        if (zx_pipe_peek(p, &rec) && is_wanted(x, &rec)) {
            x->passed = p;
            return true;
        }
    }
    return false;
}

/* A plain frame at the front of the current pipe that is wanted: what happens most. */
static inline bool is_next_wanted(const struct zx_xsub *x) {
    const struct zx_fairq *fq = &x->in;
    struct zx_rec rec;
    if (!fq->active)
        return false;
    const struct zx_queue *q = fq->v[fq->cur]->in;
    if (q->r.pos == q->r.end)
        return false;
    zx_queue_decode(q, &rec);
    return !(rec.flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE)) &&
           (fq->more || is_wanted(x, &rec));
}

static int sub_recv(struct zx_socket *s, struct zx_sink *sink) {
    struct zx_xsub *x = zx_xsub_of(s);
    if (!x->passed && is_next_wanted(x))
        return zx_fairq_recv(s, &x->in, sink, NULL);
    if (!find(s, x))
        return -EAGAIN;
    int rc = zx_fairq_recv(s, &x->in, sink, NULL);
    if (!rc)
        x->passed = NULL;
    return rc;
}

static int sub_events(struct zx_socket *s) {
    return find(s, zx_xsub_of(s)) ? ZMQ_POLLIN : 0;
}

static int sub_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    if (option != ZMQ_SUBSCRIBE && option != ZMQ_UNSUBSCRIBE)
        return -EINVAL;
    struct zx_subscription sub = {option == ZMQ_SUBSCRIBE, val, size};
    int rc = zx_wants_change(&zx_xsub_of(s)->wants, &sub, false);
    return rc < 0 ? rc : 0;
}

const struct zx_pattern_ops zx_sub_ops = {
    .type = ZMQ_SUB,
    .name = "SUB",
    .flags = ZX_PATTERN_NO_LINGER | ZX_PATTERN_CONFLATES | ZX_PATTERN_ONE_CONNECT,
    .size = sizeof(struct zx_xsub),
    .init = zx_pattern_init_none,
    .fini = zx_xsub_fini,
    .attach = zx_xsub_attach,
    .readable = zx_xsub_readable,
    .writable = zx_pattern_pipe_none,
    .lost = zx_xsub_lost,
    .detach = zx_xsub_detach,
    .send = zx_pattern_send_none,
    .recv = sub_recv,
    .events = sub_events,
    .set_option = sub_set_option,
    .get_option = zx_xsub_get_option,
    ZX_PATTERN_NO_CALLS,
    .closed = zx_xsub_closed,
    .link_ready = zx_xsub_link_ready,
    .link_more = zx_xsub_link_more,
    .link_note = zx_xsub_link_note,
    .link_frame = zx_pattern_link_frame_any,
};
