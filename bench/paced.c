/* SPDX-License-Identifier: MIT */
/*
 * One-way delay from PUSH to PULL with a message each `--n` microseconds, two processes; with
 * `--mode burst` 1,000 messages at once and then `--n` microseconds of silence. The receiver
 * blocks in zmq_recv.
 */
#include "zsock.h"

#include <stdlib.h>

#include "pace.h"

static void sender(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = calloc(1, size);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage sum = {0};
    struct pace pace;
    void *ctx = bench_zmq_ctx(side);
    void *push = bench_zmq_open(ctx, ZMQ_PUSH);

    BENCH_CHECK(body);
    bench_print_library("libzmq.so", "sender");
    bench_pace_init(&pace, side->args);
    bench_hear(side, endpoint, sizeof endpoint);
    bench_zmq_connect(push, endpoint);
    bench_usage_now(&from);
    for (uint64_t i = 0; i < pace.count; i++) {
        bench_pace_wait(&pace);
        bench_pace_stamp(body, i);
        BENCH_CHECK(zmq_send(push, body, size, 0) == (int) size);
    }
    bench_hear_u64(side);
    bench_usage_now(&to);
    bench_usage_add(&sum, &from, &to);
    bench_tell(side, &sum, sizeof sum);
    bench_pace_fini(&pace);
    free(body);
    bench_zmq_close(push);
    bench_zmq_ctx_done(side, ctx);
}

static void receiver(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = malloc(size);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    struct pace pace;
    void *ctx = bench_zmq_ctx(side);
    void *pull = bench_zmq_open(ctx, ZMQ_PULL);

    BENCH_CHECK(body);
    bench_print_library("libzmq.so", "receiver");
    bench_pace_init(&pace, side->args);
    bench_zmq_bind(pull, side->args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    bench_usage_now(&from);
    for (uint64_t i = 0; i < pace.count; i++) {
        BENCH_CHECK(zmq_recv(pull, body, size, 0) == (int) size);
        bench_pace_take(&pace, body, i);
    }
    bench_usage_now(&to);
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 1);
    bench_hear(side, &theirs, sizeof theirs);
    free(body);
    bench_zmq_close(pull);
    bench_zmq_ctx_done(side, ctx);
    bench_pace_report(&pace, side, &mine, &theirs);
}

int main(int argc, char **argv)
{
    struct bench_args args = {
        .transport = "tcp", .mode = "each", .size = 64, .seconds = 1, .n = 50};

    bench_parse(&args, argc, argv);
    bench_zmq_run_pair(&args, receiver, sender);
    return 0;
}
