/* SPDX-License-Identifier: MIT */
/* The bodies of commands: readers and writers of each. */
#include "unit/zmtp_support.h"

#include "zmtp/cmd_error.h"
#include "zmtp/cmd_join.h"
#include "zmtp/cmd_ping.h"
#include "zmtp/cmd_ready.h"
#include "zmtp/cmd_subscribe.h"
#include "zmtp/command.h"

#include <errno.h>
#include <string.h>

#define AB ((const uint8_t *)"AB")

static enum zx_command command_in(const char *text, size_t *at) {
    struct bytes b = hex(text);
    enum zx_command command = zx_command_of(b.data, b.size, at);
    bytes_free(&b);
    return command;
}

static void names(void **state) {
    (void)state;
    static const struct {
        const char *body;
        enum zx_command command;
    } rows[] = {
        {"05 5245414459", ZX_COMMAND_READY},
        {"05 4552524f52 00", ZX_COMMAND_ERROR},
        {"04 50494e47 0000", ZX_COMMAND_PING},
        {"04 504f4e47", ZX_COMMAND_PONG},
        {"09 535542534352494245", ZX_COMMAND_SUBSCRIBE},
        {"06 43414e43454c", ZX_COMMAND_CANCEL},
        {"04 4a4f494e", ZX_COMMAND_JOIN},
        {"05 4c45415645", ZX_COMMAND_LEAVE},
        {"04 70696e67 0000", ZX_COMMAND_UNKNOWN}, /* ping: names are case-sensitive */
        {"05 50494e4700", ZX_COMMAND_UNKNOWN},    /* PING with a zero behind it */
        {"03 50494e47", ZX_COMMAND_UNKNOWN},      /* PIN, then data */
        {"00", ZX_COMMAND_UNKNOWN},
        {"00 41", ZX_COMMAND_UNKNOWN},
        {"", ZX_COMMAND_MALFORMED},
        {"01", ZX_COMMAND_MALFORMED},
        {"05 50494e47", ZX_COMMAND_MALFORMED},
        {"ff 41", ZX_COMMAND_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(command_in(rows[i].body, NULL), rows[i].command);
        if (rows[i].command <= ZX_COMMAND_UNKNOWN)
            continue;
        size_t at;
        assert_int_equal(command_in(rows[i].body, &at), rows[i].command);
        assert_int_equal(at, zx_command_name_size(rows[i].command));
    }
    assert_int_equal(zx_command_name_size(ZX_COMMAND_UNKNOWN), 0);
    assert_int_equal(zx_command_name_size(ZX_COMMAND_MALFORMED), 0);
    assert_int_equal(zx_command_name_size((enum zx_command)(ZX_COMMAND_LEAVE + 1)), 0);
    assert_int_equal(zx_command_name_size((enum zx_command)99), 0);
}

/* Every smaller buffer is refused and nothing is written beyond it. */
#define ASSERT_WRITES(call, expected)                                                              \
    do {                                                                                           \
        struct bytes want_ = hex(expected);                                                        \
        uint8_t buf[600];                                                                          \
        for (size_t cap = 0; cap <= want_.size; cap++) {                                           \
            memset(buf, 0xee, sizeof buf);                                                         \
            size_t n_ = (call);                                                                    \
            assert_int_equal(n_, cap == want_.size ? want_.size : 0);                              \
            for (size_t i_ = cap; i_ < sizeof buf; i_++)                                           \
                assert_int_equal(buf[i_], 0xee);                                                   \
        }                                                                                          \
        assert_memory_equal(buf, want_.data, want_.size);                                          \
        bytes_free(&want_);                                                                        \
    } while (0)

static void ready(void **state) {
    (void)state;
    const uint8_t *props;
    size_t size;
    ASSERT_WRITES(zx_ready_write(buf, cap, AB, 2), "05 5245414459 4142");
    ASSERT_WRITES(zx_ready_write(buf, cap, NULL, 0), "05 5245414459");
    assert_int_equal(zx_ready_size(2), 8);
    struct bytes b = hex("05 5245414459 4142");
    assert_int_equal(zx_ready_parse(b.data, b.size, &props, &size), 0);
    assert_bytes(props, size, "4142");
    assert_int_equal(zx_ready_parse(b.data, 6, &props, &size), 0);
    assert_int_equal(size, 0);
    for (size_t n = 0; n < 6; n++)
        assert_int_equal(zx_ready_parse(b.data, n, &props, &size), -EPROTO);
    b.data[5] = 'y';
    assert_int_equal(zx_ready_parse(b.data, b.size, &props, &size), -EPROTO);
    bytes_free(&b);
}

static int error_in(const char *text, unsigned *status) {
    struct bytes b = hex(text);
    const uint8_t *reason;
    size_t size;
    int rc = zx_error_parse(b.data, b.size, &reason, &size);
    if (!rc)
        *status = zx_error_status(reason, size);
    bytes_free(&b);
    return rc;
}

static void error(void **state) {
    (void)state;
    static const struct {
        const char *body;
        int rc;
        unsigned status;
    } rows[] = {
        {"05 4552524f52 03 333030", 0, 300},
        {"05 4552524f52 03 343030", 0, 400},
        {"05 4552524f52 03 353030", 0, 500},
        {"05 4552524f52 03 353030 ffff", 0, 500}, /* what follows the reason is ignored */
        {"05 4552524f52 03 323030", 0, 0},
        {"05 4552524f52 03 363030", 0, 0},
        {"05 4552524f52 03 343031", 0, 0},
        {"05 4552524f52 03 343130", 0, 0},
        {"05 4552524f52 04 34303020", 0, 0},
        {"05 4552524f52 02 3430", 0, 0},
        {"05 4552524f52 00", 0, 0},
        {"05 4552524f52 ff 41*255", 0, 0},
        {"5e 52524f52 03 343030", 0, 400}, /* as libzmq's PLAIN says it */
        {"05 4552524f52", -EPROTO, 0},
        {"5e 52524f52", -EPROTO, 0},
        {"05 4552524f52 01", -EPROTO, 0},
        {"05 4552524f52 04 343030", -EPROTO, 0},
        {"05 4552524f52 ff 41*254", -EPROTO, 0},
        {"05 4552524f", -EPROTO, 0},
        {"", -EPROTO, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned status = 0;
        assert_int_equal(error_in(rows[i].body, &status), rows[i].rc);
        assert_int_equal(status, rows[i].status);
    }
    ASSERT_WRITES(zx_error_write(buf, cap, (const uint8_t *)"400", 3), "05 4552524f52 03 343030");
    ASSERT_WRITES(zx_error_write(buf, cap, NULL, 0), "05 4552524f52 00");
    static const uint8_t text[256];
    uint8_t buf[300];
    assert_int_equal(zx_error_write(buf, sizeof buf, text, 255), 262);
    assert_int_equal(zx_error_write(buf, sizeof buf, text, 256), 0);
}

static void plain_error_is_told_apart(void **state) {
    (void)state;
    struct bytes right = hex("05 4552524f52 00"), odd = hex("5e 52524f52 00");
    assert_true(zx_error_is(right.data, right.size));
    assert_false(zx_error_is_plain(right.data, right.size));
    assert_false(zx_error_is(odd.data, odd.size));
    assert_true(zx_error_is_plain(odd.data, odd.size));
    assert_false(zx_error_is(right.data, 5));
    assert_false(zx_error_is_plain(odd.data, 4));
    assert_true(zx_error_is_plain(odd.data, 5));
    assert_true(zx_error_is(right.data, 6));
    bytes_free(&right);
    bytes_free(&odd);
}

static void ping(void **state) {
    (void)state;
    struct zx_ping p = {600, NULL, 0}, got;
    ASSERT_WRITES(zx_ping_write(buf, cap, &p), "04 50494e47 0258");
    p = (struct zx_ping){0, (const uint8_t *)"ABC", 3};
    ASSERT_WRITES(zx_ping_write(buf, cap, &p), "04 50494e47 0000 414243");
    struct bytes b = hex("04 50494e47 ffff 61*20");
    for (size_t n = 0; n < 7; n++)
        assert_int_equal(zx_ping_parse(b.data, n, &got), -EPROTO);
    for (size_t n = 7; n <= b.size; n++) {
        assert_int_equal(zx_ping_parse(b.data, n, &got), 0);
        assert_int_equal(got.ttl_ds, 65535);
        assert_int_equal(got.context_size, n - 7 < 16 ? n - 7 : 16);
        assert_ptr_equal(got.context, b.data + 7);
    }
    got.context_size = 20;
    ASSERT_WRITES(zx_ping_write(buf, cap, &got), "04 50494e47 ffff 61*16");
    b.data[1] = 'p';
    assert_int_equal(zx_ping_parse(b.data, b.size, &got), -EPROTO);
    bytes_free(&b);
}

static void pong(void **state) {
    (void)state;
    const uint8_t *context;
    size_t size;
    ASSERT_WRITES(zx_pong_write(buf, cap, NULL, 0), "04 504f4e47");
    ASSERT_WRITES(zx_pong_write(buf, cap, (const uint8_t *)"ABC", 3), "04 504f4e47 414243");
    struct bytes b = hex("04 504f4e47 62*17");
    ASSERT_WRITES(zx_pong_write(buf, cap, b.data + 5, 17), "04 504f4e47 62*16");
    assert_int_equal(zx_pong_parse(b.data, b.size, &context, &size), 0);
    assert_int_equal(size, 16);
    assert_int_equal(zx_pong_parse(b.data, 5, &context, &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(zx_pong_parse(b.data, 4, &context, &size), -EPROTO);
    bytes_free(&b);
}

static void subscription(void **state) {
    (void)state;
    struct zx_subscription s = {true, AB, 2}, got;
    ASSERT_WRITES(zx_subscription_write(buf, cap, &s), "09 535542534352494245 4142");
    ASSERT_WRITES(zx_subscription_write_message(buf, cap, &s), "01 4142");
    assert_int_equal(zx_subscription_size(&s), 12);
    assert_int_equal(zx_subscription_message_size(&s), 3);
    s.subscribe = false;
    ASSERT_WRITES(zx_subscription_write(buf, cap, &s), "06 43414e43454c 4142");
    ASSERT_WRITES(zx_subscription_write_message(buf, cap, &s), "00 4142");
    assert_int_equal(zx_subscription_size(&s), 9);
    s = (struct zx_subscription){true, NULL, 0};
    ASSERT_WRITES(zx_subscription_write(buf, cap, &s), "09 535542534352494245");
    ASSERT_WRITES(zx_subscription_write_message(buf, cap, &s), "01");

    struct bytes b = hex("09 535542534352494245 4142");
    assert_int_equal(zx_subscription_parse(b.data, b.size, &got), 0);
    assert_true(got.subscribe);
    assert_bytes(got.topic, got.topic_size, "4142");
    for (size_t n = 0; n < 10; n++)
        assert_int_equal(zx_subscription_parse(b.data, n, &got), -EPROTO);
    bytes_free(&b);
    b = hex("06 43414e43454c");
    assert_int_equal(zx_subscription_parse(b.data, b.size, &got), 0);
    assert_false(got.subscribe);
    assert_int_equal(got.topic_size, 0);
    bytes_free(&b);
    b = hex("04 50494e47 0000");
    assert_int_equal(zx_subscription_parse(b.data, b.size, &got), -EPROTO);
    bytes_free(&b);
}

/* Where the short frame ends: it is the size of the whole body that counts. */
static void subscription_sizes(void **state) {
    (void)state;
    struct zx_subscription s = {true, NULL, 245};
    assert_int_equal(zx_subscription_size(&s), 255);
    s.topic_size = 246;
    assert_int_equal(zx_subscription_size(&s), 256);
    s = (struct zx_subscription){false, NULL, 248};
    assert_int_equal(zx_subscription_size(&s), 255);
    s.topic_size = 249;
    assert_int_equal(zx_subscription_size(&s), 256);
    s.topic_size = 254;
    assert_int_equal(zx_subscription_message_size(&s), 255);
    s.topic_size = 255;
    assert_int_equal(zx_subscription_message_size(&s), 256);
}

static void subscription_as_message(void **state) {
    (void)state;
    struct zx_subscription got;
    struct bytes b = hex("01 4142");
    assert_int_equal(zx_subscription_parse_message(b.data, 3, &got), 0);
    assert_true(got.subscribe);
    assert_bytes(got.topic, got.topic_size, "4142");
    assert_int_equal(zx_subscription_parse_message(b.data, 1, &got), 0);
    assert_int_equal(got.topic_size, 0);
    assert_int_equal(zx_subscription_parse_message(b.data, 0, &got), -EPROTO);
    b.data[0] = 0;
    assert_int_equal(zx_subscription_parse_message(b.data, 3, &got), 0);
    assert_false(got.subscribe);
    b.data[0] = 2;
    assert_int_equal(zx_subscription_parse_message(b.data, 3, &got), -EPROTO);
    b.data[0] = 0xff;
    assert_int_equal(zx_subscription_parse_message(b.data, 3, &got), -EPROTO);
    bytes_free(&b);
}

static void membership(void **state) {
    (void)state;
    static const uint8_t group[256] = {'g', 'r', 'p'};
    struct zx_membership m = {true, group, 3}, got;
    ASSERT_WRITES(zx_membership_write(buf, cap, &m), "04 4a4f494e 677270");
    assert_int_equal(zx_membership_size(&m), 8);
    m.join = false;
    ASSERT_WRITES(zx_membership_write(buf, cap, &m), "05 4c45415645 677270");
    assert_int_equal(zx_membership_size(&m), 9);
    uint8_t buf[300];
    m.group_size = 255;
    assert_int_equal(zx_membership_write(buf, sizeof buf, &m), 261);
    m.group_size = 256;
    assert_int_equal(zx_membership_write(buf, sizeof buf, &m), 0);

    struct bytes b = hex("05 4c45415645 67*256");
    assert_int_equal(zx_membership_parse(b.data, b.size, &got), -EPROTO);
    assert_int_equal(zx_membership_parse(b.data, b.size - 1, &got), 0);
    assert_false(got.join);
    assert_int_equal(got.group_size, 255);
    assert_int_equal(zx_membership_parse(b.data, 6, &got), 0);
    assert_int_equal(got.group_size, 0);
    assert_int_equal(zx_membership_parse(b.data, 5, &got), -EPROTO);
    bytes_free(&b);
    b = hex("04 4a4f494e 677270");
    assert_int_equal(zx_membership_parse(b.data, b.size, &got), 0);
    assert_true(got.join);
    assert_bytes(got.group, got.group_size, "677270");
    bytes_free(&b);
    b = hex("06 43414e43454c 41");
    assert_int_equal(zx_membership_parse(b.data, b.size, &got), -EPROTO);
    bytes_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(ready),
        cmocka_unit_test(error),
        cmocka_unit_test(plain_error_is_told_apart),
        cmocka_unit_test(ping),
        cmocka_unit_test(pong),
        cmocka_unit_test(subscription),
        cmocka_unit_test(subscription_sizes),
        cmocka_unit_test(subscription_as_message),
        cmocka_unit_test(membership),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
