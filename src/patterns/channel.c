/* SPDX-License-Identifier: MIT */
/* CHANNEL: a PAIR of messages of one frame. */
#include <errno.h>

#include "core/pipe.h"
#include "patterns/pair.h"
#include "patterns/single.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_channel_ops;

static struct zx_pipe *next(struct zx_socket *s) {
    struct zx_pipe *p;
    struct zx_rec rec;
    int left = ZX_SINGLE_SKIP_MAX;
    while ((p = zx_pair_source(s)) && zx_pipe_peek(p, &rec) && rec.flags & ZX_FRAME_MORE) {
        if (left <= 0) {
            zx_pipe_post(p, ZX_POST_READABLE); /* so that nobody sleeps on what is left */
            return NULL;
        }
        left -= zx_single_skip(p);
    }
    return p;
}

static int channel_send(struct zx_socket *s, struct zx_src *src) {
    return src->more ? -EINVAL : zx_pair_send(s, src);
}

static int channel_recv(struct zx_socket *s, struct zx_sink *sink) {
    struct zx_pipe *p = next(s);
    return p ? zx_pipe_recv(p, sink) : -EAGAIN;
}

static int channel_events(struct zx_socket *s) {
    struct zx_pipe *p = next(s);
    return (zx_pair_events(s) & ZMQ_POLLOUT) | (p ? ZMQ_POLLIN : 0);
}

const struct zx_pattern_ops zx_channel_ops = {
    .type = ZMQ_CHANNEL,
    .name = "CHANNEL",
    .flags = ZX_PATTERN_SINGLE_PEER | ZX_PATTERN_THREAD_SAFE,
    .size = sizeof(struct zx_pair),
    .init = zx_pattern_init_none,
    .fini = zx_pattern_fini_none,
    .attach = zx_pair_attach,
    .readable = zx_pattern_pipe_none,
    .writable = zx_pattern_pipe_none,
    .lost = zx_pair_lost,
    .detach = zx_pair_detach,
    .send = channel_send,
    .recv = channel_recv,
    .events = channel_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
