/* SPDX-License-Identifier: MIT */
/* SHA-1 and base64 by the examples of FIPS 180, RFC 4648 and RFC 6455. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "transports/ws_hash.h"

static void assert_hash(const void *data, size_t size, const char *want) {
    uint8_t hash[ZX_SHA1_SIZE];
    char text[2 * ZX_SHA1_SIZE + 1];
    zx_ws_sha1(hash, data, size);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(text, want);
}

static void sha1(void **state) {
    static char a[1000];
    (void)state;
    assert_hash("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_hash("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    memset(a, 'a', sizeof a); /* the lengths at which the padding changes */
    assert_hash(a, 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a");
    assert_hash(a, 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699");
    assert_hash(a, 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
    assert_hash(a, 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d");
    assert_hash(a, 1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba");
}

static void base64(void **state) {
    static const char *const want[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=",
                                       "Zm9vYmFy"};
    char text[20];
    (void)state;
    for (size_t n = 0; n <= 6; n++) {
        zx_ws_base64(text, (const uint8_t *)"foobar", n);
        assert_string_equal(text, want[n]);
    }
    zx_ws_base64(text, (const uint8_t *)"\xff\xef\xbe", 3);
    assert_string_equal(text, "/+++");
}

static void answer(void **state) {
    char text[ZX_WS_ACCEPT_TEXT];
    (void)state;
    zx_ws_accept(text, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_string_equal(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sha1), cmocka_unit_test(base64),
                                       cmocka_unit_test(answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
