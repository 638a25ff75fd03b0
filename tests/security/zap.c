/* SPDX-License-Identifier: MIT */
/*
 * ZAP as applications see it: what a handler is asked, what each of its answers does to both
 * sides of a connection, and that nothing waits while it thinks. The handler is played by the
 * test itself, in its one thread. Also run on the system's libzmq.
 */
#include "wire/node.h"
#include "wire/peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENDPOINT "inproc://zeromq.zap.01"

static struct node *handler_of_type(struct wire *w, int type) {
    struct node *h = node_new(w, type);
    wire_check(zmq_bind(h->sock, ENDPOINT) == 0, "%s", zmq_strerror(errno));
    return h;
}

static struct node *handler(struct wire *w) {
    return handler_of_type(w, ZMQ_REP);
}

static void swallow(struct node *h) {
    zmq_msg_t msg;
    int more = 1;
    while (more) {
        node_receive(h, &msg);
        more = zmq_msg_more(&msg);
        zmq_msg_close(&msg);
    }
}

static void reply(struct node *h, const char *status) {
    node_send(h, "'1.0'|'1'|'%s'|'because'|'joe'|", status);
}

static void answer(struct node *h, const char *status) {
    swallow(h);
    reply(h, status);
}

enum kind { NULL_BOUND, NULL_CONNECTING, PLAIN, CURVE, KINDS };

static char server_public[41], server_secret[41], client_public[41], client_secret[41];

/* How many of them this library has. */
static int kinds(void) {
    return zmq_has("curve") ? KINDS : CURVE;
}

struct sides {
    struct node *asking, *other; /* the one whose library asks the handler */
    struct node *bound, *connecting;
};

static struct sides sides_of(struct wire *w, enum kind kind) {
    struct sides s;
    s.bound = node_new(w, ZMQ_PULL);
    s.connecting = node_new(w, ZMQ_PUSH);
    s.asking = kind == NULL_CONNECTING ? s.connecting : s.bound;
    s.other = kind == NULL_CONNECTING ? s.bound : s.connecting;
    node_set(s.connecting, ZMQ_RECONNECT_IVL, 20);
    node_set_text(s.asking, ZMQ_ZAP_DOMAIN, "shop");
    if (kind == PLAIN) {
        node_set(s.bound, ZMQ_PLAIN_SERVER, 1);
        node_set_text(s.connecting, ZMQ_PLAIN_USERNAME, "admin");
        node_set_text(s.connecting, ZMQ_PLAIN_PASSWORD, "secret");
    }
    if (kind == CURVE) {
        node_set(s.bound, ZMQ_CURVE_SERVER, 1);
        node_set_text(s.bound, ZMQ_CURVE_SECRETKEY, server_secret);
        node_set_text(s.connecting, ZMQ_CURVE_SERVERKEY, server_public);
        node_set_text(s.connecting, ZMQ_CURVE_PUBLICKEY, client_public);
        node_set_text(s.connecting, ZMQ_CURVE_SECRETKEY, client_secret);
    }
    node_watch(s.bound);
    node_watch(s.connecting);
    return s;
}

static void join(struct sides *s) {
    node_bind(s->bound);
    node_connect(s->connecting, s->bound->endpoint);
}

static void close_both(struct sides *s) {
    node_close(s->connecting);
    node_close(s->bound);
}

static void check_traffic(struct sides *s) {
    node_send(s->connecting, "'hello'|'you'");
    node_expect(s->bound, "'hello'|'you'");
}

/* ---- what is asked ------------------------------------------------------------------------ */

static const char *credentials(int kind) {
    static char text[200];
    uint8_t key[32];
    if (kind != CURVE)
        return kind == PLAIN ? "'PLAIN'|'admin'|'secret'" : "'NULL'";
    int len = snprintf(text, sizeof text, "'CURVE'|");
    wire_check(zmq_z85_decode(key, client_public), "key");
    for (unsigned i = 0; i < sizeof key; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%02x ", key[i]);
    return text;
}

static void questions(void **state) {
    struct wire *w = *state;
    char address[80] = "'127.0.0.1'";
    struct node *h = handler(w);
    if (w->transport[0] == 'i')
        snprintf(address, sizeof address, "'localhost:%u:%u:%d'", (unsigned)getuid(),
                 (unsigned)getgid(), (int)getpid());
    for (int kind = 0; kind < kinds(); kind++) {
        wire_row = kind;
        struct sides s = sides_of(w, (enum kind)kind);
        node_set_text(s.asking, ZMQ_ROUTING_ID, "till");
        join(&s);
        node_expect(h, "'1.0'|'1'|'shop'|%s|'till'|%s", address,
                    credentials(kind));
        reply(h, "200");
        node_await_event(s.bound, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_await_event(s.connecting, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        check_traffic(&s);
        node_expect_nothing(h, 0); /* once a connection */
        close_both(&s);
    }
}

/* A domain may be empty for PLAIN, and so may names; 255 bytes are the most for each. */
static void extreme_questions(void **state) {
    struct wire *w = *state;
    char longest[256];
    struct node *h = handler(w), *n = node_new(w, ZMQ_PULL), *c = node_new(w, ZMQ_PUSH);
    memset(longest, 'x', 255);
    longest[255] = '\0';
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    node_set_text(c, ZMQ_PLAIN_USERNAME, "admin");
    node_bind(n);
    node_connect(c, n->endpoint);
    node_expect(h, "'1.0'|'1'||'127.0.0.1'||'PLAIN'|'admin'|");
    reply(h, "200");
    node_send(c, "'hello'");
    node_expect(n, "'hello'");
    node_close(c);
    node_close(n);
    n = node_new(w, ZMQ_PULL), c = node_new(w, ZMQ_PUSH);
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    node_set_text(n, ZMQ_ZAP_DOMAIN, longest);
    node_set_text(c, ZMQ_PLAIN_USERNAME, longest);
    node_set_text(c, ZMQ_PLAIN_PASSWORD, longest);
    node_bind(n);
    node_connect(c, n->endpoint);
    node_expect(h, "'1.0'|'1'|'%s'|'127.0.0.1'||'PLAIN'|'%s'|'%s'", longest, longest, longest);
    reply(h, "200");
    node_send(c, "'hello'");
    node_expect(n, "'hello'");
}

static void nobody_is_asked_without_a_domain(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w), *n = node_new(w, ZMQ_PULL), *c = node_new(w, ZMQ_PUSH);
    node_set(n, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
    node_bind(n);
    node_connect(c, n->endpoint);
    node_send(c, "'hello'");
    node_expect(n, "'hello'");
    node_expect_nothing(h, 0);
}

/* inproc has no handshake, and so nobody to ask. */
static void nobody_is_asked_for_inproc(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w), *n = node_new(w, ZMQ_PULL), *c = node_new(w, ZMQ_PUSH);
    node_set_text(n, ZMQ_ZAP_DOMAIN, "shop");
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    wire_check(zmq_bind(n->sock, "inproc://in") == 0, "bind");
    node_connect(c, "inproc://in");
    node_send(c, "'hello'");
    node_expect(n, "'hello'");
    node_expect_nothing(h, 0);
}

/* ---- what answers do ------------------------------------------------------------------------ */

static void expect_property(zmq_msg_t *msg, const char *name, const char *value) {
    const char *got = zmq_msg_gets(msg, name);
    if (!got || !value)
        wire_check(got == value, "%s is %s", name, got ? got : "not there");
    else
        wire_check(strcmp(got, value) == 0, "%s is %s", name, got);
}

static void metadata(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w);
    for (int kind = 0; kind < kinds(); kind++) {
        wire_row = kind;
        struct sides s = sides_of(w, (enum kind)kind);
        zmq_msg_t msg;
        join(&s);
        swallow(h);
        node_send(h, "'1.0'|'1'|'200'|''|'joe'|"
                     "(X-Role=clerk)(User-Id=eve)(Peer-Address=nowhere)(x-role=other)");
        node_await_event(s.connecting, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        check_traffic(&s);
        node_send(s.connecting, "'for me'");
        node_receive(s.bound, &msg);
        bool known = kind != NULL_CONNECTING; /* of whom the other side asks nothing is known */
        expect_property(&msg, "User-Id", known ? "joe" : NULL);
        expect_property(&msg, "X-Role", known ? "clerk" : NULL);
        expect_property(&msg, "x-role", known ? "other" : NULL);
        expect_property(&msg, "Socket-Type", "PUSH");
        if (w->transport[0] == 't')
            expect_property(&msg, "Peer-Address", "127.0.0.1");
        zmq_msg_close(&msg);
        close_both(&s);
    }
}

/* What a peer says of itself never counts as what ZAP says. */
static void spoofed_metadata(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w), *n = node_new(w, ZMQ_PULL);
    struct peer *p;
    zmq_msg_t msg;
    node_set_text(n, ZMQ_ZAP_DOMAIN, "shop");
    node_bind(n);
    p = peer_connect(w, n->endpoint);
    peer_greet(p);
    swallow(h);
    node_send(h, "'1.0'|'1'|'200'||''|(X-Role=clerk)"); /* no user id: an empty one */
    peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
    peer_send(p, "<04 05'READY'(Socket-Type=PUSH)(User-Id=root)(X-Role=boss)(X-Own=1)><00 'x'>");
    node_receive(n, &msg);
    expect_property(&msg, "User-Id", "");
    expect_property(&msg, "X-Role", "clerk");
    expect_property(&msg, "X-Own", "1");
    zmq_msg_close(&msg);
}

static void refusals(void **state) {
    static const char *const statuses[] = {"300", "400", "500"};
    struct wire *w = *state;
    struct node *h = handler(w);
    for (int kind = 0; kind < kinds(); kind++) {
        for (unsigned i = 0; i < 3; i++) {
            wire_row = kind * 10 + (int)i;
            struct sides s = sides_of(w, (enum kind)kind);
            join(&s);
            answer(h, statuses[i]);
            assert_int_equal(node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH),
                             300 + 100 * i);
            if (i > 0) {
                assert_int_equal(node_await_event(s.other, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH),
                                 300 + 100 * i);
            }
            if (i > 0 && wire_is_ours()) {
                node_expect_event(s.asking, ZMQ_EVENT_DISCONNECTED);
                node_expect_event(s.other, ZMQ_EVENT_DISCONNECTED);
                /* And that was it: nobody tries again, so nobody is asked. */
                assert_int_equal(node_next_event(s.connecting, NULL, 60), 0);
                node_expect_nothing(h, 0);
            }
            close_both(&s);
        }
    }
}

/* 300: another time. The connecting side tries again at its ordinary pace. */
static void put_off(void **state) {
    struct wire *w = *state;
    wire_ours_only("libzmq leaves it to the handshake's timer: security.md §2.5");
    struct node *h = handler(w);
    for (int kind = 0; kind < kinds(); kind++) {
        wire_row = kind;
        struct sides s = sides_of(w, (enum kind)kind);
        join(&s);
        for (int i = 0; i < 3; i++) {
            answer(h, "300");
            assert_int_equal(node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH), 300);
            node_expect_event(s.asking, ZMQ_EVENT_DISCONNECTED);
            if (kind != NULL_CONNECTING) {
                node_await_event(s.other, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
                node_expect_event(s.other, ZMQ_EVENT_DISCONNECTED);
            }
            assert_true(node_await_event(s.connecting, ZMQ_EVENT_CONNECT_RETRIED) >= 20);
        }
        answer(h, "200");
        node_await_event(s.bound, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_await_event(s.connecting, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        check_traffic(&s);
        close_both(&s);
    }
}

struct bad_reply {
    const char *frames;
    uint32_t value;
};

#define BAD(name) ZMQ_PROTOCOL_ERROR_ZAP_##name

static const struct bad_reply bad_replies[] = {
    {"'1.0'", BAD(MALFORMED_REPLY)},
    {"'1.0'|'1'|'200'|'ok'|'joe'", BAD(MALFORMED_REPLY)},
    {"'1.0'|'1'|'200'|'ok'|'joe'||", BAD(MALFORMED_REPLY)},
    {"'1.1'|'1'|'200'|'ok'|'joe'|", BAD(BAD_VERSION)},
    {"'1.0'|'2'|'200'|'ok'|'joe'|", BAD(BAD_REQUEST_ID)},
    {"'1.0'|'1'|'201'|'ok'|'joe'|", BAD(INVALID_STATUS_CODE)},
    {"'1.0'|'1'|'600'|'ok'|'joe'|", BAD(INVALID_STATUS_CODE)},
    {"'1.0'|'1'|'2000'|'ok'|'joe'|", BAD(INVALID_STATUS_CODE)},
    {"'1.0'|'1'|''|'ok'|'joe'|", BAD(INVALID_STATUS_CODE)},
    {"'1.0'|'1'|'200'|'ok'|'joe'|01", BAD(INVALID_METADATA)},
    {"'1.0'|'1'|'200'|'ok'|'joe'|01'a' ff ff ff ff 'b'", BAD(INVALID_METADATA)},
};

static void malformed_replies(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w);
    for (int kind = 0; kind < kinds(); kind++) {
        for (size_t i = 0; i < sizeof bad_replies / sizeof bad_replies[0]; i++) {
            wire_row = kind * 100 + (int)i;
            struct sides s = sides_of(w, (enum kind)kind);
            join(&s);
            swallow(h);
            node_send(h, "%s", bad_replies[i].frames);
            assert_int_equal(node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL),
                             bad_replies[i].value);
            if (wire_is_ours())
                node_expect_event(s.asking, ZMQ_EVENT_DISCONNECTED);
            close_both(&s);
        }
    }
}

/* A ROUTER may leave the delimiter out, or put something there. */
static void replies_without_a_delimiter(void **state) {
    static const struct bad_reply rows[] = {
        {"'1.0'|'1'|'200'|'ok'|'joe'|", BAD(MALFORMED_REPLY)},
        {"'x'|'1.0'|'1'|'200'|'ok'|'joe'|", BAD(UNSPECIFIED)},
        {"", BAD(MALFORMED_REPLY)},
    };
    struct wire *w = *state;
    struct node *h = handler_of_type(w, ZMQ_ROUTER);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wire_row = (int)i;
        struct sides s = sides_of(w, PLAIN);
        uint8_t id[256];
        join(&s);
        wire_check(node_poll(h, ZMQ_POLLIN, DEADLINE_MS), "no question");
        int n = zmq_recv(h->sock, id, sizeof id, 0);
        assert_int_equal(n, 5);
        swallow(h);
        assert_int_equal(zmq_send(h->sock, id, (size_t)n, ZMQ_SNDMORE), n);
        node_send(h, "%s", *rows[i].frames ? rows[i].frames : "''");
        assert_int_equal(node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL),
                         rows[i].value);
        close_both(&s);
    }
}

/* ---- handlers that are not there, and those that go --------------------------------------- */

static void no_handler(void **state) {
    struct wire *w = *state;
    for (int enforce = 0; enforce < 2; enforce++) {
        for (int kind = 0; kind < kinds(); kind++) {
            wire_row = enforce * 10 + kind;
            struct sides s = sides_of(w, (enum kind)kind);
            node_set(s.asking, ZMQ_ZAP_ENFORCE_DOMAIN, enforce);
            join(&s);
            if (enforce || kind == PLAIN) {
                assert_int_equal(
                    node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EFAULT);
            } else {
                node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
                check_traffic(&s);
            }
            close_both(&s);
        }
    }
}

/* A handler that comes late: who was refused for want of one comes in. */
static void a_handler_at_last(void **state) {
    struct wire *w = *state;
    wire_ours_only("libzmq waits for the handshake's timer: security.md §2.3");
    for (int kind = 0; kind < kinds(); kind++) {
        wire_row = kind;
        struct sides s = sides_of(w, (enum kind)kind);
        node_set(s.asking, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
        join(&s);
        node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        node_expect_event(s.asking, ZMQ_EVENT_DISCONNECTED);
        node_await_event(s.connecting, ZMQ_EVENT_CONNECT_RETRIED);
        struct node *h = handler(w);
        answer(h, "200");
        node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_await_event(s.other, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        check_traffic(&s);
        close_both(&s);
        node_close(h);
    }
}

/* Somebody else's socket at that name is nobody. */
static void not_a_handler(void **state) {
    static const int types[] = {ZMQ_PULL, ZMQ_PUB, ZMQ_DEALER, ZMQ_PAIR, ZMQ_REQ, ZMQ_XPUB};
    struct wire *w = *state;
    wire_ours_only("libzmq aborts: security.md §2.1");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        wire_row = (int)i;
        struct node *h = handler_of_type(w, types[i]);
        struct sides s = sides_of(w, PLAIN);
        join(&s);
        assert_int_equal(node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EFAULT);
        close_both(&s);
        node_close(h);
    }
}

/* A handler that dies with a question in hand does not let anybody in, also where none at all
 * would have; the next one is asked anew. */
static void a_handler_dies(void **state) {
    struct wire *w = *state;
    wire_ours_only("libzmq waits for the handshake's timer: security.md §2.3");
    for (int kind = 0; kind < kinds(); kind++) {
        for (int taken = 0; taken < 2; taken++) {
            wire_row = kind * 10 + taken;
            struct node *h = handler(w);
            struct sides s = sides_of(w, (enum kind)kind);
            join(&s);
            wire_check(node_poll(h, ZMQ_POLLIN, DEADLINE_MS), "no question");
            if (taken)
                swallow(h);
            node_close(h);
            assert_int_equal(node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL),
                             EFAULT);
            node_expect_event(s.asking, ZMQ_EVENT_DISCONNECTED);
            node_await_event(s.connecting, ZMQ_EVENT_CONNECT_RETRIED);
            close_both(&s);
        }
        struct node *h = handler(w);
        struct sides s = sides_of(w, (enum kind)kind);
        join(&s);
        answer(h, "200");
        node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        close_both(&s);
        node_close(h);
    }
}

/* Unbound, but open: the question it has can be answered, new ones are not put. */
static void a_handler_unbinds(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w);
    struct sides s = sides_of(w, PLAIN);
    join(&s);
    swallow(h);
    assert_int_equal(zmq_unbind(h->sock, ENDPOINT), 0);
    if (wire_is_ours()) {
        reply(h, "200");
        node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        check_traffic(&s);
    }
}

/* ---- a handler that thinks ------------------------------------------------------------------ */

/* A question as a ROUTER has it: whom to answer. */
struct question {
    uint8_t id[5];
};

static struct question take_question(struct node *h) {
    struct question q;
    wire_check(node_poll(h, ZMQ_POLLIN, DEADLINE_MS), "no question");
    assert_int_equal(zmq_recv(h->sock, q.id, sizeof q.id, 0), sizeof q.id);
    swallow(h);
    return q;
}

static void answer_question(struct node *h, const struct question *q, const char *status) {
    assert_int_equal(zmq_send(h->sock, q->id, sizeof q->id, ZMQ_SNDMORE), sizeof q->id);
    node_send(h, "|'1.0'|'1'|'%s'||'joe'|", status);
}

/* While questions are open the asking socket serves its other peers, and answers are taken in
 * any order. */
static void nothing_waits(void **state) {
    enum { VISITORS = 12 };
    struct wire *w = *state;
    struct node *h = handler_of_type(w, ZMQ_ROUTER), *n = node_new(w, ZMQ_PULL);
    struct peer *early, *p[VISITORS];
    struct question q[VISITORS];
    node_set_text(n, ZMQ_ZAP_DOMAIN, "shop");
    node_bind(n);
    early = peer_connect(w, n->endpoint);
    peer_greet(early);
    q[0] = take_question(h);
    answer_question(h, &q[0], "200");
    peer_ready(early, "PUSH");
    for (int i = 0; i < VISITORS; i++) {
        p[i] = peer_connect(w, n->endpoint);
        peer_greet(p[i]);
        peer_send(p[i], "<04 05'READY'(Socket-Type=PUSH)(X-Number=%d)>", i);
        q[i] = take_question(h);
        peer_send(early, "<00 'from the early one'>");
        node_expect(n, "'from the early one'");
    }
    for (int i = VISITORS - 1; i >= 0; i--) {
        answer_question(h, &q[i], i & 1 ? "200" : "400");
        if (i & 1) {
            peer_expect(p[i], "<04 05'READY'(Socket-Type=PULL)>");
            peer_send(p[i], "<00 u16:%d>", i);
            node_expect(n, "u16:%d", i);
        } else {
            peer_expect(p[i], "<04 05'ERROR' 03'400'>");
        }
    }
    peer_expect_open(early);
}

/* The handshake's time goes on meanwhile; an answer that comes after it is nobody's. */
static void late_replies(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w);
    for (int kind = 0; kind < kinds(); kind++) {
        wire_row = kind;
        struct sides s = sides_of(w, (enum kind)kind);
        node_set(s.asking, ZMQ_HANDSHAKE_IVL, 100);
        node_set(s.connecting, ZMQ_RECONNECT_IVL, 5000);
        join(&s);
        swallow(h);
        node_await_event(s.asking, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        node_expect_event(s.asking, ZMQ_EVENT_DISCONNECTED);
        reply(h, "200");
        assert_int_equal(node_next_event(s.asking, NULL, 20) & ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        close_both(&s);
    }
}

/* Who is asked about has left: seen at once, not at the answer. */
static void a_peer_leaves(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w), *n = node_new(w, ZMQ_PULL);
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    node_bind(n);
    node_watch(n);
    struct peer *p = peer_connect(w, n->endpoint);
    peer_send(p, "ff 00*8 7f 03 01 'PLAIN' 00*15 00*32 <04 05'HELLO' 00 00>");
    swallow(h);
    peer_drop(p);
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    reply(h, "200");
    p = peer_connect(w, n->endpoint);
    peer_send(p, "ff 00*8 7f 03 01 'PLAIN' 00*15 00*32 <04 05'HELLO' 00 00>");
    answer(h, "200"); /* the next is asked about as ever */
    peer_expect(p, "ff 00*7 01 7f 03 01 'PLAIN' 00*15 00*32 <04 07'WELCOME'>");
}

/* Sockets and context end with a question open. */
static void ends_while_asked(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w);
    for (int kind = 0; kind < kinds(); kind++) {
        for (int how = 0; how < 3; how++) {
            wire_row = kind * 10 + how;
            struct sides s = sides_of(w, (enum kind)kind);
            join(&s);
            swallow(h);
            if (how == 0)
                assert_int_equal(zmq_unbind(s.bound->sock, s.bound->endpoint), 0);
            else if (how == 1)
                assert_int_equal(zmq_disconnect(s.connecting->sock, s.bound->endpoint), 0);
            close_both(&s);
            reply(h, "200");
        }
    }
    struct sides s = sides_of(w, PLAIN);
    join(&s);
    swallow(h);
    /* The tear-down closes the rest. */
}

/* Many come at once, each is asked about once, and half of them are let in. */
static void a_crowd(void **state) {
    enum { CROWD = 60 };
    struct wire *w = *state;
    struct node *h = handler(w), *n = node_new(w, ZMQ_PULL);
    void *c[CROWD];
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    node_bind(n);
    for (int i = 0; i < CROWD; i++) {
        char name[20];
        c[i] = zmq_socket(w->ctx, ZMQ_PUSH);
        int len = snprintf(name, sizeof name, "%d", i), zero = 0;
        assert_non_null(c[i]);
        assert_int_equal(zmq_setsockopt(c[i], ZMQ_LINGER, &zero, sizeof zero), 0);
        assert_int_equal(zmq_setsockopt(c[i], ZMQ_PLAIN_USERNAME, name, (size_t)len), 0);
        assert_int_equal(zmq_connect(c[i], n->endpoint), 0);
        assert_int_equal(zmq_send(c[i], &i, sizeof i, ZMQ_DONTWAIT), sizeof i);
    }
    for (int i = 0; i < CROWD; i++) {
        char user[20] = "";
        zmq_msg_t msg;
        for (int part = 0; part < 8; part++) {
            node_receive(h, &msg);
            if (part == 6)
                memcpy(user, zmq_msg_data(&msg), zmq_msg_size(&msg));
            zmq_msg_close(&msg);
        }
        reply(h, user[strlen(user) - 1] & 1 ? "200" : "400");
    }
    bool came[CROWD] = {false};
    for (int i = 0; i < CROWD / 2; i++) {
        int who;
        wire_check(node_poll(n, ZMQ_POLLIN, DEADLINE_MS), "only %d came", i);
        assert_int_equal(zmq_recv(n->sock, &who, sizeof who, 0), sizeof who);
        assert_true(who & 1 && !came[who]);
        came[who] = true;
    }
    node_expect_nothing(n, 20);
    for (int i = 0; i < CROWD; i++)
        zmq_close(c[i]);
}

int main(void) {
    if (zmq_has("curve") && (zmq_curve_keypair(server_public, server_secret) ||
                             zmq_curve_keypair(client_public, client_secret)))
        return 1;
    const struct CMUnitTest tests[] = {
        ON_BOTH(questions),
        ON_TCP(extreme_questions),
        ON_TCP(nobody_is_asked_without_a_domain),
        ON_TCP(nobody_is_asked_for_inproc),
        ON_BOTH(metadata),
        ON_TCP(spoofed_metadata),
        ON_BOTH(refusals),
        ON_BOTH(put_off),
        ON_TCP(malformed_replies),
        ON_TCP(replies_without_a_delimiter),
        ON_BOTH(no_handler),
        ON_TCP(a_handler_at_last),
        ON_TCP(not_a_handler),
        ON_BOTH(a_handler_dies),
        ON_TCP(a_handler_unbinds),
        ON_BOTH(nothing_waits),
        ON_TCP(late_replies),
        ON_BOTH(a_peer_leaves),
        ON_BOTH(ends_while_asked),
        ON_BOTH(a_crowd),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
