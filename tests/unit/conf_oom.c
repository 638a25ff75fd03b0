/* SPDX-License-Identifier: MIT */
/* Every allocation of the options fails once: nothing is leaked, nothing half-changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/conf.h"
#include "core/ctx_options.h"
#include "zmq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int set(struct zx_conf **c, int option, const char *text) {
    return zx_conf_set(c, option, text, strlen(text));
}

/* Something of everything a snapshot owns. */
static int fill(struct zx_conf **c) {
    static const uint32_t id = 1000;
    int rc = set(c, ZMQ_ROUTING_ID, "id");
    rc = rc ? rc : set(c, ZMQ_METADATA, "X-b:1");
    rc = rc ? rc : set(c, ZMQ_METADATA, "X-a:2");
    rc = rc ? rc : set(c, ZMQ_HELLO_MSG, "hello");
    rc = rc ? rc : set(c, ZMQ_DISCONNECT_MSG, "bye");
    rc = rc ? rc : set(c, ZMQ_HICCUP_MSG, "hic");
    rc = rc ? rc : set(c, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/8");
    rc = rc ? rc : zx_conf_set(c, ZMQ_IPC_FILTER_UID, &id, sizeof id);
    rc = rc ? rc : zx_conf_set(c, ZMQ_IPC_FILTER_GID, &id, sizeof id);
    rc = rc ? rc : zx_conf_set(c, ZMQ_IPC_FILTER_PID, &id, sizeof id);
    rc = rc ? rc : zx_blob_set(&(*c)->security.plain_username, "joe", 3);
    return rc ? rc : zx_blob_set(&(*c)->security.wss_key, "pem", 3);
}

/* Makes, fills, shares and changes; what others hold must not have changed. */
static int play(void) {
    struct zx_conf *mine = zx_conf_new(ZMQ_ROUTER, false, true);
    if (!mine)
        return -ENOMEM;
    int rc = fill(&mine);
    struct zx_conf *theirs = zx_conf_ref(mine);
    if (!rc)
        rc = set(&mine, ZMQ_ROUTING_ID, "other");
    if (rc && theirs == mine) /* the copy failed */
        assert_int_equal(atomic_load(&mine->refs), 2);
    if (theirs->id.routing_id.size)
        assert_memory_equal(theirs->id.routing_id.data, "id", 2);
    if (!rc)
        assert_int_equal(mine->id.routing_id.size, 5);
    zx_conf_unref(theirs);
    zx_conf_unref(mine);
    return rc;
}

static void each_allocation_fails_once(void **state) {
    (void)state;
    int n = 0, rc;
    do {
        live = 0;
        countdown = n++;
        armed = 1;
        rc = play();
        armed = 0;
        assert_int_equal(live, 0);
        assert_true(rc == 0 || rc == -ENOMEM);
        assert_true(n < 1000);
    } while (rc);
    assert_int_equal(rc, 0);
    assert_true(n > 25); /* it really failed that often */
}

static void a_failed_set_changes_nothing(void **state) {
    (void)state;
    static const struct {
        int option;
        const char *text;
    } sets[] = {{ZMQ_ROUTING_ID, "new"},
                {ZMQ_METADATA, "X-new:1"},
                {ZMQ_HELLO_MSG, "new"},
                {ZMQ_TCP_ACCEPT_FILTER, "1.2.3.4"}};
    struct zx_conf *c = zx_conf_new(ZMQ_ROUTER, false, true);
    assert_non_null(c);
    assert_int_equal(fill(&c), 0);
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        struct zx_conf before;
        memcpy(&before, c, sizeof before); /* with what lies between the fields */
        countdown = 0;
        armed = 1;
        int rc = set(&c, sets[i].option, sets[i].text);
        armed = 0;
        assert_int_equal(rc, -ENOMEM);
        assert_memory_equal(&before.id, &c->id, sizeof before.id);
        assert_memory_equal(&before.net, &c->net, sizeof before.net);
    }
    zx_conf_unref(c);
}

static void a_set_of_processors(void **state) {
    (void)state;
    struct zx_ctx_conf conf;
    int cpu = 3;
    zx_ctx_conf_init(&conf);
    assert_int_equal(zx_ctx_conf_set(&conf, ZMQ_THREAD_AFFINITY_CPU_ADD, &cpu, sizeof cpu), 0);
    cpu = 4;
    countdown = 0;
    armed = 1;
    int rc = zx_ctx_conf_set(&conf, ZMQ_THREAD_AFFINITY_CPU_ADD, &cpu, sizeof cpu);
    armed = 0;
    assert_int_equal(rc, -ENOMEM);
    assert_int_equal(conf.n_cpus, 1);
    assert_int_equal(conf.cpus[0], 3);
    zx_ctx_conf_fini(&conf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_fails_once),
        cmocka_unit_test(a_failed_set_changes_nothing),
        cmocka_unit_test(a_set_of_processors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
