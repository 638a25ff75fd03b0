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

/* ---- to the application ---- */

/* Puts a message of the application's in the ring. On failure the connection is broken: what it
 * asked for is taken back, it asks again. */
static void push(struct zx_xpub *x, struct zx_subscriber *sb, struct zx_request *r) {
    if (zx_requests_push(&x->requests, r)) {
        zx_msg_close(&r->msg);
        if (sb->pipe)
            zx_pipe_reset(sb->pipe);
        return;
    }
    if (r->from)
        r->from->refs++;
}

/* Tells the application of a request, or of the end of a subscription whose holder is gone. */
static void tell(struct zx_xpub *x, struct zx_subscriber *sb, const struct zx_subscription *sub,
                 bool is_automatic) {
    struct zx_request r = {.is_request = true};
    if (x->base.ops->type == ZMQ_PUB)
        return;
    if (zx_msg_init_size(&r.msg, 1 + sub->topic_size)) {
        if (sb->pipe)
            zx_pipe_reset(sb->pipe);
        return;
    }
    uint8_t *data = zx_msg_data(&r.msg);
    data[0] = sub->subscribe;
    if (sub->topic_size)
        memcpy(data + 1, sub->topic, sub->topic_size);
    if (!is_automatic) {
        struct zx_sink sink = {.msg = &r.msg};
        zx_pipe_lend_meta(sb->pipe, &sink);
        r.from = sb;
        r.connection = sb->connection;
    }
    push(x, sb, &r);
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
    push(x, sb, &r);
}

static void pass_up(struct zx_xpub *x, struct zx_subscriber *sb, struct zx_rec *rec) {
    struct zx_request r = {.is_request = false};
    struct zx_sink sink = {.msg = &r.msg};
    zx_msg_init(&r.msg);
    if (x->base.ops->type == ZMQ_PUB) {
        zx_pipe_drop(sb->pipe, rec);
        return;
    }
    sb->open = rec->flags & ZX_FRAME_MORE;
    if (zx_pipe_take(sb->pipe, rec, &sink)) {
        zx_pipe_drop(sb->pipe, rec);
        zx_pipe_reset(sb->pipe);
        return;
    }
    push(x, sb, &r);
}

/* ---- subscriptions ---- */

/* True if the application is to know. */
static bool apply(struct zx_xpub *x, struct zx_subscriber *sb,
                  const struct zx_subscription *sub) {
    struct zx_subs *table = x->manual ? &x->asked : &x->gets;
    struct zx_holder *h = x->manual ? &sb->asked : &sb->gets;
    if (!sub->subscribe) {
        enum zx_subs_result was = zx_subs_remove(table, sub->topic, sub->topic_size, h);
        return x->manual || x->all_cancels || was == ZX_SUBS_FIRST || was == ZX_SUBS_UNKNOWN;
    }
    int rc = zx_subs_add(table, sub->topic, sub->topic_size, h);
    if (rc == -ENOMEM)
        zx_pipe_reset(sb->pipe); /* it will ask again */
    return rc >= 0 && (x->manual || x->all_subs || rc == ZX_SUBS_FIRST);
}

struct departure {
    struct zx_xpub *x;
    struct zx_subscriber *sb;
    bool silent, all;
};

static void on_topic(void *arg, const struct zx_leaf *topic, bool was_last) {
    const struct departure *d = arg;
    if (!d->silent && (d->all || was_last))
        tell(d->x, d->sb, &(struct zx_subscription){false, topic->key, topic->size}, true);
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

static void take_message(struct zx_xpub *x, struct zx_subscriber *sb, struct zx_rec *rec) {
    struct zx_subscription sub;
    bool more = rec->flags & ZX_FRAME_MORE;
    if (!sb->more_in)
        sb->looks = !x->only_first;
    bool looks = !sb->more_in || sb->looks;
    sb->more_in = more;
    if (!looks || !zx_rec_subscription(rec, true, &sub)) {
        pass_up(x, sb, rec);
        return;
    }
    sb->looks = true;
    if (apply(x, sb, &sub))
        tell(x, sb, &sub, false);
    else if (!more && sb->open)
        end_message(x, sb);
    zx_pipe_drop(sb->pipe, rec);
}

static void take(struct zx_xpub *x, struct zx_subscriber *sb, struct zx_rec *rec) {
    struct zx_subscription sub;
    if (!(rec->flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE))) {
        take_message(x, sb, rec);
        return;
    }
    if (zx_rec_subscription(rec, false, &sub)) {
        if (apply(x, sb, &sub))
            tell(x, sb, &sub, false);
    } else if (rec->flags & ZX_FRAME_NOTE && rec->data[0] == ZX_NOTE_EPOCH) {
        forget(x, sb);
    }
    zx_pipe_drop(sb->pipe, rec);
}

void zx_xpub_readable(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_xpub *x = zx_xpub_of(s);
    struct zx_subscriber *sb = p->app.user;
    struct zx_rec rec;
    for (int n = 0; n < TURN_RECORDS || sb->more_in; n++) {
        if (zx_pipe_peek(p, &rec))
            take(x, sb, &rec);
        else if (zx_pipe_unlist(p))
            return;
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
}

void zx_xpub_detach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_subscriber *sb = p->app.user;
    sb->pipe = NULL;
    forget(zx_xpub_of(s), sb);
    p->app.user = NULL;
    zx_subscriber_unref(sb);
}
