/* SPDX-License-Identifier: MIT */
/* inproc: names, connecting before binding, what outlives whom. */
#include "zx_api.h"

static const char *name(void) {
    return zx_keep(zx_unique("inproc://"));
}

static void connect_before_bind(void) {
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL);
    const char *ep = name();

    zx_ok(zmq_connect(a, ep));
    zx_check_int("writable", ZMQ_POLLOUT, zx_ready(a));
    for (int i = 0; i < 5; i++) zx_ok(zx_send(a, zx_fmt("%d|part", i), 0));
    zx_ok(zmq_bind(b, ep));
    for (int i = 0; i < 5; i++) zx_check_str("in order", zx_fmt("%d|part", i), zx_recv(b));
    zx_ok(zx_send(a, "after", 0));
    zx_check_str("after", "after", zx_recv(b));
}

static void several_pending_connects(void) {
    void *a[3], *b = zx_socket(ZMQ_PULL);
    const char *ep = name();
    int seen[3] = {0};

    for (int i = 0; i < 3; i++) {
        a[i] = zx_socket(ZMQ_PUSH);
        zx_ok(zmq_connect(a[i], ep));
        zx_ok(zx_send(a[i], zx_num(i), 0));
    }
    zx_ok(zmq_bind(b, ep));
    for (int i = 0; i < 3; i++) seen[atoi(zx_recv(b))]++;
    for (int i = 0; i < 3; i++) zx_check_int(zx_fmt("from %d", i), 1, seen[i]);
}

static void unfinished_before_bind(void) {
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL);
    const char *ep = name();

    zx_ok(zmq_connect(a, ep));
    zx_ok(zx_send(a, "1", ZMQ_SNDMORE));
    zx_ok(zmq_bind(b, ep));
    zx_check_str("not yet", "EAGAIN", zx_recv_now(b));
    zx_ok(zx_send(a, "2", 0));
    zx_check_str("whole", "1|2", zx_recv(b));
}

static void connecter_closed_before_bind(void) {
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL);
    const char *ep = name();

    zx_ok(zmq_connect(a, ep));
    zx_ok(zx_send(a, "left behind", 0));
    zx_close(a);
    zx_ok(zmq_bind(b, ep));
    zx_check_str("delivered", "left behind", zx_recv(b));
}

static void disconnected_before_bind(void) {
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL);
    const char *ep = name();

    zx_ok(zmq_connect(a, ep));
    zx_ok(zx_send(a, "left behind", 0));
    zx_check_rc("disconnect", "0", zmq_disconnect(a, ep));
    zx_check_rc("gone", "ENOENT", zmq_disconnect(a, ep));
    zx_check_rc("no peer", "EAGAIN", zx_send(a, "x", ZMQ_DONTWAIT));
    zx_ok(zmq_bind(b, ep));
    zx_check_str("delivered", "left behind", zx_recv(b));
}

static void identity_arrives_after_bind(void) {
    void *a = zx_socket(ZMQ_DEALER), *b = zx_socket(ZMQ_ROUTER);
    const char *ep = name();

    zx_ok(zx_set_str(a, ZMQ_ROUTING_ID, "me"));
    zx_ok(zmq_connect(a, ep));
    zx_ok(zx_send(a, "x", 0));
    zx_ok(zmq_bind(b, ep));
    zx_check_str("with id", "me|x", zx_recv(b));
    zx_ok(zx_send(b, "me|y", 0));
    zx_check_str("back", "y", zx_recv(a));
}

/* The other way round: the ROUTER was there first and learns who has bound. */
static void identity_of_a_late_binder(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = zx_socket(ZMQ_DEALER);
    const char *ep = name();

    zx_ok(zx_set_int(router, ZMQ_ROUTER_MANDATORY, 1));
    zx_ok(zmq_connect(router, ep));
    zx_ok(zx_set_str(dealer, ZMQ_ROUTING_ID, "binder"));
    zx_ok(zmq_bind(dealer, ep));
    zx_ok(zx_send(dealer, "hello", 0));
    zx_check_str("from", "binder|hello", zx_recv(router));
    zx_ok(zx_send(router, "binder|answer", 0));
    zx_check_str("to", "answer", zx_recv(dealer));
}

static void subscription_arrives_after_bind(void) {
    void *sub = zx_socket(ZMQ_SUB), *pub = zx_socket(ZMQ_XPUB);
    const char *ep = name();

    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "A"));
    zx_ok(zmq_connect(sub, ep));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "B"));
    zx_ok(zmq_bind(pub, ep));
    zx_check_str("A", "\\01A", zx_recv(pub));
    zx_check_str("B", "\\01B", zx_recv(pub));
    zx_ok(zx_send(pub, "A1", 0));
    zx_check_str("A1", "A1", zx_recv(sub));
}

static void one_binder_a_name(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    const char *ep = name();

    zx_check_rc("first", "0", zmq_bind(a, ep));
    zx_check_rc("second", "EADDRINUSE", zmq_bind(b, ep));
    zx_check_rc("itself", "EADDRINUSE", zmq_bind(a, ep));
    zx_check_rc("case matters", "0", zmq_bind(b, zx_fmt("%sA", ep)));
    zx_check_rc("a prefix is another", "0", zmq_bind(b, zx_fmt("%s/", ep)));
}

static void long_names(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    char ep[1000];

    memset(ep, 'n', sizeof ep);
    memcpy(ep, "inproc://", 9);
    ep[sizeof ep - 1] = 0;
    zx_check_rc("bind", "0", zmq_bind(a, ep));
    zx_check_rc("connect", "0", zmq_connect(b, ep));
    zx_ok(zx_send(b, "x", 0));
    zx_check_str("works", "x", zx_recv(a));
}

static void unbind_frees_the_name_only(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH), *c = zx_socket(ZMQ_PULL);
    const char *ep = name();

    zx_ok(zmq_bind(a, ep));
    zx_ok(zmq_connect(b, ep));
    zx_check_rc("unbind", "0", zmq_unbind(a, ep));
    zx_ok(zx_send(b, "x", 0));
    zx_check_str("the link lives", "x", zx_recv(a));
    zx_check_rc("the name is free", "0", zmq_bind(c, ep));
    zx_ok(zx_send(b, "y", 0));
    zx_check_str("still the old peer", "y", zx_recv(a));
    zx_check_str("not the new one", "EAGAIN", zx_recv_now(c));
}

static void binder_closes(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH), *c = zx_socket(ZMQ_PULL);
    long long end = zx_now_ms() + ZX_LONG_MS;
    const char *ep = name();

    zx_ok(zmq_bind(a, ep));
    zx_ok(zmq_connect(b, ep));
    zx_close(a);
    zx_until_lost(b);
    while (zmq_bind(c, ep) != 0 && zx_now_ms() < end) zx_wait(c, ZMQ_POLLIN, 2);
    zx_check_rc("no reconnect", "EAGAIN", zx_send(b, "x", ZMQ_DONTWAIT));
    zx_ok(zmq_connect(b, ep));
    zx_ok(zx_send(b, "y", 0));
    zx_check_str("connected anew", "y", zx_recv(c));
}

static void sender_closes_with_linger_0(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);

    zx_link(a, b);
    for (int i = 0; i < 10; i++) zx_ok(zx_send(b, zx_num(i), 0));
    zx_close(b);
    for (int i = 0; i < 10; i++) zx_check_str("kept", zx_num(i), zx_recv(a));
    zx_check_str("end", "EAGAIN", zx_recv_now(a));
}

static void connecting_to_oneself(void) {
    void *s = zx_socket(ZMQ_DEALER);
    const char *ep = name();

    zx_ok(zmq_bind(s, ep));
    zx_ok(zmq_connect(s, ep));
    zx_ok(zx_send(s, "1", 0));
    zx_ok(zx_send(s, "2", 0));
    zx_check_int("both come back", 3, atoi(zx_recv(s)) + atoi(zx_recv(s)));
}

static void types_are_not_checked(void) {
    void *push = zx_socket(ZMQ_PUSH), *sub = zx_socket(ZMQ_SUB), *rep = zx_socket(ZMQ_REP);

    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, ""));
    zx_check_rc("SUB to PUSH", "0", zmq_connect(sub, zx_bind(push)));
    zx_check_rc("REP to PUSH", "0", zmq_connect(rep, zx_last_endpoint(push)));
}

static void options_of_the_binder_are_its_own_at_bind(void) {
    void *dealer = zx_socket(ZMQ_DEALER), *router = zx_socket(ZMQ_ROUTER);
    const char *ep = name();

    zx_ok(zx_set_str(dealer, ZMQ_ROUTING_ID, "early"));
    zx_ok(zmq_bind(dealer, ep));
    zx_ok(zx_set_str(dealer, ZMQ_ROUTING_ID, "late"));
    zx_ok(zmq_connect(router, ep));
    zx_ok(zx_send(dealer, "x", 0));
    zx_check_str("as of the bind", "early|x", zx_recv(router));
}

static void send_all(void *s) {
    for (int i = 0; i < 2000; i++) zmq_send(s, &i, sizeof i, 0);
    zmq_close(s);
}

static void between_threads(void) {
    void *pull = zx_socket(ZMQ_PULL);
    const char *ep = zx_bind(pull);
    long long sum = 0;

    for (int i = 0; i < 3; i++) {
        void *push = zmq_socket(zx_ctx(), ZMQ_PUSH);
        int forever = -1;
        assert_non_null(push);
        zx_ok(zmq_setsockopt(push, ZMQ_SNDTIMEO, &forever, sizeof forever));
        zx_ok(zmq_connect(push, ep));
        zx_spawn(send_all, push);
    }
    for (int i = 0; i < 6000; i++) {
        int value;
        zx_ok(zmq_recv(pull, &value, sizeof value, 0));
        sum += value;
    }
    zx_check_int("sum", 3LL * 1999 * 2000 / 2, sum);
}

/* What a reader in full flow does to be quick must not make it deaf to one of two peers. */
static void two_streams(int in_type, int out_type) {
    void *in = zx_socket(in_type), *a = zx_socket(out_type), *b = zx_socket(out_type);
    const char *ep = name();

    zx_ok(zmq_bind(in, ep));
    zx_ok(zmq_connect(a, ep));
    zx_ok(zmq_connect(b, ep));
    zx_ok(zx_set_int(in, ZMQ_RCVTIMEO, 1));
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 4; k++) zx_ok(zx_send(a, "a", 0));
        for (int k = 0; k < 4; k++) zx_check_str("stream", "a", zx_recv(in));
        zx_check_rc("waits", "EAGAIN", zmq_recv(in, NULL, 0, 0));
    }
    zx_ok(zx_send(a, "a", 0));
    zx_ok(zx_send(b, "b", 0));
    zx_ok(zx_send(b, "b", 0));
    for (int k = 0; k < 3; k++) zx_ok(zmq_recv(in, NULL, 0, 0));
    zx_ok(zx_send(a, "A", 0));
    zx_check_int("heard", ZMQ_POLLIN, zx_ready(in) & ZMQ_POLLIN);
    zx_check_str("received", "A", zx_recv_now(in));
}

static void two_streams_pull(void) {
    two_streams(ZMQ_PULL, ZMQ_PUSH);
}

static void two_streams_dealer(void) {
    two_streams(ZMQ_DEALER, ZMQ_DEALER);
}

static void bind_later(void *s) {
    char room[8];

    zmq_bind(s, "inproc://later");
    zmq_recv(s, room, sizeof room, 0);
    zmq_send(s, room, 4, 0);
    zmq_close(s);
}

static void binder_in_another_thread(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zmq_socket(zx_ctx(), ZMQ_PAIR);

    assert_non_null(b);
    zx_ok(zmq_connect(a, "inproc://later"));
    zx_ok(zx_send(a, "echo", 0));
    zx_spawn(bind_later, b);
    zx_check_str("echo", "echo", zx_recv(a));
}

static const struct zx_case cases[] = {
    ZX_CASE(connect_before_bind),
    ZX_CASE(several_pending_connects),
    ZX_CASE(unfinished_before_bind),
    ZX_CASE(connecter_closed_before_bind),
    ZX_CASE(disconnected_before_bind),
    ZX_CASE(identity_arrives_after_bind),
    ZX_CASE(identity_of_a_late_binder),
    ZX_CASE(subscription_arrives_after_bind),
    ZX_CASE(one_binder_a_name),
    ZX_CASE(long_names),
    ZX_CASE(unbind_frees_the_name_only),
    ZX_CASE(binder_closes),
    ZX_CASE(sender_closes_with_linger_0),
    ZX_CASE(connecting_to_oneself),
    ZX_CASE(types_are_not_checked),
    ZX_CASE(options_of_the_binder_are_its_own_at_bind),
    ZX_CASE(between_threads),
    ZX_CASE(two_streams_pull),
    ZX_CASE(two_streams_dealer),
    ZX_CASE(binder_in_another_thread),
};

ZX_MAIN("inproc", cases)
