/* SPDX-License-Identifier: MIT */
/*
 * The generation of this process.
 *
 * The current one is kept in a word that the kernel empties in a child (`word`), the last one
 * given out in ordinary memory, which a child inherits (`last`). So a child that finds 0 takes
 * last + 1: larger than any number an ancestor ever used. The atfork handler does the same where
 * there is no such memory, and where a fork is not seen by the handler (a bare clone) the
 * memory does.
 */
#include "os/posix/posix.h"

#include <pthread.h>

enum { CALLS_MAX = 8 };

static atomic_uint plain_word;
static atomic_uint last;
static _Atomic(atomic_uint *) current = &plain_word;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int init_rc;
static void (*_Atomic calls[CALLS_MAX])(void);

atomic_uint zx_os_process;

static uint32_t renew(atomic_uint *word) {
    unsigned seen = 0;
    unsigned next = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    if (atomic_compare_exchange_strong(word, &seen, next))
        seen = next;
    atomic_store_explicit(&zx_os_process, seen, memory_order_relaxed);
    return seen;
}

static void on_child(void) {
    atomic_uint *word = atomic_load_explicit(&current, memory_order_relaxed);
    atomic_store_explicit(word, 0, memory_order_relaxed);
    renew(word);
    for (int i = 0; i < CALLS_MAX; i++) {
        void (*fn)(void) = atomic_load(&calls[i]);
        if (fn)
            fn();
    }
}

void zx_os_on_fork(void (*fn)(void)) {
    for (int i = 0; i < CALLS_MAX; i++) {
        void (*seen)(void) = NULL;
        if (atomic_compare_exchange_strong(&calls[i], &seen, fn) || seen == fn)
            return;
    }
}

static void init(void) {
    atomic_uint *wiped = zx_posix_wiped_word();
    if (wiped)
        atomic_store(&current, wiped);
    renew(wiped ? wiped : &plain_word);
    int rc = pthread_atfork(NULL, NULL, on_child);
    /* The wiped word alone is enough; without it the handler is all there is. */
    init_rc = wiped ? 0 : -rc;
}

int zx_os_fork_init(void) {
    pthread_once(&once, init);
    return init_rc;
}

uint32_t zx_os_fork_generation(void) {
    atomic_uint *word = atomic_load_explicit(&current, memory_order_relaxed);
    unsigned generation = atomic_load_explicit(word, memory_order_relaxed);
    return generation ? generation : renew(word);
}
