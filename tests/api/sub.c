/* SPDX-License-Identifier: MIT */
/* PUB with SUB and XSUB: prefixes, reference counts, filters, inverted matching, fan-out. */
#include "zx_api.h"

static void *subscriber(const char *topic) {
    void *s = zx_socket(ZMQ_SUB);
    zx_ok(zx_set_str(s, ZMQ_SUBSCRIBE, topic));
    return s;
}

/* Subscriptions are handled in order: when the last one works, all before it do. */
static void settle(void *pub, void *sub) {
    long long end = zx_now_ms() + ZX_LONG_MS;

    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "~sync"));
    do {
        if (zx_now_ms() > end) fail_msg("the subscription never worked");
        zx_ok(zx_send(pub, "~sync", 0));
    } while (!(zx_wait(sub, ZMQ_POLLIN, 5) & ZMQ_POLLIN));
    zx_check_str("settled", "~sync", zx_recv(sub));
    zx_ok(zx_set_str(sub, ZMQ_UNSUBSCRIBE, "~sync"));
}

/* For one that is subscribed to everything. */
static void drain(void *pub, void *sub) {
    zx_ok(zx_send(pub, "~end", 0));
    while (strcmp(zx_recv(sub), "~end") != 0) {
    }
}

static void prefixes(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = subscriber("ab");

    zx_link(pub, sub);
    settle(pub, sub);
    zx_ok(zx_send(pub, "a", 0));
    zx_ok(zx_send(pub, "ab", 0));
    zx_ok(zx_send(pub, "abc", 0));
    zx_ok(zx_send(pub, "b", 0));
    zx_ok(zx_send(pub, "xab", 0));
    zx_ok(zx_send(pub, "abd|second", 0));
    zx_check_str("exact", "ab", zx_recv(sub));
    zx_check_str("longer", "abc", zx_recv(sub));
    zx_check_str("first part only", "abd|second", zx_recv(sub));
    zx_check_str("nothing else", "EAGAIN", zx_recv_soon(sub));
}

static void empty_prefix_is_everything(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = subscriber("");

    zx_link(pub, sub);
    settle(pub, sub);
    drain(pub, sub);
    zx_ok(zx_send(pub, "|x", 0));
    zx_ok(zx_send(pub, "\\00", 0));
    zx_ok(zx_send(pub, "anything", 0));
    zx_check_str("empty first part", "|x", zx_recv(sub));
    zx_check_str("zero byte", "\\00", zx_recv(sub));
    zx_check_str("text", "anything", zx_recv(sub));
}

static void no_subscription_no_message(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = zx_socket(ZMQ_SUB);

    zx_link(pub, sub);
    settle(pub, sub);
    zx_ok(zx_send(pub, "a", 0));
    zx_check_str("nothing", "EAGAIN", zx_recv_soon(sub));
}

static void topics_are_binary(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = zx_socket(ZMQ_SUB);
    static const char topic[] = {0, (char)0xff, 0};

    zx_ok(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, topic, 3));
    zx_link(pub, sub);
    settle(pub, sub);
    zx_ok(zx_send(pub, "\\00\\ff\\01", 0));
    zx_ok(zx_send(pub, "\\00\\ff\\00yes", 0));
    zx_check_str("matching", "\\00\\ff\\00yes", zx_recv(sub));
}

static void subscriptions_are_counted(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = subscriber("a");

    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    zx_link(pub, sub);
    settle(pub, sub);
    zx_check_rc("first unsubscribe", "0", zx_set_str(sub, ZMQ_UNSUBSCRIBE, "a"));
    settle(pub, sub);
    zx_ok(zx_send(pub, "a1", 0));
    zx_check_str("still there", "a1", zx_recv(sub));
    zx_check_rc("second unsubscribe", "0", zx_set_str(sub, ZMQ_UNSUBSCRIBE, "a"));
    settle(pub, sub);
    zx_ok(zx_send(pub, "a2", 0));
    zx_check_str("gone", "EAGAIN", zx_recv_soon(sub));
    zx_check_rc("one too many", "0", zx_set_str(sub, ZMQ_UNSUBSCRIBE, "a"));
    zx_check_rc("never known", "0", zx_set_str(sub, ZMQ_UNSUBSCRIBE, "zzz"));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    settle(pub, sub);
    zx_ok(zx_send(pub, "a3", 0));
    zx_check_str("again", "a3", zx_recv(sub));
}

static void overlapping_prefixes_deliver_once(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = subscriber("a");

    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "ab"));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "abc"));
    zx_link(pub, sub);
    settle(pub, sub);
    zx_ok(zx_send(pub, "abcd", 0));
    zx_check_str("once", "abcd", zx_recv(sub));
    zx_check_str("not twice", "EAGAIN", zx_recv_soon(sub));
    zx_ok(zx_set_str(sub, ZMQ_UNSUBSCRIBE, "a"));
    settle(pub, sub);
    zx_ok(zx_send(pub, "ax", 0));
    zx_ok(zx_send(pub, "abx", 0));
    zx_check_str("the longer ones stay", "abx", zx_recv(sub));
}

/* What is queued already is filtered when it is received. */
static void unsubscribe_filters_the_queue(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = subscriber("a");

    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "b"));
    zx_link(pub, sub);
    settle(pub, sub);
    zx_ok(zx_send(pub, "a1|part", 0));
    zx_ok(zx_send(pub, "b1", 0));
    zx_ok(zx_set_str(sub, ZMQ_UNSUBSCRIBE, "a"));
    zx_check_str("first", "b1", zx_recv(sub));
    zx_check_str("nothing else", "EAGAIN", zx_recv_soon(sub));
}

static void each_subscriber_its_own(void) {
    void *pub = zx_socket(ZMQ_PUB), *a = subscriber("a"), *b = subscriber("b"), *all;

    all = subscriber("");
    zx_link(pub, a);
    zx_ok(zmq_connect(b, zx_last_endpoint(pub)));
    zx_ok(zmq_connect(all, zx_last_endpoint(pub)));
    settle(pub, a);
    settle(pub, b);
    settle(pub, all);
    drain(pub, all);
    zx_ok(zx_send(pub, "a1", 0));
    zx_ok(zx_send(pub, "b1", 0));
    zx_check_str("a", "a1", zx_recv(a));
    zx_check_str("b", "b1", zx_recv(b));
    zx_check_str("all 1", "a1", zx_recv(all));
    zx_check_str("all 2", "b1", zx_recv(all));
}

static void subscriber_that_binds(void) {
    void *sub = subscriber("a"), *pub[2];

    zx_bind(sub);
    for (int i = 0; i < 2; i++) {
        pub[i] = zx_socket(ZMQ_PUB);
        zx_ok(zmq_connect(pub[i], zx_last_endpoint(sub)));
        settle(pub[i], sub);
        zx_ok(zx_send(pub[i], zx_fmt("a%d", i), 0));
        zx_check_str(zx_fmt("from %d", i), zx_fmt("a%d", i), zx_recv(sub));
    }
}

static void full_subscriber_loses_whole_messages(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = subscriber("m");
    int whole = 0;

    zx_ok(zx_set_int(pub, ZMQ_SNDHWM, 3));
    zx_ok(zx_set_int(sub, ZMQ_RCVHWM, 2));
    zx_link(pub, sub);
    zx_ready(pub);
    for (int i = 0; i < 50; i++) zx_check_rc("send", "4", zx_send(pub, "m|tail", 0));
    zx_check_int("always writable", ZMQ_POLLOUT, zx_ready(pub));
    while (strcmp(zx_recv_now(sub), "m|tail") == 0) whole++;
    zx_check_int("kept", 5, whole);
}

static void subscriber_in_mid_message_waits(void) {
    void *pub = zx_socket(ZMQ_PUB), *a = subscriber("m"), *b;

    zx_link(pub, a);
    settle(pub, a);
    zx_ok(zx_send(pub, "m1", ZMQ_SNDMORE));
    b = subscriber("");
    zx_ok(zmq_connect(b, zx_last_endpoint(pub)));
    zx_check_int("attached meanwhile", ZMQ_POLLOUT, zx_ready(pub));
    zx_ok(zx_send(pub, "m2", ZMQ_SNDMORE));
    zx_ok(zx_send(pub, "m3", 0));
    zx_ok(zx_send(pub, "next", 0));
    zx_check_str("the first", "m1|m2|m3", zx_recv(a));
    zx_check_str("the second", "next", zx_recv(b));
}

static void inverted(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = subscriber("no");

    zx_ok(zx_set_int(pub, ZMQ_INVERT_MATCHING, 1));
    zx_ok(zx_set_int(sub, ZMQ_INVERT_MATCHING, 1));
    zx_link(pub, sub);
    zx_ready(pub);
    if (zx_current()->via != ZX_INPROC) {
        long long end = zx_now_ms() + ZX_LONG_MS;
        do zx_ok(zx_send(pub, "ping", 0));
        while (!zx_wait(sub, ZMQ_POLLIN, 5) && zx_now_ms() < end);
        while (strcmp(zx_recv_soon(sub), "ping") == 0) {
        }
    }
    zx_ok(zx_send(pub, "not this", 0));
    zx_ok(zx_send(pub, "yes", 0));
    zx_check_str("the rest", "yes", zx_recv(sub));
    zx_check_str("no more", "EAGAIN", zx_recv_soon(sub));
}

static void events(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = subscriber("");

    zx_check_int("pub", ZMQ_POLLOUT, zx_ready(pub));
    zx_check_int("sub", 0, zx_ready(sub));
    zx_link(pub, sub);
    settle(pub, sub);
    zx_ok(zx_send(pub, "x", 0));
    zx_wait(sub, ZMQ_POLLIN, ZX_LONG_MS);
    zx_check_int("sub with a message", ZMQ_POLLIN, zx_ready(sub));
    zx_check_int("pub still", ZMQ_POLLOUT, zx_ready(pub));
}

/* POLLIN of a SUB means a message that passes the filter. */
static void events_respect_the_filter(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *sub = subscriber("a");

    zx_link(xpub, sub);
    zx_check_str("subscription", "\\01a", zx_recv(xpub));
    zx_ok(zx_send(xpub, "a1", 0));
    zx_check_int("matching", ZMQ_POLLIN, zx_wait(sub, ZMQ_POLLIN, ZX_LONG_MS));
    zx_ok(zx_set_str(sub, ZMQ_UNSUBSCRIBE, "a"));
    zx_check_str("what was announced is given", "a1", zx_recv_now(sub));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "b"));
    zx_ok(zx_send(xpub, "a2", 0));
    zx_check_int("not matching", 0, zx_wait(sub, ZMQ_POLLIN, ZX_SHORT_MS));
}

static void xsub_subscribes_by_message(void) {
    void *pub = zx_socket(ZMQ_PUB), *xsub = zx_socket(ZMQ_XSUB);

    zx_check_rc("subscribe", "2", zx_send(xsub, "\\01a", 0));
    zx_link(pub, xsub);
    zx_ok(zx_send(xsub, "\\01~", 0));
    do zx_ok(zx_send(pub, "~", 0));
    while (!zx_wait(xsub, ZMQ_POLLIN, 5));
    zx_ok(zx_send(pub, "a1|b", 0));
    zx_ok(zx_send(pub, "x", 0));
    zx_ok(zx_send(pub, "a2", 0));
    const char *got = zx_recv(xsub);
    while (strcmp(got, "~") == 0) got = zx_recv(xsub);
    zx_check_str("first", "a1|b", got);
    zx_check_str("second", "a2", zx_recv(xsub));
}

/* XSUB takes what comes, without a filter of its own. */
static void xsub_does_not_filter(void) {
    void *pub = zx_socket(ZMQ_PAIR), *xsub = zx_socket(ZMQ_XSUB);

    zx_link(pub, xsub);
    zx_ok(zx_send(pub, "unasked", 0));
    zx_check_str("passed", "unasked", zx_recv(xsub));
}

static void sub_filters_what_comes(void) {
    void *pair = zx_socket(ZMQ_PAIR), *sub = subscriber("a");

    zx_link(pair, sub);
    zx_ok(zx_send(pair, "unasked", 0));
    zx_ok(zx_send(pair, "a", 0));
    zx_check_str("filtered", "a", zx_recv(sub));
}

static void a_thousand_topics(void) {
    void *pub = zx_socket(ZMQ_PUB), *sub = zx_socket(ZMQ_SUB);
    int wrong = 0;

    for (int i = 0; i < 900; i++) zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, zx_fmt("topic-%03d-", i)));
    zx_link(pub, sub);
    settle(pub, sub);
    for (int i = 0; i < 900; i += 7) {
        const char *text = zx_fmt("topic-%03d-x", i);
        zx_ok(zx_send(pub, text, 0));
        wrong += strcmp(zx_recv(sub), text) != 0;
    }
    zx_check_int("wrong", 0, wrong);
}

static void many_early_subscriptions_all_arrive(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *sub = zx_socket(ZMQ_SUB);
    int arrived = 0;

    zx_ok(zmq_connect(sub, zx_bind(zx_socket(ZMQ_PUSH)))); /* an endpoint, just to have a pipe */
    zx_ok(zx_set_int(sub, ZMQ_SNDHWM, 10));
    zx_ok(zx_set_int(xpub, ZMQ_RCVHWM, 10));
    for (int i = 0; i < 100; i++) zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, zx_fmt("%d.", i)));
    zx_link(xpub, sub);
    while (strcmp(zx_recv_soon(xpub), "EAGAIN") != 0) arrived++;
    zx_check_int("arrived", 100, arrived);
}

static const struct zx_case cases[] = {
    ZX_CASE_ALL(prefixes),
    ZX_CASE_ALL(empty_prefix_is_everything),
    ZX_CASE_ALL(no_subscription_no_message),
    ZX_CASE_ALL(topics_are_binary),
    ZX_CASE_ALL(subscriptions_are_counted),
    ZX_CASE_ALL(overlapping_prefixes_deliver_once),
    ZX_CASE_ALL(unsubscribe_filters_the_queue),
    ZX_CASE_ALL(each_subscriber_its_own),
    ZX_CASE_ALL(subscriber_that_binds),
    ZX_CASE(full_subscriber_loses_whole_messages),
    ZX_CASE(subscriber_in_mid_message_waits),
    ZX_CASE_ALL(inverted),
    ZX_CASE_ALL(events),
    ZX_CASE_ALL(events_respect_the_filter),
    ZX_CASE_ALL(xsub_subscribes_by_message),
    ZX_CASE(xsub_does_not_filter),
    ZX_CASE(sub_filters_what_comes),
    ZX_CASE_ALL(a_thousand_topics),
    ZX_CASE_ALL(many_early_subscriptions_all_arrive),
};

ZX_MAIN("sub", cases)
