/* SPDX-License-Identifier: MIT */
/* PAIR: one peer, both ways (RFC 31). The place is taken by links in socket->single. */
#include <errno.h>

#include "core/pipe.h"
#include "patterns/pair.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_pair_ops;

int zx_pair_attach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_pair *a = zx_pair_of(s);
    if (a->pipe && a->can_send)
        return -EBUSY;
    if (a->pipe) {
        if (a->old)
            zx_socket_detach(s, a->old);
        a->old = a->pipe;
    }
    a->pipe = p;
    a->can_send = true;
    return 0;
}

void zx_pair_lost(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_pair *a = zx_pair_of(s);
    if (p != a->pipe)
        return;
    a->can_send = false;
    a->dropping = a->more_out;
}

void zx_pair_detach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_pair *a = zx_pair_of(s);
    if (p == a->pipe) {
        a->pipe = NULL;
        a->can_send = false;
    }
    if (p == a->old)
        a->old = NULL;
}

static bool room(struct zx_socket *s, struct zx_pair *a) {
    if (!a->can_send)
        return false;
    if (a->more_out || zx_pipe_can_send(a->pipe))
        return true;
    zx_socket_flush(s);
    return zx_pipe_can_send(a->pipe);
}

int zx_pair_send(struct zx_socket *s, struct zx_src *src) {
    struct zx_pair *a = zx_pair_of(s);
    bool more = src->more;
    if (a->dropping) {
        a->dropping = a->more_out = more;
        zx_src_drop(s, src);
        return 0;
    }
    if (!room(s, a))
        return -EAGAIN;
    int rc = zx_pipe_send(a->pipe, src);
    a->more_out = !rc && more;
    return rc;
}

struct zx_pipe *zx_pair_source(struct zx_socket *s) {
    struct zx_pair *a = zx_pair_of(s);
    struct zx_rec rec;
    for (;;) {
        struct zx_pipe *p = a->old ? a->old : a->pipe;
        if (!p)
            return NULL;
        if (zx_pipe_peek(p, &rec))
            return p;
        if (!zx_pipe_unlist(p))
            continue;
        bool was_old = p == a->old;
        zx_socket_check_over(s, p);
        if (!was_old || a->old)
            return NULL;
    }
}

int zx_pair_recv(struct zx_socket *s, struct zx_sink *sink) {
    struct zx_pipe *p = zx_pair_source(s);
    return p ? zx_pipe_recv(p, sink) : -EAGAIN;
}

int zx_pair_events(struct zx_socket *s) {
    struct zx_pair *a = zx_pair_of(s);
    return (zx_pair_source(s) ? ZMQ_POLLIN : 0) | (a->dropping || room(s, a) ? ZMQ_POLLOUT : 0);
}

const struct zx_pattern_ops zx_pair_ops = {
    .type = ZMQ_PAIR,
    .name = "PAIR",
    .flags = ZX_PATTERN_SINGLE_PEER,
    .size = sizeof(struct zx_pair),
    .init = zx_pattern_init_none,
    .fini = zx_pattern_fini_none,
    .attach = zx_pair_attach,
    .readable = zx_pattern_pipe_none,
    .writable = zx_pattern_pipe_none,
    .lost = zx_pair_lost,
    .detach = zx_pair_detach,
    .send = zx_pair_send,
    .recv = zx_pair_recv,
    .events = zx_pair_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
