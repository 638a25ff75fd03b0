/* SPDX-License-Identifier: MIT */
/* Properties in READY: what parses, what counts, what the application sees: zmtp.md §8. */
#include "node.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A property that ends in or right behind its length leaves a libzmq connection neither open nor
 * closed. */
static bool libzmq_stalls(const char *properties) {
    return !wire_is_ours() && strstr(properties, "04 'Name'") && !strstr(properties, "value");
}

static struct node *bound(struct wire *w, int type) {
    struct node *n = node_new(w, type);
    node_bind(n);
    return n;
}

/* Sends a READY with these properties to our PULL. */
static struct peer *with_metadata(struct wire *w, struct node *n, const char *properties) {
    struct peer *p = peer_connect(w, n->endpoint);
    struct frame theirs;
    peer_greet(p);
    peer_send(p, "<04 05'READY' %s>", properties);
    peer_read_frame(p, &theirs);
    free(theirs.body);
    return p;
}

static const char *const accepted[] = {
    "",                                                  /* nothing: no type, no check */
    "(X=y)",                                             /* no type */
    "(Socket-Type=PUSH)",
    "(Socket-Type=PUSH)(Identity=abc)",
    "(Identity=)(Socket-Type=PUSH)",                     /* any order */
    "(Socket-Type=PUSH)(=nameless)",                     /* a name of no length */
    "(Socket-Type=PUSH) 00 u32:0",                       /* neither name nor value */
    "(socket-type=REQ)(SOCKET-TYPE=nonsense)",           /* other names: unknown properties */
    "(Socket-Type=PUSH)(Socket-Type=PUSH)",              /* twice, both right */
    "(Socket-Type=PUSH)(Resource=/path)(Unknown=value)",
    "(Socket-Type=PUSH) ff 'n'*255 u32:3 'val'",
    "(Socket-Type=PUSH) 01 'v' u32:60000 'v'*60000",     /* ours ends at 64 KiB a command */
};

static const char *const refused[] = {
    "(Socket-Type=PUSH) 05",                             /* one byte left over */
    "00",
    "(Socket-Type=PUSH) 04 'Nam'",                       /* cut in the name */
    "(Socket-Type=PUSH) 04 'Name'",                      /* no length */
    "(Socket-Type=PUSH) 04 'Name' 00 00 00",             /* cut in the length */
    "(Socket-Type=PUSH) 04 'Name' u32:5 'valu'",         /* cut in the value */
    "(Socket-Type=PUSH) 04 'Name' ff ff ff ff 'value'",  /* a length of 2^32-1 */
    "(Socket-Type=PUSH) 04 'Name' 80 00 00 00 'value'",
    "(Socket-Type=PUSH) ff 'n'*254",
    "(Socket-Type=REQ)",                                 /* a type that does not fit */
    "(Socket-Type=push)",                                /* types are upper case */
    "(Socket-Type=)",
    "(Socket-Type=PUS)",
    "(Socket-Type=PUSHX)",
    "(Socket-Type=PUSH)(Socket-Type=REQ)",               /* every one is checked */
    "(Socket-Type=REQ)(Socket-Type=PUSH)",
};

static void parsing(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        wire_row = (int)i;
        struct peer *p = with_metadata(*state, n, accepted[i]);
        peer_send(p, "<00 'n' %02x>", (unsigned)i);
        node_expect(n, "'n' %02x", (unsigned)i);
        peer_drop(p);
    }
    n = bound(*state, ZMQ_PULL);
    node_watch(n);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        wire_row = (int)i;
        struct peer *p;
        if (libzmq_stalls(refused[i]))
            continue;
        p = with_metadata(*state, n, refused[i]);
        node_expect_event(n, ZMQ_EVENT_ACCEPTED);
        wire_check(node_next_event(n, NULL, DEADLINE_MS) == ZMQ_EVENT_DISCONNECTED,
                   "accepted, or a handshake event (§12): %s", refused[i]);
        peer_expect_close(p); /* and no ERROR command: §9 */
        peer_drop(p);
    }
}

/* A property cut off at every place: never accepted but at its borders. */
static void every_truncation(void **state) {
    struct node *n = bound(*state, ZMQ_PULL);
    struct bytes whole;
    script_parse(&whole, "(Socket-Type=PUSH)(Na=val)");
    for (size_t len = 0; len <= whole.len; len++) {
        struct peer *p = peer_connect(*state, n->endpoint);
        uint8_t head[2] = {4, (uint8_t)(6 + len)};
        if (!wire_is_ours() && ((len >= 12 && len <= 16) || (len >= 23 && len <= 27)))
            continue; /* see libzmq_stalls */
        peer_greet(p);
        peer_expect(p, "<04 05'READY'(Socket-Type=PULL)>");
        peer_send_bytes(p, head, 2);
        peer_send(p, "05'READY'");
        peer_send_bytes(p, whole.data, len);
        if (len == 0 || len == 20 || len == whole.len)
            peer_expect_open(p);
        else
            peer_expect_close(p);
        peer_drop(p);
    }
    bytes_free(&whole);
}

static void expect_property(zmq_msg_t *msg, const char *name, const char *value) {
    const char *got = zmq_msg_gets(msg, name);
    if (!value)
        wire_check(!got, "%s is \"%s\" instead of absent", name, got);
    else
        wire_check(got && strcmp(got, value) == 0, "%s is \"%s\" instead of \"%s\"", name,
                   got ? got : "(absent)", value);
}

/* What zmq_msg_gets tells; all parts of a message tell the same (pitfalls.md §17.7). */
static void read_by_the_application(void **state) {
    struct wire *w = *state;
    struct node *n = bound(w, ZMQ_PULL);
    struct peer *p = with_metadata(
        w, n, "(Socket-Type=PUSH)(Identity=me)(X-a=1)(X-a=2)(x-A=3)(User-Id=forged)"
              "(Peer-Address=10.1.2.3)(Resource=res)(=nameless) 03 'Cut' u32:5 'ab' 00 'cd'");
    char credentials[80];
    zmq_msg_t msg;
    snprintf(credentials, sizeof credentials, "localhost:%u:%u:%d", getuid(), getgid(), getpid());
    peer_send(p, "<01 'one'><00 'two'>");
    for (int part = 0; part < 2; part++) {
        node_receive(n, &msg);
        expect_property(&msg, "Socket-Type", "PUSH");
        expect_property(&msg, "Identity", "me");
        expect_property(&msg, "X-a", "1");
        expect_property(&msg, "x-A", "3");
        expect_property(&msg, "x-a", NULL);
        expect_property(&msg, "Resource", "res");
        /* §8: possible without ZAP; security.md §8.7: not here */
        expect_property(&msg, "User-Id", wire_is_ours() ? NULL : "forged");
        expect_property(&msg, "Cut", "ab");
        expect_property(&msg, "Missing", NULL);
        expect_property(&msg, "Peer-Address", w->transport[0] == 't' ? "127.0.0.1" : credentials);
        if (wire_is_ours())
            expect_property(&msg, "Routing-Id", "me");
        assert_int_equal(zmq_msg_more(&msg), !part);
        zmq_msg_close(&msg);
    }
}

/* Metadata belongs to a connection and is gone when the message is sent on (§17.7). */
static void not_sent_on(void **state) {
    struct node *in = bound(*state, ZMQ_PULL), *out = bound(*state, ZMQ_PUSH);
    struct node *end = node_new(*state, ZMQ_PULL);
    struct peer *p = with_metadata(*state, in, "(Socket-Type=PUSH)(X-a=1)");
    zmq_msg_t msg;
    node_connect(end, out->endpoint);
    peer_send(p, "<00 'x'>");
    node_receive(in, &msg);
    expect_property(&msg, "X-a", "1");
    assert_true(node_poll(out, ZMQ_POLLOUT, DEADLINE_MS));
    assert_int_equal(zmq_msg_send(&msg, out->sock, ZMQ_DONTWAIT), 1);
    node_receive(end, &msg);
    expect_property(&msg, "X-a", NULL);
    expect_property(&msg, "Socket-Type", "PUSH");
    zmq_msg_close(&msg);
}

/* §8: of several identities the last one counts at a ROUTER; names are case-sensitive. */
static void which_identity(void **state) {
    static const char *const rows[][2] = {
        {"(Socket-Type=DEALER)(Identity=abc)", "'abc'"},
        {"(Identity=early)(Socket-Type=DEALER)", "'early'"},
        {"(Socket-Type=DEALER)(Identity=one)(Identity=two)", "'two'"},
        {"(Socket-Type=DEALER)(identity=abc)(IDENTITY=abc)", "00 ??*4"},
        {"(Socket-Type=DEALER)(Identity=)", "00 ??*4"},
        {"(Socket-Type=DEALER)", "00 ??*4"},
        {"(Socket-Type=DEALER) 08'Identity' u32:255 'i'*255", "'i'*255"},
        {"(Socket-Type=DEALER) 08'Identity' u32:3 'a' 00 'b'", "'a' 00 'b'"},
        {"(Socket-Type=REQ)(Identity=req)", "'req'"},
        {"(Socket-Type=ROUTER)(Identity=router)", "'router'"},
    };
    struct node *n = bound(*state, ZMQ_ROUTER);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wire_row = (int)i;
        struct peer *p = with_metadata(*state, n, rows[i][0]);
        peer_send(p, "<00 'x'>");
        node_expect(n, "%s|'x'", rows[i][1]);
        peer_drop(p);
    }
}

/* pitfalls.md §6.7: an id that begins with zero or is longer than 255 bytes is not taken as it
 * is: the peer is refused or gets an id made for it; the process lives either way. */
static void impossible_identities(void **state) {
    static const char *const ids[] = {"u32:5 00 6b 8b 45 67", "u32:5 00 6b 8b 45 68", "u32:1 00",
                                      "u32:256 'i'*256", "u32:70000 'i'*70000",
                                      "u32:255 00 'i'*254"};
    struct node *n = bound(*state, ZMQ_ROUTER);
    wire_ours_only("libzmq takes such identities, and aborts when one collides");
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        wire_row = (int)i;
        struct peer *p = peer_connect(*state, n->endpoint), *other;
        zmq_msg_t id;
        peer_greet(p);
        peer_send(p, "<04 05'READY'(Socket-Type=DEALER) 08'Identity' %s><00 'x'>", ids[i]);
        other = with_metadata(*state, n, "(Socket-Type=DEALER)(Identity=)");
        peer_send(other, "<00 'other'>");
        for (bool seen = false; !seen;) {
            zmq_msg_t body;
            node_receive(n, &id);
            assert_int_equal(zmq_msg_size(&id), 5);
            assert_int_equal(*(uint8_t *)zmq_msg_data(&id), 0);
            node_receive(n, &body);
            seen = zmq_msg_size(&body) == 5;
            zmq_msg_close(&id);
            zmq_msg_close(&body);
        }
        peer_drop(p);
        peer_drop(other);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(parsing),
        ON_BOTH(every_truncation),
        ON_BOTH(read_by_the_application),
        ON_TCP(not_sent_on),
        ON_BOTH(which_identity),
        ON_BOTH(impossible_identities),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
