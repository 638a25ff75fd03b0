/* SPDX-License-Identifier: MIT */
/*
 * Messages through zmq_proxy from a PULL to a PUSH, all over tcp: the sender is a process, the
 * receiver another, the proxy a thread of the receiver's process with a context of its own.
 */
#include "relay.h"

#include <stdlib.h>

static void sender(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = malloc(size);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    uint64_t count;
    void *ctx = bench_zmq_ctx(side);
    void *push = bench_zmq_open(ctx, ZMQ_PUSH);

    BENCH_CHECK(body && size >= BENCH_MIN_BODY);
    bench_body_init(body, size);
    bench_print_library("libzmq.so", "sender");
    bench_hear(side, endpoint, sizeof endpoint);
    bench_zmq_connect(push, endpoint);
    while ((count = bench_hear_u64(side)) != 0) {
        struct bench_usage sum = {0};
        bench_usage_now(&from);
        for (uint64_t i = 0; i < count; i++) {
            bench_body_stamp(body, size, i);
            BENCH_CHECK(zmq_send(push, body, size, 0) == (int) size);
        }
        bench_hear_u64(side);
        bench_usage_now(&to);
        bench_usage_add(&sum, &from, &to);
        bench_tell(side, &sum, sizeof sum);
    }
    bench_zmq_close(push);
    bench_zmq_ctx_done(side, ctx);
    free(body);
}

static uint64_t receive(void *pull, unsigned char *body, size_t size, uint64_t count)
{
    uint64_t start = 0;

    for (uint64_t i = 0; i < count; i++) {
        const int n = zmq_recv(pull, body, size, 0);
        BENCH_CHECK(n >= 0);
        bench_body_check(body, (size_t) n, size, i);
        if (i == 0) {
            start = bench_now_ns();
        }
    }
    return bench_now_ns() - start;
}

static void receiver(struct bench_side *side)
{
    unsigned char *body = malloc(side->args->size);
    char in[BENCH_ENDPOINT_MAX];
    char out[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    struct relay relay;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    void *ctx = bench_zmq_ctx(side);
    void *pull = bench_zmq_open(ctx, ZMQ_PULL);

    BENCH_CHECK(body);
    bench_print_library("libzmq.so", "proxy and receiver");
    relay_start(&relay, ZMQ_PULL, ZMQ_PUSH);
    bench_zmq_bind(relay.front, side->args->transport, in);
    bench_zmq_bind(relay.back, side->args->transport, out);
    relay_run(&relay);
    bench_zmq_connect(pull, out);
    bench_tell(side, in, sizeof in);
    while (bench_goes_on(side->args, &count, elapsed)) {
        bench_usage_now(&from);
        bench_tell_u64(side, count);
        elapsed = receive(pull, body, side->args->size, count);
        bench_usage_now(&to);
        bench_tell_u64(side, 1);
        bench_hear(side, &theirs, sizeof theirs);
    }
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 0);
    relay_stop(&relay);
    bench_zmq_close(pull);
    bench_zmq_ctx_done(side, ctx);
    free(body);

    bench_out_begin(side->args, "msg/s", "higher");
    bench_out_num("value", (double) (count - 1) * 1e9 / (double) elapsed);
    bench_out_num("count", (double) count);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 64, .seconds = 0.6};

    bench_parse(&args, argc, argv);
    bench_zmq_run_pair(&args, receiver, sender);
    return 0;
}
