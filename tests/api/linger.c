/* SPDX-License-Identifier: MIT */
/* LINGER: what close, disconnect and term wait for. */
#include "zx_api.h"

/* How long term takes after a socket with this much queued was closed. */
static long long term_takes(int linger, const char *ep, int messages) {
    void *s = zx_raw_socket(ZMQ_PUSH);
    long long start;

    if (linger != -7) zx_ok(zx_set_int(s, ZMQ_LINGER, linger));
    zx_ok(zmq_connect(s, ep));
    for (int i = 0; i < messages; i++) zx_ok(zmq_send(s, "x", 1, ZMQ_DONTWAIT));
    zx_close(s);
    start = zx_now_ms();
    zx_ok(zmq_ctx_term(zx_ctx()));
    zx_ctx_forget();
    return zx_now_ms() - start;
}

static const char *unreachable(void) {
    return zx_current()->via == ZX_TCP ? zx_dead_tcp() : zx_new_endpoint();
}

static void zero_drops(void) {
    zx_check_int("at once", 1, term_takes(0, unreachable(), 10) < 250);
}

static void bounded(void) {
    long long took = term_takes(200, unreachable(), 10);
    zx_check_int("200 ms", 1, took >= 190 && took < 1500);
}

static void nothing_queued_needs_no_time(void) {
    zx_check_int("at once", 1, term_takes(-1, unreachable(), 0) < 250);
}

static const char *wait_for_ever(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PUSH);

    zmq_connect(s, "ipc:///no/such/place");
    zmq_send(s, "x", 1, ZMQ_DONTWAIT);
    zmq_close(s);
    zmq_ctx_term(ctx);
    return "ended";
}

static void default_waits_for_ever(void) {
    zx_check_str("term", "hang", zx_child(wait_for_ever));
}

static const char *not_blocky(void) {
    void *ctx = zmq_ctx_new(), *s;

    zmq_ctx_set(ctx, ZMQ_BLOCKY, 0);
    s = zmq_socket(ctx, ZMQ_PUSH);
    zmq_connect(s, "ipc:///no/such/place");
    zmq_send(s, "x", 1, ZMQ_DONTWAIT);
    zmq_close(s);
    zmq_ctx_term(ctx);
    return "ended";
}

static void blocky_0_does_not(void) {
    zx_check_str("term", "ended", zx_child(not_blocky));
}

static const char *sub_default(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_SUB);

    zmq_connect(s, "ipc:///no/such/place");
    zmq_setsockopt(s, ZMQ_SUBSCRIBE, "a", 1);
    zmq_close(s);
    zmq_ctx_term(ctx);
    return "ended";
}

static void subscriptions_never_hold(void) {
    zx_check_str("term", "ended", zx_child(sub_default));
}

static const char *set_before_close(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PUSH);
    int linger = -1;

    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    zmq_connect(s, "ipc:///no/such/place");
    zmq_send(s, "x", 1, ZMQ_DONTWAIT);
    linger = 0;
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    zmq_close(s);
    zmq_ctx_term(ctx);
    return "ended";
}

static void the_value_at_close_counts(void) {
    zx_check_str("term", "ended", zx_child(set_before_close));
}

static const char *disconnect_then_0(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PUSH);
    int linger = 0;

    zmq_connect(s, "ipc:///no/such/place");
    zmq_send(s, "x", 1, ZMQ_DONTWAIT);
    zmq_disconnect(s, "ipc:///no/such/place");
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    zmq_close(s);
    zmq_ctx_term(ctx);
    return "ended";
}

static const char *disconnect_with_0(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PUSH);
    int linger = 0;

    zmq_connect(s, "ipc:///no/such/place");
    zmq_send(s, "x", 1, ZMQ_DONTWAIT);
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    zmq_disconnect(s, "ipc:///no/such/place");
    linger = -1;
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    zmq_close(s);
    zmq_ctx_term(ctx);
    return "ended";
}

static void the_value_at_disconnect_counts(void) {
    zx_check_str("-1 then 0", "hang", zx_child(disconnect_then_0));
    zx_check_str("0 then -1", "ended", zx_child(disconnect_with_0));
}

static const char *immediate_pending(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PUSH);
    int on = 1;

    zmq_setsockopt(s, ZMQ_IMMEDIATE, &on, sizeof on);
    zmq_connect(s, "ipc:///no/such/place");
    zmq_close(s);
    zmq_ctx_term(ctx);
    return "ended";
}

static void immediate_never_holds(void) {
    zx_check_str("term", "ended", zx_child(immediate_pending));
}

static void delivered_after_close(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);

    zx_ok(zx_set_int(push, ZMQ_LINGER, -1));
    zx_ok(zx_set_int(push, ZMQ_SNDHWM, 0));
    zx_ok(zx_set_int(pull, ZMQ_RCVHWM, 0));
    zx_ok(zmq_connect(push, zx_bind(pull)));
    for (int i = 0; i < 2000; i++) zx_ok(zx_send(push, zx_num(i), 0));
    zx_close(push);
    for (int i = 0; i < 2000; i++) zx_check_str("all", zx_num(i), zx_recv(pull));
}

/* The reader's full queue leaves a part of the last batch with the sender's connection. */
static void the_tail_is_not_lost(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);

    if (!zx_runs("all")) return;
    zx_ok(zx_set_int(push, ZMQ_LINGER, -1));
    zx_ok(zx_set_int(push, ZMQ_SNDHWM, 0));
    zx_ok(zx_set_int(pull, ZMQ_RCVHWM, 5));
    zx_ok(zmq_connect(push, zx_bind(pull)));
    for (int i = 0; i < 20000; i++) zx_ok(zx_send(push, zx_num(i), 0));
    zx_close(push);
    for (int i = 0; i < 20000; i++) zx_check_str("all", zx_num(i), zx_recv(pull));
}

static void large_messages_after_close(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);
    static char body[200000], room[200000];
    int wrong = 0;

    memset(body, 'b', sizeof body);
    zx_ok(zx_set_int(push, ZMQ_LINGER, -1));
    zx_link(pull, push);
    for (int i = 0; i < 30; i++) zx_ok(zmq_send(push, body, sizeof body, 0));
    zx_close(push);
    for (int i = 0; i < 30; i++) {
        zx_check_rc("size", "200000", zmq_recv(pull, room, sizeof room, 0));
        wrong += memcmp(body, room, sizeof body) != 0;
    }
    zx_check_int("wrong", 0, wrong);
}

static void late_binder_gets_it(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);
    struct zx_event ev;
    char ep[128];

    if (zx_current()->via == ZX_TCP) {
        void *mon = zx_monitor(pull, ZMQ_EVENT_CLOSED);
        snprintf(ep, sizeof ep, "%s", zx_bind(pull));
        zx_close(pull);
        zx_await(mon, ZMQ_EVENT_CLOSED, &ev);
        pull = zx_socket(ZMQ_PULL);
    } else {
        snprintf(ep, sizeof ep, "%s", zx_new_endpoint());
    }
    zx_ok(zx_set_int(push, ZMQ_LINGER, -1));
    zx_ok(zx_set_int(push, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zmq_connect(push, ep));
    zx_ok(zx_send(push, "x", 0));
    zx_close(push);
    while (zmq_bind(pull, ep) != 0 && errno == EADDRINUSE) zx_wait(pull, ZMQ_POLLIN, 2);
    zx_check_str("delivered", "x", zx_recv(pull));
}

static const struct zx_case cases[] = {
    ZX_CASE_NET(zero_drops),
    ZX_CASE_NET(bounded),
    ZX_CASE_NET(nothing_queued_needs_no_time),
    ZX_CASE(default_waits_for_ever),
    ZX_CASE(blocky_0_does_not),
    ZX_CASE(subscriptions_never_hold),
    ZX_CASE(the_value_at_close_counts),
    ZX_CASE(the_value_at_disconnect_counts),
    ZX_CASE(immediate_never_holds),
    ZX_CASE_ALL(delivered_after_close),
    ZX_CASE_ALL(the_tail_is_not_lost),
    ZX_CASE_ALL(large_messages_after_close),
    ZX_CASE_NET(late_binder_gets_it),
};

ZX_MAIN("linger", cases)
