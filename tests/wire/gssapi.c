/* SPDX-License-Identifier: MIT */
/*
 * GSSAPI, byte for byte and bad ones (security.md §5), on a GSS-API whose tokens are known
 * (gssapi/fake_gss.h); what Kerberos makes of it is shown by interop_gssapi.
 */
#include "gssapi/fake_gss.h"
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GREETING "ff 00*8 7f 03 01 'GSSAPI' 00*14 00*32 "
#define OUR_GREETING "ff 00*7 01 7f 03 01 'GSSAPI' 00*14 00*32"
#define TOKEN(size, text) "<04 08'INITIATE' 00 00 00 " size " '" text "'> "
#define ONE TOKEN("03", "one")
#define TWO TOKEN("03", "two")
#define LAST "04 00 "
#define READY(type) "05'READY'(Socket-Type=" type ")"

/* A message of this text, wrapped, in a frame of these flags. */
static void send_wrapped(struct peer *p, uint8_t frame, uint8_t inner, const char *script) {
    enum { NAME = 8, LENGTH = 4 };
    struct bytes text = {0};
    script_parse(&text, "%s", script);
    size_t token = 1 + text.len + FAKE_HEAD + FAKE_TAIL, size = NAME + LENGTH + token;
    uint8_t *plain = malloc(1 + text.len), *out = malloc(2 + size);
    assert_non_null(plain);
    assert_non_null(out);
    assert_true(size <= 255);
    plain[0] = inner;
    if (text.len)
        memcpy(plain + 1, text.data, text.len);
    out[0] = frame;
    out[1] = (uint8_t)size;
    memcpy(out + 2, "\7MESSAGE\0\0\0", NAME + LENGTH - 1);
    out[2 + NAME + LENGTH - 1] = (uint8_t)token;
    fake_gss_wrap(out + 2 + NAME + LENGTH, plain, 1 + text.len);
    peer_send_bytes(p, out, 2 + size);
    free(plain);
    free(out);
    bytes_free(&text);
}

static void expect_wrapped(struct peer *p, uint8_t frame, uint8_t inner, const char *script) {
    struct bytes text = {0};
    struct frame f;
    script_parse(&text, "%s", script);
    peer_read_frame(p, &f);
    size_t size = 1 + text.len;
    assert_int_equal(f.flags, frame);
    assert_int_equal(f.len, 12 + FAKE_HEAD + size + FAKE_TAIL);
    uint8_t *plain = malloc(size), *want = malloc(size + FAKE_HEAD + FAKE_TAIL);
    assert_non_null(plain);
    assert_non_null(want);
    plain[0] = inner;
    if (text.len)
        memcpy(plain + 1, text.data, text.len);
    fake_gss_wrap(want, plain, size);
    assert_memory_equal(f.body, "\7MESSAGE\0\0", 10);
    assert_memory_equal(f.body + 12, want, f.len - 12);
    free(plain);
    free(want);
    free(f.body);
    bytes_free(&text);
}

static struct node *server(struct wire *w, int type, int plain) {
    struct node *n = node_new(w, type);
    node_set(n, ZMQ_GSSAPI_SERVER, 1);
    node_set(n, ZMQ_GSSAPI_PLAINTEXT, plain);
    node_set(n, ZMQ_HANDSHAKE_IVL, 20000);
    node_bind(n);
    node_watch(n);
    return n;
}

static struct peer *visitor(struct node *n) {
    struct peer *p = peer_connect(n->world, n->endpoint);
    peer_send(p, GREETING);
    peer_expect(p, OUR_GREETING);
    node_await_event(n, ZMQ_EVENT_ACCEPTED);
    return p;
}

static struct node *client(struct wire *w, int type, int plain) {
    struct node *n = node_new(w, type);
    node_set_text(n, ZMQ_GSSAPI_SERVICE_PRINCIPAL, "service");
    node_set(n, ZMQ_GSSAPI_PLAINTEXT, plain);
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    node_watch(n);
    return n;
}

/* The client has sent its first token. */
static struct peer *visited(struct peer *l) {
    struct peer *p = peer_accept(l);
    peer_send(p, GREETING);
    peer_expect(p, OUR_GREETING);
    peer_expect(p, ONE);
    return p;
}

static struct peer *established(struct node *n) {
    struct peer *p = visitor(n);
    peer_send(p, ONE);
    peer_expect(p, TWO);
    return p;
}

static void expect_end(struct node *n, struct peer *p) {
    node_await_event(n, ZMQ_EVENT_DISCONNECTED);
    peer_await_close(p);
}

static void expect_refusal(struct node *n, struct peer *p, uint32_t value) {
    assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL), value);
    expect_end(n, p);
    peer_drop(p);
}

/* ---- those that open ------------------------------------------------------------------------ */

static void server_opens(void **state) {
    struct wire *w = *state;
    struct node *n = server(w, ZMQ_PAIR, 0);
    /* libzmq gets lost where a message comes byte by byte. */
    for (int i = 0; i < (w->transport[0] == 'i' && wire_is_ours() ? 2 : 1); i++) {
        struct peer *p = visitor(n);
        p->feed = i ? FEED_BYTES : FEED_WHOLE;
        peer_send(p, ONE);
        peer_expect(p, TWO);
        peer_send(p, LAST);
        expect_wrapped(p, 4, 0, READY("PAIR"));
        send_wrapped(p, 4, 0, READY("PAIR"));
        node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        send_wrapped(p, 0, 1, "'a'");
        send_wrapped(p, 0, 0, "'bc'");
        node_expect(n, "'a'|'bc'");
        node_send(n, "'x'|");
        expect_wrapped(p, 0, 1, "'x'");
        expect_wrapped(p, 0, 0, "");
        send_wrapped(p, 0, 2, "04'PING' 00 00 'q'");
        expect_wrapped(p, 0, 2, "04'PONG' 'q'");
        peer_drop(p);
        node_await_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

static void server_opens_plain(void **state) {
    struct node *n = server(*state, ZMQ_PULL, 1);
    struct peer *p = established(n);
    peer_send(p, TOKEN("04", "last") "<04 " READY("PUSH") "> <00 'hello'>");
    peer_expect(p, "<04 " READY("PULL") ">");
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    node_expect(n, "'hello'");
    peer_expect_open(p);
}

static void server_takes_its_rounds(void **state) {
    wire_ours_only("libzmq goes on for ever");
    struct node *n = server(*state, ZMQ_PULL, 1);
    struct peer *p = visitor(n);
    for (int i = 0; i < 7; i++) {
        peer_send(p, TOKEN("01", "M"));
        peer_expect(p, TOKEN("04", "more"));
    }
    peer_send(p, TOKEN("01", "N"));
    peer_expect(p, LAST);
    peer_send(p, LAST);
    peer_expect(p, "<04 " READY("PULL") ">");
    p = visitor(n);
    for (int i = 0; i < 8; i++) {
        peer_send(p, TOKEN("01", "M"));
        peer_expect(p, TOKEN("04", "more"));
    }
    peer_send(p, ONE);
    expect_refusal(n, p, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
}

static void client_opens(void **state) {
    static const struct {
        const char *answer, *last;
    } rows[] = {{TWO, LAST}, {TOKEN("01", "L"), TOKEN("04", "last")}};
    for (int i = 0; i < 2; i++) {
        struct node *n = client(*state, ZMQ_PAIR, 0);
        struct peer *l = peer_listen(*state), *p;
        node_connect(n, l->address);
        p = visited(l);
        peer_send(p, "%s", rows[i].answer);
        peer_expect(p, "%s", rows[i].last);
        send_wrapped(p, 4, 0, READY("PAIR"));
        expect_wrapped(p, 4, 0, READY("PAIR"));
        node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_send(n, "'hello'");
        expect_wrapped(p, 0, 0, "'hello'");
        node_close(n);
        peer_drop(p);
        peer_drop(l);
    }
}

/* Marks of newer peers are read; ours go as every peer reads them. */
static void subscriptions(void **state) {
    wire_ours_only("libzmq loses the mark of a subscription");
    struct node *n = server(*state, ZMQ_XPUB, 0);
    struct peer *p = established(n);
    peer_send(p, LAST);
    expect_wrapped(p, 4, 0, READY("XPUB"));
    send_wrapped(p, 4, 0, READY("SUB"));
    send_wrapped(p, 0, 4, "'he'");
    node_expect(n, "01 'he'");
    send_wrapped(p, 0, 8, "'he'");
    node_expect(n, "00 'he'");
    send_wrapped(p, 0, 0, "01 'yo'");
    node_expect(n, "01 'yo'");
    node_send(n, "'you'");
    expect_wrapped(p, 0, 0, "'you'");
    n = client(*state, ZMQ_XSUB, 0);
    struct peer *l = peer_listen(*state);
    node_connect(n, l->address);
    p = visited(l);
    peer_send(p, TWO);
    peer_expect(p, LAST);
    send_wrapped(p, 4, 0, READY("PUB"));
    expect_wrapped(p, 4, 0, READY("XSUB"));
    node_send(n, "01 'he'");
    expect_wrapped(p, 0, 0, "01 'he'");
    node_send(n, "00 'he'");
    expect_wrapped(p, 0, 0, "00 'he'");
}

/* A stream may take what it likes in one read: what comes early waits. */
static void all_at_once(void **state) {
    wire_ours_only("libzmq closes if more comes with the greeting");
    struct node *n = server(*state, ZMQ_PULL, 1);
    struct peer *p = peer_connect(n->world, n->endpoint);
    peer_send(p, GREETING ONE LAST "<04 " READY("PUSH") "> <00 'hello'>");
    peer_expect(p, OUR_GREETING);
    peer_expect(p, TWO);
    peer_expect(p, "<04 " READY("PULL") ">");
    node_expect(n, "'hello'");
}

/* ---- those that do not ----------------------------------------------------------------------- */

struct bad {
    const char *script;
    uint32_t value;
};

#define BAD(name) ZMQ_PROTOCOL_ERROR_ZMTP_##name

static const struct bad bad_tokens[] = {
    {"<04 08'INITIATE'>", BAD(MALFORMED_COMMAND_INITIATE)},
    {"<04 08'INITIATE' 00 00 00>", BAD(MALFORMED_COMMAND_INITIATE)},
    {"<04 08'INITIATE' 00 00 00 04 'one'>", BAD(MALFORMED_COMMAND_INITIATE)},
    {"<04 08'INITIATE' 00 00 00 02 'one'>", BAD(MALFORMED_COMMAND_INITIATE)},
    {"<04 08'INITIATE' ff ff ff ff 'one'>", BAD(MALFORMED_COMMAND_INITIATE)},
    {"<04 08'INITIATF' 00 00 00 03 'one'>", BAD(UNEXPECTED_COMMAND)},
    {"<04 08'INIT'>", BAD(UNEXPECTED_COMMAND)},
    {LAST, BAD(UNEXPECTED_COMMAND)},
    {"<04 " READY("PUSH") ">", BAD(UNEXPECTED_COMMAND)},
    {"<04 07'MESSAGE' 00 00 00 03 'one'>", BAD(UNEXPECTED_COMMAND)},
    {"<04 05'HELLO' 00 00>", BAD(UNEXPECTED_COMMAND)},
    {"<04 05'ERROR' 03'400'>", BAD(UNEXPECTED_COMMAND)},
};

static void bad_first_token(void **state) {
    wire_ours_only("libzmq tells of them all as a malformed INITIATE");
    struct node *n = server(*state, ZMQ_PULL, 0);
    for (size_t i = 0; i < sizeof bad_tokens / sizeof bad_tokens[0]; i++) {
        wire_row = (int)i;
        struct peer *p = visitor(n);
        peer_send(p, "%s", bad_tokens[i].script);
        expect_refusal(n, p, bad_tokens[i].value);
    }
}

static void bad_answer(void **state) {
    wire_ours_only("libzmq tells of them all as a malformed INITIATE");
    for (size_t i = 0; i < sizeof bad_tokens / sizeof bad_tokens[0]; i++) {
        struct node *n = client(*state, ZMQ_PUSH, 0);
        struct peer *l = peer_listen(*state);
        wire_row = (int)i;
        node_connect(n, l->address);
        struct peer *p = visited(l);
        peer_send(p, "%s", bad_tokens[i].script);
        expect_refusal(n, p, bad_tokens[i].value);
        peer_expect_nobody(l, 10);
        node_close(n);
        peer_drop(l);
    }
}

/* GSS-API itself refuses: libzmq says nothing of the reason either, but only after its time. */
static void refused_tokens(void **state) {
    wire_ours_only("libzmq is silent until its time is up");
    struct node *n = server(*state, ZMQ_PULL, 0);
    struct peer *p = visitor(n);
    peer_send(p, TOKEN("01", "F"));
    assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EACCES);
    expect_end(n, p);
    static const char *const answers[] = {TOKEN("01", "F"), TOKEN("01", "W")};
    n = client(*state, ZMQ_PUSH, 0);
    struct peer *l = peer_listen(*state);
    node_connect(n, l->address);
    uint32_t before = 0;
    for (int i = 0; i < 4; i++) {
        p = visited(l);
        peer_send(p, "%s", answers[i & 1]);
        assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EACCES);
        peer_await_close(p);
        uint32_t ms = node_await_event(n, ZMQ_EVENT_CONNECT_RETRIED);
        assert_true(ms >= 10 && ms >= 2 * before);
        before = ms;
    }
    p = visited(l);
    peer_send(p, TWO);
    peer_expect(p, LAST);
}

static void no_credentials(void **state) {
    wire_ours_only("libzmq is silent until its time is up");
    struct node *n = client(*state, ZMQ_PUSH, 0);
    node_set_text(n, ZMQ_GSSAPI_PRINCIPAL, "nobody");
    struct peer *l = peer_listen(*state);
    node_connect(n, l->address);
    struct peer *p = peer_accept(l);
    peer_send(p, GREETING);
    assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EACCES);
    peer_await_close(p);
}

static const struct bad bad_lasts[] = {
    {"<04 00>", BAD(UNEXPECTED_COMMAND)},
    {"<04 08'INITIATE' 00 00 00 04 'one'>", BAD(UNEXPECTED_COMMAND)},
    {"<04 " READY("PUSH") ">", BAD(UNEXPECTED_COMMAND)},
    {"<00 'traffic'>", BAD(UNEXPECTED_COMMAND)},
};

static void bad_last(void **state) {
    wire_ours_only("libzmq takes whatever comes");
    struct node *n = server(*state, ZMQ_PULL, 0);
    for (size_t i = 0; i < sizeof bad_lasts / sizeof bad_lasts[0]; i++) {
        wire_row = (int)i;
        struct peer *p = established(n);
        peer_send(p, "%s", bad_lasts[i].script);
        expect_refusal(n, p, bad_lasts[i].value);
    }
}

static const struct bad bad_readies[] = {
    {LAST, BAD(UNEXPECTED_COMMAND)},
    {ONE, BAD(UNEXPECTED_COMMAND)},
    {"<04 " READY("PUSH") ">", BAD(UNEXPECTED_COMMAND)}, /* not wrapped */
    {"<04 07'MESSAGE'>", BAD(MALFORMED_COMMAND_MESSAGE)},
    {"<04 07'MESSAGE' 00 00 00 05 'WRAP'>", BAD(MALFORMED_COMMAND_MESSAGE)},
    {"<04 07'MESSAGE' 00 00 00 03 'WRAP'>", BAD(MALFORMED_COMMAND_MESSAGE)},
    {"<04 07'MESSAGE' 00 00 00 00>", BAD(CRYPTOGRAPHIC)},
    {"<04 07'MESSAGE' 00 00 00 08 'WRAP' 'abcd'>", BAD(CRYPTOGRAPHIC)},
    {"<04 07'MESSAGE' 00 00 00 06 'WRAP' 00 00>", BAD(MALFORMED_COMMAND_MESSAGE)},
};

static void bad_ready(void **state) {
    wire_ours_only("libzmq tells of them all in the same way");
    struct node *n = server(*state, ZMQ_PULL, 0);
    for (size_t i = 0; i < sizeof bad_readies / sizeof bad_readies[0]; i++) {
        wire_row = (int)i;
        struct peer *p = established(n);
        peer_send(p, LAST);
        expect_wrapped(p, 4, 0, READY("PULL"));
        peer_send(p, "%s", bad_readies[i].script);
        expect_refusal(n, p, bad_readies[i].value);
    }
    static const struct bad wrapped[] = {
        {"05'READX'", BAD(UNEXPECTED_COMMAND)},
        {"05'READY' 0b'Socket-Typ'", BAD(INVALID_METADATA)},
        {READY("PUB"), BAD(INVALID_METADATA)},
    };
    for (size_t i = 0; i < sizeof wrapped / sizeof wrapped[0]; i++) {
        wire_row = 100 + (int)i;
        struct peer *p = established(n);
        peer_send(p, LAST);
        expect_wrapped(p, 4, 0, READY("PULL"));
        send_wrapped(p, 4, 0, wrapped[i].script);
        expect_refusal(n, p, wrapped[i].value);
    }
}

static const struct bad bad_messages[] = {
    {"<00 'hello'>", BAD(UNEXPECTED_COMMAND)},
    {"<00>", BAD(UNEXPECTED_COMMAND)},
    {"<00 07'MESSAGE' 00 00>", BAD(MALFORMED_COMMAND_MESSAGE)},
    {"<00 07'MESSAGE' 00 00 00 09 'WRAP' 'abcd'>", BAD(MALFORMED_COMMAND_MESSAGE)},
    {"<00 07'MESSAGE' 00 00 00 08 'WRAP' 'abcd'>", BAD(CRYPTOGRAPHIC)},
    {"<00 07'MESSAGE' 00 00 00 06 'WRAP' 00 00>", BAD(MALFORMED_COMMAND_MESSAGE)},
};

static void bad_message(void **state) {
    wire_ours_only("libzmq tells of them all in the same way");
    struct node *n = server(*state, ZMQ_PULL, 0);
    for (size_t i = 0; i < sizeof bad_messages / sizeof bad_messages[0]; i++) {
        wire_row = (int)i;
        struct peer *p = established(n);
        peer_send(p, LAST);
        expect_wrapped(p, 4, 0, READY("PULL"));
        send_wrapped(p, 4, 0, READY("PUSH"));
        send_wrapped(p, 0, 0, "'good'");
        node_expect(n, "'good'");
        peer_send(p, "%s", bad_messages[i].script);
        expect_refusal(n, p, bad_messages[i].value);
    }
}

/* The frame outside may say nothing that was not proved inside. */
static void flags_outside(void **state) {
    wire_ours_only("libzmq does not look at them");
    struct node *n = server(*state, ZMQ_PULL, 0);
    for (uint8_t flags = 1; flags <= 4; flags = (uint8_t)(flags + 3)) {
        struct peer *p = established(n);
        peer_send(p, LAST);
        expect_wrapped(p, 4, 0, READY("PULL"));
        send_wrapped(p, 4, 0, READY("PUSH"));
        send_wrapped(p, flags, 0, "'hello'");
        expect_end(n, p);
        peer_drop(p);
    }
}

static void too_much(void **state) {
    wire_ours_only("libzmq may leave a monitored connection open");
    static const char *const scripts[] = {"06 u64:65537 08'INITIATE'",
                                          "06 u64:18446744073709551615 08'INITIATE'"};
    struct node *n = server(*state, ZMQ_PULL, 0);
    for (int i = 0; i < 2; i++) {
        struct peer *p = visitor(n);
        peer_send(p, "%s", scripts[i]);
        expect_end(n, p);
        peer_drop(p);
    }
}

static void limit_of_messages(void **state) {
    wire_ours_only("libzmq holds the limit against the tokens, too");
    struct node *n = node_new(*state, ZMQ_PULL);
    int64_t max = 5;
    node_set(n, ZMQ_GSSAPI_SERVER, 1);
    assert_int_equal(zmq_setsockopt(n->sock, ZMQ_MAXMSGSIZE, &max, sizeof max), 0);
    node_bind(n);
    node_watch(n);
    struct peer *p = established(n);
    peer_send(p, LAST);
    expect_wrapped(p, 4, 0, READY("PULL"));
    send_wrapped(p, 4, 0, READY("PUSH"));
    send_wrapped(p, 0, 0, "'fiveb'");
    node_expect(n, "'fiveb'");
    send_wrapped(p, 0, 0, "'sixbyt'");
    expect_end(n, p);
}

static void cut_off(void **state) {
    static const char *const parts[] = {"", "04", "04 0f 08'INIT'", ONE, ONE "04"};
    struct node *n = server(*state, ZMQ_PULL, 0);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        wire_row = (int)i;
        struct peer *p = visitor(n);
        peer_send(p, "%s", parts[i]);
        peer_drop(p);
        uint32_t value = node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        assert_true(value == EPIPE || value == ECONNRESET);
        node_await_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

static void kept_waiting(void **state) {
    struct node *n = node_new(*state, ZMQ_PULL);
    node_set(n, ZMQ_GSSAPI_SERVER, 1);
    node_set(n, ZMQ_HANDSHAKE_IVL, 150);
    node_bind(n);
    node_watch(n);
    struct peer *p = established(n);
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
    expect_end(n, p);
}

enum { CROWD = 40, CROWDS = 4 };

/* Each stops at another place: connected, half a greeting, greeted, half a token, a round that
 * goes on, a context without its last word, and with it. */
static struct peer *half_done(struct node *n, int i) {
    int place = i % 7;
    struct peer *p = peer_connect(n->world, n->endpoint);
    if (place == 0)
        return p;
    peer_send(p, place == 1 ? "ff 00*8 7f 03" : GREETING);
    if (place <= 2)
        return p;
    peer_expect(p, OUR_GREETING);
    if (place == 3) {
        peer_send(p, "04 0f 08'INIT'");
        return p;
    }
    peer_send(p, "%s", place == 4 ? TOKEN("04", "More") : ONE);
    if (place > 4)
        peer_expect(p, TWO);
    if (place > 5)
        peer_send(p, LAST);
    return p;
}

/* Strangers, however many and wherever they stop, hold up nobody who has come in. */
static void amid_a_crowd(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PUSH), *good = node_new(w, ZMQ_PULL);
    struct peer *crowd[CROWD];
    node_set(n, ZMQ_GSSAPI_SERVER, 1);
    node_bind(n);
    node_set_text(good, ZMQ_GSSAPI_SERVICE_PRINCIPAL, "service");
    node_connect(good, n->endpoint);
    node_send(n, "'first'");
    node_expect(good, "'first'");
    for (int round = 0; round < CROWDS; round++) {
        for (int i = 0; i < CROWD; i++) {
            crowd[i] = half_done(n, i);
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
    if (!zmq_has("gssapi")) {
        print_message("SKIP: this library was built without GSSAPI\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        ON_BOTH(server_opens),         ON_BOTH(server_opens_plain),
        ON_TCP(server_takes_its_rounds), ON_BOTH(client_opens),
        ON_TCP(subscriptions),         ON_BOTH(all_at_once),
        ON_TCP(bad_first_token),       ON_TCP(bad_answer),
        ON_TCP(refused_tokens),        ON_TCP(no_credentials),
        ON_TCP(bad_last),              ON_TCP(bad_ready),
        ON_TCP(bad_message),           ON_TCP(flags_outside),
        ON_TCP(too_much),              ON_TCP(limit_of_messages),
        ON_TCP(cut_off),               ON_TCP(kept_waiting),
        ON_BOTH(amid_a_crowd),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
