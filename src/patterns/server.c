/* SPDX-License-Identifier: MIT */
/* SERVER (RFC 41): answers clients by number. */
#include "patterns/server.h"

#include <errno.h>

#include "patterns/single.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_server_ops;

int zx_server_init(struct zx_socket *s) {
    uint32_t first = 0;
    (void)zx_os_random(&first, sizeof first);
    zx_ids_init(&zx_server_of(s)->peers, first);
    return 0;
}

void zx_server_fini(struct zx_socket *s) {
    zx_fairq_fini(&zx_server_of(s)->in);
    zx_ids_fini(&zx_server_of(s)->peers);
}

int zx_server_attach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_server *v = zx_server_of(s);
    int rc = zx_fairq_add(&v->in, p);
    if (rc)
        return rc;
    rc = zx_ids_add(&v->peers, p);
    if (rc)
        zx_fairq_remove(&v->in, p);
    return rc;
}

void zx_server_readable(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_activate(&zx_server_of(s)->in, p);
}

void zx_server_lost(struct zx_socket *s, struct zx_pipe *p) {
    zx_ids_remove(&zx_server_of(s)->peers, p);
}

void zx_server_detach(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_remove(&zx_server_of(s)->in, p);
}

int zx_server_send(struct zx_socket *s, struct zx_src *src) {
    uint32_t id = src->msg ? src->msg->routing_id : 0;
    if (src->more)
        return -EINVAL;
    struct zx_pipe *p = id ? zx_ids_find(&zx_server_of(s)->peers, id) : NULL;
    if (!p)
        return -EHOSTUNREACH;
    if (!zx_pipe_can_send(p)) {
        zx_socket_flush(s); /* what waits for company makes room when it goes */
        if (!zx_pipe_can_send(p))
            return -EAGAIN;
    }
    return zx_pipe_send(p, src);
}

int zx_server_recv(struct zx_socket *s, struct zx_sink *sink) {
    struct zx_pipe *from;
    int rc = zx_single_recv(s, &zx_server_of(s)->in, sink, &from);
    if (!rc && sink->msg)
        sink->msg->routing_id = from->app.user_word;
    return rc;
}

int zx_server_events(struct zx_socket *s) {
    return ZMQ_POLLOUT | (zx_single_next(s, &zx_server_of(s)->in) ? ZMQ_POLLIN : 0);
}

int zx_server_numbered_peer(struct zx_socket *s, uint32_t number, struct zx_pipe **out) {
    *out = zx_ids_find(&zx_server_of(s)->peers, number);
    return *out ? 0 : -EHOSTUNREACH;
}

const struct zx_pattern_ops zx_server_ops = {
    .type = ZMQ_SERVER,
    .name = "SERVER",
    .flags = ZX_PATTERN_THREAD_SAFE | ZX_PATTERN_HELLO_MSG | ZX_PATTERN_DISCONNECT_MSG,
    .size = sizeof(struct zx_server),
    .init = zx_server_init,
    .fini = zx_server_fini,
    .attach = zx_server_attach,
    .readable = zx_server_readable,
    .writable = zx_pattern_pipe_none,
    .lost = zx_server_lost,
    .detach = zx_server_detach,
    .send = zx_server_send,
    .recv = zx_server_recv,
    .events = zx_server_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_MEMBERSHIP,
    .numbered_peer = zx_server_numbered_peer,
    ZX_PATTERN_NO_PEER_STATE,
    ZX_PATTERN_NO_LINK_HOOKS,
};
