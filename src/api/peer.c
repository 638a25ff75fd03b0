/* SPDX-License-Identifier: MIT */
/* Peers known by number or by routing id. */
#include "api/api.h"

uint32_t zmq_connect_peer(void *socket, const char *endpoint) {
    uint32_t number = 0;
    int before = errno;
    int rc = zx_socket_enter(socket);
    if (rc) {
        (void)zx_api_result(rc);
        return 0;
    }
    rc = zx_socket_connect_peer(socket, endpoint, &number);
    zx_socket_changed(socket);
    (void)zx_api_leave(socket, rc);
    return zx_api_result_after(before, rc) ? 0 : number;
}

int zmq_disconnect_peer(void *socket, uint32_t routing_id) {
    int before = errno;
    int rc = zx_socket_enter(socket);
    if (rc)
        return zx_api_result(rc);
    rc = zx_socket_disconnect_peer(socket, routing_id);
    zx_socket_changed(socket);
    (void)zx_api_leave(socket, rc);
    return zx_api_result_after(before, rc);
}

int zmq_socket_get_peer_state(void *socket, const void *routing_id, size_t size) {
    struct zx_socket *s = socket;
    int rc = zx_socket_enter(s);
    if (rc)
        return zx_api_result(rc);
    int state = routing_id || !size ? s->ops->peer_state(s, routing_id, size) : -EINVAL;
    return zx_api_leave(s, state < 0 ? state : 0) ? -1 : state;
}
