/* SPDX-License-Identifier: MIT */
/* The draft types, ours against libzmq 4.3.5: either library at either end, either end
 * connecting, over tcp and ipc. socket-types.md §3. */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const messages[] = {
    "h:73696e676c65", "h:", "r:255:1", "r:256:2", "r:1024:3", "r:9000:4", "r:1048576:5",
};

enum { MESSAGES = sizeof messages / sizeof messages[0] };

struct ends {
    struct agent *a, *b; /* of the first and the second type */
    char endpoint[200];
    bool first_binds;
};

static void meet(struct ends *e, const char *transport) {
    struct agent *binder = e->first_binds ? e->a : e->b, *other = e->first_binds ? e->b : e->a;
    snprintf(e->endpoint, sizeof e->endpoint, "%s",
             ask(binder, "bind 0 %s", fresh_address(transport)));
    ask(other, "connect 0 %s", e->endpoint);
}

static void pass(struct agent *from, struct agent *to, const char *message) {
    ask(from, "send 0 %d %s", DRIVE_MS, message);
    expect(to, 0, message);
}

static void to_and_fro(struct ends *e) {
    for (int i = 0; i < MESSAGES; i++) {
        pass(e->a, e->b, messages[i]);
        pass(e->b, e->a, messages[i]);
    }
}

static void one_way(struct ends *e) {
    for (int i = 0; i < MESSAGES; i++)
        pass(e->a, e->b, messages[i]);
}

/* The second answers by number. */
static void answered(struct ends *e) {
    char id[400];
    for (int i = 0; i < MESSAGES; i++) {
        pass(e->a, e->b, messages[i]);
        snprintf(id, sizeof id, "%s", ask(e->b, "from 0"));
        ask(e->b, "to 0 %s", id);
        pass(e->b, e->a, messages[i]);
    }
    ask(e->b, "to 0 4294967295");
    assert_string_equal(tell(e->b, "send 0 0 h:00"), "err EHOSTUNREACH");
}

/* What this end has joined is heard when the first message comes; then all must come. */
static void await_group(struct ends *e, const char *group) {
    int64_t end = drive_now_ms() + DRIVE_MS;
    const char *answer;
    ask(e->a, "group 0 %s", group);
    do {
        ask(e->a, "send 0 %d h:3f", DRIVE_MS);
        answer = tell(e->b, "recv 0 5");
        assert_true(drive_now_ms() < end);
    } while (strcmp(answer, "none") == 0);
    ask(e->a, "send 0 %d h:2e", DRIVE_MS);
    while (strcmp(answer, "ok h:3f") == 0)
        answer = tell(e->b, "recv 0 %d", DRIVE_MS);
    assert_string_equal(answer, "ok h:2e");
}

static void groups(struct ends *e) {
    char want[300];
    ask(e->b, "join 0 early");
    await_group(e, "early");
    ask(e->b, "join 0 %0255d", 7);
    await_group(e, "early"); /* commands are in order with each other, not with messages */
    snprintf(want, sizeof want, "%0255d", 7);
    await_group(e, want);
    for (int i = 0; i < MESSAGES; i++) {
        ask(e->a, "group 0 elsewhere");
        ask(e->a, "send 0 %d %s", DRIVE_MS, messages[i]);
        ask(e->a, "group 0 %s", want);
        pass(e->a, e->b, messages[i]);
        assert_string_equal(ask(e->b, "from 0") + 2, want);
    }
    ask(e->b, "leave 0 early");
    ask(e->b, "join 0 late");
    await_group(e, "late");
    ask(e->a, "group 0 early");
    ask(e->a, "send 0 %d h:00", DRIVE_MS);
    ask(e->a, "group 0 late");
    pass(e->a, e->b, "h:4c");
}

static const struct {
    const char *first, *second;
    void (*talk)(struct ends *e);
} pairs[] = {
    {"CLIENT", "SERVER", answered}, {"SCATTER", "GATHER", one_way},
    {"CHANNEL", "CHANNEL", to_and_fro}, {"RADIO", "DISH", groups},
};

static void all(enum agent_kind first, enum agent_kind second, const char *transport) {
    for (size_t i = 0; i < 2 * sizeof pairs / sizeof pairs[0]; i++) {
        struct ends e = {.a = &agents[first], .b = &agents[second], .first_binds = i % 2};
        print_message("%s of %s - %s of %s, the %s binds\n", pairs[i / 2].first, agent_name(e.a),
                      pairs[i / 2].second, agent_name(e.b), i % 2 ? "first" : "second");
        ask(e.a, "new 0 %s", pairs[i / 2].first);
        ask(e.b, "new 0 %s", pairs[i / 2].second);
        meet(&e, transport);
        pairs[i / 2].talk(&e);
        ask(e.a, "close 0");
        ask(e.b, "close 0");
    }
}

/* PEER: the one that connects knows the number at once, the other by what comes. */
static void peers(enum agent_kind first, enum agent_kind second, const char *transport) {
    struct ends e = {.a = &agents[first], .b = &agents[second]};
    char id[40];
    ask(e.a, "new 0 PEER");
    ask(e.b, "new 0 PEER");
    snprintf(e.endpoint, sizeof e.endpoint, "%s", ask(e.b, "bind 0 %s", fresh_address(transport)));
    snprintf(id, sizeof id, "%s", ask(e.a, "peer 0 %s", e.endpoint));
    ask(e.a, "to 0 %s", id);
    answered(&e);
    assert_int_equal(strtoul(ask(e.a, "from 0"), NULL, 10), strtoul(id, NULL, 10));
    ask(e.a, "close 0");
    ask(e.b, "close 0");
}

static void ours_first_tcp(void **state) {
    (void)state;
    all(OURS, NEWER, "tcp");
}

static void newer_first_tcp(void **state) {
    (void)state;
    all(NEWER, OURS, "tcp");
}

static void ours_first_ipc(void **state) {
    (void)state;
    all(OURS, NEWER, "ipc");
}

static void newer_first_ipc(void **state) {
    (void)state;
    all(NEWER, OURS, "ipc");
}

static void over_ws(void **state) {
    (void)state;
    ask(&agents[OURS], "new 0 PAIR");
    if (strncmp(tell(&agents[OURS], "bind 0 ws://127.0.0.1:*"), "ok", 2) != 0) {
        print_message("SKIP: over_ws: this build has no ws\n");
        skip();
    }
    ask(&agents[OURS], "close 0");
    all(OURS, NEWER, "ws");
    all(NEWER, OURS, "ws");
}

static void between_peers(void **state) {
    (void)state;
    peers(OURS, NEWER, "tcp");
    peers(NEWER, OURS, "tcp");
    peers(OURS, NEWER, "ipc");
    peers(NEWER, OURS, "ipc");
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, NEWER, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ours_first_tcp, drive_setup),
        cmocka_unit_test_setup(newer_first_tcp, drive_setup),
        cmocka_unit_test_setup(ours_first_ipc, drive_setup),
        cmocka_unit_test_setup(newer_first_ipc, drive_setup),
        cmocka_unit_test_setup(between_peers, drive_setup),
        cmocka_unit_test_setup(over_ws, drive_setup),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
