/* SPDX-License-Identifier: MIT */
/* What publishers make of subscriptions and send for them: zmtp.md §10.1, socket-types.md
 * PUB/XPUB, pitfalls.md §4 and §5. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct node *bound(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    node_bind(n);
    return n;
}

static struct peer *subscriber(struct wire *w, struct node *n, unsigned minor) {
    struct peer *p = peer_connect(w, n->endpoint);
    peer_shake_minor(p, "SUB", minor);
    return p;
}

/* Both forms from 3.0 and 3.1 peers; the application sees one of its own. */
static void both_forms_from_both(void **state) {
    static const char *const forms[][2] = {
        {"<04 09'SUBSCRIBE' 'AB'>", "<04 06'CANCEL' 'AB'>"},
        {"<00 01 'AB'>", "<00 00 'AB'>"},
        {"<04 09'SUBSCRIBE' 'AB'>", "<00 00 'AB'>"},
        {"<00 01 'AB'>", "<04 06'CANCEL' 'AB'>"},
        {"<05 09'SUBSCRIBE' 'AB'>", "<fc 06'CANCEL' 'AB'>"},
        {"06 u64:12 09'SUBSCRIBE' 'AB'", "06 u64:9 06'CANCEL' 'AB'"},
        {"02 u64:3 01 'AB'", "f8 03 00 'AB'"},
    };
    struct node *n = bound(*state, ZMQ_XPUB);
    for (unsigned minor = 0; minor < 2; minor++) {
        struct peer *p = subscriber(*state, n, minor);
        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
            wire_row = (int)i;
            if (!wire_is_ours() && forms[i][0][2] == '5')
                continue; /* libzmq waits for the rest of the "message" */
            peer_send(p, "%s", forms[i][0]);
            node_expect(n, "01 'AB'");
            node_send(n, "'ABC'");
            node_send(n, "'A'");
            node_send(n, "'AC'");
            node_send(n, "'AB'|'part'");
            peer_expect(p, "<00 'ABC'><01 'AB'><00 'part'>");
            peer_send(p, "%s", forms[i][1]);
            node_expect(n, "00 'AB'");
            node_send(n, "'ABC'");
        }
        peer_expect_open(p);
    }
}

/* Topics of every length near a border, in both forms, and long ones. */
static void topic_lengths(void **state) {
    static const unsigned lengths[] = {0, 1, 245, 246, 248, 249, 250, 253, 254, 255, 256, 70000};
    struct node *n = bound(*state, ZMQ_XPUB);
    struct peer *p = subscriber(*state, n, 1);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        wire_row = (int)i;
        unsigned len = lengths[i];
        peer_send(p, "<04 09'SUBSCRIBE' 'z'*%u>", len);
        node_expect(n, "01 'z'*%u", len);
        node_send(n, "'z'*%u 'tail'", len);
        peer_expect(p, "<00 'z'*%u 'tail'>", len);
        peer_send(p, "<04 06'CANCEL' 'z'*%u>", len);
        node_expect(n, "00 'z'*%u", len);
        peer_send(p, "<00 01 'z'*%u>", len);
        node_expect(n, "01 'z'*%u", len);
        peer_send(p, "<00 00 'z'*%u>", len);
        node_expect(n, "00 'z'*%u", len);
    }
    peer_send(p, "<00 01 00><00 01 00 ff 80>");
    node_expect(n, "01 00");
    node_expect(n, "01 00 ff 80");
    node_send(n, "00 ff");
    node_send(n, "80");
    peer_expect(p, "<00 00 ff>");
}

/* The publisher keeps a set for each connection: many SUBSCRIBEs, one CANCEL. */
static void a_set_for_each_peer(void **state) {
    struct node *n = bound(*state, ZMQ_XPUB);
    struct peer *p = subscriber(*state, n, 1), *q;
    for (int i = 0; i < 5; i++)
        peer_send(p, "<04 09'SUBSCRIBE' 'A'>");
    node_expect(n, "01 'A'");
    q = subscriber(*state, n, 1);
    peer_send(q, "<04 09'SUBSCRIBE' 'A'><04 09'SUBSCRIBE' 'B'>");
    node_expect(n, "01 'B'"); /* A is not new */
    node_send(n, "'A1'");
    peer_expect(p, "<00 'A1'>");
    peer_expect(q, "<00 'A1'>");
    peer_send(q, "<04 06'CANCEL' 'A'><04 06'CANCEL' 'B'>");
    node_expect(n, "00 'B'"); /* A is still wanted */
    node_send(n, "'A2'");
    peer_expect(p, "<00 'A2'>");
    peer_send(p, "<04 06'CANCEL' 'A'>");
    node_expect(n, "00 'A'");
    node_send(n, "'A3'");
    peer_expect_open(p);
    peer_expect_open(q);
    peer_send(p, "<04 06'CANCEL' 'A'>"); /* for what nobody holds: passed up */
    node_expect(n, "00 'A'");
}

/* socket-types.md, better: a cancel by one who never held it, while another does, is ignored. */
static void cancel_of_anothers_topic(void **state) {
    struct node *n = bound(*state, ZMQ_XPUB);
    struct peer *p = subscriber(*state, n, 1), *q = subscriber(*state, n, 1);
    wire_ours_only("libzmq passes it up");
    peer_send(p, "<04 09'SUBSCRIBE' 'A'>");
    node_expect(n, "01 'A'");
    peer_send(q, "<04 06'CANCEL' 'A'><00 00 'A'><04 09'SUBSCRIBE' 'mark'>");
    node_expect(n, "01 'mark'");
    node_send(n, "'A'");
    peer_expect(p, "<00 'A'>");
}

/* When a peer goes, cancels are made for what nobody else holds. */
static void a_peer_goes(void **state) {
    struct node *n = bound(*state, ZMQ_XPUB);
    for (int how = 0; how < 2; how++) {
        struct peer *p = subscriber(*state, n, 1), *q = subscriber(*state, n, 1);
        bool seen[2] = {false, false};
        peer_send(p, "<04 09'SUBSCRIBE' 'A'>");
        node_expect(n, "01 'A'");
        peer_send(p, "<04 09'SUBSCRIBE' 'B'>");
        node_expect(n, "01 'B'");
        peer_send(p, "<04 09'SUBSCRIBE' 'C'>");
        node_expect(n, "01 'C'");
        peer_send(q, "<04 09'SUBSCRIBE' 'B'>");
        peer_expect_open(q);
        if (how)
            peer_drop(p);
        else
            peer_reset(p);
        for (int i = 0; i < 2; i++) {
            zmq_msg_t msg;
            const char *data;
            node_receive(n, &msg);
            data = zmq_msg_data(&msg);
            wire_check(zmq_msg_size(&msg) == 2 && !data[0] && (data[1] == 'A' || data[1] == 'C'),
                       "not a cancel of A or C");
            assert_false(seen[data[1] == 'C']);
            seen[data[1] == 'C'] = true;
            zmq_msg_close(&msg);
        }
        peer_drop(q);
        node_expect(n, "00 'B'");
    }
}

/* What is no subscription reaches the application of an XPUB, and nobody at a PUB. */
static void other_messages(void **state) {
    struct node *n = bound(*state, ZMQ_XPUB);
    struct peer *p = subscriber(*state, n, 1);
    peer_send(p, "<00><00 02 'two'><00 'text'><01 'p1'><00 'p2'><04 04'JOIN' 'g'><00 01 'A'>");
    node_expect(n, "00*0");
    node_expect(n, "02 'two'");
    node_expect(n, "'text'");
    node_expect(n, "'p1'|'p2'");
    node_expect(n, "01 'A'");

    n = bound(*state, ZMQ_PUB);
    p = subscriber(*state, n, 1);
    for (int i = 0; i < 3000; i++) { /* freed, not collected: pitfalls.md §5.7 */
        peer_send(p, "<00 'text for nobody'><01 'p1'><00 'p2'>");
        if (!wire_is_ours())
            node_send(n, "'x'"); /* an idle PUB of libzmq stops reading */
    }
    peer_send(p, "<00 01 'A'>");
    for (int64_t end = wire_now_ms() + DEADLINE_MS; wire_now_ms() < end;) {
        node_send(n, "'A'");
        if (wire_readable(p->fd, 10))
            break;
    }
    peer_expect(p, "<00 'A'>");
}

/* pitfalls.md §4.11: every part is looked at, unless ONLY_FIRST_SUBSCRIBE is set and the first
 * part was none; a subscription found loses its MORE. */
static void subscriptions_inside_a_message(void **state) {
    static const char *const sent[] = {"<01 'user'><01 01 'A'><00 'end'>", "<01 01 'A'><00 'end'>",
                                       "<01 01 'A'><01 'x'><00 01 'B'>", "<01 01 'A'><00>"};
    static const char *const seen[][2][3] = {{{"'user'|01 'A'", "'end'", NULL},
                                              {"'user'|01 'A'|'end'", NULL, NULL}},
                                             {{"01 'A'", "'end'", NULL}, {"01 'A'", "'end'", NULL}},
                                             {{"01 'A'", "'x'|01 'B'", NULL},
                                              {"01 'A'", "'x'|01 'B'", NULL}},
                                             {{"01 'A'", "00*0", NULL}, {"01 'A'", "00*0", NULL}}};
    for (int only_first = 0; only_first < 2; only_first++) {
        for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
            wire_row = (int)i;
            struct node *n = node_new(*state, ZMQ_XPUB);
            struct peer *p;
            node_set(n, ZMQ_ONLY_FIRST_SUBSCRIBE, only_first);
            node_bind(n);
            p = subscriber(*state, n, 1);
            peer_send(p, "%s", sent[i]);
            for (const char *const *m = seen[i][only_first]; *m; m++)
                node_expect(n, "%s", *m);
            node_send(n, "'A'"); /* and whether it was applied */
            if (i == 0 && only_first)
                peer_expect_open(p);
            else
                peer_expect(p, "<00 'A'>");
            node_close(n);
            peer_drop(p);
        }
    }
}

/* MANUAL: nothing is applied but what the application says, for the peer it last heard of. */
static void manual(void **state) {
    struct node *n = node_new(*state, ZMQ_XPUB);
    struct peer *p, *q;
    node_set(n, ZMQ_XPUB_MANUAL, 1);
    node_bind(n);
    p = subscriber(*state, n, 1);
    q = subscriber(*state, n, 1);
    peer_send(p, "<04 09'SUBSCRIBE' 'A'>");
    node_expect(n, "01 'A'");
    node_set_text(n, ZMQ_SUBSCRIBE, "XA");
    node_set_text(n, ZMQ_SUBSCRIBE, "YA");
    peer_send(q, "<04 09'SUBSCRIBE' 'A'>");
    node_expect(n, "01 'A'"); /* no merging */
    node_set_text(n, ZMQ_SUBSCRIBE, "XB");
    node_send(n, "'A'");
    node_send(n, "'XA'");
    node_send(n, "'XB'");
    node_send(n, "'YA'");
    peer_expect(p, "<00 'XA'><00 'YA'>");
    peer_expect(q, "<00 'XB'>");
    peer_send(p, "<04 06'CANCEL' 'A'>");
    node_expect(n, "00 'A'");
    node_send(n, "'XA1'");
    node_set_text(n, ZMQ_UNSUBSCRIBE, "XA");
    node_send(n, "'XA2'");
    node_send(n, "'YA'");
    peer_expect(p, "<00 'XA1'><00 'YA'>");
    peer_expect_open(q);
}

/* MANUAL, better: a user message between the requests does not shift who is meant. */
static void manual_with_user_messages(void **state) {
    struct node *n = node_new(*state, ZMQ_XPUB);
    struct peer *p, *q;
    wire_ours_only("libzmq loses count of the peers at user messages");
    node_set(n, ZMQ_XPUB_MANUAL, 1);
    node_bind(n);
    p = subscriber(*state, n, 1);
    q = subscriber(*state, n, 1);
    peer_send(p, "<00 'user'><04 09'SUBSCRIBE' 'A'><01 'u1'><00 'u2'>");
    peer_expect_open(p);
    peer_send(q, "<04 09'SUBSCRIBE' 'B'>");
    peer_expect_open(q);
    for (int subscriptions = 0; subscriptions < 2;) {
        zmq_msg_t msg;
        char first, second;
        node_receive(n, &msg);
        first = *(char *)zmq_msg_data(&msg);
        second = ((char *)zmq_msg_data(&msg))[1];
        zmq_msg_close(&msg);
        if (first != 1)
            continue;
        node_set_text(n, ZMQ_SUBSCRIBE, second == 'A' ? "for-p" : "for-q");
        subscriptions++;
    }
    node_send(n, "'for-p'");
    node_send(n, "'for-q'");
    peer_expect(p, "<00 'for-p'>");
    peer_expect(q, "<00 'for-q'>");
}

/* VERBOSE and VERBOSER: which requests come up. */
static void verbosity(void **state) {
    struct node *n = node_new(*state, ZMQ_XPUB);
    struct peer *p, *q;
    node_set(n, ZMQ_XPUB_VERBOSE, 1);
    node_bind(n);
    p = subscriber(*state, n, 1);
    q = subscriber(*state, n, 1);
    for (int i = 0; i < 2; i++) {
        peer_send(p, "<04 09'SUBSCRIBE' 'A'>");
        node_expect(n, "01 'A'");
        peer_send(q, "<00 01 'A'>");
        node_expect(n, "01 'A'");
    }
    peer_send(p, "<04 06'CANCEL' 'A'>");
    peer_expect_open(p);
    peer_send(q, "<04 06'CANCEL' 'A'>");
    node_expect(n, "00 'A'");
    node_expect_nothing(n, 0);

    n = node_new(*state, ZMQ_XPUB);
    node_set(n, ZMQ_XPUB_VERBOSER, 1);
    node_bind(n);
    p = subscriber(*state, n, 1);
    q = subscriber(*state, n, 1);
    peer_send(p, "<04 09'SUBSCRIBE' 'A'>");
    node_expect(n, "01 'A'");
    peer_send(q, "<04 09'SUBSCRIBE' 'A'>");
    node_expect(n, "01 'A'");
    peer_send(p, "<04 06'CANCEL' 'A'>");
    node_expect(n, "00 'A'");
    peer_drop(q);
    node_expect(n, "00 'A'");
}

/* pitfalls.md §5.2: who comes or becomes interested in the middle of a message begins with the
 * next one; who leaves in the middle does not disturb the others. */
static void in_the_middle_of_a_message(void **state) {
    struct node *n = bound(*state, ZMQ_XPUB);
    struct peer *p = subscriber(*state, n, 1), *q, *r;
    peer_send(p, "<04 09'SUBSCRIBE' 'A'>");
    node_expect(n, "01 'A'");
    r = subscriber(*state, n, 1);
    peer_send(r, "<04 09'SUBSCRIBE' 'Ar'>");
    node_expect(n, "01 'Ar'");
    assert_int_equal(zmq_send(n->sock, "Ar", 2, ZMQ_SNDMORE), 2);
    q = subscriber(*state, n, 1);
    peer_send(q, "<04 09'SUBSCRIBE' 'B'><04 09'SUBSCRIBE' 'A'>");
    node_expect(n, "01 'B'");
    assert_int_equal(zmq_send(n->sock, "p2", 2, ZMQ_SNDMORE), 2);
    peer_drop(r);
    node_expect(n, "00 'Ar'");
    assert_int_equal(zmq_send(n->sock, "p3", 2, 0), 2);
    node_send(n, "'A next'");
    peer_expect(p, "<01 'Ar'><01 'p2'><00 'p3'><00 'A next'>");
    peer_expect(q, "<00 'A next'>");
}

/* WELCOME_MSG is the first thing every new connection gets. */
static void welcome(void **state) {
    struct node *n = node_new(*state, ZMQ_XPUB);
    node_set_text(n, ZMQ_XPUB_WELCOME_MSG, "W");
    node_bind(n);
    for (int i = 0; i < 3; i++) {
        struct peer *p = subscriber(*state, n, (unsigned)i & 1);
        peer_send(p, "<00 01 'A'>");
        if (i == 0)
            node_expect(n, "01 'A'");
        else
            node_expect_nothing(n, 20);
        peer_expect(p, "<00 'W'>");
    }
}

/* pitfalls.md §5.6, §11.1: an application that never calls does not stop its peers' requests, nor
 * the answer to their PINGs. */
static void idle_publisher(void **state) {
    static const int types[] = {ZMQ_PUB, ZMQ_XPUB};
    wire_ours_only("libzmq stops reading from its subscribers");
    for (int i = 0; i < 2; i++) {
        struct node *n = bound(*state, types[i]);
        struct peer *p = subscriber(*state, n, 1);
        for (unsigned k = 0; k < 5000; k++)
            peer_send(p, "<04 09'SUBSCRIBE' 'topic %02x' %02x>", k & 255, k >> 8);
        peer_expect_open(p);
        if (types[i] == ZMQ_XPUB)
            for (unsigned k = 0; k < 5000; k++)
                node_expect(n, "01 'topic %02x' %02x", k & 255, k >> 8);
    }
}

static size_t resident_bytes(void) {
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*u %lu", &pages), 1);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* What a peer says to a publisher whose application never calls is worked off all the same: it
 * does not pile up. */
static void flooded_publisher(void **state) {
    enum { FRAME = 60000, FRAMES = 1200 };
    struct node *n;
    struct peer *p;
    uint8_t *frame = calloc(FRAME + 9, 1);
    size_t before;
    wire_ours_only("libzmq stops reading from its subscribers");
    assert_non_null(frame);
    n = bound(*state, ZMQ_PUB);
    p = subscriber(*state, n, 1);
    frame[0] = 2; /* long */
    frame[7] = FRAME >> 8;
    frame[8] = FRAME & 255;
    memset(frame + 9, 'x', FRAME);
    before = resident_bytes();
    for (int i = 0; i < FRAMES; i++)
        peer_send_bytes(p, frame, FRAME + 9);
    for (int i = 0; i < 100000; i++)
        peer_send(p, "<00 01 'topic %06x'>", i & 0x3ff);
    peer_expect_open(p);
    if (WIRE_SLOWER == 1) /* a sanitizer keeps what was freed */
        wire_check(resident_bytes() < before + (16u << 20), "%zu bytes more",
                   resident_bytes() - before);
    node_send(n, "'topic 000001 yes'");
    peer_expect(p, "<00 'topic 000001 yes'>");
    free(frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(both_forms_from_both),
        ON_BOTH(topic_lengths),
        ON_BOTH(a_set_for_each_peer),
        ON_BOTH(cancel_of_anothers_topic),
        ON_TCP(a_peer_goes),
        ON_BOTH(other_messages),
        ON_BOTH(subscriptions_inside_a_message),
        ON_BOTH(manual),
        ON_BOTH(manual_with_user_messages),
        ON_BOTH(verbosity),
        ON_BOTH(in_the_middle_of_a_message),
        ON_BOTH(welcome),
        ON_BOTH(idle_publisher),
        ON_BOTH(flooded_publisher),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
