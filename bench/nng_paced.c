/* SPDX-License-Identifier: MIT */
/* One-way delay from nng's push0 to its pull0, paced or in bursts as the libzmq program does. */
#include "nngsock.h"

#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <stdlib.h>

#include "pace.h"

static void sender(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = calloc(1, size);
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage sum = {0};
    struct pace pace;
    nng_socket push;

    BENCH_CHECK(body);
    bench_print_library("libnng.so", "sender");
    bench_pace_init(&pace, side->args);
    bench_nng_check(nng_push0_open(&push), "open");
    bench_nng_dial(side, push);
    bench_usage_now(&from);
    for (uint64_t i = 0; i < pace.count; i++) {
        bench_pace_wait(&pace);
        bench_pace_stamp(body, i);
        bench_nng_check(nng_send(push, body, size, 0), "send");
    }
    bench_hear_u64(side);
    bench_usage_now(&to);
    bench_usage_add(&sum, &from, &to);
    bench_tell(side, &sum, sizeof sum);
    bench_pace_fini(&pace);
    nng_close(push);
    free(body);
}

static void receiver(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = malloc(size);
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    struct pace pace;
    nng_socket pull;

    BENCH_CHECK(body);
    bench_print_library("libnng.so", "receiver");
    bench_pace_init(&pace, side->args);
    bench_nng_check(nng_pull0_open(&pull), "open");
    bench_nng_listen(side, pull);
    bench_usage_now(&from);
    for (uint64_t i = 0; i < pace.count; i++) {
        size_t n = size;
        bench_nng_check(nng_recv(pull, body, &n, 0), "recv");
        BENCH_CHECK(n == size);
        bench_pace_take(&pace, body, i);
    }
    bench_usage_now(&to);
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 1);
    bench_hear(side, &theirs, sizeof theirs);
    nng_close(pull);
    free(body);
    bench_pace_report(&pace, side, &mine, &theirs);
}

int main(int argc, char **argv)
{
    struct bench_args args = {
        .transport = "tcp", .mode = "each", .size = 64, .seconds = 1, .n = 50};

    bench_parse(&args, argc, argv);
    bench_nng_run_pair(&args, receiver, sender);
    return 0;
}
