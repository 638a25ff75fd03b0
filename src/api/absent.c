/* SPDX-License-Identifier: MIT */
/* Calls whose feature is not in this build: they say so, as an absent feature does. */
#include "api/api.h"

static int absent(void) {
    return zx_api_result(-ENOTSUP);
}

static void *absent_ptr(void) {
    errno = ENOTSUP;
    return NULL;
}

void *zmq_poller_new(void) {
    return absent_ptr();
}

int zmq_poller_destroy(void **poller_p) {
    (void)poller_p;
    return absent();
}

int zmq_poller_size(void *poller) {
    (void)poller;
    return absent();
}

int zmq_poller_add(void *poller, void *socket, void *user_data, short events) {
    (void)poller, (void)socket, (void)user_data, (void)events;
    return absent();
}

int zmq_poller_modify(void *poller, void *socket, short events) {
    (void)poller, (void)socket, (void)events;
    return absent();
}

int zmq_poller_remove(void *poller, void *socket) {
    (void)poller, (void)socket;
    return absent();
}

int zmq_poller_wait(void *poller, zmq_poller_event_t *event, long timeout) {
    (void)poller, (void)event, (void)timeout;
    return absent();
}

int zmq_poller_wait_all(void *poller, zmq_poller_event_t *events, int n_events, long timeout) {
    (void)poller, (void)events, (void)n_events, (void)timeout;
    return absent();
}

int zmq_poller_fd(void *poller, zmq_fd_t *fd) {
    (void)poller, (void)fd;
    return absent();
}

int zmq_poller_add_fd(void *poller, zmq_fd_t fd, void *user_data, short events) {
    (void)poller, (void)fd, (void)user_data, (void)events;
    return absent();
}

int zmq_poller_modify_fd(void *poller, zmq_fd_t fd, short events) {
    (void)poller, (void)fd, (void)events;
    return absent();
}

int zmq_poller_remove_fd(void *poller, zmq_fd_t fd) {
    (void)poller, (void)fd;
    return absent();
}
