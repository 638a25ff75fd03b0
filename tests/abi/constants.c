/* SPDX-License-Identifier: MIT */
/*
 * The numbers of zmq.h against constants.txt, and the layout of its structs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>
#include <zmqx.h>

#include "abi/abi.h"

struct layout {
    const char *what;
    size_t is;
    size_t must_be_64; /* with 8-byte pointers */
    size_t must_be_32; /* with 4-byte pointers */
};

#define OFFSET(type, member) #type "." #member, offsetof(type, member)
#define SIZE(type) "sizeof " #type, sizeof(type)
#define ALIGN(type) "alignment of " #type, _Alignof(type)

static const struct layout layouts[] = {
    {SIZE(zmq_fd_t), 4, 4},
    {SIZE(zmq_msg_t), 64, 64},
    {ALIGN(zmq_msg_t), 8, 4},
    {"sizeof zmq_msg_t._", sizeof(((zmq_msg_t *)NULL)->_), 64, 64},
    {OFFSET(zmq_msg_t, _), 0, 0},
    {SIZE(zmq_pollitem_t), 16, 12},
    {ALIGN(zmq_pollitem_t), 8, 4},
    {OFFSET(zmq_pollitem_t, socket), 0, 0},
    {OFFSET(zmq_pollitem_t, fd), 8, 4},
    {OFFSET(zmq_pollitem_t, events), 12, 8},
    {OFFSET(zmq_pollitem_t, revents), 14, 10},
    {SIZE(zmq_poller_event_t), 32, 16},
    {ALIGN(zmq_poller_event_t), 8, 4},
    {OFFSET(zmq_poller_event_t, socket), 0, 0},
    {OFFSET(zmq_poller_event_t, fd), 8, 4},
    {OFFSET(zmq_poller_event_t, user_data), 16, 8},
    {OFFSET(zmq_poller_event_t, events), 24, 12},
};

static void check_table(const struct abi_table *table) {
    int wrong = 0;
    for (size_t i = 0; i < table->n_numbers; i++) {
        const struct abi_number *row = &table->numbers[i];
        if (row->is != row->must_be) {
            print_error("%s is %lld, must be %lld\n", row->name, row->is, row->must_be);
            wrong++;
        }
    }
    for (size_t i = 0; i < table->n_texts; i++) {
        const struct abi_text *row = &table->texts[i];
        if (strcmp(row->is, row->must_be) != 0) {
            print_error("%s is \"%s\", must be \"%s\"\n", row->name, row->is, row->must_be);
            wrong++;
        }
    }
    for (size_t i = 0; table->visible_drafts[i]; i++) {
        print_error("%s is visible without ZMQ_BUILD_DRAFT_API\n", table->visible_drafts[i]);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* How many there are, so that a table that was not read does not pass for one without faults. */
#define N_STABLE 184
#define N_DRAFT_NUMBERS 57
#define N_DRAFT_TEXTS 4

static void test_numbers_with_drafts(void **state) {
    (void)state;
    assert_int_equal(abi_with_drafts.n_numbers, N_STABLE + N_DRAFT_NUMBERS);
    assert_int_equal(abi_with_drafts.n_texts, N_DRAFT_TEXTS);
    check_table(&abi_with_drafts);
}

static void test_numbers_without_drafts(void **state) {
    (void)state;
    assert_int_equal(abi_without_drafts.n_numbers, N_STABLE);
    assert_int_equal(abi_without_drafts.n_texts, 0);
    check_table(&abi_without_drafts);
}

static void test_own_numbers(void **state) {
    (void)state;
    assert_int_equal(ZMQX_OPTION_BASE, 10000);
    assert_int_equal(ZMQX_SPIN_US, 10000);
    assert_int_equal(ZMQX_HANDSHAKES_MAX, 10001);
    assert_int_equal(ZMQX_DATAGRAMS_REFUSED, 10002);
}

static void test_make_version(void **state) {
    (void)state;
    assert_int_equal(ZMQ_MAKE_VERSION(4, 3, 6), 40306);
    assert_int_equal(ZMQ_MAKE_VERSION(1 + 1, 2, 3 - 1), 20202);
}

static void test_layouts(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        size_t must_be = sizeof(void *) == 8 ? layouts[i].must_be_64 : layouts[i].must_be_32;
        if (layouts[i].is != must_be) {
            print_error("%s is %zu, must be %zu\n", layouts[i].what, layouts[i].is, must_be);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_with_drafts),
        cmocka_unit_test(test_numbers_without_drafts),
        cmocka_unit_test(test_own_numbers),
        cmocka_unit_test(test_make_version),
        cmocka_unit_test(test_layouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
