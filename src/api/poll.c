/* SPDX-License-Identifier: MIT */
/* Polling. */
#include "api/api.h"
#include "mux/poll.h"

int zmq_poll(zmq_pollitem_t *items, int nitems, long timeout) {
    return zx_api_result(zx_poll(items, nitems, timeout, NULL));
}

int zmq_ppoll(zmq_pollitem_t *items, int nitems, long timeout, const sigset_t *sigmask) {
    return zx_api_result(zx_poll(items, nitems, timeout, sigmask));
}
