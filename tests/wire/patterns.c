/* SPDX-License-Identifier: MIT */
/* Envelopes and what the patterns send by themselves: zmtp.md §10.3, socket-types.md §3,
 * pitfalls.md §6, §7. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct node *bound(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    node_bind(n);
    return n;
}

static struct peer *joined(struct wire *w, struct node *n, const char *type) {
    struct peer *p = peer_connect(w, n->endpoint);
    peer_shake(p, type);
    return p;
}

/* REQ puts an empty frame before the request and takes it off the reply. */
static void request_and_reply(void **state) {
    struct node *n = bound(*state, ZMQ_REQ);
    struct peer *p = joined(*state, n, "REP");
    for (int i = 0; i < 3; i++) {
        node_send(n, "'hi'");
        peer_expect(p, "01 00 00 02 68 69");
        peer_send(p, "<04 04'PING' 00 00><01><04 04'PING' 00 00><00 'yo'>"); /* §6: commands too */
        peer_expect(p, "<04 04'PONG'><04 04'PONG'>");
        node_expect(n, "'yo'");
    }
    node_send(n, "'p1'|'p2'|");
    peer_expect(p, "<01><01 'p1'><01 'p2'><00>");
    peer_send(p, "<01><01 'r1'><00>");
    node_expect(n, "'r1'|");
}

/* CORRELATE: a four-byte id before the empty frame; replies with another id are passed over. */
static void correlated_requests(void **state) {
    struct node *n = node_new(*state, ZMQ_REQ);
    uint8_t id[4], last[4];
    struct peer *p;
    node_set(n, ZMQ_REQ_CORRELATE, 1);
    node_bind(n);
    p = joined(*state, n, "REP");
    for (int i = 0; i < 3; i++) {
        uint32_t number;
        node_send(n, "'hi'");
        peer_expect(p, "01 04");
        peer_read(p, id, 4);
        peer_expect(p, "01 00 00 02 'hi'");
        if (i) { /* one more than the last one, in the machine's own order */
            memcpy(&number, last, 4);
            number++;
            assert_memory_equal(&number, id, 4);
            peer_send(p, "<01 %02x %02x %02x %02x><01><00 'late'>", last[0], last[1], last[2],
                      last[3]);
        }
        peer_send(p, "<01><00 'without'><01 ff ff ff 7f><01><00 'foreign'>");
        peer_send(p, "<01 %02x %02x %02x %02x><01><00 'right'>", id[0], id[1], id[2], id[3]);
        node_expect(n, "'right'");
        memcpy(last, id, 4);
    }
}

/* §7.7: without CORRELATE a four-byte frame is allowed on the wire, and the reply passed over. */
static void four_bytes_uncalled_for(void **state) {
    struct node *n = bound(*state, ZMQ_REQ);
    struct peer *p = joined(*state, n, "REP");
    node_send(n, "'hi'");
    peer_expect(p, "<01><00 'hi'>");
    peer_send(p, "<01 'abcd'><01><00 'passed over'><01><00 'taken'>");
    node_expect(n, "'taken'");
}

/* A reply of another form ends the connection; who connected never comes back (§12). */
static const char *const malformed_replies[] = {
    "<00 'no delimiter'>", "<01 'abc'><00 'x'>", "<01 'abcde'><01><00 'x'>", "<00>",
    "<01 'abcd'><00 'x'>", "<01 'abcd'><00>", "<01 'abcd'><01 'abcd'><01><00>"};

static void malformed_reply(void **state) {
    for (size_t i = 0; i < sizeof malformed_replies / sizeof malformed_replies[0]; i++) {
        wire_row = (int)i;
        struct peer *l = peer_listen(*state), *p;
        struct node *n = node_new(*state, ZMQ_REQ);
        node_set(n, ZMQ_RECONNECT_IVL, 5);
        node_watch(n);
        node_connect(n, l->address);
        p = peer_accept(l);
        peer_shake(p, "REP");
        node_send(n, "'hi'");
        peer_expect(p, "<01><00 'hi'>");
        peer_send(p, "%s", malformed_replies[i]);
        peer_expect_close(p);
        node_expect_connected(n);
        node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        peer_expect_nobody(l, 20);
        node_close(n);
        peer_drop(p);
        peer_drop(l);
    }
}

/* The bound side only loses that connection; the next one starts afresh (§7.5). */
static void malformed_reply_to_the_listener(void **state) {
    struct node *n = bound(*state, ZMQ_REQ);
    node_set(n, ZMQ_REQ_RELAXED, 1);
    for (size_t i = 0; i < sizeof malformed_replies / sizeof malformed_replies[0]; i++) {
        wire_row = (int)i;
        struct peer *p = joined(*state, n, "ROUTER");
        node_send(n, "'hi'");
        peer_expect(p, "<01><00 'hi'>");
        peer_send(p, "%s", malformed_replies[i]);
        peer_expect_close(p);
        peer_drop(p);
        p = joined(*state, n, "ROUTER");
        node_expect_nothing(n, 0);
        node_send(n, "'again'");
        peer_expect(p, "<01><00 'again'>");
        peer_send(p, "<01><00 'yo'>");
        node_expect(n, "'yo'");
        peer_drop(p);
    }
}

/* §7.1: only the one that was asked may answer; §7.3: what came before the request is gone. */
static void only_the_asked_answers(void **state) {
    struct node *n = bound(*state, ZMQ_REQ);
    struct peer *p = joined(*state, n, "REP"), *q = joined(*state, n, "REP"), *asked;
    peer_send(p, "<01><00 'unasked'>");
    peer_send(q, "<01><00 'unasked'>");
    peer_expect_open(p);
    peer_expect_open(q);
    node_send(n, "'hi'");
    for (asked = NULL; !asked;)
        asked = wire_readable(p->fd, 10) ? p : wire_readable(q->fd, 10) ? q : NULL;
    peer_expect(asked, "<01><00 'hi'>");
    peer_send(asked == p ? q : p, "<01><00 'not asked'>");
    peer_expect_open(asked == p ? q : p);
    peer_send(asked, "<01><00 'asked'>");
    node_expect(n, "'asked'");
}

/* REP keeps everything up to the first empty frame and puts it before the reply. */
static void envelopes(void **state) {
    struct node *n = bound(*state, ZMQ_REP);
    struct peer *p = joined(*state, n, "DEALER");
    peer_send(p, "<01><00 'hi'>");
    node_expect(n, "'hi'");
    node_send(n, "'yo'");
    peer_expect(p, "<01><00 'yo'>");
    peer_send(p, "<01 'hop 1'><01 00><01 'h'*300><01><01 'p1'><01><00 'p3'>");
    node_expect(n, "'p1'||'p3'");
    node_send(n, "'r1'|");
    peer_expect(p, "<01 'hop 1'><01 00><01 'h'*300><01><01 'r1'><00>");
    /* Without a delimiter, or with nothing behind it: passed over (§6.11). */
    peer_send(p, "<00 'none'><01 'a'><00 'b'><00><01 'a'><00><01 'id'><01><00 'good'>");
    node_expect(n, "'good'");
    node_send(n, "'yes'");
    peer_expect(p, "<01 'id'><01><00 'yes'>");
    /* The requester goes before the reply: no error, and the next one is served (§6.11). */
    peer_send(p, "<01><00 'last'>");
    node_expect(n, "'last'");
    peer_drop(p);
    p = joined(*state, n, "REQ");
    node_send(n, "'for nobody'");
    peer_send(p, "<01><00 'new'>");
    node_expect(n, "'new'");
    node_send(n, "'here'");
    peer_expect(p, "<01><00 'here'>");
}

/* PROBE_ROUTER: an empty message first of all. */
static void probe_router(void **state) {
    static const int types[] = {ZMQ_DEALER, ZMQ_ROUTER, ZMQ_REQ};
    for (int i = 0; i < 3; i++) {
        struct node *n = node_new(*state, types[i]);
        struct peer *p;
        node_set(n, ZMQ_PROBE_ROUTER, 1);
        node_bind(n);
        p = joined(*state, n, "ROUTER");
        node_expect_nothing(n, 20); /* libzmq greets when the application enters the socket */
        peer_expect(p, "00 00");
        node_close(n);
        peer_drop(p);
    }
}

/* HELLO_MSG on each connection; DISCONNECT_MSG and HICCUP_MSG when one is lost (draft). */
static void hello_and_farewell(void **state) {
    struct node *n, *c;
    struct peer *p, *l = peer_listen(*state);
    wire_ours_only("HELLO_MSG, DISCONNECT_MSG and HICCUP_MSG are draft options");
    n = node_new(*state, ZMQ_ROUTER);
    node_set_text(n, ZMQ_HELLO_MSG, "hello");
    node_set_text(n, ZMQ_DISCONNECT_MSG, "gone");
    node_bind(n);
    c = node_new(*state, ZMQ_DEALER);
    node_set_text(c, ZMQ_HELLO_MSG, "hello");
    node_set_text(c, ZMQ_HICCUP_MSG, "hiccup");
    node_set(c, ZMQ_RECONNECT_IVL, 5);
    node_connect(c, l->address);
    for (int i = 0; i < 3; i++) {
        p = peer_connect(*state, n->endpoint);
        peer_greet(p);
        peer_send(p, "<04 05'READY'(Socket-Type=DEALER)(Identity=me%d)>", i);
        peer_expect(p, "<04 05'READY'(Socket-Type=ROUTER)(Identity=)><00 'hello'>");
        peer_send(p, "<00 'whole'><01 'half'>");
        node_expect(n, "'me%d'|'whole'", i);
        peer_drop(p);
        node_expect(n, "'me%d'|'gone'", i); /* the half message is rolled back before it */

        p = peer_accept(l);
        peer_shake(p, "ROUTER");
        peer_expect(p, "<00 'hello'>");
        peer_send(p, "<00 'whole'><01 'half'>");
        node_expect(c, "'whole'");
        peer_drop(p);
        node_expect(c, "'hiccup'");
    }
}

/* ROUTER: the first part names the peer; without more, or unknown, it goes nowhere. */
static void routing(void **state) {
    struct node *n = bound(*state, ZMQ_ROUTER);
    struct peer *p = peer_connect(*state, n->endpoint);
    peer_greet(p);
    peer_send(p, "<04 05'READY'(Socket-Type=DEALER)(Identity=me)>");
    peer_expect(p, "<04 05'READY'(Socket-Type=ROUTER)(Identity=)>");
    peer_send(p, "<01 'p1'><00 'p2'>");
    node_expect(n, "'me'|'p1'|'p2'");
    node_send(n, "'me'");
    node_send(n, "'nobody'|'lost'|'too'");
    node_send(n, "'me'|'r1'|");
    peer_expect(p, "<01 'r1'><00>");
    node_set(n, ZMQ_ROUTER_MANDATORY, 1);
    assert_int_equal(zmq_send(n->sock, "nobody", 6, ZMQ_SNDMORE | ZMQ_DONTWAIT), -1);
    assert_int_equal(zmq_errno(), EHOSTUNREACH);
    node_send(n, "'me'|'r2'");
    peer_expect(p, "<00 'r2'>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(request_and_reply),
        ON_BOTH(correlated_requests),
        ON_BOTH(four_bytes_uncalled_for),
        ON_BOTH(malformed_reply),
        ON_BOTH(malformed_reply_to_the_listener),
        ON_BOTH(only_the_asked_answers),
        ON_BOTH(envelopes),
        ON_BOTH(probe_router),
        ON_BOTH(hello_and_farewell),
        ON_BOTH(routing),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
