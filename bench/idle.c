/* SPDX-License-Identifier: MIT */
/*
 * What an idle process costs: `--n` sockets (100), half PUSH and half PULL, joined by tcp, after
 * traffic. For `--seconds` the program does nothing (metric "asleep"), then as long it blocks in
 * one zmq_poll over all of them (metric "in_poll"); the voluntary context switches of the
 * library's threads meanwhile are its wake-ups.
 */
#include "zsock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { TRAFFIC = 2000, SETTLE_MS = 500 };

static void pass_traffic(void *push, void *pull, unsigned char *body, size_t size)
{
    for (uint64_t i = 0; i < TRAFFIC; i++) {
        bench_body_stamp(body, size, i);
        BENCH_CHECK(zmq_send(push, body, size, 0) == (int) size);
        if (i % 100 == 99) {
            for (uint64_t k = i - 99; k <= i; k++) {
                const int n = zmq_recv(pull, body, size, 0);
                BENCH_CHECK(n >= 0);
                bench_body_check(body, (size_t) n, size, k);
            }
        }
    }
}

static void rest_ms(uint64_t ms)
{
    struct timespec left = {.tv_sec = (time_t) (ms / 1000),
                            .tv_nsec = (long) (ms % 1000) * 1000000};

    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

static void report(const struct bench_args *args, const char *metric, uint64_t switches)
{
    bench_out_begin(args, "wake-ups", "lower");
    bench_out_str("metric", metric);
    bench_out_num("value", (double) switches);
    bench_out_num("seconds", args->seconds);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 64, .seconds = 10, .n = 100};
    unsigned char *body;
    zmq_pollitem_t *items;
    uint64_t before;
    void *ctx = zmq_ctx_new();

    bench_parse(&args, argc, argv);
    bench_raise_nofile();
    bench_print_library("libzmq.so", "all");
    body = malloc(args.size);
    items = calloc(args.n, sizeof *items);
    BENCH_CHECK(ctx && body && items && args.size >= BENCH_MIN_BODY);
    bench_body_init(body, args.size);
    for (unsigned i = 0; i + 1 < args.n; i += 2) {
        char endpoint[BENCH_ENDPOINT_MAX];
        items[i] = (zmq_pollitem_t){.socket = bench_zmq_open(ctx, ZMQ_PULL), .events = ZMQ_POLLIN};
        /* A PUSH is always writable: ask it for nothing. */
        items[i + 1] = (zmq_pollitem_t){.socket = bench_zmq_open(ctx, ZMQ_PUSH)};
        bench_zmq_bind(items[i].socket, args.transport, endpoint);
        bench_zmq_connect(items[i + 1].socket, endpoint);
        pass_traffic(items[i + 1].socket, items[i].socket, body, args.size);
    }
    rest_ms(SETTLE_MS);
    before = bench_other_switches();
    rest_ms((uint64_t) (args.seconds * 1e3));
    report(&args, "asleep", bench_other_switches() - before);
    before = bench_other_switches();
    BENCH_CHECK(zmq_poll(items, (int) args.n, (long) (args.seconds * 1e3)) == 0);
    report(&args, "in_poll", bench_other_switches() - before);
    for (unsigned i = 0; i < args.n / 2 * 2; i++) {
        bench_zmq_close(items[i].socket);
    }
    BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    free(items);
    free(body);
    return 0;
}
