/* SPDX-License-Identifier: MIT */
/* Timers on a clock of the test's own: what handlers do to the set that runs them. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mux/timers.h"
#include "os/os.h"

enum { MS = 1000000, MANY = 500, STEPS = 20000 };

static uint64_t now_ns;

uint64_t __wrap_zx_os_now_ns(void);
uint64_t __wrap_zx_os_now_ns(void) {
    return now_ns;
}

static struct zx_timers *set;
static int runs[MANY + 1];

static int setup(void **state) {
    (void)state;
    now_ns = 1000 * (uint64_t)MS;
    memset(runs, 0, sizeof runs);
    set = zx_timers_new();
    return !set;
}

static int teardown(void **state) {
    (void)state;
    if (set)
        zx_timers_destroy(set);
    return 0;
}

static void count(int id, void *arg) {
    (void)arg;
    runs[id]++;
}

static void reset_it(int id, void *arg) {
    count(id, arg);
    now_ns += 3 * MS; /* the handler takes its time */
    assert_int_equal(zx_timers_reset(set, *(int *)arg), 0);
}

static void slow_it(int id, void *arg) {
    count(id, arg);
    assert_int_equal(zx_timers_set_interval(set, *(int *)arg, 100), 0);
}

static void run_again(int id, void *arg) {
    count(id, arg);
    zx_timers_execute(set);
}

static void add_due(int id, void *arg) {
    count(id, arg);
    assert_int_equal(zx_timers_add(set, 0, count, NULL), 2);
}

static void destroy_it(int id, void *arg) {
    count(id, arg);
    zx_timers_destroy(set);
    set = NULL;
}

static void running_one_is_reset(void **state) {
    int self = 1;
    (void)state;
    zx_timers_add(set, 10, reset_it, &self);
    now_ns += 25 * MS;
    zx_timers_execute(set);
    assert_int_equal(runs[1], 1);
    assert_int_equal(zx_timers_timeout(set), 10);
}

static void running_one_gets_an_interval(void **state) {
    int self = 1;
    (void)state;
    zx_timers_add(set, 10, slow_it, &self);
    now_ns += 10 * MS;
    zx_timers_execute(set);
    assert_int_equal(zx_timers_timeout(set), 100);
}

/* The second is due too when the first puts it off. */
static void one_that_is_due_is_put_off(void **state) {
    int other = 2;
    (void)state;
    zx_timers_add(set, 10, slow_it, &other);
    zx_timers_add(set, 10, count, NULL);
    now_ns += 10 * MS;
    zx_timers_execute(set);
    assert_int_equal(runs[1], 1);
    assert_int_equal(runs[2], 0);
}

static void each_runs_once(void **state) {
    (void)state;
    zx_timers_add(set, 0, run_again, NULL);
    zx_timers_add(set, 0, count, NULL);
    zx_timers_execute(set);
    assert_int_equal(runs[1], 1);
    assert_int_equal(runs[2], 1);
    now_ns += 1;
    assert_int_equal(zx_timers_timeout(set), 0);
}

static void one_added_waits_for_the_next_time(void **state) {
    (void)state;
    zx_timers_add(set, 10, add_due, NULL);
    now_ns += 10 * MS;
    zx_timers_execute(set);
    assert_int_equal(runs[2], 0);
    now_ns += 1;
    zx_timers_execute(set);
    assert_int_equal(runs[1], 1);
    assert_int_equal(runs[2], 1);
}

static void a_handler_destroys_the_set(void **state) {
    (void)state;
    zx_timers_add(set, 0, destroy_it, NULL);
    zx_timers_add(set, 0, count, NULL);
    zx_timers_execute(set);
    assert_null(set);
    assert_int_equal(runs[1], 1);
    assert_int_equal(runs[2], 0);
}

static void timeout_is_rounded_up(void **state) {
    (void)state;
    zx_timers_add(set, 10, count, NULL);
    now_ns += 1;
    assert_int_equal(zx_timers_timeout(set), 10);
    now_ns += 9 * MS;
    assert_int_equal(zx_timers_timeout(set), 1);
    now_ns += MS - 1;
    assert_int_equal(zx_timers_timeout(set), 0);
}

static void huge_intervals_are_never_due(void **state) {
    (void)state;
    zx_timers_add(set, SIZE_MAX, count, NULL);
    zx_timers_add(set, SIZE_MAX / MS + 1, count, NULL);
    zx_timers_execute(set);
    assert_int_equal(runs[1], 0);
    assert_int_equal(runs[2], 0);
    assert_true(zx_timers_timeout(set) > INT_MAX);
}

/* At random, beside a plain array. */
static void many(void **state) {
    uint64_t due[MANY + 1] = {0}, seed = 7;
    size_t every[MANY + 1] = {0};
    int last = 0, expected[MANY + 1] = {0};
    (void)state;
    for (int step = 0; step < STEPS; step++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        unsigned r = (unsigned)(seed >> 33);
        int id = last ? (int)(r / 64 % (unsigned)last) + 1 : 0;
        size_t interval = r / 8 % 50 + 1;
        if (r % 8 == 0 && last < MANY) {
            assert_int_equal(zx_timers_add(set, interval, count, NULL), ++last);
            due[last] = now_ns + interval * MS;
            every[last] = interval;
        } else if (r % 8 == 1 && id) {
            assert_int_equal(zx_timers_cancel(set, id), due[id] ? 0 : -EINVAL);
            due[id] = 0;
        } else if (r % 8 == 2 && id) {
            assert_int_equal(zx_timers_set_interval(set, id, interval), due[id] ? 0 : -EINVAL);
            due[id] = due[id] ? now_ns + interval * MS : 0;
            every[id] = interval;
        } else {
            now_ns += r % 3 * MS;
            for (int i = 1; i <= last; i++)
                if (due[i] && due[i] <= now_ns) {
                    expected[i]++;
                    due[i] = now_ns + every[i] * MS;
                }
            zx_timers_execute(set);
            assert_memory_equal(runs, expected, sizeof runs);
        }
    }
    assert_int_equal(last, MANY);
}

int main(void) {
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(running_one_is_reset),
        CASE(running_one_gets_an_interval),
        CASE(one_that_is_due_is_put_off),
        CASE(each_runs_once),
        CASE(one_added_waits_for_the_next_time),
        CASE(a_handler_destroys_the_set),
        CASE(timeout_is_rounded_up),
        CASE(huge_intervals_are_never_due),
        CASE(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
