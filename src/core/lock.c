/* SPDX-License-Identifier: MIT */
#include "core/lock.h"

#include "os/os.h"

enum { SPIN_ROUNDS = 64 };
static const uint64_t SLEEP_NS = UINT64_C(100000000), REVOKE_POLL_NS = 200000;

bool zx_lock_plain = true;

void zx_lock_init_process(void) {
    static struct zx_mutex guard;
    static bool done;
    zx_mutex_lock(&guard);
    if (!done)
        zx_lock_plain = !zx_os_membarrier_init();
    done = true;
    zx_mutex_unlock(&guard);
}

void zx_mutex_lock_slow(struct zx_mutex *m) {
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        if (zx_mutex_trylock(m))
            return;
        zx_os_cpu_relax();
    }
    /* From here on the word says 2, so that the holder wakes somebody. */
    while (atomic_exchange_explicit(&m->word, 2, memory_order_acquire))
        (void)zx_os_futex_wait(&m->word, 2, SLEEP_NS);
}

void zx_mutex_unlock_slow(struct zx_mutex *m) {
    zx_os_futex_wake(&m->word, 1);
}

void zx_lock_slow(struct zx_lock *l) {
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        if (zx_lock_try(l))
            return;
        zx_os_cpu_relax();
    }
    atomic_fetch_add_explicit(&l->waiters, 1, memory_order_seq_cst);
    while (atomic_exchange_explicit(&l->word, 1, memory_order_seq_cst)) {
        if (!zx_lock_plain)
            zx_os_membarrier(); /* partner: the signal fence in zx_lock_give */
        (void)zx_os_futex_wait(&l->word, 1, SLEEP_NS);
    }
    atomic_fetch_sub_explicit(&l->waiters, 1, memory_order_relaxed);
}

void zx_lock_wake(struct zx_lock *l) {
    zx_os_futex_wake(&l->word, 1);
}

/* ---- bias ---- */

/* Held in plain form: from now on held by bias. Whoever gets `word` next finds the bias. */
void zx_lock_make_biased(struct zx_lock *l, uintptr_t me) {
    if (zx_lock_plain || atomic_load_explicit(&l->revoked, memory_order_relaxed) ||
        atomic_load_explicit(&l->waiters, memory_order_relaxed))
        return;
    atomic_store_explicit(&l->busy, 1, memory_order_relaxed);
    atomic_store_explicit(&l->bias, me, memory_order_relaxed);
    /* Release: who takes the word sees bias and busy. */
    atomic_store_explicit(&l->word, 0, memory_order_release);
    zx_os_membarrier();
    if (atomic_load_explicit(&l->waiters, memory_order_relaxed))
        zx_lock_wake(l);
}

/* We hold `word`; the bias owner may be inside. */
void zx_lock_revoke(struct zx_lock *l) {
    atomic_store_explicit(&l->revoked, 1, memory_order_seq_cst);
    zx_os_membarrier(); /* partner: store of busy, load of revoked in zx_lock_take_biased */
    for (unsigned i = 0; atomic_load_explicit(&l->busy, memory_order_acquire); i++) {
        if (i < SPIN_ROUNDS)
            zx_os_cpu_relax();
        else if (i < 4 * SPIN_ROUNDS)
            zx_os_yield();
        else
            (void)zx_os_futex_wait(&l->busy, 1, REVOKE_POLL_NS);
    }
    atomic_store_explicit(&l->bias, 0, memory_order_release);
}

/* The owner finds its bias taken away: goes the plain way. */
void zx_lock_revoked(struct zx_lock *l) {
    if (atomic_exchange_explicit(&l->word, 1, memory_order_acquire))
        zx_lock_slow(l);
    /* The revoker held the word until its own call was over, so the bias is gone. */
}

void zx_lock_reset(struct zx_lock *l) {
    atomic_store_explicit(&l->word, 0, memory_order_relaxed);
    atomic_store_explicit(&l->bias, 0, memory_order_relaxed);
    atomic_store_explicit(&l->busy, 0, memory_order_relaxed);
    atomic_store_explicit(&l->revoked, 0, memory_order_relaxed);
    l->in_a_row = 0;
    l->last = 0;
}
