/* SPDX-License-Identifier: MIT */
/* The PLAIN mechanism: both roles, every legal and many illegal orders, ZAP's answers. */
#include "unit/zmtp_support.h"

#include "base/buf.h"
#include "zmtp/metadata.h"
#include "zmtp/types.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_GREETING "ff 00*7 01 7f 03 01 504c41494e 00*15 00*32 "
#define HELLO "04 13 05 48454c4c4f 05 61646d696e 06 736563726574 "
#define WELCOME "04 08 07 57454c434f4d45 "
#define SOCKET_TYPE "0b 536f636b65742d54797065 000000"
#define INITIATE                                                                                   \
    "04 2c 08 494e495449415445 " SOCKET_TYPE "06 4445414c4552 08 4964656e74697479 00000000 "
#define INITIATE_SUB "04 1c 08 494e495449415445 " SOCKET_TYPE "03 535542 "

static uint8_t admin[] = "admin", secret[] = "secret", longest[255];
static const struct zx_security_settings who = {.plain_username = {admin, 5},
                                                .plain_password = {secret, 6}};
static const struct zx_security_settings nobody;
static const struct zx_security_settings long_names = {.plain_username = {longest, 255},
                                                       .plain_password = {longest, 255}};

static const struct zx_hs_conf client = {.socket_type = ZX_TYPE_DEALER,
                                         .mechanism = &zx_plain_ops,
                                         .settings = &who,
                                         .refuse_old = true};
static const struct zx_hs_conf server = {.socket_type = ZX_TYPE_ROUTER,
                                         .mechanism = &zx_plain_ops,
                                         .settings = &nobody,
                                         .as_server = true,
                                         .refuse_old = true};
static const struct zx_zap_reply yes = {
    .status = 200, .user_id = (const uint8_t *)"joe", .user_id_size = 3};

#define PROTOCOL(value) {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_##value}

/* ---- the client ------------------------------------------------------------------ */

static void met_a_router(struct zx_hs *hs) {
    assert_int_equal(zx_hs_peer_type(hs), ZX_TYPE_ROUTER);
    assert_null(zx_hs_take_mechanism(hs)); /* nothing to do for traffic */
}

static void client_is_welcome(void **state) {
    (void)state;
    struct play p = {.conf = client,
                     .input = PLAIN_GREETING WELCOME READY_ROUTER "00 00",
                     .output = PLAIN_GREETING HELLO INITIATE,
                     .rest = "00 00",
                     .rc = ZX_HS_DONE,
                     .version = ZX_ZMTP_3_1,
                     .check = met_a_router};
    run_play(&p);
    p.conf.settings = &nobody;
    p.output = PLAIN_GREETING "04 08 05 48454c4c4f 00 00 " INITIATE;
    run_play(&p);
    p.conf.settings = &long_names;
    p.output = PLAIN_GREETING "06 00*6 0206 05 48454c4c4f ff 00*255 ff 00*255 " INITIATE;
    run_play(&p);
}

static void client_is_answered_wrongly(void **state) {
    (void)state;
    static const struct {
        const char *input;
        bool was_welcome;
        struct zx_hs_error error;
    } rows[] = {
        {READY_ROUTER, false, PROTOCOL(UNEXPECTED_COMMAND)},
        {INITIATE, false, PROTOCOL(UNEXPECTED_COMMAND)},
        {HELLO, false, PROTOCOL(UNEXPECTED_COMMAND)}, /* two clients */
        {"04 00", false, PROTOCOL(UNEXPECTED_COMMAND)},
        {"04 07 07 57454c434f4d", false, PROTOCOL(UNEXPECTED_COMMAND)},
        {"04 08 07 57454c434f4d46", false, PROTOCOL(UNEXPECTED_COMMAND)},
        {"04 09 07 57454c434f4d45 00", false, PROTOCOL(MALFORMED_WELCOME)},
        {WELCOME WELCOME, true, PROTOCOL(UNEXPECTED_COMMAND)},
        {WELCOME "04 04 03 464f4f", true, PROTOCOL(UNEXPECTED_COMMAND)},
        {WELCOME "04 07 05 5245414459 01", true, PROTOCOL(INVALID_METADATA)},
        {WELCOME "04 18 05 5245414459 " SOCKET_TYPE "03 505542", true, PROTOCOL(INVALID_METADATA)},
        {"04 06 05 4552524f52", false, PROTOCOL(MALFORMED_ERROR)},
        {"04 09 05 4552524f52 03 3430", false, PROTOCOL(MALFORMED_ERROR)},
        {"04 05 5e52524f52", false, PROTOCOL(MALFORMED_ERROR)},
        {"04 08 5e52524f52 03 3430", false, PROTOCOL(MALFORMED_ERROR)},
        /* Both forms of ERROR, in both waiting states. */
        {"04 0a 05 4552524f52 03 343030", false, {ZX_HS_ERROR_AUTH, 400}},
        {"04 09 5e52524f52 03 343030", false, {ZX_HS_ERROR_AUTH, 400}},
        {"04 09 5e52524f52 03 333030", false, {ZX_HS_ERROR_AUTH, 300}},
        {"04 09 5e52524f52 03 353030", false, {ZX_HS_ERROR_AUTH, 500}},
        {WELCOME "04 09 5e52524f52 03 353030", true, {ZX_HS_ERROR_AUTH, 500}},
        {WELCOME "04 0a 05 4552524f52 03 343030", true, {ZX_HS_ERROR_AUTH, 400}},
        {"04 09 5e52524f52 03 323030", false, {ZX_HS_ERROR_NONE, 0}},
        {"04 0a 05 4552524f52 03 344030", false, {ZX_HS_ERROR_NONE, 0}},
        {"04 07 05 4552524f52 00", false, {ZX_HS_ERROR_NONE, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char input[400];
        snprintf(input, sizeof input, "%s%s", PLAIN_GREETING, rows[i].input);
        print_message("row %zu\n", i);
        run_play(&(struct play){.conf = client,
                                .input = input,
                                .output = rows[i].was_welcome ? PLAIN_GREETING HELLO INITIATE
                                                              : PLAIN_GREETING HELLO,
                                .rc = -EPROTO,
                                .error = rows[i].error});
    }
}

/* ---- the server ------------------------------------------------------------------ */

static void server_hears_nonsense(void **state) {
    (void)state;
    static const struct {
        const char *input;
        struct zx_hs_error error;
    } rows[] = {
        {"04 00", PROTOCOL(MALFORMED_UNSPECIFIED)},
        {"04 01 05", PROTOCOL(MALFORMED_UNSPECIFIED)},
        {"04 05 05 48454c4c", PROTOCOL(MALFORMED_UNSPECIFIED)},
        {"04 02 ff 00", PROTOCOL(MALFORMED_UNSPECIFIED)},
        {WELCOME, PROTOCOL(UNEXPECTED_COMMAND)}, /* two servers */
        {INITIATE, PROTOCOL(UNEXPECTED_COMMAND)},
        {READY_DEALER, PROTOCOL(UNEXPECTED_COMMAND)},
        {"04 0a 05 4552524f52 03 343030", PROTOCOL(UNEXPECTED_COMMAND)},
        {"04 08 05 68656c6c6f 00 00", PROTOCOL(UNEXPECTED_COMMAND)}, /* hello */
        {"04 06 05 48454c4c4f", PROTOCOL(MALFORMED_HELLO)},
        {"04 07 05 48454c4c4f 00", PROTOCOL(MALFORMED_HELLO)},
        {"04 07 05 48454c4c4f 01", PROTOCOL(MALFORMED_HELLO)},
        {"04 08 05 48454c4c4f 01 61", PROTOCOL(MALFORMED_HELLO)},
        {"04 08 05 48454c4c4f 00 01", PROTOCOL(MALFORMED_HELLO)},
        {"04 09 05 48454c4c4f 01 61 01", PROTOCOL(MALFORMED_HELLO)},
        {"04 09 05 48454c4c4f 00 00 00", PROTOCOL(MALFORMED_HELLO)}, /* trailing */
        {"04 09 05 48454c4c4f ff 00 00", PROTOCOL(MALFORMED_HELLO)},
        {"04 14 05 48454c4c4f 05 61646d696e 06 736563726574 00", PROTOCOL(MALFORMED_HELLO)},
        {"06 00*6 0207 05 48454c4c4f ff 00*255 ff 00*256", PROTOCOL(MALFORMED_HELLO)},
        /* Anything while ZAP is asked. */
        {HELLO INITIATE, PROTOCOL(UNSPECIFIED)},
        {HELLO HELLO, PROTOCOL(UNSPECIFIED)},
        {HELLO "04 01 00", PROTOCOL(UNSPECIFIED)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char input[800];
        snprintf(input, sizeof input, "%s%s", PLAIN_GREETING, rows[i].input);
        print_message("row %zu\n", i);
        run_play(&(struct play){.conf = server,
                                .input = input,
                                .output = PLAIN_GREETING,
                                .rc = -EPROTO,
                                .error = rows[i].error});
    }
}

static void other_mechanisms_are_not_spoken_to(void **state) {
    (void)state;
    static const char *const greetings[] = {
        GREETING,
        "ff 00*7 01 7f 03 01 4355525645 00*15 00*32",    /* CURVE */
        "ff 00*7 01 7f 03 01 504c41494e 00 58 00*13 00*32", /* PLAIN and a byte more */
        "ff 00*7 01 7f 03 01 504c4149 00*16 00*32",      /* PLAI */
        "ff 00*7 01 7f 03 01 706c61696e 00*15 00*32",    /* plain */
    };
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++)
            run_play(&(struct play){
                .conf = side ? client : server,
                .input = greetings[i],
                .output = PLAIN_GREETING,
                .rc = -EPROTO,
                .error = {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_MECHANISM_MISMATCH}});
}

static void old_peers_cannot_go_round_it(void **state) {
    (void)state;
    static const char *const greetings[] = {"01 00", "ff 00*8 7f 00 05", "ff 00*8 7f 01 05"};
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++)
            run_play(&(struct play){.conf = side ? client : server,
                                    .input = greetings[i],
                                    .rc = -EPROTO,
                                    .error = {ZX_HS_ERROR_NONE, 0}});
}

static void zap_decides(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *output;
        int rc;
        struct zx_hs_error error;
    } rows[] = {
        {200, PLAIN_GREETING WELCOME, ZX_HS_MORE, {ZX_HS_ERROR_NONE, 0}},
        {300, PLAIN_GREETING, -EACCES, {ZX_HS_ERROR_AUTH, 300}},
        {400, PLAIN_GREETING "04 09 5e52524f52 03 343030", -EACCES, {ZX_HS_ERROR_AUTH, 400}},
        {500, PLAIN_GREETING "04 09 5e52524f52 03 353030", -EACCES, {ZX_HS_ERROR_AUTH, 500}},
        {0, PLAIN_GREETING, -EACCES, {ZX_HS_ERROR_NO_DETAIL, EFAULT}},
        {201, PLAIN_GREETING, -EACCES,
         {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZAP_INVALID_STATUS_CODE}},
        {-200, PLAIN_GREETING, -EACCES,
         {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZAP_INVALID_STATUS_CODE}},
    };
    for (int domain = 0; domain < 2; domain++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct zx_zap_reply reply = {.status = rows[i].status};
            struct play p = {.conf = server,
                             .input = PLAIN_GREETING HELLO,
                             .output = rows[i].output,
                             .rc = rows[i].rc,
                             .error = rows[i].error,
                             .version = ZX_ZMTP_3_1,
                             .zap = &reply};
            p.conf.zap_domain = domain;
            run_play(&p);
            p.conf.zap_enforce = domain;
            run_play(&p);
        }
    }
}

/* libzmq aborts here; nobody may be asked, so nobody comes in. */
static void enforced_without_a_domain(void **state) {
    (void)state;
    struct play p = {.conf = server,
                     .input = PLAIN_GREETING HELLO,
                     .output = PLAIN_GREETING,
                     .rc = -EPROTO,
                     .error = {ZX_HS_ERROR_NO_DETAIL, EFAULT},
                     .zap = &yes};
    p.conf.zap_enforce = true;
    run_play(&p);
}

/* ---- the two together ------------------------------------------------------------- */

static void pass(struct zx_hs *from, struct zx_hs *to, size_t step, int *rc) {
    size_t size, n;
    const uint8_t *data = zx_hs_output(from, &size);
    *rc = zx_hs_input(to, data, size < step ? size : step, &n);
    zx_hs_output_taken(from, n);
}

static void check_metadata(struct zx_hs *s) {
    struct zx_meta *meta;
    assert_int_equal(zx_hs_peer_type(s), ZX_TYPE_DEALER);
    assert_int_equal(zx_hs_meta(s, "::1", 4, &meta), 0);
    assert_string_equal(zx_meta_get(meta, "User-Id"), "joe");
    assert_string_equal(zx_meta_get(meta, "Socket-Type"), "DEALER");
    zx_meta_unref(meta);
}

static void both_ends(void **state) {
    (void)state;
    for (int hold = 0; hold < 2; hold++) {
        for (size_t step = 1; step < 150; step++) {
            struct zx_hs_conf conf = server;
            struct zx_hs *c, *s;
            int at_client = 0, at_server = 0, held = 0, asked = 0;
            conf.hold = hold;
            assert_int_equal(zx_hs_init(&s, &conf), 0);
            assert_int_equal(zx_hs_init(&c, &client), 0);
            for (int turn = 0; turn < 600 && at_client != ZX_HS_DONE; turn++) {
                pass(c, s, step, &at_server);
                if (at_server == ZX_HS_WAIT_ZAP && ++asked)
                    at_server = zx_hs_zap_reply(s, &yes);
                if (at_server == ZX_HS_HOLD && ++held)
                    at_server = zx_hs_accept(s);
                pass(s, c, step, &at_client);
            }
            assert_int_equal(at_client, ZX_HS_DONE);
            assert_int_equal(at_server, ZX_HS_DONE);
            assert_int_equal(held, hold);
            assert_int_equal(asked, 1);
            check_metadata(s);
            zx_hs_free(&c);
            zx_hs_free(&s);
        }
    }
}

/* ---- the mechanism alone -------------------------------------------------------------- */

static struct zx_mechanism *make(bool as_server) {
    static const uint8_t props[] = {0x0b, 'S', 'o', 'c', 'k', 'e', 't', '-', 'T', 'y', 'p',
                                    'e',  0,   0,   0,   4,   'P', 'A', 'I', 'R'};
    struct zx_mechanism *m;
    struct zx_mech_conf conf = {.socket_type = ZX_TYPE_PAIR,
                                .as_server = as_server,
                                .props = props,
                                .props_size = sizeof props,
                                .settings = &who};
    assert_int_equal(zx_mechanism_new(&m, &zx_plain_ops, &conf), 0);
    return m;
}

static int give(struct zx_mechanism *m, const char *text) {
    struct bytes b = hex(text);
    int rc = m->ops->on_command(m, b.data, b.size);
    bytes_free(&b);
    return rc;
}

static void passwords_do_not_stay(void **state) {
    (void)state;
    static const int statuses[] = {200, 300, 400, 500, 0, 7};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct zx_mechanism *m = make(true);
        struct zx_zap_request r;
        struct zx_zap_reply reply = {.status = statuses[i]};
        uint8_t zeros[6] = {0};
        assert_int_equal(give(m, "05 48454c4c4f 05 61646d696e 06 736563726574"), 0);
        assert_int_equal(m->status, ZX_MECH_ZAP);
        m->ops->zap_request(m, &r);
        assert_string_equal(r.mechanism, "PLAIN");
        assert_int_equal(r.credentials, 2);
        assert_int_equal(r.credential[0].size, 5);
        assert_memory_equal(r.credential[0].data, "admin", 5);
        assert_int_equal(r.credential[1].size, 6);
        assert_memory_equal(r.credential[1].data, "secret", 6);
        assert_int_equal(m->ops->on_zap(m, &reply), statuses[i] == 200 ? 0 : -EACCES);
        assert_memory_equal(r.credential[0].data, zeros, 5);
        assert_memory_equal(r.credential[1].data, zeros, 6);
        zx_mechanism_free(&m);
    }
}

/* Each command in each state that takes one: legal in one place and no other. */
static void every_order(void **state) {
    (void)state;
    static const char *const names[] = {"HELLO", "WELCOME", "INITIATE", "READY"};
    static const char *const commands[] = {
        "05 48454c4c4f 00 00", "07 57454c434f4d45",
        "08 494e495449415445 " SOCKET_TYPE "04 50414952",
        "05 5245414459 " SOCKET_TYPE "04 50414952"};
    /* What brings the mechanism into the state, and what may come then. */
    static const struct {
        bool as_server;
        int before[2];
        int legal;
    } rows[] = {
        {false, {-1, -1}, 1}, {false, {1, -1}, 3}, {false, {1, 3}, -1},
        {true, {-1, -1}, 0},  {true, {0, -1}, 2},  {true, {0, 2}, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int command = 0; command < 4; command++) {
            struct zx_mechanism *m = make(rows[i].as_server);
            struct zx_buf out = {0};
            for (int k = 0; k <= 2; k++) {
                while (m->ops->next_command(m, &out) > 0) {
                }
                if (m->status == ZX_MECH_ZAP) {
                    assert_int_equal(m->ops->on_zap(m, &yes), 0);
                    assert_int_equal(m->ops->next_command(m, &out), 1);
                }
                if (k < 2 && rows[i].before[k] >= 0)
                    assert_int_equal(give(m, commands[rows[i].before[k]]), 0);
            }
            int rc = give(m, commands[command]);
            if ((rc == 0) != (command == rows[i].legal))
                fail_msg("row %zu: %s gives %d", i, names[command], rc);
            assert_int_equal(m->status == ZX_MECH_FAILED, rc != 0);
            zx_buf_fini(&out);
            zx_mechanism_free(&m);
        }
    }
}

static void names_that_are_too_long(void **state) {
    (void)state;
    static uint8_t text[256];
    struct zx_security_settings s = {.plain_username = {text, 256}};
    struct zx_hs_conf conf = client;
    struct zx_hs *hs;
    conf.settings = &s;
    assert_int_equal(zx_hs_init(&hs, &conf), -EINVAL);
    s = (struct zx_security_settings){.plain_password = {text, 256}};
    assert_int_equal(zx_hs_init(&hs, &conf), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_is_welcome),
        cmocka_unit_test(client_is_answered_wrongly),
        cmocka_unit_test(server_hears_nonsense),
        cmocka_unit_test(other_mechanisms_are_not_spoken_to),
        cmocka_unit_test(old_peers_cannot_go_round_it),
        cmocka_unit_test(zap_decides),
        cmocka_unit_test(enforced_without_a_domain),
        cmocka_unit_test(both_ends),
        cmocka_unit_test(passwords_do_not_stay),
        cmocka_unit_test(every_order),
        cmocka_unit_test(names_that_are_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
