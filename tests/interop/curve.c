/* SPDX-License-Identifier: MIT */
/*
 * CURVE between the two libraries: each as server and as client, either end connecting; small and
 * large messages, parts, subscriptions, heartbeats; ZAP with a handler in C and with pyzmq's
 * authenticators; keys that do not fit, and the events at both ends.
 */
#include "drive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define HANDLER "inproc://zeromq.zap.01"

/* The pairs printed in zmq_curve(7). */
static const char server_public[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char server_secret[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
static const char client_public[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char client_secret[] = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";
static const char client_raw[] =
    "h:bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518";

static struct agent *us(bool ours) {
    return &agents[ours ? OURS : SYSTEM];
}

static void set_key(struct agent *a, int option, const char *key) {
    ask(a, "hex 0 %d %s", option, part(key) + 2);
}

static void be_server(struct agent *a) {
    ask(a, "int 0 %d 1", ZMQ_CURVE_SERVER);
    set_key(a, ZMQ_CURVE_SECRETKEY, server_secret);
}

static void be_client(struct agent *a, const char *server_key) {
    set_key(a, ZMQ_CURVE_SERVERKEY, server_key);
    set_key(a, ZMQ_CURVE_PUBLICKEY, client_public);
    set_key(a, ZMQ_CURVE_SECRETKEY, client_secret);
}

struct pair {
    struct agent *server, *client;
    const char *server_type, *client_type;
    bool connecting; /* the server connects */
};

static void make(struct pair *p) {
    ask(p->server, "new 0 %s", p->server_type);
    ask(p->client, "new 0 %s", p->client_type);
    be_server(p->server);
    be_client(p->client, server_public);
    ask(p->server, "int 0 %d 3000", ZMQ_RECONNECT_IVL);
    ask(p->client, "int 0 %d 3000", ZMQ_RECONNECT_IVL);
}

static void watch(struct pair *p) {
    ask(p->server, "monitor 0");
    ask(p->client, "monitor 0");
}

static void join(struct pair *p, const char *transport) {
    struct agent *binder = p->connecting ? p->client : p->server;
    struct agent *other = p->connecting ? p->server : p->client;
    char endpoint[200];
    snprintf(endpoint, sizeof endpoint, "%s", ask(binder, "bind 0 %s", fresh_address(transport)));
    ask(other, "connect 0 %s", endpoint);
}

static void part_ways(struct pair *p) {
    ask(p->client, "close 0");
    ask(p->server, "close 0");
}

static void outcome_at(struct agent *a, int event, unsigned value, const char *file, int line) {
    static const int outcomes = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                                ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    int seen;
    unsigned got = 0;
    do {
        seen = 0;
        sscanf(ask_at(a, file, line, "event 0 %d", DRIVE_MS), "%d %u", &seen, &got);
    } while (!(seen & outcomes));
    if (seen != event || got != value) {
        print_error("%s: event %#x %#x instead of %#x %#x\n", agent_name(a), (unsigned)seen, got,
                    (unsigned)event, value);
        _fail(file, line);
    }
}
#define expect_outcome(a, event, value) outcome_at((a), (event), (value), __FILE__, __LINE__)

static void expect_event(struct agent *a, int event) {
    int seen = 0;
    do
        sscanf(ask(a, "event 0 %d", DRIVE_MS), "%d", &seen);
    while (seen != event);
}

/* ---- traffic ------------------------------------------------------------------ */

/* Around the sizes where headers, copies, references and stretches of keystream change. */
static const char *const messages[] = {
    "h:", "h:00", "h:0102030405", "r:65:2", "r:221:3 r:222:4", "r:223:5 h: r:255:6", "r:256:7",
    "r:4062:8", "r:4063:9", "r:8192:10 r:8193:11", "r:65536:12", "r:300000:13 h:0e",
    "r:3000000:15",
};

static void pass_messages(struct agent *from, struct agent *to) {
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        ask(from, "send 0 %d %s", DRIVE_MS, messages[i]);
        expect(to, 0, messages[i]);
    }
    /* Many on their way at once: sealed and opened in rows. */
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 100; i++)
            ask(from, "send 0 %d r:%zu:%zu r:%zu:7", DRIVE_MS, i * round + 65, i + 1,
                (i % 7) * 50 + 65);
        for (size_t i = 0; i < 100; i++) {
            char want[100];
            snprintf(want, sizeof want, "r:%zu:%zu r:%zu:7", i * round + 65, i + 1,
                     (i % 7) * 50 + 65);
            expect(to, 0, want);
        }
    }
}

static void traffic(void **state) {
    (void)state;
    for (int i = 0; i < 6; i++) { /* system-system needs no test of ours; ours-ours does */
        bool both = i >= 4;
        struct pair p = {us(both || i & 1), us(both || !(i & 1)), "PAIR", "PAIR", i & 2};
        if (both && i == 5)
            continue;
        if (both)
            p.client = &agents[PYTHON_ON_OURS];
        make(&p);
        join(&p, i & 2 ? "ipc" : "tcp");
        pass_messages(p.client, p.server);
        pass_messages(p.server, p.client);
        part_ways(&p);
    }
}

/* Subscriptions travel sealed as well: those of before the connection and those of after. */
static void subscriptions(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct pair p = {us(i & 1), us(!(i & 1)), "XPUB", "SUB", i & 2};
        char got[100] = "";
        make(&p);
        ask(p.client, "hex 0 %d 61", ZMQ_SUBSCRIBE);
        join(&p, "tcp");
        /* A libzmq that was connected to hears of it in the application's next call. */
        for (int tries = 0; tries < 100; tries++) {
            (void)tell(p.client, "recv 0 10");
            snprintf(got, sizeof got, "%s", tell(p.server, "recv 0 50"));
            if (strcmp(got, "none"))
                break;
        }
        assert_string_equal(got, "ok h:0161");
        ask(p.client, "hex 0 %d 6262", ZMQ_SUBSCRIBE);
        expect(p.server, 0, "h:016262");
        ask(p.server, "send 0 %d h:63", DRIVE_MS);
        ask(p.server, "send 0 %d h:616161", DRIVE_MS);
        ask(p.server, "send 0 %d h:626262", DRIVE_MS);
        expect(p.client, 0, "h:616161");
        expect(p.client, 0, "h:626262");
        ask(p.client, "hex 0 %d 61", ZMQ_UNSUBSCRIBE);
        expect(p.server, 0, "h:0061");
        part_ways(&p);
    }
}

/* PING and PONG inside: a peer that answers none is given up, so this one does. */
static void heartbeats(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pair p = {us(i & 1), us(!(i & 1)), "PULL", "PUSH", false};
        make(&p);
        ask(p.server, "int 0 %d 20", ZMQ_HEARTBEAT_IVL);
        ask(p.server, "int 0 %d 4000", ZMQ_HEARTBEAT_TIMEOUT);
        ask(p.client, "int 0 %d 20", ZMQ_HEARTBEAT_IVL);
        watch(&p);
        join(&p, "tcp");
        expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        assert_string_equal(tell(p.server, "event 0 300"), "none"); /* neither goes */
        ask(p.client, "send 0 %d h:6f6b", DRIVE_MS);
        expect(p.server, 0, "h:6f6b");
        part_ways(&p);
    }
}

/* ---- who may come ---------------------------------------------------------------- */

static void judge(struct agent *a, const char *status) {
    char want[600];
    snprintf(want, sizeof want, "%s %s %s %s h: %s %s", part("1.0"), part("1"), part("shop"),
             part("127.0.0.1"), part("CURVE"), client_raw);
    expect(a, 1, want);
    ask(a, "send 1 %d %s %s %s %s %s h:", DRIVE_MS, part("1.0"), part("1"), part(status),
        part("because"), part("joe"));
}

static void handlers_in_c(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct pair p = {us(i & 1), us(!(i & 1)), "PULL", "PUSH", i & 2};
        if (!(i & 2)) {
            ask(p.server, "new 1 REP");
            ask(p.server, "bind 1 " HANDLER);
        }
        for (int status = 200; status <= 500; status += status == 200 ? 200 : 100) {
            char text[4];
            snprintf(text, sizeof text, "%d", status);
            make(&p);
            ask(p.server, "hex 0 %d %s", ZMQ_ZAP_DOMAIN, part("shop") + 2);
            watch(&p);
            join(&p, "tcp");
            judge(p.server, text);
            if (status == 200) {
                expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
                expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
                ask(p.client, "send 0 %d h:6f6b", DRIVE_MS);
                expect(p.server, 0, "h:6f6b");
            } else {
                expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, (unsigned)status);
                expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, (unsigned)status);
                expect_event(p.client, ZMQ_EVENT_DISCONNECTED);
                expect_event(p.server, ZMQ_EVENT_DISCONNECTED);
            }
            part_ways(&p);
        }
        if (i & 2 || i == 3)
            ask(p.server, "close 1");
    }
}

/* pyzmq's authenticators let in the key above and no other. */
static void authenticators(void **state) {
    static const char *const kinds[] = {"thread", "asyncio"};
    static const enum agent_kind servers[] = {PYTHON, PYTHON_ON_OURS};
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct pair p = {&agents[servers[i & 1]], us(i & 2), "PULL", "PUSH", false};
        ask(p.server, "auth 0 %s", kinds[i >> 2]);
        for (int denied = 0; denied < 2; denied++) {
            make(&p);
            ask(p.server, "hex 0 %d %s", ZMQ_ZAP_DOMAIN, part("shop") + 2);
            if (denied) { /* the server's own pair: a key as good as any, but unknown */
                set_key(p.client, ZMQ_CURVE_PUBLICKEY, server_public);
                set_key(p.client, ZMQ_CURVE_SECRETKEY, server_secret);
            }
            ask(p.client, "monitor 0");
            join(&p, "tcp");
            if (!denied) {
                expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
                ask(p.client, "send 0 %d h:6f6b", DRIVE_MS);
                expect(p.server, 0, "h:6f6b");
            } else {
                expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400);
                expect_event(p.client, ZMQ_EVENT_DISCONNECTED);
            }
            part_ways(&p);
        }
        ask(p.server, "noauth 0");
    }
}

/* The client looks for another server; or has a secret that is not its public key's. */
static void wrong_keys(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct pair p = {us(i & 1), us(!(i & 1)), "PULL", "PUSH", false};
        make(&p);
        if (i & 2)
            set_key(p.client, ZMQ_CURVE_SERVERKEY, client_public);
        else
            set_key(p.client, ZMQ_CURVE_SECRETKEY, server_secret);
        watch(&p);
        join(&p, "tcp");
        expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL,
                       ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC);
        if (i & 1) { /* a monitored libzmq may leave it open: zmtp.md §12 */
            expect_event(p.server, ZMQ_EVENT_DISCONNECTED);
            expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EPIPE);
        }
        part_ways(&p);
    }
}

/* One side has CURVE, the other has not. */
static void wrong_mechanisms(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct pair p = {us(i & 1), us(!(i & 1)), "PULL", "PUSH", false};
        int told = 0;
        make(&p);
        ask(i & 2 ? p.server : p.client, "int 0 %d 0", ZMQ_CURVE_SERVER); /* back to NULL */
        watch(&p);
        join(&p, "tcp");
        /* Who finds out first closes, the other may see just that. */
        for (int side = 0; side < 2; side++) {
            int event = 0;
            unsigned value = 0;
            struct agent *a = side ? p.client : p.server;
            while (!(event & (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_DISCONNECTED))) {
                sscanf(ask(a, "event 0 %d", DRIVE_MS), "%d %u", &event, &value);
                assert_int_not_equal(event, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
            }
            told += event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL &&
                    value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH;
        }
        assert_true(told > 0);
        part_ways(&p);
    }
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, SYSTEM, PYTHON, PYTHON_ON_OURS, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(traffic, drive_setup),
        cmocka_unit_test_setup(subscriptions, drive_setup),
        cmocka_unit_test_setup(heartbeats, drive_setup),
        cmocka_unit_test_setup(wrong_keys, drive_setup),
        cmocka_unit_test_setup(wrong_mechanisms, drive_setup),
        cmocka_unit_test_setup(authenticators, drive_setup),
        cmocka_unit_test_setup(handlers_in_c, drive_setup),
    };
    (void)argc;
    drive_begin(argv, kinds);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
