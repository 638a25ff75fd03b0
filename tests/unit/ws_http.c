/* SPDX-License-Identifier: MIT */
/* HTTP heads and addresses of ws. Whole conversations are in tests/wire/ws.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/transport.h"
#include "transports/ws_address.h"
#include "transports/ws_http.h"
#include "zmq.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

static const struct zx_ws_offer null = {"NULL", true}, curve = {"CURVE", false};

static void written_is_read(void **state) {
    static const struct zx_ws_offer offers[] = {
        {"NULL", true}, {"NULL", false}, {NULL, true}, {"PLAIN", false}, {"CURVE", false}};
    (void)state;
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        char text[ZX_WS_HTTP_OUT_MAX], accept[ZX_WS_ACCEPT_TEXT];
        struct zx_ws_request r;
        enum zx_ws_chosen chosen;
        size_t seen = 0;
        int n = zx_ws_request_write(text, "localhost:80", "/", KEY, &offers[i]);
        assert_true(n > 0);
        assert_int_equal(zx_ws_head_size(text, (size_t)n, &seen, "GET "), n);
        zx_ws_request_parse(&r, text, (size_t)n, &offers[i]);
        assert_int_equal(r.status, 101);
        assert_int_equal(r.chosen, offers[i].mechanism ? ZX_WS_MECHANISM : ZX_WS_BARE);
        assert_string_equal(r.key, KEY);
        n = zx_ws_response_write(text, &r, offers[i].mechanism);
        zx_ws_accept(accept, KEY);
        assert_int_equal(zx_ws_response_parse(text, (size_t)n, &offers[i], accept, &chosen), 0);
        assert_int_equal(chosen, r.chosen);
        assert_int_equal(zx_ws_response_parse(text, (size_t)n, &(struct zx_ws_offer){"X", false},
                                              accept, &chosen), -EPROTO);
        accept[0] ^= 1;
        assert_int_equal(zx_ws_response_parse(text, (size_t)n, &offers[i], accept, &chosen),
                         -EPROTO);
    }
}

static void refusals(void **state) {
    static const int statuses[] = {400, 426, 431};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char text[ZX_WS_HTTP_OUT_MAX];
        enum zx_ws_chosen chosen;
        struct zx_ws_request r = {.status = statuses[i]};
        int n = zx_ws_response_write(text, &r, "NULL");
        assert_int_equal(atoi(text + 9), statuses[i]);
        assert_memory_equal(text + n - 4, "\r\n\r\n", 4);
        assert_int_equal(zx_ws_response_parse(text, (size_t)n, &null, "", &chosen), -EAGAIN);
    }
}

static void end_of_head(void **state) {
    static const char head[] = "GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
    static char big[ZX_WS_HTTP_MAX + 10];
    size_t seen = 0;
    (void)state;
    for (size_t n = 1; n < sizeof head; n++) {
        int want = n < sizeof head - 5 ? 0 : (int)sizeof head - 5;
        size_t fresh = 0;
        assert_int_equal(zx_ws_head_size(head, n, &fresh, "GET "), want);
        if (!want)
            assert_int_equal(zx_ws_head_size(head, n, &seen, "GET "), 0);
    }
    assert_int_equal(zx_ws_head_size(head, sizeof head - 1, &seen, "GET "), sizeof head - 5);
    seen = 0;
    assert_int_equal(zx_ws_head_size("GETS", 4, &seen, "GET "), -EPROTO);
    assert_int_equal(zx_ws_head_size("\xff", 1, &seen, "GET "), -EPROTO);
    memset(big, 'x', sizeof big);
    memcpy(big, "GET ", 4);
    assert_int_equal(zx_ws_head_size(big, ZX_WS_HTTP_MAX - 1, &seen, "GET "), 0);
    assert_int_equal(zx_ws_head_size(big, ZX_WS_HTTP_MAX, &seen, "GET "), -EMSGSIZE);
    memcpy(big + ZX_WS_HTTP_MAX - 4, "\r\n\r\n", 4);
    seen = 0;
    assert_int_equal(zx_ws_head_size(big, ZX_WS_HTTP_MAX, &seen, "GET "), ZX_WS_HTTP_MAX);
}

/* Choices follow the order of the client's list, over several headers too. */
static void choices(void **state) {
    static const struct {
        const char *lists;
        const struct zx_ws_offer *offer;
        int status;
        enum zx_ws_chosen chosen;
    } rows[] = {
        {"Sec-WebSocket-Protocol: ZWS2.0/NULL, ZWS2.0\r\n", &null, 101, ZX_WS_MECHANISM},
        {"Sec-WebSocket-Protocol: ZWS2.0 ,\tZWS2.0/NULL\r\n", &null, 101, ZX_WS_BARE},
        {"Sec-WebSocket-Protocol: chat,,ZWS2.0\r\n", &null, 101, ZX_WS_BARE},
        {"Sec-WebSocket-Protocol: chat\r\nSEC-WEBSOCKET-PROTOCOL:ZWS2.0\r\n", &null, 101,
         ZX_WS_BARE},
        {"Sec-WebSocket-Protocol: ZWS2.0,ZWS2.0/CURVE\r\n", &curve, 101, ZX_WS_MECHANISM},
        {"Sec-WebSocket-Protocol: ZWS2.0,ZWS2.0/NULL\r\n", &curve, 400, ZX_WS_NOTHING},
        {"Sec-WebSocket-Protocol: zws2.0\r\n", &null, 400, ZX_WS_NOTHING},
        {"Sec-WebSocket-Protocol: ZWS2.0/\r\n", &null, 400, ZX_WS_NOTHING},
        {"Sec-WebSocket-Protocol:\r\n", &null, 400, ZX_WS_NOTHING},
        {"", &null, 400, ZX_WS_NOTHING},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1000] = "GET   /any?thing HTTP/1.1\r\nUPGRADE: h2c, WebSocket\r\n"
                          "Connection: keep-alive,\tUpgrade \r\nSec-WebSocket-Key: " KEY "\r\n"
                          "Sec-WebSocket-Version:13\r\n";
        struct zx_ws_request r;
        strcat(strcat(text, rows[i].lists), "\r\n");
        zx_ws_request_parse(&r, text, strlen(text), rows[i].offer);
        assert_int_equal(r.status, rows[i].status);
        assert_int_equal(r.chosen, rows[i].chosen);
    }
}

static void addresses(void **state) {
    static const struct {
        const char *text, *place, *path, *host;
        bool for_bind;
    } good[] = {
        {"127.0.0.1:80", "127.0.0.1:80", "/", "127.0.0.1:80", true},
        {"*:*/", "*:*", "/", "*:*", true},
        {"[::1]:80/a:b", "[::1]:80", "/a:b", "[::1]:80", true},
        {"h:1/a/b/c?d=e", "h:1", "/a/b/c?d=e", "h:1", false},
        {"1.2.3.4:0;h:1/x", "1.2.3.4:0;h:1", "/x", "h:1", false},
    };
    static const char *const bad[] = {"h:1/a b", "h:1/a\r\nb", "h:1/\x7f", "h:1/\xc3\xa4"};
    struct zx_ws_address a;
    char big[600];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(zx_ws_address_parse(&a, good[i].text, good[i].for_bind), 0);
        assert_string_equal(a.place, good[i].place);
        assert_string_equal(a.path, good[i].path);
        assert_string_equal(zx_ws_address_host(&a), good[i].host);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(zx_ws_address_parse(&a, bad[i], false), -EINVAL);
    assert_int_equal(zx_ws_address_parse(&a, "h:1/a/b", true), -EINVAL);
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    assert_int_equal(zx_ws_address_parse(&a, big, false), -EINVAL);
    memcpy(big, "h:1/", 4);
    assert_int_equal(zx_ws_address_parse(&a, big, false), -EINVAL);
}

/* zmq_connect waits for nobody: names are for the background, which asks is_numeric first. */
static int lookups;

int __wrap_zx_os_resolve(const char *host, enum zx_family f, bool numeric_only,
                         struct zx_addr *out, size_t max);
int __wrap_zx_os_resolve(const char *host, enum zx_family f, bool numeric_only,
                         struct zx_addr *out, size_t max) {
    (void)host;
    (void)f;
    (void)out;
    (void)max;
    lookups += !numeric_only;
    return -EINVAL;
}

static void no_lookup_to_connect(void **state) {
    struct zx_conf *c = zx_conf_new(ZMQ_PUSH, false, true);
    struct zx_addr addr;
    (void)state;
    assert_non_null(c);
    assert_int_equal(zx_ws_ops.check(c, "name.invalid:80/a", false), 0);
    assert_int_equal(zx_ws_ops.check(c, "name.invalid:*/a", false), -EINVAL);
    assert_int_equal(lookups, 0);
    assert_false(zx_ws_ops.is_numeric(c, "name.invalid:80/a"));
    assert_true(zx_ws_ops.is_numeric(c, "127.0.0.1:80/a"));
    assert_int_equal(zx_ws_ops.resolve(c, "name.invalid:80/a", &addr, 1), -EINVAL);
    assert_int_equal(lookups, 1);
    zx_conf_unref(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_is_read), cmocka_unit_test(refusals),
        cmocka_unit_test(end_of_head),     cmocka_unit_test(choices),
        cmocka_unit_test(addresses),       cmocka_unit_test(no_lookup_to_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
