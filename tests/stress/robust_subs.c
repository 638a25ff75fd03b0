/* SPDX-License-Identifier: MIT */
/* Thousands of subscriptions, and slow subscribers with heartbeats: known failures of libzmq that
 * must not be ours: pitfalls.md §4.4, §4.5, §5.6, §11.1. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

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

/* --- subscriptions that nobody receives ---------------------------------------------------- */

enum { HOLD_BYTES = 64 << 20, TOPIC = 4000, FRAME = 9 + 1 + TOPIC, STALL_MS = 500 };

/* Subscribes to a topic and cancels that, then another, until nothing more is taken. */
struct flood {
    struct peer *p;
    uint8_t frame[FRAME]; /* of a 3.0 peer: a message that begins with 1 or 0 */
    size_t at;            /* so much of it has gone */
    uint32_t n;           /* whole ones that have gone */
};

static void next_frame(struct flood *f) {
    memset(f->frame, 't', sizeof f->frame);
    memcpy(f->frame, "\2\0\0\0\0\0\0", 7);
    f->frame[7] = (1 + TOPIC) >> 8;
    f->frame[8] = (1 + TOPIC) & 0xff;
    f->frame[9] = f->n % 2 == 0;
    uint32_t topic = f->n / 2;
    memcpy(f->frame + 10, &topic, sizeof topic);
}

/* False: not within timeout_ms. */
static bool give_some(struct flood *f, int timeout_ms) {
    struct pollfd fd = {.fd = f->p->fd, .events = POLLOUT};
    if (poll(&fd, 1, timeout_ms) != 1)
        return false;
    ssize_t n = send(f->p->fd, f->frame + f->at, FRAME - f->at, MSG_DONTWAIT | MSG_NOSIGNAL);
    assert_true(n > 0 || (n < 0 && errno == EAGAIN));
    f->at += n > 0 ? (size_t)n : 0;
    if (f->at < FRAME)
        return true;
    f->at = 0;
    f->n++;
    next_frame(f);
    return true;
}

static void give_until_it_stalls(struct flood *f) {
    uint32_t before = f->n;
    while (give_some(f, f->n - before < HOLD_BYTES / FRAME / 2 ? DEADLINE_MS : STALL_MS))
        wire_check(f->n - before < 2 * (HOLD_BYTES / FRAME), "%u taken", f->n - before);
}

/* Nobody turns in circles meanwhile. */
static void expect_rest(struct peer *p) {
    clock_t before = clock();
    peer_expect_quiet(p, STALL_MS);
    wire_check(clock() - before < CLOCKS_PER_SEC * STALL_MS / 1000 / 2, "the library is busy");
}

/* False: it is of somebody else. */
static bool take_numbered(struct node *pub, uint32_t i) {
    zmq_msg_t msg;
    uint32_t topic;
    node_receive(pub, &msg);
    const uint8_t *data = zmq_msg_data(&msg);
    bool is_numbered = zmq_msg_size(&msg) == 1 + TOPIC;
    if (is_numbered) {
        memcpy(&topic, data + 1, sizeof topic);
        wire_check(data[0] == (i % 2 == 0) && topic == i / 2, "topic %u, not that of %u", topic, i);
    }
    zmq_msg_close(&msg);
    return is_numbered;
}

/* A peer that an XPUB's application does not listen to has to wait at some time; nothing of what
 * it said is lost, and it is heard again. */
static void nobody_receives(void **state) {
    struct wire *w = *state;
    struct node *pub = node_new(w, ZMQ_XPUB);
    struct flood f = {0};
    uint32_t taken = 0;
    wire_ours_only("libzmq keeps them all, as many as they are");
    node_bind(pub);
    node_watch(pub);
    f.p = peer_connect(w, pub->endpoint);
    peer_shake_minor(f.p, "SUB", 0);
    next_frame(&f);
    give_until_it_stalls(&f);
    expect_rest(f.p);
    while (taken < f.n || f.at) {
        if (f.at && taken == f.n)
            wire_check(give_some(&f, DEADLINE_MS), "it is not read again");
        else
            assert_true(take_numbered(pub, taken++));
    }
    give_until_it_stalls(&f); /* again: this time it goes before it is heard */
    node_send(pub, "'nobody wants it'");
    peer_reset(f.p);
    struct peer *other = peer_connect(w, pub->endpoint);
    peer_shake_minor(other, "SUB", 0);
    peer_send(other, "<00 01 'other'>");
    while (take_numbered(pub, taken))
        taken++;
    node_await_event(pub, ZMQ_EVENT_DISCONNECTED);
    node_send(pub, "'other news'");
    peer_expect(other, "<00 'other news'>");
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
        ON_BOTH(nobody_receives),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
