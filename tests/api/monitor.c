/* SPDX-License-Identifier: MIT */
/* Socket monitors, version 1: their form, the order of events, and their end. */
#include "zx_api.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALL ZMQ_EVENT_ALL

static void check_event(const char *label, void *mon, int event, const char *address) {
    struct zx_event ev;

    if (zx_next_event(mon, &ev, ZX_LONG_MS) != 0) ev.event = 0;
    zx_check_str(label, zx_event_name(event), zx_event_name(ev.event));
    if (address) zx_check_str(zx_fmt("%s: address", label), address, ev.address);
}

/* A plain TCP connection to a tcp endpoint. */
static int raw_connect(const char *ep) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_port = htons((uint16_t)atoi(strrchr(ep, ':') + 1));
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        fail_msg("connect: %s", zx_err(-1));
    return fd;
}

static void tcp_success(void) {
    void *rep = zx_socket(ZMQ_REP), *req = zx_socket(ZMQ_REQ);
    void *server = zx_monitor(rep, ALL), *client = zx_monitor(req, ALL);
    char ep[128];

    snprintf(ep, sizeof ep, "%s", zx_bind(rep));
    zx_ok(zmq_connect(req, ep));
    check_event("delayed", client, ZMQ_EVENT_CONNECT_DELAYED, ep);
    check_event("connected", client, ZMQ_EVENT_CONNECTED, ep);
    check_event("client ready", client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, ep);
    check_event("listening", server, ZMQ_EVENT_LISTENING, ep);
    check_event("accepted", server, ZMQ_EVENT_ACCEPTED, ep);
    check_event("server ready", server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, ep);
}

static void ipc_success(void) {
    void *rep = zx_socket(ZMQ_REP), *req = zx_socket(ZMQ_REQ);
    void *server = zx_monitor(rep, ALL), *client = zx_monitor(req, ALL);
    char ep[128];

    snprintf(ep, sizeof ep, "%s", zx_bind(rep));
    zx_ok(zmq_connect(req, ep));
    check_event("connected", client, ZMQ_EVENT_CONNECTED, ep);
    check_event("client ready", client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, ep);
    check_event("listening", server, ZMQ_EVENT_LISTENING, ep);
    check_event("accepted", server, ZMQ_EVENT_ACCEPTED, ep);
    check_event("server ready", server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, ep);
}

static void values(void) {
    void *rep = zx_socket(ZMQ_REP), *req = zx_socket(ZMQ_REQ);
    void *server = zx_monitor(rep, ALL), *client = zx_monitor(req, ALL);
    struct zx_event ev;

    zx_ok(zmq_connect(req, zx_bind(rep)));
    zx_await(server, ZMQ_EVENT_LISTENING, &ev);
    zx_check_int("listening: descriptor", 1, ev.value > 2 && ev.value < 1000);
    zx_await(server, ZMQ_EVENT_ACCEPTED, &ev);
    zx_check_int("accepted: descriptor", 1, ev.value > 2 && ev.value < 1000);
    zx_await(server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, &ev);
    zx_check_int("handshake: 0", 0, ev.value);
    if (zx_current()->via == ZX_TCP) {
        zx_await(client, ZMQ_EVENT_CONNECT_DELAYED, &ev);
        zx_check_int("delayed: EINPROGRESS", EINPROGRESS, ev.value);
    }
    zx_await(client, ZMQ_EVENT_CONNECTED, &ev);
    zx_check_int("connected: descriptor", 1, ev.value > 2 && ev.value < 1000);
}

static void refused_tcp(void) {
    void *req = zx_socket(ZMQ_REQ), *mon = zx_monitor(req, ALL);
    const char *ep = zx_dead_tcp();

    zx_ok(zx_set_int(req, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zmq_connect(req, ep));
    zx_check_str("twice",
                 "CONNECT_DELAYED,CLOSED,CONNECT_RETRIED,CONNECT_DELAYED,CLOSED,CONNECT_RETRIED",
                 zx_events(mon, 6));
}

static void refused_ipc(void) {
    void *req = zx_socket(ZMQ_REQ), *mon = zx_monitor(req, ALL);

    zx_ok(zx_set_int(req, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zmq_connect(req, zx_fmt("ipc://%s/nobody", zx_dir())));
    zx_check_str("twice", "CLOSED,CONNECT_RETRIED,CLOSED,CONNECT_RETRIED", zx_events(mon, 4));
}

static void unresolvable(void) {
    void *req = zx_socket(ZMQ_REQ), *mon = zx_monitor(req, ALL);

    zx_ok(zx_set_int(req, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zmq_connect(req, "tcp://no-such-host.invalid:9"));
    zx_check_str("retries only", "CONNECT_RETRIED,CONNECT_RETRIED", zx_events(mon, 2));
}

static void refused_without_reconnect(void) {
    void *req = zx_socket(ZMQ_REQ), *mon = zx_monitor(req, ALL);
    struct zx_event ev;
    const char *ep = zx_dead_tcp();

    zx_ok(zx_set_int(req, ZMQ_RECONNECT_IVL, -1));
    zx_ok(zmq_connect(req, ep));
    zx_check_str("once", "CONNECT_DELAYED,CLOSED", zx_events(mon, 2));
    zx_check_int("then silence", -1, zx_next_event(mon, &ev, ZX_SHORT_MS));
    zx_check_rc("still listed", "0", zmq_disconnect(req, ep));
}

static void retry_interval_in_value(void) {
    void *req = zx_socket(ZMQ_REQ), *mon = zx_monitor(req, ZMQ_EVENT_CONNECT_RETRIED);
    struct zx_event ev;

    zx_ok(zx_set_int(req, ZMQ_RECONNECT_IVL, 20));
    zx_ok(zmq_connect(req, zx_dead_tcp()));
    for (int i = 0; i < 3; i++) {
        zx_ok(zx_next_event(mon, &ev, ZX_LONG_MS));
        zx_check_int("20 to 39", 1, ev.value >= 20 && ev.value < 40);
    }
}

static void retry_interval_doubles(void) {
    void *req = zx_socket(ZMQ_REQ), *mon = zx_monitor(req, ZMQ_EVENT_CONNECT_RETRIED);
    static const unsigned want[] = {10, 20, 40, 40};
    struct zx_event ev;

    zx_ok(zx_set_int(req, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zx_set_int(req, ZMQ_RECONNECT_IVL_MAX, 40));
    zx_ok(zmq_connect(req, zx_dead_tcp()));
    for (int i = 0; i < 4; i++) {
        zx_ok(zx_next_event(mon, &ev, ZX_LONG_MS));
        if (zx_runs(zx_fmt("wait %d", i)))
            zx_check_int(zx_fmt("wait %d", i), want[i], ev.value);
    }
}

static void peer_dies(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *client, *server;

    zx_link(pull, push);
    client = zx_monitor(push, ALL);
    server = zx_monitor(pull, ALL);
    zx_close(pull);
    zx_check_str("client", "DISCONNECTED,CONNECT_RETRIED", zx_events(client, 2));
    zx_check_str("server", "CLOSED,MONITOR_STOPPED", zx_events(server, 2));
}

static void connecter_dies(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *client, *server;
    struct zx_event ev;

    zx_link(pull, push);
    client = zx_monitor(push, ALL);
    server = zx_monitor(pull, ALL);
    zx_close(push);
    zx_check_str("client", "MONITOR_STOPPED", zx_events(client, 1));
    zx_check_str("server", "DISCONNECTED", zx_events(server, 1));
    zx_check_int("no more", -1, zx_next_event(server, &ev, ZX_SHORT_MS));
}

static void unbind_and_disconnect(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *server, *client;
    long long end = zx_now_ms() + ZX_LONG_MS;
    struct zx_event ev;
    char ep[128];

    zx_link(pull, push);
    snprintf(ep, sizeof ep, "%s", zx_last_endpoint(pull));
    client = zx_monitor(push, ALL);
    server = zx_monitor(pull, ALL);
    zx_ok(zmq_disconnect(push, zx_last_endpoint(push)));
    do zx_ready(push);
    while (!zx_wait(server, ZMQ_POLLIN, 5) && zx_now_ms() < end);
    check_event("the other end", server, ZMQ_EVENT_DISCONNECTED, ep);
    zx_check_int("nothing for one's own", -1, zx_next_event(client, &ev, ZX_SHORT_MS));
    zx_ok(zmq_unbind(pull, ep));
    check_event("unbind", server, ZMQ_EVENT_CLOSED, ep);
}

static void bind_failed(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PULL), *mon = zx_monitor(b, ALL);
    struct zx_event ev;

    zx_check_rc("bind", "EADDRINUSE", zmq_bind(b, zx_bind(a)));
    zx_check_str("sequence", "CLOSED", zx_events(mon, 1));
    zx_ok(zx_next_event(mon, &ev, ZX_LONG_MS));
    zx_check_str("failed", "BIND_FAILED", zx_event_name(ev.event));
    zx_check_int("errno", EADDRINUSE, ev.value);
}

static void bind_unresolvable(void) {
    void *s = zx_socket(ZMQ_PULL), *mon = zx_monitor(s, ALL);
    struct zx_event ev;

    zx_soft(1);
    zx_check_rc("bind", "ENODEV", zmq_bind(s, "tcp://no-such-if:*"));
    zx_ok(zx_next_event(mon, &ev, ZX_LONG_MS));
    zx_check_str("failed", "BIND_FAILED", zx_event_name(ev.event));
    zx_check_int("errno", ENODEV, ev.value);
}

static void mechanism_mismatch(void) {
    void *rep = zx_socket(ZMQ_REP), *req = zx_socket(ZMQ_REQ);
    void *server = zx_monitor(rep, ALL), *client = zx_monitor(req, ALL);
    struct zx_event ev;

    zx_ok(zx_set_int(req, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zx_set_str(req, ZMQ_PLAIN_USERNAME, "u"));
    zx_ok(zmq_connect(req, zx_bind(rep)));
    zx_await(server, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, &ev);
    zx_check_int("server's code", ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH, ev.value);
    zx_check_str("server's end", "DISCONNECTED", zx_events(server, 1));
    zx_await(client, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, &ev);
    zx_check_int("client's code", ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH, ev.value);
    zx_check_str("client's end", "DISCONNECTED", zx_events(client, 1));
    zx_check_int("never again", -1, zx_next_event(client, &ev, ZX_SHORT_MS));
}

static void type_mismatch(void) {
    void *push = zx_socket(ZMQ_PUSH), *req = zx_socket(ZMQ_REQ);
    void *server = zx_monitor(push, ALL), *client = zx_monitor(req, ALL);
    struct zx_event ev;

    zx_ok(zx_set_int(req, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zmq_connect(req, zx_bind(push)));
    zx_await(server, ZMQ_EVENT_ACCEPTED, &ev);
    if (zx_runs("server")) zx_check_str("server", "DISCONNECTED", zx_events(server, 1));
    zx_await(client, ZMQ_EVENT_CONNECTED, &ev);
    zx_check_str("client", "DISCONNECTED", zx_events(client, 1));
    zx_check_int("never again", -1, zx_next_event(client, &ev, ZX_SHORT_MS));
}

static void peer_closes_before_the_handshake(void) {
    void *rep = zx_socket(ZMQ_REP), *mon = zx_monitor(rep, ALL);
    struct zx_event ev;
    int fd = raw_connect(zx_bind(rep));

    zx_await(mon, ZMQ_EVENT_ACCEPTED, &ev);
    close(fd);
    zx_check_str("sequence", "FAILED_NO_DETAIL,DISCONNECTED", zx_events(mon, 2));
}

static void handshake_timeout(void) {
    void *rep = zx_socket(ZMQ_REP), *mon = zx_monitor(rep, ALL);
    struct zx_event ev;
    int fd;

    zx_ok(zx_set_int(rep, ZMQ_HANDSHAKE_IVL, 80));
    fd = raw_connect(zx_bind(rep));
    zx_await(mon, ZMQ_EVENT_ACCEPTED, &ev);
    zx_ok(zx_next_event(mon, &ev, ZX_LONG_MS));
    zx_check_str("failed", "FAILED_NO_DETAIL", zx_event_name(ev.event));
    if (zx_runs("value")) zx_check_int("value", ETIMEDOUT, ev.value);
    zx_check_str("end", "DISCONNECTED", zx_events(mon, 1));
    close(fd);
}

static void garbage_is_one_lost_connection(void) {
    void *rep = zx_socket(ZMQ_REP), *req = zx_socket(ZMQ_REQ), *mon = zx_monitor(rep, ALL);
    char ep[128], greeting[10] = {(char)0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f};
    char rest[200];
    struct zx_event ev;
    int fd;

    snprintf(ep, sizeof ep, "%s", zx_bind(rep));
    fd = raw_connect(ep);
    memset(rest, 0xee, sizeof rest);
    zx_ok(write(fd, greeting, sizeof greeting));
    zx_ok(write(fd, rest, sizeof rest));
    zx_await(mon, ZMQ_EVENT_DISCONNECTED, &ev);
    close(fd);
    zx_ok(zmq_connect(req, ep));
    zx_ok(zx_send(req, "still there?", 0));
    zx_check_str("others are served", "still there?", zx_recv(rep));
}

static void masks(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);
    void *mon = zx_monitor(pull, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_MONITOR_STOPPED);

    zx_link(pull, push); /* takes the monitor over */
    zx_check_str("ended by the next", "MONITOR_STOPPED", zx_events(mon, 1));
}

static void only_what_was_selected(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *other = zx_socket(ZMQ_PUSH);
    void *mon = zx_monitor(pull, ZMQ_EVENT_ACCEPTED);
    const char *ep = zx_bind(pull);

    zx_ok(zmq_connect(push, ep));
    zx_ok(zmq_connect(other, ep));
    zx_check_str("nothing else", "ACCEPTED,ACCEPTED", zx_events(mon, 2));
}

static void stop(void) {
    void *s = zx_socket(ZMQ_PULL), *mon = zx_monitor(s, ALL);
    struct zx_event ev;

    zx_check_rc("stop", "0", zmq_socket_monitor(s, NULL, 0));
    zx_ok(zx_next_event(mon, &ev, ZX_LONG_MS));
    zx_check_str("event", "MONITOR_STOPPED", zx_event_name(ev.event));
    zx_check_int("value", 0, ev.value);
    zx_check_str("address", "", ev.address);
    zx_check_rc("stop again", "0", zmq_socket_monitor(s, NULL, 0));
    zx_ok(zmq_bind(s, "tcp://127.0.0.1:*"));
    zx_check_int("silence", -1, zx_next_event(mon, &ev, ZX_SHORT_MS));
}

static void errors(void) {
    void *s = zx_socket(ZMQ_PULL), *other = zx_socket(ZMQ_PAIR);
    char name[64];

    zx_soft(1);
    zx_check_rc("tcp", "EPROTONOSUPPORT", zmq_socket_monitor(s, "tcp://127.0.0.1:*", ALL));
    zx_check_rc("ipc", "EPROTONOSUPPORT", zmq_socket_monitor(s, "ipc:///x", ALL));
    zx_check_rc("unknown", "EPROTONOSUPPORT", zmq_socket_monitor(s, "foo://x", ALL));
    zx_check_rc("malformed", "EINVAL", zmq_socket_monitor(s, "inproc", ALL));
    zx_check_rc("empty", "EINVAL", zmq_socket_monitor(s, "inproc://", ALL));
    zx_check_rc("bit 16", "EINVAL", zmq_socket_monitor(s, zx_unique("inproc://"), 0x10000));
    zx_check_rc("-1", "EINVAL", zmq_socket_monitor(s, zx_unique("inproc://"), -1));
    snprintf(name, sizeof name, "%s", zx_unique("inproc://"));
    zx_ok(zmq_bind(other, name));
    zx_check_rc("taken", "EADDRINUSE", zmq_socket_monitor(s, name, ALL));
    zx_check_rc("a PULL on the other end", "0",
                zmq_socket_monitor(s, zx_unique("inproc://"), ALL));
}

static void nothing_for_inproc(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR), *mon = zx_monitor(a, ALL);
    struct zx_event ev;
    const char *name = zx_unique("inproc://");

    zx_ok(zmq_bind(a, name));
    zx_ok(zmq_connect(b, name));
    zx_ok(zx_send(b, "x", 0));
    zx_check_str("x", "x", zx_recv(a));
    zx_check_int("no event", -1, zx_next_event(mon, &ev, ZX_SHORT_MS));
}

/* Nobody reads the monitor: the socket must not care. */
static const char *bind_unread(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PULL);

    zmq_socket_monitor(s, "inproc://unread", ALL);
    return zx_err(zmq_bind(s, "tcp://127.0.0.1:*"));
}

static void without_a_reader(void) {
    zx_check_str("bind", "0", zx_child(bind_unread));
}

static void late_reader(void) {
    void *s = zx_socket(ZMQ_PULL), *mon = zx_socket(ZMQ_PAIR);
    const char *name = zx_unique("inproc://");

    zx_ok(zmq_connect(mon, name));
    zx_ok(zmq_socket_monitor(s, name, ALL));
    zx_ok(zmq_bind(s, "tcp://127.0.0.1:*"));
    zx_check_str("connected before", "LISTENING", zx_events(mon, 1));
}

static void stream_peer_closes(void) {
    void *s = zx_socket(ZMQ_STREAM), *mon = zx_monitor(s, ALL);
    struct zx_event ev;
    int fd = raw_connect(zx_bind(s));

    zx_await(mon, ZMQ_EVENT_ACCEPTED, &ev);
    close(fd);
    zx_check_str("only the end", "DISCONNECTED", zx_events(mon, 1));
}

static const struct zx_case cases[] = {
    {"tcp_success", tcp_success, ZX_TCP, 0},
    {"ipc_success", ipc_success, ZX_IPC, 0},
    ZX_CASE_NET(values),
    ZX_CASE(refused_tcp),
    ZX_CASE(refused_ipc),
    ZX_CASE(unresolvable),
    ZX_CASE(refused_without_reconnect),
    ZX_CASE(retry_interval_in_value),
    ZX_CASE(retry_interval_doubles),
    ZX_CASE_NET(peer_dies),
    ZX_CASE_NET(connecter_dies),
    ZX_CASE_NET(unbind_and_disconnect),
    {"bind_failed", bind_failed, ZX_TCP, 0},
    ZX_CASE(bind_unresolvable),
    ZX_CASE_NET(mechanism_mismatch),
    ZX_CASE_NET(type_mismatch),
    {"peer_closes_before_the_handshake", peer_closes_before_the_handshake, ZX_TCP, 0},
    {"handshake_timeout", handshake_timeout, ZX_TCP, 0},
    {"garbage_is_one_lost_connection", garbage_is_one_lost_connection, ZX_TCP, 0},
    {"masks", masks, ZX_TCP, 0},
    ZX_CASE_NET(only_what_was_selected),
    ZX_CASE(stop),
    ZX_CASE(errors),
    ZX_CASE(nothing_for_inproc),
    ZX_CASE(without_a_reader),
    ZX_CASE(late_reader),
    {"stream_peer_closes", stream_peer_closes, ZX_TCP, 0},
};

ZX_MAIN("monitor", cases)
