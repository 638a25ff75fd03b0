/* SPDX-License-Identifier: MIT */
/*
 * A poller over `--n` sockets (PAIRs joined by inproc), of which ten are given a message in turn,
 * the others idle: send, wait, receive. Reported: time per turn, which should not depend on the
 * idle ones, and time per socket to open, join and add them (metric "open") and to close them
 * ("close"). Where the library has no pollers (they are draft calls) zmq_poll stands in for them.
 */
#define _GNU_SOURCE
#include "zsock.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUSY = 10 };

struct event { /* zmq_poller_event_t: not in every header */
    void *socket;
    int fd;
    void *user_data;
    short events;
};

struct set {
    void **socks;
    zmq_pollitem_t *items; /* NULL: there is a poller */
    void *poller;
    int n;
    int (*add)(void *, void *, void *, short);
    int (*wait)(void *, struct event *, long);
    int (*destroy)(void **);
};

static void *call(const char *name)
{
    return dlsym(RTLD_DEFAULT, name);
}

static void open_set(struct set *set, void *ctx)
{
    void *(*make)(void) = (void *(*)(void)) call("zmq_poller_new");
    set->add = (int (*)(void *, void *, void *, short)) call("zmq_poller_add");
    set->wait = (int (*)(void *, struct event *, long)) call("zmq_poller_wait");
    set->destroy = (int (*)(void **)) call("zmq_poller_destroy");
    set->poller = make && set->add && set->wait && set->destroy ? make() : NULL;
    set->items = set->poller ? NULL : calloc((size_t) set->n, sizeof *set->items);
    BENCH_CHECK(set->poller || set->items);
    for (int i = 0; i < set->n; i++) {
        char endpoint[64];
        snprintf(endpoint, sizeof endpoint, "inproc://pair-%d", i / 2);
        set->socks[i] = bench_zmq_open(ctx, ZMQ_PAIR);
        if (i % 2 == 0) {
            BENCH_CHECK(zmq_bind(set->socks[i], endpoint) == 0);
        } else {
            bench_zmq_connect(set->socks[i], endpoint);
        }
        if (set->poller) {
            BENCH_CHECK(set->add(set->poller, set->socks[i], set->socks[i], ZMQ_POLLIN) == 0);
        } else {
            set->items[i] = (zmq_pollitem_t){.socket = set->socks[i], .events = ZMQ_POLLIN};
        }
    }
}

static void turns(struct set *set, uint64_t count)
{
    char byte = 0;

    for (uint64_t i = 0; i < count; i++) {
        const int at = (int) (i % BUSY) * (set->n / BUSY);
        BENCH_CHECK(zmq_send(set->socks[at ^ 1], &byte, 1, 0) == 1);
        if (set->poller) {
            struct event event;
            BENCH_CHECK(set->wait(set->poller, &event, -1) == 0);
            BENCH_CHECK(event.socket == set->socks[at]);
        } else {
            BENCH_CHECK(zmq_poll(set->items, set->n, -1) == 1);
        }
        BENCH_CHECK(zmq_recv(set->socks[at], &byte, 1, ZMQ_DONTWAIT) == 1);
    }
}

static void report_each(const struct bench_args *args, const char *metric, uint64_t spent_ns)
{
    bench_out_begin(args, "us", "lower");
    bench_out_str("metric", metric);
    bench_out_num("value", (double) spent_ns / 1e3 / args->n);
    bench_out_end();
}

static void close_set(struct set *set, void *ctx)
{
    if (set->poller) {
        BENCH_CHECK(set->destroy(&set->poller) == 0);
    }
    for (int i = 0; i < set->n; i++) {
        bench_zmq_close(set->socks[i]);
    }
    BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    free(set->socks);
    free(set->items);
}

int main(int argc, char **argv)
{
    struct bench_args args = {.seconds = 0.3, .n = 1000};
    const struct bench_side alone = {.threads = true};
    struct bench_usage from, to, used = {0};
    struct set set = {0};
    uint64_t elapsed = 0, count = 0;
    void *ctx = zmq_ctx_new();

    bench_parse(&args, argc, argv);
    bench_raise_nofile();
    bench_print_library("libzmq.so", "all");
    set.n = (int) args.n;
    BENCH_CHECK(args.n >= BUSY && args.n % 2 == 0 && ctx);
    BENCH_CHECK(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, set.n + 100) == 0);
    set.socks = calloc(args.n, sizeof *set.socks);
    BENCH_CHECK(set.socks);
    const uint64_t opening = bench_now_ns();
    open_set(&set, ctx);
    const uint64_t opened = bench_now_ns() - opening;
    while (bench_goes_on(&args, &count, elapsed)) {
        bench_usage_now(&from);
        const uint64_t start = bench_now_ns();
        turns(&set, count);
        elapsed = bench_now_ns() - start;
        bench_usage_now(&to);
    }
    bench_usage_add(&used, &from, &to);
    bench_out_begin(&args, "us", "lower");
    bench_out_str("waits", set.poller ? "zmq_poller_wait" : "zmq_poll");
    bench_out_num("value", (double) elapsed / 1e3 / (double) count);
    bench_out_num("count", (double) count);
    bench_out_cpu(&alone, &used, NULL, count);
    bench_out_end();
    report_each(&args, "open", opened);
    const uint64_t closing = bench_now_ns();
    close_set(&set, ctx);
    report_each(&args, "close", bench_now_ns() - closing);
    return 0;
}
