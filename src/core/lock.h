/* SPDX-License-Identifier: MIT */
/*
 * Locks: the mutex of leaf sections and the lock of a socket.
 *
 * What: zx_mutex, a futex word (0 free, 1 held, 2 held and somebody sleeps), for short
 *   sections. zx_lock, the socket's: one atomic exchange to take it, one release store to
 *   give it while nobody waits.
 * Owner: whoever took it; no recursion, no timeout.
 * Life: zeroed is unlocked; nothing to free.
 * Never: is held while a thread sleeps elsewhere or a caller's callback runs.
 */
#ifndef ZX_CORE_LOCK_H
#define ZX_CORE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>

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

/* The socket's lock. `waiters` is raised, then a process-wide barrier runs, then the lock
 * is looked at again: so the holder's unlock (store, then load of waiters, without a
 * fence) cannot miss the waiter. Without such a barrier (plain) the unlock is an exchange. */
struct zx_lock {
    atomic_uint word;    /* 0 free, 1 held */
    atomic_uint waiters; /* threads asleep or about to sleep on word */
};

extern bool zx_lock_plain; /* no process-wide barrier: set once before any lock is used */

void zx_lock_slow(struct zx_lock *l);
void zx_lock_wake(struct zx_lock *l);

static inline bool zx_lock_try(struct zx_lock *l) {
    return !atomic_load_explicit(&l->word, memory_order_relaxed) &&
           !atomic_exchange_explicit(&l->word, 1, memory_order_acquire);
}
static inline void zx_lock_take(struct zx_lock *l) {
    /* Acquire: partner of the release in zx_lock_give. */
    if (atomic_exchange_explicit(&l->word, 1, memory_order_acquire))
        zx_lock_slow(l);
}
static inline void zx_lock_give(struct zx_lock *l) {
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
    return atomic_load_explicit(&l->waiters, memory_order_relaxed) != 0;
}

/* Prepares the barrier; idempotent, any thread. */
void zx_lock_init_process(void);

#endif
