/* SPDX-License-Identifier: MIT */
/* Which protocol a peer speaks, and what is spoken with the old ones: zmtp.md §3 and §4. */
#include "node.h"
#include "peer.h"

#include <stdlib.h>
#include <string.h>

static struct node *bound(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    node_bind(n);
    return n;
}

/* §3, §4.1-4.3: what an old PUSH sends to our PULL, and what it gets. */
struct talk {
    const char *sent;
    const char *answer;
    const char *message;
};

static const struct talk old_peers[] = {
    /* 1.0, identity in the short and in the long form, flags of the identity frame ignored */
    {"01 00 03 00 5a 31", "ff 00*7 01 7f", "'Z1'"},
    {"04 01 'abc' 03 01 'p1' 03 00 'p2'", "ff 00*7 01 7f", "'p1'|'p2'"},
    {"ff u64:1 00 03 00 'Z1'", "ff 00*7 01 7f", "'Z1'"},
    {"ff u64:4 00 'abc' ff u64:3 00 'Z1'", "ff 00*7 01 7f", "'Z1'"},
    {"ff u64:4 fe 'abc' {00 'x'*253} ", "ff 00*7 01 7f", "'x'*253"},
    {"01 00 {00 'x'*254}", "ff 00*7 01 7f", "'x'*254"},
    /* greeting with revision 0, then 1.0 frames */
    {"ff 00*8 7f 00 08 01 00 03 00 'Z1'", "ff 00*7 01 7f 03 07 01 00", "'Z1'"},
    {"ff 5a*8 01 00 63 04 00 'abc' {01 'x'*300} 01 00", "ff 00*7 01 7f 03 07 01 00", "'x'*300|"},
    /* 2.0 */
    {"ff 00*8 7f 01 08 00 00 00 02 'Z1'", "ff 00*7 01 7f 03 07 00 00", "'Z1'"},
    {"ff 00*8 7f 01 63 00 03 'abc' <01 'p1'><00 'x'*256>", "ff 00*7 01 7f 03 07 00 00",
     "'p1'|'x'*256"},
    {"ff 00*8 7f 01 08 02 u64:3 'abc' 02 u64:2 'Z1'", "ff 00*7 01 7f 03 07 00 00", "'Z1'"},
};

static void one_talk(struct wire *w, struct node *n, const struct talk *t, size_t cut) {
    struct peer *p = peer_connect(w, n->endpoint);
    p->feed = cut ? FEED_CUT : FEED_BYTES;
    p->cut = cut;
    peer_send(p, "%s", t->sent);
    peer_expect(p, "%s", t->answer);
    node_expect(n, "%s", t->message);
    peer_drop(p);
}

static void old_pushers(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    for (size_t i = 0; i < sizeof old_peers / sizeof old_peers[0]; i++) {
        wire_row = (int)i;
        struct bytes script;
        script_parse(&script, "%s", old_peers[i].sent);
        one_talk(*state, n, &old_peers[i], 0);
        for (size_t cut = 1; cut <= script.len; cut += cut > 40 && cut + 8 < script.len ? 32 : 1)
            one_talk(*state, n, &old_peers[i], cut);
        bytes_free(&script);
    }
}

/* §4: no metadata on messages of old peers. */
static void no_metadata(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    for (size_t i = 0; i < sizeof old_peers / sizeof old_peers[0]; i += 3) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        bool more;
        peer_send(p, "%s", old_peers[i].sent);
        do {
            zmq_msg_t msg;
            node_receive(n, &msg);
            assert_null(zmq_msg_gets(&msg, "Peer-Address"));
            assert_null(zmq_msg_gets(&msg, "Socket-Type"));
            more = zmq_msg_more(&msg);
            zmq_msg_close(&msg);
        } while (more);
        peer_drop(p);
    }
}

/* §4.1: what our PUSH says to an unversioned PULL; the identity's body follows the first byte. */
static void talking_to_one_zero(void **state) {
    struct node *n = bound(*state, ZMQ_PUSH);
    struct peer *p = peer_connect(*state, n->endpoint);
    peer_expect(p, "ff 00*7 01 7f");
    peer_send(p, "01 00");
    node_send(n, "'Z1'");
    peer_expect(p, "03 00 5a 31");
    node_send(n, "'p1'|'p2'");
    peer_expect(p, "03 01 70 31 03 00 70 32");
    node_send(n, "'x'*253");
    peer_expect(p, "fe 00 'x'*253");
    node_send(n, "'x'*254|");
    peer_expect(p, "ff u64:255 01 'x'*254 01 00");
    node_send(n, "'x'*300");
    peer_expect(p, "ff 00 00 00 00 00 00 01 2d 00 'x'*300");

    n = node_new(*state, ZMQ_DEALER);
    node_set_text(n, ZMQ_ROUTING_ID, "client-7");
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_expect(p, "ff 00*7 09 7f");
    peer_send(p, "01");
    peer_expect(p, "'client-7'");
    peer_send(p, "00");
    node_send(n, "'Z1'");
    peer_expect(p, "03 00 5a 31");
}

static void talking_to_revision_zero(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    struct peer *p;
    node_set_text(n, ZMQ_ROUTING_ID, "client-7");
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_send(p, "ff 00*8 7f 00 06 01 00");
    peer_expect(p, "ff 00*7 09 7f 03 05 09 00 'client-7'");
    node_send(n, "'Z1'");
    peer_expect(p, "03 00 5a 31");
}

static void talking_to_two_zero(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    struct peer *p;
    node_set_text(n, ZMQ_ROUTING_ID, "client-7");
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_send(p, "ff 00*8 7f 01");
    peer_expect(p, "ff 00*7 09 7f 03 05");
    peer_send(p, "06 00 00");
    peer_expect(p, "00 08 'client-7'");
    node_send(n, "'p1'|'x'*255|'x'*256");
    peer_expect(p, "01 02 70 31 01 ff 'x'*255 02 00 00 00 00 00 00 01 00 'x'*256");
}

/* §4: the identity of an old peer names it at a ROUTER; §10.3: REQ and REP with an old peer. */
static void identities_of_old_peers(void **state) {
    struct node *n = bound(*state, ZMQ_ROUTER);
    struct peer *one = peer_connect(*state, n->endpoint), *two, *zero;
    peer_send(one, "04 00 'one' {00 'hi'}");
    node_expect(n, "'one'|'hi'");
    zero = peer_connect(*state, n->endpoint);
    peer_send(zero, "ff 00*8 7f 00 05 05 00 'zero' {00 'hi'}");
    node_expect(n, "'zero'|'hi'");
    two = peer_connect(*state, n->endpoint);
    peer_send(two, "ff 00*8 7f 01 05 00 03 'two' <00 'hi'>");
    node_expect(n, "'two'|'hi'");
    node_send(n, "'two'|'2'");
    node_send(n, "'one'|'1'");
    node_send(n, "'zero'|'0'");
    peer_expect(one, "ff 00*7 01 7f 02 00 '1'");
    peer_expect(zero, "ff 00*7 01 7f 03 06 01 00 02 00 '0'");
    peer_expect(two, "ff 00*7 01 7f 03 06 00 00 00 01 '2'");

    n = bound(*state, ZMQ_REP);
    two = peer_connect(*state, n->endpoint);
    peer_send(two, "ff 00*8 7f 01 03 00 00 01 00 00 02 'hi'");
    node_expect(n, "'hi'");
    node_send(n, "'yo'");
    peer_expect(two, "ff 00*7 01 7f 03 04 00 00 01 00 00 02 'yo'");
}

/* §4.3: the byte that names our type, and that theirs is never looked at. */
static void type_bytes(void **state) {
    static const int types[] = {ZMQ_PAIR, ZMQ_PUB, ZMQ_SUB, ZMQ_REQ, ZMQ_REP, ZMQ_DEALER,
                                ZMQ_ROUTER, ZMQ_PULL, ZMQ_PUSH, ZMQ_XPUB, ZMQ_XSUB};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        wire_row = (int)i;
        struct node *n = bound(*state, types[i]);
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_send(p, "ff 00*8 7f 01 %02x 00 00", (unsigned)(255 - 7 * i));
        peer_expect(p, "ff 00*7 01 7f 03 %02x 00 00", (unsigned)types[i]);
        peer_drop(p);
        p = peer_connect(*state, n->endpoint);
        peer_send(p, "ff 00*8 7f 00 %02x 01 00", (unsigned)i);
        peer_expect(p, "ff 00*7 01 7f 03 %02x 01 00", (unsigned)types[i]);
        peer_drop(p);
        node_close(n);
    }
}

/* §4.1: a 1.0 subscriber gets everything; revision 0 and 2.0 subscribe by message (§10.1). */
static void old_subscribers(void **state) {
    struct node *n = bound(*state, ZMQ_XPUB);
    struct peer *one, *zero, *two;
    one = peer_connect(*state, n->endpoint);
    peer_send(one, "01 00");
    node_expect(n, "01");
    zero = peer_connect(*state, n->endpoint);
    peer_send(zero, "ff 00*8 7f 00 02 01 00 {00 01 'A'}");
    node_expect(n, "01 'A'");
    two = peer_connect(*state, n->endpoint);
    peer_send(two, "ff 00*8 7f 01 02 00 00 00 02 01 'B'");
    node_expect(n, "01 'B'");
    node_send(n, "'Bx'");
    node_send(n, "'Ax'|'y'");
    peer_expect(one, "ff 00*7 01 7f 03 00 'Bx' 03 01 'Ax' 02 00 'y'");
    peer_expect(zero, "ff 00*7 01 7f 03 09 01 00 03 01 'Ax' 02 00 'y'");
    peer_expect(two, "ff 00*7 01 7f 03 09 00 00 00 02 'Bx'");
    peer_send(two, "00 02 00 'B'");
    node_expect(n, "00 'B'");
    node_send(n, "'Bx'");
    peer_expect(one, "03 00 'Bx'");
}

/* §10.1: the forms in which our SUB subscribes at old publishers. */
static void old_publishers(void **state) {
    struct node *n = bound(*state, ZMQ_SUB);
    struct peer *p;
    node_set_text(n, ZMQ_SUBSCRIBE, "AB");
    p = peer_connect(*state, n->endpoint);
    peer_send(p, "01 00");
    peer_expect(p, "ff 00*7 01 7f");
    node_expect_nothing(n, 0); /* libzmq subscribes when the application enters the socket */
    peer_send(p, "{00 'ABC'}");
    node_expect(n, "'ABC'");
    peer_expect(p, "04 00 01 41 42");
    peer_drop(p);

    p = peer_connect(*state, n->endpoint);
    peer_send(p, "ff 00*8 7f 01 01 00 00 00 02 'AB'");
    node_expect(n, "'AB'");
    peer_expect(p, "ff 00*7 01 7f 03 02 00 00 00 03 01 41 42");
    zmq_setsockopt(n->sock, ZMQ_UNSUBSCRIBE, "AB", 2);
    peer_expect(p, "00 03 00 41 42");
    peer_drop(p);
}

/* §3: 3.0 gets subscription messages; 3.x and every other major number commands. */
static void later_versions(void **state) {
    static const unsigned versions[][2] = {{3, 0}, {3, 1}, {3, 2}, {3, 255}, {2, 0}, {2, 1},
                                           {4, 0}, {5, 1}, {127, 0}, {255, 255}};
    struct node *n = bound(*state, ZMQ_SUB);
    node_set_text(n, ZMQ_SUBSCRIBE, "AB");
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_send(p, "ff 00*8 7f %02x", versions[i][0]);
        peer_expect(p, "ff 00*7 01 7f 03 01 'NULL' 00*16 00*32");
        peer_send(p, "%02x 'NULL' 00*16 00*32", versions[i][1]);
        peer_ready(p, "PUB");
        peer_send(p, "<00 'AB' %02x>", (unsigned)i);
        node_expect(n, "'AB' %02x", (unsigned)i);
        if (versions[i][0] == 3 && versions[i][1] == 0)
            peer_expect(p, "00 03 01 41 42");
        else
            peer_expect(p, "04 0c 09 53 55 42 53 43 52 49 42 45 41 42");
        peer_drop(p);
    }
}

/* §3, downgrade guard: with security in use old peers are shut out, without any handshake event. */
static const char *const downgrades[] = {"01 00", "ff u64:1 00", "ff 00*8 7f 00", "ff 00*8 7f 01"};

static void downgrade_guard(struct wire *w, struct node *n) {
    node_bind(n);
    node_watch(n);
    for (size_t i = 0; i < sizeof downgrades / sizeof downgrades[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(w, n->endpoint);
        peer_send(p, "%s 00*4", downgrades[i]);
        peer_await_close(p);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        peer_drop(p);
    }
}

static void downgrade_guard_plain(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    downgrade_guard(*state, n);
}

static void downgrade_guard_domain(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    node_set_text(n, ZMQ_ZAP_DOMAIN, "global");
    downgrade_guard(*state, n);
}

static void downgrade_guard_connecting(void **state) {
    for (size_t i = 0; i < sizeof downgrades / sizeof downgrades[0]; i++) {
        wire_row = (int)i;
        struct peer *l = peer_listen(*state), *p;
        struct node *n = node_new(*state, ZMQ_DEALER);
        node_set_text(n, ZMQ_ZAP_DOMAIN, "global");
        node_set(n, ZMQ_RECONNECT_IVL, 10);
        node_watch(n);
        node_connect(n, l->address);
        p = peer_accept(l);
        peer_send(p, "%s 00*4", downgrades[i]);
        peer_await_close(p);
        node_expect_connected(n);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        peer_expect_nobody(l, QUIET_MS);
        node_close(n);
        peer_drop(p);
        peer_drop(l);
    }
}

/* §4: no HANDSHAKE_SUCCEEDED; pitfalls.md §17.6: nor a failure when such a connection ends. */
static void events_of_old_peers(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    wire_ours_only("libzmq reports a failed handshake when an old peer leaves");
    node_watch(n);
    for (size_t i = 0; i < sizeof old_peers / sizeof old_peers[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_send(p, "%s", old_peers[i].sent);
        node_expect(n, "%s", old_peers[i].message);
        peer_drop(p);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

/* pitfalls.md §10.4: the handshake timer does not end old connections ... */
static void old_peers_outlive_the_handshake_timer(void **state) {
    static const size_t chosen[] = {0, 2, 6, 8};
    struct peer *p[4];
    struct node *n = node_new(*state, ZMQ_PULL);
    wire_ours_only("libzmq up to 4.3.4 cuts old peers off when the timer expires");
    node_set(n, ZMQ_HANDSHAKE_IVL, 100);
    node_bind(n);
    for (size_t i = 0; i < 4; i++) {
        p[i] = peer_connect(*state, n->endpoint);
        peer_send(p[i], "%s", old_peers[chosen[i]].sent);
        peer_expect(p[i], "%s", old_peers[chosen[i]].answer);
        node_expect(n, "%s", old_peers[chosen[i]].message);
    }
    for (size_t i = 0; i < 4; i++)
        peer_expect_quiet(p[i], i ? 0 : 300);
    peer_send(p[0], "{00 'late'}");
    node_expect(n, "'late'");
    peer_send(p[3], "<00 'late too'>");
    node_expect(n, "'late too'");
}

/* ... and (better, §9.9) it runs until the peer's identity is complete. */
static void no_identity_no_connection(void **state) {
    static const char *const starts[] = {"47", "04 00 'ab'", "ff u64:9 00", "ff 00*8 7f 00 01",
                                         "ff 00*8 7f 01 01", "ff 00*8 7f 01 01 00 04 'abc'"};
    struct node *n = node_new(*state, ZMQ_PULL);
    wire_ours_only("libzmq stops the handshake timer when it knows the version");
    node_set(n, ZMQ_HANDSHAKE_IVL, 100);
    node_bind(n);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_send(p, "%s", starts[i]);
        peer_await_close(p);
        peer_drop(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(old_pushers),
        ON_TCP(no_metadata),
        ON_BOTH(talking_to_one_zero),
        ON_BOTH(talking_to_revision_zero),
        ON_BOTH(talking_to_two_zero),
        ON_BOTH(identities_of_old_peers),
        ON_BOTH(type_bytes),
        ON_BOTH(old_subscribers),
        ON_BOTH(old_publishers),
        ON_BOTH(later_versions),
        ON_BOTH(downgrade_guard_plain),
        ON_BOTH(downgrade_guard_domain),
        ON_BOTH(downgrade_guard_connecting),
        ON_BOTH(events_of_old_peers),
        ON_BOTH(old_peers_outlive_the_handshake_timer),
        ON_BOTH(no_identity_no_connection),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
