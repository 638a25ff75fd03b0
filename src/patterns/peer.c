/* SPDX-License-Identifier: MIT */
/* PEER: a SERVER that also connects, among its own kind. */
#include "patterns/server.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_peer_ops;

const struct zx_pattern_ops zx_peer_ops = {
    .type = ZMQ_PEER,
    .name = "PEER",
    .flags = ZX_PATTERN_THREAD_SAFE | ZX_PATTERN_HELLO_MSG | ZX_PATTERN_DISCONNECT_MSG |
             ZX_PATTERN_HICCUP_MSG | ZX_PATTERN_CONNECT_PEER,
    .size = sizeof(struct zx_server),
    .init = zx_server_init,
    .fini = zx_server_fini,
    .attach = zx_server_attach,
    .readable = zx_server_readable,
    .writable = zx_pattern_pipe_none,
    .lost = zx_server_lost,
    .detach = zx_server_detach,
    .send = zx_server_send,
    .recv = zx_server_recv,
    .events = zx_server_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_MEMBERSHIP,
    .numbered_peer = zx_server_numbered_peer,
    ZX_PATTERN_NO_PEER_STATE,
    ZX_PATTERN_NO_LINK_HOOKS,
};
