/* SPDX-License-Identifier: MIT */
#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a pair is made to talk. */
enum talk { ONE_WAY, BOTH_WAYS, PUBLISH, ASK, ASK_ROUTER, ASK_DEALER, ROUTE, ROUTE_BOTH, BYTES };

static const struct pair {
    const char *first, *second;
    enum talk talk;
} pairs[] = {
    {"PAIR", "PAIR", BOTH_WAYS},
    {"PUSH", "PULL", ONE_WAY},
    {"DEALER", "DEALER", BOTH_WAYS},
    {"PUB", "SUB", PUBLISH},
    {"PUB", "XSUB", PUBLISH},
    {"XPUB", "SUB", PUBLISH},
    {"XPUB", "XSUB", PUBLISH},
    {"REQ", "REP", ASK},
    {"REQ", "ROUTER", ASK_ROUTER},
    {"DEALER", "REP", ASK_DEALER},
    {"DEALER", "ROUTER", ROUTE},
    {"ROUTER", "ROUTER", ROUTE_BOTH},
    {"STREAM", "STREAM", BYTES},
};

static const char *const messages[] = {
    "h:73696e676c65", "h:", "h:6f6e65 h:74776f h:7468726565", "h: h: h:", "r:255:1 r:256:2 h:",
    "r:1048576:3", "r:8388608:4", "h:68656164 r:1048576:5 h:7461696c",
};

enum { MESSAGES = sizeof messages / sizeof messages[0] };

struct ends {
    struct agent *a, *b; /* of the first and the second type */
};

static void both_ways(struct ends e, const char *message, bool back) {
    ask(e.a, "send 0 %d %s", DRIVE_MS, message);
    expect(e.b, 0, message);
    if (!back)
        return;
    ask(e.b, "send 0 %d %s", DRIVE_MS, message);
    expect(e.a, 0, message);
}

/* The subscription is there when the first message comes through; then everything must. */
static void await_subscription(struct ends e) {
    char answer[200];
    int64_t end = drive_now_ms() + DRIVE_MS;
    do {
        ask(e.a, "send 0 %d h:70726f6265", DRIVE_MS);
        snprintf(answer, sizeof answer, "%s", tell(e.b, "recv 0 5"));
        assert_true(drive_now_ms() < end);
    } while (strcmp(answer, "ok h:70726f6265") != 0);
    ask(e.a, "send 0 %d h:6d61726b", DRIVE_MS);
    do
        snprintf(answer, sizeof answer, "%s", tell(e.b, "recv 0 %d", DRIVE_MS));
    while (strcmp(answer, "ok h:70726f6265") == 0);
    assert_string_equal(answer, "ok h:6d61726b");
}

static void ask_and_reply(struct ends e, const char *message) {
    ask(e.a, "send 0 %d %s", DRIVE_MS, message);
    expect(e.b, 0, message);
    ask(e.b, "send 0 %d %s", DRIVE_MS, message);
    expect(e.a, 0, message);
}

/* The router's side: strips the id, checks the rest, sends the same back. */
static void through_router(struct ends e, const char *sent, const char *seen) {
    char id[300];
    const char *got;
    ask(e.a, "send 0 %d %s", DRIVE_MS, sent);
    got = ask(e.b, "recv 0 %d", DRIVE_MS);
    sscanf(got, "%299s", id);
    assert_string_equal(got + strlen(id) + 1, seen);
    ask(e.b, "send 0 %d %s %s", DRIVE_MS, id, seen);
    expect(e.a, 0, sent);
}

static void between_dealer_and_rep(struct ends e, const char *message) {
    char enveloped[300];
    snprintf(enveloped, sizeof enveloped, "h: %s", message);
    ask(e.a, "send 0 %d %s", DRIVE_MS, enveloped);
    expect(e.b, 0, message);
    ask(e.b, "send 0 %d %s", DRIVE_MS, message);
    expect(e.a, 0, enveloped);
}

/* Ids are "A" and "B"; until the handshake is over the other is unreachable. */
static void between_routers(struct ends e, const char *message) {
    char whole[300];
    int64_t end = drive_now_ms() + DRIVE_MS;
    while (strcmp(tell(e.a, "send 0 0 h:42 %s", message), "err EHOSTUNREACH") == 0)
        assert_true(drive_now_ms() < end);
    snprintf(whole, sizeof whole, "h:41 %s", message);
    expect(e.b, 0, whole);
    ask(e.b, "send 0 %d h:41 %s", DRIVE_MS, message);
    snprintf(whole, sizeof whole, "h:42 %s", message);
    expect(e.a, 0, whole);
}

static void bytes(struct ends e) {
    char id[2][100];
    struct agent *end[2] = {e.a, e.b};
    for (int i = 0; i < 2; i++) {
        const char *notice = ask(end[i], "recv 0 %d", DRIVE_MS);
        sscanf(notice, "%99s", id[i]);
        assert_string_equal(notice + strlen(id[i]), " h:");
    }
    for (int i = 0; i < 2; i++) {
        ask(end[i], "send 0 %d %s r:100:7", DRIVE_MS, id[i]);
        assert_string_equal(ask(end[!i], "gather 0 %d 100", DRIVE_MS), "r:100:7");
        ask(end[i], "send 0 %d %s r:1048576:8", DRIVE_MS, id[i]);
        assert_string_equal(ask(end[!i], "gather 0 %d 1048576", DRIVE_MS), "r:1048576:8");
        ask(end[i], "send 0 %d %s r:8388608:9", DRIVE_MS, id[i]);
        assert_string_equal(ask(end[!i], "gather 0 %d 8388608", DRIVE_MS), "r:8388608:9");
    }
}

static void prepare(const struct pair *p, struct ends e) {
    ask(e.a, "new 0 %s", p->first);
    ask(e.b, "new 0 %s", p->second);
    if (p->talk == ROUTE_BOTH) {
        ask(e.a, "hex 0 5 41"); /* ROUTING_ID */
        ask(e.b, "hex 0 5 42");
        ask(e.a, "int 0 33 1"); /* ROUTER_MANDATORY */
        ask(e.b, "int 0 33 1");
    }
    if (strcmp(p->second, "SUB") == 0)
        ask(e.b, "hex 0 6"); /* SUBSCRIBE to everything */
}

static void converse(const struct pair *p, struct ends e) {
    char enveloped[300];
    if (strcmp(p->second, "XSUB") == 0)
        ask(e.b, "send 0 %d h:01", DRIVE_MS);
    if (p->talk == PUBLISH)
        await_subscription(e);
    if (p->talk == BYTES)
        bytes(e);
    for (int i = 0; i < MESSAGES && p->talk != BYTES; i++) {
        snprintf(enveloped, sizeof enveloped, "h: %s", messages[i]);
        switch (p->talk) {
        case ONE_WAY:
        case PUBLISH: both_ways(e, messages[i], false); break;
        case BOTH_WAYS: both_ways(e, messages[i], true); break;
        case ASK: ask_and_reply(e, messages[i]); break;
        case ASK_ROUTER: through_router(e, messages[i], enveloped); break;
        case ASK_DEALER: between_dealer_and_rep(e, messages[i]); break;
        case ROUTE: through_router(e, messages[i], messages[i]); break;
        default: between_routers(e, messages[i]); break;
        }
    }
}

static void one(const struct pair *p, struct ends e, bool first_binds, const char *transport) {
    struct agent *binder = first_binds ? e.a : e.b, *other = first_binds ? e.b : e.a;
    char endpoint[200];
    prepare(p, e);
    snprintf(endpoint, sizeof endpoint, "%s", ask(binder, "bind 0 %s", fresh_address(transport)));
    ask(other, "connect 0 %s", endpoint);
    converse(p, e);
    ask(e.a, "close 0");
    ask(e.b, "close 0");
}

void pair_run(const char *first, const char *second, struct agent *a, struct agent *b,
              const char *transport) {
    struct ends e = {a, b};
    bool found = false;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if ((first && strcmp(first, pairs[i].first)) || (second && strcmp(second, pairs[i].second)))
            continue;
        if (pairs[i].talk == BYTES && strcmp(transport, "ws") == 0)
            continue; /* a WebSocket carries messages, not bytes */
        found = true;
        print_message("%s of %s - %s of %s over %s\n", pairs[i].first, agent_name(a),
                      pairs[i].second, agent_name(b), transport);
        one(&pairs[i], e, true, transport);
        one(&pairs[i], e, false, transport);
    }
    assert_true(found);
}
