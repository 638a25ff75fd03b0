/* SPDX-License-Identifier: MIT */
#include "patterns/xpub.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipe_sub.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_xpub_ops;

enum { LOOK_EVERY = 8, LOOK_NS = 1000000 }; /* for subscriptions; see choose_again */

static void set_last(struct zx_xpub *x, struct zx_subscriber *sb) {
    struct zx_subscriber *old = x->last;
    if (sb)
        sb->refs++;
    x->last = sb;
    zx_subscriber_unref(old);
}

/* The subscriber that manual subscriptions are for; NULL: it is gone. */
static struct zx_subscriber *last_of(const struct zx_xpub *x) {
    struct zx_subscriber *sb = x->last;
    return sb && sb->pipe && sb->connection == x->last_connection ? sb : NULL;
}

void zx_xpub_fini(struct zx_socket *s) {
    struct zx_xpub *x = zx_xpub_of(s);
    struct zx_request r;
    while (zx_requests_pop(&x->requests, &r)) {
        zx_msg_close(&r.msg);
        zx_subscriber_unref(r.from);
    }
    zx_requests_fini(&x->requests);
    set_last(x, NULL);
    zx_subs_fini(&x->gets);
    zx_subs_fini(&x->asked);
    zx_dist_fini(&x->out);
    zx_mutex_lock(&x->welcome_lock);
    (void)zx_blob_set(&x->welcome, NULL, 0);
    zx_mutex_unlock(&x->welcome_lock);
}

void zx_xpub_writable(struct zx_socket *s, struct zx_pipe *p) {
    zx_dist_reopen(&zx_xpub_of(s)->out, p);
}

/* ---- sending ---- */

static struct zx_subscriber *subscriber_of(struct zx_holder *gets) {
    return (struct zx_subscriber *)(void *)gets;
}

static void choose(void *arg, struct zx_holder *h) {
    zx_dist_choose(&((struct zx_xpub *)arg)->out, subscriber_of(h)->pipe);
}

static void exclude(void *arg, struct zx_holder *h) {
    (void)arg;
    zx_dist_exclude(subscriber_of(h)->pipe);
}

static void choose_if_last(void *arg, struct zx_holder *h) {
    if (subscriber_of(h) == last_of(arg))
        choose(arg, h);
}

static void choose_for(struct zx_xpub *x, const struct zx_src *src) {
    const uint8_t *data = src->data;
    size_t size = src->size;
    zx_dist_begin(&x->out);
    if (x->to_last && x->manual && x->last_value && last_of(x)) {
        zx_subs_match(&x->gets, data, size, choose_if_last, x);
    } else if (x->base.conf->queue.invert_matching) {
        zx_subs_match(&x->gets, data, size, exclude, x);
        zx_dist_choose_others(&x->out);
    } else {
        zx_subs_match(&x->gets, data, size, choose, x);
    }
}

/* NODROP: all that match, or nobody. */
static bool is_held_up(struct zx_socket *s, const struct zx_src *src) {
    struct zx_xpub *x = zx_xpub_of(s);
    if (!x->out.nodrop || !x->out.blocked)
        return false;
    zx_socket_flush(s); /* what waits for company makes room when it goes */
    choose_for(x, src);
    return x->out.blocked;
}

/* Before a message is dropped because nobody wants it: a subscription that has arrived at this
 * host, but not yet at the I/O thread, is in time. Looks that find none become rare, so that they
 * cost nothing in a stream of messages that nobody wants. */
static void choose_again(struct zx_socket *s, const struct zx_src *src) {
    struct zx_xpub *x = zx_xpub_of(s);
    if (x->unwanted++ % LOOK_EVERY || !s->pipes)
        return;
    uint64_t now = zx_os_now_ns();
    if (now - x->looked_ns < LOOK_NS)
        return;
    x->looked_ns = now;
    if (!zx_socket_look(s))
        return;
    choose_for(x, src);
    if (x->out.n_to) {
        x->unwanted = 0;
        x->looked_ns = 0;
    }
}

int zx_xpub_send(struct zx_socket *s, struct zx_src *src) {
    struct zx_xpub *x = zx_xpub_of(s);
    if (!x->out.more) {
        choose_for(x, src);
        if (!x->out.n_to)
            choose_again(s, src);
        if (is_held_up(s, src)) {
            zx_dist_begin(&x->out);
            return -EAGAIN;
        }
    }
    int rc = zx_dist_send(s, &x->out, src);
    if (!rc)
        x->to_last = false;
    return rc;
}

/* ---- receiving ---- */

static int xpub_recv(struct zx_socket *s, struct zx_sink *sink) {
    struct zx_xpub *x = zx_xpub_of(s);
    struct zx_request r;
    if (!zx_requests_pop(&x->requests, &r))
        return -EAGAIN;
    sink->size = zx_msg_size(&r.msg);
    sink->more = r.msg.flags & ZX_MSG_MORE;
    struct zx_src rest = {.msg = &r.msg};
    if (sink->msg) {
        rest.msg = sink->msg;
        zx_src_drop(s, &rest);
        *sink->msg = r.msg;
    } else {
        if (sink->size && sink->cap)
            memcpy(sink->buf, zx_msg_data(&r.msg), sink->size < sink->cap ? sink->size : sink->cap);
        zx_src_drop(s, &rest);
    }
    if (r.is_request) {
        set_last(x, r.from);
        x->last_connection = r.connection;
        x->to_last = true;
    }
    zx_subscriber_unref(r.from);
    if (x->holds)
        zx_xpub_taken(s);
    return 0;
}

static int xpub_events(struct zx_socket *s) {
    return ZMQ_POLLOUT | (zx_xpub_of(s)->requests.n ? ZMQ_POLLIN : 0);
}

/* ---- options ---- */

static int set_welcome(struct zx_xpub *x, const void *val, size_t size) {
    zx_mutex_lock(&x->welcome_lock);
    int rc = zx_blob_set(&x->welcome, val, size);
    zx_mutex_unlock(&x->welcome_lock);
    return rc;
}

/* MANUAL: subscriptions are the application's to make, for whoever asked last. */
static int set_manually(struct zx_xpub *x, bool subscribe, const void *val, size_t size) {
    struct zx_subscriber *sb = last_of(x);
    if (!x->manual)
        return -EINVAL;
    if (!sb)
        return 0;
    if (!subscribe) {
        (void)zx_subs_remove(&x->gets, val, size, &sb->gets);
        return 0;
    }
    int rc = zx_subs_add(&x->gets, val, size, &sb->gets);
    return rc < 0 ? rc : 0;
}

static int set_verbose(struct zx_xpub *x, int option, const void *val, size_t size) {
    bool v;
    int rc = zx_opt_take_flag(val, size, &v);
    if (rc)
        return rc;
    x->all_subs = v;
    x->all_cancels = v && option == ZMQ_XPUB_VERBOSER;
    return 0;
}

static int set_last_value(struct zx_xpub *x, const void *val, size_t size) {
    int rc = zx_opt_take_flag(val, size, &x->last_value);
    if (!rc)
        x->manual = x->last_value;
    return rc;
}

int zx_xpub_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    struct zx_xpub *x = zx_xpub_of(s);
    switch (option) {
    case ZMQ_SUBSCRIBE:
    case ZMQ_UNSUBSCRIBE:
        return set_manually(x, option == ZMQ_SUBSCRIBE, val, size);
    case ZMQ_XPUB_VERBOSE:
    case ZMQ_XPUB_VERBOSER:
        return set_verbose(x, option, val, size);
    case ZMQ_XPUB_MANUAL:
        return zx_opt_take_flag(val, size, &x->manual);
    case ZMQ_XPUB_MANUAL_LAST_VALUE:
        return set_last_value(x, val, size);
    case ZMQ_XPUB_NODROP:
        return zx_opt_take_flag(val, size, &x->out.nodrop);
    case ZMQ_ONLY_FIRST_SUBSCRIBE:
        return zx_opt_take_flag(val, size, &x->only_first);
    case ZMQ_XPUB_WELCOME_MSG:
        return set_welcome(x, val, size);
    default:
        return -EINVAL;
    }
}

int zx_xpub_get_option(struct zx_socket *s, int option, void *val, size_t *size) {
    if (option != ZMQ_TOPICS_COUNT)
        return -EINVAL;
    size_t n = zx_subs_count(&zx_xpub_of(s)->gets);
    return zx_opt_get_int_loose(n < INT_MAX ? (int)n : INT_MAX, val, size);
}

/* ---- the welcome: no socket lock ---- */

void zx_xpub_welcome(struct zx_xpub *x, struct zx_pipe *p) {
    zx_mutex_lock(&x->welcome_lock);
    if (x->welcome.size && !p->news.over &&
        !zx_queue_write(p->out, x->welcome.data, x->welcome.size, 0))
        zx_queue_commit(p->out);
    p->news.over = true;
    zx_mutex_unlock(&x->welcome_lock);
}

void zx_xpub_link_ready(struct zx_socket *s, struct zx_pipe *p, int version) {
    p->news.wire = (int8_t)version;
    if (p->peer)
        zx_xpub_welcome(zx_xpub_of(s), p);
}

bool zx_xpub_link_more(struct zx_socket *s, struct zx_pipe *p, struct zx_buf *out) {
    struct zx_xpub *x = zx_xpub_of(s);
    int rc = 0;
    zx_mutex_lock(&x->welcome_lock);
    if (x->welcome.size)
        rc = zx_sub_put_message(out, p->news.wire, x->welcome.data, x->welcome.size);
    zx_mutex_unlock(&x->welcome_lock);
    if (rc)
        zx_pipe_reset(p);
    return false;
}

const struct zx_pattern_ops zx_xpub_ops = {
    .type = ZMQ_XPUB,
    .name = "XPUB",
    .flags = ZX_PATTERN_BACKGROUND,
    .size = sizeof(struct zx_xpub),
    .init = zx_pattern_init_none,
    .fini = zx_xpub_fini,
    .attach = zx_xpub_attach,
    .readable = zx_xpub_readable,
    .writable = zx_xpub_writable,
    .lost = zx_xpub_lost,
    .detach = zx_xpub_detach,
    .send = zx_xpub_send,
    .recv = xpub_recv,
    .events = xpub_events,
    .set_option = zx_xpub_set_option,
    .get_option = zx_xpub_get_option,
    ZX_PATTERN_NO_CALLS,
    .closed = zx_pattern_closed_none,
    .link_ready = zx_xpub_link_ready,
    .link_more = zx_xpub_link_more,
    .link_note = zx_pattern_link_note_none,
    .link_frame = zx_pattern_link_frame_any,
};
