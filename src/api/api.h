/* SPDX-License-Identifier: MIT */
/*
 * What the files of the API share: results to errno, and back.
 *
 * What: the only place where errno is set. Owner: none. Life: none.
 * Never: does the work itself.
 */
#ifndef ZX_API_API_H
#define ZX_API_API_H

#include <errno.h>
#include <limits.h>

#include "core/socket.h"
#include "zmq.h"

/* 0 or -1 with errno. */
static inline int zx_api_result(int rc) {
    if (rc >= 0)
        return rc;
    errno = -rc;
    return -1;
}

/* The same for a call that asks the system more than what src/os keeps errno from: its success
 * leaves errno as it was before. */
static inline int zx_api_result_after(int before, int rc) {
    errno = before;
    return zx_api_result(rc);
}

/* Leaves a socket unless the wait found it closed, then as zx_api_result. */
static inline int zx_api_leave(struct zx_socket *s, int rc) {
    if (rc != -ENOTSOCK)
        zx_socket_leave(s);
    return zx_api_result(rc);
}

/* Is this a live socket? 0 or -ENOTSOCK. */
static inline int zx_api_check(void *socket) {
    struct zx_socket *s = socket;
    return s && atomic_load_explicit(&s->tag, memory_order_relaxed) == ZX_SOCKET_LIVE ? 0
                                                                                     : -ENOTSOCK;
}

static inline int zx_api_size(size_t size) {
    return size < INT_MAX ? (int)size : INT_MAX;
}

#endif
