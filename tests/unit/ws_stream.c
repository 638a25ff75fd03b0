/* SPDX-License-Identifier: MIT */
/* What a WebSocket connection owes while it cannot send: the stream of a server on one end of a
 * local stream, its client's bytes on the other. Whole conversations are in tests/wire/ws.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "core/transport.h"
#include "transports/ws_stream.h"
#include "zmq.h"

#define REQUEST                                                                                    \
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ZWS2.0\r\n"            \
    "Sec-WebSocket-Version: 13\r\n\r\n"

enum { LARGE = 3 << 20, HEAD = 9, FRAME = 10, ROOM = LARGE + (1 << 20) };

static struct {
    struct zx_conf *conf;
    struct zx_stream *stream;
    int fd[2];
    uint8_t *got; /* by the client */
    size_t n_got;
} w;

/* All that is there now. */
static void collect(void) {
    ptrdiff_t n;
    while ((n = zx_sock_recv(w.fd[1], w.got + w.n_got, ROOM - w.n_got)) > 0)
        w.n_got += (size_t)n;
}

/* Until the stream has nothing to send. */
static void drain(void) {
    int rc;
    do {
        rc = w.stream->ops->flush(w.stream);
        assert_true(rc == 0 || rc == -EAGAIN);
        collect();
    } while (rc || w.stream->has_output);
}

static void say(const void *data, size_t size) {
    uint8_t none[16];
    assert_int_equal(zx_sock_send(w.fd[1], data, size), size);
    assert_int_equal(w.stream->ops->recv(w.stream, none, sizeof none), -EAGAIN);
}

#define SAY(text) say(text, sizeof(text) - 1)
#define MASK "\0\0\0\0"

static int set_up(void **state) {
    struct zx_stream_place place = {NULL, "127.0.0.1:1/", -1, true, NULL};
    (void)state;
    memset(&w, 0, sizeof w);
    w.got = malloc(ROOM);
    w.conf = zx_conf_new(ZMQ_PUSH, false, true);
    assert_true(w.got && w.conf);
    assert_int_equal(zx_sock_pair(w.fd), 0);
    place.conf = w.conf;
    place.fd = w.fd[0];
    assert_int_equal(zx_ws_stream_new(&place, NULL, &w.stream), 0);
    assert_int_equal(zx_sock_send(w.fd[1], REQUEST, sizeof REQUEST - 1), sizeof REQUEST - 1);
    assert_int_equal(w.stream->ops->open(w.stream), 1);
    assert_true(w.stream->is_bare);
    collect();
    assert_memory_equal(w.got, "HTTP/1.1 101", 12);
    w.n_got = 0;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    w.stream->ops->free(w.stream);
    zx_sock_close(w.fd[0]);
    zx_sock_close(w.fd[1]);
    zx_conf_unref(w.conf);
    free(w.got);
    return 0;
}

/* A message that the kernel does not take whole; so much of its body is handed over. */
static void begin_large(size_t given) {
    uint8_t *frame = calloc(1, HEAD + LARGE);
    assert_non_null(frame);
    frame[0] = 2;
    zx_put64(frame + 1, LARGE);
    struct zx_iov iov = {frame, HEAD + given};
    assert_int_equal(w.stream->ops->sendv(w.stream, &iov, 1), HEAD + given);
    free(frame);
}

static void end_large(size_t given) {
    uint8_t *rest = calloc(1, LARGE - given);
    assert_non_null(rest);
    struct zx_iov iov = {rest, LARGE - given};
    assert_int_equal(w.stream->ops->sendv(w.stream, &iov, 1), LARGE - given);
    free(rest);
}

static const uint8_t *behind_large(size_t *size) {
    const size_t large = FRAME + 1 + LARGE;
    assert_true(w.n_got >= large);
    assert_memory_equal(w.got, "\x82\x7f", 2);
    *size = w.n_got - large;
    return w.got + large;
}

/* Pings that come while much waits to be sent: the last is answered when it has been. */
static void pong_behind_much(void **state) {
    size_t n;
    (void)state;
    begin_large(LARGE);
    assert_true(w.stream->has_output);
    SAY("\x89\x82" MASK "ab\x8a\x80" MASK "\x89\x82" MASK "cd");
    drain();
    const uint8_t *rest = behind_large(&n);
    assert_int_equal(n, 4);
    assert_memory_equal(rest, "\x8a\2cd", 4);
    SAY("\x89\x81" MASK "e"); /* and from now on at once */
    drain();
    assert_memory_equal(behind_large(&n) + 4, "\x8a\1e", 3);
    assert_int_equal(n, 7);
}

/* So does our own Ping: were it left out, a peer that is alive would be given up. */
static void ping_behind_much(void **state) {
    size_t n;
    (void)state;
    begin_large(LARGE);
    for (int i = 0; i < 3; i++)
        assert_int_equal(w.stream->ops->ping(w.stream), 0);
    SAY("\x89\x80" MASK);
    drain();
    const uint8_t *rest = behind_large(&n);
    assert_int_equal(n, 4);
    assert_memory_equal(rest, "\x8a\0\x89\0", 4);
    drain();
    assert_int_equal(w.n_got, FRAME + 1 + LARGE + 4);
}

/* Within a message nothing else may be sent; what waits for its end is bounded all the same. */
static void pings_within_a_message(void **state) {
    enum { PINGS = 4000, MOST = (1 << 16) / 127 + 2 };
    uint8_t ping[6 + 125] = {0x89, 0x80 | 125};
    size_t n, pongs = 0;
    (void)state;
    begin_large(1000);
    drain();
    for (uint16_t i = 0; i < PINGS; i++) {
        zx_put16(ping + 6, i);
        say(ping, sizeof ping);
    }
    end_large(1000);
    drain();
    const uint8_t *rest = behind_large(&n);
    uint16_t last = 0;
    for (; n; n -= 127, rest += 127) {
        assert_memory_equal(rest, "\x8a\x7d", 2);
        last = zx_get16(rest + 2);
        pongs++;
    }
    assert_int_equal(last, PINGS - 1);
    assert_in_range(pongs, 2, MOST);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(pong_behind_much),
        TEST(ping_behind_much),
        TEST(pings_within_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
