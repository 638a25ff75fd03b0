/* SPDX-License-Identifier: MIT */
/* The draft types on streams: zmtp.md §10.2, §10.3; socket-types.md CLIENT ... CHANNEL. The
 * distribution's libzmq has none of them. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct node *bound(struct wire *w, int type) {
    struct node *n;
    wire_ours_only("the draft types are not in it");
    n = node_new(w, type);
    node_bind(n);
    return n;
}

static struct peer *joined(struct wire *w, struct node *n, const char *type) {
    struct peer *p = peer_connect(w, n->endpoint);
    peer_shake(p, type);
    return p;
}

static void send_to_group(struct node *n, const char *group, const char *text) {
    zmq_msg_t msg;
    assert_int_equal(zmq_msg_init_size(&msg, strlen(text)), 0);
    memcpy(zmq_msg_data(&msg), text, strlen(text));
    assert_int_equal(zmq_msg_set_group(&msg, group), 0);
    assert_int_equal(zmq_msg_send(&msg, n->sock, ZMQ_DONTWAIT), (int)strlen(text));
}

/* Sends to a group until it comes out: joining is not acknowledged. */
static void await_group(struct node *n, struct peer *p, const char *group) {
    int64_t end = wire_now_ms() + DEADLINE_MS;
    do {
        send_to_group(n, group, "?");
        wire_check(wire_now_ms() < end, "nobody in %s", group);
    } while (!wire_readable(p->fd, 10));
}

/* Reads away the repeated "?" of await_group up to the frame that is waited for. */
static void expect_after_probes(struct peer *p, const char *group, const char *text) {
    for (;;) {
        struct frame g, f;
        bool probe;
        peer_read_frame(p, &g);
        peer_read_frame(p, &f);
        probe = f.len == 1 && f.body[0] == '?';
        wire_check(g.flags == 1 && g.len == strlen(group) && !memcmp(g.body, group, g.len),
                   "group %.*s", (int)g.len, g.body);
        if (!probe)
            wire_check(f.flags == 0 && f.len == strlen(text) && !memcmp(f.body, text, f.len),
                       "body %.*s", (int)f.len, f.body);
        free(g.body);
        free(f.body);
        if (!probe)
            return;
    }
}

/* §13: RADIO grp "hello" is 01 03 67 72 70 00 05 68 65 6c 6c 6f; groups match exactly. */
static void radio(void **state) {
    struct node *n = bound(*state, ZMQ_RADIO);
    struct peer *p = joined(*state, n, "DISH");
    peer_send(p, "04 08 04 4a 4f 49 4e 67 72 70");
    await_group(n, p, "grp");
    send_to_group(n, "gr", "no");
    send_to_group(n, "grpx", "no");
    send_to_group(n, "", "no");
    send_to_group(n, "grp", "hello");
    expect_after_probes(p, "grp", "hello");
    send_to_group(n, "grp", "hello");
    peer_expect(p, "01 03 67 72 70 00 05 68 65 6c 6c 6f");
    peer_send(p, "<04 04'JOIN' 'grp'>"); /* counted: two joins need two leaves */
    peer_send(p, "04 09 05 4c 45 41 56 45 67 72 70");
    peer_expect_open(p);
    send_to_group(n, "grp", "once more");
    peer_expect(p, "<01 'grp'><00 'once more'>");
    peer_send(p, "<04 04'JOIN'><04 05'LEAVE' 'grp'>"); /* the empty group exists */
    await_group(n, p, "");
    send_to_group(n, "grp", "no");
    send_to_group(n, "", "yes");
    expect_after_probes(p, "", "yes");
    peer_send(p, "<04 05'LEAVE' 'never joined'><04 04'JOIN' 'g'*255>");
    peer_expect_open(p);
}

/* A group longer than 255 bytes is a protocol error, not the end of the process. */
static void radio_and_long_groups(void **state) {
    static const char *const joins[] = {"<04 04'JOIN' 'g'*256>", "<04 05'LEAVE' 'g'*256>",
                                        "<04 04'JOIN' 'g'*70000>"};
    struct node *n = bound(*state, ZMQ_RADIO);
    for (int i = 0; i < 3; i++) {
        struct peer *p = joined(*state, n, "DISH");
        peer_send(p, "%s", joins[i]);
        peer_expect_close(p);
    }
}

static void expect_group(struct node *n, const char *group, const char *text) {
    zmq_msg_t msg;
    node_receive(n, &msg);
    assert_string_equal(zmq_msg_group(&msg), group);
    assert_int_equal(zmq_msg_size(&msg), strlen(text));
    assert_memory_equal(zmq_msg_data(&msg), text, strlen(text));
    assert_false(zmq_msg_more(&msg));
    zmq_msg_close(&msg);
}

/* DISH: joins go out as commands, once on each connection; messages are filtered here too. */
static void dish(void **state) {
    struct node *n;
    struct peer *l = peer_listen(*state), *p;
    wire_ours_only("the draft types are not in it");
    n = node_new(*state, ZMQ_DISH);
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    assert_int_equal(zmq_join(n->sock, "one"), 0);
    node_connect(n, l->address);
    for (int i = 0; i < 3; i++) {
        p = peer_accept(l);
        peer_shake(p, "RADIO");
        peer_expect(p, "04 08 04 4a 4f 49 4e 'one'");
        assert_int_equal(zmq_join(n->sock, "two"), 0);
        peer_expect(p, "<04 04'JOIN' 'two'>");
        peer_send(p, "<01 'none'><00 'x'><01 'two'><00 'b'><01 'one'><00 'a'><01><00 'e'>");
        expect_group(n, "two", "b");
        expect_group(n, "one", "a");
        assert_int_equal(zmq_leave(n->sock, "two"), 0);
        peer_expect(p, "04 09 05 4c 45 41 56 45 'two'");
        peer_expect_open(p); /* a PING does not kill us, as it does a libzmq DISH */
        peer_drop(p);
    }
}

static void dish_and_bad_frames(void **state) {
    static const char *const frames[] = {"<00 'group'>", "<01 'g'*256><00 'x'>",
                                         "<01 'group'><01 'x'>"};
    struct node *n = bound(*state, ZMQ_DISH);
    assert_int_equal(zmq_join(n->sock, "group"), 0);
    for (int i = 0; i < 3; i++) {
        struct peer *p = joined(*state, n, "RADIO");
        peer_expect(p, "<04 04'JOIN' 'group'>");
        peer_send(p, "%s", frames[i]);
        peer_expect_close(p);
    }
}

/* Single frames only: a multipart message is dropped whole, and the connection stays. */
static void single_frames(void **state) {
    static const struct {
        int type;
        const char *peer;
    } rows[] = {{ZMQ_SERVER, "CLIENT"}, {ZMQ_CLIENT, "SERVER"}, {ZMQ_GATHER, "SCATTER"},
                {ZMQ_CHANNEL, "CHANNEL"}, {ZMQ_PEER, "PEER"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wire_row = (int)i;
        struct node *n = bound(*state, rows[i].type);
        struct peer *p = joined(*state, n, rows[i].peer);
        peer_send(p, "<01 'p1'><00 'p2'><00 'single'><01><01 'x'><00 'y'><00>");
        node_expect(n, "'single'");
        node_expect(n, "00*0");
        node_expect_nothing(n, 0);
        peer_expect_open(p);
        assert_int_equal(zmq_send(n->sock, "x", 1, ZMQ_DONTWAIT | ZMQ_SNDMORE), -1);
        assert_int_equal(zmq_errno(), rows[i].type == ZMQ_GATHER ? ENOTSUP : EINVAL);
        node_close(n);
    }
}

static void client_and_scatter_send(void **state) {
    static const struct {
        int type;
        const char *peer;
    } rows[] = {{ZMQ_CLIENT, "SERVER"}, {ZMQ_SCATTER, "GATHER"}, {ZMQ_CHANNEL, "CHANNEL"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wire_row = (int)i;
        struct node *n = bound(*state, rows[i].type);
        struct peer *p = joined(*state, n, rows[i].peer);
        node_send(n, "'one frame'");
        peer_expect(p, "<00 'one frame'>");
        node_send(n, "'x'*300");
        peer_expect(p, "<00 'x'*300>");
    }
}

/* SERVER: a message carries the id of its peer, and an answer needs it. */
static void server(void **state) {
    struct node *n = bound(*state, ZMQ_SERVER);
    struct peer *p = joined(*state, n, "CLIENT"), *q = joined(*state, n, "CLIENT");
    uint32_t ids[2];
    zmq_msg_t msg;
    for (int i = 0; i < 2; i++) {
        peer_send(i ? q : p, "<00 'hi'>");
        node_receive(n, &msg);
        ids[i] = zmq_msg_routing_id(&msg);
        assert_int_not_equal(ids[i], 0);
        zmq_msg_close(&msg);
    }
    assert_int_not_equal(ids[0], ids[1]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(zmq_msg_init_size(&msg, 1), 0);
        *(char *)zmq_msg_data(&msg) = (char)('0' + i);
        assert_int_equal(zmq_msg_set_routing_id(&msg, ids[i]), 0);
        assert_int_equal(zmq_msg_send(&msg, n->sock, ZMQ_DONTWAIT), 1);
    }
    peer_expect(p, "<00 '0'>");
    peer_expect(q, "<00 '1'>");
    assert_int_equal(zmq_send(n->sock, "x", 1, ZMQ_DONTWAIT), -1);
    assert_int_equal(zmq_errno(), EHOSTUNREACH);
}

/* zmq_disconnect_peer: what was sent before arrives, then the connection really ends. */
static void disconnected_by_server(void **state) {
    struct node *n = bound(*state, ZMQ_SERVER);
    struct peer *p = joined(*state, n, "CLIENT"), *q = joined(*state, n, "CLIENT");
    uint32_t id;
    zmq_msg_t msg;
    node_set(n, ZMQ_LINGER, DEADLINE_MS);
    peer_send(p, "<00 'hi'>");
    node_receive(n, &msg);
    id = zmq_msg_routing_id(&msg);
    assert_int_equal(zmq_msg_send(&msg, n->sock, ZMQ_DONTWAIT), 2); /* its number is in it */
    assert_int_equal(zmq_disconnect_peer(n->sock, id), 0);
    peer_expect(p, "<00 'hi'>");
    peer_expect_close(p);
    assert_int_equal(zmq_disconnect_peer(n->sock, id), -1);
    assert_int_equal(zmq_errno(), EHOSTUNREACH);
    peer_send(q, "<00 'still here'>");
    node_expect(n, "'still here'");
    node_set(n, ZMQ_LINGER, 0);
}

/* The connecting side: the endpoint goes with the peer, nobody connects again. */
static void disconnected_by_peer(void **state) {
    struct peer *l = peer_listen(*state), *p;
    struct node *n;
    wire_ours_only("the draft types are not in it");
    n = node_new(*state, ZMQ_PEER);
    node_set(n, ZMQ_RECONNECT_IVL, 1);
    uint32_t id = zmq_connect_peer(n->sock, l->address);
    assert_int_not_equal(id, 0);
    for (int i = 0; i < 2; i++) { /* the number survives a reconnect */
        zmq_msg_t msg;
        p = peer_accept(l);
        peer_shake(p, "PEER");
        assert_int_equal(zmq_msg_init_size(&msg, 0), 0);
        assert_int_equal(zmq_msg_set_routing_id(&msg, id), 0);
        assert_int_equal(zmq_msg_send(&msg, n->sock, ZMQ_DONTWAIT), 0);
        peer_expect(p, "<00>");
        peer_send(p, "<00 'x'>");
        node_receive(n, &msg);
        assert_int_equal(zmq_msg_routing_id(&msg), id);
        zmq_msg_close(&msg);
        if (!i)
            peer_drop(p);
    }
    assert_int_equal(zmq_disconnect_peer(n->sock, id), 0);
    peer_expect_close(p);
    peer_expect_nobody(l, 50);
    assert_int_equal(zmq_disconnect(n->sock, l->address), -1);
    assert_int_equal(zmq_errno(), ENOENT);
}

/* A RADIO that connects forgets the joins of a connection that is gone. */
static void joins_end_with_the_connection(void **state) {
    struct peer *l = peer_listen(*state), *p;
    struct node *n;
    wire_ours_only("the draft types are not in it");
    n = node_new(*state, ZMQ_RADIO);
    node_set(n, ZMQ_RECONNECT_IVL, 1);
    node_connect(n, l->address);
    p = peer_accept(l);
    peer_shake(p, "DISH");
    peer_send(p, "<04 04'JOIN' 'old'><04 04'JOIN' 'both'>");
    await_group(n, p, "both");
    peer_drop(p);
    p = peer_accept(l);
    peer_shake(p, "DISH");
    peer_send(p, "<04 04'JOIN' 'new'>");
    await_group(n, p, "new");
    send_to_group(n, "old", "no");
    send_to_group(n, "both", "no");
    send_to_group(n, "new", "yes");
    for (bool over = false; !over;) { /* probes of the first connection may be left */
        struct frame g, f;
        peer_read_frame(p, &g);
        peer_read_frame(p, &f);
        wire_check(f.len != 2 || memcmp(f.body, "no", 2), "still in %.*s", (int)g.len, g.body);
        over = f.len == 3 && !memcmp(f.body, "yes", 3);
        free(g.body);
        free(f.body);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(radio),
        ON_BOTH(radio_and_long_groups),
        ON_BOTH(dish),
        ON_BOTH(dish_and_bad_frames),
        ON_BOTH(single_frames),
        ON_BOTH(client_and_scatter_send),
        ON_BOTH(server),
        ON_BOTH(disconnected_by_server),
        ON_BOTH(disconnected_by_peer),
        ON_BOTH(joins_end_with_the_connection),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
