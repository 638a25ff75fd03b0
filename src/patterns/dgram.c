/* SPDX-License-Identifier: MIT */
/* DGRAM: datagrams, each an address frame and a body; bound to one address. The transport gives
 * it a pipe, takes and makes those pairs of frames; outwards the address is binary. */
#include <errno.h>

#include "core/pipe.h"
#include "core/transport.h"
#include "patterns/pair.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_dgram_ops;

static int dgram_send(struct zx_socket *s, struct zx_src *src) {
    if (src->more == zx_pair_of(s)->more_out)
        return -EINVAL; /* an address, then a body; what was begun stays so */
    if (!src->more)
        return src->size > ZX_DATAGRAM_MAX ? -EMSGSIZE : zx_pair_send(s, src);
    struct zx_addr to;
    int rc = zx_addr_parse_ip_port(&to, src->data, src->size);
    if (rc)
        return rc;
    /* To the transport as the system has it, so that it is taken apart once. */
    struct zx_src head = {.data = to.sa, .size = to.len, .more = true};
    rc = zx_pair_send(s, &head);
    if (!rc)
        zx_src_drop(s, src);
    return rc;
}

const struct zx_pattern_ops zx_dgram_ops = {
    .type = ZMQ_DGRAM,
    .name = "DGRAM",
    .flags = ZX_PATTERN_SINGLE_PEER | ZX_PATTERN_BIND_DATAGRAMS | ZX_PATTERN_ONLY_DATAGRAMS,
    .size = sizeof(struct zx_pair),
    .init = zx_pattern_init_none,
    .fini = zx_pattern_fini_none,
    .attach = zx_pair_attach,
    .readable = zx_pattern_pipe_none,
    .writable = zx_pattern_pipe_none,
    .lost = zx_pair_lost,
    .detach = zx_pair_detach,
    .send = dgram_send,
    .recv = zx_pair_recv,
    .events = zx_pair_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
