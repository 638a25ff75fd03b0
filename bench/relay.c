/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include <errno.h>

static void *relay_main(void *arg)
{
    struct relay *relay = arg;

    BENCH_CHECK(zmq_proxy(relay->front, relay->back, NULL) == -1 && errno == ETERM);
    bench_zmq_close(relay->front);
    bench_zmq_close(relay->back);
    return NULL;
}

void relay_start(struct relay *relay, int front, int back)
{
    relay->ctx = zmq_ctx_new();
    BENCH_CHECK(relay->ctx);
    relay->front = bench_zmq_open(relay->ctx, front);
    relay->back = bench_zmq_open(relay->ctx, back);
}

void relay_run(struct relay *relay)
{
    BENCH_CHECK(pthread_create(&relay->thread, NULL, relay_main, relay) == 0);
}

void relay_stop(struct relay *relay)
{
    BENCH_CHECK(zmq_ctx_shutdown(relay->ctx) == 0);
    BENCH_CHECK(pthread_join(relay->thread, NULL) == 0);
    BENCH_CHECK(zmq_ctx_term(relay->ctx) == 0);
}
