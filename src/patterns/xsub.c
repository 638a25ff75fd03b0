/* SPDX-License-Identifier: MIT */
#include "patterns/xsub.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "zmq.h"

extern const struct zx_pattern_ops zx_xsub_ops;

void zx_xsub_closed(struct zx_socket *s) {
    zx_wants_close(&zx_xsub_of(s)->wants, &s->dead);
}

void zx_xsub_fini(struct zx_socket *s) {
    struct zx_xsub *x = zx_xsub_of(s);
    zx_topics_fini(&x->wants.topics);
    zx_fairq_fini(&x->in);
    zx_dist_fini(&x->up);
}

static int join(struct zx_xsub *x, struct zx_pipe *p) {
    int rc = zx_fairq_add(&x->in, p);
    if (!rc)
        rc = zx_dist_add(&x->up, p);
    return rc ? rc : zx_wants_attach(&x->wants, p);
}

int zx_xsub_attach(struct zx_socket *s, struct zx_pipe *p) {
    int rc = join(zx_xsub_of(s), p);
    if (rc) {
        zx_xsub_lost(s, p);
        zx_xsub_detach(s, p);
    }
    return rc;
}

void zx_xsub_readable(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_activate(&zx_xsub_of(s)->in, p);
}

static void xsub_writable(struct zx_socket *s, struct zx_pipe *p) {
    zx_dist_reopen(&zx_xsub_of(s)->up, p);
}

void zx_xsub_lost(struct zx_socket *s, struct zx_pipe *p) {
    zx_dist_remove(&zx_xsub_of(s)->up, p);
    zx_wants_lost(&zx_xsub_of(s)->wants, p);
}

void zx_xsub_detach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_xsub *x = zx_xsub_of(s);
    zx_fairq_remove(&x->in, p);
    if (x->passed == p)
        x->passed = NULL;
}

int zx_xsub_get_option(struct zx_socket *s, int option, void *val, size_t *size) {
    if (option != ZMQ_TOPICS_COUNT)
        return -EINVAL;
    size_t n = zx_topics_count(&zx_xsub_of(s)->wants.topics);
    return zx_opt_get_int_loose(n < INT_MAX ? (int)n : INT_MAX, val, size);
}

static int xsub_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    struct zx_xsub *x = zx_xsub_of(s);
    int v, rc;
    switch (option) {
    case ZMQ_ONLY_FIRST_SUBSCRIBE:
        return zx_opt_take_flag(val, size, &x->only_first);
    case ZMQ_XSUB_VERBOSE_UNSUBSCRIBE:
        rc = zx_opt_take_int(val, size, &v);
        if (!rc)
            x->verbose = v != 0;
        return rc;
    default:
        return -EINVAL;
    }
}

/* ---- sending ---- */

static int send_up(struct zx_socket *s, struct zx_src *src) {
    struct zx_dist *d = &zx_xsub_of(s)->up;
    if (!d->more) {
        zx_dist_begin(d);
        zx_dist_choose_all(d);
    }
    return zx_dist_send(s, d, src);
}

/* What told everybody by records has not told those to whom a message is being sent: they get it
 * as a frame. One that is not to be told must not leave their message without an end. */
static int finish_frame(struct zx_socket *s, struct zx_src *src, bool told) {
    struct zx_dist *d = &zx_xsub_of(s)->up;
    if (d->more && told)
        return zx_dist_send(s, d, src);
    if (d->more && !src->more) {
        struct zx_src end = {.data = "", .size = 0};
        int rc = zx_dist_send(s, d, &end);
        if (rc)
            return rc;
    }
    zx_src_drop(s, src);
    return 0;
}

static int change(struct zx_socket *s, struct zx_src *src, const struct zx_subscription *sub) {
    struct zx_xsub *x = zx_xsub_of(s);
    int rc = zx_wants_change(&x->wants, sub, x->verbose);
    if (rc < 0)
        return rc;
    x->looks = true;
    return finish_frame(s, src, rc == ZX_WANTS_TOLD);
}

/* What may be wanting to send the frame is found before the subscription counts: a call that
 * failed is made again, and must not count twice. */
static int change_of_many(struct zx_socket *s, struct zx_src *src,
                          const struct zx_subscription *sub) {
    struct zx_msg copy;
    int rc = zx_msg_init_size(&copy, src->size);
    if (rc)
        return rc;
    memcpy(zx_msg_data(&copy), src->data, src->size);
    struct zx_src of_copy = zx_src_of(&copy, src->more);
    rc = change(s, &of_copy, sub);
    zx_msg_close(&copy);
    return rc;
}

static int send_frame(struct zx_socket *s, struct zx_src *src) {
    struct zx_xsub *x = zx_xsub_of(s);
    struct zx_rec rec = {.data = src->data, .size = src->size};
    struct zx_subscription sub;
    if (!x->more_out)
        x->looks = !x->only_first;
    bool looks = !x->more_out || x->looks;
    if (!looks || !zx_rec_subscription(&rec, true, &sub))
        return send_up(s, src);
    bool shares = x->up.more && !src->msg && !src->is_const && src->size > ZX_QUEUE_REF_ABOVE;
    return shares ? change_of_many(s, src, &sub) : change(s, src, &sub);
}

static int xsub_send(struct zx_socket *s, struct zx_src *src) {
    bool more = src->more;
    int rc = send_frame(s, src);
    if (!rc)
        zx_xsub_of(s)->more_out = more;
    return rc;
}

static int xsub_recv(struct zx_socket *s, struct zx_sink *sink) {
    return zx_fairq_recv(s, &zx_xsub_of(s)->in, sink, NULL);
}

static int xsub_events(struct zx_socket *s) {
    return ZMQ_POLLOUT | (zx_fairq_next(s, &zx_xsub_of(s)->in) ? ZMQ_POLLIN : 0);
}

static int xsub_init(struct zx_socket *s) {
    zx_xsub_of(s)->up.exact = true;
    zx_xsub_of(s)->wants.in_order = true;
    return 0;
}

/* ---- link hooks: no socket lock ---- */

void zx_xsub_link_ready(struct zx_socket *s, struct zx_pipe *p, int version) {
    zx_wants_link_ready(&zx_xsub_of(s)->wants, p, version);
}

bool zx_xsub_link_more(struct zx_socket *s, struct zx_pipe *p, struct zx_buf *out) {
    return zx_wants_link_more(&zx_xsub_of(s)->wants, p, out);
}

int zx_xsub_link_note(struct zx_socket *s, struct zx_pipe *p, const uint8_t *note, size_t size,
                      struct zx_buf *out) {
    struct zx_rec rec = {.flags = ZX_FRAME_NOTE, .data = note, .size = size};
    return zx_wants_link_note(&zx_xsub_of(s)->wants, p, &rec, out);
}

const struct zx_pattern_ops zx_xsub_ops = {
    .type = ZMQ_XSUB,
    .name = "XSUB",
    .flags = ZX_PATTERN_NO_LINGER,
    .size = sizeof(struct zx_xsub),
    .init = xsub_init,
    .fini = zx_xsub_fini,
    .attach = zx_xsub_attach,
    .readable = zx_xsub_readable,
    .writable = xsub_writable,
    .lost = zx_xsub_lost,
    .detach = zx_xsub_detach,
    .send = xsub_send,
    .recv = xsub_recv,
    .events = xsub_events,
    .set_option = xsub_set_option,
    .get_option = zx_xsub_get_option,
    ZX_PATTERN_NO_CALLS,
    .closed = zx_xsub_closed,
    .link_ready = zx_xsub_link_ready,
    .link_more = zx_xsub_link_more,
    .link_note = zx_xsub_link_note,
    .link_frame = zx_pattern_link_frame_any,
};
