/* SPDX-License-Identifier: MIT */
/*
 * A few conversations over inproc and tcp, with nothing but zmq.h and the C library, so that it
 * runs wherever the library builds: each pattern's simplest exchange, a multipart message, a big
 * one, and an orderly end. Any failure ends the program with the line it happened on. No wait is
 * for ever: every socket has a time limit, and one reached is a failure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zmq.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s fails, errno: %s\n", __LINE__, #condition,                \
                    zmq_strerror(zmq_errno()));                                                    \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define BIG_BYTES 300001
#define LIMIT_MS 20000

struct pair {
    void *bound;
    void *connected;
};

static void *open_socket(void *ctx, int type) {
    void *socket = zmq_socket(ctx, type);
    int limit = LIMIT_MS;
    int linger = 0;

    CHECK(socket);
    CHECK(!zmq_setsockopt(socket, ZMQ_RCVTIMEO, &limit, sizeof(limit)));
    CHECK(!zmq_setsockopt(socket, ZMQ_SNDTIMEO, &limit, sizeof(limit)));
    CHECK(!zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger)));
    return socket;
}

/* Binds one socket to the wildcard of a transport and connects the other to what came of it. */
static struct pair open_pair(void *ctx, const char *transport, int bind_type, int connect_type) {
    struct pair pair = {open_socket(ctx, bind_type), open_socket(ctx, connect_type)};
    char endpoint[32];
    char last[256];
    size_t size = sizeof(last);

    /* A name of its own each time: that of a closed socket may stay taken for a moment. */
    if (!strcmp(transport, "inproc"))
        snprintf(endpoint, sizeof(endpoint), "inproc://%d-%d", bind_type, connect_type);
    else
        snprintf(endpoint, sizeof(endpoint), "%s://127.0.0.1:*", transport);

    if (connect_type == ZMQ_SUB)
        CHECK(!zmq_setsockopt(pair.connected, ZMQ_SUBSCRIBE, "w", 1));
    CHECK(!zmq_bind(pair.bound, endpoint));
    CHECK(!zmq_getsockopt(pair.bound, ZMQ_LAST_ENDPOINT, last, &size));
    CHECK(!zmq_connect(pair.connected, last));
    return pair;
}

static void close_pair(struct pair *pair) {
    CHECK(!zmq_close(pair->connected));
    CHECK(!zmq_close(pair->bound));
    CHECK(zmq_send(pair->bound, "", 0, ZMQ_DONTWAIT) == -1 && zmq_errno() == ENOTSOCK);
}

static void send_text(void *socket, const char *text, int flags) {
    int size = (int)strlen(text);

    CHECK(zmq_send(socket, text, (size_t)size, flags) == size);
}

static void expect_text(void *socket, const char *text, int more) {
    char got[64];
    int size = zmq_recv(socket, got, sizeof(got), 0);
    int has_more = -1;
    size_t has_more_size = sizeof(has_more);

    CHECK(size == (int)strlen(text));
    CHECK(!memcmp(got, text, (size_t)size));
    CHECK(!zmq_getsockopt(socket, ZMQ_RCVMORE, &has_more, &has_more_size));
    CHECK(has_more == more);
}

static void push_pull(void *ctx, const char *transport) {
    struct pair pair = open_pair(ctx, transport, ZMQ_PULL, ZMQ_PUSH);
    unsigned char *big = malloc(BIG_BYTES);
    zmq_msg_t msg;
    int n;

    CHECK(big);
    for (n = 0; n < 2000; n++)
        CHECK(zmq_send(pair.connected, &n, sizeof(n), n % 2 ? 0 : ZMQ_SNDMORE) == sizeof(n));
    for (n = 0; n < 2000; n++) {
        int got = -1;

        CHECK(zmq_recv(pair.bound, &got, sizeof(got), 0) == sizeof(got));
        CHECK(got == n);
    }
    for (n = 0; n < BIG_BYTES; n++)
        big[n] = (unsigned char)(n * 7 + n / 256);
    CHECK(zmq_send(pair.connected, big, BIG_BYTES, 0) == BIG_BYTES);
    CHECK(!zmq_msg_init(&msg));
    CHECK(zmq_msg_recv(&msg, pair.bound, 0) == BIG_BYTES);
    CHECK(!memcmp(zmq_msg_data(&msg), big, BIG_BYTES));
    CHECK(!zmq_msg_close(&msg));
    free(big);
    close_pair(&pair);
}

static void req_rep(void *ctx, const char *transport) {
    struct pair pair = open_pair(ctx, transport, ZMQ_REP, ZMQ_REQ);
    int round;

    for (round = 0; round < 50; round++) {
        send_text(pair.connected, "question", 0);
        CHECK(zmq_send(pair.connected, "", 0, 0) == -1 && zmq_errno() == EFSM);
        expect_text(pair.bound, "question", 0);
        send_text(pair.bound, "answer", ZMQ_SNDMORE);
        send_text(pair.bound, "", 0);
        expect_text(pair.connected, "answer", 1);
        expect_text(pair.connected, "", 0);
    }
    close_pair(&pair);
}

/* The publisher is an XPUB: its first message says that the subscription has arrived, so nothing
 * is published too early. */
static void pub_sub(void *ctx, const char *transport) {
    struct pair pair = open_pair(ctx, transport, ZMQ_XPUB, ZMQ_SUB);
    char subscription[8];

    CHECK(zmq_recv(pair.bound, subscription, sizeof(subscription), 0) == 2);
    CHECK(subscription[0] == 1 && subscription[1] == 'w');
    send_text(pair.bound, "other", 0);
    send_text(pair.bound, "wanted", ZMQ_SNDMORE);
    send_text(pair.bound, "body", 0);
    expect_text(pair.connected, "wanted", 1);
    expect_text(pair.connected, "body", 0);
    close_pair(&pair);
}

static void router_dealer(void *ctx, const char *transport) {
    struct pair pair = open_pair(ctx, transport, ZMQ_ROUTER, ZMQ_DEALER);
    unsigned char id[256];
    int size;

    send_text(pair.connected, "hello", ZMQ_SNDMORE);
    send_text(pair.connected, "router", 0);
    size = zmq_recv(pair.bound, id, sizeof(id), 0);
    CHECK(size == 5 && id[0] == 0);
    expect_text(pair.bound, "hello", 1);
    expect_text(pair.bound, "router", 0);
    CHECK(zmq_send(pair.bound, id, (size_t)size, ZMQ_SNDMORE) == size);
    send_text(pair.bound, "dealer", 0);
    expect_text(pair.connected, "dealer", 0);
    close_pair(&pair);
}

static void poll_both(void *ctx, const char *transport) {
    struct pair pair = open_pair(ctx, transport, ZMQ_PAIR, ZMQ_PAIR);
    zmq_pollitem_t items[2] = {{pair.bound, 0, ZMQ_POLLIN, 0}, {pair.connected, 0, ZMQ_POLLIN, 0}};

    CHECK(zmq_poll(items, 2, 0) == 0);
    send_text(pair.connected, "ping", 0);
    CHECK(zmq_poll(items, 2, LIMIT_MS) == 1);
    CHECK(items[0].revents == ZMQ_POLLIN && items[1].revents == 0);
    expect_text(pair.bound, "ping", 0);
    close_pair(&pair);
}

int main(void) {
    static const char *const transports[] = {"inproc", "tcp"};
    int major, minor, patch;
    size_t n;

    zmq_version(&major, &minor, &patch);
    CHECK(major == ZMQ_VERSION_MAJOR && minor == ZMQ_VERSION_MINOR && patch == ZMQ_VERSION_PATCH);
    CHECK(sizeof(zmq_msg_t) == 64);
    for (n = 0; n < sizeof(transports) / sizeof(transports[0]); n++) {
        void *ctx = zmq_ctx_new();

        CHECK(ctx);
        push_pull(ctx, transports[n]);
        req_rep(ctx, transports[n]);
        pub_sub(ctx, transports[n]);
        router_dealer(ctx, transports[n]);
        poll_both(ctx, transports[n]);
        CHECK(!zmq_ctx_term(ctx));
        printf("%s: all conversations went well\n", transports[n]);
    }
    return 0;
}
