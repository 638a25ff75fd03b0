/* SPDX-License-Identifier: MIT */
/* The connection ends at every byte of a conversation, in every way: pitfalls.md §2, §21. */
#include "node.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum way { BY_CLOSE, BY_RESET, BY_HALF_CLOSE, WAYS };

static void end(struct peer *p, enum way how) {
    if (how == BY_RESET) {
        peer_reset(p);
        return;
    }
    if (how == BY_HALF_CLOSE) {
        peer_half_close(p);
        peer_await_close(p); /* a half-closed peer gets the other half closed too */
    }
    peer_drop(p);
}

/* One whole message, a two-part message and one that the cut may spare. */
static const char conversation[] =
    "ff 00*8 7f 03 01 'NULL' 00*16 00*32 <04 05'READY'(Socket-Type=PUSH)> <00 'one'>"
    "<01 'two'><04 04'PING' 00 00><00 'parts'> 02 u64:5 'three'";

static const size_t ends[] = {64 + 28 + 5, 64 + 28 + 5 + 5 + 9 + 7, 64 + 28 + 5 + 5 + 9 + 7 + 14};

/* What was sent whole before the end arrives whole; of the rest nothing. A reset may destroy what
 * is still on its way, so the node takes its messages first. */
static void expect_whole_ones(struct node *n, size_t cut) {
    if (cut >= ends[0])
        node_expect(n, "'one'");
    if (cut >= ends[1])
        node_expect(n, "'two'|'parts'");
    if (cut >= ends[2])
        node_expect(n, "'three'");
}

/* Sends the first `cut` bytes, waiting for the other's greeting and READY where they are due. */
static void say_until(struct peer *p, const struct bytes *all, size_t cut) {
    const size_t head = 64 + 28;
    peer_send_bytes(p, all->data, cut < head ? cut : head);
    if (cut <= head)
        return;
    peer_expect(p, "ff 00*7 01 7f 03 01 'NULL' 00*48 <04 05'READY'(Socket-Type=PULL)>");
    peer_send_bytes(p, all->data + head, cut - head);
}

static void at_every_byte_bound(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    struct bytes all;
    script_parse(&all, "%s", conversation);
    assert_int_equal(all.len, ends[2]);
    node_bind(n);
    for (size_t cut = 0; cut <= all.len; cut++) {
        for (enum way how = BY_CLOSE; how < WAYS; how++) {
            struct peer *p = peer_connect(*state, n->endpoint);
            say_until(p, &all, cut);
            if (how == BY_RESET)
                expect_whole_ones(n, cut);
            end(p, how);
            if (how != BY_RESET)
                expect_whole_ones(n, cut);
        }
    }
    node_expect_nothing(n, 20);
    bytes_free(&all);
}

static void at_every_byte_connecting(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    struct peer *l = peer_listen(*state);
    struct bytes all;
    script_parse(&all, "%s", conversation);
    node_set(n, ZMQ_RECONNECT_IVL, 1);
    node_connect(n, l->address);
    for (size_t cut = 0; cut <= all.len; cut += cut < 60 ? 7 : 1) {
        for (enum way how = BY_CLOSE; how < WAYS; how++) {
            struct peer *p = peer_accept(l);
            say_until(p, &all, cut);
            if (how == BY_RESET)
                expect_whole_ones(n, cut);
            end(p, how);
            if (how != BY_RESET)
                expect_whole_ones(n, cut);
        }
    }
    node_expect_nothing(n, 20);
    bytes_free(&all);
}

/* Reads frames of numbered messages until `limit` bytes: every message begins at a boundary, the
 * numbers grow; those that vanish with a connection are never sent again. */
static void read_numbers(struct peer *p, size_t limit, unsigned *next) {
    for (size_t read = 0; read < limit;) {
        uint8_t message[3 + 2 + 300];
        size_t left = limit - read, len;
        unsigned number;
        /* <01 number(2)><00 'n'*number%200> */
        peer_read(p, message, left < 4 ? left : 4);
        if (left < 4)
            return;
        number = (unsigned)message[2] << 8 | message[3];
        wire_check(message[0] == 1 && message[1] == 2 && number >= *next,
                   "not the head of a message, or an old one: %02x %02x, %u after %u", message[0],
                   message[1], number, *next);
        *next = number + 1;
        len = 2 + number % 200;
        left -= 4;
        peer_read(p, message, left < len ? left : len);
        if (left < len)
            return;
        wire_check(message[0] == 0 && message[1] == number % 200, "not the second part");
        read += 4 + len;
    }
}

static void send_number(struct node *n, unsigned number) {
    uint8_t head[2] = {(uint8_t)(number >> 8), (uint8_t)number};
    uint8_t body[200];
    memset(body, 'n', sizeof body);
    assert_int_equal(zmq_send(n->sock, head, 2, ZMQ_DONTWAIT | ZMQ_SNDMORE), 2);
    assert_int_equal(zmq_send(n->sock, body, number % 200, ZMQ_DONTWAIT), (int)(number % 200));
}

/* The reader goes after every number of bytes; the next connection starts with a whole message
 * (pitfalls.md §2.1, §2.2), and what was queued still goes out. */
static void reader_of_a_connecter(void **state) {
    struct node *n = node_new(*state, ZMQ_PUSH);
    struct peer *l = peer_listen(*state), *p;
    unsigned sent = 0, next = 0;
    node_set(n, ZMQ_RECONNECT_IVL, 1);
    node_connect(n, l->address);
    for (size_t bytes = 0; bytes < 260; bytes += bytes < 20 ? 1 : 13) {
        for (int i = 0; i < 5; i++)
            send_number(n, sent++);
        p = peer_accept(l);
        peer_shake(p, "PULL");
        if (next == sent) /* all went with earlier connections */
            send_number(n, sent++);
        else if (!wire_readable(p->fd, 50))
            send_number(n, sent++);
        read_numbers(p, bytes < 8 ? bytes : 8, &next);
        if (bytes & 1)
            peer_reset(p);
        else
            peer_drop(p);
    }
    /* At rest: what is sent now arrives, in order and whole. */
    p = peer_accept(l);
    peer_shake(p, "PULL");
    node_send(n, "'end'|'of it'");
    for (;;) {
        struct frame f, g;
        bool last;
        peer_read_frame(p, &f);
        peer_read_frame(p, &g);
        wire_check(f.flags == 1 && g.flags == 0, "torn");
        last = f.len == 3;
        free(f.body);
        free(g.body);
        if (last)
            break;
    }
}

/* A message of which the kernel took a part goes with the connection; the next begins with the
 * message behind it, wherever the cut was. */
static void reader_within_a_large_message(void **state) {
    enum { LARGE = 32 << 20 };
    struct node *n = node_new(*state, ZMQ_PUSH);
    struct peer *l = peer_listen(*state);
    uint8_t *large = calloc(1, LARGE), some[1000];
    assert_non_null(large);
    memset(large, 'x', LARGE);
    node_set(n, ZMQ_RECONNECT_IVL, 1);
    node_connect(n, l->address);
    for (int parts = 1; parts < 4; parts++) {
        struct peer *p = peer_accept(l);
        peer_shake(p, "PULL");
        for (int i = 1; i <= parts; i++)
            assert_int_equal(zmq_send(n->sock, large, LARGE, i < parts ? ZMQ_SNDMORE : 0), LARGE);
        node_send(n, "'after'|'it'");
        peer_read(p, some, sizeof some);
        wire_check(some[0] == (parts > 1 ? 3 : 2) && some[999] == 'x', "not what was sent");
        if (parts & 1)
            peer_reset(p);
        else
            peer_drop(p);
        p = peer_accept(l);
        peer_shake(p, "PULL");
        peer_expect(p, "<01 'after'><00 'it'>");
        peer_drop(p);
    }
    free(large);
}

/* Bound side: the queue dies with its connection, the next peer gets whole messages (§2.4). */
static void reader_of_a_listener(void **state) {
    struct node *n = node_new(*state, ZMQ_PUSH);
    unsigned sent = 0, next = 0;
    node_bind(n);
    for (size_t bytes = 0; bytes < 600; bytes += bytes < 30 ? 1 : 29) {
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_shake(p, "PULL");
        for (int i = 0; i < 8; i++) {
            assert_true(node_poll(n, ZMQ_POLLOUT, DEADLINE_MS));
            send_number(n, sent++);
        }
        /* Some may have gone to the connection before this one, whose end was not seen yet. */
        if (wire_readable(p->fd, 30)) {
            uint8_t some[700];
            (void)!recv(p->fd, some, bytes < sizeof some ? bytes : sizeof some, MSG_DONTWAIT);
        }
        if (bytes & 1)
            peer_reset(p);
        else
            peer_drop(p);
    }
    struct peer *p = peer_connect(*state, n->endpoint);
    peer_shake(p, "PULL");
    for (int64_t until = wire_now_ms() + DEADLINE_MS; !wire_readable(p->fd, 5);) {
        assert_true(node_poll(n, ZMQ_POLLOUT, DEADLINE_MS));
        send_number(n, sent++);
        wire_check(wire_now_ms() < until, "nothing comes any more");
    }
    read_numbers(p, 4, &next);
}

/* A large message breaks off at many places; nothing of it is seen, and nothing is kept. */
static void inside_a_large_message(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    static const unsigned cuts[] = {0, 1, 100, 8191, 8192, 65535, 65536, 70000, 200000, 999999};
    node_bind(n);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        wire_row = (int)i;
        for (enum way how = BY_CLOSE; how < WAYS; how++) {
            struct peer *p = peer_connect(*state, n->endpoint);
            peer_shake(p, "PUSH");
            peer_send(p, "<01 'first'> 02 u64:1000000 'x'*%u", cuts[i]);
            end(p, how);
        }
    }
    struct peer *p = peer_connect(*state, n->endpoint);
    peer_shake(p, "PUSH");
    peer_send(p, "<01 'first'> 02 u64:1000000 'x'*1000000");
    node_expect(n, "'first'|'x'*1000000");
    node_expect_nothing(n, 20);
}

/* What was received whole stays readable after the end, on either side (§2.4). */
static void received_is_received(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL), *c = node_new(*state, ZMQ_PULL);
    struct peer *p, *l = peer_listen(*state);
    node_bind(n);
    node_watch(n);
    node_watch(c);
    p = peer_connect(*state, n->endpoint);
    peer_shake(p, "PUSH");
    for (unsigned i = 0; i < 200; i++)
        peer_send(p, "<01 'm'><00 %02x>", i);
    peer_drop(p);
    node_await_event(n, ZMQ_EVENT_DISCONNECTED);
    node_connect(c, l->address);
    p = peer_accept(l);
    peer_shake(p, "PUSH");
    for (unsigned i = 0; i < 200; i++)
        peer_send(p, "<01 'm'><00 %02x>", i);
    peer_drop(p);
    node_await_event(c, ZMQ_EVENT_DISCONNECTED);
    for (unsigned i = 0; i < 200; i++) {
        node_expect(n, "'m'|%02x", i);
        node_expect(c, "'m'|%02x", i);
    }
}

/* pitfalls.md §8.1: the peer goes between the parts of an outgoing message: the rest is swallowed;
 * no other peer and no later connection gets any of it. */
static void inside_an_outgoing_message(void **state) {
    static const int types[] = {ZMQ_PUSH, ZMQ_DEALER, ZMQ_PAIR};
    for (int i = 0; i < 6; i++) {
        if (i == 2 && !wire_is_ours())
            continue; /* a PAIR of libzmq takes the new peer only after it missed the old one */
        wire_row = i;
        struct node *n = node_new(*state, types[i % 3]);
        const char *peer = i % 3 == 0 ? "PULL" : i % 3 == 1 ? "DEALER" : "PAIR";
        struct peer *p, *l = NULL;
        node_set(n, ZMQ_RECONNECT_IVL, 5);
        node_watch(n);
        if (i < 3) {
            node_bind(n);
            p = peer_connect(*state, n->endpoint);
        } else {
            l = peer_listen(*state);
            node_connect(n, l->address);
            p = peer_accept(l);
        }
        peer_shake(p, peer);
        node_send(n, "'whole'|'one'");
        peer_expect(p, "<01 'whole'><00 'one'>");
        assert_int_equal(zmq_send(n->sock, "p1", 2, ZMQ_SNDMORE), 2);
        peer_drop(p);
        node_await_event(n, ZMQ_EVENT_DISCONNECTED);
        assert_int_equal(zmq_send(n->sock, "p2", 2, ZMQ_SNDMORE), 2);
        p = l ? peer_accept(l) : peer_connect(*state, n->endpoint);
        peer_shake(p, peer);
        assert_int_equal(zmq_send(n->sock, "p3", 2, 0), 2);
        node_send(n, "'next'|'message'");
        if (l && wire_readable(p->fd, DEADLINE_MS)) {
            uint8_t first[2]; /* who connected may have kept the message as a whole, not a part */
            if (recv(p->fd, first, 2, MSG_PEEK) == 2 && first[1] == 2)
                peer_expect(p, "<01 'p1'><01 'p2'><00 'p3'>");
        }
        peer_expect(p, "<01 'next'><00 'message'>");
        node_close(n);
        peer_drop(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(at_every_byte_bound),
        ON_BOTH(at_every_byte_connecting),
        ON_BOTH(reader_of_a_connecter),
        ON_BOTH(reader_within_a_large_message),
        ON_BOTH(reader_of_a_listener),
        ON_BOTH(inside_a_large_message),
        ON_BOTH(received_is_received),
        ON_BOTH(inside_an_outgoing_message),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
