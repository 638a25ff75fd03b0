/* SPDX-License-Identifier: MIT */
/*
 * zmq_poll with timeout 0 over `--n` idle sockets (2000): PAIRs joined by inproc. Then one of
 * them is given a message each time, so that poll has something to find. Reported: time per call.
 */
#include "zsock.h"

#include <stdio.h>
#include <stdlib.h>

struct set {
    void **socks;
    zmq_pollitem_t *items;
    int n;
};

static void open_set(struct set *set, void *ctx)
{
    for (int i = 0; i < set->n; i++) {
        char endpoint[64];
        snprintf(endpoint, sizeof endpoint, "inproc://pair-%d", i / 2);
        set->socks[i] = bench_zmq_open(ctx, ZMQ_PAIR);
        if (i % 2 == 0) {
            BENCH_CHECK(zmq_bind(set->socks[i], endpoint) == 0);
        } else {
            bench_zmq_connect(set->socks[i], endpoint);
        }
        set->items[i] = (zmq_pollitem_t){.socket = set->socks[i], .events = ZMQ_POLLIN};
    }
}

static void poll_idle(struct set *set, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        BENCH_CHECK(zmq_poll(set->items, set->n, 0) == 0);
    }
}

static void poll_one(struct set *set, uint64_t count)
{
    char byte = 0;

    for (uint64_t i = 0; i < count; i++) {
        const int at = (int) ((i * 7919) % (uint64_t) set->n);
        BENCH_CHECK(zmq_send(set->socks[at ^ 1], &byte, 1, 0) == 1);
        BENCH_CHECK(zmq_poll(set->items, set->n, -1) == 1);
        BENCH_CHECK(set->items[at].revents == ZMQ_POLLIN);
        BENCH_CHECK(zmq_recv(set->socks[at], &byte, 1, ZMQ_DONTWAIT) == 1);
    }
}

static void measure(const struct bench_args *args, struct set *set, const char *metric,
                    void (*run)(struct set *, uint64_t))
{
    const struct bench_side alone = {.threads = true};
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage used = {0};
    uint64_t elapsed = 0;
    uint64_t count = 0;

    while (bench_goes_on(args, &count, elapsed)) {
        bench_usage_now(&from);
        const uint64_t start = bench_now_ns();
        run(set, count);
        elapsed = bench_now_ns() - start;
        bench_usage_now(&to);
    }
    bench_usage_add(&used, &from, &to);
    bench_out_begin(args, "us", "lower");
    bench_out_str("metric", metric);
    bench_out_num("value", (double) elapsed / 1e3 / (double) count);
    bench_out_num("count", (double) count);
    bench_out_cpu(&alone, &used, NULL, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.seconds = 0.4, .n = 2000};
    struct set set;
    void *ctx = zmq_ctx_new();

    bench_parse(&args, argc, argv);
    bench_raise_nofile();
    bench_print_library("libzmq.so", "all");
    set.n = (int) args.n;
    BENCH_CHECK(args.n >= 2 && args.n % 2 == 0 && ctx);
    /* More sockets than a context has by default. */
    BENCH_CHECK(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, set.n + 100) == 0);
    set.socks = calloc(args.n, sizeof *set.socks);
    set.items = calloc(args.n, sizeof *set.items);
    BENCH_CHECK(set.socks && set.items);
    open_set(&set, ctx);
    measure(&args, &set, "idle", poll_idle);
    measure(&args, &set, "one", poll_one);
    for (int i = 0; i < set.n; i++) {
        bench_zmq_close(set.socks[i]);
    }
    BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    free(set.socks);
    free(set.items);
    return 0;
}
