/* SPDX-License-Identifier: MIT */
/* norm://: the grammar of endpoints, and messages out of a stream of frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "transports/norm_address.h"
#include "transports/norm_stream.h"

static void addresses(void **state) {
    (void)state;
    struct zx_norm_endpoint ep;
    assert_int_equal(zx_norm_address_parse(&ep, "239.0.0.1:5555"), 0);
    assert_string_equal(ep.host, "239.0.0.1");
    assert_int_equal(ep.port, 5555);
    assert_false(ep.has_id);
    assert_string_equal(ep.iface, "");
    assert_int_equal(zx_norm_address_parse(&ep, "7,eth0;[ff02::1]:1"), 0);
    assert_true(ep.has_id);
    assert_int_equal(ep.id, 7);
    assert_string_equal(ep.iface, "eth0");
    assert_string_equal(ep.host, "ff02::1");
    assert_int_equal(zx_norm_address_parse(&ep, "4294967294,10.0.0.1:65535"), 0);
    assert_int_equal(ep.id, UINT32_MAX - 1);
}

static void wrong_addresses(void **state) {
    (void)state;
    static const char *const all[] = {
        "",          "239.0.0.1",      ":5555",           "239.0.0.1:",     "239.0.0.1:0",
        "1.2.3.4:x", "1.2.3.4:65536",  "1.2.3.4:12x",     "0,1.2.3.4:5",    "x,1.2.3.4:5",
        ",1.2.3.4:5", ";1.2.3.4:5",    "4294967295,a:5",  "99999999999,a:5", "[]:5",
        "1.2.3.4:*", "1.2.3.4:-1",     "eth0;:5",
    };
    struct zx_norm_endpoint ep;
    char text[400];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(zx_norm_address_parse(&ep, all[i]), -EINVAL);
    memset(text, 'a', sizeof text);
    strcpy(text + 300, ":5");
    assert_int_equal(zx_norm_address_parse(&ep, text), -EINVAL);
}

/* Cut at every place, the messages are the same. */
static void expect(const void *bytes, size_t size, const void *want, size_t want_size, int rc) {
    for (size_t cut = 0; cut <= size; cut++) {
        struct zx_norm_rx rx;
        zx_norm_rx_init(&rx, 300);
        struct zx_buf out = {0};
        int got = zx_norm_rx_input(&rx, bytes, cut, &out);
        if (!got)
            got = zx_norm_rx_input(&rx, (const uint8_t *)bytes + cut, size - cut, &out);
        assert_int_equal(got, rc);
        assert_int_equal(zx_buf_size(&out), want_size);
        if (want_size)
            assert_memory_equal(out.data + out.head, want, want_size);
        zx_mcast_fini(&rx.c);
        zx_buf_fini(&out);
    }
}

#define EXPECT(bytes, want, rc) expect(bytes, sizeof bytes - 1, want, sizeof want - 1, rc)

static void messages(void **state) {
    (void)state;
    EXPECT("\x00\x00\x02hi", "\x03\x00hi", 0);
    EXPECT("\x00\x01\x01" "a\xff\x00\x01" "b", "\x02\x01" "a\x02\x00" "b", 0);
    EXPECT("\x00\x00\x00", "\x01\x00", 0);
    EXPECT("\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01x", "\x02\x00x", 0);
    /* The start of the first was missed: it is left out. */
    EXPECT("\xff\x01\x01" "a\xff\x00\x01" "b\x00\x00\x01" "c", "\x02\x00" "c", 0);
    /* Only a part so far. */
    EXPECT("\x00\x01\x01" "a\xff\x00\x02" "b", "", 0);
}

static void long_frames(void **state) {
    (void)state;
    uint8_t in[3 + 260], want[2 + 260];
    for (size_t size = 250; size <= 255; size++) {
        memset(in, 'x', sizeof in);
        memcpy(in, "\x00\x00", 2);
        in[2] = (uint8_t)size;
        struct zx_buf out = {0};
        struct zx_norm_rx rx;
        zx_norm_rx_init(&rx, -1);
        assert_int_equal(zx_norm_rx_input(&rx, in, 3 + size, &out), 0);
        size_t head = zx_mcast_put_head(want, ZX_MCAST_OLD, size, false);
        assert_int_equal(head, size <= 253 ? 2 : 10);
        assert_int_equal(zx_buf_size(&out), head + size);
        assert_memory_equal(out.data + out.head, want, head);
        zx_mcast_fini(&rx.c);
        zx_buf_fini(&out);
    }
}

static void errors(void **state) {
    (void)state;
    EXPECT("\x01\x00\x02hi", "", -EPROTO);             /* no marker */
    EXPECT("\x00\x04\x02hi", "", -EPROTO);             /* a command */
    EXPECT("\x00\x01\x01" "a\x00\x00\x01" "b", "", -EPROTO); /* a start in the midst */
    EXPECT("\x00\x02\x00\x00\x00\x00\x00\x00\x01\x2d", "", -EMSGSIZE);
    EXPECT("\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff", "", -EMSGSIZE);
}

static void after_a_loss(void **state) {
    (void)state;
    struct zx_norm_rx rx;
    zx_norm_rx_init(&rx, -1);
    struct zx_buf out = {0};
    assert_int_equal(zx_norm_rx_input(&rx, (const uint8_t *)"\x00\x01\x05" "ab", 5, &out), 0);
    zx_norm_rx_lost(&rx);
    assert_int_equal(zx_norm_rx_input(&rx, (const uint8_t *)"\x00\x00\x01z", 4, &out), 0);
    assert_int_equal(zx_buf_size(&out), 3);
    assert_memory_equal(out.data + out.head, "\x02\x00z", 3);
    zx_mcast_fini(&rx.c);
    zx_buf_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),   cmocka_unit_test(wrong_addresses),
        cmocka_unit_test(messages),    cmocka_unit_test(long_frames),
        cmocka_unit_test(errors),      cmocka_unit_test(after_a_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
