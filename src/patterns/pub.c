/* SPDX-License-Identifier: MIT */
#include "core/pipe.h"
#include "core/socket.h"
#include "zmq.h"

static int no_pipe(struct zx_socket *s, struct zx_pipe *p) {
    (void)s;
    (void)p;
    return 0;
}

static int no_events(struct zx_socket *s) {
    (void)s;
    return 0;
}

extern const struct zx_pattern_ops zx_pub_ops;
const struct zx_pattern_ops zx_pub_ops = {
    .type = ZMQ_PUB,
    .name = "PUB",
    .flags = ZX_PATTERN_BACKGROUND | ZX_PATTERN_CONFLATES | ZX_PATTERN_ONE_CONNECT,
    .size = sizeof(struct zx_socket),
    .init = zx_pattern_init_none,
    .fini = zx_pattern_fini_none,
    .attach = no_pipe,
    .readable = zx_pattern_readable_drop,
    .writable = zx_pattern_pipe_none,
    .lost = zx_pattern_pipe_none,
    .detach = zx_pattern_pipe_none,
    .send = zx_pattern_send_none,
    .recv = zx_pattern_recv_none,
    .events = no_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_LINK_HOOKS,
};
