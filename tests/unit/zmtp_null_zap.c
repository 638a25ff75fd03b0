/* SPDX-License-Identifier: MIT */
/* The NULL mechanism when a ZAP domain is set, and the registry of mechanisms. */
#include "unit/zmtp_support.h"

#include "zmtp/metadata.h"
#include "zmtp/types.h"

#include <errno.h>
#include <string.h>

static const struct zx_hs_conf asking = {
    .socket_type = ZX_TYPE_PULL, .refuse_old = true, .zap_domain = true};

static void asked_before_ready(void **state) {
    (void)state;
    run_play(&(struct play){.conf = asking,
                            .input = GREETING,
                            .output = GREETING,
                            .rc = ZX_HS_WAIT_ZAP,
                            .version = ZX_ZMTP_3_1});
    /* The peer's READY is taken meanwhile, what follows it is not. */
    run_play(&(struct play){.conf = asking,
                            .input = GREETING READY_PUSH "00 00",
                            .output = GREETING,
                            .rest = "00 00",
                            .rc = ZX_HS_WAIT_ZAP,
                            .version = ZX_ZMTP_3_1});
    run_play(&(struct play){.conf = asking,
                            .input = GREETING "04 07 04 50494e47 0000",
                            .output = GREETING,
                            .rc = -EPROTO,
                            .error = {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_UNEXPECTED_COMMAND}});
}

static void is_joe(struct zx_hs *hs) {
    struct zx_meta *meta;
    assert_int_equal(zx_hs_meta(hs, NULL, -1, &meta), 0);
    assert_string_equal(zx_meta_get(meta, "User-Id"), "joe");
    assert_string_equal(zx_meta_get(meta, "X-Role"), "a");
    assert_string_equal(zx_meta_get(meta, "Socket-Type"), "PUSH");
    zx_meta_unref(meta);
}

static void let_in(void **state) {
    (void)state;
    static const uint8_t metadata[] = {6, 'X', '-', 'R', 'o', 'l', 'e', 0, 0, 0, 1, 'a'};
    struct zx_zap_reply reply = {.status = 200,
                                 .user_id = (const uint8_t *)"joe",
                                 .user_id_size = 3,
                                 .metadata = metadata,
                                 .metadata_size = sizeof metadata};
    struct play p = {.conf = asking,
                     .input = GREETING READY_PUSH "00 00",
                     .output = GREETING READY_PULL,
                     .rest = "00 00",
                     .rc = ZX_HS_DONE,
                     .version = ZX_ZMTP_3_1,
                     .zap = &reply,
                     .check = is_joe};
    run_play(&p);
    p.conf.hold = true;
    p.hold = 1;
    run_play(&p);
    p.hold = 0;
    p.rc = ZX_HS_HOLD;
    p.output = GREETING;
    run_play(&p);
}

/* 300: silence, to be tried again later. 400, 500: ERROR, final. */
static void turned_away(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *output;
    } rows[] = {
        {300, GREETING},
        {400, GREETING "04 0a 05 4552524f52 03 343030"},
        {500, GREETING "04 0a 05 4552524f52 03 353030"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zx_zap_reply reply = {.status = rows[i].status};
        struct play p = {.conf = asking,
                         .input = GREETING READY_PUSH,
                         .output = rows[i].output,
                         .rc = -EACCES,
                         .error = {ZX_HS_ERROR_AUTH, (uint32_t)rows[i].status},
                         .zap = &reply};
        run_play(&p);
        p.conf.hold = true;
        run_play(&p);
    }
}

static void is_nobody(struct zx_hs *hs) {
    struct zx_meta *meta;
    assert_int_equal(zx_hs_meta(hs, NULL, -1, &meta), 0);
    assert_null(zx_meta_get(meta, "User-Id"));
    zx_meta_unref(meta);
}

static void no_handler(void **state) {
    (void)state;
    struct zx_zap_reply none = {.status = 0};
    struct play p = {.conf = asking,
                     .input = GREETING READY_PUSH,
                     .output = GREETING READY_PULL,
                     .rc = ZX_HS_DONE,
                     .version = ZX_ZMTP_3_1,
                     .zap = &none,
                     .check = is_nobody};
    run_play(&p);
    p.conf.zap_enforce = true;
    p.output = GREETING;
    p.rc = -EACCES;
    p.error = (struct zx_hs_error){ZX_HS_ERROR_NO_DETAIL, EFAULT};
    run_play(&p);
}

/* Whatever is no consent is a refusal. */
static void odd_statuses(void **state) {
    (void)state;
    static const int statuses[] = {-200, 1, 100, 201, 299, 301, 600, 999};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct zx_zap_reply reply = {.status = statuses[i]};
        run_play(&(struct play){
            .conf = asking,
            .input = GREETING READY_PUSH,
            .output = GREETING,
            .rc = -EACCES,
            .error = {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZAP_INVALID_STATUS_CODE},
            .zap = &reply,
        });
    }
    static const uint8_t bad[] = {9};
    struct zx_zap_reply reply = {.status = 200, .metadata = bad, .metadata_size = 1};
    run_play(&(struct play){.conf = asking,
                            .input = GREETING READY_PUSH,
                            .output = GREETING,
                            .rc = -EPROTO,
                            .error = {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZAP_INVALID_METADATA},
                            .zap = &reply});
}

static void malformed_answer(void **state) {
    (void)state;
    struct bytes in = hex(GREETING);
    struct zx_hs *hs;
    size_t consumed;
    assert_int_equal(zx_hs_init(&hs, &asking), 0);
    assert_int_equal(zx_hs_input(hs, in.data, in.size, &consumed), ZX_HS_WAIT_ZAP);
    struct zx_zap_request request;
    zx_hs_zap_request(hs, &request);
    assert_string_equal(request.mechanism, "NULL");
    assert_int_equal(request.credentials, 0);
    assert_int_equal(zx_hs_accept(hs), -EINVAL);
    assert_int_equal(zx_hs_zap_failed(hs, ZX_PERR_ZAP_BAD_VERSION), -EPROTO);
    assert_int_equal(zx_hs_error(hs).kind, ZX_HS_ERROR_PROTOCOL);
    assert_int_equal(zx_hs_error(hs).value, ZX_PERR_ZAP_BAD_VERSION);
    zx_hs_free(&hs);
    bytes_free(&in);
}

/* ERROR ends the wait for ZAP as well. */
static void error_while_asking(void **state) {
    (void)state;
    run_play(&(struct play){.conf = asking,
                            .input = GREETING "04 0a 05 4552524f52 03 343030",
                            .output = GREETING,
                            .rc = -EPROTO,
                            .error = {ZX_HS_ERROR_AUTH, 400}});
}

static void asked_without_a_greeting(void **state) {
    (void)state;
    struct zx_hs_conf conf = asking;
    conf.skip_greeting = true;
    struct zx_zap_reply reply = {.status = 200};
    run_play(&(struct play){.conf = conf,
                            .input = READY_PUSH,
                            .output = READY_PULL,
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_0,
                            .zap = &reply});
}

static void registry(void **state) {
    (void)state;
    assert_ptr_equal(zx_mechanism_by_name("NULL"), &zx_null_ops);
    assert_ptr_equal(zx_mechanism_by_number(0), &zx_null_ops);
    assert_null(zx_mechanism_by_name("null"));
    assert_null(zx_mechanism_by_name(""));
    assert_null(zx_mechanism_by_number(-1));
    for (int number = 0; number < 4; number++) {
        const struct zx_mechanism_ops *ops = zx_mechanism_by_number(number);
        if (!ops)
            continue;
        assert_int_equal(ops->number, number);
        assert_ptr_equal(zx_mechanism_by_name(ops->name), ops);
        assert_true(strlen(ops->name) <= 20);
        assert_true(ops->create && ops->destroy && ops->next_command && ops->on_command);
        assert_true(ops->takes_command && ops->zap_request && ops->on_zap && ops->on_accept);
        assert_true(ops->encode && ops->decode);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_before_ready), cmocka_unit_test(let_in),
        cmocka_unit_test(turned_away),        cmocka_unit_test(no_handler),
        cmocka_unit_test(odd_statuses),       cmocka_unit_test(malformed_answer),
        cmocka_unit_test(error_while_asking), cmocka_unit_test(asked_without_a_greeting),
        cmocka_unit_test(registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
