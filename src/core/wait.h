/* SPDX-License-Identifier: MIT */
/*
 * Waiting: a thread that sleeps until a socket has something for it, a poller that is told
 * which sockets may have.
 *
 * What: a waiter belongs to the sleeping thread (futex word, eventfd on need); a watch is
 *   its node at one socket. A poller's node stays at the socket; what may have become ready is
 *   pushed on the poller's list of news, once until it is looked at again. Protocol R5.
 * Owner: the waiter's thread; watches are linked under the socket's wake lock (a leaf), nodes
 *   under that and the socket's lock, so that either is enough to walk them.
 * Life: a watch is on the stack of the call, unlinked before it returns; a node from add to
 *   remove, or until the socket closes.
 * Never: sleeps with a lock held; misses a wake-up: register, then look again, then sleep.
 */
#ifndef ZX_CORE_WAIT_H
#define ZX_CORE_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lock.h"
#include "os/os.h"

struct zx_pipe;
struct zx_socket;
struct zx_watch;
struct zx_node;

enum { ZX_WAKE_NODE = 1 << 16 }; /* a poller's node, as zx_wake counts it */

struct zx_wake { /* who waits for a socket */
    struct zx_mutex lock;
    atomic_uint sleepers;  /* watches linked, and ZX_WAKE_NODE for each node */
    struct zx_watch *list;
    struct zx_node *nodes; /* written under the socket's lock too */
};

struct zx_waiter {
    atomic_uint word;       /* 0 asleep or about to be, 1 woken */
    struct zx_event *event; /* signalled too when set (the thread sleeps in a poll) */
};

struct zx_watch {
    struct zx_waiter *waiter;
    struct zx_watch *next, *prev;
};

void zx_wake_add(struct zx_wake *wake, struct zx_watch *watch);
void zx_wake_remove(struct zx_wake *wake, struct zx_watch *watch);
/* Wakes all: takes the lock only if somebody sleeps. The caller's push is a sequentially
 * consistent operation before this; partner: the look after zx_wake_add. */
void zx_wake_all(struct zx_wake *wake);
/* Wakes those asleep in a call, not the pollers (zx_node_tell does), if the socket is ready for
 * anything. The socket's lock. */
void zx_wake_watches(struct zx_socket *s);

/* ---- pollers ---- */

struct zx_news { /* a poller's; its memory is never given back to the system */
    struct zx_node *_Atomic head; /* newest first */
    atomic_uint word;      /* counts wake-ups; a futex */
    atomic_uint asleep;    /* threads on the word, or about to be */
    atomic_uint polling;   /* threads in a poll with `event`, or about to be */
    atomic_uint signalled; /* event: as fd_signalled of a socket */
    atomic_uint fd_signalled;
    atomic_bool has_fd;    /* the descriptor is out */
    atomic_uint closing;   /* sockets that close and are about to wake: it may not go yet */
    struct zx_event event, fd_event; /* rfd -1 until needed */
};

struct zx_node { /* a poller's at one socket */
    struct zx_news *news;
    struct zx_node *next, *prev; /* at the socket */
    struct zx_node *older;       /* in the news */
    atomic_uint state;  /* ZX_NODE_* */
    int events;         /* what the poller wants; the socket's lock */
};

enum {
    ZX_NODE_LISTED = 1, /* in the news or taken from there: nobody pushes it */
    ZX_NODE_HELD = 2,   /* its poller uses the socket: the slot may not go to another one */
    ZX_NODE_GONE = 4    /* the socket is closed: the node is linked to nothing */
};

/* Socket's lock held. A node is added as listed: its poller looks first. */
void zx_node_add(struct zx_socket *s, struct zx_node *node);
void zx_node_remove(struct zx_socket *s, struct zx_node *node);
/* The socket closes: the nodes are told and forgotten. */
void zx_node_remove_all(struct zx_socket *s);
/* For the node's poller, without the lock: holds the socket's slot, so that it can be locked or
 * found closed. False: it is gone. */
bool zx_node_hold(struct zx_node *node);
void zx_node_let_go(struct zx_node *node, struct zx_socket *s);
/* A call ends that may have made the socket ready without any mail. */
void zx_node_tell(struct zx_socket *s);

/* Wakes whoever waits for the poller, and its descriptor. Any thread, any lock. */
void zx_news_wake(struct zx_news *news);
/* The news, oldest first; they stay listed. */
struct zx_node *zx_news_take(struct zx_news *news);

/* ---- one socket ---- */

/* How long to poll before sleeping: adapts to how the last waits went. Per socket. */
struct zx_spin {
    unsigned long_waits; /* consecutive waits that outlasted the budget */
    unsigned received;   /* frames taken since the last wait */
    unsigned looks;      /* at the network, by calls that do not wait */
    unsigned streams;    /* consecutive waits that found a writer in full flow */
    bool quick;          /* the last wait was over at once */
    uint64_t gather_ns;  /* how long the next wait lets messages gather */
};

/* In a stream: a pipe that went dry is left listed, and polled by the wait that follows. False: not
 * this one. The call must come to zx_wait_socket: only for the last pipe that might have had
 * something. The socket's lock. */
bool zx_wait_polls(struct zx_socket *s, struct zx_pipe *p);

/* Absolute time of now + timeout_ms; UINT64_MAX for a negative timeout. */
uint64_t zx_deadline(int64_t timeout_ms);

struct zx_reactor;
/* One look at the network by the driver of the socket's reactor, the socket locked. With a
 * single ready link its descriptor is read directly, the poll set only now and then. */
void zx_wait_look(struct zx_socket *s, struct zx_reactor *r, unsigned round);

/* How long a wait polls before it sleeps, by option, context and environment. */
uint64_t zx_spin_budget_ns(const struct zx_socket *s);

/* One socket: called locked after an operation said -EAGAIN; returns locked. Polls, then
 * sleeps until something may have changed. 0: try again; -EAGAIN: the deadline passed;
 * -EINTR; -ETERM; -ENOTSOCK: closed meanwhile (then it is NOT locked any more). */
int zx_wait_socket(struct zx_socket *s, uint64_t deadline_ns);

#endif
