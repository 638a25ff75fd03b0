/* SPDX-License-Identifier: MIT */
/* The greeting, byte for byte: zmtp.md §2, its worked hex in §13, RFC differences in §14. */
#include "node.h"
#include "peer.h"

#include <stdlib.h>
#include <string.h>

static struct node *bound(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    node_bind(n);
    return n;
}

/* §2.1: part A at once, B after ten bytes, C after the eleventh. */
static void steps_of_the_listener(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    struct peer *p = peer_connect(*state, n->endpoint);
    peer_expect(p, "ff 00*7 01 7f");
    peer_send(p, "ff 00*8");
    peer_expect_quiet(p, QUIET_MS);
    peer_send(p, "7f");
    peer_expect(p, "03");
    peer_expect_quiet(p, QUIET_MS);
    peer_send(p, "03");
    peer_expect(p, "01 'NULL' 00*16 00*32");
    peer_expect_quiet(p, QUIET_MS);
    peer_send(p, "01 'NULL' 00*16 00*32");
    peer_expect(p, "04 1a 05 52 45 41 44 59 0b 53 6f 63 6b 65 74 2d 54 79 70 65 00 00 00 04"
                   " 50 55 4c 4c");
}

static void steps_of_the_connecter(void **state) {
    struct peer *l = peer_listen(*state);
    struct node *n = node_new(*state, ZMQ_PUSH);
    struct peer *p;
    node_connect(n, l->address);
    p = peer_accept(l);
    peer_expect(p, "ff 00*7 01 7f");
    peer_expect_quiet(p, QUIET_MS);
    peer_send(p, "ff 00*8 7f");
    peer_expect(p, "03");
    peer_send(p, "03");
    peer_expect(p, "01 'NULL' 00*16 00*32");
    peer_send(p, "01 'NULL' 00*16 00*32");
    peer_expect(p, "04 1a 05 52 45 41 44 59 0b 53 6f 63 6b 65 74 2d 54 79 70 65 00 00 00 04"
                   " 50 55 53 48");
}

/* §2.1: the eight bytes hold the identity's length + 1. */
static void identity_in_the_padding(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    char longest[256];
    struct peer *p;
    node_set_text(n, ZMQ_ROUTING_ID, "client-7");
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_expect(p, "ff 00*7 09 7f");

    n = node_new(*state, ZMQ_DEALER);
    memset(longest, 'i', 255);
    longest[255] = '\0';
    node_set_text(n, ZMQ_ROUTING_ID, longest);
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_expect(p, "ff 00*6 01 00 7f");
}

/* §2.2: what a receiver must not look at: padding, as-server, filler. */
static void insignificant_bytes(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    static const char *const greetings[] = {
        "ff 5a*8 7f 03 01 'NULL' 00*16 00*32",
        "ff ff*8 ff 03 01 'NULL' 00*16 00*32",
        "ff 00*8 01 03 01 'NULL' 00*16 00*32",
        "ff 00*8 7f 03 01 'NULL' 00*16 01 00*31",
        "ff 00*8 7f 03 01 'NULL' 00*16 ff*32",
        "ff 00*8 7f 03 02 'NULL' 00*16 00*32",
        "ff 00*8 7f 03 ff 'NULL' 00*16 00*32",
    };
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_send(p, "%s", greetings[i]);
        peer_expect(p, "ff 00*7 01 7f 03 01 'NULL' 00*16 00*32");
        peer_ready(p, "PUSH");
        peer_send(p, "<00 'n' %02x>", (unsigned)i);
        node_expect(n, "'n' %02x", (unsigned)i);
        peer_drop(p);
    }
}

/* §2.2: all twenty bytes of the mechanism count; another one ends the connection on either side
 * with MECHANISM_MISMATCH (§12), and the connecting side does not come back. */
static const char *const foreign[] = {"'NULL' 00 'X' 00*14", "'PLAIN' 00*15", "'CURVE' 00*15",
                                      "'null' 00*16", "00*20", "'NULLNULLNULLNULLNULL'",
                                      "'NUL' 00*17", "'NULL' 00*15 01"};

static void mechanism_mismatch_at_the_listener(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    node_watch(n);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_send(p, "ff 00*8 7f 03 01 %s 00*32", foreign[i]);
        peer_await_close(p); /* before or after its own greeting went out */
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL), 0x11000002);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        peer_drop(p);
    }
}

static void mechanism_mismatch_at_the_connecter(void **state) {
    struct peer *l = peer_listen(*state);
    struct node *n = node_new(*state, ZMQ_PUSH);
    struct peer *p;
    node_set(n, ZMQ_RECONNECT_IVL, 10);
    node_watch(n);
    node_connect(n, l->address);
    p = peer_accept(l);
    peer_send(p, "ff 00*8 7f 03 01 'PLAIN' 00*15 00*32");
    peer_await_close(p);
    node_expect_connected(n);
    assert_int_equal(node_expect_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL), 0x11000002);
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    peer_expect_nobody(l, QUIET_MS);
}

/* §2.2: the announced mechanism, and as-server zero also where one is the server. */
static void mechanism_names(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    struct peer *p;
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_send(p, "ff 00*8 7f 03");
    peer_expect(p, "ff 00*7 01 7f 03 01 50 4c 41 49 4e 00*15 00*32");

    n = node_new(*state, ZMQ_PULL);
    node_set_text(n, ZMQ_PLAIN_USERNAME, "u");
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_send(p, "ff 00*8 7f 03");
    peer_expect(p, "ff 00*7 01 7f 03 01 50 4c 41 49 4e 00*15 00*32");

    if (!zmq_has("curve"))
        return;
    n = node_new(*state, ZMQ_PULL);
    node_set(n, ZMQ_CURVE_SERVER, 1);
    node_set_text(n, ZMQ_CURVE_SECRETKEY, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6");
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_send(p, "ff 00*8 7f 03");
    peer_expect(p, "ff 00*7 01 7f 03 01 43 55 52 56 45 00*15 00*32");
}

/* pitfalls.md §9.5: a greeting, its READY and a message may be split at every byte. */
static void one_feed(struct wire *w, struct node *n, enum peer_feed feed, size_t cut) {
    struct peer *p = peer_connect(w, n->endpoint);
    p->feed = feed;
    p->cut = cut;
    peer_send(p, "ff 00*8 7f 03 01 'NULL' 00*16 00*32 <04 05'READY'(Socket-Type=PUSH)>");
    peer_expect(p, "ff 00*7 01 7f 03 01 'NULL' 00*16 00*32 <04 05'READY'(Socket-Type=PULL)>");
    peer_send(p, "<01 'part one'><00 'part two'><01 'x'*300><04 04'PING' 00 00><00>");
    peer_expect(p, "<04 04'PONG'>");
    node_expect(n, "'part one'|'part two'");
    node_expect(n, "'x'*300|");
    peer_drop(p);
}

static void every_cut(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    const size_t start = 64 + 28, total = start + 10 + 10 + 309 + 9 + 2;
    one_feed(*state, n, FEED_WHOLE, 0);
    one_feed(*state, n, FEED_BYTES, 0);
    for (size_t cut = 1; cut < total; cut++) {
        one_feed(*state, n, FEED_CUT, cut);
        if (cut > start + 40 && cut < total - 20)
            cut += 16; /* inside the long body nothing changes */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(steps_of_the_listener),
        ON_BOTH(steps_of_the_connecter),
        ON_BOTH(identity_in_the_padding),
        ON_BOTH(insignificant_bytes),
        ON_BOTH(mechanism_mismatch_at_the_listener),
        ON_BOTH(mechanism_mismatch_at_the_connecter),
        ON_BOTH(mechanism_names),
        ON_BOTH(every_cut),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
