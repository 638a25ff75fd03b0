/* SPDX-License-Identifier: MIT */
/* The dialogue with a SOCKS 5 proxy: RFC 1928, RFC 1929. On a descriptor: tests/wire/socks.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transports/socks.h"

static struct zx_blob text(const char *t) {
    return (struct zx_blob){(uint8_t *)(uintptr_t)t, t ? strlen(t) : 0};
}

static void start(struct zx_socks *s, const char *host, const char *user, const char *password) {
    struct zx_socks_conf c = {host, 5555, text(user), text(password)};
    assert_int_equal(zx_socks_init(s, &c), 0);
}

/* Says what there is to say, `step` bytes at a time. */
static void expect(struct zx_socks *s, const void *bytes, size_t size, size_t step) {
    const uint8_t *want = bytes;
    size_t n;
    assert_int_equal(zx_socks_wanted(s), 0);
    for (const uint8_t *out; out = zx_socks_output(s, &n), n; want += step, size -= step) {
        assert_int_equal(n, size);
        if (step > n)
            step = n;
        assert_memory_equal(out, want, step);
        zx_socks_output_taken(s, step);
    }
    assert_int_equal(size, 0);
}

#define EXPECT(s, bytes) expect((s), bytes, sizeof(bytes) - 1, 1000)

/* Feeds all of it, never more than is wanted, cut at `cut`; the last answer. */
static int feed(struct zx_socks *s, const void *bytes, size_t size, size_t cut) {
    const uint8_t *at = bytes;
    int rc = 0;
    size_t left = size;
    while (left && !rc) {
        size_t n = zx_socks_wanted(s), used = size - left;
        assert_true(n > 0);
        if (n > left)
            n = left;
        if (used < cut && used + n > cut)
            n = cut - used;
        rc = zx_socks_input(s, at, n);
        at += n;
        left -= n;
    }
    assert_true(rc < 0 || !left);
    return rc;
}

#define FEED(s, bytes) feed((s), bytes, sizeof(bytes) - 1, 0)

#define OPEN "\5\0"
#define REQUEST(address) "\5\1\0" address "\x15\xb3"
#define REPLY "\5\0\0\1\x7f\0\0\1\x10\0"

static void targets(void **state) {
    static const struct {
        const char *host, *bytes;
        size_t size;
    } rows[] = {
#define ROW(host, bytes) {host, REQUEST(bytes), sizeof(REQUEST(bytes)) - 1}
        ROW("example.com", "\3\x0b"
                           "example.com"),
        ROW("192.0.2.7", "\1\xc0\0\2\7"),
        ROW("::1", "\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
        ROW("fe80::1%9", "\3\x09"
                         "fe80::1%9"),
        ROW("1.2.3", "\3\5"
                     "1.2.3"),
        ROW("x", "\3\1x"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zx_socks s;
        start(&s, rows[i].host, NULL, "unused without a user");
        EXPECT(&s, "\5\1\0");
        assert_int_equal(FEED(&s, OPEN), 0);
        expect(&s, rows[i].bytes, rows[i].size, 1);
        assert_int_equal(FEED(&s, REPLY), 1);
        assert_int_equal(zx_socks_wanted(&s), 0);
        EXPECT(&s, "");
        zx_socks_fini(&s);
    }
}

static void refused_targets(void **state) {
    char name[258];
    struct zx_socks s;
    struct zx_blob none = {NULL, 0};
    (void)state;
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    assert_int_equal(zx_socks_init(&s, &(struct zx_socks_conf){name, 1, none, none}), -EINVAL);
    assert_int_equal(zx_socks_wanted(&s), 0);
    assert_int_equal(zx_socks_init(&s, &(struct zx_socks_conf){"", 1, none, none}), -EINVAL);
    assert_int_equal(zx_socks_init(&s, &(struct zx_socks_conf){"x", 0, none, none}), -EINVAL);
    struct zx_blob big = {(uint8_t *)name, 256};
    assert_int_equal(zx_socks_init(&s, &(struct zx_socks_conf){"x", 1, big, none}), -EINVAL);
    assert_int_equal(zx_socks_init(&s, &(struct zx_socks_conf){"x", 1, none, big}), -EINVAL);
    name[255] = '\0';
    assert_int_equal(zx_socks_init(&s, &(struct zx_socks_conf){name, 1, none, none}), 0);
    zx_socks_fini(&s);
}

/* RFC 1929: lengths 1 and 255, and an empty password. */
static void logins(void **state) {
    static const size_t sizes[][2] = {{1, 0}, {1, 1}, {255, 255}, {3, 255}, {255, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct zx_socks s;
        char user[256], password[256];
        uint8_t words[3 + 2 * 255] = {1};
        size_t u = sizes[i][0], p = sizes[i][1];
        memset(user, 'u', sizeof user);
        memset(password, 'p', sizeof password);
        user[u] = password[p] = '\0';
        words[1] = (uint8_t)u;
        memcpy(words + 2, user, u);
        words[2 + u] = (uint8_t)p;
        memcpy(words + 3 + u, password, p);
        start(&s, "x", user, password);
        EXPECT(&s, "\5\1\2");
        assert_int_equal(FEED(&s, "\5\2"), 0);
        expect(&s, words, 3 + u + p, 7);
        assert_int_equal(FEED(&s, "\1\0"), 0);
        EXPECT(&s, REQUEST("\3\1x"));
        assert_int_equal(FEED(&s, REPLY), 1);
        zx_socks_fini(&s);
        zx_socks_fini(&s);
    }
}

/* What was said of a password is gone when it is said, and all of it at the end. */
static void wiped(void **state) {
    struct zx_socks s;
    static const struct zx_socks nothing;
    (void)state;
    start(&s, "x", "user", "password");
    EXPECT(&s, "\5\1\2");
    assert_int_equal(FEED(&s, "\5\2"), 0);
    EXPECT(&s, "\1\4user\10password");
    for (size_t i = 0; i < sizeof s.words; i++)
        assert_int_equal(s.words[i], 0);
    assert_int_equal(FEED(&s, "\1"), 0);
    zx_socks_fini(&s);
    assert_memory_equal(s.words, nothing.words, sizeof s.words);
    assert_null(s.user.data);
    assert_null(s.password.data);
    start(&s, "x", "user", "password");
    EXPECT(&s, "\5\1\2");
    assert_int_equal(FEED(&s, "\5\2"), 0);
    zx_socks_output_taken(&s, 3); /* part of it is out, and that is all */
    zx_socks_fini(&s);
    assert_memory_equal(s.words, nothing.words, sizeof s.words);
}

/* Without a user a login may still be asked for, and with one left out: as libzmq. */
static void unoffered_methods(void **state) {
    struct zx_socks s;
    (void)state;
    start(&s, "x", "", "secret");
    EXPECT(&s, "\5\1\0");
    assert_int_equal(FEED(&s, "\5\2"), 0);
    EXPECT(&s, "\1\0\0");
    zx_socks_fini(&s);
    start(&s, "x", "user", "");
    EXPECT(&s, "\5\1\2");
    assert_int_equal(FEED(&s, OPEN), 0);
    EXPECT(&s, REQUEST("\3\1x"));
    zx_socks_fini(&s);
}

static void bad_methods(void **state) {
    static const struct {
        uint8_t words[2];
        int rc;
    } rows[] = {{{5, 0xff}, -EACCES}, {{5, 1}, -EACCES}, {{5, 3}, -EACCES},
                {{4, 0}, -EPROTO},    {{0, 0}, -EPROTO}, {{0xff, 0}, -EPROTO}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zx_socks s;
        start(&s, "x", NULL, NULL);
        EXPECT(&s, "\5\1\0");
        assert_int_equal(feed(&s, rows[i].words, 2, i & 1), rows[i].rc);
        assert_int_equal(zx_socks_wanted(&s), 0);
        EXPECT(&s, "");
        assert_int_equal(zx_socks_input(&s, rows[i].words, 0), -EPROTO);
        zx_socks_fini(&s);
    }
}

static void bad_logins(void **state) {
    (void)state;
    for (unsigned i = 0; i < 512; i++) {
        struct zx_socks s;
        uint8_t answer[2] = {i & 256 ? 1 : (uint8_t)i, i & 256 ? (uint8_t)i : 0};
        int want = answer[0] != 1 ? -EPROTO : answer[1] ? -EACCES : 0;
        start(&s, "x", "u", "p");
        EXPECT(&s, "\5\1\2");
        assert_int_equal(FEED(&s, "\5\2"), 0);
        EXPECT(&s, "\1\1u\1p");
        assert_int_equal(feed(&s, answer, 2, 0), want);
        zx_socks_fini(&s);
    }
}

static void up_to_the_reply(struct zx_socks *s) {
    start(s, "x", NULL, NULL);
    EXPECT(s, "\5\1\0");
    assert_int_equal(FEED(s, OPEN), 0);
    EXPECT(s, REQUEST("\3\1x"));
}

/* The reply's code says all: a proxy that refuses may leave out the rest. */
static void replies(void **state) {
    static const int codes[] = {0, -EIO, -EACCES, -ENETUNREACH, -EHOSTUNREACH, -ECONNREFUSED,
                                -ETIMEDOUT, -EOPNOTSUPP, -EAFNOSUPPORT};
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        struct zx_socks s;
        uint8_t words[2] = {5, (uint8_t)i};
        up_to_the_reply(&s);
        assert_int_equal(feed(&s, words, 2, i & 1), i < 9 ? codes[i] : -EPROTO);
        zx_socks_fini(&s);
        words[0] = (uint8_t)i;
        words[1] = 0;
        up_to_the_reply(&s);
        assert_int_equal(feed(&s, words, 2, 0), i == 5 ? 0 : -EPROTO);
        zx_socks_fini(&s);
    }
}

/* Whatever address it tells, whole, byte by byte and cut anywhere; not a byte more is wanted. */
static void bound_addresses(void **state) {
    uint8_t reply[5 + 255 + 2] = {5, 0, 0};
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned len = 0; len < 256; len += type == 3 ? 1 : 85) {
            size_t size = type == 1 ? 10 : type == 4 ? 22 : 7 + len;
            bool known = type == 1 || type == 3 || type == 4;
            struct zx_socks s;
            reply[3] = (uint8_t)type;
            reply[4] = (uint8_t)len;
            for (size_t cut = 0; cut < (len % 51 ? 1 : size); cut++) {
                up_to_the_reply(&s);
                assert_int_equal(feed(&s, reply, known ? size : 5, cut), known ? 1 : -EPROTO);
                assert_int_equal(zx_socks_wanted(&s), 0);
                zx_socks_fini(&s);
            }
            up_to_the_reply(&s);
            for (size_t i = 0; known && i < size; i++)
                assert_int_equal(zx_socks_input(&s, reply + i, 1), i + 1 == size);
            zx_socks_fini(&s);
        }
    }
}

static void reserved_byte(void **state) {
    (void)state;
    for (unsigned i = 1; i < 256; i++) {
        struct zx_socks s;
        uint8_t reply[10] = {5, 0, (uint8_t)i, 1};
        up_to_the_reply(&s);
        assert_int_equal(feed(&s, reply, 5, 0), -EPROTO);
        zx_socks_fini(&s);
    }
}

/* Nobody has to be believed who speaks out of turn or too much. */
static void too_much(void **state) {
    struct zx_socks s;
    uint8_t bytes[300] = {5, 0};
    (void)state;
    start(&s, "x", NULL, NULL);
    assert_int_equal(zx_socks_input(&s, bytes, 1), -EPROTO);
    zx_socks_fini(&s);
    start(&s, "x", NULL, NULL);
    EXPECT(&s, "\5\1\0");
    assert_int_equal(zx_socks_input(&s, bytes, sizeof bytes), -EPROTO);
    assert_int_equal(zx_socks_wanted(&s), 0);
    zx_socks_fini(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets),         cmocka_unit_test(refused_targets),
        cmocka_unit_test(logins),          cmocka_unit_test(wiped),
        cmocka_unit_test(unoffered_methods), cmocka_unit_test(bad_methods),
        cmocka_unit_test(bad_logins),      cmocka_unit_test(replies),
        cmocka_unit_test(bound_addresses), cmocka_unit_test(reserved_byte),
        cmocka_unit_test(too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
