/* SPDX-License-Identifier: MIT */
/* Polling. */
#include "api/api.h"
#include "mux/poll.h"

int zmq_poll(zmq_pollitem_t *items, int nitems, long timeout) {
    return zx_api_result(zx_poll(items, nitems, timeout, NULL));
}

/* zmq_ppoll knows no sockets of the thread-safe types; zmq_poll does. */
static bool any_thread_safe(const zmq_pollitem_t *items, int nitems) {
    for (int i = 0; items && i < nitems; i++) {
        const struct zx_socket *s = items[i].socket;
        if (s && !zx_api_check(items[i].socket) && s->ops->flags & ZX_PATTERN_THREAD_SAFE)
            return true;
    }
    return false;
}

int zmq_ppoll(zmq_pollitem_t *items, int nitems, long timeout, const sigset_t *sigmask) {
    if (any_thread_safe(items, nitems))
        return zx_api_result(-EINVAL);
    return zx_api_result(zx_poll(items, nitems, timeout, sigmask));
}
