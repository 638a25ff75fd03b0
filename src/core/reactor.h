/* SPDX-License-Identifier: MIT */
/*
 * A socket's reactor: the poll set with its listeners and links, driven by whoever waits.
 *
 * What: one poll set and a table of sources (links, listeners). Protocol R4.
 * Owner: `state` says who drives: exactly one thread, by compare-and-swap. The table has
 *   its own leaf lock. The poll set may be changed by any thread (the kernel locks it).
 * Life: made for a socket's first network endpoint; reference-counted: the socket, each
 *   source, the I/O thread's table. It outlives zmq_close while links linger.
 *   The nested entry in the I/O thread's set is level-triggered and off while the
 *   application holds the reactor or has it hot.
 * Never: is driven by two threads; depends on its owner for correctness: ownership only
 *   says who is woken.
 *
 *   state    | meaning                                | next
 *   ---------+----------------------------------------+---------------------------------
 *   IO_FREE  | the I/O thread is woken by events      | IO_HELD (event), APP_HELD (take)
 *   IO_HELD  | the I/O thread drives                  | IO_FREE
 *   APP_FREE | hot: the next waiting call drives      | APP_HELD (take), IO_HELD (tick)
 *   APP_HELD | a waiting call drives, maybe asleep    | APP_FREE (leave), IO_FREE (give)
 */
#ifndef ZX_CORE_REACTOR_H
#define ZX_CORE_REACTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lock.h"
#include "os/os.h"

struct zx_io;
struct zx_source;
struct zx_dead;

enum { ZX_IO_FREE, ZX_IO_HELD, ZX_APP_FREE, ZX_APP_HELD };

struct zx_source_ops {
    /* Readiness of the descriptor; owner: the caller holds the socket's lock. */
    void (*on_event)(struct zx_source *src, unsigned events, bool owner);
    /* The timer set with zx_timer_set fired; I/O thread, no lock. */
    void (*on_timer)(struct zx_source *src);
    void (*free)(struct zx_source *src); /* last reference dropped */
};

struct zx_timer { /* the I/O thread's timer lock */
    uint64_t at_ns;
    size_t index; /* place in the heap + 1; 0: not set */
};

/* What a reactor's table and an I/O thread's heap hold: base of link and listener. */
struct zx_source {
    const struct zx_source_ops *ops;
    struct zx_reactor *reactor; /* holds a reference */
    struct zx_timer timer;
    atomic_uint refs;
    int fd;             /* -1: none; the source's own word */
    uint32_t key;       /* index in the table */
    atomic_uint interest; /* ZX_POLL_* last set; written under the source's own word */
};

struct zx_entry {
    struct zx_source *src;
    uint32_t gen;
    uint32_t next_free;
};

struct zx_reactor {
    atomic_uint state;
    atomic_uint refs;
    struct zx_pollset ps;
    struct zx_io *io;
    uint32_t io_key;
    atomic_uint outs;       /* sources that wait to write: a leaver gives, never stays hot */
    atomic_uint driven;     /* times taken; the tick compares */
    uint32_t driven_seen;   /* I/O thread, hot lock */
    unsigned tick_seen;     /* the same: number of the tick that saw it driven */
    atomic_uint hot;        /* in the hot list; written under the hot lock */
    struct zx_reactor *hot_next;
    struct zx_mutex lock;   /* table */
    struct zx_entry *entries;
    uint32_t n_entries, free_head;
    atomic_uint n_sources;  /* written under the lock */
};

void zx_source_ref(struct zx_source *src);
void zx_source_unref(struct zx_source *src);

/* A reactor looked after by io. 0 or -EMFILE, -ENOMEM. */
int zx_reactor_new(struct zx_io *io, struct zx_reactor **out);
void zx_reactor_ref(struct zx_reactor *r);
void zx_reactor_unref(struct zx_reactor *r);
/* A reference, unless the last one is gone already. */
bool zx_reactor_try_ref(struct zx_reactor *r);
/* Adds src with src->fd and interest to table and poll set; the table holds a reference. */
int zx_reactor_add(struct zx_reactor *r, struct zx_source *src, unsigned interest);
int zx_reactor_interest(struct zx_source *src, unsigned interest);
/* Takes src out of the poll set and the table; its descriptor may be closed after. */
void zx_reactor_remove(struct zx_source *src);

/* How many sources it has, for whoever deals out the next. */
static inline unsigned zx_reactor_load(const struct zx_reactor *r) {
    return atomic_load_explicit(&r->n_sources, memory_order_relaxed);
}

/* For a thread that is about to wait: becomes APP_HELD; false: somebody else drives. */
bool zx_reactor_take(struct zx_reactor *r);
/* Takes it only if it is APP_FREE: no system call. */
bool zx_reactor_take_hot(struct zx_reactor *r);
void zx_reactor_give(struct zx_reactor *r);  /* back to the I/O thread */
void zx_reactor_leave(struct zx_reactor *r); /* stays hot for the next call */
/* Driver only: waits at most timeout_ns and handles events. Number handled or -EINTR. */
int zx_reactor_drive(struct zx_reactor *r, uint64_t timeout_ns, bool owner);
/* I/O thread: an event of the nested set. */
void zx_reactor_on_io_event(struct zx_reactor *r);

#endif
