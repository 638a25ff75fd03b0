/* SPDX-License-Identifier: MIT */
/* What is still unsent when a socket closes: linger 0, 300 and -1 against a peer that is absent,
 * that never shakes hands, that reads slowly, that does not read at all. The tail is never lost:
 * socket-types.md §2.9, pitfalls.md §13. */
#include "node.h"
#include "peer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* zmq_ctx_term in a thread of its own, so that what it waits for can happen. */
struct termination {
    pthread_t thread;
    void *ctx;
    int64_t started, ended;
    atomic_bool done;
};

static void *terminate(void *arg) {
    struct termination *t = arg;
    zmq_ctx_term(t->ctx);
    t->ended = wire_now_ms();
    atomic_store(&t->done, true);
    return NULL;
}

/* Closes the only socket with this linger and begins to terminate the context. */
static struct termination *begin(struct wire *w, struct node *n, int linger) {
    struct termination *t = calloc(1, sizeof *t);
    assert_non_null(t);
    node_set(n, ZMQ_LINGER, linger);
    t->started = wire_now_ms(); /* the time to linger begins within zmq_close */
    node_close(n);
    t->ctx = w->ctx;
    w->ctx = NULL;
    assert_int_equal(pthread_create(&t->thread, NULL, terminate, t), 0);
    return t;
}

/* Ends after at least `least` (clocks differ by a few) and at most `most` ms. */
static void expect_end(struct termination *t, int least, int most) {
    int took;
    pthread_join(t->thread, NULL);
    took = (int)(t->ended - t->started);
    wire_check(took >= least - 10 && took <= most * WIRE_SLOWER,
               "termination took %d ms, not %d to %d", took, least, most);
    free(t);
}

static void expect_going_on(struct termination *t, struct peer *witness) {
    /* Time passes, and nothing but time; a listener nobody connects to is the clock. */
    peer_expect_nobody(witness, 400);
    wire_check(!atomic_load(&t->done), "termination did not wait");
}

static struct node *sender(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    node_set(n, ZMQ_SNDHWM, 0);
    node_set(n, ZMQ_RECONNECT_IVL, 10);
    return n;
}

enum { FEW = 10, MANY = 3000, SIZE = 10000 };

static void send_numbers(struct node *n, unsigned count, size_t size) {
    uint8_t body[SIZE];
    memset(body, 'b', sizeof body);
    for (unsigned i = 0; i < count; i++) {
        memcpy(body, &i, sizeof i);
        assert_int_equal(zmq_send(n->sock, body, size, ZMQ_DONTWAIT), (int)size);
    }
}

/* Every message, the last one included, whole and in order; then the end, and no reset. */
static void expect_numbers(struct peer *p, unsigned count, size_t size, bool slowly) {
    for (unsigned i = 0; i < count; i++) {
        struct frame f;
        unsigned number;
        peer_read_frame(p, &f);
        wire_check(f.flags == (size > 255 ? 2 : 0) && f.len == size, "message %u is damaged", i);
        memcpy(&number, f.body, sizeof number);
        wire_check(number == i, "%u instead of %u", number, i);
        free(f.body);
        if (slowly && i % 300 == 0)
            peer_expect_nobody(p->world->peers[0], 10);
    }
    peer_expect_close(p);
}

/* --- nobody there ------------------------------------------------------------------------- */

static void no_peer(void **state, int linger) {
    struct wire *w = *state;
    struct peer *witness = peer_listen(w), *l = peer_reserve(w), *p;
    struct node *n = sender(w, ZMQ_PUSH);
    struct termination *t;
    node_connect(n, l->address);
    send_numbers(n, FEW, 100);
    t = begin(w, n, linger);
    if (linger >= 0) {
        expect_end(t, linger, linger + 200);
        return;
    }
    expect_going_on(t, witness);
    peer_open(l);
    p = peer_accept(l);
    peer_shake(p, "PULL");
    expect_numbers(p, FEW, 100, false);
    expect_end(t, 0, DEADLINE_MS);
}

static void no_peer_0(void **state) {
    no_peer(state, 0);
}

static void no_peer_300(void **state) {
    no_peer(state, 300);
}

static void no_peer_for_ever(void **state) {
    no_peer(state, -1);
}

/* --- connected, but no handshake ---------------------------------------------------------- */

static void no_handshake(void **state, int linger) {
    struct wire *w = *state;
    struct peer *witness = peer_listen(w), *l = peer_listen(w), *p;
    struct node *n = sender(w, ZMQ_PUSH);
    struct termination *t;
    node_connect(n, l->address);
    send_numbers(n, FEW, 100);
    p = peer_accept(l);
    t = begin(w, n, linger);
    if (linger >= 0) {
        expect_end(t, linger, linger + 200);
        peer_await_close(p);
        return;
    }
    expect_going_on(t, witness);
    peer_shake(p, "PULL");
    expect_numbers(p, FEW, 100, false);
    expect_end(t, 0, DEADLINE_MS);
}

static void no_handshake_0(void **state) {
    no_handshake(state, 0);
}

static void no_handshake_300(void **state) {
    no_handshake(state, 300);
}

static void no_handshake_for_ever(void **state) {
    no_handshake(state, -1);
}

/* --- more than the kernel takes ----------------------------------------------------------- */

enum reader { SLOWLY, NOT_AT_ALL, LATE };

/* The node connects or binds; 30 MB are more than the kernel's buffers hold. */
static void full_buffers(void **state, int linger, enum reader how, bool binds) {
    struct wire *w = *state;
    struct peer *witness = peer_listen(w), *p;
    struct node *n = sender(w, ZMQ_PUSH);
    struct termination *t;
    if (binds) {
        node_bind(n);
        p = peer_connect(w, n->endpoint);
    } else {
        struct peer *l = peer_listen(w);
        node_connect(n, l->address);
        p = peer_accept(l);
    }
    peer_shake(p, "PULL");
    assert_true(node_poll(n, ZMQ_POLLOUT, DEADLINE_MS));
    send_numbers(n, MANY, SIZE);
    t = begin(w, n, linger);
    if (how == NOT_AT_ALL) {
        expect_end(t, linger, linger + 300);
        peer_await_close(p);
        return;
    }
    if (how == LATE)
        expect_going_on(t, witness);
    expect_numbers(p, MANY, SIZE, how == SLOWLY);
    expect_end(t, 0, DEADLINE_MS);
}

static void slow_reader_for_ever(void **state) {
    full_buffers(state, -1, SLOWLY, false);
}

static void slow_reader_for_ever_bound(void **state) {
    full_buffers(state, -1, SLOWLY, true);
}

static void slow_reader_in_time(void **state) {
    full_buffers(state, 4000 * WIRE_SLOWER, SLOWLY, false);
}

static void full_buffers_for_ever(void **state) {
    full_buffers(state, -1, LATE, false);
}

static void full_buffers_for_ever_bound(void **state) {
    full_buffers(state, -1, LATE, true);
}

static void full_buffers_0(void **state) {
    full_buffers(state, 0, NOT_AT_ALL, false);
}

static void full_buffers_300(void **state) {
    full_buffers(state, 300, NOT_AT_ALL, false);
}

static void full_buffers_300_bound(void **state) {
    full_buffers(state, 300, NOT_AT_ALL, true);
}

/* --- details ------------------------------------------------------------------------------- */

/* Many sizes of tail: whatever is in a batch when the queue runs dry must go out too (§13.3). */
static void tails_of_all_sizes(void **state) {
    struct wire *w = *state;
    for (unsigned i = 0; i < 60; i++) {
        struct peer *l = peer_listen(w), *p;
        struct node *n = sender(w, ZMQ_PUSH);
        size_t size = 4 + i * 167;
        node_connect(n, l->address);
        p = peer_accept(l);
        send_numbers(n, 1 + i % 7, size);
        node_set(n, ZMQ_LINGER, -1);
        node_close(n);
        peer_shake(p, "PULL");
        expect_numbers(p, 1 + i % 7, size, false);
        peer_drop(p);
        peer_drop(l);
    }
}

/* §13.4: what the application has not read must not turn the end into a reset that destroys what
 * is under way to the peer. */
static void unread_input(void **state) {
    struct wire *w = *state;
    struct node *n = sender(w, ZMQ_DEALER);
    struct peer *l = peer_listen(w), *p;
    struct termination *t;
    wire_ours_only("libzmq resets the connection");
    node_set(n, ZMQ_RCVHWM, 5);
    node_connect(n, l->address);
    p = peer_accept(l);
    peer_shake(p, "DEALER");
    for (int i = 0; i < 100; i++)
        peer_send(p, "<00 'unread'*100>");
    send_numbers(n, 100, SIZE);
    t = begin(w, n, -1);
    expect_numbers(p, 100, SIZE, false);
    expect_end(t, 0, DEADLINE_MS);
}

/* §13.12: the peer refuses for good: nothing to wait for, even with linger -1. */
static void refused_for_good(void **state) {
    struct wire *w = *state;
    struct node *n = sender(w, ZMQ_PUSH);
    struct peer *l = peer_listen(w), *p;
    struct termination *t;
    wire_ours_only("libzmq 4.3.4 sometimes waits for ever");
    node_connect(n, l->address);
    send_numbers(n, FEW, 100);
    p = peer_accept(l);
    t = begin(w, n, -1);
    peer_greet(p);
    peer_send(p, "<04 05'READY'(Socket-Type=REP)>");
    expect_end(t, 0, DEADLINE_MS);
}

/* §13.5: zmq_disconnect and zmq_unbind take the linger of their own moment. */
static void linger_of_disconnect(void **state) {
    struct wire *w = *state;
    struct peer *l = peer_listen(w), *p;
    struct node *n = sender(w, ZMQ_PUSH);
    struct termination *t;
    node_connect(n, l->address);
    send_numbers(n, FEW, 100);
    p = peer_accept(l);
    node_set(n, ZMQ_LINGER, -1);
    assert_int_equal(zmq_disconnect(n->sock, l->address), 0);
    t = begin(w, n, 0); /* comes too late for that connection */
    peer_shake(p, "PULL");
    expect_numbers(p, FEW, 100, false);
    expect_end(t, 0, DEADLINE_MS);
}

/* §13.1: nothing queued: nothing to wait for. */
static void nothing_to_send(void **state) {
    struct wire *w = *state;
    struct node *n = sender(w, ZMQ_PUSH);
    struct peer *silent = peer_listen(w);
    wire_ours_only("libzmq 4.3.4 sometimes waits for HANDSHAKE_IVL");
    node_connect(n, silent->address);
    node_connect(n, peer_reserve(w)->address);
    node_bind(n);
    expect_end(begin(w, n, -1), 0, 200);
}

/* §13.1: subscriptions that could not be sent hold nothing up. */
static void subscriptions_hold_nothing(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_SUB);
    int linger = -1;
    size_t size = sizeof linger;
    void *fresh = zmq_socket(w->ctx, ZMQ_SUB);
    assert_int_equal(zmq_getsockopt(fresh, ZMQ_LINGER, &linger, &size), 0);
    assert_int_equal(linger, 0);
    zmq_close(fresh);
    node_set_text(n, ZMQ_SUBSCRIBE, "x");
    node_connect(n, peer_reserve(w)->address);
    node_connect(n, peer_listen(w)->address);
    expect_end(begin(w, n, linger), 0, 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(no_peer_0),
        ON_BOTH(no_peer_300),
        ON_BOTH(no_peer_for_ever),
        ON_BOTH(no_handshake_0),
        ON_BOTH(no_handshake_300),
        ON_BOTH(no_handshake_for_ever),
        ON_BOTH(slow_reader_for_ever),
        ON_TCP(slow_reader_for_ever_bound),
        ON_TCP(slow_reader_in_time),
        ON_BOTH(full_buffers_for_ever),
        ON_BOTH(full_buffers_for_ever_bound),
        ON_BOTH(full_buffers_0),
        ON_BOTH(full_buffers_300),
        ON_BOTH(full_buffers_300_bound),
        ON_BOTH(tails_of_all_sizes),
        ON_BOTH(unread_input),
        ON_BOTH(refused_for_good),
        ON_BOTH(linger_of_disconnect),
        ON_BOTH(nothing_to_send),
        ON_BOTH(subscriptions_hold_nothing),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
