/* SPDX-License-Identifier: MIT */
/* STREAM: bare bytes, no ZMTP: socket-types.md STREAM, monitor-poll-proxy.md §1.5. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The id of a new connection, from its notification. */
struct id {
    uint8_t data[64];
    size_t len;
};

static struct id read_id(struct node *n) {
    zmq_msg_t msg;
    struct id id;
    node_receive(n, &msg);
    id.len = zmq_msg_size(&msg);
    wire_check(zmq_msg_more(&msg) && id.len <= sizeof id.data, "no id frame");
    memcpy(id.data, zmq_msg_data(&msg), id.len);
    zmq_msg_close(&msg);
    return id;
}

static struct id expect_notice(struct node *n) {
    struct id id = read_id(n);
    node_expect(n, "00*0");
    return id;
}

static void expect_from(struct node *n, const struct id *id) {
    struct id got = read_id(n);
    wire_check(got.len == id->len && !memcmp(got.data, id->data, id->len), "another id");
}

/* Collects chunks from one peer until len bytes have come; none is longer than most. */
static void expect_bytes(struct node *n, const struct id *id, const uint8_t *want, size_t len,
                         size_t most) {
    for (size_t at = 0; at < len;) {
        zmq_msg_t msg;
        size_t size;
        expect_from(n, id);
        node_receive(n, &msg);
        size = zmq_msg_size(&msg);
        wire_check(size > 0 && size <= most && at + size <= len && !zmq_msg_more(&msg) &&
                       !memcmp(zmq_msg_data(&msg), want + at, size),
                   "a chunk of %zu bytes at %zu of %zu", size, at, len);
        at += size;
        zmq_msg_close(&msg);
    }
}

static int send_to(struct node *n, const struct id *id, const void *data, size_t len) {
    if (zmq_send(n->sock, id->data, id->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return -1;
    return zmq_send(n->sock, data, len, ZMQ_DONTWAIT);
}

static struct node *bound(struct wire *w) {
    struct node *n = node_new(w, ZMQ_STREAM);
    node_bind(n);
    return n;
}

/* Notices of connecting and leaving; bytes as they come; nothing of our own on the wire. */
static void accepted_connection(void **state) {
    struct node *n = bound(*state);
    struct peer *p = peer_connect(*state, n->endpoint);
    struct id id = expect_notice(n);
    assert_int_equal(id.len, 5);
    assert_int_equal(id.data[0], 0);
    peer_expect_quiet(p, QUIET_MS);
    peer_send(p, "'GET / HTTP/1.0' 0d 0a 0d 0a");
    expect_bytes(n, &id, (const uint8_t *)"GET / HTTP/1.0\r\n\r\n", 18, 8192);
    assert_int_equal(send_to(n, &id, "HTTP/1.0 200 OK\r\n\r\nhello", 24), 24);
    peer_expect(p, "'HTTP/1.0 200 OK' 0d 0a 0d 0a 'hello'");
    peer_send(p, "ff 00*8 7f"); /* a greeting means nothing here */
    expect_bytes(n, &id, (const uint8_t *)"\xff\0\0\0\0\0\0\0\0\x7f", 10, 8192);
    peer_drop(p);
    expect_from(n, &id);
    node_expect(n, "00*0");
}

/* Chunks no longer than the batch size, all bytes in order. */
static void long_data(void **state) {
    struct node *n = bound(*state);
    struct peer *p = peer_connect(*state, n->endpoint);
    struct id id = expect_notice(n);
    uint8_t *data = malloc(150000), *got = malloc(150000);
    assert_true(data && got);
    for (size_t i = 0; i < 150000; i++)
        data[i] = (uint8_t)(i * 7 + (i >> 8));
    peer_send_bytes(p, data, 150000);
    expect_bytes(n, &id, data, 150000, 8192);
    assert_int_equal(send_to(n, &id, data, 150000), 150000);
    peer_read(p, got, 150000);
    assert_memory_equal(got, data, 150000);
    free(data);
    free(got);
}

/* An empty frame closes that connection, after what was sent before; no notice for that. */
static void closing_by_an_empty_frame(void **state) {
    struct node *n = bound(*state);
    struct peer *p = peer_connect(*state, n->endpoint), *q;
    struct id id = expect_notice(n), other;
    q = peer_connect(*state, n->endpoint);
    other = expect_notice(n);
    assert_int_equal(send_to(n, &id, "last words", 10), 10);
    assert_int_equal(send_to(n, &id, "", 0), 0);
    if (!wire_is_ours())
        node_expect_nothing(n, 50); /* libzmq closes when the application enters the socket */
    peer_expect(p, "'last words'");
    peer_expect_close(p);
    peer_send(q, "'x'");
    expect_bytes(n, &other, (const uint8_t *)"x", 1, 8192);
    node_expect_nothing(n, 20);
    assert_int_equal(send_to(n, &id, "x", 1), -1);
    assert_int_equal(zmq_errno(), EHOSTUNREACH);
    assert_int_equal(send_to(n, &other, "y", 1), 1);
    peer_expect(q, "'y'");
}

/* An id alone is swallowed, and the frame behind it too; an unknown id is an error at once. */
static void odd_sends(void **state) {
    struct node *n = bound(*state);
    struct peer *p = peer_connect(*state, n->endpoint);
    struct id id = expect_notice(n);
    assert_int_equal(zmq_send(n->sock, "abcde", 5, ZMQ_SNDMORE | ZMQ_DONTWAIT), -1);
    assert_int_equal(zmq_errno(), EHOSTUNREACH);
    assert_int_equal(send_to(n, &id, "good", 4), 4);
    peer_expect(p, "'good'");
    assert_int_equal(zmq_send(n->sock, id.data, id.len, ZMQ_SNDMORE), (int)id.len);
    assert_int_equal(zmq_send(n->sock, "more ", 5, ZMQ_SNDMORE), 5); /* MORE means nothing */
    assert_int_equal(send_to(n, &id, "too", 3), 3);
    peer_expect(p, "'more too'");
}

/* STREAM_NOTIFY=0: no notices. */
static void without_notices(void **state) {
    struct node *n = node_new(*state, ZMQ_STREAM);
    struct peer *p;
    struct id id;
    node_set(n, ZMQ_STREAM_NOTIFY, 0);
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    peer_send(p, "'x'");
    id = read_id(n);
    node_expect(n, "'x'");
    assert_int_equal(send_to(n, &id, "y", 1), 1);
    peer_expect(p, "'y'");
    peer_drop(p);
    node_expect_nothing(n, 50);
}

/* Connecting: the id can be read or chosen; a loss is noticed and repaired, with the same id. */
static void connecting_side(void **state) {
    struct peer *l = peer_listen(*state), *p;
    struct node *n = node_new(*state, ZMQ_STREAM);
    struct id id = {.len = 6};
    memcpy(id.data, "chosen", 6);
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    node_set_text(n, ZMQ_CONNECT_ROUTING_ID, "chosen");
    node_connect(n, l->address);
    for (int i = 0; i < 3; i++) {
        p = peer_accept(l);
        expect_from(n, &id);
        node_expect(n, "00*0");
        assert_int_equal(send_to(n, &id, "ping", 4), 4);
        peer_expect(p, "'ping'");
        peer_send(p, "'pong'");
        expect_bytes(n, &id, (const uint8_t *)"pong", 4, 8192);
        peer_drop(p);
        expect_from(n, &id);
        node_expect(n, "00*0");
    }
    p = peer_accept(l);
    expect_from(n, &id);
    node_expect(n, "00*0");
    assert_int_equal(send_to(n, &id, "", 0), 0); /* closed by us: not repaired */
    if (!wire_is_ours())
        node_expect_nothing(n, 50);
    peer_expect_close(p);
    peer_expect_nobody(l, QUIET_MS);
}

static void own_id(void **state) {
    struct peer *l = peer_listen(*state);
    struct node *n = node_new(*state, ZMQ_STREAM);
    struct id id = {.len = sizeof id.data};
    node_connect(n, l->address);
    assert_int_equal(zmq_getsockopt(n->sock, ZMQ_ROUTING_ID, id.data, &id.len), 0);
    peer_accept(l);
    expect_from(n, &id);
    node_expect(n, "00*0");
}

/* No handshake event; better than libzmq, a remote close is no failed handshake. */
static void events(void **state) {
    struct node *n = bound(*state);
    struct peer *p;
    wire_ours_only("libzmq reports a failed handshake at every end");
    node_watch(n);
    p = peer_connect(*state, n->endpoint);
    expect_notice(n);
    peer_drop(p);
    expect_notice(n);
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    assert_int_equal(node_next_event(n, NULL, 20), 0);
}

/* HANDSHAKE_IVL means nothing to bare bytes. */
static void no_handshake_timer(void **state) {
    struct node *n = node_new(*state, ZMQ_STREAM);
    struct peer *p;
    struct id id;
    node_set(n, ZMQ_HANDSHAKE_IVL, 30);
    node_bind(n);
    p = peer_connect(*state, n->endpoint);
    id = expect_notice(n);
    peer_expect_quiet(p, QUIET_MS);
    peer_send(p, "'x'");
    expect_bytes(n, &id, (const uint8_t *)"x", 1, 8192);
}

/* A peer that says its last and half-closes: its bytes arrive, then the notice. */
static void half_closed(void **state) {
    struct node *n = bound(*state);
    struct peer *p = peer_connect(*state, n->endpoint);
    struct id id = expect_notice(n);
    peer_send(p, "'last'");
    peer_half_close(p);
    expect_bytes(n, &id, (const uint8_t *)"last", 4, 8192);
    expect_from(n, &id);
    node_expect(n, "00*0");
    peer_expect_close(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(accepted_connection),
        ON_BOTH(long_data),
        ON_BOTH(closing_by_an_empty_frame),
        ON_BOTH(odd_sends),
        ON_BOTH(without_notices),
        ON_BOTH(connecting_side),
        ON_BOTH(own_id),
        ON_BOTH(events),
        ON_BOTH(no_handshake_timer),
        ON_BOTH(half_closed),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
