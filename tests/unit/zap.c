/* SPDX-License-Identifier: MIT */
/* ZAP's frames: requests byte for byte, replies that are refused and why. */
#include "unit/zmtp_support.h"

#include "base/blob.h"
#include "security/zap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- requests ---------------------------------------------------------------------- */

static void check_frames(const struct zx_zap_frame *f, unsigned n, const char *const *want) {
    for (unsigned i = 0; i < n; i++) {
        assert_non_null(want[i]);
        assert_int_equal(f[i].size, strlen(want[i]));
        if (f[i].size)
            assert_memory_equal(f[i].data, want[i], f[i].size);
        assert_int_equal(f[i].more, want[i + 1] != NULL);
    }
    assert_null(want[n]);
}

static void requests(void **state) {
    (void)state;
    static uint8_t domain_text[] = "test", id_text[] = "me";
    struct zx_blob domain = {domain_text, 4}, id = {id_text, 2}, none = {NULL, 0};
    struct zx_zap_frame f[ZX_ZAP_REQUEST_MAX];
    struct zx_zap_subject subject = {&domain, "127.0.0.1", &id};
    struct zx_zap_request r = {.mechanism = "NULL"};

    unsigned n = zx_zap_request_frames(f, &subject, &r);
    check_frames(f, n, (const char *const[]){"", "1.0", "1", "test", "127.0.0.1", "me", "NULL",
                                             NULL});
    r = (struct zx_zap_request){
        .mechanism = "PLAIN",
        .credentials = 2,
        .credential = {{(const uint8_t *)"joe", 3}, {(const uint8_t *)"pw", 2}}};
    subject = (struct zx_zap_subject){&none, "", &none};
    n = zx_zap_request_frames(f, &subject, &r);
    check_frames(f, n, (const char *const[]){"", "1.0", "1", "", "", "", "PLAIN", "joe", "pw",
                                             NULL});
    r.credential[1].size = 0;
    n = zx_zap_request_frames(f, &subject, &r);
    check_frames(f, n, (const char *const[]){"", "1.0", "1", "", "", "", "PLAIN", "joe", "",
                                             NULL});
    r.mechanism = "CURVE";
    r.credentials = 1;
    n = zx_zap_request_frames(f, &subject, &r);
    check_frames(f, n, (const char *const[]){"", "1.0", "1", "", "", "", "CURVE", "joe", NULL});
}

/* ---- replies -------------------------------------------------------------------------- */

enum { MOST = 9 };

static struct zx_zap_frame frame(const char *text, size_t size, bool more) {
    return (struct zx_zap_frame){(const uint8_t *)text, size, more};
}

/* Texts are ended by NULL; the last has no MORE. */
static unsigned build(struct zx_zap_frame *f, const char *const *text) {
    unsigned n = 0;
    for (; text[n]; n++)
        f[n] = frame(text[n], strlen(text[n]), text[n + 1] != NULL);
    return n;
}

static void good_replies(void **state) {
    (void)state;
    static const char *const statuses[] = {"200", "300", "400", "500"};
    static const char metadata[] = "\001a\000\000\000\001b";
    for (size_t i = 0; i < 4; i++) {
        struct zx_zap_frame f[MOST];
        struct zx_zap_reply reply;
        uint32_t error;
        unsigned n = build(f, (const char *const[]){"", "1.0", "1", statuses[i], "text", "joe",
                                                    "", NULL});
        assert_int_equal(zx_zap_reply_parse(&reply, f, n, &error), 0);
        assert_int_equal(reply.status, 200 + 100 * (int)i);
        assert_int_equal(reply.user_id_size, 3);
        assert_memory_equal(reply.user_id, "joe", 3);
        assert_int_equal(reply.metadata_size, 0);
        f[6] = frame(metadata, sizeof metadata - 1, false);
        assert_int_equal(zx_zap_reply_parse(&reply, f, n, &error), 0);
        assert_int_equal(reply.metadata_size, 7);
        assert_ptr_equal(reply.metadata, metadata);
    }
}

static void bad_replies(void **state) {
    (void)state;
    static const struct {
        const char *text[MOST];
        uint32_t error;
    } rows[] = {
        {{""}, ZX_PERR_ZAP_MALFORMED_REPLY},
        {{"1.0"}, ZX_PERR_ZAP_MALFORMED_REPLY},
        {{"", "1.0", "1", "200", "", ""}, ZX_PERR_ZAP_MALFORMED_REPLY},
        {{"", "1.0", "1", "200", "", "", "", ""}, ZX_PERR_ZAP_MALFORMED_REPLY},
        {{"1.0", "1", "200", "", "", ""}, ZX_PERR_ZAP_MALFORMED_REPLY}, /* no delimiter */
        {{"x", "1.0", "1", "200", "", "", ""}, ZX_PERR_ZAP_UNSPECIFIED},
        {{"", "1.1", "1", "200", "", "", ""}, ZX_PERR_ZAP_BAD_VERSION},
        {{"", "", "1", "200", "", "", ""}, ZX_PERR_ZAP_BAD_VERSION},
        {{"", "1.00", "1", "200", "", "", ""}, ZX_PERR_ZAP_BAD_VERSION},
        {{"", "1.", "1", "200", "", "", ""}, ZX_PERR_ZAP_BAD_VERSION},
        {{"", "1.0", "2", "200", "", "", ""}, ZX_PERR_ZAP_BAD_REQUEST_ID},
        {{"", "1.0", "", "200", "", "", ""}, ZX_PERR_ZAP_BAD_REQUEST_ID},
        {{"", "1.0", "11", "200", "", "", ""}, ZX_PERR_ZAP_BAD_REQUEST_ID},
        {{"", "1.0", "1", "", "", "", ""}, ZX_PERR_ZAP_INVALID_STATUS_CODE},
        {{"", "1.0", "1", "20", "", "", ""}, ZX_PERR_ZAP_INVALID_STATUS_CODE},
        {{"", "1.0", "1", "2000", "", "", ""}, ZX_PERR_ZAP_INVALID_STATUS_CODE},
        {{"", "1.0", "1", "100", "", "", ""}, ZX_PERR_ZAP_INVALID_STATUS_CODE},
        {{"", "1.0", "1", "600", "", "", ""}, ZX_PERR_ZAP_INVALID_STATUS_CODE},
        {{"", "1.0", "1", "201", "", "", ""}, ZX_PERR_ZAP_INVALID_STATUS_CODE},
        {{"", "1.0", "1", "210", "", "", ""}, ZX_PERR_ZAP_INVALID_STATUS_CODE},
        {{"", "1.0", "1", " 200", "", "", ""}, ZX_PERR_ZAP_INVALID_STATUS_CODE},
        {{"", "1.0", "1", "200", "", "", "\001"}, ZX_PERR_ZAP_INVALID_METADATA},
        {{"", "1.0", "1", "400", "", "", "\001a"}, ZX_PERR_ZAP_INVALID_METADATA},
        /* The first check that fails decides. */
        {{"x", "9", "9", "9", "", "", "\001"}, ZX_PERR_ZAP_UNSPECIFIED},
        {{"", "9", "9", "9", "", "", "\001"}, ZX_PERR_ZAP_BAD_VERSION},
        {{"", "1.0", "9", "9", "", "", "\001"}, ZX_PERR_ZAP_BAD_REQUEST_ID},
        {{"", "1.0", "1", "9", "", "", "\001"}, ZX_PERR_ZAP_INVALID_STATUS_CODE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zx_zap_frame f[MOST];
        struct zx_zap_reply reply;
        uint32_t error = 0;
        unsigned n = build(f, rows[i].text);
        print_message("row %zu\n", i);
        assert_int_equal(zx_zap_reply_parse(&reply, f, n, &error), -EPROTO);
        assert_int_equal(error, rows[i].error);
    }
}

/* A caller keeps no more frames than a reply has: the seventh then says MORE. */
static void more_than_seven(void **state) {
    (void)state;
    struct zx_zap_frame f[MOST];
    struct zx_zap_reply reply;
    uint32_t error;
    (void)build(f, (const char *const[]){"", "1.0", "1", "200", "", "", "", "", NULL});
    assert_int_equal(zx_zap_reply_parse(&reply, f, ZX_ZAP_REPLY_FRAMES, &error), -EPROTO);
    assert_int_equal(error, ZX_PERR_ZAP_MALFORMED_REPLY);
    assert_int_equal(zx_zap_reply_parse(&reply, f, 0, &error), -EPROTO);
    assert_int_equal(error, ZX_PERR_ZAP_MALFORMED_REPLY);
}

/* ---- secrets ---------------------------------------------------------------------------- */

static void secrets(void **state) {
    (void)state;
    uint8_t a[40], b[40], zeros[40] = {0};
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = b[i] = (uint8_t)i;
    assert_true(zx_is_same_secret(a, b, sizeof a));
    assert_true(zx_is_same_secret(a, b, 0));
    for (size_t i = 0; i < sizeof a; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b[i] ^= (uint8_t)(1 << bit);
            assert_false(zx_is_same_secret(a, b, sizeof a));
            assert_true(zx_is_same_secret(a, b, i));
            b[i] ^= (uint8_t)(1 << bit);
        }
    }
    zx_wipe(a + 1, sizeof a - 2);
    assert_memory_equal(a + 1, zeros, sizeof a - 2);
    assert_int_equal(a[39], 39);
    zx_wipe(NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),        cmocka_unit_test(good_replies),
        cmocka_unit_test(bad_replies),     cmocka_unit_test(more_than_seven),
        cmocka_unit_test(secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
