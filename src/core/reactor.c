/* SPDX-License-Identifier: MIT */
#include "core/reactor.h"

#include <errno.h>
#include <stdlib.h>

#include "core/io.h"

enum { EVENTS_PER_TURN = 64 };
#define NO_ENTRY UINT32_C(0xffffffff)

void zx_source_ref(struct zx_source *src) {
    atomic_fetch_add_explicit(&src->refs, 1, memory_order_relaxed);
}

void zx_source_unref(struct zx_source *src) {
    if (atomic_fetch_sub_explicit(&src->refs, 1, memory_order_acq_rel) == 1)
        src->ops->free(src);
}

int zx_reactor_new(struct zx_io *io, struct zx_reactor **out) {
    struct zx_reactor *r = calloc(1, sizeof *r);
    if (!r)
        return -ENOMEM;
    atomic_init(&r->refs, 1);
    atomic_init(&r->state, ZX_IO_FREE);
    r->io = io;
    r->free_head = NO_ENTRY;
    int rc = zx_pollset_init(&r->ps);
    if (!rc)
        rc = zx_io_add_reactor(io, r);
    if (rc) {
        zx_pollset_fini(&r->ps);
        free(r);
        return rc;
    }
    *out = r;
    return 0;
}

void zx_reactor_ref(struct zx_reactor *r) {
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
}

bool zx_reactor_try_ref(struct zx_reactor *r) {
    unsigned refs = atomic_load_explicit(&r->refs, memory_order_relaxed);
    while (refs && !atomic_compare_exchange_weak_explicit(&r->refs, &refs, refs + 1,
                                                          memory_order_relaxed,
                                                          memory_order_relaxed))
        ;
    return refs != 0;
}

void zx_reactor_unref(struct zx_reactor *r) {
    if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    zx_io_remove_reactor(r->io, r);
    zx_pollset_fini(&r->ps);
    free(r->entries);
    free(r);
}

static int table_grow(struct zx_reactor *r) {
    uint32_t n = r->n_entries ? r->n_entries * 2 : 4;
    struct zx_entry *v = realloc(r->entries, n * sizeof *v);
    if (!v)
        return -ENOMEM;
    for (uint32_t i = r->n_entries; i < n; i++)
        v[i] = (struct zx_entry){NULL, 1, i + 1 < n ? i + 1 : r->free_head};
    r->free_head = r->n_entries;
    r->entries = v;
    r->n_entries = n;
    return 0;
}

static uint64_t poll_key(uint32_t index, uint32_t gen) {
    return (uint64_t)gen << 32 | index;
}

static unsigned interest_of(struct zx_source *src) {
    return atomic_load_explicit(&src->interest, memory_order_relaxed);
}

static void set_interest(struct zx_source *src, unsigned interest) {
    atomic_store_explicit(&src->interest, interest, memory_order_relaxed);
}

static void count_outs(struct zx_reactor *r, unsigned before, unsigned now) {
    if ((now & ZX_POLL_OUT) && !(before & ZX_POLL_OUT))
        atomic_fetch_add_explicit(&r->outs, 1, memory_order_relaxed);
    if (!(now & ZX_POLL_OUT) && (before & ZX_POLL_OUT))
        atomic_fetch_sub_explicit(&r->outs, 1, memory_order_relaxed);
}

int zx_reactor_add(struct zx_reactor *r, struct zx_source *src, unsigned interest) {
    zx_mutex_lock(&r->lock);
    int rc = r->free_head == NO_ENTRY ? table_grow(r) : 0;
    uint64_t key = 0;
    if (!rc) {
        uint32_t i = r->free_head;
        r->free_head = r->entries[i].next_free;
        r->entries[i].src = src;
        r->n_sources++;
        src->key = i;
        key = poll_key(i, r->entries[i].gen);
    }
    zx_mutex_unlock(&r->lock);
    if (rc)
        return rc;
    zx_source_ref(src);
    count_outs(r, 0, interest);
    set_interest(src, interest);
    rc = zx_pollset_add(&r->ps, src->fd, interest, key);
    if (rc) {
        int fd = src->fd;
        src->fd = -1; /* it never got into the set */
        zx_reactor_remove(src);
        src->fd = fd;
    }
    return rc;
}

int zx_reactor_interest(struct zx_source *src, unsigned interest) {
    unsigned before = interest_of(src);
    if (before == interest)
        return 0;
    struct zx_reactor *r = src->reactor;
    count_outs(r, before, interest);
    set_interest(src, interest);
    zx_mutex_lock(&r->lock);
    uint64_t key = poll_key(src->key, r->entries[src->key].gen);
    zx_mutex_unlock(&r->lock);
    return zx_pollset_mod(&r->ps, src->fd, interest, key);
}

void zx_reactor_remove(struct zx_source *src) {
    struct zx_reactor *r = src->reactor;
    count_outs(r, interest_of(src), 0);
    set_interest(src, 0);
    /* Always before the close: a forked child may keep the file alive, and the set
     * would report it for ever. */
    if (src->fd >= 0)
        (void)zx_pollset_del(&r->ps, src->fd);
    zx_mutex_lock(&r->lock);
    struct zx_entry *e = &r->entries[src->key];
    e->src = NULL;
    r->n_sources--;
    e->gen++; /* an event already fetched finds nothing */
    e->next_free = r->free_head;
    r->free_head = src->key;
    zx_mutex_unlock(&r->lock);
    src->key = NO_ENTRY;
    zx_source_unref(src);
}

static struct zx_source *find(struct zx_reactor *r, uint64_t key) {
    uint32_t i = (uint32_t)key, gen = (uint32_t)(key >> 32);
    struct zx_source *src = NULL;
    zx_mutex_lock(&r->lock);
    if (i < r->n_entries && r->entries[i].gen == gen)
        src = r->entries[i].src;
    if (src)
        zx_source_ref(src);
    zx_mutex_unlock(&r->lock);
    return src;
}

static bool swap_state(struct zx_reactor *r, unsigned from, unsigned to) {
    /* Acquire: what the last driver did is seen; sequentially consistent, because a
     * waiter that lost looks again before it sleeps. */
    return atomic_compare_exchange_strong_explicit(&r->state, &from, to, memory_order_seq_cst,
                                                   memory_order_relaxed);
}

bool zx_reactor_take_hot(struct zx_reactor *r) {
    if (atomic_load_explicit(&r->state, memory_order_relaxed) != ZX_APP_FREE ||
        !swap_state(r, ZX_APP_FREE, ZX_APP_HELD))
        return false;
    atomic_fetch_add_explicit(&r->driven, 1, memory_order_relaxed);
    return true;
}

bool zx_reactor_take(struct zx_reactor *r) {
    if (zx_reactor_take_hot(r))
        return true;
    if (!swap_state(r, ZX_IO_FREE, ZX_APP_HELD))
        return false;
    atomic_fetch_add_explicit(&r->driven, 1, memory_order_relaxed);
    (void)zx_pollset_mod(&r->io->ps, r->ps.fd, 0, r->io_key);
    return true;
}

/* First the state, then the arming: an arm that lands late costs one wake-up, the other
 * order loses events. */
void zx_reactor_give(struct zx_reactor *r) {
    atomic_store_explicit(&r->state, ZX_IO_FREE, memory_order_seq_cst);
    (void)zx_pollset_mod(&r->io->ps, r->ps.fd, ZX_POLL_IN, r->io_key);
}

void zx_reactor_leave(struct zx_reactor *r) {
    if (atomic_load_explicit(&r->outs, memory_order_relaxed)) {
        zx_reactor_give(r);
        return;
    }
    atomic_store_explicit(&r->state, ZX_APP_FREE, memory_order_seq_cst);
    /* Partner: unlist_or_keep in io.c. */
    if (!atomic_load_explicit(&r->hot, memory_order_seq_cst))
        zx_io_make_hot(r->io, r);
}

/* The one source there is, if it only waits to read: no need to ask the poll set about it. */
static struct zx_source *sole_reader(struct zx_reactor *r) {
    struct zx_source *src = NULL;
    zx_mutex_lock(&r->lock);
    for (uint32_t i = 0; r->n_sources == 1 && i < r->n_entries && !src; i++)
        src = r->entries[i].src;
    if (src && interest_of(src) != ZX_POLL_IN)
        src = NULL;
    if (src)
        zx_source_ref(src);
    zx_mutex_unlock(&r->lock);
    return src;
}

int zx_reactor_drive(struct zx_reactor *r, uint64_t timeout_ns, bool owner) {
    struct zx_poll_event evs[EVENTS_PER_TURN];
    int n = zx_pollset_wait(&r->ps, evs, EVENTS_PER_TURN, timeout_ns);
    for (int i = 0; i < n; i++) {
        struct zx_source *src = find(r, evs[i].key);
        if (!src)
            continue;
        src->ops->on_event(src, evs[i].events, owner);
        zx_source_unref(src);
    }
    return n;
}

void zx_reactor_on_io_event(struct zx_reactor *r) {
    /* Whoever holds it now has turned the entry off, or is about to; he looks himself. */
    if (!swap_state(r, ZX_IO_FREE, ZX_IO_HELD))
        return;
    struct zx_source *src = sole_reader(r);
    if (src) {
        src->ops->on_event(src, ZX_POLL_IN, false);
        zx_source_unref(src);
    } else {
        (void)zx_reactor_drive(r, 0, false);
    }
    /* What came meanwhile is still reported: the entry is level-triggered and stays on. */
    atomic_store_explicit(&r->state, ZX_IO_FREE, memory_order_seq_cst);
}
