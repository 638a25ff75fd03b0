/* SPDX-License-Identifier: MIT */
/* CLIENT (RFC 41): a DEALER of messages of one frame. */
#include <errno.h>

#include "patterns/dealer.h"
#include "patterns/single.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_client_ops;

static int client_send(struct zx_socket *s, struct zx_src *src) {
    return src->more ? -EINVAL : zx_loadb_send(s, &zx_dealer_of(s)->out, src, NULL);
}

static int client_recv(struct zx_socket *s, struct zx_sink *sink) {
    return zx_single_recv(s, &zx_dealer_of(s)->in, sink, NULL);
}

static int client_events(struct zx_socket *s) {
    struct zx_dealer *d = zx_dealer_of(s);
    return (zx_single_next(s, &d->in) ? ZMQ_POLLIN : 0) |
           (zx_loadb_can_send(s, &d->out) ? ZMQ_POLLOUT : 0);
}

const struct zx_pattern_ops zx_client_ops = {
    .type = ZMQ_CLIENT,
    .name = "CLIENT",
    .flags = ZX_PATTERN_THREAD_SAFE | ZX_PATTERN_HELLO_MSG | ZX_PATTERN_HICCUP_MSG,
    .size = sizeof(struct zx_dealer),
    .init = zx_pattern_init_none,
    .fini = zx_dealer_fini,
    .attach = zx_dealer_attach,
    .readable = zx_dealer_readable,
    .writable = zx_dealer_writable,
    .lost = zx_dealer_lost,
    .detach = zx_dealer_detach,
    .send = client_send,
    .recv = client_recv,
    .events = client_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
