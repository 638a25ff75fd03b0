/* SPDX-License-Identifier: MIT */
#include "perf.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "proc.h"
#include "zsock.h"

void perf_arguments(int argc, char **argv, int least, int most, const char *usage)
{
    if (argc - 1 < least || argc - 1 > most) {
        fprintf(stderr, "usage: %s %s\n", argv[0], usage);
        exit(1);
    }
}

size_t perf_number(const char *text)
{
    char *end = NULL;
    const unsigned long long value = strtoull(text, &end, 10);

    if (end == text || *end) {
        fprintf(stderr, "not a number: %s\n", text);
        exit(1);
    }
    return (size_t) value;
}

void perf_tell_library(void)
{
    char path[PATH_MAX];

    bench_find_library("libzmq.so", path, sizeof path);
    fprintf(stderr, "library: %s\n", path);
}

static void receive(zmq_msg_t *msg, void *sock, size_t size)
{
    BENCH_CHECK(zmq_msg_recv(msg, sock, 0) >= 0);
    BENCH_CHECK(zmq_msg_size(msg) == size);
}

void perf_echo(void *rep, size_t size, size_t count)
{
    zmq_msg_t msg;

    BENCH_CHECK(zmq_msg_init(&msg) == 0);
    for (size_t i = 0; i < count; i++) {
        receive(&msg, rep, size);
        BENCH_CHECK(zmq_msg_send(&msg, rep, 0) >= 0);
    }
    BENCH_CHECK(zmq_msg_close(&msg) == 0);
}

void perf_ask(void *req, size_t size, size_t count)
{
    zmq_msg_t msg;

    BENCH_CHECK(zmq_msg_init_size(&msg, size) == 0);
    memset(zmq_msg_data(&msg), 0, size);
    const uint64_t start = bench_now_ns();
    for (size_t i = 0; i < count; i++) {
        BENCH_CHECK(zmq_msg_send(&msg, req, 0) >= 0);
        receive(&msg, req, size);
    }
    const uint64_t elapsed = bench_now_ns() - start;
    BENCH_CHECK(zmq_msg_close(&msg) == 0);
    printf("message size: %zu [B]\n", size);
    printf("roundtrip count: %zu\n", count);
    printf("average latency: %.3f [us]\n",
           count ? (double) elapsed / 2e3 / (double) count : 0.0);
}

void perf_send(void *push, size_t size, size_t count)
{
    zmq_msg_t msg;

    for (size_t i = 0; i < count; i++) {
        BENCH_CHECK(zmq_msg_init_size(&msg, size) == 0);
        BENCH_CHECK(zmq_msg_send(&msg, push, 0) >= 0);
    }
}

void perf_receive(void *pull, size_t size, size_t count)
{
    zmq_msg_t msg;
    uint64_t elapsed;

    BENCH_CHECK(zmq_msg_init(&msg) == 0);
    receive(&msg, pull, size);
    const uint64_t start = bench_now_ns();
    for (size_t i = 1; i < count; i++) {
        receive(&msg, pull, size);
    }
    elapsed = bench_now_ns() - start;
    if (!elapsed) {
        elapsed = 1;
    }
    BENCH_CHECK(zmq_msg_close(&msg) == 0);
    const double rate = (double) (count - 1) * 1e9 / (double) elapsed;
    printf("message size: %zu [B]\n", size);
    printf("message count: %zu\n", count);
    printf("mean throughput: %.0f [msg/s]\n", rate);
    printf("mean throughput: %.3f [Mb/s]\n", rate * (double) size * 8 / 1e6);
}
