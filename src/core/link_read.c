/* SPDX-License-Identifier: MIT */
/* From the kernel into the in-queue. */
#include <errno.h>
#include <string.h>

#include "base/msg.h"
#include "core/io.h"
#include "core/link.h"
#include "core/pipe.h"
#include "core/socket.h"
#include "security/mechanism.h"
#include "zmtp/cmd_join.h"
#include "zmtp/cmd_ping.h"
#include "zmtp/command.h"
#include "zmtp/handshake.h"

enum {
    TURN_BYTES = 1 << 20, /* at most so much per turn, so that no peer starves others */
    TURN_READS = 16,
    BACKLOG_MAX = 1 << 20,
    READ_COST = 256, /* memory that a small read may leave unused */
    SCRATCH = 4096,
    RAW_MAX = 65536
};

int zx_link_command(void *link, const uint8_t *body, size_t size) {
    struct zx_link *l = link;
    struct zx_membership member;
    struct zx_ping ping;
    uint8_t pong[ZX_PING_SIZE_MAX];
    l->w.heard.ttl_wanted_ns = 0;
    switch (zx_command_of(body, size, NULL)) {
    case ZX_COMMAND_PING:
        if (zx_ping_parse(body, size, &ping))
            return -EPROTO;
        if (zx_buf_size(&l->w.ctrl) < RAW_MAX) /* a peer that never reads gets no more */
            (void)zx_link_ctrl_frame(l, ZX_FRAME_COMMAND, pong,
                                     zx_pong_write(pong, sizeof pong, ping.context,
                                                   ping.context_size));
        if (ping.ttl_ds && l->w.alarm_ns[ZX_ALARM_TTL] == UINT64_MAX)
            l->w.heard.ttl_wanted_ns = (uint64_t)ping.ttl_ds * UINT64_C(100000000);
        return 0;
    case ZX_COMMAND_JOIN:
    case ZX_COMMAND_LEAVE:
        if (l->sock->ops->type == ZMQ_RADIO && zx_membership_parse(body, size, &member))
            return -EPROTO;
        return l->sock->ops->type == ZMQ_RADIO;
    case ZX_COMMAND_SUBSCRIBE:
    case ZX_COMMAND_CANCEL:
        return (l->sock->ops->flags & ZX_PATTERN_BACKGROUND) != 0;
    default:
        return 0;
    }
}

static int v1_body(struct zx_link *l, struct zx_queue *q, const uint8_t *data, size_t size) {
    struct zx_v1_decoder *d = l->w.v1;
    struct zx_buf *b = &l->w.held;
    if (zx_buf_append(b, data, size))
        return -ENOMEM;
    zx_v1_take(d, size);
    if (d->left)
        return 0;
    int rc = zx_queue_write(q, b->data + b->head, zx_buf_size(b), d->more ? ZX_FRAME_MORE : 0);
    zx_buf_consume(b, zx_buf_size(b));
    return rc;
}

static int v1_input(struct zx_link *l, struct zx_queue *q, const uint8_t *data, size_t size) {
    while (size) {
        size_t used = 0;
        int rc = zx_v1_decode(l->w.v1, data, size, &used);
        data += used;
        size -= used;
        if (rc < 0)
            return rc;
        if (rc == ZX_V1_MORE)
            return 0;
        if (l->w.v1->left > PTRDIFF_MAX / 2)
            return -EMSGSIZE; /* no memory can hold it */
        size_t n = l->w.v1->left < size ? (size_t)l->w.v1->left : size;
        rc = v1_body(l, q, data, n);
        if (rc)
            return rc;
        data += n;
        size -= n;
    }
    return 0;
}

/* What the peer sent cannot be. Of a sealed stream the monitor hears why. */
static void traffic_failed(struct zx_link *l, int rc) {
    const struct zx_mechanism *m = l->w.rx.seal;
    if (m && m->status == ZX_MECH_FAILED && m->error.kind == ZX_HS_ERROR_PROTOCOL)
        zx_link_event(l, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, m->error.value);
    zx_link_end(l, rc == -ENOMEM ? ZX_END_LOST : ZX_END_PROTOCOL, -rc);
}

/* Traffic in a buffer: left over from the handshake, or read for a transforming framing. */
int zx_link_traffic(struct zx_link *l, const uint8_t *data, size_t size) {
    struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
    int rc;
    switch (l->w.framing) {
    case ZX_FRAMING_V1:
        rc = v1_input(l, p->in, data, size);
        break;
    case ZX_FRAMING_RAW:
        rc = zx_queue_write(p->in, data, size, 0);
        break;
    default:
        rc = zx_v3_feed(&l->w.rx, p->in, data, size);
        break;
    }
    zx_queue_commit(p->in);
    zx_pipe_announce(p);
    if (rc)
        traffic_failed(l, rc);
    return rc;
}

/* End of stream or an error of the descriptor; or what stands before it was not understood. */
static void stream_ended(struct zx_link *l, ptrdiff_t n) {
    if (l->w.stream && (n == -EPROTO || n == -EMSGSIZE)) {
        zx_link_event(l, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED);
        traffic_failed(l, (int)n);
        return;
    }
    zx_link_end(l, ZX_END_LOST, n == 0 ? EPIPE : (int)-n);
}

static void heard(struct zx_link *l, ptrdiff_t n) {
    l->w.heard.backlog += (uint32_t)n + READ_COST;
    l->w.heard.now = true;
    l->w.alarm_ns[ZX_ALARM_PONG] = UINT64_MAX;
    l->w.alarm_ns[ZX_ALARM_TTL] = UINT64_MAX;
}

static ptrdiff_t get(struct zx_link *l, void *buf, size_t size) {
    return l->w.stream ? l->w.stream->ops->recv(l->w.stream, buf, size)
                       : zx_sock_recv(l->src.fd, buf, size);
}

/* There is more, though the descriptor need not become readable for it. */
static bool has_input(const struct zx_link *l) {
    return l->w.stream && l->w.stream->has_input;
}

/* Reads into a scratch buffer: handshake, transforming framings, bytes to be dropped. */
static ptrdiff_t read_scratch(struct zx_link *l, bool owner) {
    uint8_t buf[SCRATCH * 2];
    size_t max = l->conf->id.raw && (size_t)l->conf->queue.in_batch_bytes < sizeof buf
                     ? (size_t)l->conf->queue.in_batch_bytes
                     : sizeof buf;
    ptrdiff_t n = get(l, buf, max);
    if (n <= 0) {
        if (n != -EAGAIN)
            stream_ended(l, n);
        return 0;
    }
    unsigned st = atomic_load_explicit(&l->state, memory_order_relaxed);
    if (st == ZX_LINK_OPENING) {
        int rc = zx_link_handshake_input(l, buf, (size_t)n, owner);
        if (l->conf->security.mechanism != ZX_MECH_NULL)
            zx_wipe(buf, (size_t)n); /* passwords do not stay on the stack */
        if (rc)
            return 0;
    } else if (st == ZX_LINK_READY && !l->w.closing) {
        heard(l, n);
        if (zx_link_traffic(l, buf, (size_t)n))
            return 0;
    }
    return n == (ptrdiff_t)max || has_input(l) ? n : 0;
}

/* Heartbeats are suspended meanwhile, since what the peer says is not heard. */
static void pause_reading(struct zx_link *l) {
    l->w.paused = true;
    l->w.alarm_ns[ZX_ALARM_PONG] = UINT64_MAX;
    l->w.alarm_ns[ZX_ALARM_TTL] = UINT64_MAX;
}

/* A publisher's input is not counted, and its application need never call: beyond a limit it
 * is worked off by the I/O thread. The owner, who is in a call, does so himself. An XPUB that has
 * its fill gives credit when it takes more: it clears `held`, then kicks. */
static bool is_crowded(struct zx_link *l, struct zx_pipe *p, bool owner) {
    if (!(l->sock->ops->flags & ZX_PATTERN_BACKGROUND))
        return false;
    if (atomic_load_explicit(&p->post.held, memory_order_acquire)) {
        pause_reading(l);
        return true;
    }
    if (!atomic_load_explicit(&p->post.listed, memory_order_relaxed))
        l->w.heard.backlog = 0; /* its reader has found it empty */
    if (l->w.heard.backlog < BACKLOG_MAX)
        return false;
    if (!owner) {
        pause_reading(l);
        atomic_store_explicit(&l->crowded, true, memory_order_release);
        zx_timer_set(&l->src, 1);
    }
    return true;
}

/* Enough is queued: stop reading until credit comes. */
static bool is_full(struct zx_link *l, struct zx_pipe *p, bool owner) {
    if (is_crowded(l, p, owner))
        return true;
    if (zx_queue_can_write(p->in))
        return false;
    pause_reading(l);
    return true;
}

static ptrdiff_t recv_pieces(struct zx_link *l, const struct zx_v3_piece *piece, int n) {
    if (n == 1 || l->w.stream)
        return get(l, piece[0].base, piece[0].len);
    struct zx_iov iov[ZX_V3_PIECES];
    for (int i = 0; i < n; i++)
        iov[i] = (struct zx_iov){piece[i].base, piece[i].len};
    return zx_sock_recvv(l->src.fd, iov, (size_t)n);
}

/* One read straight into the queue. Bytes if more may be there, else 0. */
static ptrdiff_t read_direct(struct zx_link *l, struct zx_pipe *p, bool owner) {
    struct zx_v3_piece piece[ZX_V3_PIECES];
    struct zx_queue *q = p->in;
    if (owner && !l->w.rx.fill && !l->w.rx.body)
        zx_queue_rewind(q, true);
    int n = zx_v3_room(&l->w.rx, q, ZX_QUEUE_CHUNK_MAX, piece);
    if (n < 0) {
        zx_link_end(l, ZX_END_LOST, -n);
        return 0;
    }
    size_t room = 0;
    for (int i = 0; i < n; i++)
        room += piece[i].len;
    ptrdiff_t got = recv_pieces(l, piece, n);
    if (got <= 0) {
        if (got != -EAGAIN)
            stream_ended(l, got);
        return 0;
    }
    heard(l, got);
    int rc = zx_v3_parse(&l->w.rx, q, (size_t)got);
    zx_queue_commit(q);
    zx_pipe_announce(p);
    if (rc) {
        traffic_failed(l, rc);
        return 0;
    }
    /* The owner has what it waits for: it comes back when that is consumed. */
    return ((size_t)got == room && !(owner && zx_queue_has(q))) || has_input(l) ? got : 0;
}

void zx_link_slim(struct zx_link *l, struct zx_pipe *p) {
    if (!l->w.rx.fill && !l->w.rx.body)
        zx_queue_rewind(p->in, false);
}

static void after_read(struct zx_link *l, bool owner) {
    /* Whatever came behind the PING has stopped its clock already. */
    if (l->w.heard.ttl_wanted_ns && l->w.rx.command_end) {
        zx_link_alarm(l, ZX_ALARM_TTL, zx_os_now_ns() + l->w.heard.ttl_wanted_ns);
    }
    l->w.heard.ttl_wanted_ns = 0;
    if (l->w.stream && l->w.stream->heard) {
        heard(l, 0); /* a Pong is no byte of traffic */
        l->w.stream->heard = false;
    }
    if (zx_buf_size(&l->w.ctrl) || zx_link_stream_has_output(l))
        zx_link_flush(l, owner);
}

static bool is_direct(const struct zx_link *l) {
    return l->w.framing == ZX_FRAMING_DIRECT || l->w.framing == ZX_FRAMING_SLOT ||
           l->w.framing == ZX_FRAMING_SEALED;
}

void zx_link_read(struct zx_link *l, bool owner) {
    size_t total = 0;
    l->w.paused = l->w.heard.now = false;
    for (int reads = 0; (reads < TURN_READS && total < TURN_BYTES) || has_input(l); reads++) {
        unsigned st = atomic_load_explicit(&l->state, memory_order_relaxed);
        struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
        ptrdiff_t n;
        if (st == ZX_LINK_READY && !l->w.closing) {
            if (is_full(l, p, owner))
                break;
            if (l->w.framing == ZX_FRAMING_DATAGRAMS)
                n = l->tp->datagrams->recv(l, p, owner);
            else
                n = is_direct(l) ? read_direct(l, p, owner) : read_scratch(l, owner);
        } else if (l->w.framing == ZX_FRAMING_DATAGRAMS) {
            l->w.paused = true; /* it closes: nobody wants them any more */
            break;
        } else if (st == ZX_LINK_OPENING && l->w.stream && !l->w.hs) {
            n = zx_link_open_stream(l, owner);
        } else if (st == ZX_LINK_OPENING && zx_buf_size(&l->w.held)) {
            l->w.paused = true; /* until ZAP answers */
            break;
        } else if (st == ZX_LINK_OPENING || st == ZX_LINK_READY || st == ZX_LINK_DRAINING) {
            n = read_scratch(l, owner);
        } else {
            return;
        }
        if (n <= 0)
            break;
        total += (size_t)n;
    }
    if (zx_link_is_ready(l))
        after_read(l, owner);
    else if (l->w.hs && zx_link_stream_has_output(l))
        zx_link_flush_handshake(l); /* a Pong need not wait for the handshake to go on */
    zx_link_update_interest(l);
}
