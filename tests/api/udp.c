/* SPDX-License-Identifier: MIT */
/* udp: DGRAM, and RADIO to DISH (draft). */
#define _GNU_SOURCE
#ifndef ZMQ_BUILD_DRAFT_API
#define ZMQ_BUILD_DRAFT_API 1
#endif
#include "zx_api.h"

#include <arpa/inet.h>
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

static const struct zx_case cases[] = {
    ZX_CASE(types),         ZX_CASE(radio_datagram),  ZX_CASE(dish_datagram),
    ZX_CASE(dgram_parts),   ZX_CASE(dgram_both_ways), ZX_CASE(taken_port),
};

ZX_MAIN("udp", cases)
