/* SPDX-License-Identifier: MIT */
/* Lengths too large, by the option or by nature: zmtp.md §5.2, §5.3; pitfalls.md §9.2 - §9.4. */
#include "node.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_limit(struct node *n, int64_t limit) {
    assert_int_equal(zmq_setsockopt(n->sock, ZMQ_MAXMSGSIZE, &limit, sizeof limit), 0);
}

static struct node *bound_limited(struct wire *w, int64_t limit) {
    struct node *n = node_new(w, ZMQ_PULL);
    set_limit(n, limit);
    node_bind(n);
    return n;
}

/* Peers of each version, past their handshake, and what is one byte too much for them. */
static const struct version {
    const char *greeting; /* NULL: 3.1 */
    const char *just;     /* a frame of 100 bytes */
    const char *over;     /* the head of one of 101: no byte of the body is needed */
} versions[] = {
    {NULL, "00 64 'x'*100", "00 65"},
    {NULL, "02 u64:100 'x'*100", "02 u64:101"},
    {NULL, "01 64 'x'*100 00 64 'y'*100", "01 65"},
    {NULL, "01 64 'x'*100 00 64 'y'*100", "01 64 'x'*100 00 65"}, /* each frame, not the sum */
    {NULL, "00 64 'x'*100", "04 65"},                             /* commands too */
    {NULL, "00 64 'x'*100", "02 u64:4294967297"},
    {"ff 00*8 7f 01 08 00 00", "00 64 'x'*100", "00 65"},
    {"ff 00*8 7f 01 08 00 00", "02 u64:100 'x'*100", "02 u64:101"},
    {"ff 00*8 7f 00 08 01 00", "65 00 'x'*100", "66"},
    {"01 00", "65 00 'x'*100", "66"},
    {"01 00", "ff u64:101 00 'x'*100", "ff u64:102"},
};

static void start(struct peer *p, const struct version *v) {
    if (v->greeting)
        peer_send(p, "%s", v->greeting);
    else
        peer_shake(p, "PUSH");
}

static void limit_at_the_listener(void **state) {
    struct node *n = bound_limited(*state, 100);
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct peer *p = peer_connect(*state, n->endpoint);
        bool more;
        start(p, &versions[i]);
        peer_send(p, "%s", versions[i].just);
        do {
            zmq_msg_t msg;
            node_receive(n, &msg);
            assert_int_equal(zmq_msg_size(&msg), 100);
            more = zmq_msg_more(&msg);
            zmq_msg_close(&msg);
        } while (more);
        peer_send(p, "%s", versions[i].over);
        peer_await_close(p);
        node_expect_nothing(n, 0);
        peer_drop(p);
    }
}

/* §12: only DISCONNECTED is told, and the connecting side does not come back. */
static void limit_at_the_connecter(void **state) {
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct peer *l = peer_listen(*state), *p;
        struct node *n = node_new(*state, ZMQ_PULL);
        set_limit(n, 100);
        node_set(n, ZMQ_RECONNECT_IVL, 5);
        node_watch(n);
        node_connect(n, l->address);
        p = peer_accept(l);
        start(p, &versions[i]);
        node_expect_connected(n);
        if (!versions[i].greeting)
            node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        peer_send(p, "%s", versions[i].over);
        peer_await_close(p);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        peer_expect_nobody(l, 20);
        node_close(n);
        peer_drop(p);
        peer_drop(l);
    }
}

/* §5.3: a limit of zero lets only empty frames through; in libzmq no handshake command either,
 * here those have a bound of their own (options.md §1, better). */
static void limit_of_nothing(void **state) {
    struct node *n = bound_limited(*state, 0);
    struct peer *p = peer_connect(*state, n->endpoint);
    peer_greet(p);
    peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
    peer_send(p, "04 1a");
    if (!wire_is_ours()) {
        peer_expect_close(p);
    } else {
        peer_send(p, "05'READY'(Socket-Type=PUSH) 00 00");
        node_expect(n, "00*0");
    }
    p = peer_connect(*state, n->endpoint);
    peer_send(p, "ff 00*8 7f 01 08 00 00 00 00");
    node_expect(n, "00*0");
    peer_send(p, "00 01");
    peer_await_close(p);
}

/* Lengths no memory can hold, without a limit set. */
static const struct version monstrous[] = {
    {NULL, "", "02 u64:9223372036854775808"},
    {NULL, "", "02 ff*8"},
    {NULL, "", "02 ff*7 fe"},
    {NULL, "", "02 ff*7 f0"},
    {NULL, "", "03 80 00*7"},
    {NULL, "", "06 ff*8"},
    {NULL, "", "06 80 00*7"},
    {NULL, "", "02 c0 00*7"},
    {"ff 00*8 7f 01 08 00 00", "", "02 ff*8"},
    {"ff 00*8 7f 01 08 00 00", "", "02 80 00*7"},
    {"ff 00*8 7f 00 08 01 00", "", "ff ff*8"},
    {"01 00", "", "ff ff*8"},
    {"01 00", "", "ff 80 00*7"},
    {"01 00", "", "ff 80 00*6 01"},
};

static void monstrous_lengths(void **state) {
    struct node *n = bound_limited(*state, -1);
    for (size_t i = 0; i < sizeof monstrous / sizeof monstrous[0]; i++) {
        struct peer *p = peer_connect(*state, n->endpoint);
        start(p, &monstrous[i]);
        peer_send(p, "%s 'some bytes of the body'", monstrous[i].over);
        peer_await_close(p);
        peer_drop(p);
    }
    node_expect_nothing(n, 0);
    /* The socket goes on. */
    struct peer *p = peer_connect(*state, n->endpoint);
    peer_shake(p, "PUSH");
    peer_send(p, "<00 'fine'>");
    node_expect(n, "'fine'");
}

/* The same in the handshake, where a command is awaited. */
static void monstrous_handshake(void **state) {
    static const char *const heads[] = {"06 ff*8", "06 80 00*7", "02 ff*8"};
    struct node *n = bound_limited(*state, -1);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_greet(p);
        peer_send(p, "%s 05'READY'", heads[i]);
        peer_await_close(p);
        peer_drop(p);
    }
}

static long address_space_mib(void) {
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld", &pages), 1);
    fclose(f);
    return pages / 256;
}

/* pitfalls.md §9.3: what a peer merely announces is not allocated. */
static void announced_but_not_sent(void **state) {
    static const char *const heads[] = {"02 u64:2147483648", "06 u64:2147483648",
                                        "02 u64:1099511627776"};
    struct node *n = bound_limited(*state, -1);
    long before = address_space_mib();
    wire_ours_only("libzmq allocates what a peer announces");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_shake(p, "PUSH");
        peer_expect_open(p);
        peer_send(p, "%s 'x'*100000", heads[i]);
        /* Open or closed, both are right; the next peer's answer says that it was looked at. */
        p = peer_connect(*state, n->endpoint);
        peer_shake(p, "PUSH");
        peer_expect_open(p);
        node_expect_nothing(n, 20);
        wire_check(address_space_mib() - before < 512, "%ld MiB for %s",
                   address_space_mib() - before, heads[i]);
    }
}

/* pitfalls.md §1.2: parts without end are bounded, though each of them is small. */
static void endless_message(void **state) {
    struct node *n = bound_limited(*state, -1);
    struct peer *p = peer_connect(*state, n->endpoint);
    struct bytes parts;
    wire_ours_only("libzmq keeps all of them");
    peer_shake(p, "PUSH");
    script_parse(&parts, "01 00*65535");
    for (size_t i = 0; i + 1 < parts.len; i += 2)
        parts.data[i] = 1; /* frames <01> */
    for (int i = 0; i < 200 && !wire_readable(p->fd, 0); i++)
        peer_send_bytes(p, parts.data, parts.len);
    bytes_free(&parts);
    peer_await_close(p);
    node_expect_nothing(n, 0);
    p = peer_connect(*state, n->endpoint);
    peer_shake(p, "PUSH");
    peer_send(p, "<01><01 'x'><00 'fine'>");
    node_expect(n, "|'x'|'fine'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(limit_at_the_listener),
        ON_BOTH(limit_at_the_connecter),
        ON_BOTH(limit_of_nothing),
        ON_BOTH(monstrous_lengths),
        ON_BOTH(monstrous_handshake),
        ON_TCP(announced_but_not_sent),
        ON_BOTH(endless_message),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
