/* SPDX-License-Identifier: MIT */
/*
 * The GSSAPI mechanism, both roles against each other, on a GSS-API whose tokens are known
 * (gssapi/fake_gss.h): every legal order and many illegal ones, whatever was changed or cut, ZAP's
 * answers, steps that never come back.
 */
#include "../gssapi/fake_gss.c"

#include "base/buf.h"
#include "base/bytes.h"
#include "security/mechanism.h"
#include "zmtp/types.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MORE = 1, COMMAND = 4, CLIENT = 0, SERVER = 1 };

static const uint8_t push[] = "\x0bSocket-Type\0\0\0\4PUSH", pull[] = "\x0bSocket-Type\0\0\0\4PULL";
static uint8_t service[] = "service", nobody[] = "nobody";

struct talk {
    struct zx_security_settings settings[2];
    struct zx_mechanism *m[2];
    struct zx_zap_reply reply;
    unsigned asked;
};

static void talk_init(struct talk *t, bool plain, bool hold) {
    memset(t, 0, sizeof *t);
    t->reply.status = 200;
    t->settings[CLIENT].gss_service = (struct zx_blob){service, sizeof service};
    for (int i = 0; i < 2; i++) {
        t->settings[i].gss_plaintext = plain;
        struct zx_mech_conf conf = {.socket_type = i == SERVER ? ZX_TYPE_PULL : ZX_TYPE_PUSH,
                                    .as_server = i == SERVER,
                                    .hold = hold,
                                    .props = i == SERVER ? pull : push,
                                    .props_size = sizeof pull - 1,
                                    .settings = &t->settings[i]};
        assert_int_equal(zx_mechanism_new(&t->m[i], &zx_gssapi_ops, &conf), 0);
    }
}

static void talk_fini(struct talk *t) {
    zx_mechanism_free(&t->m[CLIENT]);
    zx_mechanism_free(&t->m[SERVER]);
}

static int work_off(struct zx_mechanism *m) {
    struct zx_mech_work *work = m->ops->work->take(m);
    assert_non_null(work);
    assert_null(m->ops->work->take(m)); /* handed out once */
    work->run(work);
    return m->ops->work->give(m, work);
}

static int judge(struct talk *t, struct zx_mechanism *m) {
    struct zx_zap_request request;
    m->ops->zap_request(m, &request);
    assert_string_equal(request.mechanism, "GSSAPI");
    assert_int_equal(request.credentials, 1);
    assert_int_equal(request.credential[0].size, 10);
    assert_memory_equal(request.credential[0].data, "alice@FAKE", 10);
    t->asked++;
    return m->ops->on_zap(m, &t->reply);
}

/* What a side can do by itself: 1 it has said something (in out), 0 it waits or is done. */
static int turn_of(struct talk *t, int side, struct zx_buf *out) {
    struct zx_mechanism *m = t->m[side];
    for (;;) {
        if (m->status == ZX_MECH_WORK)
            assert_int_equal(work_off(m), 0);
        else if (m->status == ZX_MECH_ZAP)
            assert_int_equal(judge(t, m), 0);
        else if (m->status == ZX_MECH_HOLD)
            m->ops->on_accept(m);
        else if (m->ops->next_command(m, out))
            return 1;
        else
            return 0;
    }
}

/* The n-th command of the whole handshake, not yet heard, with who said it; -1: there is none. */
static int talk_until(struct talk *t, int n, struct zx_buf *said) {
    for (int i = 0;;) {
        int before = i;
        for (int side = 0; side < 2; side++) {
            while (turn_of(t, side, said)) {
                if (i++ == n)
                    return side;
                struct zx_mechanism *other = t->m[!side];
                assert_true(other->ops->takes_command(other));
                assert_int_equal(other->ops->on_command(other, said->data + said->head,
                                                        zx_buf_size(said)), 0);
                zx_buf_consume(said, zx_buf_size(said));
            }
        }
        if (before == i)
            return -1;
    }
}

static void shake_hands(struct talk *t) {
    struct zx_buf said = {0};
    assert_int_equal(talk_until(t, -1, &said), -1);
    assert_int_equal(t->m[CLIENT]->status, ZX_MECH_DONE);
    assert_int_equal(t->m[SERVER]->status, ZX_MECH_DONE);
    zx_buf_fini(&said);
}

/* ---- what goes well -------------------------------------------------------------------- */

static void both_arrive(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct talk t;
        talk_init(&t, i & 1, i & 2);
        shake_hands(&t);
        assert_int_equal(t.asked, 1);
        assert_int_equal(t.m[CLIENT]->peer.socket_type, ZX_TYPE_PULL);
        assert_int_equal(t.m[SERVER]->peer.socket_type, ZX_TYPE_PUSH);
        assert_int_equal(t.m[SERVER]->ops->transforms, !(i & 1));
        talk_fini(&t);
    }
}

/* One side's frame, as the other opens it. */
static void pass(struct talk *t, int from, const struct zx_mech_frame *in,
                 const struct zx_mech_frame *want) {
    struct zx_buf body = {0};
    struct zx_mech_frame got;
    assert_int_equal(t->m[from]->ops->encode(t->m[from], in, &body), 0);
    assert_true(zx_buf_size(&body) <= in->size + t->m[from]->ops->overhead);
    assert_int_equal(t->m[!from]->ops->decode(t->m[!from], body.data + body.head,
                                              zx_buf_size(&body), &got), 0);
    assert_int_equal(got.flags, want->flags);
    assert_int_equal(got.size, want->size);
    if (want->size)
        assert_memory_equal(got.body, want->body, want->size);
    zx_buf_fini(&body);
}

static void frames(void **state) {
    static const uint8_t flags[] = {0, MORE, COMMAND};
    static const size_t sizes[] = {0, 1, 2, 255, 256, 70000};
    static const uint8_t subscribe[] = "\x09SUBSCRIBEtopic", cancel[] = "\6CANCELtopic";
    uint8_t *body = calloc(1, 70000);
    struct talk t;
    (void)state;
    assert_non_null(body);
    memset(body, 'b', 70000);
    talk_init(&t, false, false);
    shake_hands(&t);
    for (int i = 0; i < 3 * 6 * 2; i++) {
        struct zx_mech_frame f = {flags[i % 3], body, sizes[i / 3 % 6]};
        pass(&t, i / 18, &f, &f);
    }
    /* Subscriptions go as messages of 3.0. */
    pass(&t, CLIENT, &(struct zx_mech_frame){COMMAND, subscribe, sizeof subscribe - 1},
         &(struct zx_mech_frame){0, (const uint8_t *)"\1topic", 6});
    pass(&t, CLIENT, &(struct zx_mech_frame){COMMAND, cancel, sizeof cancel - 1},
         &(struct zx_mech_frame){0, (const uint8_t *)"\0topic", 6});
    talk_fini(&t);
    free(body);
}

/* ---- what was changed, cut, or comes at the wrong time --------------------------------------- */

static void expect_end(struct zx_mechanism *m, const uint8_t *body, size_t size) {
    struct zx_buf nothing = {0};
    int rc = m->ops->on_command(m, body, size);
    if (rc == 0 && m->status == ZX_MECH_WORK)
        rc = work_off(m); /* that it was changed is Kerberos' to find out */
    assert_true(rc == -EPROTO || rc == -EACCES);
    assert_int_equal(m->status, ZX_MECH_FAILED);
    assert_int_equal(m->ops->next_command(m, &nothing), 0);
    assert_false(m->ops->takes_command(m));
    zx_buf_fini(&nothing);
}

static int commands_of(bool plain) {
    struct talk t;
    struct zx_buf said = {0};
    int n = 0;
    do {
        talk_init(&t, plain, false);
        zx_buf_consume(&said, zx_buf_size(&said));
    } while (talk_until(&t, n, &said) >= 0 && (talk_fini(&t), ++n));
    talk_fini(&t);
    zx_buf_fini(&said);
    return n;
}

/* Every command less one byte, less two ... none: refused, but for a READY that says nothing of
 * itself. */
static void cut_short(void **state) {
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        for (int n = commands_of(plain) - 1; n >= 0; n--) {
            for (size_t less = 1;; less++) {
                struct talk t;
                struct zx_buf said = {0};
                talk_init(&t, plain, false);
                int from = talk_until(&t, n, &said);
                size_t size = zx_buf_size(&said);
                bool is_bare_ready = plain && size - less == sizeof "READY";
                if (less <= size && !is_bare_ready)
                    expect_end(t.m[!from], said.data + said.head, size - less);
                zx_buf_fini(&said);
                talk_fini(&t);
                if (less >= size)
                    break;
            }
        }
    }
}

/* Names, lengths and all that is wrapped: no bit of it may be another. What lies in tokens and in
 * properties that travel plain is not protected. */
static void changed(void **state) {
    (void)state;
    for (int n = commands_of(false) - 1; n >= 0; n--) {
        for (size_t at = 0, size = 1; at < size; at++) {
            struct talk t;
            struct zx_buf said = {0};
            talk_init(&t, false, false);
            int from = talk_until(&t, n, &said);
            size = zx_buf_size(&said);
            bool is_token = size && !memcmp(said.data + said.head, "\x08INIT", 5);
            if (size && (!is_token || at < 13)) {
                said.data[said.head + at] ^= 0x20;
                expect_end(t.m[!from], said.data + said.head, size);
            }
            zx_buf_fini(&said);
            talk_fini(&t);
        }
    }
}

static void changed_messages(void **state) {
    struct zx_mech_frame in = {MORE, (const uint8_t *)"text", 4}, out;
    (void)state;
    for (size_t at = 0, size = 1; at < size; at++) {
        struct talk t;
        struct zx_buf body = {0};
        talk_init(&t, false, false);
        shake_hands(&t);
        assert_int_equal(t.m[CLIENT]->ops->encode(t.m[CLIENT], &in, &body), 0);
        size = zx_buf_size(&body);
        body.data[body.head + at] ^= 1;
        assert_int_equal(t.m[SERVER]->ops->decode(t.m[SERVER], body.data + body.head, size, &out),
                         -EPROTO);
        assert_int_equal(t.m[SERVER]->status, ZX_MECH_FAILED);
        zx_buf_fini(&body);
        talk_fini(&t);
    }
}

/* Wrapped as well as can be, but without even its flags. */
static void nothing_inside(void **state) {
    uint8_t body[12 + FAKE_HEAD + FAKE_TAIL] = "\7MESSAGE\0\0\0\6";
    struct zx_mech_frame out;
    struct talk t;
    (void)state;
    talk_init(&t, false, false);
    shake_hands(&t);
    fake_gss_wrap(body + 12, NULL, 0);
    assert_int_equal(t.m[SERVER]->ops->decode(t.m[SERVER], body, sizeof body, &out), -EPROTO);
    assert_int_equal(t.m[SERVER]->error.value, ZX_PERR_ZMTP_MALFORMED_MESSAGE);
    talk_fini(&t);
}

/* Each command instead of each other one. */
static void out_of_order(void **state) {
    (void)state;
    int count = commands_of(false);
    for (int n = 0; n < count; n++) {
        for (int instead = 0; instead < count; instead++) {
            struct talk t, other;
            struct zx_buf right = {0}, wrong = {0};
            talk_init(&t, false, false);
            talk_init(&other, false, false);
            int from = talk_until(&t, n, &right);
            (void)talk_until(&other, instead, &wrong);
            bool same = zx_buf_size(&right) == zx_buf_size(&wrong) &&
                        (!zx_buf_size(&right) || !memcmp(right.data, wrong.data,
                                                         zx_buf_size(&right)));
            bool tokens = zx_buf_size(&right) && zx_buf_size(&wrong) &&
                          right.data[0] == 8 && wrong.data[0] == 8;
            /* The last word of a client may be a token, too. */
            bool last = !zx_buf_size(&right) && zx_buf_size(&wrong) && wrong.data[0] == 8;
            if (!same && !tokens && !last)
                expect_end(t.m[!from], wrong.data + wrong.head, zx_buf_size(&wrong));
            zx_buf_fini(&right);
            zx_buf_fini(&wrong);
            talk_fini(&t);
            talk_fini(&other);
        }
    }
}

/* ---- who is refused -------------------------------------------------------------------------- */

static void zap(void **state) {
    static const struct {
        int status;
        bool domain, enforce;
        struct zx_hs_error error;
    } rows[] = {
        {200, true, true, {ZX_HS_ERROR_NONE, 0}},
        {0, false, false, {ZX_HS_ERROR_NONE, 0}},
        {0, true, false, {ZX_HS_ERROR_NONE, 0}},
        {0, true, true, {ZX_HS_ERROR_NO_DETAIL, EFAULT}},
        {300, false, false, {ZX_HS_ERROR_AUTH, 300}},
        {400, false, false, {ZX_HS_ERROR_AUTH, 400}},
        {500, true, true, {ZX_HS_ERROR_AUTH, 500}},
        {201, false, false, {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZAP_INVALID_STATUS_CODE}},
        {100, false, false, {ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZAP_INVALID_STATUS_CODE}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t;
        struct zx_buf said = {0};
        talk_init(&t, false, false);
        struct zx_mechanism *s = t.m[SERVER];
        s->conf.zap_domain = rows[i].domain;
        s->conf.zap_enforce = rows[i].enforce;
        assert_int_equal(talk_until(&t, 2, &said), CLIENT);
        assert_int_equal(s->ops->on_command(s, said.data, zx_buf_size(&said)), 0);
        assert_int_equal(s->status, ZX_MECH_ZAP);
        t.reply.status = rows[i].status;
        int rc = judge(&t, s);
        assert_int_equal(rc, rows[i].error.kind == ZX_HS_ERROR_NONE ? 0 : -EACCES);
        assert_int_equal(s->status, rc ? ZX_MECH_FAILED : ZX_MECH_COMMAND);
        assert_int_equal(s->error.kind, rows[i].error.kind);
        assert_int_equal(s->error.value, rows[i].error.value);
        zx_buf_fini(&said);
        talk_fini(&t);
    }
}

static void expect_refused_work(struct zx_mechanism *m) {
    assert_int_equal(m->status, ZX_MECH_WORK);
    assert_int_equal(work_off(m), -EACCES);
    assert_int_equal(m->status, ZX_MECH_FAILED);
    assert_int_equal(m->error.kind, ZX_HS_ERROR_NO_DETAIL);
    assert_int_equal(m->error.value, EACCES);
}

/* Nothing to show; a token that is refused; one that does not prove who the server is. */
static void credentials(void **state) {
    static const char *const tokens[] = {"\x08INITIATE\0\0\0\1F", "\x08INITIATE\0\0\0\1W"};
    struct zx_buf said = {0};
    struct talk t;
    (void)state;
    talk_init(&t, false, false);
    t.settings[CLIENT].gss_principal = (struct zx_blob){nobody, sizeof nobody - 1};
    expect_refused_work(t.m[CLIENT]);
    struct zx_mechanism *s = t.m[SERVER];
    assert_int_equal(s->ops->on_command(s, (const uint8_t *)tokens[0], 14), 0);
    expect_refused_work(s);
    talk_fini(&t);
    for (int i = 0; i < 2; i++) {
        talk_init(&t, false, false);
        struct zx_mechanism *c = t.m[CLIENT];
        assert_int_equal(talk_until(&t, 0, &said), CLIENT);
        assert_int_equal(c->ops->on_command(c, (const uint8_t *)tokens[i], 14), 0);
        expect_refused_work(c);
        talk_fini(&t);
    }
    zx_buf_fini(&said);
}

/* A peer that always wants another token. */
static void rounds(void **state) {
    static const uint8_t more[] = "\x08INITIATE\0\0\0\1M";
    enum { MOST = 8 };
    struct zx_buf said = {0};
    struct talk t;
    (void)state;
    talk_init(&t, false, false);
    struct zx_mechanism *s = t.m[SERVER];
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(s->ops->on_command(s, more, sizeof more - 1), 0);
        assert_int_equal(turn_of(&t, SERVER, &said), 1);
    }
    assert_int_equal(s->ops->on_command(s, more, sizeof more - 1), -EPROTO);
    assert_int_equal(s->error.value, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    zx_buf_fini(&said);
    talk_fini(&t);
}

/* The connection ends while a step is under way: each side frees what it has. */
static void left_alone(void **state) {
    struct talk t;
    (void)state;
    talk_init(&t, false, false);
    struct zx_mech_work *work = t.m[CLIENT]->ops->work->take(t.m[CLIENT]);
    zx_mechanism_free(&t.m[CLIENT]);
    work->run(work);
    work->free(work);
    talk_fini(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_arrive),  cmocka_unit_test(frames),
        cmocka_unit_test(cut_short),    cmocka_unit_test(changed),
        cmocka_unit_test(changed_messages), cmocka_unit_test(nothing_inside),
        cmocka_unit_test(out_of_order), cmocka_unit_test(zap),
        cmocka_unit_test(credentials),  cmocka_unit_test(rounds),
        cmocka_unit_test(left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
