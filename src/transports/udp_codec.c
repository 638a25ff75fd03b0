/* SPDX-License-Identifier: MIT */
#include "transports/udp_codec.h"

#include <errno.h>

#include "core/transport.h"

int zx_udp_split(const uint8_t *data, size_t size, struct zx_udp_parts *out) {
    if (!size || data[0] > size - 1)
        return -EPROTO;
    out->group = data + 1;
    out->group_size = data[0];
    out->body = data + 1 + data[0];
    out->body_size = size - 1 - data[0];
    return 0;
}

int zx_udp_may_send(size_t group_size, size_t body_size) {
    return group_size > 255 || body_size > ZX_DATAGRAM_MAX - 1 - group_size ? -EMSGSIZE : 0;
}
