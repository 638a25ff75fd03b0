/* SPDX-License-Identifier: MIT */
/* Subscriptions, envelopes and ids between the two libraries: zmtp.md §10.1, §10.3;
 * socket-types.md REQ ... XPUB. */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static struct agent *us(bool ours) {
    return &agents[ours ? OURS : SYSTEM];
}

/* Binds slot 0 of one agent and connects slot 0 of the other. */
static void join(struct agent *binder, const char *first, struct agent *other, const char *second,
                 const char *transport) {
    char endpoint[200];
    ask(binder, "new 0 %s", first);
    ask(other, "new 0 %s", second);
    snprintf(endpoint, sizeof endpoint, "%s", ask(binder, "bind 0 %s", fresh_address(transport)));
    ask(other, "connect 0 %s", endpoint);
}

static void hex_topic(char *out, char letter, unsigned len) {
    for (unsigned i = 0; i < len; i++)
        sprintf(out + 2 * i, "%02x", letter);
    out[2 * len] = '\0';
}

/* Topics of every length near a border, subscribed, hit, missed and cancelled. libzmq up to 4.3.4
 * frames some of them wrongly when it subscribes (README of the reference), so these lengths are
 * only tried the other way. */
static void topics(bool we_publish, const char *transport) {
    static const unsigned lengths[] = {0, 1, 2, 100, 243, 244, 245, 246, 247, 248,
                                       249, 250, 254, 255, 256, 257, 600};
    struct agent *pub = us(we_publish), *sub = us(!we_publish);
    join(pub, "XPUB", sub, "SUB", transport);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char topic[1300], want[1400];
        unsigned len = lengths[i];
        if (we_publish && len >= 244 && len <= 256)
            continue;
        hex_topic(topic, 'z', len);
        ask(sub, "hex 0 %d %s", ZMQ_SUBSCRIBE, topic);
        if (len + 1 <= 64)
            snprintf(want, sizeof want, "h:01%s", topic);
        else
            snprintf(want, sizeof want, "damaged:%u:1", len + 1); /* 01 7a 7a does not count up */
        expect(pub, 0, want);
        ask(pub, "send 0 %d h:%s h:62", DRIVE_MS, topic);
        ask(pub, "send 0 %d h:%s7a h:63", DRIVE_MS, topic);
        if (len)
            ask(pub, "send 0 %d h:%.*s h:64", DRIVE_MS, (int)(2 * len - 2), topic);
        for (int k = 0; k < 2; k++) {
            const char *got = ask(sub, "recv 0 %d", DRIVE_MS);
            assert_string_equal(got + strlen(got) - 2, k ? "63" : "62");
        }
        ask(sub, "hex 0 %d %s", ZMQ_UNSUBSCRIBE, topic);
        assert_non_null(ask(pub, "recv 0 %d", DRIVE_MS));
    }
    ask(pub, "close 0");
    ask(sub, "close 0");
}

static void topics_of_each(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++)
        topics(i & 1, i & 2 ? "ipc" : "tcp");
}

/* Many subscriptions made before connecting (within libzmq's high-water mark). */
static void many_topics(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct agent *pub = us(i), *sub = us(!i);
        char endpoint[200];
        ask(pub, "new 0 XPUB");
        ask(sub, "new 0 SUB");
        for (int k = 0; k < 900; k++)
            ask(sub, "hex 0 %d 74%04x", ZMQ_SUBSCRIBE, k);
        snprintf(endpoint, sizeof endpoint, "%s", ask(pub, "bind 0 tcp://127.0.0.1:*"));
        ask(sub, "connect 0 %s", endpoint);
        for (int k = 0; k < 900; k++)
            assert_int_equal(strncmp(ask(pub, "recv 0 %d", DRIVE_MS), "h:0174", 6), 0);
        for (int k = 0; k < 900; k += 9) {
            char want[20];
            snprintf(want, sizeof want, "h:74%04x", k);
            ask(pub, "send 0 %d %s", DRIVE_MS, want);
            expect(sub, 0, want);
        }
    }
}

/* XPUB_MANUAL decides for each subscriber. */
static void manual(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct agent *pub = us(i), *sub = us(!i);
        char endpoint[200];
        ask(pub, "new 0 XPUB");
        ask(pub, "int 0 %d 1", ZMQ_XPUB_MANUAL);
        ask(sub, "new 0 SUB");
        ask(sub, "new 1 SUB");
        snprintf(endpoint, sizeof endpoint, "%s", ask(pub, "bind 0 tcp://127.0.0.1:*"));
        for (int k = 0; k < 2; k++) {
            ask(sub, "hex %d %d 41", k, ZMQ_SUBSCRIBE);
            ask(sub, "connect %d %s", k, endpoint);
            expect(pub, 0, "h:0141");
            ask(pub, "hex 0 %d 41%02x", ZMQ_SUBSCRIBE, k);
        }
        ask(pub, "send 0 %d h:4100", DRIVE_MS);
        ask(pub, "send 0 %d h:4101", DRIVE_MS);
        ask(pub, "send 0 %d h:41", DRIVE_MS);
        ask(pub, "send 0 %d h:4100", DRIVE_MS);
        expect(sub, 0, "h:4100");
        expect(sub, 0, "h:4100");
        expect(sub, 1, "h:4101");
        ask(sub, "hex 1 %d 41", ZMQ_UNSUBSCRIBE);
        expect(pub, 0, "h:0041");
        ask(pub, "hex 0 %d 4101", ZMQ_UNSUBSCRIBE);
        ask(pub, "send 0 %d h:4101", DRIVE_MS);
        assert_string_equal(tell(sub, "recv 1 50"), "none");
        ask(sub, "close 0");
        expect(pub, 0, "h:0041");
        ask(sub, "close 1");
    }
}

/* A queue in the middle: REQ - ROUTER | DEALER - REP, alternately of either library. */
static void envelopes(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct agent *outer = us(i), *queue = us(!i);
        char front[200], back[200], message[300], seen[300];
        ask(queue, "new 0 ROUTER");
        ask(queue, "new 1 DEALER");
        snprintf(front, sizeof front, "%s", ask(queue, "bind 0 tcp://127.0.0.1:*"));
        snprintf(back, sizeof back, "%s", ask(queue, "bind 1 %s", fresh_address("ipc")));
        ask(outer, "new 0 REQ");
        ask(outer, "new 1 REP");
        ask(outer, "new 2 REQ");
        ask(outer, "int 2 %d 1", ZMQ_REQ_CORRELATE);
        ask(outer, "int 2 %d 1", ZMQ_REQ_RELAXED);
        ask(outer, "connect 0 %s", front);
        ask(outer, "connect 1 %s", back);
        ask(outer, "connect 2 %s", front);
        for (int k = 0; k < 6; k++) {
            int slot = k & 1 ? 2 : 0;
            snprintf(seen, sizeof seen, "%s h: r:%d:1", part("question"), 1000 * k + 100);
            ask(outer, "send %d %d %s", slot, DRIVE_MS, seen);
            snprintf(message, sizeof message, "%s", ask(queue, "recv 0 %d", DRIVE_MS));
            ask(queue, "send 1 %d %s", DRIVE_MS, message);
            expect(outer, 1, seen);
            ask(outer, "send 1 %d %s", DRIVE_MS, part("answer"));
            snprintf(message, sizeof message, "%s", ask(queue, "recv 1 %d", DRIVE_MS));
            ask(queue, "send 0 %d %s", DRIVE_MS, message);
            expect(outer, slot, part("answer"));
        }
    }
}

/* Ids at a ROUTER: given ones, made ones, and a chosen one for the connection itself. */
static void router_ids(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct agent *router = us(i), *dealers = us(!i);
        char endpoint[200], id[100];
        ask(router, "new 0 ROUTER");
        ask(router, "int 0 %d 1", ZMQ_ROUTER_MANDATORY);
        snprintf(endpoint, sizeof endpoint, "%s", ask(router, "bind 0 tcp://127.0.0.1:*"));
        ask(dealers, "new 0 DEALER");
        ask(dealers, "hex 0 %d 6e616d65", ZMQ_ROUTING_ID);
        ask(dealers, "new 1 DEALER");
        for (int k = 0; k < 2; k++) {
            const char *got;
            ask(dealers, "connect %d %s", k, endpoint);
            ask(dealers, "send %d %d h:6869", k, DRIVE_MS);
            got = ask(router, "recv 0 %d", DRIVE_MS);
            sscanf(got, "%99s", id);
            if (k == 0)
                assert_string_equal(id, "h:6e616d65");
            else
                assert_true(strlen(id) == 12 && !strncmp(id, "h:00", 4));
            ask(router, "send 0 %d %s h:796f", DRIVE_MS, id);
            expect(dealers, k, "h:796f");
        }
        assert_string_equal(tell(router, "send 0 0 h:6e6f h:78"), "err EHOSTUNREACH");
        ask(dealers, "new 2 DEALER");
        snprintf(endpoint, sizeof endpoint, "%s", ask(dealers, "bind 2 tcp://127.0.0.1:*"));
        ask(router, "hex 0 %d 63686f73656e", ZMQ_CONNECT_ROUTING_ID);
        ask(router, "connect 0 %s", endpoint);
        ask(router, "send 0 %d h:63686f73656e h:6561726c79", DRIVE_MS);
        expect(dealers, 2, "h:6561726c79");
        ask(dealers, "send 2 %d h:6261636b", DRIVE_MS);
        expect(router, 0, "h:63686f73656e h:6261636b");
    }
}

/* Many messages in flight both ways keep their order and their bytes. */
static void streams_of_messages(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct agent *a = us(i & 1), *b = us(!(i & 1));
        join(a, "DEALER", b, "DEALER", i & 2 ? "ipc" : "tcp");
        for (int k = 0; k < 600; k++) {
            ask(a, "send 0 %d h:%04x r:%d:%d", DRIVE_MS, k, 100 + k * 7 % 5000, k % 251);
            ask(b, "send 0 %d r:%d:%d h:%04x", DRIVE_MS, 100 + k * 3 % 900, k % 251, k);
        }
        for (int k = 0; k < 600; k++) {
            char want[100];
            snprintf(want, sizeof want, "h:%04x r:%d:%d", k, 100 + k * 7 % 5000, k % 251);
            expect(b, 0, want);
            snprintf(want, sizeof want, "r:%d:%d h:%04x", 100 + k * 3 % 900, k % 251, k);
            expect(a, 0, want);
        }
        ask(a, "close 0");
        ask(b, "close 0");
    }
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, SYSTEM, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(topics_of_each, drive_setup),
        cmocka_unit_test_setup(many_topics, drive_setup),
        cmocka_unit_test_setup(manual, drive_setup),
        cmocka_unit_test_setup(envelopes, drive_setup),
        cmocka_unit_test_setup(router_ids, drive_setup),
        cmocka_unit_test_setup(streams_of_messages, drive_setup),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
