/* SPDX-License-Identifier: MIT */
/*
 * Connections of a ROUTER, `--n` of them. `--mode`:
 *
 *   idle      memory of an idle connection, on the server and on the client, where each
 *             connection is a DEALER of its own
 *   used      the same after 32 messages of 1 KiB went each way on every connection
 *   shared    as idle, all connections made by one ROUTER (a DEALER connects to a place once)
 *   rate      connections made, accepted and through their handshake per second
 *
 * Memory is the growth of the private dirty bytes of each process, over a first connection.
 */
#include "zsock.h"

#include <stdlib.h>

enum { TRAFFIC = 32, TRAFFIC_SIZE = 1024, ID_MAX = 64, WINDOW = 50, SETTLE_MS = 1500 };

static const char server_monitor[] = "inproc://server-monitor";
static const char client_monitor[] = "inproc://client-monitor";

static void *open_monitor(void *ctx, void *sock, const char *endpoint)
{
    void *monitor;

    BENCH_CHECK(zmq_socket_monitor(sock, endpoint, ZMQ_EVENT_HANDSHAKE_SUCCEEDED) == 0);
    monitor = bench_zmq_open(ctx, ZMQ_PAIR);
    bench_zmq_set(monitor, ZMQ_RCVHWM, 0);
    bench_zmq_connect(monitor, endpoint);
    return monitor;
}

static void close_monitor(void *sock, void *monitor)
{
    BENCH_CHECK(zmq_socket_monitor(sock, NULL, 0) == 0);
    bench_zmq_close(monitor);
}

static void await_handshake(void *monitor)
{
    unsigned char event[256];

    BENCH_CHECK(zmq_recv(monitor, event, sizeof event, 0) == 6);
    BENCH_CHECK(zmq_recv(monitor, event, sizeof event, 0) >= 0);
}

/* Sends back `count` messages. */
static void echo(void *router, uint64_t count)
{
    unsigned char id[ID_MAX];
    unsigned char body[TRAFFIC_SIZE];

    for (uint64_t i = 0; i < count; i++) {
        const int id_size = zmq_recv(router, id, sizeof id, 0);
        const int n = zmq_recv(router, body, sizeof body, 0);
        BENCH_CHECK(id_size > 0 && n > 0);
        BENCH_CHECK(zmq_send(router, id, (size_t) id_size, ZMQ_SNDMORE) == id_size);
        BENCH_CHECK(zmq_send(router, body, (size_t) n, 0) == n);
    }
}

static void exchange(void *dealer, unsigned count, size_t size)
{
    unsigned char body[TRAFFIC_SIZE] = {0};

    for (unsigned i = 0; i < count; i++) {
        BENCH_CHECK(zmq_send(dealer, body, size, 0) == (int) size);
    }
    for (unsigned i = 0; i < count; i++) {
        BENCH_CHECK(zmq_recv(dealer, body, sizeof body, 0) == (int) size);
    }
}

/* Server: hears how many handshakes to await and how many messages to echo, until told 0. */
static void server(struct bench_side *side)
{
    char endpoint[BENCH_ENDPOINT_MAX];
    uint64_t order[2];
    void *monitor;
    void *ctx = bench_zmq_ctx(side);
    void *router = bench_zmq_open(ctx, ZMQ_ROUTER);

    bench_raise_nofile();
    bench_print_library("libzmq.so", "server");
    monitor = open_monitor(ctx, router, server_monitor);
    bench_zmq_bind(router, side->args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    for (;;) {
        bench_hear(side, order, sizeof order);
        if (!order[0] && !order[1]) {
            break;
        }
        for (uint64_t i = 0; i < order[0]; i++) {
            await_handshake(monitor);
        }
        echo(router, order[1]);
        bench_tell_u64(side, bench_private_bytes());
        if (bench_hear_u64(side)) {
            bench_tell_u64(side, bench_private_bytes()); /* asked again, at rest */
        }
    }
    close_monitor(router, monitor);
    bench_zmq_close(router);
    bench_zmq_ctx_done(side, ctx);
}

static void order_server(struct bench_side *side, uint64_t handshakes, uint64_t echoes)
{
    const uint64_t order[2] = {handshakes, echoes};

    bench_tell(side, order, sizeof order);
}

/* Ends an order; with `at_rest` the server's bytes after everything has settled. */
static uint64_t finish_order(struct bench_side *side, bool at_rest)
{
    uint64_t bytes = bench_hear_u64(side);

    if (at_rest) {
        zmq_poll(NULL, 0, SETTLE_MS);
    }
    bench_tell_u64(side, at_rest);
    if (at_rest) {
        bytes = bench_hear_u64(side);
    }
    return bytes;
}

static void report(const struct bench_args *args, const char *metric, uint64_t before,
                   uint64_t after)
{
    const double grown = after > before ? (double) (after - before) : 0;

    bench_out_begin(args, "B", "lower");
    bench_out_str("metric", metric);
    bench_out_num("value", grown / args->n);
    bench_out_end();
}

static void memory(struct bench_side *side, void *ctx, const char *endpoint)
{
    const struct bench_args *args = side->args;
    const bool shared = strcmp(args->mode, "shared") == 0;
    const bool used = strcmp(args->mode, "used") == 0;
    void **socks = calloc(args->n + 1, sizeof *socks);
    void *first = bench_zmq_open(ctx, ZMQ_DEALER);
    uint64_t server_before;
    uint64_t server_after;

    void *many = shared ? bench_zmq_open(ctx, ZMQ_ROUTER) : NULL;

    BENCH_CHECK(socks);
    bench_zmq_connect(first, endpoint);
    order_server(side, 1, TRAFFIC);
    exchange(first, TRAFFIC, TRAFFIC_SIZE);
    server_before = finish_order(side, true);
    const uint64_t client_before = bench_private_bytes();

    order_server(side, args->n, used ? (uint64_t) args->n * TRAFFIC : 0);
    for (unsigned i = 0; i < args->n; i++) {
        socks[i] = shared ? many : bench_zmq_open(ctx, ZMQ_DEALER);
        bench_zmq_connect(socks[i], endpoint);
    }
    for (unsigned i = 0; used && i < args->n; i++) {
        exchange(socks[i], TRAFFIC, TRAFFIC_SIZE);
    }
    server_after = finish_order(side, true);
    report(args, "server", server_before, server_after);
    report(args, "client", client_before, bench_private_bytes());
    for (unsigned i = 0; !shared && i < args->n; i++) {
        bench_zmq_close(socks[i]);
    }
    if (shared) {
        bench_zmq_close(many);
    }
    bench_zmq_close(first);
    free(socks);
}

static void rate(struct bench_side *side, void *ctx, const char *endpoint)
{
    const struct bench_args *args = side->args;
    void *router = bench_zmq_open(ctx, ZMQ_ROUTER);
    void *monitor = open_monitor(ctx, router, client_monitor);
    unsigned done = 0;

    order_server(side, args->n, 0);
    const uint64_t start = bench_now_ns();
    for (unsigned i = 0; i < args->n; i++) {
        /* No more under way than a listener's backlog of 100 holds for certain. */
        if (i - done == WINDOW) {
            await_handshake(monitor);
            done++;
        }
        bench_zmq_connect(router, endpoint);
    }
    while (done < args->n) {
        await_handshake(monitor);
        done++;
    }
    finish_order(side, false);
    const uint64_t elapsed = bench_now_ns() - start;
    close_monitor(router, monitor);
    bench_zmq_close(router);

    bench_out_begin(args, "conn/s", "higher");
    bench_out_num("value", (double) args->n * 1e9 / (double) elapsed);
    bench_out_end();
}

static void client(struct bench_side *side)
{
    char endpoint[BENCH_ENDPOINT_MAX];
    void *ctx = bench_zmq_ctx(side);

    bench_raise_nofile();
    bench_print_library("libzmq.so", "client");
    BENCH_CHECK(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, (int) side->args->n + 100) == 0);
    bench_hear(side, endpoint, sizeof endpoint);
    if (strcmp(side->args->mode, "rate") == 0) {
        rate(side, ctx, endpoint);
    } else {
        memory(side, ctx, endpoint);
    }
    order_server(side, 0, 0);
    bench_zmq_ctx_done(side, ctx);
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .mode = "idle", .n = 500};

    bench_parse(&args, argc, argv);
    bench_zmq_run_pair(&args, client, server);
    return 0;
}
