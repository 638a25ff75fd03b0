/* SPDX-License-Identifier: MIT */
#include "core/zap.h"

#include <errno.h>

#include "core/ctx.h"
#include "core/inproc.h"
#include "core/link.h"
#include "core/pipe.h"
#include "core/socket.h"
#include "security/zap.h"
#include "zmtp/handshake.h"

enum { REPLY_BYTES_MAX = 1 << 20, FRAME_HEAD = 9, ROOM_BESIDES = 64 };

/* ---- asking ---- */

static int write_request(struct zx_link *l, struct zx_pipe *p) {
    char address[ZX_PEER_TEXT_MAX] = "";
    struct zx_zap_request request;
    struct zx_zap_frame frame[ZX_ZAP_REQUEST_MAX];
    l->tp->peer_text(l->src.fd, address, sizeof address);
    zx_hs_zap_request(l->w.hs, &request);
    struct zx_zap_subject subject = {&l->conf->security.zap_domain, address,
                                     &l->conf->id.routing_id};
    unsigned n = zx_zap_request_frames(frame, &subject, &request);
    int rc = 0;
    /* There may be a password in it: one chunk for all, so that none is freed before the end. */
    p->out->w.is_secret = true;
    p->out->w.hint = ROOM_BESIDES;
    for (unsigned i = 0; i < n; i++)
        p->out->w.hint += FRAME_HEAD + (uint32_t)frame[i].size;
    for (unsigned i = 0; i < n && !rc; i++)
        rc = zx_queue_write(p->out, frame[i].data, frame[i].size,
                            frame[i].more ? ZX_FRAME_MORE : 0);
    zx_queue_commit(p->out);
    return rc;
}

/* Both ends; the link keeps the first and by it the memory of both. */
static struct zx_pipe *pipe_for(struct zx_link *l) {
    struct zx_pipe *end[2] = {NULL, NULL};
    /* Options of nobody: no routing id, so that a ROUTER makes one for each question. */
    struct zx_conf *conf = zx_ctx_defaults(l->sock->ctx, ZMQ_DEALER);
    if (!conf)
        return NULL;
    int rc = zx_pipe_pair_new(NULL, conf, end);
    zx_conf_unref(conf);
    if (rc)
        return NULL;
    end[0]->link = l;
    zx_source_ref(&l->src);
    return end[0];
}

int zx_zap_ask(struct zx_link *l) {
    struct zx_pipe *p = pipe_for(l);
    if (!p)
        return -ENOMEM;
    int rc = write_request(l, p);
    if (!rc)
        rc = zx_inproc_ask(l->sock->ctx->inproc, ZX_ZAP_ENDPOINT, p, l->w.dead);
    if (rc)
        zx_pipe_unref_locked(p, l->w.dead);
    else
        l->w.asked.zap = p;
    return rc;
}

void zx_zap_drop(struct zx_link *l) {
    struct zx_pipe *p = l->w.asked.zap;
    if (!p)
        return;
    l->w.asked.zap = NULL;
    zx_pipe_close(p);
    zx_pipe_unref_locked(p, l->w.dead);
}

/* ---- the answer ---- */

struct answer { /* the frames of a message, copied: a chunk read to its end may be used again */
    struct zx_buf bytes;
    size_t size[ZX_ZAP_REPLY_FRAMES];
    bool more[ZX_ZAP_REPLY_FRAMES];
    unsigned n;
    bool is_too_big;
};

static int add_frame(struct answer *a, const struct zx_rec *rec) {
    if (a->n >= ZX_ZAP_REPLY_FRAMES || rec->size > REPLY_BYTES_MAX - zx_buf_size(&a->bytes)) {
        a->is_too_big = true;
        return 0;
    }
    a->size[a->n] = rec->size;
    a->more[a->n++] = rec->flags & ZX_FRAME_MORE;
    return zx_buf_append(&a->bytes, rec->data, rec->size);
}

/* The first whole message: 0, -EAGAIN, -EPIPE, -ENOMEM. */
static int read_answer(struct zx_link *l, struct zx_pipe *p, struct answer *a) {
    struct zx_rec rec;
    while (zx_queue_peek(p->in, &rec)) {
        bool is_data = !(rec.flags & (ZX_FRAME_NOTE | ZX_FRAME_COMMAND));
        bool is_end = rec.flags & ZX_FRAME_NOTE && rec.data[0] == ZX_NOTE_END;
        bool is_last = is_data && !(rec.flags & ZX_FRAME_MORE);
        int rc = is_data ? add_frame(a, &rec) : 0;
        zx_rec_release(&rec, l->w.dead);
        if (zx_queue_consume(p->in, &rec))
            zx_pipe_post(p->peer, ZX_POST_CREDIT);
        if (rc || is_end || is_last)
            return rc ? rc : is_end ? -EPIPE : 0;
    }
    return atomic_load_explicit(&p->post.cut, memory_order_acquire) ? -EPIPE : -EAGAIN;
}

static int give_answer(struct zx_link *l, const struct answer *a) {
    struct zx_zap_frame frame[ZX_ZAP_REPLY_FRAMES];
    struct zx_zap_reply reply;
    uint32_t proto_error = ZX_PERR_ZAP_MALFORMED_REPLY;
    const uint8_t *at = a->bytes.data;
    for (unsigned i = 0; i < a->n; i++) {
        frame[i] = (struct zx_zap_frame){at, a->size[i], a->more[i]};
        at += a->size[i];
    }
    if (a->is_too_big || zx_zap_reply_parse(&reply, frame, a->n, &proto_error))
        return zx_hs_zap_failed(l->w.hs, proto_error);
    return zx_hs_zap_reply(l->w.hs, &reply);
}

int zx_zap_take(struct zx_link *l) {
    struct zx_pipe *p = l->w.asked.zap;
    struct answer a = {.n = 0};
    int rc;
    do {
        rc = read_answer(l, p, &a);
    } while (rc == -EAGAIN && !zx_pipe_unlist(p));
    if (rc == -EAGAIN)
        return rc;
    if (!rc)
        rc = give_answer(l, &a);
    zx_buf_fini(&a.bytes);
    zx_zap_drop(l);
    return rc;
}
