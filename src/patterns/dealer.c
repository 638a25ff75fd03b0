/* SPDX-License-Identifier: MIT */
#include "patterns/dealer.h"

#include <errno.h>

#include "core/pipe.h"
#include "zmq.h"

void zx_dealer_fini(struct zx_socket *s) {
    zx_fairq_fini(&zx_dealer_of(s)->in);
    zx_loadb_fini(&zx_dealer_of(s)->out);
}

int zx_dealer_attach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_dealer *d = zx_dealer_of(s);
    int rc = zx_fairq_add(&d->in, p);
    if (rc)
        return rc;
    rc = zx_loadb_add(&d->out, p);
    if (rc) {
        zx_fairq_remove(&d->in, p);
        return rc;
    }
    if (d->probe)
        (void)zx_pipe_send_bytes(p, NULL, 0, false);
    return 0;
}

void zx_dealer_readable(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_activate(&zx_dealer_of(s)->in, p);
}

void zx_dealer_writable(struct zx_socket *s, struct zx_pipe *p) {
    zx_loadb_activate(&zx_dealer_of(s)->out, p);
}

void zx_dealer_lost(struct zx_socket *s, struct zx_pipe *p) {
    zx_loadb_remove(&zx_dealer_of(s)->out, p);
}

void zx_dealer_detach(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_remove(&zx_dealer_of(s)->in, p);
}

int zx_dealer_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    if (option == ZMQ_PROBE_ROUTER)
        return zx_opt_take_flag(val, size, &zx_dealer_of(s)->probe);
    return -EINVAL;
}

static int dealer_send(struct zx_socket *s, struct zx_src *src) {
    return zx_loadb_send(s, &zx_dealer_of(s)->out, src, NULL);
}

static int dealer_recv(struct zx_socket *s, struct zx_sink *sink) {
    return zx_fairq_recv(s, &zx_dealer_of(s)->in, sink, NULL);
}

static int dealer_events(struct zx_socket *s) {
    struct zx_dealer *d = zx_dealer_of(s);
    return (zx_fairq_next(s, &d->in) ? ZMQ_POLLIN : 0) |
           (zx_loadb_can_send(s, &d->out) ? ZMQ_POLLOUT : 0);
}

const struct zx_pattern_ops zx_dealer_ops = {
    .type = ZMQ_DEALER,
    .name = "DEALER",
    .flags = ZX_PATTERN_CONFLATES | ZX_PATTERN_ONE_CONNECT | ZX_PATTERN_HELLO_MSG |
             ZX_PATTERN_HICCUP_MSG,
    .size = sizeof(struct zx_dealer),
    .init = zx_pattern_init_none,
    .fini = zx_dealer_fini,
    .attach = zx_dealer_attach,
    .readable = zx_dealer_readable,
    .writable = zx_dealer_writable,
    .lost = zx_dealer_lost,
    .detach = zx_dealer_detach,
    .send = dealer_send,
    .recv = dealer_recv,
    .events = dealer_events,
    .set_option = zx_dealer_set_option,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
