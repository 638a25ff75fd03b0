/* SPDX-License-Identifier: MIT */
/* Throughput from one thread to another. */
#include <pthread.h>

#include "perf.h"
#include "zsock.h"

struct source {
    void *ctx;
    size_t size;
    size_t count;
};

static void *source_main(void *arg)
{
    struct source *source = arg;
    void *push = bench_zmq_open(source->ctx, ZMQ_PUSH);

    bench_zmq_connect(push, "inproc://thr_test");
    perf_send(push, source->size, source->count);
    bench_zmq_close(push);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;

    perf_arguments(argc, argv, 2, 2, "<message-size> <message-count>");
    struct source source = {zmq_ctx_new(), perf_number(argv[1]), perf_number(argv[2])};
    BENCH_CHECK(source.ctx);
    void *pull = bench_zmq_open(source.ctx, ZMQ_PULL);
    perf_tell_library();
    BENCH_CHECK(zmq_bind(pull, "inproc://thr_test") == 0);
    BENCH_CHECK(pthread_create(&thread, NULL, source_main, &source) == 0);
    perf_receive(pull, source.size, source.count);
    BENCH_CHECK(pthread_join(thread, NULL) == 0);
    bench_zmq_close(pull);
    BENCH_CHECK(zmq_ctx_term(source.ctx) == 0);
    return 0;
}
