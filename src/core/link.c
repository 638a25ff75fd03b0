/* SPDX-License-Identifier: MIT */
/* The link's word, its making and unmaking, its alarms. */
#include "core/link.h"

#include <errno.h>
#include <stdlib.h>

#include "core/background.h"
#include "core/endpoint.h"
#include "core/io.h"
#include "core/monitor.h"
#include "core/pipe.h"
#include "core/shards.h"
#include "core/socket.h"
#include "core/zap.h"
#include "security/mechanism.h"
#include "zmtp/handshake.h"

static void on_event(struct zx_source *src, unsigned events, bool owner) {
    unsigned bits = 0;
    if (events & (ZX_POLL_IN | ZX_POLL_ERR))
        bits |= ZX_WORK_READ;
    if (events & ZX_POLL_OUT)
        bits |= ZX_WORK_WRITABLE;
    /* Connecting: any event means that connect() has an outcome. */
    zx_link_kick((struct zx_link *)(void *)src, bits, owner);
}

static void on_timer(struct zx_source *src) {
    struct zx_link *l = (struct zx_link *)(void *)src;
    unsigned bits = ZX_WORK_TIMER;
    /* Without the word: here a thread may wait for the socket's lock. */
    if (atomic_exchange_explicit(&l->crowded, false, memory_order_acq_rel)) {
        zx_socket_relieve(l->sock);
        bits |= ZX_WORK_RESUME;
    }
    zx_link_kick(l, bits, false);
}

static void link_free(struct zx_source *src) {
    struct zx_link *l = (struct zx_link *)(void *)src;
    struct zx_socket *s = l->sock;
    zx_link_close_tunnel(l);
    if (l->w.dial) {
        free(l->w.dial->addrs);
        free(l->w.dial);
    }
    free(l->own);
    zx_buf_fini(&l->w.held);
    zx_buf_fini(&l->w.ctrl);
    zx_timer_unreserve(l->src.reactor->io);
    zx_reactor_unref(l->src.reactor);
    if (l->carrier)
        l->tp->release(l->carrier);
    zx_conf_unref(l->conf);
    zx_endpoint_unref(l->ep);
    free(l);
    zx_socket_slot_unref(s);
}

static const struct zx_source_ops link_source = {on_event, on_timer, link_free};

static struct zx_link *link_new(struct zx_endpoint *ep, struct zx_conf *conf) {
    struct zx_link *l = aligned_alloc(64, (sizeof *l + 63) / 64 * 64);
    struct zx_reactor *r = l ? zx_shards_choose(ep->sock, conf->queue.affinity) : NULL;
    if (!r || zx_timer_reserve(r->io)) {
        free(l);
        return NULL;
    }
    memset(l, 0, sizeof *l);
    l->src.ops = &link_source;
    atomic_init(&l->src.refs, 1);
    l->src.fd = -1;
    l->src.reactor = r;
    zx_reactor_ref(l->src.reactor);
    l->sock = ep->sock;
    zx_socket_slot_ref(l->sock);
    l->ep = ep;
    zx_endpoint_ref(ep);
    l->conf = zx_conf_ref(conf);
    l->tp = ep->tp;
    for (int i = 0; i < ZX_ALARM_COUNT; i++)
        l->w.alarm_ns[i] = UINT64_MAX;
    return l;
}

int zx_link_new_dial(struct zx_endpoint *ep, struct zx_pipe *pipe, struct zx_link **out) {
    struct zx_dial *dial = calloc(1, sizeof *dial);
    struct zx_link *l = dial ? link_new(ep, ep->conf) : NULL;
    if (!l) {
        free(dial);
        return -ENOMEM;
    }
    (void)zx_os_random(&dial->rng, sizeof dial->rng);
    dial->rng |= 1;
    l->w.dial = dial;
    atomic_init(&l->state, ZX_LINK_WAITING);
    if (pipe) {
        zx_pipe_ref(pipe);
        atomic_init(&l->pipe, pipe);
        pipe->link = l;
        zx_source_ref(&l->src);
    }
    *out = l;
    return 0;
}

int zx_link_new_datagrams(struct zx_endpoint *ep, struct zx_pipe *pipe, char *text,
                          struct zx_link **out) {
    struct zx_link *l = link_new(ep, ep->conf);
    if (!l)
        return -ENOMEM;
    int rc = l->tp->datagrams->open(ep, &l->own, text, ZX_ENDPOINT_MAX);
    if (rc >= 0) {
        l->src.fd = rc;
        l->w.framing = ZX_FRAMING_DATAGRAMS;
        atomic_init(&l->state, ZX_LINK_READY);
        zx_pipe_ref(pipe);
        atomic_init(&l->pipe, pipe);
        pipe->link = l;
        zx_source_ref(&l->src);
        *out = l;
        rc = zx_reactor_add(l->src.reactor, &l->src, ZX_POLL_IN);
        if (!rc)
            return 0;
        zx_sock_close(l->src.fd);
        l->src.fd = -1;
        zx_link_finish(l);
    }
    zx_source_unref(&l->src);
    return rc;
}

int zx_link_new_accepted(struct zx_endpoint *ep, int fd, struct zx_link **out) {
    struct zx_link *l = link_new(ep, ep->conf);
    if (!l)
        return -ENOMEM;
    l->w.accepted = true;
    l->src.fd = fd;
    atomic_init(&l->state, ZX_LINK_OPENING);
    *out = l;
    return 0;
}

void zx_link_set_state(struct zx_link *l, enum zx_link_state st) {
    atomic_store_explicit(&l->state, st, memory_order_release);
}

/* ---- the word ---- */

static void do_read(struct zx_link *l, bool owner) {
    switch (atomic_load_explicit(&l->state, memory_order_relaxed)) {
    case ZX_LINK_CONNECTING:
        zx_link_connected(l);
        break;
    case ZX_LINK_OPENING:
    case ZX_LINK_READY:
    case ZX_LINK_DRAINING:
        zx_link_read(l, owner);
        break;
    default:
        break;
    }
}

static void do_flush(struct zx_link *l, bool writable, bool owner) {
    unsigned st = atomic_load_explicit(&l->state, memory_order_relaxed);
    if (st == ZX_LINK_CONNECTING) {
        if (writable)
            zx_link_connected(l);
    } else if ((writable || !l->w.want_out) && (st == ZX_LINK_OPENING || st == ZX_LINK_READY)) {
        zx_link_flush(l, owner);
    }
}

static void start_accepted(struct zx_link *l) {
    if (!l->carrier)
        zx_link_event(l, ZMQ_EVENT_ACCEPTED, (uint64_t)l->src.fd);
    if (zx_reactor_add(l->src.reactor, &l->src, ZX_POLL_IN)) {
        zx_sock_close(l->src.fd);
        l->src.fd = -1;
        zx_link_finish(l);
        return;
    }
    zx_link_open(l);
}

/* Counts towards the next report anew: the old mark's distance may never be reached. */
static void rearm(struct zx_link *l) {
    struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
    if (p && zx_queue_report(p->out))
        zx_pipe_post(p, ZX_POST_CREDIT);
}

static void alarm_fired(struct zx_link *l, enum zx_alarm which, bool owner);

static void work(struct zx_link *l, unsigned bits, bool owner) {
    if (bits & ZX_WORK_START) {
        if (l->w.accepted)
            start_accepted(l);
        else
            zx_link_start(l);
    }
    if (bits & ZX_WORK_RESOLVED)
        zx_link_retry(l);
    if (bits & ZX_WORK_ABORT && l->src.fd >= 0)
        zx_link_end(l, ZX_END_LOCAL, 0);
    if (bits & (ZX_WORK_READ | ZX_WORK_RESUME))
        do_read(l, owner);
    if (bits & ZX_WORK_EXPIRE)
        alarm_fired(l, ZX_ALARM_HANDSHAKE, owner);
    if (bits & (ZX_WORK_FLUSH | ZX_WORK_WRITABLE))
        do_flush(l, bits & ZX_WORK_WRITABLE, owner);
    if (bits & ZX_WORK_REARM)
        rearm(l);
    if (bits & ZX_WORK_ZAP)
        zx_link_on_zap(l, owner);
    if (bits & ZX_WORK_STEP_DONE)
        zx_link_on_step(l, owner);
    if (bits & ZX_WORK_TIMER)
        zx_link_on_alarm(l, owner);
    if (bits & ZX_WORK_CLOSE)
        zx_link_close(l);
}

/* Held: does what is left until nothing is. */
static void zx_link_run(struct zx_link *l, bool owner) {
    struct zx_dead own;
    own.n = 0;
    own.more = NULL;
    zx_source_ref(&l->src);
    /* The owner's unlock releases what is parked with the socket. */
    l->w.dead = owner ? &l->sock->dead : &own;
    for (;;) {
        unsigned todo =
            atomic_fetch_and_explicit(&l->work, ZX_WORK_HELD, memory_order_acq_rel) &
            ~(unsigned)ZX_WORK_HELD;
        work(l, todo, owner);
        unsigned held = ZX_WORK_HELD;
        if (atomic_compare_exchange_strong_explicit(&l->work, &held, 0, memory_order_acq_rel,
                                                    memory_order_relaxed))
            break;
    }
    zx_dead_flush(&own);
    zx_source_unref(&l->src);
}

void zx_link_kick(struct zx_link *l, unsigned bits, bool owner) {
    /* Whatever the caller published (a commit, a flag) precedes this operation; the
     * holder's reads follow its taking of the bits below. */
    if (atomic_fetch_or_explicit(&l->work, ZX_WORK_HELD | bits, memory_order_acq_rel) &
        ZX_WORK_HELD)
        return;
    zx_link_run(l, owner);
}

void zx_link_post(struct zx_link *l, unsigned bits) {
    /* A holder finds the bits when it gives the word back; else the timer takes it. */
    if (!(atomic_fetch_or_explicit(&l->work, bits, memory_order_acq_rel) & ZX_WORK_HELD))
        zx_timer_set(&l->src, 1);
}

bool zx_link_try_hold(struct zx_link *l) {
    unsigned nobody = 0;
    if (!atomic_compare_exchange_strong_explicit(&l->work, &nobody, ZX_WORK_HELD,
                                                 memory_order_acq_rel, memory_order_relaxed))
        return false;
    l->w.dead = &l->sock->dead;
    return true;
}

void zx_link_release(struct zx_link *l, bool owner) {
    unsigned held = ZX_WORK_HELD;
    if (!atomic_compare_exchange_strong_explicit(&l->work, &held, 0, memory_order_acq_rel,
                                                 memory_order_relaxed))
        zx_link_run(l, owner);
}

/* ---- alarms ---- */

void zx_link_alarm(struct zx_link *l, enum zx_alarm which, uint64_t at_ns) {
    l->w.alarm_ns[which] = at_ns;
    if (at_ns >= l->w.timer_ns && l->w.timer_ns)
        return; /* a timer that fires early looks again */
    if (at_ns == UINT64_MAX)
        return;
    zx_timer_set(&l->src, at_ns);
    l->w.timer_ns = at_ns;
}

void zx_link_alarms_clear(struct zx_link *l) {
    for (int i = 0; i < ZX_ALARM_COUNT; i++)
        if (i != ZX_ALARM_LINGER)
            l->w.alarm_ns[i] = UINT64_MAX;
}

void zx_link_on_alarm(struct zx_link *l, bool owner) {
    uint64_t now = zx_os_now_ns();
    l->w.timer_ns = 0;
    for (int i = 0; i < ZX_ALARM_COUNT; i++) {
        if (l->w.alarm_ns[i] > now)
            continue;
        l->w.alarm_ns[i] = UINT64_MAX;
        alarm_fired(l, (enum zx_alarm)i, owner);
    }
    uint64_t next = UINT64_MAX;
    for (int i = 0; i < ZX_ALARM_COUNT; i++)
        if (l->w.alarm_ns[i] < next)
            next = l->w.alarm_ns[i];
    if (next != UINT64_MAX && !l->w.timer_ns)
        zx_timer_set(&l->src, l->w.timer_ns = next);
}

/* Time is up, or the kernel did not take what we said. */
static void opening_over(struct zx_link *l, bool owner) {
    int err = l->w.open_err ? l->w.open_err : ETIMEDOUT;
    if (l->w.open_err)
        zx_link_read(l, owner);
    if (atomic_load_explicit(&l->state, memory_order_relaxed) == ZX_LINK_OPENING)
        zx_link_end(l, ZX_END_TIMEOUT, err);
}

static void alarm_fired(struct zx_link *l, enum zx_alarm which, bool owner) {
    unsigned st = atomic_load_explicit(&l->state, memory_order_relaxed);
    switch (which) {
    case ZX_ALARM_CONNECT:
        if (st == ZX_LINK_CONNECTING)
            zx_link_attempt_failed(l, -ETIMEDOUT);
        break;
    case ZX_ALARM_HANDSHAKE:
        if (st == ZX_LINK_OPENING)
            opening_over(l, owner);
        break;
    case ZX_ALARM_RETRY:
        if (st == ZX_LINK_WAITING)
            zx_link_start(l);
        break;
    case ZX_ALARM_LINGER:
        if (st == ZX_LINK_CLOSED)
            break;
        if (l->src.fd >= 0 && st != ZX_LINK_CONNECTING)
            zx_link_end(l, ZX_END_LOCAL, 0);
        else
            zx_link_finish(l);
        break;
    default:
        if (st == ZX_LINK_READY)
            zx_link_heartbeat(l, which, owner);
        break;
    }
}

/* ---- the end ---- */

/* What a connecting link's events are about: the proxy, where there is one. */
static const char *dialled(const struct zx_link *l, char *buf, size_t size) {
    buf[0] = '\0';
    if (l->tp->proxy_endpoint)
        l->tp->proxy_endpoint(l->conf, buf, size);
    return buf[0] ? buf : l->ep->typed;
}

void zx_link_event(struct zx_link *l, unsigned event, uint64_t value) {
    if (!atomic_load_explicit(&l->sock->monitor, memory_order_acquire))
        return;
    char other[ZX_ENDPOINT_MAX] = "", proxy[ZX_ENDPOINT_MAX];
    struct zx_event_text text = {l->ep->text, other, false};
    bool has_both = l->src.fd >= 0 && event != ZMQ_EVENT_CONNECT_DELAYED &&
                    event != ZMQ_EVENT_CLOSED;
    if (l->w.dial)
        text = (struct zx_event_text){other, dialled(l, proxy, sizeof proxy), true};
    if (has_both && l->w.dial)
        l->tp->local_endpoint(l->src.fd, other, sizeof other);
    else if (has_both)
        l->tp->remote_endpoint(l->src.fd, other, sizeof other);
    zx_monitor_event(l->sock, event, value, &text);
}

/* The pipe has no other side any more: what came in stays readable, then END. */
static void drop_pipe(struct zx_link *l) {
    struct zx_pipe *p = atomic_exchange_explicit(&l->pipe, NULL, memory_order_acq_rel);
    if (!p)
        return;
    static const uint8_t end = ZX_NOTE_END;
    zx_queue_rollback(p->in);
    /* Without memory for the note LOST alone must do: the reader then ends at empty. */
    if (zx_queue_write(p->in, &end, 1, ZX_FRAME_NOTE))
        atomic_store_explicit(&p->post.cut, true, memory_order_release);
    zx_queue_commit(p->in);
    /* First: whoever reads of the end finds that nothing can be sent any more. */
    zx_pipe_post(p, ZX_POST_LOST);
    zx_pipe_announce(p);
    /* After the mail: whoever takes the place or id now finds it read first. */
    zx_socket_unregister(l->sock, p);
    zx_pipe_unref_locked(p, l->w.dead);
}

void zx_link_finish(struct zx_link *l) {
    if (atomic_load_explicit(&l->state, memory_order_relaxed) == ZX_LINK_CLOSED)
        return;
    if (l->src.fd >= 0) {
        if (atomic_load_explicit(&l->state, memory_order_relaxed) == ZX_LINK_CONNECTING)
            zx_link_event(l, ZMQ_EVENT_CLOSED, (uint64_t)l->src.fd);
        zx_link_close_stream(l, 0);
        zx_link_close_tunnel(l);
        zx_reactor_remove(&l->src);
        zx_sock_close(l->src.fd);
        l->src.fd = -1;
    }
    zx_link_set_state(l, ZX_LINK_CLOSED);
    zx_link_alarms_clear(l);
    l->w.alarm_ns[ZX_ALARM_LINGER] = UINT64_MAX;
    zx_background_cancel(&l->w.asked.job);
    zx_zap_drop(l);
    zx_hs_free(&l->w.hs);
    zx_mechanism_free(&l->w.rx.seal);
    zx_v3_fini(&l->w.rx);
    free(l->w.v1);
    l->w.v1 = NULL;
    zx_buf_fini(&l->w.ctrl);
    drop_pipe(l);
    zx_timer_set(&l->src, UINT64_MAX);
    zx_endpoint_remove_link(l->ep, l);
}

/* A notification of the library's own making, delivered as a message of that peer: with the end
 * that follows, which commits it. */
static void inject(struct zx_link *l, const struct zx_blob *blob) {
    struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
    if (!p)
        return;
    zx_queue_rollback(p->in);
    (void)zx_queue_write(p->in, blob->data, blob->size, 0);
}

static void notify_end(struct zx_link *l, enum zx_end why) {
    const struct zx_conf_identity *id = &l->conf->id;
    static const struct zx_blob nothing;
    unsigned flags = l->sock->ops->flags;
    if (why == ZX_END_LOCAL)
        return;
    if (l->w.framing == ZX_FRAMING_RAW && l->w.raw_notified && id->stream_notify)
        inject(l, &nothing);
    if (!l->w.succeeded)
        return;
    if (id->router_notify & ZMQ_NOTIFY_DISCONNECT)
        inject(l, &nothing);
    if (l->w.accepted && id->disconnect_msg.size && flags & ZX_PATTERN_DISCONNECT_MSG)
        inject(l, &id->disconnect_msg);
    if (!l->w.accepted && id->hiccup_msg.size && flags & ZX_PATTERN_HICCUP_MSG)
        inject(l, &id->hiccup_msg);
}

static void reset_connection(struct zx_link *l) {
    zx_link_close_stream(l, 0);
    zx_reactor_remove(&l->src);
    zx_sock_close(l->src.fd);
    l->src.fd = -1;
    zx_background_cancel(&l->w.asked.job);
    zx_zap_drop(l);
    zx_hs_free(&l->w.hs);
    zx_mechanism_free(&l->w.rx.seal);
    zx_v3_fini(&l->w.rx);
    free(l->w.v1);
    l->w.v1 = NULL;
    zx_buf_fini(&l->w.ctrl);
    zx_buf_consume(&l->w.held, zx_buf_size(&l->w.held));
    zx_link_alarms_clear(l);
    l->w.ctrl_started = l->w.end_seen = false;
    l->w.more_initial = l->w.want_out = l->w.paused = l->w.raw_notified = false;
    l->w.succeeded = false;
    l->w.open_err = 0;
    l->w.framing = ZX_FRAMING_DIRECT;
}

/* The pipe survives: both queues start the next connection at a message boundary. */
static void hiccup(struct zx_link *l) {
    struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
    if (!p)
        return;
    zx_queue_rollback(p->in);
    uint8_t note[5] = {ZX_NOTE_EPOCH};
    zx_put32(note + 1, ++p->epoch);
    (void)zx_queue_write(p->in, note, sizeof note, ZX_FRAME_NOTE);
    zx_queue_commit(p->in);
    zx_pipe_announce(p);
    if (zx_queue_drop_partial(p->out, l->w.dead))
        zx_pipe_post(p, ZX_POST_CREDIT);
}

static bool is_final(const struct zx_link *l, enum zx_end why, bool was_open) {
    return why == ZX_END_PROTOCOL || l->conf->timing.reconnect_ivl_ms <= 0 ||
           (!was_open && why != ZX_END_LOCAL &&
            l->conf->timing.reconnect_stop & ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED);
}

/* What a stream may tell its peer. */
static int end_errno(enum zx_end why, int err) {
    switch (why) {
    case ZX_END_LOCAL:
        return 0;
    case ZX_END_PROTOCOL:
        return err == EMSGSIZE ? err : EPROTO;
    case ZX_END_LATER:
        return EACCES;
    default:
        return err ? err : ETIMEDOUT;
    }
}

void zx_link_end(struct zx_link *l, enum zx_end why, int err) {
    bool was_open = l->w.succeeded;
    unsigned st = atomic_load_explicit(&l->state, memory_order_relaxed);
    bool raw = l->conf->id.raw;
    if (l->w.stream)
        l->w.stream->ops->bye(l->w.stream, end_errno(why, err));
    if (why != ZX_END_LOCAL && st != ZX_LINK_DRAINING) {
        if (!was_open && !raw && why != ZX_END_PROTOCOL && why != ZX_END_LATER &&
            l->w.version < 0)
            zx_link_event(l, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, (uint64_t)err);
        zx_link_event(l, ZMQ_EVENT_DISCONNECTED, (uint64_t)l->src.fd);
    }
    notify_end(l, why);
    bool final = is_final(l, why, was_open);
    if (l->w.accepted || l->w.closing) {
        if (l->w.closing && !l->w.accepted && why != ZX_END_LOCAL && !final &&
            zx_link_has_output(l))
            goto again; /* a lingering link goes on trying */
        zx_link_finish(l);
        return;
    }
    if (final) {
        reset_connection(l);
        drop_pipe(l);
        zx_link_set_state(l, ZX_LINK_STOPPED);
        if (why != ZX_END_PROTOCOL)
            zx_endpoint_is_over(l->ep);
        return;
    }
again:
    if (l->conf->security.mechanism == ZX_MECH_GSSAPI && l->w.hs &&
        zx_hs_version(l->w.hs) >= ZX_ZMTP_3_0)
        l->w.dial->refusals++;
    reset_connection(l);
    if (l->conf->queue.immediate)
        drop_pipe(l);
    else
        hiccup(l);
    zx_link_set_state(l, ZX_LINK_WAITING);
    zx_link_schedule_retry(l);
}

bool zx_link_has_output(struct zx_link *l) {
    struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
    return p && zx_queue_has(p->out);
}

/* All is written: ends the stream in order, so that nothing sent is lost to a reset. */
void zx_link_drained(struct zx_link *l) {
    uint64_t until = atomic_load_explicit(&l->linger_until_ns, memory_order_acquire);
    uint64_t now = zx_os_now_ns();
    if (until <= now || l->w.framing == ZX_FRAMING_DATAGRAMS) {
        zx_link_end(l, ZX_END_LOCAL, 0);
        return;
    }
    if (l->w.stream)
        l->w.stream->ops->bye(l->w.stream, 0);
    zx_sock_shut_write(l->src.fd);
    zx_link_set_state(l, ZX_LINK_DRAINING);
    /* A carrier goes at the rate it was given: it has all the time there is. */
    uint64_t drain = l->carrier ? until : now + ZX_DRAIN_NS;
    zx_link_alarm(l, ZX_ALARM_LINGER, drain < until ? drain : until);
    zx_link_read(l, false);
}

void zx_link_close(struct zx_link *l) {
    unsigned st = atomic_load_explicit(&l->state, memory_order_relaxed);
    uint64_t until = atomic_load_explicit(&l->linger_until_ns, memory_order_acquire);
    struct zx_pipe *p = atomic_load_explicit(&l->pipe, memory_order_relaxed);
    if (st == ZX_LINK_CLOSED || st == ZX_LINK_DRAINING)
        return;
    l->w.closing = true;
    if (p)
        zx_pipe_post(p, ZX_POST_LOST);
    if (st == ZX_LINK_READY && until) {
        zx_link_flush(l, false);
        if (atomic_load_explicit(&l->state, memory_order_relaxed) != ZX_LINK_READY)
            return;
    } else if (!until || st == ZX_LINK_STOPPED || (l->w.accepted && st == ZX_LINK_OPENING) ||
               !zx_link_has_output(l) ||
               zx_link_heeds_stop(l, ZMQ_RECONNECT_STOP_AFTER_DISCONNECT)) {
        zx_link_finish(l);
        return;
    }
    zx_link_alarm(l, ZX_ALARM_LINGER, until);
}
