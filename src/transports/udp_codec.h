/* SPDX-License-Identifier: MIT */
/*
 * What is in a datagram.
 *
 * What: of RADIO and DISH a length byte, the group, the body. Of DGRAM the body alone.
 * Owner: nobody; bytes are borrowed. Any thread.
 * Life: none.
 * Never: copies, allocates, reads behind the size it is told.
 */
#ifndef ZX_TRANSPORTS_UDP_CODEC_H
#define ZX_TRANSPORTS_UDP_CODEC_H

#include <stddef.h>
#include <stdint.h>

struct zx_udp_parts {
    const uint8_t *group, *body; /* into the datagram */
    size_t group_size, body_size;
};

/* -EPROTO: no length byte, or a group longer than what is there. */
int zx_udp_split(const uint8_t *data, size_t size, struct zx_udp_parts *out);
/* -EMSGSIZE: a group above 255 bytes, or more than a datagram may have. */
int zx_udp_may_send(size_t group_size, size_t body_size);

#endif
