/* SPDX-License-Identifier: MIT */
/* The NULL handshake: READY and ERROR, byte for byte and bad ones: zmtp.md §7, §12, §13. */
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

/* §8: Socket-Type for all, Identity for REQ, DEALER and ROUTER. */
struct own_ready {
    int type;
    bool draft;
    const char *peer;
    const char *bytes;
};

#define SOCKET_TYPE "0b 53 6f 63 6b 65 74 2d 54 79 70 65 00 00 00 "
#define NO_IDENTITY " 08 49 64 65 6e 74 69 74 79 00 00 00 00"

static const struct own_ready own[] = {
    {ZMQ_PAIR, false, "PAIR",
     "04 1a 05 52 45 41 44 59 " SOCKET_TYPE "04 50 41 49 52"},
    {ZMQ_PUB, false, "SUB",
     "04 19 05 52 45 41 44 59 " SOCKET_TYPE "03 50 55 42"},
    {ZMQ_SUB, false, "PUB",
     "04 19 05 52 45 41 44 59 " SOCKET_TYPE "03 53 55 42"},
    {ZMQ_REQ, false, "REP",
     "04 26 05 52 45 41 44 59 " SOCKET_TYPE "03 52 45 51" NO_IDENTITY},
    {ZMQ_REP, false, "REQ",
     "04 19 05 52 45 41 44 59 " SOCKET_TYPE "03 52 45 50"},
    {ZMQ_DEALER, false, "DEALER",
     "04 29 05 52 45 41 44 59 " SOCKET_TYPE "06 44 45 41 4c 45 52" NO_IDENTITY},
    {ZMQ_ROUTER, false, "DEALER",
     "04 29 05 52 45 41 44 59 " SOCKET_TYPE "06 52 4f 55 54 45 52" NO_IDENTITY},
    {ZMQ_PULL, false, "PUSH",
     "04 1a 05 52 45 41 44 59 " SOCKET_TYPE "04 50 55 4c 4c"},
    {ZMQ_PUSH, false, "PULL",
     "04 1a 05 52 45 41 44 59 " SOCKET_TYPE "04 50 55 53 48"},
    {ZMQ_XPUB, false, "SUB",
     "04 1a 05 52 45 41 44 59 " SOCKET_TYPE "04 58 50 55 42"},
    {ZMQ_XSUB, false, "PUB",
     "04 1a 05 52 45 41 44 59 " SOCKET_TYPE "04 58 53 55 42"},
    {ZMQ_SERVER, true, "CLIENT",
     "04 1c 05 52 45 41 44 59 " SOCKET_TYPE "06 53 45 52 56 45 52"},
    {ZMQ_CLIENT, true, "SERVER",
     "04 1c 05 52 45 41 44 59 " SOCKET_TYPE "06 43 4c 49 45 4e 54"},
    {ZMQ_RADIO, true, "DISH",
     "04 1b 05 52 45 41 44 59 " SOCKET_TYPE "05 52 41 44 49 4f"},
    {ZMQ_DISH, true, "RADIO",
     "04 1a 05 52 45 41 44 59 " SOCKET_TYPE "04 44 49 53 48"},
    {ZMQ_GATHER, true, "SCATTER",
     "04 1c 05 52 45 41 44 59 " SOCKET_TYPE "06 47 41 54 48 45 52"},
    {ZMQ_SCATTER, true, "GATHER",
     "04 1d 05 52 45 41 44 59 " SOCKET_TYPE "07 53 43 41 54 54 45 52"},
    {ZMQ_PEER, true, "PEER",
     "04 1a 05 52 45 41 44 59 " SOCKET_TYPE "04 50 45 45 52"},
    {ZMQ_CHANNEL, true, "CHANNEL",
     "04 1d 05 52 45 41 44 59 " SOCKET_TYPE "07 43 48 41 4e 4e 45 4c"},
};

/* A listener may wait for the peer's READY (it may refuse a duplicate id before its own), who
 * connects may not. */
static void ready_of_each_type(void **state) {
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        wire_row = (int)i;
        struct peer *bound_side, *l, *p;
        struct node *n;
        if (own[i].draft && !wire_is_ours())
            continue;
        n = bound(*state, own[i].type);
        bound_side = peer_connect(*state, n->endpoint);
        peer_greet(bound_side);
        peer_send(bound_side, "<04 05'READY'(Socket-Type=%s)>", own[i].peer);
        peer_expect(bound_side, "%s", own[i].bytes);
        node_close(n);

        l = peer_listen(*state);
        n = node_new(*state, own[i].type);
        node_connect(n, l->address);
        p = peer_accept(l);
        peer_greet(p);
        peer_expect(p, "%s", own[i].bytes);
        node_close(n);
        peer_drop(p);
        peer_drop(l);
        peer_drop(bound_side);
    }
}

/* §13: READY from REQ "client-7"; the same for the other two that announce one, not for others. */
static void ready_with_identity(void **state) {
    static const struct {
        int type;
        const char *ready;
        const char *peer;
    } with[] = {
        {ZMQ_REQ, "04 2e 05 52 45 41 44 59 0b 53 6f 63 6b 65 74 2d 54 79 70 65 00 00 00 03 52 45"
                  " 51 08 49 64 65 6e 74 69 74 79 00 00 00 08 63 6c 69 65 6e 74 2d 37", "ROUTER"},
        {ZMQ_DEALER, "<04 05'READY'(Socket-Type=DEALER)(Identity=client-7)>", "ROUTER"},
        {ZMQ_ROUTER, "<04 05'READY'(Socket-Type=ROUTER)(Identity=client-7)>", "ROUTER"},
        {ZMQ_REP, "<04 05'READY'(Socket-Type=REP)>", "REQ"},
        {ZMQ_PUSH, "<04 05'READY'(Socket-Type=PUSH)>", "PULL"},
        {ZMQ_SUB, "<04 05'READY'(Socket-Type=SUB)>", "PUB"},
    };
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
        wire_row = (int)i;
        struct node *n = node_new(*state, with[i].type);
        struct peer *p;
        node_set_text(n, ZMQ_ROUTING_ID, "client-7");
        node_bind(n);
        p = peer_connect(*state, n->endpoint);
        peer_greet(p);
        peer_send(p, "<04 05'READY'(Socket-Type=%s)>", with[i].peer);
        peer_expect(p, "%s", with[i].ready);
        node_close(n);
        peer_drop(p);
    }
}

/* §8: application metadata behind the rest, sorted by name, the first value of a name. */
static void ready_with_metadata(void **state) {
    struct node *n = node_new(*state, ZMQ_DEALER);
    struct peer *p;
    wire_ours_only("ZMQ_METADATA is a draft option");
    node_set_text(n, ZMQ_METADATA, "X-b:second");
    node_set_text(n, ZMQ_METADATA, "X-a:first:with colon");
    node_set_text(n, ZMQ_METADATA, "X-b:ignored");
    node_set_text(n, ZMQ_METADATA, "X-Z:capital");
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_greet(p);
    peer_send(p, "<04 05'READY'(Socket-Type=DEALER)>");
    peer_expect(p, "<04 05'READY'(Socket-Type=DEALER)(Identity=)(X-Z=capital)"
                   "(X-a=first:with colon)(X-b=second)>");
}

/* §5.2: handshake commands without COMMAND, with MORE, with reserved bits, long. */
static void lenient_frames(void **state) {
    static const char *const readies[] = {
        "<00 05'READY'(Socket-Type=PUSH)>", "<05 05'READY'(Socket-Type=PUSH)>",
        "<fc 05'READY'(Socket-Type=PUSH)>", "06 u64:26 05'READY'(Socket-Type=PUSH)",
        "02 u64:26 05'READY'(Socket-Type=PUSH)",
        "<04 05'READY'(Socket-Type=PUSH)(X-long=0123456789012345678901234567890123456789"
        "01234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "01234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "01234567890123456789012345678901234567890123456789012345678901234567890123456789)>"};
    struct node *n = bound(*state, ZMQ_PULL);
    for (size_t i = 0; i < sizeof readies / sizeof readies[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_greet(p);
        peer_send(p, "%s", readies[i]);
        peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
        peer_send(p, "<00 'n' %02x>", (unsigned)i);
        node_expect(n, "'n' %02x", (unsigned)i);
        peer_drop(p);
    }
}

/* What ends a handshake, the event it raises (0: none) and the value of it (0: any). */
struct bad {
    const char *sent;
    int event;
    uint32_t value;
};

#define PROTOCOL ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
#define AUTH ZMQ_EVENT_HANDSHAKE_FAILED_AUTH

static const struct bad bad[] = {
    /* §7: any first command but READY and ERROR */
    {"<04 04'PING' 00 00>", PROTOCOL, 0x10000001},
    {"<04 09'SUBSCRIBE'>", PROTOCOL, 0x10000001},
    {"<04 05'HELLO' 00 00>", PROTOCOL, 0x10000001},
    {"<04 05'ready'(Socket-Type=PUSH)>", PROTOCOL, 0x10000001},
    {"<04 06'READYX'(Socket-Type=PUSH)>", PROTOCOL, 0x10000001},
    {"<00 'just a message'>", PROTOCOL, 0x10000001},
    /* §7: malformed ERROR */
    {"<04 05'ERROR'>", PROTOCOL, 0x10000015},
    {"<04 05'ERROR' 01>", PROTOCOL, 0x10000015},
    {"<04 05'ERROR' 04'400'>", PROTOCOL, 0x10000015},
    {"<04 05'ERROR' ff'400'>", PROTOCOL, 0x10000015},
    /* §7: ERROR with a status, also with bytes behind it, and with any other text */
    {"<04 05'ERROR' 03'300'>", AUTH, 300},
    {"<04 05'ERROR' 03'400'>", AUTH, 400},
    {"<04 05'ERROR' 03'500'>", AUTH, 500},
    {"<04 05'ERROR' 03'400' 'and more'>", AUTH, 400},
    {"<04 05'ERROR' 03'200'>", 0, 0},
    {"<04 05'ERROR' 03'999'>", 0, 0},
    {"<04 05'ERROR' 04'4000'>", 0, 0},
    {"<04 05'ERROR' 00 00>", 0, 0},
    {"<04 05'ERROR' 0b'not welcome'>", 0, 0},
    /* §7, §9: READY that does not parse or does not fit */
    {"<04 05'READY' 01>", 0, 0},
    {"<04 05'READY'(Socket-Type=PULL)>", 0, 0},
};

static void bad_handshake_at_the_listener(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    node_watch(n);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_greet(p);
        peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
        peer_send(p, "%s", bad[i].sent);
        peer_expect_close(p);
        peer_drop(p);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        if (bad[i].event)
            wire_check(node_expect_event(n, bad[i].event) == bad[i].value, "value, row %zu", i);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

/* §12: a protocol error stops the connecting side for good. */
static void bad_handshake_at_the_connecter(void **state) {
    struct node *n[sizeof bad / sizeof bad[0]];
    struct peer *l[sizeof bad / sizeof bad[0]];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wire_row = (int)i;
        struct peer *p;
        l[i] = peer_listen(*state);
        n[i] = node_new(*state, ZMQ_PULL);
        node_set(n[i], ZMQ_RECONNECT_IVL, 10);
        node_watch(n[i]);
        node_connect(n[i], l[i]->address);
        p = peer_accept(l[i]);
        peer_greet(p);
        peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
        peer_send(p, "%s", bad[i].sent);
        peer_expect_close(p);
        peer_drop(p);
        node_expect_connected(n[i]);
        if (bad[i].event)
            wire_check(node_expect_event(n[i], bad[i].event) == bad[i].value, "row %zu", i);
        node_expect_event(n[i], ZMQ_EVENT_DISCONNECTED);
        peer_expect_nobody(l[i], 30);
        node_close(n[i]);
        peer_drop(l[i]);
    }
}

/* §6, pitfalls.md §9.10: an empty command, a name longer than its command: no crash, an end. */
static void cropped_commands(void **state) {
    static const char *const cropped[] = {"04 00", "06 u64:0", "04 01 00", "04 01 05",
                                          "04 05 05'READ'", "04 02 ff'R'", "04 03 05'RE'",
                                          "04 05 05'ERRO'"};
    struct node *n = bound(*state, ZMQ_PULL);
    for (size_t i = 0; i < sizeof cropped / sizeof cropped[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_greet(p);
        peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
        peer_send(p, "%s", cropped[i]);
        peer_expect_close(p);
        peer_drop(p);
    }
}

/* §5.3: libzmq applies MAXMSGSIZE to READY too; here handshake commands have a bound of their own,
 * whatever the limit (options.md §1, better). A READY of just that size passes. */
static void oversize_ready(void **state) {
    const char *over = wire_is_ours()
                           ? "06 u64:65537 05'READY'(Socket-Type=PUSH) 04'X-ab' u32:65502"
                           : "04 29 05'READY'(Socket-Type=PUSH) 04'X-ab' 00 00 00 06 'abcdef'";
    struct node *n = node_new(*state, ZMQ_PULL);
    struct peer *p;
    int64_t limit = 40;
    zmq_setsockopt(n->sock, ZMQ_MAXMSGSIZE, &limit, sizeof limit);
    node_bind(n);
    node_watch(n);
    p = peer_connect(*state, n->endpoint);
    peer_greet(p);
    peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
    peer_send(p, "04 28 05'READY'(Socket-Type=PUSH) 04'X-ab' 00 00 00 05 'abcde'");
    peer_expect_open(p);
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    p = peer_connect(*state, n->endpoint);
    peer_greet(p);
    peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
    peer_send(p, "%s", over);
    peer_expect_close(p);
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
}

/* §7 forbids it to senders, pitfalls.md §10.2 has us accept it: greeting, READY and traffic in
 * one go, before we have said anything. */
static void everything_at_once(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    wire_ours_only("libzmq closes on traffic that overtakes its own READY");
    for (int feed = FEED_WHOLE; feed <= FEED_BYTES; feed++) {
        struct peer *p = peer_connect(*state, n->endpoint);
        p->feed = (enum peer_feed)feed;
        peer_send(p, "ff 00*8 7f 03 01 'NULL' 00*16 00*32 <04 05'READY'(Socket-Type=PUSH)>"
                     "<01 'p1'><00 'p2'><04 04'PING' 00 00 'x'>");
        peer_expect(p, "ff 00*7 01 7f 03 01 'NULL' 00*16 00*32 <04 05'READY'(Socket-Type=PULL)>"
                       "<04 04'PONG' 'x'>");
        node_expect(n, "'p1'|'p2'");
        peer_drop(p);
    }
}

/* §1, monitor-poll-proxy.md §1.5: a handshake that does not come to an end. */
static const char *const unfinished[] = {"", "ff", "ff 00*8", "ff 00*8 7f", "ff 00*8 7f 03",
                                         "ff 00*8 7f 03 01 'NULL'",
                                         "ff 00*8 7f 03 01 'NULL' 00*16 00*32",
                                         "ff 00*8 7f 03 01 'NULL' 00*16 00*32 04 19 05'READY'"};

static void handshake_timeout(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    node_set(n, ZMQ_HANDSHAKE_IVL, 50);
    node_bind(n);
    node_watch(n);
    for (size_t i = 0; i < sizeof unfinished / sizeof unfinished[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        uint32_t value;
        peer_send(p, "%s", unfinished[i]);
        peer_await_close(p);
        peer_drop(p);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        value = node_expect_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        if (wire_is_ours())
            assert_int_equal(value, ETIMEDOUT);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

static void handshake_timeout_is_retried(void **state) {
    struct peer *l = peer_listen(*state);
    struct node *n = node_new(*state, ZMQ_PULL);
    node_set(n, ZMQ_HANDSHAKE_IVL, 50);
    node_set(n, ZMQ_RECONNECT_IVL, 10);
    node_watch(n);
    node_connect(n, l->address);
    for (size_t i = 0; i < sizeof unfinished / sizeof unfinished[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_accept(l);
        peer_send(p, "%s", unfinished[i]);
        peer_await_close(p);
        peer_drop(p);
        node_expect_connected(n);
        node_expect_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
    }
}

static void end_in_the_handshake(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    node_watch(n);
    for (size_t i = 0; i < sizeof unfinished / sizeof unfinished[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_send(p, "%s", unfinished[i]);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        peer_half_close(p);
        assert_int_equal(node_expect_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EPIPE);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        peer_await_close(p);
        peer_drop(p);
    }
}

static void reset_in_the_handshake(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    node_watch(n);
    for (size_t i = 0; i < sizeof unfinished / sizeof unfinished[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_send(p, "%s", unfinished[i]);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        peer_reset(p);
        node_expect_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(ready_of_each_type),
        ON_BOTH(ready_with_identity),
        ON_BOTH(ready_with_metadata),
        ON_BOTH(lenient_frames),
        ON_BOTH(bad_handshake_at_the_listener),
        ON_BOTH(bad_handshake_at_the_connecter),
        ON_BOTH(cropped_commands),
        ON_BOTH(oversize_ready),
        ON_BOTH(everything_at_once),
        ON_BOTH(handshake_timeout),
        ON_BOTH(handshake_timeout_is_retried),
        ON_BOTH(end_in_the_handshake),
        ON_TCP(reset_in_the_handshake),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
