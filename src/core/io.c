/* SPDX-License-Identifier: MIT */
#include "core/io.h"

#include <errno.h>
#include <stdlib.h>

#include "core/link.h"

enum { EVENTS_PER_TURN = 64, FLUSH_BATCH = 64 };
#define WAKE_KEY UINT64_C(0xffffffff)
static const uint64_t TICK_NS = 1000000, SWEEP_NS = 50000, SLACK_NS = 1000;
/* So few dirty links are swept at every look. */
enum { FEW = 4, LOOKS_PER_SWEEP = 4, LINKS_PER_STRETCH = 4, STRETCH_MAX = 5 };
enum { PATIENCE = 8, LINKS_PER_PATIENCE = 32 }; /* sweeps that a link is left to its sender */

void zx_io_wake(struct zx_io *io) {
    zx_event_signal(&io->wake);
}

/* ---- reactors ---- */

int zx_io_add_reactor(struct zx_io *io, struct zx_reactor *r) {
    zx_mutex_lock(&io->reactors.lock);
    uint32_t i = 0;
    while (i < io->reactors.n && io->reactors.v[i])
        i++;
    int rc = 0;
    if (i == io->reactors.cap) {
        uint32_t cap = io->reactors.cap ? io->reactors.cap * 2 : 8;
        struct zx_reactor **v = realloc(io->reactors.v, cap * sizeof *v);
        if (v) {
            io->reactors.v = v;
            io->reactors.cap = cap;
        } else {
            rc = -ENOMEM;
        }
    }
    if (!rc) {
        io->reactors.v[i] = r;
        if (i == io->reactors.n)
            io->reactors.n++;
        r->io_key = i;
    }
    zx_mutex_unlock(&io->reactors.lock);
    if (rc)
        return rc;
    rc = zx_pollset_add(&io->ps, r->ps.fd, ZX_POLL_IN, r->io_key);
    if (rc) {
        zx_mutex_lock(&io->reactors.lock);
        io->reactors.v[r->io_key] = NULL;
        zx_mutex_unlock(&io->reactors.lock);
    } else
        atomic_fetch_add_explicit(&io->load, 1, memory_order_relaxed);
    return rc;
}

void zx_io_remove_reactor(struct zx_io *io, struct zx_reactor *r) {
    (void)zx_pollset_del(&io->ps, r->ps.fd);
    zx_mutex_lock(&io->hot.lock);
    for (struct zx_reactor **p = &io->hot.list; *p; p = &(*p)->hot_next) {
        if (*p == r) {
            *p = r->hot_next;
            break;
        }
    }
    zx_mutex_unlock(&io->hot.lock);
    zx_mutex_lock(&io->reactors.lock);
    io->reactors.v[r->io_key] = NULL;
    zx_mutex_unlock(&io->reactors.lock);
    atomic_fetch_sub_explicit(&io->load, 1, memory_order_relaxed);
}

/* A reference to the reactor with this key unless it is on its way out. */
static struct zx_reactor *find_reactor(struct zx_io *io, uint64_t key) {
    struct zx_reactor *r = NULL;
    zx_mutex_lock(&io->reactors.lock);
    if (key < io->reactors.n)
        r = io->reactors.v[key];
    if (r && !zx_reactor_try_ref(r))
        r = NULL;
    zx_mutex_unlock(&io->reactors.lock);
    return r;
}

/* ---- hot reactors: the 1 ms tick ---- */

static void hot_push(struct zx_io *io, struct zx_reactor *r) {
    atomic_store_explicit(&r->hot, 1, memory_order_seq_cst);
    r->driven_seen = atomic_load_explicit(&r->driven, memory_order_relaxed) - 1;
    r->hot_next = io->hot.list;
    io->hot.list = r;
}

void zx_io_make_hot(struct zx_io *io, struct zx_reactor *r) {
    zx_mutex_lock(&io->hot.lock);
    if (!atomic_load_explicit(&r->hot, memory_order_relaxed))
        hot_push(io, r);
    zx_mutex_unlock(&io->hot.lock);
    /* Push before the look at ticking; partner: the end of zx_io_tick. */
    if (!atomic_exchange_explicit(&io->hot.ticking, 1, memory_order_seq_cst))
        zx_io_wake(io);
}

/* Unlists a reactor that is not free for the application. Partner: zx_reactor_leave stores
 * the state and then loads hot; here hot is cleared and then the state loaded. True if it
 * became free meanwhile: it stays listed. */
static bool unlist_or_keep(struct zx_reactor *r) {
    atomic_store_explicit(&r->hot, 0, memory_order_seq_cst);
    if (atomic_load_explicit(&r->state, memory_order_seq_cst) != ZX_APP_FREE)
        return false;
    atomic_store_explicit(&r->hot, 1, memory_order_seq_cst);
    return true;
}

/* Takes a reactor from the list that the application has left alone for a tick. */
static struct zx_reactor *pick_cold(struct zx_io *io) {
    struct zx_reactor *found = NULL, **p = &io->hot.list;
    zx_mutex_lock(&io->hot.lock);
    while (*p && !found) {
        struct zx_reactor *r = *p;
        unsigned driven = atomic_load_explicit(&r->driven, memory_order_relaxed);
        unsigned state = ZX_APP_FREE;
        if (driven != r->driven_seen || r->tick_seen == io->hot.tick) {
            r->driven_seen = driven;
            r->tick_seen = io->hot.tick; /* judged again by the next tick */
            p = &r->hot_next;
        } else if (!zx_reactor_try_ref(r)) {
            p = &r->hot_next; /* its last holder waits for the lock to unlist it */
        } else if (atomic_compare_exchange_strong_explicit(&r->state, &state, ZX_IO_HELD,
                                                           memory_order_seq_cst,
                                                           memory_order_relaxed)) {
            *p = r->hot_next;
            atomic_store_explicit(&r->hot, 0, memory_order_seq_cst);
            found = r;
        } else {
            if (unlist_or_keep(r))
                p = &r->hot_next;
            else
                *p = r->hot_next;
            io->hot.parked = r; /* perhaps the last reference: dropped after the unlock */
            break;
        }
    }
    zx_mutex_unlock(&io->hot.lock);
    return found;
}

static void zx_io_tick(struct zx_io *io) {
    io->hot.tick++;
    for (;;) {
        struct zx_reactor *r = pick_cold(io);
        struct zx_reactor *parked = io->hot.parked;
        io->hot.parked = NULL;
        if (parked)
            zx_reactor_unref(parked);
        if (!r && !parked)
            break;
        if (!r)
            continue;
        (void)zx_reactor_drive(r, 0, false);
        zx_reactor_give(r);
        zx_reactor_unref(r);
    }
    zx_mutex_lock(&io->hot.lock);
    if (!io->hot.list) /* under the lock that a push takes: no push is missed */
        atomic_store_explicit(&io->hot.ticking, 0, memory_order_seq_cst);
    zx_mutex_unlock(&io->hot.lock);
}

/* ---- dirty links: what senders left behind ---- */

static void dirty_push(struct zx_io *io, struct zx_link *l) {
    struct zx_link *head = atomic_load_explicit(&io->dirty.list, memory_order_relaxed);
    do
        l->dirty.next = head;
    while (!atomic_compare_exchange_weak_explicit(&io->dirty.list, &head, l, memory_order_seq_cst,
                                                  memory_order_relaxed));
}

/* Pushes, and sees that the sweeper comes. */
static void dirty_announce(struct zx_io *io, struct zx_link *l) {
    dirty_push(io, l);
    if (!atomic_load_explicit(&io->dirty.awake, memory_order_seq_cst) &&
        !atomic_exchange_explicit(&io->dirty.awake, 1, memory_order_seq_cst))
        zx_io_wake(io);
}

void zx_io_dirty(struct zx_io *io, struct zx_link *l) {
    atomic_store_explicit(&l->dirty.by, zx_os_self(), memory_order_relaxed);
    if (atomic_exchange_explicit(&l->dirty.mark, 1, memory_order_acq_rel))
        return;
    zx_source_ref(&l->src);
    dirty_announce(io, l);
}

/* Clears marks, lets senders see that, flushes; a batch at a time, copied out first: with
 * its mark clear a link may be pushed again, and its `next` is no longer ours. The barrier's
 * partner: the sender commits and then loads its mark (fencing itself without barrier). */
static void flush_links(struct zx_link *list) {
    while (list) {
        struct zx_link *batch[FLUSH_BATCH];
        unsigned n = 0;
        for (; list && n < FLUSH_BATCH; list = list->dirty.next)
            batch[n++] = list;
        for (unsigned i = 0; i < n; i++)
            atomic_store_explicit(&batch[i]->dirty.mark, 0, memory_order_seq_cst);
        if (zx_lock_plain)
            atomic_thread_fence(memory_order_seq_cst);
        else
            zx_os_membarrier();
        for (unsigned i = 0; i < n; i++) {
            zx_link_kick(batch[i], ZX_WORK_FLUSH, false);
            zx_source_unref(&batch[i]->src);
        }
    }
}

void zx_io_flush_dirty(struct zx_io *io) {
    if (!atomic_load_explicit(&io->dirty.list, memory_order_seq_cst))
        return;
    struct zx_link *list = atomic_exchange_explicit(&io->dirty.list, NULL, memory_order_seq_cst);
    struct zx_link *ours = NULL;
    while (list) {
        struct zx_link *l = list;
        list = l->dirty.next;
        if (atomic_load_explicit(&l->dirty.by, memory_order_relaxed) == zx_os_self()) {
            l->dirty.next = ours;
            ours = l;
            atomic_store_explicit(&l->dirty.rested, true, memory_order_relaxed);
        } else {
            dirty_announce(io, l);
        }
    }
    flush_links(ours);
}

/* What sending threads do: sends that leave bytes behind, flushes. Each thread has a place by its
 * hash; of two that share one the second is taken to work as long as the first does. */
static struct {
    _Alignas(64) atomic_uint works;
} senders[ZX_IO_SENDERS];

static unsigned place_of(uintptr_t thread) {
    return (unsigned)((uint64_t)thread * UINT64_C(0x9e3779b97f4a7c15) >> 60) % ZX_IO_SENDERS;
}

void zx_io_sender_works(void) {
    atomic_uint *n = &senders[place_of(zx_os_self())].works;
    /* Not a read-modify-write: a count lost between two threads of one place costs a sweep. */
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* The places whose threads have sent or flushed since the last look, a bit for each. */
static unsigned working_senders(struct zx_io *io) {
    unsigned working = 0;
    for (unsigned i = 0; i < ZX_IO_SENDERS; i++) {
        unsigned n = atomic_load_explicit(&senders[i].works, memory_order_relaxed);
        working |= (unsigned)(n != io->dirty.senders_seen[i]) << i;
        io->dirty.senders_seen[i] = n;
    }
    return working;
}

/* Nobody has been here for two sweeps: no more until a sender calls. */
static void rest_from_sweeping(struct zx_io *io) {
    /* Asleep first, then the look; partner: the push before the load in zx_io_dirty. */
    atomic_store_explicit(&io->dirty.awake, 0, memory_order_seq_cst);
    if (atomic_load_explicit(&io->dirty.list, memory_order_seq_cst))
        atomic_store_explicit(&io->dirty.awake, 1, memory_order_seq_cst);
    io->dirty.empty_ticks = 0;
}

/* Does its sender see to it? Of few links that flushed since the last sweep; of many also one
 * that is still sending and has not come round to this one for a bounded time. */
static bool is_seen_to(struct zx_io *io, struct zx_link *l, bool is_full) {
    const unsigned links = io->dirty.links;
    uintptr_t by = atomic_load_explicit(&l->dirty.by, memory_order_relaxed);
    if (links > FEW && !(io->dirty.working >> place_of(by) & 1))
        return false;
    unsigned count = atomic_load_explicit(&l->dirty.flushes, memory_order_relaxed);
    if (count != l->dirty.flushes_seen) {
        l->dirty.flushes_seen = count;
        l->dirty.spared = 0;
        return true;
    }
    l->dirty.spared += is_full;
    return links > FEW && l->dirty.spared <= PATIENCE + links / LINKS_PER_PATIENCE;
}

/* Are there many links, and nothing to do before the next look? A sender that has just stopped
 * is not made to wait for the sweep that goes through all links. */
static bool can_wait(struct zx_io *io) {
    if (io->dirty.links <= FEW)
        return false;
    unsigned before = io->dirty.working;
    io->dirty.working = working_senders(io);
    return !(before & ~io->dirty.working) && io->dirty.looks % LOOKS_PER_SWEEP != 0;
}

/* Flushes links whose sender does not see to it. Returns how long the next look may wait. */
static uint64_t zx_io_sweep(struct zx_io *io) {
    unsigned links = io->dirty.links;
    io->dirty.looks++;
    if (!can_wait(io)) {
        bool is_full = io->dirty.looks % LOOKS_PER_SWEEP == 0;
        struct zx_link *list =
            atomic_exchange_explicit(&io->dirty.list, NULL, memory_order_seq_cst);
        struct zx_link *still = NULL;
        if (list)
            io->dirty.empty_ticks = 0;
        else if (++io->dirty.empty_ticks >= 2)
            rest_from_sweeping(io);
        for (links = 0; list; links++) {
            struct zx_link *l = list;
            list = l->dirty.next;
            if (is_seen_to(io, l, is_full)) {
                dirty_push(io, l);
            } else {
                l->dirty.next = still;
                still = l;
            }
        }
        flush_links(still);
        io->dirty.links = links;
    }
    unsigned stretch = 1 + links / LINKS_PER_STRETCH;
    return SWEEP_NS * (stretch < STRETCH_MAX ? stretch : STRETCH_MAX);
}

/* ---- timers ---- */

static void heap_put(struct zx_io *io, size_t i, struct zx_source *src) {
    io->timers.heap[i] = src;
    src->timer.index = i + 1;
}

static void heap_up(struct zx_io *io, size_t i) {
    struct zx_source *src = io->timers.heap[i];
    while (i && io->timers.heap[(i - 1) / 2]->timer.at_ns > src->timer.at_ns) {
        heap_put(io, i, io->timers.heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(io, i, src);
}

static void heap_down(struct zx_io *io, size_t i) {
    struct zx_source *src = io->timers.heap[i];
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= io->timers.n)
            break;
        if (c + 1 < io->timers.n &&
            io->timers.heap[c + 1]->timer.at_ns < io->timers.heap[c]->timer.at_ns)
            c++;
        if (io->timers.heap[c]->timer.at_ns >= src->timer.at_ns)
            break;
        heap_put(io, i, io->timers.heap[c]);
        i = c;
    }
    heap_put(io, i, src);
}

static void heap_remove(struct zx_io *io, struct zx_source *src) {
    size_t i = src->timer.index - 1;
    struct zx_source *last = io->timers.heap[--io->timers.n];
    src->timer.index = 0;
    if (last == src)
        return;
    heap_put(io, i, last);
    heap_up(io, i);
    heap_down(io, last->timer.index - 1);
}

static int heap_grow(struct zx_io *io) {
    size_t cap = io->timers.cap ? io->timers.cap * 2 : 16;
    struct zx_source **v = realloc(io->timers.heap, cap * sizeof *v);
    if (!v)
        return -ENOMEM;
    io->timers.heap = v;
    io->timers.cap = cap;
    return 0;
}

/* A timer that cannot be set would be a connection that never ends. */
int zx_timer_reserve(struct zx_io *io) {
    zx_mutex_lock(&io->timers.lock);
    int rc = io->timers.reserved == io->timers.cap ? heap_grow(io) : 0;
    io->timers.reserved += !rc;
    zx_mutex_unlock(&io->timers.lock);
    return rc;
}

void zx_timer_unreserve(struct zx_io *io) {
    zx_mutex_lock(&io->timers.lock);
    io->timers.reserved--;
    zx_mutex_unlock(&io->timers.lock);
}

static void heap_add(struct zx_io *io, struct zx_source *src) {
    zx_source_ref(src);
    heap_put(io, io->timers.n++, src);
    heap_up(io, io->timers.n - 1);
}

void zx_timer_set(struct zx_source *src, uint64_t at_ns) {
    struct zx_io *io = src->reactor->io;
    bool wake = false, drop = false;
    zx_mutex_lock(&io->timers.lock);
    if (at_ns == UINT64_MAX) {
        drop = src->timer.index != 0;
        if (drop)
            heap_remove(io, src);
    } else if (src->timer.index) {
        src->timer.at_ns = at_ns;
        heap_up(io, src->timer.index - 1);
        heap_down(io, src->timer.index - 1);
        wake = at_ns < io->timers.sleep_until;
    } else {
        src->timer.at_ns = at_ns;
        heap_add(io, src);
        wake = at_ns < io->timers.sleep_until;
    }
    zx_mutex_unlock(&io->timers.lock);
    if (wake)
        zx_io_wake(io);
    if (drop)
        zx_source_unref(src);
}

static void run_timers(struct zx_io *io, uint64_t now) {
    for (;;) {
        struct zx_source *src = NULL;
        zx_mutex_lock(&io->timers.lock);
        if (io->timers.n && io->timers.heap[0]->timer.at_ns <= now) {
            src = io->timers.heap[0]; /* the heap's reference becomes ours */
            heap_remove(io, src);
        }
        zx_mutex_unlock(&io->timers.lock);
        if (!src)
            return;
        src->ops->on_timer(src);
        zx_source_unref(src);
    }
}

/* ---- the thread ---- */

static uint64_t sleep_time(struct zx_io *io, uint64_t now, uint64_t sweep_at) {
    uint64_t until = UINT64_MAX;
    if (atomic_load_explicit(&io->hot.ticking, memory_order_seq_cst))
        until = now + TICK_NS;
    if (atomic_load_explicit(&io->dirty.awake, memory_order_seq_cst) && sweep_at < until)
        until = sweep_at;
    zx_mutex_lock(&io->timers.lock);
    if (io->timers.n && io->timers.heap[0]->timer.at_ns < until)
        until = io->timers.heap[0]->timer.at_ns;
    io->timers.sleep_until = until;
    zx_mutex_unlock(&io->timers.lock);
    return until == UINT64_MAX ? UINT64_MAX : until > now ? until - now : 0;
}

static void handle_events(struct zx_io *io, const struct zx_poll_event *evs, int n) {
    for (int i = 0; i < n; i++) {
        if (evs[i].key == WAKE_KEY) {
            (void)zx_event_drain(&io->wake);
            continue;
        }
        struct zx_reactor *r = find_reactor(io, evs[i].key);
        if (!r)
            continue;
        zx_reactor_on_io_event(r);
        zx_reactor_unref(r);
    }
}

static void io_loop(void *arg) {
    struct zx_io *io = arg;
    struct zx_poll_event evs[EVENTS_PER_TURN];
    uint64_t sweep_at = 0, tick_at = 0;
    zx_thread_timer_slack_ns(SLACK_NS);
    while (!atomic_load_explicit(&io->stop, memory_order_acquire)) {
        uint64_t now = zx_os_now_ns();
        int n = zx_pollset_wait(&io->ps, evs, EVENTS_PER_TURN, sleep_time(io, now, sweep_at));
        zx_mutex_lock(&io->timers.lock);
        io->timers.sleep_until = 0;
        zx_mutex_unlock(&io->timers.lock);
        handle_events(io, evs, n);
        now = zx_os_now_ns();
        if (atomic_load_explicit(&io->dirty.awake, memory_order_seq_cst) && now >= sweep_at) {
            sweep_at = now + zx_io_sweep(io);
        }
        if (atomic_load_explicit(&io->hot.ticking, memory_order_seq_cst) && now >= tick_at) {
            zx_io_tick(io);
            tick_at = now + TICK_NS;
        }
        run_timers(io, now);
    }
}

int zx_io_start(struct zx_io *io, unsigned index, const struct zx_thread_conf *conf) {
    io->index = index;
    io->wake.rfd = io->wake.wfd = -1;
    io->ps.fd = -1;
    int rc = zx_event_init(&io->wake);
    if (!rc)
        rc = zx_pollset_init(&io->ps);
    if (!rc)
        rc = zx_pollset_add(&io->ps, io->wake.rfd, ZX_POLL_IN, WAKE_KEY);
    if (!rc)
        rc = zx_thread_start(&io->thread, conf, io_loop, io);
    if (rc)
        zx_io_stop(io);
    return rc;
}

void zx_io_stop(struct zx_io *io) {
    atomic_store_explicit(&io->stop, 1, memory_order_release);
    if (io->thread.running) {
        zx_io_wake(io);
        zx_thread_join(&io->thread);
    }
    zx_pollset_fini(&io->ps);
    zx_event_fini(&io->wake);
    free(io->timers.heap);
    free(io->reactors.v);
    io->timers.heap = NULL;
    io->reactors.v = NULL;
}
