/* SPDX-License-Identifier: MIT */
/* Peers that connect and never say who they are: their number is limited, by age. */
#include <errno.h>
#include <zmqx.h>

#include "node.h"
#include "peer.h"

enum { MOST = 4 };

static struct node *open_for_few(struct wire *w) {
    struct node *n = node_new(w, ZMQ_PULL);
    node_set(n, ZMQX_HANDSHAKES_MAX, MOST);
    node_set(n, ZMQ_HANDSHAKE_IVL, 0);
    node_bind(n);
    return n;
}

static void serve(struct node *n, struct peer *p) {
    peer_shake(p, "PUSH");
    peer_send(p, "<00 'service'>");
    node_expect(n, "'service'");
}

static void the_oldest_gives_way(void **state) {
    struct peer *p[MOST + 3], *last;
    struct node *n;
    wire_ours_only("libzmq has no such limit");
    n = open_for_few(*state);
    for (int i = 0; i <= MOST; i++)
        p[i] = peer_connect(*state, n->endpoint);
    peer_await_close(p[0]);
    serve(n, p[MOST]);
    serve(n, p[1]);
    /* Two have shaken hands and do not count: there is room for two more. */
    for (int i = MOST + 1; i < MOST + 3; i++)
        p[i] = peer_connect(*state, n->endpoint);
    serve(n, p[2]);
    last = peer_connect(*state, n->endpoint);
    for (int i = 0; i < MOST - 1; i++)
        (void)peer_connect(*state, n->endpoint);
    peer_await_close(p[3]);
    peer_await_close(p[MOST + 1]);
    peer_expect_open(p[1]);
    peer_expect_open(p[2]);
    peer_expect_open(p[MOST]);
    serve(n, last);
}

static void it_is_told_as_a_timeout(void **state) {
    struct peer *p;
    struct node *n;
    wire_ours_only("libzmq has no such limit");
    n = open_for_few(*state);
    node_watch(n);
    p = peer_connect(*state, n->endpoint);
    for (int i = 0; i < MOST; i++)
        (void)peer_connect(*state, n->endpoint);
    peer_await_close(p);
    assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), ETIMEDOUT);
    (void)node_await_event(n, ZMQ_EVENT_DISCONNECTED);
}

/* More and more of them, and the socket closes meanwhile: nothing of them is left. */
static void closed_among_them(void **state) {
    struct node *n;
    wire_ours_only("libzmq has no such limit");
    n = open_for_few(*state);
    for (int i = 0; i < 40; i++)
        (void)peer_connect(*state, n->endpoint);
    node_close(n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(the_oldest_gives_way),
        ON_BOTH(it_is_told_as_a_timeout),
        ON_BOTH(closed_among_them),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
