/* SPDX-License-Identifier: MIT */
/* Texts, blobs, lists and metadata among the options of a socket; deep copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/cidr.h"
#include "core/conf.h"
#include "zmq.h"
#include "zmtp/metadata.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct zx_conf *make(void) {
    struct zx_conf *c = zx_conf_new(ZMQ_ROUTER, false, true);
    assert_non_null(c);
    return c;
}

static int set(struct zx_conf **c, int option, const char *text) {
    return zx_conf_set(c, option, text, strlen(text));
}

/* ---- texts and blobs -------------------------------------------------------- */

static void a_routing_id_is_bytes(void **state) {
    (void)state;
    struct zx_conf *c = make();
    uint8_t in[256], out[300];
    size_t room = sizeof out;
    assert_int_equal(zx_conf_get(c, ZMQ_ROUTING_ID, out, &room), 0);
    assert_int_equal(room, 0);
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)i; /* begins with a zero: not refused */
    assert_int_equal(zx_conf_set(&c, ZMQ_ROUTING_ID, in, 0), -EINVAL);
    assert_int_equal(zx_conf_set(&c, ZMQ_ROUTING_ID, NULL, 0), -EINVAL);
    assert_int_equal(zx_conf_set(&c, ZMQ_ROUTING_ID, NULL, 5), -EINVAL);
    assert_int_equal(zx_conf_set(&c, ZMQ_ROUTING_ID, in, 256), -EINVAL);
    assert_int_equal(zx_conf_set(&c, ZMQ_ROUTING_ID, in, 255), 0);
    assert_int_equal(zx_conf_set(&c, ZMQ_ROUTING_ID, in, 0), -EINVAL); /* never empty again */
    room = 254;
    assert_int_equal(zx_conf_get(c, ZMQ_ROUTING_ID, out, &room), -EINVAL);
    assert_int_equal(room, 254);
    room = 255;
    assert_int_equal(zx_conf_get(c, ZMQ_ROUTING_ID, out, &room), 0);
    assert_memory_equal(out, in, 255);
    zx_conf_unref(c);
}

static void the_rest_of_a_buffer_is_zeroed(void **state) {
    (void)state;
    struct zx_conf *c = make();
    static const uint8_t zeros[16];
    uint8_t out[16];
    size_t room = sizeof out;
    memset(out, 0xff, sizeof out);
    assert_int_equal(set(&c, ZMQ_ROUTING_ID, "abc"), 0);
    assert_int_equal(zx_conf_get(c, ZMQ_ROUTING_ID, out, &room), 0);
    assert_int_equal(room, 3);
    assert_memory_equal(out, "abc", 3);
    assert_memory_equal(out + 3, zeros, sizeof out - 3);
    zx_conf_unref(c);
}

static void messages_are_cleared_by_nothing(void **state) {
    (void)state;
    struct zx_conf *c = make();
    char out[8];
    size_t room = sizeof out;
    assert_int_equal(set(&c, ZMQ_HELLO_MSG, "hello"), 0);
    assert_int_equal(set(&c, ZMQ_DISCONNECT_MSG, "bye"), 0);
    assert_int_equal(set(&c, ZMQ_HICCUP_MSG, "hic"), 0);
    assert_int_equal(zx_conf_get(c, ZMQ_HELLO_MSG, out, &room), -EINVAL);
    assert_int_equal(c->id.hello_msg.size, 5);
    assert_memory_equal(c->id.disconnect_msg.data, "bye", 3);
    assert_int_equal(c->id.hiccup_msg.size, 3);
    assert_int_equal(zx_conf_set(&c, ZMQ_HELLO_MSG, NULL, 0), 0);
    assert_int_equal(zx_conf_set(&c, ZMQ_DISCONNECT_MSG, "", 0), 0);
    assert_int_equal(zx_conf_set(&c, ZMQ_HICCUP_MSG, NULL, 3), -EINVAL);
    assert_null(c->id.hello_msg.data);
    assert_null(c->id.disconnect_msg.data);
    assert_int_equal(c->id.hiccup_msg.size, 3);
    zx_conf_unref(c);
}

static void a_device_has_sixteen_letters(void **state) {
    (void)state;
    struct zx_conf *c = make();
    char out[32] = "x";
    size_t room = sizeof out;
    assert_int_equal(zx_conf_get(c, ZMQ_BINDTODEVICE, out, &room), 0);
    assert_int_equal(room, 1);
    assert_string_equal(out, "");
    assert_int_equal(set(&c, ZMQ_BINDTODEVICE, "0123456789abcdef"), 0);
    assert_int_equal(set(&c, ZMQ_BINDTODEVICE, "0123456789abcdefg"), -EINVAL);
    assert_int_equal(zx_conf_set(&c, ZMQ_BINDTODEVICE, "", 0), -EINVAL);
    assert_int_equal(zx_conf_set(&c, ZMQ_BINDTODEVICE, NULL, 4), -EINVAL);
    room = 16;
    assert_int_equal(zx_conf_get(c, ZMQ_BINDTODEVICE, out, &room), -EINVAL);
    room = 17;
    assert_int_equal(zx_conf_get(c, ZMQ_BINDTODEVICE, out, &room), 0);
    assert_string_equal(out, "0123456789abcdef");
    assert_int_equal(set(&c, ZMQ_BINDTODEVICE, "lo"), 0);
    assert_string_equal(c->net.device, "lo");
    assert_int_equal(zx_conf_set(&c, ZMQ_BINDTODEVICE, NULL, 0), 0);
    assert_string_equal(c->net.device, "");
    zx_conf_unref(c);
}

/* ---- lists ------------------------------------------------------------------- */

static void filters_are_parsed_when_set(void **state) {
    (void)state;
    struct zx_conf *c = make();
    char longest[257];
    memset(longest, '1', sizeof longest - 1);
    longest[256] = '\0';
    assert_int_equal(set(&c, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/8"), 0);
    assert_int_equal(set(&c, ZMQ_TCP_ACCEPT_FILTER, "127.0.0.1"), 0);
    assert_int_equal(c->net.accept_filters.count, 2);
    assert_int_equal(set(&c, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/"), -EINVAL);
    assert_int_equal(set(&c, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/33"), -EINVAL);
    assert_int_equal(set(&c, ZMQ_TCP_ACCEPT_FILTER, "::1"), -EINVAL); /* IPV6 is off */
    assert_int_equal(set(&c, ZMQ_TCP_ACCEPT_FILTER, ""), -EINVAL);
    assert_int_equal(set(&c, ZMQ_TCP_ACCEPT_FILTER, longest), -EINVAL);
    assert_int_equal(zx_conf_set(&c, ZMQ_TCP_ACCEPT_FILTER, NULL, 3), -EINVAL);
    int on = 1;
    assert_int_equal(zx_conf_set(&c, ZMQ_IPV6, &on, sizeof on), 0);
    assert_int_equal(set(&c, ZMQ_TCP_ACCEPT_FILTER, "::1"), 0);
    assert_int_equal(c->net.accept_filters.count, 3);
    const struct zx_cidr *block = c->net.accept_filters.data;
    assert_int_equal(block[0].bits, 104);
    assert_int_equal(block[1].bits, 128);
    assert_int_equal(zx_conf_set(&c, ZMQ_TCP_ACCEPT_FILTER, NULL, 0), 0);
    assert_int_equal(c->net.accept_filters.count, 0);
    assert_int_equal(set(&c, ZMQ_TCP_ACCEPT_FILTER, "1.2.3.4"), 0);
    assert_int_equal(c->net.accept_filters.count, 1);
    zx_conf_unref(c);
}

static void credentials_are_collected(void **state) {
    (void)state;
    static const int options[] = {ZMQ_IPC_FILTER_UID, ZMQ_IPC_FILTER_GID, ZMQ_IPC_FILTER_PID};
    struct zx_conf *c = make();
    for (size_t i = 0; i < LEN(options); i++) {
        uint32_t id[2] = {1000, 1001};
        assert_int_equal(zx_conf_set(&c, options[i], &id[0], 4), 0);
        assert_int_equal(zx_conf_set(&c, options[i], &id[1], 4), 0);
        assert_int_equal(zx_conf_set(&c, options[i], id, 8), -EINVAL);
        assert_int_equal(zx_conf_set(&c, options[i], id, 0), -EINVAL);
        assert_int_equal(zx_conf_set(&c, options[i], NULL, 4), -EINVAL);
        const struct zx_items *items = i == 0   ? &c->net.ipc_uid
                                       : i == 1 ? &c->net.ipc_gid
                                                : &c->net.ipc_pid;
        assert_int_equal(items->count, 2);
        assert_memory_equal(items->data, id, 8);
        assert_int_equal(zx_conf_set(&c, options[i], NULL, 0), 0);
        assert_int_equal(items->count, 0);
    }
    zx_conf_unref(c);
}

/* ---- metadata ---------------------------------------------------------------- */

/* The block as "name=value name=value". */
static void metadata_is(const struct zx_conf *c, const char *want) {
    struct zx_meta_iter iter;
    struct zx_meta_prop prop;
    char text[512] = "";
    size_t at = 0;
    zx_meta_iter_init(&iter, c->id.metadata.data, c->id.metadata.size);
    int rc;
    while ((rc = zx_meta_iter_next(&iter, &prop)) == 1)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s=%.*s", at ? " " : "",
                               (int)prop.name_size, (const char *)prop.name,
                               (int)prop.value_size, (const char *)prop.value);
    assert_int_equal(rc, 0);
    assert_string_equal(text, want);
}

static void properties_are_sorted_and_the_first_wins(void **state) {
    (void)state;
    struct zx_conf *c = make();
    assert_int_equal(set(&c, ZMQ_METADATA, "X-b:2"), 0);
    assert_int_equal(set(&c, ZMQ_METADATA, "X-d:four"), 0);
    assert_int_equal(set(&c, ZMQ_METADATA, "X-a:1"), 0);
    assert_int_equal(set(&c, ZMQ_METADATA, "X-bb:x:y"), 0);
    assert_int_equal(set(&c, ZMQ_METADATA, "X-b:other"), 0);
    assert_int_equal(set(&c, ZMQ_METADATA, "X-c:3"), 0);
    assert_int_equal(set(&c, ZMQ_METADATA, "X-B:capital"), 0);
    assert_int_equal(set(&c, ZMQ_METADATA, "X-:empty"), 0);
    assert_int_equal(set(&c, ZMQ_METADATA, "X-:a"), 0); /* four bytes, not taken for a number */
    metadata_is(c, "X-=empty X-B=capital X-a=1 X-b=2 X-bb=x:y X-c=3 X-d=four");
    zx_conf_unref(c);
}

static void bad_properties_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",       ":",     "X",     "X-name", ":value",
                                      "X-name:", "name:v", "x-name:v", "X:value"};
    struct zx_conf *c = make();
    char text[300];
    for (size_t i = 0; i < LEN(bad); i++)
        if (set(&c, ZMQ_METADATA, bad[i]) != -EINVAL)
            fail_msg("takes \"%s\"", bad[i]);
    assert_int_equal(zx_conf_set(&c, ZMQ_METADATA, NULL, 0), -EINVAL);
    assert_int_equal(zx_conf_set(&c, ZMQ_METADATA, NULL, 7), -EINVAL);
    memset(text, 'n', sizeof text);
    memcpy(text, "X-", 2);
    text[256] = ':';
    assert_int_equal(zx_conf_set(&c, ZMQ_METADATA, text, 258), -EINVAL);
    text[255] = ':';
    assert_int_equal(zx_conf_set(&c, ZMQ_METADATA, text, 257), 0);
    assert_int_equal(c->id.metadata.size, zx_meta_prop_size(255, 1));
    zx_conf_unref(c);
}

/* A peer reads a limited number: with Socket-Type and Identity they must fit. */
static void properties_have_an_end(void **state) {
    (void)state;
    struct zx_conf *c = make();
    char text[32];
    int rc = 0;
    unsigned n = 0;
    for (; n < 2 * ZX_META_PROPS_MAX && !rc; n += !rc) {
        int len = snprintf(text, sizeof text, "X-%u:value", n);
        rc = zx_conf_set(&c, ZMQ_METADATA, text, (size_t)len);
    }
    assert_int_equal(rc, -EINVAL);
    assert_int_equal(n, ZX_META_PROPS_MAX - 2);
    assert_int_equal(zx_meta_check(c->id.metadata.data, c->id.metadata.size), 0);
    zx_conf_unref(c);
}

static void a_zap_domain_is_not_empty(void **state) {
    (void)state;
    struct zx_conf *c = make();
    char out[16] = "x";
    size_t room = sizeof out;
    assert_int_equal(zx_conf_get(c, ZMQ_ZAP_DOMAIN, out, &room), 0);
    assert_string_equal(out, "");
    assert_int_equal(room, 1);
    assert_int_equal(zx_conf_set(&c, ZMQ_ZAP_DOMAIN, NULL, 0), -EINVAL);
    assert_int_equal(zx_conf_set(&c, ZMQ_ZAP_DOMAIN, "", 0), -EINVAL);
    assert_int_equal(set(&c, ZMQ_ZAP_DOMAIN, "domain"), 0);
    room = sizeof out;
    assert_int_equal(zx_conf_get(c, ZMQ_ZAP_DOMAIN, out, &room), 0);
    assert_string_equal(out, "domain");
    zx_conf_unref(c);
}

/* ---- a proxy ------------------------------------------------------------------- */

static void a_proxy_and_its_login(void **state) {
    (void)state;
    static const int logins[] = {ZMQ_SOCKS_USERNAME, ZMQ_SOCKS_PASSWORD};
    struct zx_conf *c = make();
    char out[300] = "x", big[257];
    size_t room = sizeof out;
    memset(big, 'n', sizeof big);
    assert_int_equal(zx_conf_get(c, ZMQ_SOCKS_PROXY, out, &room), 0);
    assert_int_equal(room, 1);
    assert_int_equal(set(&c, ZMQ_SOCKS_PROXY, "proxy:1080"), 0);
    assert_int_equal(zx_conf_set(&c, ZMQ_SOCKS_PROXY, "", 0), -EINVAL);
    room = sizeof out;
    assert_int_equal(zx_conf_get(c, ZMQ_SOCKS_PROXY, out, &room), 0);
    assert_string_equal(out, "proxy:1080");
    assert_int_equal(zx_conf_set(&c, ZMQ_SOCKS_PROXY, NULL, 0), 0);
    assert_int_equal(c->net.socks_proxy.size, 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(zx_conf_set(&c, logins[i], big, 256), -EINVAL);
        assert_int_equal(zx_conf_set(&c, logins[i], big, 255), 0);
        room = sizeof out;
        assert_int_equal(zx_conf_get(c, logins[i], out, &room), 0);
        assert_int_equal(room, 256);
        assert_int_equal(zx_conf_set(&c, logins[i], NULL, 5), 0);
        assert_int_equal(zx_conf_set(&c, logins[i], big, 1), 0);
        assert_int_equal(zx_conf_set(&c, logins[i], i ? "" : NULL, 0), 0);
        room = sizeof out;
        assert_int_equal(zx_conf_get(c, logins[i], out, &room), 0);
        assert_int_equal(room, 1);
    }
    zx_conf_unref(c);
}

/* ---- copies ------------------------------------------------------------------ */

static void copies_are_deep(void **state) {
    (void)state;
    uint32_t uid = 7;
    struct zx_conf *mine = make();
    assert_int_equal(set(&mine, ZMQ_ROUTING_ID, "first"), 0);
    assert_int_equal(set(&mine, ZMQ_METADATA, "X-k:v1"), 0);
    assert_int_equal(set(&mine, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/8"), 0);
    assert_int_equal(zx_conf_set(&mine, ZMQ_IPC_FILTER_UID, &uid, 4), 0);
    assert_int_equal(zx_blob_set(&mine->security.plain_password, "secret", 6), 0);
    struct zx_conf *theirs = zx_conf_ref(mine);
    assert_int_equal(set(&mine, ZMQ_ROUTING_ID, "second"), 0);
    assert_int_equal(set(&mine, ZMQ_METADATA, "X-l:v2"), 0);
    assert_int_equal(zx_conf_set(&mine, ZMQ_TCP_ACCEPT_FILTER, NULL, 0), 0);
    assert_int_equal(zx_conf_set(&mine, ZMQ_IPC_FILTER_UID, &uid, 4), 0);
    assert_int_equal(zx_conf_set(&mine, ZMQ_IPC_FILTER_GID, &uid, 4), 0);
    metadata_is(mine, "X-k=v1 X-l=v2");
    metadata_is(theirs, "X-k=v1");
    assert_string_equal((const char *)theirs->id.routing_id.data, "first");
    assert_string_equal((const char *)mine->id.routing_id.data, "second");
    assert_int_equal(theirs->net.accept_filters.count, 1);
    assert_int_equal(theirs->net.ipc_uid.count, 1);
    assert_int_equal(mine->net.ipc_uid.count, 2);
    assert_ptr_not_equal(mine->security.plain_password.data, theirs->security.plain_password.data);
    zx_conf_unref(mine);
    assert_string_equal((const char *)theirs->security.plain_password.data, "secret");
    zx_conf_unref(theirs);
}

static void helpers_check_their_buffers(void **state) {
    (void)state;
    uint8_t out[16];
    int value;
    size_t room = 8;
    memset(out, 0xff, sizeof out);
    assert_int_equal(zx_opt_get_int_loose(5, out, &room), 0);
    memcpy(&value, out, sizeof value);
    assert_int_equal(value, 5);
    assert_int_equal(room, 4);
    assert_int_equal(out[7], 0);
    assert_int_equal(out[8], 0xff);
    room = 3;
    assert_int_equal(zx_opt_get_int_loose(5, out, &room), -EINVAL);
    room = 8;
    assert_int_equal(zx_opt_get_int(5, out, &room), -EINVAL);
    room = 4;
    assert_int_equal(zx_opt_get_text("four", out, &room), -EINVAL);
    room = 5;
    assert_int_equal(zx_opt_get_text("four", out, &room), 0);
    assert_string_equal((char *)out, "four");
    assert_int_equal(zx_opt_take_int(out, 3, &value), -EINVAL);
    assert_int_equal(zx_opt_take_int(NULL, 4, &value), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_routing_id_is_bytes),
        cmocka_unit_test(the_rest_of_a_buffer_is_zeroed),
        cmocka_unit_test(messages_are_cleared_by_nothing),
        cmocka_unit_test(a_device_has_sixteen_letters),
        cmocka_unit_test(filters_are_parsed_when_set),
        cmocka_unit_test(credentials_are_collected),
        cmocka_unit_test(properties_are_sorted_and_the_first_wins),
        cmocka_unit_test(bad_properties_are_refused),
        cmocka_unit_test(properties_have_an_end),
        cmocka_unit_test(a_zap_domain_is_not_empty),
        cmocka_unit_test(a_proxy_and_its_login),
        cmocka_unit_test(copies_are_deep),
        cmocka_unit_test(helpers_check_their_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
