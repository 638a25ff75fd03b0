/* SPDX-License-Identifier: MIT */
/* The grammar of tcp endpoints, what they resolve to, and filters of peers. */
#include "transports/tcp_address.h"
#include "unit/os_support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

struct row {
    const char *text;
    const char *host;
    int port;             /* ANY: "*" */
    const char *src_host; /* NULL: none */
    int src_port;
};

enum { ANY = -1 };

static void check_parsed(const struct row *r, bool for_bind) {
    struct zx_tcp_endpoint ep;
    memset(&ep, 0xff, sizeof(ep));
    if (zx_tcp_address_parse(&ep, r->text, for_bind))
        fail_msg("refused: %s", r->text);
    assert_string_equal(ep.host, r->host);
    assert_int_equal(ep.port, r->port == ANY ? 0 : r->port);
    assert_int_equal(ep.any_port, r->port == ANY);
    assert_int_equal(ep.any_host, for_bind && !strcmp(r->host, "*"));
    assert_int_equal(ep.has_src, r->src_host != NULL);
    assert_string_equal(ep.src_host, r->src_host ? r->src_host : "");
    assert_int_equal(ep.src_port, r->src_port);
    assert_int_equal(ep.any_src_host, r->src_host && !strcmp(r->src_host, "*"));
}

static void good_in_both_directions(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"127.0.0.1:5555", "127.0.0.1", 5555, NULL, 0},
        {"127.0.0.1:0", "127.0.0.1", 0, NULL, 0},
        {"127.0.0.1:65535", "127.0.0.1", 65535, NULL, 0},
        {"127.0.0.1:05999", "127.0.0.1", 5999, NULL, 0},
        {"[127.0.0.1]:1", "127.0.0.1", 1, NULL, 0},
        {"[::1]:5555", "::1", 5555, NULL, 0},
        {"::1:5555", "::1", 5555, NULL, 0},
        {":::5555", "::", 5555, NULL, 0},
        {"[fe80::1%eth0]:1", "fe80::1%eth0", 1, NULL, 0},
        {"fe80::1%2:1", "fe80::1%2", 1, NULL, 0},
        {"h_x.example-1.org:80", "h_x.example-1.org", 80, NULL, 0},
        {"h.:5", "h.", 5, NULL, 0},
        {"7:5", "7", 5, NULL, 0},
        {":5", "", 5, NULL, 0},
        {"[]:5", "", 5, NULL, 0},
        {"[[::1]]:5", "[::1]", 5, NULL, 0},
        {"[::1:5", "[::1", 5, NULL, 0},
        {"eth0:1:5555", "eth0:1", 5555, NULL, 0},
        {"192.0.2.1:1;host:2", "host", 2, "192.0.2.1", 1},
        {"eth0:0;host:2", "host", 2, "eth0", 0},
        {"eth0:*;host:2", "host", 2, "eth0", 0},
        {"[::1]:*;[::2]:2", "::2", 2, "::1", 0},
        {"::1:65535;::2:2", "::2", 2, "::1", 65535},
        {":*;b:2", "b", 2, "", 0},
        {"[*]:0;b:2", "b", 2, "*", 0},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        check_parsed(&rows[i], true);
        check_parsed(&rows[i], false);
    }
}

static void good_to_bind_only(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"*:*", "*", ANY, NULL, 0},
        {"*:0", "*", 0, NULL, 0},
        {"*:5555", "*", 5555, NULL, 0},
        {"[*]:*", "*", ANY, NULL, 0},
        {"127.0.0.1:*", "127.0.0.1", ANY, NULL, 0},
        {"::*", ":", ANY, NULL, 0},
        {":*", "", ANY, NULL, 0},
        {"-host:5", "-host", 5, NULL, 0},
        {"a b/c:5", "a b/c", 5, NULL, 0},
        {"*:*;127.0.0.1:*", "127.0.0.1", ANY, "*", 0},
        {"1.2.3.4:7;127.0.0.1:*", "127.0.0.1", ANY, "1.2.3.4", 7},
    };
    struct zx_tcp_endpoint ep;
    for (size_t i = 0; i < LEN(rows); i++) {
        check_parsed(&rows[i], true);
        assert_int_equal(zx_tcp_address_parse(&ep, rows[i].text, false), -EINVAL);
    }
}

static void bad_in_both_directions(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        ":",
        "*",
        "host",
        "127.0.0.1",
        "127.0.0.1:",
        "host:x",
        "host:45abc",
        "host:12x",
        "host:-1",
        "host:+1",
        "host: 1",
        "host:1 ",
        "host:65536",
        "host:99999",
        "host:123456",
        "host:0x5",
        "host:5.",
        "host:5%",
        "host:5]",
        "host:5-6",
        "host:5*",
        "host:**",
        "host:00",
        "host:00000",
        "[::1]",
        "[::1%]:5",
        "::1%:5",
        "host:5;",
        ";host:5",
        "a;host:5",
        "a:;host:5",
        "a:x;host:5",
        "a:65536;b:5",
        "a:1;b",
        "a:1;b:",
        "a:1;b:x",
        "a:1;b:2;c:3",
        "a;b;c:3",
        "host:5;6",
        "a%:1;host:5",
        "a:000000000;b:5",
        "host:99999999999999999999",
        "a:1;b:65536",
    };
    struct zx_tcp_endpoint ep;
    for (size_t i = 0; i < LEN(texts); i++)
        for (int for_bind = 0; for_bind < 2; for_bind++)
            if (zx_tcp_address_parse(&ep, texts[i], for_bind) != -EINVAL)
                fail_msg("taken: %s", texts[i]);
}

static void bad_to_connect_only(void **state) {
    (void)state;
    static const char *const texts[] = {
        "*:5555", "-h:5",  "_h:5",          ".h:5",        "%:5",     "]:5",
        "h/x:5",  "h x:5", "a+b:5",         "h\303\244:5", "*:0;b:2", " h:5",
        "h\t:5",  "h,i:5", "127.0.0.1/8:5", "h\177:5",     "h\001:5",
    };
    struct zx_tcp_endpoint ep;
    for (size_t i = 0; i < LEN(texts); i++)
        if (zx_tcp_address_parse(&ep, texts[i], false) != -EINVAL)
            fail_msg("taken: %s", texts[i]);
}

/* Each byte at the first place, and at another: the set of characters, one by one. */
static void every_byte_of_a_connect_address(void **state) {
    (void)state;
    static const char alnum[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct zx_tcp_endpoint ep;
    for (int c = 1; c < 256; c++) {
        char first[] = "?st:80", later[] = "h?st:80";
        first[0] = later[1] = (char)c;
        bool word = strchr(alnum, c) != NULL;
        bool begins = word || c == '[' || c == ':';
        /* '%' has its zone here; a source without a port is refused for that */
        bool goes_on = word || (strchr(".-:%[]_*", c) && c != ';');
        assert_int_equal(zx_tcp_address_parse(&ep, first, false), begins ? 0 : -EINVAL);
        assert_int_equal(zx_tcp_address_parse(&ep, later, false), goes_on ? 0 : -EINVAL);
    }
}

static void every_port(void **state) {
    (void)state;
    struct zx_tcp_endpoint ep;
    char text[32];
    for (int port = 0; port < 70000; port++) {
        snprintf(text, sizeof(text), "h:%d", port);
        assert_int_equal(zx_tcp_address_parse(&ep, text, false), port < 65536 ? 0 : -EINVAL);
        if (port < 65536)
            assert_int_equal(ep.port, port);
    }
}

static void hosts_up_to_255_bytes(void **state) {
    (void)state;
    char text[700];
    struct zx_tcp_endpoint ep;
    for (size_t len = 250; len < 300; len++) {
        int expected = len < 256 ? 0 : -EINVAL;
        memset(text, 'h', len);
        strcpy(text + len, ":5");
        assert_int_equal(zx_tcp_address_parse(&ep, text, false), expected);
        if (!expected)
            assert_int_equal(strlen(ep.host), len);
        strcpy(text + len, ":5;host:6");
        assert_int_equal(zx_tcp_address_parse(&ep, text, false), expected);
        if (!expected)
            assert_int_equal(strlen(ep.src_host), len);
    }
}

/* ---- what they stand for ------------------------------------------------- */

/* The endpoint that a bind of `address` would show, or the error. */
static int bind_text(const char *address, bool ipv6, char text[ZX_TCP_TEXT_MAX]) {
    struct zx_tcp_endpoint ep;
    struct zx_addr a;
    int rc = zx_tcp_address_parse(&ep, address, true);
    if (!rc)
        rc = zx_tcp_address_bindable(&ep, ipv6, &a);
    if (!rc)
        rc = zx_tcp_address_text(&a, text, ZX_TCP_TEXT_MAX);
    return rc;
}

struct bind_row {
    const char *address;
    const char *v4, *v6; /* NULL: -ENODEV */
};

static void what_a_bind_shows(void **state) {
    (void)state;
    static const struct bind_row rows[] = {
        {"*:5", "tcp://0.0.0.0:5", "tcp://[::]:5"},
        {"[*]:*", "tcp://0.0.0.0:0", "tcp://[::]:0"},
        {"127.0.0.1:5", "tcp://127.0.0.1:5", "tcp://[::ffff:127.0.0.1]:5"},
        {"[127.0.0.1]:5", "tcp://127.0.0.1:5", "tcp://[::ffff:127.0.0.1]:5"},
        {"127.1:5", "tcp://127.0.0.1:5", "tcp://[::ffff:127.0.0.1]:5"},
        {"[::1]:5", NULL, "tcp://[::1]:5"},
        {"::1:65535", NULL, "tcp://[::1]:65535"},
        {":::5", NULL, "tcp://[::]:5"},
        {"[::ffff:127.0.0.1]:5", "tcp://127.0.0.1:5", "tcp://[::ffff:127.0.0.1]:5"},
        {"fe80::1%70000:5", NULL, "tcp://[fe80::1%70000]:5"},
        {"1.2.3.4:7;127.0.0.1:5", "tcp://127.0.0.1:5", "tcp://[::ffff:127.0.0.1]:5"},
        {":5", NULL, NULL},
        {"[]:5", NULL, NULL},
        {"[::1:5", NULL, NULL},
        {"::1]:5", NULL, NULL},
        {"[[::1]]:5", NULL, NULL},
        {"::*", NULL, NULL},
        {"127.0.0.1 :5", NULL, NULL},
        {"127.0.0.1/:5", NULL, NULL},
        {"no such host:5", NULL, NULL},
    };
    char text[ZX_TCP_TEXT_MAX];
    for (size_t i = 0; i < LEN(rows); i++)
        for (int ipv6 = 0; ipv6 < 2; ipv6++) {
            const char *expected = ipv6 ? rows[i].v6 : rows[i].v4;
            int rc = bind_text(rows[i].address, ipv6, text);
            if (rc != (expected ? 0 : -ENODEV))
                fail_msg("%s, ipv6 %d: %d", rows[i].address, ipv6, rc);
            if (expected)
                assert_string_equal(text, expected);
        }
}

static void a_zone_needs_a_literal(void **state) {
    (void)state;
    char text[ZX_TCP_TEXT_MAX];
    static const char *const addresses[] = {"fe80::1%nosuchif0:5", "fe80::1%0:5", "lo%lo:5",
                                            "*%lo:5", "127.0.0.1%lo:5"};
    for (size_t i = 0; i < LEN(addresses); i++)
        for (int ipv6 = 0; ipv6 < 2; ipv6++)
            assert_int_equal(bind_text(addresses[i], ipv6, text), -EINVAL);
}

static void interfaces_and_names_can_be_bound(void **state) {
    (void)state;
    char text[ZX_TCP_TEXT_MAX];
    struct zx_addr a;
    if (zx_os_interface_addr(&a, "lo", ZX_AF_INET)) {
        print_message("SKIP: no interface called lo with an IPv4 address\n");
        skip();
    }
    assert_int_equal(bind_text("lo:5", false, text), 0);
    assert_string_equal(text, "tcp://127.0.0.1:5");
    assert_int_equal(bind_text("[lo]:5", false, text), 0);
    if (os_has_ipv6()) {
        assert_int_equal(bind_text("lo:5", true, text), 0);
        assert_string_equal(text, "tcp://[::1]:5");
    }
    assert_int_equal(bind_text("localhost:5", false, text), 0);
    assert_string_equal(text, "tcp://127.0.0.1:5");
}

static int source_of(const char *address, bool ipv6, struct zx_addr *a) {
    struct zx_tcp_endpoint ep;
    assert_int_equal(zx_tcp_address_parse(&ep, address, false), 0);
    return zx_tcp_address_source(&ep, ipv6, a);
}

static void sources_are_never_looked_up(void **state) {
    (void)state;
    char text[ZX_TCP_TEXT_MAX];
    static const struct bind_row rows[] = {
        {"h:1", "tcp://0.0.0.0:0", "tcp://[::]:0"},
        {"[*]:7;h:1", "tcp://0.0.0.0:7", "tcp://[::]:7"},
        {"127.0.0.1:7;h:1", "tcp://127.0.0.1:7", "tcp://[::ffff:127.0.0.1]:7"},
        {"[::1]:*;h:1", NULL, "tcp://[::1]:0"},
        {"localhost:7;h:1", NULL, NULL},
        {":7;h:1", NULL, NULL},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        for (int ipv6 = 0; ipv6 < 2; ipv6++) {
            struct zx_addr a;
            const char *expected = ipv6 ? rows[i].v6 : rows[i].v4;
            assert_int_equal(source_of(rows[i].address, ipv6, &a), expected ? 0 : -ENODEV);
            if (!expected)
                continue;
            assert_int_equal(zx_tcp_address_text(&a, text, sizeof(text)), 0);
            assert_string_equal(text, expected);
        }
}

static void connect_addresses_resolve(void **state) {
    (void)state;
    struct zx_tcp_endpoint ep;
    struct zx_addr out[4];
    char text[ZX_TCP_TEXT_MAX];
    assert_int_equal(zx_tcp_address_parse(&ep, "[::1]:5", false), 0);
    assert_true(zx_tcp_address_is_numeric(&ep));
    assert_int_equal(zx_tcp_address_resolve(&ep, true, out, 4), 1);
    assert_int_equal(zx_tcp_address_text(&out[0], text, sizeof(text)), 0);
    assert_string_equal(text, "tcp://[::1]:5");
    assert_int_equal(zx_tcp_address_resolve(&ep, false, out, 4), -EINVAL);

    assert_int_equal(zx_tcp_address_parse(&ep, "localhost:7", false), 0);
    assert_false(zx_tcp_address_is_numeric(&ep));
    int n = zx_tcp_address_resolve(&ep, true, out, 4);
    assert_true(n >= 1);
    for (int i = 0; i < n; i++)
        assert_int_equal(zx_addr_port(&out[i]), 7);

    /* What cannot be a name is refused without asking, so it counts as numeric. */
    static const char *const hopeless[] = {":5", "[]:5", "[*]:5", "h*:5", "h%1:5", "[::1:5"};
    for (size_t i = 0; i < LEN(hopeless); i++) {
        assert_int_equal(zx_tcp_address_parse(&ep, hopeless[i], false), 0);
        assert_true(zx_tcp_address_is_numeric(&ep));
        assert_int_equal(zx_tcp_address_resolve(&ep, true, out, 4), -EINVAL);
    }
}

static void a_text_needs_room_and_an_ip_address(void **state) {
    (void)state;
    static const char full[] = "tcp://[::1]:5555";
    struct zx_addr a = os_loopback(ZX_AF_INET6);
    char buf[64];
    zx_addr_set_port(&a, 5555);
    for (size_t size = 0; size < sizeof(full); size++) {
        memset(buf, '#', sizeof(buf));
        assert_int_equal(zx_tcp_address_text(&a, buf, size), -ENOSPC);
        assert_int_equal(buf[size], '#');
    }
    assert_int_equal(zx_tcp_address_text(&a, buf, sizeof(full)), 0);
    assert_string_equal(buf, full);
    struct zx_addr none = {0};
    assert_int_equal(zx_tcp_address_text(&none, buf, sizeof(buf)), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_in_both_directions),
        cmocka_unit_test(good_to_bind_only),
        cmocka_unit_test(bad_in_both_directions),
        cmocka_unit_test(bad_to_connect_only),
        cmocka_unit_test(every_byte_of_a_connect_address),
        cmocka_unit_test(every_port),
        cmocka_unit_test(hosts_up_to_255_bytes),
        cmocka_unit_test(what_a_bind_shows),
        cmocka_unit_test(a_zone_needs_a_literal),
        cmocka_unit_test(interfaces_and_names_can_be_bound),
        cmocka_unit_test(sources_are_never_looked_up),
        cmocka_unit_test(connect_addresses_resolve),
        cmocka_unit_test(a_text_needs_room_and_an_ip_address),
    };
    return cmocka_run_group_tests_name("tcp_address", tests, NULL, NULL);
}
