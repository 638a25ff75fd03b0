/* SPDX-License-Identifier: MIT */
/* Heartbeats between the two libraries, a stopped process, and peers that are killed and started
 * again: zmtp.md §11, §12; pitfalls.md §2, §3. */
#include "drive.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static struct agent *us(bool ours) {
    return &agents[ours ? OURS : SYSTEM];
}

static void await_event(struct agent *a, int event) {
    char want[20];
    int64_t end = drive_now_ms() + DRIVE_MS;
    const char *got;
    snprintf(want, sizeof want, "ok %d ", event);
    do {
        got = tell(a, "event 0 %d", DRIVE_MS);
        if (strncmp(got, want, strlen(want)) == 0)
            return;
    } while (drive_now_ms() < end && strcmp(got, "none") != 0);
    fail_msg("no event %d at %s", event, agent_name(a));
}

static void beat(struct agent *a, int timeout) {
    ask(a, "int 0 %d 40", ZMQ_HEARTBEAT_IVL);
    ask(a, "int 0 %d %d", ZMQ_HEARTBEAT_TIMEOUT, timeout);
    ask(a, "int 0 %d %d", ZMQ_HEARTBEAT_TTL, timeout);
    ask(a, "int 0 %d 10", ZMQ_RECONNECT_IVL);
    ask(a, "monitor 0");
}

static void open_pair(struct agent *binder, const char *first, struct agent *other,
                      const char *second, int timeout) {
    char endpoint[200];
    ask(binder, "new 0 %s", first);
    ask(other, "new 0 %s", second);
    beat(binder, timeout);
    beat(other, timeout);
    if (strcmp(second, "SUB") == 0)
        ask(other, "hex 0 %d", ZMQ_SUBSCRIBE);
    snprintf(endpoint, sizeof endpoint, "%s", ask(binder, "bind 0 tcp://127.0.0.1:*"));
    ask(other, "connect 0 %s", endpoint);
    await_event(binder, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    await_event(other, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

/* Both beat, nothing else is said, nobody is cut off; then they still understand each other. */
static void heartbeats_of_both(void **state) {
    static const char *const types[][2] = {{"DEALER", "DEALER"}, {"REP", "REQ"}, {"XPUB", "SUB"},
                                           {"ROUTER", "DEALER"}, {"PULL", "PUSH"}};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof types / sizeof types[0]; i++) {
        const char *const *t = types[i / 2];
        struct agent *a = us(i & 1), *b = us(!(i & 1));
        open_pair(a, t[0], b, t[1], 2000);
        assert_string_equal(tell(a, "event 0 400"), "none");
        assert_string_equal(tell(b, "event 0 0"), "none");
        if (strcmp(t[1], "SUB") == 0) {
            expect(a, 0, "h:01");
            ask(a, "send 0 %d h:61", DRIVE_MS);
            expect(b, 0, "h:61");
        } else {
            ask(b, "send 0 %d h:61 h:62", DRIVE_MS);
            if (strcmp(t[0], "ROUTER") == 0)
                assert_non_null(strstr(ask(a, "recv 0 %d", DRIVE_MS), " h:61 h:62"));
            else
                expect(a, 0, "h:61 h:62");
        }
        ask(a, "close 0");
        ask(b, "close 0");
    }
}

/* A stopped process is noticed by the other; when it goes on, so does the traffic. */
static void stopped_process(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct agent *binder = us(i & 1), *other = us(!(i & 1));
        struct agent *stopped = i & 2 ? binder : other, *awake = i & 2 ? other : binder;
        open_pair(binder, "DEALER", other, "DEALER", 200);
        agent_signal(stopped, SIGSTOP);
        await_event(awake, ZMQ_EVENT_DISCONNECTED);
        agent_signal(stopped, SIGCONT);
        await_event(awake, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        ask(awake, "send 0 %d h:6869", DRIVE_MS);
        expect(stopped, 0, "h:6869");
        ask(stopped, "send 0 %d h:796f", DRIVE_MS);
        expect(awake, 0, "h:796f");
        ask(binder, "close 0");
        ask(other, "close 0");
    }
}

/* Opens slot 0 of the agent that will be killed, at the same endpoint as before. */
static void rise_again(struct agent *a, const char *type, const char *endpoint) {
    enum agent_kind kind = a->kind;
    agent_kill(a);
    agent_start(a, kind);
    ask(a, "new 0 %s", type);
    ask(a, "bind 0 %s", endpoint);
}

/* The binding process is killed and started again; the other comes back by itself, with what it
 * had queued. */
static void killed_receiver(struct agent *victim, struct agent *survivor, const char *transport) {
    char endpoint[200];
    ask(victim, "new 0 PULL");
    ask(survivor, "new 0 PUSH");
    ask(survivor, "int 0 %d 10", ZMQ_RECONNECT_IVL);
    ask(survivor, "monitor 0");
    snprintf(endpoint, sizeof endpoint, "%s", ask(victim, "bind 0 %s", fresh_address(transport)));
    ask(survivor, "connect 0 %s", endpoint);
    ask(survivor, "send 0 %d h:31", DRIVE_MS);
    expect(victim, 0, "h:31");
    for (int i = 0; i < 3; i++) {
        agent_signal(victim, SIGKILL);
        await_event(survivor, ZMQ_EVENT_DISCONNECTED);
        for (int k = 0; k < 20; k++)
            ask(survivor, "send 0 %d h:%02x r:1000:1", DRIVE_MS, k);
        rise_again(victim, "PULL", endpoint);
        for (int k = 0; k < 20; k++) {
            char want[40];
            snprintf(want, sizeof want, "h:%02x r:1000:1", k);
            expect(victim, 0, want);
        }
    }
    ask(survivor, "close 0");
}

/* A publisher is killed; its subscriber subscribes again without being told to. */
static void killed_publisher(struct agent *victim, struct agent *survivor, const char *transport) {
    char endpoint[200];
    ask(victim, "new 0 XPUB");
    ask(survivor, "new 0 SUB");
    ask(survivor, "int 0 %d 10", ZMQ_RECONNECT_IVL);
    ask(survivor, "hex 0 %d 41", ZMQ_SUBSCRIBE);
    ask(survivor, "hex 0 %d 41", ZMQ_SUBSCRIBE);
    snprintf(endpoint, sizeof endpoint, "%s", ask(victim, "bind 0 %s", fresh_address(transport)));
    ask(survivor, "connect 0 %s", endpoint);
    for (int i = 0; i < 3; i++) {
        while (!survivor->is_zmqx && strcmp(tell(victim, "recv 0 20"), "ok h:0141") != 0)
            assert_string_equal(tell(survivor, "recv 0 1"), "none"); /* needs its application */
        if (survivor->is_zmqx)
            expect(victim, 0, "h:0141");
        ask(victim, "send 0 %d h:41%02x", DRIVE_MS, i);
        ask(victim, "send 0 %d h:42", DRIVE_MS);
        assert_int_equal(strtol(ask(survivor, "recv 0 %d", DRIVE_MS) + 4, NULL, 16), i);
        rise_again(victim, "XPUB", endpoint);
    }
    ask(survivor, "close 0");
}

/* A server is killed between requests; clients with ids of their own go on. */
static void killed_router(struct agent *victim, struct agent *survivor, const char *transport) {
    char endpoint[200];
    ask(victim, "new 0 ROUTER");
    ask(survivor, "new 0 DEALER");
    ask(survivor, "hex 0 %d 6964", ZMQ_ROUTING_ID);
    ask(survivor, "int 0 %d 10", ZMQ_RECONNECT_IVL);
    ask(survivor, "monitor 0");
    snprintf(endpoint, sizeof endpoint, "%s", ask(victim, "bind 0 %s", fresh_address(transport)));
    ask(survivor, "connect 0 %s", endpoint);
    for (int i = 0; i < 3; i++) {
        ask(survivor, "send 0 %d h:71", DRIVE_MS);
        expect(victim, 0, "h:6964 h:71");
        ask(victim, "send 0 %d h:6964 h:72", DRIVE_MS);
        expect(survivor, 0, "h:72");
        agent_signal(victim, SIGKILL);
        await_event(survivor, ZMQ_EVENT_DISCONNECTED);
        rise_again(victim, "ROUTER", endpoint);
    }
    ask(survivor, "close 0");
}

/* The connecting process is killed and comes back under the same id; the server, idle meanwhile,
 * talks to the new one. libzmq as the server needs its application for that. */
static void killed_client(void **state) {
    struct agent *server = us(true), *client = us(false);
    char endpoint[200];
    (void)state;
    if (!server->is_zmqx) {
        print_message("SKIPPED: libzmq as the idle server ignores the returning client\n");
        skip();
    }
    ask(server, "new 0 ROUTER");
    snprintf(endpoint, sizeof endpoint, "%s", ask(server, "bind 0 tcp://127.0.0.1:*"));
    for (int i = 0; i < 4; i++) {
        ask(client, "new 0 DEALER");
        ask(client, "hex 0 %d 6964", ZMQ_ROUTING_ID);
        ask(client, "int 0 %d 10", ZMQ_RECONNECT_IVL);
        ask(client, "monitor 0");
        ask(client, "connect 0 %s", endpoint);
        await_event(client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        ask(client, "send 0 %d h:%02x", DRIVE_MS, i);
        if (i == 3)
            break;
        assert_int_equal(strncmp(tell(client, "event 0 50"), "none", 4), 0); /* let it go out */
        agent_kill(client);
        agent_start(client, SYSTEM);
    }
    for (int i = 0; i < 4; i++) {
        char want[20];
        snprintf(want, sizeof want, "h:6964 h:%02x", i);
        expect(server, 0, want);
    }
    ask(server, "send 0 %d h:6964 h:6c617374", DRIVE_MS);
    expect(client, 0, "h:6c617374");
}

static void killed_servers(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct agent *victim = us(i & 1), *survivor = us(!(i & 1));
        const char *transport = i & 2 ? "ipc" : "tcp";
        killed_receiver(victim, survivor, transport);
        killed_publisher(victim, survivor, transport);
        killed_router(victim, survivor, transport);
    }
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, SYSTEM, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(heartbeats_of_both, drive_setup),
        cmocka_unit_test_setup(stopped_process, drive_setup),
        cmocka_unit_test_setup(killed_servers, drive_setup),
        cmocka_unit_test_setup(killed_client, drive_setup),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
