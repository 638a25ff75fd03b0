/* SPDX-License-Identifier: MIT */
/* RADIO (RFC 48): a message of one frame to all who joined its group. On the wire, and in queues,
 * the group is a frame before it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/group.h"
#include "core/pipe_sub.h"
#include "core/socket.h"
#include "patterns/dist.h"
#include "patterns/groups.h"
#include "zmq.h"

extern const struct zx_pattern_ops zx_radio_ops;

enum {
    TURN_RECORDS = 4096, /* so many are worked off in one call, then others have their turn */
    SMALL = 1024         /* bodies up to this size are copied once more, to be written as one */
};

struct zx_radio {
    struct zx_socket base;
    struct zx_groups groups;
    struct zx_dist out;
    unsigned n_deaf; /* pipes to which every group goes: they cannot join any */
};

static struct zx_radio *radio_of(struct zx_socket *s) {
    return (struct zx_radio *)(void *)s;
}

static int radio_init(struct zx_socket *s) {
    (void)zx_os_random(&radio_of(s)->groups.seed, sizeof radio_of(s)->groups.seed);
    return 0;
}

static void radio_fini(struct zx_socket *s) {
    zx_groups_fini(&radio_of(s)->groups);
    zx_dist_fini(&radio_of(s)->out);
}

/* ---- sending ---- */

static void choose_for(struct zx_radio *r, const struct zx_group *g) {
    const struct zx_audience *a = zx_groups_find(&r->groups, g ? g->name : "", g ? g->size : 0);
    zx_dist_begin(&r->out);
    for (uint32_t i = 0; a && i < a->n; i++)
        zx_dist_choose(&r->out, a->v[i]->who->pipe);
    if (!r->n_deaf)
        return;
    for (unsigned i = 0; i < r->out.n; i++)
        if (r->out.v[i]->hears_all)
            zx_dist_choose(&r->out, r->out.v[i]);
}

/* NODROP: all who are in the group, or nobody. */
static bool is_held_up(struct zx_socket *s, const struct zx_group *g) {
    struct zx_radio *r = radio_of(s);
    if (!r->out.nodrop || !r->out.blocked)
        return false;
    zx_socket_flush(s); /* what waits for company makes room when it goes */
    choose_for(r, g);
    return r->out.blocked;
}

static size_t put_frame(uint8_t *to, uint8_t flags, const void *data, size_t size) {
    size_t head = 2;
    to[0] = flags;
    to[1] = (uint8_t)size;
    if (size > 255) {
        to[0] = flags | ZX_FRAME_LONG;
        zx_put64(to + 1, size);
        head = 9;
    }
    if (size)
        memcpy(to + head, data, size);
    return head + size;
}

static void send_small(struct zx_socket *s, const struct zx_group *g, struct zx_src *src) {
    uint8_t wire[2 + ZX_GROUP_MAX + 9 + SMALL];
    size_t n = put_frame(wire, ZX_FRAME_MORE, g ? g->name : "", g ? g->size : 0);
    n += put_frame(wire + n, 0, src->data, src->size);
    zx_dist_send_wire(&radio_of(s)->out, wire, n);
    zx_src_drop(s, src);
}

static int send_frames(struct zx_socket *s, const struct zx_group *g, struct zx_src *src) {
    struct zx_dist *d = &radio_of(s)->out;
    struct zx_src head = {.data = g ? g->name : "", .size = g ? g->size : 0, .more = true};
    int rc = zx_dist_send(s, d, &head);
    if (!rc)
        rc = zx_dist_send(s, d, src);
    if (rc)
        zx_dist_rollback(d);
    return rc;
}

static int radio_send(struct zx_socket *s, struct zx_src *src) {
    struct zx_radio *r = radio_of(s);
    const struct zx_group *g = src->msg ? src->msg->group : NULL;
    if (src->more)
        return -EINVAL;
    choose_for(r, g);
    if (is_held_up(s, g)) {
        zx_dist_begin(&r->out);
        return -EAGAIN;
    }
    if (!r->out.n_to)
        zx_src_drop(s, src);
    else if (src->size <= SMALL)
        send_small(s, g, src);
    else
        return send_frames(s, g, src);
    return 0;
}

static int radio_events(struct zx_socket *s) {
    (void)s;
    return ZMQ_POLLOUT;
}

static int radio_set_option(struct zx_socket *s, int option, const void *val, size_t size) {
    if (option != ZMQ_XPUB_NODROP)
        return -EINVAL;
    return zx_opt_take_flag(val, size, &radio_of(s)->out.nodrop);
}

/* ---- what listeners send ---- */

/* -ENOMEM: the record is still there. */
static int take(struct zx_radio *r, struct zx_listener *who, struct zx_rec *rec) {
    struct zx_subscription group;
    int rc = 0;
    if (zx_rec_membership(rec, &group)) {
        if (!group.subscribe)
            zx_groups_leave(&r->groups, who, group.topic, group.topic_size);
        else if (group.topic_size <= ZX_GROUP_MAX)
            rc = zx_groups_join(&r->groups, who, group.topic, group.topic_size);
    } else if (rec->flags & ZX_FRAME_NOTE && rec->data[0] == ZX_NOTE_EPOCH) {
        zx_groups_drop(&r->groups, who); /* the connection took its joins along */
    }
    if (!rc)
        zx_pipe_drop(who->pipe, rec);
    return rc;
}

static void radio_readable(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_radio *r = radio_of(s);
    struct zx_rec rec;
    for (int n = 0; n < TURN_RECORDS; n++) {
        if (!zx_pipe_peek(p, &rec)) {
            if (zx_pipe_unlist(p))
                return;
        } else if (take(r, p->app.user, &rec)) {
            if (!p->peer) { /* it joins again on the next connection */
                zx_pipe_drop(p, &rec);
                zx_pipe_reset(p);
            }
            break;
        }
    }
    zx_pipe_post(p, ZX_POST_READABLE);
}

static int radio_attach(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_radio *r = radio_of(s);
    struct zx_listener *who = calloc(1, sizeof *who);
    int rc = who ? zx_dist_add(&r->out, p) : -ENOMEM;
    if (rc) {
        free(who);
        return rc;
    }
    who->pipe = p;
    p->app.user = who;
    r->n_deaf += p->hears_all;
    return 0;
}

static void radio_writable(struct zx_socket *s, struct zx_pipe *p) {
    zx_dist_reopen(&radio_of(s)->out, p);
}

static void radio_lost(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_radio *r = radio_of(s);
    zx_dist_remove(&r->out, p);
    zx_groups_drop(&r->groups, p->app.user);
    r->n_deaf -= p->hears_all;
}

static void radio_detach(struct zx_socket *s, struct zx_pipe *p) {
    zx_groups_drop(&radio_of(s)->groups, p->app.user); /* joins read after it was lost */
    free(p->app.user);
    p->app.user = NULL;
}

const struct zx_pattern_ops zx_radio_ops = {
    .type = ZMQ_RADIO,
    .name = "RADIO",
    .flags = ZX_PATTERN_BACKGROUND | ZX_PATTERN_THREAD_SAFE | ZX_PATTERN_CONNECT_DATAGRAMS,
    .size = sizeof(struct zx_radio),
    .init = radio_init,
    .fini = radio_fini,
    .attach = radio_attach,
    .readable = radio_readable,
    .writable = radio_writable,
    .lost = radio_lost,
    .detach = radio_detach,
    .send = radio_send,
    .recv = zx_pattern_recv_none,
    .events = radio_events,
    .set_option = radio_set_option,
    .get_option = zx_pattern_get_none,
    ZX_PATTERN_NO_CALLS,
    ZX_PATTERN_NO_LINK_HOOKS,
};
