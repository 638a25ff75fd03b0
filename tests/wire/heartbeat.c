/* SPDX-License-Identifier: MIT */
/* PING and PONG: bytes, contexts, times to live, timeouts: zmtp.md §11, pitfalls.md §11. */
#include "node.h"
#include "peer.h"

#include <stdlib.h>
#include <string.h>

static struct node *bound(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    node_bind(n);
    return n;
}

static struct peer *pusher(struct wire *w, struct node *n) {
    struct peer *p = peer_connect(w, n->endpoint);
    peer_shake(p, "PUSH");
    return p;
}

/* §13: PONG repeats the context, of which only 16 bytes count. */
static void contexts(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    struct peer *p = pusher(*state, n);
    peer_send(p, "04 07 04 50 49 4e 47 00 00");
    peer_expect(p, "04 05 04 50 4f 4e 47");
    peer_send(p, "04 0a 04 50 49 4e 47 00 00 41 42 43");
    peer_expect(p, "04 08 04 50 4f 4e 47 41 42 43");
    for (unsigned len = 0; len <= 300; len += len < 20 || len == 255 ? 1 : 47) {
        peer_send(p, "<04 04'PING' 00 00 'c'*%u>", len);
        peer_expect(p, "<04 04'PONG' 'c'*%u>", len < 16 ? len : 16);
    }
    peer_send(p, "06 u64:10 04'PING' 00 00 'ABC'");
    peer_expect(p, "<04 04'PONG' 'ABC'>");
    peer_send(p, "<fd 04'PING' 00 00 'ABC'>");
    peer_expect(p, "<04 04'PONG' 'ABC'>");
}

/* Every PING gets its own PONG, in order, also in one segment, also byte by byte (§11.5: none is
 * overwritten by another). */
static void one_pong_each(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    struct peer *p = pusher(*state, n);
    struct bytes all = {0}, one;
    /* libzmq loses some when the kernel takes no more: 278 small writes fill a unix socket. */
    const unsigned count = wire_is_ours() ? 500 : 200;
    for (unsigned i = 0; i < count; i++) {
        script_parse(&one, "<04 04'PING' 00 00 %02x %02x>", i >> 8, i & 255);
        bytes_put(&all, one.data, one.len);
        bytes_free(&one);
    }
    peer_send_bytes(p, all.data, all.len);
    for (unsigned i = 0; i < count; i++)
        peer_expect(p, "<04 04'PONG' %02x %02x>", i >> 8, i & 255);
    p->feed = FEED_BYTES;
    peer_send_bytes(p, all.data, 110);
    for (unsigned i = 0; i < 10; i++)
        peer_expect(p, "<04 04'PONG' %02x %02x>", i >> 8, i & 255);
    bytes_free(&all);
}

/* §11: a PING without room for its TTL: a protocol error here, 16 bytes of memory there. */
static void short_pings(void **state) {
    static const char *const pings[] = {"<04 04'PING'>", "<04 04'PING' 00>", "<05 04'PING' 01>",
                                        "06 u64:6 04'PING' 00"};
    wire_ours_only("libzmq answers with bytes of its memory");
    for (size_t i = 0; i < sizeof pings / sizeof pings[0]; i++) {
        wire_row = (int)i;
        struct node *n = bound(*state, ZMQ_PULL), *c = node_new(*state, ZMQ_PULL);
        struct peer *p = pusher(*state, n), *l = peer_listen(*state);
        peer_send(p, "%s", pings[i]);
        peer_expect_close(p);
        node_set(c, ZMQ_RECONNECT_IVL, 5);
        node_connect(c, l->address);
        p = peer_accept(l);
        peer_shake(p, "PUSH");
        peer_send(p, "%s", pings[i]);
        peer_expect_close(p);
        peer_expect_nobody(l, 30); /* never retried */
        node_close(n);
        node_close(c);
    }
}

/* TTL: the connection ends after that many tenths of a second without a frame. */
static void ttl_expires(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    struct peer *p;
    int64_t start;
    node_watch(n);
    p = pusher(*state, n);
    start = wire_now_ms();
    peer_send(p, "<04 04'PING' 00 02>");
    peer_expect(p, "<04 04'PONG'>");
    peer_expect_close(p);
    wire_check(wire_now_ms() - start >= 190, "after %d ms", (int)(wire_now_ms() - start));
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED); /* and no failed handshake */

    /* One that connected comes back. */
    struct peer *l = peer_listen(*state);
    n = node_new(*state, ZMQ_PULL);
    node_set(n, ZMQ_RECONNECT_IVL, 10);
    node_connect(n, l->address);
    p = peer_accept(l);
    peer_shake(p, "PUSH");
    peer_send(p, "<04 04'PING' 00 01>");
    peer_expect(p, "<04 04'PONG'>");
    peer_expect_close(p);
    peer_accept(l);
}

/* Any frame stops the running TTL, and a TTL of zero starts none. */
static void ttl_stopped(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    struct peer *p[4];
    for (int i = 0; i < 4; i++)
        p[i] = pusher(*state, n);
    peer_send(p[0], "<04 04'PING' 00 02><00 'data'>");
    peer_send(p[1], "<04 04'PING' 00 02><04 04'PONG'>");
    peer_send(p[2], "<04 04'PING' 00 02><04 04'PING' 00 00>");
    peer_send(p[3], "<04 04'PING' 00 00>");
    peer_expect(p[0], "<04 04'PONG'>");
    peer_expect(p[1], "<04 04'PONG'>");
    peer_expect(p[2], "<04 04'PONG'><04 04'PONG'>");
    peer_expect(p[3], "<04 04'PONG'>");
    peer_expect_quiet(p[0], 400);
    for (int i = 1; i < 4; i++)
        peer_expect_quiet(p[i], 0);
}

/* pitfalls.md §11.6: 656 tenths of a second are not 64 ms. */
static void ttl_is_not_cut_to_16_bits(void **state) {
    static const unsigned ttls[] = {655, 656, 657, 660, 1311, 1312, 32768, 65535};
    struct node *n = bound(*state, ZMQ_PULL);
    struct peer *p[8];
    wire_ours_only("libzmq multiplies in 16 bits");
    for (size_t i = 0; i < 8; i++) {
        p[i] = pusher(*state, n);
        peer_send(p[i], "<04 04'PING' %02x %02x>", ttls[i] >> 8, ttls[i] & 255);
        peer_expect(p[i], "<04 04'PONG'>");
    }
    peer_expect_quiet(p[0], 500);
    for (size_t i = 1; i < 8; i++)
        peer_expect_quiet(p[i], 0);
}

/* What we send: the TTL in tenths of a second, no context; not before the handshake is over. */
static void own_pings(void **state) {
    static const struct {
        int ttl_ms;
        unsigned wire;
    } rows[] = {{0, 0}, {99, 0}, {100, 1}, {60000, 0x258}, {6553599, 0xffff}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wire_row = (int)i;
        struct node *n = node_new(*state, ZMQ_PULL);
        struct peer *p;
        node_set(n, ZMQ_HEARTBEAT_IVL, 50);
        node_set(n, ZMQ_HEARTBEAT_TTL, rows[i].ttl_ms);
        node_set(n, ZMQ_HEARTBEAT_TIMEOUT, 0);
        node_bind(n);
        p = peer_connect(*state, n->endpoint);
        peer_greet_minor(p, i & 1); /* 3.0 peers get them too */
        peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
        if (i == 0)
            peer_expect_quiet(p, 150);
        peer_send(p, "<04 05'READY'(Socket-Type=PUSH)>");
        for (int k = 0; k < 3; k++)
            peer_expect(p, "04 07 04 50 49 4e 47 %02x %02x", rows[i].wire >> 8,
                        rows[i].wire & 255);
        node_close(n);
        peer_drop(p);
    }
}

static struct node *beating(struct wire *w, int ivl, int timeout) {
    struct node *n = node_new(w, ZMQ_DEALER);
    node_set(n, ZMQ_HEARTBEAT_IVL, ivl);
    if (timeout >= 0)
        node_set(n, ZMQ_HEARTBEAT_TIMEOUT, timeout);
    node_bind(n);
    node_watch(n);
    return n;
}

static struct peer *dealer(struct wire *w, struct node *n) {
    struct peer *p = peer_connect(w, n->endpoint);
    peer_shake(p, "DEALER");
    return p;
}

/* Unanswered: the connection ends; the timeout counts from the first unanswered PING. */
static void unanswered(void **state) {
    static const int timeouts[] = {-1, 100, 30};
    for (int i = 0; i < 3; i++) {
        struct node *n = beating(*state, 100, timeouts[i]);
        struct peer *p = dealer(*state, n);
        int64_t start = wire_now_ms(), took;
        int least = timeouts[i] < 0 ? 200 : 100 + timeouts[i];
        peer_await_close(p);
        took = wire_now_ms() - start;
        wire_check(took >= least - 10, "after %d instead of %d ms", (int)took, least);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        node_close(n);
        peer_drop(p);
    }
}

static void unanswered_connecter_comes_back(void **state) {
    struct peer *l = peer_listen(*state), *p;
    struct node *n = node_new(*state, ZMQ_DEALER);
    node_set(n, ZMQ_HEARTBEAT_IVL, 30);
    node_set(n, ZMQ_RECONNECT_IVL, 10);
    node_watch(n);
    node_connect(n, l->address);
    for (int i = 0; i < 3; i++) {
        p = peer_accept(l);
        peer_shake(p, "DEALER");
        peer_await_close(p);
        node_expect_connected(n);
        node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
    }
}

/* Any frame is an answer; none is needed where TIMEOUT is 0. */
static void answered(void **state) {
    static const char *const answers[] = {"<04 04'PONG'>", "<00 'data'>", "<04 07'UNKNOWN'>",
                                          "<04 04'PING' 00 00>"};
    struct node *n = beating(*state, 60 * WIRE_SLOWER, -1), *silent = beating(*state, 60, 0);
    struct peer *p[4], *s = dealer(*state, silent);
    for (int i = 0; i < 4; i++)
        p[i] = dealer(*state, n);
    for (int turn = 0; turn < 6; turn++) {
        for (int i = 0; i < 4; i++) {
            struct frame f;
            do {
                peer_read_frame(p[i], &f);
                free(f.body);
            } while (f.len != 7); /* their PONG is shorter than their PING */
            peer_send(p[i], "%s", answers[i]);
        }
    }
    peer_send(s, "<00 'here'>");
    node_expect(silent, "'here'");
    for (int i = 0; i < 4; i++) {
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    }
    assert_int_equal(node_next_event(n, NULL, 0), 0); /* nobody was cut off */
}

/* §4: old peers get none. */
static void none_for_old_peers(void **state) {
    struct node *n = beating(*state, 20, -1);
    struct peer *two = peer_connect(*state, n->endpoint), *one = peer_connect(*state, n->endpoint);
    peer_send(two, "ff 00*8 7f 01 05 00 00");
    peer_expect(two, "ff 00*7 01 7f 03 05 00 00");
    peer_send(one, "01 00");
    peer_expect(one, "ff 00*7 01 7f");
    peer_expect_quiet(two, 150);
    peer_expect_quiet(one, 0);
    peer_send(two, "<00 'two'>");
    node_expect(n, "'two'");
    peer_send(one, "{00 'one'}");
    node_expect(n, "'one'");
}

/* §10.2, pitfalls.md §11.8: a DISH of libzmq dies of a PING, so it gets none. */
static void none_for_dish(void **state) {
    struct node *n;
    struct peer *p;
    wire_ours_only("RADIO is a draft type");
    n = node_new(*state, ZMQ_RADIO);
    node_set(n, ZMQ_HEARTBEAT_IVL, 20);
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_shake(p, "DISH");
    peer_expect_quiet(p, 150);
    peer_expect_open(p);
}

/* pitfalls.md §11.1: while the receiving queue is full nothing is read, and the peer is not cut
 * off for that. */
static void full_queue(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    struct peer *p;
    unsigned sent;
    wire_ours_only("libzmq cuts a healthy link whose application is slow");
    node_set(n, ZMQ_RCVHWM, 2);
    node_set(n, ZMQ_HEARTBEAT_IVL, 30);
    node_set(n, ZMQ_HEARTBEAT_TIMEOUT, 60);
    node_bind(n);
    node_watch(n);
    p = pusher(*state, n);
    for (sent = 0; sent < 60; sent++) /* fits into the kernel */
        peer_send(p, "<00 %02x %02x 'x'*1000>", sent >> 8, sent & 255);
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    assert_int_equal(node_next_event(n, NULL, 400), 0); /* many timeouts later: still there */
    peer_send(p, "<04 04'PONG'>");
    for (unsigned i = 0; i < sent; i++)
        node_expect(n, "%02x %02x 'x'*1000", i >> 8, i & 255);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(contexts),
        ON_BOTH(one_pong_each),
        ON_BOTH(short_pings),
        ON_BOTH(ttl_expires),
        ON_BOTH(ttl_stopped),
        ON_TCP(ttl_is_not_cut_to_16_bits),
        ON_BOTH(own_pings),
        ON_BOTH(unanswered),
        ON_BOTH(unanswered_connecter_comes_back),
        ON_BOTH(answered),
        ON_BOTH(none_for_old_peers),
        ON_TCP(none_for_dish),
        ON_BOTH(full_queue),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
