/* SPDX-License-Identifier: MIT */
/*
 * What a queued message costs: `--n` messages (100,000) of `--size` bytes are sent with no
 * high-water mark and nobody takes them: over inproc to a PULL that does not receive, over tcp and
 * ipc by a PUSH whose peer is not there yet. Reported: private dirty bytes for each message, its
 * own body included ("bytes"), and the sends per second meanwhile ("rate").
 */
#include "zsock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *open_peer(const struct bench_args *args, void *ctx, void *push)
{
    char endpoint[BENCH_ENDPOINT_MAX];
    void *pull = bench_zmq_open(ctx, ZMQ_PULL);

    bench_zmq_set(pull, ZMQ_RCVHWM, 0);
    bench_zmq_bind(pull, args->transport, endpoint);
    if (strcmp(args->transport, "inproc") != 0) {
        /* The place is free again, nobody listens there. */
        bench_zmq_close(pull);
        pull = NULL;
    }
    bench_zmq_connect(push, endpoint);
    return pull;
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "inproc", .size = 64, .n = 100000};
    unsigned char *body;
    void *ctx = zmq_ctx_new();
    void *push;
    void *pull;

    bench_parse(&args, argc, argv);
    bench_print_library("libzmq.so", "all");
    body = malloc(args.size);
    BENCH_CHECK(ctx && body && args.n > 0 && args.size >= 1);
    bench_body_init(body, args.size);
    push = bench_zmq_open(ctx, ZMQ_PUSH);
    bench_zmq_set(push, ZMQ_SNDHWM, 0);
    bench_zmq_set(push, ZMQ_LINGER, 0);
    pull = open_peer(&args, ctx, push);

    const uint64_t before = bench_private_bytes();
    const uint64_t start = bench_now_ns();
    for (uint64_t i = 0; i < args.n; i++) {
        bench_body_stamp(body, args.size, i);
        BENCH_CHECK(zmq_send(push, body, args.size, ZMQ_DONTWAIT) == (int) args.size);
    }
    const uint64_t elapsed = bench_now_ns() - start;
    const uint64_t after = bench_private_bytes();

    for (uint64_t i = 0; pull && i < args.n; i++) {
        const int n = zmq_recv(pull, body, args.size, ZMQ_DONTWAIT);
        BENCH_CHECK(n >= 0);
        bench_body_check(body, (size_t) n, args.size, i);
    }
    bench_zmq_close(push);
    if (pull) {
        bench_zmq_close(pull);
    }
    BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    free(body);

    bench_out_begin(&args, "B", "lower");
    bench_out_str("metric", "bytes");
    bench_out_num("value", (double) (after - before) / args.n);
    bench_out_end();
    bench_out_begin(&args, "msg/s", "higher");
    bench_out_str("metric", "rate");
    bench_out_num("value", args.n * 1e9 / (double) elapsed);
    bench_out_end();
    return 0;
}
