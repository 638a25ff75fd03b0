/* SPDX-License-Identifier: MIT */
/* Polling. */
#include "api/api.h"
#include "mux/poll.h"
#include "mux/poller.h"

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

void *zmq_poller_new(void) {
    struct zx_poller *p = zx_poller_new();
    if (!p)
        errno = ENOMEM;
    return p;
}

int zmq_poller_destroy(void **poller_p) {
    int rc = poller_p ? zx_poller_destroy(*poller_p) : -EFAULT;
    if (!rc)
        *poller_p = NULL;
    return zx_api_result(rc);
}

int zmq_poller_size(void *poller) {
    return zx_api_result(zx_poller_size(poller));
}

int zmq_poller_add(void *poller, void *socket, void *user_data, short events) {
    return zx_api_result(zx_poller_add(poller, socket, user_data, events));
}

int zmq_poller_modify(void *poller, void *socket, short events) {
    return zx_api_result(zx_poller_modify(poller, socket, events));
}

int zmq_poller_remove(void *poller, void *socket) {
    return zx_api_result(zx_poller_remove(poller, socket));
}

int zmq_poller_add_fd(void *poller, zmq_fd_t fd, void *user_data, short events) {
    return zx_api_result(zx_poller_add_fd(poller, fd, user_data, events));
}

int zmq_poller_modify_fd(void *poller, zmq_fd_t fd, short events) {
    return zx_api_result(zx_poller_modify_fd(poller, fd, events));
}

int zmq_poller_remove_fd(void *poller, zmq_fd_t fd) {
    return zx_api_result(zx_poller_remove_fd(poller, fd));
}

int zmq_poller_wait(void *poller, zmq_poller_event_t *event, long timeout) {
    int rc = zx_poller_wait(poller, event, 1, timeout);
    if (rc < 0 && event)
        *event = (zmq_poller_event_t){NULL, -1, NULL, 0};
    return zx_api_result(rc < 0 ? rc : 0);
}

int zmq_poller_wait_all(void *poller, zmq_poller_event_t *events, int n_events, long timeout) {
    return zx_api_result(zx_poller_wait(poller, events, n_events, timeout));
}

int zmq_poller_fd(void *poller, zmq_fd_t *fd) {
    int own = -1;
    int rc = zx_poller_fd(poller, &own);
    if (!rc && !fd)
        rc = -EFAULT;
    if (!rc)
        *fd = own;
    return zx_api_result(rc);
}
