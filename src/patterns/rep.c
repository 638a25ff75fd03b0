/* SPDX-License-Identifier: MIT */
/* REP: takes a request, owes its reply (RFC 28). */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "core/pipe.h"
#include "core/socket.h"
#include "patterns/fairq.h"
#include "zmq.h"

enum { ENVELOPE_MAX = 1 << 20 }; /* bytes of routing frames kept per request */

struct zx_rep {
    struct zx_socket base;
    struct zx_fairq in;
    struct zx_pipe *peer;   /* whose request is being answered; NULL: gone */
    struct zx_buf envelope; /* its routing frames: u32 size and bytes, the empty one last */
    struct zx_pipe *opening; /* whose routing frames are partly taken: there was no memory */
    bool owing;             /* a whole request was taken */
    bool started;           /* frames of the request, or of the reply, are under way */
    bool dropping;          /* the reply goes nowhere */
    int notify;             /* ZMQ_ROUTER_NOTIFY, only to be read back */
};

static struct zx_rep *rep_of(struct zx_socket *s) {
    return (struct zx_rep *)(void *)s;
}

static void rep_fini(struct zx_socket *s) {
    zx_fairq_fini(&rep_of(s)->in);
    zx_buf_fini(&rep_of(s)->envelope);
}

/* Of the identities that requesters announced. */
static int rep_peer_state(struct zx_socket *s, const void *id, size_t size) {
    for (struct zx_pipe *p = s->pipes; p; p = p->app.next)
        if (p->app.phase == ZX_PIPE_ATTACHED && size && p->id_size == size &&
            !memcmp(p->id, id, size))
            return zx_pipe_can_send(p) ? ZMQ_POLLOUT : 0;
    return -EHOSTUNREACH;
}

static int rep_attach(struct zx_socket *s, struct zx_pipe *p) {
    return zx_fairq_add(&rep_of(s)->in, p);
}

static void rep_readable(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_activate(&rep_of(s)->in, p);
}

static void rep_lost(struct zx_socket *s, struct zx_pipe *p) {
    if (rep_of(s)->peer != p)
        return;
    rep_of(s)->peer = NULL;
    if (rep_of(s)->owing)
        rep_of(s)->dropping = true;
}

static void rep_detach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_rep *r = rep_of(s);
    if (!r->owing && zx_fairq_is_current(&r->in, p))
        r->started = false; /* the rest of its request goes with it */
    if (r->opening == p)
        r->opening = NULL;
    zx_fairq_remove(&r->in, p);
}

static int keep_frame(struct zx_buf *b, const struct zx_rec *rec) {
    uint8_t *room;
    if (rec->size > ENVELOPE_MAX || zx_buf_size(b) + rec->size > ENVELOPE_MAX)
        return -EMSGSIZE;
    room = zx_buf_reserve(b, 4 + rec->size);
    if (!room)
        return -ENOMEM;
    zx_put32(room, (uint32_t)rec->size);
    if (rec->size)
        memcpy(room + 4, rec->data, rec->size);
    b->tail += 4 + rec->size;
    return 0;
}

static void drop_message(struct zx_pipe *p) {
    struct zx_rec rec;
    while (zx_pipe_peek(p, &rec)) {
        bool more = rec.flags & ZX_FRAME_MORE;
        zx_pipe_drop(p, &rec);
        if (!more)
            return;
    }
}

/* Takes routing frames up to the empty one. A message without it is skipped whole; one for which
 * there is no memory waits for the next call. */
static int take_envelope(struct zx_socket *s, struct zx_rep *r) {
    struct zx_pipe *p;
    while ((p = zx_fairq_next(s, &r->in))) {
        struct zx_rec rec;
        if (p != r->opening)
            zx_buf_consume(&r->envelope, zx_buf_size(&r->envelope));
        r->opening = NULL;
        while (zx_pipe_peek(p, &rec) && rec.flags & ZX_FRAME_MORE) {
            bool last = rec.size == 0;
            int rc = keep_frame(&r->envelope, &rec);
            if (rc == -ENOMEM) {
                r->opening = p;
                return rc;
            }
            if (rc)
                break;
            zx_pipe_drop(p, &rec);
            if (!last)
                continue;
            r->peer = p->app.phase == ZX_PIPE_ATTACHED ? p : NULL;
            return 0;
        }
        drop_message(p);
    }
    return -EAGAIN;
}

static int rep_recv(struct zx_socket *s, struct zx_sink *sink) {
    struct zx_rep *r = rep_of(s);
    if (r->owing)
        return -EFSM;
    if (!r->started) {
        int rc = take_envelope(s, r);
        if (rc)
            return rc;
        r->started = true;
    }
    int rc = zx_fairq_recv(s, &r->in, sink, NULL);
    if (rc || sink->more)
        return rc;
    r->owing = true;
    r->started = false;
    r->dropping = r->peer == NULL;
    zx_socket_turned(s);
    return 0;
}

static int send_envelope(struct zx_rep *r) {
    const uint8_t *p = r->envelope.data + r->envelope.head;
    const uint8_t *end = r->envelope.data + r->envelope.tail;
    while (p < end) {
        uint32_t size = zx_get32(p);
        int rc = zx_pipe_send_bytes(r->peer, p + 4, size, true);
        if (rc)
            return rc;
        p += 4 + size;
    }
    return 0;
}

static int rep_send(struct zx_socket *s, struct zx_src *src) {
    struct zx_rep *r = rep_of(s);
    bool more = src->more;
    int rc = 0;
    if (!r->owing)
        return -EFSM;
    if (!r->started && !r->dropping) {
        if (!zx_pipe_can_send(r->peer))
            zx_socket_flush(s);
        r->dropping = !zx_pipe_can_send(r->peer);
        if (!r->dropping)
            rc = send_envelope(r);
    }
    if (!rc && r->dropping)
        zx_src_drop(s, src);
    else if (!rc)
        rc = zx_pipe_send(r->peer, src);
    if (rc) {
        r->started = false; /* rolled back: the reply may be sent again */
        return rc;
    }
    r->started = more;
    if (!more) {
        r->owing = r->dropping = false;
        r->peer = NULL;
        zx_socket_turned(s);
    }
    return 0;
}

static int rep_events(struct zx_socket *s) {
    struct zx_rep *r = rep_of(s);
    if (r->owing)
        return ZMQ_POLLOUT;
    return zx_fairq_next(s, &r->in) ? ZMQ_POLLIN : 0;
}

/* ROUTER's options have no meaning here and no effect; MANDATORY could only do harm. */
static int rep_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    bool ignored;
    switch (option) {
    case ZMQ_ROUTER_HANDOVER:
    case ZMQ_ROUTER_RAW:
    case ZMQ_PROBE_ROUTER:
        return zx_opt_take_flag(val, size, &ignored);
    case ZMQ_CONNECT_ROUTING_ID:
        return val && size >= 1 && size <= 255 ? 0 : -EINVAL;
    case ZMQ_ROUTER_NOTIFY: {
        int v;
        if (zx_opt_take_int(val, size, &v) || v < 0 || v > 3)
            return -EINVAL;
        rep_of(s)->notify = v;
        return 0;
    }
    default:
        return -EINVAL;
    }
}

static int rep_get_option(struct zx_socket *s, int option, void *val, size_t *size) {
    return option == ZMQ_ROUTER_NOTIFY ? zx_opt_get_int(rep_of(s)->notify, val, size) : -EINVAL;
}

const struct zx_pattern_ops zx_rep_ops = {
    .type = ZMQ_REP,
    .name = "REP",
    .flags = 0,
    .size = sizeof(struct zx_rep),
    .init = zx_pattern_init_none,
    .fini = rep_fini,
    .attach = rep_attach,
    .readable = rep_readable,
    .writable = zx_pattern_pipe_none,
    .lost = rep_lost,
    .detach = rep_detach,
    .send = rep_send,
    .recv = rep_recv,
    .events = rep_events,
    .set_option = rep_set_option,
    .get_option = rep_get_option,
    ZX_PATTERN_NO_MEMBERSHIP,
    ZX_PATTERN_NO_NUMBERS,
    .peer_state = rep_peer_state,
    ZX_PATTERN_NO_LINK_HOOKS,
};
