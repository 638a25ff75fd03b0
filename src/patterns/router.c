/* SPDX-License-Identifier: MIT */
/* ROUTER and STREAM: the first frame names the peer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/link.h"
#include "core/pipe.h"
#include "core/routes.h"
#include "core/socket.h"
#include "patterns/fairq.h"
#include "zmq.h"

struct zx_router {
    struct zx_socket base;
    struct zx_fairq in;
    struct zx_pipe *to;  /* receiver of the message under way; NULL: it is dropped */
    bool more_out;       /* a message is under way */
    bool in_message;     /* the id frame of v[cur]'s message was handed out */
    bool mandatory, probe, raw;
};

static struct zx_router *router_of(struct zx_socket *s) {
    return (struct zx_router *)(void *)s;
}

static int stream_init(struct zx_socket *s) {
    router_of(s)->raw = router_of(s)->mandatory = true;
    return 0;
}

static void router_fini(struct zx_socket *s) {
    zx_fairq_fini(&router_of(s)->in);
}

static void remember_id(struct zx_socket *s, const struct zx_pipe *p) {
    /* STREAM: getsockopt(ROUTING_ID) tells the id of the newest connection. */
    if (!zx_conf_writable(&s->conf))
        (void)zx_blob_set(&s->conf->id.routing_id, p->id, p->id_size);
}

static int router_attach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_router *r = router_of(s);
    int rc = zx_fairq_add(&r->in, p);
    if (rc)
        return rc;
    if (r->probe)
        (void)zx_pipe_send_bytes(p, NULL, 0, false);
    if (r->raw)
        remember_id(s, p);
    return 0;
}

static void router_readable(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_activate(&router_of(s)->in, p);
}

static void router_lost(struct zx_socket *s, struct zx_pipe *p) {
    if (router_of(s)->to == p)
        router_of(s)->to = NULL;
}

static void router_detach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_router *r = router_of(s);
    if (r->in_message && zx_fairq_is_current(&r->in, p))
        r->in_message = false;
    zx_fairq_remove(&r->in, p);
}

/* ---- receiving ---- */

static int router_recv(struct zx_socket *s, struct zx_sink *sink) {
    struct zx_router *r = router_of(s);
    if (!r->in_message) {
        struct zx_pipe *p = zx_fairq_next(s, &r->in);
        if (!p)
            return -EAGAIN;
        int rc = zx_sink_put(sink, p->id, p->id_size, true);
        if (rc)
            return rc;
        zx_pipe_lend_meta(p, sink);
        r->in_message = true;
        return 0;
    }
    int rc = zx_fairq_recv(s, &r->in, sink, NULL);
    if (!rc)
        r->in_message = sink->more;
    return rc;
}

/* ---- sending ---- */

/* The attached pipe of that id, or NULL. */
static struct zx_pipe *find(struct zx_socket *s, const struct zx_src *src) {
    struct zx_pipe *p = zx_routes_find(s->routes, src->data, src->size);
    if (!p)
        return NULL;
    if (p->app.phase == ZX_PIPE_NEW)
        zx_socket_attend(s); /* connected, but its attach is still in the inbox */
    bool usable = p->app.phase == ZX_PIPE_ATTACHED;
    zx_pipe_unref(p); /* the socket's list keeps it */
    return usable ? p : NULL;
}

static bool has_room(struct zx_socket *s, struct zx_pipe *p) {
    if (zx_pipe_can_send(p))
        return true;
    zx_socket_flush(s);
    return zx_pipe_can_send(p);
}

static int send_id(struct zx_socket *s, struct zx_router *r, struct zx_src *src) {
    if (!src->more) {
        zx_src_drop(s, src); /* an id alone goes nowhere */
        r->more_out = r->raw;
        r->to = NULL;
        return 0;
    }
    struct zx_pipe *p = find(s, src);
    if (!p && r->mandatory)
        return -EHOSTUNREACH;
    if (p && !has_room(s, p)) {
        if (r->mandatory)
            return -EAGAIN;
        p = NULL;
    }
    r->to = p;
    r->more_out = true;
    zx_src_drop(s, src);
    return 0;
}

/* STREAM: an empty body closes the connection after what was sent. */
static int send_raw(struct zx_socket *s, struct zx_router *r, struct zx_src *src) {
    static const uint8_t end = ZX_NOTE_END;
    struct zx_pipe *p = r->to;
    r->more_out = false;
    r->to = NULL;
    src->more = false;
    if (!p) {
        zx_src_drop(s, src);
        return 0;
    }
    if (src->size)
        return zx_pipe_send(p, src);
    zx_src_drop(s, src);
    int rc = zx_queue_write(p->out, &end, 1, ZX_FRAME_NOTE);
    if (!rc) {
        zx_pipe_commit(p);
        zx_pipe_flush(p);
    }
    return rc;
}

static int router_send(struct zx_socket *s, struct zx_src *src) {
    struct zx_router *r = router_of(s);
    if (!r->more_out)
        return send_id(s, r, src);
    if (r->raw)
        return send_raw(s, r, src);
    bool more = src->more;
    int rc = 0;
    if (r->to)
        rc = zx_pipe_send(r->to, src);
    else
        zx_src_drop(s, src);
    if (rc || !more) {
        r->more_out = false;
        r->to = NULL;
    }
    return rc;
}

static int router_peer_state(struct zx_socket *s, const void *id, size_t size) {
    struct zx_src name = {.data = id, .size = size};
    struct zx_pipe *p = find(s, &name);
    if (!p)
        return -EHOSTUNREACH;
    return has_room(s, p) ? ZMQ_POLLOUT : 0;
}

static bool any_room(struct zx_socket *s) {
    for (struct zx_pipe *p = s->pipes; p; p = p->app.next)
        if (p->app.phase == ZX_PIPE_ATTACHED && zx_pipe_can_send(p))
            return true;
    return false;
}

static int router_events(struct zx_socket *s) {
    struct zx_router *r = router_of(s);
    int ev = r->in_message || zx_fairq_next(s, &r->in) ? ZMQ_POLLIN : 0;
    if (!r->mandatory || r->raw || r->more_out || any_room(s))
        ev |= ZMQ_POLLOUT;
    return ev;
}

/* ---- options ---- */

static int set_connect_id(struct zx_socket *s, const void *val, size_t size) {
    if (!val || size < 1 || size > 255)
        return -EINVAL;
    return zx_blob_set(&s->connect_id, val, size);
}

static int set_raw(struct zx_socket *s, const void *val, size_t size) {
    bool on;
    int rc = zx_opt_take_flag(val, size, &on);
    if (!rc)
        rc = zx_conf_writable(&s->conf);
    if (rc)
        return rc;
    s->conf->id.raw = s->conf->id.stream_notify = on;
    router_of(s)->raw = on;
    return 0;
}

static int set_notify(struct zx_socket *s, const void *val, size_t size) {
    int v, rc = zx_opt_take_int(val, size, &v);
    if (rc || v < 0 || v > (ZMQ_NOTIFY_CONNECT | ZMQ_NOTIFY_DISCONNECT))
        return -EINVAL;
    rc = zx_conf_writable(&s->conf);
    if (!rc)
        s->conf->id.router_notify = v;
    return rc;
}

static int router_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    struct zx_router *r = router_of(s);
    bool on = false;
    int rc;
    switch (option) {
    case ZMQ_ROUTER_MANDATORY:
        return zx_opt_take_flag(val, size, &r->mandatory);
    case ZMQ_ROUTER_HANDOVER:
        rc = zx_opt_take_flag(val, size, &on);
        if (!rc)
            zx_routes_set_handover(s->routes, on);
        return rc;
    case ZMQ_PROBE_ROUTER:
        return zx_opt_take_flag(val, size, &r->probe);
    case ZMQ_ROUTER_RAW:
        return set_raw(s, val, size);
    case ZMQ_ROUTER_NOTIFY:
        return set_notify(s, val, size);
    case ZMQ_CONNECT_ROUTING_ID:
        return set_connect_id(s, val, size);
    default:
        return -EINVAL;
    }
}

static int stream_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    int v;
    switch (option) {
    case ZMQ_CONNECT_ROUTING_ID:
        return set_connect_id(s, val, size);
    case ZMQ_STREAM_NOTIFY:
        if (zx_opt_take_int(val, size, &v) || v < 0 || v > 1)
            return -EINVAL;
        if (zx_conf_writable(&s->conf))
            return -ENOMEM;
        s->conf->id.stream_notify = v;
        return 0;
    default:
        return -EINVAL;
    }
}

const struct zx_pattern_ops zx_router_ops = {
    .type = ZMQ_ROUTER,
    .name = "ROUTER",
    .flags = ZX_PATTERN_RECV_ID | ZX_PATTERN_HELLO_MSG | ZX_PATTERN_DISCONNECT_MSG,
    .size = sizeof(struct zx_router),
    .init = zx_pattern_init_none,
    .fini = router_fini,
    .attach = router_attach,
    .readable = router_readable,
    .writable = zx_pattern_pipe_none,
    .lost = router_lost,
    .detach = router_detach,
    .send = router_send,
    .recv = router_recv,
    .events = router_events,
    .set_option = router_set_option,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_MEMBERSHIP,
    ZX_PATTERN_NO_NUMBERS,
    .peer_state = router_peer_state,
    ZX_PATTERN_NO_LINK_HOOKS,
};

const struct zx_pattern_ops zx_stream_ops = {
    .type = ZMQ_STREAM,
    .name = "STREAM",
    .flags = ZX_PATTERN_RECV_ID | ZX_PATTERN_RAW,
    .size = sizeof(struct zx_router),
    .init = stream_init,
    .fini = router_fini,
    .attach = router_attach,
    .readable = router_readable,
    .writable = zx_pattern_pipe_none,
    .lost = router_lost,
    .detach = router_detach,
    .send = router_send,
    .recv = router_recv,
    .events = router_events,
    .set_option = stream_set_option,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
