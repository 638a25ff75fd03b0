/* SPDX-License-Identifier: MIT */
/* By way of a SOCKS 5 proxy: transports.md §12, RFC 1928, RFC 1929. The scripted peer is the
 * proxy, and what is behind it. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TARGET "tcp://name.invalid:5555"
#define METHODS "05 01 00"
#define REQUEST "05 01 00 03 0c 'name.invalid' 15 b3"
#define THROUGH "05 00 00 01 00*6"

static const char *place_of(const struct peer *p) {
    return p->address + strlen("tcp://");
}

/* A socket that goes by way of the listener. */
static struct node *client(struct wire *w, const struct peer *proxy) {
    struct node *n = node_new(w, ZMQ_DEALER);
    node_set_text(n, ZMQ_SOCKS_PROXY, place_of(proxy));
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    return n;
}

static void set_login(struct node *n, const char *user, const char *password) {
    wire_ours_only("ZMQ_SOCKS_USERNAME is a draft option");
    node_set_text(n, ZMQ_SOCKS_USERNAME, user);
    assert_int_equal(zmq_setsockopt(n->sock, ZMQ_SOCKS_PASSWORD, password, strlen(password)), 0);
}

static struct peer *accept_fed(struct peer *listener, enum peer_feed feed) {
    struct peer *p = peer_accept(listener);
    p->feed = feed;
    return p;
}

static void lead_through(struct peer *p) {
    peer_expect(p, METHODS);
    peer_send(p, "05 00");
    peer_expect(p, REQUEST);
    peer_send(p, THROUGH);
}

static void expect_exchange(struct node *n, struct peer *p) {
    peer_send(p, "<00 'in'>");
    node_expect(n, "'in'");
    node_send(n, "'out'");
    peer_expect(p, "<00 'out'>");
}

/* A name goes to the proxy as it was typed; the endpoint is called so, its events are not. */
static void through(void **state) {
    static const enum peer_feed feeds[] = {FEED_WHOLE, FEED_BYTES};
    for (size_t i = 0; i < 2; i++) {
        struct peer *l = peer_listen(*state), *p;
        struct node *n = client(*state, l);
        char last[64];
        size_t size = sizeof last;
        wire_row = (int)i;
        node_watch(n);
        node_connect(n, TARGET);
        assert_int_equal(zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, last, &size), 0);
        assert_string_equal(last, TARGET);
        p = accept_fed(l, feeds[i]);
        lead_through(p);
        peer_shake(p, "DEALER");
        expect_exchange(n, p);
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_CONNECT_DELAYED), EINPROGRESS);
        node_expect_event(n, ZMQ_EVENT_CONNECTED);
        node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        assert_int_equal(zmq_disconnect(n->sock, TARGET), 0);
        node_close(n);
    }
}

/* Literals go as addresses. */
static void literals(void **state) {
    static const char *const rows[][2] = {
        {"tcp://192.0.2.7:80", "05 01 00 01 c0 00 02 07 00 50"},
        {"tcp://[2001:db8::1]:65535", "05 01 00 04 20 01 0d b8 00*11 01 ff ff"},
        {"tcp://a-b.example:1", "05 01 00 03 0b 'a-b.example' 00 01"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer *l = peer_listen(*state), *p;
        struct node *n = client(*state, l);
        wire_row = (int)i;
        node_connect(n, rows[i][0]);
        p = peer_accept(l);
        peer_expect(p, METHODS);
        peer_send(p, "05 00");
        peer_expect(p, "%s", rows[i][1]);
        node_close(n);
    }
}

/* Lengths from the shortest to the longest; no user, no login. */
static void logins(void **state) {
    static const int sizes[][2] = {{1, 0}, {4, 6}, {255, 255}, {255, 0}, {0, 6}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct peer *l = peer_listen(*state), *p;
        struct node *n = client(*state, l);
        char user[256], password[256], words[64];
        int u = sizes[i][0], w = sizes[i][1];
        wire_row = (int)i;
        memset(user, 'u', sizeof user);
        memset(password, 'p', sizeof password);
        user[u] = password[w] = '\0';
        set_login(n, user, password);
        node_connect(n, TARGET);
        p = accept_fed(l, FEED_BYTES);
        peer_expect(p, u ? "05 01 02" : METHODS);
        peer_send(p, u ? "05 02" : "05 00");
        if (u) {
            snprintf(words, sizeof words, w ? "01 %02x 75*%d %02x 70*%d" : "01 %02x 75*%d %02x", u,
                     u, w, w);
            peer_expect(p, "%s", words);
            peer_send(p, "01 00");
        }
        peer_expect(p, REQUEST);
        peer_send(p, THROUGH);
        peer_shake(p, "DEALER");
        expect_exchange(n, p);
        node_close(n);
    }
}

static void too_long_logins(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    char text[256];
    wire_ours_only("ZMQ_SOCKS_USERNAME is a draft option");
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 2; i++) {
        int option = i ? ZMQ_SOCKS_PASSWORD : ZMQ_SOCKS_USERNAME;
        assert_int_equal(zmq_setsockopt(n->sock, option, text, sizeof text), -1);
        assert_int_equal(zmq_errno(), EINVAL);
        assert_int_equal(zmq_setsockopt(n->sock, option, text, sizeof text - 1), 0);
        assert_int_equal(zmq_setsockopt(n->sock, option, NULL, 0), 0);
    }
}

/* Whatever the proxy tells of the address it connects from. */
static void bound_addresses(void **state) {
    static const char *const rows[] = {
        "05 00 00 01 7f 00 00 01 ff ff", "05 00 00 04 00*16 00 01", "05 00 00 03 00 00 00",
        "05 00 00 03 01 'x' 00 00",      "05 00 00 03 ff 'n'*255 00 00",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer *l = peer_listen(*state), *p;
        struct node *n = client(*state, l);
        wire_row = (int)i;
        if (i == 4)
            wire_ours_only("libzmq does not take the longest name");
        node_connect(n, TARGET);
        p = accept_fed(l, FEED_BYTES);
        peer_expect(p, METHODS);
        peer_send(p, "05 00");
        peer_expect(p, REQUEST);
        peer_send(p, "%s", rows[i]);
        p->feed = FEED_WHOLE;
        peer_shake(p, "DEALER");
        expect_exchange(n, p);
        node_close(n);
    }
}

/* The target may speak at once, and much: all in one write with the proxy's reply. */
static void what_follows_at_once(void **state) {
    enum { SIZE = 300000 };
    struct peer *l = peer_listen(*state), *p;
    struct node *n = client(*state, l);
    zmq_msg_t msg;
    node_connect(n, TARGET);
    p = peer_accept(l);
    peer_expect(p, METHODS);
    peer_send(p, "05 00");
    peer_expect(p, REQUEST);
    peer_send(p, THROUGH " ff 00*8 7f 03 01 'NULL' 00*16 00 00*31"
                 " <04 05'READY'(Socket-Type=DEALER)> <00 'x'*%d> <00 'small'>", SIZE);
    node_receive(n, &msg);
    assert_int_equal(zmq_msg_size(&msg), SIZE);
    zmq_msg_close(&msg);
    node_expect(n, "'small'");
}

/* Refused: as an attempt that failed, and made again. The text shown is the proxy's. */
static void expect_failure(struct node *n) {
    node_expect_event(n, ZMQ_EVENT_CONNECT_DELAYED);
    node_expect_event(n, ZMQ_EVENT_CLOSED);
    node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
}

static void refusals(void **state) {
    static const char *const replies[] = {
        "05 01 00 01 00*6", "05 02 00 01 00*6", "05 03 00 01 00*6", "05 04 00 01 00*6",
        "05 05 00 01 00*6", "05 06 00 01 00*6", "05 07 00 01 00*6", "05 08 00 01 00*6",
        "05 09 00 01 00*6", "05 ff 00 01 00*6", "05 00 00 02 00*6", "05 00 01 01 00*6",
        "05 00 00 00 00*6", "04 00 00 01 00*6", "'HTTP/1.1 400 Bad Request'",
    };
    struct peer *l = peer_listen(*state), *p;
    struct node *n = client(*state, l);
    node_watch(n);
    node_connect(n, TARGET);
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        wire_row = (int)i;
        p = peer_accept(l);
        peer_expect(p, METHODS);
        peer_send(p, "05 00");
        peer_expect(p, REQUEST);
        peer_send(p, "%s", replies[i]);
        peer_await_close(p);
        peer_drop(p);
        expect_failure(n);
    }
    p = peer_accept(l);
    lead_through(p);
    peer_shake(p, "DEALER");
    expect_exchange(n, p);
}

static void refused_methods(void **state) {
    static const char *const answers[] = {"05 ff", "05 01", "04 00", "00 00", "'SSH-2.0'", "ff"};
    struct peer *l = peer_listen(*state), *p;
    struct node *n = client(*state, l);
    node_watch(n);
    node_connect(n, TARGET);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        wire_row = (int)i;
        p = peer_accept(l);
        peer_expect(p, METHODS);
        peer_send(p, "%s", answers[i]);
        if (i == 5)
            peer_half_close(p);
        peer_await_close(p);
        peer_drop(p);
        expect_failure(n);
    }
    lead_through(peer_accept(l)); /* libzmq aborts where it is closed before */
    node_await_event(n, ZMQ_EVENT_CONNECTED);
}

static void wrong_password(void **state) {
    static const char *const answers[] = {"01 01", "01 ff", "05 00", "00 00"};
    struct peer *l = peer_listen(*state), *p;
    struct node *n = client(*state, l);
    set_login(n, "joe", "wrong");
    node_watch(n);
    node_connect(n, TARGET);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        wire_row = (int)i;
        p = peer_accept(l);
        peer_expect(p, "05 01 02");
        peer_send(p, "05 02");
        peer_expect(p, "01 03 'joe' 05 'wrong'");
        peer_send(p, "%s", answers[i]);
        peer_await_close(p);
        peer_drop(p);
        expect_failure(n);
    }
}

/* The four turns of the dialogue, a login among them, up to `turn`, then so much of its answer. */
static void play(struct peer *p, int turn, int bytes) {
    static const char *const said[] = {"05 01 02", "01 01 'u' 01 'p'", REQUEST};
    static const uint8_t answers[][12] = {{5, 2}, {1, 0}, {5, 0, 0, 1, 127, 0, 0, 1, 1, 1}};
    static const int sizes[] = {2, 2, 10};
    for (int i = 0; i <= turn; i++) {
        peer_expect(p, "%s", said[i]);
        peer_send_bytes(p, answers[i], (size_t)(i < turn ? sizes[i] : bytes));
    }
}

/* §12, better: whoever falls silent, wherever, is given up when the time to shake hands is. */
static void hanging(void **state) {
    static const int rows[][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}, {2, 1}, {2, 4}, {2, 9}};
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct peer *l[ROWS], *p[ROWS];
    struct node *n[ROWS];
    wire_ours_only("libzmq waits for ever");
    for (size_t i = 0; i < ROWS; i++) {
        wire_row = (int)i;
        l[i] = peer_listen(*state);
        n[i] = client(*state, l[i]);
        set_login(n[i], "u", "p");
        node_set(n[i], ZMQ_HANDSHAKE_IVL, 1000);
        node_watch(n[i]);
        node_connect(n[i], TARGET);
        p[i] = peer_accept(l[i]);
        play(p[i], rows[i][0], rows[i][1]);
    }
    for (size_t i = 0; i < ROWS; i++) {
        wire_row = (int)i;
        peer_expect_close(p[i]);
        expect_failure(n[i]);
    }
}

/* The connection ends within the dialogue, in order or by a reset. */
static void cut_off(void **state) {
    static const int rows[][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}, {2, 1}, {2, 4}, {2, 9}};
    struct peer *l = peer_listen(*state), *p;
    struct node *n = client(*state, l);
    set_login(n, "u", "p");
    node_watch(n);
    node_connect(n, TARGET);
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        wire_row = (int)i;
        p = peer_accept(l);
        play(p, rows[i / 2][0], rows[i / 2][1]);
        if (i & 1)
            peer_reset(p);
        else
            peer_drop(p);
        expect_failure(n);
    }
    p = peer_accept(l);
    play(p, 2, 10);
    peer_shake(p, "DEALER");
    expect_exchange(n, p);
}

/* No proxy there: as any tcp peer that is not, and found when it comes. */
static void absent_proxy(void **state) {
    struct peer *l = peer_reserve(*state), *p;
    struct node *n = client(*state, l);
    node_watch(n);
    node_connect(n, TARGET);
    expect_failure(n);
    expect_failure(n);
    peer_open(l);
    p = peer_accept(l);
    lead_through(p);
    peer_shake(p, "DEALER");
    expect_exchange(n, p);
}

/* The proxy's own name is looked up; one that is none, or no place at all, is tried for ever. */
static void names_of_proxies(void **state) {
    static const char *const bad[] = {"nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",
                                      "127.0.0.1:x", ":", "1.2.3.4:1;5.6.7.8:9", "a b:1"};
    struct peer *l = peer_listen(*state), *p;
    struct node *n = client(*state, l);
    char place[64];
    snprintf(place, sizeof place, "localhost:%s", strrchr(l->address, ':') + 1);
    node_set_text(n, ZMQ_SOCKS_PROXY, place);
    node_connect(n, TARGET);
    p = peer_accept(l);
    lead_through(p);
    peer_shake(p, "DEALER");
    expect_exchange(n, p);
    node_close(n);
    wire_ours_only("libzmq tries some of them");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wire_row = (int)i;
        n = client(*state, l);
        node_set_text(n, ZMQ_SOCKS_PROXY, bad[i]);
        node_watch(n);
        node_connect(n, TARGET);
        node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
        node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
        node_close(n);
    }
}

/* What no proxy can be told fails too, and no less often. */
static void nameless_targets(void **state) {
    static const char *const bad[] = {"tcp://name:0", "tcp://:5555", "tcp://[]:5555"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct peer *l = peer_listen(*state);
        struct node *n = client(*state, l);
        wire_ours_only("libzmq refuses some of them");
        wire_row = (int)i;
        node_watch(n);
        node_connect(n, bad[i]);
        expect_failure(n);
        expect_failure(n);
        peer_expect_close(peer_accept(l));
        node_close(n);
    }
}

/* RECONNECT_STOP: refused is refused, by the proxy's machine or by the target. */
static void stopped_by_refusal(void **state) {
    struct peer *vacant = peer_reserve(*state), *l = peer_listen(*state), *p;
    struct node *n;
    wire_ours_only("RECONNECT_STOP is a draft option");
    for (int i = 0; i < 3; i++) {
        wire_row = i;
        n = client(*state, i ? l : vacant);
        node_set(n, ZMQ_RECONNECT_STOP,
                 i == 2 ? ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED : ZMQ_RECONNECT_STOP_CONN_REFUSED);
        node_watch(n);
        node_connect(n, TARGET);
        if (i) {
            p = peer_accept(l);
            peer_expect(p, METHODS);
            peer_send(p, "05 00");
            peer_expect(p, REQUEST);
            peer_send(p, "05 05 00 01 00*6");
            peer_expect_close(p);
        }
        node_expect_event(n, ZMQ_EVENT_CONNECT_DELAYED);
        node_expect_event(n, ZMQ_EVENT_CLOSED);
        if (i == 2) {
            node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED); /* no handshake had begun */
        } else {
            assert_int_equal(node_next_event(n, NULL, QUIET_MS), 0);
            assert_int_equal(zmq_disconnect(n->sock, TARGET), -1);
            assert_int_equal(zmq_errno(), ENOENT);
        }
        node_close(n);
    }
}

/* The back-off goes on growing while the proxy is there and refuses. */
static void back_off(void **state) {
    static const uint32_t delays[] = {10, 20, 40, 80, 80};
    struct peer *l = peer_listen(*state), *p;
    struct node *n = client(*state, l);
    wire_ours_only("libzmq 4.3.4 adds jitter here too");
    node_set(n, ZMQ_RECONNECT_IVL, 10);
    node_set(n, ZMQ_RECONNECT_IVL_MAX, 80);
    node_watch(n);
    node_connect(n, TARGET);
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        p = peer_accept(l);
        peer_expect(p, METHODS);
        peer_send(p, "05 ff");
        node_expect_event(n, ZMQ_EVENT_CONNECT_DELAYED);
        node_expect_event(n, ZMQ_EVENT_CLOSED);
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED), delays[i]);
    }
}

/* §12, better: closed or disconnected within the dialogue, or while it waits to begin again. */
static void closed_meanwhile(void **state) {
    for (int i = 0; i < 6; i++) {
        struct peer *l = peer_listen(*state), *p;
        struct node *n = client(*state, l);
        wire_ours_only("libzmq aborts");
        wire_row = i;
        node_watch(n);
        node_connect(n, TARGET);
        node_send(n, "'never sent'");
        p = peer_accept(l);
        peer_expect(p, METHODS);
        if (i & 1) {
            peer_send(p, "05 00");
            peer_expect(p, REQUEST);
        }
        node_expect_event(n, ZMQ_EVENT_CONNECT_DELAYED);
        if (i > 3) {
            peer_drop(p);
            node_expect_event(n, ZMQ_EVENT_CLOSED);
            node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
        } else if (i > 1) {
            assert_int_equal(zmq_disconnect(n->sock, TARGET), 0);
            node_expect_event(n, ZMQ_EVENT_CLOSED);
            peer_expect_close(p);
        }
        node_close(n);
        if (i < 2)
            peer_expect_close(p);
    }
}

/* A lost connection is made again by way of the proxy, and what was queued goes with it. */
static void again(void **state) {
    struct peer *l = peer_listen(*state), *p;
    struct node *n = client(*state, l);
    node_connect(n, TARGET);
    node_send(n, "'first'");
    for (int i = 0; i < 3; i++) {
        p = peer_accept(l);
        lead_through(p);
        peer_shake(p, "DEALER");
        if (i == 0)
            peer_expect(p, "<00 'first'>");
        expect_exchange(n, p);
        peer_drop(p);
    }
}

/* Bare bytes go through it as well. */
static void bare_bytes(void **state) {
    struct peer *l = peer_listen(*state), *p;
    struct node *n = node_new(*state, ZMQ_STREAM);
    node_set_text(n, ZMQ_SOCKS_PROXY, place_of(l));
    node_connect(n, TARGET);
    p = peer_accept(l);
    lead_through(p);
    peer_send(p, "'hello'");
    node_expect(n, "??*5|");
    node_expect(n, "??*5|'hello'");
}

/* What binds, and what is not tcp, has nothing to do with the proxy. */
static void not_by_way_of_it(void **state) {
    struct peer *vacant = peer_reserve(*state), *l = peer_listen(*state), *p;
    struct node *n = client(*state, vacant), *m;
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_shake(p, "DEALER");
    expect_exchange(n, p);
    m = node_new(*state, ZMQ_DEALER);
    node_bind(m);
    wire_ours_only("the installed libzmq has no ws");
    if (zmq_has("ws")) {
        char address[128];
        snprintf(address, sizeof address, "ws://%s/", place_of(l));
        node_connect(n, address);
        peer_expect(peer_accept(l), "'GET / HTTP/1.1'");
    }
}

/* The endpoint that events show is the proxy's, as it was typed. */
static void events(void **state) {
    struct peer *l = peer_listen(*state), *p;
    struct node *n = client(*state, l);
    node_watch(n);
    node_connect(n, TARGET);
    p = peer_accept(l);
    lead_through(p);
    peer_shake(p, "DEALER");
    for (int i = 0; i < 3; i++) {
        char text[160] = "";
        zmq_msg_t msg;
        struct node eye = {.world = n->world, .sock = n->monitor};
        node_receive(&eye, &msg);
        zmq_msg_close(&msg);
        assert_true(zmq_recv(n->monitor, text, sizeof text - 1, 0) > 0);
        assert_string_equal(text, l->address);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_TCP(through),
        ON_TCP(literals),
        ON_TCP(logins),
        ON_TCP(too_long_logins),
        ON_TCP(bound_addresses),
        ON_TCP(what_follows_at_once),
        ON_TCP(refusals),
        ON_TCP(refused_methods),
        ON_TCP(wrong_password),
        ON_TCP(hanging),
        ON_TCP(cut_off),
        ON_TCP(absent_proxy),
        ON_TCP(names_of_proxies),
        ON_TCP(nameless_targets),
        ON_TCP(stopped_by_refusal),
        ON_TCP(back_off),
        ON_TCP(closed_meanwhile),
        ON_TCP(again),
        ON_TCP(bare_bytes),
        ON_TCP(not_by_way_of_it),
        ON_TCP(events),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
