/* SPDX-License-Identifier: MIT */
/* Addresses: IP and unix. */
#include "unit/os_support.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct zx_addr ip(const char *text) {
    struct zx_addr a;
    assert_int_equal(zx_addr_parse_ip(&a, text), 0);
    return a;
}

static const char *host(const struct zx_addr *a) {
    static char buf[64];
    assert_int_equal(zx_addr_host_text(a, buf, sizeof(buf)), 0);
    return buf;
}

static void literals_are_read_and_written_back(void **state) {
    (void)state;
    static const struct {
        const char *text, *back;
        enum zx_family family;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1", ZX_AF_INET},
        {"0.0.0.0", "0.0.0.0", ZX_AF_INET},
        {"255.255.255.255", "255.255.255.255", ZX_AF_INET},
        {"::", "::", ZX_AF_INET6},
        {"::1", "::1", ZX_AF_INET6},
        {"2001:DB8::0:1", "2001:db8::1", ZX_AF_INET6},
        {"::ffff:1.2.3.4", "::ffff:1.2.3.4", ZX_AF_INET6},
        {"fe80::1%70000", "fe80::1%70000", ZX_AF_INET6},
        {"fe80::1%4294967295", "fe80::1%4294967295", ZX_AF_INET6},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct zx_addr a = ip(rows[i].text);
        assert_int_equal(zx_addr_family(&a), rows[i].family);
        assert_string_equal(host(&a), rows[i].back);
        assert_int_equal(zx_addr_port(&a), 0);
    }
}

static void anything_else_is_no_literal(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        " 127.0.0.1",
        "127.0.0.1 ",
        "127.1",
        "1.2.3.4.5",
        "256.0.0.1",
        "0x7f.0.0.1",
        "localhost",
        "[::1]",
        "::1%",
        "::1%0",
        "::1%2x",
        "fe80::1%nosuchif0",
        "%1",
        "fe80::1%4294967296",
        "1::2::3",
        "127.0.0.1%1",
        "::1%-1",
        "::1%99999999999999999999",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
    };
    struct zx_addr a;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(zx_addr_parse_ip(&a, texts[i]), -EINVAL);
}

static void a_zone_is_written_by_name(void **state) {
    (void)state;
    unsigned index = if_nametoindex("lo");
    if (!index) {
        print_message("SKIP: no interface called lo\n");
        skip();
    }
    char number[64];
    snprintf(number, sizeof(number), "fe80::1%%%u", index);
    struct zx_addr a = ip("fe80::1%lo"), b = ip(number);
    assert_string_equal(host(&a), "fe80::1%lo");
    assert_string_equal(host(&b), "fe80::1%lo");
    assert_true(zx_addr_equal(&a, &b));
}

static void ports_are_set_and_read(void **state) {
    (void)state;
    static const char *const texts[] = {"127.0.0.1", "::1", "fe80::1%70000"};
    for (size_t i = 0; i < 3; i++) {
        struct zx_addr a = ip(texts[i]);
        zx_addr_set_port(&a, 5555);
        assert_int_equal(zx_addr_port(&a), 5555);
        zx_addr_set_port(&a, 65535);
        assert_int_equal(zx_addr_port(&a), 65535);
        assert_string_equal(host(&a), texts[i]);
    }
    struct zx_addr none = {0};
    zx_addr_set_port(&none, 1);
    assert_int_equal(zx_addr_port(&none), 0);
}

static void equality_takes_in_port_and_zone(void **state) {
    (void)state;
    static const char *const texts[] = {"127.0.0.1", "127.0.0.2", "::1", "fe80::1%1",
                                        "fe80::1%2", "fe80::1",   "::",  "::ffff:127.0.0.1"};
    size_t n = sizeof(texts) / sizeof(texts[0]);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            struct zx_addr a = ip(texts[i]), b = ip(texts[k]);
            assert_int_equal(zx_addr_equal(&a, &b), i == k);
            zx_addr_set_port(&b, 1);
            assert_false(zx_addr_equal(&a, &b));
        }
    struct zx_addr u, v;
    assert_int_equal(zx_addr_from_unix(&u, "a/b"), 0);
    assert_int_equal(zx_addr_from_unix(&v, "a/b"), 0);
    assert_true(zx_addr_equal(&u, &v));
    assert_int_equal(zx_addr_from_unix(&v, "a/bc"), 0);
    assert_false(zx_addr_equal(&u, &v));
    struct zx_addr none = {0}, other = {0};
    assert_true(zx_addr_equal(&none, &other));
    assert_false(zx_addr_equal(&none, &u));
}

static void v4_is_mapped_once_and_back(void **state) {
    (void)state;
    struct zx_addr a = ip("10.1.2.3");
    zx_addr_set_port(&a, 77);
    zx_addr_map_v4(&a);
    assert_string_equal(host(&a), "::ffff:10.1.2.3");
    assert_int_equal(zx_addr_port(&a), 77);
    zx_addr_map_v4(&a);
    assert_string_equal(host(&a), "::ffff:10.1.2.3");
    zx_addr_unmap_v4(&a);
    assert_string_equal(host(&a), "10.1.2.3");
    assert_int_equal(zx_addr_port(&a), 77);
    zx_addr_unmap_v4(&a);
    assert_string_equal(host(&a), "10.1.2.3");
    a = ip("::10.1.2.3"); /* compatible, not mapped */
    zx_addr_unmap_v4(&a);
    assert_int_equal(zx_addr_family(&a), ZX_AF_INET6);
    struct zx_addr u;
    assert_int_equal(zx_addr_from_unix(&u, "p"), 0);
    zx_addr_map_v4(&u);
    zx_addr_unmap_v4(&u);
    assert_int_equal(zx_addr_family(&u), ZX_AF_UNIX);
}

static void any_is_all_zeros(void **state) {
    (void)state;
    struct zx_addr a;
    zx_addr_any(&a, ZX_AF_INET);
    assert_string_equal(host(&a), "0.0.0.0");
    zx_addr_any(&a, ZX_AF_INET6);
    assert_string_equal(host(&a), "::");
    zx_addr_any(&a, ZX_AF_UNIX);
    assert_int_equal(zx_addr_family(&a), ZX_AF_NONE);
}

static void bytes_are_in_network_order(void **state) {
    (void)state;
    uint8_t out[16];
    struct zx_addr a = ip("1.2.3.4");
    assert_int_equal(zx_addr_bytes(&a, out), 4);
    assert_memory_equal(out, "\1\2\3\4", 4);
    zx_addr_map_v4(&a);
    assert_int_equal(zx_addr_bytes(&a, out), 16);
    assert_memory_equal(out, "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16);
    struct zx_addr none = {0};
    assert_int_equal(zx_addr_bytes(&none, out), 0);
}

static void a_short_buffer_is_refused_not_overrun(void **state) {
    (void)state;
    static const char *const texts[] = {"255.255.255.255", "fe80::1%70000", "::ffff:1.2.3.4"};
    for (size_t i = 0; i < 3; i++) {
        struct zx_addr a = ip(texts[i]);
        size_t need = strlen(texts[i]) + 1;
        char buf[64];
        for (size_t size = 0; size < need; size++) {
            memset(buf, '#', sizeof(buf));
            assert_true(zx_addr_host_text(&a, buf, size) < 0);
            assert_int_equal(buf[size], '#');
        }
        assert_int_equal(zx_addr_host_text(&a, buf, need), 0);
        assert_string_equal(buf, texts[i]);
    }
    struct zx_addr none = {0};
    char buf[64];
    assert_int_equal(zx_addr_host_text(&none, buf, sizeof(buf)), -EINVAL);
}

static void families_are_told_from_whole_addresses_only(void **state) {
    (void)state;
    struct zx_addr a = ip("1.2.3.4");
    a.len = 8; /* cut */
    assert_int_equal(zx_addr_family(&a), ZX_AF_NONE);
    a = ip("::1");
    a.len = 20;
    assert_int_equal(zx_addr_family(&a), ZX_AF_NONE);
    a.len = 1;
    assert_int_equal(zx_addr_family(&a), ZX_AF_NONE);
    struct sockaddr other = {.sa_family = AF_NETLINK};
    memset(&a, 0, sizeof(a));
    memcpy(a.sa, &other, sizeof(other));
    a.len = sizeof(other);
    assert_int_equal(zx_addr_family(&a), ZX_AF_OTHER);
}

/* ---- unix -------------------------------------------------------------- */

static void unix_round_trip(const char *path) {
    struct zx_addr a;
    char buf[128];
    assert_int_equal(zx_addr_from_unix(&a, path), 0);
    assert_int_equal(zx_addr_family(&a), ZX_AF_UNIX);
    assert_int_equal(zx_addr_unix_text(&a, buf, sizeof(buf)), 0);
    assert_string_equal(buf, path);
    size_t need = strlen(path) + 1;
    memset(buf, '#', sizeof(buf));
    assert_int_equal(zx_addr_unix_text(&a, buf, need - 1), -ENAMETOOLONG);
    assert_int_equal(buf[need - 1], '#');
    assert_int_equal(zx_addr_unix_text(&a, buf, need), 0);
}

static void unix_paths_and_abstract_names(void **state) {
    (void)state;
    char longest[109];
    memset(longest, 'p', sizeof(longest));
    longest[107] = '\0';
    unix_round_trip("x");
    unix_round_trip("/tmp/some.socket");
    unix_round_trip("relative/path");
    unix_round_trip("@abstract");
    unix_round_trip("@a");
    unix_round_trip("*");
    unix_round_trip(longest);
    longest[0] = '@';
    unix_round_trip(longest);
    struct zx_addr a;
    longest[107] = 'p';
    longest[108] = '\0';
    assert_int_equal(zx_addr_from_unix(&a, longest), -ENAMETOOLONG);
    longest[0] = '/';
    assert_int_equal(zx_addr_from_unix(&a, longest), -ENAMETOOLONG);
    assert_int_equal(zx_addr_from_unix(&a, "@"), -EINVAL);
    assert_int_equal(zx_addr_from_unix(&a, ""), -EINVAL);
}

static void unix_lengths_are_the_kernels(void **state) {
    (void)state;
    struct zx_addr a;
    char buf[128];
    assert_int_equal(zx_addr_from_unix(&a, "@ab"), 0);
    assert_int_equal(a.len, 2 + 3); /* no terminator in an abstract name */
    assert_int_equal(a.sa[2], 0);
    assert_int_equal(zx_addr_from_unix(&a, "ab"), 0);
    assert_int_equal(a.len, 2 + 3);
    a.len = 2; /* what an unbound peer has */
    assert_int_equal(zx_addr_unix_text(&a, buf, sizeof(buf)), 0);
    assert_string_equal(buf, "");
    struct zx_addr in = ip("1.2.3.4");
    assert_int_equal(zx_addr_unix_text(&in, buf, sizeof(buf)), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_read_and_written_back),
        cmocka_unit_test(anything_else_is_no_literal),
        cmocka_unit_test(a_zone_is_written_by_name),
        cmocka_unit_test(ports_are_set_and_read),
        cmocka_unit_test(equality_takes_in_port_and_zone),
        cmocka_unit_test(v4_is_mapped_once_and_back),
        cmocka_unit_test(any_is_all_zeros),
        cmocka_unit_test(bytes_are_in_network_order),
        cmocka_unit_test(a_short_buffer_is_refused_not_overrun),
        cmocka_unit_test(families_are_told_from_whole_addresses_only),
        cmocka_unit_test(unix_paths_and_abstract_names),
        cmocka_unit_test(unix_lengths_are_the_kernels),
    };
    return cmocka_run_group_tests_name("os_addr", tests, NULL, NULL);
}
