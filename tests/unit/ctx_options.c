/* SPDX-License-Identifier: MIT */
/* The options of a context. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/ctx_options.h"
#include "zmq.h"
#include "zmqx.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct zx_ctx_conf conf;

static int setup(void **state) {
    (void)state;
    zx_ctx_conf_init(&conf);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    zx_ctx_conf_fini(&conf);
    zx_ctx_conf_fini(&conf); /* twice is once */
    return 0;
}

static int set(int option, int value) {
    return zx_ctx_conf_set(&conf, option, &value, sizeof value);
}

static int get(int option) {
    int value = 0x5a5a5a5a;
    size_t size = sizeof value;
    int rc = zx_ctx_conf_get(&conf, option, &value, &size);
    if (rc || size != sizeof value)
        fail_msg("option %d: %d, size %zu", option, rc, size);
    return value;
}

/* As the reference has them. */
static const struct number {
    int option, min, max, dflt;
    bool truth; /* reads back as 0 or 1 */
} numbers[] = {
    {ZMQ_IO_THREADS, 0, INT_MAX, 1, false},
    {ZMQ_MAX_SOCKETS, 1, INT_MAX, 1023, false},
    {ZMQ_THREAD_SCHED_POLICY, 0, INT_MAX, -1, false},
    {ZMQ_MAX_MSGSZ, 0, INT_MAX, INT_MAX, false},
    {ZMQ_ZERO_COPY_RECV, 0, INT_MAX, 1, true},
    {ZMQ_IPV6, 0, INT_MAX, 0, true},
    {ZMQ_BLOCKY, 0, INT_MAX, 1, true},
    {ZMQX_SPIN_US, 0, 1000000, 30, false},
};

static void numbers_have_defaults_and_ranges(void **state) {
    (void)state;
    for (size_t i = 0; i < LEN(numbers); i++) {
        const struct number *n = &numbers[i];
        assert_int_equal(get(n->option), n->dflt);
        assert_int_equal(set(n->option, n->min - 1), -EINVAL);
        assert_int_equal(set(n->option, INT_MIN), -EINVAL);
        assert_int_equal(get(n->option), n->dflt);
        assert_int_equal(set(n->option, n->min), 0);
        assert_int_equal(get(n->option), n->min);
        assert_int_equal(set(n->option, n->max), 0);
        assert_int_equal(get(n->option), n->truth ? 1 : n->max);
        if (n->max < INT_MAX)
            assert_int_equal(set(n->option, n->max + 1), -EINVAL);
    }
}

static void numbers_are_four_bytes(void **state) {
    (void)state;
    uint8_t bytes[16] = {1};
    for (size_t i = 0; i < LEN(numbers); i++)
        for (size_t size = 0; size <= sizeof bytes; size++) {
            size_t room = size;
            if (size == sizeof(int))
                continue;
            assert_int_equal(zx_ctx_conf_set(&conf, numbers[i].option, bytes, size), -EINVAL);
            assert_int_equal(zx_ctx_conf_get(&conf, numbers[i].option, bytes, &room), -EINVAL);
        }
    size_t room = sizeof(int);
    assert_int_equal(zx_ctx_conf_set(&conf, ZMQ_IO_THREADS, NULL, sizeof(int)), -EINVAL);
    assert_int_equal(zx_ctx_conf_get(&conf, ZMQ_IO_THREADS, NULL, &room), -EINVAL);
    assert_int_equal(zx_ctx_conf_get(&conf, ZMQ_IO_THREADS, bytes, NULL), -EINVAL);
}

static void number_three_is_two_options(void **state) {
    (void)state;
    assert_int_equal(ZMQ_SOCKET_LIMIT, ZMQ_THREAD_PRIORITY);
    assert_int_equal(conf.priority, -1);
    assert_int_equal(set(ZMQ_THREAD_PRIORITY, -1), -EINVAL);
    assert_int_equal(set(ZMQ_THREAD_PRIORITY, 5), 0);
    assert_int_equal(conf.priority, 5);
    assert_int_equal(get(ZMQ_SOCKET_LIMIT), 65535);
}

static void constants_are_read_only(void **state) {
    (void)state;
    assert_int_equal(get(ZMQ_MSG_T_SIZE), 64);
    assert_int_equal(set(ZMQ_MSG_T_SIZE, 64), -EINVAL);
}

static void processors_are_a_set(void **state) {
    (void)state;
    int out;
    size_t size = sizeof out;
    assert_int_equal(set(ZMQ_THREAD_AFFINITY_CPU_ADD, -1), -EINVAL);
    assert_int_equal(set(ZMQ_THREAD_AFFINITY_CPU_ADD, 1), 0);
    assert_int_equal(set(ZMQ_THREAD_AFFINITY_CPU_ADD, 3), 0);
    assert_int_equal(set(ZMQ_THREAD_AFFINITY_CPU_ADD, 1), 0);
    assert_int_equal(conf.n_cpus, 2);
    assert_int_equal(set(ZMQ_THREAD_AFFINITY_CPU_REMOVE, 2), -EINVAL);
    assert_int_equal(set(ZMQ_THREAD_AFFINITY_CPU_REMOVE, 1), 0);
    assert_int_equal(set(ZMQ_THREAD_AFFINITY_CPU_REMOVE, 1), -EINVAL);
    assert_int_equal(conf.n_cpus, 1);
    assert_int_equal(conf.cpus[0], 3);
    assert_int_equal(zx_ctx_conf_get(&conf, ZMQ_THREAD_AFFINITY_CPU_ADD, &out, &size), -EINVAL);
    assert_int_equal(zx_ctx_conf_get(&conf, ZMQ_THREAD_AFFINITY_CPU_REMOVE, &out, &size),
                     -EINVAL);
}

static int set_prefix(const char *text) {
    return zx_ctx_conf_set(&conf, ZMQ_THREAD_NAME_PREFIX, text, strlen(text));
}

static void a_prefix_is_text_or_number(void **state) {
    (void)state;
    assert_int_equal(get(ZMQ_THREAD_NAME_PREFIX), 0);
    assert_int_equal(set(ZMQ_THREAD_NAME_PREFIX, 1234), 0);
    assert_string_equal(conf.name_prefix, "1234");
    assert_int_equal(get(ZMQ_THREAD_NAME_PREFIX), 1234);
    assert_int_equal(set(ZMQ_THREAD_NAME_PREFIX, INT_MIN), 0);
    assert_string_equal(conf.name_prefix, "-2147483648");
    assert_int_equal(get(ZMQ_THREAD_NAME_PREFIX), INT_MIN);
    assert_int_equal(set_prefix("0123456789abcdef"), 0);
    assert_string_equal(conf.name_prefix, "0123456789abcdef");
    assert_int_equal(get(ZMQ_THREAD_NAME_PREFIX), 123456789);
    assert_int_equal(set_prefix("9999999999999999"), 0);
    assert_int_equal(get(ZMQ_THREAD_NAME_PREFIX), INT_MAX);
    assert_int_equal(set_prefix("0123456789abcdefg"), -EINVAL);
    assert_int_equal(set_prefix(""), -EINVAL);
    assert_int_equal(zx_ctx_conf_set(&conf, ZMQ_THREAD_NAME_PREFIX, NULL, 5), -EINVAL);
    assert_int_equal(zx_ctx_conf_set(&conf, ZMQ_THREAD_NAME_PREFIX, NULL, 4), -EINVAL);
    assert_string_equal(conf.name_prefix, "9999999999999999");
}

static void a_prefix_is_read_as_bytes(void **state) {
    (void)state;
    char out[8];
    size_t size = sizeof out;
    memset(out, 'x', sizeof out);
    assert_int_equal(set_prefix("feeds"), 0);
    assert_int_equal(zx_ctx_conf_get(&conf, ZMQ_THREAD_NAME_PREFIX, out, &size), 0);
    assert_int_equal(size, 5);
    assert_string_equal(out, "feeds");
    memset(out, 'x', sizeof out);
    size = 5; /* libzmq's callers leave no room for a NUL */
    assert_int_equal(zx_ctx_conf_get(&conf, ZMQ_THREAD_NAME_PREFIX, out, &size), 0);
    assert_memory_equal(out, "feedsx", 6);
    size = 3;
    assert_int_equal(zx_ctx_conf_get(&conf, ZMQ_THREAD_NAME_PREFIX, out, &size), -EINVAL);
    size = 5;
    assert_int_equal(zx_ctx_conf_get(&conf, ZMQ_THREAD_NAME_PREFIX, NULL, &size), -EINVAL);
}

static void the_rest_is_refused(void **state) {
    (void)state;
    static const int known[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 42, 70, 10000};
    for (int option = -2; option < 10010; option = option == 200 ? 9990 : option + 1) {
        int value = 1;
        size_t size = sizeof value, i = 0;
        while (i < LEN(known) && known[i] != option)
            i++;
        if (i < LEN(known))
            continue;
        assert_int_equal(zx_ctx_conf_set(&conf, option, &value, sizeof value), -EINVAL);
        assert_int_equal(zx_ctx_conf_get(&conf, option, &value, &size), -EINVAL);
    }
}

static void spinning_is_unset_until_set(void **state) {
    (void)state;
    assert_int_equal(conf.spin_us, -1);
    assert_int_equal(set(ZMQX_SPIN_US, 0), 0);
    assert_int_equal(conf.spin_us, 0);
    assert_int_equal(get(ZMQX_SPIN_US), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(numbers_have_defaults_and_ranges),
        TEST(numbers_are_four_bytes),
        TEST(number_three_is_two_options),
        TEST(constants_are_read_only),
        TEST(processors_are_a_set),
        TEST(a_prefix_is_text_or_number),
        TEST(a_prefix_is_read_as_bytes),
        TEST(the_rest_is_refused),
        TEST(spinning_is_unset_until_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
