/* SPDX-License-Identifier: MIT */
/* Endpoints: what bind and connect refuse, LAST_ENDPOINT, unbind and disconnect. */
#include "zx_api.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *need(const char *capability, const char *with) {
    return zmq_has(capability) ? with : "EPROTONOSUPPORT";
}

static void bind_refuses(void) {
    static const char *const all[][2] = {
        {"", "EINVAL"},
        {"tcp", "EINVAL"},
        {"tcp:", "EINVAL"},
        {"tcp:/127.0.0.1:*", "EINVAL"},
        {"://127.0.0.1:*", "EINVAL"},
        {"tcp://", "EINVAL"},
        {"inproc://", "EINVAL"},
        {"ipc://", "EINVAL"},
        {"ipc://@", "EINVAL"},
        {"foo://bar", "EPROTONOSUPPORT"},
        {"TCP://127.0.0.1:*", "EPROTONOSUPPORT"},
        {"Inproc://a", "EPROTONOSUPPORT"},
        {"tcp://127.0.0.1", "EINVAL"},
        {"tcp://127.0.0.1:", "EINVAL"},
        {"tcp://127.0.0.1:abc", "EINVAL"},
        {"tcp://127.0.0.1:65536", "EINVAL"},
        {"tcp://127.0.0.1:131072", "EINVAL"},
        {"tcp://192.0.2.1:*", "EADDRNOTAVAIL"},
        {"tcp://no-such-if:*", "ENODEV"},
        {"udp://127.0.0.1:*", "ENOCOMPATPROTO"},
        {"ipc:///no/such/folder/file", "ENOENT"},
    };
    void *s = zx_socket(ZMQ_PUSH);

    zx_soft(1);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        zx_check_rc(all[i][0], all[i][1], zmq_bind(s, all[i][0]));
    zx_check_rc("pgm", need("pgm", "ENOCOMPATPROTO"), zmq_bind(s, "pgm://lo;239.0.0.1:1"));
    zx_check_rc("norm", need("norm", "ENOCOMPATPROTO"), zmq_bind(s, "norm://239.0.0.1:1"));
    zx_check_str("LAST_ENDPOINT", "", zx_last_endpoint(s));
}

static void connect_refuses(void) {
    static const char *const all[][2] = {
        {"", "EINVAL"},
        {"tcp", "EINVAL"},
        {"tcp:/127.0.0.1:1", "EINVAL"},
        {"://127.0.0.1:1", "EINVAL"},
        {"tcp://", "EINVAL"},
        {"inproc://", "EINVAL"},
        {"ipc://", "EINVAL"},
        {"foo://bar", "EPROTONOSUPPORT"},
        {"TCP://127.0.0.1:1", "EPROTONOSUPPORT"},
        {"tcp://127.0.0.1", "EINVAL"},
        {"tcp://127.0.0.1:", "EINVAL"},
        {"tcp://127.0.0.1:*", "EINVAL"},
        {"tcp://127.0.0.1:abc", "EINVAL"},
        {"tcp://a b:1", "EINVAL"},
        {"tcp://a,b:1", "EINVAL"},
        {"tcp://(host):1", "EINVAL"},
        {"udp://127.0.0.1:1", "ENOCOMPATPROTO"},
    };
    void *s = zx_socket(ZMQ_PUSH);

    zx_soft(1);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        zx_check_rc(all[i][0], all[i][1], zmq_connect(s, all[i][0]));
    zx_check_rc("pgm", need("pgm", "ENOCOMPATPROTO"), zmq_connect(s, "pgm://lo;239.0.0.1:1"));
    zx_check_str("LAST_ENDPOINT", "", zx_last_endpoint(s));
}

static void connect_accepts(void) {
    static const char *const all[] = {
        "tcp://127.0.0.1:0",      "tcp://no-such-host.invalid:9", "tcp://[::1]:9",
        "ipc:///no/such/folder/f", "inproc://nobody",             "tcp://127.0.0.1:0;127.0.0.1:9",
        "ipc://@zx-nobody-there",
    };
    void *s = zx_socket(ZMQ_PUSH);

    zx_soft(1);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        zx_check_rc(all[i], "0", zmq_connect(s, all[i]));
        zx_check_str(zx_fmt("LAST_ENDPOINT %s", all[i]), all[i], zx_last_endpoint(s));
        zx_check_rc(zx_fmt("disconnect %s", all[i]), "0", zmq_disconnect(s, all[i]));
        zx_check_rc(zx_fmt("once %s", all[i]), "ENOENT", zmq_disconnect(s, all[i]));
    }
}

/* A number with a tail, and one above 65535 that is a taken port modulo 65536. */
static void odd_ports(void) {
    void *s = zx_socket(ZMQ_PUSH);
    const char *taken = zx_dead_tcp();
    int port = atoi(strrchr(taken, ':') + 1);

    zx_soft(1);
    zx_check_rc("bind with a tail", "EINVAL", zmq_bind(s, zx_fmt("%sabc", taken)));
    zx_check_rc("bind above 65535", "EINVAL",
                zmq_bind(s, zx_fmt("tcp://127.0.0.1:%d", port + 65536)));
}

static void ipc_path_length(void) {
    void *s = zx_socket(ZMQ_PUSH);
    char path[300];
    size_t n;

    snprintf(path, sizeof path, "ipc://%s/", zx_dir());
    n = strlen(path);
    memset(path + n, 'p', sizeof path - n);
    path[6 + 107] = 0;
    zx_check_rc("107 bytes", "0", zmq_bind(s, path));
    zx_ok(zmq_unbind(s, path));
    path[6 + 107] = 'p';
    path[6 + 108] = 0;
    zx_check_rc("108 bytes", "ENAMETOOLONG", zmq_bind(s, path));
    zx_check_rc("connect to 108 bytes", "ENAMETOOLONG", zmq_connect(s, path));
}

static const char *bind_null(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PUSH);
    return zx_err(zmq_bind(s, NULL));
}

static const char *connect_null(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PUSH);
    return zx_err(zmq_connect(s, NULL));
}

static void null_endpoints(void) {
    void *s;

    zx_soft(1);
    zx_check_str("bind", "EINVAL", zx_child(bind_null));
    zx_check_str("connect", "EINVAL", zx_child(connect_null));
    s = zx_socket(ZMQ_PUSH);
    zx_check_rc("unbind", "EINVAL", zmq_unbind(s, NULL));
    zx_check_rc("disconnect", "EINVAL", zmq_disconnect(s, NULL));
}

static void removal_errors(void) {
    void *s = zx_socket(ZMQ_PUSH);

    zx_soft(1);
    for (int i = 0; i < 2; i++) {
        int (*f)(void *, const char *) = i ? zmq_unbind : zmq_disconnect;
        const char *name = i ? "unbind" : "disconnect";
        zx_check_rc(zx_fmt("%s malformed", name), "EINVAL", f(s, "tcp:/x"));
        zx_check_rc(zx_fmt("%s empty", name), "EINVAL", f(s, ""));
        zx_check_rc(zx_fmt("%s scheme", name), "EPROTONOSUPPORT", f(s, "foo://x"));
        zx_check_rc(zx_fmt("%s tcp", name), "ENOENT", f(s, "tcp://127.0.0.1:9"));
        zx_check_rc(zx_fmt("%s ipc", name), "ENOENT", f(s, "ipc:///nowhere"));
        zx_check_rc(zx_fmt("%s inproc", name), "ENOENT", f(s, "inproc://nobody"));
    }
}

static int has_port(const char *ep, const char *prefix) {
    size_t n = strlen(prefix);
    return strncmp(ep, prefix, n) == 0 && atoi(ep + n) > 0 && atoi(ep + n) < 65536;
}

static void wildcards(void) {
    void *s = zx_socket(ZMQ_PULL);

    zx_soft(1);
    zx_check_int("*:*", 1, has_port(zx_bind_to(s, "tcp://*:*"), "tcp://0.0.0.0:"));
    zx_check_int("*:0", 1, has_port(zx_bind_to(s, "tcp://*:0"), "tcp://0.0.0.0:"));
    zx_check_int("address:*", 1, has_port(zx_bind_to(s, "tcp://127.0.0.1:*"), "tcp://127.0.0.1:"));
    zx_check_int("interface", 1, has_port(zx_bind_to(s, "tcp://lo:*"), "tcp://127.0.0.1:"));
    if (zx_runs("name"))
        zx_check_int("name", 1, has_port(zx_bind_to(s, "tcp://localhost:*"), "tcp://127.0.0.1:"));
}

static void wildcards_ipv6(void) {
    void *s = zx_socket(ZMQ_PULL);

    zx_ok(zx_set_int(s, ZMQ_IPV6, 1));
    zx_check_int("*:*", 1, has_port(zx_bind_to(s, "tcp://*:*"), "tcp://[::]:"));
    zx_check_int("v4", 1,
                 has_port(zx_bind_to(s, "tcp://127.0.0.1:*"), "tcp://[::ffff:127.0.0.1]:"));
}

static void ipc_wildcard(void) {
    void *s = zx_socket(ZMQ_PULL);
    struct stat st;
    char path[256];

    setenv("TMPDIR", zx_dir(), 1);
    snprintf(path, sizeof path, "%s", zx_bind_to(s, "ipc://*"));
    zx_check_int("in TMPDIR", 0, strncmp(path + 6, zx_dir(), strlen(zx_dir())));
    zx_check_str("ends", "/socket", path + strlen(path) - 7);
    zx_check_rc("exists", "0", stat(path + 6, &st));
    zx_check_rc("unbind", "0", zmq_unbind(s, path));
    zx_close(s);
    zx_ok(zmq_ctx_term(zx_ctx()));
    zx_ctx_forget();
    zx_check_rc("removed", "ENOENT", stat(path + 6, &st));
    unsetenv("TMPDIR");
}

static void ipc_file_stays(void) {
    void *s = zx_socket(ZMQ_PULL);
    struct stat st;
    char path[256];

    snprintf(path, sizeof path, "%s", zx_bind(s));
    zx_close(s);
    zx_ok(zmq_ctx_term(zx_ctx()));
    zx_ctx_forget();
    zx_check_rc("left on disk", "0", stat(path + 6, &st));
    s = zx_socket(ZMQ_PULL);
    zx_check_rc("a dead one is replaced", "0", zmq_bind(s, path));
}

static void ipc_live_file_is_not_stolen(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PULL);
    const char *ep = zx_bind(a);

    zx_check_rc("second bind", "EADDRINUSE", zmq_bind(b, ep));
}

static void ipc_regular_file_is_not_removed(void) {
    void *s = zx_socket(ZMQ_PULL);
    const char *path = zx_fmt("%s/regular", zx_dir());
    int fd = open(path, O_CREAT | O_WRONLY, 0600);

    assert_true(fd >= 0);
    close(fd);
    zx_check_rc("bind", "EADDRINUSE", zmq_bind(s, zx_fmt("ipc://%s", path)));
    unlink(path);
}

static void ipc_abstract(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);
    char name[64];

    snprintf(name, sizeof name, "%s", zx_unique("ipc://@"));
    zx_check_rc("bind", "0", zmq_bind(a, name));
    zx_check_str("LAST_ENDPOINT", name, zx_last_endpoint(a));
    zx_check_rc("taken", "EADDRINUSE", zmq_bind(b, name));
    zx_ok(zmq_connect(push, name));
    zx_ok(zx_send(push, "x", 0));
    zx_check_str("works", "x", zx_recv(a));
}

static void taken(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PULL);
    char ep[128];

    snprintf(ep, sizeof ep, "%s", zx_bind(a));
    zx_check_rc("by another", "EADDRINUSE", zmq_bind(b, ep));
    zx_check_rc("by itself", "EADDRINUSE", zmq_bind(a, ep));
    zx_check_str("LAST_ENDPOINT", ep, zx_last_endpoint(a));
}

static void rebind(void *s, const char *ep) {
    long long end = zx_now_ms() + ZX_LONG_MS;
    int rc;

    do rc = zmq_bind(s, ep);
    while (rc != 0 && errno == EADDRINUSE && zx_now_ms() < end && !zx_wait(s, ZMQ_POLLIN, 5));
    zx_check_rc("bind again", "0", rc);
}

static void unbind_frees_the_address(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PULL);
    char ep[128];

    snprintf(ep, sizeof ep, "%s", zx_bind(a));
    zx_check_rc("unbind", "0", zmq_unbind(a, ep));
    zx_check_rc("again", "ENOENT", zmq_unbind(a, ep));
    rebind(b, ep);
}

static void close_frees_the_address(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PULL);
    char ep[128];

    snprintf(ep, sizeof ep, "%s", zx_bind(a));
    zx_close(a);
    rebind(b, ep);
}

static void unbind_by_what_text(void) {
    void *s = zx_socket(ZMQ_PULL);
    const char *ep = zx_bind_to(s, "tcp://*:*");
    int port = atoi(strrchr(ep, ':') + 1);

    zx_check_rc("wildcard port", "ENOENT", zmq_unbind(s, zx_fmt("tcp://*:%d", port)));
    zx_check_rc("wildcard text", "ENOENT", zmq_unbind(s, "tcp://*:*"));
    zx_check_rc("LAST_ENDPOINT", "0", zmq_unbind(s, zx_fmt("tcp://0.0.0.0:%d", port)));
    port = atoi(strrchr(zx_bind_to(s, "tcp://127.0.0.1:*"), ':') + 1);
    zx_check_rc("other address", "ENOENT", zmq_unbind(s, zx_fmt("tcp://127.0.0.2:%d", port)));
    zx_check_rc("name", "0", zmq_unbind(s, zx_fmt("tcp://localhost:%d", port)));
}

static void disconnect_by_what_text(void) {
    void *s = zx_socket(ZMQ_PUSH);
    int port = atoi(strrchr(zx_dead_tcp(), ':') + 1);

    zx_ok(zmq_connect(s, zx_fmt("tcp://localhost:%d", port)));
    zx_check_rc("address for a name", "ENOENT",
                zmq_disconnect(s, zx_fmt("tcp://127.0.0.1:%d", port)));
    zx_check_rc("as typed", "0", zmq_disconnect(s, zx_fmt("tcp://localhost:%d", port)));
}

static void either_call_removes_either(void) {
    void *s = zx_socket(ZMQ_PAIR);
    char ep[128];

    snprintf(ep, sizeof ep, "%s", zx_bind(s));
    zx_check_rc("disconnect what was bound", "0", zmq_disconnect(s, ep));
    snprintf(ep, sizeof ep, "%s", zx_current()->via == ZX_TCP ? zx_dead_tcp() : zx_new_endpoint());
    zx_ok(zmq_connect(s, ep));
    zx_check_rc("unbind what was connected", "0", zmq_unbind(s, ep));
    zx_check_rc("gone", "ENOENT", zmq_disconnect(s, ep));
}

static void all_of_one_name_go(void) {
    void *s = zx_socket(ZMQ_PUSH);
    const char *ep = zx_dead_tcp();

    for (int i = 0; i < 3; i++) zx_ok(zmq_connect(s, ep));
    zx_check_rc("all three", "0", zmq_disconnect(s, ep));
    zx_check_rc("none left", "ENOENT", zmq_disconnect(s, ep));
    zx_check_rc("no peer", "EAGAIN", zx_send(s, "x", ZMQ_DONTWAIT));
}

static int room(int type) {
    void *s = zx_socket(type);
    const char *ep = zx_dead_tcp();
    int n = 0;

    zx_ok(zx_set_int(s, ZMQ_SNDHWM, 7));
    zx_ok(zmq_connect(s, ep));
    zx_ok(zmq_connect(s, ep));
    while (n < 100 && zmq_send(s, "x", 1, ZMQ_DONTWAIT) == 1) n++;
    return n;
}

static void connecting_twice(void) {
    zx_check_int("DEALER: once", 7, room(ZMQ_DEALER));
    zx_check_int("PUSH: twice", 14, room(ZMQ_PUSH));
}

static void many_binds(void) {
    void *pull = zx_socket(ZMQ_PULL);

    for (int i = 0; i < 5; i++) {
        void *push = zx_socket(ZMQ_PUSH);
        zx_ok(zmq_connect(push, zx_bind(pull)));
        zx_ok(zx_send(push, zx_num(i), 0));
        zx_check_str("arrives", zx_num(i), zx_recv(pull));
    }
}

static void last_endpoint_of_connect(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    char ep[128];

    zx_bind(a);
    snprintf(ep, sizeof ep, "%s", zx_last_endpoint(a)); /* by its id, on tipc */
    zx_check_str("nothing yet", "", zx_last_endpoint(b));
    zx_ok(zmq_connect(b, ep));
    zx_check_str("connect", ep, zx_last_endpoint(b));
    zx_ok(zmq_disconnect(b, ep));
    zx_check_str("stays", ep, zx_last_endpoint(b));
}

static void unbind_closes_accepted_connections(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *mon;
    long long end = zx_now_ms() + ZX_LONG_MS;
    struct zx_event ev = {.event = 0};

    zx_ok(zx_set_int(push, ZMQ_RECONNECT_IVL, 5000));
    zx_link(pull, push);
    zx_ok(zx_send(push, "x", 0));
    zx_check_str("x", "x", zx_recv(pull));
    mon = zx_monitor(push, ZMQ_EVENT_DISCONNECTED);
    zx_ok(zmq_unbind(pull, zx_last_endpoint(pull)));
    do zx_ready(pull);
    while (zx_next_event(mon, &ev, 5) != 0 && zx_now_ms() < end);
    zx_check_int("seen by the peer", ZMQ_EVENT_DISCONNECTED, ev.event);
}

static void unread_messages_survive_unbind(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);

    zx_link(pull, push);
    for (int i = 0; i < 3; i++) zx_ok(zx_send(push, zx_num(i), 0));
    zx_check_str("first", "0", zx_recv(pull));
    zx_check_int("all are here", ZMQ_POLLIN, zx_wait(pull, ZMQ_POLLIN, ZX_LONG_MS));
    if (zx_current()->via != ZX_INPROC) zx_wait(zx_socket(ZMQ_PULL), ZMQ_POLLIN, ZX_SHORT_MS);
    zx_ok(zmq_unbind(pull, zx_last_endpoint(pull)));
    zx_check_str("second", "1", zx_recv(pull));
    zx_check_str("third", "2", zx_recv(pull));
}

static void disconnect_sends_what_is_queued(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);

    zx_ok(zx_set_int(push, ZMQ_LINGER, -1));
    zx_link(pull, push);
    for (int i = 0; i < 50; i++) zx_ok(zx_send(push, zx_num(i), 0));
    zx_ok(zmq_disconnect(push, zx_last_endpoint(push)));
    for (int i = 0; i < 50; i++) zx_check_str("arrives", zx_num(i), zx_recv(pull));
}

static void disconnect_drops_unread(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_link(a, b);
    zx_ok(zx_send(a, "1", 0));
    zx_ok(zx_send(a, "2", 0));
    zx_check_str("first", "1", zx_recv(b));
    zx_ok(zmq_disconnect(b, zx_last_endpoint(b)));
    zx_check_str("dropped", "EAGAIN", zx_recv_soon(b));
}

static const struct zx_case cases[] = {
    ZX_CASE(bind_refuses),
    ZX_CASE(connect_refuses),
    ZX_CASE(connect_accepts),
    ZX_CASE(odd_ports),
    ZX_CASE(ipc_path_length),
    ZX_CASE(null_endpoints),
    ZX_CASE(removal_errors),
    ZX_CASE(wildcards),
    ZX_CASE(wildcards_ipv6),
    ZX_CASE(ipc_wildcard),
    {"ipc_file_stays", ipc_file_stays, ZX_IPC, 0},
    {"ipc_live_file_is_not_stolen", ipc_live_file_is_not_stolen, ZX_IPC, 0},
    ZX_CASE(ipc_regular_file_is_not_removed),
    ZX_CASE(ipc_abstract),
    ZX_CASE(taken),
    {"taken@tcp", taken, ZX_TCP, 0},
    ZX_CASE_ALL(unbind_frees_the_address),
    ZX_CASE_ALL(close_frees_the_address),
    ZX_CASE(unbind_by_what_text),
    ZX_CASE(disconnect_by_what_text),
    ZX_CASE_ALL(either_call_removes_either),
    ZX_CASE(all_of_one_name_go),
    ZX_CASE(connecting_twice),
    ZX_CASE_ALL(many_binds),
    ZX_CASE_ALL(last_endpoint_of_connect),
    ZX_CASE_NET(unbind_closes_accepted_connections),
    ZX_CASE_ALL(unread_messages_survive_unbind),
    ZX_CASE_ALL(disconnect_sends_what_is_queued),
    ZX_CASE_ALL(disconnect_drops_unread),
};

ZX_MAIN("endpoint", cases)
