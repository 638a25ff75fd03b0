/* SPDX-License-Identifier: MIT */
/* PUSH and PULL: a pipeline, one way. */
#include "core/pipe.h"
#include "core/socket.h"
#include "patterns/fairq.h"
#include "patterns/loadb.h"
#include "zmq.h"

struct zx_push {
    struct zx_socket base;
    struct zx_loadb out;
};

struct zx_pull {
    struct zx_socket base;
    struct zx_fairq in;
};

static struct zx_loadb *out_of(struct zx_socket *s) {
    return &((struct zx_push *)(void *)s)->out;
}

static struct zx_fairq *in_of(struct zx_socket *s) {
    return &((struct zx_pull *)(void *)s)->in;
}

static void push_fini(struct zx_socket *s) {
    zx_loadb_fini(out_of(s));
}

static int push_attach(struct zx_socket *s, struct zx_pipe *p) {
    return zx_loadb_add(out_of(s), p);
}

static void push_writable(struct zx_socket *s, struct zx_pipe *p) {
    zx_loadb_activate(out_of(s), p);
}

static void push_lost(struct zx_socket *s, struct zx_pipe *p) {
    zx_loadb_remove(out_of(s), p);
}

static int push_send(struct zx_socket *s, struct zx_src *src) {
    return zx_loadb_send(s, out_of(s), src, NULL);
}

static int push_events(struct zx_socket *s) {
    return zx_loadb_can_send(s, out_of(s)) ? ZMQ_POLLOUT : 0;
}

const struct zx_pattern_ops zx_push_ops = {
    .type = ZMQ_PUSH,
    .name = "PUSH",
    .flags = ZX_PATTERN_CONFLATES,
    .size = sizeof(struct zx_push),
    .init = zx_pattern_init_none,
    .fini = push_fini,
    .attach = push_attach,
    .readable = zx_pattern_readable_drop,
    .writable = push_writable,
    .lost = push_lost,
    .detach = zx_pattern_pipe_none,
    .send = push_send,
    .recv = zx_pattern_recv_none,
    .events = push_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};

static void pull_fini(struct zx_socket *s) {
    zx_fairq_fini(in_of(s));
}

static int pull_attach(struct zx_socket *s, struct zx_pipe *p) {
    return zx_fairq_add(in_of(s), p);
}

static void pull_readable(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_activate(in_of(s), p);
}

static void pull_detach(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_remove(in_of(s), p);
}

static int pull_recv(struct zx_socket *s, struct zx_sink *sink) {
    return zx_fairq_recv(s, in_of(s), sink, NULL);
}

static int pull_events(struct zx_socket *s) {
    return zx_fairq_next(s, in_of(s)) ? ZMQ_POLLIN : 0;
}

const struct zx_pattern_ops zx_pull_ops = {
    .type = ZMQ_PULL,
    .name = "PULL",
    .flags = ZX_PATTERN_CONFLATES,
    .size = sizeof(struct zx_pull),
    .init = zx_pattern_init_none,
    .fini = pull_fini,
    .attach = pull_attach,
    .readable = pull_readable,
    .writable = zx_pattern_pipe_none,
    .lost = zx_pattern_pipe_none,
    .detach = pull_detach,
    .send = zx_pattern_send_none,
    .recv = pull_recv,
    .events = pull_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
