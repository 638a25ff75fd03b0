/* SPDX-License-Identifier: MIT */
/*
 * `--n` threads (2) of one process and one context, each with a PUSH and a PULL of its own: it
 * sends a burst, receives it, and so on. They share nothing but the library. Reported: messages
 * per second of all threads together.
 */
#include "zsock.h"

#include <pthread.h>
#include <stdlib.h>

enum { BURST = 100, THREADS_MAX = 1024 };

struct worker {
    pthread_t thread;
    pthread_barrier_t *gate;
    void *push;
    void *pull;
    size_t size;
    uint64_t bursts;
};

static void open_worker(struct worker *worker, const struct bench_args *args, void *ctx)
{
    char endpoint[BENCH_ENDPOINT_MAX];

    worker->pull = bench_zmq_open(ctx, ZMQ_PULL);
    worker->push = bench_zmq_open(ctx, ZMQ_PUSH);
    worker->size = args->size;
    bench_zmq_bind(worker->pull, args->transport, endpoint);
    bench_zmq_connect(worker->push, endpoint);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    const size_t size = worker->size;
    unsigned char *body = malloc(size);

    BENCH_CHECK(body && size >= BENCH_MIN_BODY);
    bench_body_init(body, size);
    pthread_barrier_wait(worker->gate);
    for (uint64_t b = 0; b < worker->bursts; b++) {
        for (uint64_t i = 0; i < BURST; i++) {
            bench_body_stamp(body, size, b * BURST + i);
            BENCH_CHECK(zmq_send(worker->push, body, size, 0) == (int) size);
        }
        for (uint64_t i = 0; i < BURST; i++) {
            const int n = zmq_recv(worker->pull, body, size, 0);
            BENCH_CHECK(n >= 0);
            bench_body_check(body, (size_t) n, size, b * BURST + i);
        }
    }
    free(body);
    return NULL;
}

/* Returns the time from the common start until the last thread is done. */
static uint64_t run(struct worker *workers, unsigned n, uint64_t bursts)
{
    pthread_barrier_t gate;
    uint64_t start;

    BENCH_CHECK(pthread_barrier_init(&gate, NULL, n + 1) == 0);
    for (unsigned i = 0; i < n; i++) {
        workers[i].gate = &gate;
        workers[i].bursts = bursts;
        BENCH_CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    start = bench_now_ns();
    pthread_barrier_wait(&gate);
    for (unsigned i = 0; i < n; i++) {
        BENCH_CHECK(pthread_join(workers[i].thread, NULL) == 0);
    }
    const uint64_t elapsed = bench_now_ns() - start;
    pthread_barrier_destroy(&gate);
    return elapsed;
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 64, .seconds = 0.6, .n = 2};
    const struct bench_side alone = {.threads = true};
    struct worker *workers;
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage used = {0};
    uint64_t elapsed = 0;
    uint64_t bursts = 0;
    void *ctx = zmq_ctx_new();

    bench_parse(&args, argc, argv);
    bench_raise_nofile();
    workers = calloc(args.n, sizeof *workers);
    BENCH_CHECK(ctx && workers && args.n <= THREADS_MAX);
    /* More sockets than a context has by default. */
    BENCH_CHECK(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, (int) args.n * 2 + 100) == 0);
    bench_print_library("libzmq.so", "all");
    for (unsigned i = 0; i < args.n; i++) {
        open_worker(&workers[i], &args, ctx);
    }
    while (bench_goes_on(&args, &bursts, elapsed)) {
        bench_usage_now(&from);
        elapsed = run(workers, args.n, bursts);
        bench_usage_now(&to);
    }
    bench_usage_add(&used, &from, &to);
    for (unsigned i = 0; i < args.n; i++) {
        bench_zmq_close(workers[i].push);
        bench_zmq_close(workers[i].pull);
    }
    BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    free(workers);

    const uint64_t count = bursts * BURST * args.n;
    bench_out_begin(&args, "msg/s", "higher");
    bench_out_num("value", (double) count * 1e9 / (double) elapsed);
    bench_out_num("count", (double) count);
    bench_out_cpu(&alone, &used, NULL, count);
    bench_out_end();
    return 0;
}
