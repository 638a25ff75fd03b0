/* SPDX-License-Identifier: MIT */
/* Socket types: names, numbers, and who accepts whom. */
#include "unit/zmtp_support.h"

#include "zmq.h"
#include "zmtp/types.h"

#include <string.h>

struct row {
    const char *name;
    int number; /* as zmq.h has it */
    const char *peers[4];
};

/* The compatibility table, written out once more and by name. */
static const struct row table[] = {
    {"PAIR", ZMQ_PAIR, {"PAIR"}},
    {"PUB", ZMQ_PUB, {"SUB", "XSUB"}},
    {"SUB", ZMQ_SUB, {"PUB", "XPUB"}},
    {"REQ", ZMQ_REQ, {"REP", "ROUTER"}},
    {"REP", ZMQ_REP, {"REQ", "DEALER"}},
    {"DEALER", ZMQ_DEALER, {"REP", "DEALER", "ROUTER"}},
    {"ROUTER", ZMQ_ROUTER, {"REQ", "DEALER", "ROUTER"}},
    {"PULL", ZMQ_PULL, {"PUSH"}},
    {"PUSH", ZMQ_PUSH, {"PULL"}},
    {"XPUB", ZMQ_XPUB, {"SUB", "XSUB"}},
    {"XSUB", ZMQ_XSUB, {"PUB", "XPUB"}},
    {"STREAM", ZMQ_STREAM, {NULL}},
    {"SERVER", ZMQ_SERVER, {"CLIENT"}},
    {"CLIENT", ZMQ_CLIENT, {"SERVER"}},
    {"RADIO", ZMQ_RADIO, {"DISH"}},
    {"DISH", ZMQ_DISH, {"RADIO"}},
    {"GATHER", ZMQ_GATHER, {"SCATTER"}},
    {"SCATTER", ZMQ_SCATTER, {"GATHER"}},
    {"DGRAM", ZMQ_DGRAM, {"DGRAM"}},
    {"PEER", ZMQ_PEER, {"PEER"}},
    {"CHANNEL", ZMQ_CHANNEL, {"CHANNEL"}},
};

enum { ROWS = sizeof table / sizeof table[0] };

static int number_of(const char *name) {
    return zx_type_from_name((const uint8_t *)name, strlen(name));
}

static void names_and_numbers(void **state) {
    (void)state;
    assert_int_equal(ROWS, ZX_TYPE_COUNT);
    for (int i = 0; i < ROWS; i++) {
        assert_string_equal(zx_type_name(table[i].number), table[i].name);
        assert_int_equal(number_of(table[i].name), table[i].number);
    }
}

static void no_such_type(void **state) {
    (void)state;
    assert_null(zx_type_name(-1));
    assert_null(zx_type_name(ZX_TYPE_COUNT));
    assert_int_equal(number_of(""), -1);
    assert_int_equal(number_of("req"), -1);
    assert_int_equal(number_of("REQ "), -1);
    assert_int_equal(number_of("RE"), -1);
    assert_int_equal(zx_type_from_name((const uint8_t *)"REQ", 4), -1); /* with its NUL */
    assert_int_equal(zx_type_from_name((const uint8_t *)"REPLY", 3), ZX_TYPE_REP);
}

static int accepts(const struct row *row, const char *peer) {
    for (int i = 0; i < 4 && row->peers[i]; i++)
        if (strcmp(row->peers[i], peer) == 0)
            return 1;
    return 0;
}

static void compatibility(void **state) {
    (void)state;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < ROWS; j++)
            assert_int_equal(zx_type_is_compatible(table[i].number, table[j].number),
                             accepts(&table[i], table[j].name));
    for (int i = 0; i < ROWS; i++) {
        assert_false(zx_type_is_compatible(i, -1));
        assert_false(zx_type_is_compatible(-1, i));
        assert_false(zx_type_is_compatible(i, ZX_TYPE_COUNT));
        assert_false(zx_type_is_compatible(ZX_TYPE_COUNT, i));
    }
}

static void who_announces_an_identity(void **state) {
    (void)state;
    for (int type = -1; type <= ZX_TYPE_COUNT; type++)
        assert_int_equal(zx_type_has_identity_property(type),
                         type == ZMQ_REQ || type == ZMQ_DEALER || type == ZMQ_ROUTER);
}

static void protocol_error_numbers(void **state) {
    (void)state;
    assert_int_equal(ZX_PERR_ZMTP_UNSPECIFIED, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
    assert_int_equal(ZX_PERR_ZMTP_UNEXPECTED_COMMAND, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
    assert_int_equal(ZX_PERR_ZMTP_INVALID_SEQUENCE, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE);
    assert_int_equal(ZX_PERR_ZMTP_KEY_EXCHANGE, ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE);
    assert_int_equal(ZX_PERR_ZMTP_MALFORMED_UNSPECIFIED,
                     ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED);
    assert_int_equal(ZX_PERR_ZMTP_MALFORMED_MESSAGE,
                     ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE);
    assert_int_equal(ZX_PERR_ZMTP_MALFORMED_HELLO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO);
    assert_int_equal(ZX_PERR_ZMTP_MALFORMED_INITIATE,
                     ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE);
    assert_int_equal(ZX_PERR_ZMTP_MALFORMED_ERROR, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR);
    assert_int_equal(ZX_PERR_ZMTP_MALFORMED_READY, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY);
    assert_int_equal(ZX_PERR_ZMTP_MALFORMED_WELCOME,
                     ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME);
    assert_int_equal(ZX_PERR_ZMTP_INVALID_METADATA, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
    assert_int_equal(ZX_PERR_ZMTP_CRYPTOGRAPHIC, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC);
    assert_int_equal(ZX_PERR_ZMTP_MECHANISM_MISMATCH, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
    assert_int_equal(ZX_PERR_ZAP_UNSPECIFIED, ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED);
    assert_int_equal(ZX_PERR_ZAP_MALFORMED_REPLY, ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY);
    assert_int_equal(ZX_PERR_ZAP_BAD_REQUEST_ID, ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID);
    assert_int_equal(ZX_PERR_ZAP_BAD_VERSION, ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION);
    assert_int_equal(ZX_PERR_ZAP_INVALID_STATUS_CODE, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE);
    assert_int_equal(ZX_PERR_ZAP_INVALID_METADATA, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA);
    assert_int_equal(ZX_PERR_WS_UNSPECIFIED, ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_numbers),      cmocka_unit_test(no_such_type),
        cmocka_unit_test(compatibility),          cmocka_unit_test(who_announces_an_identity),
        cmocka_unit_test(protocol_error_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
