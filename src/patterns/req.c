/* SPDX-License-Identifier: MIT */
/* REQ: a request, then its reply (RFC 28). */
#include <errno.h>
#include <string.h>

#include "core/pipe.h"
#include "patterns/dealer.h"
#include "zmq.h"

struct zx_req {
    struct zx_dealer d;
    struct zx_pipe *reply_pipe; /* whom the request went to; NULL: anybody may answer */
    uint32_t id;                /* ZMQ_REQ_CORRELATE */
    bool awaiting;              /* a whole request is out */
    bool started;               /* frames of a request or of its reply are under way */
    bool correlate, relaxed;
};

static struct zx_req *req_of(struct zx_socket *s) {
    return (struct zx_req *)(void *)s;
}

static int req_init(struct zx_socket *s) {
    (void)zx_os_random(&req_of(s)->id, sizeof req_of(s)->id);
    return 0;
}

static void req_lost(struct zx_socket *s, struct zx_pipe *p) {
    zx_dealer_lost(s, p);
}

static void req_detach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_req *r = req_of(s);
    if (r->reply_pipe == p)
        r->reply_pipe = NULL;
    if (r->awaiting && zx_fairq_is_current(&r->d.in, p))
        r->started = false; /* the rest of its reply goes with it */
    zx_dealer_detach(s, p);
}

/* Old replies: nobody waits for them any more. */
static void drop_input(struct zx_socket *s) {
    struct zx_pipe *p;
    struct zx_rec rec;
    while ((p = zx_fairq_next(s, &req_of(s)->d.in)))
        if (zx_pipe_peek(p, &rec))
            zx_pipe_drop(p, &rec);
}

static int send_prefix(struct zx_socket *s, struct zx_req *r) {
    int rc = 0;
    if (r->correlate) {
        uint32_t id = r->id + 1;
        struct zx_src src = {.data = &id, .size = sizeof id, .more = true};
        rc = zx_loadb_send(s, &r->d.out, &src, &r->reply_pipe);
        if (rc)
            return rc;
        r->id = id;
    }
    struct zx_src empty = {.more = true};
    return zx_loadb_send(s, &r->d.out, &empty, &r->reply_pipe);
}

static int req_send(struct zx_socket *s, struct zx_src *src) {
    struct zx_req *r = req_of(s);
    if (r->awaiting) {
        if (!r->relaxed)
            return -EFSM;
        r->awaiting = r->started = false;
    }
    if (!r->started) {
        int rc = send_prefix(s, r);
        if (rc)
            return rc;
        r->started = true;
        drop_input(s);
    }
    bool more = src->more;
    int rc = zx_loadb_send(s, &r->d.out, src, NULL);
    if (rc == -ENOMEM)
        r->started = false; /* rolled back: the next send begins anew */
    if (rc || more)
        return rc;
    r->awaiting = true;
    r->started = false;
    zx_socket_turned(s);
    return 0;
}

static int next_frame(struct zx_socket *s, struct zx_sink *sink, struct zx_pipe **from) {
    return zx_fairq_recv(s, &req_of(s)->d.in, sink, from);
}

static void skip_rest(struct zx_socket *s, struct zx_sink *sink) {
    while (sink->more && !next_frame(s, sink, NULL))
        ;
}

/* Takes the delimiter (and id) of the reply waited for; skips everything else. */
static int take_prefix(struct zx_socket *s, struct zx_req *r) {
    for (;;) {
        uint8_t buf[8];
        struct zx_sink sink = {.buf = buf, .cap = sizeof buf};
        struct zx_pipe *from;
        int rc = next_frame(s, &sink, &from);
        if (rc)
            return rc;
        bool ok = !r->reply_pipe || from == r->reply_pipe;
        if (ok && r->correlate) {
            ok = sink.size == sizeof r->id && sink.more && !memcmp(buf, &r->id, sizeof r->id);
            if (ok)
                (void)next_frame(s, &sink, NULL); /* the message is whole: never missing */
        }
        if (ok && sink.more && sink.size == 0)
            return 0;
        skip_rest(s, &sink);
    }
}

static int req_recv(struct zx_socket *s, struct zx_sink *sink) {
    struct zx_req *r = req_of(s);
    if (!r->awaiting)
        return -EFSM;
    if (!r->started) {
        int rc = take_prefix(s, r);
        if (rc)
            return rc;
        r->started = true;
    }
    int rc = next_frame(s, sink, NULL);
    if (rc || sink->more)
        return rc;
    r->awaiting = r->started = false;
    zx_socket_turned(s);
    return 0;
}

static int req_events(struct zx_socket *s) {
    struct zx_req *r = req_of(s);
    int ev = 0;
    if (r->awaiting && zx_fairq_next(s, &r->d.in))
        ev |= ZMQ_POLLIN;
    if ((!r->awaiting || r->relaxed) && zx_loadb_can_send(s, &r->d.out))
        ev |= ZMQ_POLLOUT;
    return ev;
}

static int req_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    if (option == ZMQ_REQ_CORRELATE)
        return zx_opt_take_flag(val, size, &req_of(s)->correlate);
    if (option == ZMQ_REQ_RELAXED)
        return zx_opt_take_flag(val, size, &req_of(s)->relaxed);
    return zx_dealer_set_option(s, option, val, size);
}

/* A reply on the wire: [4-byte id], empty delimiter, body. Anything else closes the
 * connection. States: 0 first frame, 1 after an id, 2 in the body. */
static bool req_link_frame(unsigned *state, uint8_t flags, const uint8_t *body, size_t size) {
    bool more = flags & ZX_FRAME_MORE;
    (void)body;
    if (*state == 2) {
        *state = more ? 2 : 0;
        return true;
    }
    if (size == 0 && more) {
        *state = 2;
        return true;
    }
    if (*state == 0 && size == 4 && more) {
        *state = 1;
        return true;
    }
    return false;
}

const struct zx_pattern_ops zx_req_ops = {
    .type = ZMQ_REQ,
    .name = "REQ",
    .flags = ZX_PATTERN_ONE_CONNECT,
    .size = sizeof(struct zx_req),
    .init = req_init,
    .fini = zx_dealer_fini,
    .attach = zx_dealer_attach,
    .readable = zx_dealer_readable,
    .writable = zx_dealer_writable,
    .lost = req_lost,
    .detach = req_detach,
    .send = req_send,
    .recv = req_recv,
    .events = req_events,
    .set_option = req_set_option,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    .closed = zx_pattern_closed_none,
    .link_ready = zx_pattern_link_ready_none,
    .link_more = zx_pattern_link_more_none,
    .link_note = zx_pattern_link_note_none,
    .link_frame = req_link_frame,
};
