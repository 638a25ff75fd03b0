/* SPDX-License-Identifier: MIT */
/* WebSocket: upgrades and frames, good and bad ones, byte for byte: transports.md §11, RFC 6455. */
#include "node.h"
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transports/ws_hash.h"

#define CRLF "0d0a "
#define GET "'GET / HTTP/1.1' " CRLF
#define HOST "'Host: localhost' " CRLF
#define UPGRADE "'Upgrade: websocket' " CRLF
#define CONNECTION "'Connection: Upgrade' " CRLF
#define KEY "'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' " CRLF
#define VERSION "'Sec-WebSocket-Version: 13' " CRLF
#define PROTOCOL(p) "'Sec-WebSocket-Protocol: " p "' " CRLF
#define REQUEST(p) GET HOST UPGRADE CONNECTION KEY PROTOCOL(p) VERSION CRLF
/* RFC 6455, 1.3: the accept that goes with that key. */
#define SWITCHED                                                                                   \
    "'HTTP/1.1 101 Switching Protocols' " CRLF UPGRADE CONNECTION                                  \
    "'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=' " CRLF
#define READY_PULL "05'READY'(Socket-Type=PULL)"
#define READY_PUSH "05'READY'(Socket-Type=PUSH)"
#define MASK " 00*4 "

static struct node *server(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    size_t size = sizeof n->endpoint;
    if (zmq_bind(n->sock, "ws://127.0.0.1:*") && errno == EPROTONOSUPPORT && !zmq_has("WS")) {
        print_message("SKIP: %s: this library has no ws\n", wire_name);
        skip();
    }
    wire_check(!zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, n->endpoint, &size), "no endpoint");
    node_watch(n);
    return n;
}

/* A PULL's peer without a mechanism, opened. */
static struct peer *bare(struct node *n) {
    struct peer *p = peer_connect(n->world, n->endpoint);
    peer_send(p, REQUEST("ZWS2.0"));
    peer_expect(p, SWITCHED PROTOCOL("ZWS2.0") CRLF "82 01 00");
    peer_send(p, "82 81" MASK "00");
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    return p;
}

static void upgrade(void **state) {
    struct wire *w = *state;
    struct node *n = server(w, ZMQ_PULL);
    struct peer *p = peer_connect(w, n->endpoint);
    peer_send(p, REQUEST("other, ZWS2.0/PLAIN,ZWS2.0/NULL, ZWS2.0"));
    peer_expect(p, SWITCHED PROTOCOL("ZWS2.0/NULL") CRLF "82 1b 02" READY_PULL);
    peer_send(p, "82 9b" MASK "02" READY_PUSH "82 86" MASK "01 'hello' 82 84" MASK "00 'you'");
    node_expect(n, "'hello'|'you'");
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

static struct node *limited_server(struct wire *w, int64_t limit) {
    struct node *n = node_new(w, ZMQ_PULL);
    size_t size = sizeof n->endpoint;
    wire_check(!zmq_setsockopt(n->sock, ZMQ_MAXMSGSIZE, &limit, sizeof limit), "option");
    wire_check(!zmq_bind(n->sock, "ws://127.0.0.1:*"), "bind");
    wire_check(!zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, n->endpoint, &size), "endpoint");
    node_watch(n);
    return n;
}

/* What comes with READY is traffic already, of any size that the application allows. */
static void large_with_ready(void **state) {
    static const char *const rows[] = {
        "82 ff u64:100001" MASK "00 'x'*100000",
        "02 ff u64:90001" MASK "00 'x'*90000 80 fe u16:10000" MASK "'x'*10000",
        "02 fe u16:50001" MASK "00 'x'*50000 80 fe u16:50000" MASK "'x'*50000",
    };
    for (int limit = -1; limit < 100000; limit += 100000) {
        struct node *n = limited_server(*state, limit);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct peer *p = peer_connect(*state, n->endpoint);
            wire_row = (int)i;
            peer_send(p, REQUEST("ZWS2.0/NULL"));
            peer_expect(p, SWITCHED PROTOCOL("ZWS2.0/NULL") CRLF "82 1b 02" READY_PULL);
            peer_send(p, "82 9b" MASK "02" READY_PUSH "%s 82 82" MASK "00 'y'", rows[i]);
            if (limit < 0) {
                node_expect(n, "'x'*100000");
                node_expect(n, "'y'");
            } else {
                peer_expect(p, "88 02 03f1");
                peer_await_close(p);
            }
            peer_drop(p);
        }
        node_close(n);
    }
}

/* A ROUTER may not say READY before it knows whom to; the id travels in the peer's. */
static void routing_id(void **state) {
    struct wire *w = *state;
    struct node *n = server(w, ZMQ_ROUTER);
    struct peer *p = peer_connect(w, n->endpoint);
    peer_send(p, REQUEST("ZWS2.0"));
    peer_expect(p, SWITCHED PROTOCOL("ZWS2.0") CRLF "82 01 00");
    peer_send(p, "82 84" MASK "00 'Ann' 82 83" MASK "00 'hi' 82 83" MASK "02 'no'");
    node_expect(n, "'Ann'|'hi'");
    node_send(n, "'Ann'|'to'|'you'");
    peer_expect(p, "82 03 01 'to' 82 04 00 'you'");
}

/* RFC 6455, 5.5.2: a Ping is answered at once, also by a socket that waits for its peer's READY. */
static void ping_before_ready(void **state) {
    static const int types[] = {ZMQ_ROUTER, ZMQ_PULL};
    for (size_t i = 0; i < 2; i++) {
        struct node *n = server(*state, types[i]);
        struct peer *p = peer_connect(*state, n->endpoint);
        wire_row = (int)i;
        peer_send(p, REQUEST("ZWS2.0/NULL"));
        peer_expect(p, SWITCHED PROTOCOL("ZWS2.0/NULL") CRLF);
        if (i)
            peer_expect(p, "82 1b 02" READY_PULL);
        peer_send(p, "89 82" MASK "'ab'");
        peer_expect(p, "8a 02 'ab'");
        peer_send(p, "89 80" MASK);
        peer_expect(p, "8a 00");
        node_close(n);
    }
}

static void upgrade_cut(void **state) {
    struct wire *w = *state;
    struct node *n = server(w, ZMQ_PULL);
    for (size_t cut = 1; cut < 330; cut += 3) {
        struct peer *p = peer_connect(w, n->endpoint);
        wire_row = (int)cut;
        p->feed = FEED_CUT;
        p->cut = cut;
        peer_send(p, REQUEST("ZWS2.0") "82 81 01020304 01 82 84 01020304 01 61 61 67 "
                                       "00 83" MASK "00*3");
        peer_expect(p, SWITCHED PROTOCOL("ZWS2.0") CRLF "82 01 00 88 02 03ea");
        peer_await_close(p);
        peer_drop(p);
        node_expect(n, "'cbc'");
    }
}

static void bad_requests(void **state) {
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"ff 00*8 01 7f", 400}, /* a peer of tcp */
        {"'POST / HTTP/1.1' " CRLF, 400},
        {"'GET / HTTP/1.0' " CRLF HOST UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {"'GET HTTP/1.1' " CRLF HOST UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {"'GET / x HTTP/1.1' " CRLF HOST UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") VERSION CRLF,
         400},
        {GET HOST CONNECTION KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET HOST UPGRADE KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET HOST UPGRADE "'Connection: close' " CRLF KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET HOST UPGRADE CONNECTION PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET HOST UPGRADE CONNECTION KEY KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET HOST UPGRADE CONNECTION "'Sec-WebSocket-Key: abc' " CRLF PROTOCOL("ZWS2.0") VERSION
             CRLF, 400},
        {GET HOST UPGRADE CONNECTION KEY VERSION CRLF, 400},
        {GET HOST UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0/CURVE") VERSION CRLF, 400},
        {GET HOST UPGRADE CONNECTION KEY PROTOCOL("ZWS2.00") VERSION CRLF, 400},
        {GET HOST UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") CRLF, 426},
        {GET HOST UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") "'Sec-WebSocket-Version: 8' " CRLF CRLF,
         426},
        {GET "'Host : x' " CRLF UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET HOST "' folded' " CRLF UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET HOST "'no colon' " CRLF UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET "'Host: ' 00 " CRLF UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET "'Host: a' 0a " UPGRADE CONNECTION KEY PROTOCOL("ZWS2.0") VERSION CRLF, 400},
        {GET "'X-Long: ' 41*9000", 431},
    };
    struct wire *w = *state;
    struct node *n = server(w, ZMQ_PULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer *p = peer_connect(w, n->endpoint);
        wire_row = (int)i;
        peer_send(p, "%s", rows[i].text);
        peer_expect(p, "'HTTP/1.1 %d '", rows[i].status);
        peer_await_close(p);
        peer_drop(p);
        assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL),
                         ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED);
        node_await_event(n, ZMQ_EVENT_DISCONNECTED);
    }
}

/* With a ZAP domain nobody comes in whom ZAP cannot be asked about. */
static void no_way_around_zap(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL);
    size_t size = sizeof n->endpoint;
    node_set_text(n, ZMQ_ZAP_DOMAIN, "shop");
    wire_check(!zmq_bind(n->sock, "ws://127.0.0.1:*"), "bind");
    wire_check(!zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, n->endpoint, &size), "no endpoint");
    struct peer *p = peer_connect(w, n->endpoint);
    peer_send(p, REQUEST("ZWS2.0"));
    peer_expect(p, "'HTTP/1.1 400 '");
    peer_await_close(p);
}

/* A head that never ends is not waited for longer than any other handshake. */
static void slow_request(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL);
    size_t size = sizeof n->endpoint;
    node_set(n, ZMQ_HANDSHAKE_IVL, 50);
    wire_check(!zmq_bind(n->sock, "ws://127.0.0.1:*"), "bind");
    wire_check(!zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, n->endpoint, &size), "no endpoint");
    struct peer *silent = peer_connect(w, n->endpoint), *slow = peer_connect(w, n->endpoint);
    peer_send(slow, GET HOST);
    peer_await_close(silent);
    peer_await_close(slow);
}

static void frames(void **state) {
    struct wire *w = *state;
    struct node *n = server(w, ZMQ_PULL);
    struct peer *p = bare(n);
    peer_send(p, "82 81" MASK "00");
    node_expect(n, " ");
    peer_send(p, "82 fe u16:201" MASK "00 61*200 82 82" MASK "01 'b' 82 82" MASK "00 'c'");
    node_expect(n, "61*200");
    node_expect(n, "'b'|'c'");
    peer_send(p, "82 ff u64:70001" MASK "00 61*70000");
    node_expect(n, "61*70000");
    /* in parts, with a control frame among them, and empty ones */
    peer_send(p, "02 80" MASK "00 83" MASK "00 'ab' 89 83" MASK "'x?z' 00 80" MASK "80 81" MASK
                 "'c'");
    node_expect(n, "'abc'");
    peer_expect(p, "8a 03 'x?z'");
    peer_send(p, "02 fe u16:300" MASK "01 62*299 80 82" MASK "'cd' 82 81" MASK "00");
    node_expect(n, "62*299'cd'|");
    peer_send(p, "8a 82" MASK "'ab' 89 80" MASK);
    peer_expect(p, "8a 00");
    peer_send(p, "82 82" MASK "02 'x' 82 82" MASK "00 'y'"); /* a command says nothing here */
    node_expect(n, "'y'");
}

/* Who pings without reading the answers is served, but not for ever and not alone. */
static void ping_flood(void **state) {
    struct wire *w = *state;
    struct node *n = server(w, ZMQ_PULL);
    struct peer *p = bare(n), *other = bare(n);
    for (int i = 0; i < 200; i++)
        peer_send(p, "89 80 00*4 89 84 00*4 'ping' 89 80 00*4 8a 80 00*4 89 fd 00*4 61*125");
    peer_send(other, "82 82" MASK "00 'x'");
    node_expect(n, "'x'");
    peer_send(p, "82 82" MASK "00 'y'");
    node_expect(n, "'y'");
}

static void lasts(void **state) {
    static const struct {
        const char *sent, *back;
    } rows[] = {
        {"88 80" MASK, "88 00"},
        {"88 82" MASK "03e8", "88 02 03e8"},
        {"88 86" MASK "03e9 'away'", "88 02 03e9"},
        {"88 82" MASK "0fa0", "88 02 0fa0"},
        {"88 84" MASK "03e8 c3 28", "88 02 03ea"}, /* a reason that is no UTF-8 */
        {"88 81" MASK "03", "88 02 03ea"},
        {"88 82" MASK "03ed", "88 02 03ea"},
        {"88 82" MASK "0000", "88 02 03ea"},
        {"82 01 00", "88 02 03ea"},                /* not masked */
        {"81 82" MASK "00 'x'", "88 02 03eb"},     /* text */
        {"c2 82" MASK "00 'x'", "88 02 03ea"},     /* reserved bits */
        {"a2 82" MASK "00 'x'", "88 02 03ea"},
        {"92 82" MASK "00 'x'", "88 02 03ea"},
        {"83 81" MASK "00", "88 02 03ea"},         /* reserved opcodes */
        {"8b 80" MASK, "88 02 03ea"},
        {"82 80" MASK, "88 02 03ea"},              /* no flags byte */
        {"02 80" MASK "80 80" MASK, "88 02 03ea"}, /* none in any part */
        {"80 81" MASK "00", "88 02 03ea"},         /* nothing to continue */
        {"02 81" MASK "00 82 81" MASK "00", "88 02 03ea"}, /* not finished */
        {"09 80" MASK, "88 02 03ea"},              /* a control frame in parts */
        {"89 fe u16:126" MASK "00*126", "88 02 03ea"},
        {"82 fe u16:125" MASK "00*125", "88 02 03ea"}, /* lengths not in their shortest form */
        {"82 ff u64:65535" MASK "00*100", "88 02 03ea"},
        {"82 ff ff*8" MASK "00", "88 02 03ea"},
    };
    struct wire *w = *state;
    struct node *n = server(w, ZMQ_PULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer *p = bare(n);
        wire_row = (int)i;
        peer_send(p, "82 84" MASK "00 'pre' ");
        peer_send(p, "%s", rows[i].sent);
        peer_expect(p, "%s", rows[i].back);
        peer_await_close(p);
        node_expect(n, "'pre'");
        node_await_event(n, ZMQ_EVENT_DISCONNECTED);
        peer_drop(p);
    }
}

/* The same limit for a frame and for what comes in parts. */
static void too_big(void **state) {
    static const char *const rows[] = {
        "82 8c" MASK "00 61*11",
        "02 86" MASK "00 61*5 00 84" MASK "61*4 80 82" MASK "61*2",
        "82 ff u64:9223372036854775807" MASK,
        "02 ff u64:9223372036854775807" MASK,
    };
    struct wire *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct node *n = limited_server(w, 10);
        wire_row = (int)i;
        struct peer *p = bare(n);
        peer_send(p, "82 8b" MASK "00 61*10");
        node_expect(n, "61*10");
        peer_send(p, "%s", rows[i]);
        peer_expect(p, "88 02 03f1");
        peer_await_close(p);
        node_close(n);
    }
}

/* Bytes meant for the handshake are bounded whatever MAXMSGSIZE is. */
static void too_big_handshake(void **state) {
    static const struct {
        const char *protocol, *text;
    } rows[] = {
        {"ZWS2.0/NULL", "02 ff u64:70000" MASK "02 61*100"},
        {"ZWS2.0/NULL", "02 fe u16:60000" MASK "02 61*59999 80 fe u16:60000" MASK "61*100"},
        {"ZWS2.0/NULL", "82 ff u64:1099511627776" MASK "02 05'READY' 61*100"},
        {"ZWS2.0/NULL", "82 ff u64:1099511627776" MASK "00 61*100"},
        {"ZWS2.0", "02 ff u64:70000" MASK "02 61*100"},
        {"ZWS2.0", "82 fe u16:257" MASK "00 61*256"},
        {"ZWS2.0", "82 ff u64:1099511627776" MASK "00 61*100"},
    };
    struct wire *w = *state;
    struct node *n = server(w, ZMQ_PULL);
    node_set(n, ZMQ_HANDSHAKE_IVL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer *p = peer_connect(w, n->endpoint);
        wire_row = (int)i;
        peer_send(p, REQUEST("%s"), rows[i].protocol);
        peer_send(p, "%s", rows[i].text);
        peer_await_close(p);
        peer_drop(p);
    }
}

static long resident_kib(void) {
    long pages = 0, skipped;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &skipped, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* What a stranger says without saying who it is: a command that a bare peer need not heed has no
 * bound of its own. It is read and let go, no byte of it kept, and not for longer than any other
 * handshake may take. */
static void endless_handshake(void **state) {
    enum { ROUND = 1 << 16, MEMORY_KIB = 16 << 10, PATIENCE_MS = 30000 };
    static const uint8_t waste[ROUND];
    struct node *n = node_new(*state, ZMQ_PULL);
    size_t size = sizeof n->endpoint, sent = 0;
    node_set(n, ZMQ_HANDSHAKE_IVL, 400);
    wire_check(!zmq_bind(n->sock, "ws://127.0.0.1:*"), "bind");
    wire_check(!zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, n->endpoint, &size), "endpoint");
    struct peer *p = peer_connect(*state, n->endpoint);
    peer_send(p, REQUEST("ZWS2.0"));
    peer_expect(p, SWITCHED PROTOCOL("ZWS2.0") CRLF "82 01 00");
    peer_send(p, "82 ff u64:1099511627776" MASK "02");
    long before = resident_kib();
    for (;;) {
        struct pollfd writable = {p->fd, POLLOUT, 0};
        wire_check(poll(&writable, 1, PATIENCE_MS) == 1, "neither read nor ended: %zu", sent);
        ssize_t k = send(p->fd, waste, ROUND, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (k < 0 && errno != EAGAIN)
            break;
        sent += k > 0 ? (size_t)k : 0;
    }
    wire_check(sent > ROUND * 16, "only %zu bytes were read", sent);
    wire_check(resident_kib() - before < MEMORY_KIB, "%ld KiB for %zu bytes",
               resident_kib() - before, sent);
}

static void heartbeat(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL);
    size_t size = sizeof n->endpoint;
    node_set(n, ZMQ_HEARTBEAT_IVL, 50);
    node_set(n, ZMQ_HEARTBEAT_TIMEOUT, 1500);
    wire_check(!zmq_bind(n->sock, "ws://127.0.0.1:*"), "bind");
    wire_check(!zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, n->endpoint, &size), "no endpoint");
    node_watch(n);
    struct peer *p = bare(n);
    for (int i = 0; i < 40; i++) { /* longer than the time-out: Pongs keep it alive */
        peer_expect(p, "89 00");
        peer_send(p, "8a 80" MASK);
    }
    peer_await_close(p);
    node_await_event(n, ZMQ_EVENT_DISCONNECTED);
}

/* ---- our client -------------------------------------------------------------------- */

static struct node *client(struct wire *w, struct peer *listener) {
    struct node *n = node_new(w, ZMQ_PUSH);
    char endpoint[200];
    node_set(n, ZMQ_RECONNECT_IVL, 10);
    node_watch(n);
    snprintf(endpoint, sizeof endpoint, "ws://%s/a/b?c", listener->address + strlen("tcp://"));
    node_connect(n, endpoint);
    return n;
}

/* Its request, with this list; the accept that its key asks for. */
static void expect_request(struct peer *p, const char *list, char accept[ZX_WS_ACCEPT_TEXT]) {
    char key[25] = "", port[20], host[8] = "";
    peer_expect(p, "'GET /a/b?c HTTP/1.1' " CRLF "'Host: 127.0.0.1:'");
    for (size_t i = 0; i < sizeof port && host[0] != '\n'; i++)
        peer_read(p, host, 1);
    peer_expect(p, UPGRADE CONNECTION "'Sec-WebSocket-Key: '");
    peer_read(p, key, 24);
    peer_expect(p, CRLF "'Sec-WebSocket-Protocol: %s' " CRLF VERSION CRLF, list);
    zx_ws_accept(accept, key);
}

static void answer(struct peer *p, const char *accept, const char *protocol) {
    peer_send(p, "'HTTP/1.1 101 Whatever' " CRLF "'upgrade:WebSocket' " CRLF
                 "'connection: keep-alive, upgrade  ' " CRLF "'Sec-WebSocket-Accept: %s' " CRLF
                 "'Sec-WebSocket-Protocol: %s' " CRLF CRLF,
              accept, protocol);
}

/* Reads one frame of a client of at most 125 bytes and compares it unmasked. */
static void expect_masked(struct peer *p, unsigned first, const char *payload) {
    uint8_t head[6], body[126];
    struct bytes want = {0};
    peer_read(p, head, sizeof head);
    assert_int_equal(head[0], first);
    assert_true(head[1] > 0x80 && head[1] < 0xfe);
    size_t size = head[1] & 0x7f;
    peer_read(p, body, size);
    for (size_t i = 0; i < size; i++)
        body[i] ^= head[2 + i % 4];
    script_parse(&want, "%s", payload);
    if (!bytes_match(&want, body, size))
        bytes_print("got", body, size);
    assert_true(bytes_match(&want, body, size));
    bytes_free(&want);
}

static void client_speaks(void **state) {
    struct wire *w = *state;
    struct peer *listener = peer_listen(w);
    struct node *n = client(w, listener);
    char accept[ZX_WS_ACCEPT_TEXT];
    struct peer *p = peer_accept(listener);
    expect_request(p, "ZWS2.0/NULL,ZWS2.0", accept);
    answer(p, accept, "ZWS2.0/NULL");
    expect_masked(p, 0x82, "02" READY_PUSH);
    peer_send(p, "82 1b 02" READY_PULL);
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    node_send(n, "'one'|'two'");
    expect_masked(p, 0x82, "01 'one'");
    expect_masked(p, 0x82, "00 'two'");
    node_set(n, ZMQ_LINGER, 1000);
    node_close(n);
    expect_masked(p, 0x88, "03e8");
    peer_expect_close(p);
}

/* What no server that goes by the letter can choose from is offered once; then ZWS2.0 alone. */
static void client_comes_down(void **state) {
    struct wire *w = *state;
    struct peer *listener = peer_listen(w);
    struct node *n = client(w, listener);
    char accept[ZX_WS_ACCEPT_TEXT];
    for (int round = 0; round < 2; round++) {
        struct peer *p = peer_accept(listener);
        expect_request(p, "ZWS2.0/NULL,ZWS2.0", accept);
        peer_send(p, "'HTTP/1.1 400 Bad Request' " CRLF CRLF);
        peer_await_close(p);
        p = peer_accept(listener);
        expect_request(p, "ZWS2.0", accept);
        if (!round) {
            peer_send(p, "'HTTP/1.0 503 Not now' " CRLF CRLF);
            peer_await_close(p);
            continue; /* that was not the reason: all is offered again */
        }
        answer(p, accept, "ZWS2.0");
        expect_masked(p, 0x82, "00");
        peer_send(p, "82 01 00");
        node_await_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_send(n, "'one'");
        expect_masked(p, 0x82, "00 'one'");
    }
}

/* A name that is none is tried again and again, as with tcp; one that is some is found. */
static void names(void **state) {
    struct wire *w = *state;
    struct peer *l = peer_listen(w);
    struct node *n = node_new(w, ZMQ_PUSH);
    char address[80];
    node_set(n, ZMQ_RECONNECT_IVL, 5);
    node_watch(n);
    node_connect(n, "ws://[x:y]:1/");
    node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
    node_expect_event(n, ZMQ_EVENT_CONNECT_RETRIED);
    assert_int_equal(zmq_disconnect(n->sock, "ws://[x:y]:1/"), 0);
    snprintf(address, sizeof address, "ws://localhost:%s/", strrchr(l->address, ':') + 1);
    node_connect(n, address);
    peer_expect(peer_accept(l), "'GET / HTTP/1.1'");
}

static void bad_answers(void **state) {
    static const char *const rows[] = {
        "'HTTP/1.1 101 x' " CRLF UPGRADE CONNECTION PROTOCOL("ZWS2.0") CRLF,
        "'HTTP/1.1 101 x' " CRLF UPGRADE CONNECTION PROTOCOL("ZWS2.0")
        "'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=' " CRLF CRLF,
        "'SSH-2.0-x' " CRLF CRLF,
        "'HTTP/1.1 1x1 x' " CRLF CRLF,
        "'HTTP/1.1 101 x' " CRLF "'broken' " CRLF CRLF,
        "82 01 00",
        "'HTTP/1.1 101 ' 41*9000",
    };
    static const char *const without[] = {
        UPGRADE CONNECTION "'Sec-WebSocket-Protocol: ZWS2.0/CURVE' " CRLF,
        UPGRADE CONNECTION,
        UPGRADE CONNECTION PROTOCOL("ZWS2.0") PROTOCOL("ZWS2.0/NULL"),
        UPGRADE CONNECTION PROTOCOL("ZWS2.0") "'Sec-WebSocket-Extensions: zip' " CRLF,
        UPGRADE PROTOCOL("ZWS2.0"),
        CONNECTION PROTOCOL("ZWS2.0"),
    };
    enum { ROWS = sizeof rows / sizeof rows[0], WITHOUT = sizeof without / sizeof without[0] };
    struct wire *w = *state;
    for (int i = 0; i < ROWS + WITHOUT; i++) {
        struct peer *listener = peer_listen(w);
        struct node *n = client(w, listener);
        char accept[ZX_WS_ACCEPT_TEXT];
        struct peer *p = peer_accept(listener);
        wire_row = i;
        expect_request(p, "ZWS2.0/NULL,ZWS2.0", accept);
        if (i < ROWS)
            peer_send(p, "%s", rows[i]);
        else
            peer_send(p, "'HTTP/1.1 101 x' " CRLF "'Sec-WebSocket-Accept: %s' " CRLF "%s" CRLF,
                      accept, without[i - ROWS]);
        assert_int_equal(node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL),
                         ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED);
        peer_await_close(p);
        peer_drop(p);
        peer_drop(listener);
        node_close(n);
    }
}

/* A server never masks. */
static void masked_by_server(void **state) {
    struct wire *w = *state;
    struct peer *listener = peer_listen(w);
    struct node *n = client(w, listener);
    char accept[ZX_WS_ACCEPT_TEXT];
    struct peer *p = peer_accept(listener);
    expect_request(p, "ZWS2.0/NULL,ZWS2.0", accept);
    answer(p, accept, "ZWS2.0");
    expect_masked(p, 0x82, "00");
    peer_send(p, "82 81" MASK "00");
    expect_masked(p, 0x88, "03ea");
    peer_await_close(p);
    node_await_event(n, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_TCP(upgrade),          ON_TCP(routing_id),        ON_TCP(ping_before_ready),
        ON_TCP(upgrade_cut),
        ON_TCP(bad_requests),     ON_TCP(no_way_around_zap), ON_TCP(slow_request),
        ON_TCP(frames),           ON_TCP(lasts),             ON_TCP(too_big),
        ON_TCP(too_big_handshake), ON_TCP(heartbeat),        ON_TCP(client_speaks),
        ON_TCP(ping_flood),       ON_TCP(large_with_ready), ON_TCP(endless_handshake),
        ON_TCP(client_comes_down), ON_TCP(bad_answers),      ON_TCP(masked_by_server),
        ON_TCP(names),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
