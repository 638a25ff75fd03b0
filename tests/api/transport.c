/* SPDX-License-Identifier: MIT */
/* Options that reach the system's sockets, filters, own descriptors, heartbeats, ws. */
#define _GNU_SOURCE
#include "zx_api.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The descriptor a message came by, which is the receiver's own end of the connection. */
static int descriptor(void *from, void *to) {
    zmq_msg_t m;
    int fd;

    zx_ok(zx_send(from, "x", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, to, 0));
    fd = zmq_msg_get(&m, ZMQ_SRCFD);
    zx_ok(fd);
    zx_ok(zmq_msg_close(&m));
    return fd;
}

static int sockopt(int fd, int level, int option) {
    int value = -77;
    socklen_t n = sizeof value;
    zx_ok(getsockopt(fd, level, option, &value, &n));
    return value;
}

static void no_delay(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_link(a, b);
    zx_check_int("accepted", 1, sockopt(descriptor(b, a), IPPROTO_TCP, TCP_NODELAY) != 0);
    zx_check_int("connected", 1, sockopt(descriptor(a, b), IPPROTO_TCP, TCP_NODELAY) != 0);
}

static void keepalive(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    int fd[2];

    for (int i = 0; i < 2; i++) {
        void *s = i ? b : a;
        zx_ok(zx_set_int(s, ZMQ_TCP_KEEPALIVE, 1));
        zx_ok(zx_set_int(s, ZMQ_TCP_KEEPALIVE_CNT, 7));
        zx_ok(zx_set_int(s, ZMQ_TCP_KEEPALIVE_IDLE, 31));
        zx_ok(zx_set_int(s, ZMQ_TCP_KEEPALIVE_INTVL, 13));
    }
    zx_link(a, b);
    fd[0] = descriptor(b, a);
    fd[1] = descriptor(a, b);
    for (int i = 0; i < 2; i++) {
        zx_check_int(zx_fmt("on %d", i), 1, sockopt(fd[i], SOL_SOCKET, SO_KEEPALIVE));
        zx_check_int(zx_fmt("count %d", i), 7, sockopt(fd[i], IPPROTO_TCP, TCP_KEEPCNT));
        zx_check_int(zx_fmt("idle %d", i), 31, sockopt(fd[i], IPPROTO_TCP, TCP_KEEPIDLE));
        zx_check_int(zx_fmt("interval %d", i), 13, sockopt(fd[i], IPPROTO_TCP, TCP_KEEPINTVL));
    }
}

static void keepalive_untouched(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    int fd;

    zx_ok(zx_set_int(a, ZMQ_TCP_KEEPALIVE_CNT, 7));
    zx_link(a, b);
    fd = descriptor(b, a);
    zx_check_int("off", 0, sockopt(fd, SOL_SOCKET, SO_KEEPALIVE));
    zx_check_int("count is the system's", 1, sockopt(fd, IPPROTO_TCP, TCP_KEEPCNT) != 7);
}

static void tos_and_maxrt(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    int fd[2];

    for (int i = 0; i < 2; i++) {
        zx_ok(zx_set_int(i ? b : a, ZMQ_TOS, 0x28));
        zx_ok(zx_set_int(i ? b : a, ZMQ_TCP_MAXRT, 12345));
    }
    zx_link(a, b);
    fd[0] = descriptor(b, a);
    fd[1] = descriptor(a, b);
    for (int i = 0; i < 2; i++) {
        zx_check_int(zx_fmt("tos %d", i), 0x28, sockopt(fd[i], IPPROTO_IP, IP_TOS));
        zx_check_int(zx_fmt("maxrt %d", i), 12345, sockopt(fd[i], IPPROTO_TCP, TCP_USER_TIMEOUT));
    }
}

/* The kernel doubles what is asked for. */
static void buffers(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    int fd[2];

    for (int i = 0; i < 2; i++) {
        zx_ok(zx_set_int(i ? b : a, ZMQ_SNDBUF, 20000));
        zx_ok(zx_set_int(i ? b : a, ZMQ_RCVBUF, 30000));
    }
    zx_link(a, b);
    fd[0] = descriptor(b, a);
    fd[1] = descriptor(a, b);
    for (int i = 0; i < 2; i++) {
        zx_check_int(zx_fmt("send %d", i), 40000, sockopt(fd[i], SOL_SOCKET, SO_SNDBUF));
        zx_check_int(zx_fmt("receive %d", i), 60000, sockopt(fd[i], SOL_SOCKET, SO_RCVBUF));
    }
}

static void accept_filter_lets_in(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);

    zx_ok(zx_set_str(a, ZMQ_TCP_ACCEPT_FILTER, "10.1.2.3"));
    zx_ok(zx_set_str(a, ZMQ_TCP_ACCEPT_FILTER, "127.0.0.0/8"));
    zx_link(a, b);
    zx_ok(zx_send(b, "x", 0));
    zx_check_str("arrives", "x", zx_recv(a));
}

static void accept_filter_keeps_out(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    void *mon = zx_monitor(a, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED);

    zx_ok(zx_set_str(a, ZMQ_TCP_ACCEPT_FILTER, "10.1.2.3"));
    zx_ok(zmq_connect(b, zx_bind(a)));
    zx_ok(zx_send(b, "x", 0));
    zx_check_str("event", "ACCEPT_FAILED", zx_events(mon, 1));
    zx_check_str("nothing", "EAGAIN", zx_recv_now(a));
}

static void ipc_filter(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    void *mon = zx_monitor(a, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED);
    uid_t uid = zx_current()->arg ? getuid() : getuid() + 12345;

    zx_ok(zmq_setsockopt(a, ZMQ_IPC_FILTER_UID, &uid, sizeof uid));
    zx_ok(zmq_connect(b, zx_bind(a)));
    zx_check_str("event", zx_current()->arg ? "ACCEPTED" : "ACCEPT_FAILED", zx_events(mon, 1));
}

static void peer_address_of_ipc(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    const char *address;
    zmq_msg_t m;

    zx_link(a, b);
    zx_ok(zx_send(b, "x", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, a, 0));
    address = zmq_msg_gets(&m, "Peer-Address");
    zx_check_str("address",
                 zx_fmt("localhost:%d:%d:%d", (int)getuid(), (int)getgid(), (int)getpid()),
                 address ? address : "none");
    zx_ok(zmq_msg_close(&m));
}

static void use_fd_tcp(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    zx_ok(bind(fd, (struct sockaddr *)&addr, n));
    zx_ok(listen(fd, 5));
    zx_ok(getsockname(fd, (struct sockaddr *)&addr, &n));
    zx_ok(zx_set_int(a, ZMQ_USE_FD, fd));
    zx_check_rc("bind", "0", zmq_bind(a, "tcp://127.0.0.1:*"));
    zx_check_str("LAST_ENDPOINT", zx_fmt("tcp://127.0.0.1:%d", ntohs(addr.sin_port)),
                 zx_last_endpoint(a));
    zx_ok(zmq_connect(b, zx_last_endpoint(a)));
    zx_ok(zx_send(b, "x", 0));
    zx_check_str("works", "x", zx_recv(a));
}

static void use_fd_ipc(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const char *ep = zx_keep(zx_new_endpoint());
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", ep + 6);
    zx_ok(bind(fd, (struct sockaddr *)&addr, sizeof addr));
    zx_ok(listen(fd, 5));
    zx_ok(zx_set_int(a, ZMQ_USE_FD, fd));
    zx_check_rc("bind", "0", zmq_bind(a, ep));
    zx_ok(zmq_connect(b, ep));
    zx_ok(zx_send(b, "x", 0));
    zx_check_str("works", "x", zx_recv(a));
}

static void source_address(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    const char *ep = zx_bind(a), *address;
    zmq_msg_t m;

    zx_ok(zmq_connect(b, zx_fmt("tcp://127.0.0.2:0;%s", ep + 6)));
    zx_ok(zx_send(b, "x", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, a, 0));
    address = zmq_msg_gets(&m, "Peer-Address");
    zx_check_str("seen by the peer", "127.0.0.2", address ? address : "none");
    zx_ok(zmq_msg_close(&m));
}

static void ipv6(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH), *v4 = zx_socket(ZMQ_PUSH);
    int port;

    zx_ok(zx_set_int(a, ZMQ_IPV6, 1));
    zx_ok(zx_set_int(b, ZMQ_IPV6, 1));
    port = atoi(strrchr(zx_bind_to(a, "tcp://[::]:*"), ':') + 1);
    zx_ok(zmq_connect(b, zx_fmt("tcp://[::1]:%d", port)));
    zx_ok(zx_send(b, "six", 0));
    zx_check_str("ipv6", "six", zx_recv(a));
    zx_ok(zmq_connect(v4, zx_fmt("tcp://127.0.0.1:%d", port)));
    zx_ok(zx_send(v4, "four", 0));
    zx_check_str("ipv4 on the same port", "four", zx_recv(a));
}

static void ipv6_literal_without_ipv6(void) {
    void *s = zx_socket(ZMQ_PULL);
    zx_check_rc("bind", "ENODEV", zmq_bind(s, "tcp://[::1]:*"));
}

/* A raw peer that finishes a NULL handshake as PUSH and then says nothing more. */
static int silent_peer(const char *ep) {
    static const char greeting[64] = {
        (char)0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0, 'N', 'U', 'L', 'L',
    };
    static const char ready[] = "\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH";
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_port = htons((uint16_t)atoi(strrchr(ep, ':') + 1));
    zx_ok(connect(fd, (struct sockaddr *)&a, sizeof a));
    zx_ok(write(fd, greeting, sizeof greeting));
    zx_ok(write(fd, ready, 2 + 0x1a));
    return fd;
}

static void heartbeat_timeout(void) {
    void *pull = zx_socket(ZMQ_PULL), *mon = zx_monitor(pull, ZMQ_EVENT_ALL);
    struct zx_event ev;
    long long start;
    int fd;

    zx_ok(zx_set_int(pull, ZMQ_HEARTBEAT_IVL, 50));
    zx_ok(zx_set_int(pull, ZMQ_HEARTBEAT_TIMEOUT, 100));
    fd = silent_peer(zx_bind(pull));
    zx_await(mon, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, &ev);
    start = zx_now_ms();
    zx_check_str("cut", "DISCONNECTED", zx_events(mon, 1));
    zx_check_int("not before 100 ms", 1, zx_now_ms() - start >= 95);
    close(fd);
}

static void no_heartbeat_no_timeout(void) {
    void *pull = zx_socket(ZMQ_PULL), *mon = zx_monitor(pull, ZMQ_EVENT_ALL);
    struct zx_event ev;
    int fd;

    zx_ok(zx_set_int(pull, ZMQ_HEARTBEAT_TIMEOUT, 30));
    fd = silent_peer(zx_bind(pull));
    zx_await(mon, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, &ev);
    zx_check_int("stays", -1, zx_next_event(mon, &ev, 150));
    close(fd);
}

/* The 26 bytes of READY are no message of the application's. */
static void maxmsgsize_spares_the_handshake(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    int64_t limit = 10;

    zx_ok(zmq_setsockopt(a, ZMQ_MAXMSGSIZE, &limit, sizeof limit));
    zx_ok(zx_set_int(a, ZMQ_RCVTIMEO, 2000));
    zx_ok(zmq_connect(b, zx_bind(a)));
    zx_ok(zx_send(b, "ten bytes!", 0));
    zx_check_str("arrives", "ten bytes!", zx_recv(a));
}

static void *ws(int type) {
    void *s = zx_socket(type);

    zx_needs("WS");
    zx_ok(zmq_bind(s, zx_fmt("ws://127.0.0.1:*%s", zx_current()->arg ? "/path" : "")));
    return s;
}

static void ws_endpoint(void) {
    const char *ep = zx_last_endpoint(ws(ZMQ_PULL));

    zx_check_str("scheme", "ws://127.0.0.1:", zx_fmt("%.15s", ep));
    zx_check_str("path", zx_current()->arg ? "/path" : "/", strchr(ep + 5, '/'));
}

static void ws_round_trip(void) {
    void *rep = ws(ZMQ_REP), *req = zx_socket(ZMQ_REQ);
    static const int sizes[] = {0, 1, 124, 125, 126, 127, 65534, 65535, 65536, 200000};
    static char body[200000], room[200000];

    for (size_t i = 0; i < sizeof body; i++) body[i] = (char)(i * 13);
    zx_ok(zmq_connect(req, zx_last_endpoint(rep)));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        zx_ok(zmq_send(req, body, (size_t)sizes[i], 0));
        zx_check_rc(zx_fmt("request %d", sizes[i]), zx_num(sizes[i]),
                    zmq_recv(rep, room, sizeof room, 0));
        zx_check_int("content", 0, memcmp(body, room, (size_t)sizes[i]));
        zx_ok(zx_send(rep, "a||b", 0));
        zx_check_str("reply", "a||b", zx_recv(req));
    }
}

static void ws_subscriptions(void) {
    void *xpub = ws(ZMQ_XPUB), *sub = zx_socket(ZMQ_SUB);

    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    zx_ok(zmq_connect(sub, zx_last_endpoint(xpub)));
    zx_check_str("subscription", "\\01a", zx_recv(xpub));
    zx_ok(zx_send(xpub, "b", 0));
    zx_ok(zx_send(xpub, "a1|x", 0));
    zx_check_str("message", "a1|x", zx_recv(sub));
}

static void ws_refuses(void) {
    void *s = zx_socket(ZMQ_PULL);

    zx_needs("WS");
    zx_check_rc("two segments", "EINVAL", zmq_bind(s, "ws://127.0.0.1:*/a/b"));
    zx_check_rc("no port", "EINVAL", zmq_bind(s, "ws://127.0.0.1"));
    zx_check_rc("name", "ENODEV", zmq_bind(s, "ws://localhost:*"));
    zx_check_rc("connect to *", "EINVAL", zmq_connect(s, "ws://127.0.0.1:*"));
    zx_check_rc("connect to no host", "0", zmq_connect(s, "ws://no-such-host.invalid:9"));
}

#define ON_TCP(f) {#f, f, ZX_TCP, 0}
#define ON_IPC(f) {#f, f, ZX_IPC, 0}

static const struct zx_case cases[] = {
    ON_TCP(no_delay),
    ON_TCP(keepalive),
    ON_TCP(keepalive_untouched),
    ON_TCP(tos_and_maxrt),
    ON_TCP(buffers),
    ON_TCP(accept_filter_lets_in),
    ON_TCP(accept_filter_keeps_out),
    {"ipc_filter_lets_in", ipc_filter, ZX_IPC, 1},
    {"ipc_filter_keeps_out", ipc_filter, ZX_IPC, 0},
    ON_IPC(peer_address_of_ipc),
    ON_TCP(use_fd_tcp),
    ON_IPC(use_fd_ipc),
    ON_TCP(source_address),
    ON_TCP(ipv6),
    ON_TCP(ipv6_literal_without_ipv6),
    ON_TCP(heartbeat_timeout),
    ON_TCP(no_heartbeat_no_timeout),
    ZX_CASE_NET(maxmsgsize_spares_the_handshake),
    {"ws_endpoint", ws_endpoint, ZX_TCP, 0},
    {"ws_endpoint_with_path", ws_endpoint, ZX_TCP, 1},
    {"ws_round_trip", ws_round_trip, ZX_TCP, 0},
    {"ws_round_trip_with_path", ws_round_trip, ZX_TCP, 1},
    ON_TCP(ws_subscriptions),
    ON_TCP(ws_refuses),
};

ZX_MAIN("transport", cases)
