/* SPDX-License-Identifier: MIT */
/* JeroMQ 0.3, which speaks ZMTP 2.0, as the other side over tcp: zmtp.md §4.3. Its messages of
 * 8 MiB and 1 MiB are made byte by byte in Java, hence the few pairs. */
#include "pair.h"

#include <stdio.h>

static void pairs_with_jeromq(void **state) {
    static const char *const pairs[][2] = {{"PUSH", "PULL"}, {"REQ", "REP"}, {"PUB", "SUB"},
                                           {"DEALER", "ROUTER"}, {"DEALER", "REP"},
                                           {"PAIR", "PAIR"}, {"XPUB", "XSUB"}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        pair_run(pairs[i][0], pairs[i][1], &agents[OURS], &agents[JAVA], "tcp");
        pair_run(pairs[i][0], pairs[i][1], &agents[JAVA], &agents[OURS], "tcp");
    }
}

/* An id that it announces in its identity frame names it at our ROUTER. */
static void its_identity(void **state) {
    char endpoint[200];
    (void)state;
    ask(&agents[OURS], "new 0 ROUTER");
    ask(&agents[JAVA], "new 0 DEALER");
    ask(&agents[JAVA], "hex 0 5 6a65726f");
    snprintf(endpoint, sizeof endpoint, "%s", ask(&agents[OURS], "bind 0 tcp://127.0.0.1:*"));
    ask(&agents[JAVA], "connect 0 %s", endpoint);
    ask(&agents[JAVA], "send 0 %d h:6869", DRIVE_MS);
    expect(&agents[OURS], 0, "h:6a65726f h:6869");
    ask(&agents[OURS], "send 0 %d h:6a65726f h:796f", DRIVE_MS);
    expect(&agents[JAVA], 0, "h:796f");
}

/* Subscriptions go as messages to and from 2.0: only what was asked for arrives. */
static void its_subscriptions(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct agent *pub = &agents[i ? OURS : JAVA], *sub = &agents[i ? JAVA : OURS];
        char endpoint[200];
        ask(pub, "new 0 XPUB");
        ask(sub, "new 0 SUB");
        ask(sub, "hex 0 6 4142");
        snprintf(endpoint, sizeof endpoint, "%s", ask(pub, "bind 0 tcp://127.0.0.1:*"));
        ask(sub, "connect 0 %s", endpoint);
        expect(pub, 0, "h:014142");
        ask(pub, "send 0 %d h:41", DRIVE_MS);
        ask(pub, "send 0 %d h:414243 h:31", DRIVE_MS);
        ask(pub, "send 0 %d h:4142 h:32", DRIVE_MS);
        expect(sub, 0, "h:414243 h:31");
        expect(sub, 0, "h:4142 h:32");
        ask(sub, "hex 0 7 4142");
        expect(pub, 0, "h:004142");
        ask(pub, "close 0");
        ask(sub, "close 0");
    }
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, JAVA, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pairs_with_jeromq, drive_setup),
        cmocka_unit_test_setup(its_identity, drive_setup),
        cmocka_unit_test_setup(its_subscriptions, drive_setup),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
