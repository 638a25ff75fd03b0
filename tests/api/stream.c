/* SPDX-License-Identifier: MIT */
/* STREAM: raw TCP peers, notifications, ids; and ROUTER_RAW in the same way. */
#define _GNU_SOURCE
#include "zx_api.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ID 16

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    a.sin_port = htons((uint16_t)port);
    return a;
}

static int dial(const char *ep) {
    struct sockaddr_in a = loopback(atoi(strrchr(ep, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        fail_msg("connect: %s", zx_err(-1));
    return fd;
}

static int raw_listener(char *ep, size_t room) {
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) || listen(fd, 5) ||
        getsockname(fd, (struct sockaddr *)&a, &n))
        fail_msg("listen: %s", zx_err(-1));
    snprintf(ep, room, "tcp://127.0.0.1:%d", ntohs(a.sin_port));
    return fd;
}

static const char *read_text(int fd, size_t want) {
    char text[256];
    size_t at = 0;

    while (at < want) {
        struct pollfd p = {fd, POLLIN, 0};
        ssize_t n;
        if (poll(&p, 1, ZX_LONG_MS) != 1) return "timeout";
        n = read(fd, text + at, want - at);
        if (n <= 0) return n == 0 ? "end" : zx_err(-1);
        at += (size_t)n;
    }
    return zx_bytes(text, at);
}

static const char *read_end(int fd) {
    return read_text(fd, 1);
}

/* The id part; the body as text. */
static const char *receive(void *s, char *id) {
    char body[256];
    int n = zmq_recv(s, id, ID, 0);

    if (n != 5) return n < 0 ? zx_err(-1) : zx_fmt("id of %d bytes", n);
    if (!zx_get_int(s, ZMQ_RCVMORE)) return "id alone";
    n = zmq_recv(s, body, sizeof body, 0);
    if (zx_get_int(s, ZMQ_RCVMORE)) return "too many parts";
    return zx_bytes(body, (size_t)n);
}

static int send_to(void *s, const char *id, const char *body) {
    if (zmq_send(s, id, 5, ZMQ_SNDMORE) < 0) return -1;
    return zmq_send(s, body, strlen(body), 0);
}

static void serve(void) {
    void *s = zx_socket(ZMQ_STREAM);
    int fd = dial(zx_bind(s));
    char id[ID], again[ID];

    zx_check_str("connect notification", "", receive(s, id));
    zx_check_int("generated id", 0, id[0]);
    zx_ok(write(fd, "hello", 5));
    zx_check_str("data", "hello", receive(s, again));
    zx_check_int("same id", 0, memcmp(id, again, 5));
    zx_check_rc("answer", "5", send_to(s, id, "world"));
    zx_check_str("arrives", "world", read_text(fd, 5));
    close(fd);
    zx_check_str("disconnect notification", "", receive(s, again));
    zx_check_int("of the same id", 0, memcmp(id, again, 5));
}

static void dial_out(void) {
    void *s = zx_socket(ZMQ_STREAM);
    char ep[64], id[ID], got[ID];
    int fd = raw_listener(ep, sizeof ep), peer;
    size_t n = sizeof id;

    zx_ok(zmq_connect(s, ep));
    zx_check_rc("id of the connection", "0", zmq_getsockopt(s, ZMQ_ROUTING_ID, id, &n));
    zx_check_int("its length", 5, (int)n);
    peer = accept(fd, NULL, NULL);
    zx_check_str("connect notification", "", receive(s, got));
    zx_check_int("with that id", 0, memcmp(id, got, 5));
    zx_check_rc("send", "3", send_to(s, id, "abc"));
    zx_check_str("arrives raw", "abc", read_text(peer, 3));
    zx_ok(write(peer, "xyz", 3));
    zx_check_str("back", "xyz", receive(s, got));
    close(peer);
    close(fd);
}

static void named_connection(void) {
    void *s = zx_socket(ZMQ_STREAM);
    char ep[64], room[ID];
    int fd = raw_listener(ep, sizeof ep), peer;

    zx_ok(zx_set_str(s, ZMQ_CONNECT_ROUTING_ID, "named"));
    zx_ok(zmq_connect(s, ep));
    peer = accept(fd, NULL, NULL);
    zx_check_rc("id", "5", zmq_recv(s, room, ID, 0));
    zx_check_str("as named", "named", zx_bytes(room, 5));
    zx_check_rc("empty", "0", zmq_recv(s, room, ID, 0));
    zx_check_rc("send", "2", send_to(s, "named", "hi"));
    zx_check_str("arrives", "hi", read_text(peer, 2));
    close(peer);
    close(fd);
}

static void without_notifications(void) {
    void *s = zx_socket(ZMQ_STREAM);
    char id[ID];
    int fd;

    zx_ok(zx_set_int(s, ZMQ_STREAM_NOTIFY, 0));
    fd = dial(zx_bind(s));
    zx_ok(write(fd, "data", 4));
    zx_check_str("data first", "data", receive(s, id));
    close(fd);
    zx_check_str("nothing at the end", "EAGAIN", zx_recv_soon(s));
}

static void empty_body_closes(void) {
    void *s = zx_socket(ZMQ_STREAM);
    int fd = dial(zx_bind(s));
    long long end = zx_now_ms() + ZX_LONG_MS;
    struct pollfd p = {fd, POLLIN, 0};
    char id[ID];

    zx_check_str("connect", "", receive(s, id));
    zx_check_rc("data", "4", send_to(s, id, "last"));
    zx_check_rc("close", "0", send_to(s, id, ""));
    zx_check_str("data comes first", "last", read_text(fd, 4));
    do zx_ready(s);
    while (poll(&p, 1, 5) == 0 && zx_now_ms() < end);
    zx_check_str("then the end", "end", read_end(fd));
    zx_check_str("no notification", "EAGAIN", zx_recv_soon(s));
    zx_check_rc("id is gone", "EHOSTUNREACH", send_to(s, id, "x"));
    close(fd);
}

static void unknown_id(void) {
    void *s = zx_socket(ZMQ_STREAM);

    zx_bind(s);
    zx_check_rc("nobody", "EHOSTUNREACH", zmq_send(s, "nobody", 6, ZMQ_SNDMORE));
    zx_check_int("always writable", ZMQ_POLLOUT, zx_ready(s));
}

static void after_the_peer_left(void) {
    void *s = zx_socket(ZMQ_STREAM);
    int fd = dial(zx_bind(s));
    char id[ID];

    zx_check_str("connect", "", receive(s, id));
    close(fd);
    zx_check_str("disconnect", "", receive(s, id));
    if (zx_runs("at once"))
        zx_check_rc("at once", "EHOSTUNREACH", zmq_send(s, id, 5, ZMQ_SNDMORE | ZMQ_DONTWAIT));
    zx_check_str("nothing more", "EAGAIN", zx_recv_now(s));
}

static void two_peers(void) {
    void *s = zx_socket(ZMQ_STREAM);
    char id[2][ID], got[ID];
    int fd[2];

    zx_bind(s);
    for (int i = 0; i < 2; i++) {
        fd[i] = dial(zx_last_endpoint(s));
        zx_check_str("connect", "", receive(s, id[i]));
    }
    zx_check_int("different ids", 1, memcmp(id[0], id[1], 5) != 0);
    for (int i = 0; i < 2; i++) zx_check_rc("send", "1", send_to(s, id[i], zx_num(i)));
    for (int i = 0; i < 2; i++) zx_check_str("its own", zx_num(i), read_text(fd[i], 1));
    zx_ok(write(fd[1], "from 1", 6));
    zx_check_str("from", "from 1", receive(s, got));
    zx_check_int("id of 1", 0, memcmp(got, id[1], 5));
    for (int i = 0; i < 2; i++) close(fd[i]);
}

static void stream_to_stream(void) {
    void *a = zx_socket(ZMQ_STREAM), *b = zx_socket(ZMQ_STREAM);
    char ia[ID], ib[ID], got[ID];

    zx_ok(zmq_connect(b, zx_bind(a)));
    zx_check_str("connect at a", "", receive(a, ia));
    zx_check_str("connect at b", "", receive(b, ib));
    zx_check_rc("a to b", "2", send_to(a, ia, "ab"));
    zx_check_str("b", "ab", receive(b, got));
    zx_check_rc("b to a", "2", send_to(b, ib, "ba"));
    zx_check_str("a", "ba", receive(a, got));
}

static void metadata(void) {
    void *s = zx_socket(ZMQ_STREAM);
    int fd = dial(zx_bind(s));
    const char *address;
    zmq_msg_t m;

    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, s, 0));
    address = zmq_msg_gets(&m, "Peer-Address");
    zx_check_str("address", "127.0.0.1", address ? address : "none");
    zx_ok(zmq_msg_close(&m));
    close(fd);
}

static void large_data(void) {
    void *s = zx_socket(ZMQ_STREAM);
    static char out[100000];
    char id[ID], room[10000];
    int fd = dial(zx_bind(s)), total = 0, largest = 0;

    zx_check_str("connect", "", receive(s, id));
    memset(out, 'd', sizeof out);
    zx_ok(write(fd, out, sizeof out));
    while (total < (int)sizeof out) {
        int n;
        zx_check_rc("id", "5", zmq_recv(s, id, ID, 0));
        n = zmq_recv(s, room, sizeof room, 0);
        if (n <= 0) fail_msg("recv: %s", zx_err(n));
        total += n;
        if (n > largest) largest = n;
    }
    zx_check_int("all", (int)sizeof out, total);
    zx_check_int("chunks of at most 8192", 1, largest <= 8192);
    close(fd);
}

static void router_raw(void) {
    void *s = zx_socket(ZMQ_ROUTER);
    char id[ID];
    int fd;

    zx_ok(zx_set_int(s, ZMQ_ROUTER_RAW, 1));
    fd = dial(zx_bind(s));
    zx_check_str("connect notification", "", receive(s, id));
    zx_ok(write(fd, "hello", 5));
    zx_check_str("data", "hello", receive(s, id));
    zx_check_rc("answer", "5", send_to(s, id, "world"));
    zx_check_str("arrives", "world", read_text(fd, 5));
    close(fd);
    zx_check_str("disconnect notification", "", receive(s, id));
}

/* An id without more parts is swallowed, and so is the frame after it. */
static void id_alone(void) {
    void *s = zx_socket(ZMQ_STREAM);
    int fd = dial(zx_bind(s));
    char id[ID];

    zx_check_str("connect", "", receive(s, id));
    zx_check_rc("id without more", "5", zmq_send(s, id, 5, 0));
    zx_check_rc("swallowed", "4", zmq_send(s, "lost", 4, 0));
    zx_check_rc("works again", "4", send_to(s, id, "here"));
    zx_check_str("arrives", "here", read_text(fd, 4));
    close(fd);
}

#define RAW(f) {#f, f, ZX_TCP, 0}

static const struct zx_case cases[] = {
    RAW(serve),
    RAW(dial_out),
    RAW(named_connection),
    RAW(without_notifications),
    RAW(empty_body_closes),
    RAW(unknown_id),
    RAW(after_the_peer_left),
    RAW(two_peers),
    RAW(stream_to_stream),
    RAW(metadata),
    RAW(large_data),
    RAW(router_raw),
    RAW(id_alone),
};

ZX_MAIN("stream", cases)
