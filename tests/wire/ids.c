/* SPDX-License-Identifier: MIT */
/* One id, one peer: duplicate routing ids, second peers of a PAIR, hand-over:
 * socket-types.md ROUTER and PAIR, pitfalls.md §6.3 - §6.6, §6.8, §6.14. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct node *bound(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    node_bind(n);
    return n;
}

/* Greets and announces an id; what comes back is for the test to say. */
static struct peer *announce(struct wire *w, struct node *n, const char *id) {
    struct peer *p = peer_connect(w, n->endpoint);
    peer_greet(p);
    peer_send(p, "<04 05'READY'(Socket-Type=DEALER)(Identity=%s)>", id);
    return p;
}

static struct peer *welcome(struct wire *w, struct node *n, const char *id) {
    struct peer *p = announce(w, n, id);
    peer_expect(p, "<04 05'READY'(Socket-Type=ROUTER)(Identity=)>");
    return p;
}

/* Tries until the id is free; the refusals are without READY and without ERROR. */
static struct peer *insist(struct wire *w, struct node *n, const char *id) {
    int64_t end = wire_now_ms() + DEADLINE_MS;
    do {
        struct peer *p = announce(w, n, id);
        uint8_t byte;
        if (wire_readable(p->fd, DEADLINE_MS) && recv(p->fd, &byte, 1, MSG_PEEK) == 1) {
            peer_expect(p, "<04 05'READY'(Socket-Type=ROUTER)(Identity=)>");
            return p;
        }
        peer_drop(p);
    } while (wire_now_ms() < end);
    fail_msg("the id never becomes free");
    return NULL;
}

static void duplicate_is_refused(void **state) {
    struct node *n = bound(*state, ZMQ_ROUTER);
    struct peer *first, *second;
    wire_ours_only("libzmq accepts a duplicate and ignores it for ever");
    node_watch(n);
    first = welcome(*state, n, "same");
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    for (int i = 0; i < 5; i++) {
        second = announce(*state, n, "same");
        peer_expect_close(second); /* neither READY nor ERROR */
        peer_drop(second);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL), 0x10000018);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    }
    peer_send(first, "<00 'still here'>");
    node_expect(n, "'same'|'still here'");
    node_send(n, "'same'|'yes'");
    peer_expect(first, "<00 'yes'>");
    second = welcome(*state, n, "other"); /* another id is welcome */
    peer_send(second, "<00 'x'>");
    node_expect(n, "'other'|'x'");
}

/* Half a handshake holds no id; a whole one does until the connection ends. */
static void the_id_becomes_free(void **state) {
    struct node *n = bound(*state, ZMQ_ROUTER);
    struct peer *p;
    wire_ours_only("libzmq accepts a duplicate and ignores it for ever");
    for (int i = 0; i < 5; i++) {
        p = insist(*state, n, "same");
        peer_send(p, "<00 %02x>", (unsigned)i);
        node_expect(n, "'same'|%02x", (unsigned)i);
        node_send(n, "'same'|%02x", (unsigned)i);
        peer_expect(p, "<00 %02x>", (unsigned)i);
        if (i & 1)
            peer_reset(p);
        else
            peer_drop(p);
    }
}

/* pitfalls.md §6.4: the application sits idle, with unread messages of the old connection. */
static void idle_router(void **state) {
    struct node *n = bound(*state, ZMQ_ROUTER);
    struct peer *p = NULL;
    wire_ours_only("libzmq releases the id only when the application enters the socket");
    for (unsigned i = 0; i < 4; i++) {
        p = insist(*state, n, "same");
        peer_send(p, "<01 'from'><00 %02x>", i);
        peer_expect_open(p);
        if (i < 3)
            peer_drop(p);
    }
    for (unsigned i = 0; i < 4; i++)
        node_expect(n, "'same'|'from'|%02x", i);
    node_send(n, "'same'|'to the last'");
    peer_expect(p, "<00 'to the last'>");
}

/* HANDOVER=1: the newcomer takes the id; the old connection is closed. */
static void handover(void **state) {
    struct node *n = node_new(*state, ZMQ_ROUTER);
    struct peer *old, *p;
    node_set(n, ZMQ_ROUTER_HANDOVER, 1);
    node_bind(n);
    old = welcome(*state, n, "same");
    peer_send(old, "<00 'old'>");
    node_expect(n, "'same'|'old'");
    for (unsigned i = 0; i < 4; i++) {
        p = welcome(*state, n, "same");
        peer_send(p, "<00 %02x>", i);
        node_expect(n, "'same'|%02x", i);
        node_send(n, "'same'|%02x", i);
        peer_expect(p, "<00 %02x>", i);
        if (wire_is_ours())
            peer_expect_close(old); /* libzmq leaves it open for nothing */
        old = p;
    }
}

/* pitfalls.md §6.5: a message that is being read from the old peer is finished first. */
static void handover_while_reading(void **state) {
    struct node *n = node_new(*state, ZMQ_ROUTER);
    struct peer *old, *p;
    zmq_msg_t msg;
    node_set(n, ZMQ_ROUTER_HANDOVER, 1);
    node_bind(n);
    old = welcome(*state, n, "same");
    peer_send(old, "<01 'p1'><01 'p2'><00 'p3'>");
    node_receive(n, &msg); /* the id */
    zmq_msg_close(&msg);
    node_receive(n, &msg);
    assert_memory_equal(zmq_msg_data(&msg), "p1", 2);
    zmq_msg_close(&msg);
    p = welcome(*state, n, "same");
    peer_send(p, "<00 'new'>");
    if (wire_is_ours())
        peer_await_close(old);
    else
        peer_expect_open(p);
    node_expect(n, "'p2'|'p3'");
    node_expect(n, "'same'|'new'");
    node_send(n, "'same'|'to the new one'");
    peer_expect(p, "<00 'to the new one'>");
}

/* §6.6: on the connecting side the id learnt first is kept. */
static void id_of_a_listening_peer(void **state) {
    struct peer *l = peer_listen(*state), *p;
    struct node *n = node_new(*state, ZMQ_ROUTER);
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    node_connect(n, l->address);
    for (int i = 0; i < 3; i++) {
        p = peer_accept(l);
        peer_greet(p);
        peer_send(p, "<04 05'READY'(Socket-Type=DEALER)(Identity=%s)>", i ? "later" : "first");
        peer_expect(p, "<04 05'READY'(Socket-Type=ROUTER)(Identity=)>");
        peer_send(p, "<00 'x'>");
        node_expect(n, "'first'|'x'");
        node_send(n, "'first'|'y'");
        peer_expect(p, "<00 'y'>");
        peer_drop(p);
    }
}

/* CONNECT_ROUTING_ID names the next connection at once; one that is taken fails (§6.8). */
static void chosen_id(void **state) {
    struct peer *l = peer_listen(*state), *p;
    struct node *n = node_new(*state, ZMQ_ROUTER);
    node_set(n, ZMQ_ROUTER_MANDATORY, 1);
    node_set_text(n, ZMQ_CONNECT_ROUTING_ID, "chosen");
    node_connect(n, l->address);
    node_send(n, "'chosen'|'early'");
    p = peer_accept(l);
    peer_greet(p);
    peer_send(p, "<04 05'READY'(Socket-Type=DEALER)(Identity=own)>");
    peer_expect(p, "<04 05'READY'(Socket-Type=ROUTER)(Identity=)><00 'early'>");
    peer_send(p, "<00 'x'>");
    node_expect(n, "'chosen'|'x'");
    if (!wire_is_ours())
        return; /* libzmq aborts here */
    node_set_text(n, ZMQ_CONNECT_ROUTING_ID, "chosen");
    assert_int_equal(zmq_connect(n->sock, l->address), -1);
    node_send(n, "'chosen'|'unharmed'");
    peer_expect(p, "<00 'unharmed'>");
}

/* A second peer of a PAIR: refused in the handshake, welcome when the first has gone. */
static void second_peer(struct wire *w, int type, const char *name) {
    struct node *n = bound(w, type);
    struct peer *first, *second;
    int64_t end;
    node_watch(n);
    first = peer_connect(w, n->endpoint);
    peer_shake(first, name);
    peer_send(first, "<00 'one'>");
    node_expect(n, "'one'");
    for (int i = 0; i < 3; i++) {
        second = peer_connect(w, n->endpoint);
        peer_send(second, "ff 00*8 7f 03 01 'NULL' 00*16 00*32 <04 05'READY'(Socket-Type=%s)>",
                  name);
        peer_expect(second, "ff 00*7 01 7f 03 01 'NULL' 00*16 00*32");
        peer_expect_close(second); /* neither READY nor ERROR */
        peer_drop(second);
    }
    node_send(n, "'two'");
    peer_expect(first, "<00 'two'>");
    peer_drop(first);
    for (end = wire_now_ms() + DEADLINE_MS; wire_now_ms() < end; peer_drop(second)) {
        uint8_t byte;
        second = peer_connect(w, n->endpoint);
        peer_greet(second);
        peer_send(second, "<04 05'READY'(Socket-Type=%s)>", name);
        if (wire_readable(second->fd, DEADLINE_MS) && recv(second->fd, &byte, 1, MSG_PEEK) == 1)
            break;
    }
    peer_expect(second, "<04 05'READY'(Socket-Type=%s)>", name);
    peer_send(second, "<00 'three'>");
    node_expect(n, "'three'");
    node_send(n, "'four'");
    peer_expect(second, "<00 'four'>");
}

static void second_peer_of_a_pair(void **state) {
    wire_ours_only("libzmq accepts a second peer and ignores it for ever");
    second_peer(*state, ZMQ_PAIR, "PAIR");
}

static void second_peer_of_a_channel(void **state) {
    wire_ours_only("CHANNEL is a draft type");
    second_peer(*state, ZMQ_CHANNEL, "CHANNEL");
}

/* A connecting peer of ours that was refused comes back by itself and is let in. */
static void refused_comes_back(void **state) {
    struct node *n = bound(*state, ZMQ_ROUTER), *c = node_new(*state, ZMQ_DEALER);
    struct peer *first;
    wire_ours_only("libzmq accepts a duplicate and ignores it for ever");
    first = welcome(*state, n, "same");
    node_set_text(c, ZMQ_ROUTING_ID, "same");
    node_set(c, ZMQ_RECONNECT_IVL, 5);
    node_watch(c);
    node_connect(c, n->endpoint);
    node_send(c, "'waiting'");
    for (int i = 0; i < 3; i++)
        node_await_event(c, ZMQ_EVENT_CONNECT_RETRIED);
    node_expect_nothing(n, 0);
    peer_drop(first);
    node_expect(n, "'same'|'waiting'");
    node_send(n, "'same'|'welcome'");
    node_expect(c, "'welcome'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(duplicate_is_refused),
        ON_TCP(the_id_becomes_free),
        ON_BOTH(idle_router),
        ON_BOTH(handover),
        ON_BOTH(handover_while_reading),
        ON_BOTH(id_of_a_listening_peer),
        ON_BOTH(chosen_id),
        ON_BOTH(second_peer_of_a_pair),
        ON_BOTH(second_peer_of_a_channel),
        ON_BOTH(refused_comes_back),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
