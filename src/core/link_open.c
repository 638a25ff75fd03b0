/* SPDX-License-Identifier: MIT */
/* The opening of a connection: greeting, handshake, and the pipe it ends in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/background.h"
#include "core/endpoint.h"
#include "core/link.h"
#include "core/pipe.h"
#include "core/socket.h"
#include "core/zap.h"
#include "security/mechanism.h"
#include "zmtp/handshake.h"
#include "zmtp/metadata.h"

static const uint64_t MS = 1000000;

static int hs_start(struct zx_link *l) {
    const struct zx_conf *c = l->conf;
    unsigned flags = l->sock->ops->flags;
    const struct zx_mechanism_ops *mechanism =
        zx_mechanism_by_number((int)c->security.mechanism);
    if (!mechanism)
        return -ENOTSUP; /* its options are refused where it is absent: cannot happen */
    struct zx_hs_conf hc = {
        .socket_type = c->type,
        .mechanism = mechanism,
        .settings = &c->security,
        .zap_domain = c->security.zap_domain.size != 0,
        .zap_enforce = c->security.zap_enforce,
        .routing_id = c->id.routing_id.data,
        .routing_id_size = c->id.routing_id.size,
        .extra_meta = c->id.metadata.data,
        .extra_meta_size = c->id.metadata.size,
        .as_server = c->security.as_server,
        .refuse_old = c->security.mechanism != ZX_MECH_NULL || c->security.zap_domain.size,
        /* Only an accepted connection may wait for its peer's READY: two of ours that both
         * waited would do so for ever. */
        .hold = l->w.accepted && flags & (ZX_PATTERN_RECV_ID | ZX_PATTERN_SINGLE_PEER),
        .skip_greeting = l->w.stream != NULL,
        .bare = l->w.stream && l->w.stream->is_bare,
    };
    return zx_hs_init(&l->w.hs, &hc);
}

static int new_stream(struct zx_link *l) {
    struct zx_stream_place where = {l->conf, l->ep->address, l->src.fd, l->w.accepted,
                                    l->w.dial ? &l->w.dial->stream_memory : NULL};
    return l->tp->open_stream(&where, &l->w.stream);
}

void zx_link_close_stream(struct zx_link *l, int err) {
    struct zx_stream *s = l->w.stream;
    if (!s)
        return;
    l->w.stream = NULL;
    s->ops->bye(s, err);
    s->ops->free(s);
}

/* Refused and distrusted are for today: another server or certificate may be there tomorrow. */
static void stream_failed(struct zx_link *l, int rc) {
    enum zx_end why = rc == -EPROTO                    ? ZX_END_PROTOCOL
                      : rc == -EAGAIN || rc == -EACCES ? ZX_END_LATER
                                                       : ZX_END_LOST;
    if (rc == -EACCES)
        zx_link_event(l, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EACCES);
    else if (why != ZX_END_LOST)
        zx_link_event(l, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED);
    zx_link_end(l, why, -rc);
}

bool zx_link_open_stream(struct zx_link *l, bool owner) {
    int rc = l->w.stream->ops->open(l->w.stream);
    l->w.want_out = l->w.stream->has_output;
    if (!rc) {
        zx_link_update_interest(l);
        return false;
    }
    if (rc > 0)
        rc = hs_start(l);
    if (rc) {
        stream_failed(l, rc);
        return false;
    }
    /* Nothing was said yet, but the mechanism may begin, or want ZAP at once. */
    return !zx_link_handshake_input(l, NULL, 0, owner);
}

void zx_link_open(struct zx_link *l) {
    zx_link_set_state(l, ZX_LINK_OPENING);
    l->w.version = ZX_ZMTP_UNKNOWN;
    if (l->conf->id.raw) {
        l->w.framing = ZX_FRAMING_RAW;
        zx_link_ready(l, false);
        return;
    }
    if (l->carrier) { /* many peers, who never answer */
        l->w.version = ZX_ZMTP_UNVERSIONED;
        zx_link_ready(l, false);
        return;
    }
    int rc = l->tp->open_stream ? new_stream(l) : hs_start(l);
    if (rc) {
        zx_link_end(l, ZX_END_LOST, -rc);
        return;
    }
    if (l->conf->timing.handshake_ivl_ms > 0)
        zx_link_alarm(l, ZX_ALARM_HANDSHAKE,
                      zx_os_now_ns() + (uint64_t)l->conf->timing.handshake_ivl_ms * MS);
    zx_link_flush(l, false);
}

static void protocol_event(struct zx_link *l) {
    struct zx_hs_error e = zx_hs_error(l->w.hs);
    static const unsigned event[] = {
        [ZX_HS_ERROR_NO_DETAIL] = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL,
        [ZX_HS_ERROR_PROTOCOL] = ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL,
        [ZX_HS_ERROR_AUTH] = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
    };
    if (e.kind != ZX_HS_ERROR_NONE)
        zx_link_event(l, event[e.kind], e.value);
}

/* The pipe of an accepted connection, or of an IMMEDIATE one. */
static struct zx_pipe *make_pipe(struct zx_link *l) {
    struct zx_pipe *p = zx_pipe_new(l->sock, l->conf);
    if (!p)
        return NULL;
    p->accepted = l->w.accepted;
    p->link = l;
    zx_source_ref(&l->src);
    atomic_store_explicit(&l->pipe, p, memory_order_release);
    return p;
}

static void take_peer_id(struct zx_link *l, struct zx_pipe *p) {
    size_t n;
    const uint8_t *id = zx_hs_routing_id(l->w.hs, &n);
    if (!n || n > sizeof p->id || p->id_size)
        return; /* the id learnt first is kept across reconnects */
    memcpy(p->id, id, n);
    p->id_size = (uint8_t)n;
}

/* HOLD: the peer is known; takes its place or id before it hears our READY. */
static int decide(struct zx_link *l) {
    struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
    if (!p && !(p = make_pipe(l)))
        return zx_hs_refuse(l->w.hs);
    take_peer_id(l, p);
    if (!zx_socket_register(l->sock, p))
        return zx_hs_accept(l->w.hs);
    zx_link_forget_pipe(l);
    return zx_hs_refuse(l->w.hs);
}

/* A refused pipe was never posted: it goes without a word to the socket. */
void zx_link_forget_pipe(struct zx_link *l) {
    struct zx_pipe *p = atomic_exchange_explicit(&l->pipe, NULL, memory_order_acq_rel);
    if (p)
        zx_pipe_unref_locked(p, l->w.dead);
}

static void put_meta(struct zx_link *l, struct zx_pipe *p) {
    struct zx_meta *meta = NULL;
    char peer[ZX_PEER_TEXT_MAX] = "";
    l->tp->peer_text(l->src.fd, peer, sizeof peer);
    const char *text = peer[0] ? peer : NULL;
    if (l->w.hs) {
        if (zx_hs_meta(l->w.hs, text, l->src.fd, &meta))
            return;
    } else {
        struct zx_meta_source source = {.peer_address = text, .fd = l->src.fd};
        if (zx_meta_new(&meta, &source))
            return;
    }
    uint8_t note[1 + sizeof meta] = {ZX_NOTE_META};
    memcpy(note + 1, &meta, sizeof meta);
    if (zx_queue_write(p->in, note, sizeof note, ZX_FRAME_NOTE))
        zx_meta_unref(meta);
    else
        zx_queue_commit(p->in);
}

static enum zx_framing choose_framing(const struct zx_link *l, const struct zx_pipe *p,
                                      const struct zx_mechanism *seal) {
    if (l->conf->id.raw)
        return ZX_FRAMING_RAW;
    if (l->w.version == ZX_ZMTP_UNVERSIONED || l->w.version == ZX_ZMTP_REV0)
        return ZX_FRAMING_V1;
    if (seal)
        return ZX_FRAMING_SEALED;
    return p->out->sh.conflate ? ZX_FRAMING_SLOT : ZX_FRAMING_DIRECT;
}

/* MAXMSGSIZE is about what the application gets, not about what encloses it. */
static int64_t max_frame(const struct zx_link *l, const struct zx_mechanism *seal) {
    int64_t max = l->conf->queue.maxmsgsize;
    int64_t overhead = seal ? (int64_t)seal->ops->overhead : 0;
    return max < 0 || max > INT64_MAX - overhead ? max : max + overhead;
}

static int prepare_framing(struct zx_link *l, struct zx_pipe *p) {
    struct zx_mechanism *seal = l->w.hs ? zx_hs_take_mechanism(l->w.hs) : NULL;
    l->w.framing = (uint8_t)choose_framing(l, p, seal);
    bool any = l->sock->ops->link_frame == zx_pattern_link_frame_any;
    struct zx_v3_hooks hooks = {zx_link_command, any ? NULL : l->sock->ops->link_frame, l};
    zx_v3_init(&l->w.rx, &hooks, max_frame(l, seal), l->w.version >= ZX_ZMTP_3_0);
    l->w.rx.seal = seal;
    if (l->w.stream)
        l->w.stream->max_frame = max_frame(l, seal);
    if (l->w.framing != ZX_FRAMING_V1)
        return 0;
    l->w.v1 = calloc(1, sizeof *l->w.v1);
    if (!l->w.v1)
        return -ENOMEM;
    zx_v1_decoder_init(l->w.v1, l->conf->queue.maxmsgsize);
    return 0;
}

/* What goes out before anything else on each connection. */
static void greet(struct zx_link *l, struct zx_pipe *p) {
    const struct zx_blob *hello = &l->conf->id.hello_msg;
    if (hello->size && l->sock->ops->flags & ZX_PATTERN_HELLO_MSG)
        (void)zx_link_ctrl_frame(l, 0, hello->data, hello->size);
    if (l->conf->id.router_notify & ZMQ_NOTIFY_CONNECT ||
        (l->w.framing == ZX_FRAMING_RAW && l->conf->id.stream_notify)) {
        if (!zx_queue_write(p->in, NULL, 0, 0))
            zx_queue_commit(p->in);
        l->w.raw_notified = true;
    }
    l->sock->ops->link_ready(l->sock, p, l->w.version);
    l->w.more_initial = true;
}

/* An unversioned peer sends no subscriptions: it gets everything. So do those whom a carrier
 * reaches. */
static int subscribe_all(struct zx_link *l, struct zx_pipe *p) {
    static const uint8_t all = 1;
    bool wanted = l->carrier ? (l->sock->ops->flags & ZX_PATTERN_BACKGROUND) != 0
                             : l->w.hs && zx_hs_subscribe_all(l->w.hs);
    int rc = wanted ? zx_queue_write(p->in, &all, 1, 0) : 0;
    if (wanted && !rc)
        zx_queue_commit(p->in);
    return rc;
}

/* What the kernel did not take of our READY goes before everything else. */
static int keep_unsent(struct zx_link *l) {
    size_t size = 0;
    const uint8_t *data = l->w.hs ? zx_hs_output(l->w.hs, &size) : NULL;
    if (!size)
        return 0;
    l->w.ctrl_started = true;
    return zx_buf_append(&l->w.ctrl, data, size);
}

void zx_link_ready(struct zx_link *l, bool owner) {
    struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
    bool fresh = !p || l->w.accepted;
    if (!p && !(p = make_pipe(l))) {
        zx_link_end(l, ZX_END_LOST, ENOMEM);
        return;
    }
    if (l->w.hs) {
        l->w.version = zx_hs_version(l->w.hs);
        take_peer_id(l, p);
    }
    int rc = zx_socket_register(l->sock, p);
    if (rc == -ENOMEM) {
        if (fresh)
            zx_link_forget_pipe(l);
        zx_link_end(l, ZX_END_LOST, ENOMEM);
        return;
    }
    if (rc) {
        /* Only an identity that could not be held back (connecting side, old peers). */
        if (fresh)
            zx_link_forget_pipe(l);
        zx_link_event(l, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZX_PERR_ZMTP_INVALID_METADATA);
        zx_link_end(l, ZX_END_TIMEOUT, EPIPE);
        return;
    }
    if (prepare_framing(l, p)) {
        zx_link_end(l, ZX_END_LOST, ENOMEM);
        return;
    }
    put_meta(l, p);
    if (subscribe_all(l, p) || keep_unsent(l)) {
        zx_link_end(l, ZX_END_LOST, ENOMEM);
        return;
    }
    zx_hs_free(&l->w.hs);
    l->w.alarm_ns[ZX_ALARM_HANDSHAKE] = UINT64_MAX;
    l->w.succeeded = true;
    zx_link_set_state(l, ZX_LINK_READY);
    if (l->w.accepted)
        zx_endpoint_opened(l->ep, l);
    else
        l->w.dial->refusals = 0;
    greet(l, p);
    zx_pipe_announce(p);
    /* Before the event: who waits for it finds the peer at his next call. */
    if (fresh)
        zx_pipe_post(p, ZX_POST_ATTACH | ZX_POST_READABLE);
    if (l->w.version >= ZX_ZMTP_3_0 || l->w.stream) {
        zx_link_event(l, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        zx_link_heartbeat_start(l);
    }
    if (l->w.closing && !zx_link_has_output(l))
        zx_link_drained(l);
    else
        zx_link_flush(l, owner);
}

/* ---- steering the handshake ---- */

struct input {
    const uint8_t *data;
    size_t size, used;
};

static int feed(struct zx_link *l, struct input *in) {
    size_t n = 0;
    int rc = zx_hs_input(l->w.hs, in->data + in->used, in->size - in->used, &n);
    in->used += n;
    return rc;
}

/* ZAP is to be asked. WAIT_ZAP: it was, or already had been. */
static int ask(struct zx_link *l) {
    static const struct zx_zap_reply nobody; /* status 0 */
    if (l->w.asked.zap)
        return ZX_HS_WAIT_ZAP;
    int rc = zx_zap_ask(l);
    if (rc == -ECONNREFUSED)
        return zx_hs_zap_reply(l->w.hs, &nobody);
    return rc ? rc : ZX_HS_WAIT_ZAP;
}

/* A step is due that may wait for others. WAIT_WORK: it is under way. */
static int hand_out(struct zx_link *l) {
    struct zx_mech_work *work = zx_hs_take_work(l->w.hs);
    int rc = work ? zx_background_step(l, work, &l->w.asked.job) : -EINVAL;
    return rc ? -ENOMEM : ZX_HS_WAIT_WORK;
}

/* Answers what the handshake asks for until it waits, is done or has failed. */
static int steer(struct zx_link *l, int rc, struct input *in) {
    for (;;) {
        if (rc == ZX_HS_HOLD)
            rc = decide(l);
        else if (rc == ZX_HS_WAIT_ZAP && !l->w.asked.zap)
            rc = ask(l);
        else if (rc == ZX_HS_WAIT_WORK && !l->w.asked.job)
            rc = hand_out(l);
        else if (rc == ZX_HS_MORE && in->used < in->size)
            rc = feed(l, in);
        else
            return rc;
    }
}

/* A refusal that may be another tomorrow: ZAP said "later", or there was no handler. */
static bool is_temporary(const struct zx_link *l, int rc) {
    struct zx_hs_error e = zx_hs_error(l->w.hs);
    return rc == -EACCES && (e.kind == ZX_HS_ERROR_NO_DETAIL || e.value == 300);
}

static void failed(struct zx_link *l, int rc) {
    enum zx_end why = is_temporary(l, rc) ? ZX_END_LATER : ZX_END_PROTOCOL;
    if (rc == -ENOMEM || rc == -EPIPE)
        why = ZX_END_LOST;
    protocol_event(l);
    zx_link_end(l, why, rc == -EPIPE ? EFAULT : ENOMEM);
}

/* The handshake moved to rc. 0, or negative if the connection is over. */
static int settle(struct zx_link *l, int rc, struct input *in, bool owner) {
    rc = steer(l, rc, in);
    zx_link_flush_handshake(l);
    bool waits = rc == ZX_HS_WAIT_ZAP || rc == ZX_HS_WAIT_WORK;
    if (waits && in->used < in->size &&
        zx_buf_append(&l->w.held, in->data + in->used, in->size - in->used))
        rc = -ENOMEM;
    if (rc < 0) {
        failed(l, rc);
        return rc;
    }
    if (rc != ZX_HS_DONE)
        return 0;
    zx_link_ready(l, owner);
    if (atomic_load_explicit(&l->state, memory_order_relaxed) != ZX_LINK_READY)
        return -EPROTO;
    return in->size > in->used ? zx_link_traffic(l, in->data + in->used, in->size - in->used) : 0;
}

/* Feeds received bytes to the handshake; what is left over is traffic. */
int zx_link_handshake_input(struct zx_link *l, const uint8_t *data, size_t size, bool owner) {
    struct input in = {data, size, 0};
    int rc = feed(l, &in);
    return settle(l, rc, &in, owner);
}

/* What was waited for is there; what came in meanwhile goes on with it. */
static void go_on(struct zx_link *l, int rc, bool owner) {
    struct zx_buf held = l->w.held;
    l->w.held = (struct zx_buf){0};
    struct input in = {held.data + held.head, zx_buf_size(&held), 0};
    rc = settle(l, rc, &in, owner);
    zx_buf_fini(&held);
    if (!rc)
        zx_link_read(l, owner); /* it may have been left alone meanwhile */
}

/* Mail from the ZAP handler: an answer, or its end. */
void zx_link_on_zap(struct zx_link *l, bool owner) {
    if (!l->w.asked.zap)
        return;
    int rc = zx_zap_take(l);
    if (rc != -EAGAIN)
        go_on(l, rc, owner);
}

/* A helper thread is done with a step of the mechanism, perhaps with one of a connection before. */
void zx_link_on_step(struct zx_link *l, bool owner) {
    if (!l->w.asked.job || !l->w.hs)
        return;
    struct zx_mech_work *work = zx_background_take_step(&l->w.asked.job);
    if (work)
        go_on(l, zx_hs_give_work(l->w.hs, work), owner);
}
