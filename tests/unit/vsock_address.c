/* SPDX-License-Identifier: MIT */
/* The grammar of vsock and vmci endpoints, and the addresses of AF_VSOCK. */
#include "transports/vsock/vsock_address.h"
#include "unit/os_support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define ANY ZX_VSOCK_ANY
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

struct row {
    const char *text;
    int rc_bind, rc_connect;
    uint32_t cid, port;
    bool at;
};

static const struct row rows[] = {
    {"3:1024", 0, 0, 3, 1024, false},
    {"0:0", 0, 0, 0, 0, false},
    {"2:5", 0, 0, 2, 5, false},
    {"1:4294967294", 0, 0, 1, 4294967294, false},
    {"4294967294:1", 0, 0, 4294967294, 1, false},
    {"007:0012", 0, 0, 7, 12, false},
    /* wildcards, by name and by number: to bind only */
    {"*:1024", 0, -EINVAL, ANY, 1024, false},
    {"-1:1024", 0, -EINVAL, ANY, 1024, false},
    {"4294967295:1024", 0, -EINVAL, ANY, 1024, false},
    {"3:*", 0, -EINVAL, 3, ANY, false},
    {"3:-1", 0, -EINVAL, 3, ANY, false},
    {"3:4294967295", 0, -EINVAL, 3, ANY, false},
    {"*:*", 0, -EINVAL, ANY, ANY, false},
    {"-1:-1", 0, -EINVAL, ANY, ANY, false},
    /* the machine itself, or its host */
    {"@:1024", 0, 0, 0, 1024, true},
    {"@:*", 0, -EINVAL, 0, ANY, true},
    /* what follows the digits is passed over, as libzmq does it */
    {"3x:1024", 0, 0, 3, 1024, false},
    {"3:1024x", 0, 0, 3, 1024, false},
    {"3:1024 ", 0, 0, 3, 1024, false},
    {"3.5:10/7", 0, 0, 3, 10, false},
    {"1:2:3", 0, 0, 1, 3, false}, /* the last colon counts */
    {"0x10:1", 0, 0, 0, 1, false},
    /* refused */
    {"", -EINVAL, -EINVAL, 0, 0, false},
    {":", -EINVAL, -EINVAL, 0, 0, false},
    {"3", -EINVAL, -EINVAL, 0, 0, false},
    {"3:", -EINVAL, -EINVAL, 0, 0, false},
    {":1024", -EINVAL, -EINVAL, 0, 0, false},
    {"x:1024", -EINVAL, -EINVAL, 0, 0, false},
    {"3:x", -EINVAL, -EINVAL, 0, 0, false},
    {"-2:1024", -EINVAL, -EINVAL, 0, 0, false},
    {"3:-2", -EINVAL, -EINVAL, 0, 0, false},
    {"-11:1024", -EINVAL, -EINVAL, 0, 0, false},
    {"**:1024", -EINVAL, -EINVAL, 0, 0, false},
    {"3:**", -EINVAL, -EINVAL, 0, 0, false},
    {"3:@", -EINVAL, -EINVAL, 0, 0, false},
    {"@@:1024", -EINVAL, -EINVAL, 0, 0, false},
    {"4294967296:1", -EINVAL, -EINVAL, 0, 0, false},
    {"1:4294967296", -EINVAL, -EINVAL, 0, 0, false},
    {"99999999999999999999999999:1", -EINVAL, -EINVAL, 0, 0, false},
    {" 3:1024", -EINVAL, -EINVAL, 0, 0, false},
    {"3: 1024", -EINVAL, -EINVAL, 0, 0, false},
    {"+3:1024", -EINVAL, -EINVAL, 0, 0, false},
};

static void every_rule(void **state) {
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++)
        for (int for_bind = 0; for_bind < 2; for_bind++) {
            const struct row *r = &rows[i];
            struct zx_vsock_address a;
            memset(&a, 0xff, sizeof a);
            int rc = zx_vsock_address_parse(&a, r->text, for_bind);
            if (rc != (for_bind ? r->rc_bind : r->rc_connect))
                fail_msg("\"%s\" to %s: %d", r->text, for_bind ? "bind" : "connect", rc);
            if (!rc && (a.port != r->port || a.at != r->at || (!a.at && a.cid != r->cid)))
                fail_msg("\"%s\": %u:%u", r->text, (unsigned)a.cid, (unsigned)a.port);
        }
}

static void texts(void **state) {
    static const struct {
        uint32_t cid, port;
        const char *scheme, *text;
    } all[] = {
        {3, 1024, "vsock", "vsock://3:1024"},
        {2, 5, "vmci", "vmci://2:5"},
        {ANY, 1531203242, "vsock", "vsock://*:1531203242"},
        {4294967294, 4294967294, "vmci", "vmci://4294967294:4294967294"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(all); i++) {
        struct zx_addr a;
        char text[64];
        zx_addr_from_vsock(&a, all[i].cid, all[i].port);
        assert_int_equal(zx_addr_family(&a), ZX_AF_VSOCK);
        assert_int_equal(zx_vsock_address_text(all[i].scheme, &a, (struct zx_iov){text, 64}), 0);
        assert_string_equal(text, all[i].text);
        for (size_t size = 0; size <= strlen(all[i].text); size++) {
            memset(text, '#', sizeof text);
            int rc = zx_vsock_address_text(all[i].scheme, &a, (struct zx_iov){text, size});
            assert_int_equal(rc, -ENOSPC);
            assert_int_equal(text[size], '#');
        }
    }
}

/* Byte for byte what the kernel takes: 16 bytes in the machine's own order. */
static void the_kernels_form(void **state) {
    struct {
        uint16_t family, reserved;
        uint32_t port, cid;
        uint8_t flags, zero[3];
    } want = {AF_VSOCK, 0, 0x01020304, 0x0a0b0c0d, 0, {0}};
    struct zx_addr a;
    uint32_t cid, port;
    (void)state;
    zx_addr_from_vsock(&a, want.cid, want.port);
    assert_int_equal(a.len, sizeof want);
    assert_memory_equal(a.sa, &want, sizeof want);
    assert_int_equal(zx_addr_vsock(&a, &cid, &port), 0);
    assert_int_equal(cid, want.cid);
    assert_int_equal(port, want.port);
    assert_int_equal(zx_addr_port(&a), 0);
    a.len = 15; /* cut */
    assert_int_equal(zx_addr_family(&a), ZX_AF_NONE);
    assert_int_equal(zx_addr_vsock(&a, &cid, &port), -EINVAL);
}

static void addresses_of_others_have_no_text(void **state) {
    struct zx_addr a;
    char text[64];
    (void)state;
    assert_int_equal(zx_addr_from_unix(&a, "@x"), 0);
    assert_int_equal(zx_vsock_address_text("vsock", &a, (struct zx_iov){text, 64}), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule),
        cmocka_unit_test(texts),
        cmocka_unit_test(the_kernels_form),
        cmocka_unit_test(addresses_of_others_have_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
