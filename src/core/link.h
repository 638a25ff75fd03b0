/* SPDX-License-Identifier: MIT */
/*
 * A link: one endpoint's connection: descriptor, ZMTP engine and its pipe's other end.
 *
 * What: connects (or was accepted), opens the protocol, moves bytes between the kernel and
 *   the pipe's queues, reconnects, lingers.
 * Owner: a link is not locked but worked: `work` holds HELD and work bits; whoever finds it
 *   held leaves a bit and goes (protocol R2). Everything below `word` belongs to the
 *   holder. The holder owns the out-queue's reading end and the in-queue's producing end.
 * Life:
 *   state     | meaning                                   | moved on by
 *   ----------+-------------------------------------------+------------------------------
 *   WAITING   | connecting side: until the retry timer    | TIMER, CLOSE
 *   RESOLVING | a helper thread looks the name up         | RESOLVED, CLOSE
 *   CONNECTING| connect() under way, then a proxy's words | OUT event, READ, TIMER, CLOSE
 *   OPENING   | greeting and handshake                    | READ, TIMER, ZAP, STEP_DONE, CLOSE
 *   READY     | traffic                                   | READ, FLUSH, TIMER, CLOSE
 *   DRAINING  | all sent and shut, reading what is left   | READ (EOF), TIMER
 *   STOPPED   | connecting side: never again              | CLOSE
 *   CLOSED    | nothing left but references               | last reference
 *   References: reactor table, timer heap, endpoint, pipe, dirty list, background job.
 * Never: waits, not even for the socket's lock (it tries it, to give memory back); is left
 *   held.
 */
#ifndef ZX_CORE_LINK_H
#define ZX_CORE_LINK_H

#include "base/buf.h"
#include "core/conf.h"
#include "core/reactor.h"
#include "core/transport.h"
#include "zmtp/v1.h"
#include "zmtp/v3.h"
#include "zmq.h"

/* How long an orderly end waits for the peer to close its side. */
#define ZX_DRAIN_NS UINT64_C(50000000)

struct zx_pipe;
struct zx_socket;
struct zx_endpoint;
struct zx_hs;
struct zx_mechanism;
struct zx_job;

enum {
    ZX_WORK_HELD = 1,
    ZX_WORK_FLUSH = 2,
    ZX_WORK_READ = 4,
    ZX_WORK_RESUME = 8,
    ZX_WORK_TIMER = 16,
    ZX_WORK_ZAP = 32,
    ZX_WORK_CLOSE = 64,
    ZX_WORK_START = 128,
    ZX_WORK_RESOLVED = 256,
    ZX_WORK_REARM = 2048,    /* the out-queue's high-water mark changed */
    ZX_WORK_WRITABLE = 1024, /* the kernel takes bytes again */
    ZX_WORK_STEP_DONE = 8192, /* of the mechanism, in a helper thread */
    ZX_WORK_EXPIRE = 4096,   /* no time is left to shake hands */
    ZX_WORK_ABORT = 512 /* drop the connection now (replaced by a handover) */
};

enum zx_link_state {
    ZX_LINK_WAITING,
    ZX_LINK_RESOLVING,
    ZX_LINK_CONNECTING,
    ZX_LINK_OPENING,
    ZX_LINK_READY,
    ZX_LINK_DRAINING,
    ZX_LINK_STOPPED,
    ZX_LINK_CLOSED
};

/* Why a connection ended; decides about reconnecting. */
enum zx_end {
    ZX_END_LOST,
    ZX_END_TIMEOUT,
    ZX_END_PROTOCOL, /* for good: the same peer would do the same again */
    ZX_END_LATER,    /* refused for now, and the monitor knows why */
    ZX_END_LOCAL
};

enum zx_alarm { /* deadlines of one link; its timer is set to the earliest */
    ZX_ALARM_CONNECT,   /* connect timeout; then what a proxy may take */
    ZX_ALARM_HANDSHAKE,
    ZX_ALARM_RETRY,
    ZX_ALARM_PING,      /* next PING */
    ZX_ALARM_PONG,      /* nothing heard since a PING */
    ZX_ALARM_TTL,       /* nothing heard since the peer's PING */
    ZX_ALARM_LINGER,
    ZX_ALARM_COUNT
};

struct zx_dial { /* connecting side only */
    struct zx_addr *addrs; /* to be tried in order */
    int n_addrs, next_addr;
    uint32_t failures;  /* since the last transport connect: back-off */
    uint32_t refusals;  /* by peers whose mechanism has no word for it: back-off */
    uint32_t rng;
    uint8_t stream_memory; /* see zx_stream_place */
    struct zx_tunnel *tunnel; /* CONNECTING, while a proxy is spoken to */
};

struct zx_link {
    struct zx_source src;
    atomic_uint work;
    atomic_uint state; /* written by the holder; read by anybody as a hint */
    struct zx_socket *sock; /* slot reference */
    struct zx_endpoint *ep; /* borrowed: the endpoint outlives its links */
    struct zx_conf *conf;
    const struct zx_transport_ops *tp;
    struct zx_carrier *carrier; /* the other end of a local stream; NULL: there is a peer */
    struct zx_pipe *_Atomic pipe; /* set once per pipe; read by the endpoint's closer */
    struct zx_link *next, *prev; /* the endpoint's list, its lock */
    bool is_opening;             /* the same lock: in the list of those that shake hands */
    uint64_t since_ns;           /* accepted then; never changes */
    bool closing_seen;           /* the same lock: the endpoint's closer was here */

    struct { /* the link's word */
        struct zx_hs *hs;      /* OPENING only */
        struct zx_stream *stream; /* what stands before the descriptor; NULL: nothing */
        struct zx_dial *dial;  /* NULL: accepted */
        struct zx_v1_decoder *v1;
        struct zx_v3 rx;       /* rx.seal is the link's: both ways go through it */
        struct zx_dead *dead;  /* bodies to be released when the word is given back */
        struct zx_buf ctrl;    /* goes out at frame boundaries, before the queue */
        uint64_t alarm_ns[ZX_ALARM_COUNT];
        uint64_t timer_ns;     /* what the timer is set to; 0: not */
        int version;           /* as zx_hs_version */
        int open_err;          /* OPENING: the kernel refused our bytes */
        uint8_t framing;       /* enum zx_framing */
        bool accepted, more_initial, want_out, paused, raw_notified, closing, succeeded;
        bool ctrl_started;     /* the kernel has a part of ctrl's first frame */
        bool end_seen;         /* STREAM: close when all before is written */
        struct {
            bool now;               /* the last zx_link_read received something */
            uint64_t ttl_wanted_ns; /* a PING asked for it */
            uint32_t backlog;       /* bytes since a BACKGROUND reader had done with all */
        } heard;
        struct {
            struct zx_pipe *zap; /* OPENING: ZAP is being asked; our end */
            struct zx_job *job;  /* RESOLVING: of the name; OPENING: of the mechanism */
        } asked;
        /* OPENING: came in and waits for ZAP's answer; then ZMTP 1.0: the frame being read */
        struct zx_buf held;
    } w;
    void *own; /* a datagram transport's, the word's; freed with the link */
    atomic_bool crowded; /* the I/O thread is to work the backlog off */
    _Atomic uint64_t linger_until_ns; /* set before CLOSE is posted; 0: at once */
    struct {
        _Alignas(64) atomic_uint mark;
        atomic_uint flushes;
        unsigned flushes_seen; /* sweeper */
        unsigned spared;       /* sweeper: sweeps since then that left it to a busy sender */
        atomic_uintptr_t by;   /* who began the last batch: it flushes before it sleeps */
        atomic_bool rested;    /* flushed by that thread, not for being slow */
        struct zx_link *next;
    } dirty;
};

enum zx_framing { ZX_FRAMING_DIRECT, ZX_FRAMING_V1, ZX_FRAMING_RAW, ZX_FRAMING_SLOT,
                  ZX_FRAMING_SEALED, ZX_FRAMING_DATAGRAMS };

/* A link that will connect (start it with ZX_WORK_START). pipe may be NULL (IMMEDIATE);
 * takes references. 0 or -ENOMEM. */
int zx_link_new_dial(struct zx_endpoint *ep, struct zx_pipe *pipe, struct zx_link **out);
/* A link of datagrams, open and ready; takes references. text: the resolved one of a bind. The
 * error of the transport's open, or of the poll set. */
int zx_link_new_datagrams(struct zx_endpoint *ep, struct zx_pipe *pipe, char *text,
                          struct zx_link **out);
/* A link for a connection just accepted; takes over fd on success. */
int zx_link_new_accepted(struct zx_endpoint *ep, int fd, struct zx_link **out);

/* Leaves work for the link and does it if nobody holds it. owner: the caller holds the
 * lock of the link's socket, so both ends of the queues are his. Any thread. */
void zx_link_kick(struct zx_link *l, unsigned bits, bool owner);
/* Leaves work to the I/O thread: for callers that hold a leaf lock. */
void zx_link_post(struct zx_link *l, unsigned bits);
/* For work that needs arguments: takes the word if it is free; then release does what was
 * left meanwhile. */
bool zx_link_try_hold(struct zx_link *l);
void zx_link_release(struct zx_link *l, bool owner);
/* A whole message straight from the caller's buffer, when nothing is queued before it; what
 * the kernel refuses is copied. The socket's lock held. False: not possible now. */
bool zx_link_write_through(struct zx_link *l, struct zx_pipe *p, const void *data, size_t size);
static inline bool zx_link_is_ready(const struct zx_link *l) {
    return atomic_load_explicit(&l->state, memory_order_relaxed) == ZX_LINK_READY;
}

/* Word and socket's lock held: the empty in-queue gives its memory back. */
void zx_link_slim(struct zx_link *l, struct zx_pipe *p);

/* ---- parts of the link, called by the holder of its word ---- */

void zx_link_read(struct zx_link *l, bool owner);
void zx_link_flush(struct zx_link *l, bool owner);
void zx_link_open(struct zx_link *l); /* descriptor connected: start the protocol */
/* OPENING, before the handshake: goes on with the stream's opening. True: it is open. */
bool zx_link_open_stream(struct zx_link *l, bool owner);
void zx_link_close_stream(struct zx_link *l, int err); /* before the descriptor is closed */
static inline bool zx_link_stream_has_output(const struct zx_link *l) {
    return l->w.stream && l->w.stream->has_output;
}
int zx_link_handshake_input(struct zx_link *l, const uint8_t *data, size_t size, bool owner);
void zx_link_on_zap(struct zx_link *l, bool owner);
void zx_link_on_step(struct zx_link *l, bool owner);
void zx_link_start(struct zx_link *l);
void zx_link_connected(struct zx_link *l);
void zx_link_retry(struct zx_link *l);
void zx_link_attempt_failed(struct zx_link *l, int rc);
void zx_link_close_tunnel(struct zx_link *l); /* before the descriptor is closed */
bool zx_link_heeds_stop(const struct zx_link *l, int bit); /* ZMQ_RECONNECT_STOP_* */
void zx_link_end(struct zx_link *l, enum zx_end why, int err);
void zx_link_finish(struct zx_link *l);
void zx_link_close(struct zx_link *l);
void zx_link_drained(struct zx_link *l);
void zx_link_alarm(struct zx_link *l, enum zx_alarm which, uint64_t at_ns);
void zx_link_alarms_clear(struct zx_link *l);
void zx_link_on_alarm(struct zx_link *l, bool owner);
void zx_link_ready(struct zx_link *l, bool owner);
void zx_link_forget_pipe(struct zx_link *l);
void zx_link_flush_handshake(struct zx_link *l);
void zx_link_update_interest(struct zx_link *l);
int zx_link_ctrl_frame(struct zx_link *l, uint8_t flags, const uint8_t *body, size_t size);
int zx_link_traffic(struct zx_link *l, const uint8_t *data, size_t size);
int zx_link_command(void *link, const uint8_t *body, size_t size);
void zx_link_heartbeat_start(struct zx_link *l);
void zx_link_heartbeat(struct zx_link *l, enum zx_alarm which, bool owner);
void zx_link_schedule_retry(struct zx_link *l);
bool zx_link_has_output(struct zx_link *l);
void zx_link_set_state(struct zx_link *l, enum zx_link_state st);
void zx_link_event(struct zx_link *l, unsigned event, uint64_t value);

#endif
