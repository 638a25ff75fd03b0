/* SPDX-License-Identifier: MIT */
/* Sockets: making, options, endpoints, monitor. */
#include "api/api.h"
#include "core/ctx.h"
#include "core/monitor.h"
#include "core/routes.h"

void *zmq_socket(void *ctx, int type) {
    int err = EFAULT, before = errno;
    struct zx_socket *s = zx_ctx_is_valid(ctx) ? zx_socket_new(ctx, type, &err) : NULL;
    errno = s ? before : err;
    return s;
}

int zmq_close(void *socket) {
    int before = errno;
    return zx_api_result_after(before, zx_socket_close(socket));
}

int zmq_setsockopt(void *socket, int option, const void *optval, size_t optvallen) {
    struct zx_socket *s = socket;
    int rc = zx_socket_enter(s);
    if (rc)
        return zx_api_result(rc);
    rc = zx_socket_set_option(s, option, optval, optvallen);
    zx_socket_changed(s);
    return zx_api_leave(s, rc);
}

int zmq_getsockopt(void *socket, int option, void *optval, size_t *optvallen) {
    struct zx_socket *s = socket;
    int rc = zx_socket_enter(s);
    if (rc)
        return zx_api_result(rc);
    return zx_api_leave(s, zx_socket_get_option(s, option, optval, optvallen));
}

static int on_endpoint(void *socket, const char *endpoint,
                       int (*fn)(struct zx_socket *s, const char *endpoint)) {
    struct zx_socket *s = socket;
    int before = errno;
    int rc = zx_socket_enter(s);
    if (rc)
        return zx_api_result(rc);
    rc = fn(s, endpoint);
    zx_socket_changed(s);
    (void)zx_api_leave(s, rc);
    return zx_api_result_after(before, rc);
}

int zmq_bind(void *socket, const char *endpoint) {
    return on_endpoint(socket, endpoint, zx_socket_bind);
}

int zmq_connect(void *socket, const char *endpoint) {
    return on_endpoint(socket, endpoint, zx_socket_connect);
}

int zmq_unbind(void *socket, const char *endpoint) {
    return on_endpoint(socket, endpoint, zx_socket_unbind);
}

int zmq_disconnect(void *socket, const char *endpoint) {
    return on_endpoint(socket, endpoint, zx_socket_unbind);
}

int zmq_socket_monitor(void *socket, const char *endpoint, int events) {
    /* Sign-extended, so that -1 names events that version 1 does not have. */
    return zmq_socket_monitor_versioned(socket, endpoint, (uint64_t)(int64_t)events, 1, ZMQ_PAIR);
}

int zmq_socket_monitor_versioned(void *socket, const char *endpoint, uint64_t events,
                                 int event_version, int type) {
    struct zx_socket *s = socket;
    int rc = zx_socket_enter(s);
    if (rc)
        return zx_api_result(rc);
    return zx_api_leave(s, zx_monitor_start(s, endpoint, events, event_version, type));
}

int zmq_socket_monitor_pipes_stats(void *socket) {
    return zx_api_result(zx_monitor_pipes_stats(socket));
}
