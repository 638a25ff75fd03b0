/* SPDX-License-Identifier: MIT */
/*
 * A socket: handle, lock, inbox and the pattern built on it.
 *
 * What: what zmq_socket returns points here. Lives in a slot of a process-wide slab that
 *   is never unmapped, so that a call on a closed handle reads a dead tag, not freed memory.
 * Owner: `lock` guards everything but what says otherwise. The inbox, attention and
 *   sleepers are atomic; `wake` is guarded by its own leaf lock; `routes` by its own.
 * Life:
 *   phase  | meaning                       | legal                | moved on by
 *   -------+-------------------------------+----------------------+--------------------
 *   LIVE   | zmq_socket returned it        | everything           | zmq_close
 *   DEAD   | handle invalid, links linger  | inbox pushes dropped | last slot reference
 *   FREE   | slot in the slab              | nothing              | zmq_socket
 *   Slot references: the handle, each pipe, each endpoint and link.
 * Never: is held locked while its caller sleeps or a free function runs; is waited for by an I/O
 *   thread, with one exception: what peers ask of a ZX_PATTERN_BACKGROUND socket (PUB, XPUB,
 *   RADIO) is not counted against a mark, the next call works it off, whichever it is; past 1 MiB
 *   of it the I/O thread calls in the application's place (zx_socket_relieve).
 */
#ifndef ZX_CORE_SOCKET_H
#define ZX_CORE_SOCKET_H

#include <errno.h>

#include "core/lock.h"
#include "core/pattern.h"
#include "core/pipe.h"
#include "core/wait.h"
#include "os/os.h"

struct zx_ctx;
struct zx_reactor;
struct zx_routes;
struct zx_endpoint;
struct zx_monitor;

#define ZX_SOCKET_LIVE 0xbaddecafu
#define ZX_SOCKET_DEAD 0xdeadbeefu

/* Attention bits: what a call must look at before its own work. */
enum { ZX_ATT_INBOX = 1, ZX_ATT_TERM = 2, ZX_ATT_PLAIN_FD = 4 };

#define ZX_INBOX_CLOSED ((struct zx_pipe *)1)

struct zx_budget { /* when to write, protocol R3; the socket's lock */
    uint32_t left;  /* sends until the next flush */
    uint32_t size;  /* K */
    uint32_t sent;  /* sends since the last flush, as the first dirty pipe counts them */
    uint32_t burst; /* sends since the last wait */
    uint64_t last_ns;  /* end of the last flush */
    uint64_t first_ns; /* first send after it, when there were several */
    uint64_t written_ns; /* what the thread had spent in flushes at first_ns or last_ns */
    uint64_t wide_ns;  /* how long messages to many may wait for company */
    struct zx_pipe **dirty; /* pipes with unflushed bytes */
    uint32_t n_dirty, cap_dirty;
};

struct zx_socket {
    atomic_uint tag;
    struct zx_lock lock;
    atomic_uint attention;
    uint32_t fork_gen;
    const struct zx_pattern_ops *ops;
    struct zx_pipe *_Atomic inbox; /* newest first; ZX_INBOX_CLOSED after close */
    struct zx_wake wake;
    atomic_uint refs;

    struct zx_ctx *ctx;
    struct zx_conf *conf;
    struct zx_reactor *reactor; /* NULL until the first network endpoint */
    struct zx_shards *shards;   /* NULL: `reactor` has all links; see shards.h */
    struct zx_pipe *pipes;      /* all attached pipes */
    struct zx_pipe *dry;        /* empty but polled, while zx_wait_socket looks; see wait.h */
    struct zx_budget budget;
    struct zx_endpoint *endpoints;
    atomic_bool endpoints_over; /* some may have ended by themselves */
    struct zx_routes *routes; /* leaf lock inside; NULL unless ZX_PATTERN_RECV_ID */
    struct zx_pipe *_Atomic single; /* ZX_PATTERN_SINGLE_PEER: the place, CAS by links */
    struct zx_monitor *_Atomic monitor;
    unsigned watched;    /* pollers' nodes; beside what every unlock looks at */
    struct zx_dead dead; /* bodies to release after the unlock */
    struct zx_event fd_event; /* ZMQ_FD; rfd -1 until asked for; others ask has_fd first */
    atomic_bool has_fd;
    atomic_uint fd_signalled;
    struct zx_blob connect_id; /* ZMQ_CONNECT_ROUTING_ID for the next connect */
    uint32_t next_id;          /* generated routing ids; the registry's lock */
    struct zx_spin spin;
    bool rcvmore;
    bool is_hidden;   /* not counted, not the application's */
    char *last_endpoint; /* NULL: none yet */
    struct zx_socket *ctx_next, *ctx_prev; /* the context's list; the context's lock */
    struct zx_socket *slab_next;
};

/* ---- handle ---- */

/* In a forked child: a thread that is not there may have held the slab. */
void zx_socket_after_fork(void);
/* Makes a socket; *err gets the errno (positive) on NULL. */
struct zx_socket *zx_socket_new(struct zx_ctx *ctx, int type, int *err);
/* Locks a handle for a call: checks the tag, takes up the inbox. 0, -ENOTSOCK, -ETERM
 * (nothing is locked then). */
int zx_socket_enter_plain(struct zx_socket *s);
int zx_socket_enter_slow(struct zx_socket *s);
/* The same without the ETERM check. */
int zx_socket_enter_any(struct zx_socket *s);
/* Tells pollers, unlocks and releases the bodies parked meanwhile. */
void zx_socket_leave_slow(struct zx_socket *s);
/* The same for a poller's driver: tells nobody. */
void zx_socket_leave_quietly(struct zx_socket *s);
/* The same for a poller that has just looked and holds its own lock: the bodies go to *dead. */
void zx_socket_leave_dead(struct zx_socket *s, struct zx_dead *dead);
int zx_socket_close(struct zx_socket *s);
void zx_socket_slot_ref(struct zx_socket *s);
void zx_socket_slot_unref(struct zx_socket *s);
/* The context terminates: sets attention and wakes; no lock needed. */
void zx_socket_stop(struct zx_socket *s);

/* ---- from links: no socket lock ---- */

/* Reserves p's place (PAIR) or routing id (ROUTER) before our READY. -EADDRINUSE, -ENOMEM. */
int zx_socket_register(struct zx_socket *s, struct zx_pipe *p);
void zx_socket_unregister(struct zx_socket *s, struct zx_pipe *p);

/* ---- under the lock ---- */

/* Takes the whole inbox and lets the pattern know. */
void zx_socket_attend(struct zx_socket *s);
static inline bool zx_socket_has_mail(const struct zx_socket *s) {
    return atomic_load_explicit(&s->attention, memory_order_acquire) != 0;
}
static inline bool zx_socket_is_stopped(const struct zx_socket *s) {
    return atomic_load_explicit(&s->attention, memory_order_acquire) & ZX_ATT_TERM;
}
static inline int zx_socket_enter(struct zx_socket *s) {
    /* Who closes the socket takes the bias away first: no second look at the tag. */
    if (!s || atomic_load_explicit(&s->tag, memory_order_relaxed) != ZX_SOCKET_LIVE ||
        !zx_os_is_process(s->fork_gen) || !zx_lock_take_biased(&s->lock))
        return zx_socket_enter_plain(s);
    return zx_socket_has_mail(s) ? zx_socket_enter_slow(s) : 0;
}
static inline void zx_socket_leave(struct zx_socket *s) {
    if ((s->dead.n | s->watched) || !zx_lock_give_biased(&s->lock))
        zx_socket_leave_slow(s);
}
/* Unlocks at most four sockets and only then releases the bodies parked in any of them. */
void zx_socket_leave_all(struct zx_socket *const *v, unsigned n);
/* A pipe joins at once (zmq_connect, inproc). -ENOMEM or what attach said. */
int zx_socket_attach(struct zx_socket *s, struct zx_pipe *p);
/* Detaches p if its peer is gone and everything is read. */
void zx_socket_check_over(struct zx_socket *s, struct zx_pipe *p);
/* Removes a pipe from pattern, list and registry and drops the socket's reference. */
void zx_socket_detach(struct zx_socket *s, struct zx_pipe *p);
/* Works off mail in the application's place. I/O thread, no link's word held: waits for the
 * socket's lock. */
void zx_socket_relieve(struct zx_socket *s);
/* Sets attention bits and wakes whoever sleeps on the socket or watches its ZMQ_FD. */
void zx_socket_notify(struct zx_socket *s, unsigned bits);
/* A call may have changed what others wait for (a connect, an option): whoever sleeps on the
 * socket looks again. */
static inline void zx_socket_changed(struct zx_socket *s) {
    /* They register under the lock, before they let go of it. */
    if (atomic_load_explicit(&s->wake.sleepers, memory_order_seq_cst))
        zx_socket_notify(s, ZX_ATT_INBOX);
}
/* A REQ or REP goes from sending to receiving or back, which no mail announces: another thread's
 * zmq_poll looks again. */
static inline void zx_socket_turned(struct zx_socket *s) {
    /* Who sleeps has looked under the lock after it registered. */
    if (atomic_load_explicit(&s->wake.sleepers, memory_order_relaxed) % ZX_WAKE_NODE)
        zx_wake_watches(s);
}
/* A send went out on a pipe: counts the budget down, flushes when it is used up. 0. */
int zx_socket_sent(struct zx_socket *s, struct zx_pipe *p);
/* A message went out on n pipes, none of them inproc: one decision for all. */
void zx_socket_sent_all(struct zx_socket *s, struct zx_pipe *const *v, uint32_t n);
/* Flushes every pipe with unflushed bytes and sets the next budget. */
void zx_socket_flush(struct zx_socket *s);

/* The caller is about to wait: flushes, and takes the burst that ends here as what to expect
 * of the next one. */
void zx_socket_rest(struct zx_socket *s);

/* zmq_send and zmq_recv with their flags and timeouts; locked by the caller. */
int zx_socket_send_again(struct zx_socket *s, struct zx_src *src, bool dontwait);
int zx_socket_recv_again(struct zx_socket *s, struct zx_sink *sink, bool dontwait);
static inline int zx_socket_send(struct zx_socket *s, struct zx_src *src, bool dontwait) {
    int rc = s->ops->send(s, src);
    return rc == -EAGAIN ? zx_socket_send_again(s, src, dontwait) : rc;
}
static inline int zx_socket_recv(struct zx_socket *s, struct zx_sink *sink, bool dontwait) {
    sink->patient = !dontwait;
    int rc = s->ops->recv(s, sink);
    if (rc == -EAGAIN)
        rc = zx_socket_recv_again(s, sink, dontwait);
    if (!rc) {
        s->rcvmore = sink->more;
        s->spin.received++;
    }
    return rc;
}
/* Takes up what the network has now, in the I/O thread's place if need be: some system calls, some
 * ten microseconds. True if there was mail. Locked by the caller. */
bool zx_socket_look(struct zx_socket *s);

/* ZMQ_EVENTS; locked by the caller, mail taken up. With look: also what the network has, if
 * nobody else drives. */
int zx_socket_events(struct zx_socket *s, bool look);

int zx_socket_set_option(struct zx_socket *s, int option, const void *val, size_t size);
int zx_socket_get_option(struct zx_socket *s, int option, void *val, size_t *size);
int zx_socket_bind(struct zx_socket *s, const char *endpoint);
int zx_socket_connect(struct zx_socket *s, const char *endpoint);
/* Connects, and tells the number of the pipe made. -ENOTSUP; -EFAULT: with ZMQ_IMMEDIATE there is
 * none yet. */
int zx_socket_connect_peer(struct zx_socket *s, const char *endpoint, uint32_t *number);
/* Ends the connection to the peer of that number, and its endpoint if it was connected to. */
int zx_socket_disconnect_peer(struct zx_socket *s, uint32_t number);
int zx_socket_unbind(struct zx_socket *s, const char *endpoint);

#endif
