/* SPDX-License-Identifier: MIT */
/* Latency of round trips between two threads. */
#include <pthread.h>

#include "perf.h"
#include "zsock.h"

struct echo {
    void *ctx;
    size_t size;
    size_t count;
};

static void *echo_main(void *arg)
{
    struct echo *echo = arg;
    void *rep = bench_zmq_open(echo->ctx, ZMQ_REP);

    bench_zmq_connect(rep, "inproc://lat_test");
    perf_echo(rep, echo->size, echo->count);
    bench_zmq_close(rep);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;

    perf_arguments(argc, argv, 2, 2, "<message-size> <roundtrip-count>");
    struct echo echo = {zmq_ctx_new(), perf_number(argv[1]), perf_number(argv[2])};
    BENCH_CHECK(echo.ctx);
    void *req = bench_zmq_open(echo.ctx, ZMQ_REQ);
    perf_tell_library();
    BENCH_CHECK(zmq_bind(req, "inproc://lat_test") == 0);
    BENCH_CHECK(pthread_create(&thread, NULL, echo_main, &echo) == 0);
    perf_ask(req, echo.size, echo.count);
    BENCH_CHECK(pthread_join(thread, NULL) == 0);
    bench_zmq_close(req);
    BENCH_CHECK(zmq_ctx_term(echo.ctx) == 0);
    return 0;
}
