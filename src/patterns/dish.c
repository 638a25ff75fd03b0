/* SPDX-License-Identifier: MIT */
/* DISH (RFC 48): joins groups and takes only messages of these, whatever is sent to it. */
#include <errno.h>

#include "base/group.h"
#include "core/socket.h"
#include "patterns/fairq.h"
#include "patterns/single.h"
#include "patterns/wants.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_dish_ops;

struct zx_dish {
    struct zx_socket base;
    struct zx_wants wants; /* leaf->ptr: the struct zx_group, one reference */
    struct zx_fairq in;
    struct zx_leaf *last;  /* the group found last; NULL: none, or it was left */
    struct zx_pipe *begun; /* its message's group frame is taken, the body is not */
    struct zx_group *group; /* of that message, a reference; NULL: the empty one */
};

static struct zx_dish *dish_of(struct zx_socket *s) {
    return (struct zx_dish *)(void *)s;
}

static int dish_init(struct zx_socket *s) {
    dish_of(s)->wants.groups = true;
    return 0;
}

static void drop_group(struct zx_leaf *leaf) {
    if (leaf->ptr)
        zx_group_unref(leaf->ptr);
}

static void forget_begun(struct zx_dish *d) {
    if (d->group)
        zx_group_unref(d->group);
    d->group = NULL;
    d->begun = NULL;
}

static void dish_fini(struct zx_socket *s) {
    struct zx_dish *d = dish_of(s);
    forget_begun(d);
    zx_radix_fini(&d->wants.topics.tree, drop_group);
    zx_fairq_fini(&d->in);
}

static void dish_closed(struct zx_socket *s) {
    zx_wants_close(&dish_of(s)->wants, &s->dead);
}

static void dish_lost(struct zx_socket *s, struct zx_pipe *p) {
    zx_wants_lost(&dish_of(s)->wants, p);
}

static void dish_detach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_dish *d = dish_of(s);
    if (d->begun == p)
        forget_begun(d);
    zx_fairq_remove(&d->in, p);
}

static int dish_attach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_dish *d = dish_of(s);
    int rc = zx_fairq_add(&d->in, p);
    if (!rc)
        rc = zx_wants_attach(&d->wants, p);
    if (rc) {
        dish_lost(s, p);
        dish_detach(s, p);
    }
    return rc;
}

static void dish_readable(struct zx_socket *s, struct zx_pipe *p) {
    zx_fairq_activate(&dish_of(s)->in, p);
}

/* ---- groups ---- */

static int join(struct zx_dish *d, const struct zx_subscription *sub) {
    struct zx_group *g = zx_group_new((const char *)sub->topic, sub->topic_size);
    if (!g)
        return -ENOMEM;
    int rc = zx_wants_change(&d->wants, sub, false);
    if (rc < 0) {
        zx_group_unref(g);
        return rc;
    }
    zx_radix_find(&d->wants.topics.tree, sub->topic, sub->topic_size)->ptr = g;
    return 0;
}

static int leave(struct zx_dish *d, struct zx_leaf *leaf, const struct zx_subscription *sub) {
    struct zx_group *g = leaf->ptr;
    int rc = zx_wants_change(&d->wants, sub, false);
    if (rc < 0)
        return rc;
    if (d->last == leaf)
        d->last = NULL;
    zx_group_unref(g);
    return 0;
}

static int dish_membership(struct zx_socket *s, const char *group, size_t size, bool joins) {
    struct zx_dish *d = dish_of(s);
    struct zx_subscription sub = {joins, (const uint8_t *)group, size};
    struct zx_leaf *leaf = zx_radix_find(&d->wants.topics.tree, group, size);
    if (size > ZX_GROUP_MAX || joins == (leaf != NULL))
        return -EINVAL; /* too long; joined already, or not at all */
    return joins ? join(d, &sub) : leave(d, leaf, &sub);
}

/* ---- receiving ---- */

static struct zx_leaf *wanted(struct zx_dish *d, const uint8_t *name, size_t size) {
    if (!d->last || d->last->size != size || (size && memcmp(d->last->key, name, size)))
        d->last = zx_radix_find(&d->wants.topics.tree, name, size);
    return d->last;
}

static void begin(struct zx_dish *d, struct zx_pipe *p, const struct zx_leaf *leaf) {
    d->begun = p;
    d->group = leaf->size ? leaf->ptr : NULL;
    if (d->group)
        zx_group_ref(d->group);
}

/* Takes the group frame of the message at the front, or throws the message away. A peer of
 * another type may send one of a single frame, which is in the empty group, or of many. */
static bool take_group(struct zx_dish *d, struct zx_pipe *p) {
    struct zx_rec rec;
    if (!zx_pipe_peek(p, &rec))
        return false;
    bool is_group = rec.flags & ZX_FRAME_MORE;
    struct zx_leaf *leaf = wanted(d, rec.data, is_group ? rec.size : 0);
    if (leaf && !is_group) {
        begin(d, p, leaf);
        return true;
    }
    if (leaf) {
        zx_pipe_drop(p, &rec);
        if (zx_pipe_peek(p, &rec) && !(rec.flags & ZX_FRAME_MORE)) {
            begin(d, p, leaf);
            return true;
        }
    }
    return false;
}

/* Sees that the next frame to be taken, if any, is the body of a wanted message. */
static bool find(struct zx_socket *s, struct zx_dish *d) {
    struct zx_fairq *fq = &d->in;
    struct zx_pipe *p;
    int left = ZX_SINGLE_SKIP_MAX;
    while (!d->begun && (p = zx_fairq_next(s, fq)) && !take_group(d, p)) {
        left -= zx_single_skip(p);
        if (++fq->cur >= fq->active)
            fq->cur = 0;
        if (left <= 0) {
            zx_pipe_post(p, ZX_POST_READABLE); /* so that nobody sleeps on what is left */
            return false;
        }
    }
    return d->begun != NULL;
}

static int dish_recv(struct zx_socket *s, struct zx_sink *sink) {
    struct zx_dish *d = dish_of(s);
    if (!find(s, d))
        return -EAGAIN;
    int rc = zx_fairq_recv(s, &d->in, sink, NULL);
    if (rc)
        return rc;
    if (sink->msg)
        sink->msg->group = d->group; /* with our reference */
    else if (d->group)
        zx_group_unref(d->group);
    d->group = NULL;
    d->begun = NULL;
    return 0;
}

static int dish_events(struct zx_socket *s) {
    return ZMQ_POLLOUT | (find(s, dish_of(s)) ? ZMQ_POLLIN : 0);
}

/* ---- link hooks: no socket lock ---- */

static void dish_link_ready(struct zx_socket *s, struct zx_pipe *p, int version) {
    zx_wants_link_ready(&dish_of(s)->wants, p, version);
}

static bool dish_link_more(struct zx_socket *s, struct zx_pipe *p, struct zx_buf *out) {
    return zx_wants_link_more(&dish_of(s)->wants, p, out);
}

static int dish_link_note(struct zx_socket *s, struct zx_pipe *p, const uint8_t *note, size_t size,
                          struct zx_buf *out) {
    struct zx_rec rec = {.flags = ZX_FRAME_NOTE, .data = note, .size = size};
    return zx_wants_link_note(&dish_of(s)->wants, p, &rec, out);
}

/* A group frame, then a body. */
static bool dish_link_frame(unsigned *state, uint8_t flags, const uint8_t *body, size_t size) {
    (void)body;
    bool is_group = *state == 0;
    *state ^= 1;
    return is_group ? flags & ZX_FRAME_MORE && size <= ZX_GROUP_MAX : !(flags & ZX_FRAME_MORE);
}

const struct zx_pattern_ops zx_dish_ops = {
    .type = ZMQ_DISH,
    .name = "DISH",
    .flags = ZX_PATTERN_NO_LINGER | ZX_PATTERN_THREAD_SAFE | ZX_PATTERN_BIND_DATAGRAMS,
    .size = sizeof(struct zx_dish),
    .init = dish_init,
    .fini = dish_fini,
    .attach = dish_attach,
    .readable = dish_readable,
    .writable = zx_pattern_pipe_none,
    .lost = dish_lost,
    .detach = dish_detach,
    .send = zx_pattern_send_none,
    .recv = dish_recv,
    .events = dish_events,
    .set_option = zx_pattern_set_none,
    .get_option = zx_pattern_get_none,
    .membership = dish_membership,
    ZX_PATTERN_NO_NUMBERS,
    ZX_PATTERN_NO_PEER_STATE,
    .closed = dish_closed,
    .link_ready = dish_link_ready,
    .link_more = dish_link_more,
    .link_note = dish_link_note,
    .link_frame = dish_link_frame,
};
