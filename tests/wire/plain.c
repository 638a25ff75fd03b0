/* SPDX-License-Identifier: MIT */
/* PLAIN, byte for byte and bad ones: security.md §1, §3; events: zmtp.md §12. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLAIN_GREETING "ff 00*8 7f 03 01 'PLAIN' 00*15 00*32 "
#define OUR_GREETING "ff 00*7 01 7f 03 01 'PLAIN' 00*15 00*32"
#define HELLO "<04 05'HELLO' 05'admin' 06'secret'> "
#define WELCOME "<04 07'WELCOME'> "
#define INITIATE "<04 08'INITIATE'(Socket-Type=PUSH)> "
#define READY "<04 05'READY'(Socket-Type=PULL)> "

/* A ZAP handler that the test itself plays. */
static struct node *handler(struct wire *w) {
    struct node *h = node_new(w, ZMQ_REP);
    wire_check(zmq_bind(h->sock, "inproc://zeromq.zap.01") == 0, "%s", zmq_strerror(errno));
    return h;
}

static void expect_question(struct node *h) {
    node_expect(h, "'1.0'|'1'|'shop'|'127.0.0.1'|'till'|'PLAIN'|'admin'|'secret'");
}

/* The same, whatever it says. */
static void swallow_question(struct node *h) {
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

static struct node *server(struct wire *w) {
    struct node *n = node_new(w, ZMQ_PULL);
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    node_set_text(n, ZMQ_ZAP_DOMAIN, "shop");
    node_set_text(n, ZMQ_ROUTING_ID, "till");
    node_bind(n);
    node_watch(n);
    return n;
}

static struct peer *visitor(struct node *n) {
    struct peer *p = peer_connect(n->world, n->endpoint);
    /* Its routing id, four bytes, shows in the length it announces. */
    peer_send(p, PLAIN_GREETING);
    peer_expect(p, "ff 00*7 05 7f 03 01 'PLAIN' 00*15 00*32");
    return p;
}

static struct node *client(struct wire *w) {
    struct node *n = node_new(w, ZMQ_PUSH);
    node_set_text(n, ZMQ_PLAIN_USERNAME, "admin");
    node_set_text(n, ZMQ_PLAIN_PASSWORD, "secret");
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    node_watch(n);
    return n;
}

/* The client has sent its HELLO. */
static struct peer *visited(struct peer *l) {
    struct peer *p = peer_accept(l);
    peer_send(p, PLAIN_GREETING);
    peer_expect(p, OUR_GREETING);
    peer_expect(p, "04 13 05 48 45 4c 4c 4f 05 61 64 6d 69 6e 06 73 65 63 72 65 74");
    return p;
}

/* libzmq may leave a monitored connection open (zmtp.md §12). */
static void expect_end(struct node *n, struct peer *p) {
    if (!wire_is_ours())
        return;
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    peer_await_close(p);
}

/* ---- the server ------------------------------------------------------------------------ */

static void server_opens(void **state) {
    static const enum peer_feed feeds[] = {FEED_WHOLE, FEED_BYTES};
    struct wire *w = *state;
    struct node *h = handler(w), *n = server(w);
    for (int i = 0; i < (w->transport[0] == 'i' ? 2 : 1); i++) {
        wire_row = i;
        struct peer *p = visitor(n);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        p->feed = feeds[i];
        peer_send(p, HELLO);
        if (w->transport[0] == 't')
            expect_question(h);
        else
            swallow_question(h);
        reply(h, "200");
        peer_expect(p, "04 08 07 57 45 4c 43 4f 4d 45");
        peer_send(p, INITIATE);
        peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
        node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        peer_send(p, "<00 'hello'>");
        node_expect(n, "'hello'");
        peer_expect_open(p);
        peer_drop(p);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

static void server_of_no_names(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w), *n = server(w);
    struct peer *p = visitor(n);
    peer_send(p, "<04 05'HELLO' 00 00>");
    swallow_question(h);
    reply(h, "200");
    peer_expect(p, WELCOME);
    peer_send(p, "<04 08'INITIATE'>"); /* says nothing about itself */
    peer_expect(p, READY);
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

struct bad {
    const char *script;
    int event;
    uint32_t value;
};

#define REFUSED(name) ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_##name

static const struct bad bad_hellos[] = {
    {"<04 05'HELLO' 05'admin' 06'secre'>", REFUSED(MALFORMED_COMMAND_HELLO)},
    {"<04 05'HELLO' 05'admin'>", REFUSED(MALFORMED_COMMAND_HELLO)},
    {"<04 05'HELLO' ff'admin' 06'secret'>", REFUSED(MALFORMED_COMMAND_HELLO)},
    {"<04 05'HELLO' 05'admin' 06'secret' 00>", REFUSED(MALFORMED_COMMAND_HELLO)},
    {"<04 05'HELLP' 05'admin' 06'secret'>", REFUSED(UNEXPECTED_COMMAND)},
    {"<04 05'hello' 05'admin' 06'secret'>", REFUSED(UNEXPECTED_COMMAND)},
    {"<04 06'HELLO2' 05'admin' 06'secret'>", REFUSED(UNEXPECTED_COMMAND)},
    {INITIATE, REFUSED(UNEXPECTED_COMMAND)},
    {WELCOME, REFUSED(UNEXPECTED_COMMAND)},
    {READY, REFUSED(UNEXPECTED_COMMAND)},
    {"<04 05'ERROR' 03'400'>", REFUSED(UNEXPECTED_COMMAND)},
    {"<04 ff>", REFUSED(MALFORMED_COMMAND_UNSPECIFIED)},
    {"<04 00>", REFUSED(MALFORMED_COMMAND_UNSPECIFIED)},
    {"<04 05'HELL'>", REFUSED(MALFORMED_COMMAND_UNSPECIFIED)},
};

static void server_hears_a_bad_hello(void **state) {
    struct node *n = server(*state);
    for (size_t i = 0; i < sizeof bad_hellos / sizeof bad_hellos[0]; i++) {
        wire_row = (int)i;
        struct peer *p = visitor(n);
        peer_send(p, "%s", bad_hellos[i].script);
        assert_int_equal(node_await_event(n, bad_hellos[i].event), bad_hellos[i].value);
        expect_end(n, p);
        peer_drop(p);
    }
}

/* Nobody who can wait for WELCOME goes on before it. */
static void server_hears_too_much(void **state) {
    static const char *const more[] = {HELLO, INITIATE, WELCOME, "<00 'traffic'>"};
    struct node *h = handler(*state), *n = server(*state);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        wire_row = (int)i;
        struct peer *p = visitor(n);
        peer_send(p, HELLO);
        swallow_question(h);
        peer_send(p, "%s", more[i]);
        assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL),
                         ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
        expect_end(n, p);
        reply(h, "200"); /* too late: goes nowhere */
        peer_drop(p);
    }
}

static const struct bad bad_initiates[] = {
    {HELLO, REFUSED(UNEXPECTED_COMMAND)},
    {WELCOME, REFUSED(UNEXPECTED_COMMAND)},
    {"<04 05'READY'(Socket-Type=PUSH)>", REFUSED(UNEXPECTED_COMMAND)},
    {"<04 00>", REFUSED(UNEXPECTED_COMMAND)},
    {"<04 09'INITIATE'>", REFUSED(UNEXPECTED_COMMAND)},
    /* Bad properties: the end, and no event but that. */
    {"<04 08'INITIATE' 0b'Socket-Typ'>", ZMQ_EVENT_DISCONNECTED, 0},
    {"<04 08'INITIATE' (Socket-Type=PUSH) 00>", ZMQ_EVENT_DISCONNECTED, 0},
    {"<04 08'INITIATE' (Socket-Type=PUB)>", ZMQ_EVENT_DISCONNECTED, 0},
    {"<04 08'INITIATE' 0b'Socket-Type' ff ff ff ff 'PUSH'>", ZMQ_EVENT_DISCONNECTED, 0},
};

static void server_hears_a_bad_initiate(void **state) {
    struct node *h = handler(*state), *n = server(*state);
    for (size_t i = 0; i < sizeof bad_initiates / sizeof bad_initiates[0]; i++) {
        const struct bad *b = &bad_initiates[i];
        wire_row = (int)i;
        struct peer *p = visitor(n);
        node_await_event(n, ZMQ_EVENT_ACCEPTED);
        peer_send(p, HELLO);
        swallow_question(h);
        reply(h, "200");
        peer_expect(p, WELCOME);
        peer_send(p, "%s", b->script);
        uint32_t value = node_expect_event(n, b->event);
        if (b->event != ZMQ_EVENT_DISCONNECTED) {
            assert_int_equal(value, b->value);
            expect_end(n, p);
        }
        peer_drop(p);
    }
}

/* security.md §2.5: 300 is silence, 400 and 500 are said. */
static void server_refuses(void **state) {
    static const struct {
        const char *status;
        const char *said;
    } rows[] = {
        {"300", ""},
        {"400", "04 09 5e 52 52 4f 52 03 34 30 30"},
        {"500", "04 09 5e 52 52 4f 52 03 35 30 30"},
    };
    struct node *h = handler(*state), *n = server(*state);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wire_row = (int)i;
        struct peer *p = visitor(n);
        peer_send(p, HELLO);
        swallow_question(h);
        reply(h, rows[i].status);
        assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH), 300 + 100 * i);
        peer_expect(p, "%s", rows[i].said);
        if (wire_is_ours()) {
            node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
            peer_expect_close(p);
        }
        peer_drop(p);
    }
}

static void server_without_a_handler(void **state) {
    struct node *n = server(*state);
    struct peer *p = visitor(n);
    peer_send(p, HELLO);
    assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EFAULT);
    expect_end(n, p);
}

static void server_that_must_not_ask(void **state) {
    struct wire *w = *state;
    wire_ours_only("libzmq aborts: security.md §2.3");
    struct node *h = handler(w), *n = node_new(w, ZMQ_PULL);
    struct peer *p;
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    node_set(n, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
    node_bind(n);
    node_watch(n);
    p = peer_connect(w, n->endpoint);
    peer_send(p, PLAIN_GREETING HELLO);
    assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EFAULT);
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    peer_await_close(p);
    node_expect_nothing(h, 0);
}

static void server_limits_what_it_reads(void **state) {
    wire_ours_only("libzmq allocates what a stranger announces: zmtp.md §5.3");
    struct node *n = server(*state);
    struct peer *p = visitor(n);
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    peer_send(p, "06 u64:1000000 05'HELLO'");
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    peer_await_close(p);
    p = visitor(n);
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    peer_send(p, "06 u64:18446744073709551615 05'HELLO'");
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    peer_await_close(p);
}

static void server_is_not_kept_waiting(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL);
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    node_set(n, ZMQ_HANDSHAKE_IVL, 150);
    node_bind(n);
    node_watch(n);
    struct peer *p = peer_connect(w, n->endpoint);
    peer_send(p, PLAIN_GREETING "04 13 05'HEL'"); /* and never the rest */
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    peer_await_close(p);
}

static void server_is_left(void **state) {
    static const char *const parts[] = {"", "04 13", "04 13 05'HELLO' 05'adm'"};
    struct node *n = server(*state);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        wire_row = (int)i;
        struct peer *p = visitor(n);
        peer_send(p, "%s", parts[i]);
        peer_drop(p);
        uint32_t value = node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        assert_true(value == EPIPE || value == ECONNRESET);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

static const char *const other_greetings[] = {
    "ff 00*8 7f 03 01 'NULL' 00*16 00*32", "ff 00*8 7f 03 01 'CURVE' 00*15 00*32",
    "ff 00*8 7f 03 01 'PLAIN2' 00*14 00*32", "ff 00*8 7f 03 01 'PLAIN' 00 01 00*13 00*32",
    "ff 00*8 7f 03 01 'plain' 00*15 00*32"};

static void server_meets_other_mechanisms(void **state) {
    struct node *n = server(*state);
    for (size_t i = 0; i < sizeof other_greetings / sizeof other_greetings[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(n->world, n->endpoint);
        peer_send(p, "%s", other_greetings[i]);
        assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL),
                         ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
        expect_end(n, p);
        peer_drop(p);
    }
}

/* security.md §7: an older version must not be a way round the mechanism. */
static void server_meets_old_peers(void **state) {
    static const char *const greetings[] = {"01 00", "ff 00*8 7f 00 08", "ff 00*8 7f 01 08"};
    struct node *n = server(*state);
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(n->world, n->endpoint);
        node_await_event(n, ZMQ_EVENT_ACCEPTED);
        peer_send(p, "%s 00*20", greetings[i]);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        peer_await_close(p);
        peer_drop(p);
    }
}

/* ---- the client -------------------------------------------------------------------------- */

static void client_opens(void **state) {
    struct node *n = client(*state);
    struct peer *l = peer_listen(*state), *p;
    node_connect(n, l->address);
    p = visited(l);
    node_expect_connected(n);
    peer_send(p, WELCOME);
    peer_expect(p, INITIATE);
    peer_send(p, READY);
    node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    node_send(n, "'hello'");
    peer_expect(p, "<00 'hello'>");
    peer_expect_open(p);
}

static const struct bad bad_answers[] = {
    {READY, REFUSED(UNEXPECTED_COMMAND)},
    {HELLO, REFUSED(UNEXPECTED_COMMAND)},
    {INITIATE, REFUSED(UNEXPECTED_COMMAND)},
    {"<04 07'WELCOMF'>", REFUSED(UNEXPECTED_COMMAND)},
    {"<04 07'WELCOM'>", REFUSED(UNEXPECTED_COMMAND)},
    {"<04 07'WELCOME' 00>", REFUSED(MALFORMED_COMMAND_WELCOME)},
    {"<04 5e'RROR' 03'40'>", REFUSED(MALFORMED_COMMAND_ERROR)},
    {"<04 5e'RROR' 03'300'>", ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 300},
    {"<04 5e'RROR' 03'400'>", ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400},
    {"<04 5e'RROR' 03'500'>", ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 500},
};

/* None of them is worth a second try. */
static void check_answers(struct wire *w, const char *before, const struct bad *rows,
                          size_t n_rows) {
    for (size_t i = 0; i < n_rows; i++) {
        wire_row = (int)i;
        struct node *n = client(w);
        struct peer *l = peer_listen(w), *p;
        node_connect(n, l->address);
        p = visited(l);
        peer_send(p, "%s", before);
        if (*before)
            peer_expect(p, INITIATE);
        peer_send(p, "%s", rows[i].script);
        assert_int_equal(node_await_event(n, rows[i].event), rows[i].value);
        expect_end(n, p);
        if (wire_is_ours())
            assert_int_equal(node_next_event(n, NULL, 10), 0);
        peer_expect_nobody(l, 10);
        node_close(n);
        peer_drop(p);
        peer_drop(l);
    }
}

static void client_is_answered_wrongly(void **state) {
    check_answers(*state, "", bad_answers, sizeof bad_answers / sizeof bad_answers[0]);
}

static void client_is_refused_late(void **state) {
    static const struct bad rows[] = {
        {WELCOME, REFUSED(UNEXPECTED_COMMAND)},
        {"<04 5e'RROR' 03'400'>", ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400},
    };
    check_answers(*state, WELCOME, rows, sizeof rows / sizeof rows[0]);
}

/* The form of RFC 24, which libzmq's client does not know. */
static void client_is_refused_by_the_book(void **state) {
    static const struct bad rows[] = {
        {"<04 05'ERROR' 03'400'>", ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400},
        {"<04 05'ERROR'>", REFUSED(MALFORMED_COMMAND_ERROR)},
    };
    wire_ours_only("libzmq expects another first byte: security.md §3");
    check_answers(*state, "", rows, sizeof rows / sizeof rows[0]);
}

static void client_reads_bad_properties(void **state) {
    static const struct bad rows[] = {
        {"<04 05'READY' (Socket-Type=PUB)>", REFUSED(INVALID_METADATA)},
        {"<04 05'READY' 0b'Socket-Typ'>", REFUSED(INVALID_METADATA)},
    };
    wire_ours_only("libzmq only stops reading when it is monitored: zmtp.md §12");
    check_answers(*state, WELCOME, rows, sizeof rows / sizeof rows[0]);
}

static void client_meets_other_mechanisms(void **state) {
    for (size_t i = 0; i < sizeof other_greetings / sizeof other_greetings[0]; i++) {
        wire_row = (int)i;
        struct node *n = client(*state);
        struct peer *l = peer_listen(*state), *p;
        node_connect(n, l->address);
        p = peer_accept(l);
        peer_send(p, "%s", other_greetings[i]);
        assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL),
                         ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
        expect_end(n, p);
        peer_expect_nobody(l, 10);
        node_close(n);
        peer_drop(p);
        peer_drop(l);
    }
}

/* Silence and an end, as after a 300: another try. */
static void client_comes_back(void **state) {
    struct node *n = client(*state);
    struct peer *l = peer_listen(*state), *p;
    node_connect(n, l->address);
    p = visited(l);
    peer_half_close(p);
    uint32_t value = node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
    assert_true(value == EPIPE || value == ECONNRESET);
    node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
    node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
    peer_drop(p);
    p = visited(l);
    peer_send(p, WELCOME READY);
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

/* ---- a crowd ---------------------------------------------------------------------------- */

enum { CROWD = 40, CROWDS = 4 };

/* Whoever is asked about comes in. */
static void let_in(struct node *h, struct peer *p) {
    while (!wire_readable(p->fd, 0)) {
        if (!node_poll(h, ZMQ_POLLIN, 5))
            continue;
        swallow_question(h);
        reply(h, "200");
    }
}

/* Each stops at another place: connected, half a greeting, greeted, half a HELLO; WELCOME heard,
 * half an INITIATE; asked about and not answered. */
static struct peer *half_done(struct node *n, struct node *h, int i) {
    int place = i < CROWD / 2 ? i % 6 : 6;
    struct peer *p = peer_connect(n->world, n->endpoint);
    if (place == 0)
        return p;
    peer_send(p, place == 1 ? "ff 00*8 7f 03" : PLAIN_GREETING);
    if (place <= 2)
        return p;
    peer_expect(p, OUR_GREETING);
    peer_send(p, place == 3 ? "04 13 05'HELLO' 05'adm'" : HELLO);
    if (place == 3 || place == 6)
        return p;
    let_in(h, p);
    peer_expect(p, WELCOME);
    if (place == 5)
        peer_send(p, "04 1d 08'INITIATE' 0b'Socket'");
    return p;
}

/* Strangers, however many and wherever they stop, hold up nobody who has come in. */
static void server_amid_a_crowd(void **state) {
    struct wire *w = *state;
    struct node *h = handler(w), *n = node_new(w, ZMQ_PUSH), *good = node_new(w, ZMQ_PULL);
    struct peer *crowd[CROWD];
    node_set(n, ZMQ_PLAIN_SERVER, 1);
    node_set_text(n, ZMQ_ZAP_DOMAIN, "shop");
    node_bind(n);
    node_set_text(good, ZMQ_PLAIN_USERNAME, "admin");
    node_set_text(good, ZMQ_PLAIN_PASSWORD, "secret");
    node_connect(good, n->endpoint);
    swallow_question(h);
    reply(h, "200");
    node_send(n, "'first'");
    node_expect(good, "'first'");
    for (int round = 0; round < CROWDS; round++) {
        for (int i = 0; i < CROWD; i++) {
            crowd[i] = half_done(n, h, i);
            node_send(n, "'%d'", i);
            node_expect(good, "'%d'", i);
        }
        for (int i = 0; i < CROWD; i++)
            peer_drop(crowd[i]);
        node_send(n, "'round'");
        node_expect(good, "'round'");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(server_opens),
        ON_TCP(server_of_no_names),
        ON_BOTH(server_hears_a_bad_hello),
        ON_TCP(server_hears_too_much),
        ON_BOTH(server_hears_a_bad_initiate),
        ON_BOTH(server_refuses),
        ON_BOTH(server_without_a_handler),
        ON_TCP(server_that_must_not_ask),
        ON_TCP(server_limits_what_it_reads),
        ON_TCP(server_is_not_kept_waiting),
        ON_TCP(server_is_left),
        ON_TCP(server_meets_other_mechanisms),
        ON_BOTH(server_meets_old_peers),
        ON_BOTH(client_opens),
        ON_TCP(client_is_answered_wrongly),
        ON_BOTH(client_is_refused_late),
        ON_TCP(client_is_refused_by_the_book),
        ON_TCP(client_reads_bad_properties),
        ON_TCP(client_meets_other_mechanisms),
        ON_BOTH(client_comes_back),
        ON_BOTH(server_amid_a_crowd),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
