/* SPDX-License-Identifier: MIT */
/* vsock and vmci: addresses, errors, options, events, on the stand-in for their family. */
#define _GNU_SOURCE
#include "zx_api.h"

#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

#include "standin.h"

struct vm {
    uint16_t family, reserved;
    uint32_t port, cid;
    uint8_t flags, zero[3];
};

static const char *const schemes[] = {"vsock", "vmci"};

/* The stand-in is preloaded, not linked. */
static void *standin(const char *name) {
    void *symbol = dlsym(RTLD_DEFAULT, name);
    if (!symbol) fail_msg("the stand-in is not loaded");
    return symbol;
}

static void missing(unsigned what) {
    void (*set)(unsigned);
    *(void **)&set = standin("standin_set");
    set(what);
}

static const char *options(void) {
    const char *(*get)(void);
    *(void **)&get = standin("standin_options");
    return get();
}

static const char *scheme(void) {
    return schemes[zx_current()->arg];
}

static int is_vmci(void) {
    return zx_current()->arg;
}

static const char *at(const char *address) {
    return zx_fmt("%s://%s", scheme(), address);
}

static const char *free_port(const char *cid) {
    static unsigned n;
    return zx_keep(at(zx_fmt("%s:%u", cid, 0x30000000u + (unsigned)getpid() % 0x1000 * 64 + n++)));
}

static unsigned port_of(const char *endpoint) {
    return (unsigned)strtoul(strrchr(endpoint, ':') + 1, NULL, 10);
}

static void round_trip(void *a, void *b) {
    zx_ok(zx_send(b, "to|bound", 0));
    zx_check_str("bound", "to|bound", zx_recv(a));
    zx_ok(zx_send(a, "back", 0));
    zx_check_str("connected", "back", zx_recv(b));
}

/* ---- addresses ------------------------------------------------------------------- */

static void wildcard_port(void) {
    static const char *const from[] = {"3:*", "3:-1", "1:*"};

    for (size_t i = 0; i < 3; i++) {
        void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
        const char *ep = zx_keep(zx_bind_to(a, at(from[i])));
        const char *want = at(zx_fmt("%c:%u", from[i][0], port_of(ep)));
        zx_check_str("resolved", want, ep);
        zx_check_int("no privileged one", 1, port_of(ep) >= 1024);
        zx_ok(zmq_connect(b, ep));
        zx_check_str("connected", ep, zx_last_endpoint(b));
        round_trip(a, b);
        zx_check_rc("the wildcard is no name", "ENOENT", zmq_unbind(a, at(from[i])));
        zx_ok(zmq_unbind(a, ep));
        zx_check_rc("once", "ENOENT", zmq_unbind(a, ep));
        zx_ok(zmq_disconnect(b, ep));
    }
}

static void any_cid(void) {
    static const char *const from[] = {"*:*", "-1:*", "*:-1"};
    static const char *const to[] = {"1", "3"};

    for (size_t i = 0; i < 6; i++) {
        void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
        const char *ep = zx_keep(zx_bind_to(a, at(from[i / 2])));
        zx_check_str("the star stays", at(zx_fmt("*:%u", port_of(ep))), ep);
        zx_check_rc("leads nowhere", "EINVAL", zmq_connect(b, ep));
        zx_ok(zmq_connect(b, at(zx_fmt("%s:%u", to[i % 2], port_of(ep)))));
        round_trip(a, b);
        zx_close(a);
        zx_close(b);
    }
}

static void another_cid_is_another_place(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PULL), *c = zx_socket(ZMQ_PUSH);
    const char *one = free_port("1");
    const char *own = zx_keep(at(zx_fmt("3:%u", port_of(one))));

    zx_bind_to(a, one);
    zx_bind_to(b, own);
    zx_ok(zmq_connect(c, own));
    zx_ok(zx_send(c, "x", 0));
    zx_check_str("own", "x", zx_recv(b));
    zx_check_str("loopback", "EAGAIN", zx_recv_now(a));
}

static void who_is_at(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_ok(zmq_connect(b, at("@:77")));
    zx_check_str("connect", at(is_vmci() ? "3:77" : "2:77"), zx_last_endpoint(b));
    zx_ok(zmq_disconnect(b, at("@:77")));
    zx_ok(zmq_connect(b, at("@:77")));
    zx_ok(zmq_disconnect(b, zx_last_endpoint(b)));
    zx_check_rc("bind", is_vmci() ? "0" : "EADDRNOTAVAIL", zmq_bind(a, at("@:*")));
    for (unsigned what = STANDIN_NO_CID; what <= STANDIN_NO_DEVICE; what *= 2) {
        missing(what);
        zx_check_rc("bind without", is_vmci() ? "ENODEV" : "EADDRNOTAVAIL",
                    zmq_bind(zx_socket(ZMQ_PAIR), at("@:*")));
        zx_check_rc("connect without", is_vmci() ? "ENODEV" : "0",
                    zmq_connect(zx_socket(ZMQ_PAIR), at("@:77")));
        missing(0);
    }
}

/* ---- errors ------------------------------------------------------------------------ */

static void refused_bind(const char *ep, const char *want) {
    void *s = zx_socket(ZMQ_PULL), *mon = zx_monitor(s, ZMQ_EVENT_BIND_FAILED);
    struct zx_event ev;

    int rc = zmq_bind(s, ep), code = errno;
    zx_check_rc(ep, want, rc);
    zx_await(mon, ZMQ_EVENT_BIND_FAILED, &ev);
    zx_check_int("event", code, (int)ev.value);
    zx_check_str("no last endpoint", "", zx_last_endpoint(s));
}

static void grammar(void) {
    static const char *const bad[] = {"3",    "3:",           ":1",  "x:1",  "3:x", "-2:1",
                                      "3:-2", "4294967296:1", "3:@", " 3:1", ":",
                                      "3:4294967296"};
    static const char *const bind_only[] = {"*:1", "-1:1", "3:*", "3:-1", "*:*", "@:*"};
    void *s = zx_socket(ZMQ_PUSH);

    zx_soft(1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused_bind(at(bad[i]), "EINVAL");
        zx_check_rc(at(bad[i]), "EINVAL", zmq_connect(s, at(bad[i])));
    }
    for (size_t i = 0; i < sizeof bind_only / sizeof bind_only[0]; i++)
        zx_check_rc(at(bind_only[i]), "EINVAL", zmq_connect(s, at(bind_only[i])));
    zx_check_rc("nothing", "EINVAL", zmq_bind(s, at("")));
    zx_check_int("has", 1, zmq_has(scheme()));
}

static void bind_errors(void) {
    const char *own = free_port("3"), *any = zx_keep(at(zx_fmt("*:%u", port_of(own))));
    void *s = zx_socket(ZMQ_PULL);

    zx_bind_to(s, own);
    refused_bind(own, "EADDRINUSE");
    refused_bind(any, "EADDRINUSE");
    zx_ok(zmq_unbind(s, own));
    zx_bind_to(s, any);
    refused_bind(own, "EADDRINUSE");
    refused_bind(at("9:4444"), "EADDRNOTAVAIL");
    refused_bind(at("2:4444"), "EADDRNOTAVAIL");
    refused_bind(at("0:4444"), "EADDRNOTAVAIL");
    missing(STANDIN_NO_PRIVILEGE);
    refused_bind(at("3:80"), "EACCES");
    missing(STANDIN_NO_LOOPBACK);
    refused_bind(at("1:4444"), "EADDRNOTAVAIL");
    missing(STANDIN_NO_FAMILY);
    refused_bind(at("3:4444"), "EAFNOSUPPORT");
    missing(0);
}

static void needs_io_threads(void) {
    void *ctx = zmq_ctx_new(), *s;

    zx_ok(zmq_ctx_set(ctx, ZMQ_IO_THREADS, 0));
    s = zmq_socket(ctx, ZMQ_PUSH);
    zx_check_rc("bind", "EMTHREAD", zmq_bind(s, at("3:*")));
    zx_check_rc("connect", "EMTHREAD", zmq_connect(s, at("3:1")));
    zx_ok(zmq_close(s));
    zx_ok(zmq_ctx_term(ctx));
}

/* ---- coming and going ---------------------------------------------------------------- */

static void events(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    void *server = zx_monitor(a, ZMQ_EVENT_ALL), *client = zx_monitor(b, ZMQ_EVENT_ALL);
    const char *ep = free_port("3");
    struct zx_event ev;

    zx_bind_to(a, ep);
    zx_ok(zmq_connect(b, ep));
    round_trip(a, b);
    zx_ok(zmq_unbind(a, ep));
    zx_await(server, ZMQ_EVENT_LISTENING, &ev);
    zx_check_str("listening", ep, ev.address);
    zx_await(server, ZMQ_EVENT_ACCEPTED, &ev);
    zx_check_str("accepted", ep, ev.address);
    zx_check_str("server", "HANDSHAKE_SUCCEEDED,CLOSED", zx_events(server, 2));
    zx_await(client, ZMQ_EVENT_CONNECT_DELAYED, &ev);
    zx_check_str("delayed", ep, ev.address);
    zx_await(client, ZMQ_EVENT_CONNECTED, &ev);
    zx_check_str("connected", ep, ev.address);
    zx_check_str("client", "HANDSHAKE_SUCCEEDED,DISCONNECTED,CONNECT_RETRIED",
                 zx_events(client, 3));
}

static void *retrying(int type, int stop) {
    void *s = zx_socket(type);
    zx_ok(zx_set_int(s, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zx_set_int(s, ZMQ_RECONNECT_STOP, stop));
    return s;
}

/* The kernel's answer where nobody listens is a reset, which is also that of a full backlog: it is
 * no refusal to stop at. */
static void nobody_listens_yet(void) {
    void *b = retrying(ZMQ_PUSH, ZMQ_RECONNECT_STOP_CONN_REFUSED), *a = zx_socket(ZMQ_PULL);
    void *mon = zx_monitor(b, ZMQ_EVENT_ALL);
    const char *ep = free_port("3");
    struct zx_event ev;

    zx_ok(zmq_connect(b, ep));
    zx_ok(zx_send(b, "early", 0));
    zx_check_str("events", "CONNECT_DELAYED,CLOSED,CONNECT_RETRIED,CONNECT_DELAYED",
                 zx_events(mon, 4));
    zx_bind_to(a, ep);
    zx_await(mon, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, &ev);
    zx_check_str("arrives", "early", zx_recv(a));
}

/* Nor does the kernel without a loopback answer otherwise than at once. */
static void there_is_no_way(void) {
    void *b = retrying(ZMQ_PUSH, 0), *mon = zx_monitor(b, ZMQ_EVENT_ALL);
    struct zx_event ev;

    missing(STANDIN_NO_LOOPBACK);
    zx_ok(zmq_connect(b, free_port("3")));
    zx_await(mon, ZMQ_EVENT_CONNECT_RETRIED, &ev);
    zx_await(mon, ZMQ_EVENT_CONNECT_RETRIED, &ev);
    missing(0);
    missing(STANDIN_NO_FAMILY);
    b = retrying(ZMQ_PUSH, 0);
    mon = zx_monitor(b, ZMQ_EVENT_ALL);
    zx_ok(zmq_connect(b, free_port("3")));
    zx_await(mon, ZMQ_EVENT_CONNECT_RETRIED, &ev);
    missing(0);
}

/* ---- options --------------------------------------------------------------------------- */

/* Set for the socket, it holds for the kernel too, whose own limit is 2 s. */
static void connect_timeout(void) {
    void *b = retrying(ZMQ_PUSH, 0), *mon = zx_monitor(b, ZMQ_EVENT_ALL);

    (void)options();
    zx_ok(zx_set_int(b, ZMQ_CONNECT_TIMEOUT, 150));
    zx_ok(zmq_connect(b, at("99:5")));
    zx_check_str("given up", "CONNECT_DELAYED,CLOSED,CONNECT_RETRIED", zx_events(mon, 3));
    zx_check_str("the kernel's", "timeout=150ms ", zx_fmt("%.14s", options()));
}

static void the_kernels_timeout(void) {
    void *b = retrying(ZMQ_PUSH, 0), *mon = zx_monitor(b, ZMQ_EVENT_ALL);
    const char *want = is_vmci() ? "timeout=1250ms " : "";

    (void)options();
    zx_ok(zx_set_int(b, ZMQ_VMCI_CONNECT_TIMEOUT, 1250));
    zx_ok(zx_set_int(b, ZMQ_RECONNECT_IVL, 60000));
    zx_ok(zmq_connect(b, at("99:5")));
    zx_check_str("given up", "CONNECT_DELAYED,CLOSED,CONNECT_RETRIED", zx_events(mon, 3));
    zx_check_str("set", want, options());
}

static void set_u64(void *s, int option, uint64_t value) {
    zx_ok(zmq_setsockopt(s, option, &value, sizeof value));
}

static int fd_of(void *from, void *to) {
    zmq_msg_t m;

    zx_ok(zx_send(from, "x", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, to, 0));
    int fd = zmq_msg_get(&m, ZMQ_SRCFD);
    const char *peer = zmq_msg_gets(&m, ZMQ_MSG_PROPERTY_PEER_ADDRESS);
    zx_check_str("peer", "", peer ? peer : "");
    zx_ok(zmq_msg_close(&m));
    return fd;
}

static void check_bytes(const char *label, int fd, int option, uint64_t want) {
    uint64_t got = 0;
    socklen_t n = sizeof got;

    zx_ok(getsockopt(fd, AF_VSOCK, option, &got, &n));
    zx_check_int(label, (long long)want, (long long)got);
}

/* The size is cut to what max and min are when it is set, so it comes last. */
static void buffers(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    const char *ep = free_port("3");
    int fd[2];

    (void)options();
    for (int i = 0; i < 2; i++) {
        set_u64(i ? b : a, ZMQ_VMCI_BUFFER_SIZE, 600000);
        set_u64(i ? b : a, ZMQ_VMCI_BUFFER_MIN_SIZE, 4096);
        set_u64(i ? b : a, ZMQ_VMCI_BUFFER_MAX_SIZE, 1 << 20);
    }
    zx_bind_to(a, ep);
    zx_check_str("bind", is_vmci() ? "max=1048576 min=4096 size=600000 " : "", options());
    zx_ok(zmq_connect(b, ep));
    fd[0] = fd_of(b, a);
    fd[1] = fd_of(a, b);
    zx_check_str("connect", is_vmci() ? "max=1048576 min=4096 size=600000 " : "", options());
    for (int i = 0; i < 2; i++) {
        check_bytes("size", fd[i], 0, is_vmci() ? 600000 : 262144);
        check_bytes("min", fd[i], 1, is_vmci() ? 4096 : 128);
        check_bytes("max", fd[i], 2, is_vmci() ? 1 << 20 : 262144);
    }
}

static void buffers_left_alone(void) {
    void *a = zx_socket(ZMQ_PAIR);

    (void)options();
    set_u64(a, ZMQ_VMCI_BUFFER_SIZE, 0);
    set_u64(a, ZMQ_VMCI_BUFFER_MIN_SIZE, 512);
    zx_ok(zx_set_int(a, ZMQ_VMCI_CONNECT_TIMEOUT, -1));
    zx_bind_to(a, at("3:*"));
    zx_check_str("only what was set", is_vmci() ? "min=512 " : "", options());
}

static void own_descriptor(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    const char *ep = free_port("3");
    struct vm vm = {.family = AF_VSOCK, .port = port_of(ep), .cid = STANDIN_CID};
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

    zx_ok(bind(fd, (struct sockaddr *)&vm, sizeof vm));
    zx_ok(listen(fd, 5));
    zx_ok(zx_set_int(a, ZMQ_USE_FD, fd));
    zx_check_str("its address", ep, zx_bind_to(a, at("is not looked at")));
    zx_ok(zmq_connect(b, ep));
    round_trip(a, b);
    zx_ok(zmq_unbind(a, ep));
}

#define BOTH(f) {#f "@vsock", f, ZX_INPROC, 0}, {#f "@vmci", f, ZX_INPROC, 1}

static const struct zx_case cases[] = {
    BOTH(wildcard_port),
    BOTH(any_cid),
    BOTH(another_cid_is_another_place),
    BOTH(who_is_at),
    BOTH(grammar),
    BOTH(bind_errors),
    BOTH(needs_io_threads),
    BOTH(events),
    BOTH(nobody_listens_yet),
    BOTH(there_is_no_way),
    BOTH(connect_timeout),
    BOTH(the_kernels_timeout),
    BOTH(buffers),
    BOTH(buffers_left_alone),
    BOTH(own_descriptor),
};

ZX_MAIN("vsock", cases)
