/* SPDX-License-Identifier: MIT */
/* Every allocation of an opening fails once; nothing is leaked, nothing crashes. */
#include "unit/zmtp_support.h"

#include "zmtp/metadata.h"
#include "zmtp/types.h"

#include <errno.h>
#include <stdlib.h>

/* The program is linked with --wrap: these stand before the C library's. */
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);

static int armed;     /* count and fail only what the code under test asks for */
static int countdown; /* the allocation that fails; never if negative */
static long live;

static int fails(void) {
    return armed && countdown-- == 0;
}

void *__wrap_malloc(size_t size) {
    void *p = fails() ? NULL : __real_malloc(size);
    live += armed && p;
    return p;
}

void *__wrap_calloc(size_t n, size_t size) {
    void *p = fails() ? NULL : __real_calloc(n, size);
    live += armed && p;
    return p;
}

void *__wrap_realloc(void *p, size_t size) {
    if (fails())
        return NULL;
    void *q = __real_realloc(p, size);
    live += armed && !p && q;
    return q;
}

void __wrap_free(void *p) {
    live -= armed && p;
    __real_free(p);
}

/* Plays the opening in two pieces, so that partial frames are kept; returns the last result. */
static int play(const struct zx_hs_conf *conf, const struct bytes *in, size_t cut) {
    struct zx_zap_reply reply = {
        .status = 200, .user_id = (const uint8_t *)"joe", .user_id_size = 3};
    struct zx_hs *hs;
    size_t at = 0, n;
    int rc = zx_hs_init(&hs, conf);
    if (rc)
        return rc;
    for (int turn = 0; turn < 8 && rc >= 0 && rc != ZX_HS_DONE; turn++) {
        size_t end = turn ? in->size : cut;
        rc = zx_hs_input(hs, in->data + at, end - at, &n);
        at += n;
        if (rc == ZX_HS_WAIT_ZAP && at == end)
            rc = zx_hs_zap_reply(hs, &reply);
        if (rc == ZX_HS_HOLD)
            rc = zx_hs_accept(hs);
    }
    if (rc == ZX_HS_DONE) {
        struct zx_meta *meta;
        int made = zx_hs_meta(hs, "127.0.0.1", 1, &meta);
        zx_meta_unref(meta);
        rc = made ? made : rc;
    }
    zx_hs_free(&hs);
    return rc;
}

static void fail_each(const struct zx_hs_conf *conf, const char *input, size_t cut) {
    struct bytes in = hex(input);
    int rc, has_failed, n = 0;
    do {
        live = 0;
        countdown = n;
        armed = 1;
        rc = play(conf, &in, cut);
        armed = 0;
        has_failed = countdown < 0;
        assert_int_equal(live, 0);
        assert_int_equal(rc, has_failed ? -ENOMEM : ZX_HS_DONE);
        n++;
        assert_true(n < 100);
    } while (has_failed);
    assert_true(n > 3); /* handshake, mechanism and output at least */
    bytes_free(&in);
}

static void opening(void **state) {
    (void)state;
    struct zx_hs_conf conf = {.socket_type = ZX_TYPE_ROUTER};
    fail_each(&conf, GREETING READY_DEALER, 0);
    fail_each(&conf, GREETING READY_DEALER, 80);
    conf.hold = true;
    fail_each(&conf, GREETING READY_DEALER, 80);
    conf.zap_domain = true;
    fail_each(&conf, GREETING READY_DEALER, 80);
    static uint8_t extra[5 + 400];
    extra[3] = 400 >> 8;
    extra[4] = 400 & 255;
    conf.extra_meta = extra;
    conf.extra_meta_size = sizeof extra;
    fail_each(&conf, GREETING READY_DEALER, 80);
}

static void without_a_greeting(void **state) {
    (void)state;
    static uint8_t extra[5 + 400]; /* the first output alone needs more than one allocation */
    extra[3] = 400 >> 8;
    extra[4] = 400 & 255;
    struct zx_hs_conf conf = {.socket_type = ZX_TYPE_ROUTER,
                              .skip_greeting = true,
                              .extra_meta = extra,
                              .extra_meta_size = sizeof extra};
    fail_each(&conf, READY_DEALER, 0);
    fail_each(&conf, READY_DEALER, 9);
}

static void old_peers(void **state) {
    (void)state;
    static const uint8_t id[255] = {1};
    struct zx_hs_conf conf = {
        .socket_type = ZX_TYPE_ROUTER, .routing_id = id, .routing_id_size = sizeof id};
    fail_each(&conf, "03 00 4142", 3);
    fail_each(&conf, "ff 00*8 7f 00 05 03 00 4142", 15);
    fail_each(&conf, "ff 00*8 7f 01 05 00 02 4142", 15);
}

#define PLAIN_GREETING "ff 00*7 01 7f 03 01 504c41494e 00*15 00*32 "

static void plain(void **state) {
    (void)state;
    static uint8_t text[255];
    static const struct zx_security_settings names = {.plain_username = {text, sizeof text},
                                                      .plain_password = {text, sizeof text}};
    struct zx_hs_conf conf = {.socket_type = ZX_TYPE_DEALER,
                              .mechanism = &zx_plain_ops,
                              .settings = &names};
    fail_each(&conf, PLAIN_GREETING "04 08 07 57454c434f4d45 " READY_ROUTER, 70);
    fail_each(&conf, PLAIN_GREETING "04 08 07 57454c434f4d45 " READY_ROUTER, 80);
    conf.socket_type = ZX_TYPE_ROUTER;
    conf.as_server = true;
    static const char opening[] =
        PLAIN_GREETING "04 08 05 48454c4c4f 00 00 "
                       "04 2c 08 494e495449415445 0b 536f636b65742d54797065 00000006 4445414c4552 "
                       "08 4964656e74697479 00000000";
    fail_each(&conf, opening, 74);
    conf.hold = true;
    fail_each(&conf, opening, 74);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening),
        cmocka_unit_test(without_a_greeting),
        cmocka_unit_test(old_peers),
        cmocka_unit_test(plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
