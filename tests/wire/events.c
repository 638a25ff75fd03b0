/* SPDX-License-Identifier: MIT */
/* What a monitor sees of connections: monitor-poll-proxy.md §1.2 - §1.6, zmtp.md §12. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One event of version 1 with its address. */
static int next_with_address(struct node *n, uint32_t *value, char *address, size_t size) {
    uint8_t data[6];
    uint16_t event;
    struct node eye = {.world = n->world, .sock = n->monitor};
    int len;
    if (!node_poll(&eye, ZMQ_POLLIN, DEADLINE_MS))
        return 0;
    assert_int_equal(zmq_recv(n->monitor, data, sizeof data, ZMQ_DONTWAIT), 6);
    len = zmq_recv(n->monitor, address, size - 1, ZMQ_DONTWAIT);
    assert_true(len >= 0 && (size_t)len < size);
    address[len] = '\0';
    memcpy(&event, data, 2);
    memcpy(value, data + 2, 4);
    return event;
}

static void expect_with_address(struct node *n, int event, const char *address) {
    uint32_t value;
    char got[300];
    int seen = next_with_address(n, &value, got, sizeof got);
    wire_check(seen == event, "%s instead of %s", node_event_name(seen), node_event_name(event));
    wire_check(strcmp(got, address) == 0, "%s from \"%s\" instead of \"%s\"",
               node_event_name(event), got, address);
}

/* §1.5: success, then the peer's end, on the listening side; the address is our own. */
static void listening_side(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    struct peer *p;
    char address[300];
    uint32_t fd = 0;
    node_watch(n);
    node_bind(n);
    assert_int_equal(next_with_address(n, &fd, address, sizeof address), ZMQ_EVENT_LISTENING);
    assert_string_equal(address, n->endpoint);
    assert_true(fcntl((int)fd, F_GETFD) != -1);
    p = peer_connect(*state, n->endpoint);
    expect_with_address(n, ZMQ_EVENT_ACCEPTED, n->endpoint);
    peer_shake(p, "PUSH");
    expect_with_address(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, n->endpoint);
    peer_drop(p);
    expect_with_address(n, ZMQ_EVENT_DISCONNECTED, n->endpoint);
    assert_int_equal(zmq_unbind(n->sock, n->endpoint), 0);
    expect_with_address(n, ZMQ_EVENT_CLOSED, n->endpoint);
    zmq_close(n->sock);
    expect_with_address(n, ZMQ_EVENT_MONITOR_STOPPED, "");
    n->sock = zmq_socket(n->world->ctx, ZMQ_PULL);
}

static void connecting_side(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(*state, ZMQ_PUSH);
    struct peer *l = peer_listen(*state), *p;
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    node_watch(n);
    node_connect(n, l->address);
    p = peer_accept(l);
    if (w->transport[0] == 't')
        expect_with_address(n, ZMQ_EVENT_CONNECT_DELAYED, l->address);
    expect_with_address(n, ZMQ_EVENT_CONNECTED, l->address);
    peer_shake(p, "PULL");
    expect_with_address(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, l->address);
    peer_drop(p);
    expect_with_address(n, ZMQ_EVENT_DISCONNECTED, l->address);
    expect_with_address(n, ZMQ_EVENT_CONNECT_RETRIED, l->address);
}

static void values(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(*state, ZMQ_PUSH);
    struct peer *l = peer_listen(*state);
    node_watch(n);
    node_connect(n, l->address);
    if (w->transport[0] == 't')
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_CONNECT_DELAYED), EINPROGRESS);
    assert_true(fcntl((int)node_expect_event(n, ZMQ_EVENT_CONNECTED), F_GETFD) != -1);
    peer_shake(peer_accept(l), "PULL");
    assert_int_equal(node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED), 0);
}

/* §1.5: what we end ourselves raises nothing for the connection. */
static void local_ends(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL), *c = node_new(*state, ZMQ_PUSH);
    struct peer *p, *l = peer_listen(*state), *vacant = peer_reserve(*state);
    node_bind(n);
    node_watch(n);
    p = peer_connect(*state, n->endpoint);
    peer_shake(p, "PUSH");
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    assert_int_equal(zmq_unbind(n->sock, n->endpoint), 0);
    node_expect_event(n, ZMQ_EVENT_CLOSED);
    while (!wire_is_ours() && !wire_readable(p->fd, 5))
        node_expect_nothing(n, 0);
    peer_await_close(p); /* unbind ends what came in through it */
    assert_int_equal(node_next_event(n, NULL, 20), 0);

    node_watch(c);
    node_connect(c, l->address);
    p = peer_accept(l);
    peer_shake(p, "PULL");
    node_await_event(c, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    assert_int_equal(zmq_disconnect(c->sock, l->address), 0);
    while (!wire_is_ours() && !wire_readable(p->fd, 5))
        node_poll(c, ZMQ_POLLOUT, 0); /* libzmq needs the application for that */
    peer_await_close(p);
    assert_int_equal(node_next_event(c, NULL, 20), 0);

    node_connect(c, vacant->address); /* an attempt under way, or waiting for its turn */
    node_await_event(c, ZMQ_EVENT_CONNECT_RETRIED);
    assert_int_equal(zmq_disconnect(c->sock, vacant->address), 0);
}

/* §1.5: binding that fails, and how. */
static void failing_binds(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    struct peer *taken = peer_listen(*state);
    struct wire *w = *state;
    uint32_t value;
    node_watch(n);
    if (w->transport[0] == 't') {
        assert_int_equal(zmq_bind(n->sock, taken->address), -1);
        node_expect_event(n, ZMQ_EVENT_CLOSED);
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_BIND_FAILED), EADDRINUSE);
        assert_int_equal(zmq_bind(n->sock, "tcp://no-such-interface:5555"), -1);
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_BIND_FAILED), ENODEV);
        assert_int_equal(zmq_bind(n->sock, "tcp://127.0.0.1"), -1);
        value = node_expect_event(n, ZMQ_EVENT_BIND_FAILED);
        assert_true(value == EINVAL || value == ENODEV);
    } else {
        assert_int_equal(zmq_bind(n->sock, "ipc:///no/such/directory/x"), -1);
        node_await_event(n, ZMQ_EVENT_BIND_FAILED);
    }
    assert_int_equal(zmq_bind(n->sock, "nonsense://x"), -1);
    assert_int_equal(zmq_bind(n->sock, "nonsense"), -1);
    assert_int_equal(node_next_event(n, NULL, 20), 0);
}

/* Only what was asked for is told. */
static void selection(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    struct peer *p;
    node_bind(n);
    assert_int_equal(zmq_socket_monitor(n->sock, "inproc://some", ZMQ_EVENT_DISCONNECTED), 0);
    n->monitor = zmq_socket(n->world->ctx, ZMQ_PAIR);
    assert_int_equal(zmq_connect(n->monitor, "inproc://some"), 0);
    for (int i = 0; i < 3; i++) {
        p = peer_connect(*state, n->endpoint);
        peer_shake(p, "PUSH");
        peer_drop(p);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

/* §1.6, better: a monitor that nobody reads blocks nothing, however many events there are. */
static void unread_monitor(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL), *silent = node_new(*state, ZMQ_PULL);
    struct peer *p;
    wire_ours_only("libzmq freezes its I/O thread");
    assert_int_equal(zmq_socket_monitor(silent->sock, "inproc://nobody", ZMQ_EVENT_ALL), 0);
    node_bind(silent);
    node_watch(n);
    node_bind(n);
    for (int i = 0; i < 1500; i++) {
        p = peer_connect(*state, (i & 1 ? n : silent)->endpoint);
        peer_shake(p, "PUSH");
        peer_drop(p);
    }
    p = peer_connect(*state, n->endpoint);
    peer_shake(p, "PUSH");
    peer_send(p, "<00 'x'>");
    node_expect(n, "'x'");
    p = peer_connect(*state, silent->endpoint);
    peer_shake(p, "PUSH");
    peer_send(p, "<00 'y'>");
    node_expect(silent, "'y'");
}

/* §1.3: version 2: event, count, values, local and remote address, a frame each (draft). */
static void expect_v2(struct node *n, uint64_t event, bool local, bool remote) {
    struct node eye = {.world = n->world, .sock = n->monitor};
    zmq_msg_t msg;
    uint64_t number;
    for (int frame = 0; frame < 5; frame++) {
        node_receive(&eye, &msg);
        assert_int_equal(zmq_msg_more(&msg), frame < 4);
        if (frame < 3) {
            assert_int_equal(zmq_msg_size(&msg), 8);
            memcpy(&number, zmq_msg_data(&msg), 8);
        }
        if (frame == 0)
            wire_check(number == event, "event %s instead of %s", node_event_name((int)number),
                       node_event_name((int)event));
        else if (frame == 1)
            assert_int_equal(number, 1);
        else if (frame > 2)
            wire_check((zmq_msg_size(&msg) != 0) == (frame == 3 ? local : remote),
                       "%s address of %s: %.*s", frame == 3 ? "local" : "remote",
                       node_event_name((int)event), (int)zmq_msg_size(&msg),
                       (char *)zmq_msg_data(&msg));
        zmq_msg_close(&msg);
    }
}

static void second_version(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL), *c = node_new(*state, ZMQ_PUSH);
    struct peer *p;
    wire_ours_only("zmq_socket_monitor_versioned is a draft function");
    int rc = zmq_socket_monitor_versioned(n->sock, "inproc://v2", ZMQ_EVENT_ALL_V2, 2, ZMQ_PAIR);
    assert_int_equal(rc, 0);
    n->monitor = zmq_socket(n->world->ctx, ZMQ_PAIR);
    assert_int_equal(zmq_connect(n->monitor, "inproc://v2"), 0);
    node_bind(n);
    expect_v2(n, ZMQ_EVENT_LISTENING, true, false);
    p = peer_connect(*state, n->endpoint);
    peer_shake(p, "PUSH");
    expect_v2(n, ZMQ_EVENT_ACCEPTED, true, true);
    expect_v2(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, true, true);
    peer_drop(p);
    expect_v2(n, ZMQ_EVENT_DISCONNECTED, true, true);
    assert_int_equal(zmq_socket_monitor_versioned(c->sock, "inproc://v2c", ZMQ_EVENT_CONNECTED, 2,
                                                  ZMQ_PAIR), 0);
    c->monitor = zmq_socket(c->world->ctx, ZMQ_PAIR);
    assert_int_equal(zmq_connect(c->monitor, "inproc://v2c"), 0);
    node_connect(c, n->endpoint);
    expect_v2(c, ZMQ_EVENT_CONNECTED, true, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(listening_side),
        ON_BOTH(connecting_side),
        ON_BOTH(values),
        ON_BOTH(local_ends),
        ON_BOTH(failing_binds),
        ON_BOTH(selection),
        ON_BOTH(unread_monitor),
        ON_TCP(second_version),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
