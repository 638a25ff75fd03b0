/* SPDX-License-Identifier: MIT */
/* The greeting: when which part is due, and what version follows from what. */
#include "unit/zmtp_support.h"

#include "zmtp/greeting.h"

#include <stdio.h>
#include <string.h>

/* Feeds the text in pieces of `step` bytes; writes "M12 " for SEND_MAJOR after 12 bytes
 * consumed, T for TYPE, R for REST, D for DONE. Returns the version. */
static int play(const char *text, size_t step, char *log, size_t *taken) {
    static const char letters[] = {' ', 'M', 'T', 'R', 'D'};
    struct bytes b = hex(text);
    struct zx_greeting g;
    zx_greeting_init(&g);
    *log = 0;
    *taken = 0;
    size_t end = 0;
    while (end < b.size && g.version == ZX_ZMTP_UNKNOWN) {
        end = b.size - end < step ? b.size : end + step;
        enum zx_greeting_event event;
        do {
            size_t n;
            event = zx_greeting_feed(&g, b.data + *taken, end - *taken, &n);
            *taken += n;
            if (event != ZX_GREETING_MORE)
                log += sprintf(log, "%c%zu ", letters[event], *taken);
        } while (event != ZX_GREETING_MORE && event != ZX_GREETING_DONE);
    }
    bytes_free(&b);
    return g.version;
}

static void assert_greeting(const char *text, int version, const char *events) {
    struct bytes b = hex(text);
    for (size_t step = 1; step <= b.size; step++) {
        char log[64];
        size_t taken;
        assert_int_equal(play(text, step, log, &taken), version);
        assert_string_equal(log, events);
    }
    bytes_free(&b);
}

static void versions(void **state) {
    (void)state;
    assert_greeting(GREETING, ZX_ZMTP_3_1, "M10 R11 D64 ");
    assert_greeting(GREETING " 0102", ZX_ZMTP_3_1, "M10 R11 D64 ");
    assert_greeting(GREETING_3_0, ZX_ZMTP_3_0, "M10 R11 D64 ");
    assert_greeting("ff 00*8 7f 03 02 00*52", ZX_ZMTP_3_1, "M10 R11 D64 ");
    assert_greeting("ff 00*8 7f 03 ff 00*52", ZX_ZMTP_3_1, "M10 R11 D64 ");
    assert_greeting("ff 00*8 7f 02 00 00*52", ZX_ZMTP_3_1, "M10 R11 D64 ");
    assert_greeting("ff 00*8 7f 04 00 00*52", ZX_ZMTP_3_1, "M10 R11 D64 ");
    assert_greeting("ff 00*8 7f ff 00 00*52", ZX_ZMTP_3_1, "M10 R11 D64 ");
    assert_greeting("ff 00*8 7f 01 02", ZX_ZMTP_2_0, "M10 T11 D12 ");
    assert_greeting("ff 00*8 7f 01 ee 0000", ZX_ZMTP_2_0, "M10 T11 D12 ");
    assert_greeting("ff 00*8 7f 00 02", ZX_ZMTP_REV0, "M10 T11 D12 ");
}

/* The padding means nothing, and of the tenth byte only bit 0. */
static void insignificant_bytes(void **state) {
    (void)state;
    assert_greeting("ff a5*8 01 01 00", ZX_ZMTP_2_0, "M10 T11 D12 ");
    assert_greeting("ff ff*8 ff 01 00", ZX_ZMTP_2_0, "M10 T11 D12 ");
    assert_greeting("ff 00*8 7f 03 01 4e554c4c 00*16 01 ff*31", ZX_ZMTP_3_1, "M10 R11 D64 ");
}

static void unversioned(void **state) {
    (void)state;
    assert_greeting("00", ZX_ZMTP_UNVERSIONED, "D1 ");
    assert_greeting("01 00", ZX_ZMTP_UNVERSIONED, "D1 ");
    assert_greeting("fe 00", ZX_ZMTP_UNVERSIONED, "D1 ");
    assert_greeting("474554202f20485454502f312e310d0a", ZX_ZMTP_UNVERSIONED, "D1 ");
    assert_greeting("ff 00*7 01 00 03 00 61", ZX_ZMTP_UNVERSIONED, "D10 ");
    assert_greeting("ff 00*7 01 7e", ZX_ZMTP_UNVERSIONED, "D10 ");
}

static void unfinished(void **state) {
    (void)state;
    assert_greeting("ff", ZX_ZMTP_UNKNOWN, "");
    assert_greeting("ff 00*8", ZX_ZMTP_UNKNOWN, "");
    assert_greeting("ff 00*8 7f", ZX_ZMTP_UNKNOWN, "M10 ");
    assert_greeting("ff 00*8 7f 03", ZX_ZMTP_UNKNOWN, "M10 R11 ");
    assert_greeting("ff 00*8 7f 01", ZX_ZMTP_UNKNOWN, "M10 T11 ");
    assert_greeting("ff 00*8 7f 03 01 4e554c4c 00*16 00*31", ZX_ZMTP_UNKNOWN, "M10 R11 ");
}

static void refeed(void **state) {
    (void)state;
    struct zx_greeting g;
    size_t n, size;
    zx_greeting_init(&g);
    assert_int_equal(zx_greeting_feed(&g, (const uint8_t *)"\5\0abc", 5, &n), ZX_GREETING_DONE);
    assert_int_equal(n, 1);
    assert_bytes(zx_greeting_refeed(&g, &size), 1, "05");
    assert_int_equal(size, 1);
    /* Nothing is consumed once it is done. */
    assert_int_equal(zx_greeting_feed(&g, (const uint8_t *)"\377", 1, &n), ZX_GREETING_DONE);
    assert_int_equal(n, 0);
    struct bytes b = hex("ff 00*6 0105 00 61");
    zx_greeting_init(&g);
    assert_int_equal(zx_greeting_feed(&g, b.data, b.size, &n), ZX_GREETING_DONE);
    const uint8_t *taken = zx_greeting_refeed(&g, &size);
    assert_bytes(taken, size, "ff 00*6 0105 00");
    bytes_free(&b);
}

static bool has_mechanism(const char *field, const char *name) {
    char text[200];
    snprintf(text, sizeof text, "ff 00*8 7f 03 01 %s 00*32", field);
    struct bytes b = hex(text);
    struct zx_greeting g;
    size_t at = 0, n;
    zx_greeting_init(&g);
    assert_int_equal(b.size, 64);
    while (zx_greeting_feed(&g, b.data + at, b.size - at, &n) != ZX_GREETING_DONE)
        at += n;
    bytes_free(&b);
    return zx_greeting_has_mechanism(&g, name);
}

static void mechanisms(void **state) {
    (void)state;
    assert_true(has_mechanism("4e554c4c 00*16", "NULL"));
    assert_true(has_mechanism("4355525645 00*15", "CURVE"));
    assert_false(has_mechanism("4355525645 00*15", "NULL"));
    assert_false(has_mechanism("4e554c4c 00 58 00*14", "NULL")); /* all 20 bytes count */
    assert_false(has_mechanism("4e554c4c 00*15 01", "NULL"));
    assert_false(has_mechanism("6e756c6c 00*16", "NULL"));
    assert_false(has_mechanism("4e554c4c 4c 00*15", "NULL"));
    assert_false(has_mechanism("00*20", "NULL"));
    assert_true(has_mechanism("41*20", "AAAAAAAAAAAAAAAAAAAA"));
    assert_false(has_mechanism("41*20", "AAAAAAAAAAAAAAAAAAAAA"));
}

static void writers(void **state) {
    (void)state;
    uint8_t buf[ZX_GREETING_REST_SIZE];
    zx_greeting_write_signature(buf, 0);
    assert_bytes(buf, 10, "ff 00*7 01 7f");
    zx_greeting_write_signature(buf, 8);
    assert_bytes(buf, 10, "ff 00*7 09 7f");
    zx_greeting_write_signature(buf, 255);
    assert_bytes(buf, 10, "ff 00*6 0100 7f");
    zx_greeting_write_rest(buf, "NULL");
    assert_bytes(buf, 53, "01 4e554c4c 00*16 00*32");
    zx_greeting_write_rest(buf, "CURVE");
    assert_bytes(buf, 53, "01 4355525645 00*15 00*32");
    zx_greeting_write_rest(buf, "AAAAAAAAAAAAAAAAAAAAAAAA");
    assert_bytes(buf, 53, "01 41*20 00*32");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions),    cmocka_unit_test(insignificant_bytes),
        cmocka_unit_test(unversioned), cmocka_unit_test(unfinished),
        cmocka_unit_test(refeed),      cmocka_unit_test(mechanisms),
        cmocka_unit_test(writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
