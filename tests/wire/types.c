/* SPDX-License-Identifier: MIT */
/* Which socket types may talk to each other, tried for each pair: zmtp.md §9. */
#include "node.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct row {
    int type;
    bool draft;
    const char *name;
    const char *accepts; /* names between spaces */
};

static const struct row rows[] = {
    {ZMQ_PAIR, false, "PAIR", " PAIR "},
    {ZMQ_PUB, false, "PUB", " SUB XSUB "},
    {ZMQ_SUB, false, "SUB", " PUB XPUB "},
    {ZMQ_REQ, false, "REQ", " REP ROUTER "},
    {ZMQ_REP, false, "REP", " REQ DEALER "},
    {ZMQ_DEALER, false, "DEALER", " REP DEALER ROUTER "},
    {ZMQ_ROUTER, false, "ROUTER", " REQ DEALER ROUTER "},
    {ZMQ_PULL, false, "PULL", " PUSH "},
    {ZMQ_PUSH, false, "PUSH", " PULL "},
    {ZMQ_XPUB, false, "XPUB", " SUB XSUB "},
    {ZMQ_XSUB, false, "XSUB", " PUB XPUB "},
    {ZMQ_SERVER, true, "SERVER", " CLIENT "},
    {ZMQ_CLIENT, true, "CLIENT", " SERVER "},
    {ZMQ_RADIO, true, "RADIO", " DISH "},
    {ZMQ_DISH, true, "DISH", " RADIO "},
    {ZMQ_GATHER, true, "GATHER", " SCATTER "},
    {ZMQ_SCATTER, true, "SCATTER", " GATHER "},
    {ZMQ_PEER, true, "PEER", " PEER "},
    {ZMQ_CHANNEL, true, "CHANNEL", " CHANNEL "},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* Names that are no type on a stream, whatever the local type. */
static const char *const foreign[] = {"STREAM", "DGRAM", "XREQ", "XREP", "pair", "Push", "PUSH ",
                                      " PULL", "NULL", "REQREP"};

static bool fits(const struct row *local, const char *name) {
    char pattern[40];
    if (strchr(name, ' '))
        return false;
    snprintf(pattern, sizeof pattern, " %s ", name);
    return strstr(local->accepts, pattern) != NULL;
}

static void greet_as(struct peer *p, const char *type) {
    peer_greet(p);
    peer_send(p, "<04 05'READY'(Socket-Type=%s)(Identity=)>", type);
}

/* Whether its own READY went out before, is left open; an ERROR command must not. */
static void expect_plain_end(struct peer *p) {
    uint8_t rest[200];
    size_t len = 0;
    ssize_t n;
    do {
        wire_check(wire_readable(p->fd, DEADLINE_MS), "the connection does not end");
        n = recv(p->fd, rest + len, sizeof rest - len, 0);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0 && len < sizeof rest);
    wire_check(!memmem(rest, len, "ERROR", 5), "an ERROR command");
}

/* The listening side; a mismatch closes without ERROR and without a handshake event. */
static void try_listener(struct wire *w, struct node *n, const struct row *local,
                         const char *name) {
    struct peer *p = peer_connect(w, n->endpoint);
    int event;
    greet_as(p, name);
    node_expect_event(n, ZMQ_EVENT_ACCEPTED);
    event = node_next_event(n, NULL, DEADLINE_MS);
    if (fits(local, name)) {
        wire_check(event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED, "%s refuses %s: %s", local->name, name,
                   node_event_name(event));
        peer_drop(p);
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        return;
    }
    wire_check(event == ZMQ_EVENT_DISCONNECTED, "%s and %s: event %s", local->name, name,
               node_event_name(event));
    expect_plain_end(p);
    peer_drop(p);
}

static void listeners(void **state) {
    for (size_t i = 0; i < ROWS; i++) {
        struct node *n;
        if (rows[i].draft && !wire_is_ours())
            continue;
        n = node_new(*state, rows[i].type);
        node_bind(n);
        node_watch(n);
        for (size_t k = 0; k < ROWS; k++)
            try_listener(*state, n, &rows[i], rows[k].name);
        for (size_t k = 0; k < sizeof foreign / sizeof foreign[0]; k++)
            try_listener(*state, n, &rows[i], foreign[k]);
        node_close(n);
    }
}

/* The connecting side; after a mismatch it never comes back (§12). */
static void try_connecter(struct wire *w, const struct row *local, const char *name) {
    struct peer *l = peer_listen(w), *p;
    struct node *n = node_new(w, local->type);
    node_set(n, ZMQ_RECONNECT_IVL, 1);
    node_watch(n);
    node_connect(n, l->address);
    p = peer_accept(l);
    greet_as(p, name);
    node_expect_connected(n);
    if (fits(local, name)) {
        node_expect_event(n, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    } else {
        node_expect_event(n, ZMQ_EVENT_DISCONNECTED);
        expect_plain_end(p);
        wire_check(node_next_event(n, NULL, 5) == 0, "%s to %s: an event after the end",
                   local->name, name);
        peer_expect_nobody(l, 0);
    }
    node_close(n);
    peer_drop(p);
    peer_drop(l);
}

static void connecters(void **state) {
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].draft && !wire_is_ours())
            continue;
        for (size_t k = 0; k < ROWS; k++)
            try_connecter(*state, &rows[i], rows[k].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(listeners),
        ON_BOTH(connecters),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
