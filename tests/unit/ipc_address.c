/* SPDX-License-Identifier: MIT */
/* The grammar of ipc endpoints. */
#include "transports/ipc_address.h"
#include "unit/os_support.h"

#include <errno.h>
#include <string.h>

static void check_round_trip(const char *address, bool for_bind) {
    struct zx_ipc_endpoint ep;
    char text[ZX_IPC_TEXT_MAX];
    memset(&ep, 0xff, sizeof(ep));
    assert_int_equal(zx_ipc_address_parse(&ep, address, for_bind), 0);
    assert_false(ep.wildcard);
    assert_int_equal(zx_addr_family(&ep.addr), ZX_AF_UNIX);
    assert_int_equal(zx_ipc_address_text(&ep.addr, text, sizeof(text)), 0);
    assert_memory_equal(text, "ipc://", 6);
    assert_string_equal(text + 6, address);
    size_t need = strlen(text) + 1;
    for (size_t size = 0; size < need; size++) {
        char small[ZX_IPC_TEXT_MAX];
        memset(small, '#', sizeof(small));
        assert_int_equal(zx_ipc_address_text(&ep.addr, small, size), -ENAMETOOLONG);
        assert_int_equal(small[size], '#');
    }
    assert_int_equal(zx_ipc_address_text(&ep.addr, text, need), 0);
}

static void paths_and_abstract_names(void **state) {
    (void)state;
    static const char *const addresses[] = {
        "x",        "/tmp/a.ipc",        "a b", "../up", "@a", "@@", "@ with blanks", "@*", "a*",
        "\303\244", "tcp://127.0.0.1:5", "a;b", ".",
    };
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        check_round_trip(addresses[i], true);
        check_round_trip(addresses[i], false);
    }
}

static void every_byte_of_a_path_is_kept(void **state) {
    (void)state;
    for (int c = 1; c < 256; c++) {
        char path[] = {'p', (char)c, 0}, name[] = {'@', (char)c, 0};
        check_round_trip(path, true);
        check_round_trip(name, false);
    }
}

static void lengths_up_to_what_the_system_takes(void **state) {
    (void)state;
    static const char begin[] = {'/', '@', 'p'};
    char address[300];
    struct zx_ipc_endpoint ep;
    for (size_t i = 0; i < sizeof(begin); i++) {
        memset(address, 'p', sizeof(address) - 1);
        address[0] = begin[i];
        address[107] = '\0';
        check_round_trip(address, true);
        address[107] = 'p';
        for (size_t len = 108; len < sizeof(address); len++) {
            address[len] = '\0';
            assert_int_equal(zx_ipc_address_parse(&ep, address, true), -ENAMETOOLONG);
            assert_int_equal(zx_ipc_address_parse(&ep, address, false), -ENAMETOOLONG);
            address[len] = 'p';
        }
    }
}

static void nothing_is_no_address(void **state) {
    (void)state;
    struct zx_ipc_endpoint ep;
    for (int for_bind = 0; for_bind < 2; for_bind++) {
        assert_int_equal(zx_ipc_address_parse(&ep, "", for_bind), -EINVAL);
        assert_int_equal(zx_ipc_address_parse(&ep, "@", for_bind), -EINVAL);
    }
}

static void a_star_is_a_wildcard_to_bind_and_a_path_to_connect(void **state) {
    (void)state;
    static const char *const addresses[] = {"*", "*x", "**"};
    for (size_t i = 0; i < 3; i++) {
        struct zx_ipc_endpoint ep;
        memset(&ep, 0xff, sizeof(ep));
        assert_int_equal(zx_ipc_address_parse(&ep, addresses[i], true), 0);
        assert_true(ep.wildcard);
        assert_int_equal(zx_addr_family(&ep.addr), ZX_AF_NONE);
        check_round_trip(addresses[i], false);
    }
}

static void an_unnamed_socket_has_an_empty_path(void **state) {
    (void)state;
    struct zx_ipc_endpoint ep;
    char text[ZX_IPC_TEXT_MAX];
    assert_int_equal(zx_ipc_address_parse(&ep, "p", true), 0);
    ep.addr.len = 2;
    assert_int_equal(zx_ipc_address_text(&ep.addr, text, sizeof(text)), 0);
    assert_string_equal(text, "ipc://");
    struct zx_addr ip = os_loopback(ZX_AF_INET);
    assert_int_equal(zx_ipc_address_text(&ip, text, sizeof(text)), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_abstract_names),
        cmocka_unit_test(every_byte_of_a_path_is_kept),
        cmocka_unit_test(lengths_up_to_what_the_system_takes),
        cmocka_unit_test(nothing_is_no_address),
        cmocka_unit_test(a_star_is_a_wildcard_to_bind_and_a_path_to_connect),
        cmocka_unit_test(an_unnamed_socket_has_an_empty_path),
    };
    return cmocka_run_group_tests_name("ipc_address", tests, NULL, NULL);
}
