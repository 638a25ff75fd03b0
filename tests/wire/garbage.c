/* SPDX-License-Identifier: MIT */
/* Whatever a stranger sends costs at most its own connection: pitfalls.md §9.9, §10.3;
 * zmtp.md §1 (the handshake is bounded). */
#include "node.h"
#include "peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const int types[] = {ZMQ_PULL, ZMQ_ROUTER, ZMQ_XPUB, ZMQ_REP, ZMQ_SUB, ZMQ_PAIR, ZMQ_DEALER};

enum { TYPES = sizeof types / sizeof types[0] };

static struct node *bound(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    node_bind(n);
    return n;
}

/* The socket still serves a well-behaved peer. */
static void expect_service(struct wire *w, struct node *n) {
    struct peer *p = peer_connect(w, n->endpoint);
    peer_shake(p, "PUSH");
    peer_send(p, "<00 'service'>");
    for (;;) {
        zmq_msg_t msg;
        bool found;
        node_receive(n, &msg); /* garbage may have been a message of an old version */
        found = zmq_msg_size(&msg) == 7 && !memcmp(zmq_msg_data(&msg), "service", 7);
        zmq_msg_close(&msg);
        if (found)
            break;
    }
    peer_drop(p);
}

static const char *const strangers[] = {
    "'GET / HTTP/1.1' 0d 0a 'Host: localhost' 0d 0a 0d 0a",
    "'POST /form HTTP/1.0' 0d 0a 'Content-Length: 4' 0d 0a 0d 0a 'a=bc'",
    "16 03 01 00 f4 01 00 00 f0 03 03 'r'*32 20 's'*32 00 08 13 02 13 03 13 01 00 ff 01 00 00 9f",
    "80 2e 01 03 01 00 15 00 00 00 10",                     /* an old TLS hello */
    "'SSH-2.0-OpenSSH_9.2' 0d 0a",
    "0d 0a 0d 0a", "0a", "00", "00*64", "00*1000", "01", "02", "7f*100", "fe", "ff", "ff*10",
    "ff*64", "ff*1000", "ff 00*8 7f ff*1000", "ff 00*8 7f 03 ff*1000",
    "ff 00*8 7f 03 01 'NULL' 00*48 ff*1000",
    "ff 00*8 7f 03 01 'NULL' 00*48 00*1000",
    "ff 00*8 7f 03 01 'NULL' 00*48 7f*1000",
    "ff 00*8 7f 01 ff*1000", "ff 00*8 7f 01 00*1000", "ff 00*8 7f 00 ff*1000",
    "ff 00*8 7f 00 00*1000", "ff u64:0 00 'x'*100", "ff ff*8 00 'x'*100",
};

static void strangers_of_all_kinds(void **state) {
    struct node *n[TYPES], *server = bound(*state, ZMQ_PULL);
    for (size_t t = 0; t < TYPES; t++)
        n[t] = bound(*state, types[t]);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        wire_row = (int)i;
        for (size_t t = 0; t < TYPES; t++) {
            struct peer *p = peer_connect(*state, n[t]->endpoint);
            peer_send(p, "%s", strangers[i]);
            if (i & 1)
                peer_half_close(p);
            node_poll(n[t], ZMQ_POLLIN, 0);
            peer_drop(p);
        }
        struct peer *p = peer_connect(*state, server->endpoint);
        peer_send(p, "%s", strangers[i]);
        peer_drop(p);
    }
    expect_service(*state, server);
}

/* What a scripted server answers to our connecting sockets. */
static void strange_servers(void **state) {
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        wire_row = (int)i;
        struct peer *l = peer_listen(*state), *p;
        struct node *n = node_new(*state, i & 1 ? ZMQ_DEALER : ZMQ_SUB);
        node_set(n, ZMQ_RECONNECT_IVL, 5);
        node_connect(n, l->address);
        p = peer_accept(l);
        peer_send(p, "%s", strangers[i]);
        peer_drop(p);
        node_poll(n, ZMQ_POLLIN, 0);
        node_close(n);
        peer_drop(l);
    }
}

/* A good conversation with bytes changed, left out and doubled; always the same ones. */
static uint32_t next_random(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static size_t mutate(const struct bytes *good, uint8_t *out, uint32_t *seed) {
    size_t len = 0, from = next_random(seed) % 3 ? 0 : 64; /* often spare the greeting */
    unsigned rate = 2 + next_random(seed) % 60;
    for (size_t i = 0; i < good->len; i++) {
        uint32_t r = next_random(seed);
        out[len++] = good->data[i];
        if (i < from || r % rate)
            continue;
        switch ((r >> 8) % 4) {
        case 0: out[len - 1] = (uint8_t)(r >> 16); break;
        case 1: out[len - 1] ^= (uint8_t)(1u << (r >> 16 & 7)); break;
        case 2: len--; break;
        default: out[len] = out[len - 1]; len++; break;
        }
    }
    return len;
}

static void mutated_conversations(void **state) {
    struct node *n[TYPES], *server = bound(*state, ZMQ_PULL);
    struct bytes good;
    uint32_t seed = 0x2545f491;
    uint8_t *bad;
    script_parse(&good, "ff 00*8 7f 03 01 'NULL' 00*16 00*32 <04 05'READY'(Socket-Type=DEALER)"
                        "(Identity=abc)><01><00 'hi'><04 04'PING' 00 02 'ctx'>"
                        "<04 09'SUBSCRIBE' 'AB'><00 01 'AB'><01 'x'*300><00 'y'><04 06'CANCEL'>");
    bad = malloc(good.len * 2);
    assert_non_null(bad);
    for (size_t t = 0; t < TYPES; t++) {
        int64_t limit = 10000;
        n[t] = node_new(*state, types[t]);
        zmq_setsockopt(n[t]->sock, ZMQ_MAXMSGSIZE, &limit, sizeof limit);
        node_bind(n[t]);
    }
    for (int round = 0; round < 1500; round++) {
        struct node *target = n[(unsigned)round % TYPES];
        struct peer *p = peer_connect(*state, target->endpoint);
        peer_send_bytes(p, bad, mutate(&good, bad, &seed));
        if (round % 5) { /* else it may be reset before all of it is read */
            peer_half_close(p);
            peer_await_close(p);
        }
        for (zmq_msg_t msg; node_poll(target, ZMQ_POLLIN, 0);) {
            zmq_msg_init(&msg);
            if (zmq_msg_recv(&msg, target->sock, ZMQ_DONTWAIT) < 0)
                break;
            zmq_msg_close(&msg);
        }
        peer_drop(p);
    }
    bytes_free(&good);
    free(bad);
    expect_service(*state, server);
}

/* Connections that come and go at once, and those that stay and say nothing. */
static void come_and_go(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    node_set(n, ZMQ_BACKLOG, 1000); /* an overflow would cost seconds of retransmission */
    node_bind(n);
    for (int i = 0; i < 1000; i++) {
        struct peer *p = peer_connect(*state, n->endpoint);
        if (i % 3 == 1)
            peer_send(p, "ff 00*8");
        if (i % 2)
            peer_drop(p);
        else
            peer_reset(p);
    }
    expect_service(*state, n);
}

/* HANDSHAKE_IVL bounds everyone who does not get to the end, here 60 at a time. */
static void silence_is_bounded(void **state) {
    static const char *const starts[] = {"", "ff", "ff 00*8 7f", "ff 00*8 7f 03",
                                         "ff 00*8 7f 03 01 'NULL' 00*48",
                                         "ff 00*8 7f 03 01 'NULL' 00*48 04"};
    struct node *n = node_new(*state, ZMQ_PULL);
    struct peer *p[60];
    int64_t start = wire_now_ms();
    node_set(n, ZMQ_HANDSHAKE_IVL, 200);
    node_bind(n);
    for (size_t i = 0; i < 60; i++) {
        p[i] = peer_connect(*state, n->endpoint);
        peer_send(p[i], "%s", starts[i % 6]);
    }
    for (size_t i = 0; i < 60; i++) {
        peer_await_close(p[i]);
        peer_drop(p[i]);
    }
    wire_check(wire_now_ms() - start >= 190, "earlier than the option says");
    expect_service(*state, n);
}

/* Trickling bytes does not extend the time. */
static void trickling_is_bounded(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    struct peer *p;
    int64_t start = wire_now_ms();
    node_set(n, ZMQ_HANDSHAKE_IVL, 150);
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_expect(p, "ff 00*7 01 7f");
    while (!wire_readable(p->fd, 20)) {
        uint8_t zero = 0;
        (void)send(p->fd, p->sent == 0 ? "\xff" : (char *)&zero, p->sent < 9, MSG_NOSIGNAL);
        p->sent++;
        wire_check(wire_now_ms() - start < DEADLINE_MS, "it does");
    }
    peer_await_close(p);
}

/* Termination does not wait for strangers (pitfalls.md §10.3); the teardown terminates. */
static void termination_with_strangers(void **state) {
    struct node *n = bound(*state, ZMQ_PULL), *c = node_new(*state, ZMQ_PUSH);
    struct peer *l = peer_listen(*state);
    struct wire *w = *state;
    int64_t start;
    for (size_t i = 0; i < 20; i++)
        peer_send(peer_connect(*state, n->endpoint), "%s", strangers[i]);
    node_connect(c, l->address);
    peer_send(peer_accept(l), "ff 00*8 7f 03");
    start = wire_now_ms();
    node_close(n);
    node_close(c);
    assert_int_equal(zmq_ctx_term(w->ctx), 0);
    w->ctx = NULL;
    wire_check(wire_now_ms() - start < 2000 * WIRE_SLOWER, "termination waited");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(strangers_of_all_kinds),
        ON_BOTH(strange_servers),
        ON_BOTH(mutated_conversations),
        ON_BOTH(come_and_go),
        ON_BOTH(silence_is_bounded),
        ON_BOTH(trickling_is_bounded),
        ON_BOTH(termination_with_strangers),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
