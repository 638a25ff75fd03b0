/* SPDX-License-Identifier: MIT */
/*
 * Sockets between virtual machines and their host (AF_VSOCK), on Linux.
 *
 * What: their addresses, a context id and a port, both 32 bits in the machine's own order; the id
 *   of the machine we run on; the options that only they have.
 * Owner: every object belongs to its caller; all functions may be called from any thread.
 * Life: plain values, nothing to free.
 * Never: is compiled elsewhere: the transports that need it are absent there.
 */
#ifndef ZX_OS_VSOCK_H
#define ZX_OS_VSOCK_H

#include "os/os.h"

#define ZX_VSOCK_ANY UINT32_MAX /* any context id, or a port of the system's choice */
#define ZX_VSOCK_HOST UINT32_C(2)

void zx_addr_from_vsock(struct zx_addr *a, uint32_t cid, uint32_t port);
int zx_addr_vsock(const struct zx_addr *a, uint32_t *cid, uint32_t *port); /* -EINVAL */
/* The context id of this machine. -ENODEV where it has none, -EMFILE ... */
int zx_os_vsock_cid(uint32_t *cid);

/* Before bind and connect; what is accepted inherits. Set in the order max, min, size, since the
 * kernel cuts the size to what it has for the others. 0: leave alone. */
struct zx_vsock_buffers {
    uint64_t max, min, size; /* bytes */
};
int zx_sock_set_vsock_buffers(int fd, const struct zx_vsock_buffers *b);
int zx_sock_set_vsock_connect_timeout(int fd, int ms);

#endif
