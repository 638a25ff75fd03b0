/* SPDX-License-Identifier: MIT */
/* NULL, PLAIN and CURVE with and without a ZAP handler, as an application sees them. */
#include "zx_api.h"

#define OUTCOME                                                                                    \
    (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |                        \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

static char server_public[41], server_secret[41], client_public[41], client_secret[41];

/* A ZAP handler that answers every request with one status and keeps what it was asked. */
struct handler {
    void *socket;
    const char *status, *user;
    char request[512];
    volatile int asked;
};

static struct handler zap;

static int add_part(void *s, char *text, size_t room) {
    char part[256];
    int n = zmq_recv(s, part, sizeof part, 0), more = 0;
    size_t size = sizeof more;

    if (n < 0) return -1;
    snprintf(text + strlen(text), room - strlen(text), "%s%s", *text ? "|" : "",
             zx_bytes(part, (size_t)n));
    zmq_getsockopt(s, ZMQ_RCVMORE, &more, &size);
    return more;
}

static void handle(void *arg) {
    struct handler *h = arg;

    for (;;) {
        char text[512] = "";
        int more;
        do more = add_part(h->socket, text, sizeof text);
        while (more > 0);
        if (more < 0) break;
        snprintf(h->request, sizeof h->request, "%s", text);
        h->asked++;
        zx_send(h->socket, zx_fmt("1.0|1|%s|text|%s|", h->status, h->user), 0);
    }
    zmq_close(h->socket);
}

static void start_handler(const char *status) {
    zap = (struct handler){.status = status, .user = "joe"};
    zap.socket = zmq_socket(zx_ctx(), ZMQ_REP);
    assert_non_null(zap.socket);
    zx_ok(zmq_bind(zap.socket, "inproc://zeromq.zap.01"));
    zx_spawn(handle, &zap);
}

static void *server_with(const char *domain) {
    void *s = zx_socket(ZMQ_PULL);
    if (domain) zx_ok(zx_set_str(s, ZMQ_ZAP_DOMAIN, domain));
    return s;
}

static void plain_client(void *s, const char *user, const char *password) {
    zx_ok(zx_set_str(s, ZMQ_PLAIN_USERNAME, user));
    zx_ok(zx_set_str(s, ZMQ_PLAIN_PASSWORD, password));
}

static void curve_server(void *s) {
    zx_needs("curve");
    if (!*server_public) {
        zx_ok(zmq_curve_keypair(server_public, server_secret));
        zx_ok(zmq_curve_keypair(client_public, client_secret));
    }
    zx_ok(zx_set_int(s, ZMQ_CURVE_SERVER, 1));
    zx_ok(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, server_secret, 41));
}

static void curve_client(void *s, const char *server_key) {
    zx_ok(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server_key, 41));
    zx_ok(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, client_public, 41));
    zx_ok(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, client_secret, 41));
}

static const char *outcome(void *mon) {
    struct zx_event ev;

    if (zx_next_event(mon, &ev, ZX_LONG_MS) != 0) return "nothing";
    return zx_fmt("%s %u", zx_event_name(ev.event), (unsigned)ev.value);
}

struct both {
    char server[64], client[64];
};

static struct both connect_and_see(void *server, void *client) {
    void *sm = zx_monitor(server, OUTCOME), *cm = zx_monitor(client, OUTCOME);
    struct both b;

    zx_ok(zx_set_int(client, ZMQ_RECONNECT_IVL, 2000));
    zx_ok(zmq_connect(client, zx_bind(server)));
    snprintf(b.server, sizeof b.server, "%s", outcome(sm));
    snprintf(b.client, sizeof b.client, "%s", zx_runs("client") ? outcome(cm) : "not judged");
    return b;
}

static void check_traffic(void *server, void *client) {
    zx_ok(zx_send(client, "secret|parts", 0));
    zx_check_str("traffic", "secret|parts", zx_recv(server));
}

static void expect_success(void *server, void *client) {
    struct both b = connect_and_see(server, client);

    zx_check_str("server", "HANDSHAKE_SUCCEEDED 0", b.server);
    zx_check_str("client", "HANDSHAKE_SUCCEEDED 0", b.client);
    check_traffic(server, client);
}

static void plain_accepted(void) {
    void *server = server_with("test"), *client = zx_socket(ZMQ_PUSH);
    const char *user;
    zmq_msg_t m;

    start_handler("200");
    zx_ok(zx_set_int(server, ZMQ_PLAIN_SERVER, 1));
    plain_client(client, "admin", "pass");
    expect_success(server, client);
    zx_check_int("asked once", 1, zap.asked);
    zx_check_str("request", "1.0|1|test|", zx_fmt("%.11s", zap.request));
    zx_check_str("credentials", "|PLAIN|admin|pass",
                 zap.request + strlen(zap.request) - strlen("|PLAIN|admin|pass"));
    zx_ok(zx_send(client, "x", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, server, 0));
    user = zmq_msg_gets(&m, "User-Id");
    zx_check_str("user id", "joe", user ? user : "none");
    zx_ok(zmq_msg_close(&m));
}

static void plain_refused(void) {
    void *server = server_with("test"), *client = zx_socket(ZMQ_PUSH);
    struct both b;

    start_handler(zx_current()->arg == 400 ? "400" : "500");
    zx_ok(zx_set_int(server, ZMQ_PLAIN_SERVER, 1));
    plain_client(client, "admin", "wrong");
    b = connect_and_see(server, client);
    zx_check_str("server", zx_fmt("FAILED_AUTH %d", zx_current()->arg), b.server);
    zx_check_str("client", zx_fmt("FAILED_AUTH %d", zx_current()->arg), b.client);
}

static void plain_put_off(void) {
    void *server = server_with("test"), *client = zx_socket(ZMQ_PUSH);
    struct both b;

    start_handler("300");
    zx_ok(zx_set_int(server, ZMQ_PLAIN_SERVER, 1));
    plain_client(client, "admin", "later");
    b = connect_and_see(server, client);
    zx_check_str("server", "FAILED_AUTH 300", b.server);
    if (zx_runs("client")) zx_check_str("client", "FAILED_NO_DETAIL 32", b.client);
}

static void invalid_status(void) {
    void *server = server_with("test"), *client = zx_socket(ZMQ_PUSH);
    struct both b;

    start_handler("999");
    zx_ok(zx_set_int(server, ZMQ_PLAIN_SERVER, 1));
    plain_client(client, "admin", "x");
    b = connect_and_see(server, client);
    zx_check_str("server",
                 zx_fmt("FAILED_PROTOCOL %d", ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE),
                 b.server);
    zx_check_str("client", "FAILED_NO_DETAIL 32", b.client);
}

static void plain_without_handler(void) {
    void *server = server_with(NULL), *client = zx_socket(ZMQ_PUSH);
    struct both b;

    zx_ok(zx_set_int(server, ZMQ_PLAIN_SERVER, 1));
    plain_client(client, "admin", "pass");
    b = connect_and_see(server, client);
    zx_check_str("server", "FAILED_NO_DETAIL 14", b.server);
    if (zx_runs("client")) zx_check_str("client", "FAILED_NO_DETAIL 32", b.client);
}

static void null_with_a_domain_asks(void) {
    void *server = server_with("test"), *client = zx_socket(ZMQ_PUSH);

    start_handler("200");
    expect_success(server, client);
    zx_check_int("asked", 1, zap.asked);
    zx_check_str("mechanism", "|NULL", zap.request + strlen(zap.request) - 5);
}

static void null_refused(void) {
    void *server = server_with("test"), *client = zx_socket(ZMQ_PUSH);
    struct both b;

    start_handler("400");
    b = connect_and_see(server, client);
    zx_check_str("server", "FAILED_AUTH 400", b.server);
    zx_check_str("client", "FAILED_AUTH 400", b.client);
}

static void null_without_a_domain_does_not_ask(void) {
    void *server = server_with(NULL), *client = zx_socket(ZMQ_PUSH);

    start_handler("400");
    expect_success(server, client);
    zx_check_int("not asked", 0, zap.asked);
}

static void curve_without_handler(void) {
    void *server = server_with(NULL), *client = zx_socket(ZMQ_PUSH);

    curve_server(server);
    curve_client(client, server_public);
    expect_success(server, client);
}

static void curve_accepted(void) {
    void *server = server_with("test"), *client = zx_socket(ZMQ_PUSH);
    uint8_t raw[32];

    start_handler("200");
    curve_server(server);
    curve_client(client, server_public);
    expect_success(server, client);
    zmq_z85_decode(raw, client_public);
    zx_check_str("key", zx_fmt("|CURVE|%s", zx_bytes(raw, 32)), strstr(zap.request, "|CURVE|"));
}

static void curve_refused(void) {
    void *server = server_with("test"), *client = zx_socket(ZMQ_PUSH);
    struct both b;

    start_handler("400");
    curve_server(server);
    curve_client(client, server_public);
    b = connect_and_see(server, client);
    zx_check_str("server", "FAILED_AUTH 400", b.server);
    zx_check_str("client", "FAILED_AUTH 400", b.client);
}

static void curve_wrong_server_key(void) {
    void *server = server_with(NULL), *client = zx_socket(ZMQ_PUSH);
    struct both b;

    curve_server(server);
    curve_client(client, client_public);
    b = connect_and_see(server, client);
    zx_check_str("server", zx_fmt("FAILED_PROTOCOL %d", ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC),
                 b.server);
    zx_check_str("client", "FAILED_NO_DETAIL 32", b.client);
}

static void curve_meets_null(void) {
    void *server = server_with(NULL), *client = zx_socket(ZMQ_PUSH);
    struct both b;

    curve_server(server);
    b = connect_and_see(server, client);
    zx_check_str("server",
                 zx_fmt("FAILED_PROTOCOL %d", ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH),
                 b.server);
    if (zx_runs("client"))
        zx_check_str("client",
                     zx_fmt("FAILED_PROTOCOL %d", ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH),
                     b.client);
}

static void curve_both_ways(void) {
    void *rep = zx_socket(ZMQ_REP), *req = zx_socket(ZMQ_REQ);
    char body[3000], room[4000];

    memset(body, 'q', sizeof body);
    curve_server(rep);
    curve_client(req, server_public);
    zx_link(rep, req);
    for (int i = 0; i < 50; i++) {
        size_t n = (size_t)i * 60;
        zx_ok(zmq_send(req, body, n, 0));
        zx_check_rc("request", zx_num((int)n), zmq_recv(rep, room, sizeof room, 0));
        zx_check_int("content", 0, memcmp(body, room, n));
        zx_ok(zx_send(rep, "a||b", 0));
        zx_check_str("reply", "a||b", zx_recv(req));
    }
}

static void curve_subscriptions(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *sub = zx_socket(ZMQ_SUB);

    curve_server(xpub);
    curve_client(sub, server_public);
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    zx_link(xpub, sub);
    zx_check_str("subscription", "\\01a", zx_recv(xpub));
    zx_ok(zx_send(xpub, "b", 0));
    zx_ok(zx_send(xpub, "a1|x", 0));
    zx_check_str("message", "a1|x", zx_recv(sub));
}

static void inproc_knows_no_security(void) {
    void *server = server_with(NULL), *client = zx_socket(ZMQ_PUSH);

    curve_server(server);
    zx_link(server, client);
    check_traffic(server, client);
}

static const struct zx_case cases[] = {
    ZX_CASE_NET(plain_accepted),
    {"plain_refused_400@tcp", plain_refused, ZX_TCP, 400},
    {"plain_refused_500@tcp", plain_refused, ZX_TCP, 500},
    {"plain_refused_400@ipc", plain_refused, ZX_IPC, 400},
    ZX_CASE_NET(plain_put_off),
    ZX_CASE_NET(invalid_status),
    ZX_CASE_NET(plain_without_handler),
    ZX_CASE_NET(null_with_a_domain_asks),
    ZX_CASE_NET(null_refused),
    ZX_CASE_NET(null_without_a_domain_does_not_ask),
    ZX_CASE_NET(curve_without_handler),
    ZX_CASE_NET(curve_accepted),
    ZX_CASE_NET(curve_refused),
    ZX_CASE_NET(curve_wrong_server_key),
    ZX_CASE_NET(curve_meets_null),
    ZX_CASE_NET(curve_both_ways),
    ZX_CASE_NET(curve_subscriptions),
    ZX_CASE(inproc_knows_no_security),
};

ZX_MAIN("security", cases)
