/* SPDX-License-Identifier: MIT */
/*
 * An I/O thread: timers, sweeping of what senders left behind, reactors nobody drives.
 *
 * What: one thread with a poll set whose entries are reactors (one-shot) and a wake-up.
 * Owner: the thread runs zx_io_*'s loop; the timer heap, the table of reactors and the hot
 *   list each have a leaf lock; the dirty list is a lock-free stack.
 * Life: started by the context's first socket, stopped and joined by zmq_ctx_term.
 * Never: waits for a socket's lock (it tries one, to give memory back); blocks but in its
 *   poll set; wakes while nothing is to do.
 */
#ifndef ZX_CORE_IO_H
#define ZX_CORE_IO_H

#include "core/lock.h"
#include "core/reactor.h"
#include "os/os.h"

struct zx_link;

enum { ZX_IO_SENDERS = 16 };

struct zx_io {
    struct zx_pollset ps;
    struct zx_event wake;
    struct zx_thread thread;
    atomic_uint stop;
    atomic_uint load; /* reactors */
    unsigned index;
    struct {
        struct zx_mutex lock;
        struct zx_source **heap;
        size_t n, cap, reserved;
        uint64_t sleep_until; /* what the thread sleeps for; 0 while it runs */
    } timers;
    struct {
        struct zx_mutex lock;
        struct zx_reactor **v;
        uint32_t n, cap;
    } reactors;
    struct {
        struct zx_mutex lock;
        struct zx_reactor *list;
        struct zx_reactor *parked; /* the thread's own */
        unsigned tick;
        atomic_uint ticking;
    } hot;
    struct {
        _Alignas(64) struct zx_link *_Atomic list;
        atomic_uint awake;
        unsigned empty_ticks;
        unsigned links; /* of the last sweep */
        unsigned looks, working, senders_seen[ZX_IO_SENDERS];
    } dirty;
};

int zx_io_start(struct zx_io *io, unsigned index, const struct zx_thread_conf *conf);
void zx_io_stop(struct zx_io *io);
void zx_io_wake(struct zx_io *io);

int zx_io_add_reactor(struct zx_io *io, struct zx_reactor *r);
void zx_io_remove_reactor(struct zx_io *io, struct zx_reactor *r);
void zx_io_make_hot(struct zx_io *io, struct zx_reactor *r);

/* A place in the heap for one more source, for as long as it lives. 0 or -ENOMEM. */
int zx_timer_reserve(struct zx_io *io);
void zx_timer_unreserve(struct zx_io *io);
/* Sets or moves the timer of src, which has a place; UINT64_MAX clears it. Any thread. The heap
 * holds a reference to src while it is set. */
void zx_timer_set(struct zx_source *src, uint64_t at_ns);

/* l has bytes that its sender did not offer to the kernel (its mark was clear). */
void zx_io_dirty(struct zx_io *io, struct zx_link *l);
/* The calling thread sends, or has flushed one of its pipes: it is at work, and the sweeper leaves
 * to it what it left on many others. */
void zx_io_sender_works(void);
/* Flushes now what the calling thread left behind: it is about to sleep. Others' batches are left
 * to grow: to write them half full would tell their senders that they are slow. */
void zx_io_flush_dirty(struct zx_io *io);

#endif
