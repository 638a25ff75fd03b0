/* SPDX-License-Identifier: MIT */
/* Sending and receiving: flags, timeouts, when to write (protocol R3). */
#include <errno.h>
#include <stdlib.h>

#include "core/ctx.h"
#include "core/io.h"
#include "core/link.h"
#include "core/reactor.h"
#include "core/shards.h"
#include "core/socket.h"
#include "zmq.h"

enum { FLUSH_BYTES = 56 * 1024 /* so that a batch stays within one chunk */, BUDGET_MAX = 100000 };
static const uint64_t BATCH_MIN_NS = 10000, BATCH_MAX_NS = 100000, BATCH_WIDE_NS = 1000000,
                      BATCH_MANY_NS = 16000000;

/* ---- when to write ---- */

/* What this thread has spent in flushes of all its sockets. */
static _Thread_local uint64_t written_ns ZX_OS_FAST_TLS;

static void note_flush(struct zx_budget *b, uint64_t start, uint64_t end) {
    written_ns += end - start;
    b->written_ns = written_ns;
    b->last_ns = end;
}

/* How long a batch may wait. To write to many peers takes longer than to one: as long again is
 * fair. */
static uint64_t most_to_wait(uint64_t flush) {
    if (flush <= BATCH_MAX_NS)
        return BATCH_MAX_NS;
    if (flush <= BATCH_WIDE_NS)
        return BATCH_WIDE_NS;
    return flush < BATCH_MANY_NS ? flush : BATCH_MANY_NS;
}

static void next_budget(struct zx_budget *b, uint64_t start, uint64_t end) {
    /* Between several sends: what passed before the first says nothing about the rate. Nor does
     * what the thread wrote for other sockets meanwhile: one that sends on many in turn would
     * write each message alone because it writes each message alone. */
    uint64_t span = start - (b->sent > 1 ? b->first_ns : b->last_ns);
    uint64_t others = written_ns - b->written_ns;
    if (others > span) /* of another thread */
        others = 0;
    uint64_t gap = (span - others) / (b->sent > 1 ? b->sent - 1 : 1);
    uint64_t flush = end - start, window = 2 * flush + others;
    if (window < BATCH_MIN_NS)
        window = BATCH_MIN_NS;
    uint64_t most = most_to_wait(flush + others);
    if (window > most)
        window = most;
    uint64_t k = window / (gap ? gap : 1);
    if (k > 2 * (uint64_t)b->size)
        k = 2 * (uint64_t)b->size;
    if (k > BUDGET_MAX)
        k = BUDGET_MAX;
    b->size = k ? (uint32_t)k : 1;
    b->left = b->size;
    b->sent = 0;
    note_flush(b, start, end);
}

static void flush_pipes(struct zx_socket *s) {
    struct zx_budget *b = &s->budget;
    for (uint32_t i = 0; i < b->n_dirty; i++) {
        b->dirty[i]->app.in_set_dirty = false;
        zx_pipe_flush(b->dirty[i]);
        zx_io_sender_works();
    }
    b->n_dirty = 0;
}

void zx_socket_flush(struct zx_socket *s) {
    struct zx_budget *b = &s->budget;
    if (!b->n_dirty)
        return;
    uint64_t start = zx_os_now_ns();
    flush_pipes(s);
    next_budget(b, start, zx_os_now_ns());
}

void zx_socket_rest(struct zx_socket *s) {
    struct zx_budget *b = &s->budget;
    if (!b->burst)
        return;
    flush_pipes(s);
    /* A lone message goes at once, a burst in two halves. The time spent waiting says
     * nothing about the rate. */
    b->size = b->left = b->burst > 2 ? b->burst / 2 : 1;
    b->sent = b->burst = 0;
    b->last_ns = zx_os_now_ns();
    b->written_ns = written_ns;
}

/* Remembers a pipe with unflushed bytes. False without memory: flush it now. */
static bool remember(struct zx_budget *b, struct zx_pipe *p) {
    if (p->app.in_set_dirty)
        return true;
    if (b->n_dirty == b->cap_dirty) {
        uint32_t cap = b->cap_dirty ? b->cap_dirty * 2 : 4;
        struct zx_pipe **v = realloc(b->dirty, cap * sizeof *v);
        if (!v)
            return false;
        b->dirty = v;
        b->cap_dirty = cap;
    }
    b->dirty[b->n_dirty++] = p;
    p->app.in_set_dirty = true;
    return true;
}

/* The thread waited on another socket and took along what it had sent on this one: the message
 * just counted begins a burst, and the last one is what to expect of it. */
static void new_burst(struct zx_budget *b) {
    uint32_t last = b->burst - 1;
    b->size = last > 2 ? last / 2 : 1;
    b->left = b->size - 1;
    b->sent = b->burst = 1;
    b->first_ns = b->last_ns = zx_os_now_ns();
    b->written_ns = written_ns;
}

/* Somebody must see to what is left if this thread does not come back. The commit precedes
 * the load of the mark; partner: the barrier in flush_links (io.c). True if the sweeper has
 * been here since our last flush. */
static inline bool leave_to_sweeper(struct zx_budget *b, struct zx_pipe *p, bool first) {
    if (zx_lock_plain)
        atomic_thread_fence(memory_order_seq_cst);
    else
        atomic_signal_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&p->link->dirty.mark, memory_order_relaxed)) {
        if (first)
            atomic_store_explicit(&p->link->dirty.by, zx_os_self(), memory_order_relaxed);
        return false;
    }
    if (!first && atomic_load_explicit(&p->link->dirty.rested, memory_order_relaxed))
        new_burst(b);
    else if (!first && b->size > 1)
        return true;
    atomic_store_explicit(&p->link->dirty.rested, false, memory_order_relaxed);
    zx_io_dirty(p->link->src.reactor->io, p->link);
    return false;
}

/* Counts a send of the first dirty pipe: with several pipes, one of them keeps time. */
static inline void count_send(struct zx_budget *b) {
    b->left -= b->left > 0;
    if (++b->sent == 1 && b->left) {
        b->first_ns = zx_os_now_ns();
        b->written_ns = written_ns;
    }
}

/* What is not just one more message of a batch. */
static int sent_slow(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_budget *b = &s->budget;
    zx_io_sender_works();
    bool first = !p->app.in_set_dirty;
    if (first && !remember(b, p)) {
        zx_pipe_flush(p);
        return 0;
    }
    if (b->dirty[0] == p)
        count_send(b);
    /* Where the sweeper came first, the time that passed says how slow we are. */
    if (!b->left || p->app.unflushed >= FLUSH_BYTES || !zx_queue_has_room(p->out) ||
        leave_to_sweeper(b, p, first))
        zx_socket_flush(s);
    return 0;
}

int zx_socket_sent(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_budget *b = &s->budget;
    b->burst++;
    if (!p->app.in_set_dirty || b->dirty[0] != p || !b->sent || b->left < 2 || zx_lock_plain ||
        p->app.unflushed >= FLUSH_BYTES || !zx_queue_has_room(p->out))
        return sent_slow(s, p);
    /* As leave_to_sweeper. */
    atomic_signal_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&p->link->dirty.mark, memory_order_relaxed))
        return sent_slow(s, p);
    b->left--;
    b->sent++;
    return 0;
}

/* To many peers a flush takes so long that the clock may be read for each message: one that
 * comes after silence goes at once, others wait for company as long as a flush takes. */
static void flush_many(struct zx_socket *s, uint64_t start) {
    struct zx_budget *b = &s->budget;
    flush_pipes(s);
    note_flush(b, start, zx_os_now_ns());
    b->wide_ns = b->last_ns - start;
    if (b->wide_ns > BATCH_WIDE_NS)
        b->wide_ns = BATCH_WIDE_NS;
    b->size = b->left = 1;
    b->sent = 0;
}

void zx_socket_sent_all(struct zx_socket *s, struct zx_pipe *const *v, uint32_t n) {
    struct zx_budget *b = &s->budget;
    uint64_t now = zx_os_now_ns();
    bool full = false;
    zx_io_sender_works();
    b->burst++;
    if (!b->sent++)
        b->first_ns = now;
    for (uint32_t i = 0; i < n; i++) {
        if (!v[i]->app.in_set_dirty && !remember(b, v[i]))
            zx_pipe_flush(v[i]);
        full |= v[i]->app.unflushed >= FLUSH_BYTES || !zx_pipe_can_send(v[i]);
    }
    if (full || now - (b->sent > 1 ? b->first_ns : b->last_ns) >= b->wide_ns) {
        flush_many(s, now);
        return;
    }
    if (zx_lock_plain)
        atomic_thread_fence(memory_order_seq_cst);
    else
        atomic_signal_fence(memory_order_seq_cst);
    for (uint32_t i = 0; i < n; i++)
        if (!atomic_load_explicit(&v[i]->link->dirty.mark, memory_order_relaxed))
            zx_io_dirty(v[i]->link->src.reactor->io, v[i]->link);
}

/* ---- send and receive ---- */

enum { LOOK_NS = 50000 }; /* as long as another thread may take to read what it was woken for */

/* The network is looked at by nobody else while the reactor is hot. */
static bool look_if_hot(struct zx_socket *s) {
    struct zx_reactor *r = s->reactor;
    if (!r || !zx_reactor_take_hot(r))
        return zx_socket_has_mail(s);
    zx_wait_look(s, r, ++s->spin.looks);
    if (s->fd_event.rfd >= 0)
        zx_reactor_give(r);
    else
        zx_reactor_leave(r);
    return zx_socket_has_mail(s);
}

bool zx_socket_look(struct zx_socket *s) {
    uint64_t until = s->reactor && !zx_socket_has_mail(s) ? zx_os_now_ns() + LOOK_NS : 0;
    while (!zx_socket_has_mail(s) && zx_os_now_ns() < until) {
        if (zx_shards_look(s))
            break;
        zx_os_cpu_relax(); /* the I/O thread has woken up for it */
    }
    if (!zx_socket_has_mail(s))
        return false;
    zx_socket_attend(s);
    return true;
}

typedef int attempt_fn(struct zx_socket *s, void *arg);

static int attempt_send(struct zx_socket *s, void *arg) {
    return s->ops->send(s, arg);
}

static int attempt_recv(struct zx_socket *s, void *arg) {
    return s->ops->recv(s, arg);
}

/* What follows a first -EAGAIN. */
static int retry(struct zx_socket *s, attempt_fn *attempt, void *arg, int timeout_ms) {
    if (!timeout_ms) {
        zx_socket_flush(s);
        if (!look_if_hot(s))
            return -EAGAIN;
        zx_socket_attend(s);
        return zx_socket_is_stopped(s) ? -ETERM : attempt(s, arg);
    }
    uint64_t deadline = zx_deadline(timeout_ms);
    for (;;) {
        int rc = zx_wait_socket(s, deadline);
        if (rc)
            return rc;
        rc = attempt(s, arg);
        if (rc != -EAGAIN)
            return rc;
    }
}

int zx_socket_send_again(struct zx_socket *s, struct zx_src *src, bool dontwait) {
    return retry(s, attempt_send, src, dontwait ? 0 : s->conf->queue.sndtimeo_ms);
}

int zx_socket_recv_again(struct zx_socket *s, struct zx_sink *sink, bool dontwait) {
    return retry(s, attempt_recv, sink, dontwait ? 0 : s->conf->queue.rcvtimeo_ms);
}

int zx_socket_events(struct zx_socket *s, bool look) {
    if (look && look_if_hot(s))
        zx_socket_attend(s);
    return s->ops->events(s);
}
