/* SPDX-License-Identifier: MIT */
/* ws, ours against libzmq 4.3.5: every legal pair of the stable types, either library at either
 * end, either end connecting; PLAIN and CURVE; large messages both ways. transports.md §11. */
#include "pair.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

static void ours_first(void **state) {
    (void)state;
    pair_run(NULL, NULL, &agents[OURS], &agents[NEWER], "ws");
}

static void newer_first(void **state) {
    (void)state;
    pair_run(NULL, NULL, &agents[NEWER], &agents[OURS], "ws");
}

static const char server_public[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char server_secret[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
static const char client_public[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char client_secret[] = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

static void set(struct agent *a, int option, const char *text) {
    ask(a, "hex 0 %d %s", option, part(text) + 2);
}

/* libzmq refuses PLAIN without a handler: slot 1, one question, one answer. */
static void let_in(struct agent *a) {
    char want[400];
    snprintf(want, sizeof want, "%s %s %s %s h: %s %s %s", part("1.0"), part("1"), part("shop"),
             part("127.0.0.1"), part("PLAIN"), part("admin"), part("secret"));
    expect(a, 1, want);
    ask(a, "send 1 %d %s %s %s %s %s h:", DRIVE_MS, part("1.0"), part("1"), part("200"),
        part("because"), part("joe"));
}

static void secure(struct agent *server, struct agent *client, bool curve) {
    if (!curve) {
        ask(server, "int 0 %d 1", ZMQ_PLAIN_SERVER);
        set(server, ZMQ_ZAP_DOMAIN, "shop");
        set(client, ZMQ_PLAIN_USERNAME, "admin");
        set(client, ZMQ_PLAIN_PASSWORD, "secret");
        return;
    }
    ask(server, "int 0 %d 1", ZMQ_CURVE_SERVER);
    set(server, ZMQ_CURVE_SECRETKEY, server_secret);
    set(client, ZMQ_CURVE_SERVERKEY, server_public);
    set(client, ZMQ_CURVE_PUBLICKEY, client_public);
    set(client, ZMQ_CURVE_SECRETKEY, client_secret);
}

static void pass(struct agent *from, struct agent *to, const char *message) {
    ask(from, "send 0 %d %s", DRIVE_MS, message);
    expect(to, 0, message);
}

static void echo(struct agent *server, struct agent *client) {
    static const char *const messages[] = {"h:", "h:73696e676c65", "r:124:1", "r:125:1", "r:126:2",
                                           "r:255:1", "r:65534:3", "r:65535:3", "r:65536:4",
                                           "r:300000:5 h: r:9000:6", "r:20000000:7"};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        pass(client, server, messages[i]);
        pass(server, client, messages[i]);
    }
}

static void topics(struct agent *server, struct agent *client) {
    set(client, ZMQ_SUBSCRIBE, "news");
    expect(server, 0, "h:016e657773");
    ask(server, "send 0 %d %s", DRIVE_MS, part("other"));
    pass(server, client, part("news of today"));
}

static void secured(struct agent *server, struct agent *client, bool curve) {
    static const char *const types[][2] = {{"REP", "REQ"}, {"DEALER", "DEALER"}, {"XPUB", "SUB"}};
    char endpoint[200];
    if (!curve) {
        ask(server, "new 1 REP");
        ask(server, "bind 1 inproc://zeromq.zap.01");
    }
    for (int i = 0; i < 3; i++) {
        print_message("%s at %s, %s at %s, %s\n", types[i][0], agent_name(server), types[i][1],
                      agent_name(client), curve ? "CURVE" : "PLAIN");
        ask(server, "new 0 %s", types[i][0]);
        ask(client, "new 0 %s", types[i][1]);
        secure(server, client, curve);
        snprintf(endpoint, sizeof endpoint, "%s", ask(server, "bind 0 ws://127.0.0.1:*/a"));
        ask(client, "connect 0 %s", endpoint);
        if (!curve)
            let_in(server);
        if (i == 2)
            topics(server, client);
        else
            echo(server, client);
        ask(server, "close 0");
        ask(client, "close 0");
    }
    if (!curve)
        ask(server, "close 1");
}

static void plain(void **state) {
    (void)state;
    secured(&agents[OURS], &agents[NEWER], false);
    secured(&agents[NEWER], &agents[OURS], false);
}

static void curve(void **state) {
    (void)state;
    secured(&agents[OURS], &agents[NEWER], true);
    secured(&agents[NEWER], &agents[OURS], true);
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, NEWER, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ours_first, drive_setup),
        cmocka_unit_test_setup(newer_first, drive_setup),
        cmocka_unit_test_setup(plain, drive_setup),
        cmocka_unit_test_setup(curve, drive_setup),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
