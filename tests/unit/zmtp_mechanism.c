/* SPDX-License-Identifier: MIT */
/*
 * How a handshake drives a mechanism, shown with one made for this test:
 *
 *   client                     server
 *   HELLO user         ->      asks ZAP
 *                      <-      WELCOME
 *   INITIATE metadata  ->      holds if told to
 *                      <-      READY metadata
 *
 * It has the shape of PLAIN and CURVE, and transforms traffic (adds one byte).
 */
#include "unit/zmtp_support.h"

#include "base/buf.h"
#include "zmtp/metadata.h"
#include "zmtp/types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum toy_state {
    SAY_HELLO,
    GET_WELCOME,
    SAY_INITIATE,
    GET_READY,
    GET_HELLO,
    ASK_ZAP,
    SAY_WELCOME,
    GET_INITIATE,
    ASK_CALLER,
    SAY_READY,
    END,
};

struct toy {
    struct zx_mechanism base;
    enum toy_state state;
    uint8_t user[16];
    size_t user_size;
};

static int made, destroyed;
static uint8_t joe_name[] = {'j', 'o', 'e'};
static const struct zx_security_settings joe = {.plain_username = {joe_name, 3}}, unusable;

static void enter(struct toy *t, enum toy_state state) {
    t->state = state;
    t->base.status = state == END          ? ZX_MECH_DONE
                     : state == ASK_ZAP    ? ZX_MECH_ZAP
                     : state == ASK_CALLER ? ZX_MECH_HOLD
                                           : ZX_MECH_COMMAND;
}

static int toy_create(struct zx_mechanism **m, const struct zx_mech_conf *conf) {
    if (conf->settings == &unusable)
        return -EINVAL;
    struct toy *t = calloc(1, sizeof *t);
    assert_non_null(t);
    enter(t, conf->as_server ? GET_HELLO : SAY_HELLO);
    *m = &t->base;
    made++;
    return 0;
}

static void toy_destroy(struct zx_mechanism *m) {
    destroyed++;
    free(m);
}

static int say(struct toy *t, struct zx_buf *out, const char *name, enum toy_state next) {
    const struct zx_mech_conf *conf = &t->base.conf;
    assert_int_equal(zx_buf_append(out, name, 1), 0);
    if (t->state == SAY_HELLO)
        assert_int_equal(zx_buf_append(out, conf->settings->plain_username.data,
                                       conf->settings->plain_username.size), 0);
    else if (t->state != SAY_WELCOME)
        assert_int_equal(zx_buf_append(out, conf->props, conf->props_size), 0);
    enter(t, next);
    return 1;
}

static int toy_next_command(struct zx_mechanism *m, struct zx_buf *out) {
    struct toy *t = (struct toy *)m;
    switch (t->state) {
    case SAY_HELLO:
        return say(t, out, "H", GET_WELCOME);
    case SAY_WELCOME:
        return say(t, out, "W", GET_INITIATE);
    case SAY_INITIATE:
        return say(t, out, "I", GET_READY);
    case SAY_READY:
        return say(t, out, "R", END);
    default:
        return 0;
    }
}

static int toy_on_command(struct zx_mechanism *m, const uint8_t *body, size_t size) {
    struct toy *t = (struct toy *)m;
    char name = size ? (char)body[0] : 0;
    if (t->state == GET_HELLO && name == 'H' && size - 1 <= sizeof t->user) {
        memcpy(t->user, body + 1, size - 1);
        t->user_size = size - 1;
        enter(t, ASK_ZAP);
    } else if (t->state == GET_WELCOME && name == 'W') {
        enter(t, SAY_INITIATE);
    } else if (t->state == GET_INITIATE && name == 'I') {
        if (zx_mechanism_take_props(m, body + 1, size - 1))
            return zx_mechanism_fail(m, ZX_HS_ERROR_NONE, 0);
        enter(t, m->conf.hold ? ASK_CALLER : SAY_READY);
    } else if (t->state == GET_READY && name == 'R') {
        if (zx_mechanism_take_props(m, body + 1, size - 1))
            return zx_mechanism_fail(m, ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_INVALID_METADATA);
        enter(t, END);
    } else {
        return zx_mechanism_fail(m, ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_UNSPECIFIED);
    }
    return 0;
}

/* While ZAP is asked it wants to see (and to punish) whatever comes. */
static bool toy_takes_command(const struct zx_mechanism *m) {
    return m->status == ZX_MECH_COMMAND || m->status == ZX_MECH_ZAP;
}

static void toy_zap_request(const struct zx_mechanism *m, struct zx_zap_request *request) {
    const struct toy *t = (const struct toy *)m;
    request->mechanism = "TOY";
    request->credentials = 1;
    request->credential[0].data = t->user;
    request->credential[0].size = t->user_size;
}

static int toy_on_zap(struct zx_mechanism *m, const struct zx_zap_reply *reply) {
    if (reply->status != 200) {
        zx_mechanism_fail(m, ZX_HS_ERROR_AUTH, (uint32_t)reply->status);
        return -EACCES;
    }
    enter((struct toy *)m, SAY_WELCOME);
    return 0;
}

static void toy_on_accept(struct zx_mechanism *m) {
    enter((struct toy *)m, SAY_READY);
}

static int toy_encode(struct zx_mechanism *m, const struct zx_mech_frame *in, struct zx_buf *out) {
    (void)m;
    return zx_buf_append(out, &in->flags, 1) || zx_buf_append(out, in->body, in->size) ? -ENOMEM
                                                                                       : 0;
}

static int toy_decode(struct zx_mechanism *m, uint8_t *body, size_t size,
                      struct zx_mech_frame *out) {
    (void)m;
    *out = (struct zx_mech_frame){.flags = body[0], .body = body + 1, .size = size - 1};
    return 0;
}

static const struct zx_mechanism_ops toy_ops = {
    .name = "TOY",
    .number = 99,
    .transforms = true,
    .overhead = 1,
    .create = toy_create,
    .destroy = toy_destroy,
    .next_command = toy_next_command,
    .on_command = toy_on_command,
    .takes_command = toy_takes_command,
    .zap_request = toy_zap_request,
    .on_zap = toy_on_zap,
    .on_accept = toy_on_accept,
    .encode = toy_encode,
    .decode = toy_decode,
};

#define TOY_GREETING "ff 00*7 01 7f 03 01 544f59 00*17 00*32 "
#define PROPS(type, size)                                                                          \
    "0b 536f636b65742d54797065 000000" size " " type " 08 4964656e74697479 00000000 "
#define HELLO "04 04 48 6a6f65 "
#define WELCOME "04 01 57 "
#define INITIATE "04 24 49 " PROPS("4445414c4552", "06")
#define READY "04 24 52 " PROPS("524f55544552", "06")

static const struct zx_hs_conf server = {
    .socket_type = ZX_TYPE_ROUTER, .mechanism = &toy_ops, .as_server = true, .refuse_old = true};
static const struct zx_hs_conf client = {.socket_type = ZX_TYPE_DEALER,
                                         .mechanism = &toy_ops,
                                         .settings = &joe,
                                         .refuse_old = true};
static const struct zx_zap_reply yes = {
    .status = 200, .user_id = (const uint8_t *)"Joe", .user_id_size = 3};

/* The results outlive the mechanism, and the mechanism the handshake. */
static void take_it_all(struct zx_hs *hs) {
    struct zx_mechanism *m = zx_hs_take_mechanism(hs);
    assert_ptr_equal(m->ops, &toy_ops);
    assert_int_equal(zx_hs_peer_type(hs), ZX_TYPE_DEALER);
    struct zx_meta *meta;
    assert_int_equal(zx_hs_meta(hs, "::1", 4, &meta), 0);
    assert_string_equal(zx_meta_get(meta, "User-Id"), "Joe");
    assert_string_equal(zx_meta_get(meta, "Socket-Type"), "DEALER");
    zx_meta_unref(meta);
    int before = destroyed;
    zx_mechanism_free(&m);
    assert_null(m);
    assert_int_equal(destroyed, before + 1);
}

static void as_server(void **state) {
    (void)state;
    struct play p = {.conf = server,
                     .input = TOY_GREETING HELLO INITIATE "00 00",
                     .output = TOY_GREETING WELCOME READY,
                     .rest = "00 00",
                     .rc = ZX_HS_DONE,
                     .version = ZX_ZMTP_3_1,
                     .zap = &yes,
                     .check = take_it_all};
    /* INITIATE comes after WELCOME; whole inputs would show it while ZAP is asked. */
    struct bytes in = hex(p.input);
    struct zx_hs *hs;
    size_t n, at = 0;
    uint8_t out[200];
    size_t out_size = 0;
    assert_int_equal(zx_hs_init(&hs, &server), 0);
    int rc = ZX_HS_MORE;
    for (size_t end = 0; end <= in.size && rc != ZX_HS_DONE; end++) {
        rc = zx_hs_input(hs, in.data + at, end - at, &n);
        at += n;
        if (rc == ZX_HS_WAIT_ZAP) {
            struct zx_zap_request request;
            zx_hs_zap_request(hs, &request);
            assert_string_equal(request.mechanism, "TOY");
            assert_int_equal(request.credentials, 1);
            assert_bytes(request.credential[0].data, request.credential[0].size, "6a6f65");
            rc = zx_hs_zap_reply(hs, &yes);
        }
        const uint8_t *data = zx_hs_output(hs, &n);
        assert_true(out_size + n <= sizeof out);
        if (n)
            memcpy(out + out_size, data, n);
        out_size += n;
        zx_hs_output_taken(hs, n);
    }
    assert_int_equal(rc, ZX_HS_DONE);
    assert_bytes(out, out_size, p.output);
    assert_int_equal(in.size - at, 2);
    take_it_all(hs);
    zx_hs_free(&hs);
    bytes_free(&in);
}

static void server_met_a_router(struct zx_hs *hs) {
    assert_int_equal(zx_hs_peer_type(hs), ZX_TYPE_ROUTER);
}

/* The whole answer of a server may arrive at once. */
static void as_client(void **state) {
    (void)state;
    run_play(&(struct play){.conf = client,
                            .input = TOY_GREETING WELCOME READY "00 00",
                            .output = TOY_GREETING HELLO INITIATE,
                            .rest = "00 00",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_3_1,
                            .check = server_met_a_router});
    run_play(&(struct play){.conf = client,
                            .input = TOY_GREETING WELCOME WELCOME,
                            .output = TOY_GREETING HELLO INITIATE,
                            .rc = -EPROTO,
                            .error = {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_UNSPECIFIED}});
    run_play(&(struct play){.conf = client,
                            .input = TOY_GREETING WELCOME "04 24 52 " PROPS("584f55544552", "06"),
                            .output = TOY_GREETING HELLO INITIATE,
                            .rc = -EPROTO,
                            .error = {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_INVALID_METADATA}});
}

/* A command while ZAP is asked is shown to a mechanism that wants to see it. */
static void impatient_client(void **state) {
    (void)state;
    run_play(&(struct play){.conf = server,
                            .input = TOY_GREETING HELLO INITIATE,
                            .output = TOY_GREETING,
                            .rc = -EPROTO,
                            .error = {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_UNSPECIFIED}});
}

static void turned_away(void **state) {
    (void)state;
    static const struct zx_zap_reply no = {.status = 400};
    run_play(&(struct play){.conf = server,
                            .input = TOY_GREETING HELLO,
                            .output = TOY_GREETING,
                            .rc = -EACCES,
                            .error = {ZX_HS_ERROR_AUTH, 400},
                            .zap = &no});
}

/* Two handshakes talk to each other; the pieces have `step` bytes. */
static void pass(struct zx_hs *from, struct zx_hs *to, size_t step, int *rc) {
    size_t size, n;
    const uint8_t *data = zx_hs_output(from, &size);
    *rc = zx_hs_input(to, data, size < step ? size : step, &n);
    zx_hs_output_taken(from, n);
}

static void both_ends(void **state) {
    (void)state;
    for (int hold = 0; hold < 2; hold++) {
        for (size_t step = 1; step < 150; step++) {
            struct zx_hs_conf conf = server;
            struct zx_hs *c, *s;
            int at_client = 0, at_server = 0, held = 0;
            conf.hold = hold;
            assert_int_equal(zx_hs_init(&s, &conf), 0);
            assert_int_equal(zx_hs_init(&c, &client), 0);
            for (int turn = 0; turn < 400 && at_client != ZX_HS_DONE; turn++) {
                pass(c, s, step, &at_server);
                if (at_server == ZX_HS_WAIT_ZAP)
                    at_server = zx_hs_zap_reply(s, &yes);
                if (at_server == ZX_HS_HOLD && ++held)
                    at_server = zx_hs_accept(s);
                pass(s, c, step, &at_client);
            }
            assert_int_equal(at_client, ZX_HS_DONE);
            assert_int_equal(at_server, ZX_HS_DONE);
            assert_int_equal(held, hold);
            assert_int_equal(zx_hs_peer_type(c), ZX_TYPE_ROUTER);
            take_it_all(s);
            zx_hs_free(&c);
            zx_hs_free(&s);
        }
    }
}

static void unusable_configuration(void **state) {
    (void)state;
    struct zx_hs_conf conf = client;
    struct zx_hs *hs;
    conf.settings = &unusable;
    assert_int_equal(zx_hs_init(&hs, &conf), -EINVAL);
    assert_null(hs);
}

static void not_before_it_is_done(void **state) {
    (void)state;
    struct zx_hs *hs;
    assert_int_equal(zx_hs_init(&hs, &client), 0);
    assert_null(zx_hs_take_mechanism(hs));
    zx_hs_free(&hs);
}

static void nothing_leaked(void **state) {
    (void)state;
    assert_true(made > 0);
    assert_int_equal(made, destroyed);
}

/* The stock entries refuse what they stand in for. */
static void stock_entries(void **state) {
    (void)state;
    struct zx_mechanism m = {.ops = &zx_null_ops, .status = ZX_MECH_COMMAND};
    struct zx_zap_request request = {.credentials = 7};
    assert_true(zx_mechanism_takes_command_default(&m));
    zx_mechanism_zap_request_none(&m, &request);
    assert_int_equal(request.credentials, 0);
    assert_int_equal(zx_mechanism_encode_none(&m, NULL, NULL), -ENOTSUP);
    assert_int_equal(zx_mechanism_decode_none(&m, NULL, 0, NULL), -ENOTSUP);
    assert_int_equal(zx_mechanism_on_zap_none(&m, NULL), -EPROTO);
    assert_int_equal(m.status, ZX_MECH_FAILED);
    assert_false(zx_mechanism_takes_command_default(&m));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_server),
        cmocka_unit_test(as_client),
        cmocka_unit_test(impatient_client),
        cmocka_unit_test(turned_away),
        cmocka_unit_test(both_ends),
        cmocka_unit_test(unusable_configuration),
        cmocka_unit_test(not_before_it_is_done),
        cmocka_unit_test(nothing_leaked),
        cmocka_unit_test(stock_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
