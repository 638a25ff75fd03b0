/* SPDX-License-Identifier: MIT */
/* SCATTER: a PUSH of messages of one frame. */
#include <errno.h>

#include "core/pipe.h"
#include "core/socket.h"
#include "patterns/loadb.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_scatter_ops;

struct zx_scatter {
    struct zx_socket base;
    struct zx_loadb out;
};

static struct zx_loadb *out_of(struct zx_socket *s) {
    return &((struct zx_scatter *)(void *)s)->out;
}

static void scatter_fini(struct zx_socket *s) {
    zx_loadb_fini(out_of(s));
}

static int scatter_attach(struct zx_socket *s, struct zx_pipe *p) {
    return zx_loadb_add(out_of(s), p);
}

static void scatter_writable(struct zx_socket *s, struct zx_pipe *p) {
    zx_loadb_activate(out_of(s), p);
}

static void scatter_lost(struct zx_socket *s, struct zx_pipe *p) {
    zx_loadb_remove(out_of(s), p);
}

static int scatter_send(struct zx_socket *s, struct zx_src *src) {
    return src->more ? -EINVAL : zx_loadb_send(s, out_of(s), src, NULL);
}

static int scatter_events(struct zx_socket *s) {
    return zx_loadb_can_send(s, out_of(s)) ? ZMQ_POLLOUT : 0;
}

const struct zx_pattern_ops zx_scatter_ops = {
    .type = ZMQ_SCATTER,
    .name = "SCATTER",
    .flags = ZX_PATTERN_THREAD_SAFE,
    .size = sizeof(struct zx_scatter),
    .init = zx_pattern_init_none,
    .fini = scatter_fini,
    .attach = scatter_attach,
    .readable = zx_pattern_readable_drop,
    .writable = scatter_writable,
    .lost = scatter_lost,
    .detach = zx_pattern_pipe_none,
    .send = scatter_send,
    .recv = zx_pattern_recv_none,
    .events = scatter_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
