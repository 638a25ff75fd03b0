/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
};

static socklen_t make_address(const char *endpoint, union address *out) {
    const char *colon;
    *out = (union address){0};
    if (strncmp(endpoint, "ipc://", 6) == 0) {
        out->un.sun_family = AF_UNIX;
        snprintf(out->un.sun_path, sizeof out->un.sun_path, "%s", endpoint + 6);
        return sizeof out->un;
    }
    colon = strrchr(endpoint, ':');
    out->in.sin_family = AF_INET;
    out->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    out->in.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)); /* "*" is 0 */
    return sizeof out->in;
}

static struct peer *make_peer(struct wire *w, int fd) {
    struct peer *p = calloc(1, sizeof *p);
    int yes = 1;
    wire_check(p && fd >= 0, "peer: %s", strerror(errno));
    for (size_t i = 0; i < WIRE_PEERS; i++) {
        if (w->peers[i])
            continue;
        w->peers[i] = p;
        p->world = w;
        p->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* refused on ipc: fine */
        return p;
    }
    wire_fail(__FILE__, __LINE__, "too many peers");
}

struct peer *peer_connect(struct wire *w, const char *endpoint) {
    union address address;
    socklen_t len = make_address(endpoint, &address);
    struct peer *p = make_peer(w, socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    wire_check(connect(p->fd, &address.any, len) == 0, "connect to %s: %s", endpoint,
               strerror(errno));
    return p;
}

static struct peer *bind_at(struct wire *w, const char *endpoint) {
    union address address;
    socklen_t len = make_address(endpoint, &address);
    struct peer *p = make_peer(w, socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int yes = 1;
    setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address.any.sa_family == AF_UNIX)
        unlink(address.un.sun_path);
    wire_check(bind(p->fd, &address.any, len) == 0, "bind %s: %s", endpoint, strerror(errno));
    if (address.any.sa_family == AF_UNIX) {
        snprintf(p->address, sizeof p->address, "%s", endpoint);
        return p;
    }
    getsockname(p->fd, &address.any, &len);
    snprintf(p->address, sizeof p->address, "tcp://127.0.0.1:%u", ntohs(address.in.sin_port));
    return p;
}

void peer_open(struct peer *p) {
    wire_check(listen(p->fd, 64) == 0, "listen: %s", strerror(errno));
}

struct peer *peer_reserve_at(struct wire *w, const char *endpoint) {
    return bind_at(w, endpoint);
}

struct peer *peer_reserve(struct wire *w) {
    char address[128];
    wire_fresh_address(w, address, sizeof address);
    return bind_at(w, address);
}

struct peer *peer_listen(struct wire *w) {
    struct peer *p = peer_reserve(w);
    peer_open(p);
    return p;
}

struct peer *peer_listen_at(struct wire *w, const char *endpoint) {
    struct peer *p = bind_at(w, endpoint);
    peer_open(p);
    return p;
}

struct peer *peer_accept_at(struct peer *listener, const char *file, int line) {
    if (!wire_readable(listener->fd, DEADLINE_MS))
        wire_fail(file, line, "nobody connects");
    return make_peer(listener->world, accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC));
}

void peer_drop(struct peer *p) {
    for (size_t i = 0; i < WIRE_PEERS; i++)
        if (p->world->peers[i] == p)
            p->world->peers[i] = NULL;
    close(p->fd);
    free(p);
}

void peer_reset(struct peer *p) {
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    peer_drop(p);
}

void peer_half_close(struct peer *p) {
    shutdown(p->fd, SHUT_WR);
}

/* Waits until the other side has taken everything: exact on ipc, "acknowledged" on tcp. A side
 * that has stopped reading for good reasons is given up on after a while. */
static void await_taken(struct peer *p) {
    int64_t end = wire_now_ms() + 500;
    int pending = 0;
    while (ioctl(p->fd, SIOCOUTQ, &pending) == 0 && pending && wire_now_ms() < end)
        sched_yield();
}

static bool send_piece(struct peer *p, const uint8_t *data, size_t len) {
    int64_t end = wire_now_ms() + DEADLINE_MS;
    while (len && wire_now_ms() < end) {
        ssize_t n = send(p->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        struct pollfd item = {.fd = p->fd, .events = POLLOUT};
        if (n > 0) {
            data += n;
            len -= (size_t)n;
            p->sent += (size_t)n;
        } else if (errno == EAGAIN) {
            (void)poll(&item, 1, DEADLINE_MS);
        } else if (errno != EINTR) {
            return false; /* closed by the other side: the expectations will tell */
        }
    }
    return len == 0;
}

void peer_send_bytes(struct peer *p, const void *data, size_t len) {
    const uint8_t *at = data;
    size_t left = len;
    while (left) {
        size_t n = left;
        if (p->feed == FEED_BYTES)
            n = 1;
        else if (p->feed == FEED_CUT && p->sent < p->cut && p->cut < p->sent + left)
            n = p->cut - p->sent;
        if (!send_piece(p, at, n))
            return;
        at += n;
        left -= n;
        if (p->feed != FEED_WHOLE && left)
            await_taken(p);
    }
}

void peer_send(struct peer *p, const char *format, ...) {
    struct bytes script;
    va_list args;
    va_start(args, format);
    script_vparse(&script, format, args);
    va_end(args);
    peer_send_bytes(p, script.data, script.len);
    bytes_free(&script);
}

/* Reads up to len bytes until the deadline; what came is returned, *ended tells of an end. */
static size_t read_some(struct peer *p, uint8_t *data, size_t len, bool *ended) {
    int64_t end = wire_now_ms() + DEADLINE_MS;
    size_t got = 0;
    *ended = false;
    while (got < len && wire_readable(p->fd, (int)(end - wire_now_ms()))) {
        ssize_t n = recv(p->fd, data + got, len - got, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            *ended = true;
            break;
        }
        got += (size_t)n;
    }
    return got;
}

void peer_read_at(struct peer *p, void *data, size_t len, const char *file, int line) {
    bool ended;
    size_t got = read_some(p, data, len, &ended);
    if (got != len)
        wire_fail(file, line, "%zu of %zu bytes, then %s", got, len,
                  ended ? "the connection ended" : "silence");
}

void peer_expect_at(struct peer *p, const char *file, int line, const char *format, ...) {
    struct bytes want;
    uint8_t *got;
    size_t len;
    bool ended;
    va_list args;
    va_start(args, format);
    script_vparse(&want, format, args);
    va_end(args);
    got = calloc(1, want.len + 1);
    wire_check(got, "memory");
    len = read_some(p, got, want.len, &ended);
    if (!bytes_match(&want, got, len)) {
        bytes_print("expected", want.data, want.len);
        bytes_print("got", got, len);
        wire_fail(file, line, "other bytes than expected%s",
                  ended ? ", then the end" : len < want.len ? ", then silence" : "");
    }
    free(got);
    bytes_free(&want);
}

void peer_expect_close_at(struct peer *p, const char *file, int line) {
    uint8_t byte[160];
    bool ended;
    size_t got = read_some(p, byte, 1, &ended);
    if (ended && !got)
        return;
    if (got && wire_readable(p->fd, 0)) {
        ssize_t more = recv(p->fd, byte + 1, sizeof byte - 1, MSG_DONTWAIT);
        got += more > 0 ? (size_t)more : 0;
    }
    bytes_print("got", byte, got);
    wire_fail(file, line, "the connection does not end");
}

void peer_await_close_at(struct peer *p, const char *file, int line) {
    uint8_t junk[4096];
    bool ended;
    int64_t end = wire_now_ms() + DEADLINE_MS;
    do {
        read_some(p, junk, 1, &ended);
        while (!ended && recv(p->fd, junk, sizeof junk, MSG_DONTWAIT) > 0)
            ;
    } while (!ended && wire_now_ms() < end);
    if (!ended)
        wire_fail(file, line, "the connection does not end");
}

void peer_expect_open_at(struct peer *p, const char *file, int line) {
    peer_send(p, "<04 04'PING' 00 00 'open?'>");
    peer_expect_at(p, file, line, "<04 04'PONG' 'open?'>");
}

void peer_expect_quiet_at(struct peer *p, int ms, const char *file, int line) {
    uint8_t got[160];
    ssize_t n;
    if (!wire_readable(p->fd, ms))
        return;
    n = recv(p->fd, got, sizeof got, MSG_DONTWAIT);
    bytes_print("got", got, n > 0 ? (size_t)n : 0);
    wire_fail(file, line, n > 0 ? "bytes instead of silence" : "the connection has ended");
}

void peer_expect_nobody_at(struct peer *listener, int ms, const char *file, int line) {
    if (wire_readable(listener->fd, ms))
        wire_fail(file, line, "a connection comes in");
}

void peer_read_frame_at(struct peer *p, struct frame *out, const char *file, int line) {
    uint8_t head[8];
    uint64_t len = 0;
    unsigned width;
    peer_read_at(p, &out->flags, 1, file, line);
    width = out->flags & 2 ? 8 : 1;
    peer_read_at(p, head, width, file, line);
    for (unsigned i = 0; i < width; i++)
        len = len << 8 | head[i];
    if (len > (64u << 20))
        wire_fail(file, line, "a frame of %llu bytes", (unsigned long long)len);
    out->len = (size_t)len;
    out->body = calloc(1, out->len + 1);
    wire_check(out->body, "memory");
    peer_read_at(p, out->body, out->len, file, line);
}

void peer_greet_at(struct peer *p, unsigned minor, const char *file, int line) {
    peer_send(p, "ff 00*8 7f 03 %02x 'NULL' 00*16 00*32", minor);
    peer_expect_at(p, file, line, "ff ??*8 7f 03 01 'NULL' 00*16 00*32");
}

void peer_ready_at(struct peer *p, const char *type, const char *file, int line) {
    struct frame f;
    peer_send(p, "<04 05'READY'(Socket-Type=%s)(Identity=)>", type);
    peer_read_frame_at(p, &f, file, line);
    if (f.flags != 4 || f.len < 6 || memcmp(f.body, "\5READY", 6) != 0)
        wire_fail(file, line, "no READY");
    free(f.body);
}

void peer_shake_at(struct peer *p, const char *type, unsigned minor, const char *file, int line) {
    peer_greet_at(p, minor, file, line);
    peer_ready_at(p, type, file, line);
}
