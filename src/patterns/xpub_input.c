/* SPDX-License-Identifier: MIT */
/* What subscribers send: subscriptions in their forms, and messages. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipe_sub.h"
#include "patterns/xpub.h"
#include "zmq.h"

/* So many records are worked off in one call, then others have their turn. */
enum { TURN_RECORDS = 4096 };

/* Requests that the application leaves unread may take so much memory; then network peers are read
 * no more, until half of it is taken. Peers of the same process are the application's own. */
enum { HOLD_BYTES = 64 << 20 };

/* ---- to the application ---- */

/* A PUB has no application that reads what comes. */
static bool is_read(const struct zx_xpub *x) {
    return x->base.ops->type != ZMQ_PUB;
}

/* What would tell the application of a request, with a place in the ring: all that needs memory.
 * To be pushed or closed. */
static int prepare(struct zx_xpub *x, const struct zx_subscription *sub, struct zx_request *r) {
    int rc = zx_requests_reserve(&x->requests);
    if (!rc)
        rc = zx_msg_init_size(&r->msg, 1 + sub->topic_size);
    if (rc)
        return rc;
    uint8_t *data = zx_msg_data(&r->msg);
    data[0] = sub->subscribe;
    if (sub->topic_size)
        memcpy(data + 1, sub->topic, sub->topic_size);
    return 0;
}

static void tell(struct zx_xpub *x, struct zx_subscriber *sb, struct zx_request *r) {
    struct zx_sink sink = {.msg = &r->msg};
    zx_pipe_lend_meta(sb->pipe, &sink);
    r->from = sb;
    r->connection = sb->connection;
    sb->refs++;
    (void)zx_requests_push(&x->requests, r);
    sb->open = false;
}

/* A message ends with a frame that is not passed up: what was passed up of it must end, too. */
static void end_message(struct zx_xpub *x, struct zx_subscriber *sb) {
    struct zx_request *last = zx_requests_last(&x->requests);
    sb->open = false;
    if (last) {
        last->msg.flags &= (uint8_t)~ZX_MSG_MORE;
        return;
    }
    struct zx_request r = {.is_request = false};
    zx_msg_init(&r.msg);
    (void)zx_requests_push(&x->requests, &r); /* its place was reserved with the request's */
}

/* Takes the record. -ENOMEM: it is still there. */
static int pass_up(struct zx_xpub *x, struct zx_subscriber *sb, struct zx_rec *rec) {
    struct zx_request r = {.is_request = false};
    struct zx_sink sink = {.msg = &r.msg};
    bool more = rec->flags & ZX_FRAME_MORE;
    if (!is_read(x)) {
        zx_pipe_drop(sb->pipe, rec);
        return 0;
    }
    zx_msg_init(&r.msg);
    int rc = zx_requests_reserve(&x->requests);
    if (!rc)
        rc = zx_pipe_take(sb->pipe, rec, &sink);
    if (rc)
        return rc;
    sb->open = more;
    (void)zx_requests_push(&x->requests, &r);
    return 0;
}

/* ---- subscriptions ---- */

/* 1: the application is to know, 0: not, -ENOMEM: nothing has changed. */
static int apply(struct zx_xpub *x, struct zx_subscriber *sb,
                  const struct zx_subscription *sub) {
    struct zx_subs *table = x->manual ? &x->asked : &x->gets;
    struct zx_holder *h = x->manual ? &sb->asked : &sb->gets;
    if (!sub->subscribe) {
        enum zx_subs_result was = zx_subs_remove(table, sub->topic, sub->topic_size, h);
        return x->manual || x->all_cancels || was == ZX_SUBS_FIRST || was == ZX_SUBS_UNKNOWN;
    }
    x->unwanted = 0; /* where one came others may follow */
    int rc = zx_subs_add(table, sub->topic, sub->topic_size, h);
    if (rc == -EINVAL)
        return 0; /* too long a topic to be kept: nothing is sent for it */
    return rc < 0 ? rc : x->manual || x->all_subs || rc == ZX_SUBS_FIRST;
}

/* The same, and tells the application. */
static int request(struct zx_xpub *x, struct zx_subscriber *sb,
                   const struct zx_subscription *sub) {
    struct zx_request r = {.is_request = true};
    int rc = is_read(x) ? prepare(x, sub, &r) : 0;
    if (rc)
        return rc;
    rc = apply(x, sb, sub);
    if (!is_read(x))
        return rc;
    if (rc > 0)
        tell(x, sb, &r);
    else
        zx_msg_close(&r.msg);
    return rc;
}

struct departure {
    struct zx_xpub *x;
    struct zx_subscriber *sb;
    bool silent, all;
};

static void on_topic(void *arg, const struct zx_leaf *topic, bool was_last) {
    const struct departure *d = arg;
    struct zx_request r = {.is_request = true};
    struct zx_subscription sub = {false, topic->key, topic->size};
    if (d->silent || !(d->all || was_last) || !is_read(d->x) || prepare(d->x, &sub, &r))
        return;
    (void)zx_requests_push(&d->x->requests, &r);
    d->sb->open = false;
}

/* The connection is gone and its subscriptions with it. */
static void forget(struct zx_xpub *x, struct zx_subscriber *sb) {
    bool closing = atomic_load_explicit(&x->base.tag, memory_order_relaxed) != ZX_SOCKET_LIVE;
    struct departure asked = {x, sb, closing || !x->manual, true};
    struct departure got = {x, sb, closing || x->manual, x->all_cancels};
    sb->connection++;
    sb->more_in = sb->open = false;
    zx_subs_leave(&x->asked, &sb->asked, on_topic, &asked);
    zx_subs_leave(&x->gets, &sb->gets, on_topic, &got);
}

/* ---- records ---- */

static int take_message(struct zx_xpub *x, struct zx_subscriber *sb, struct zx_rec *rec) {
    struct zx_subscription sub;
    bool more = rec->flags & ZX_FRAME_MORE;
    if (!sb->more_in)
        sb->looks = !x->only_first;
    bool looks = !sb->more_in || sb->looks;
    bool is_request = looks && zx_rec_subscription(rec, true, &sub);
    int rc = is_request ? request(x, sb, &sub) : pass_up(x, sb, rec);
    if (rc < 0)
        return rc;
    sb->more_in = more;
    if (!is_request)
        return 0;
    sb->looks = true;
    if (!rc && !more && sb->open)
        end_message(x, sb);
    zx_pipe_drop(sb->pipe, rec);
    return 0;
}

/* -ENOMEM: the record is still there. */
static int take(struct zx_xpub *x, struct zx_subscriber *sb, struct zx_rec *rec) {
    struct zx_subscription sub;
    int rc = 0;
    if (!(rec->flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE)))
        return take_message(x, sb, rec);
    if (zx_rec_subscription(rec, false, &sub))
        rc = request(x, sb, &sub);
    else if (rec->flags & ZX_FRAME_NOTE && rec->data[0] == ZX_NOTE_EPOCH)
        forget(x, sb);
    if (rc >= 0)
        zx_pipe_drop(sb->pipe, rec);
    return rc < 0 ? rc : 0;
}

/* A record there is no memory for: a network peer's connection is broken, what it asked for is
 * taken back, it asks again on the next; an inproc peer's is tried again. */
static void starve(struct zx_pipe *p, struct zx_rec *rec) {
    struct zx_subscriber *sb = p->app.user;
    if (p->peer)
        return;
    if (!(rec->flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE)))
        sb->more_in = rec->flags & ZX_FRAME_MORE;
    zx_pipe_drop(p, rec);
    zx_pipe_reset(p);
}

static bool has_its_fill(const struct zx_xpub *x, const struct zx_pipe *p) {
    return x->requests.bytes >= HOLD_BYTES && !p->peer;
}

static void drop_all(struct zx_pipe *p) {
    struct zx_rec rec;
    do
        while (zx_pipe_peek(p, &rec))
            zx_pipe_drop(p, &rec);
    while (!zx_pipe_unlist(p));
}

/* The pipe stays listed, so its link tells nothing more. What one that is lost has asked for is
 * void: who comes again and again must not leave more behind each time. */
static void hold(struct zx_xpub *x, struct zx_pipe *p) {
    if (p->app.phase != ZX_PIPE_ATTACHED) {
        drop_all(p);
        return;
    }
    atomic_store_explicit(&p->post.held, true, memory_order_release);
    x->holds = true;
}

static bool is_held(const struct zx_pipe *p) {
    return atomic_load_explicit(&p->post.held, memory_order_relaxed);
}

void zx_xpub_taken(struct zx_socket *s) {
    struct zx_xpub *x = zx_xpub_of(s);
    if (x->requests.bytes >= HOLD_BYTES / 2)
        return;
    x->holds = false;
    for (struct zx_pipe *p = s->pipes; p; p = p->app.next) {
        if (!is_held(p))
            continue;
        atomic_store_explicit(&p->post.held, false, memory_order_release);
        zx_xpub_readable(s, p);
        if (!is_held(p))
            zx_pipe_credit(p); /* after the mark is gone: the link looks again */
    }
}

void zx_xpub_readable(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_xpub *x = zx_xpub_of(s);
    struct zx_subscriber *sb = p->app.user;
    struct zx_rec rec;
    for (int n = 0; n < TURN_RECORDS || sb->more_in; n++) {
        if (!sb->more_in && has_its_fill(x, p)) {
            hold(x, p);
            return;
        }
        if (!zx_pipe_peek(p, &rec)) {
            if (zx_pipe_unlist(p))
                return;
        } else if (take(x, sb, &rec)) {
            starve(p, &rec);
            break;
        }
    }
    zx_pipe_post(p, ZX_POST_READABLE);
}

/* ---- coming and going ---- */

void zx_subscriber_unref(struct zx_subscriber *sb) {
    if (sb && --sb->refs == 0)
        free(sb);
}

int zx_xpub_attach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_xpub *x = zx_xpub_of(s);
    struct zx_subscriber *sb = calloc(1, sizeof *sb);
    int rc = sb ? zx_dist_add(&x->out, p) : -ENOMEM;
    if (rc) {
        free(sb);
        return rc;
    }
    sb->pipe = p;
    sb->refs = 1;
    p->app.user = sb;
    if (p->peer) {
        zx_xpub_welcome(x, p);
        zx_pipe_announce(p->peer);
    }
    return 0;
}

void zx_xpub_lost(struct zx_socket *s, struct zx_pipe *p) {
    zx_dist_remove(&zx_xpub_of(s)->out, p);
    if (is_held(p))
        drop_all(p);
    atomic_store_explicit(&p->post.held, false, memory_order_relaxed);
}

void zx_xpub_detach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_subscriber *sb = p->app.user;
    sb->pipe = NULL;
    forget(zx_xpub_of(s), sb);
    p->app.user = NULL;
    zx_subscriber_unref(sb);
}
