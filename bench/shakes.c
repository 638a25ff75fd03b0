/* SPDX-License-Identifier: MIT */
/*
 * Handshakes of `--n` clients with one ROUTER, all at once, per second: each client is a DEALER of
 * its own, connected, shaken hands with and closed. `--mode` null or curve. Counted until the
 * server's monitor has told of all of them; rounds are repeated for `--seconds`.
 */
#include <stdlib.h>

#include "curve.h"
#include "zsock.h"

static const char monitor_at[] = "inproc://server-monitor";

static bool is_curve(const struct bench_side *side)
{
    return strcmp(side->args->mode, "curve") == 0;
}

static void await_handshake(void *monitor)
{
    unsigned char event[256];

    BENCH_CHECK(zmq_recv(monitor, event, sizeof event, 0) == 6);
    BENCH_CHECK(zmq_recv(monitor, event, sizeof event, 0) >= 0);
}

/* Hears how many to await, says that it has seen them; until told 0. */
static void server(struct bench_side *side)
{
    char endpoint[BENCH_ENDPOINT_MAX];
    void *ctx = bench_zmq_ctx(side);
    void *router = bench_zmq_open(ctx, ZMQ_ROUTER);
    uint64_t n;

    bench_raise_nofile();
    bench_print_library("libzmq.so", "server");
    BENCH_CHECK(zmq_socket_monitor(router, monitor_at, ZMQ_EVENT_HANDSHAKE_SUCCEEDED) == 0);
    void *monitor = bench_zmq_open(ctx, ZMQ_PAIR);
    bench_zmq_set(monitor, ZMQ_RCVHWM, 0);
    bench_zmq_connect(monitor, monitor_at);
    bench_zmq_set(router, ZMQ_BACKLOG, 4096); /* no connection is to be tried twice */
    if (is_curve(side)) {
        bench_curve_setup(router, true);
    }
    bench_zmq_bind(router, side->args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    while ((n = bench_hear_u64(side)) != 0) {
        for (uint64_t i = 0; i < n; i++) {
            await_handshake(monitor);
        }
        bench_tell_u64(side, n);
    }
    BENCH_CHECK(zmq_socket_monitor(router, NULL, 0) == 0);
    bench_zmq_close(monitor);
    bench_zmq_close(router);
    bench_zmq_ctx_done(side, ctx);
}

static uint64_t round_of(struct bench_side *side, void *ctx, void **socks, const char *endpoint)
{
    const unsigned n = side->args->n;

    for (unsigned i = 0; i < n; i++) {
        socks[i] = bench_zmq_open(ctx, ZMQ_DEALER);
        if (is_curve(side)) {
            bench_curve_setup(socks[i], false);
        }
    }
    bench_tell_u64(side, n);
    const uint64_t start = bench_now_ns();
    for (unsigned i = 0; i < n; i++) {
        bench_zmq_connect(socks[i], endpoint);
    }
    (void) bench_hear_u64(side);
    const uint64_t elapsed = bench_now_ns() - start;
    for (unsigned i = 0; i < n; i++) {
        bench_zmq_close(socks[i]);
    }
    return elapsed;
}

static void client(struct bench_side *side)
{
    const struct bench_args *args = side->args;
    char endpoint[BENCH_ENDPOINT_MAX];
    void *ctx = bench_zmq_ctx(side);
    void **socks = calloc(args->n, sizeof *socks);
    uint64_t elapsed = 0;
    uint64_t shakes = 0;

    BENCH_CHECK(socks);
    bench_raise_nofile();
    bench_print_library("libzmq.so", "client");
    BENCH_CHECK(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, (int) args->n * 4 + 100) == 0);
    bench_hear(side, endpoint, sizeof endpoint);
    (void) round_of(side, ctx, socks, endpoint);
    do {
        elapsed += round_of(side, ctx, socks, endpoint);
        shakes += args->n;
    } while ((double) elapsed < args->seconds * 1e9);
    bench_tell_u64(side, 0);
    free(socks);
    bench_zmq_ctx_done(side, ctx);
    bench_out_begin(args, "handshakes/s", "higher");
    bench_out_num("value", (double) shakes * 1e9 / (double) elapsed);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .mode = "curve", .n = 500, .seconds = 1};

    bench_parse(&args, argc, argv);
    bench_zmq_run_pair(&args, client, server);
    return 0;
}
