/* SPDX-License-Identifier: MIT */
/*
 * A receiver slower than its sender: the PULL works (watches the clock) for `--n` microseconds on
 * each message, the PUSH stands at its high-water mark. Reported: messages per second (metric
 * "rate"; the work alone allows 1,000,000 / n), and the CPU seconds of both processes per million
 * messages beyond that work ("cpu").
 */
#include "zsock.h"

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

    BENCH_CHECK(body);
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

static uint64_t receive(void *pull, unsigned char *body, const struct bench_args *args,
                        uint64_t count)
{
    const uint64_t work_ns = args->n * (uint64_t) 1000;
    uint64_t start = 0;

    for (uint64_t i = 0; i < count; i++) {
        const int n = zmq_recv(pull, body, args->size, 0);
        const uint64_t come = bench_now_ns();
        BENCH_CHECK(n >= 0);
        bench_body_check(body, (size_t) n, args->size, i);
        start = i ? start : come;
        while (bench_now_ns() - come < work_ns) {
        }
    }
    return bench_now_ns() - start;
}

static void receiver(struct bench_side *side)
{
    const struct bench_args *args = side->args;
    unsigned char *body = malloc(args->size);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    void *ctx = bench_zmq_ctx(side);
    void *pull = bench_zmq_open(ctx, ZMQ_PULL);

    BENCH_CHECK(body);
    bench_print_library("libzmq.so", "receiver");
    bench_zmq_bind(pull, args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    while (bench_goes_on(args, &count, elapsed)) {
        bench_usage_now(&from);
        bench_tell_u64(side, count);
        elapsed = receive(pull, body, args, count);
        bench_usage_now(&to);
        bench_tell_u64(side, 1);
        bench_hear(side, &theirs, sizeof theirs);
    }
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 0);
    bench_zmq_close(pull);
    bench_zmq_ctx_done(side, ctx);
    free(body);

    const double cpu = (double) (mine.cpu_us + theirs.cpu_us) / (double) count - args->n;
    bench_out_begin(args, "msg/s", "higher");
    bench_out_str("metric", "rate");
    bench_out_num("value", (double) count * 1e9 / (double) elapsed);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
    bench_out_begin(args, "s/M", "lower");
    bench_out_str("metric", "cpu");
    bench_out_num("value", cpu > 0 ? cpu : 0);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 64, .seconds = 0.6, .n = 5};

    bench_parse(&args, argc, argv);
    BENCH_CHECK(args.size >= BENCH_MIN_BODY);
    bench_zmq_run_pair(&args, receiver, sender);
    return 0;
}
