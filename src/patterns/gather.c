/* SPDX-License-Identifier: MIT */
/* GATHER: a PULL of messages of one frame. */
#include "core/pipe.h"
#include "core/socket.h"
#include "patterns/fairq.h"
#include "patterns/single.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_gather_ops;

struct zx_gather_socket {
    struct zx_socket base;
    struct zx_fairq in;
};

static struct zx_fairq *in_of(struct zx_socket *s) {
    return &((struct zx_gather_socket *)(void *)s)->in;
}

static void gather_fini(struct zx_socket *s) {
    zx_fairq_fini(in_of(s));
}

static int gather_attach(struct zx_socket *s, struct zx_pipe *p) {
    return zx_fairq_add(in_of(s), p);
}

static void gather_readable(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_activate(in_of(s), p);
}

static void gather_detach(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_remove(in_of(s), p);
}

static int gather_recv(struct zx_socket *s, struct zx_sink *sink) {
    return zx_single_recv(s, in_of(s), sink, NULL);
}

static int gather_events(struct zx_socket *s) {
    return zx_single_next(s, in_of(s)) ? ZMQ_POLLIN : 0;
}

const struct zx_pattern_ops zx_gather_ops = {
    .type = ZMQ_GATHER,
    .name = "GATHER",
    .flags = ZX_PATTERN_THREAD_SAFE,
    .size = sizeof(struct zx_gather_socket),
    .init = zx_pattern_init_none,
    .fini = gather_fini,
    .attach = gather_attach,
    .readable = gather_readable,
    .writable = zx_pattern_pipe_none,
    .lost = zx_pattern_pipe_none,
    .detach = gather_detach,
    .send = zx_pattern_send_none,
    .recv = gather_recv,
    .events = gather_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
