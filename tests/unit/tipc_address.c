/* SPDX-License-Identifier: MIT */
/* The grammar of tipc endpoints, and the addresses of AF_TIPC. */
#include "transports/tipc/tipc_address.h"
#include "unit/os_support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { BIND = 1, CONNECT = 2, BOTH = BIND | CONNECT, NONE = 0 };

static const struct row {
    const char *text;
    int good;         /* to bind, to connect */
    const char *bind; /* what the address is in words */
    const char *connect;
} rows[] = {
    /* ranges are bound */
    {"{64,0,0}", BIND, "{64, 0, 0}", NULL},
    {"{5560,0,10}", BIND, "{5560, 0, 10}", NULL},
    {"{5560, 0, 10}", BIND, "{5560, 0, 10}", NULL},
    {"{  5560,   0,10}", BIND, "{5560, 0, 10}", NULL},
    {"{5560,7,7}", BIND, "{5560, 7, 7}", NULL},
    {"{4294967295,0,4294967295}", BIND, "{4294967295, 0, 4294967295}", NULL},
    {"{63,0,0}", NONE, NULL, NULL},
    {"{0,0,0}", NONE, NULL, NULL},
    {"{5560,8,7}", NONE, NULL, NULL},
    {"{4294967296,0,0}", NONE, NULL, NULL},
    {"{5560,4294967296,4294967296}", NONE, NULL, NULL},
    {"{5560,0,4294967296}", NONE, NULL, NULL},
    {"{5560,0,10", NONE, NULL, NULL},
    {"{5560,0,10 }", NONE, NULL, NULL},
    {"{5560,0,10}x", NONE, NULL, NULL},
    {"{5560,0,10}@1.0.0", NONE, NULL, NULL},
    {"{5560,0,}", NONE, NULL, NULL},
    {"{5560,0,10,11}", NONE, NULL, NULL},
    {"{-1,0,0}", NONE, NULL, NULL},
    {"{5560,-1,0}", NONE, NULL, NULL},
    {"{+5560,0,0}", NONE, NULL, NULL},
    {"{0x50,0,0}", NONE, NULL, NULL},
    /* services are connected to; bound, they are a range of one */
    {"{5560,0}", BOTH, "{5560, 0, 0}", "{5560, 0, 16777216}"},
    {"{65,3}", BOTH, "{65, 3, 3}", "{65, 3, 16777216}"},
    {"{ 65, 3}", BOTH, "{65, 3, 3}", "{65, 3, 16777216}"},
    {"{65,4294967295}", BOTH, "{65, 4294967295, 4294967295}", "{65, 4294967295, 16777216}"},
    {"{5560,0}@1.0.10", BOTH, "{5560, 0, 0}", "{5560, 0, 16777226}"},
    {"{5560,0}@2.3.4", BOTH, "{5560, 0, 0}", "{5560, 0, 33566724}"},
    {"{5560,0}@0.0.0", BOTH, "{5560, 0, 0}", "{5560, 0, 0}"},
    {"{5560,0}@255.4095.4095", BOTH, "{5560, 0, 0}", "{5560, 0, 4294967295}"},
    {"{64,0}", NONE, NULL, NULL},
    {"{5560,0}@256.0.0", NONE, NULL, NULL},
    {"{5560,0}@1.4096.0", NONE, NULL, NULL},
    {"{5560,0}@1.0.4096", NONE, NULL, NULL},
    {"{5560,0}@", NONE, NULL, NULL},
    {"{5560,0}@1", NONE, NULL, NULL},
    {"{5560,0}@1.0", NONE, NULL, NULL},
    {"{5560,0}@1.0.", NONE, NULL, NULL},
    {"{5560,0}@1.0.0x", NONE, NULL, NULL},
    {"{5560,0}@1.0.0.0", NONE, NULL, NULL},
    {"{5560,0}@ 1.0.0", NONE, NULL, NULL},
    {"{5560,0}x", NONE, NULL, NULL},
    {"{5560,0", NONE, NULL, NULL},
    {"{5560 ,0}", NONE, NULL, NULL},
    {"{5560,}", NONE, NULL, NULL},
    {"{5560}", NONE, NULL, NULL},
    {"{,0}", NONE, NULL, NULL},
    {"{}", NONE, NULL, NULL},
    {"{", NONE, NULL, NULL},
    /* ids of sockets are connected to */
    {"<1.1.1:5>", CONNECT, NULL, "<1.1.1:5>"},
    {"<0.0.0:0>", CONNECT, NULL, "<0.0.0:0>"},
    {"<255.4095.4095:4294967295>", CONNECT, NULL, "<255.4095.4095:4294967295>"},
    {"<1.1.1:4294967296>", NONE, NULL, NULL},
    {"<256.1.1:5>", NONE, NULL, NULL},
    {"<1.1.1:>", NONE, NULL, NULL},
    {"<1.1.1>", NONE, NULL, NULL},
    {"<1.1:5>", NONE, NULL, NULL},
    {"<1.1.1:5", NONE, NULL, NULL},
    {"<1.1.1:5>x", NONE, NULL, NULL},
    {"< 1.1.1:5>", NONE, NULL, NULL},
    {"<-1.1.1:5>", NONE, NULL, NULL},
    {"<>", NONE, NULL, NULL},
    {"<", NONE, NULL, NULL},
    /* an id of the system's choice is bound */
    {"<*>", BIND, "*", NULL},
    {"<*", NONE, NULL, NULL},
    {"<**>", NONE, NULL, NULL},
    {"<*>x", NONE, NULL, NULL},
    {"<*:5>", NONE, NULL, NULL},
    /* nothing of all that */
    {"", NONE, NULL, NULL},
    {"*", NONE, NULL, NULL},
    {"5560,0", NONE, NULL, NULL},
    {" {5560,0}", NONE, NULL, NULL},
    {"1.1.1:5", NONE, NULL, NULL},
};

static void check(const struct row *r, bool for_bind) {
    struct zx_tipc_endpoint ep;
    struct zx_addr a;
    char text[96] = "tipc://*";
    memset(&ep, 0xff, sizeof ep);
    int rc = zx_tipc_address_parse(&ep, r->text, for_bind);
    bool good = r->good & (for_bind ? BIND : CONNECT);
    if (rc != (good ? 0 : -EINVAL))
        fail_msg("\"%s\" to %s: %d", r->text, for_bind ? "bind" : "connect", rc);
    if (rc)
        return;
    if (!ep.any) {
        zx_addr_from_tipc(&a, &ep.addr);
        assert_int_equal(zx_addr_family(&a), ZX_AF_TIPC);
        assert_int_equal(zx_tipc_address_text(&a, text, sizeof text), 0);
    }
    assert_string_equal(text + 7, for_bind ? r->bind : r->connect);
    assert_int_equal(ep.has_scope, strchr(r->text, '@') != NULL);
    for (size_t size = 0; !ep.any && size <= strlen(text); size++) {
        char small[96];
        memset(small, '#', sizeof small);
        assert_int_equal(zx_tipc_address_text(&a, small, size), -ENOSPC);
        assert_int_equal(small[size], '#');
    }
}

static void every_rule(void **state) {
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        check(&rows[i], true);
        check(&rows[i], false);
    }
}

/* Byte for byte what the kernel takes. */
static void the_kernels_form(void **state) {
    struct {
        uint16_t family;
        uint8_t kind;
        int8_t scope;
        uint32_t word[3];
    } want[] = {
        {AF_TIPC, 1, 1, {5560, 1, 10}},
        {AF_TIPC, 2, 1, {5560, 1, 0x01002003}},
        {AF_TIPC, 3, 1, {77, 0x01002003, 0}},
    };
    const struct zx_tipc_addr from[] = {
        {ZX_TIPC_RANGE, 5560, 1, 10, 0, 0},
        {ZX_TIPC_SERVICE, 5560, 1, 0, zx_tipc_node(1, 2, 3), 0},
        {ZX_TIPC_SOCKET, 0, 0, 0, zx_tipc_node(1, 2, 3), 77},
    };
    (void)state;
    for (size_t i = 0; i < LEN(from); i++) {
        struct zx_tipc_addr back;
        struct zx_addr a;
        zx_addr_from_tipc(&a, &from[i]);
        assert_int_equal(a.len, sizeof want[i]);
        assert_memory_equal(a.sa, &want[i], sizeof want[i]);
        assert_int_equal(zx_addr_tipc(&a, &back), 0);
        assert_memory_equal(&back, &from[i], sizeof back);
    }
}

static void other_addresses_have_no_text(void **state) {
    struct zx_addr a;
    char text[64];
    struct zx_tipc_addr t = {.kind = ZX_TIPC_SOCKET};
    (void)state;
    assert_int_equal(zx_addr_from_unix(&a, "@x"), 0);
    assert_int_equal(zx_tipc_address_text(&a, text, sizeof text), -EINVAL);
    zx_addr_from_tipc(&a, &t);
    a.sa[2] = 9; /* a kind there is not */
    assert_int_equal(zx_tipc_address_text(&a, text, sizeof text), -EINVAL);
    zx_addr_from_tipc(&a, &t);
    a.len = 8;
    assert_int_equal(zx_addr_family(&a), ZX_AF_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule),
        cmocka_unit_test(the_kernels_form),
        cmocka_unit_test(other_addresses_have_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
