/* SPDX-License-Identifier: MIT */
/*
 * Waiting: a thread that sleeps until a socket has something for it.
 *
 * What: a waiter belongs to the sleeping thread (futex word, eventfd on need); a watch is
 *   its node at one socket. Protocol R5.
 * Owner: the waiter's thread; watches are linked under the socket's wake lock (a leaf).
 * Life: on the stack of the call; unlinked before it returns.
 * Never: sleeps with a lock held; misses a wake-up: register, then look again, then sleep.
 */
#ifndef ZX_CORE_WAIT_H
#define ZX_CORE_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lock.h"

struct zx_event;
struct zx_pipe;
struct zx_socket;
struct zx_watch;

struct zx_wake { /* a socket's sleepers */
    struct zx_mutex lock;
    atomic_uint sleepers;  /* watches linked */
    struct zx_watch *list;
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
 * this one. The socket's lock. */
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
