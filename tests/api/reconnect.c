/* SPDX-License-Identifier: MIT */
/* Losing and regaining a peer: what is kept, what is dropped, what is sent again. */
#include "zx_api.h"

/* A server whose address stays: it can be closed and opened again at the same place. */
static void *reopen(int type, char ep[128]) {
    long long end = zx_now_ms() + ZX_LONG_MS;
    void *s = zx_socket(type);

    if (!*ep) {
        snprintf(ep, 128, "%s", zx_bind(s));
        return s;
    }
    while (zmq_bind(s, ep) != 0) {
        if (errno != EADDRINUSE || zx_now_ms() > end) fail_msg("bind again: %s", zx_err(-1));
        zx_wait(s, ZMQ_POLLIN, 5);
    }
    return s;
}

static void *client(int type, const char *ep) {
    void *s = zx_socket(type);

    zx_ok(zx_set_int(s, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zmq_connect(s, ep));
    return s;
}

static void server_comes_later(void) {
    char ep[128] = "";
    void *pull = reopen(ZMQ_PULL, ep), *push, *mon = zx_monitor(pull, ZMQ_EVENT_CLOSED);
    struct zx_event ev;

    zx_close(pull);
    zx_await(mon, ZMQ_EVENT_CLOSED, &ev);
    push = client(ZMQ_PUSH, ep);
    for (int i = 0; i < 10; i++) zx_ok(zx_send(push, zx_fmt("%d|part", i), 0));
    pull = reopen(ZMQ_PULL, ep);
    for (int i = 0; i < 10; i++) zx_check_str("queued", zx_fmt("%d|part", i), zx_recv(pull));
}

static void server_restarts(void) {
    char ep[128] = "";
    void *pull = reopen(ZMQ_PULL, ep), *push = client(ZMQ_PUSH, ep), *mon;
    struct zx_event ev;

    zx_ok(zx_send(push, "first", 0));
    zx_check_str("first", "first", zx_recv(pull));
    mon = zx_monitor(push, ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    zx_close(pull);
    zx_await(mon, ZMQ_EVENT_DISCONNECTED, &ev);
    for (int i = 0; i < 10; i++) zx_ok(zx_send(push, zx_num(i), 0));
    pull = reopen(ZMQ_PULL, ep);
    zx_await(mon, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, &ev);
    for (int i = 0; i < 10; i++) zx_check_str("kept meanwhile", zx_num(i), zx_recv(pull));
}

static void subscriptions_are_sent_again(void) {
    char ep[128] = "";
    void *pub = reopen(ZMQ_XPUB, ep), *sub = client(ZMQ_SUB, ep);
    int a = 0, b = 0;

    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "b"));
    zx_check_str("first time", "\\01a", zx_recv(pub));
    zx_check_str("and b", "\\01b", zx_recv(pub));
    zx_close(pub);
    pub = reopen(ZMQ_XPUB, ep);
    zx_ok(zx_set_int(pub, ZMQ_XPUB_VERBOSE, 1));
    for (int i = 0; i < 100 && !zx_wait(pub, ZMQ_POLLIN, 20); i++) zx_ready(sub);
    for (int i = 0; i < 2; i++) {
        const char *text = zx_recv(pub);
        a += strcmp(text, "\\01a") == 0;
        b += strcmp(text, "\\01b") == 0;
    }
    zx_check_int("a once", 1, a);
    zx_check_int("b once", 1, b);
    zx_check_str("no more", "EAGAIN", zx_recv_soon(pub));
    zx_ok(zx_send(pub, "a1", 0));
    zx_check_str("works", "a1", zx_recv(sub));
}

/* Nobody touches the SUB between the loss and the message. */
static void idle_subscriber_is_served(void) {
    char ep[128] = "";
    void *pub = reopen(ZMQ_XPUB, ep), *sub = client(ZMQ_SUB, ep);

    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    zx_check_str("first time", "\\01a", zx_recv(pub));
    zx_close(pub);
    pub = reopen(ZMQ_XPUB, ep);
    zx_ok(zx_set_int(pub, ZMQ_RCVTIMEO, 700));
    zx_check_str("again", "\\01a", zx_recv(pub));
}

static void req_stays_in_its_state(void) {
    char ep[128] = "";
    void *rep = reopen(ZMQ_REP, ep), *req = client(ZMQ_REQ, ep), *mon;
    struct zx_event ev;

    zx_ok(zx_send(req, "q", 0));
    zx_check_str("q", "q", zx_recv(rep));
    mon = zx_monitor(req, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    zx_close(rep);
    rep = reopen(ZMQ_REP, ep);
    zx_await(mon, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, &ev);
    zx_check_rc("no new request", "EFSM", zx_send(req, "again", 0));
    zx_check_str("not repeated", "EAGAIN", zx_recv_soon(rep));
}

static void relaxed_req_goes_on(void) {
    char ep[128] = "";
    void *rep = reopen(ZMQ_REP, ep), *req = client(ZMQ_REQ, ep), *mon;
    struct zx_event ev;

    zx_ok(zx_set_int(req, ZMQ_REQ_RELAXED, 1));
    zx_ok(zx_send(req, "q", 0));
    zx_check_str("q", "q", zx_recv(rep));
    mon = zx_monitor(req, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    zx_close(rep);
    rep = reopen(ZMQ_REP, ep);
    zx_await(mon, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, &ev);
    zx_check_rc("a new request", "5", zx_send(req, "again", 0));
    zx_check_str("arrives", "again", zx_recv(rep));
    zx_ok(zx_send(rep, "answer", 0));
    zx_check_str("answer", "answer", zx_recv(req));
}

static void unread_messages_outlive_the_connection(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *mon;
    struct zx_event ev;

    mon = zx_monitor(pull, ZMQ_EVENT_DISCONNECTED);
    zx_ok(zx_set_int(push, ZMQ_LINGER, -1));
    zx_ok(zmq_connect(push, zx_bind(pull)));
    for (int i = 0; i < 5; i++) zx_ok(zx_send(push, zx_num(i), 0));
    zx_close(push);
    zx_await(mon, ZMQ_EVENT_DISCONNECTED, &ev);
    for (int i = 0; i < 5; i++) zx_check_str("kept", zx_num(i), zx_recv(pull));
}

static void disabled(void) {
    char ep[128] = "";
    void *pull = reopen(ZMQ_PULL, ep), *push = zx_socket(ZMQ_PUSH), *mon;
    struct zx_event ev;

    mon = zx_monitor(push, ZMQ_EVENT_ALL);
    zx_ok(zx_set_int(push, ZMQ_RECONNECT_IVL, zx_current()->arg));
    zx_ok(zmq_connect(push, ep));
    zx_ok(zx_send(push, "x", 0));
    zx_check_str("x", "x", zx_recv(pull));
    zx_close(pull);
    zx_await(mon, ZMQ_EVENT_DISCONNECTED, &ev);
    zx_check_int("no retry", -1, zx_next_event(mon, &ev, ZX_SHORT_MS));
    for (int i = 0; i < 50 && zx_ready(push); i++) zx_wait(push, ZMQ_POLLIN, 5);
    zx_check_rc("the endpoint is gone", "ENOENT", zmq_disconnect(push, ep));
    pull = reopen(ZMQ_PULL, ep);
    zx_check_rc("a new connect", "0", zmq_connect(push, ep));
    zx_ok(zx_send(push, "y", 0));
    zx_check_str("works", "y", zx_recv(pull));
}

static void accepted_peer_loses_its_queue(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL), *next = zx_socket(ZMQ_PULL);

    zx_link(push, pull);
    zx_until_writable(push);
    zx_close(pull);
    zx_until_lost(push);
    zx_check_rc("nobody", "EAGAIN", zx_send(push, "x", ZMQ_DONTWAIT));
    zx_ok(zmq_connect(next, zx_last_endpoint(push)));
    zx_ok(zx_send(push, "y", 0));
    zx_check_str("the next one", "y", zx_recv(next));
}

static void frame_too_large_ends_it(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *mon;
    int64_t limit = 1000;
    static char body[1001];
    struct zx_event ev;

    zx_ok(zmq_setsockopt(pull, ZMQ_MAXMSGSIZE, &limit, sizeof limit));
    zx_link(pull, push);
    mon = zx_monitor(push, ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED);
    zx_ok(zmq_send(push, body, 1000, 0));
    zx_check_rc("the limit itself", "1000", zmq_recv(pull, body, sizeof body, 0));
    zx_ok(zmq_send(push, body, 1001, 0));
    zx_await(mon, ZMQ_EVENT_DISCONNECTED, &ev);
    zx_check_str("never delivered", "EAGAIN", zx_recv_soon(pull));
}

static void heartbeats_keep_it(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *mon;
    struct zx_event ev;

    zx_ok(zx_set_int(push, ZMQ_HEARTBEAT_IVL, 15));
    zx_ok(zx_set_int(pull, ZMQ_HEARTBEAT_IVL, 15));
    zx_link(pull, push);
    mon = zx_monitor(push, ZMQ_EVENT_ALL);
    zx_check_int("nothing happens", -1, zx_next_event(mon, &ev, 200));
    zx_ok(zx_send(push, "x", 0));
    zx_check_str("x", "x", zx_recv(pull));
}

static const struct zx_case cases[] = {
    ZX_CASE_NET(server_comes_later),
    ZX_CASE_NET(server_restarts),
    ZX_CASE_NET(subscriptions_are_sent_again),
    ZX_CASE_NET(idle_subscriber_is_served),
    ZX_CASE_NET(req_stays_in_its_state),
    ZX_CASE_NET(relaxed_req_goes_on),
    ZX_CASE_NET(unread_messages_outlive_the_connection),
    {"disabled@tcp", disabled, ZX_TCP, -1},
    {"disabled@ipc", disabled, ZX_IPC, -1},
    {"disabled_by_0@tcp", disabled, ZX_TCP, 0},
    ZX_CASE_ALL(accepted_peer_loses_its_queue),
    ZX_CASE_NET(frame_too_large_ends_it),
    ZX_CASE_NET(heartbeats_keep_it),
};

ZX_MAIN("reconnect", cases)
