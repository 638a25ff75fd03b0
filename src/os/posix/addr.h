/* SPDX-License-Identifier: MIT */
/*
 * Between zx_addr and the system's socket addresses.
 *
 * What: copies in both directions. Include posix.h first.
 * Owner: nobody; no state.
 * Life: none.
 * Never: is included from outside src/os.
 */
#ifndef ZX_OS_POSIX_ADDR_H
#define ZX_OS_POSIX_ADDR_H

#include "os/os.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* AF_INET and so on; AF_UNSPEC for what has no counterpart. */
int zx_posix_af(enum zx_family f);
/* Takes a copy of len bytes; -EINVAL if they are more than fit. */
int zx_posix_addr_store(struct zx_addr *a, const void *sa, size_t len);
/* Only for an address of that family. */
struct sockaddr_in zx_posix_addr_in(const struct zx_addr *a);
struct sockaddr_in6 zx_posix_addr_in6(const struct zx_addr *a);

static inline const struct sockaddr *zx_posix_addr_sa(const struct zx_addr *a) {
    return (const struct sockaddr *)(const void *)a->sa;
}

static inline struct sockaddr *zx_posix_addr_room(struct zx_addr *a) {
    return (struct sockaddr *)(void *)a->sa;
}

#endif
