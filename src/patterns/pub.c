/* SPDX-License-Identifier: MIT */
/* PUB: an XPUB whose application does not read. */
#include "patterns/xpub.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_pub_ops;

static int pub_events(struct zx_socket *s) {
    (void)s;
    return ZMQ_POLLOUT;
}

const struct zx_pattern_ops zx_pub_ops = {
    .type = ZMQ_PUB,
    .name = "PUB",
    .flags = ZX_PATTERN_BACKGROUND | ZX_PATTERN_CONFLATES | ZX_PATTERN_ONE_CONNECT,
    .size = sizeof(struct zx_xpub),
    .init = zx_pattern_init_none,
    .fini = zx_xpub_fini,
    .attach = zx_xpub_attach,
    .readable = zx_xpub_readable,
    .writable = zx_xpub_writable,
    .lost = zx_xpub_lost,
    .detach = zx_xpub_detach,
    .send = zx_xpub_send,
    .recv = zx_pattern_recv_none,
    .events = pub_events,
    .set_option = zx_xpub_set_option,
    .get_option = zx_xpub_get_option,
    ZX_PATTERN_NO_CALLS,
    .closed = zx_pattern_closed_none,
    .link_ready = zx_xpub_link_ready,
    .link_more = zx_xpub_link_more,
    .link_note = zx_pattern_link_note_none,
    .link_frame = zx_pattern_link_frame_any,
};
