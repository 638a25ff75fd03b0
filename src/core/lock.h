/* SPDX-License-Identifier: MIT */
/*
 * Locks: the mutex of leaf sections and the lock of a socket.
 *
 * What: zx_mutex, a futex word (0 free, 1 held, 2 held and somebody sleeps), for short
 *   sections. zx_lock, the socket's.
 * Owner: whoever took it; no recursion, no timeout.
 * Life: zeroed is unlocked; nothing to free.
 * Never: is held while a thread sleeps elsewhere or a caller's callback runs.
 */
#ifndef ZX_CORE_LOCK_H
#define ZX_CORE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "os/os.h"

struct zx_mutex {
    atomic_uint word;
};

void zx_mutex_lock_slow(struct zx_mutex *m);
void zx_mutex_unlock_slow(struct zx_mutex *m);

static inline bool zx_mutex_trylock(struct zx_mutex *m) {
    unsigned free_word = 0;
    return atomic_compare_exchange_strong_explicit(&m->word, &free_word, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}
static inline void zx_mutex_lock(struct zx_mutex *m) {
    if (!zx_mutex_trylock(m))
        zx_mutex_lock_slow(m);
}
static inline void zx_mutex_unlock(struct zx_mutex *m) {
    /* Release what was written; a 2 means that somebody must be woken. */
    if (atomic_exchange_explicit(&m->word, 0, memory_order_release) == 2)
        zx_mutex_unlock_slow(m);
}

/* The socket's lock, biased towards the thread that uses it.
 *
 * Plain form: one atomic exchange to take it, one release store to give it. `waiters` is
 * raised, then a process-wide barrier runs, then the lock is looked at again: so the holder's
 * unlock (store, then load of waiters, without a fence) cannot miss the waiter.
 *
 * Biased form, after ZX_LOCK_BIAS_AFTER takes in a row by one thread: that thread stores
 * `busy`, and looks at `revoked`, no more. Another thread that wants in takes `word`, sets
 * `revoked`, runs the barrier (partner: the two steps of the owner) and waits for busy to
 * fall. From then on the lock is plain for good: `revoked` never falls, so that an owner
 * delayed between its look at `bias` and its store cannot slip in.
 *
 * Without a process-wide barrier (zx_lock_plain) there is no bias and unlock is an exchange. */
struct zx_lock {
    atomic_uint word;      /* 0 free, 1 held (plain form) */
    atomic_uint waiters;   /* threads asleep or about to sleep on word */
    atomic_uintptr_t bias; /* owner's mark; 0: plain */
    atomic_uint busy;      /* the owner is inside */
    atomic_uint revoked;
    unsigned in_a_row;     /* takes by `last`; the holder's */
    uintptr_t last;
};

enum { ZX_LOCK_BIAS_AFTER = 1000 };

extern bool zx_lock_plain; /* no process-wide barrier: set once before any lock is used */

void zx_lock_slow(struct zx_lock *l);
void zx_lock_wake(struct zx_lock *l);
void zx_lock_revoked(struct zx_lock *l);
void zx_lock_revoke(struct zx_lock *l);
void zx_lock_make_biased(struct zx_lock *l, uintptr_t me);

static inline bool zx_lock_try(struct zx_lock *l) {
    if (atomic_load_explicit(&l->word, memory_order_relaxed) ||
        atomic_exchange_explicit(&l->word, 1, memory_order_acquire))
        return false;
    if (!atomic_load_explicit(&l->bias, memory_order_relaxed))
        return true;
    atomic_store_explicit(&l->word, 0, memory_order_release); /* its owner keeps it */
    atomic_signal_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&l->waiters, memory_order_relaxed))
        zx_lock_wake(l);
    return false;
}
static inline void zx_lock_take_plain(struct zx_lock *l, uintptr_t me) {
    /* Acquire: partner of the release in zx_lock_give. */
    if (atomic_exchange_explicit(&l->word, 1, memory_order_acquire))
        zx_lock_slow(l);
    if (atomic_load_explicit(&l->bias, memory_order_relaxed)) {
        zx_lock_revoke(l);
    } else if (l->last != me) {
        l->last = me;
        l->in_a_row = 0;
    } else if (++l->in_a_row == ZX_LOCK_BIAS_AFTER) {
        zx_lock_make_biased(l, me);
    }
}
/* Takes a lock that is biased towards this thread. False: it is not, or no longer. */
static inline bool zx_lock_take_biased(struct zx_lock *l) {
    if (atomic_load_explicit(&l->bias, memory_order_relaxed) != zx_os_self())
        return false;
    atomic_store_explicit(&l->busy, 1, memory_order_relaxed);
    /* The processor may swap store and load: the barrier in zx_lock_revoke makes it not. */
    atomic_signal_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&l->revoked, memory_order_relaxed))
        return true;
    atomic_store_explicit(&l->busy, 0, memory_order_release);
    return false;
}
static inline void zx_lock_take(struct zx_lock *l) {
    uintptr_t me = zx_os_self();
    if (zx_lock_take_biased(l))
        return;
    if (atomic_load_explicit(&l->bias, memory_order_relaxed) == me)
        zx_lock_revoked(l);
    else
        zx_lock_take_plain(l, me);
}
/* Gives one that zx_lock_take_biased took, or any biased towards this thread. */
static inline bool zx_lock_give_biased(struct zx_lock *l) {
    if (atomic_load_explicit(&l->bias, memory_order_relaxed) != zx_os_self())
        return false;
    atomic_store_explicit(&l->busy, 0, memory_order_release);
    return true; /* the revoker polls busy */
}
static inline void zx_lock_give(struct zx_lock *l) {
    if (zx_lock_give_biased(l))
        return;
    if (zx_lock_plain) {
        atomic_exchange_explicit(&l->word, 0, memory_order_seq_cst);
        if (atomic_load_explicit(&l->waiters, memory_order_seq_cst))
            zx_lock_wake(l);
        return;
    }
    atomic_store_explicit(&l->word, 0, memory_order_release);
    /* The compiler must not move the load up; the processor may: the waiter's barrier
     * in zx_lock_slow pairs with that. */
    atomic_signal_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&l->waiters, memory_order_relaxed))
        zx_lock_wake(l);
}
static inline bool zx_lock_is_contended(const struct zx_lock *l) {
    return atomic_load_explicit(&l->waiters, memory_order_relaxed) ||
           (atomic_load_explicit(&l->revoked, memory_order_relaxed) &&
            atomic_load_explicit(&l->bias, memory_order_relaxed));
}
/* Forgets everything: a slot gets a new socket. */
void zx_lock_reset(struct zx_lock *l);

/* Prepares the barrier; idempotent, any thread. */
void zx_lock_init_process(void);

#endif
