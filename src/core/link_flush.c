/* SPDX-License-Identifier: MIT */
/* From the out-queue to the kernel. */
#include <errno.h>
#include <string.h>

#include "base/msg.h"
#include "core/endpoint.h"
#include "core/link.h"
#include "core/pipe.h"
#include "core/socket.h"
#include "security/mechanism.h"
#include "zmtp/cmd_ping.h"
#include "zmtp/handshake.h"
#include "zmtp/seal.h"

enum { STRETCHES = 32, SEND_MAX = 1 << 18, ENCODE_MAX = 1 << 16, TURN_SENDS = 64 };
static const uint64_t MS = 1000000;

/* A whole frame into the control buffer, in the framing of the connection. */
int zx_link_ctrl_frame(struct zx_link *l, uint8_t flags, const uint8_t *body, size_t size) {
    uint8_t head[ZX_V1_HEADER_MAX];
    size_t n = 2;
    if (l->w.rx.seal)
        return zx_seal_frame(l->w.rx.seal, &(struct zx_mech_frame){flags, body, size}, &l->w.ctrl);
    if (l->w.framing == ZX_FRAMING_RAW) {
        n = 0;
    } else if (l->w.framing == ZX_FRAMING_V1) {
        n = zx_v1_header(head, size, flags & ZX_FRAME_MORE);
    } else if (size > 255) {
        head[0] = flags | ZX_FRAME_LONG;
        zx_put64(head + 1, size);
        n = 9;
    } else {
        head[0] = flags;
        head[1] = (uint8_t)size;
    }
    uint8_t *room = zx_buf_reserve(&l->w.ctrl, n + size);
    if (!room)
        return -ENOMEM;
    memcpy(room, head, n);
    if (size)
        memcpy(room + n, body, size);
    l->w.ctrl.tail += n + size;
    return 0;
}

void zx_link_update_interest(struct zx_link *l) {
    if (l->src.fd < 0 ||
        atomic_load_explicit(&l->state, memory_order_relaxed) == ZX_LINK_CONNECTING)
        return;
    /* Paused: edge-triggered with no other interest, or a reset peer would spin. */
    unsigned want = (l->w.paused ? ZX_POLL_EDGE : ZX_POLL_IN) | (l->w.want_out ? ZX_POLL_OUT : 0);
    (void)zx_reactor_interest(&l->src, want);
}

/* What the peer said last is read before the end, since it may say why (an ERROR): the alarm does
 * that at once. An error that is none of the connection's, such as a want of memory, would never
 * show in a read. */
static void opening_failed(struct zx_link *l, int err) {
    l->w.open_err = err;
    zx_link_alarm(l, ZX_ALARM_HANDSHAKE, 1);
}

static ptrdiff_t put(struct zx_link *l, const struct zx_iov *iov, size_t n) {
    if (l->w.stream)
        return l->w.stream->ops->sendv(l->w.stream, iov, n);
    return n == 1 ? zx_sock_send(l->src.fd, iov->base, iov->len) : zx_sock_sendv(l->src.fd, iov, n);
}

/* What a stream has taken and the kernel not yet. 0, -EAGAIN, negative. */
static int flush_stream(struct zx_link *l) {
    return zx_link_stream_has_output(l) ? l->w.stream->ops->flush(l->w.stream) : 0;
}

void zx_link_flush_handshake(struct zx_link *l) {
    for (;;) {
        size_t size;
        const uint8_t *data = zx_hs_output(l->w.hs, &size);
        ptrdiff_t n = flush_stream(l);
        if (!size && !n) {
            l->w.want_out = false;
            break;
        }
        if (!n)
            n = put(l, &(struct zx_iov){(void *)(uintptr_t)data, size}, 1);
        if (n < 0) {
            l->w.want_out = n == -EAGAIN;
            if (n != -EAGAIN)
                opening_failed(l, (int)-n);
            break;
        }
        zx_hs_output_taken(l->w.hs, (size_t)n);
    }
    zx_link_update_interest(l);
}

/* Patterns write frames in wire form; where traffic is sealed they go by way of `plain`. */
static struct zx_buf *ctrl_of(struct zx_link *l, struct zx_buf *plain) {
    return l->w.rx.seal ? plain : &l->w.ctrl;
}

static int seal_ctrl(struct zx_link *l, struct zx_buf *plain, int rc) {
    if (!rc && l->w.rx.seal)
        rc = zx_seal_frames(l->w.rx.seal, plain->data, zx_buf_size(plain), &l->w.ctrl);
    zx_buf_fini(plain);
    return rc;
}

/* Takes a note at the front of the out-queue; its wire form, if any, goes to ctrl. */
static int take_note(struct zx_link *l, struct zx_pipe *p) {
    struct zx_rec rec;
    if (!zx_queue_peek(p->out, &rec))
        return 0;
    if (rec.data[0] == ZX_NOTE_SUB && rec.size >= 6 && zx_get32(rec.data + 1) == p->epoch) {
        struct zx_buf plain = {0};
        int rc = l->sock->ops->link_note(l->sock, p, rec.data, rec.size, ctrl_of(l, &plain));
        rc = seal_ctrl(l, &plain, rc);
        if (rc)
            return rc;
    } else if (rec.data[0] == ZX_NOTE_END) {
        l->w.end_seen = true; /* STREAM: the application closed this connection */
    }
    zx_rec_release(&rec, l->w.dead);
    p->out->r.pos += rec.total;
    p->out->r.frame = p->out->r.pos;
    return 0;
}

/* Transforming framings: records become bytes in ctrl. */
static int encode(struct zx_link *l, struct zx_pipe *p, bool *credit) {
    struct zx_rec rec;
    while (zx_buf_size(&l->w.ctrl) < ENCODE_MAX && !l->w.end_seen && zx_queue_peek(p->out, &rec)) {
        if (rec.flags & ZX_FRAME_NOTE) {
            int rc = take_note(l, p);
            if (rc)
                return rc;
            continue;
        }
        if (zx_link_ctrl_frame(l, rec.flags & (ZX_FRAME_MORE | ZX_FRAME_COMMAND), rec.data,
                               rec.size))
            return -ENOMEM;
        if (rec.body)
            zx_dead_add(l->w.dead, rec.body);
        *credit |= zx_queue_consume_encoded(p->out, &rec);
    }
    return 0;
}

/* The same where a mechanism transforms: the queue's records, sealed into ctrl. */
static int seal_queue(struct zx_link *l, struct zx_pipe *p, bool *credit) {
    struct zx_seal_queue s = {.q = p->out, .dead = l->w.dead, .max = ENCODE_MAX};
    struct zx_rec rec;
    int rc = 0;
    while (!rc && zx_buf_size(&l->w.ctrl) < ENCODE_MAX && !l->w.end_seen &&
           zx_queue_peek(p->out, &rec))
        rc = rec.flags & ZX_FRAME_NOTE ? take_note(l, p)
                                       : zx_seal_queue(l->w.rx.seal, &s, &l->w.ctrl);
    *credit |= s.credit;
    return rc;
}

/* Fills g with what may go out now. Returns bytes of ctrl that lead it. */
static size_t collect(struct zx_link *l, struct zx_pipe *p, struct zx_gather *g) {
    size_t lead = zx_buf_size(&l->w.ctrl), rest = 0;
    if (lead && !l->w.ctrl_started && p)
        rest = zx_queue_frame_rest(p->out);
    if (!rest && lead) {
        g->out[g->n++] = (struct zx_stretch){l->w.ctrl.data + l->w.ctrl.head, lead};
        g->bytes = lead;
    }
    if (p && l->w.framing == ZX_FRAMING_DIRECT)
        (void)zx_queue_gather(p->out, g);
    if (!rest)
        return lead;
    /* Control bytes wait for the end of the frame that the kernel has half of. */
    size_t sum = 0;
    for (unsigned i = 0; i < g->n; i++) {
        if (sum + g->out[i].size > rest)
            g->out[i].size = rest - sum;
        sum += g->out[i].size;
    }
    g->bytes = sum;
    return 0;
}

static ptrdiff_t send_gathered(struct zx_link *l, const struct zx_gather *g) {
    if (g->n == 1 && !l->w.stream)
        return zx_sock_send(l->src.fd, g->out[0].data, g->out[0].size);
    struct zx_iov iov[STRETCHES];
    for (unsigned i = 0; i < g->n; i++)
        iov[i] = (struct zx_iov){(void *)(uintptr_t)g->out[i].data, g->out[i].size};
    return put(l, iov, g->n);
}

/* One write. 1: go on, 0: nothing left, negative: errno. */
static int send_once(struct zx_link *l, struct zx_pipe *p, bool *credit) {
    struct zx_stretch out[STRETCHES];
    struct zx_gather g = {.out = out, .max = STRETCHES, .max_bytes = SEND_MAX};
    size_t lead = collect(l, p, &g);
    if (!g.bytes)
        return flush_stream(l);
    ptrdiff_t n = send_gathered(l, &g);
    if (n < 0)
        return (int)n;
    size_t done = (size_t)n, of_ctrl = done < lead ? done : lead;
    if (of_ctrl) {
        zx_buf_consume(&l->w.ctrl, of_ctrl);
        l->w.ctrl_started = zx_buf_size(&l->w.ctrl) != 0;
    }
    if (done > of_ctrl)
        *credit |= zx_queue_sent(p->out, done - of_ctrl, l->w.dead);
    return 1;
}

/* Brings ctrl up to date: initial bytes, notes, encoded records. */
static int prepare(struct zx_link *l, struct zx_pipe *p, bool *credit) {
    while (l->w.more_initial && zx_buf_size(&l->w.ctrl) < ENCODE_MAX) {
        struct zx_buf plain = {0};
        l->w.more_initial = l->sock->ops->link_more(l->sock, p, ctrl_of(l, &plain));
        int rc = seal_ctrl(l, &plain, 0);
        if (rc)
            return rc;
    }
    if (l->w.more_initial)
        return 0;
    if (l->w.rx.seal)
        return seal_queue(l, p, credit);
    if (l->w.framing != ZX_FRAMING_DIRECT)
        return encode(l, p, credit);
    while (zx_buf_size(&l->w.ctrl) < ENCODE_MAX && zx_queue_has(p->out) && p->out->r.special &&
           !zx_queue_frame_rest(p->out) &&
           p->out->r.cur->data[p->out->r.pos] & ZX_FRAME_NOTE) {
        int rc = take_note(l, p);
        if (rc)
            return rc;
    }
    return 0;
}

/* All is written. With both ends in hand the queue starts again at its front and gives large
 * memory back. The I/O thread has but one end: it only tries the socket's lock, for this
 * alone, since otherwise a sender that rests would hold what its last burst took. */
static void rest_queue(struct zx_link *l, struct zx_pipe *p, bool owner) {
    const struct zx_chunk *c = p->out->r.cur;
    if ((l->w.framing != ZX_FRAMING_DIRECT && l->w.framing != ZX_FRAMING_DATAGRAMS) || !c)
        return;
    if (owner) {
        zx_queue_rewind(p->out, c->size <= ZX_QUEUE_KEEP);
    } else if (c->size > ZX_QUEUE_KEEP && zx_lock_try(&l->sock->lock)) {
        zx_queue_rewind(p->out, false);
        zx_lock_give(&l->sock->lock);
    }
}

static void flushed_all(struct zx_link *l, struct zx_pipe *p, bool owner) {
    rest_queue(l, p, owner);
    if (l->w.end_seen) {
        l->w.end_seen = false;
        l->w.closing = true; /* the application's own doing: no reconnect */
        if (!l->w.accepted)
            zx_endpoint_is_over(l->ep);
        zx_link_end(l, ZX_END_LOCAL, 0);
    } else if (l->w.closing) {
        zx_link_drained(l);
    }
}

static int flush_some(struct zx_link *l, struct zx_pipe *p, bool *credit) {
    if (l->w.framing == ZX_FRAMING_DATAGRAMS)
        return l->tp->datagrams->send(l, p, credit);
    int rc = prepare(l, p, credit);
    return rc ? rc : send_once(l, p, credit);
}

static void flush_ready(struct zx_link *l, bool owner) {
    struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
    bool credit = false;
    int rc = 0;
    for (int i = 0; i < TURN_SENDS; i++) {
        rc = flush_some(l, p, &credit);
        if (rc <= 0)
            break;
    }
    if (credit)
        zx_pipe_post(p, ZX_POST_CREDIT);
    l->w.want_out = rc == -EAGAIN || rc > 0;
    zx_link_update_interest(l);
    if (rc == 0)
        flushed_all(l, p, owner);
    else if (rc < 0 && rc != -EAGAIN) /* what the mechanism cannot take it will never take */
        zx_link_end(l, rc == -EMSGSIZE ? ZX_END_PROTOCOL : ZX_END_LOST, -rc);
}

/* The stream is not open yet, or the link is ending. */
static void open_further(struct zx_link *l, bool owner) {
    if (atomic_load_explicit(&l->state, memory_order_relaxed) == ZX_LINK_OPENING &&
        zx_link_open_stream(l, owner))
        zx_link_read(l, owner);
}

void zx_link_flush(struct zx_link *l, bool owner) {
    atomic_fetch_add_explicit(&l->dirty.flushes, 1, memory_order_relaxed);
    if (l->w.hs)
        zx_link_flush_handshake(l);
    else if (l->w.stream && !zx_link_is_ready(l))
        open_further(l, owner);
    else if (zx_link_is_ready(l))
        flush_ready(l, owner);
}

/* The kernel took n bytes of a message that never was in the queue. */
static void count_through(struct zx_link *l, struct zx_pipe *p) {
    struct zx_queue *q = p->out;
    q->w.written++;
    q->r.read++;
    if (--q->r.until_report == 0 && zx_queue_report(q))
        zx_pipe_post(p, ZX_POST_CREDIT);
    atomic_fetch_add_explicit(&l->dirty.flushes, 1, memory_order_relaxed);
}

static bool send_through(struct zx_link *l, struct zx_pipe *p, const void *data, size_t size) {
    uint8_t head[9] = {ZX_FRAME_LONG};
    zx_put64(head + 1, size);
    struct zx_iov iov[2] = {{head, sizeof head}, {(void *)(uintptr_t)data, size}};
    ptrdiff_t n = zx_sock_sendv(l->src.fd, iov, 2);
    if (n <= 0)
        return false; /* nothing went: the ordinary way finds out why */
    if ((size_t)n == sizeof head + size) {
        count_through(l, p);
        return true;
    }
    /* Half is out: there is no way back, the rest must be kept. The record stands for the
     * whole frame; what is gone of its body is never read again. */
    size_t gone = (size_t)n > sizeof head ? (size_t)n - sizeof head : 0;
    struct zx_body *body = zx_body_new(size - gone);
    const void *whole = NULL;
    if (body) {
        memcpy(body->data, (const uint8_t *)data + gone, size - gone);
        whole = (const void *)((uintptr_t)body->data - gone);
    }
    if (!body || zx_queue_write_ref(p->out, whole, size, body, 0)) {
        if (body)
            zx_body_unref(body, 1);
        zx_link_end(l, ZX_END_LOST, ENOMEM);
        return true;
    }
    zx_queue_commit(p->out);
    (void)zx_queue_has(p->out);
    p->out->r.ref_done = (size_t)n;
    l->w.want_out = true;
    zx_link_update_interest(l);
    return true;
}

bool zx_link_write_through(struct zx_link *l, struct zx_pipe *p, const void *data, size_t size) {
    bool done = false;
    if (!zx_link_is_ready(l) || !zx_link_try_hold(l))
        return false;
    if (zx_link_is_ready(l) && l->w.framing == ZX_FRAMING_DIRECT && !l->w.stream &&
        !l->w.want_out && !l->w.more_initial && !zx_buf_size(&l->w.ctrl) && !zx_queue_has(p->out) &&
        !p->out->w.in_message && !p->out->r.ref_done)
        done = send_through(l, p, data, size);
    zx_link_release(l, true);
    return done;
}

/* ---- heartbeats (ZMTP 3) ---- */

void zx_link_heartbeat_start(struct zx_link *l) {
    if (l->conf->timing.heartbeat_ivl_ms > 0 && l->conf->type != ZMQ_RADIO)
        zx_link_alarm(l, ZX_ALARM_PING,
                      zx_os_now_ns() + (uint64_t)l->conf->timing.heartbeat_ivl_ms * MS);
}

static void ping(struct zx_link *l, bool owner) {
    const struct zx_conf_timing *t = &l->conf->timing;
    struct zx_ping ping = {.ttl_ds = (uint16_t)t->heartbeat_ttl_ds};
    uint8_t body[ZX_PING_SIZE_MAX];
    uint64_t now = zx_os_now_ns();
    int timeout = t->heartbeat_timeout_ms < 0 ? t->heartbeat_ivl_ms : t->heartbeat_timeout_ms;
    if (l->w.stream)
        (void)l->w.stream->ops->ping(l->w.stream);
    else if (zx_buf_size(&l->w.ctrl) < ENCODE_MAX)
        (void)zx_link_ctrl_frame(l, ZX_FRAME_COMMAND, body,
                                 zx_ping_write(body, sizeof body, &ping));
    if (timeout > 0 && !l->w.paused && l->w.alarm_ns[ZX_ALARM_PONG] == UINT64_MAX)
        zx_link_alarm(l, ZX_ALARM_PONG, now + (uint64_t)timeout * MS);
    zx_link_alarm(l, ZX_ALARM_PING, now + (uint64_t)t->heartbeat_ivl_ms * MS);
    zx_link_flush(l, owner);
}

void zx_link_heartbeat(struct zx_link *l, enum zx_alarm which, bool owner) {
    if (which == ZX_ALARM_PING) {
        ping(l, owner);
        return;
    }
    /* What came in while nobody looked counts: read before giving the peer up. */
    zx_link_read(l, owner);
    if (zx_link_is_ready(l) && !l->w.paused && !l->w.heard.now)
        zx_link_end(l, ZX_END_TIMEOUT, ETIMEDOUT);
}
