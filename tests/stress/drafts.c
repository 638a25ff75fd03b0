/* SPDX-License-Identifier: MIT */
/*
 * The draft types under threads: one SERVER that many threads answer for, one CLIENT that many
 * ask through; RADIO and DISH while groups are joined and left and a neighbour comes and goes.
 * Every request has its answer, once; what was in a group throughout misses nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "crew.h"

enum { THREADS = 3, REQUESTS = 2000, PATIENCE_MS = 20000, BROADCASTS = 4000 };

static const char *const endpoints[] = {"inproc://drafts", "tcp://127.0.0.1:*"}; /* and ipc */

static const char *last_endpoint(void *s) {
    static char text[100];
    size_t size = sizeof text;
    assert_int_equal(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, text, &size), 0);
    return text;
}

static void *open_socket(void *ctx, int type) {
    void *s = zmq_socket(ctx, type);
    int patience = PATIENCE_MS;
    assert_non_null(s);
    assert_int_equal(zmq_setsockopt(s, ZMQ_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_SNDTIMEO, &patience, sizeof patience), 0);
    return s;
}

static void meet(void *binder, void *other, unsigned how) {
    char ipc[60];
    snprintf(ipc, sizeof ipc, "ipc://@zx-drafts-%d", (int)getpid());
    assert_int_equal(zmq_bind(binder, how < 2 ? endpoints[how] : ipc), 0);
    assert_int_equal(zmq_connect(other, last_endpoint(binder)), 0);
}

/* ---- requests and answers ---- */

struct exchange {
    void *server;
    void *client[2];
    atomic_int asked;           /* numbers given out, below 2 * REQUESTS */
    atomic_int answered;        /* by the server's threads */
    atomic_int got;             /* answers received */
    atomic_uchar seen[2 * REQUESTS];
};

/* Returns the message to its sender: the routing id stays in it. */
static void serve(struct member *me) {
    struct exchange *x = me->a;
    while (atomic_fetch_add(&x->answered, 1) < 2 * REQUESTS && !crew_is_over(me->crew)) {
        zmq_msg_t msg;
        zmq_msg_init(&msg);
        crew_check(me, zmq_msg_recv(&msg, x->server, 0) >= (int)sizeof(int));
        crew_check(me, zmq_msg_routing_id(&msg) != 0);
        crew_check(me, zmq_msg_send(&msg, x->server, 0) >= (int)sizeof(int));
        zmq_msg_close(&msg);
    }
}

/* Asks through both clients in turn. */
static void request(struct member *me) {
    struct exchange *x = me->a;
    int n;
    while ((n = atomic_fetch_add(&x->asked, 1)) < 2 * REQUESTS && !crew_is_over(me->crew)) {
        char body[20000] = "";
        size_t size = crew_random(me, 20) ? sizeof n + crew_random(me, 50) : sizeof body;
        memcpy(body, &n, sizeof n);
        crew_check(me, zmq_send(x->client[n % 2], body, size, 0) == (int)size);
    }
}

static void collect(struct member *me) {
    struct exchange *x = me->a;
    void *client = me->b;
    for (int i = 0; i < REQUESTS && !crew_is_over(me->crew); i++) {
        int n = -1;
        crew_check(me, zmq_recv(client, &n, sizeof n, 0) >= (int)sizeof n);
        if (n < 0 || n >= 2 * REQUESTS)
            crew_fail(me, "an answer to nothing");
        else
            crew_check(me, atomic_fetch_add(&x->seen[n], 1) == 0);
        atomic_fetch_add(&x->got, 1);
    }
}

static void answers_find_their_way(void **state) {
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        void *ctx = zmq_ctx_new();
        struct exchange *x = calloc(1, sizeof *x);
        struct crew *c = crew_start(PATIENCE_MS * 2);
        assert_non_null(x);
        x->server = open_socket(ctx, ZMQ_SERVER);
        for (int i = 0; i < 2; i++)
            x->client[i] = open_socket(ctx, ZMQ_CLIENT);
        meet(x->server, x->client[0], how);
        assert_int_equal(zmq_connect(x->client[1], last_endpoint(x->server)), 0);
        for (int i = 0; i < THREADS; i++) {
            crew_hire(c, serve, x, NULL);
            crew_hire(c, request, x, NULL);
        }
        for (int i = 0; i < 2; i++)
            crew_hire(c, collect, x, x->client[i]);
        crew_join(&c);
        assert_int_equal(atomic_load(&x->got), 2 * REQUESTS);
        for (int i = 0; i < 2; i++)
            assert_int_equal(zmq_close(x->client[i]), 0);
        assert_int_equal(zmq_close(x->server), 0);
        assert_int_equal(zmq_ctx_term(ctx), 0);
        free(x);
    }
}

/* ---- groups ---- */

struct station {
    void *ctx, *radio, *dish;
    char endpoint[100];
    atomic_bool heard; /* the dish is in its group */
    atomic_int sent;   /* numbers given out */
    int per_thread[THREADS];
};

struct call {
    int from, number; /* number -1: a probe */
};

static int broadcast(struct member *me, const char *group, const struct call *call) {
    struct station *t = me->a;
    zmq_msg_t msg;
    crew_check(me, zmq_msg_init_buffer(&msg, call, sizeof *call) == 0);
    crew_check(me, zmq_msg_set_group(&msg, group) == 0);
    int rc = zmq_msg_send(&msg, t->radio, 0);
    zmq_msg_close(&msg);
    return rc;
}

/* Each thread's calls arrive in order and without gaps: nothing is dropped with XPUB_NODROP. */
static void announce(struct member *me) {
    struct station *t = me->a;
    struct call call = {(int)me->number, -1};
    while (!atomic_load(&t->heard) && !crew_is_over(me->crew))
        crew_check(me, broadcast(me, "steady", &call) == (int)sizeof call);
    for (call.number = 0; call.number < BROADCASTS && !crew_is_over(me->crew); call.number++) {
        crew_check(me, broadcast(me, "steady", &call) == (int)sizeof call);
        if (crew_random(me, 4) == 0)
            crew_check(me, broadcast(me, "fickle", &call) == (int)sizeof call);
    }
}

static void listen_steadily(struct member *me) {
    struct station *t = me->a;
    int next[THREADS] = {0}, left = THREADS * BROADCASTS;
    while (left > 0 && !crew_is_over(me->crew)) {
        struct call call = {-1, 0};
        zmq_msg_t msg;
        zmq_msg_init(&msg);
        crew_check(me, zmq_msg_recv(&msg, t->dish, 0) == (int)sizeof call);
        if (zmq_msg_size(&msg) == sizeof call)
            memcpy(&call, zmq_msg_data(&msg), sizeof call);
        atomic_store(&t->heard, true);
        if (strcmp(zmq_msg_group(&msg), "steady") == 0 && call.number >= 0) {
            crew_check(me, call.from >= 0 && call.from < THREADS);
            crew_check(me, call.number == next[call.from % THREADS]);
            next[call.from % THREADS] = call.number + 1;
            left--;
        }
        zmq_msg_close(&msg);
    }
    crew_end(me->crew);
}

/* The dish changes its mind about another group, in another thread than the one that receives. */
static void join_and_leave(struct member *me) {
    struct station *t = me->a;
    while (!crew_is_over(me->crew)) {
        crew_check(me, zmq_join(t->dish, "fickle") == 0);
        crew_dawdle(me);
        crew_check(me, zmq_leave(t->dish, "fickle") == 0);
    }
}

/* A second dish in the same group comes and goes. */
static void visit(struct member *me) {
    struct station *t = me->a;
    while (!crew_is_over(me->crew)) {
        void *s = zmq_socket(t->ctx, ZMQ_DISH);
        zmq_msg_t msg;
        if (!s)
            continue;
        crew_check(me, zmq_connect(s, t->endpoint) == 0);
        crew_check(me, zmq_join(s, "steady") == 0);
        crew_check(me, zmq_join(s, "fickle") == 0);
        zmq_msg_init(&msg);
        for (unsigned i = crew_random(me, 100); i > 0; i--)
            (void)zmq_msg_recv(&msg, s, ZMQ_DONTWAIT);
        zmq_msg_close(&msg);
        crew_check(me, zmq_close(s) == 0);
    }
}

static void groups_are_kept(void **state) {
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        struct station t = {.ctx = zmq_ctx_new()};
        struct crew *c = crew_start(PATIENCE_MS * 2);
        int one = 1;
        t.radio = open_socket(t.ctx, ZMQ_RADIO);
        t.dish = open_socket(t.ctx, ZMQ_DISH);
        assert_int_equal(zmq_setsockopt(t.radio, ZMQ_XPUB_NODROP, &one, sizeof one), 0);
        assert_int_equal(zmq_join(t.dish, "steady"), 0);
        meet(t.radio, t.dish, how);
        snprintf(t.endpoint, sizeof t.endpoint, "%s", last_endpoint(t.radio));
        for (int i = 0; i < THREADS; i++)
            crew_hire(c, announce, &t, NULL);
        crew_hire(c, listen_steadily, &t, NULL);
        crew_hire(c, join_and_leave, &t, NULL);
        crew_hire(c, visit, &t, NULL);
        crew_join(&c);
        assert_int_equal(zmq_close(t.dish), 0);
        assert_int_equal(zmq_close(t.radio), 0);
        assert_int_equal(zmq_ctx_term(t.ctx), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_find_their_way),
        cmocka_unit_test(groups_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
