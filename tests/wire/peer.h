/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_PEER_H
#define ZX_TEST_PEER_H

/*
 * A scripted peer: a bare tcp or ipc stream that says what a test tells it to and expects bytes.
 *
 * What it is: one descriptor, connected or listening, and the way its bytes are cut into writes.
 * Owner: the test's struct wire; used by the test's thread only.
 * Life: peer_connect, peer_listen and peer_accept make one; peer_drop closes it, wire_teardown
 *   drops what is left.
 * Never: it knows no more of ZMTP than how to build a greeting and a frame; it answers nothing on
 *   its own; it never waits without a deadline.
 */

#include "script.h"
#include "wire.h"

enum peer_feed {
    FEED_WHOLE, /* one write a call */
    FEED_BYTES, /* byte by byte, each taken by the other side before the next (ipc) */
    FEED_CUT    /* in two pieces, cut when `cut` bytes of the whole stream have been sent */
};

struct peer {
    struct wire *world;
    int fd;
    enum peer_feed feed;
    size_t cut;
    size_t sent;
    char address[128]; /* of a listening peer */
};

struct frame {
    uint8_t flags;
    size_t len;
    uint8_t *body;
};

struct peer *peer_connect(struct wire *w, const char *endpoint);
struct peer *peer_listen(struct wire *w);
struct peer *peer_listen_at(struct wire *w, const char *endpoint);
/* An address that is taken but refuses connections; peer_open makes it a listener. */
struct peer *peer_reserve(struct wire *w);
struct peer *peer_reserve_at(struct wire *w, const char *endpoint);
void peer_open(struct peer *p);
struct peer *peer_accept_at(struct peer *listener, const char *file, int line);
void peer_drop(struct peer *p);
void peer_reset(struct peer *p);    /* drops it with a RST (tcp) */
void peer_half_close(struct peer *p); /* sends the end, goes on reading */

/* Sends a script (script.h); what the other side no longer takes is dropped. */
void peer_send(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void peer_send_bytes(struct peer *p, const void *data, size_t len);

void peer_expect_at(struct peer *p, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void peer_expect_close_at(struct peer *p, const char *file, int line);
void peer_await_close_at(struct peer *p, const char *file, int line);
void peer_expect_open_at(struct peer *p, const char *file, int line);
void peer_expect_quiet_at(struct peer *p, int ms, const char *file, int line);
void peer_expect_nobody_at(struct peer *listener, int ms, const char *file, int line);
void peer_read_at(struct peer *p, void *data, size_t len, const char *file, int line);
void peer_read_frame_at(struct peer *p, struct frame *out, const char *file, int line);

#define peer_accept(listener) peer_accept_at((listener), __FILE__, __LINE__)
/* The next bytes are exactly these. */
#define peer_expect(p, ...) peer_expect_at((p), __FILE__, __LINE__, __VA_ARGS__)
/* Nothing more comes but the end of the connection. */
#define peer_expect_close(p) peer_expect_close_at((p), __FILE__, __LINE__)
/* The connection ends, whatever comes before. */
#define peer_await_close(p) peer_await_close_at((p), __FILE__, __LINE__)
/* A PING is answered, by nothing but its PONG: the connection lives and nothing else was said.
 * For ZMTP 3 connections after the handshake. */
#define peer_expect_open(p) peer_expect_open_at((p), __FILE__, __LINE__)
#define peer_expect_quiet(p, ms) peer_expect_quiet_at((p), (ms), __FILE__, __LINE__)
/* No connection comes in. */
#define peer_expect_nobody(p, ms) peer_expect_nobody_at((p), (ms), __FILE__, __LINE__)
#define peer_read(p, data, len) peer_read_at((p), (data), (len), __FILE__, __LINE__)
/* Reads one ZMTP 2.0/3.x frame; free the body. */
#define peer_read_frame(p, out) peer_read_frame_at((p), (out), __FILE__, __LINE__)

void peer_greet_at(struct peer *p, unsigned minor, const char *file, int line);
void peer_ready_at(struct peer *p, const char *type, const char *file, int line);
void peer_shake_at(struct peer *p, const char *type, unsigned minor, const char *file, int line);

/* Greetings, mechanism NULL, on both sides; the minor version is ours. */
#define peer_greet_minor(p, minor) peer_greet_at((p), (minor), __FILE__, __LINE__)
#define peer_greet(p) peer_greet_minor((p), 1)
/* READY on both sides: ours of this type, theirs whatever it says. */
#define peer_ready(p, type) peer_ready_at((p), (type), __FILE__, __LINE__)
/* The whole handshake of a 3.1 (3.minor) peer. */
#define peer_shake_minor(p, type, minor) peer_shake_at((p), (type), (minor), __FILE__, __LINE__)
#define peer_shake(p, type) peer_shake_minor((p), (type), 1)

#endif
