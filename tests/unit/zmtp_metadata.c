/* SPDX-License-Identifier: MIT */
/* Metadata: wire form, what is believed of a peer, and the set a message carries. */
#include "unit/zmtp_support.h"

#include "zmtp/metadata.h"
#include "zmtp/types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOCKET_TYPE "0b 536f636b65742d54797065 "
#define IDENTITY "08 4964656e74697479 "
#define USER_ID "07 557365722d4964 "
#define PEER_ADDRESS "0c 506565722d41646472657373 "

static int check(const char *text) {
    struct bytes b = hex(text);
    int rc = zx_meta_check(b.data, b.size);
    bytes_free(&b);
    return rc;
}

static void wire_form(void **state) {
    (void)state;
    assert_int_equal(zx_meta_check(NULL, 0), 0);
    assert_int_equal(check(""), 0);
    assert_int_equal(check("01 61 00000000"), 0);
    assert_int_equal(check("00 00000000"), 0); /* an empty name is taken */
    assert_int_equal(check("01 61 00000001 62 01 61 00000000"), 0);
    assert_int_equal(check("ff 61*255 00000100 62*256"), 0);
    /* Truncated, or a byte left over. */
    assert_int_equal(check("01"), -EPROTO);
    assert_int_equal(check("00"), -EPROTO);
    assert_int_equal(check("01 61"), -EPROTO);
    assert_int_equal(check("01 61 000000"), -EPROTO);
    assert_int_equal(check("01 61 00000001"), -EPROTO);
    assert_int_equal(check("01 61 00000000 00"), -EPROTO);
    assert_int_equal(check("02 61 00000000"), -EPROTO);
    /* Lengths that overflow when they are added. */
    assert_int_equal(check("01 61 ffffffff 62"), -EPROTO);
    assert_int_equal(check("01 61 80000000 62"), -EPROTO);
    assert_int_equal(check("ff 61 00000000"), -EPROTO);
}

static void cut_at_every_place(void **state) {
    (void)state;
    struct bytes b = hex("01 61 00000001 62 02 6364 00000003 656667");
    for (size_t n = 0; n <= b.size; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, b.data, n);
        assert_int_equal(zx_meta_check(copy, n), n == 0 || n == 7 || n == b.size ? 0 : -EPROTO);
        free(copy);
    }
    bytes_free(&b);
}

static void iteration(void **state) {
    (void)state;
    struct bytes b = hex("01 61 00000001 62 02 6364 00000000");
    struct zx_meta_iter iter;
    struct zx_meta_prop prop;
    zx_meta_iter_init(&iter, b.data, b.size);
    assert_int_equal(zx_meta_iter_next(&iter, &prop), 1);
    assert_true(zx_meta_prop_is(&prop, "a"));
    assert_false(zx_meta_prop_is(&prop, "A"));
    assert_false(zx_meta_prop_is(&prop, "ab"));
    assert_false(zx_meta_prop_is(&prop, ""));
    assert_bytes(prop.value, prop.value_size, "62");
    assert_int_equal(zx_meta_iter_next(&iter, &prop), 1);
    assert_true(zx_meta_prop_is(&prop, "cd"));
    assert_int_equal(prop.value_size, 0);
    assert_int_equal(zx_meta_iter_next(&iter, &prop), 0);
    bytes_free(&b);
}

static void number_of_properties(void **state) {
    (void)state;
    static uint8_t block[(ZX_META_PROPS_MAX + 1) * 5]; /* empty names, empty values */
    assert_int_equal(zx_meta_check(block, ZX_META_PROPS_MAX * 5), 0);
    assert_int_equal(zx_meta_check(block, sizeof block), -EPROTO);
}

static void property_writer(void **state) {
    (void)state;
    static const uint8_t name[256], value[1];
    uint8_t buf[300];
    struct zx_meta_prop prop = {(const uint8_t *)"ab", 2, (const uint8_t *)"xyz", 3};
    for (size_t cap = 0; cap < 10; cap++)
        assert_int_equal(zx_meta_prop_write(buf, cap, &prop), 0);
    assert_int_equal(zx_meta_prop_write(buf, 10, &prop), 10);
    assert_bytes(buf, 10, "02 6162 00000003 78797a");
    assert_int_equal(zx_meta_prop_size(2, 3), 10);
    prop = (struct zx_meta_prop){name, 256, value, 0};
    assert_int_equal(zx_meta_prop_write(buf, sizeof buf, &prop), 0);
    prop.name_size = 255;
    assert_int_equal(zx_meta_prop_write(buf, sizeof buf, &prop), 260);
    prop = (struct zx_meta_prop){name, 1, value, (size_t)INT32_MAX + 1};
    assert_int_equal(zx_meta_prop_write(buf, sizeof buf, &prop), 0);
    prop = (struct zx_meta_prop){NULL, 0, NULL, 0};
    assert_int_equal(zx_meta_prop_write(buf, sizeof buf, &prop), 5);
}

static void assert_own(const struct zx_meta_own *own, const char *expected) {
    struct bytes want = hex(expected);
    uint8_t buf[200];
    assert_int_equal(zx_meta_own_size(own), want.size);
    assert_int_equal(zx_meta_own_write(buf, want.size - 1, own), 0);
    size_t n = zx_meta_own_write(buf, sizeof buf, own);
    assert_bytes(buf, n, expected);
    bytes_free(&want);
}

static void own_block(void **state) {
    (void)state;
    static const uint8_t extra[] = {3, 'X', '-', 'a', 0, 0, 0, 1, 'b'};
    struct zx_meta_own own = {
        .socket_type = ZX_TYPE_PUSH, .routing_id = (const uint8_t *)"id", .routing_id_size = 2};
    assert_own(&own, SOCKET_TYPE "00000004 50555348");
    own.socket_type = ZX_TYPE_REQ;
    assert_own(&own, SOCKET_TYPE "00000003 524551" IDENTITY "00000002 6964");
    own.routing_id_size = 0;
    own.extra = extra;
    own.extra_size = sizeof extra;
    assert_own(&own, SOCKET_TYPE "00000003 524551" IDENTITY "00000000 03 582d61 00000001 62");
    uint8_t buf[200];
    own.socket_type = 99;
    assert_int_equal(zx_meta_own_write(buf, sizeof buf, &own), 0);
}

static int peer_of(const char *text, int local, struct zx_meta_peer *peer) {
    static struct bytes kept; /* what the peer borrows from */
    free(kept.data);
    kept = hex(text);
    return zx_meta_peer_parse(peer, kept.data, kept.size, local);
}

static void peer_type(void **state) {
    (void)state;
    struct zx_meta_peer p;
    assert_int_equal(peer_of("", ZX_TYPE_PULL, &p), 0);
    assert_int_equal(p.socket_type, -1);
    assert_int_equal(peer_of(SOCKET_TYPE "00000004 50555348", ZX_TYPE_PULL, &p), 0);
    assert_int_equal(p.socket_type, ZX_TYPE_PUSH);
    assert_int_equal(peer_of(SOCKET_TYPE "00000004 50555348", ZX_TYPE_SUB, &p), -EPROTO);
    assert_int_equal(peer_of(SOCKET_TYPE "00000004 70757368", ZX_TYPE_PULL, &p), -EPROTO);
    assert_int_equal(peer_of(SOCKET_TYPE "00000000", ZX_TYPE_PULL, &p), -EPROTO);
    assert_int_equal(peer_of(SOCKET_TYPE "00000003 464f4f", ZX_TYPE_PULL, &p), -EPROTO);
    /* The name is case-sensitive: another property, no type. */
    assert_int_equal(peer_of("0b 736f636b65742d74797065 00000003 464f4f", ZX_TYPE_PULL, &p), 0);
    assert_int_equal(p.socket_type, -1);
    /* Every occurrence is checked, the first one counts. */
    assert_int_equal(peer_of(SOCKET_TYPE "00000006 4445414c4552" SOCKET_TYPE "00000003 524551",
                             ZX_TYPE_ROUTER, &p),
                     0);
    assert_int_equal(p.socket_type, ZX_TYPE_DEALER);
    assert_int_equal(peer_of(SOCKET_TYPE "00000006 4445414c4552" SOCKET_TYPE "00000003 535542",
                             ZX_TYPE_ROUTER, &p),
                     -EPROTO);
    assert_int_equal(peer_of(SOCKET_TYPE "00000004 50555348 00", ZX_TYPE_PULL, &p), -EPROTO);
}

static void peer_identity(void **state) {
    (void)state;
    struct zx_meta_peer p;
    assert_int_equal(peer_of(IDENTITY "00000002 6162", ZX_TYPE_ROUTER, &p), 0);
    assert_bytes(p.routing_id, p.routing_id_size, "6162");
    /* The last one counts. */
    assert_int_equal(peer_of(IDENTITY "00000002 6162" IDENTITY "00000001 63", ZX_TYPE_ROUTER, &p),
                     0);
    assert_bytes(p.routing_id, p.routing_id_size, "63");
    assert_int_equal(peer_of(IDENTITY "000000ff 61*255", ZX_TYPE_ROUTER, &p), 0);
    assert_int_equal(p.routing_id_size, 255);
    static const char *const unusable[] = {
        IDENTITY "00000000",    IDENTITY "00000100 61*256",        IDENTITY "00000005 006b8b4567",
        IDENTITY "00000001 00", "08 6964656e74697479 00000001 61",
    };
    for (size_t i = 0; i < sizeof unusable / sizeof unusable[0]; i++) {
        assert_int_equal(peer_of(unusable[i], ZX_TYPE_ROUTER, &p), 0);
        assert_null(p.routing_id);
        assert_int_equal(p.routing_id_size, 0);
    }
}

/* ---- the set -------------------------------------------------------------- */

struct parts {
    const char *address;
    const char *user_id; /* text */
    const char *zap;     /* hex */
    const char *peer;    /* hex */
};

static struct zx_meta *make(const struct parts *parts) {
    struct bytes zap = hex(parts->zap ? parts->zap : "");
    struct bytes peer = hex(parts->peer ? parts->peer : "");
    struct zx_meta_source source = {
        .peer_address = parts->address,
        .fd = 7,
        .has_user_id = parts->user_id != NULL,
        .user_id = (const uint8_t *)parts->user_id,
        .user_id_size = parts->user_id ? strlen(parts->user_id) : 0,
        .zap = zap.data,
        .zap_size = zap.size,
        .peer = peer.data,
        .peer_size = peer.size,
    };
    struct zx_meta *meta;
    assert_int_equal(zx_meta_new(&meta, &source), 0);
    memset(zap.data, 0xa5, zap.size); /* nothing of the source may be kept */
    memset(peer.data, 0xa5, peer.size);
    bytes_free(&zap);
    bytes_free(&peer);
    return meta;
}

static void assert_property(const struct zx_meta *meta, const char *name, const char *value) {
    const char *got = zx_meta_get(meta, name);
    if (value)
        assert_string_equal(got, value);
    else
        assert_null(got);
}

static void set_of_a_plain_connection(void **state) {
    (void)state;
    struct parts parts = {.address = "127.0.0.1",
                          .peer = SOCKET_TYPE "00000003 524551" IDENTITY "00000002 6162"
                                              "05 582d466f6f 00000003 626172"};
    struct zx_meta *meta = make(&parts);
    assert_property(meta, "Peer-Address", "127.0.0.1");
    assert_property(meta, "Socket-Type", "REQ");
    assert_property(meta, "Identity", "ab");
    assert_property(meta, "Routing-Id", "ab");
    assert_property(meta, "X-Foo", "bar");
    assert_property(meta, "X-foo", NULL);
    assert_property(meta, "User-Id", NULL);
    assert_property(meta, "", NULL);
    assert_int_equal(zx_meta_fd(meta), 7);
    zx_meta_unref(meta);
}

static void alias_the_other_way(void **state) {
    (void)state;
    struct parts parts = {.peer = "0a 526f7574696e672d4964 00000001 7a"};
    struct zx_meta *meta = make(&parts);
    assert_property(meta, "Routing-Id", "z");
    assert_property(meta, "Identity", "z");
    assert_property(meta, "Peer-Address", NULL);
    zx_meta_unref(meta);
}

static void a_name_of_its_own_beats_the_alias(void **state) {
    (void)state;
    struct parts parts = {.peer = "0a 526f7574696e672d4964 00000001 7a" IDENTITY "00000001 79"};
    struct zx_meta *meta = make(&parts);
    assert_property(meta, "Routing-Id", "z");
    assert_property(meta, "Identity", "y");
    zx_meta_unref(meta);
}

static void precedence(void **state) {
    (void)state;
    /* Address, then the user id frame, then ZAP's metadata, then the peer's. */
    struct parts parts = {
        .address = "::1",
        .user_id = "joe",
        .zap = PEER_ADDRESS "00000001 78" USER_ID "00000001 79" IDENTITY "00000001 7a" SOCKET_TYPE
                            "00000003 535542 03 582d41 00000003 7a6170",
        .peer = "03 582d41 00000004 70656572 03 582d42 00000001 31 03 582d42 00000001 32" IDENTITY
                "00000002 6964" USER_ID "00000004 726f6f74" PEER_ADDRESS "00000001 39",
    };
    struct zx_meta *meta = make(&parts);
    assert_property(meta, "Peer-Address", "::1");
    assert_property(meta, "User-Id", "joe");
    assert_property(meta, "X-A", "zap");
    assert_property(meta, "X-B", "1"); /* the first of a repeated name */
    assert_property(meta, "Identity", "id");
    assert_property(meta, "Socket-Type", NULL);
    zx_meta_unref(meta);
}

static void a_peer_cannot_pose(void **state) {
    (void)state;
    struct parts parts = {.peer = USER_ID "00000004 726f6f74" PEER_ADDRESS "00000001 39"
                                          "04 5f5f6664 00000001 33 02 5f5f 00000001 33"
                                          "01 5f 00000001 34 02 5f78 00000001 35"
                                          "02 785f 00000001 36"};
    struct zx_meta *meta = make(&parts);
    assert_property(meta, "User-Id", NULL);
    assert_property(meta, "Peer-Address", NULL);
    assert_property(meta, "__fd", NULL);
    assert_property(meta, "__", NULL);
    assert_property(meta, "_", "4");
    assert_property(meta, "_x", "5");
    assert_property(meta, "x_", "6");
    zx_meta_unref(meta);
    parts.user_id = "";
    meta = make(&parts);
    assert_property(meta, "User-Id", "");
    zx_meta_unref(meta);
}

static void values_with_zeros(void **state) {
    (void)state;
    struct parts parts = {.peer = "01 61 00000003 620063 02 6100 00000001 64 01 65 00000000"};
    struct zx_meta *meta = make(&parts);
    assert_property(meta, "a", "b"); /* for the API a string ends at its first zero */
    assert_property(meta, "e", "");
    zx_meta_unref(meta);
}

static void malformed_source(void **state) {
    (void)state;
    static const uint8_t bad[] = {5, 'a'};
    struct zx_meta *meta = (struct zx_meta *)&meta;
    struct zx_meta_source source = {.fd = -1, .peer = bad, .peer_size = sizeof bad};
    assert_int_equal(zx_meta_new(&meta, &source), -EPROTO);
    assert_null(meta);
    source = (struct zx_meta_source){.fd = -1, .zap = bad, .zap_size = sizeof bad};
    assert_int_equal(zx_meta_new(&meta, &source), -EPROTO);
    assert_null(meta);
}

/* A sanitizer or valgrind tells if the last one did not free, or one before did. */
static void references(void **state) {
    (void)state;
    struct parts parts = {.address = "a"};
    struct zx_meta *meta = make(&parts);
    zx_meta_ref(meta, 3);
    zx_meta_ref(meta, 0);
    for (int i = 0; i < 3; i++)
        zx_meta_unref(meta);
    assert_property(meta, "Peer-Address", "a");
    zx_meta_unref(meta);
    zx_meta_ref(NULL, 1);
    zx_meta_unref(NULL);
    assert_null(zx_meta_get(NULL, "Peer-Address"));
    assert_int_equal(zx_meta_fd(NULL), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_form),
        cmocka_unit_test(cut_at_every_place),
        cmocka_unit_test(iteration),
        cmocka_unit_test(number_of_properties),
        cmocka_unit_test(property_writer),
        cmocka_unit_test(own_block),
        cmocka_unit_test(peer_type),
        cmocka_unit_test(peer_identity),
        cmocka_unit_test(set_of_a_plain_connection),
        cmocka_unit_test(alias_the_other_way),
        cmocka_unit_test(a_name_of_its_own_beats_the_alias),
        cmocka_unit_test(precedence),
        cmocka_unit_test(a_peer_cannot_pose),
        cmocka_unit_test(values_with_zeros),
        cmocka_unit_test(malformed_source),
        cmocka_unit_test(references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
