/* SPDX-License-Identifier: MIT */
/* zmq_unbind and zmq_close have freed the address when they return; the same id again and again;
 * termination that has nothing to wait for: socket-types.md §2.7, §2.10, pitfalls.md §6.3, §13. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A fixed address for one test. */
static void choose(struct wire *w, char *address, size_t size) {
    struct node *n;
    if (strcmp(w->transport, "inproc") == 0) {
        snprintf(address, size, "inproc://here");
        return;
    }
    n = node_new(w, ZMQ_PULL);
    node_bind(n);
    snprintf(address, size, "%s", n->endpoint);
    assert_int_equal(zmq_unbind(n->sock, address), 0);
    node_close(n);
}

static void bind_at_once(struct node *n, const char *address, int round) {
    wire_check(zmq_bind(n->sock, address) == 0, "round %d: bind %s: %s", round, address,
               zmq_strerror(errno));
}

/* With a peer that is connected and has traffic under way. */
static void unbind_and_bind(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL), *c = node_new(w, ZMQ_PUSH);
    char address[160];
    wire_ours_only("libzmq frees the address some time later");
    choose(w, address, sizeof address);
    node_set(c, ZMQ_RECONNECT_IVL, 1);
    node_connect(c, address);
    for (int i = 0; i < 200; i++) {
        bind_at_once(n, address, i);
        if (i % 4 == 0 && strcmp(w->transport, "inproc") != 0) {
            (void)zmq_send(c->sock, "x", 1, ZMQ_DONTWAIT);
            node_poll(n, ZMQ_POLLIN, 20); /* it may have gone to the connection before */
        }
        assert_int_equal(zmq_unbind(n->sock, address), 0);
    }
}

static void close_and_bind(void **state) {
    struct wire *w = *state;
    struct node *c = node_new(w, ZMQ_PUSH);
    char address[160];
    wire_ours_only("libzmq frees the address some time later");
    choose(w, address, sizeof address);
    node_set(c, ZMQ_RECONNECT_IVL, 1);
    if (strcmp(w->transport, "inproc") != 0)
        node_connect(c, address);
    for (int i = 0; i < 200; i++) {
        struct node *n = node_new(w, ZMQ_PULL);
        bind_at_once(n, address, i);
        if (i % 4 == 0 && strcmp(w->transport, "inproc") != 0) {
            (void)zmq_send(c->sock, "x", 1, ZMQ_DONTWAIT);
            node_poll(n, ZMQ_POLLIN, 20); /* it may have gone to the connection before */
        }
        node_close(n);
    }
}

/* A stranger, without the library, may have the port at once. */
static void close_and_let_others(void **state) {
    struct wire *w = *state;
    char address[160];
    wire_ours_only("libzmq frees the address some time later");
    choose(w, address, sizeof address);
    for (int i = 0; i < 100; i++) {
        struct node *n = node_new(w, ZMQ_PULL);
        bind_at_once(n, address, i);
        if (i & 1)
            assert_int_equal(zmq_unbind(n->sock, address), 0);
        node_close(n);
        peer_drop(peer_listen_at(w, address));
        remove(strcmp(w->transport, "ipc") == 0 ? address + 6 : "");
    }
}

/* Another context, another thread accepting as fast as it can: still free when it returns. */
static atomic_bool stop_connecting;

static void *keep_connecting(void *arg) {
    const char *address = arg;
    void *ctx = zmq_ctx_new();
    int zero = 0;
    while (!atomic_load(&stop_connecting)) {
        void *s = zmq_socket(ctx, ZMQ_PUSH);
        zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero);
        zmq_connect(s, address);
        zmq_send(s, "x", 1, ZMQ_DONTWAIT);
        zmq_close(s);
    }
    zmq_ctx_term(ctx);
    return NULL;
}

static void under_attack(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL);
    char address[160];
    pthread_t thread;
    wire_ours_only("libzmq frees the address some time later");
    choose(w, address, sizeof address);
    atomic_store(&stop_connecting, false);
    assert_int_equal(pthread_create(&thread, NULL, keep_connecting, address), 0);
    for (int i = 0; i < 300; i++) {
        bind_at_once(n, address, i);
        node_poll(n, ZMQ_POLLIN, 2);
        assert_int_equal(zmq_unbind(n->sock, address), 0);
    }
    atomic_store(&stop_connecting, true);
    pthread_join(thread, NULL);
}

/* Twelve clients under one id: each is served as soon as the one before has gone. */
static void one_id_for_all(void **state) {
    struct wire *w = *state;
    struct node *router = node_new(w, ZMQ_ROUTER), *c[4];
    wire_ours_only("libzmq ignores every one but the first");
    node_bind(router);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++) {
            c[i] = node_new(w, ZMQ_DEALER);
            node_set_text(c[i], ZMQ_ROUTING_ID, "one");
            node_set(c[i], ZMQ_RECONNECT_IVL, 2);
            node_set(c[i], ZMQ_IMMEDIATE, 1); /* only who is let in can send */
            node_connect(c[i], router->endpoint);
        }
        for (int served = 0; served < 4; served++) {
            int who = -1;
            for (int64_t end = wire_now_ms() + DEADLINE_MS; who < 0 && wire_now_ms() < end;)
                for (int i = 0; i < 4; i++)
                    if (c[i] && node_poll(c[i], ZMQ_POLLOUT, 2))
                        who = i;
            wire_check(who >= 0, "nobody is let in");
            node_send(c[who], "'request %02x'", (unsigned)who);
            node_expect(router, "'one'|'request %02x'", (unsigned)who);
            node_send(router, "'one'|'reply'");
            node_expect(c[who], "'reply'");
            node_close(c[who]);
            c[who] = NULL;
        }
    }
}

/* Everything that may be going on, linger 0: termination is a matter of milliseconds. */
static void termination_is_quick(void **state) {
    struct wire *w = *state;
    for (int round = 0; round < 5; round++) {
        struct wire inner = {.transport = w->transport};
        struct peer *silent = peer_listen(w), *vacant = peer_reserve(w);
        struct node *push, *pull, *sub;
        int64_t start;
        inner.ctx = zmq_ctx_new();
        push = node_new(&inner, ZMQ_PUSH);
        pull = node_new(&inner, ZMQ_PULL);
        sub = node_new(&inner, ZMQ_SUB);
        node_set_text(sub, ZMQ_SUBSCRIBE, "");
        node_connect(sub, vacant->address);
        node_connect(push, silent->address);
        node_connect(push, vacant->address);
        assert_int_equal(zmq_connect(push->sock, "inproc://nobody"), 0);
        for (int i = 0; i < 500; i++)
            (void)zmq_send(push->sock, "unsent", 6, ZMQ_DONTWAIT);
        assert_int_equal(zmq_bind(pull->sock, "tcp://127.0.0.1:*"), 0);
        peer_accept(silent);
        start = wire_now_ms();
        node_close(push);
        node_close(pull);
        node_close(sub);
        assert_int_equal(zmq_ctx_term(inner.ctx), 0);
        wire_check(wire_now_ms() - start < 300 * WIRE_SLOWER, "%d ms",
                   (int)(wire_now_ms() - start));
    }
}

/* A thousand sockets, connected to each other, all closed: the same. */
static void termination_of_many(void **state) {
    struct wire *w = *state;
    void *ctx = zmq_ctx_new(), *s[1000];
    int zero = 0;
    char endpoint[160];
    size_t size = sizeof endpoint;
    int64_t start;
    (void)w;
    s[0] = zmq_socket(ctx, ZMQ_ROUTER);
    assert_int_equal(zmq_bind(s[0], "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(s[0], ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    for (int i = 0; i < 1000; i++) {
        if (i)
            s[i] = zmq_socket(ctx, ZMQ_DEALER);
        assert_non_null(s[i]);
        zmq_setsockopt(s[i], ZMQ_LINGER, &zero, sizeof zero);
        if (i)
            assert_int_equal(zmq_connect(s[i], endpoint), 0);
    }
    start = wire_now_ms();
    for (int i = 0; i < 1000; i++)
        zmq_close(s[i]);
    assert_int_equal(zmq_ctx_term(ctx), 0);
    wire_check(wire_now_ms() - start < 2000 * WIRE_SLOWER, "%d ms", (int)(wire_now_ms() - start));
}

/* A context that never had a socket, and one whose sockets come and go. */
static void contexts_of_all_ages(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        void *ctx = zmq_ctx_new();
        for (int k = 0; k < i % 4; k++)
            zmq_close(zmq_socket(ctx, ZMQ_PAIR));
        if (i & 1)
            assert_int_equal(zmq_ctx_shutdown(ctx), 0);
        assert_int_equal(zmq_ctx_term(ctx), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(unbind_and_bind),
        ON("inproc", unbind_and_bind),
        ON_BOTH(close_and_bind),
        ON("inproc", close_and_bind),
        ON_BOTH(close_and_let_others),
        ON_BOTH(under_attack),
        ON_BOTH(one_id_for_all),
        ON_BOTH(termination_is_quick),
        ON_TCP(termination_of_many),
        ON_TCP(contexts_of_all_ages),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
