/* SPDX-License-Identifier: MIT */
/* Throughput of nng's push0 and pull0, checked and timed as the libzmq program does. */
#include "nngsock.h"

#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <stdlib.h>

static void sender(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = malloc(size);
    struct bench_usage from;
    struct bench_usage to;
    uint64_t count;
    nng_socket push;

    bench_print_library("libnng.so", "sender");
    BENCH_CHECK(body && size >= 1);
    bench_body_init(body, size);
    bench_nng_check(nng_push0_open(&push), "open");
    bench_nng_dial(side, push);
    while ((count = bench_hear_u64(side)) != 0) {
        struct bench_usage sum = {0};
        bench_usage_now(&from);
        for (uint64_t i = 0; i < count; i++) {
            bench_body_stamp(body, size, i);
            bench_nng_check(nng_send(push, body, size, 0), "send");
        }
        bench_hear_u64(side);
        bench_usage_now(&to);
        bench_usage_add(&sum, &from, &to);
        bench_tell(side, &sum, sizeof sum);
    }
    nng_close(push);
    free(body);
}

static void receive(nng_socket pull, unsigned char *body, size_t size, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        size_t n = size;
        bench_nng_check(nng_recv(pull, body, &n, 0), "recv");
        bench_body_check(body, n, size, i);
    }
}

static void receiver(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = malloc(size);
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    nng_socket pull;

    bench_print_library("libnng.so", "receiver");
    BENCH_CHECK(body);
    bench_nng_check(nng_pull0_open(&pull), "open");
    /* nng refuses more than 1 MiB unless told otherwise. */
    bench_nng_check(nng_socket_set_size(pull, NNG_OPT_RECVMAXSZ, 0), "maximum size");
    bench_nng_listen(side, pull);
    while (bench_goes_on(side->args, &count, elapsed)) {
        bench_usage_now(&from);
        bench_tell_u64(side, count);
        receive(pull, body, size, 0, 1);
        const uint64_t start = bench_now_ns();
        receive(pull, body, size, 1, count);
        elapsed = bench_now_ns() - start;
        bench_usage_now(&to);
        bench_tell_u64(side, 1);
        bench_hear(side, &theirs, sizeof theirs);
    }
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 0);
    nng_close(pull);
    free(body);

    const double rate = (double) (count - 1) * 1e9 / (double) elapsed;
    bench_out_begin(side->args, "msg/s", "higher");
    bench_out_num("value", rate);
    bench_out_num("count", (double) count);
    bench_out_num("bytes_per_s", rate * (double) size);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 16, .seconds = 0.6};

    bench_parse(&args, argc, argv);
    bench_nng_run_pair(&args, receiver, sender);
    return 0;
}
