/* SPDX-License-Identifier: MIT */
/* High-water marks and the credit rule, CONFLATE, IMMEDIATE: exact on inproc and unconnected. */
#include "zx_api.h"

static int fill(void *s) {
    int n = 0;
    while (n < 100000 && zmq_send(s, "x", 1, ZMQ_DONTWAIT) == 1) n++;
    return n;
}

/* A non-blocking send looks for credit at most every millisecond or so. */
static int refill(void *s) {
    int n = 0;
    zx_ready(s);
    while (n < 100000 && zmq_send(s, "x", 1, ZMQ_DONTWAIT) == 1) n++;
    return n;
}

static void take(void *s, int n) {
    for (int i = 0; i < n; i++) zx_check_str("there", "x", zx_recv_now(s));
}

static int count(void *s) {
    int n = 0;
    while (strcmp(zx_recv_now(s), "x") == 0) n++;
    return n;
}

static void linked(void **push, void **pull, int sndhwm, int rcvhwm) {
    *push = zx_socket(ZMQ_PUSH);
    *pull = zx_socket(ZMQ_PULL);
    zx_ok(zx_set_int(*push, ZMQ_SNDHWM, sndhwm));
    zx_ok(zx_set_int(*pull, ZMQ_RCVHWM, rcvhwm));
    zx_link(*pull, *push);
}

static void inproc_is_the_sum(void) {
    static const int both[][3] = {
        {1, 1, 2}, {2, 3, 5}, {10, 10, 20}, {100, 50, 150}, {1, 1000, 1001},
    };
    void *push, *pull;

    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
        linked(&push, &pull, both[i][0], both[i][1]);
        zx_check_int(zx_fmt("%d and %d", both[i][0], both[i][1]), both[i][2], fill(push));
        zx_check_int("received", both[i][2], count(pull));
    }
}

static void zero_is_unlimited(void) {
    void *push, *pull;

    linked(&push, &pull, 0, 10);
    zx_check_int("sender 0", 100000, fill(push));
    linked(&push, &pull, 10, 0);
    zx_check_int("receiver 0", 100000, fill(push));
}

/* 10 + 10: full at 20; credit comes each time a multiple of (20 + 1) / 2 was read. */
static void credit_10_and_10(void) {
    void *push, *pull;

    linked(&push, &pull, 10, 10);
    zx_check_int("fits", 20, fill(push));
    take(pull, 9);
    zx_check_int("after 9", 0, refill(push));
    take(pull, 1);
    zx_check_int("after 10", 10, refill(push));
    take(pull, 9);
    zx_check_int("after 19", 0, refill(push));
    take(pull, 1);
    zx_check_int("after 20", 10, refill(push));
    zx_check_int("rest", 20, count(pull));
}

static void credit_3_and_2(void) {
    void *push, *pull;

    linked(&push, &pull, 3, 2);
    zx_check_int("fits", 5, fill(push));
    take(pull, 2);
    zx_check_int("after 2", 0, refill(push));
    take(pull, 1);
    zx_check_int("after 3", 3, refill(push));
    take(pull, 3);
    zx_check_int("after 6", 3, refill(push));
}

static void credit_1_and_1(void) {
    void *push, *pull;

    linked(&push, &pull, 1, 1);
    zx_check_int("fits", 2, fill(push));
    for (int i = 0; i < 5; i++) {
        take(pull, 1);
        zx_check_int("one for one", 1, refill(push));
    }
}

static void blocked_send_continues(void) {
    void *push, *pull;

    linked(&push, &pull, 2, 2);
    zx_check_int("fits", 4, fill(push));
    zx_ok(zx_set_int(push, ZMQ_SNDTIMEO, 40));
    zx_check_rc("blocks", "EAGAIN", zx_send(push, "x", 0));
    take(pull, 2);
    zx_check_rc("goes on", "1", zx_send(push, "x", 0));
}

static void multipart_counts_once(void) {
    void *push, *pull;
    int n = 0;

    linked(&push, &pull, 2, 2);
    while (n < 50 && zx_send(push, "a|b|c|d", ZMQ_DONTWAIT) == 1) n++;
    zx_check_int("messages", 4, n);
    while (strcmp(zx_recv_now(pull), "a|b|c|d") == 0) n--;
    zx_check_int("received", 0, n);
}

static void later_parts_never_block(void) {
    void *push, *pull;

    linked(&push, &pull, 1, 1);
    zx_ok(zx_send(push, "x", 0));
    for (int i = 0; i < 500; i++)
        zx_check_rc("part", "1", zmq_send(push, "p", 1, ZMQ_SNDMORE | ZMQ_DONTWAIT));
    zx_check_rc("end", "1", zmq_send(push, "e", 1, ZMQ_DONTWAIT));
    zx_check_rc("now full", "EAGAIN", zmq_send(push, "x", 1, ZMQ_DONTWAIT));
    zx_check_str("first", "x", zx_recv(pull));
}

static void unconnected_holds_sndhwm(void) {
    void *push = zx_socket(ZMQ_PUSH);

    zx_ok(zx_set_int(push, ZMQ_SNDHWM, 7));
    zx_ok(zmq_connect(push, zx_dead_tcp()));
    zx_check_int("one endpoint", 7, fill(push));
    zx_ok(zmq_connect(push, zx_fmt("ipc://%s/nobody", zx_dir())));
    zx_check_int("a second one", 7, fill(push));
}

static void pending_inproc_holds_sndhwm(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);
    char name[64];

    snprintf(name, sizeof name, "%s", zx_unique("inproc://"));
    zx_ok(zx_set_int(push, ZMQ_SNDHWM, 4));
    zx_ok(zx_set_int(pull, ZMQ_RCVHWM, 5));
    zx_ok(zmq_connect(push, name));
    zx_check_int("before the bind", 4, fill(push));
    zx_ok(zmq_bind(pull, name));
    zx_check_int("after the bind", 5, refill(push));
    zx_check_int("received", 9, count(pull));
}

static void default_is_1000(void) {
    void *push = zx_socket(ZMQ_PUSH);

    zx_ok(zmq_connect(push, zx_dead_tcp()));
    zx_check_int("fits", 1000, fill(push));
}

static void hwm_changes_apply_to_existing_pipes(void) {
    void *push = zx_socket(ZMQ_PUSH);

    zx_ok(zx_set_int(push, ZMQ_SNDHWM, 10));
    zx_ok(zmq_connect(push, zx_dead_tcp()));
    for (int i = 0; i < 5; i++) zx_ok(zx_send(push, "x", ZMQ_DONTWAIT));
    zx_ok(zx_set_int(push, ZMQ_SNDHWM, 20));
    zx_check_int("raised", 15, fill(push));
}

static void both_directions_of_a_pair(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_ok(zx_set_int(a, ZMQ_SNDHWM, 1));
    zx_ok(zx_set_int(a, ZMQ_RCVHWM, 2));
    zx_ok(zx_set_int(b, ZMQ_SNDHWM, 3));
    zx_ok(zx_set_int(b, ZMQ_RCVHWM, 4));
    zx_link(a, b);
    zx_check_int("a to b", 5, fill(a));
    zx_check_int("b to a", 5, fill(b));
}

static void conflate_keeps_the_newest(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    zx_ok(zx_set_int(push, ZMQ_CONFLATE, 1));
    zx_ok(zx_set_int(pull, ZMQ_CONFLATE, 1));
    zx_link(pull, push);
    for (int i = 0; i < 100; i++) zx_ok(zx_send(push, zx_num(i), ZMQ_DONTWAIT));
    if (zx_current()->via != ZX_INPROC) {
        const char *text = zx_recv(pull);
        while (strcmp(text, "99") != 0 && strcmp(text, "EAGAIN") != 0) text = zx_recv(pull);
        zx_check_str("in the end", "99", text);
    } else {
        zx_check_str("the newest", "99", zx_recv(pull));
    }
    zx_check_str("alone", "EAGAIN", zx_recv_soon(pull));
}

static void conflate_breaks_multipart(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    zx_ok(zx_set_int(push, ZMQ_CONFLATE, 1));
    zx_link(pull, push);
    zx_ok(zx_send(push, "p1|p2|p3", 0));
    zx_check_str("last part", "p3", zx_recv(pull));
    zx_check_str("alone", "EAGAIN", zx_recv_soon(pull));
}

static void conflate_of_pub_and_sub(void) {
    void *xpub = zx_socket(ZMQ_PUB), *sub = zx_socket(ZMQ_SUB);

    zx_ok(zx_set_int(sub, ZMQ_CONFLATE, 1));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, ""));
    zx_link(xpub, sub);
    zx_ready(xpub);
    for (int i = 0; i < 20; i++) zx_ok(zx_send(xpub, zx_num(i), 0));
    zx_check_str("newest", "19", zx_recv(sub));
    zx_check_str("alone", "EAGAIN", zx_recv_soon(sub));
}

static void conflate_has_no_effect_on_pair(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_ok(zx_set_int(a, ZMQ_CONFLATE, 1));
    zx_ok(zx_set_int(b, ZMQ_CONFLATE, 1));
    zx_link(a, b);
    zx_ok(zx_send(a, "1", 0));
    zx_ok(zx_send(a, "2", 0));
    zx_check_str("first", "1", zx_recv(b));
    zx_check_str("second", "2", zx_recv(b));
}

static void immediate_has_no_pipe_before_the_handshake(void) {
    void *push = zx_socket(ZMQ_PUSH);

    zx_ok(zx_set_int(push, ZMQ_IMMEDIATE, 1));
    zx_ok(zmq_connect(push, zx_dead_tcp()));
    zx_check_int("not writable", 0, zx_ready(push));
    zx_check_rc("send", "EAGAIN", zx_send(push, "x", ZMQ_DONTWAIT));
    zx_ok(zx_set_int(push, ZMQ_SNDTIMEO, 40));
    zx_check_rc("blocks", "EAGAIN", zx_send(push, "x", 0));
}

static void immediate_works_when_connected(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    zx_ok(zx_set_int(push, ZMQ_IMMEDIATE, 1));
    zx_link(pull, push);
    zx_until_writable(push);
    zx_ok(zx_send(push, "x", 0));
    zx_check_str("arrives", "x", zx_recv(pull));
    zx_close(pull);
    if (zx_current()->via != ZX_INPROC) zx_until_lost(push);
}

static void immediate_balances_over_the_living(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    zx_ok(zx_set_int(push, ZMQ_IMMEDIATE, 1));
    zx_ok(zmq_connect(push, zx_dead_tcp()));
    zx_link(pull, push);
    for (int i = 0; i < 10; i++) zx_ok(zx_send(push, zx_num(i), 0));
    for (int i = 0; i < 10; i++) zx_check_str("all to one", zx_num(i), zx_recv(pull));
}

static const struct zx_case cases[] = {
    ZX_CASE(inproc_is_the_sum),
    ZX_CASE(zero_is_unlimited),
    ZX_CASE(credit_10_and_10),
    ZX_CASE(credit_3_and_2),
    ZX_CASE(credit_1_and_1),
    ZX_CASE(blocked_send_continues),
    ZX_CASE(multipart_counts_once),
    ZX_CASE(later_parts_never_block),
    ZX_CASE(unconnected_holds_sndhwm),
    ZX_CASE(pending_inproc_holds_sndhwm),
    ZX_CASE(default_is_1000),
    ZX_CASE(hwm_changes_apply_to_existing_pipes),
    ZX_CASE(both_directions_of_a_pair),
    ZX_CASE_ALL(conflate_keeps_the_newest),
    ZX_CASE(conflate_breaks_multipart),
    ZX_CASE(conflate_of_pub_and_sub),
    ZX_CASE(conflate_has_no_effect_on_pair),
    ZX_CASE(immediate_has_no_pipe_before_the_handshake),
    ZX_CASE_NET(immediate_works_when_connected),
    ZX_CASE_NET(immediate_balances_over_the_living),
};

ZX_MAIN("hwm", cases)
