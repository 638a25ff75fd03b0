/* SPDX-License-Identifier: MIT */
/* The handshake of CURVE: its one legal order, and what each wrong command leads to. */
#include "unit/curve_support.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static const uint32_t any = UINT32_MAX;

static void expect_failure(struct talk *t, int n, uint32_t value) {
    struct zx_mechanism *m = talk_hearer(t, n);
    assert_int_equal(talk_hear(t, n), -EPROTO);
    assert_int_equal(m->status, ZX_MECH_FAILED);
    assert_null(m->peer_props);
    if (value != any) {
        assert_int_equal(m->error.kind, value ? ZX_HS_ERROR_PROTOCOL : ZX_HS_ERROR_NONE);
        assert_int_equal(m->error.value, value);
    }
    /* Nothing is said any more, and nothing moves it again. */
    struct zx_buf more = {0};
    assert_int_equal(m->ops->next_command(m, &more), 0);
    assert_int_equal(talk_hear(t, n), -EPROTO);
    assert_int_equal(m->status, ZX_MECH_FAILED);
    zx_buf_fini(&more);
}

/* ---- as it should be ------------------------------------------------------- */

static void pass(struct zx_mechanism *from, struct zx_mechanism *to, uint8_t flags,
                 const char *text) {
    struct zx_buf sealed = {0};
    struct zx_mech_frame in = {flags, (const uint8_t *)text, strlen(text)}, out;
    assert_int_equal(from->ops->encode(from, &in, &sealed), 0);
    assert_int_equal(to->ops->decode(to, sealed.data, zx_buf_size(&sealed), &out), 0);
    assert_int_equal(out.flags, flags);
    assert_int_equal(out.size, strlen(text));
    assert_memory_equal(out.body, text, out.size);
    zx_buf_fini(&sealed);
}

static void all_goes_well(void **state) {
    (void)state;
    for (int hold = 0; hold < 4; hold++) {
        struct talk t;
        talk_init(&t);
        t.client_conf.hold = hold & 1;
        t.server_conf.hold = hold & 2;
        talk_start(&t);
        talk_until(&t, READY);
        assert_int_equal(talk_hear(&t, READY), 0);
        assert_int_equal(t.client->status, ZX_MECH_DONE);
        assert_int_equal(t.server->status, ZX_MECH_DONE);
        assert_int_equal(t.client->peer.socket_type, t.server_conf.socket_type);
        assert_int_equal(t.server->peer.socket_type, t.client_conf.socket_type);
        pass(t.client, t.server, 0, "there");
        pass(t.server, t.client, 1, "and back");
        pass(t.client, t.server, 4, "\4PING");
        talk_fini(&t);
    }
}

static void counters_of_the_handshake(void **state) {
    (void)state;
    static const size_t at[COMMANDS] = {112, 0, 105, 6};
    static const uint8_t value[COMMANDS] = {1, 0, 2, 1};
    struct talk t;
    talk_init(&t);
    talk_start(&t);
    for (int n = HELLO; n < COMMANDS; n++) {
        talk_say(&t, n);
        if (at[n]) {
            assert_int_equal(t.said.data[at[n] + 7], value[n]);
            assert_true(sodium_is_zero(t.said.data + at[n], 7));
        }
        assert_int_equal(talk_hear(&t, n), 0);
    }
    struct zx_buf sealed = {0};
    struct zx_mech_frame in = {0, (const uint8_t *)"x", 1};
    assert_int_equal(t.client->ops->encode(t.client, &in, &sealed), 0);
    assert_int_equal(sealed.data[15], 3);
    zx_buf_fini(&sealed);
    assert_int_equal(t.server->ops->encode(t.server, &in, &sealed), 0);
    assert_int_equal(sealed.data[15], 2);
    zx_buf_fini(&sealed);
    talk_fini(&t);
}

/* No two connections share a short-term key, a cookie or a nonce's random end. */
static void nothing_is_used_twice(void **state) {
    (void)state;
    struct talk t[2];
    uint8_t said[2][COMMANDS][400];
    static const struct {
        int command;
        size_t from, to;
    } fresh[] = {{HELLO, 80, 112}, {WELCOME, 8, 24}, {WELCOME, 24, 168}, {INITIATE, 9, 105},
                 {INITIATE, 113, 200}, {READY, 14, 60}};
    for (int i = 0; i < 2; i++) {
        talk_init(&t[i]);
        talk_start(&t[i]);
        for (int n = HELLO; n < COMMANDS; n++) {
            talk_say(&t[i], n);
            memcpy(said[i][n], t[i].said.data, zx_buf_size(&t[i].said));
            assert_int_equal(talk_hear(&t[i], n), 0);
        }
        talk_fini(&t[i]);
    }
    for (size_t i = 0; i < sizeof fresh / sizeof *fresh; i++)
        assert_memory_not_equal(said[0][fresh[i].command] + fresh[i].from,
                                said[1][fresh[i].command] + fresh[i].from,
                                fresh[i].to - fresh[i].from);
}

/* ---- each command wrong in each way ---------------------------------------- */

static void tamper(int n, size_t at, uint32_t value) {
    struct talk t;
    talk_init(&t);
    talk_start(&t);
    talk_until(&t, n);
    t.said.data[at] ^= 0x21;
    expect_failure(&t, n, value);
    talk_fini(&t);
}

static size_t length_of(int n) {
    struct talk t;
    talk_init(&t);
    talk_start(&t);
    talk_until(&t, n);
    size_t size = zx_buf_size(&t.said);
    talk_fini(&t);
    return size;
}

static void each_byte_tampered(void **state) {
    (void)state;
    for (int n = HELLO; n < COMMANDS; n++) {
        size_t size = length_of(n);
        for (size_t at = 0; at < size; at++)
            if (n != HELLO || at < 8 || at >= 80) /* HELLO's padding means nothing */
                tamper(n, at, at == 0 ? ZX_PERR_ZMTP_UNEXPECTED_COMMAND : any);
    }
    tamper(HELLO, 6, ZX_PERR_ZMTP_MALFORMED_HELLO);
    tamper(HELLO, 7, ZX_PERR_ZMTP_MALFORMED_HELLO);
    tamper(HELLO, 80, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    tamper(HELLO, 199, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    tamper(WELCOME, 100, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    tamper(INITIATE, 9, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    tamper(INITIATE, 200, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    tamper(READY, 20, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
}

static uint32_t malformed(int n) {
    static const uint32_t value[COMMANDS] = {
        ZX_PERR_ZMTP_MALFORMED_HELLO, ZX_PERR_ZMTP_MALFORMED_WELCOME,
        ZX_PERR_ZMTP_MALFORMED_INITIATE, ZX_PERR_ZMTP_MALFORMED_READY};
    return value[n];
}

static void cut(int n, size_t size) {
    static const size_t name[COMMANDS] = {6, 8, 9, 6};
    static const size_t least[COMMANDS] = {200, 168, 257, 30};
    struct talk t;
    talk_init(&t);
    talk_start(&t);
    talk_until(&t, n);
    t.said.tail = size;
    uint32_t value = size < least[n] ? malformed(n) : any;
    if (size < name[n])
        value = ZX_PERR_ZMTP_MALFORMED_UNSPECIFIED;
    expect_failure(&t, n, value);
    talk_fini(&t);
}

static void truncated(void **state) {
    (void)state;
    for (int n = HELLO; n < COMMANDS; n++) {
        size_t size = length_of(n);
        for (size_t to = 0; to < size; to++)
            cut(n, to);
    }
}

static void oversized(void **state) {
    (void)state;
    static const size_t more[] = {1, 16, 57, 65536, 1 << 20};
    for (int n = HELLO; n < COMMANDS; n++) {
        for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
            struct talk t;
            talk_init(&t);
            talk_start(&t);
            talk_until(&t, n);
            uint8_t *room = zx_buf_reserve(&t.said, more[i]);
            assert_non_null(room);
            memset(room, 0xa5, more[i]);
            t.said.tail += more[i];
            expect_failure(&t, n, n < INITIATE ? malformed(n) : ZX_PERR_ZMTP_CRYPTOGRAPHIC);
            talk_fini(&t);
        }
    }
}

/* Each command where each other one is due: the one legal order is the only one. */
static void reordered(void **state) {
    (void)state;
    for (int due = HELLO; due < COMMANDS; due++) {
        for (int n = HELLO; n < COMMANDS; n++) {
            struct talk t, other;
            if (n == due)
                continue;
            talk_init(&t);
            talk_start(&t);
            talk_init(&other);
            talk_start(&other);
            talk_until(&t, due);
            talk_until(&other, n);
            zx_buf_fini(&t.said);
            assert_int_equal(zx_buf_append(&t.said, other.said.data, zx_buf_size(&other.said)), 0);
            expect_failure(&t, due, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
            talk_fini(&t);
            talk_fini(&other);
        }
    }
}

/* A command said once more after it was taken is never expected: takes_command says so, and who
 * gives it anyway ends the handshake. */
static void repeated(void **state) {
    (void)state;
    for (int n = HELLO; n < COMMANDS; n++) {
        struct talk t;
        talk_init(&t);
        talk_start(&t);
        talk_until(&t, n);
        struct zx_mechanism *m = talk_hearer(&t, n);
        assert_true(m->ops->takes_command(m));
        assert_int_equal(talk_hear(&t, n), 0);
        assert_false(m->ops->takes_command(m));
        assert_int_equal(talk_hear(&t, n), -EPROTO);
        assert_int_equal(m->error.value, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
        talk_fini(&t);
    }
}

/* What one connection heard, said to another of the same server or client. */
static void replayed(void **state) {
    (void)state;
    for (int n = WELCOME; n < COMMANDS; n++) {
        struct talk old, now;
        talk_init(&old);
        talk_start(&old);
        talk_until(&old, n);
        talk_init(&now);
        talk_start(&now);
        talk_until(&now, n);
        zx_buf_fini(&now.said);
        assert_int_equal(zx_buf_append(&now.said, old.said.data, zx_buf_size(&old.said)), 0);
        expect_failure(&now, n, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
        talk_fini(&old);
        talk_fini(&now);
    }
}

/* A HELLO replayed is answered, as it must be, but leads nowhere: who has not c' reads no WELCOME,
 * and the INITIATE that followed it once holds a cookie that is not this one's. */
static void replayed_hello(void **state) {
    (void)state;
    struct talk t;
    talk_init(&t);
    talk_start(&t);
    talk_say(&t, HELLO);
    struct zx_buf hello = t.said;
    t.said = (struct zx_buf){0};
    struct zx_mechanism *second;
    assert_int_equal(zx_mechanism_new(&second, &zx_curve_ops, &t.server_conf), 0);
    assert_int_equal(t.server->ops->on_command(t.server, hello.data, zx_buf_size(&hello)), 0);
    assert_int_equal(second->ops->on_command(second, hello.data, zx_buf_size(&hello)), 0);
    talk_say(&t, WELCOME);
    assert_int_equal(talk_hear(&t, WELCOME), 0);
    talk_say(&t, INITIATE);
    struct zx_buf other = {0};
    assert_int_equal(second->ops->next_command(second, &other), 1);
    assert_int_equal(second->ops->on_command(second, t.said.data, zx_buf_size(&t.said)), -EPROTO);
    assert_int_equal(second->error.value, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    zx_mechanism_free(&second);
    zx_buf_fini(&other);
    zx_buf_fini(&hello);
    talk_fini(&t);
}

/* ---- keys that do not fit -------------------------------------------------- */

static void wrong_server_key(void **state) {
    (void)state;
    struct talk t;
    talk_init(&t);
    key_of(t.client_set.curve_server, CLIENT_PUBLIC);
    talk_start(&t);
    talk_until(&t, HELLO);
    expect_failure(&t, HELLO, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    talk_fini(&t);
}

static void no_server_key(void **state) {
    (void)state;
    struct talk t;
    struct zx_buf out = {0};
    talk_init(&t);
    memset(t.client_set.curve_server, 0, 32);
    talk_start(&t);
    assert_int_equal(t.client->ops->next_command(t.client, &out), 0);
    assert_int_equal(zx_buf_size(&out), 0);
    assert_int_equal(t.client->status, ZX_MECH_FAILED);
    talk_fini(&t);
}

/* The client says it is somebody whose secret it has not. */
static void vouch_of_another_key(void **state) {
    (void)state;
    struct talk t;
    talk_init(&t);
    key_of(t.client_set.curve_secret, "55*32");
    talk_start(&t);
    talk_until(&t, INITIATE);
    expect_failure(&t, INITIATE, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    talk_fini(&t);
}

/* INITIATE made by hand: a vouch that is in order but speaks for another short-term key, or to
 * another server (whoever got it there passes it on). */
static void forged_vouch(bool other_server) {
    struct talk t;
    uint8_t text[128], tail[16] = {1}, out[257];
    struct zx_curve_vouch v;
    talk_init(&t);
    talk_start(&t);
    talk_until(&t, INITIATE);
    struct zx_curve *c = (struct zx_curve *)t.client;
    memcpy(v.client_short, c->once.own_public, 32);
    memcpy(v.server, t.client_set.curve_server, 32);
    (other_server ? v.server : v.client_short)[5] ^= 1;
    memcpy(text, t.client_set.curve_public, 32);
    assert_true(zx_curve_vouch_write(text + 32, &v, tail, t.client_set.curve_secret,
                                     c->once.peer_public));
    zx_curve_initiate_write(out, &(struct zx_curve_text){text, sizeof text}, c->once.cookie, 2,
                            c->once.shared);
    zx_buf_fini(&t.said);
    assert_int_equal(zx_buf_append(&t.said, out, sizeof out), 0);
    expect_failure(&t, INITIATE, ZX_PERR_ZMTP_KEY_EXCHANGE);
    talk_fini(&t);
}

static void forged_vouches(void **state) {
    (void)state;
    forged_vouch(false);
    forged_vouch(true);
}

/* The same, made by hand, with a counter that does not rise, and then one that does. */
static void initiate_by_hand(uint64_t counter, const char *props, uint32_t value) {
    struct talk t;
    talk_init(&t);
    talk_start(&t);
    talk_until(&t, INITIATE);
    struct zx_curve *c = (struct zx_curve *)t.client;
    struct zx_curve_vouch v;
    struct bytes meta = hex(props);
    uint8_t text[200], tail[16] = {1}, out[400];
    size_t size = 128 + meta.size;
    memcpy(v.client_short, c->once.own_public, 32);
    memcpy(v.server, t.client_set.curve_server, 32);
    memcpy(text, t.client_set.curve_public, 32);
    assert_true(zx_curve_vouch_write(text + 32, &v, tail, t.client_set.curve_secret,
                                     c->once.peer_public));
    if (meta.size)
        memcpy(text + 128, meta.data, meta.size);
    zx_curve_initiate_write(out, &(struct zx_curve_text){text, size}, c->once.cookie, counter,
                            c->once.shared);
    zx_buf_fini(&t.said);
    assert_int_equal(zx_buf_append(&t.said, out, size + ZX_CURVE_INITIATE_REST), 0);
    if (value == any)
        assert_int_equal(talk_hear(&t, INITIATE), 0);
    else
        expect_failure(&t, INITIATE, value);
    bytes_free(&meta);
    talk_fini(&t);
}

static void initiates_by_hand(void **state) {
    (void)state;
    initiate_by_hand(0, "", ZX_PERR_ZMTP_INVALID_SEQUENCE);
    initiate_by_hand(1, "", ZX_PERR_ZMTP_INVALID_SEQUENCE);
    initiate_by_hand(2, "", any); /* no metadata at all is taken */
    initiate_by_hand(UINT64_MAX, "", any);
    initiate_by_hand(2, "0b536f636b65742d54797065 00000004 50555348", 0); /* PUSH to ROUTER */
    initiate_by_hand(2, "0b536f636b65742d54797065 000000ff 50555348", 0); /* longer than it is */
}

/* ---- ERROR, ZAP ------------------------------------------------------------ */

static void error_to_the_client(void **state) {
    (void)state;
    static const struct {
        const char *body;
        enum zx_hs_error_kind kind;
        uint32_t value;
    } rows[] = {
        {"05 4552524f52 03 343030", ZX_HS_ERROR_AUTH, 400},
        {"05 4552524f52 03 353030", ZX_HS_ERROR_AUTH, 500},
        {"05 4552524f52 03 333030", ZX_HS_ERROR_AUTH, 300},
        {"05 4552524f52 00", ZX_HS_ERROR_NONE, 0},
        {"05 4552524f52 04 343030", ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_MALFORMED_ERROR},
        {"05 4552524f52", ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_MALFORMED_ERROR},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        struct talk t;
        int due = i & 1 ? READY : WELCOME;
        struct bytes body = hex(rows[i / 2].body);
        talk_init(&t);
        talk_start(&t);
        talk_until(&t, due);
        assert_int_equal(t.client->ops->on_command(t.client, body.data, body.size), -EPROTO);
        assert_int_equal(t.client->status, ZX_MECH_FAILED);
        assert_int_equal(t.client->error.kind, rows[i / 2].kind);
        assert_int_equal(t.client->error.value, rows[i / 2].value);
        bytes_free(&body);
        talk_fini(&t);
    }
}

static void error_to_the_server(void **state) {
    (void)state;
    for (int due = HELLO; due < COMMANDS; due += 2) {
        struct talk t;
        struct bytes body = hex("05 4552524f52 03 343030");
        talk_init(&t);
        talk_start(&t);
        talk_until(&t, due);
        zx_buf_fini(&t.said);
        assert_int_equal(zx_buf_append(&t.said, body.data, body.size), 0);
        expect_failure(&t, due, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
        bytes_free(&body);
        talk_fini(&t);
    }
}

static void zap(void **state) {
    (void)state;
    static const struct {
        bool domain, enforce;
        int status; /* -1: must not be asked */
        bool let_in;
        enum zx_hs_error_kind kind;
        uint32_t value;
        const char *says;
    } rows[] = {
        {false, false, 200, true, 0, 0, NULL},
        {false, false, 0, true, 0, 0, NULL}, /* no handler: encryption alone */
        {true, false, 0, true, 0, 0, NULL},
        {true, true, 0, false, ZX_HS_ERROR_NO_DETAIL, EFAULT, ""},
        {false, true, -1, true, 0, 0, NULL},
        {true, true, 200, true, 0, 0, NULL},
        {true, false, 300, false, ZX_HS_ERROR_AUTH, 300, ""},
        {true, false, 400, false, ZX_HS_ERROR_AUTH, 400, "05 4552524f52 03 343030"},
        {true, false, 500, false, ZX_HS_ERROR_AUTH, 500, "05 4552524f52 03 353030"},
        {true, false, 201, false, ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZAP_INVALID_STATUS_CODE, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct talk t;
        struct zx_buf out = {0};
        struct zx_zap_request request;
        struct zx_zap_reply reply = {.status = rows[i].status};
        talk_init(&t);
        t.server_conf.zap_domain = rows[i].domain;
        t.server_conf.zap_enforce = rows[i].enforce;
        talk_start(&t);
        talk_until(&t, INITIATE);
        struct zx_mechanism *m = t.server;
        assert_int_equal(m->ops->on_command(m, t.said.data, zx_buf_size(&t.said)), 0);
        assert_int_equal(m->status == ZX_MECH_ZAP, rows[i].status >= 0);
        if (rows[i].status >= 0) {
            assert_int_equal(m->ops->next_command(m, &out), 0); /* says nothing before */
            m->ops->zap_request(m, &request);
            assert_string_equal(request.mechanism, "CURVE");
            assert_int_equal(request.credentials, 1);
            assert_bytes(request.credential[0].data, request.credential[0].size, CLIENT_PUBLIC);
            assert_int_equal(m->ops->on_zap(m, &reply), rows[i].let_in ? 0 : -EACCES);
        }
        assert_int_equal(m->ops->next_command(m, &out), !rows[i].says || rows[i].says[0]);
        assert_int_equal(m->status, rows[i].let_in ? ZX_MECH_DONE : ZX_MECH_FAILED);
        assert_int_equal(m->error.kind, rows[i].kind);
        assert_int_equal(m->error.value, rows[i].value);
        if (rows[i].says)
            assert_bytes(out.data, zx_buf_size(&out), rows[i].says);
        zx_buf_fini(&out);
        talk_fini(&t);
    }
}

/* ---- what is left behind --------------------------------------------------- */

static void wiped(void **state) {
    (void)state;
    struct talk t;
    talk_init(&t);
    talk_start(&t);
    talk_until(&t, WELCOME);
    struct zx_curve *s = (struct zx_curve *)t.server, *c = (struct zx_curve *)t.client;
    /* A stranger costs the server one key: the rest is in the cookie. */
    assert_false(sodium_is_zero(s->once.cookie_key, 32));
    assert_true(sodium_is_zero(s->once.own_secret, 32));
    assert_true(sodium_is_zero(s->once.peer_public, 32));
    assert_true(sodium_is_zero(s->once.shared, 32));
    assert_int_equal(talk_hear(&t, WELCOME), 0);
    assert_true(sodium_is_zero(c->once.own_secret, 32));
    talk_say(&t, INITIATE);
    assert_int_equal(talk_hear(&t, INITIATE), 0);
    assert_true(sodium_is_zero(s->once.cookie_key, 32));
    talk_say(&t, READY);
    assert_int_equal(talk_hear(&t, READY), 0);
    assert_true(sodium_is_zero((const uint8_t *)&s->once, sizeof s->once));
    assert_true(sodium_is_zero((const uint8_t *)&c->once, sizeof c->once));
    talk_fini(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_goes_well),
        cmocka_unit_test(counters_of_the_handshake),
        cmocka_unit_test(nothing_is_used_twice),
        cmocka_unit_test(each_byte_tampered),
        cmocka_unit_test(truncated),
        cmocka_unit_test(oversized),
        cmocka_unit_test(reordered),
        cmocka_unit_test(repeated),
        cmocka_unit_test(replayed),
        cmocka_unit_test(replayed_hello),
        cmocka_unit_test(wrong_server_key),
        cmocka_unit_test(no_server_key),
        cmocka_unit_test(vouch_of_another_key),
        cmocka_unit_test(forged_vouches),
        cmocka_unit_test(initiates_by_hand),
        cmocka_unit_test(error_to_the_client),
        cmocka_unit_test(error_to_the_server),
        cmocka_unit_test(zap),
        cmocka_unit_test(wiped),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
