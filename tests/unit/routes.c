/* SPDX-License-Identifier: MIT */
/* Routing ids, beside a list searched from end to end; entered and looked up by several threads. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/pipe.h"
#include "core/routes.h"
#include "core/socket.h"
#include "zmq.h"

/* The program is linked with --wrap. */
void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);

static int no_memory;

void *__wrap_calloc(size_t n, size_t size) {
    return no_memory ? NULL : __real_calloc(n, size);
}

#define assert_ok(rc) assert_int_equal(rc, 0)

static uint32_t rng = 3;

static uint32_t below(uint32_t n) {
    rng = rng * 1664525u + 1013904223u;
    return (rng >> 8) % n;
}

/* A ROUTER gives the registry a home; the pipes lead nowhere. */
struct house {
    void *ctx;
    struct zx_socket *s;
};

static int make(void **state) {
    static struct house h;
    h.ctx = zmq_ctx_new();
    h.s = zmq_socket(h.ctx, ZMQ_ROUTER);
    *state = &h;
    return h.s && h.s->routes ? 0 : -1;
}

static int unmake(void **state) {
    struct house *h = *state;
    int rc = zmq_close(h->s);
    return rc | zmq_ctx_term(h->ctx);
}

static struct zx_pipe *pipe_new(struct house *h, const void *id, size_t size) {
    struct zx_pipe *p = zx_pipe_new(h->s, h->s->conf);
    assert_non_null(p);
    if (size)
        memcpy(p->id, id, size);
    p->id_size = (uint8_t)size;
    return p;
}

static bool finds(struct house *h, const void *id, size_t size, const struct zx_pipe *expected) {
    struct zx_pipe *p = zx_routes_find(h->s->routes, id, size);
    if (p)
        zx_pipe_unref(p);
    return p == expected;
}

static void an_empty_registry(void **state) {
    struct house *h = *state;
    assert_true(finds(h, "x", 1, NULL));
    assert_true(finds(h, "", 0, NULL));
    struct zx_pipe *p = pipe_new(h, "x", 1);
    zx_routes_remove(h->s->routes, p); /* never entered */
    zx_pipe_unref(p);
}

static void made_ids_differ(void **state) {
    struct house *h = *state;
    enum { N = 500 };
    struct zx_pipe *p[N];
    for (int i = 0; i < N; i++) {
        p[i] = pipe_new(h, "", 0);
        assert_ok(zx_routes_add(h->s, p[i]));
        assert_int_equal(p[i]->id_size, 5);
        assert_int_equal(p[i]->id[0], 0);
        assert_ok(zx_routes_add(h->s, p[i])); /* again: nothing changes */
    }
    for (int i = 0; i < N; i++)
        assert_true(finds(h, p[i]->id, 5, p[i]));
    /* An id of our own making that a peer has chosen is passed over. */
    uint8_t next[5] = {0};
    zx_put32(next + 1, zx_get32(p[N - 1]->id + 1) + 1);
    struct zx_pipe *chosen = pipe_new(h, next, 5), *made = pipe_new(h, "", 0);
    assert_ok(zx_routes_add(h->s, chosen));
    assert_ok(zx_routes_add(h->s, made));
    assert_memory_not_equal(made->id, next, 5);
    assert_true(finds(h, next, 5, chosen));
    zx_routes_remove(h->s->routes, chosen);
    zx_routes_remove(h->s->routes, made);
    zx_pipe_unref(chosen);
    zx_pipe_unref(made);
    for (int i = 0; i < N; i++) {
        zx_routes_remove(h->s->routes, p[i]);
        assert_true(finds(h, p[i]->id, 5, NULL));
        zx_pipe_unref(p[i]);
    }
}

static void an_id_taken(void **state) {
    struct house *h = *state;
    struct zx_pipe *a = pipe_new(h, "same", 4), *b = pipe_new(h, "same", 4);
    assert_ok(zx_routes_add(h->s, a));
    assert_int_equal(zx_routes_add(h->s, b), -EADDRINUSE);
    zx_routes_remove(h->s->routes, b); /* the one that was refused */
    assert_true(finds(h, "same", 4, a));
    zx_routes_set_handover(h->s->routes, true);
    assert_ok(zx_routes_add(h->s, b));
    assert_true(finds(h, "same", 4, b));
    assert_false(a->registered);
    assert_int_equal(atomic_load(&a->post.reasons), ZX_POST_EVICT);
    zx_routes_remove(h->s->routes, a); /* the old one leaves late */
    assert_true(finds(h, "same", 4, b));
    zx_routes_set_handover(h->s->routes, false);
    zx_routes_remove(h->s->routes, b);
    assert_true(finds(h, "same", 4, NULL));
    zx_pipe_unref(a);
    zx_pipe_unref(b);
}

static void without_memory(void **state) {
    struct house *h = *state;
    struct zx_pipe *p[40];
    int entered = 0, refused = 0;
    for (uint8_t i = 0; i < 40; i++) {
        p[i] = pipe_new(h, &i, i % 2);
        no_memory = i % 3;
        int rc = zx_routes_add(h->s, p[i]);
        bool ok = !rc;
        assert_true(ok || rc == -ENOMEM);
        no_memory = 0;
        assert_int_equal(ok, p[i]->registered);
        entered += ok;
        refused += !ok;
    }
    assert_true(refused > 0 && entered > 0);
    for (uint8_t i = 0; i < 40; i++) {
        if (i % 2)
            assert_true(finds(h, &i, 1, p[i]->registered ? p[i] : NULL));
        zx_routes_remove(h->s->routes, p[i]);
        zx_pipe_unref(p[i]);
    }
}

/* ---- at random, beside a list ---- */

enum { IDS = 120, STEPS = 60000 };

static struct id {
    uint8_t data[255];
    size_t size;
} ids[IDS];

static void make_ids(void) {
    for (size_t i = 0; i < IDS; i++) {
        ids[i].size = i < 60 ? 1 + i % 3 : 1 + below(255);
        for (size_t k = 0; k < ids[i].size; k++)
            ids[i].data[k] = (uint8_t)below(i < 60 ? 64 : 256);
        /* Different from all before it. */
        for (size_t k = 0; k < i; k++) {
            if (ids[k].size == ids[i].size && !memcmp(ids[k].data, ids[i].data, ids[i].size)) {
                i--;
                break;
            }
        }
    }
}

static void random_sequences(void **state) {
    struct house *h = *state;
    struct zx_pipe *in[IDS] = {0};
    make_ids();
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = below(step / 5000 % 2 ? IDS : IDS / 4);
        const struct id *id = &ids[i];
        assert_true(finds(h, id->data, id->size, in[i]));
        if (in[i] && below(2)) {
            zx_routes_remove(h->s->routes, in[i]);
            zx_pipe_unref(in[i]);
            in[i] = NULL;
            continue;
        }
        struct zx_pipe *p = pipe_new(h, id->data, id->size);
        bool ok = !zx_routes_add(h->s, p);
        assert_int_equal(ok, !in[i]);
        if (ok)
            in[i] = p;
        else
            zx_pipe_unref(p);
    }
    for (int i = 0; i < IDS; i++) {
        assert_true(finds(h, ids[i].data, ids[i].size, in[i]));
        if (!in[i])
            continue;
        zx_routes_remove(h->s->routes, in[i]);
        zx_pipe_unref(in[i]);
    }
}

/* ---- two threads ---- */

struct enterer {
    struct house *h;
    atomic_uint done;
};

static void *enter_and_leave(void *arg) {
    struct enterer *e = arg;
    for (uint32_t i = 0; i < 5000; i++) {
        uint8_t id[4];
        zx_put32(id, i % 50);
        struct zx_pipe *p = zx_pipe_new(e->h->s, e->h->s->conf);
        if (!p)
            break;
        memcpy(p->id, id, 4);
        p->id_size = 4;
        if (!zx_routes_add(e->h->s, p))
            zx_routes_remove(e->h->s->routes, p);
        zx_pipe_unref(p);
    }
    atomic_store(&e->done, 1);
    return NULL;
}

static void looked_up_while_peers_come_and_go(void **state) {
    struct enterer e = {.h = *state};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, enter_and_leave, &e), 0);
    for (uint32_t i = 0; !atomic_load(&e.done); i++) {
        uint8_t id[4];
        zx_put32(id, i % 50);
        struct zx_pipe *p = zx_routes_find(e.h->s->routes, id, 4);
        if (!p)
            continue;
        assert_memory_equal(p->id, id, 4); /* the reference keeps it */
        zx_pipe_unref(p);
    }
    assert_int_equal(pthread_join(t, NULL), 0);
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0); /* what failed is seen even if the end hangs on pipes left */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_registry, make, unmake),
        cmocka_unit_test_setup_teardown(made_ids_differ, make, unmake),
        cmocka_unit_test_setup_teardown(an_id_taken, make, unmake),
        cmocka_unit_test_setup_teardown(without_memory, make, unmake),
        cmocka_unit_test_setup_teardown(random_sequences, make, unmake),
        cmocka_unit_test_setup_teardown(looked_up_while_peers_come_and_go, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
