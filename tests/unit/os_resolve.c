/* SPDX-License-Identifier: MIT */
/* Names and interfaces. Only names that every machine knows without a network. */
#include "unit/os_support.h"

#include <errno.h>
#include <string.h>

static struct zx_addr out[8];

static const char *host(const struct zx_addr *a) {
    static char buf[64];
    assert_int_equal(zx_addr_host_text(a, buf, sizeof(buf)), 0);
    return buf;
}

static void literals_need_no_resolver(void **state) {
    (void)state;
    for (int numeric = 0; numeric < 2; numeric++) {
        assert_int_equal(zx_os_resolve("127.0.0.1", ZX_AF_INET, numeric, out, 8), 1);
        assert_string_equal(host(&out[0]), "127.0.0.1");
        assert_int_equal(zx_os_resolve("127.0.0.1", ZX_AF_INET6, numeric, out, 8), 1);
        assert_string_equal(host(&out[0]), "::ffff:127.0.0.1");
        assert_int_equal(zx_os_resolve("::1", ZX_AF_INET6, numeric, out, 8), 1);
        assert_string_equal(host(&out[0]), "::1");
        assert_int_equal(zx_os_resolve("::1", ZX_AF_INET, numeric, out, 8), -EINVAL);
        assert_int_equal(zx_os_resolve("::ffff:1.2.3.4", ZX_AF_INET, numeric, out, 8), 1);
        assert_string_equal(host(&out[0]), "1.2.3.4");
    }
}

static void old_forms_of_ipv4_are_known(void **state) {
    (void)state;
    assert_int_equal(zx_os_resolve("127.1", ZX_AF_INET, true, out, 8), 1);
    assert_string_equal(host(&out[0]), "127.0.0.1");
    assert_int_equal(zx_os_resolve("127.1", ZX_AF_INET6, true, out, 8), 1);
    assert_string_equal(host(&out[0]), "::ffff:127.0.0.1");
}

static void localhost_has_an_address(void **state) {
    (void)state;
    int n = zx_os_resolve("localhost", ZX_AF_INET, false, out, 8);
    assert_true(n >= 1 && n <= 8);
    assert_string_equal(host(&out[0]), "127.0.0.1");
    assert_int_equal(zx_addr_port(&out[0]), 0);
    n = zx_os_resolve("localhost", ZX_AF_INET6, false, out, 8);
    assert_true(n >= 1 && n <= 8);
    for (int i = 0; i < n; i++) {
        assert_int_equal(zx_addr_family(&out[i]), ZX_AF_INET6);
        const char *text = host(&out[i]);
        assert_true(!strcmp(text, "::1") || !strcmp(text, "::ffff:127.0.0.1"));
    }
    assert_int_equal(zx_os_resolve("localhost", ZX_AF_INET6, false, out, 1), 1);
}

static void what_is_no_name_is_einval(void **state) {
    (void)state;
    char longest[1100];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(zx_os_resolve("", ZX_AF_INET, false, out, 8), -EINVAL);
    assert_int_equal(zx_os_resolve("localhost", ZX_AF_INET, true, out, 8), -EINVAL);
    assert_int_equal(zx_os_resolve("256.256.256.256", ZX_AF_INET, true, out, 8), -EINVAL);
    assert_int_equal(zx_os_resolve("fe80::1%", ZX_AF_INET6, true, out, 8), -EINVAL);
    assert_int_equal(zx_os_resolve(longest, ZX_AF_INET, false, out, 8), -EINVAL);
    assert_int_equal(zx_os_resolve("127.0.0.1", ZX_AF_UNIX, false, out, 8), -EINVAL);
    assert_int_equal(zx_os_resolve("127.0.0.1", ZX_AF_INET, false, out, 0), -EINVAL);
}

static void interfaces_are_found_by_name(void **state) {
    (void)state;
    struct zx_addr a;
    if (zx_os_interface_addr(&a, "lo", ZX_AF_INET) == -ENODEV) {
        print_message("SKIP: no interface called lo with an IPv4 address\n");
        skip();
    }
    assert_int_equal(zx_os_interface_addr(&a, "lo", ZX_AF_INET), 0);
    assert_string_equal(host(&a), "127.0.0.1");
    if (os_has_ipv6()) {
        assert_int_equal(zx_os_interface_addr(&a, "lo", ZX_AF_INET6), 0);
        assert_string_equal(host(&a), "::1");
    }
}

static void unknown_interfaces_are_enodev(void **state) {
    (void)state;
    int before = os_count_fds();
    struct zx_addr a;
    assert_int_equal(zx_os_interface_addr(&a, "nosuchif0", ZX_AF_INET), -ENODEV);
    assert_int_equal(zx_os_interface_addr(&a, "", ZX_AF_INET), -ENODEV);
    assert_int_equal(zx_os_interface_addr(&a, "l", ZX_AF_INET), -ENODEV);
    assert_int_equal(zx_os_interface_addr(&a, "lo", ZX_AF_UNIX), -ENODEV);
    assert_int_equal(os_count_fds(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_need_no_resolver),
        cmocka_unit_test(old_forms_of_ipv4_are_known),
        cmocka_unit_test(localhost_has_an_address),
        cmocka_unit_test(what_is_no_name_is_einval),
        cmocka_unit_test(interfaces_are_found_by_name),
        cmocka_unit_test(unknown_interfaces_are_enodev),
    };
    return cmocka_run_group_tests_name("os_resolve", tests, NULL, NULL);
}
