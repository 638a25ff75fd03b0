/* SPDX-License-Identifier: MIT */
#include "rawpeer.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "bare.h"

enum { GREETING = 64, FLAG_COMMAND = 4 };

static void dial(struct rawpeer *peer, const char *endpoint)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    const int one = 1;
    char host[64];
    unsigned port;

    BENCH_CHECK(sscanf(endpoint, "tcp://%63[^:]:%u", host, &port) == 2 && port < 65536);
    BENCH_CHECK(inet_pton(AF_INET, host, &addr.sin_addr) == 1);
    addr.sin_port = htons((uint16_t) port);
    peer->fd = socket(AF_INET, SOCK_STREAM, 0);
    BENCH_CHECK(peer->fd >= 0);
    BENCH_CHECK(setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    BENCH_CHECK(connect(peer->fd, (const struct sockaddr *) &addr, sizeof addr) == 0);
}

static size_t add(unsigned char *at, const void *data, size_t size)
{
    memcpy(at, data, size);
    return size;
}

static void greet(struct rawpeer *peer, const char *type)
{
    unsigned char hello[GREETING + RAWPEER_SHORT] = {0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3};
    unsigned char *ready = hello + GREETING;
    const unsigned char type_size[4] = {0, 0, 0, (unsigned char) strlen(type)};
    size_t at = 2;

    memcpy(hello + 12, "NULL", 4);
    at += add(ready + at, "\005READY\013Socket-Type", 6 + 12);
    at += add(ready + at, type_size, sizeof type_size);
    at += add(ready + at, type, strlen(type));
    ready[0] = FLAG_COMMAND;
    ready[1] = (unsigned char) (at - 2);
    bare_write_all(peer->fd, hello, GREETING + at);
}

static void hear_greeting(struct rawpeer *peer)
{
    unsigned char hello[GREETING];
    unsigned char head[2];
    unsigned char ready[RAWPEER_SHORT];

    bare_read_all(peer->fd, hello, sizeof hello);
    BENCH_CHECK(hello[0] == 0xff && hello[10] == 3 && memcmp(hello + 12, "NULL", 5) == 0);
    bare_read_all(peer->fd, head, sizeof head);
    BENCH_CHECK(head[0] == FLAG_COMMAND);
    bare_read_all(peer->fd, ready, head[1]);
    BENCH_CHECK(memcmp(ready, "\005READY", 6) == 0);
}

void rawpeer_connect(struct rawpeer *peer, const char *endpoint, const char *type)
{
    peer->out = malloc(RAWPEER_ROOM);
    peer->in = malloc(RAWPEER_ROOM);
    peer->out_size = peer->in_begin = peer->in_end = 0;
    BENCH_CHECK(peer->out && peer->in);
    dial(peer, endpoint);
    greet(peer, type);
    hear_greeting(peer);
}

void rawpeer_close(struct rawpeer *peer)
{
    close(peer->fd);
    free(peer->out);
    free(peer->in);
}

unsigned char *rawpeer_frame(struct rawpeer *peer, size_t size)
{
    unsigned char *frame = peer->out + peer->out_size;

    BENCH_CHECK(size < RAWPEER_SHORT && peer->out_size + 2 + size <= RAWPEER_ROOM);
    frame[0] = 0;
    frame[1] = (unsigned char) size;
    peer->out_size += 2 + size;
    return frame + 2;
}

void rawpeer_flush(struct rawpeer *peer)
{
    if (peer->out_size) {
        bare_write_all(peer->fd, peer->out, peer->out_size);
        peer->out_size = 0;
    }
}

void rawpeer_fill(struct rawpeer *peer)
{
    ssize_t n;

    memmove(peer->in, peer->in + peer->in_begin, peer->in_end - peer->in_begin);
    peer->in_end -= peer->in_begin;
    peer->in_begin = 0;
    n = recv(peer->fd, peer->in + peer->in_end, RAWPEER_ROOM - peer->in_end, 0);
    BENCH_CHECK(n > 0);
    peer->in_end += (size_t) n;
}

unsigned char *rawpeer_next(struct rawpeer *peer, size_t *size)
{
    unsigned char *frame = peer->in + peer->in_begin;
    const size_t have = peer->in_end - peer->in_begin;

    if (have < 2 || have < 2u + frame[1]) {
        return NULL;
    }
    BENCH_CHECK(frame[0] == 0);
    *size = frame[1];
    peer->in_begin += 2u + frame[1];
    return frame + 2;
}
