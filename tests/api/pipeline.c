/* SPDX-License-Identifier: MIT */
/* PUSH and PULL: load balancing, fair queueing, peers that leave. PAIR: its single peer. */
#include "zx_api.h"

static void balances_in_turn(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull[3];

    for (int i = 0; i < 3; i++) {
        pull[i] = zx_socket(ZMQ_PULL);
        zx_link(pull[i], push);
    }
    for (int i = 0; i < 12; i++) zx_ok(zx_send(push, zx_fmt("%d|part", i), 0));
    for (int i = 0; i < 12; i++)
        zx_check_str("in turn", zx_fmt("%d|part", i), zx_recv(pull[i % 3]));
}

static void balances_accepted_peers(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull[3];
    int total = 0;

    for (int i = 0; i < 3; i++) {
        pull[i] = zx_socket(ZMQ_PULL);
        zx_link(push, pull[i]);
    }
    for (int i = 0; i < 12; i++) zx_ok(zx_send(push, "x", 0));
    for (int i = 0; i < 3; i++) {
        int got = 0;
        while (strcmp(zx_recv_soon(pull[i]), "x") == 0) got++;
        zx_check_int(zx_fmt("share of %d", i), 4, got);
        total += got;
    }
    zx_check_int("none lost", 12, total);
}

static void queues_fairly(void) {
    void *pull = zx_socket(ZMQ_PULL), *push[3];

    zx_bind(pull);
    for (int i = 0; i < 3; i++) {
        push[i] = zx_socket(ZMQ_PUSH);
        zx_ok(zmq_connect(push[i], zx_last_endpoint(pull)));
        for (int k = 0; k < 4; k++) zx_ok(zx_send(push[i], zx_fmt("%d|x", i), 0));
    }
    for (int k = 0; k < 12; k++)
        zx_check_str("in turn", zx_fmt("%d|x", k % 3), zx_recv(pull));
}

static void one_busy_sender_does_not_starve_others(void) {
    void *pull = zx_socket(ZMQ_PULL), *busy = zx_socket(ZMQ_PUSH), *quiet = zx_socket(ZMQ_PUSH);
    int at = -1;

    zx_bind(pull);
    zx_ok(zmq_connect(busy, zx_last_endpoint(pull)));
    zx_ok(zmq_connect(quiet, zx_last_endpoint(pull)));
    for (int i = 0; i < 500; i++) zx_ok(zx_send(busy, "busy", 0));
    zx_ok(zx_send(quiet, "quiet", 0));
    for (int i = 0; i < 501 && at < 0; i++)
        if (strcmp(zx_recv(pull), "quiet") == 0) at = i;
    zx_check_int("soon", 1, at >= 0 && at < (zx_current()->via == ZX_INPROC ? 5 : 501));
}

static void full_peers_are_skipped(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull[2];
    int got[2] = {0, 0}, sent = 0;

    zx_ok(zx_set_int(push, ZMQ_SNDHWM, 1));
    for (int i = 0; i < 2; i++) {
        pull[i] = zx_socket(ZMQ_PULL);
        zx_ok(zx_set_int(pull[i], ZMQ_RCVHWM, i ? 9 : 1));
        zx_link(pull[i], push);
    }
    while (sent < 50 && zx_send(push, "x", ZMQ_DONTWAIT) == 1) sent++;
    zx_check_int("2 and 10", 12, sent);
    zx_check_int("not writable", 0, zx_ready(push));
    for (int i = 0; i < 2; i++)
        while (strcmp(zx_recv_now(pull[i]), "x") == 0) got[i]++;
    zx_check_int("small", 2, got[0]);
    zx_check_int("large", 10, got[1]);
}

static void a_message_stays_with_one_peer(void) {
    void *push = zx_socket(ZMQ_PUSH), *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PULL);

    zx_link(a, push);
    zx_ok(zx_send(push, "1", ZMQ_SNDMORE));
    zx_link(b, push);
    zx_ok(zx_send(push, "2", ZMQ_SNDMORE));
    zx_check_int("writable within", ZMQ_POLLOUT, zx_ready(push));
    zx_ok(zx_send(push, "3", 0));
    zx_ok(zx_send(push, "next", 0));
    zx_check_str("whole", "1|2|3", zx_recv(a));
    zx_check_str("the other", "next", zx_recv(b));
}

static void peer_leaves_in_mid_message(void) {
    void *push = zx_socket(ZMQ_PUSH), *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PULL);
    void *mon = zx_monitor(push, ZMQ_EVENT_DISCONNECTED);
    struct zx_event ev;

    zx_ok(zmq_connect(a, zx_bind(push)));
    zx_until_writable(push);
    zx_ok(zx_send(push, "1", ZMQ_SNDMORE));
    zx_close(a);
    if (zx_current()->via != ZX_INPROC) zx_await(mon, ZMQ_EVENT_DISCONNECTED, &ev);
    zx_check_int("writable within", ZMQ_POLLOUT, zx_ready(push));
    zx_check_rc("swallowed", "1", zx_send(push, "2", ZMQ_SNDMORE));
    zx_check_rc("to the end", "1", zx_send(push, "3", 0));
    zx_until_lost(push);
    zx_ok(zmq_connect(b, zx_last_endpoint(push)));
    zx_ok(zx_send(push, "whole|message", 0));
    zx_check_str("only whole ones", "whole|message", zx_recv(b));
}

static void events(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    zx_check_int("push alone", 0, zx_ready(push));
    zx_check_int("pull alone", 0, zx_ready(pull));
    zx_link(pull, push);
    zx_until_writable(push);
    zx_check_int("push", ZMQ_POLLOUT, zx_ready(push));
    zx_ok(zx_send(push, "x", 0));
    zx_wait(pull, ZMQ_POLLIN, ZX_LONG_MS);
    zx_check_int("pull", ZMQ_POLLIN, zx_ready(pull));
    zx_check_str("x", "x", zx_recv(pull));
    zx_check_int("pull again", 0, zx_ready(pull));
}

static void connected_endpoint_counts_as_a_peer(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    zx_ok(zmq_connect(push, zx_dead_tcp()));
    zx_check_int("writable", ZMQ_POLLOUT, zx_ready(push));
    zx_link(pull, push);
    for (int i = 0; i < 4; i++) zx_ok(zx_send(push, zx_num(i), 0));
    zx_check_str("every second", "1", zx_recv(pull));
    zx_check_str("of them", "3", zx_recv(pull));
    zx_check_str("the others wait", "EAGAIN", zx_recv_soon(pull));
}

static void pair_talks(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_check_int("alone", 0, zx_ready(a));
    zx_link(a, b);
    zx_ok(zx_send(a, "one|two", 0));
    zx_ok(zx_send(a, "three", 0));
    zx_ok(zx_send(b, "back", 0));
    zx_check_str("first", "one|two", zx_recv(b));
    zx_check_str("second", "three", zx_recv(b));
    zx_check_str("back", "back", zx_recv(a));
}

static void pair_refuses_a_second_peer(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR), *c = zx_socket(ZMQ_PAIR);

    zx_link(a, b);
    zx_ok(zx_send(b, "b", 0));
    zx_check_str("b", "b", zx_recv(a));
    zx_ok(zmq_connect(c, zx_last_endpoint(a)));
    zx_ready(a);
    if (zx_current()->via == ZX_INPROC)
        zx_check_rc("send to nobody", "EAGAIN", zx_send(c, "c", ZMQ_DONTWAIT));
    else
        zx_ok(zx_send(c, "c", 0));
    zx_check_str("c is not heard", "EAGAIN", zx_recv_soon(a));
    zx_ok(zx_send(a, "still", 0));
    zx_check_str("b is served", "still", zx_recv(b));
    zx_check_str("c is not", "EAGAIN", zx_recv_now(c));
}

static void pair_takes_a_new_peer_after_the_first(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR), *c = NULL;
    long long end = zx_now_ms() + ZX_LONG_MS;

    zx_link(a, b);
    zx_ok(zx_send(b, "b", 0));
    zx_check_str("b", "b", zx_recv(a));
    zx_close(b);
    zx_until_lost(a);
    zx_check_rc("alone", "EAGAIN", zx_send(a, "x", ZMQ_DONTWAIT));
    while (!(zx_wait(a, ZMQ_POLLIN, ZX_SHORT_MS) & ZMQ_POLLIN) && zx_now_ms() < end) {
        if (c) zx_close(c); /* it came while the first was still being taken down */
        c = zx_socket(ZMQ_PAIR);
        zx_ok(zmq_connect(c, zx_last_endpoint(a)));
        (void)zx_send(c, "c", ZMQ_DONTWAIT);
    }
    zx_check_str("c", "c", zx_recv(a));
    zx_ok(zx_send(a, "answer", 0));
    zx_check_str("answer", "answer", zx_recv(c));
}

/* A second peer that came too early is taken once the first has left. */
static void pair_second_peer_gets_its_turn(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR), *c = zx_socket(ZMQ_PAIR);

    zx_ok(zx_set_int(c, ZMQ_RECONNECT_IVL, 20));
    zx_ok(zx_set_int(a, ZMQ_RCVTIMEO, 600));
    zx_link(a, b);
    zx_ok(zx_send(b, "b", 0));
    zx_check_str("b", "b", zx_recv(a));
    zx_ok(zmq_connect(c, zx_last_endpoint(a)));
    zx_ok(zx_send(c, "c", 0));
    zx_check_str("c waits", "EAGAIN", zx_recv_soon(a));
    zx_close(b);
    zx_check_str("c is heard", "c", zx_recv(a));
}

static void messages_outlive_the_sender(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    zx_ok(zx_set_int(push, ZMQ_LINGER, -1));
    zx_link(pull, push);
    for (int i = 0; i < 100; i++) zx_ok(zx_send(push, zx_num(i), 0));
    zx_close(push);
    for (int i = 0; i < 100; i++) zx_check_str("all", zx_num(i), zx_recv(pull));
    zx_check_str("end", "EAGAIN", zx_recv_soon(pull));
}

static const struct zx_case cases[] = {
    ZX_CASE_ALL(balances_in_turn),
    ZX_CASE_ALL(balances_accepted_peers),
    ZX_CASE(queues_fairly),
    ZX_CASE_ALL(one_busy_sender_does_not_starve_others),
    ZX_CASE(full_peers_are_skipped),
    ZX_CASE_ALL(a_message_stays_with_one_peer),
    ZX_CASE_ALL(peer_leaves_in_mid_message),
    ZX_CASE_ALL(events),
    ZX_CASE_ALL(connected_endpoint_counts_as_a_peer),
    ZX_CASE_ALL(pair_talks),
    ZX_CASE_ALL(pair_refuses_a_second_peer),
    ZX_CASE_ALL(pair_takes_a_new_peer_after_the_first),
    ZX_CASE_NET(pair_second_peer_gets_its_turn),
    ZX_CASE_ALL(messages_outlive_the_sender),
};

ZX_MAIN("pipeline", cases)
