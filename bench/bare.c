/* SPDX-License-Identifier: MIT */
#include "bare.h"

#include <stdio.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

union bare_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
};

static void no_delay(int fd)
{
    const int one = 1;

    BENCH_CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
}

static bool is_tcp(const struct bench_side *side)
{
    return strcmp(side->args->transport, "tcp") == 0;
}

int bare_accept(struct bench_side *side)
{
    union bare_address addr = {0};
    socklen_t len = is_tcp(side) ? sizeof addr.in : sizeof addr.un;
    const int listener = socket(is_tcp(side) ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    int fd;

    BENCH_CHECK(listener >= 0);
    if (is_tcp(side)) {
        addr.in.sin_family = AF_INET;
        addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        addr.un.sun_family = AF_UNIX;
        snprintf(addr.un.sun_path, sizeof addr.un.sun_path, "/tmp/bare-bench-%ld",
                 (long) getpid());
    }
    BENCH_CHECK(bind(listener, &addr.any, len) == 0 && listen(listener, 1) == 0);
    BENCH_CHECK(getsockname(listener, &addr.any, &len) == 0);
    bench_tell(side, &addr, sizeof addr);
    fd = accept(listener, NULL, NULL);
    BENCH_CHECK(fd >= 0);
    close(listener);
    if (is_tcp(side)) {
        no_delay(fd);
    } else {
        unlink(addr.un.sun_path);
    }
    return fd;
}

int bare_connect(struct bench_side *side)
{
    union bare_address addr;
    const socklen_t len = is_tcp(side) ? sizeof addr.in : sizeof addr.un;
    const int fd = socket(is_tcp(side) ? AF_INET : AF_UNIX, SOCK_STREAM, 0);

    BENCH_CHECK(fd >= 0);
    bench_hear(side, &addr, sizeof addr);
    BENCH_CHECK(connect(fd, &addr.any, len) == 0);
    if (is_tcp(side)) {
        no_delay(fd);
    }
    return fd;
}

void bare_write_all(int fd, const void *data, size_t size)
{
    const unsigned char *at = data;

    while (size) {
        const ssize_t n = write(fd, at, size);
        BENCH_CHECK(n > 0);
        at += n;
        size -= (size_t) n;
    }
}

void bare_read_all(int fd, void *data, size_t size)
{
    unsigned char *at = data;

    while (size) {
        const ssize_t n = recv(fd, at, size, size > 4096 ? MSG_WAITALL : 0);
        BENCH_CHECK(n > 0);
        at += n;
        size -= (size_t) n;
    }
}

size_t bare_header(unsigned char header[BARE_HEADER_MAX], size_t size)
{
    if (size < 256) {
        header[0] = 0;
        header[1] = (unsigned char) size;
        return 2;
    }
    header[0] = 2;
    for (int i = 0; i < 8; i++) {
        header[1 + i] = (unsigned char) ((uint64_t) size >> (56 - 8 * i));
    }
    return BARE_HEADER_MAX;
}
