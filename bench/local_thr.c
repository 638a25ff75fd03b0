/* SPDX-License-Identifier: MIT */
/* Measures the throughput of what remote_thr sends. */
#include "curve.h"
#include "perf.h"
#include "zsock.h"

int main(int argc, char **argv)
{
    perf_arguments(argc, argv, 3, 4, "<bind-to> <message-size> <message-count> [<enable_curve>]");
    const size_t size = perf_number(argv[2]);
    const size_t count = perf_number(argv[3]);
    void *ctx = zmq_ctx_new();

    BENCH_CHECK(ctx);
    void *sock = bench_zmq_open(ctx, ZMQ_PULL);
    perf_tell_library();
    if (argc == 5 && perf_number(argv[4])) {
        bench_curve_setup(sock, true);
    }
    BENCH_CHECK(zmq_bind(sock, argv[1]) == 0);
    perf_receive(sock, size, count);
    bench_zmq_close(sock);
    BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    return 0;
}
