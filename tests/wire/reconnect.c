/* SPDX-License-Identifier: MIT */
/* When a connecting socket comes back, after how long, and with what: zmtp.md §12,
 * socket-types.md §2.6, pitfalls.md §2, §3. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void expect_refused(struct node *n) {
    if (n->world->transport[0] == 't')
        node_expect_event(n, ZMQ_EVENT_CONNECT_DELAYED);
    node_expect_event(n, ZMQ_EVENT_CLOSED);
}

/* Without a maximum: IVL plus a random part of it, each time. */
static void jitter(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    bool differ = false;
    uint32_t first = 0;
    node_set(n, ZMQ_RECONNECT_IVL, 20);
    node_watch(n);
    node_connect(n, peer_reserve(*state)->address);
    for (int i = 0; i < 12; i++) {
        uint32_t delay;
        expect_refused(n);
        delay = node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
        wire_check(delay >= 20 && delay < 40, "a delay of %u ms", delay);
        differ = differ || (i && delay != first);
        first = i ? first : delay;
    }
    wire_check(differ, "no jitter: always %u ms", first);
}

/* With a maximum: doubled up to it, without jitter; a connection starts the series again. */
static void back_off(void **state) {
    static const uint32_t delays[] = {20, 40, 80, 160, 160, 160};
    struct node *n = node_new(*state, ZMQ_DEALER);
    struct peer *l = peer_reserve(*state);
    char address[128];
    wire_ours_only("libzmq 4.3.4 adds jitter here too");
    snprintf(address, sizeof address, "%s", l->address);
    node_set(n, ZMQ_RECONNECT_IVL, 20);
    node_set(n, ZMQ_RECONNECT_IVL_MAX, 160);
    node_watch(n);
    node_connect(n, address);
    for (size_t i = 0; i < 6; i++) {
        expect_refused(n);
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED), delays[i]);
    }
    peer_open(l);
    peer_drop(peer_accept(l)); /* restarts with the transport connection, not the handshake */
    peer_drop(l);
    peer_reserve_at(*state, address); /* or another program listens there */
    node_await_event(n, ZMQ_EVENT_DISCONNECTED);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED), delays[i]);
        expect_refused(n);
    }
}

/* A maximum below the interval is the delay (pitfalls.md §3.6). */
static void small_maximum(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    wire_ours_only("libzmq 4.3.4 adds jitter here too");
    node_set(n, ZMQ_RECONNECT_IVL, 3000);
    node_set(n, ZMQ_RECONNECT_IVL_MAX, 10);
    node_watch(n);
    node_connect(n, peer_reserve(*state)->address);
    for (int i = 0; i < 4; i++) {
        expect_refused(n);
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED), 10);
    }
}

/* -1 and 0: no second attempt; the endpoint stays listed after a refusal, not after a loss. */
static void disabled(void **state) {
    static const int values[] = {-1, 0};
    for (int i = 0; i < 2; i++) {
        struct node *n = node_new(*state, ZMQ_DEALER), *m = node_new(*state, ZMQ_DEALER);
        struct peer *l = peer_listen(*state), *p;
        struct peer *vacant = peer_reserve(*state);
        node_set(n, ZMQ_RECONNECT_IVL, values[i]);
        node_watch(n);
        node_connect(n, vacant->address);
        expect_refused(n);
        assert_int_equal(node_next_event(n, NULL, QUIET_MS), 0);
        assert_int_equal(zmq_disconnect(n->sock, vacant->address), 0);

        node_set(m, ZMQ_RECONNECT_IVL, values[i]);
        node_watch(m);
        node_connect(m, l->address);
        p = peer_accept(l);
        peer_shake(p, "DEALER");
        peer_drop(p);
        node_await_event(m, ZMQ_EVENT_DISCONNECTED);
        assert_int_equal(node_next_event(m, NULL, 50), 0);
        node_expect_nothing(m, 0);
        assert_int_equal(zmq_disconnect(m->sock, l->address), -1);
        assert_int_equal(zmq_errno(), ENOENT);
        node_connect(m, l->address); /* forgotten, so this is a new one (§3.2) */
        p = peer_accept(l);
        peer_shake(p, "DEALER");
        node_close(n);
        node_close(m);
    }
}

/* RECONNECT_STOP: 1 at a refusal (tcp), 2 when the handshake was not finished (draft). */
static void stop_conditions(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER), *m = node_new(*state, ZMQ_DEALER);
    struct wire *w = *state;
    struct peer *l = peer_listen(*state), *vacant = peer_reserve(*state), *p;
    wire_ours_only("RECONNECT_STOP is a draft option");
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    node_set(n, ZMQ_RECONNECT_STOP, ZMQ_RECONNECT_STOP_CONN_REFUSED);
    node_watch(n);
    node_connect(n, vacant->address);
    expect_refused(n);
    if (w->transport[0] == 't') {
        assert_int_equal(node_next_event(n, NULL, QUIET_MS), 0);
        assert_int_equal(zmq_disconnect(n->sock, vacant->address), -1);
        assert_int_equal(zmq_errno(), ENOENT);
    } else {
        node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
    }
    node_set(m, ZMQ_RECONNECT_IVL, 5);
    node_set(m, ZMQ_RECONNECT_STOP, ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED);
    node_connect(m, l->address);
    p = peer_accept(l);
    peer_shake(p, "DEALER");
    peer_drop(p); /* a loss after the handshake is repaired */
    p = peer_accept(l);
    peer_greet(p);
    peer_drop(p); /* one within is not */
    peer_expect_nobody(l, QUIET_MS);
}

/* §12: losses of every kind are repaired, as often as they come. */
static void repaired(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    struct peer *l = peer_listen(*state), *p;
    node_set(n, ZMQ_RECONNECT_IVL, 2);
    node_watch(n);
    node_connect(n, l->address);
    for (int i = 0; i < 24; i++) {
        p = peer_accept(l);
        if (i & 1)
            peer_shake(p, "DEALER");
        else if (i & 2)
            peer_send(p, "ff 00*8");
        node_expect_connected(n);
        if (i & 1)
            node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        if (i & 4)
            peer_reset(p);
        else
            peer_drop(p);
        if (!(i & 1))
            node_expect_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
    }
    p = peer_accept(l);
    peer_shake(p, "DEALER");
    peer_send(p, "<00 'x'>");
    node_expect(n, "'x'");
}

/* After a protocol error the endpoint stays listed but never retries. Connecting again is a silent
 * no-op for these types in libzmq (§12, pitfalls.md §3.1, §3.2); here only while the first
 * connection may still come to something (api.md §6 zmq_connect, better). */
static void stopped_for_good(void **state) {
    static const struct {
        int type;
        const char *peer;
    } rows[] = {{ZMQ_DEALER, "DEALER"}, {ZMQ_SUB, "PUB"}, {ZMQ_PUB, "SUB"}, {ZMQ_REQ, "REP"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wire_row = (int)i;
        struct node *n = node_new(*state, rows[i].type);
        struct peer *l = peer_listen(*state), *p;
        node_set(n, ZMQ_RECONNECT_IVL, 2);
        node_watch(n);
        node_connect(n, l->address);
        p = peer_accept(l);
        peer_greet(p);
        peer_send(p, "<04 05'READY'(Socket-Type=NONSENSE)>");
        node_await_event(n, ZMQ_EVENT_DISCONNECTED);
        peer_expect_nobody(l, 30);
        node_connect(n, l->address);
        p = NULL;
        if (wire_is_ours())
            p = peer_accept(l); /* kept until the endpoint is gone: it would come again */
        else
            peer_expect_nobody(l, 30);
        assert_int_equal(zmq_disconnect(n->sock, l->address), 0);
        if (p)
            peer_drop(p);
        assert_int_equal(zmq_disconnect(n->sock, l->address), -1);
        node_connect(n, l->address);
        p = peer_accept(l);
        peer_shake(p, rows[i].peer);
        node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_close(n);
    }
}

/* zmq_connect twice to the same text: one connection for these, two for others. */
static void connecting_twice(void **state) {
    static const struct {
        int type;
        bool twice;
    } rows[] = {{ZMQ_DEALER, false}, {ZMQ_SUB, false}, {ZMQ_PUB, false}, {ZMQ_REQ, false},
                {ZMQ_PUSH, true}, {ZMQ_ROUTER, true}, {ZMQ_XSUB, true}, {ZMQ_PULL, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wire_row = (int)i;
        struct node *n = node_new(*state, rows[i].type);
        struct peer *l = peer_listen(*state);
        node_connect(n, l->address);
        node_connect(n, l->address);
        peer_accept(l);
        if (rows[i].twice)
            peer_accept(l);
        peer_expect_nobody(l, rows[i].twice ? 0 : 30);
        node_close(n);
    }
}

/* §2.1, §3.7: what is queued waits for the connection, goes out in order, survives a loss. */
static void queue_kept(void **state) {
    struct node *n = node_new(*state, ZMQ_PUSH);
    struct peer *p, *l = peer_reserve(*state);
    node_set(n, ZMQ_RECONNECT_IVL, 2);
    node_set(n, ZMQ_SNDHWM, 10);
    node_connect(n, l->address);
    for (unsigned i = 0; i < 10; i++)
        node_send(n, "'m'|%02x", i);
    assert_int_equal(zmq_send(n->sock, "x", 1, ZMQ_DONTWAIT), -1);
    assert_int_equal(zmq_errno(), EAGAIN);
    assert_int_equal(node_get(n, ZMQ_EVENTS) & ZMQ_POLLOUT, 0);
    peer_open(l);
    peer_drop(peer_accept(l)); /* lost before any message was given to it */
    p = peer_accept(l);
    peer_shake(p, "PULL");
    for (unsigned i = 0; i < 10; i++)
        peer_expect(p, "<01 'm'><00 %02x>", i);
    assert_true(node_poll(n, ZMQ_POLLOUT, DEADLINE_MS));
}

/* IMMEDIATE=1: no queue without a connection; it dies with the connection (§2.6). */
static void immediate(void **state) {
    struct node *n = node_new(*state, ZMQ_PUSH);
    struct peer *p, *l = peer_listen(*state);
    node_set(n, ZMQ_IMMEDIATE, 1);
    node_set(n, ZMQ_RECONNECT_IVL, 2);
    node_watch(n);
    node_connect(n, l->address);
    for (int i = 0; i < 3; i++) {
        p = peer_accept(l);
        assert_int_equal(zmq_send(n->sock, "x", 1, ZMQ_DONTWAIT), -1);
        assert_int_equal(zmq_errno(), EAGAIN);
        peer_shake(p, "PULL");
        assert_true(node_poll(n, ZMQ_POLLOUT, DEADLINE_MS));
        node_send(n, "'now'");
        peer_expect(p, "<00 'now'>");
        peer_drop(p);
        node_await_event(n, ZMQ_EVENT_DISCONNECTED);
        for (int64_t until = wire_now_ms() + DEADLINE_MS; node_poll(n, ZMQ_POLLOUT, 0);)
            wire_check(wire_now_ms() < until, "still writable");
    }
}

/* pitfalls.md §3.9: a source address that is the target: the socket meets itself. */
static void self_connection(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    struct peer *self = peer_reserve(*state);
    char both[300];
    wire_ours_only("libzmq waits for HANDSHAKE_IVL");
    snprintf(both, sizeof both, "%s;%s", self->address, self->address + 6);
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    node_watch(n);
    node_connect(n, both);
    for (int i = 0; i < 3; i++)
        node_await_event(n, ZMQ_EVENT_CONNECT_RETRIED);
    node_expect_nothing(n, 0);
}

/* CONNECT_TIMEOUT bounds a connection attempt that hangs: here the listener's queue is full. */
static void connect_timeout(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    struct peer *l = peer_listen(*state);
    struct node *filler = node_new(*state, ZMQ_PUSH);
    assert_int_equal(listen(l->fd, 0), 0);
    for (int i = 0; i < 8; i++)
        node_connect(filler, l->address);
    node_set(n, ZMQ_CONNECT_TIMEOUT, 50);
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    peer_expect_nobody(peer_listen(*state), 20); /* lets the fillers arrive */
    node_watch(n);
    node_connect(n, l->address);
    for (int i = 0; i < 3; i++) {
        node_expect_event(n, ZMQ_EVENT_CONNECT_DELAYED);
        node_expect_event(n, ZMQ_EVENT_CLOSED);
        node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(jitter),
        ON_BOTH(back_off),
        ON_BOTH(small_maximum),
        ON_BOTH(disabled),
        ON_BOTH(stop_conditions),
        ON_BOTH(repaired),
        ON_BOTH(stopped_for_good),
        ON_BOTH(connecting_twice),
        ON_BOTH(queue_kept),
        ON_BOTH(immediate),
        ON_TCP(self_connection),
        ON_TCP(connect_timeout),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
