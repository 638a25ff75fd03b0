/* SPDX-License-Identifier: MIT */
/* Bodies of commands: every reader sees the input; what it takes is written again. */
#include "fuzz.h"

#include "zmtp/cmd_error.h"
#include "zmtp/cmd_join.h"
#include "zmtp/cmd_ping.h"
#include "zmtp/cmd_ready.h"
#include "zmtp/cmd_subscribe.h"
#include "zmtp/command.h"

struct body {
    const uint8_t *data;
    size_t size;
    uint8_t *out; /* room for size + 16 bytes */
};

static void check_written(const struct body *b, size_t n) {
    FUZZ_CHECK(n == b->size);
    FUZZ_CHECK(n == 0 || memcmp(b->out, b->data, n) == 0);
}

/* True if the pointer and size given by a reader lie inside the body. */
static int is_inside(const struct body *b, const uint8_t *at, size_t size) {
    return at >= b->data && size <= b->size && (size_t)(at - b->data) <= b->size - size;
}

static void ready(const struct body *b, enum zx_command command) {
    const uint8_t *props;
    size_t size;
    int rc = zx_ready_parse(b->data, b->size, &props, &size);
    FUZZ_CHECK((rc == 0) == (command == ZX_COMMAND_READY));
    if (rc)
        return;
    FUZZ_CHECK(is_inside(b, props, size) && zx_ready_size(size) == b->size);
    check_written(b, zx_ready_write(b->out, b->size, props, size));
}

static void error(const struct body *b, enum zx_command command) {
    const uint8_t *reason;
    size_t size;
    FUZZ_CHECK(zx_error_is(b->data, b->size) == (command == ZX_COMMAND_ERROR));
    if (zx_error_parse(b->data, b->size, &reason, &size))
        return;
    FUZZ_CHECK(zx_error_is(b->data, b->size) || zx_error_is_plain(b->data, b->size));
    FUZZ_CHECK(is_inside(b, reason, size) && size <= 255);
    unsigned status = zx_error_status(reason, size);
    FUZZ_CHECK(status == 0 || status == 300 || status == 400 || status == 500);
    size_t n = zx_error_write(b->out, b->size + 16, reason, size);
    FUZZ_CHECK(n == 7 + size && memcmp(b->out + 7, reason, size) == 0);
}

static void ping(const struct body *b, enum zx_command command) {
    struct zx_ping p;
    int rc = zx_ping_parse(b->data, b->size, &p);
    FUZZ_CHECK((rc == 0) == (command == ZX_COMMAND_PING && b->size >= 7));
    if (rc)
        return;
    FUZZ_CHECK(is_inside(b, p.context, p.context_size) && p.context_size <= ZX_PING_CONTEXT_MAX);
    size_t n = zx_ping_write(b->out, b->size, &p);
    FUZZ_CHECK(n == 7 + p.context_size && memcmp(b->out, b->data, n) == 0);
    n = zx_pong_write(b->out, b->size, p.context, p.context_size);
    FUZZ_CHECK(n == 5 + p.context_size);
}

static void pong(const struct body *b, enum zx_command command) {
    const uint8_t *context;
    size_t size;
    int rc = zx_pong_parse(b->data, b->size, &context, &size);
    FUZZ_CHECK((rc == 0) == (command == ZX_COMMAND_PONG));
    if (!rc)
        FUZZ_CHECK(is_inside(b, context, size) && size <= ZX_PING_CONTEXT_MAX);
}

static void subscription(const struct body *b, enum zx_command command) {
    struct zx_subscription s;
    int rc = zx_subscription_parse(b->data, b->size, &s);
    FUZZ_CHECK((rc == 0) == (command == ZX_COMMAND_SUBSCRIBE || command == ZX_COMMAND_CANCEL));
    if (!rc) {
        FUZZ_CHECK(is_inside(b, s.topic, s.topic_size) && zx_subscription_size(&s) == b->size);
        check_written(b, zx_subscription_write(b->out, b->size, &s));
    }
    if (zx_subscription_parse_message(b->data, b->size, &s) == 0) {
        FUZZ_CHECK(is_inside(b, s.topic, s.topic_size));
        FUZZ_CHECK(zx_subscription_message_size(&s) == b->size);
        check_written(b, zx_subscription_write_message(b->out, b->size, &s));
    }
}

static void membership(const struct body *b, enum zx_command command) {
    struct zx_membership m;
    if (zx_membership_parse(b->data, b->size, &m))
        return;
    FUZZ_CHECK(command == ZX_COMMAND_JOIN || command == ZX_COMMAND_LEAVE);
    FUZZ_CHECK(is_inside(b, m.group, m.group_size) && m.group_size <= ZX_GROUP_SIZE_MAX);
    FUZZ_CHECK(zx_membership_size(&m) == b->size);
    check_written(b, zx_membership_write(b->out, b->size, &m));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct body b = {fuzz_copy(data, size), size, malloc(size + 16)};
    size_t at = 0;
    if (!b.out)
        abort();
    enum zx_command command = zx_command_of(b.data, b.size, &at);
    FUZZ_CHECK(command == ZX_COMMAND_MALFORMED || at <= size);
    ready(&b, command);
    error(&b, command);
    ping(&b, command);
    pong(&b, command);
    subscription(&b, command);
    membership(&b, command);
    free(b.out);
    free((void *)(uintptr_t)b.data);
    return 0;
}
