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
        if (rc == ZX_HS_WAIT_ZAP && at == in->size)
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening),
        cmocka_unit_test(without_a_greeting),
        cmocka_unit_test(old_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
