/* SPDX-License-Identifier: MIT */
/*
 * CURVE under attack, over a socket: strangers and thieves against a server, false servers against
 * a client, somebody in the middle. Each time the connection ends, whoever had a right to be there
 * goes on, and nothing that was sealed is to be read on its way. Each flaw of the field's past that
 * concerns CURVE has its test here or in unit_curve_handshake.
 */
#include "curve_peer.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

static struct node *server(struct wire *w) {
    struct node *n = node_new(w, ZMQ_PULL);
    be_curve_server(n);
    node_bind(n);
    node_watch(n);
    return n;
}

static void expect_reason(struct node *n, uint32_t value) {
    uint32_t got = node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    wire_check(got == value, "the reason is %#x, not %#x", got, value);
    node_await_event(n, ZMQ_EVENT_DISCONNECTED);
}

/* Somebody who may: everything still works, and nothing came from those who may not. */
static void expect_service(struct node *n) {
    struct node *c = node_new(n->world, ZMQ_PUSH);
    be_curve_client(c);
    node_connect(c, n->endpoint);
    node_send(c, "'at your service'");
    node_expect(n, "'at your service'");
    node_close(c);
}

/* ---- the handshake --------------------------------------------------------- */

enum spoil { NOT, PATCH, SHORTER, LONGER, OTHER_NAME };

struct wrong {
    enum spoil how;
    size_t at;
    uint32_t value;
};

static void spoil(struct blob *b, const struct wrong *r) {
    switch (r->how) {
    case PATCH:
        b->data[r->at] ^= 0x41;
        break;
    case SHORTER:
        b->size -= r->at;
        break;
    case LONGER:
        memset(b->data + b->size, 0x77, r->at);
        b->size += r->at;
        break;
    case OTHER_NAME:
        memcpy(b->data, "\x05OTHER", 6);
        break;
    default:
        break;
    }
}

static void bad_hellos(void **state) {
    static const struct wrong rows[] = {
        {PATCH, 6, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO}, /* version */
        {PATCH, 7, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO},
        {PATCH, 90, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
        {PATCH, 119, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
        {PATCH, 150, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
        {SHORTER, 1, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO},
        {SHORTER, 194, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO},
        {SHORTER, 199, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED},
        {SHORTER, 200, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED},
        {LONGER, 1, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO},
        {LONGER, 60000, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO},
        {OTHER_NAME, 0, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND},
    };
    struct node *n = server(*state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct curve_peer c;
        struct blob b;
        struct peer *p = curve_visitor(n);
        wire_row = (int)i;
        curve_hello(&c, &b);
        spoil(&b, &rows[i]);
        peer_send_frame(p, 4, &b);
        peer_await_close(p);
        expect_reason(n, rows[i].value);
        peer_drop(p);
    }
    expect_service(n);
}

/* Over-long ones once overran a stack (CVE-2019-13132). */
static void bad_initiates(void **state) {
    static const struct wrong rows[] = {
        {PATCH, 9, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},   /* cookie */
        {PATCH, 104, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
        {PATCH, 112, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC}, /* counter */
        {PATCH, 140, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
        {SHORTER, 24, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE},
        {SHORTER, 1, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
        {LONGER, 1, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
        {LONGER, 600, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
        {LONGER, 60000, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC},
        {OTHER_NAME, 0, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND},
    };
    struct node *n = server(*state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct curve_peer c;
        struct blob b;
        struct peer *p = curve_visitor(n);
        wire_row = (int)i;
        curve_hello(&c, &b);
        peer_send_frame(p, 4, &b);
        curve_hear_welcome(&c, p);
        curve_initiate(&c, &b);
        spoil(&b, &rows[i]);
        peer_send_frame(p, 4, &b);
        peer_expect_close(p); /* no READY, no ERROR: a stranger is told nothing */
        expect_reason(n, rows[i].value);
        peer_drop(p);
    }
    expect_service(n);
}

/* A command announced with more bytes than any has is refused before they come. */
static void boundless(void **state) {
    struct node *n = server(*state);
    static const char *const heads[] = {"06 u64:65537", "06 u64:1073741824",
                                        "06 7f ff*7", "06 ff*8"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct peer *p = curve_visitor(n);
        wire_row = (int)i;
        peer_send(p, "%s", heads[i]);
        peer_await_close(p);
        peer_drop(p);
    }
    expect_service(n);
}

static void out_of_order(void **state) {
    struct node *n = server(*state);
    for (int i = 0; i < 4; i++) {
        struct curve_peer c, other;
        struct blob b, hello;
        struct peer *p = curve_visitor(n), *helper = curve_visitor(n);
        wire_row = i;
        curve_hello(&other, &b);
        peer_send_frame(helper, 4, &b);
        curve_hear_welcome(&other, helper);
        curve_hello(&c, &hello);
        if (i == 0) { /* INITIATE first */
            curve_initiate(&other, &b);
            peer_send_frame(p, 4, &b);
        } else if (i == 1) { /* HELLO twice */
            peer_send_frame(p, 4, &hello);
            curve_hear_welcome(&c, p);
            peer_send_frame(p, 4, &hello);
        } else if (i == 2) { /* READY from a client */
            peer_send_frame(p, 4, &hello);
            curve_hear_welcome(&c, p);
            curve_ready(&c, &b);
            peer_send_frame(p, 4, &b);
        } else { /* a message before its time */
            peer_send_frame(p, 4, &hello);
            curve_hear_welcome(&c, p);
            curve_message(&c, 2, 0, "too early", &b);
            peer_send_frame(p, 0, &b);
        }
        peer_await_close(p);
        expect_reason(n, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        peer_drop(p);
        peer_drop(helper);
    }
    expect_service(n);
}

/* A cookie ends with the connection it was baked for, and that with the handshake's time. */
static void cookies_expire(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL);
    struct curve_peer c, now;
    struct blob b;
    be_curve_server(n);
    node_set(n, ZMQ_HANDSHAKE_IVL, 100);
    node_bind(n);
    node_watch(n);
    struct peer *p = curve_visitor(n);
    curve_hello(&c, &b);
    peer_send_frame(p, 4, &b);
    curve_hear_welcome(&c, p);
    node_await_event(n, ZMQ_EVENT_DISCONNECTED);
    peer_await_close(p);
    peer_drop(p);
    node_close(n);

    n = server(w);
    p = curve_visitor(n);
    now = c;
    zx_curve_hello_write(b.data, now.short_public, now.hello_key, 1); /* the same HELLO */
    b.size = ZX_CURVE_HELLO;
    peer_send_frame(p, 4, &b);
    curve_hear_welcome(&now, p);
    curve_initiate(&c, &b); /* of then: its cookie, its keys */
    peer_send_frame(p, 4, &b);
    peer_expect_close(p);
    expect_reason(n, ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC);
    expect_service(n);
}

/* Who announces something older or weaker is not served (CVE-2014-7202, CVE-2014-9721). */
static void downgrades(void **state) {
    static const char *const greetings[] = {
        "ff 00*8 7f 03 01 'NULL' 00*16 00*32 <04 05'READY'(Socket-Type=PUSH)> <00 'in'>",
        "ff 00*8 7f 03 00 'NULL' 00*16 00*32 <04 05'READY'(Socket-Type=PUSH)> <00 'in'>",
        "ff 00*8 7f 03 01 'PLAIN' 00*15 00*32 <04 05'HELLO' 01'a' 01'b'>",
        "ff 00*8 7f 03 01 'CURVEX' 00*14 00*32",
        "ff 00*8 7f 03 01 'CURV' 00*16 00*32",
        "ff 00*8 7f 02 00 'NULL' 00*16 00*32 <00 'in'>",
        "ff 00*8 7f 01 08 <00 > <00 'in'>",
        "ff 00*8 7f 00 {00 } {00 'in'}",
        "{00 } {00 'in'}",
    };
    struct node *n = server(*state);
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
        struct peer *p = peer_connect(n->world, n->endpoint);
        wire_row = (int)i;
        peer_send(p, "%s", greetings[i]);
        peer_await_close(p);
        peer_drop(p);
    }
    expect_service(n);
    node_expect_nothing(n, 0);
}

/* ---- traffic --------------------------------------------------------------- */

enum trick { REPLAY, BACK, TAMPERED, NOT_MESSAGE, TOO_SHORT, OUTER_MORE, OUTER_COMMAND, NAKED,
             EMPTY, REFLECTED, TRICKS };

static void play_trick(enum trick trick, struct curve_peer *c, struct peer *p) {
    struct blob b;
    uint8_t flags = 0;
    curve_message(c, trick == REPLAY ? 4 : trick == BACK ? 3 : 9, 0, "no more", &b);
    switch (trick) {
    case TAMPERED:
        b.data[b.size - 1] ^= 1;
        break;
    case NOT_MESSAGE:
        b.data[3] ^= 1;
        break;
    case TOO_SHORT:
        b.size = 32;
        break;
    case OUTER_MORE: /* not what the box says: would join two messages */
        flags = 1;
        break;
    case OUTER_COMMAND: /* would make one vanish */
        flags = 4;
        break;
    case NAKED:
        memcpy(b.data, "in the clear", 12);
        b.size = 12;
        break;
    case EMPTY:
        b.size = 0;
        break;
    case REFLECTED:
        c->is_server = true;
        curve_message(c, 9, 0, "no more", &b);
        break;
    default:
        break;
    }
    peer_send_frame(p, flags, &b);
}

/* CVE-2014-7203 and others: what is wrong ends the connection, what came before is good. */
static void bad_messages(void **state) {
    static const uint32_t reasons[TRICKS] = {
        [REPLAY] = ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE,
        [BACK] = ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE,
        [TAMPERED] = ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC,
        [NOT_MESSAGE] = ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND,
        [TOO_SHORT] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE,
        [NAKED] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
        [EMPTY] = ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
        [REFLECTED] = ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC,
    };
    struct node *n = server(*state);
    for (int trick = 0; trick < TRICKS; trick++) {
        struct curve_peer c;
        struct blob b;
        wire_row = trick;
        struct peer *p = curve_client(n, &c);
        curve_message(&c, 3, 0, "good", &b);
        peer_send_frame(p, 0, &b);
        curve_message(&c, 4, 1, "a part", &b);
        peer_send_frame(p, 0, &b);
        curve_message(&c, 8, 0, "and its end, after a gap", &b);
        if (trick != REPLAY)
            peer_send_frame(p, 0, &b);
        play_trick((enum trick)trick, &c, p);
        peer_await_close(p);
        node_expect(n, "'good'");
        if (trick != REPLAY)
            node_expect(n, "'a part'|'and its end, after a gap'");
        if (reasons[trick])
            expect_reason(n, reasons[trick]);
        node_expect_nothing(n, 0);
        peer_drop(p);
    }
    expect_service(n);
}

/* PING inside a box is answered inside one; MAXMSGSIZE is about the text. */
static void sealed_commands_and_limits(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL);
    struct curve_peer c;
    struct blob b;
    struct frame f;
    int64_t most = 20;
    be_curve_server(n);
    wire_check(zmq_setsockopt(n->sock, ZMQ_MAXMSGSIZE, &most, sizeof most) == 0, "MAXMSGSIZE");
    node_bind(n);
    struct peer *p = curve_client(n, &c);
    curve_message(&c, 3, 2, "\x04PINGttctx", &b);
    peer_send_frame(p, 0, &b);
    peer_read_frame(p, &f);
    uint8_t nonce[24] = "CurveZMQMESSAGES", text[40];
    wire_check(f.flags == 0 && f.len == 33 + 8 && memcmp(f.body, "\x07MESSAGE", 8) == 0, "PONG");
    memcpy(nonce + 16, f.body + 8, 8);
    wire_check(!crypto_box_open_easy_afternm(text, f.body + 16, f.len - 16, nonce, c.shared),
               "PONG does not open");
    wire_check(memcmp(text, "\x02\x04PONGctx", 9) == 0, "no PONG");
    free(f.body);
    curve_message(&c, 4, 0, "twenty bytes are the", &b);
    peer_send_frame(p, 0, &b);
    node_expect(n, "'twenty bytes are the'");
    curve_message(&c, 5, 0, "one more is too many.", &b);
    peer_send_frame(p, 0, &b);
    peer_await_close(p);
    node_expect_nothing(n, 0);
}

/* ---- false servers --------------------------------------------------------- */

static struct node *client_of(struct peer *listener) {
    struct node *c = node_new(listener->world, ZMQ_PUSH);
    be_curve_client(c);
    node_set(c, ZMQ_RECONNECT_IVL, 10);
    node_watch(c);
    node_connect(c, listener->address);
    return c;
}

enum { NO_WELCOME, BAD_WELCOME, SHORT_WELCOME, READY_FIRST, BAD_READY, WELCOME_TWICE, SHORT_READY,
       OTHER_KEY, FALSE_SERVERS };

static uint32_t be_false(int how, struct peer *p, const struct blob *hello) {
    struct curve_peer c;
    struct blob b;
    curve_welcome(&c, hello->data, &b);
    if (how == NO_WELCOME) {
        peer_send(p, "<04 05'OTHER'>");
        return ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND;
    }
    if (how == READY_FIRST) {
        curve_ready(&c, &b);
        peer_send_frame(p, 4, &b);
        return ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND;
    }
    if (how == BAD_WELCOME || how == OTHER_KEY)
        b.data[how == OTHER_KEY ? 30 : 100] ^= 1;
    if (how == SHORT_WELCOME)
        b.size--;
    peer_send_frame(p, 4, &b);
    if (how == BAD_WELCOME || how == OTHER_KEY)
        return ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC;
    if (how == SHORT_WELCOME)
        return ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME;
    curve_hear_initiate(&c, p);
    if (how == WELCOME_TWICE) {
        peer_send_frame(p, 4, &b);
        return ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND;
    }
    curve_ready(&c, &b);
    if (how == SHORT_READY)
        b.size = 29;
    else
        b.data[b.size - 1] ^= 1;
    peer_send_frame(p, 4, &b);
    return how == SHORT_READY ? ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY
                              : ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC;
}

/* The client gives such a server up and sends it not one byte of what it has to say. */
static void false_servers(void **state) {
    struct wire *w = *state;
    for (int how = 0; how < FALSE_SERVERS; how++) {
        struct peer *listener = peer_listen(w);
        struct node *c = client_of(listener);
        struct peer *p = peer_accept(listener);
        struct blob hello;
        struct frame f;
        wire_row = how;
        peer_send(p, CURVE_GREETING);
        peer_expect(p, CURVE_GREETING_BACK);
        peer_read_frame(p, &f);
        wire_check(f.len == 200 && f.flags == 4, "no HELLO");
        memcpy(hello.data, f.body, hello.size = f.len);
        free(f.body);
        uint32_t value = be_false(how, p, &hello);
        peer_expect_close(p);
        expect_reason(c, value);
        peer_expect_nobody(listener, 60); /* never again */
        node_close(c);
        peer_drop(p);
        peer_drop(listener);
    }
}

/* ---- many strangers -------------------------------------------------------- */

static long resident_kib(void) {
    long pages = 0, skipped;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &skipped, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

enum { CROWD = 50, ROUNDS = 12, MEMORY_KIB = 6000 };

/* Each stops at another place: connected, half a greeting, greeted, HELLO said, WELCOME heard, half
 * an INITIATE. */
static struct peer *half_done(struct node *n, int place) {
    struct curve_peer c;
    struct blob b;
    struct peer *p = peer_connect(n->world, n->endpoint);
    if (place % 6 == 0)
        return p;
    peer_send(p, place % 6 == 1 ? "ff 00*8 7f 03" : CURVE_GREETING);
    if (place % 6 <= 2)
        return p;
    peer_expect(p, CURVE_GREETING_BACK);
    curve_hello(&c, &b);
    peer_send_frame(p, 4, &b);
    if (place % 6 == 3)
        return p;
    curve_hear_welcome(&c, p);
    if (place % 6 == 4)
        return p;
    curve_initiate(&c, &b);
    peer_send(p, "06 u64:%zu", b.size);
    peer_send_bytes(p, b.data, b.size / 2);
    return p;
}

/* CVE-2020-15166: who only connects must not hold up what goes to the others. */
static void flood(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PUSH), *good = node_new(w, ZMQ_PULL);
    struct peer *crowd[CROWD];
    long before = 0;
    be_curve_server(n);
    node_bind(n);
    be_curve_client(good);
    node_connect(good, n->endpoint);
    node_send(n, "'first'");
    node_expect(good, "'first'");
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CROWD; i++) {
            crowd[i] = half_done(n, i);
            node_send(n, "'%d'", i);
            node_expect(good, "'%d'", i);
        }
        for (int i = 0; i < CROWD; i++)
            peer_drop(crowd[i]);
        node_send(n, "'round'");
        node_expect(good, "'round'");
        if (round == 1)
            before = resident_kib();
    }
    long grown = resident_kib() - before;
    if (WIRE_SLOWER == 1)
        wire_check(grown < MEMORY_KIB, "%d strangers cost %ld KiB", CROWD * (ROUNDS - 2), grown);
}

/* ---- in the middle --------------------------------------------------------- */

static const char topic[] = "topic-of-the-day", secret_text[] = "the treasure lies under the oak";

struct middle {
    struct peer *listener, *in, *out;
    struct bytes seen;
    size_t towards_server, change_at; /* the byte towards the server to be changed; 0: none */
};

/* Passes on what there is; false once an end is closed. */
static bool pass_on(struct middle *m, struct peer *from, struct peer *to) {
    uint8_t data[65536];
    ssize_t n = read(from->fd, data, sizeof data);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    bytes_put(&m->seen, data, (size_t)n);
    if (to == m->out) {
        size_t end = m->towards_server + (size_t)n;
        if (m->change_at && m->change_at >= m->towards_server && m->change_at < end)
            data[m->change_at - m->towards_server] ^= 0x10;
        m->towards_server = end;
    }
    peer_send_bytes(to, data, (size_t)n);
    return true;
}

/* Until the node has a message or an end is closed: true if the node has one. */
static bool pump(struct middle *m, struct node *until) {
    int64_t deadline = wire_now_ms() + DEADLINE_MS;
    bool open = true;
    while (!node_poll(until, ZMQ_POLLIN, 0)) {
        struct pollfd fds[2] = {{m->in->fd, POLLIN, 0}, {m->out->fd, POLLIN, 0}};
        if (!open)
            return false;
        wire_check(wire_now_ms() < deadline, "nothing comes through");
        if (poll(fds, 2, 5) <= 0)
            continue;
        if (fds[0].revents)
            open = pass_on(m, m->in, m->out);
        if (open && fds[1].revents)
            open = pass_on(m, m->out, m->in);
    }
    return true;
}

static bool holds(const struct bytes *b, const char *text) {
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= b->len; i++)
        if (memcmp(b->data + i, text, size) == 0)
            return true;
    return false;
}

static void middle_init(struct middle *m, struct wire *w, struct node *client, struct node *n) {
    memset(m, 0, sizeof *m);
    m->listener = peer_listen(w);
    node_connect(client, m->listener->address);
    m->in = peer_accept(m->listener);
    m->out = peer_connect(w, n->endpoint);
}

static void middle_fini(struct middle *m) {
    peer_drop(m->in);
    peer_drop(m->out);
    peer_drop(m->listener);
    bytes_free(&m->seen);
}

/* All that is said, both ways: text, topic, subscription, metadata. Without CURVE the same search
 * finds every one of them, or it would prove nothing. */
static void nothing_to_be_read(void **state) {
    struct wire *w = *state;
    for (int curve = 0; curve < 2; curve++) {
        struct node *pub = node_new(w, ZMQ_XPUB), *sub = node_new(w, ZMQ_SUB);
        struct middle m;
        wire_row = curve;
        if (curve) {
            be_curve_server(pub);
            be_curve_client(sub);
        }
        node_set_text(sub, ZMQ_SUBSCRIBE, topic);
        node_bind(pub);
        middle_init(&m, w, sub, pub);
        wire_check(pump(&m, pub), "no subscription");
        node_expect(pub, "01'%s'", topic);
        node_send(pub, "'%s'|'%s'", topic, secret_text);
        wire_check(pump(&m, sub), "no message");
        node_expect(sub, "'%s'|'%s'", topic, secret_text);
        wire_check(holds(&m.seen, "CURVE") == curve, "greeting");
        wire_check(holds(&m.seen, secret_text) == !curve, "text");
        wire_check(holds(&m.seen, topic) == !curve, "topic");
        wire_check(holds(&m.seen, "Socket-Type") == !curve, "metadata");
        wire_check(holds(&m.seen, "SUBSCRIBE") == !curve, "subscription");
        middle_fini(&m);
        node_close(sub);
        node_close(pub);
    }
}

/* One byte changed on its way, in each command and in the message: the message does not come, the
 * connection ends (or, its length being false, waits for the handshake's end). */
static void changed_on_the_way(void **state) {
    struct wire *w = *state;
    enum { GREETING = 64, HELLO = 2 + 200, INITIATE = 9 + 257 + 20, HEAD = 2 };
    static const size_t at[] = {
        GREETING + 3, GREETING + 90, GREETING + HELLO - 1, GREETING + HELLO + 30,
        GREETING + HELLO + 200, GREETING + HELLO + INITIATE + HEAD + 4,
        GREETING + HELLO + INITIATE + HEAD + 12, GREETING + HELLO + INITIATE + HEAD + 40,
    };
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct node *n = server(w), *c = node_new(w, ZMQ_PUSH);
        struct middle m;
        wire_row = (int)i;
        be_curve_client(c);
        middle_init(&m, w, c, n);
        m.change_at = at[i];
        node_send(c, "'%s'", secret_text);
        wire_check(!pump(&m, n), "what was changed came through");
        node_expect_nothing(n, 0);
        middle_fini(&m);
        node_close(c);
        expect_service(n);
        node_close(n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_TCP(bad_hellos),
        ON_TCP(bad_initiates),
        ON_TCP(boundless),
        ON_TCP(out_of_order),
        ON_TCP(cookies_expire),
        ON_TCP(downgrades),
        ON_BOTH(bad_messages),
        ON_TCP(sealed_commands_and_limits),
        ON_TCP(false_servers),
        ON_TCP(flood),
        ON_BOTH(nothing_to_be_read),
        ON_TCP(changed_on_the_way),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
