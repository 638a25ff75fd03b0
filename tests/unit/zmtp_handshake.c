/* SPDX-License-Identifier: MIT */
/* The opening of a 3.x connection with the NULL mechanism. */
#include "unit/zmtp_support.h"

#include "zmtp/metadata.h"
#include "zmtp/types.h"

#include <errno.h>
#include <string.h>

#define NO_ERROR                                                                                   \
    { ZX_HS_ERROR_NONE, 0 }
#define PROTOCOL(code)                                                                             \
    { ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_##code }
#define AUTH(code)                                                                                 \
    { ZX_HS_ERROR_AUTH, code }

#define CLIENT_7 ((const uint8_t *)"client-7")

static const struct zx_hs_conf router = {.socket_type = ZX_TYPE_ROUTER};
static const struct zx_hs_conf pull = {.socket_type = ZX_TYPE_PULL};

static void peer_is_anonymous_dealer(struct zx_hs *hs) {
    size_t size;
    assert_int_equal(zx_hs_peer_type(hs), ZX_TYPE_DEALER);
    assert_null(zx_hs_routing_id(hs, &size));
    assert_int_equal(size, 0);
    assert_false(zx_hs_subscribe_all(hs));
    assert_null(zx_hs_take_mechanism(hs)); /* NULL leaves traffic as it is */
    struct zx_meta *meta;
    assert_int_equal(zx_hs_meta(hs, "10.0.0.1", 5, &meta), 0);
    assert_string_equal(zx_meta_get(meta, "Peer-Address"), "10.0.0.1");
    assert_string_equal(zx_meta_get(meta, "Socket-Type"), "DEALER");
    assert_string_equal(zx_meta_get(meta, "Identity"), "");
    assert_null(zx_meta_get(meta, "User-Id"));
    zx_meta_unref(meta);
}

static void plain_opening(void **state) {
    (void)state;
    run_play(&(struct play){.conf = router,
                            .input = GREETING READY_DEALER,
                            .output = GREETING READY_ROUTER,
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1,
                            .check = peer_is_anonymous_dealer});
    run_play(&(struct play){.conf = pull,
                            .input = GREETING READY_PUSH,
                            .output = GREETING READY_PULL,
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1});
    run_play(&(struct play){.conf = router,
                            .input = GREETING_3_0 READY_DEALER,
                            .output = GREETING READY_ROUTER,
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_0,
                            .check = peer_is_anonymous_dealer});
}

static void unfinished_openings(void **state) {
    (void)state;
    run_play(&(struct play){
        .conf = router, .input = "ff 00*8", .output = "ff 00*7 01 7f", .version = ZX_ZMTP_UNKNOWN});
    run_play(&(struct play){
        .conf = router, .input = "ff 00*8 01 03", .output = GREETING, .version = ZX_ZMTP_UNKNOWN});
    /* READY leaves with the greeting, whatever the peer waits for. */
    run_play(&(struct play){.conf = router,
                            .input = GREETING,
                            .output = GREETING READY_ROUTER,
                            .version = ZX_ZMTP_3_1});
    run_play(&(struct play){.conf = router,
                            .input = GREETING "04 29 05 5245414459",
                            .output = GREETING READY_ROUTER,
                            .version = ZX_ZMTP_3_1});
}

static void peer_is_client_7(struct zx_hs *hs) {
    size_t size;
    const uint8_t *id = zx_hs_routing_id(hs, &size);
    assert_int_equal(zx_hs_peer_type(hs), ZX_TYPE_REQ);
    assert_int_equal(size, 8);
    assert_memory_equal(id, CLIENT_7, 8);
    struct zx_meta *meta;
    assert_int_equal(zx_hs_meta(hs, NULL, -1, &meta), 0);
    assert_string_equal(zx_meta_get(meta, "Routing-Id"), "client-7");
    assert_null(zx_meta_get(meta, "Peer-Address"));
    zx_meta_unref(meta);
}

#define GREETING_CLIENT_7 "ff 00*7 09 7f 03 01 4e554c4c 00*16 00*32 "
#define READY_CLIENT_7                                                                             \
    "04 2e 05 5245414459 0b 536f636b65742d54797065 00000003 524551 08 4964656e74697479 "           \
    "00000008 636c69656e742d37 "

static void identities(void **state) {
    (void)state;
    run_play(&(struct play){.conf = router,
                            .input = GREETING_CLIENT_7 READY_CLIENT_7,
                            .output = GREETING READY_ROUTER,
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1,
                            .check = peer_is_client_7});
    struct zx_hs_conf req = {
        .socket_type = ZX_TYPE_REQ, .routing_id = CLIENT_7, .routing_id_size = 8};
    run_play(&(struct play){.conf = req,
                            .input = GREETING READY_ROUTER,
                            .output = GREETING_CLIENT_7 READY_CLIENT_7,
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1});
}

static void has_no_routing_id(struct zx_hs *hs) {
    size_t size;
    assert_null(zx_hs_routing_id(hs, &size));
    assert_int_equal(size, 0);
}

static void unusable_identities(void **state) {
    (void)state;
    run_play(&(struct play){.conf = router,
                            .input = GREETING "04 18 05 5245414459 08 4964656e74697479 "
                                              "00000005 006b8b4567",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1,
                            .check = has_no_routing_id});
    run_play(&(struct play){.conf = router,
                            .input = GREETING "06 00*6 0113 05 5245414459 08 4964656e74697479 "
                                              "00000100 61*256",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1,
                            .check = has_no_routing_id});
}

/* A peer may pipeline messages behind its READY; not one byte of them is ours. */
static void traffic_is_left_to_the_caller(void **state) {
    (void)state;
    run_play(&(struct play){.conf = pull,
                            .input = GREETING READY_PUSH "00 02 6869 01 01 61 00 01 62",
                            .output = GREETING READY_PULL,
                            .rest = "00 02 6869 01 01 61 00 01 62",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1});
}

static void own_metadata(void **state) {
    (void)state;
    static const uint8_t extra[] = {3, 'X', '-', 'a', 0, 0, 0, 1, 'b'};
    struct zx_hs_conf conf = pull;
    conf.extra_meta = extra;
    conf.extra_meta_size = sizeof extra;
    run_play(&(struct play){.conf = conf,
                            .input = GREETING READY_PUSH,
                            .output = GREETING "04 23 05 5245414459 0b 536f636b65742d54797065 "
                                               "00000004 50554c4c 03 582d61 00000001 62",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1});
}

/* A READY of more than 255 bytes takes the long form, ours and the peer's. */
static void long_ready(void **state) {
    (void)state;
    static uint8_t extra[5 + 300];
    extra[3] = 300 >> 8;
    extra[4] = 300 & 255;
    struct zx_hs_conf conf = pull;
    conf.extra_meta = extra;
    conf.extra_meta_size = sizeof extra;
    run_play(&(struct play){.conf = conf,
                            .input = GREETING "06 00*6 0137 05 5245414459 00 0000012c 7a*300",
                            .output =
                                GREETING "06 00*6 014b 05 5245414459 0b 536f636b65742d54797065 "
                                         "00000004 50554c4c 00 0000012c 00*300",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1});
}

/* On receipt: reserved bits, a missing COMMAND bit, MORE and a needlessly long length are
 * all let pass. */
static void lenient_frames(void **state) {
    (void)state;
    static const char *const inputs[] = {
        GREETING "00 06 05 5245414459",      GREETING "05 06 05 5245414459",
        GREETING "fc 06 05 5245414459",      GREETING "06 00*7 06 05 5245414459",
        GREETING "02 00*7 06 05 5245414459",
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        run_play(&(struct play){
            .conf = pull, .input = inputs[i], .rc = ZX_HS_DONE, .version = ZX_ZMTP_3_1});
}

static void unexpected_commands(void **state) {
    (void)state;
    static const char *const inputs[] = {
        GREETING "04 07 04 50494e47 0000", /* PING */
        GREETING "04 06 05 7265616459",    /* wrong case */
        GREETING "04 05 04 52454144",      /* READ */
        GREETING "04 00",                  /* empty */
        GREETING "00 00",
        GREETING "04 01 05",
        GREETING "00 02 6869",                 /* a message */
        GREETING "04 09 5e52524f52 03 343030", /* PLAIN's ERROR is none of ours */
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        run_play(&(struct play){.conf = pull,
                                .input = inputs[i],
                                .output = GREETING READY_PULL,
                                .rc = -EPROTO,
                                .error = PROTOCOL(UNEXPECTED_COMMAND)});
}

/* Closed without an event and without an ERROR command. */
static void bad_metadata(void **state) {
    (void)state;
    static const char *const inputs[] = {
        GREETING READY_DEALER,                         /* is no peer of a PULL */
        GREETING "04 07 05 5245414459 00",             /* a byte left over */
        GREETING "04 0c 05 5245414459 01 61 00000001", /* truncated */
        GREETING "04 0d 05 5245414459 01 61 ffffffff 62",
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        run_play(&(struct play){.conf = pull,
                                .input = inputs[i],
                                .output = GREETING READY_PULL,
                                .rc = -EPROTO,
                                .error = NO_ERROR});
}

static void error_commands(void **state) {
    (void)state;
    static const struct {
        const char *frame;
        struct zx_hs_error error;
    } rows[] = {
        {GREETING "04 0a 05 4552524f52 03 333030", AUTH(300)},
        {GREETING "04 0a 05 4552524f52 03 343030", AUTH(400)},
        {GREETING "04 0a 05 4552524f52 03 353030", AUTH(500)},
        {GREETING "04 0b 05 4552524f52 03 353030 ff", AUTH(500)},
        {GREETING "04 0a 05 4552524f52 03 343034", NO_ERROR},
        {GREETING "04 07 05 4552524f52 00", NO_ERROR},
        {GREETING "04 06 05 4552524f52", PROTOCOL(MALFORMED_ERROR)},
        {GREETING "04 0a 05 4552524f52 04 343030", PROTOCOL(MALFORMED_ERROR)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        run_play(&(struct play){.conf = pull,
                                .input = rows[i].frame,
                                .output = GREETING READY_PULL,
                                .rc = -EPROTO,
                                .error = rows[i].error});
}

static void mechanism_mismatch(void **state) {
    (void)state;
    static const char *const inputs[] = {
        "ff 00*8 7f 03 01 4355525645 00*15 00*32",
        "ff 00*8 7f 03 01 4e554c4c 00 58 00*14 00*32",
        "ff 00*8 7f 03 01 00*20 00*32",
        "ff 00*8 7f 03 00 504c41494e 00*15 00*32",
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        run_play(&(struct play){.conf = pull,
                                .input = inputs[i],
                                .output = GREETING,
                                .rc = -EPROTO,
                                .error = PROTOCOL(MECHANISM_MISMATCH)});
}

static void size_of_commands(void **state) {
    (void)state;
    struct zx_hs_conf conf = pull;
    conf.max_command = 26;
    run_play(&(struct play){
        .conf = conf, .input = GREETING READY_PUSH, .rc = ZX_HS_DONE, .version = ZX_ZMTP_3_1});
    conf.max_command = 25;
    run_play(&(struct play){
        .conf = conf, .input = GREETING READY_PUSH, .rc = -EMSGSIZE, .error = NO_ERROR});
    static const char *const inputs[] = {
        GREETING "06 00*5 01 0001", /* 65537 */
        GREETING "06 7f ff*7",
        GREETING "06 80 00*7",
        GREETING "06 ff*8",
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        run_play(&(struct play){.conf = pull,
                                .input = inputs[i],
                                .output = GREETING READY_PULL,
                                .rc = -EMSGSIZE,
                                .error = NO_ERROR});
    /* 65536 is announced, accepted and waited for. */
    run_play(&(struct play){
        .conf = pull, .input = GREETING "06 00*5 01 0000 05 5245414459", .version = ZX_ZMTP_3_1});
    conf.max_command = INT64_MAX;
    run_play(
        &(struct play){.conf = conf, .input = GREETING "06 3f ff*7 05", .version = ZX_ZMTP_3_1});
}

/* ---- hold -------------------------------------------------------------------- */

static struct zx_hs_conf holding(void) {
    struct zx_hs_conf conf = router;
    conf.hold = true;
    return conf;
}

static void held_back(void **state) {
    (void)state;
    run_play(&(struct play){
        .conf = holding(), .input = GREETING, .output = GREETING, .version = ZX_ZMTP_3_1});
    run_play(&(struct play){.conf = holding(),
                            .input = GREETING_CLIENT_7 READY_CLIENT_7 "00 00",
                            .output = GREETING,
                            .rest = "00 00",
                            .rc = ZX_HS_HOLD,
                            .version = ZX_ZMTP_3_1,
                            .check = peer_is_client_7});
}

static void accepted(void **state) {
    (void)state;
    run_play(&(struct play){.conf = holding(),
                            .input = GREETING READY_DEALER "00 00",
                            .output = GREETING READY_ROUTER,
                            .rest = "00 00",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1,
                            .hold = 1,
                            .check = peer_is_anonymous_dealer});
}

static void refused(void **state) {
    (void)state;
    run_play(&(struct play){.conf = holding(),
                            .input = GREETING READY_DEALER "00 00",
                            .output = GREETING,
                            .rc = -EPROTO,
                            .error = PROTOCOL(INVALID_METADATA),
                            .hold = 2});
}

static void wrong_moments(void **state) {
    (void)state;
    struct zx_hs *hs;
    struct zx_hs_conf conf = holding();
    struct zx_zap_reply reply = {.status = 200};
    struct zx_zap_request request;
    assert_int_equal(zx_hs_init(&hs, &conf), 0);
    assert_int_equal(zx_hs_accept(hs), -EINVAL);
    assert_int_equal(zx_hs_zap_reply(hs, &reply), -EINVAL);
    assert_int_equal(zx_hs_zap_failed(hs, 1), -EINVAL);
    zx_hs_zap_request(hs, &request);
    assert_string_equal(request.mechanism, "NULL");
    assert_int_equal(request.credentials, 0);
    assert_null(zx_hs_take_mechanism(hs));
    assert_int_equal(zx_hs_refuse(hs), -EPROTO);
    assert_int_equal(zx_hs_accept(hs), -EPROTO);
    assert_int_equal(zx_hs_refuse(hs), -EPROTO);
    assert_int_equal(zx_hs_zap_reply(hs, &reply), -EPROTO);
    assert_int_equal(zx_hs_zap_failed(hs, 1), -EPROTO);
    assert_int_equal(zx_hs_error(hs).value, ZX_PERR_ZMTP_INVALID_METADATA);
    zx_hs_free(&hs);
    zx_hs_free(&hs);
}

/* Once a mechanism is at work, too, and the first error is the one that stays. */
static void wrong_moments_later(void **state) {
    (void)state;
    struct bytes in = hex(GREETING "04 00");
    struct zx_hs *hs;
    struct zx_zap_reply reply = {.status = 200};
    size_t consumed;
    assert_int_equal(zx_hs_init(&hs, &pull), 0);
    assert_int_equal(zx_hs_input(hs, in.data, 64, &consumed), ZX_HS_MORE);
    assert_int_equal(zx_hs_accept(hs), -EINVAL);
    assert_int_equal(zx_hs_zap_reply(hs, &reply), -EINVAL);
    assert_int_equal(zx_hs_zap_failed(hs, 1), -EINVAL);
    assert_int_equal(zx_hs_input(hs, in.data + 64, 2, &consumed), -EPROTO);
    assert_int_equal(zx_hs_refuse(hs), -EPROTO);
    assert_int_equal(zx_hs_error(hs).value, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    zx_hs_free(&hs);
    bytes_free(&in);
}

static void bad_configuration(void **state) {
    (void)state;
    static const uint8_t id[256] = {1}, extra[] = {1, 'a'};
    struct zx_hs *hs;
    assert_int_equal(zx_hs_init(&hs, &(struct zx_hs_conf){.socket_type = -1}), -EINVAL);
    assert_null(hs);
    assert_int_equal(zx_hs_init(&hs, &(struct zx_hs_conf){.socket_type = 21}), -EINVAL);
    struct zx_hs_conf conf = {.routing_id = id, .routing_id_size = 256};
    assert_int_equal(zx_hs_init(&hs, &conf), -EINVAL);
    conf = (struct zx_hs_conf){.extra_meta = extra, .extra_meta_size = sizeof extra};
    assert_int_equal(zx_hs_init(&hs, &conf), -EINVAL);
    assert_null(hs);
}

static void without_a_greeting(void **state) {
    (void)state;
    struct zx_hs_conf conf = pull;
    conf.skip_greeting = true;
    run_play(&(struct play){.conf = conf,
                            .input = READY_PUSH "00 00",
                            .output = READY_PULL,
                            .rest = "00 00",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_0});
}

static void without_a_mechanism(void **state) {
    (void)state;
    struct zx_hs_conf conf = router;
    conf.skip_greeting = conf.bare = true;
    run_play(&(struct play){.conf = conf,
                            .input = "00 03 416e6e 00 01 61",
                            .output = "00 00",
                            .rest = "00 01 61",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_2_0});
    conf.hold = true;
    run_play(&(struct play){.conf = conf,
                            .input = "00 00 00 01 61",
                            .output = "00 00",
                            .rest = "00 01 61",
                            .hold = 1,
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_2_0});
    run_play(&(struct play){.conf = conf,
                            .input = "02 0000000000000100",
                            .output = "00 00",
                            .rc = -EMSGSIZE});
}

/* Output is taken in pieces of any size. */
static void output_in_pieces(void **state) {
    (void)state;
    struct bytes in = hex(GREETING READY_DEALER);
    struct bytes want = hex(GREETING READY_ROUTER);
    for (size_t step = 1; step <= want.size; step++) {
        struct zx_hs *hs;
        size_t consumed, size, at = 0;
        assert_int_equal(zx_hs_init(&hs, &router), 0);
        assert_int_equal(zx_hs_input(hs, in.data, in.size, &consumed), ZX_HS_DONE);
        for (;;) {
            const uint8_t *data = zx_hs_output(hs, &size);
            if (!size)
                break;
            size = size < step ? size : step;
            assert_memory_equal(data, want.data + at, size);
            at += size;
            zx_hs_output_taken(hs, size);
        }
        assert_int_equal(at, want.size);
        zx_hs_output_taken(hs, 10); /* more than there is changes nothing */
        zx_hs_free(&hs);
    }
    bytes_free(&in);
    bytes_free(&want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_opening),
        cmocka_unit_test(unfinished_openings),
        cmocka_unit_test(identities),
        cmocka_unit_test(unusable_identities),
        cmocka_unit_test(traffic_is_left_to_the_caller),
        cmocka_unit_test(own_metadata),
        cmocka_unit_test(long_ready),
        cmocka_unit_test(lenient_frames),
        cmocka_unit_test(unexpected_commands),
        cmocka_unit_test(bad_metadata),
        cmocka_unit_test(error_commands),
        cmocka_unit_test(mechanism_mismatch),
        cmocka_unit_test(size_of_commands),
        cmocka_unit_test(held_back),
        cmocka_unit_test(accepted),
        cmocka_unit_test(refused),
        cmocka_unit_test(wrong_moments),
        cmocka_unit_test(wrong_moments_later),
        cmocka_unit_test(bad_configuration),
        cmocka_unit_test(without_a_greeting), cmocka_unit_test(without_a_mechanism),
        cmocka_unit_test(output_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
