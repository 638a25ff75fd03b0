/* SPDX-License-Identifier: MIT */
/* Filters of accepted peers. */
#include "os/cidr.h"
#include "unit/os_support.h"

#include <errno.h>
#include <stdio.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static void filters_are_parsed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int v4, v6; /* bits of 128, or -1: refused */
    } rows[] = {
        {"127.0.0.1", 128, 128},
        {"127.0.0.1/32", 128, 128},
        {"127.0.0.1/0", 96, 96},
        {"10.0.0.0/8", 104, 104},
        {"10.0.0.0/08", 104, 104},
        {"[10.0.0.0]/8", 104, 104},
        {"::1", -1, 128},
        {"::1/128", -1, 128},
        {"[::1]/64", -1, 64},
        {"::/0", -1, 0},
        {"::ffff:1.2.3.4", 128, 128},
        {"::ffff:1.2.3.4/16", 112, 16},
        {"::ffff:1.2.3.4/104", -1, 104},
        {"10.0.0.0/33", -1, -1},
        {"10.0.0.0/104", -1, -1},
        {"::1/129", -1, -1},
        {"10.0.0.0/", -1, -1},
        {"10.0.0.0/-1", -1, -1},
        {"10.0.0.0/+8", -1, -1},
        {"10.0.0.0/8x", -1, -1},
        {"10.0.0.0/ 8", -1, -1},
        {"10.0.0.0/8/8", -1, -1},
        {"10.0.0.0/99999999999", -1, -1},
        {"10.0.0.0/00", -1, -1},
        {"10/8", -1, -1},
        {"10.0.0/8", -1, -1},
        {"", -1, -1},
        {"/8", -1, -1},
        {"*", -1, -1},
        {"lo", -1, -1},
        {"localhost", -1, -1},
        {"10.0.0.0:5", -1, -1},
        {"fe80::1%1/64", -1, -1},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd/8", -1, -1},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        for (int ipv6 = 0; ipv6 < 2; ipv6++) {
            struct zx_cidr c = {.bits = 999};
            int bits = ipv6 ? rows[i].v6 : rows[i].v4;
            int rc = zx_cidr_parse(&c, rows[i].text, ipv6);
            if (rc != (bits < 0 ? -EINVAL : 0))
                fail_msg("%s, ipv6 %d: %d", rows[i].text, ipv6, rc);
            if (bits >= 0)
                assert_int_equal(c.bits, bits);
        }
}

static bool matches(const char *filter, const char *peer) {
    struct zx_cidr c;
    struct zx_addr a;
    assert_int_equal(zx_cidr_parse(&c, filter, true), 0);
    assert_int_equal(zx_addr_parse_ip(&a, peer), 0);
    zx_addr_set_port(&a, 40000);
    bool plain = zx_cidr_match(&c, &a);
    /* The same peer on a socket of the other family gets the same answer. */
    if (zx_addr_family(&a) == ZX_AF_INET)
        zx_addr_map_v4(&a);
    else
        zx_addr_unmap_v4(&a);
    assert_int_equal(zx_cidr_match(&c, &a), plain);
    return plain;
}

static void peers_match_by_the_bits_given(void **state) {
    (void)state;
    assert_true(matches("127.0.0.1", "127.0.0.1"));
    assert_false(matches("127.0.0.1", "127.0.0.2"));
    assert_true(matches("10.0.0.0/8", "10.255.1.2"));
    assert_false(matches("10.0.0.0/8", "11.0.0.0"));
    assert_true(matches("10.9.8.7/8", "10.1.1.1")); /* host bits are of no account */
    assert_true(matches("192.168.64.0/18", "192.168.127.255"));
    assert_false(matches("192.168.64.0/18", "192.168.128.0"));
    assert_false(matches("192.168.64.0/18", "192.168.63.255"));
    assert_true(matches("0.0.0.0/0", "203.0.113.9"));
    assert_true(matches("2001:db8::/32", "2001:db8:ffff::1"));
    assert_false(matches("2001:db8::/32", "2001:db9::1"));
    assert_true(matches("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(matches("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(matches("::1", "::1"));
    assert_false(matches("::1", "::2"));
    assert_true(matches("::/0", "2001:db8::1"));
}

/* Applied to 128 bits as it stands, 10.0.0.0/8 would let in every IPv4 peer of an IPv6 socket. */
static void ipv4_filters_mean_ipv4_peers(void **state) {
    (void)state;
    assert_true(matches("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_false(matches("10.0.0.0/8", "::ffff:11.1.2.3"));
    assert_false(matches("10.0.0.0/8", "::1"));
    assert_false(matches("10.0.0.0/8", "::10.1.2.3"));
    assert_false(matches("0.0.0.0/0", "::1"));
    assert_false(matches("0.0.0.0/0", "2001:db8::1"));
    assert_true(matches("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_false(matches("::ffff:10.0.0.0/104", "11.1.2.3"));
    assert_false(matches("2001:db8::/32", "32.1.13.184")); /* the same first bytes */
    assert_false(matches("::1/128", "0.0.0.1"));
}

/* Every length against an address that differs in exactly one bit. */
static void every_length_and_every_bit(void **state) {
    (void)state;
    for (unsigned bits = 0; bits <= 32; bits++)
        for (unsigned bit = 0; bit < 32; bit++) {
            uint32_t n = 0xC0A84321u ^ (0x80000000u >> bit);
            char filter[32], peer[32];
            snprintf(filter, sizeof(filter), "192.168.67.33/%u", bits);
            snprintf(peer, sizeof(peer), "%u.%u.%u.%u", n >> 24, n >> 16 & 255, n >> 8 & 255,
                     n & 255);
            assert_int_equal(matches(filter, peer), bit >= bits);
        }
}

static void what_is_no_ip_peer_never_matches(void **state) {
    (void)state;
    struct zx_cidr all;
    struct zx_addr a = {0};
    assert_int_equal(zx_cidr_parse(&all, "::/0", true), 0);
    assert_false(zx_cidr_match(&all, &a));
    assert_int_equal(zx_addr_from_unix(&a, "path"), 0);
    assert_false(zx_cidr_match(&all, &a));
    struct zx_addr peer = os_loopback(ZX_AF_INET6);
    all.bits = 129; /* never made by parse; not read beyond the end */
    assert_false(zx_cidr_match(&all, &peer));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_are_parsed),
        cmocka_unit_test(peers_match_by_the_bits_given),
        cmocka_unit_test(ipv4_filters_mean_ipv4_peers),
        cmocka_unit_test(every_length_and_every_bit),
        cmocka_unit_test(what_is_no_ip_peer_never_matches),
    };
    return cmocka_run_group_tests_name("tcp_cidr", tests, NULL, NULL);
}
