/* SPDX-License-Identifier: MIT */
/* XPUB and XSUB: what the publisher sees of subscriptions, and the options that change it. */
#include "zx_api.h"

static void *subscriber(void *xpub, const char *topic) {
    void *s = zx_socket(ZMQ_SUB);

    zx_ok(zx_set_str(s, ZMQ_SUBSCRIBE, topic));
    zx_ok(zmq_connect(s, zx_last_endpoint(xpub)));
    return s;
}

static void *publisher(void) {
    void *s = zx_socket(ZMQ_XPUB);
    zx_bind(s);
    return s;
}

static void *xsub_to(void *xpub) {
    void *s = zx_socket(ZMQ_XSUB);
    zx_ok(zmq_connect(s, zx_last_endpoint(xpub)));
    return s;
}

static void first_and_last(void) {
    void *xpub = publisher(), *a, *b;

    a = subscriber(xpub, "T");
    zx_check_str("first subscriber", "\\01T", zx_recv(xpub));
    b = subscriber(xpub, "T");
    zx_ok(zx_set_str(b, ZMQ_SUBSCRIBE, "mark"));
    zx_check_str("second is not shown", "\\01mark", zx_recv(xpub));
    zx_ok(zx_set_str(a, ZMQ_UNSUBSCRIBE, "T"));
    zx_ok(zx_set_str(a, ZMQ_SUBSCRIBE, "mark2"));
    zx_check_str("nor that the first left", "\\01mark2", zx_recv(xpub));
    zx_ok(zx_set_str(b, ZMQ_UNSUBSCRIBE, "T"));
    zx_check_str("the last is", "\\00T", zx_recv(xpub));
}

static void duplicates_of_one_peer(void) {
    void *xpub = publisher(), *a = subscriber(xpub, "T");

    zx_check_str("first", "\\01T", zx_recv(xpub));
    zx_ok(zx_set_str(a, ZMQ_SUBSCRIBE, "T"));
    zx_ok(zx_set_str(a, ZMQ_UNSUBSCRIBE, "T"));
    zx_ok(zx_set_str(a, ZMQ_SUBSCRIBE, "mark"));
    zx_check_str("hidden", "\\01mark", zx_recv(xpub));
    zx_ok(zx_set_str(a, ZMQ_UNSUBSCRIBE, "T"));
    zx_check_str("last", "\\00T", zx_recv(xpub));
}

static void verbose(void) {
    void *xpub = publisher(), *a, *b;

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_VERBOSE, 1));
    a = subscriber(xpub, "T");
    zx_check_str("first", "\\01T", zx_recv(xpub));
    b = subscriber(xpub, "T");
    zx_check_str("second", "\\01T", zx_recv(xpub));
    zx_ok(zx_set_str(b, ZMQ_SUBSCRIBE, "T"));
    zx_check_str("duplicate", "\\01T", zx_recv(xpub));
    zx_ok(zx_set_str(a, ZMQ_UNSUBSCRIBE, "T"));
    zx_ok(zx_set_str(a, ZMQ_SUBSCRIBE, "mark"));
    zx_check_str("unsubscribe is not", "\\01mark", zx_recv(xpub));
    zx_ok(zx_set_str(b, ZMQ_UNSUBSCRIBE, "T"));
    zx_ok(zx_set_str(b, ZMQ_UNSUBSCRIBE, "T"));
    zx_check_str("the last is", "\\00T", zx_recv(xpub));
}

static void verboser(void) {
    void *xpub = publisher(), *a, *b;

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_VERBOSER, 1));
    a = subscriber(xpub, "T");
    zx_check_str("first", "\\01T", zx_recv(xpub));
    b = subscriber(xpub, "T");
    zx_check_str("second", "\\01T", zx_recv(xpub));
    zx_ok(zx_set_str(a, ZMQ_UNSUBSCRIBE, "T"));
    zx_check_str("one leaves", "\\00T", zx_recv(xpub));
    zx_close(b);
    zx_check_str("the other vanishes", "\\00T", zx_recv(xpub));
}

static void verbose_switches_verboser_off(void) {
    void *xpub = publisher(), *a, *b;

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_VERBOSER, 1));
    zx_ok(zx_set_int(xpub, ZMQ_XPUB_VERBOSE, 1));
    a = subscriber(xpub, "T");
    zx_check_str("first", "\\01T", zx_recv(xpub));
    b = subscriber(xpub, "T");
    zx_check_str("second", "\\01T", zx_recv(xpub));
    zx_ok(zx_set_str(a, ZMQ_UNSUBSCRIBE, "T"));
    zx_ok(zx_set_str(a, ZMQ_SUBSCRIBE, "mark"));
    zx_check_str("unsubscribes are hidden", "\\01mark", zx_recv(xpub));
    zx_ready(b);
}

static void vanished_peer_unsubscribes(void) {
    void *xpub = publisher(), *a = subscriber(xpub, "A"), *b;
    int seen_b = 0, seen_c = 0;

    zx_check_str("A", "\\01A", zx_recv(xpub));
    b = subscriber(xpub, "A");
    zx_ok(zx_set_str(b, ZMQ_SUBSCRIBE, "B"));
    zx_check_str("B", "\\01B", zx_recv(xpub));
    zx_ok(zx_set_str(b, ZMQ_SUBSCRIBE, "C"));
    zx_check_str("C", "\\01C", zx_recv(xpub));
    zx_close(b);
    for (int i = 0; i < 2; i++) {
        const char *text = zx_recv(xpub);
        seen_b += strcmp(text, "\\00B") == 0;
        seen_c += strcmp(text, "\\00C") == 0;
    }
    zx_check_int("B", 1, seen_b);
    zx_check_int("C", 1, seen_c);
    zx_close(a);
    zx_check_str("A", "\\00A", zx_recv(xpub));
}

static void messages_from_xsub(void) {
    void *xpub = publisher(), *xsub = xsub_to(xpub);

    zx_ok(zx_send(xsub, "\\01T", 0));
    zx_check_str("subscription", "\\01T", zx_recv(xpub));
    zx_ok(zx_send(xsub, "hello", 0));
    zx_check_str("user message", "hello", zx_recv(xpub));
    zx_ok(zx_send(xsub, "a|b|c", 0));
    zx_check_str("multipart", "a|b|c", zx_recv(xpub));
    zx_ok(zx_send(xsub, "", 0));
    zx_check_str("empty", "", zx_recv(xpub));
    zx_ok(zx_send(xsub, "\\02x", 0));
    zx_check_str("other first byte", "\\02x", zx_recv(xpub));
    zx_ok(zx_send(xsub, "\\00T", 0));
    zx_check_str("unsubscription", "\\00T", zx_recv(xpub));
}

static void xsub_counts_like_sub(void) {
    void *xpub = publisher(), *xsub = xsub_to(xpub);

    zx_ok(zx_send(xsub, "\\01T", 0));
    zx_check_str("first", "\\01T", zx_recv(xpub));
    zx_ok(zx_send(xsub, "\\01T", 0));
    zx_ok(zx_send(xsub, "\\00T", 0));
    zx_ok(zx_send(xsub, "\\00unknown", 0));
    zx_ok(zx_send(xsub, "mark", 0));
    zx_check_str("nothing shown", "mark", zx_recv(xpub));
    zx_ok(zx_send(xsub, "\\00T", 0));
    zx_check_str("last", "\\00T", zx_recv(xpub));
}

/* A DEALER over inproc can say what an XSUB never would. */
static void unsubscribe_of_what_nobody_holds(void) {
    void *xpub = publisher(), *raw = zx_socket(ZMQ_DEALER);

    zx_ok(zmq_connect(raw, zx_last_endpoint(xpub)));
    zx_ok(zx_send(raw, "\\00T", 0));
    zx_check_str("passed up", "\\00T", zx_recv(xpub));
}

static void manual(void) {
    void *xpub = publisher(), *xsub;

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_MANUAL, 1));
    xsub = xsub_to(xpub);
    zx_ok(zx_send(xsub, "\\01A", 0));
    zx_check_str("request", "\\01A", zx_recv(xpub));
    zx_ok(zx_send(xpub, "A1", 0));
    zx_ok(zx_set_str(xpub, ZMQ_SUBSCRIBE, "XA"));
    zx_ok(zx_send(xpub, "A2", 0));
    zx_ok(zx_send(xpub, "XA1", 0));
    zx_check_str("as the publisher says", "XA1", zx_recv(xsub));
    zx_ok(zx_send(xsub, "\\00A", 0));
    zx_check_str("request to leave", "\\00A", zx_recv(xpub));
    zx_ok(zx_send(xpub, "XA2", 0));
    zx_ok(zx_set_str(xpub, ZMQ_UNSUBSCRIBE, "XA"));
    zx_ok(zx_send(xpub, "XA3", 0));
    zx_check_str("until then", "XA2", zx_recv(xsub));
    zx_check_str("not after", "EAGAIN", zx_recv_soon(xsub));
}

static void manual_acts_on_the_last_read(void) {
    void *xpub = publisher(), *a, *b;

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_MANUAL, 1));
    zx_check_rc("before any", "0", zx_set_str(xpub, ZMQ_SUBSCRIBE, "early"));
    a = xsub_to(xpub);
    zx_ok(zx_send(a, "\\01A", 0));
    zx_check_str("A", "\\01A", zx_recv(xpub));
    zx_ok(zx_set_str(xpub, ZMQ_SUBSCRIBE, "x"));
    b = xsub_to(xpub);
    zx_ok(zx_send(b, "\\01B", 0));
    zx_check_str("B", "\\01B", zx_recv(xpub));
    zx_ok(zx_set_str(xpub, ZMQ_SUBSCRIBE, "y"));
    zx_ok(zx_send(xpub, "x1", 0));
    zx_ok(zx_send(xpub, "y1", 0));
    zx_ok(zx_send(xpub, "early", 0));
    zx_check_str("a", "x1", zx_recv(a));
    zx_check_str("b", "y1", zx_recv(b));
    zx_check_str("a no more", "EAGAIN", zx_recv_soon(a));
    zx_check_str("b no more", "EAGAIN", zx_recv_now(b));
}

static void manual_shows_duplicates(void) {
    void *xpub = publisher(), *a, *b;

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_MANUAL, 1));
    a = xsub_to(xpub);
    zx_ok(zx_send(a, "\\01A", 0));
    zx_check_str("first", "\\01A", zx_recv(xpub));
    b = xsub_to(xpub);
    zx_ok(zx_send(b, "\\01A", 0));
    zx_check_str("second", "\\01A", zx_recv(xpub));
}

static void manual_of_a_vanished_peer(void) {
    void *xpub = publisher(), *a, *b;

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_MANUAL, 1));
    a = xsub_to(xpub);
    zx_ok(zx_send(a, "\\01A", 0));
    zx_check_str("A", "\\01A", zx_recv(xpub));
    zx_ok(zx_set_str(xpub, ZMQ_SUBSCRIBE, "given"));
    zx_close(a);
    zx_check_str("what it asked for", "\\00A", zx_recv(xpub));
    zx_check_rc("acts on nobody", "0", zx_set_str(xpub, ZMQ_SUBSCRIBE, "late"));
    b = xsub_to(xpub);
    zx_ok(zx_send(b, "\\01B", 0));
    zx_check_str("B", "\\01B", zx_recv(xpub));
    zx_ok(zx_send(xpub, "given", 0));
    zx_ok(zx_send(xpub, "late", 0));
    zx_check_str("nobody holds them", "EAGAIN", zx_recv_soon(b));
}

static void nodrop(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *sub;
    int sent = 0;

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_NODROP, 1));
    zx_ok(zx_set_int(xpub, ZMQ_SNDHWM, 3));
    zx_bind(xpub);
    sub = zx_socket(ZMQ_SUB);
    zx_ok(zx_set_int(sub, ZMQ_RCVHWM, 2));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, ""));
    zx_ok(zmq_connect(sub, zx_last_endpoint(xpub)));
    zx_check_str("subscription", "\\01", zx_recv(xpub));
    while (sent < 20 && zx_send(xpub, zx_num(sent), ZMQ_DONTWAIT) > 0) sent++;
    zx_check_int("fits", 5, sent);
    zx_check_rc("full", "EAGAIN", zx_send(xpub, "x", ZMQ_DONTWAIT));
    zx_ok(zx_set_int(xpub, ZMQ_SNDTIMEO, 30));
    zx_check_rc("blocks", "EAGAIN", zx_send(xpub, "x", 0));
    zx_check_int("POLLOUT all the same", ZMQ_POLLOUT, zx_ready(xpub) & ZMQ_POLLOUT);
    for (int i = 0; i < 5; i++) zx_check_str("in order", zx_num(i), zx_recv(sub));
    zx_check_rc("room again", "1", zx_send(xpub, "x", 0));
    zx_check_str("arrives", "x", zx_recv(sub));
}

static void nodrop_gives_to_all_or_none(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *sub[2];

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_NODROP, 1));
    zx_ok(zx_set_int(xpub, ZMQ_SNDHWM, 1));
    zx_bind(xpub);
    for (int i = 0; i < 2; i++) {
        sub[i] = zx_socket(ZMQ_SUB);
        zx_ok(zx_set_int(sub[i], ZMQ_RCVHWM, i ? 9 : 1));
        zx_ok(zx_set_str(sub[i], ZMQ_SUBSCRIBE, "a"));
        zx_ok(zmq_connect(sub[i], zx_last_endpoint(xpub)));
    }
    zx_check_str("subscription", "\\01a", zx_recv(xpub));
    zx_check_str("one only", "EAGAIN", zx_recv_soon(xpub));
    zx_check_rc("a1", "2", zx_send(xpub, "a1", ZMQ_DONTWAIT));
    zx_check_rc("a2", "2", zx_send(xpub, "a2", ZMQ_DONTWAIT));
    zx_check_rc("first is full", "EAGAIN", zx_send(xpub, "a3", ZMQ_DONTWAIT));
    zx_check_rc("no match needs no room", "1", zx_send(xpub, "b", ZMQ_DONTWAIT));
    zx_check_str("second a1", "a1", zx_recv(sub[1]));
    zx_check_str("second a2", "a2", zx_recv(sub[1]));
    zx_check_str("second no a3", "EAGAIN", zx_recv_now(sub[1]));
}

static void welcome(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *sub = zx_socket(ZMQ_SUB), *other = zx_socket(ZMQ_SUB);

    zx_ok(zx_set_str(xpub, ZMQ_XPUB_WELCOME_MSG, "W hello"));
    zx_bind(xpub);
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "W"));
    zx_ok(zmq_connect(sub, zx_last_endpoint(xpub)));
    zx_check_str("subscription", "\\01W", zx_recv(xpub));
    zx_check_str("welcome", "W hello", zx_recv(sub));
    zx_ok(zx_set_str(other, ZMQ_SUBSCRIBE, "X"));
    zx_ok(zmq_connect(other, zx_last_endpoint(xpub)));
    zx_check_str("subscription X", "\\01X", zx_recv(xpub));
    zx_ok(zx_send(xpub, "X1", 0));
    zx_check_str("only if subscribed", "X1", zx_recv(other));
}

static void welcome_cleared(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *sub;

    zx_ok(zx_set_str(xpub, ZMQ_XPUB_WELCOME_MSG, "W hello"));
    zx_check_rc("clear", "0", zmq_setsockopt(xpub, ZMQ_XPUB_WELCOME_MSG, NULL, 0));
    zx_bind(xpub);
    sub = subscriber(xpub, "");
    zx_check_str("subscription", "\\01", zx_recv(xpub));
    zx_ok(zx_send(xpub, "first", 0));
    zx_check_str("no welcome", "first", zx_recv(sub));
}

/* Every part is looked at, and a subscription ends the message it stands in. */
static void subscription_in_a_multipart(void) {
    void *xpub = publisher(), *xsub = xsub_to(xpub);

    zx_ok(zx_send(xsub, "user|\\01B|tail", 0));
    zx_ok(zx_send(xsub, "mark", 0));
    zx_check_str("up to the subscription", "user|\\01B", zx_recv(xpub));
    zx_check_str("the rest", "tail", zx_recv(xpub));
    zx_check_str("mark", "mark", zx_recv(xpub));
    zx_ok(zx_send(xpub, "B1", 0));
    zx_check_str("it counts", "B1", zx_recv(xsub));
}

static void metadata_of_subscriptions(void) {
    void *xpub = publisher(), *sub = subscriber(xpub, "T");
    const char *type;
    zmq_msg_t m;

    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, xpub, 0));
    type = zmq_msg_gets(&m, "Socket-Type");
    zx_check_str("type", "SUB", type ? type : "none");
    zx_ok(zmq_msg_close(&m));
    zx_ready(sub);
}

static void pub_ignores_upstream_messages(void) {
    void *pub = zx_socket(ZMQ_PUB), *xsub;
    char room[4];

    zx_bind(pub);
    xsub = xsub_to(pub);
    for (int i = 0; i < 50; i++) zx_ok(zx_send(xsub, "noise|noise", 0));
    zx_ok(zx_send(xsub, "\\01", 0));
    do zx_ok(zx_send(pub, "x", 0));
    while (!zx_wait(xsub, ZMQ_POLLIN, 5));
    zx_check_str("works", "x", zx_recv(xsub));
    zx_check_rc("no recv", "ENOTSUP", zmq_recv(pub, room, 4, ZMQ_DONTWAIT));
}

static void events(void) {
    void *xpub = publisher(), *xsub;

    zx_check_int("xpub", ZMQ_POLLOUT, zx_ready(xpub));
    xsub = xsub_to(xpub);
    zx_check_int("xsub", ZMQ_POLLOUT, zx_ready(xsub));
    zx_ok(zx_send(xsub, "\\01T", 0));
    zx_check_int("subscription waits", ZMQ_POLLIN,
                 zx_wait(xpub, ZMQ_POLLIN, ZX_LONG_MS) & ZMQ_POLLIN);
    zx_check_int("both", ZMQ_POLLIN | ZMQ_POLLOUT, zx_ready(xpub));
}

static const struct zx_case cases[] = {
    ZX_CASE_ALL(first_and_last),
    ZX_CASE_ALL(duplicates_of_one_peer),
    ZX_CASE_ALL(verbose),
    ZX_CASE_ALL(verboser),
    ZX_CASE_ALL(verbose_switches_verboser_off),
    ZX_CASE_ALL(vanished_peer_unsubscribes),
    ZX_CASE_ALL(messages_from_xsub),
    ZX_CASE_ALL(xsub_counts_like_sub),
    ZX_CASE(unsubscribe_of_what_nobody_holds),
    ZX_CASE_ALL(manual),
    ZX_CASE_ALL(manual_acts_on_the_last_read),
    ZX_CASE_ALL(manual_shows_duplicates),
    ZX_CASE_ALL(manual_of_a_vanished_peer),
    ZX_CASE(nodrop),
    ZX_CASE(nodrop_gives_to_all_or_none),
    ZX_CASE_ALL(welcome),
    ZX_CASE_ALL(welcome_cleared),
    ZX_CASE_ALL(subscription_in_a_multipart),
    ZX_CASE_NET(metadata_of_subscriptions),
    ZX_CASE_ALL(pub_ignores_upstream_messages),
    ZX_CASE_ALL(events),
};

ZX_MAIN("xpub", cases)
