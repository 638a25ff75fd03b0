/* SPDX-License-Identifier: MIT */
/* vsock and tipc on what this machine's kernel really has, without a stand-in. Whether a round trip
 * to oneself works is found out by trying: to have the family, or the module, proves nothing.
 *
 *     live vsock-binds | vsock-round-trip | tipc-round-trip */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

enum { LONG_MS = 15000, PROBE_MS = 3000 };

/* Of the same length for both families: sockaddr_vm, sockaddr_tipc. */
struct address {
    uint16_t family, more;
    uint32_t word[3];
};

static void *ctx;

static _Noreturn void skip_aloud(const char *why) {
    printf("SKIP: %s (%s)\n", why, strerror(errno));
    exit(77);
}

/* ---- does anything come back? ---------------------------------------------------- */

static void probe(const struct address *a, const char *why) {
    struct address got;
    socklen_t n = sizeof got;
    int server = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0)
        skip_aloud(why);
    if ((a->word[0] && bind(server, (const struct sockaddr *)a, sizeof *a)) || listen(server, 1) ||
        getsockname(server, (struct sockaddr *)&got, &n))
        skip_aloud(why);
    int client = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd item = {.fd = server, .events = POLLIN};
    if (connect(client, (struct sockaddr *)&got, sizeof got) && errno != EINPROGRESS)
        skip_aloud(why);
    if (poll(&item, 1, PROBE_MS) != 1)
        skip_aloud(why);
    close(client);
    close(server);
}

/* ---- the library ------------------------------------------------------------------- */

static void *made(int type) {
    int limit = LONG_MS, none = 0;
    void *s = zmq_socket(ctx, type);
    assert_non_null(s);
    assert_int_equal(zmq_setsockopt(s, ZMQ_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_SNDTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_LINGER, &none, sizeof none), 0);
    return s;
}

static const char *last_endpoint(void *s) {
    static char text[256];
    size_t n = sizeof text;
    assert_int_equal(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, text, &n), 0);
    return text;
}

static void refused(const char *endpoint, int want) {
    void *s = made(ZMQ_PULL);
    int rc = zmq_bind(s, endpoint);
    if (rc != -1 || errno != want)
        fail_msg("%s: %d, %s", endpoint, rc, strerror(errno));
    assert_int_equal(zmq_close(s), 0);
}

static void vsock_binds(void **state) {
    char text[64];
    unsigned port;
    int end = 0;
    (void)state;
    void *s = made(ZMQ_PULL);
    assert_int_equal(zmq_bind(s, "vsock://*:*"), 0);
    assert_int_equal(sscanf(last_endpoint(s), "vsock://*:%u%n", &port, &end), 1);
    assert_int_equal(strlen(last_endpoint(s)), end);
    assert_true(port >= 1024 && port < UINT32_MAX);
    snprintf(text, sizeof text, "vsock://*:%u", port);
    refused(text, EADDRINUSE);
    snprintf(text, sizeof text, "vmci://*:%u", port);
    refused(text, EADDRINUSE);
    refused("vsock://4000000000:*", EADDRNOTAVAIL);
    assert_int_equal(zmq_unbind(s, last_endpoint(s)), 0);
    snprintf(text, sizeof text, "vsock://*:%u", port);
    assert_int_equal(zmq_bind(s, text), 0);
    if (geteuid() != 0)
        refused("vsock://*:1023", EACCES);
    assert_int_equal(zmq_close(s), 0);
    s = made(ZMQ_PULL);
    int rc = zmq_bind(s, "vmci://@:*");
    if (rc)
        assert_int_equal(errno, ENODEV);
    else
        assert_int_equal(strncmp(last_endpoint(s), "vmci://", 7), 0);
    assert_int_equal(zmq_close(s), 0);
}

static void round_trip(const char *endpoint) {
    static char big[300000], got[sizeof big];
    void *a = made(ZMQ_PAIR), *b = made(ZMQ_PAIR);
    memset(big, 'x', sizeof big);
    assert_int_equal(zmq_bind(a, endpoint), 0);
    assert_int_equal(zmq_connect(b, last_endpoint(a)), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(zmq_send(b, big, sizeof big, 0), sizeof big);
        assert_int_equal(zmq_recv(a, got, sizeof got, 0), sizeof got);
        assert_memory_equal(got, big, sizeof big);
        assert_int_equal(zmq_send(a, "back", 4, 0), 4);
        assert_int_equal(zmq_recv(b, got, sizeof got, 0), 4);
    }
    assert_int_equal(zmq_close(a), 0);
    assert_int_equal(zmq_close(b), 0);
}

static void vsock_round_trip(void **state) {
    (void)state;
    round_trip("vsock://1:*");
    round_trip("vmci://1:*");
}

static void tipc_round_trip(void **state) {
    (void)state;
    round_trip("tipc://<*>");
    round_trip("tipc://{5560,0,9}");
}

int main(int argc, char **argv) {
    const struct address loopback = {.family = AF_VSOCK, .word = {UINT32_MAX, 1, 0}};
    const struct address id = {.family = AF_TIPC};
    const char *what = argc > 1 ? argv[1] : "";
    struct CMUnitTest test = {what, NULL, NULL, NULL, NULL};
    if (!strcmp(what, "vsock-binds")) {
        int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
        if (fd < 0)
            skip_aloud("this kernel has no VM sockets");
        close(fd);
        test.test_func = vsock_binds;
    } else if (!strcmp(what, "vsock-round-trip")) {
        probe(&loopback, "no VM socket leads from this machine to itself (vsock_loopback)");
        test.test_func = vsock_round_trip;
    } else if (!strcmp(what, "tipc-round-trip")) {
        probe(&id, "this machine has no TIPC, or it leads nowhere (modprobe tipc)");
        test.test_func = tipc_round_trip;
    } else {
        return 2;
    }
    ctx = zmq_ctx_new();
    int rc = _cmocka_run_group_tests("live", &test, 1, NULL, NULL);
    return zmq_ctx_term(ctx) ? 1 : rc;
}
