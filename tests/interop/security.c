/* SPDX-License-Identifier: MIT */
/*
 * PLAIN and ZAP between the two libraries: each as server with a handler in C, each as client;
 * right and wrong passwords, wrong mechanisms, and the events at both ends. Then pyzmq's
 * authenticators, in a thread and on asyncio, judging for both libraries.
 */
#include "drive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define HANDLER "inproc://zeromq.zap.01"

static struct agent *us(bool ours) {
    return &agents[ours ? OURS : SYSTEM];
}

static const char *event_name(int event) {
    return event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED           ? "HANDSHAKE_SUCCEEDED"
           : event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH       ? "FAILED_AUTH"
           : event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL   ? "FAILED_PROTOCOL"
           : event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL  ? "FAILED_NO_DETAIL"
           : event == ZMQ_EVENT_DISCONNECTED                ? "DISCONNECTED"
                                                            : "another";
}

/* The first outcome of a handshake that the monitor of slot 0 tells of. */
static void expect_outcome_at(struct agent *a, int event, unsigned value, const char *file,
                              int line) {
    static const int outcomes = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                                ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    int seen = 0;
    unsigned got = 0;
    do {
        seen = 0;
        sscanf(ask_at(a, file, line, "event 0 %d", DRIVE_MS), "%d %u", &seen, &got);
    } while (!(seen & outcomes));
    if (seen != event || got != value) {
        print_error("%s: %s %u instead of %s %u\n", agent_name(a), event_name(seen), got,
                    event_name(event), value);
        _fail(file, line);
    }
}
#define expect_outcome(a, event, value) expect_outcome_at((a), (event), (value), __FILE__, __LINE__)

static void expect_event(struct agent *a, int event) {
    int seen = 0;
    do
        sscanf(ask(a, "event 0 %d", DRIVE_MS), "%d", &seen);
    while (seen != event);
}

static void set_text(struct agent *a, int option, const char *text) {
    ask(a, "hex 0 %d %s", option, part(text) + 2);
}

static void plain_client(struct agent *a, const char *user, const char *password) {
    set_text(a, ZMQ_PLAIN_USERNAME, user);
    set_text(a, ZMQ_PLAIN_PASSWORD, password);
}

struct pair {
    struct agent *server, *client;
    bool connecting; /* the server connects */
};

static void make(struct pair *p) {
    ask(p->server, "new 0 PULL");
    ask(p->client, "new 0 PUSH");
    ask(p->server, "int 0 %d 3000", ZMQ_RECONNECT_IVL);
    ask(p->client, "int 0 %d 3000", ZMQ_RECONNECT_IVL);
    set_text(p->server, ZMQ_ZAP_DOMAIN, "shop");
    if (p->server->kind == OURS || p->server->kind == SYSTEM)
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

static void check_traffic(struct pair *p) {
    ask(p->client, "send 0 %d %s %s", DRIVE_MS, part("hello"), part("you"));
    char want[200];
    snprintf(want, sizeof want, "%s %s", part("hello"), part("you"));
    expect(p->server, 0, want);
}

static void part_ways(struct pair *p) {
    ask(p->client, "close 0");
    ask(p->server, "close 0");
}

/* The handler, slot 1 of the server's process: one question, one answer. */
static void judge(struct agent *a, const char *address, const char *credentials,
                  const char *status) {
    char want[600];
    snprintf(want, sizeof want, "%s %s %s %s h: %s", part("1.0"), part("1"), part("shop"),
             part(address), credentials);
    expect(a, 1, want);
    ask(a, "send 1 %d %s %s %s %s %s h:", DRIVE_MS, part("1.0"), part("1"), part(status),
        part("because"), part("joe"));
}

/* libzmq gives a closed socket's name free only after a while, so it is opened once a test. */
static void open_handler(struct agent *a) {
    ask(a, "new 1 REP");
    ask(a, "bind 1 " HANDLER);
}

static const char *plain_question(const char *user, const char *password) {
    static char text[300];
    snprintf(text, sizeof text, "%s %s %s", part("PLAIN"), part(user), part(password));
    return text;
}

static void passwords(struct agent *server, struct agent *client) {
    for (int connecting = 0; connecting < 2; connecting++) {
        struct pair p = {server, client, connecting};
        make(&p);
        ask(server, "int 0 %d 1", ZMQ_PLAIN_SERVER);
        plain_client(client, "admin", "secret");
        join(&p, "tcp");
        judge(server, "127.0.0.1", plain_question("admin", "secret"), "200");
        expect_outcome(server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        expect_outcome(client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        check_traffic(&p);
        part_ways(&p);
        for (unsigned status = 400; status <= 500; status += 100) {
            make(&p);
            ask(server, "int 0 %d 1", ZMQ_PLAIN_SERVER);
            plain_client(client, "admin", "wrong");
            join(&p, "tcp");
            judge(server, "127.0.0.1", plain_question("admin", "wrong"),
                  status == 400 ? "400" : "500");
            expect_outcome(server, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, status);
            expect_outcome(client, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, status);
            expect_event(client, ZMQ_EVENT_DISCONNECTED);
            expect_event(server, ZMQ_EVENT_DISCONNECTED);
            part_ways(&p);
        }
    }
}

static void null_with_zap(struct agent *server, struct agent *client) {
    for (int connecting = 0; connecting < 2; connecting++) {
        struct pair p = {server, client, connecting};
        make(&p);
        join(&p, "tcp");
        judge(server, "127.0.0.1", part("NULL"), "200");
        expect_outcome(server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        expect_outcome(client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        check_traffic(&p);
        part_ways(&p);
        make(&p);
        join(&p, "tcp");
        judge(server, "127.0.0.1", part("NULL"), "400");
        expect_outcome(server, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400);
        expect_outcome(client, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400);
        part_ways(&p);
    }
}

/* The peer's library is the other one, so what it sees is what is on the wire. */
static void later(struct agent *server, struct agent *client) {
    struct pair p = {server, client, false};
    make(&p);
    ask(server, "int 0 %d 1", ZMQ_PLAIN_SERVER);
    ask(server, "int 0 %d 200", ZMQ_HANDSHAKE_IVL); /* libzmq leaves it to its timer */
    ask(client, "int 0 %d 10", ZMQ_RECONNECT_IVL);
    plain_client(client, "admin", "secret");
    join(&p, "ipc");
    for (int i = 0; i < 2; i++) {
        (void)ask(server, "recv 1 %d", DRIVE_MS);
        ask(server, "send 1 %d %s %s %s h: h: h:", DRIVE_MS, part("1.0"), part("1"), part("300"));
        expect_outcome(server, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 300);
        expect_outcome(client, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EPIPE);
    }
    (void)ask(server, "recv 1 %d", DRIVE_MS);
    ask(server, "send 1 %d %s %s %s h: h: h:", DRIVE_MS, part("1.0"), part("1"), part("200"));
    expect_outcome(client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
    check_traffic(&p);
    part_ways(&p);
}

static void with_handlers_in_c(void **state) {
    (void)state;
    for (int ours = 0; ours < 2; ours++) {
        struct agent *server = us(ours), *client = us(!ours);
        open_handler(server);
        passwords(server, client);
        null_with_zap(server, client);
        if (ours)
            later(server, client);
        ask(server, "close 1");
    }
}

/* Who finds out first closes, the other may see just that: at least one says why. */
static void expect_clash(struct pair *p, unsigned value) {
    static const int outcomes = ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    int seen, told = 0;
    for (int i = 0; i < 2; i++) {
        struct agent *a = i ? p->client : p->server;
        unsigned got = 0;
        do {
            seen = 0;
            sscanf(ask(a, "event 0 %d", DRIVE_MS), "%d %u", &seen, &got);
        } while (!(seen & outcomes));
        assert_int_not_equal(seen, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        if (seen == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) {
            assert_int_equal(got, value);
            told++;
        }
        expect_event(a, ZMQ_EVENT_DISCONNECTED);
    }
    assert_true(told > 0);
}

enum { MECHANISM_NULL, MECHANISM_PLAIN, MECHANISM_CURVE, MECHANISMS };

/* The pair printed in zmq_curve(7). */
static const char public_key[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char secret_key[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

static void be(struct agent *a, int mechanism, bool server) {
    if (mechanism == MECHANISM_PLAIN && server)
        ask(a, "int 0 %d 1", ZMQ_PLAIN_SERVER);
    else if (mechanism == MECHANISM_PLAIN)
        plain_client(a, "admin", "secret");
    if (mechanism != MECHANISM_CURVE)
        return;
    if (server)
        ask(a, "int 0 %d 1", ZMQ_CURVE_SERVER);
    else
        set_text(a, ZMQ_CURVE_SERVERKEY, public_key);
    set_text(a, ZMQ_CURVE_PUBLICKEY, public_key);
    set_text(a, ZMQ_CURVE_SECRETKEY, secret_key);
}

/* Each against each other one, either library as server, either connecting. No handler in these
 * processes. */
static void wrong_mechanisms(void **state) {
    (void)state;
    for (int i = 0; i < MECHANISMS * MECHANISMS * 4; i++) {
        int one = i / 4 % MECHANISMS, other = i / 4 / MECHANISMS;
        struct pair p = {us(i & 1), us(!(i & 1)), i & 2};
        bool curve = one == MECHANISM_CURVE || other == MECHANISM_CURVE;
        if (one == other || (curve && !zmq_has("curve")))
            continue;
        make(&p);
        be(p.server, one, true);
        be(p.client, other, false);
        join(&p, "tcp");
        expect_clash(&p, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
        part_ways(&p);
    }
}

static void two_clients(void **state) {
    (void)state;
    for (int m = MECHANISM_PLAIN; m <= MECHANISM_CURVE; m++) {
        struct pair p = {us(true), us(false), false};
        if (m == MECHANISM_CURVE && !zmq_has("curve"))
            continue;
        make(&p);
        be(p.server, m, false);
        be(p.client, m, false);
        join(&p, "tcp");
        expect_clash(&p, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        part_ways(&p);
    }
}

static void two_servers(void **state) {
    (void)state;
    for (int m = MECHANISM_PLAIN; m <= MECHANISM_CURVE; m++) {
        struct pair p = {us(true), us(false), false};
        if (m == MECHANISM_CURVE && !zmq_has("curve"))
            continue;
        make(&p);
        be(p.server, m, true);
        be(p.client, m, true);
        ask(p.server, "int 0 %d 100", ZMQ_HANDSHAKE_IVL);
        join(&p, "tcp");
        expect_event(p.server, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        expect_event(p.server, ZMQ_EVENT_DISCONNECTED);
        expect_event(p.client, ZMQ_EVENT_DISCONNECTED);
        part_ways(&p);
    }
}

static void without_a_handler(void **state) {
    (void)state;
    for (int ours = 0; ours < 2; ours++) {
        struct pair p = {us(ours), us(!ours), false};
        make(&p);
        ask(p.server, "int 0 %d 1", ZMQ_PLAIN_SERVER);
        plain_client(p.client, "admin", "secret");
        join(&p, "ipc");
        expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EFAULT);
        if (ours) /* a monitored libzmq may leave it open: zmtp.md §12 */
            expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EPIPE);
        part_ways(&p);
        make(&p); /* NULL: not enforced, so it is let in */
        join(&p, "ipc");
        expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        check_traffic(&p);
        part_ways(&p);
    }
}

/* pyzmq's authenticators know admin with the password "secret", nobody else. */
static void authenticators(void **state) {
    static const char *const kinds[] = {"thread", "asyncio"};
    static const enum agent_kind servers[] = {PYTHON, PYTHON_ON_OURS};
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct pair p = {&agents[servers[i & 1]], us(i & 2), false};
        ask(p.server, "auth 0 %s", kinds[i >> 2]);
        for (int k = 0; k < 3; k++) {
            make(&p);
            ask(p.server, "int 0 %d 1", ZMQ_PLAIN_SERVER);
            plain_client(p.client, k == 1 ? "eve" : "admin", k == 2 ? "wrong" : "secret");
            join(&p, k & 1 ? "ipc" : "tcp");
            if (k == 0) {
                expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
                check_traffic(&p);
            } else {
                expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400);
                expect_event(p.client, ZMQ_EVENT_DISCONNECTED);
            }
            part_ways(&p);
        }
        ask(p.server, "noauth 0");
    }
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, SYSTEM, PYTHON, PYTHON_ON_OURS, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(wrong_mechanisms, drive_setup),
        cmocka_unit_test_setup(two_clients, drive_setup),
        cmocka_unit_test_setup(two_servers, drive_setup),
        cmocka_unit_test_setup(without_a_handler, drive_setup),
        cmocka_unit_test_setup(authenticators, drive_setup),
        cmocka_unit_test_setup(with_handlers_in_c, drive_setup),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
