/* SPDX-License-Identifier: MIT */
#include "core/pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ref.h"
#include "core/ctx.h"
#include "core/inproc.h"
#include "core/link.h"
#include "core/socket.h"
#include "zmq.h"

enum { META_AHEAD = 64, SENT_THROUGH = 1 };

/* What one or two pipes live in: freed with the last reference to any of them. */
struct zx_pipe_pair {
    atomic_uint refs;
    unsigned n;
    struct zx_queue q[2];
    struct zx_pipe end[];
};

static struct zx_pipe_pair *pair_new(unsigned n) {
    size_t size = sizeof(struct zx_pipe_pair) + n * sizeof(struct zx_pipe);
    struct zx_pipe_pair *m = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!m)
        return NULL;
    memset(m, 0, size);
    atomic_init(&m->refs, 1);
    m->n = n;
    for (unsigned i = 0; i < n; i++) {
        m->end[i].mem = m;
        m->end[i].in = &m->q[i];
        m->end[i].out = &m->q[1 - i];
    }
    return m;
}

static uint32_t hwm_of(int value) {
    return value > 0 ? (uint32_t)value : 0;
}

static bool conflates(const struct zx_socket *s, const struct zx_conf *conf) {
    return conf->queue.conflate && s && s->ops->flags & ZX_PATTERN_CONFLATES;
}

void zx_pipe_set_socket(struct zx_pipe *p, struct zx_socket *s) {
    zx_socket_slot_ref(s);
    p->sock = s;
    p->out->w.dead = &s->dead;
    /* Dekker with zx_pipe_announce: whoever posted to nobody had committed before. */
    atomic_store_explicit(&p->post.sock, s, memory_order_seq_cst);
}

struct zx_pipe *zx_pipe_new(struct zx_socket *s, struct zx_conf *conf) {
    struct zx_pipe_pair *m = pair_new(1);
    if (!m)
        return NULL;
    struct zx_pipe *p = &m->end[0];
    bool c = conflates(s, conf);
    bool background = s->ops->flags & ZX_PATTERN_BACKGROUND;
    zx_queue_init(p->in, background ? 0 : hwm_of(conf->queue.rcvhwm), c && !background);
    zx_queue_init(p->out, hwm_of(conf->queue.sndhwm), c && s->ops->type != ZMQ_SUB);
    p->conf = zx_conf_ref(conf);
    zx_pipe_set_socket(p, s);
    return p;
}

int zx_pipe_pair_new(struct zx_socket *s, struct zx_conf *conf, struct zx_pipe *end[2]) {
    struct zx_pipe_pair *m = pair_new(2);
    if (!m)
        return -ENOMEM;
    bool c = conflates(s, conf);
    zx_queue_init(m->end[0].in, hwm_of(conf->queue.rcvhwm), c && s->ops->type != ZMQ_PUB);
    zx_queue_init(m->end[0].out, hwm_of(conf->queue.sndhwm), c && s->ops->type != ZMQ_SUB);
    for (int i = 0; i < 2; i++) {
        end[i] = &m->end[i];
        end[i]->peer = &m->end[1 - i];
        end[i]->out->w.max_chunk = 16384;
    }
    end[0]->conf = zx_conf_ref(conf);
    if (s)
        zx_pipe_set_socket(end[0], s);
    return 0;
}

void zx_pipe_ref(struct zx_pipe *p) {
    atomic_fetch_add_explicit(&p->mem->refs, 1, memory_order_relaxed);
}

static void meta_drop(struct zx_pipe *p) {
    if (p->app.meta)
        zx_ref_drop((struct zx_ref *)(void *)p->app.meta, 1 + p->app.meta_spare);
    p->app.meta = NULL;
    p->app.meta_spare = 0;
}

static void pair_free(struct zx_pipe_pair *m, struct zx_dead *dead) {
    struct zx_socket *socks[2] = {NULL, NULL};
    zx_queue_fini(&m->q[0], dead);
    zx_queue_fini(&m->q[1], dead);
    for (unsigned i = 0; i < m->n; i++) {
        struct zx_pipe *e = &m->end[i];
        meta_drop(e);
        if (e->link)
            zx_source_unref(&e->link->src);
        if (e->conf)
            zx_conf_unref(e->conf);
        socks[i] = e->sock;
    }
    free(m);
    for (int i = 0; i < 2; i++)
        if (socks[i])
            zx_socket_slot_unref(socks[i]);
}

void zx_pipe_unref_locked(struct zx_pipe *p, struct zx_dead *dead) {
    if (atomic_fetch_sub_explicit(&p->mem->refs, 1, memory_order_acq_rel) == 1)
        pair_free(p->mem, dead);
}

void zx_pipe_unref(struct zx_pipe *p) {
    struct zx_dead dead;
    dead.n = 0;
    dead.more = NULL;
    zx_pipe_unref_locked(p, &dead);
    zx_dead_flush(&dead);
}

/* ---- posting ---- */

void zx_pipe_post(struct zx_pipe *p, unsigned reasons) {
    struct zx_socket *s = atomic_load_explicit(&p->post.sock, memory_order_seq_cst);
    if (!s && p->link)
        zx_link_post(p->link, ZX_WORK_ZAP);
    /* Release: what is posted about comes first; partner: the exchange in take_reasons. */
    if (!s || atomic_fetch_or_explicit(&p->post.reasons, reasons, memory_order_acq_rel))
        return;
    zx_pipe_ref(p);
    struct zx_pipe *head = atomic_load_explicit(&s->inbox, memory_order_relaxed);
    do {
        if (head == ZX_INBOX_CLOSED) {
            zx_pipe_unref(p);
            return;
        }
        p->post.inbox_next = head;
    } while (!atomic_compare_exchange_weak_explicit(&s->inbox, &head, p, memory_order_seq_cst,
                                                    memory_order_relaxed));
    zx_socket_notify(s, ZX_ATT_INBOX);
}

void zx_pipe_announce(struct zx_pipe *p) {
    /* Dekker with zx_pipe_unlist: the commit before this, then the load; there the store,
     * then the look into the queue. A reader that polls runs the barrier for both. */
    if (atomic_load_explicit(&p->post.polled, memory_order_relaxed))
        atomic_signal_fence(memory_order_seq_cst);
    else
        atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&p->post.listed, memory_order_relaxed) ||
        atomic_exchange_explicit(&p->post.listed, 1, memory_order_acq_rel))
        return;
    zx_pipe_post(p, ZX_POST_READABLE);
}

bool zx_pipe_unlist(struct zx_pipe *p) {
    atomic_store_explicit(&p->post.listed, 0, memory_order_relaxed);
    if (p->app.polled) {
        p->app.polled = false;
        atomic_store_explicit(&p->post.polled, false, memory_order_relaxed);
        zx_os_membarrier(); /* a writer that saw `polled` relies on it */
    } else {
        atomic_thread_fence(memory_order_seq_cst);
    }
    if (!zx_queue_has(p->in))
        return true;
    atomic_store_explicit(&p->post.listed, 1, memory_order_relaxed);
    return false;
}

void zx_pipe_poll(struct zx_pipe *p) {
    if (p->app.polled)
        return;
    p->app.polled = true;
    atomic_store_explicit(&p->post.polled, true, memory_order_relaxed);
}

void zx_pipe_slim(struct zx_pipe *p) {
    const struct zx_chunk *c = p->in->r.cur;
    if (!c || c->size <= ZX_QUEUE_KEEP || !p->link || !zx_link_try_hold(p->link))
        return;
    zx_link_slim(p->link, p);
    zx_link_release(p->link, true);
}

/* ---- sending ---- */

static int send_by_ref(struct zx_pipe *p, struct zx_src *src, uint8_t flags) {
    struct zx_msg *m = src->msg;
    int rc;
    if (m) {
        struct zx_body *body = m->kind == ZX_MSG_KIND_BODY ? m->u.ref.body : NULL;
        rc = zx_queue_write_ref(p->out, m->u.ref.data, m->u.ref.size, body, flags);
        if (!rc)
            m->kind = ZX_MSG_KIND_INLINE; /* its reference is the queue's now */
        return rc;
    }
    if (src->is_const)
        return zx_queue_write_ref(p->out, src->data, src->size, NULL, flags);
    if (!flags && p->link && zx_link_write_through(p->link, p, src->data, src->size))
        return SENT_THROUGH;
    struct zx_body *body = zx_body_new(src->size);
    if (!body)
        return -ENOMEM;
    memcpy(body->data, src->data, src->size);
    rc = zx_queue_write_ref(p->out, body->data, src->size, body, flags);
    if (rc)
        zx_body_unref(body, 1);
    return rc;
}

void zx_src_drop(struct zx_socket *s, struct zx_src *src) {
    struct zx_msg *m = src->msg;
    if (!m)
        return;
    if (m->kind == ZX_MSG_KIND_BODY) {
        zx_dead_add(&s->dead, m->u.ref.body);
        m->kind = ZX_MSG_KIND_INLINE;
    }
    zx_msg_close(m);
    zx_msg_init(m);
}

int zx_pipe_report(struct zx_pipe *p) {
    if (zx_queue_report(p->in))
        zx_pipe_credit(p);
    return 0;
}

int zx_pipe_offer(struct zx_pipe *p) {
    if (!p->peer)
        return zx_socket_sent(p->sock, p);
    zx_pipe_announce(p->peer);
    return 0;
}

static void sent(struct zx_pipe *p) {
    zx_queue_commit(p->out);
    (void)zx_pipe_offer(p);
}

static int send_frame(struct zx_pipe *p, struct zx_src *src) {
    size_t size = src->size;
    uint8_t flags = src->more ? ZX_FRAME_MORE : 0;
    int rc;
    if (size > ZX_QUEUE_REF_ABOVE || (src->is_const && p->peer && size > ZX_MSG_INLINE))
        rc = send_by_ref(p, src, flags);
    else
        rc = zx_queue_write(p->out, src->data, size, flags);
    if (rc == SENT_THROUGH)
        return 0;
    if (rc) {
        zx_queue_rollback(p->out);
        return rc;
    }
    p->app.unflushed += (uint32_t)(size < 65536 ? size : 65536) + 2;
    if (src->msg)
        zx_src_drop(p->sock, src);
    if (!src->more)
        sent(p);
    return 0;
}

int zx_pipe_send(struct zx_pipe *p, struct zx_src *src) {
    return zx_pipe_send_whole(p, src) ? 0 : send_frame(p, src);
}

int zx_pipe_send_bytes(struct zx_pipe *p, const void *data, size_t size, bool more) {
    struct zx_src src = {.data = data, .size = size, .more = more};
    return zx_pipe_send(p, &src);
}

void zx_pipe_rollback(struct zx_pipe *p) {
    zx_queue_rollback(p->out);
}

void zx_pipe_commit(struct zx_pipe *p) {
    sent(p);
}

void zx_pipe_flush(struct zx_pipe *p) {
    p->app.unflushed = 0;
    if (p->link)
        zx_link_kick(p->link, ZX_WORK_FLUSH, true);
}

/* ---- receiving ---- */

void zx_pipe_credit(struct zx_pipe *p) {
    if (p->link)
        zx_link_kick(p->link, ZX_WORK_RESUME, true);
    else if (p->peer)
        zx_pipe_post(p->peer, ZX_POST_CREDIT);
}

static void take_meta(struct zx_pipe *p, const struct zx_rec *rec) {
    meta_drop(p);
    memcpy(&p->app.meta, rec->data + 1, sizeof p->app.meta);
}

/* True if the pattern itself has to see this control record. */
static bool is_for_pattern(const struct zx_pipe *p, const struct zx_rec *rec) {
    if (!(p->sock->ops->flags & ZX_PATTERN_BACKGROUND))
        return false;
    return rec->flags & ZX_FRAME_COMMAND || rec->data[0] == ZX_NOTE_SUB ||
           rec->data[0] == ZX_NOTE_EPOCH;
}

/* Works off control records at the front; true if a record for the caller is there. */
static bool peek_control(struct zx_pipe *p, struct zx_rec *rec) {
    do {
        if (!(rec->flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE)) || is_for_pattern(p, rec))
            return true;
        if (rec->flags & ZX_FRAME_NOTE) {
            if (rec->data[0] == ZX_NOTE_META)
                take_meta(p, rec);
            else if (rec->data[0] == ZX_NOTE_END)
                p->app.ended = true;
            else
                zx_rec_release(rec, &p->sock->dead);
        }
        (void)zx_queue_consume(p->in, rec);
    } while (zx_queue_peek(p->in, rec));
    return false;
}

bool zx_pipe_peek(struct zx_pipe *p, struct zx_rec *rec) {
    if (!zx_queue_peek(p->in, rec)) {
        if (atomic_load_explicit(&p->post.cut, memory_order_acquire))
            p->app.ended = true;
        return false;
    }
    if (!(rec->flags & (ZX_FRAME_COMMAND | ZX_FRAME_NOTE)))
        return true;
    return peek_control(p, rec);
}

static struct zx_meta *lend_meta(struct zx_pipe *p) {
    if (!p->app.meta_spare) {
        zx_ref_add((struct zx_ref *)(void *)p->app.meta, META_AHEAD);
        p->app.meta_spare = META_AHEAD;
    }
    p->app.meta_spare--;
    return p->app.meta;
}

void zx_pipe_lend_meta(struct zx_pipe *p, struct zx_sink *sink) {
    if (sink->msg && p->app.meta && !sink->msg->meta)
        sink->msg->meta = lend_meta(p);
}

static int take_into_msg(struct zx_pipe *p, const struct zx_rec *rec, struct zx_msg *m) {
    struct zx_msg fresh;
    if (rec->flags & ZX_FRAME_REF) {
        zx_msg_init_ref(&fresh, (void *)(uintptr_t)rec->data, rec->size, rec->body);
    } else {
        int rc = zx_msg_init_size(&fresh, rec->size);
        if (rc)
            return rc;
        memcpy(zx_msg_data(&fresh), rec->data, rec->size);
    }
    if (p->app.meta)
        fresh.meta = lend_meta(p);
    if (rec->flags & ZX_FRAME_MORE)
        fresh.flags = ZX_MSG_MORE;
    if (m->kind == ZX_MSG_KIND_BODY) {
        /* Released after the unlock: its free function is the caller's code. */
        zx_dead_add(&p->sock->dead, m->u.ref.body);
        m->kind = ZX_MSG_KIND_INLINE;
    }
    zx_msg_close(m);
    *m = fresh;
    return 0;
}

/* The frame stays in its chunk until the reader comes back: credit given now might bring in
 * more and use the chunk again. */
static void lend(struct zx_pipe *p, const struct zx_rec *rec, struct zx_sink *sink) {
    struct zx_loan *loan = sink->loan;
    if (loan->body)
        zx_dead_add(&p->sock->dead, loan->body); /* of a frame that the pattern skipped */
    if (loan->owed)
        zx_pipe_credit(loan->owed);
    loan->data = rec->data;
    loan->body = rec->body;
    loan->is_const = rec->flags & ZX_FRAME_REF && !rec->body;
    sink->size = rec->size;
    sink->more = rec->flags & ZX_FRAME_MORE;
    loan->owed = zx_queue_consume(p->in, rec) ? p : NULL;
}

int zx_pipe_take(struct zx_pipe *p, struct zx_rec *rec, struct zx_sink *sink) {
    if (sink->msg) {
        if (sink->loan && rec->total) {
            lend(p, rec, sink);
            return 0;
        }
        int rc = take_into_msg(p, rec, sink->msg);
        if (rc)
            return rc;
    } else {
        size_t n = rec->size < sink->cap ? rec->size : sink->cap;
        if (n)
            memcpy(sink->buf, rec->data, n);
        if (rec->body)
            zx_dead_add(&p->sock->dead, rec->body);
    }
    sink->size = rec->size;
    sink->more = rec->flags & ZX_FRAME_MORE;
    if (zx_queue_consume(p->in, rec))
        zx_pipe_credit(p);
    return 0;
}

void zx_pipe_drop(struct zx_pipe *p, struct zx_rec *rec) {
    zx_rec_release(rec, &p->sock->dead);
    if (zx_queue_consume(p->in, rec))
        zx_pipe_credit(p);
}

int zx_pipe_recv_slow(struct zx_pipe *p, struct zx_sink *sink) {
    struct zx_rec rec;
    return zx_pipe_peek(p, &rec) ? zx_pipe_take(p, &rec, sink) : -EAGAIN;
}

/* The connecting side leaves: the binder's application hears of it, if it asked to. */
static void say_goodbye(struct zx_pipe *p) {
    const struct zx_pipe *b = p->peer;
    if (b->accepted && b->sock && b->sock->ops->flags & ZX_PATTERN_DISCONNECT_MSG &&
        b->conf->id.disconnect_msg.size)
        (void)zx_queue_write(p->out, b->conf->id.disconnect_msg.data,
                             b->conf->id.disconnect_msg.size, 0);
}

void zx_pipe_close(struct zx_pipe *p) {
    static const uint8_t end = ZX_NOTE_END;
    zx_queue_rollback(p->out);
    if (p->peer) {
        if (atomic_load_explicit(&p->post.joined, memory_order_acquire))
            say_goodbye(p);
        if (zx_queue_write(p->out, &end, 1, ZX_FRAME_NOTE))
            atomic_store_explicit(&p->peer->post.cut, true, memory_order_release);
        zx_queue_commit(p->out);
        zx_pipe_announce(p->peer);
        zx_pipe_post(p->peer, ZX_POST_LOST);
        if (p->sock && !atomic_load_explicit(&p->peer->post.sock, memory_order_acquire))
            zx_inproc_leave(p->sock->ctx->inproc, p->peer);
    }
}

void zx_pipe_abort(struct zx_pipe *p) {
    zx_pipe_close(p);
    if (p->link)
        zx_link_kick(p->link, ZX_WORK_ABORT, true);
}
