/* SPDX-License-Identifier: MIT */
/* Numbers among the options of a socket: defaults, ranges, sizes; what is refused; sharing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/conf.h"
#include "zmq.h"
#include "zmqx.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

enum access { BOTH, SET_ONLY, GET_ONLY };

/* As the reference has them, not as the table does. TRUTH: what is not 0 reads back as 1. */
static const struct number {
    int option;
    int min, max, dflt;
    enum access access;
    bool truth;
} numbers[] = {
    {ZMQ_RATE, 1, INT_MAX, 100, BOTH, false},
    {ZMQ_RECOVERY_IVL, 0, INT_MAX, 10000, BOTH, false},
    {ZMQ_SNDBUF, -1, INT_MAX, -1, BOTH, false},
    {ZMQ_RCVBUF, -1, INT_MAX, -1, BOTH, false},
    {ZMQ_LINGER, -1, INT_MAX, -1, BOTH, false},
    {ZMQ_RECONNECT_IVL, -1, INT_MAX, 100, BOTH, false},
    {ZMQ_BACKLOG, 0, INT_MAX, 100, BOTH, false},
    {ZMQ_RECONNECT_IVL_MAX, 0, INT_MAX, 0, BOTH, false},
    {ZMQ_SNDHWM, 0, INT_MAX, 1000, BOTH, false},
    {ZMQ_RCVHWM, 0, INT_MAX, 1000, BOTH, false},
    {ZMQ_MULTICAST_HOPS, 1, INT_MAX, 1, BOTH, false},
    {ZMQ_RCVTIMEO, -1, INT_MAX, -1, BOTH, false},
    {ZMQ_SNDTIMEO, -1, INT_MAX, -1, BOTH, false},
    {ZMQ_IPV4ONLY, 0, 1, 1, BOTH, false},
    {ZMQ_TCP_KEEPALIVE, -1, 1, -1, BOTH, false},
    {ZMQ_TCP_KEEPALIVE_CNT, -1, INT_MAX, -1, BOTH, false},
    {ZMQ_TCP_KEEPALIVE_IDLE, -1, INT_MAX, -1, BOTH, false},
    {ZMQ_TCP_KEEPALIVE_INTVL, -1, INT_MAX, -1, BOTH, false},
    {ZMQ_IMMEDIATE, 0, 1, 0, BOTH, false},
    {ZMQ_IPV6, 0, 1, 0, BOTH, false},
    {ZMQ_MECHANISM, 0, 0, ZMQ_NULL, GET_ONLY, false},
    {ZMQ_CONFLATE, 0, 1, 0, BOTH, false},
    {ZMQ_TOS, 0, INT_MAX, 0, BOTH, false},
    {ZMQ_HANDSHAKE_IVL, 0, INT_MAX, 30000, BOTH, false},
    {ZMQ_INVERT_MATCHING, INT_MIN, INT_MAX, 0, BOTH, true},
    {ZMQ_HEARTBEAT_IVL, 0, INT_MAX, 0, BOTH, false},
    {ZMQ_HEARTBEAT_TIMEOUT, 0, INT_MAX, -1, BOTH, false},
    {ZMQ_CONNECT_TIMEOUT, 0, INT_MAX, 0, BOTH, false},
    {ZMQ_TCP_MAXRT, 0, INT_MAX, 0, BOTH, false},
    {ZMQ_MULTICAST_MAXTPDU, 1, INT_MAX, 1500, BOTH, false},
    {ZMQ_USE_FD, -1, INT_MAX, -1, BOTH, false},
    {ZMQ_LOOPBACK_FASTPATH, INT_MIN, INT_MAX, 0, BOTH, true},
    {ZMQ_MULTICAST_LOOP, INT_MIN, INT_MAX, 1, BOTH, true},
    {ZMQ_ROUTER_NOTIFY, 0, 0, 0, GET_ONLY, false},
    {ZMQ_IN_BATCH_SIZE, 1, INT_MAX, 8192, BOTH, false},
    {ZMQ_OUT_BATCH_SIZE, 1, INT_MAX, 8192, BOTH, false},
    {ZMQ_RECONNECT_STOP, INT_MIN, INT_MAX, 0, BOTH, false},
    {ZMQ_PRIORITY, 0, INT_MAX, 0, BOTH, false},
    {ZMQ_BUSY_POLL, INT_MIN, INT_MAX, 0, SET_ONLY, false},
    {ZMQ_ZAP_ENFORCE_DOMAIN, INT_MIN, INT_MAX, 0, BOTH, true},
    {ZMQX_SPIN_US, 0, 1000000, -1, BOTH, false},
    {ZMQX_HANDSHAKES_MAX, 1, INT_MAX, 16384, BOTH, false},
};

/* Options of other kinds that the table of this build knows. */
static const int others[] = {
    ZMQ_AFFINITY,       ZMQ_MAXMSGSIZE,        ZMQ_ROUTING_ID,     ZMQ_TCP_ACCEPT_FILTER,
    ZMQ_IPC_FILTER_PID, ZMQ_IPC_FILTER_UID,    ZMQ_IPC_FILTER_GID, ZMQ_SOCKS_PROXY,
    ZMQ_HEARTBEAT_TTL,  ZMQ_BINDTODEVICE,      ZMQ_METADATA,       ZMQ_SOCKS_USERNAME,
    ZMQ_HELLO_MSG,      ZMQ_DISCONNECT_MSG,    ZMQ_HICCUP_MSG,     ZMQ_SOCKS_PASSWORD,
    ZMQ_ZAP_DOMAIN,     ZMQ_PLAIN_SERVER,      ZMQ_PLAIN_USERNAME, ZMQ_PLAIN_PASSWORD,
};

static struct zx_conf *make(void) {
    struct zx_conf *c = zx_conf_new(ZMQ_PUSH, false, true);
    assert_non_null(c);
    return c;
}

static int set_int(struct zx_conf **c, int option, int value) {
    return zx_conf_set(c, option, &value, sizeof value);
}

static int get_int(const struct zx_conf *c, int option) {
    int value = 0x5a5a5a5a;
    size_t size = sizeof value;
    int rc = zx_conf_get(c, option, &value, &size);
    if (rc || size != sizeof value)
        fail_msg("option %d: get gives %d, size %zu", option, rc, size);
    return value;
}

static void numbers_have_their_defaults(void **state) {
    (void)state;
    struct zx_conf *c = make();
    for (size_t i = 0; i < LEN(numbers); i++)
        if (numbers[i].access != SET_ONLY && get_int(c, numbers[i].option) != numbers[i].dflt)
            fail_msg("option %d is %d", numbers[i].option, get_int(c, numbers[i].option));
    zx_conf_unref(c);
}

static void takes(struct zx_conf **c, const struct number *n, int value) {
    int rc = set_int(c, n->option, value);
    if (rc)
        fail_msg("option %d refuses %d: %d", n->option, value, rc);
    int want = n->truth ? value != 0 : value;
    if (n->access == BOTH && get_int(*c, n->option) != want)
        fail_msg("option %d set to %d is %d", n->option, value, get_int(*c, n->option));
}

static void refuses(struct zx_conf **c, const struct number *n, int value) {
    int before = n->access == BOTH ? get_int(*c, n->option) : 0;
    if (set_int(c, n->option, value) != -EINVAL)
        fail_msg("option %d takes %d", n->option, value);
    if (n->access == BOTH)
        assert_int_equal(get_int(*c, n->option), before);
}

static void numbers_keep_to_their_ranges(void **state) {
    (void)state;
    struct zx_conf *c = make();
    for (size_t i = 0; i < LEN(numbers); i++) {
        const struct number *n = &numbers[i];
        if (n->access == GET_ONLY) {
            refuses(&c, n, n->dflt);
            continue;
        }
        takes(&c, n, n->min);
        takes(&c, n, n->max);
        takes(&c, n, n->min < 1 && n->max >= 1 ? 1 : n->min);
        if (n->min > INT_MIN)
            refuses(&c, n, n->min - 1);
        if (n->min > INT_MIN)
            refuses(&c, n, INT_MIN);
        if (n->max < INT_MAX)
            refuses(&c, n, n->max + 1);
        if (n->max < INT_MAX)
            refuses(&c, n, INT_MAX);
    }
    zx_conf_unref(c);
}

static void numbers_are_four_bytes(void **state) {
    (void)state;
    struct zx_conf *c = make();
    static const size_t wrong[] = {0, 1, 3, 5, 8};
    for (size_t i = 0; i < LEN(numbers); i++) {
        uint8_t bytes[8] = {0};
        int option = numbers[i].option;
        for (size_t k = 0; k < LEN(wrong); k++) {
            size_t room = wrong[k];
            assert_int_equal(zx_conf_set(&c, option, bytes, wrong[k]), -EINVAL);
            assert_int_equal(zx_conf_get(c, option, bytes, &room), -EINVAL);
            assert_int_equal(room, wrong[k]);
        }
        size_t room = sizeof(int);
        assert_int_equal(zx_conf_set(&c, option, NULL, sizeof(int)), -EINVAL);
        assert_int_equal(zx_conf_set(&c, option, NULL, 0), -EINVAL);
        assert_int_equal(zx_conf_get(c, option, NULL, &room), -EINVAL);
        assert_int_equal(zx_conf_get(c, option, bytes, NULL), -EINVAL);
    }
    zx_conf_unref(c);
}

static void writing_only_is_not_reading(void **state) {
    (void)state;
    static const int options[] = {ZMQ_BUSY_POLL,      ZMQ_TCP_ACCEPT_FILTER, ZMQ_METADATA,
                                  ZMQ_IPC_FILTER_PID, ZMQ_IPC_FILTER_UID,    ZMQ_IPC_FILTER_GID,
                                  ZMQ_DISCONNECT_MSG, ZMQ_HICCUP_MSG};
    struct zx_conf *c = make();
    for (size_t i = 0; i < LEN(options); i++) {
        uint8_t bytes[64];
        for (size_t n = 0; n <= sizeof bytes; n++) {
            size_t room = n;
            assert_int_equal(zx_conf_get(c, options[i], bytes, &room), -EINVAL);
        }
    }
    zx_conf_unref(c);
}

static bool is_known(int option) {
    for (size_t i = 0; i < LEN(numbers); i++)
        if (numbers[i].option == option)
            return true;
    for (size_t i = 0; i < LEN(others); i++)
        if (others[i] == option)
            return true;
    return false;
}

/* In a build without it, as with libzmq. */
static bool is_of_a_feature(int option) {
    return (ZX_HAVE_CURVE && option >= ZMQ_CURVE_SERVER && option <= ZMQ_CURVE_SERVERKEY) ||
           (ZX_HAVE_GSSAPI && ((option >= ZMQ_GSSAPI_SERVER && option <= ZMQ_GSSAPI_PLAINTEXT) ||
                               option == ZMQ_GSSAPI_PRINCIPAL_NAMETYPE ||
                               option == ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE)) ||
           (ZX_HAVE_WSS && option >= ZMQ_WSS_KEY_PEM && option <= ZMQ_WSS_TRUST_SYSTEM) ||
           (ZX_HAVE_NORM && option >= ZMQ_NORM_MODE && option <= ZMQ_NORM_PUSH) ||
           (ZX_HAVE_VMCI && option >= ZMQ_VMCI_BUFFER_SIZE && option <= ZMQ_VMCI_CONNECT_TIMEOUT);
}

/* Everything below 200 and around our own numbers, in every likely size. */
static void the_rest_is_refused(void **state) {
    (void)state;
    struct zx_conf *c = make();
    uint8_t bytes[256] = {1};
    static const size_t sizes[] = {0, 1, 4, 8, 32, 40, 41, 256};
    for (int option = -2; option < 10010; option = option == 200 ? 9990 : option + 1) {
        if (is_known(option) || is_of_a_feature(option))
            continue;
        for (size_t i = 0; i < LEN(sizes); i++) {
            size_t room = sizes[i];
            if (zx_conf_set(&c, option, bytes, sizes[i]) != -EINVAL)
                fail_msg("option %d takes %zu bytes", option, sizes[i]);
            if (zx_conf_get(c, option, bytes, &room) != -EINVAL)
                fail_msg("option %d gives %zu bytes", option, sizes[i]);
        }
    }
    assert_int_equal(c->security.mechanism, ZX_MECH_NULL);
    zx_conf_unref(c);
}

static void eight_bytes(void **state) {
    (void)state;
    struct zx_conf *c = make();
    int64_t size_limit = 0;
    uint64_t mask = 7;
    size_t room = 8;
    assert_int_equal(zx_conf_get(c, ZMQ_MAXMSGSIZE, &size_limit, &room), 0);
    assert_int_equal(size_limit, -1);
    assert_int_equal(zx_conf_get(c, ZMQ_AFFINITY, &mask, &room), 0);
    assert_int_equal(mask, 0);
    size_limit = INT64_MIN;
    mask = UINT64_MAX;
    assert_int_equal(zx_conf_set(&c, ZMQ_MAXMSGSIZE, &size_limit, 8), 0);
    assert_int_equal(zx_conf_set(&c, ZMQ_AFFINITY, &mask, 8), 0);
    size_limit = 0;
    mask = 0;
    assert_int_equal(zx_conf_get(c, ZMQ_MAXMSGSIZE, &size_limit, &room), 0);
    assert_int_equal(zx_conf_get(c, ZMQ_AFFINITY, &mask, &room), 0);
    assert_true(size_limit == INT64_MIN && mask == UINT64_MAX);
    assert_true(c->queue.maxmsgsize == INT64_MIN && c->queue.affinity == UINT64_MAX);
    for (size_t wrong = 0; wrong <= 16; wrong++) {
        uint8_t bytes[16] = {0};
        room = wrong;
        if (wrong == 8)
            continue;
        assert_int_equal(zx_conf_set(&c, ZMQ_MAXMSGSIZE, bytes, wrong), -EINVAL);
        assert_int_equal(zx_conf_get(c, ZMQ_AFFINITY, bytes, &room), -EINVAL);
    }
    assert_int_equal(zx_conf_set(&c, ZMQ_MAXMSGSIZE, NULL, 8), -EINVAL);
    zx_conf_unref(c);
}

static void time_to_live_counts_tenths(void **state) {
    (void)state;
    static const struct {
        int given, kept; /* -1: refused */
    } rows[] = {{0, 0},        {99, 0},           {100, 100},    {199, 100},  {-1, 0},
                {-99, 0},      {6553599, 6553500}, {6553600, -1}, {-100, -1}, {66000, 66000},
                {INT_MAX, -1}, {INT_MIN, -1}};
    struct zx_conf *c = make();
    for (size_t i = 0; i < LEN(rows); i++) {
        int rc = set_int(&c, ZMQ_HEARTBEAT_TTL, rows[i].given);
        assert_int_equal(rc, rows[i].kept < 0 ? -EINVAL : 0);
        if (!rc)
            assert_int_equal(get_int(c, ZMQ_HEARTBEAT_TTL), rows[i].kept);
        if (!rc)
            assert_int_equal(c->timing.heartbeat_ttl_ds, rows[i].kept / 100);
    }
    zx_conf_unref(c);
}

static void one_switch_with_two_names(void **state) {
    (void)state;
    struct zx_conf *c = zx_conf_new(ZMQ_PUSH, true, true);
    assert_non_null(c);
    assert_int_equal(get_int(c, ZMQ_IPV6), 1);
    assert_int_equal(get_int(c, ZMQ_IPV4ONLY), 0);
    assert_int_equal(set_int(&c, ZMQ_IPV4ONLY, 1), 0);
    assert_int_equal(get_int(c, ZMQ_IPV6), 0);
    assert_int_equal(set_int(&c, ZMQ_IPV6, 1), 0);
    assert_int_equal(get_int(c, ZMQ_IPV4ONLY), 0);
    zx_conf_unref(c);
}

static void types_differ(void **state) {
    (void)state;
    for (int type = ZMQ_PAIR; type <= ZMQ_CHANNEL; type++)
        for (int blocky = 0; blocky < 2; blocky++) {
            struct zx_conf *c = zx_conf_new(type, false, blocky);
            assert_non_null(c);
            bool none = type == ZMQ_SUB || type == ZMQ_XSUB || type == ZMQ_DISH || !blocky;
            assert_int_equal(get_int(c, ZMQ_LINGER), none ? 0 : -1);
            assert_int_equal(c->type, type);
            assert_int_equal(c->id.raw, type == ZMQ_STREAM);
            assert_true(c->id.stream_notify);
            zx_conf_unref(c);
        }
}

static void spinning_is_the_contexts_choice(void **state) {
    (void)state;
    struct zx_conf *c = make();
    assert_int_equal(c->queue.spin_us, -1);
    assert_int_equal(set_int(&c, ZMQX_SPIN_US, 0), 0);
    assert_int_equal(c->queue.spin_us, 0);
    zx_conf_unref(c);
}

static void a_shared_snapshot_never_changes(void **state) {
    (void)state;
    struct zx_conf *mine = make();
    struct zx_conf *alone = mine;
    assert_int_equal(set_int(&mine, ZMQ_SNDHWM, 5), 0);
    assert_ptr_equal(mine, alone); /* nobody else: changed in place */
    struct zx_conf *theirs = zx_conf_ref(mine);
    assert_ptr_equal(theirs, mine);
    assert_int_equal(set_int(&mine, ZMQ_SNDHWM, 7), 0);
    assert_ptr_not_equal(theirs, mine);
    assert_int_equal(get_int(theirs, ZMQ_SNDHWM), 5);
    assert_int_equal(get_int(mine, ZMQ_SNDHWM), 7);
    zx_conf_unref(theirs);
    alone = mine;
    assert_int_equal(zx_conf_writable(&mine), 0);
    assert_ptr_equal(mine, alone);
    zx_conf_unref(mine);
    zx_conf_unref(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_their_defaults),
        cmocka_unit_test(numbers_keep_to_their_ranges),
        cmocka_unit_test(numbers_are_four_bytes),
        cmocka_unit_test(writing_only_is_not_reading),
        cmocka_unit_test(the_rest_is_refused),
        cmocka_unit_test(eight_bytes),
        cmocka_unit_test(time_to_live_counts_tenths),
        cmocka_unit_test(one_switch_with_two_names),
        cmocka_unit_test(types_differ),
        cmocka_unit_test(spinning_is_the_contexts_choice),
        cmocka_unit_test(a_shared_snapshot_never_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
