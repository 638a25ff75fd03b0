/* SPDX-License-Identifier: MIT */
#include "scenes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "kit.h"

enum { ALL_SHAPES = 22, /* so many messages have every form that kit.c knows */
       LARGE_TOPIC = 10000, LONG_TOPIC = 400 };

/* ---- one way ---- */

static void push_pull(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *pull = kit_socket(ctx, ZMQ_PULL), *push = kit_socket(ctx, ZMQ_PUSH);
    kit_bind(pull, transport, at);
    MUST(zmq_connect(push, at));
    kit_stream(push, pull, ALL_SHAPES);
    kit_close(push);
    kit_close(pull);
    kit_term(ctx);
}

static void pair(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *a = kit_socket(ctx, ZMQ_PAIR), *b = kit_socket(ctx, ZMQ_PAIR);
    kit_bind(a, transport, at);
    MUST(zmq_connect(b, at));
    kit_stream(b, a, 6);
    kit_stream(a, b, 6);
    kit_close(a);
    kit_close(b);
    kit_term(ctx);
}

static void connect_before_bind(const char *transport) {
    char at[KIT_ENDPOINT];
    struct kit_stream s = {0, 0};
    void *ctx = kit_ctx();
    kit_free_address(ctx, transport, at);
    void *pull = kit_socket(ctx, ZMQ_PULL), *push = kit_socket(ctx, ZMQ_PUSH);
    MUST(zmq_connect(push, at));
    while (s.sent < 3 && kit_send(push, NULL, 0, s.sent))
        s.sent++;
    if (s.sent < 3 && !fault_has_fired())
        kit_fail("message %u is refused", s.sent);
    MUST(zmq_bind(pull, at));
    kit_stream_on(push, pull, &s, 5, false);
    kit_close(push);
    kit_close(pull);
    kit_term(ctx);
}

/* The binder goes and another comes to the same address. */
static void reconnect(const char *transport) {
    char at[KIT_ENDPOINT];
    struct kit_stream s = {0, 0};
    void *ctx = kit_ctx(), *pull = kit_socket(ctx, ZMQ_PULL), *push = kit_socket(ctx, ZMQ_PUSH);
    kit_bind(pull, transport, at);
    MUST(zmq_connect(push, at));
    kit_stream_on(push, pull, &s, 5, false);
    kit_close(pull);
    pull = kit_socket(ctx, ZMQ_PULL);
    MUST(zmq_bind(pull, at));
    kit_stream_on(push, pull, &s, 5, true); /* what was under way to the first one is lost */
    kit_close(push);
    kit_close(pull);
    kit_term(ctx);
}

/* All that was sent before zmq_close arrives. */
static void linger(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *pull = kit_socket(ctx, ZMQ_PULL), *push = kit_socket(ctx, ZMQ_PUSH);
    kit_bind(pull, transport, at);
    MUST(zmq_connect(push, at));
    kit_set(push, ZMQ_LINGER, 2000);
    for (uint32_t i = 0; i < 8; i++)
        if (!kit_send(push, NULL, 0, i) && !fault_has_fired())
            kit_fail("message %u is refused", i);
    kit_close(push);
    int64_t last = -1;
    kit_order_from(0);
    while (last < 7) {
        if (!kit_await(pull))
            break;
        int64_t i = kit_recv(pull, NULL, 0, 0);
        kit_in_order(i);
        last = i > last ? i : last;
    }
    kit_close(pull);
    kit_term(ctx);
}

/* ---- there and back ---- */

static void answer(void *rep, const void *prefix, size_t size) {
    int64_t i = kit_recv(rep, prefix, size, 100);
    if (i >= 0)
        (void)kit_send(rep, prefix, size, (uint32_t)i);
}

/* Asks until the answer comes: a connection may be lost with either. */
static void ask(void *req, void *rep, const void *id, size_t id_size, uint32_t i) {
    for (;;) {
        while (!kit_send(req, NULL, 0, i))
            (void)kit_poll(rep, 1);
        for (int turn = 0; turn < 2; turn++) {
            if (kit_await(rep))
                answer(rep, id, id_size);
            if (!kit_await(req))
                continue;
            int64_t got = kit_recv(req, NULL, 0, 0);
            if (got == (int64_t)i)
                return;
            if (!fault_has_fired())
                kit_fail("answer %lld to %u", (long long)got, i);
        }
    }
}

static void req_rep(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *rep = kit_socket(ctx, ZMQ_REP), *req = kit_socket(ctx, ZMQ_REQ);
    kit_set(req, ZMQ_REQ_RELAXED, 1);
    kit_set(req, ZMQ_REQ_CORRELATE, 1);
    kit_bind(rep, transport, at);
    MUST(zmq_connect(req, at));
    for (uint32_t i = 0; i < 8; i++)
        ask(req, rep, NULL, 0, i);
    kit_close(req);
    kit_close(rep);
    kit_term(ctx);
}

static void router_dealer(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *router = kit_socket(ctx, ZMQ_ROUTER),
         *dealer = kit_socket(ctx, ZMQ_DEALER);
    MUST(zmq_setsockopt(dealer, ZMQ_ROUTING_ID, "one", 3));
    kit_set(router, ZMQ_ROUTER_MANDATORY, 1);
    kit_set(router, ZMQ_ROUTER_HANDOVER, 1);
    kit_bind(router, transport, at);
    MUST(zmq_connect(dealer, at));
    for (uint32_t i = 0; i < 8; i++)
        ask(dealer, router, "one", 3, i);
    kit_close(dealer);
    kit_close(router);
    kit_term(ctx);
}

/* ---- publishing ---- */

static bool publish(void *pub, const char *topic, uint32_t i) {
    char text[16];
    int n = snprintf(text, sizeof text, "%s%u", topic, (unsigned)i);
    int rc;
    while ((rc = zmq_send(pub, text, (size_t)n, ZMQ_DONTWAIT)) == -1 && errno != EAGAIN)
        kit_refused("zmq_send");
    return rc != -1;
}

/* Publishes under both topics until n messages of the wanted one arrived. */
static void expect_topic(void *pub, void *sub, const char *wanted, const char *other, int n) {
    char text[16];
    int rc;
    for (uint32_t i = 0; n;) {
        (void)publish(pub, other, i);
        (void)publish(pub, wanted, i++);
        kit_set(sub, ZMQ_RCVTIMEO, 5);
        while ((rc = zmq_recv(sub, text, sizeof text, 0)) == -1 && errno != EAGAIN)
            kit_refused("zmq_recv");
        if (rc > 0 && text[0] == wanted[0])
            n--;
    }
}

/* Only what is wanted comes: nothing of the other topic any more. */
static void expect_quiet(void *pub, void *sub, const char *wanted, const char *other) {
    expect_topic(pub, sub, wanted, other, 3);
    char text[16];
    int rc;
    do {
        kit_set(sub, ZMQ_RCVTIMEO, 0);
        rc = zmq_recv(sub, text, sizeof text, 0);
        if (rc == -1 && errno != EAGAIN)
            kit_refused("zmq_recv");
    } while (rc > 0 || (rc == -1 && errno != EAGAIN));
    expect_topic(pub, sub, wanted, wanted, 5);
}

/* A topic too long for what a stack holds: wanted, it comes, however often that is tried. */
static void expect_long_topic(void *pub, void *sub) {
    char topic[LONG_TOPIC], got[LONG_TOPIC + 1];
    int rc;
    memset(topic, 'l', sizeof topic);
    MUST(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, topic, sizeof topic));
    kit_set(sub, ZMQ_RCVTIMEO, 5);
    do {
        while (zmq_send(pub, topic, sizeof topic, ZMQ_DONTWAIT) == -1 && errno != EAGAIN)
            kit_refused("zmq_send");
        while ((rc = zmq_recv(sub, got, sizeof got, 0)) == -1 && errno != EAGAIN)
            kit_refused("zmq_recv");
    } while (rc != sizeof topic);
}

static void pub_sub(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *pub = kit_socket(ctx, ZMQ_XPUB), *sub = kit_socket(ctx, ZMQ_SUB);
    kit_bind(pub, transport, at);
    MUST(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, "a", 1)); /* before and after connecting */
    MUST(zmq_connect(sub, at));
    MUST(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, "b", 1));
    expect_topic(pub, sub, "a", "c", 3);
    expect_topic(pub, sub, "b", "c", 3);
    MUST(zmq_setsockopt(sub, ZMQ_UNSUBSCRIBE, "a", 1));
    expect_quiet(pub, sub, "b", "a");
    expect_long_topic(pub, sub);
    kit_close(pub);
    kit_close(sub);
    kit_term(ctx);
}

/* A subscription within a message, large enough to be shared: taken once, cancelled once, also
 * where a call of the two had to be made again. */
static void counts_once(void *sub) {
    char topic[LARGE_TOPIC] = {1};
    int count = -1;
    size_t size = sizeof count;
    for (char what = 1; what >= 0; what--) {
        topic[0] = what;
        while (zmq_send(sub, "part", 4, ZMQ_SNDMORE) == -1)
            kit_refused("zmq_send");
        while (zmq_send(sub, topic, sizeof topic, 0) == -1)
            kit_refused("zmq_send");
        MUST(zmq_getsockopt(sub, ZMQ_TOPICS_COUNT, &count, &size));
        if (count != 1 + what)
            kit_fail("%d topics, not %d", count, 1 + what);
    }
}

static void xpub_xsub(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *pub = kit_socket(ctx, ZMQ_PUB), *sub = kit_socket(ctx, ZMQ_XSUB);
    kit_bind(sub, transport, at);
    MUST(zmq_connect(pub, at));
    while (zmq_send(sub, "\1topic", 6, 0) == -1)
        kit_refused("zmq_send");
    expect_topic(pub, sub, "topic", "other", 3);
    counts_once(sub);
    kit_close(pub);
    kit_close(sub);
    kit_term(ctx);
}

/* ---- what is beside the messages ---- */

static void *monitor(void *ctx, void *sock, const char *name) {
    MUST(zmq_socket_monitor(sock, name, ZMQ_EVENT_ALL));
    void *reader = kit_socket(ctx, ZMQ_PAIR);
    MUST(zmq_connect(reader, name));
    return reader;
}

/* Events may be dropped for want of memory, but none is half. */
static unsigned read_events(void *reader) {
    unsigned events = 0;
    zmq_msg_t msg;
    MUST(zmq_msg_init(&msg));
    for (;;) {
        int rc = zmq_msg_recv(&msg, reader, ZMQ_DONTWAIT);
        if (rc == -1 && errno == EAGAIN)
            break;
        if (rc == -1) {
            kit_refused("zmq_msg_recv");
            continue;
        }
        uint16_t event;
        if (rc != 6 || !zmq_msg_more(&msg))
            kit_fail("an event of %d bytes", rc);
        memcpy(&event, zmq_msg_data(&msg), 2);
        events |= event;
        while (zmq_msg_recv(&msg, reader, 0) == -1)
            kit_refused("zmq_msg_recv");
        if (zmq_msg_more(&msg))
            kit_fail("an event of three frames");
    }
    MUST(zmq_msg_close(&msg));
    return events;
}

static void monitored(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *pull = kit_socket(ctx, ZMQ_PULL), *push = kit_socket(ctx, ZMQ_PUSH);
    void *at_pull = monitor(ctx, pull, "inproc://of-pull");
    void *at_push = monitor(ctx, push, "inproc://of-push");
    kit_bind(pull, transport, at);
    MUST(zmq_connect(push, at));
    kit_stream(push, pull, 3);
    unsigned told = read_events(at_push);
    if (!(told & ZMQ_EVENT_HANDSHAKE_SUCCEEDED) && !fault_has_fired())
        kit_fail("events 0x%x", told);
    MUST(zmq_disconnect(push, at));
    MUST(zmq_socket_monitor(push, NULL, 0));
    (void)read_events(at_pull);
    kit_close(push);
    kit_close(pull);
    (void)read_events(at_pull);
    (void)read_events(at_push);
    kit_close(at_pull);
    kit_close(at_push);
    kit_term(ctx);
}

static void options(const char *transport) {
    (void)transport;
    char text[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *router = kit_socket(ctx, ZMQ_ROUTER),
         *dealer = kit_socket(ctx, ZMQ_DEALER);
    MUST(zmq_setsockopt(dealer, ZMQ_ROUTING_ID, "a name", 6));
    MUST(zmq_setsockopt(dealer, ZMQ_METADATA, "X-key:value", 11));
    MUST(zmq_setsockopt(router, ZMQ_HELLO_MSG, "hello", 5));
    MUST(zmq_setsockopt(router, ZMQ_HELLO_MSG, NULL, 0));
    kit_set(router, ZMQ_IPV6, 1);
    MUST(zmq_setsockopt(router, ZMQ_TCP_ACCEPT_FILTER, "127.0.0.0/8", 11));
    MUST(zmq_setsockopt(router, ZMQ_TCP_ACCEPT_FILTER, "::1", 3));
    kit_bind(router, "tcp", text);
    MUST(zmq_setsockopt(router, ZMQ_CONNECT_ROUTING_ID, "peer", 4));
    MUST(zmq_connect(router, text)); /* to itself */
    MUST(zmq_connect(dealer, text));
    (void)kit_send(dealer, NULL, 0, 3);
    zmq_msg_t msg;
    MUST(zmq_msg_init(&msg));
    while (kit_await(router)) {
        while (zmq_msg_recv(&msg, router, 0) == -1)
            kit_refused("zmq_msg_recv");
        const char *address = zmq_msg_gets(&msg, "Peer-Address");
        if (!zmq_msg_more(&msg))
            break;
        if (!address && !fault_has_fired())
            kit_fail("a message without its metadata");
    }
    MUST(zmq_msg_close(&msg));
    MUST(zmq_unbind(router, text));
    kit_close(dealer);
    kit_close(router);
    kit_term(ctx);
}

/* Names are resolved by a helper. */
static void by_name(const char *transport) {
    (void)transport;
    char at[KIT_ENDPOINT], named[KIT_ENDPOINT];
    size_t size = sizeof at;
    void *ctx = kit_ctx(), *pull = kit_socket(ctx, ZMQ_PULL), *push = kit_socket(ctx, ZMQ_PUSH);
    MUST(zmq_bind(pull, "tcp://127.0.0.1:*"));
    MUST(zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT, at, &size));
    snprintf(named, sizeof named, "tcp://localhost:%s", strrchr(at, ':') + 1);
    MUST(zmq_connect(push, named));
    kit_stream(push, pull, 3);
    kit_close(push);
    kit_close(pull);
    kit_term(ctx);
}

/* Raw bytes to a socket of our own kind: notifications, identities made by the library. */
static int recv_part(void *sock, uint8_t *part, size_t size) {
    int n;
    while ((n = zmq_recv(sock, part, size, 0)) == -1)
        kit_refused("zmq_recv");
    return n;
}

/* To a connection that a fault may have ended meanwhile. */
static void send_raw(void *sock, const uint8_t *id, size_t id_size, const char *data, size_t size) {
    while (zmq_send(sock, id, id_size, ZMQ_SNDMORE) == -1 ||
           zmq_send(sock, data, size, 0) == -1) {
        if (errno == EHOSTUNREACH && fault_has_fired())
            return;
        kit_refused("zmq_send");
    }
}

/* A proxy that wants a login and leads nowhere: until a greeting comes through. */
static void by_proxy(const char *transport) {
    (void)transport;
    char at[KIT_ENDPOINT];
    uint8_t id[256], said[256] = {0};
    void *ctx = kit_ctx(), *proxy = kit_socket(ctx, ZMQ_STREAM),
         *dealer = kit_socket(ctx, ZMQ_DEALER);
    kit_bind(proxy, "tcp", at);
    MUST(zmq_setsockopt(dealer, ZMQ_SOCKS_PROXY, at + 6, strlen(at + 6)));
    MUST(zmq_setsockopt(dealer, ZMQ_SOCKS_USERNAME, "u", 1));
    MUST(zmq_setsockopt(dealer, ZMQ_SOCKS_PASSWORD, "p", 1));
    MUST(zmq_connect(dealer, "tcp://name.invalid:1"));
    while (said[0] != 0xff && kit_await(proxy)) {
        size_t size = (size_t)recv_part(proxy, id, sizeof id);
        int n = recv_part(proxy, said, sizeof said);
        if (n == 3)
            send_raw(proxy, id, size, "\5\2", 2);
        else if (n == 5)
            send_raw(proxy, id, size, "\1\0", 2);
        else if (n > 5 && said[0] == 5)
            send_raw(proxy, id, size, "\5\0\0\1\0\0\0\0\0\1", 10);
    }
    if (said[0] != 0xff && !fault_has_fired())
        kit_fail("no greeting came through");
    kit_close(dealer);
    kit_close(proxy);
    kit_term(ctx);
}

static void stream(const char *transport) {
    (void)transport;
    char at[KIT_ENDPOINT];
    uint8_t id[256];
    void *ctx = kit_ctx(), *server = kit_socket(ctx, ZMQ_STREAM),
         *client = kit_socket(ctx, ZMQ_STREAM);
    kit_bind(server, "tcp", at);
    MUST(zmq_connect(client, at));
    int size = -1;
    if (kit_await(server)) {
        while ((size = zmq_recv(server, id, sizeof id, 0)) == -1)
            kit_refused("zmq_recv");
        while (zmq_recv(server, at, sizeof at, 0) == -1)
            kit_refused("zmq_recv");
        while (zmq_send(server, id, (size_t)size, ZMQ_SNDMORE) == -1 ||
               zmq_send(server, "bytes", 5, 0) == -1) {
            if (errno == EHOSTUNREACH && fault_has_fired())
                break;
            kit_refused("zmq_send");
        }
        (void)kit_await(client);
    }
    kit_close(client);
    kit_close(server);
    kit_term(ctx);
}

enum { POLLED = 9 }; /* more than zmq_poll itself drives */

static void polled(const char *transport) {
    char at[POLLED][KIT_ENDPOINT];
    void *ctx = kit_ctx(), *pull[POLLED], *push = kit_socket(ctx, ZMQ_PUSH);
    zmq_pollitem_t items[POLLED];
    for (int i = 0; i < POLLED; i++) {
        pull[i] = kit_socket(ctx, ZMQ_PULL);
        kit_bind(pull[i], transport, at[i]);
        MUST(zmq_connect(push, at[i]));
        items[i] = (zmq_pollitem_t){.socket = pull[i], .events = ZMQ_POLLIN};
    }
    for (int left = POLLED; left;) {
        int n;
        (void)zmq_send(push, "x", 1, ZMQ_DONTWAIT);
        while ((n = zmq_poll(items, POLLED, 20)) == -1)
            kit_refused("zmq_poll");
        for (int i = 0; n && i < POLLED; i++) {
            char c;
            if (items[i].revents && zmq_recv(pull[i], &c, 1, ZMQ_DONTWAIT) == 1) {
                items[i].events = 0;
                left--;
            }
        }
    }
    for (int i = 0; i < POLLED; i++)
        kit_close(pull[i]);
    kit_close(push);
    kit_term(ctx);
}

/* One question, if there is one: everybody may come in. */
static void play_handler(void *zap) {
    static const char *const reply[] = {"1.0", "1", "200", "", "joe", ""};
    enum { PARTS = sizeof reply / sizeof reply[0] };
    char part[64];
    int more = 1, said = 0;
    size_t size = sizeof more;
    while (more) {
        if (zmq_recv(zap, part, sizeof part, ZMQ_DONTWAIT) == -1) {
            if (errno == EAGAIN)
                return;
            kit_refused("zmq_recv");
            continue;
        }
        MUST(zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &size));
    }
    while (said < PARTS) {
        int flags = ZMQ_DONTWAIT | (said + 1 < PARTS ? ZMQ_SNDMORE : 0);
        if (zmq_send(zap, reply[said], strlen(reply[said]), flags) != -1) {
            said++;
            continue;
        }
        kit_refused("zmq_send");
        said = 0; /* what was begun is gone with the part that failed */
    }
}

/* PLAIN, judged by a handler; who is refused for a fault comes again. */
static void plain(const char *transport) {
    char at[KIT_ENDPOINT], got = 0;
    void *ctx = kit_ctx(), *zap = kit_socket(ctx, ZMQ_REP);
    void *pull = kit_socket(ctx, ZMQ_PULL), *push = kit_socket(ctx, ZMQ_PUSH);
    MUST(zmq_bind(zap, "inproc://zeromq.zap.01"));
    kit_set(pull, ZMQ_PLAIN_SERVER, 1);
    MUST(zmq_setsockopt(push, ZMQ_PLAIN_USERNAME, "admin", 5));
    MUST(zmq_setsockopt(push, ZMQ_PLAIN_PASSWORD, "secret", 6));
    kit_bind(pull, transport, at);
    MUST(zmq_connect(push, at));
    while (!got) {
        zmq_pollitem_t items[2] = {{.socket = zap, .events = ZMQ_POLLIN},
                                   {.socket = pull, .events = ZMQ_POLLIN}};
        (void)zmq_send(push, "x", 1, ZMQ_DONTWAIT);
        if (zmq_poll(items, 2, 20) == -1)
            kit_refused("zmq_poll");
        play_handler(zap);
        (void)zmq_recv(pull, &got, 1, ZMQ_DONTWAIT);
    }
    kit_close(push);
    kit_close(pull);
    kit_close(zap);
    kit_term(ctx);
}

#if ZX_HAVE_GSSAPI
/* GSSAPI, on tokens that are known: steps run in background threads. */
static void gssapi(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *pull = kit_socket(ctx, ZMQ_PULL), *push = kit_socket(ctx, ZMQ_PUSH);
    kit_set(pull, ZMQ_GSSAPI_SERVER, 1);
    MUST(zmq_setsockopt(push, ZMQ_GSSAPI_SERVICE_PRINCIPAL, "service", 7));
    kit_bind(pull, transport, at);
    MUST(zmq_connect(push, at));
    kit_stream(push, pull, 3);
    kit_close(push);
    kit_close(pull);
    kit_term(ctx);
}
#endif

/* A proxy in this very thread: a ROUTER that knows nobody of that name ends it. */
static void proxied(const char *transport) {
    char in[KIT_ENDPOINT], out[KIT_ENDPOINT], tap[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *capture = kit_socket(ctx, ZMQ_PUSH), *spy = kit_socket(ctx, ZMQ_PULL);
    void *front = kit_socket(ctx, ZMQ_DEALER), *back = kit_socket(ctx, ZMQ_ROUTER);
    void *client = kit_socket(ctx, ZMQ_DEALER), *worker = kit_socket(ctx, ZMQ_DEALER);
    enum { N = 5 };
    kit_set(back, ZMQ_ROUTER_MANDATORY, 1);
    kit_set(back, ZMQ_ROUTER_HANDOVER, 1); /* from a connect that failed half way */
    MUST(zmq_setsockopt(worker, ZMQ_ROUTING_ID, "w", 1));
    kit_bind(front, transport, in);
    kit_bind(back, transport, out);
    kit_bind(capture, transport, tap);
    MUST(zmq_connect(spy, tap));
    MUST(zmq_connect(client, in));
    MUST(zmq_connect(worker, out));
    MUST(zmq_send(worker, "here", 4, 0));
    (void)kit_await(back);
    for (uint32_t i = 0; i < N;)
        i += kit_send(client, "w", 1, i);
    MUST(zmq_send(client, "nobody", 6, ZMQ_SNDMORE));
    MUST(zmq_send(client, "", 0, 0));
    while (zmq_proxy(front, back, capture) == -1 && errno != EHOSTUNREACH)
        kit_refused("zmq_proxy");
    int64_t last = -1, i;
    while (last < N - 1 && (i = kit_recv(worker, NULL, 0, 20)) >= 0) {
        if (i != last + 1 && !fault_has_fired())
            kit_fail("%d after %d", (int)i, (int)last);
        last = i;
    }
    if (last < N - 1 && !fault_has_fired())
        kit_fail("only %d came", (int)last + 1);
    kit_close(client);
    kit_close(worker);
    kit_close(spy);
    kit_close(front);
    kit_close(back);
    kit_close(capture);
    kit_term(ctx);
}

const struct scene scenes[] = {
    {"push_pull", push_pull, "inproc tcp ipc ws vmci tipc"},
    {"pair", pair, "inproc tcp"},
    {"connect_before_bind", connect_before_bind, "inproc tcp ipc"},
    {"reconnect", reconnect, "tcp ipc ws vmci"},
    {"linger", linger, "tcp ipc ws"},
    {"req_rep", req_rep, "inproc tcp ipc ws"},
    {"router_dealer", router_dealer, "inproc tcp ipc ws"},
    {"pub_sub", pub_sub, "inproc tcp ipc ws"},
    {"xpub_xsub", xpub_xsub, "inproc tcp"},
    {"monitored", monitored, "tcp ipc vmci"},
    {"options", options, "tcp"},
    {"by_name", by_name, "tcp"},
    {"by_proxy", by_proxy, "tcp"},
    {"stream", stream, "tcp"},
    {"polled", polled, "inproc tcp"},
    {"plain", plain, "tcp ipc ws"},
#if ZX_HAVE_GSSAPI
    {"gssapi", gssapi, "tcp ipc"},
#endif
    {"proxied", proxied, "inproc"},
    {"client_server", scene_client_server, "inproc tcp ipc"},
    {"peers", scene_peers, "inproc tcp"},
    {"radio_dish", scene_radio_dish, "inproc tcp ipc"},
    {"channel", scene_channel, "inproc tcp"},
    {"groups", scene_groups, "udp"},
    {"datagrams", scene_datagrams, "udp"},
    {0},
};
