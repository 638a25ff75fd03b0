/* SPDX-License-Identifier: MIT */
/* One socket whose connections several I/O threads serve: who serves them, that nothing is lost or
 * out of order, and that all ends while connections come and go. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

#include "core/ctx.h"
#include "core/io.h"
#include "core/reactor.h"
#include "core/socket.h"
#include "crew.h"

enum { THREADS = 4, CLIENTS = 120, EACH = 100, PATIENCE_MS = 30000 };

struct scene {
    void *ctx, *client_ctx; /* several I/O threads; one */
    void *server;
    char endpoint[128];
    void *client[CLIENTS];
};

static void *new_ctx(int threads) {
    void *ctx = zmq_ctx_new();
    assert_non_null(ctx);
    assert_int_equal(zmq_ctx_set(ctx, ZMQ_IO_THREADS, threads), 0);
    return ctx;
}

static void *open_socket(void *ctx, int type) {
    int patience = PATIENCE_MS, none = 0;
    void *s = zmq_socket(ctx, type);
    assert_non_null(s);
    assert_int_equal(zmq_setsockopt(s, ZMQ_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_SNDTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_LINGER, &none, sizeof none), 0);
    return s;
}

static void raise_curtain(struct scene *s, int server_type, uint64_t affinity) {
    size_t size = sizeof s->endpoint;
    s->ctx = new_ctx(THREADS);
    s->client_ctx = new_ctx(1);
    s->server = open_socket(s->ctx, server_type);
    assert_int_equal(zmq_setsockopt(s->server, ZMQ_AFFINITY, &affinity, sizeof affinity), 0);
    assert_int_equal(zmq_bind(s->server, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(s->server, ZMQ_LAST_ENDPOINT, s->endpoint, &size), 0);
}

static void open_clients(struct scene *s, int type) {
    for (int i = 0; i < CLIENTS; i++) {
        s->client[i] = open_socket(s->client_ctx, type);
        if (type == ZMQ_SUB)
            assert_int_equal(zmq_setsockopt(s->client[i], ZMQ_SUBSCRIBE, "", 0), 0);
        assert_int_equal(zmq_connect(s->client[i], s->endpoint), 0);
    }
}

static void drop_curtain(struct scene *s) {
    for (int i = 0; i < CLIENTS; i++)
        if (s->client[i])
            assert_int_equal(zmq_close(s->client[i]), 0);
    assert_int_equal(zmq_close(s->server), 0);
    assert_int_equal(zmq_ctx_term(s->client_ctx), 0);
    assert_int_equal(zmq_ctx_term(s->ctx), 0);
}

/* How many links and listeners of the server each I/O thread serves. */
static void count_served(struct scene *s, unsigned served[THREADS]) {
    struct zx_socket *sock = s->server;
    for (unsigned i = 0; i < THREADS; i++) {
        struct zx_io *io = sock->ctx->ios[i];
        served[i] = 0;
        zx_mutex_lock(&io->reactors.lock);
        for (uint32_t k = 0; k < io->reactors.n; k++)
            if (io->reactors.v[k])
                served[i] += zx_reactor_load(io->reactors.v[k]);
        zx_mutex_unlock(&io->reactors.lock);
    }
}

/* The first part of what a ROUTER gets says who sent it. */
static void echo(struct member *me) {
    struct scene *s = me->a;
    char id[64], body[64];
    for (int left = CLIENTS * EACH; left > 0 && !crew_is_over(me->crew); left--) {
        int n = zmq_recv(s->server, id, sizeof id, 0);
        int size = zmq_recv(s->server, body, sizeof body, 0);
        crew_check(me, n > 0 && size == 8);
        if (n <= 0 || size != 8)
            return;
        crew_check(me, zmq_send(s->server, id, (size_t)n, ZMQ_SNDMORE) == n);
        crew_check(me, zmq_send(s->server, body, 8, 0) == 8);
    }
}

static void talk(struct member *me) {
    struct scene *s = me->a;
    for (uint32_t seq = 0; seq < EACH; seq++)
        for (uint32_t i = 0; i < CLIENTS; i++)
            crew_check(me, zmq_send(s->client[i], (uint32_t[2]){i, seq}, 8, 0) == 8);
    for (uint32_t i = 0; i < CLIENTS; i++)
        for (uint32_t seq = 0; seq < EACH; seq++) {
            uint32_t got[2] = {0};
            int n = zmq_recv(s->client[i], got, sizeof got, 0);
            crew_check(me, n == 8 && got[0] == i && got[1] == seq);
            if (n != 8)
                return;
        }
}

static void play_echo(struct scene *s, uint64_t affinity) {
    raise_curtain(s, ZMQ_ROUTER, affinity);
    open_clients(s, ZMQ_DEALER);
    struct crew *crew = crew_start(PATIENCE_MS);
    crew_hire(crew, echo, s, NULL);
    crew_hire(crew, talk, s, NULL);
    crew_join(&crew);
}

static void all_io_threads_take_part(void **state) {
    (void)state;
    struct scene s = {0};
    unsigned served[THREADS];
    play_echo(&s, 0);
    count_served(&s, served);
    for (unsigned i = 0; i < THREADS; i++)
        assert_in_range(served[i], CLIENTS / THREADS / 2, CLIENTS / THREADS * 2);
    drop_curtain(&s);
}

static void affinity_says_which(void **state) {
    (void)state;
    struct scene s = {0};
    unsigned served[THREADS];
    play_echo(&s, 6);
    count_served(&s, served);
    assert_int_equal(served[0], 0);
    assert_in_range(served[1], CLIENTS / 2 - 2, CLIENTS / 2 + 2);
    assert_in_range(served[2], CLIENTS / 2 - 2, CLIENTS / 2 + 2);
    assert_int_equal(served[3], 0);
    drop_curtain(&s);
}

static void every_subscriber_gets_all(void **state) {
    (void)state;
    struct scene s = {0};
    raise_curtain(&s, ZMQ_XPUB, 0);
    int verbose = 1;
    assert_int_equal(zmq_setsockopt(s.server, ZMQ_XPUB_VERBOSE, &verbose, sizeof verbose), 0);
    open_clients(&s, ZMQ_SUB);
    for (int i = 0; i < CLIENTS; i++) {
        char subscription[4];
        assert_int_equal(zmq_recv(s.server, subscription, sizeof subscription, 0), 1);
    }
    for (uint32_t seq = 0; seq < EACH; seq++)
        assert_int_equal(zmq_send(s.server, &seq, sizeof seq, 0), sizeof seq);
    for (int i = 0; i < CLIENTS; i++)
        for (uint32_t seq = 0; seq < EACH; seq++) {
            uint32_t got;
            assert_int_equal(zmq_recv(s.client[i], &got, sizeof got, 0), sizeof got);
            assert_int_equal(got, seq);
        }
    drop_curtain(&s);
}

/* A client a turn, which may leave before it is heard. */
static void come_and_go(struct member *me) {
    struct scene *s = me->a;
    while (!crew_is_over(me->crew)) {
        int none = 0;
        void *c = zmq_socket(s->client_ctx, ZMQ_DEALER);
        crew_check(me, c && zmq_setsockopt(c, ZMQ_LINGER, &none, sizeof none) == 0);
        crew_check(me, zmq_connect(c, s->endpoint) == 0);
        for (unsigned n = crew_random(me, 20); n > 0; n--)
            crew_check(me, zmq_send(c, "12345678", 8, 0) == 8);
        crew_dawdle(me);
        crew_check(me, zmq_close(c) == 0);
    }
}

/* False: the context is shut down, which may be between any two calls. */
static bool answer_one(struct member *me, void *server) {
    char id[64], body[64];
    int n = zmq_recv(server, id, sizeof id, 0), size = n;
    if (n > 0)
        size = zmq_recv(server, body, sizeof body, 0);
    if (size > 0) {
        crew_check(me, size == 8);
        size = zmq_send(server, id, (size_t)n, ZMQ_SNDMORE);
    }
    if (size > 0)
        size = zmq_send(server, body, 8, 0);
    crew_check(me, size > 0 || errno == ETERM);
    return size > 0;
}

static void answer_whoever_is_there(struct member *me) {
    struct scene *s = me->a;
    while (!crew_is_over(me->crew) && answer_one(me, s->server))
        ;
}

static void all_ends_under_way(void **state) {
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct scene s = {0};
        raise_curtain(&s, ZMQ_ROUTER, round ? 15 : 0);
        open_clients(&s, ZMQ_DEALER);
        struct crew *crew = crew_start(400);
        for (int i = 0; i < 3; i++)
            crew_hire(crew, come_and_go, &s, NULL);
        crew_hire(crew, answer_whoever_is_there, &s, NULL);
        for (uint32_t seq = 0; !crew_is_over(crew); seq++)
            for (int i = 0; i < CLIENTS && !crew_is_over(crew); i++)
                (void)zmq_send(s.client[i], "12345678", 8, ZMQ_DONTWAIT);
        (void)zmq_send(s.client[0], "12345678", 8, ZMQ_DONTWAIT);
        assert_int_equal(zmq_ctx_shutdown(s.ctx), 0);
        crew_join(&crew);
        drop_curtain(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_io_threads_take_part),
        cmocka_unit_test(affinity_says_which),
        cmocka_unit_test(every_subscriber_gets_all),
        cmocka_unit_test(all_ends_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
