/* SPDX-License-Identifier: MIT */
#include "core/lock.h"

#include "os/os.h"

enum { SPIN_ROUNDS = 64 };
static const uint64_t SLEEP_NS = UINT64_C(100000000);

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
