/* SPDX-License-Identifier: MIT */
/* What the options of mechanisms do, also in builds whose table keeps them shut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/conf_table.h"
#include "zmq.h"

#include <errno.h>
#include <string.h>

static struct zx_conf *make(void) {
    struct zx_conf *c = zx_conf_new(ZMQ_DEALER, false, true);
    assert_non_null(c);
    return c;
}

static const struct zx_conf_row *row(int option) {
    size_t n;
    for (const struct zx_conf_row *at = zx_conf_rows(&n); n; at++, n--)
        if (at->option == option)
            return at;
    fail_msg("option %d has no row", option);
    return NULL;
}

static int set(struct zx_conf *c, int option, const void *val, size_t size) {
    return row(option)->kind->set(c, row(option), val, size);
}

static int set_int(struct zx_conf *c, int option, int value) {
    return set(c, option, &value, sizeof value);
}

static int get_int(struct zx_conf *c, int option) {
    int value = -2;
    size_t size = sizeof value;
    assert_int_equal(row(option)->kind->get(c, row(option), &value, &size), 0);
    return value;
}

static void is(const struct zx_conf *c, enum zx_mechanism_id mechanism, bool as_server) {
    assert_int_equal(c->security.mechanism, mechanism);
    assert_int_equal(c->security.as_server, as_server);
}

static void plain(void **state) {
    (void)state;
    struct zx_conf *c = make();
    char out[16];
    size_t room = sizeof out;
    assert_int_equal(set_int(c, ZMQ_PLAIN_SERVER, 1), 0);
    is(c, ZX_MECH_PLAIN, true);
    assert_int_equal(get_int(c, ZMQ_PLAIN_SERVER), 1);
    assert_int_equal(get_int(c, ZMQ_CURVE_SERVER), 0);
    assert_int_equal(set_int(c, ZMQ_PLAIN_SERVER, 2), -EINVAL);
    assert_int_equal(set_int(c, ZMQ_PLAIN_SERVER, 0), 0);
    is(c, ZX_MECH_NULL, false);
    assert_int_equal(set_int(c, ZMQ_PLAIN_SERVER, 1), 0);
    assert_int_equal(set(c, ZMQ_PLAIN_USERNAME, "joe", 4), 0); /* with its NUL */
    is(c, ZX_MECH_PLAIN, false);
    assert_int_equal(row(ZMQ_PLAIN_USERNAME)->kind->get(c, row(ZMQ_PLAIN_USERNAME), out, &room),
                     0);
    assert_int_equal(room, 5);
    assert_memory_equal(out, "joe\0", 5);
    assert_int_equal(set(c, ZMQ_PLAIN_PASSWORD, "", 0), -EINVAL);
    is(c, ZX_MECH_PLAIN, false);
    assert_int_equal(set(c, ZMQ_PLAIN_PASSWORD, NULL, 0), 0);
    is(c, ZX_MECH_NULL, false);
    assert_int_equal(c->security.plain_username.size, 4);
    zx_conf_unref(c);
}

static void curve(void **state) {
    (void)state;
    static const char text[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
    static const uint8_t raw[32] = {
        0x8e, 0x0b, 0xdd, 0x69, 0x76, 0x28, 0xb9, 0x1d, 0x8f, 0x24, 0x55, 0x87, 0xee, 0x95, 0xc5,
        0xb0, 0x4d, 0x48, 0x96, 0x3f, 0x79, 0x25, 0x98, 0x77, 0xb4, 0x9c, 0xd9, 0x06, 0x3a, 0xea,
        0xd3, 0xb7};
    struct zx_conf *c = make();
    const struct zx_conf_row *secret = row(ZMQ_CURVE_SECRETKEY);
    char out[64];
    size_t room = 41;
    assert_int_equal(set_int(c, ZMQ_CURVE_SERVER, 1), 0);
    is(c, ZX_MECH_CURVE, true);
    assert_int_equal(get_int(c, ZMQ_CURVE_SERVER), 1);
    assert_int_equal(set(c, ZMQ_CURVE_SECRETKEY, text, 41), 0);
    is(c, ZX_MECH_CURVE, true); /* a server's own key leaves it one */
    assert_memory_equal(c->security.curve_secret, raw, 32);
    assert_int_equal(set(c, ZMQ_CURVE_PUBLICKEY, raw, 32), 0);
    assert_memory_equal(c->security.curve_public, raw, 32);
    assert_int_equal(set(c, ZMQ_CURVE_SERVERKEY, text, 40), 0);
    is(c, ZX_MECH_CURVE, false);
    assert_memory_equal(c->security.curve_server, raw, 32);
    assert_int_equal(secret->kind->get(c, secret, out, &room), 0);
    assert_string_equal(out, text);
    room = 32;
    assert_int_equal(secret->kind->get(c, secret, out, &room), 0);
    assert_memory_equal(out, raw, 32);
    room = 40;
    assert_int_equal(secret->kind->get(c, secret, out, &room), -EINVAL);
    for (size_t size = 0; size < 64; size++)
        if (size != 32 && size != 40 && size != 41)
            assert_int_equal(set(c, ZMQ_CURVE_SECRETKEY, out, size), -EINVAL);
    assert_int_equal(set(c, ZMQ_CURVE_SECRETKEY, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh ", 41),
                     -EINVAL);
    assert_int_equal(set(c, ZMQ_CURVE_SECRETKEY, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh67", 41),
                     -EINVAL); /* a letter where the NUL belongs */
    assert_memory_equal(c->security.curve_secret, raw, 32);
    assert_int_equal(set_int(c, ZMQ_CURVE_SERVER, 0), 0);
    is(c, ZX_MECH_NULL, false);
    zx_conf_unref(c);
}

static void gssapi(void **state) {
    (void)state;
    struct zx_conf *c = make();
    assert_int_equal(set_int(c, ZMQ_GSSAPI_SERVER, 1), 0);
    is(c, ZX_MECH_GSSAPI, true);
    assert_int_equal(get_int(c, ZMQ_GSSAPI_SERVER), 1);
    assert_int_equal(set(c, ZMQ_GSSAPI_PRINCIPAL, "me", 2), 0);
    is(c, ZX_MECH_GSSAPI, true);
    assert_int_equal(set(c, ZMQ_GSSAPI_SERVICE_PRINCIPAL, "them", 4), 0);
    is(c, ZX_MECH_GSSAPI, false);
    assert_int_equal(set(c, ZMQ_GSSAPI_PRINCIPAL, "", 0), -EINVAL);
    assert_int_equal(set_int(c, ZMQ_PLAIN_SERVER, 0), 0);
    is(c, ZX_MECH_NULL, false); /* the last call wins */
    assert_int_equal(set_int(c, ZMQ_GSSAPI_SERVER, 0), 0);
    is(c, ZX_MECH_GSSAPI, false);
    assert_int_equal(get_int(c, ZMQ_GSSAPI_SERVER), 0);
    assert_int_equal(get_int(c, ZMQ_MECHANISM), ZMQ_GSSAPI);
    zx_conf_unref(c);
}

/* Two rows of one number would hide each other. */
static void numbers_are_unique(void **state) {
    (void)state;
    size_t n;
    const struct zx_conf_row *rows = zx_conf_rows(&n);
    for (size_t i = 0; i < n; i++) {
        assert_true(rows[i].min <= rows[i].max || rows[i].max == 0);
        assert_int_equal(strncmp(rows[i].name, "ZMQ", 3), 0);
        for (size_t k = i + 1; k < n; k++)
            if (rows[k].option == rows[i].option)
                fail_msg("%s and %s", rows[i].name, rows[k].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(curve),
        cmocka_unit_test(gssapi),
        cmocka_unit_test(numbers_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
