/* SPDX-License-Identifier: MIT */
/* Clock, randomness, processors, environment. */
#include "unit/os_support.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void clock_is_monotonic_and_in_nanoseconds(void **state) {
    (void)state;
    struct timespec ts;
    uint64_t first = zx_os_now_ns();
    clock_gettime(CLOCK_MONOTONIC, &ts);
    uint64_t second = zx_os_now_ns();
    uint64_t between = (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
    assert_true(first <= between && between <= second);
}

static void random_fills_the_whole_buffer(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 32, 255, 256, 257, 5000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t size = sizes[i];
        unsigned char *buf = malloc(size + 1);
        unsigned char *seen = calloc(size + 1, 1);
        assert_non_null(buf);
        assert_non_null(seen);
        /* A byte that stays 0 in 20 fills was never written (2^-160). */
        for (int round = 0; round < 20; round++) {
            memset(buf, 0, size + 1);
            assert_int_equal(zx_os_random(buf, size), 0);
            assert_int_equal(buf[size], 0);
            for (size_t k = 0; k < size; k++)
                seen[k] |= buf[k];
        }
        for (size_t k = 0; k < size; k++)
            assert_int_not_equal(seen[k], 0);
        free(seen);
        free(buf);
    }
}

static void random_differs(void **state) {
    (void)state;
    unsigned char a[16], b[16];
    assert_int_equal(zx_os_random(a, sizeof(a)), 0);
    assert_int_equal(zx_os_random(b, sizeof(b)), 0);
    assert_memory_not_equal(a, b, sizeof(a));
}

static int one_cpu_is_counted(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        return 2;
    if (zx_os_cpus() != 1)
        return 3;
    return zx_os_cpus() == 1 ? 0 : 4;
}

static void cpus_are_those_of_the_affinity(void **state) {
    (void)state;
    /* In a child before the first call here: the number is kept. */
    assert_int_equal(os_in_child(one_cpu_is_counted), 0);
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
    assert_int_equal(zx_os_cpus(), CPU_COUNT(&set));
}

static void spinning_returns(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++)
        zx_os_cpu_relax();
    zx_os_yield();
}

static long number(const char *text) {
    setenv("ZX_TEST_NUMBER", text, 1);
    return zx_os_env_number("ZX_TEST_NUMBER", -7);
}

static void env_number_takes_plain_numbers_only(void **state) {
    (void)state;
    char longest[32], beyond[32];
    snprintf(longest, sizeof(longest), "%ld", LONG_MAX);
    snprintf(beyond, sizeof(beyond), "%ld0", LONG_MAX);
    unsetenv("ZX_TEST_NUMBER");
    assert_int_equal(zx_os_env_number("ZX_TEST_NUMBER", -7), -7);
    assert_int_equal(number("0"), 0);
    assert_int_equal(number("20000"), 20000);
    assert_int_equal(number("007"), 7);
    assert_true(number(longest) == LONG_MAX);
    static const char *const malformed[] = {"", " 1", "+1", "-1", "1 ", "1us", "0x10", "x", "1.5"};
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        assert_int_equal(number(malformed[i]), -7);
    assert_int_equal(number(beyond), -7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_is_monotonic_and_in_nanoseconds),
        cmocka_unit_test(random_fills_the_whole_buffer),
        cmocka_unit_test(random_differs),
        cmocka_unit_test(cpus_are_those_of_the_affinity),
        cmocka_unit_test(spinning_returns),
        cmocka_unit_test(env_number_takes_plain_numbers_only),
    };
    return cmocka_run_group_tests_name("os_clock", tests, NULL, NULL);
}
