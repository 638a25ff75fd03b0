/* SPDX-License-Identifier: MIT */
#include "core/pipe_sub.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "core/link.h"
#include "core/socket.h"
#include "zmtp/cmd_join.h"
#include "zmtp/handshake.h"

/* A note: kind, epoch, 1 or 0, topic. */
enum { NOTE_HEAD = 6 };

int zx_pipe_share(struct zx_pipe *p, const struct zx_share *f) {
    if (!f->more && !f->by_ref && zx_queue_put_whole(p->out, f->data, f->size)) {
        p->app.unflushed += (uint32_t)f->size + 2;
        return 0;
    }
    uint8_t flags = f->more ? ZX_FRAME_MORE : 0;
    int rc = f->by_ref ? zx_queue_write_ref(p->out, f->data, f->size, f->body, flags)
                       : zx_queue_write(p->out, f->data, f->size, flags);
    if (rc) {
        zx_queue_rollback(p->out);
        return rc;
    }
    p->app.unflushed += (uint32_t)(f->size < 65536 ? f->size : 65536) + 2;
    if (!f->more)
        zx_queue_commit(p->out);
    return 0;
}

int zx_pipe_share_wire(struct zx_pipe *p, const uint8_t *wire, size_t size) {
    size_t room;
    uint8_t *to = zx_queue_room(p->out, size, &room);
    if (!to)
        return -ENOMEM;
    zx_copy(to, wire, size);
    zx_queue_put(p->out, (uint32_t)size, 1, (uint32_t)size);
    zx_queue_commit(p->out);
    p->app.unflushed += (uint32_t)size;
    return 0;
}

/* After all is written, so that the flush that is due at one of them takes all along. */
void zx_pipe_offer_all(struct zx_pipe *const *v, unsigned n) {
    bool fenced = false;
    for (unsigned i = 0; i < n;) {
        unsigned from = i;
        while (i < n && !v[i]->peer)
            i++;
        if (i > from)
            zx_socket_sent_all(v[from]->sock, v + from, i - from);
        if (i == n)
            return;
        struct zx_pipe *peer = v[i++]->peer;
        /* zx_pipe_announce, with one fence for all: all commits are before it. */
        if (!fenced)
            atomic_thread_fence(memory_order_seq_cst);
        fenced = true;
        if (!atomic_load_explicit(&peer->post.listed, memory_order_relaxed) &&
            !atomic_exchange_explicit(&peer->post.listed, 1, memory_order_acq_rel))
            zx_pipe_post(peer, ZX_POST_READABLE);
    }
}

int zx_pipe_note_room(struct zx_pipe *p, size_t topic_size) {
    size_t room;
    return zx_queue_room(p->out, 9 + NOTE_HEAD + topic_size, &room) ? 0 : -ENOMEM;
}

int zx_pipe_note_sub(struct zx_pipe *p, uint32_t epoch, const struct zx_subscription *sub) {
    uint8_t head[NOTE_HEAD] = {ZX_NOTE_SUB};
    size_t size = NOTE_HEAD + sub->topic_size;
    zx_put32(head + 1, epoch);
    head[5] = sub->subscribe;
    /* Where it lies and without any other memory: there may be room for it already. */
    int rc = zx_queue_write_note(p->out, head, sizeof head, sub->topic, sub->topic_size);
    if (!rc)
        p->app.unflushed += (uint32_t)(size < 65536 ? size : 65536);
    return rc;
}

void zx_pipe_push(struct zx_pipe *p) {
    zx_queue_commit(p->out);
    if (p->peer)
        zx_pipe_announce(p->peer);
    else
        zx_pipe_flush(p);
}

bool zx_pipe_is_online(const struct zx_pipe *p) {
    return p->peer || (p->link && zx_link_is_ready(p->link));
}

void zx_pipe_reset(struct zx_pipe *p) {
    if (p->link)
        zx_link_kick(p->link, ZX_WORK_ABORT, false);
}

bool zx_rec_subscription(const struct zx_rec *rec, bool messages_too,
                         struct zx_subscription *sub) {
    if (rec->flags & ZX_FRAME_NOTE) {
        if (rec->data[0] != ZX_NOTE_SUB || rec->size < NOTE_HEAD)
            return false;
        *sub = (struct zx_subscription){rec->data[5] != 0, rec->data + NOTE_HEAD,
                                        rec->size - NOTE_HEAD};
        return true;
    }
    if (rec->flags & ZX_FRAME_COMMAND)
        return !zx_subscription_parse(rec->data, rec->size, sub);
    return messages_too && !zx_subscription_parse_message(rec->data, rec->size, sub);
}

bool zx_rec_membership(const struct zx_rec *rec, struct zx_subscription *group) {
    struct zx_membership m;
    if (rec->flags & ZX_FRAME_NOTE)
        return zx_rec_subscription(rec, false, group);
    if (!(rec->flags & ZX_FRAME_COMMAND) || zx_membership_parse(rec->data, rec->size, &m))
        return false;
    *group = (struct zx_subscription){m.join, m.group, m.group_size};
    return true;
}

/* ---- wire forms ---- */

static size_t put_header(uint8_t head[ZX_V1_HEADER_MAX], int version, uint8_t flags, size_t size) {
    if (version == ZX_ZMTP_UNVERSIONED || version == ZX_ZMTP_REV0)
        return zx_v1_header(head, size, false);
    if (size > 255) {
        head[0] = flags | ZX_FRAME_LONG;
        zx_put64(head + 1, size);
        return 9;
    }
    head[0] = flags;
    head[1] = (uint8_t)size;
    return 2;
}

/* Room for a frame, its header written; the body is the caller's to fill. */
static uint8_t *put_frame(struct zx_buf *out, int version, uint8_t flags, size_t size) {
    uint8_t head[ZX_V1_HEADER_MAX];
    size_t n = put_header(head, version, flags, size);
    uint8_t *room = zx_buf_reserve(out, n + size);
    if (!room)
        return NULL;
    memcpy(room, head, n);
    out->tail += n + size;
    return room + n;
}

int zx_sub_put(struct zx_buf *out, int version, const struct zx_subscription *sub) {
    if (version >= ZX_ZMTP_3_1) {
        size_t size = zx_subscription_size(sub);
        uint8_t *body = put_frame(out, version, ZX_FRAME_COMMAND, size);
        if (!body)
            return -ENOMEM;
        (void)zx_subscription_write(body, size, sub);
        return 0;
    }
    size_t size = zx_subscription_message_size(sub);
    uint8_t *body = put_frame(out, version, 0, size);
    if (!body)
        return -ENOMEM;
    (void)zx_subscription_write_message(body, size, sub);
    return 0;
}

int zx_join_put(struct zx_buf *out, int version, const struct zx_subscription *sub) {
    struct zx_membership m = {sub->subscribe, sub->topic, sub->topic_size};
    if (version < ZX_ZMTP_3_0)
        return 0; /* has no commands */
    size_t size = zx_membership_size(&m);
    uint8_t *body = put_frame(out, version, ZX_FRAME_COMMAND, size);
    if (!body)
        return -ENOMEM;
    (void)zx_membership_write(body, size, &m);
    return 0;
}

int zx_sub_put_message(struct zx_buf *out, int version, const void *data, size_t size) {
    uint8_t *body = put_frame(out, version, 0, size);
    if (!body)
        return -ENOMEM;
    if (size)
        memcpy(body, data, size);
    return 0;
}
