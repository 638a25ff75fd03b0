/* SPDX-License-Identifier: MIT */
/* Thousands of subscriptions, and slow subscribers with heartbeats: known failures of libzmq that
 * must not be ours: pitfalls.md §4.4, §4.5, §5.6, §11.1. */
#include "node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOPICS = 5000 };

static const char *address_of(struct wire *w, struct node *n) {
    static char address[160];
    size_t size = sizeof address;
    if (strcmp(w->transport, "inproc") == 0) {
        snprintf(address, sizeof address, "inproc://subs-%u", w->names++);
        assert_int_equal(zmq_bind(n->sock, address), 0);
        return address;
    }
    node_bind(n);
    assert_int_equal(zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, address, &size), 0);
    return address;
}

static void subscribe(struct node *n, int type, unsigned number) {
    char topic[20];
    int len = snprintf(topic, sizeof topic, "%ctopic-%u.", 1, number);
    if (type == ZMQ_SUB)
        assert_int_equal(zmq_setsockopt(n->sock, ZMQ_SUBSCRIBE, topic + 1, (size_t)len - 1), 0);
    else
        assert_int_equal(zmq_send(n->sock, topic, (size_t)len, ZMQ_DONTWAIT), len);
}

/* Takes every subscription once, in whatever order. */
static void expect_all(struct node *xpub) {
    uint8_t *seen = calloc(TOPICS, 1);
    assert_non_null(seen);
    for (unsigned i = 0; i < TOPICS; i++) {
        zmq_msg_t msg;
        char text[40] = "";
        unsigned number = TOPICS;
        node_receive(xpub, &msg);
        wire_check(zmq_msg_size(&msg) < sizeof text, "a strange notice");
        memcpy(text, zmq_msg_data(&msg), zmq_msg_size(&msg));
        wire_check(sscanf(text, "\1topic-%u.", &number) == 1 && number < TOPICS && !seen[number]++,
                   "not a topic, or one twice: %s", text + 1);
        zmq_msg_close(&msg);
    }
    free(seen);
    node_expect_nothing(xpub, 0);
}

/* Subscribed before there is a publisher: all of them arrive, and all of them work. */
static void before_connecting(struct wire *w, int type, bool sub_binds) {
    struct node *pub = node_new(w, ZMQ_XPUB), *sub = node_new(w, type);
    for (unsigned i = 0; i < TOPICS; i++)
        subscribe(sub, type, i);
    if (sub_binds)
        node_connect(pub, address_of(w, sub));
    else
        node_connect(sub, address_of(w, pub));
    expect_all(pub);
    for (unsigned i = 0; i < TOPICS; i += 100)
        node_send(pub, "'topic-%u.x'", i);
    node_send(pub, "'topic-'");
    for (unsigned i = 0; i < TOPICS; i += 100)
        node_expect(sub, "'topic-%u.x'", i);
    node_close(pub);
    node_close(sub);
}

static void before_connecting_sub(void **state) {
    wire_ours_only("libzmq loses what exceeds its high-water mark");
    before_connecting(*state, ZMQ_SUB, false);
    before_connecting(*state, ZMQ_SUB, true);
}

static void before_connecting_xsub(void **state) {
    wire_ours_only("libzmq loses what exceeds its high-water mark");
    before_connecting(*state, ZMQ_XSUB, false);
    before_connecting(*state, ZMQ_XSUB, true);
}

/* Subscribed between zmq_connect and the publisher's appearance. */
static void while_connecting(void **state) {
    struct wire *w = *state;
    struct node *pub = node_new(w, ZMQ_XPUB), *sub = node_new(w, ZMQ_SUB);
    char address[160];
    wire_ours_only("libzmq loses what exceeds its high-water mark");
    node_set(sub, ZMQ_RECONNECT_IVL, 5);
    snprintf(address, sizeof address, "%s", address_of(w, pub));
    if (strcmp(w->transport, "inproc") != 0)
        assert_int_equal(zmq_unbind(pub->sock, address), 0);
    node_connect(sub, address);
    for (unsigned i = 0; i < TOPICS; i++)
        subscribe(sub, ZMQ_SUB, i);
    if (strcmp(w->transport, "inproc") != 0)
        assert_int_equal(zmq_bind(pub->sock, address), 0);
    expect_all(pub);
}

/* And again, all of them, to each publisher that comes after. */
static void after_each_restart(void **state) {
    struct wire *w = *state;
    struct node *sub = node_new(w, ZMQ_SUB), *pub;
    char address[160] = "";
    wire_ours_only("libzmq loses what exceeds its high-water mark");
    node_set(sub, ZMQ_RECONNECT_IVL, 5);
    for (unsigned i = 0; i < TOPICS; i++)
        subscribe(sub, ZMQ_SUB, i);
    for (int i = 0; i < 3; i++) {
        pub = node_new(w, ZMQ_XPUB);
        if (i == 0) {
            snprintf(address, sizeof address, "%s", address_of(w, pub));
            node_connect(sub, address);
        } else {
            assert_int_equal(zmq_bind(pub->sock, address), 0);
        }
        expect_all(pub); /* the subscriber's application sits idle */
        node_close(pub);
    }
}

/* --- slow subscribers ---------------------------------------------------------------------- */

static void beat(struct node *n) {
    node_set(n, ZMQ_HEARTBEAT_IVL, 50);
    node_set(n, ZMQ_HEARTBEAT_TIMEOUT, 150 * WIRE_SLOWER);
    node_set(n, ZMQ_HEARTBEAT_TTL, 300 * WIRE_SLOWER);
}

/* Counts DISCONNECTED among what the monitor has told so far. */
static unsigned disconnections(struct node *n) {
    unsigned count = 0;
    int event;
    while ((event = node_next_event(n, NULL, 0)) != 0)
        count += event == ZMQ_EVENT_DISCONNECTED;
    return count;
}

/* A publisher faster than its subscriber, who does not read at all for many heartbeats. */
static void slow_subscriber(void **state) {
    struct wire *w = *state;
    struct node *pub = node_new(w, ZMQ_XPUB), *sub = node_new(w, ZMQ_SUB);
    uint8_t body[1000] = {0};
    int64_t end;
    wire_ours_only("libzmq cuts a healthy link whose application is slow");
    beat(pub);
    beat(sub);
    node_set(sub, ZMQ_RCVHWM, 10);
    node_set_text(sub, ZMQ_SUBSCRIBE, "");
    node_bind(pub);
    node_watch(pub);
    node_watch(sub);
    node_connect(sub, pub->endpoint);
    node_expect(pub, "01");
    /* A second of flooding: queues, kernel buffers and all are full for most of it. */
    for (end = wire_now_ms() + 1000 * WIRE_SLOWER; wire_now_ms() < end;) {
        for (int i = 0; i < 100; i++)
            assert_int_equal(zmq_send(pub->sock, body, sizeof body, 0), sizeof body);
        node_poll(pub, ZMQ_POLLIN, 1);
    }
    assert_int_equal(disconnections(pub), 0);
    assert_int_equal(disconnections(sub), 0);
    for (;;) { /* the subscriber wakes up, and the link works */
        zmq_msg_t msg;
        bool last;
        if (!node_poll(sub, ZMQ_POLLIN, 50))
            assert_int_equal(zmq_send(pub->sock, "end", 3, 0), 3);
        zmq_msg_init(&msg);
        last = zmq_msg_recv(&msg, sub->sock, ZMQ_DONTWAIT) == 3;
        zmq_msg_close(&msg);
        if (last)
            break;
    }
    assert_int_equal(disconnections(pub), 0);
    assert_int_equal(disconnections(sub), 0);
}

/* The same for a PULL: every message that was accepted arrives. */
static void slow_puller(void **state) {
    struct wire *w = *state;
    struct node *push = node_new(w, ZMQ_PUSH), *pull = node_new(w, ZMQ_PULL);
    uint8_t body[1000] = {0};
    unsigned sent = 0;
    int64_t end;
    wire_ours_only("libzmq cuts a healthy link whose application is slow");
    beat(push);
    beat(pull);
    node_set(pull, ZMQ_RCVHWM, 10);
    node_bind(pull);
    node_watch(pull);
    node_watch(push);
    node_connect(push, pull->endpoint);
    for (end = wire_now_ms() + 1000 * WIRE_SLOWER; wire_now_ms() < end;) {
        memcpy(body, &sent, sizeof sent);
        if (zmq_send(push->sock, body, sizeof body, ZMQ_DONTWAIT) > 0)
            sent++;
        else
            node_poll(push, ZMQ_POLLOUT, 10);
    }
    assert_int_equal(disconnections(push), 0);
    assert_int_equal(disconnections(pull), 0);
    for (unsigned i = 0; i < sent; i++) {
        zmq_msg_t msg;
        unsigned number;
        node_receive(pull, &msg);
        memcpy(&number, zmq_msg_data(&msg), sizeof number);
        wire_check(number == i, "%u instead of %u", number, i);
        zmq_msg_close(&msg);
    }
}

/* Nobody enters the library for many heartbeats, on either side. */
static void idle_applications(void **state) {
    struct wire *w = *state;
    struct node *push = node_new(w, ZMQ_PUSH), *pull = node_new(w, ZMQ_PULL);
    beat(push);
    beat(pull);
    node_bind(pull);
    node_watch(pull);
    node_connect(push, pull->endpoint);
    node_expect_event(pull, ZMQ_EVENT_ACCEPTED);
    node_expect_event(pull, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    assert_int_equal(node_next_event(pull, NULL, 700), 0);
    node_send(push, "'still there'");
    node_expect(pull, "'still there'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(before_connecting_sub),
        ON("inproc", before_connecting_sub),
        ON_BOTH(before_connecting_xsub),
        ON("inproc", before_connecting_xsub),
        ON_BOTH(while_connecting),
        ON("inproc", while_connecting),
        ON_BOTH(after_each_restart),
        ON_BOTH(slow_subscriber),
        ON_BOTH(slow_puller),
        ON_BOTH(idle_applications),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
