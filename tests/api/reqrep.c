/* SPDX-License-Identifier: MIT */
/* REQ and REP: state machines, envelopes, correlation, relaxation. */
#include "zx_api.h"

static void round_trip(void) {
    void *req = zx_socket(ZMQ_REQ), *rep = zx_socket(ZMQ_REP);

    zx_link(rep, req);
    for (int i = 0; i < 10; i++) {
        zx_check_rc("request", "2", zx_send(req, "hi", 0));
        zx_check_str("received", "hi", zx_recv(rep));
        zx_check_rc("reply", "5", zx_send(rep, "hello", 0));
        zx_check_str("answered", "hello", zx_recv(req));
    }
}

static void round_trip_bound_req(void) {
    void *req = zx_socket(ZMQ_REQ), *rep = zx_socket(ZMQ_REP);

    zx_link(req, rep);
    zx_ok(zx_send(req, "hi", 0));
    zx_check_str("received", "hi", zx_recv(rep));
    zx_ok(zx_send(rep, "hello", 0));
    zx_check_str("answered", "hello", zx_recv(req));
}

static void multipart_both_ways(void) {
    void *req = zx_socket(ZMQ_REQ), *rep = zx_socket(ZMQ_REP);

    zx_link(rep, req);
    zx_ok(zx_send(req, "a||c", 0));
    zx_check_str("received", "a||c", zx_recv(rep));
    zx_ok(zx_send(rep, "|b|", 0));
    zx_check_str("answered", "|b|", zx_recv(req));
    zx_ok(zx_send(req, "", 0));
    zx_check_str("empty request", "", zx_recv(rep));
    zx_ok(zx_send(rep, "", 0));
    zx_check_str("empty reply", "", zx_recv(req));
}

static void req_states(void) {
    void *req = zx_socket(ZMQ_REQ), *rep = zx_socket(ZMQ_REP);

    zx_link(rep, req);
    zx_check_str("recv first", "EFSM", zx_recv(req));
    zx_check_rc("part", "1", zx_send(req, "a", ZMQ_SNDMORE));
    zx_check_str("recv in the request", "EFSM", zx_recv(req));
    zx_check_rc("last part", "1", zx_send(req, "b", 0));
    zx_check_rc("send again", "EFSM", zx_send(req, "c", 0));
    zx_check_str("no reply yet", "EAGAIN", zx_recv_now(req));
    zx_check_rc("send still", "EFSM", zx_send(req, "c", ZMQ_DONTWAIT));
    zx_check_str("received", "a|b", zx_recv(rep));
    zx_ok(zx_send(rep, "1|2", 0));
    zx_check_str("reply", "1|2", zx_recv(req));
}

static void rep_states(void) {
    void *req = zx_socket(ZMQ_REQ), *rep = zx_socket(ZMQ_REP);
    char room[8];

    zx_link(rep, req);
    zx_check_rc("send first", "EFSM", zx_send(rep, "a", 0));
    zx_check_rc("send first now", "EFSM", zx_send(rep, "a", ZMQ_DONTWAIT));
    zx_ok(zx_send(req, "a|b", 0));
    zx_check_rc("part one", "1", zmq_recv(rep, room, 8, 0));
    zx_check_rc("send in the request", "EFSM", zx_send(rep, "a", 0));
    zx_check_rc("part two", "1", zmq_recv(rep, room, 8, 0));
    zx_check_str("recv owing a reply", "EFSM", zx_recv(rep));
    zx_check_rc("reply part", "1", zx_send(rep, "x", ZMQ_SNDMORE));
    zx_check_str("recv in the reply", "EFSM", zx_recv_now(rep));
    zx_check_rc("reply end", "1", zx_send(rep, "y", 0));
    zx_check_rc("second reply", "EFSM", zx_send(rep, "z", 0));
    zx_check_str("reply", "x|y", zx_recv(req));
}

static void req_events(void) {
    void *req = zx_socket(ZMQ_REQ), *rep = zx_socket(ZMQ_REP);

    zx_check_int("no peer", 0, zx_ready(req));
    zx_link(rep, req);
    zx_until_writable(req);
    zx_check_int("may send", ZMQ_POLLOUT, zx_ready(req));
    zx_ok(zx_send(req, "a", 0));
    zx_check_int("waits", 0, zx_ready(req));
    zx_check_str("received", "a", zx_recv(rep));
    zx_ok(zx_send(rep, "b", 0));
    zx_check_int("reply", ZMQ_POLLIN, zx_wait(req, ZMQ_POLLIN | ZMQ_POLLOUT, ZX_LONG_MS));
    zx_check_str("answered", "b", zx_recv(req));
    zx_check_int("may send again", ZMQ_POLLOUT, zx_ready(req));
}

static void rep_events(void) {
    void *req = zx_socket(ZMQ_REQ), *rep = zx_socket(ZMQ_REP);

    zx_link(rep, req);
    zx_check_int("idle", 0, zx_ready(rep));
    zx_ok(zx_send(req, "a", 0));
    zx_check_int("request", ZMQ_POLLIN, zx_wait(rep, ZMQ_POLLIN | ZMQ_POLLOUT, ZX_LONG_MS));
    zx_check_str("received", "a", zx_recv(rep));
    zx_check_int("owes", ZMQ_POLLOUT, zx_ready(rep));
    zx_ok(zx_send(rep, "b", 0));
    zx_check_int("idle again", 0, zx_ready(rep));
}

static void wire_form_of_a_request(void) {
    void *req = zx_socket(ZMQ_REQ), *router = zx_socket(ZMQ_ROUTER);

    zx_ok(zx_set_str(req, ZMQ_ROUTING_ID, "R"));
    zx_link(router, req);
    zx_ok(zx_send(req, "body|two", 0));
    zx_check_str("request", "R||body|two", zx_recv(router));
    zx_ok(zx_send(router, "R||answer|more", 0));
    zx_check_str("reply", "answer|more", zx_recv(req));
}

static void correlate_adds_an_id(void) {
    void *req = zx_socket(ZMQ_REQ), *router = zx_socket(ZMQ_ROUTER);
    char id[2][16], room[16];

    zx_ok(zx_set_str(req, ZMQ_ROUTING_ID, "R"));
    zx_ok(zx_set_int(req, ZMQ_REQ_CORRELATE, 1));
    zx_link(router, req);
    for (int i = 0; i < 2; i++) {
        zx_ok(zx_send(req, "body", 0));
        zx_check_rc("peer", "1", zmq_recv(router, room, 16, 0));
        zx_check_rc("request id", "4", zmq_recv(router, id[i], 16, 0));
        zx_check_rc("delimiter", "0", zmq_recv(router, room, 16, 0));
        zx_check_rc("body", "4", zmq_recv(router, room, 16, 0));
        zx_ok(zmq_send(router, "R", 1, ZMQ_SNDMORE));
        zx_ok(zmq_send(router, id[i], 4, ZMQ_SNDMORE));
        zx_ok(zx_send(router, "|reply", 0));
        zx_check_str("reply", "reply", zx_recv(req));
    }
    uint32_t first, second;
    memcpy(&first, id[0], 4);
    memcpy(&second, id[1], 4);
    zx_check_int("counts up", 1, second - first);
}

/* Only a reply with the id of the running request is taken. */
static void correlate_skips_others(void) {
    void *req = zx_socket(ZMQ_REQ), *router = zx_socket(ZMQ_ROUTER);
    char id[16], room[16];

    zx_ok(zx_set_str(req, ZMQ_ROUTING_ID, "R"));
    zx_ok(zx_set_int(req, ZMQ_REQ_CORRELATE, 1));
    zx_link(router, req);
    zx_ok(zx_send(req, "body", 0));
    zx_ok(zmq_recv(router, room, 16, 0));
    zx_ok(zmq_recv(router, id, 16, 0));
    zx_ok(zmq_recv(router, room, 16, 0));
    zx_ok(zmq_recv(router, room, 16, 0));
    id[0] ^= 1;
    zx_ok(zmq_send(router, "R", 1, ZMQ_SNDMORE));
    zx_ok(zmq_send(router, id, 4, ZMQ_SNDMORE));
    zx_ok(zx_send(router, "|wrong", 0));
    id[0] ^= 1;
    zx_ok(zmq_send(router, "R", 1, ZMQ_SNDMORE));
    zx_ok(zmq_send(router, id, 4, ZMQ_SNDMORE));
    zx_ok(zx_send(router, "|right", 0));
    zx_check_str("reply", "right", zx_recv(req));
}

static void relaxed_sends_again(void) {
    void *req = zx_socket(ZMQ_REQ), *router = zx_socket(ZMQ_ROUTER);

    zx_ok(zx_set_str(req, ZMQ_ROUTING_ID, "R"));
    zx_ok(zx_set_int(req, ZMQ_REQ_RELAXED, 1));
    zx_link(router, req);
    zx_ok(zx_send(req, "one", 0));
    zx_check_str("first", "R||one", zx_recv(router));
    zx_check_int("POLLOUT meanwhile", ZMQ_POLLOUT, zx_ready(req) & ZMQ_POLLOUT);
    zx_check_rc("again", "3", zx_send(req, "two", 0));
    zx_check_str("second", "R||two", zx_recv(router));
    zx_ok(zx_send(router, "R||reply", 0));
    zx_check_str("reply", "reply", zx_recv(req));
    zx_check_str("recv without request", "EFSM", zx_recv(req));
}

static void relaxed_and_correlated_takes_the_right_reply(void) {
    void *req = zx_socket(ZMQ_REQ), *router = zx_socket(ZMQ_ROUTER);
    char id[2][16], room[16];

    zx_ok(zx_set_str(req, ZMQ_ROUTING_ID, "R"));
    zx_ok(zx_set_int(req, ZMQ_REQ_RELAXED, 1));
    zx_ok(zx_set_int(req, ZMQ_REQ_CORRELATE, 1));
    zx_link(router, req);
    for (int i = 0; i < 2; i++) {
        zx_ok(zx_send(req, "body", 0));
        zx_ok(zmq_recv(router, room, 16, 0));
        zx_ok(zmq_recv(router, id[i], 16, 0));
        zx_ok(zmq_recv(router, room, 16, 0));
        zx_ok(zmq_recv(router, room, 16, 0));
    }
    for (int i = 0; i < 2; i++) {
        zx_ok(zmq_send(router, "R", 1, ZMQ_SNDMORE));
        zx_ok(zmq_send(router, id[i], 4, ZMQ_SNDMORE));
        zx_ok(zx_send(router, i ? "|late one" : "|early one", 0));
    }
    zx_check_str("reply", "late one", zx_recv(req));
}

static void requests_go_round(void) {
    void *req = zx_socket(ZMQ_REQ), *rep[3];

    for (int i = 0; i < 3; i++) {
        rep[i] = zx_socket(ZMQ_REP);
        zx_link(rep[i], req);
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3; i++) {
            zx_ok(zx_send(req, "q", 0));
            zx_check_str(zx_fmt("worker %d", i), "q", zx_recv(rep[i]));
            zx_ok(zx_send(rep[i], "a", 0));
            zx_check_str(zx_fmt("reply %d", i), "a", zx_recv(req));
        }
}

static void a_reply_of_another_peer_is_dropped(void) {
    void *req = zx_socket(ZMQ_REQ), *router[2];

    zx_ok(zx_set_str(req, ZMQ_ROUTING_ID, "R"));
    for (int i = 0; i < 2; i++) {
        router[i] = zx_socket(ZMQ_ROUTER);
        zx_ok(zx_set_int(router[i], ZMQ_ROUTER_MANDATORY, 1));
        zx_link(router[i], req);
    }
    zx_ok(zx_send(req, "q", 0));
    zx_check_str("asked", "R||q", zx_recv(router[0]));
    zx_ok(zx_send(router[1], "R||false", 0));
    zx_check_str("dropped", "EAGAIN", zx_recv_soon(req));
    zx_ok(zx_send(router[0], "R||true", 0));
    zx_check_str("taken", "true", zx_recv(req));
}

static void rep_serves_fairly(void) {
    void *rep = zx_socket(ZMQ_REP), *req[3];
    int count[3] = {0};

    for (int i = 0; i < 3; i++) {
        req[i] = zx_socket(ZMQ_REQ);
        zx_link(rep, req[i]);
    }
    for (int i = 0; i < 3; i++) zx_ok(zx_send(req[i], zx_num(i), 0));
    for (int i = 0; i < 3; i++) {
        const char *text = zx_recv(rep);
        count[atoi(text)]++;
        zx_ok(zx_send(rep, text, 0));
    }
    for (int i = 0; i < 3; i++) {
        zx_check_int(zx_fmt("served %d", i), 1, count[i]);
        zx_check_str(zx_fmt("own reply %d", i), zx_num(i), zx_recv(req[i]));
    }
}

static void rep_keeps_a_long_envelope(void) {
    void *dealer = zx_socket(ZMQ_DEALER), *rep = zx_socket(ZMQ_REP);

    zx_link(rep, dealer);
    zx_ok(zx_send(dealer, "hop1|hop2||body", 0));
    zx_check_str("body only", "body", zx_recv(rep));
    zx_ok(zx_send(rep, "reply|two", 0));
    zx_check_str("envelope back", "hop1|hop2||reply|two", zx_recv(dealer));
}

static void rep_skips_malformed_requests(void) {
    void *dealer = zx_socket(ZMQ_DEALER), *rep = zx_socket(ZMQ_REP);

    zx_link(rep, dealer);
    zx_ok(zx_send(dealer, "no delimiter", 0));
    zx_ok(zx_send(dealer, "no|delimiter|here", 0));
    zx_ok(zx_send(dealer, "", 0));
    zx_ok(zx_send(dealer, "ends with|", 0));
    zx_ok(zx_send(dealer, "|good", 0));
    zx_check_str("first good one", "good", zx_recv(rep));
    zx_ok(zx_send(rep, "reply", 0));
    zx_check_str("reply", "|reply", zx_recv(dealer));
}

static void reply_to_a_vanished_peer(void) {
    void *rep = zx_socket(ZMQ_REP), *req = zx_socket(ZMQ_REQ), *other = zx_socket(ZMQ_REQ);

    zx_link(rep, req);
    zx_ok(zmq_connect(other, zx_last_endpoint(rep)));
    zx_ok(zx_send(req, "q", 0));
    zx_check_str("received", "q", zx_recv(rep));
    zx_close(req);
    zx_check_rc("reply to nobody", "1", zx_send(rep, "a", 0));
    zx_ok(zx_send(other, "r", 0));
    zx_check_str("next", "r", zx_recv(rep));
}

static void rep_options_of_router_are_accepted(void) {
    void *rep = zx_socket(ZMQ_REP);

    zx_check_rc("HANDOVER", "0", zx_set_int(rep, ZMQ_ROUTER_HANDOVER, 1));
    zx_check_rc("PROBE", "0", zx_set_int(rep, ZMQ_PROBE_ROUTER, 1));
    zx_check_rc("id", "0", zx_set_str(rep, ZMQ_CONNECT_ROUTING_ID, "x"));
}

static void req_without_peers_blocks(void) {
    void *req = zx_socket(ZMQ_REQ), *rep = zx_socket(ZMQ_REP);

    zx_check_rc("no peer", "EAGAIN", zx_send(req, "a", ZMQ_DONTWAIT));
    zx_check_str("no state change", "EFSM", zx_recv(req));
    zx_link(rep, req);
    zx_check_rc("with a peer", "1", zx_send(req, "a", 0));
}

static void dealer_talks_to_rep(void) {
    void *dealer = zx_socket(ZMQ_DEALER), *rep = zx_socket(ZMQ_REP);

    zx_link(rep, dealer);
    for (int i = 0; i < 3; i++) zx_ok(zx_send(dealer, zx_fmt("|%d", i), 0));
    for (int i = 0; i < 3; i++) {
        zx_check_str("in order", zx_num(i), zx_recv(rep));
        zx_ok(zx_send(rep, zx_fmt("r%d", i), 0));
    }
    for (int i = 0; i < 3; i++) zx_check_str("replies", zx_fmt("|r%d", i), zx_recv(dealer));
}

/* What a ROUTER sends without the empty part ends the connection, or is skipped on inproc. */
static void reply_without_delimiter(void) {
    void *req = zx_socket(ZMQ_REQ), *router = zx_socket(ZMQ_ROUTER), *mon = NULL;
    struct zx_event ev;

    zx_ok(zx_set_str(req, ZMQ_ROUTING_ID, "R"));
    zx_link(router, req);
    if (zx_current()->via != ZX_INPROC) mon = zx_monitor(req, ZMQ_EVENT_DISCONNECTED);
    zx_ok(zx_send(req, "q", 0));
    zx_check_str("asked", "R||q", zx_recv(router));
    zx_ok(zx_send(router, "R|bare reply", 0));
    if (mon) {
        zx_await(mon, ZMQ_EVENT_DISCONNECTED, &ev);
    } else {
        zx_ok(zx_send(router, "R||good", 0));
        zx_check_str("the next", "good", zx_recv(req));
    }
}

static const struct zx_case cases[] = {
    ZX_CASE_ALL(round_trip),
    ZX_CASE_ALL(round_trip_bound_req),
    ZX_CASE_ALL(multipart_both_ways),
    ZX_CASE_ALL(req_states),
    ZX_CASE_ALL(rep_states),
    ZX_CASE_ALL(req_events),
    ZX_CASE_ALL(rep_events),
    ZX_CASE_ALL(wire_form_of_a_request),
    ZX_CASE_ALL(correlate_adds_an_id),
    ZX_CASE_ALL(correlate_skips_others),
    ZX_CASE_ALL(relaxed_sends_again),
    ZX_CASE_ALL(relaxed_and_correlated_takes_the_right_reply),
    ZX_CASE_ALL(requests_go_round),
    ZX_CASE_ALL(a_reply_of_another_peer_is_dropped),
    ZX_CASE_ALL(rep_serves_fairly),
    ZX_CASE_ALL(rep_keeps_a_long_envelope),
    ZX_CASE_ALL(rep_skips_malformed_requests),
    ZX_CASE_ALL(reply_to_a_vanished_peer),
    ZX_CASE(rep_options_of_router_are_accepted),
    ZX_CASE(req_without_peers_blocks),
    ZX_CASE_ALL(dealer_talks_to_rep),
    ZX_CASE_ALL(reply_without_delimiter),
};

ZX_MAIN("reqrep", cases)
