/* SPDX-License-Identifier: MIT */
/* What SUB and XSUB say to publishers of each version: zmtp.md §10.1, pitfalls.md §4. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A SUB that connects to a scripted publisher. */
struct pair {
    struct node *n;
    struct peer *listener;
    struct peer *p;
};

static struct pair subscriber(struct wire *w, int type) {
    struct pair s = {.listener = peer_listen(w)};
    s.n = node_new(w, type);
    node_set(s.n, ZMQ_RECONNECT_IVL, 10);
    return s;
}

/* Lets it connect. What is subscribed before the connection is ready may be merged. */
static void accept_as(struct pair *s, unsigned minor) {
    s->p = peer_accept(s->listener);
    peer_shake_minor(s->p, "PUB", minor);
}

static void accept_fully(struct pair *s, unsigned minor) {
    accept_as(s, minor);
    peer_expect_open(s->p);
}

static void set_topic(struct node *n, int option, char letter, size_t len) {
    char topic[1024];
    assert_true(len <= sizeof topic);
    memset(topic, letter, len);
    assert_int_equal(zmq_setsockopt(n->sock, option, topic, len), 0);
}

/* Lengths around every border of command, message and 1.0 frames. */
static const unsigned lengths[] = {0, 1, 2, 244, 245, 246, 247, 248, 249, 250,
                                   251, 252, 253, 254, 255, 256, 257, 1000};

/* libzmq up to 4.3.4 writes a long length behind a short flag for some of them. */
static bool misframed_by_libzmq(unsigned len) {
    return !wire_is_ours() && len >= 244 && len <= 256;
}

static void forms_for_three_one(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    node_connect(s.n, s.listener->address);
    accept_as(&s, 1);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        wire_row = (int)i;
        unsigned len = lengths[i];
        if (misframed_by_libzmq(len))
            continue;
        set_topic(s.n, ZMQ_SUBSCRIBE, 'z', len);
        if (len + 10 > 255)
            peer_expect(s.p, "06 u64:%u 09 53 55 42 53 43 52 49 42 45 7a*%u", len + 10, len);
        else
            peer_expect(s.p, "04 %02x 09 53 55 42 53 43 52 49 42 45 7a*%u", len + 10, len);
        set_topic(s.n, ZMQ_UNSUBSCRIBE, 'z', len);
        if (len + 7 > 255)
            peer_expect(s.p, "06 u64:%u 06 43 41 4e 43 45 4c 7a*%u", len + 7, len);
        else
            peer_expect(s.p, "04 %02x 06 43 41 4e 43 45 4c 7a*%u", len + 7, len);
    }
}

static void message_forms(struct pair *s) {
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        wire_row = (int)i;
        unsigned len = lengths[i];
        if (misframed_by_libzmq(len))
            continue;
        set_topic(s->n, ZMQ_SUBSCRIBE, 'z', len);
        peer_expect(s->p, "<00 01 7a*%u>", len);
        set_topic(s->n, ZMQ_UNSUBSCRIBE, 'z', len);
        peer_expect(s->p, "<00 00 7a*%u>", len);
    }
}

static void forms_for_three_zero(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    node_connect(s.n, s.listener->address);
    accept_as(&s, 0);
    message_forms(&s);
}

static void forms_for_two_zero(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    node_connect(s.n, s.listener->address);
    s.p = peer_accept(s.listener);
    peer_send(s.p, "ff 00*8 7f 01 01 00 00");
    peer_expect(s.p, "ff 00*7 01 7f 03 02 00 00");
    message_forms(&s);
}

static void forms_for_one_zero(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    node_connect(s.n, s.listener->address);
    s.p = peer_accept(s.listener);
    peer_send(s.p, "01 00");
    peer_expect(s.p, "ff 00*7 01 7f");
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        wire_row = (int)i;
        if (misframed_by_libzmq(lengths[i]))
            continue;
        set_topic(s.n, ZMQ_SUBSCRIBE, 'z', lengths[i]);
        peer_expect(s.p, "{00 01 7a*%u}", lengths[i]);
        set_topic(s.n, ZMQ_UNSUBSCRIBE, 'z', lengths[i]);
        peer_expect(s.p, "{00 00 7a*%u}", lengths[i]);
    }
}

/* Every SUBSCRIBE goes out, a CANCEL only for the last one; an unknown topic sends nothing. */
static void counting(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    node_connect(s.n, s.listener->address);
    accept_fully(&s, 1);
    for (int i = 0; i < 3; i++)
        set_topic(s.n, ZMQ_SUBSCRIBE, 'A', 1);
    peer_expect(s.p, "<04 09'SUBSCRIBEA'><04 09'SUBSCRIBEA'><04 09'SUBSCRIBEA'>");
    for (int i = 0; i < 3; i++)
        set_topic(s.n, ZMQ_UNSUBSCRIBE, 'A', 1);
    peer_expect(s.p, "<04 06'CANCELA'>");
    set_topic(s.n, ZMQ_UNSUBSCRIBE, 'A', 1);
    set_topic(s.n, ZMQ_UNSUBSCRIBE, 'B', 1);
    set_topic(s.n, ZMQ_UNSUBSCRIBE, 'B', 0);
    set_topic(s.n, ZMQ_SUBSCRIBE, 'C', 1);
    peer_expect(s.p, "<04 09'SUBSCRIBEC'>");
}

/* Reads SUBSCRIBE commands for "t<number>" and notes each: every one of count exactly once. */
static void expect_topics(struct peer *p, unsigned count) {
    uint8_t *seen = calloc(count, 1);
    assert_non_null(seen);
    for (unsigned i = 0; i < count; i++) {
        struct frame f;
        unsigned number = count;
        peer_read_frame(p, &f);
        wire_check(f.flags == 4 && sscanf((char *)f.body, "\tSUBSCRIBEt%u", &number) == 1 &&
                       number < count && !seen[number]++,
                   "not a SUBSCRIBE, or one twice: %.20s", (char *)f.body);
        free(f.body);
    }
    free(seen);
    peer_expect_open(p); /* nothing behind it */
}

static void subscribe_to(struct node *n, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        char topic[16];
        snprintf(topic, sizeof topic, "t%u", i);
        for (unsigned k = 0; k <= i % 3; k++) /* some of them repeatedly */
            node_set_text(n, ZMQ_SUBSCRIBE, topic);
    }
}

/* The application sits idle when the connection comes up, and again when it comes back. */
static void each_topic_once_on_each_connection(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    wire_ours_only("libzmq sends (again) only when the application enters the socket");
    subscribe_to(s.n, 50);
    node_connect(s.n, s.listener->address);
    for (int i = 0; i < 3; i++) {
        accept_as(&s, 1);
        expect_topics(s.p, 50);
        peer_drop(s.p);
    }
    s.p = peer_accept(s.listener);
    for (unsigned i = 1; i < 50; i++) { /* changed while there is no connection */
        char topic[16];
        snprintf(topic, sizeof topic, "t%u", i);
        for (unsigned k = 0; k <= i % 3; k++)
            node_set_text(s.n, ZMQ_UNSUBSCRIBE, topic);
    }
    peer_shake(s.p, "PUB");
    expect_topics(s.p, 1);
}

/* The same with libzmq's rule, which is the least: the application polls. */
static void again_after_a_reconnect(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    subscribe_to(s.n, 2);
    node_connect(s.n, s.listener->address);
    for (int i = 0; i < 3; i++) {
        accept_as(&s, 1);
        peer_send(s.p, "<00 't0 %02x'>", (unsigned)i + 16);
        node_expect(s.n, "'t0 %02x'", (unsigned)i + 16);
        expect_topics(s.p, 2);
        peer_drop(s.p);
    }
}

/* A SUB that binds tells every publisher that comes, and is asked nothing. */
static void bound_subscriber(void **state) {
    struct node *n = node_new(*state, ZMQ_SUB);
    wire_ours_only("libzmq sends only when the application enters the socket");
    subscribe_to(n, 20);
    node_bind(n);
    for (int i = 0; i < 3; i++) {
        struct peer *p = peer_connect(*state, n->endpoint);
        peer_shake(p, i & 1 ? "XPUB" : "PUB");
        expect_topics(p, 20);
    }
}

/* A publisher that leaves while we close: nothing of it is left, termination (in the tear-down)
 * does not wait for it. */
static void leaving_at_once(void **state) {
    static const int types[] = {ZMQ_SUB, ZMQ_XSUB};
    for (int i = 0; i < 80; i++) {
        struct node *n = node_new(*state, types[i & 1]);
        struct peer *p;
        if (i & 2)
            subscribe_to(n, i & 1 ? 0 : 20);
        node_bind(n);
        p = peer_connect(*state, n->endpoint);
        if (i & 4)
            peer_shake(p, "PUB");
        else
            peer_send(p, "ff 00*8 7f 01 01 00 00");
        if (i & 8)
            node_close(n);
        peer_drop(p);
        if (!(i & 8))
            node_close(n);
    }
}

/* pitfalls.md §4.4, §4.5: neither the high-water mark nor CONFLATE touches subscriptions. */
static void limits_do_not_count(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    wire_ours_only("libzmq drops subscriptions at the high-water mark and with CONFLATE");
    node_set(s.n, ZMQ_SNDHWM, 2);
    subscribe_to(s.n, 1000);
    node_connect(s.n, s.listener->address);
    accept_as(&s, 1);
    expect_topics(s.p, 1000);

    s = subscriber(*state, ZMQ_SUB);
    node_set(s.n, ZMQ_CONFLATE, 1);
    node_connect(s.n, s.listener->address);
    subscribe_to(s.n, 30);
    accept_as(&s, 1);
    expect_topics(s.p, 30);

    s = subscriber(*state, ZMQ_XSUB);
    node_set(s.n, ZMQ_SNDHWM, 1);
    node_connect(s.n, s.listener->address);
    for (unsigned i = 0; i < 300; i++)
        node_send(s.n, "01 't%u'", i);
    accept_as(&s, 1);
    expect_topics(s.p, 300);
}

/* A subscription of an XSUB may go out as command or as message; both are understood. */
static void expect_either(struct peer *p, bool subscribe, const char *topic) {
    struct frame f;
    char command[64], message[64];
    snprintf(command, sizeof command, "%s%s", subscribe ? "\tSUBSCRIBE" : "\6CANCEL", topic);
    snprintf(message + 1, sizeof message - 1, "%s", topic);
    message[0] = subscribe;
    peer_read_frame(p, &f);
    if (f.flags & 4)
        wire_check(f.len == strlen(command) && !memcmp(f.body, command, f.len), "%s", f.body);
    else
        wire_check(f.len == strlen(topic) + 1 && !memcmp(f.body, message, f.len), "%s", f.body);
    free(f.body);
}

/* XSUB: messages beginning with 1 and 0 subscribe and cancel, the others go up as they are, all
 * in the order in which they were sent. */
static void order_of_an_xsub(void **state) {
    struct pair s = subscriber(*state, ZMQ_XSUB);
    node_connect(s.n, s.listener->address);
    s.p = peer_accept(s.listener);
    peer_shake(s.p, "XPUB");
    peer_expect_open(s.p);
    for (int i = 0; i < 20; i++) {
        node_send(s.n, "01 'A'");
        node_send(s.n, "'user'|'message'");
        node_send(s.n, "01 'A'");
        node_send(s.n, "00 'A'");
        node_send(s.n, "00 'A'");
        node_send(s.n, "00*0");
        node_send(s.n, "02 'two'");
        expect_either(s.p, true, "A");
        peer_expect(s.p, "<01 'user'><00 'message'>");
        expect_either(s.p, true, "A");
        expect_either(s.p, false, "A");
        peer_expect(s.p, "<00><00 02 'two'>");
    }
}

/* XSUB_VERBOSE_UNSUBSCRIBE: every cancel goes out, also a needless one (draft). */
static void verbose_cancels(void **state) {
    struct pair s = subscriber(*state, ZMQ_XSUB);
    wire_ours_only("XSUB_VERBOSE_UNSUBSCRIBE is a draft option");
    node_set(s.n, ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, 1);
    node_connect(s.n, s.listener->address);
    accept_fully(&s, 1);
    node_send(s.n, "01 'A'");
    node_send(s.n, "01 'A'");
    node_send(s.n, "00 'A'");
    node_send(s.n, "00 'A'");
    node_send(s.n, "00 'A'");
    node_send(s.n, "00 'never'");
    for (int i = 0; i < 5; i++)
        expect_either(s.p, i < 2, "A");
    expect_either(s.p, false, "never");
}

/* socket-types.md SUB: what a publisher sends unasked is filtered by the first part. */
static void local_filter(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    node_set_text(s.n, ZMQ_SUBSCRIBE, "AB");
    node_connect(s.n, s.listener->address);
    accept_as(&s, 1);
    peer_send(s.p, "<00 'A'><00 'ABC'><01 'X'><00 'AB'><01 'AB'><00 'X'><00><01><00 'ABC'>"
                   "<00 'aB'><00 'AB'>");
    node_expect(s.n, "'ABC'");
    node_expect(s.n, "'AB'|'X'");
    node_expect(s.n, "'AB'");
    node_expect_nothing(s.n, 0);
    set_topic(s.n, ZMQ_SUBSCRIBE, 'x', 0);
    peer_send(s.p, "<00><01><00 'second'>");
    node_expect(s.n, "00*0");
    node_expect(s.n, "|'second'");
    peer_send(s.p, "<00 'q'><00 'end'>");
    node_expect(s.n, "'q'");
    set_topic(s.n, ZMQ_UNSUBSCRIBE, 'x', 0); /* §4.9: what is queued is judged when received */
    peer_send(s.p, "<00 'ABend'>");
    node_expect(s.n, "'ABend'");
}

/* pitfalls.md §4.8: a flood that does not match must not hold a call that may not wait. */
struct flood {
    struct peer *p;
    atomic_bool stop;
};

static void *pour(void *arg) {
    struct flood *f = arg;
    struct bytes one, all = {0};
    script_parse(&one, "<00 'unwanted'>");
    for (int i = 0; i < 4096; i++)
        bytes_put(&all, one.data, one.len);
    while (!atomic_load(&f->stop))
        peer_send_bytes(f->p, all.data, all.len);
    peer_send(f->p, "<00 'wanted'>");
    bytes_free(&one);
    bytes_free(&all);
    return NULL;
}

static void unmatched_flood(void **state) {
    struct pair s = subscriber(*state, ZMQ_SUB);
    struct flood f = {.p = NULL};
    pthread_t thread;
    int64_t start;
    char byte;
    node_set_text(s.n, ZMQ_SUBSCRIBE, "wanted");
    node_connect(s.n, s.listener->address);
    accept_as(&s, 1);
    f.p = s.p;
    start = wire_now_ms();
    assert_int_equal(pthread_create(&thread, NULL, pour, &f), 0);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(zmq_recv(s.n->sock, &byte, 1, ZMQ_DONTWAIT), -1);
        assert_int_equal(zmq_errno(), EAGAIN);
        assert_false(node_poll(s.n, ZMQ_POLLIN, 0));
        if (wire_now_ms() - start > 1000)
            break;
    }
    wire_check(wire_now_ms() - start < DEADLINE_MS, "calls that may not wait did");
    atomic_store(&f.stop, true);
    node_expect(s.n, "'wanted'");
    pthread_join(thread, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(forms_for_three_one),
        ON_BOTH(forms_for_three_zero),
        ON_BOTH(forms_for_two_zero),
        ON_BOTH(forms_for_one_zero),
        ON_BOTH(counting),
        ON_BOTH(each_topic_once_on_each_connection),
        ON_BOTH(again_after_a_reconnect),
        ON_BOTH(bound_subscriber),
        ON_BOTH(leaving_at_once),
        ON_BOTH(limits_do_not_count),
        ON_BOTH(order_of_an_xsub),
        ON_BOTH(verbose_cancels),
        ON_BOTH(local_filter),
        ON_TCP(unmatched_flood),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
