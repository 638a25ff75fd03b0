/* SPDX-License-Identifier: MIT */
/* ZMTP 1.0 framing. */
#include "unit/zmtp_support.h"

#include "zmtp/v1.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Decodes data in pieces of `step` bytes and writes what was seen as text:
 * "size[+]:body bytes in hex;" for each frame. */
static int decode(const struct bytes *b, size_t step, int64_t max, char *log) {
    struct zx_v1_decoder d;
    size_t at = 0, n;
    zx_v1_decoder_init(&d, max);
    *log = 0;
    while (at < b->size) {
        size_t piece = b->size - at < step ? b->size - at : step;
        int rc = zx_v1_decode(&d, b->data + at, piece, &n);
        at += n;
        if (rc < 0)
            return rc;
        if (rc == ZX_V1_MORE) {
            assert_int_equal(n, piece);
            continue;
        }
        if (rc == ZX_V1_FRAME)
            log += sprintf(log, "%llu%s:", (unsigned long long)d.left, d.more ? "+" : "");
        else
            assert_int_equal(n, 0);
        piece -= n;
        if (piece > d.left)
            piece = (size_t)d.left;
        for (size_t i = 0; i < piece; i++)
            log += sprintf(log, "%02x", b->data[at + i]);
        zx_v1_take(&d, piece);
        at += piece;
        if (d.left == 0)
            log += sprintf(log, ";");
    }
    return 0;
}

static void assert_decodes(const char *text, int64_t max, int rc, const char *expected) {
    struct bytes b = hex(text);
    char log[4096];
    for (size_t step = 1; step <= b.size; step++) {
        assert_int_equal(decode(&b, step, max, log), rc);
        assert_string_equal(log, expected);
    }
    bytes_free(&b);
}

static void frames(void **state) {
    (void)state;
    assert_decodes("03 00 5a31", -1, 0, "2:5a31;");
    assert_decodes("03 01 7031 03 00 7032", -1, 0, "2+:7031;2:7032;");
    assert_decodes("01 00 01 01 02 00 61", -1, 0, "0:;0+:;1:61;");
    assert_decodes("04 00 01 41 42 04 00 00 41 42", -1, 0, "3:014142;3:004142;");
    /* Only bit 0 of the flags counts. */
    assert_decodes("02 fe 61 02 ff 62", -1, 0, "1:61;1+:62;");
    /* The long form is good for any size. */
    assert_decodes("ff 00*7 01 00 ff 00*7 03 01 6162", -1, 0, "0:;2+:6162;");
}

static void long_frame(void **state) {
    (void)state;
    struct bytes b = hex("ff 00*6 012d 00 61*300");
    struct zx_v1_decoder d;
    size_t n;
    zx_v1_decoder_init(&d, -1);
    assert_int_equal(zx_v1_decode(&d, b.data, b.size, &n), ZX_V1_FRAME);
    assert_int_equal(n, 10);
    assert_int_equal(d.left, 300);
    assert_false(d.more);
    zx_v1_take(&d, 299);
    assert_int_equal(zx_v1_decode(&d, b.data, b.size, &n), ZX_V1_BODY);
    assert_int_equal(n, 0);
    zx_v1_take(&d, 5); /* never below zero */
    assert_int_equal(d.left, 0);
    assert_int_equal(zx_v1_decode(&d, b.data, 0, &n), ZX_V1_MORE);
    bytes_free(&b);
}

static void bad_lengths(void **state) {
    (void)state;
    assert_decodes("00", -1, -EPROTO, ""); /* the flags are not waited for */
    assert_decodes("00 00", -1, -EPROTO, "");
    assert_decodes("ff 00*8 00", -1, -EPROTO, "");
    assert_decodes("03 00 6162 00 00", -1, -EPROTO, "2:6162;");
}

static void limits(void **state) {
    (void)state;
    assert_decodes("04 00 616263", 3, 0, "3:616263;");
    assert_decodes("05 00 61626364", 3, -EMSGSIZE, "");
    assert_decodes("01 00", 0, 0, "0:;");
    assert_decodes("02 00 61", 0, -EMSGSIZE, "");
    assert_decodes("ff 80 00*7 00", INT64_MAX, 0, "9223372036854775807:");
    assert_decodes("ff 80 00*6 01 00", INT64_MAX, -EMSGSIZE, "");
    assert_decodes("ff ff*8 00", 1000, -EMSGSIZE, "");
    if (sizeof(size_t) == 8)
        assert_decodes("ff ff*8 00", -1, 0, "18446744073709551614:");
    else
        assert_decodes("ff ff*8 00", -1, -EMSGSIZE, "");
}

static void error_is_final(void **state) {
    (void)state;
    struct zx_v1_decoder d;
    size_t n;
    zx_v1_decoder_init(&d, -1);
    assert_int_equal(zx_v1_decode(&d, (const uint8_t *)"\0\0\3\0ab", 6, &n), -EPROTO);
    assert_int_equal(n, 1); /* the flags are not waited for */
    assert_int_equal(zx_v1_decode(&d, (const uint8_t *)"\3\0ab", 4, &n), -EPROTO);
    assert_int_equal(n, 0);
}

static void headers(void **state) {
    (void)state;
    static const struct {
        uint64_t size;
        bool more;
        const char *bytes;
    } rows[] = {
        {0, false, "01 00"},
        {0, true, "01 01"},
        {2, false, "03 00"},
        {253, true, "fe 01"},
        {254, false, "ff 00*7 ff 00"},
        {255, true, "ff 00*6 0100 01"},
        {300, false, "ff 00*6 012d 00"},
        {UINT64_MAX - 1, false, "ff ff*8 00"},
        {UINT64_MAX, false, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t buf[ZX_V1_HEADER_MAX];
        size_t n = zx_v1_header(buf, rows[i].size, rows[i].more);
        assert_bytes(buf, n, rows[i].bytes);
    }
}

static void round_trip(void **state) {
    (void)state;
    for (uint64_t size = 0; size < 70000; size = size < 600 ? size + 1 : size * 2) {
        for (int more = 0; more < 2; more++) {
            uint8_t buf[ZX_V1_HEADER_MAX];
            struct zx_v1_decoder d;
            size_t n, taken;
            n = zx_v1_header(buf, size, more);
            zx_v1_decoder_init(&d, -1);
            assert_int_equal(zx_v1_decode(&d, buf, n, &taken), ZX_V1_FRAME);
            assert_int_equal(taken, n);
            assert_int_equal(d.left, size);
            assert_int_equal(d.more, more);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames),         cmocka_unit_test(long_frame),
        cmocka_unit_test(bad_lengths),    cmocka_unit_test(limits),
        cmocka_unit_test(error_is_final), cmocka_unit_test(headers),
        cmocka_unit_test(round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
