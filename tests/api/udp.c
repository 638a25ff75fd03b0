/* SPDX-License-Identifier: MIT */
/* udp: DGRAM, and RADIO to DISH (draft). */
#define _GNU_SOURCE
#ifndef ZMQ_BUILD_DRAFT_API
#define ZMQ_BUILD_DRAFT_API 1
#endif
#include "zx_api.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A UDP port of the system's choosing that is free a moment later. */
static int free_port(int *fd, int keep) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;

    *fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || bind(*fd, (struct sockaddr *)&a, n) ||
        getsockname(*fd, (struct sockaddr *)&a, &n))
        fail_msg("udp: %s", zx_err(-1));
    if (!keep) close(*fd);
    return ntohs(a.sin_port);
}

static void types(void) {
    void *radio = zx_socket(ZMQ_RADIO), *dish = zx_socket(ZMQ_DISH), *sub = zx_socket(ZMQ_SUB);
    void *dgram = zx_socket(ZMQ_DGRAM);

    zx_soft(1);
    zx_check_rc("RADIO bind", "ENOCOMPATPROTO", zmq_bind(radio, "udp://127.0.0.1:*"));
    zx_check_rc("DISH connect", "ENOCOMPATPROTO", zmq_connect(dish, "udp://127.0.0.1:9"));
    zx_check_rc("SUB bind", "ENOCOMPATPROTO", zmq_bind(sub, "udp://127.0.0.1:*"));
    zx_check_rc("SUB connect", "ENOCOMPATPROTO", zmq_connect(sub, "udp://127.0.0.1:9"));
    zx_check_rc("DGRAM connect", "ENOCOMPATPROTO", zmq_connect(dgram, "udp://127.0.0.1:9"));
    zx_check_rc("RADIO connect", "0", zmq_connect(radio, "udp://127.0.0.1:9"));
}

static void radio_datagram(void) {
    void *radio = zx_socket(ZMQ_RADIO);
    struct pollfd p = {.events = POLLIN};
    char got[64];
    ssize_t n = -1;
    zmq_msg_t m;
    int port = free_port(&p.fd, 1);

    zx_ok(zmq_connect(radio, zx_fmt("udp://127.0.0.1:%d", port)));
    zx_ok(zmq_msg_init_buffer(&m, "body", 4));
    zx_ok(zmq_msg_set_group(&m, "grp"));
    zx_check_rc("send", "4", zmq_msg_send(&m, radio, 0));
    if (poll(&p, 1, ZX_LONG_MS) == 1) n = read(p.fd, got, sizeof got);
    zx_check_str("length, group, body", "\\03grpbody",
                 n < 0 ? "nothing" : zx_bytes(got, (size_t)n));
    close(p.fd);
}

static void dish_datagram(void) {
    void *dish = zx_socket(ZMQ_DISH);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd, port = free_port(&fd, 0);
    zmq_msg_t m;

    zx_ok(zmq_join(dish, "grp"));
    zx_ok(zmq_bind(dish, zx_fmt("udp://127.0.0.1:%d", port)));
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    a.sin_port = htons((uint16_t)port);
    for (int i = 0; i < 200; i++) {
        (void)!sendto(fd, "\003grpbody", 8, 0, (struct sockaddr *)&a, sizeof a);
        if (zx_wait(dish, ZMQ_POLLIN, 10) & ZMQ_POLLIN) break;
    }
    zx_ok(zmq_msg_init(&m));
    zx_check_rc("recv", "4", zmq_msg_recv(&m, dish, 0));
    zx_check_str("group", "grp", zmq_msg_group(&m));
    zx_check_str("body", "body", zx_bytes(zmq_msg_data(&m), zmq_msg_size(&m)));
    zx_ok(zmq_msg_close(&m));
    close(fd);
}

static void dgram_parts(void) {
    void *s = zx_socket(ZMQ_DGRAM);
    int fd, port = free_port(&fd, 0);

    zx_ok(zmq_bind(s, zx_fmt("udp://127.0.0.1:%d", port)));
    zx_check_rc("address alone", "EINVAL", zmq_send(s, "127.0.0.1:9", 11, 0));
    zx_check_rc("address", "11", zmq_send(s, "127.0.0.1:9", 11, ZMQ_SNDMORE));
    zx_check_rc("body with more", "EINVAL", zmq_send(s, "x", 1, ZMQ_SNDMORE));
    zx_check_rc("body", "1", zmq_send(s, "x", 1, 0));
}

static void dgram_both_ways(void) {
    void *a = zx_socket(ZMQ_DGRAM), *b = zx_socket(ZMQ_DGRAM);
    char from[64] = "", body[16], address[64];
    int fd, pa = free_port(&fd, 0), pb = free_port(&fd, 0);

    zx_ok(zmq_bind(a, zx_fmt("udp://127.0.0.1:%d", pa)));
    zx_ok(zmq_bind(b, zx_fmt("udp://127.0.0.1:%d", pb)));
    snprintf(address, sizeof address, "127.0.0.1:%d", pb);
    for (int i = 0; i < 200; i++) {
        zx_ok(zmq_send(a, address, strlen(address), ZMQ_SNDMORE));
        zx_ok(zmq_send(a, "x", 1, 0));
        if (zx_wait(b, ZMQ_POLLIN, 10) & ZMQ_POLLIN) break;
    }
    zx_check_int("address part", 1, zmq_recv(b, from, sizeof from, 0) > 0);
    zx_check_str("address", zx_fmt("127.0.0.1:%d", pa), from);
    zx_check_rc("body", "1", zmq_recv(b, body, sizeof body, 0));
    zx_check_str("x", "x", zx_bytes(body, 1));
}

static void taken_port(void) {
    void *dish = zx_socket(ZMQ_DISH);
    int fd, port = free_port(&fd, 1);
    const char *rc = zx_err(zmq_bind(dish, zx_fmt("udp://127.0.0.1:%d", port)));

    close(fd);
    zx_check_str("bind", "EADDRINUSE", rc);
}

/* Only DISH and DGRAM bind, only RADIO connects, and DGRAM does nothing else. */
static void every_type(void) {
    static const struct {
        int type;
        const char *bind, *connect;
    } rows[] = {
        {ZMQ_RADIO, "ENOCOMPATPROTO", "0"},
        {ZMQ_DISH, "0", "ENOCOMPATPROTO"},
        {ZMQ_DGRAM, "0", "ENOCOMPATPROTO"},
    };
    zx_soft(1);
    for (int type = ZMQ_PAIR; type <= ZMQ_CHANNEL; type++) {
        const char *bind = "ENOCOMPATPROTO", *connect = "ENOCOMPATPROTO";
        void *a = zx_socket(type), *b = zx_socket(type);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (rows[i].type == type) {
                bind = rows[i].bind;
                connect = rows[i].connect;
            }
        zx_check_rc(zx_fmt("bind of type %d", type), bind, zmq_bind(a, "udp://127.0.0.1:*"));
        zx_check_rc(zx_fmt("connect of type %d", type), connect,
                    zmq_connect(b, "udp://127.0.0.1:9"));
    }
    void *dgram = zx_socket(ZMQ_DGRAM);
    zx_check_rc("DGRAM to tcp", "ENOCOMPATPROTO", zmq_bind(dgram, "tcp://127.0.0.1:*"));
    zx_check_rc("DGRAM from tcp", "ENOCOMPATPROTO", zmq_connect(dgram, zx_dead_tcp()));
    zx_check_rc("DGRAM to inproc", "ENOCOMPATPROTO", zmq_bind(dgram, zx_unique("inproc://d")));
    zx_check_rc("DGRAM to nothing", "EPROTONOSUPPORT", zmq_bind(dgram, "nosuch://d"));
}

/* Does this host know by which interface to join a group? */
static int has_multicast_route(void) {
    struct ip_mreq req = {.imr_multiaddr.s_addr = inet_addr("239.192.7.51")};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int ok = fd >= 0 && !setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &req, sizeof req);
    if (fd >= 0) close(fd);
    if (!ok) print_message("SKIP: %s: no route for groups here\n", zx_current()->name);
    return ok;
}

/* Addresses that bind and connect take and refuse; no port is anybody's. */
static void addresses(void) {
    static const struct {
        const char *label, *address, *bind, *connect;
    } rows[] = {
        {"wildcard port", "127.0.0.1:*", "0", "EINVAL"},
        {"wildcard host", "*:*", "0", "EINVAL"},
        {"interface as host", "lo:0", "0", "EINVAL"},
        {"no interface as host", "no-such-if:0", "ENODEV", "EINVAL"},
        {"no such host", "no-such-host.invalid:0", "ENODEV", "EINVAL"},
        {"empty host", ":0", "ENODEV", "EINVAL"},
        {"IPv6 without IPV6", "[::1]:0", "ENODEV", "EINVAL"},
        {"not of this host", "192.0.2.1:0", "EADDRNOTAVAIL", "0"},
        {"no port", "127.0.0.1", "EINVAL", "EINVAL"},
        {"empty port", "127.0.0.1:", "EINVAL", "EINVAL"},
        {"port no number", "127.0.0.1:x", "EINVAL", "EINVAL"},
        {"port out of range", "127.0.0.1:65536", "EINVAL", "EINVAL"},
        {"port below range", "127.0.0.1:-1", "EINVAL", "EINVAL"},
        {"more behind the port", "127.0.0.1:9x", "EINVAL", "EINVAL"},
        {"nothing", "", "EINVAL", "EINVAL"},
        {"interface and group", "lo;239.192.7.51:0", "0", "0"},
        {"address and group", "127.0.0.1;239.192.7.51:0", "0", "0"},
        {"no interface and group", "no-such-if;239.192.7.51:0", "ENODEV", "ENODEV"},
        {"empty and group", ";239.192.7.51:0", "ENODEV", "ENODEV"},
        {"two interfaces", "lo;lo;239.192.7.51:0", "ENODEV", "ENODEV"},
        {"group and group", "239.192.7.52;239.192.7.51:0", "EINVAL", "EINVAL"},
        {"interface and host", "lo;127.0.0.1:0", "EINVAL", "EINVAL"},
        {"any and host", "*;127.0.0.1:0", "EINVAL", "EINVAL"},
        {"no interface and host", "no-such-if;127.0.0.1:0", "ENODEV", "ENODEV"},
        {"no interface, no host", "no-such-if;no-such-host.invalid:0", "ENODEV", "ENODEV"},
        {"interface, no host", "lo;no-such-host.invalid:0", "ENODEV", "EINVAL"},
        {"group", "239.192.7.51:0", "0", "0"},
        {"any and group", "*;239.192.7.51:0", "0", "0"},
    };
    size_t n = sizeof rows / sizeof *rows - (has_multicast_route() ? 0 : 2);
    zx_soft(1);
    for (size_t i = 0; i < n; i++) {
        const char *at = zx_fmt("udp://%s", rows[i].address);
        void *dish = zx_socket(ZMQ_DISH), *dgram = zx_socket(ZMQ_DGRAM);
        void *radio = zx_socket(ZMQ_RADIO);
        zx_check_rc(zx_fmt("%s: DISH", rows[i].label), rows[i].bind, zmq_bind(dish, at));
        zx_check_rc(zx_fmt("%s: DGRAM", rows[i].label), rows[i].bind, zmq_bind(dgram, at));
        zx_check_rc(zx_fmt("%s: RADIO", rows[i].label), rows[i].connect, zmq_connect(radio, at));
        zx_close(dish);
        zx_close(dgram);
        zx_close(radio);
    }
}

static int has_ipv6(void) {
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int ok = fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof a);
    if (fd >= 0) close(fd);
    if (!ok) print_message("SKIP: %s: this host has no IPv6\n", zx_current()->name);
    return ok;
}

/* The same with IPV6. */
static void addresses_v6(void) {
    static const struct {
        const char *label, *address, *bind, *connect;
    } rows[] = {
        {"host", "[::1]:0", "0", "0"},
        {"host of the other family", "127.0.0.1:0", "0", "0"},
        {"bracket open", "[::1:0", "ENODEV", "EINVAL"},
        {"interface and group", "lo;[ff02::7:51]:0", "0", "0"},
        {"zone", "[ff02::7:51%lo]:0", "0", "0"},
        {"interface and zone", "lo;[ff02::7:51%lo]:0", "0", "0"},
        {"no interface", "no-such-if;[ff02::7:51]:0", "ENODEV", "ENODEV"},
        {"address of another family", "127.0.0.1;[ff02::7:51]:0", "ENODEV", "ENODEV"},
        {"interface and host", "lo;[::1]:0", "EINVAL", "EINVAL"},
        {"interface and group of the other family", "lo;239.192.7.51:0", "0", "0"},
    };
    if (!has_ipv6()) return;
    zx_soft(1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *at = zx_fmt("udp://%s", rows[i].address);
        void *dish = zx_socket(ZMQ_DISH), *radio = zx_socket(ZMQ_RADIO);
        zx_ok(zx_set_int(dish, ZMQ_IPV6, 1));
        zx_ok(zx_set_int(radio, ZMQ_IPV6, 1));
        zx_check_rc(zx_fmt("%s: DISH", rows[i].label), rows[i].bind, zmq_bind(dish, at));
        zx_check_rc(zx_fmt("%s: RADIO", rows[i].label), rows[i].connect, zmq_connect(radio, at));
        zx_close(dish);
        zx_close(radio);
    }
}

/* A whole endpoint, with the port in it, that can be unbound by; the port is free again. */
static void last_endpoint(void) {
    void *dish = zx_socket(ZMQ_DISH), *dgram = zx_socket(ZMQ_DGRAM), *radio = zx_socket(ZMQ_RADIO);
    const char *at, *typed;
    int fd, port = free_port(&fd, 0);

    zx_soft(1);
    zx_ok(zmq_bind(dish, "udp://127.0.0.1:*"));
    at = zx_keep(zx_last_endpoint(dish));
    zx_check_str("form", "udp://127.0.0.1:", zx_fmt("%.16s", at));
    zx_check_int("port", 1, strlen(at) > 16 && atoi(at + 16) > 0);
    zx_check_rc("wildcard unbound", "ENOENT", zmq_unbind(dish, "udp://127.0.0.1:*"));
    zx_check_rc("unbind", "0", zmq_unbind(dish, at));
    zx_check_rc("unbind again", "ENOENT", zmq_unbind(dish, at));
    zx_check_rc("bind again", "0", zmq_bind(dish, at));
    typed = zx_keep(zx_fmt("udp://127.0.0.1:%d", port));
    zx_ok(zmq_bind(dgram, typed));
    zx_check_int("of DGRAM as typed", 1, !strcmp(typed, zx_last_endpoint(dgram)));
    zx_check_rc("unbind DGRAM", "0", zmq_unbind(dgram, typed));
    zx_check_rc("unbind DGRAM again", "ENOENT", zmq_unbind(dgram, typed));
    zx_ok(zmq_bind(dish, "udp://lo;239.192.7.51:*"));
    at = zx_last_endpoint(dish);
    zx_check_str("form of a group", "udp://lo;239.192.7.51:", zx_fmt("%.22s", at));
    zx_check_rc("unbind a group", "0", zmq_unbind(dish, at));
    zx_ok(zmq_connect(radio, typed));
    zx_check_int("of RADIO as typed", 1, !strcmp(typed, zx_last_endpoint(radio)));
    zx_check_rc("disconnect", "0", zmq_disconnect(radio, typed));
    zx_check_rc("disconnect again", "ENOENT", zmq_disconnect(radio, typed));
    zx_check_rc("unbind what is no endpoint", "EINVAL", zmq_unbind(dish, "nonsense"));
    zx_check_rc("unbind what never was", "ENOENT", zmq_unbind(dish, "udp://127.0.0.1:1"));
}

static void taken_twice(void) {
    void *dish = zx_socket(ZMQ_DISH), *dgram = zx_socket(ZMQ_DGRAM), *other = zx_socket(ZMQ_DISH);
    int fd, a = free_port(&fd, 0), b = free_port(&fd, 0);
    const char *at = zx_keep(zx_fmt("udp://127.0.0.1:%d", a));
    const char *group = zx_keep(zx_fmt("udp://lo;239.192.7.51:%d", b));

    zx_soft(1);
    zx_ok(zmq_bind(dish, at));
    zx_check_rc("the same socket", "EADDRINUSE", zmq_bind(dish, at));
    zx_check_rc("another", "EADDRINUSE", zmq_bind(other, at));
    zx_check_rc("DGRAM", "EADDRINUSE", zmq_bind(dgram, at));
    zx_ok(zmq_bind(dgram, "udp://127.0.0.1:*"));
    zx_check_rc("second place of a DGRAM", "EADDRINUSE", zmq_bind(dgram, "udp://127.0.0.1:*"));
    zx_check_rc("a group", "0", zmq_bind(dish, group));
    zx_check_rc("a group, by another", "0", zmq_bind(other, group));
}

static const char *send_unbound(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_DGRAM);
    return zx_err(zmq_send(s, "127.0.0.1:9", 11, ZMQ_SNDMORE | ZMQ_DONTWAIT));
}

static void unbound(void) {
    if (zx_runs("send")) zx_check_str("send", "EAGAIN", zx_child(send_unbound));
    void *s = zx_socket(ZMQ_DGRAM);
    zx_check_rc("recv", "EAGAIN", zmq_recv(s, NULL, 0, ZMQ_DONTWAIT));
}

static const struct zx_case cases[] = {
    ZX_CASE(types),         ZX_CASE(radio_datagram),  ZX_CASE(dish_datagram),
    ZX_CASE(dgram_parts),   ZX_CASE(dgram_both_ways), ZX_CASE(taken_port),
    ZX_CASE(every_type),    ZX_CASE(addresses),       ZX_CASE(addresses_v6),
    ZX_CASE(last_endpoint), ZX_CASE(taken_twice),     ZX_CASE(unbound),
};

ZX_MAIN("udp", cases)
