/* SPDX-License-Identifier: MIT */
/*
 * Two sockets of ours that do not fit: every mechanism against every other one, either of them
 * connecting; two of one role; wrong passwords, keys and names. Both sides hear of a clean end,
 * nobody comes in, and who connects does not do so in a storm.
 */
#include "node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NONE, PLAIN, CURVE, GSSAPI, MECHANISMS };
enum role { A_SERVER, A_CLIENT };
enum { INTERVAL_MS = 10, LOOK_MS = 60 };

static char server_public[41], server_secret[41], client_public[41], client_secret[41];

static bool has(int mechanism) {
    static const char *const names[] = {NULL, NULL, "curve", "gssapi"};
    return !names[mechanism] || zmq_has(names[mechanism]);
}

static void be(struct node *n, int mechanism, enum role role) {
    if (mechanism == PLAIN && role == A_SERVER)
        node_set(n, ZMQ_PLAIN_SERVER, 1);
    if (mechanism == PLAIN && role == A_CLIENT) {
        node_set_text(n, ZMQ_PLAIN_USERNAME, "admin");
        node_set_text(n, ZMQ_PLAIN_PASSWORD, "secret");
    }
    if (mechanism == CURVE && role == A_SERVER) {
        node_set(n, ZMQ_CURVE_SERVER, 1);
        node_set_text(n, ZMQ_CURVE_SECRETKEY, server_secret);
    }
    if (mechanism == CURVE && role == A_CLIENT) {
        node_set_text(n, ZMQ_CURVE_SERVERKEY, server_public);
        node_set_text(n, ZMQ_CURVE_PUBLICKEY, client_public);
        node_set_text(n, ZMQ_CURVE_SECRETKEY, client_secret);
    }
    if (mechanism == GSSAPI && role == A_SERVER)
        node_set(n, ZMQ_GSSAPI_SERVER, 1);
    if (mechanism == GSSAPI && role == A_CLIENT)
        node_set_text(n, ZMQ_GSSAPI_SERVICE_PRINCIPAL, "service");
}

struct sides {
    struct node *server, *client;
    bool connecting; /* the server connects */
};

static struct sides make(struct wire *w, bool connecting) {
    struct sides s = {node_new(w, ZMQ_PULL), node_new(w, ZMQ_PUSH), connecting};
    node_set(s.server, ZMQ_RECONNECT_IVL, INTERVAL_MS);
    node_set(s.client, ZMQ_RECONNECT_IVL, INTERVAL_MS);
    return s;
}

static struct node *connecter(struct sides *s) {
    return s->connecting ? s->server : s->client;
}

static void join(struct sides *s) {
    struct node *binder = s->connecting ? s->client : s->server;
    node_watch(s->server);
    node_watch(s->client);
    node_bind(binder);
    node_connect(connecter(s), binder->endpoint);
}

static const int failures = ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;

struct outcome {
    int event;
    uint32_t value;
};

/* How the first handshake of a side ends: told once, and the connection with it. */
static struct outcome end_of(struct node *n) {
    struct outcome o = {0};
    int event;
    do {
        event = node_next_event(n, &o.value, DEADLINE_MS);
        wire_check(event && event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED, "%s at the %s",
                   event ? node_event_name(event) : "nothing", n->endpoint[0] ? "binder" : "other");
    } while (!(event & failures));
    o.event = event;
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    return o;
}

/* Who comes again does so in the intervals asked for, and no message comes through. */
static void expect_no_storm(struct sides *s) {
    int connected = 0, event;
    int64_t end = wire_now_ms() + LOOK_MS, left;
    while ((left = end - wire_now_ms()) > 0) {
        event = node_next_event(connecter(s), NULL, (int)left);
        connected += event == ZMQ_EVENT_CONNECTED;
        assert_int_not_equal(event, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    }
    wire_check(connected <= LOOK_MS / INTERVAL_MS + 1, "%d times more", connected);
    node_expect_nothing(s->server, 0);
}

static void close_both(struct sides *s) {
    node_close(s->server);
    node_close(s->client);
}

static bool is_mismatch(struct outcome o) {
    return o.event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL &&
           o.value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH;
}

/* Who finds out first closes, the other may see just that. */
static bool is_left(struct outcome o) {
    return o.event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL &&
           (o.value == EPIPE || o.value == ECONNRESET);
}

static void mechanisms(void **state) {
    wire_ours_only("what libzmq tells depends on who is first");
    for (int i = 0; i < MECHANISMS * MECHANISMS * 2; i++) {
        int one = i / 2 % MECHANISMS, other = i / 2 / MECHANISMS;
        if (one == other || !has(one) || !has(other))
            continue;
        wire_row = i;
        struct sides s = make(*state, i & 1);
        be(s.server, one, A_SERVER);
        be(s.client, other, A_CLIENT);
        (void)zmq_send(s.client->sock, "secret", 6, ZMQ_DONTWAIT);
        join(&s);
        struct outcome a = end_of(s.server), b = end_of(s.client);
        wire_check(is_mismatch(a) || is_left(a), "the server: %s %#x", node_event_name(a.event),
                   a.value);
        wire_check(is_mismatch(b) || is_left(b), "the client: %s %#x", node_event_name(b.event),
                   b.value);
        wire_check(is_mismatch(a) || is_mismatch(b), "nobody says why");
        expect_no_storm(&s);
        close_both(&s);
    }
}

/* Two clients talk at once; two servers wait for each other until the time of one is up. */
static void roles(void **state) {
    wire_ours_only("what libzmq tells depends on who is first");
    for (int i = 0; i < MECHANISMS * 4; i++) {
        int mechanism = i / 4;
        enum role role = i & 2 ? A_SERVER : A_CLIENT;
        if (mechanism == NONE || !has(mechanism))
            continue;
        wire_row = i;
        struct sides s = make(*state, i & 1);
        be(s.server, mechanism, role);
        be(s.client, mechanism, role);
        if (role == A_SERVER)
            node_set(s.server, ZMQ_HANDSHAKE_IVL, 100);
        join(&s);
        struct outcome a = end_of(s.server), b = end_of(s.client);
        if (role == A_SERVER)
            wire_check(a.event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL && is_left(b),
                       "%s %#x, %s %#x", node_event_name(a.event), a.value,
                       node_event_name(b.event), b.value);
        else
            wire_check((a.event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL || is_left(a)) &&
                           (b.event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL || is_left(b)) &&
                           !(is_left(a) && is_left(b)),
                       "%s %#x, %s %#x", node_event_name(a.event), a.value,
                       node_event_name(b.event), b.value);
        expect_no_storm(&s);
        close_both(&s);
    }
}

/* One question, answered so. */
static void judge(struct node *h, const char *status) {
    zmq_msg_t msg;
    int more = 1;
    while (more) {
        node_receive(h, &msg);
        more = zmq_msg_more(&msg);
        zmq_msg_close(&msg);
    }
    node_send(h, "'1.0'|'1'|'%s'|'because'|''|", status);
}

/* Whom the handler does not want. GSSAPI has no word for it. */
static void refused(void **state) {
    struct node *h = node_new(*state, ZMQ_REP);
    wire_ours_only("libzmq lets GSSAPI's in, and may leave a monitored connection open");
    assert_int_equal(zmq_bind(h->sock, "inproc://zeromq.zap.01"), 0);
    for (int i = 0; i < MECHANISMS * 2; i++) {
        int mechanism = i / 2;
        if (!has(mechanism))
            continue;
        wire_row = i;
        struct sides s = make(*state, i & 1);
        node_set_text(s.server, ZMQ_ZAP_DOMAIN, "shop");
        be(s.server, mechanism, A_SERVER);
        be(s.client, mechanism, A_CLIENT);
        join(&s);
        judge(h, "400");
        struct outcome a = end_of(s.server), b = end_of(s.client);
        wire_check(a.event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH && a.value == 400, "%s %u",
                   node_event_name(a.event), a.value);
        wire_check(mechanism == GSSAPI ? is_left(b)
                                       : b.event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH &&
                                             b.value == 400,
                   "%s %u", node_event_name(b.event), b.value);
        node_expect_nothing(s.server, 0);
        close_both(&s);
    }
}

/* Keys that do not fit; a name that has no credentials. */
static void keys_and_names(void **state) {
    wire_ours_only("libzmq is silent until its time is up");
    for (int i = 0; i < 6; i++) {
        bool curve = i / 2 < 2;
        if (!has(curve ? CURVE : GSSAPI))
            continue;
        wire_row = i;
        struct sides s = make(*state, i & 1);
        be(s.server, curve ? CURVE : GSSAPI, A_SERVER);
        be(s.client, curve ? CURVE : GSSAPI, A_CLIENT);
        if (i / 2 == 0)
            node_set_text(s.client, ZMQ_CURVE_SERVERKEY, client_public);
        else if (i / 2 == 1)
            node_set_text(s.client, ZMQ_CURVE_SECRETKEY, server_secret);
        else
            node_set_text(s.client, ZMQ_GSSAPI_PRINCIPAL, "nobody");
        join(&s);
        struct outcome a = end_of(s.server), b = end_of(s.client);
        if (curve)
            wire_check(a.event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL &&
                           a.value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC && is_left(b),
                       "%s %#x, %s %#x", node_event_name(a.event), a.value,
                       node_event_name(b.event), b.value);
        else
            wire_check(is_left(a) && b.event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL &&
                           b.value == EACCES,
                       "%s %#x, %s %#x", node_event_name(a.event), a.value,
                       node_event_name(b.event), b.value);
        expect_no_storm(&s);
        close_both(&s);
    }
}

int main(void) {
    if (zmq_has("curve") && (zmq_curve_keypair(server_public, server_secret) ||
                             zmq_curve_keypair(client_public, client_secret)))
        return 1;
    const struct CMUnitTest tests[] = {
        ON_TCP(mechanisms),
        ON_TCP(roles),
        ON_BOTH(refused),
        ON_TCP(keys_and_names),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
