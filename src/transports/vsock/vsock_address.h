/* SPDX-License-Identifier: MIT */
/*
 * The addresses of vsock and vmci: "cid:port".
 *
 * What: their grammar and their text.
 * Owner: every object belongs to its caller; any thread. Life: plain values.
 * Never: asks the system; what "@" stands for is up to the transport.
 */
#ifndef ZX_TRANSPORTS_VSOCK_VSOCK_ADDRESS_H
#define ZX_TRANSPORTS_VSOCK_VSOCK_ADDRESS_H

#include "os/vsock.h"

struct zx_vsock_address {
    uint32_t cid, port; /* ZX_VSOCK_ANY for "*" and "-1" */
    bool at;            /* the CID is "@", and unset */
};

/* Takes the text behind "://" apart at its last colon. A number is decimal and fits 32 bits; what
 * follows its digits is passed over, as libzmq does it. -EINVAL for anything else, and for
 * wildcards to connect: nothing could ever be there. */
int zx_vsock_address_parse(struct zx_vsock_address *a, const char *text, bool for_bind);

/* "vsock://3:1024", with a star for any CID. -EINVAL (another family), -ENOSPC. */
int zx_vsock_address_text(const char *scheme, const struct zx_addr *a, struct zx_iov text);

#endif
