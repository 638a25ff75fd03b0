/* SPDX-License-Identifier: MIT */
/* ROUTER and DEALER: ids, mandatory, probe, handover, routing by the first part. */
#include "zx_api.h"

static void *dealer_with_id(const char *id) {
    void *s = zx_socket(ZMQ_DEALER);
    zx_ok(zx_set_str(s, ZMQ_ROUTING_ID, id));
    return s;
}

static void explicit_id(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "a|b", 0));
    zx_check_str("received", "me|a|b", zx_recv(router));
    zx_ok(zx_send(router, "me|c|d", 0));
    zx_check_str("routed", "c|d", zx_recv(dealer));
}

static void generated_id(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer[2];
    unsigned char id[2][16], room[4];
    uint32_t n[2];

    for (int i = 0; i < 2; i++) {
        dealer[i] = zx_socket(ZMQ_DEALER);
        zx_link(router, dealer[i]);
        zx_ok(zx_send(dealer[i], "x", 0));
        zx_check_rc("length", "5", zmq_recv(router, id[i], 16, 0));
        zx_check_int("begins with 0", 0, id[i][0]);
        zx_check_rc("body", "1", zmq_recv(router, room, 4, 0));
        n[i] = (uint32_t)id[i][1] << 24 | (uint32_t)id[i][2] << 16 | (uint32_t)id[i][3] << 8 |
               id[i][4];
    }
    zx_check_int("different", 1, n[0] != n[1]);
    zx_ok(zmq_send(router, id[1], 5, ZMQ_SNDMORE));
    zx_ok(zmq_send(router, "to one", 6, 0));
    zx_check_str("routed", "to one", zx_recv(dealer[1]));
    zx_check_str("not to the other", "EAGAIN", zx_recv_now(dealer[0]));
}

static void id_has_more(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");
    char room[8];

    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "", 0));
    zx_check_rc("id", "2", zmq_recv(router, room, 8, 0));
    zx_check_int("more", 1, zx_get_int(router, ZMQ_RCVMORE));
    zx_check_rc("empty body", "0", zmq_recv(router, room, 8, 0));
    zx_check_int("no more", 0, zx_get_int(router, ZMQ_RCVMORE));
}

static void unroutable_is_dropped(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_link(router, dealer);
    zx_check_rc("unknown", "1", zx_send(router, "nobody|x|y", 0));
    zx_check_rc("id alone", "2", zx_send(router, "me", 0));
    zx_check_rc("empty id", "1", zx_send(router, "|x", 0));
    zx_ok(zx_send(router, "me|then", 0));
    zx_check_str("then", "then", zx_recv(dealer));
}

static void mandatory_unknown(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_int(router, ZMQ_ROUTER_MANDATORY, 1));
    zx_check_int("no peer: not writable", 0, zx_ready(router));
    zx_check_rc("no peer", "EHOSTUNREACH", zx_send(router, "me|x", 0));
    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "here", 0));
    zx_check_str("here", "me|here", zx_recv(router));
    zx_check_rc("unknown", "EHOSTUNREACH", zx_send(router, "nobody|x", 0));
    zx_check_rc("unknown now", "EHOSTUNREACH", zx_send(router, "nobody|x", ZMQ_DONTWAIT));
    zx_check_rc("known", "1", zx_send(router, "me|x", 0));
    zx_check_str("arrives", "x", zx_recv(dealer));
    zx_check_int("writable", ZMQ_POLLOUT, zx_ready(router));
}

static void mandatory_error_keeps_the_state(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");
    zmq_msg_t m;

    zx_ok(zx_set_int(router, ZMQ_ROUTER_MANDATORY, 1));
    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "here", 0));
    zx_check_str("here", "me|here", zx_recv(router));
    zx_ok(zmq_msg_init_size(&m, 6));
    memcpy(zmq_msg_data(&m), "nobody", 6);
    zx_check_rc("id refused", "EHOSTUNREACH", zmq_msg_send(&m, router, ZMQ_SNDMORE));
    zx_check_str("kept", "nobody", zx_bytes(zmq_msg_data(&m), zmq_msg_size(&m)));
    zx_ok(zmq_msg_close(&m));
    zx_check_rc("a new message", "2", zx_send(router, "me|ok", 0));
    zx_check_str("arrives", "ok", zx_recv(dealer));
}

static void mandatory_full(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");
    int sent = 0;

    zx_ok(zx_set_int(router, ZMQ_ROUTER_MANDATORY, 1));
    zx_ok(zx_set_int(router, ZMQ_SNDHWM, 2));
    zx_ok(zx_set_int(dealer, ZMQ_RCVHWM, 3));
    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "here", 0));
    zx_check_str("here", "me|here", zx_recv(router));
    while (sent < 20 && zx_send(router, "me|x", ZMQ_DONTWAIT) == 1) sent++;
    zx_check_int("fits", 5, sent);
    zx_check_rc("full", "EAGAIN", zx_send(router, "me|x", ZMQ_DONTWAIT));
    zx_check_int("not writable", 0, zx_ready(router));
    zx_ok(zx_set_int(router, ZMQ_SNDTIMEO, 30));
    zx_check_rc("blocks", "EAGAIN", zx_send(router, "me|x", 0));
    zx_check_rc("others are still unknown", "EHOSTUNREACH", zx_send(router, "no|x", 0));
}

static void full_is_dropped(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");
    int got = 0;

    zx_ok(zx_set_int(router, ZMQ_SNDHWM, 2));
    zx_ok(zx_set_int(dealer, ZMQ_RCVHWM, 3));
    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "here", 0));
    zx_check_str("here", "me|here", zx_recv(router));
    for (int i = 0; i < 20; i++) zx_check_rc("never blocks", "1", zx_send(router, "me|x", 0));
    zx_check_int("always writable", ZMQ_POLLOUT, zx_ready(router));
    while (strcmp(zx_recv_now(dealer), "x") == 0) got++;
    zx_check_int("arrived", 5, got);
}

static void mandatory_after_the_peer_left(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_int(router, ZMQ_ROUTER_MANDATORY, 1));
    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "here", 0));
    zx_check_str("here", "me|here", zx_recv(router));
    zx_close(dealer);
    zx_until_lost(router);
    zx_check_rc("gone", "EHOSTUNREACH", zx_send(router, "me|x", 0));
}

static void probe_on_connect(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_int(dealer, ZMQ_PROBE_ROUTER, 1));
    zx_link(router, dealer);
    zx_check_str("probe", "me|", zx_recv(router));
    zx_ok(zx_send(router, "me|hello", 0));
    zx_check_str("addressable", "hello", zx_recv(dealer));
}

static void probe_on_accept(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_int(dealer, ZMQ_PROBE_ROUTER, 1));
    zx_link(dealer, router);
    zx_ready(dealer);
    zx_check_str("probe", "me|", zx_recv(router));
}

static void probe_between_routers(void) {
    void *a = zx_socket(ZMQ_ROUTER), *b = zx_socket(ZMQ_ROUTER);

    zx_ok(zx_set_str(a, ZMQ_ROUTING_ID, "A"));
    zx_ok(zx_set_str(b, ZMQ_ROUTING_ID, "B"));
    zx_ok(zx_set_int(b, ZMQ_PROBE_ROUTER, 1));
    zx_link(a, b);
    zx_check_str("probe", "B|", zx_recv(a));
    zx_ok(zx_send(a, "B|hi", 0));
    zx_check_str("answer", "A|hi", zx_recv(b));
    zx_ok(zx_send(b, "A|back", 0));
    zx_check_str("back", "B|back", zx_recv(a));
}

static void connect_routing_id(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = zx_socket(ZMQ_DEALER);

    zx_ok(zx_set_str(router, ZMQ_CONNECT_ROUTING_ID, "named"));
    zx_ok(zx_set_int(router, ZMQ_ROUTER_MANDATORY, 1));
    zx_ok(zmq_connect(router, zx_bind(dealer)));
    zx_check_rc("usable at once", "1", zx_send(router, "named|x", 0));
    zx_check_str("arrives", "x", zx_recv(dealer));
    zx_ok(zx_send(dealer, "y", 0));
    zx_check_str("named", "named|y", zx_recv(router));
}

static void connect_routing_id_is_used_once(void) {
    void *router = zx_socket(ZMQ_ROUTER), *a = dealer_with_id("a"), *b = dealer_with_id("b");

    zx_ok(zx_set_str(router, ZMQ_CONNECT_ROUTING_ID, "named"));
    zx_ok(zmq_connect(router, zx_bind(a)));
    zx_ok(zmq_connect(router, zx_bind(b)));
    zx_ok(zx_send(b, "from b", 0));
    zx_check_str("own id", "b|from b", zx_recv(router));
    zx_ok(zx_send(a, "from a", 0));
    zx_check_str("given id", "named|from a", zx_recv(router));
}

static const char *connect_same_id_twice(void) {
    void *ctx = zmq_ctx_new(), *router = zmq_socket(ctx, ZMQ_ROUTER);
    const char *first;

    zx_set_str(router, ZMQ_CONNECT_ROUTING_ID, "x");
    first = zx_err(zmq_connect(router, "tcp://127.0.0.1:9"));
    zx_set_str(router, ZMQ_CONNECT_ROUTING_ID, "x");
    return zx_fmt("%s %s", first, zx_err(zmq_connect(router, "tcp://127.0.0.1:10")));
}

static void connect_routing_id_twice(void) {
    zx_check_str("connects", "0 EADDRINUSE", zx_child(connect_same_id_twice));
}

/* The second peer of one id is shut out while the first lives. */
static void duplicate_id(void) {
    void *router = zx_socket(ZMQ_ROUTER), *a = dealer_with_id("me"), *b = dealer_with_id("me");

    zx_link(router, a);
    zx_ok(zx_send(a, "from a", 0));
    zx_check_str("a", "me|from a", zx_recv(router));
    zx_ok(zmq_connect(b, zx_last_endpoint(router)));
    zx_ready(router);
    zx_check_rc("b sends", zx_current()->via == ZX_INPROC ? "EAGAIN" : "6",
                zx_send(b, "from b", ZMQ_DONTWAIT));
    zx_check_str("b is not heard", "EAGAIN", zx_recv_soon(router));
    zx_ok(zx_send(router, "me|reply", 0));
    zx_check_str("a is answered", "reply", zx_recv(a));
    zx_ok(zx_send(a, "again", 0));
    zx_check_str("a lives", "me|again", zx_recv(router));
}

static void duplicate_id_after_the_first_left(void) {
    void *router = zx_socket(ZMQ_ROUTER), *a = dealer_with_id("me"), *b = dealer_with_id("me");

    zx_ok(zx_set_int(b, ZMQ_RECONNECT_IVL, 20));
    zx_link(router, a);
    zx_ok(zx_send(a, "from a", 0));
    zx_check_str("a", "me|from a", zx_recv(router));
    zx_ok(zmq_connect(b, zx_last_endpoint(router)));
    zx_ok(zx_send(b, "from b", 0));
    zx_check_str("b is not heard", "EAGAIN", zx_recv_soon(router));
    zx_close(a);
    zx_ok(zx_set_int(router, ZMQ_RCVTIMEO, 600));
    zx_check_str("b is heard", "me|from b", zx_recv(router));
}

static void handover(void) {
    void *router = zx_socket(ZMQ_ROUTER), *a = dealer_with_id("me"), *b = dealer_with_id("me");

    zx_ok(zx_set_int(router, ZMQ_ROUTER_HANDOVER, 1));
    zx_link(router, a);
    zx_ok(zx_send(a, "from a", 0));
    zx_check_str("a", "me|from a", zx_recv(router));
    zx_ok(zmq_connect(b, zx_last_endpoint(router)));
    zx_ok(zx_send(b, "from b", 0));
    zx_check_str("b", "me|from b", zx_recv(router));
    zx_ok(zx_send(router, "me|reply", 0));
    zx_check_str("b is answered", "reply", zx_recv(b));
    zx_check_str("a is not", "EAGAIN", zx_recv_now(a));
}

static void same_id_again_after_leaving(void) {
    void *router = zx_socket(ZMQ_ROUTER);

    zx_ok(zx_set_int(router, ZMQ_ROUTER_MANDATORY, 1));
    zx_bind(router);
    for (int i = 0; i < 3; i++) {
        void *dealer = dealer_with_id("me");
        zx_ok(zmq_connect(dealer, zx_last_endpoint(router)));
        zx_ok(zx_send(dealer, zx_num(i), 0));
        zx_check_str(zx_fmt("round %d", i), zx_fmt("me|%d", i), zx_recv(router));
        zx_ok(zx_send(router, "me|x", 0));
        zx_check_str(zx_fmt("answer %d", i), "x", zx_recv(dealer));
        zx_close(dealer);
        zx_until_lost(router);
    }
}

static void ids_on_inproc_travel_from_every_type(void) {
    void *router = zx_socket(ZMQ_ROUTER), *pair = zx_socket(ZMQ_PAIR);

    zx_ok(zx_set_str(pair, ZMQ_ROUTING_ID, "pair"));
    zx_link(router, pair);
    zx_ok(zx_send(pair, "x", 0));
    zx_check_str("id", "pair|x", zx_recv(router));
}

/* In what order peers are attached is not fixed; that each gets one turn a round is. */
static void fair_queueing(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer[3];
    char first[3][16];

    for (int i = 0; i < 3; i++) {
        dealer[i] = dealer_with_id(zx_fmt("d%d", i));
        zx_link(router, dealer[i]);
        for (int k = 0; k < 4; k++) zx_ok(zx_send(dealer[i], "x", 0));
    }
    for (int i = 0; i < 3; i++) snprintf(first[i], sizeof first[i], "%s", zx_recv(router));
    zx_check_int("all three", 1, strcmp(first[0], first[1]) && strcmp(first[1], first[2]));
    for (int round = 1; round < 4; round++)
        for (int i = 0; i < 3; i++)
            zx_check_str(zx_fmt("round %d turn %d", round, i), first[i], zx_recv(router));
}

static void dealer_balances(void) {
    void *dealer = zx_socket(ZMQ_DEALER), *peer[3];

    for (int i = 0; i < 3; i++) {
        peer[i] = zx_socket(ZMQ_DEALER);
        zx_link(peer[i], dealer);
    }
    for (int i = 0; i < 9; i++) zx_ok(zx_send(dealer, zx_fmt("%d|part", i), 0));
    for (int i = 0; i < 9; i++)
        zx_check_str("in turn", zx_fmt("%d|part", i), zx_recv(peer[i % 3]));
}

static void dealer_events(void) {
    void *a = zx_socket(ZMQ_DEALER), *b = zx_socket(ZMQ_DEALER);

    zx_check_int("no peer", 0, zx_ready(a));
    zx_link(a, b);
    zx_until_writable(a);
    zx_check_int("peer", ZMQ_POLLOUT, zx_ready(a));
    zx_ok(zx_send(b, "x", 0));
    zx_wait(a, ZMQ_POLLIN, ZX_LONG_MS);
    zx_check_int("message", ZMQ_POLLIN | ZMQ_POLLOUT, zx_ready(a));
    zx_check_int("router always", ZMQ_POLLOUT, zx_ready(zx_socket(ZMQ_ROUTER)));
}

static void long_ids(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = zx_socket(ZMQ_DEALER);
    char id[255], room[300];

    memset(id, 'i', sizeof id);
    zx_ok(zmq_setsockopt(dealer, ZMQ_ROUTING_ID, id, sizeof id));
    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "x", 0));
    zx_check_rc("id", "255", zmq_recv(router, room, sizeof room, 0));
    zx_check_int("bytes", 0, memcmp(room, id, sizeof id));
    zx_check_rc("body", "1", zmq_recv(router, room, sizeof room, 0));
    zx_ok(zmq_send(router, id, sizeof id, ZMQ_SNDMORE));
    zx_ok(zmq_send(router, "y", 1, 0));
    zx_check_str("routed", "y", zx_recv(dealer));
}

static const struct zx_case cases[] = {
    ZX_CASE_ALL(explicit_id),
    ZX_CASE_ALL(generated_id),
    ZX_CASE_ALL(id_has_more),
    ZX_CASE_ALL(unroutable_is_dropped),
    ZX_CASE_ALL(mandatory_unknown),
    ZX_CASE_ALL(mandatory_error_keeps_the_state),
    ZX_CASE(mandatory_full),
    ZX_CASE(full_is_dropped),
    ZX_CASE_ALL(mandatory_after_the_peer_left),
    ZX_CASE_ALL(probe_on_connect),
    ZX_CASE_ALL(probe_on_accept),
    ZX_CASE_ALL(probe_between_routers),
    ZX_CASE_ALL(connect_routing_id),
    ZX_CASE_ALL(connect_routing_id_is_used_once),
    ZX_CASE(connect_routing_id_twice),
    ZX_CASE_ALL(duplicate_id),
    ZX_CASE_NET(duplicate_id_after_the_first_left),
    ZX_CASE_ALL(handover),
    ZX_CASE_ALL(same_id_again_after_leaving),
    ZX_CASE(ids_on_inproc_travel_from_every_type),
    ZX_CASE(fair_queueing),
    ZX_CASE_ALL(dealer_balances),
    ZX_CASE_ALL(dealer_events),
    ZX_CASE_ALL(long_ids),
};

ZX_MAIN("router", cases)
