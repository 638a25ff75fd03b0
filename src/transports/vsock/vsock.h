/* SPDX-License-Identifier: MIT */
/*
 * vsock and vmci: streams between virtual machines and their host.
 *
 * What: one transport under two names, as the kernel has them under one family. What differs is
 *   in struct zx_vsock_kind.
 * Owner: nobody, no state; any thread. Life: constant tables.
 * Never: knows ZMTP.
 */
#ifndef ZX_TRANSPORTS_VSOCK_VSOCK_H
#define ZX_TRANSPORTS_VSOCK_VSOCK_H

#include "core/transport.h"

struct zx_vsock_kind {
    /* The CID that "@" stands for; -ENODEV. */
    int (*at)(uint32_t *cid);
    /* Options of a new descriptor. */
    void (*tune)(const struct zx_conf *conf, int fd);
    int (*text)(const struct zx_addr *a, char *buf, size_t size);
};

/* As the functions of a transport's table. */
int zx_vsock_check(const struct zx_vsock_kind *kind, const char *address, bool for_bind);
int zx_vsock_listen(const struct zx_vsock_kind *kind, const struct zx_conf *conf,
                    const char *address, struct zx_iov text);
int zx_vsock_resolve(const struct zx_vsock_kind *kind, const char *address, struct zx_addr *out);
int zx_vsock_connect(const struct zx_vsock_kind *kind, const struct zx_conf *conf,
                     const struct zx_addr *to, int *fd);
int zx_vsock_connect_text(const struct zx_vsock_kind *kind, const char *address,
                          struct zx_iov text);
/* The kernel's own limit of time, 2 s, gives way to the socket's. */
void zx_vsock_set_timeout(int fd, int ms);

#endif
