/* SPDX-License-Identifier: MIT */
/* Waiting on a word, and barriers of the whole process. */
#include "unit/os_support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

struct sleeper {
    atomic_uint word;
    atomic_int number;
    atomic_int result;
};

static void changed_word_does_not_wait(void **state) {
    (void)state;
    atomic_uint word = 1;
    uint64_t start = zx_os_now_ns();
    assert_int_equal(zx_os_futex_wait(&word, 0, FOREVER), 0);
    assert_true(zx_os_now_ns() - start < FOREVER);
}

static void timeout_is_told_and_kept(void **state) {
    (void)state;
    static const uint64_t timeouts[] = {0, 1, 1500000, 20 * MS};
    atomic_uint word = 0;
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        uint64_t start = zx_os_now_ns();
        assert_int_equal(zx_os_futex_wait(&word, 0, timeouts[i]), -ETIMEDOUT);
        assert_true(zx_os_now_ns() - start >= timeouts[i]);
    }
}

static void *sleep_on_word(void *arg) {
    struct sleeper *s = arg;
    atomic_store(&s->number, os_thread_number());
    /* As long as can be asked for: only a wake-up or a signal ends it. */
    int rc = zx_os_futex_wait(&s->word, 0, UINT64_MAX);
    atomic_store(&s->result, rc ? rc : 1);
    return NULL;
}

static void wake_ends_a_wait(void **state) {
    (void)state;
    struct sleeper s = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sleep_on_word, &s), 0);
    os_wait_asleep(&s.number);
    assert_int_equal(atomic_load(&s.result), 0);
    atomic_store(&s.word, 1);
    zx_os_futex_wake(&s.word, 1);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&s.result), 1);
}

static void on_signal(int number) {
    (void)number;
}

static void a_signal_interrupts_in_spite_of_sa_restart(void **state) {
    (void)state;
    struct sigaction action, old;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    struct sleeper s = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sleep_on_word, &s), 0);
    os_wait_asleep(&s.number);
    assert_int_equal(pthread_kill(thread, SIGUSR1), 0);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&s.result), -EINTR);
    sigaction(SIGUSR1, &old, NULL);
}

static void wake_takes_a_count(void **state) {
    (void)state;
    struct sleeper s[3];
    pthread_t threads[3];
    memset(s, 0, sizeof(s));
    static atomic_uint none;
    zx_os_futex_wake(&none, 1); /* nobody waits: nothing happens */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sleep_on_word, &s[i]), 0);
        os_wait_asleep(&s[i].number);
    }
    for (int i = 0; i < 3; i++)
        zx_os_futex_wake(&s[i].word, 1000);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(atomic_load(&s[i].result), 1);
    }
}

/* ---- membarrier: the store-buffer test, where one side fences for both ---- */

enum { ROUNDS = 20000, SPINS = 2000, STOP = ROUNDS + 1 };

struct barrier_test {
    atomic_int x, y;
    atomic_uint round;
    atomic_uint done;
    int light_saw;
};

/* Spins, so as to be there at the same moment, but not for long: the other may have no core. */
static unsigned next_round(struct barrier_test *t, unsigned last) {
    unsigned round;
    for (unsigned spins = 0; (round = atomic_load(&t->round)) == last; spins++)
        if (spins > SPINS)
            zx_os_yield();
    return round;
}

static void *light_side(void *arg) {
    struct barrier_test *t = arg;
    unsigned round = 0;
    while ((round = next_round(t, round)) != STOP) {
        atomic_store_explicit(&t->x, (int)round, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst); /* the compiler only */
        t->light_saw = atomic_load_explicit(&t->y, memory_order_relaxed);
        atomic_store(&t->done, round);
    }
    return NULL;
}

/* Did one of the two see the other? */
static bool one_round_is_ordered(struct barrier_test *t, unsigned round) {
    atomic_store(&t->round, round);
    /* The other side needs a moment to see that: the stores must meet. */
    for (unsigned k = round % 128; k; k--)
        atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&t->y, (int)round, memory_order_relaxed);
    zx_os_membarrier();
    int saw = atomic_load_explicit(&t->x, memory_order_relaxed);
    while (atomic_load(&t->done) != round)
        zx_os_yield();
    return saw == (int)round || t->light_saw == (int)round;
}

static void membarrier_orders_both_sides(void **state) {
    (void)state;
    static struct barrier_test t;
    bool there = zx_os_membarrier_init();
#if ZX_TSAN
    assert_false(there);
#endif
    if (!there) {
        print_message("SKIP: no expedited membarrier here\n");
        skip();
    }
    assert_true(zx_os_membarrier_init());
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, light_side, &t), 0);
    int both_missed = 0;
    uint64_t end = zx_os_now_ns() + 3 * SECOND; /* on a busy machine, fewer rounds */
    for (unsigned i = 1; i <= ROUNDS && zx_os_now_ns() < end; i++)
        both_missed += !one_round_is_ordered(&t, i);
    atomic_store(&t.round, STOP);
    pthread_join(thread, NULL);
    assert_int_equal(both_missed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_word_does_not_wait),
        cmocka_unit_test(timeout_is_told_and_kept),
        cmocka_unit_test(wake_ends_a_wait),
        cmocka_unit_test(a_signal_interrupts_in_spite_of_sa_restart),
        cmocka_unit_test(wake_takes_a_count),
        cmocka_unit_test(membarrier_orders_both_sides),
    };
    return cmocka_run_group_tests_name("os_futex", tests, NULL, NULL);
}
