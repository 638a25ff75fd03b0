/* SPDX-License-Identifier: MIT */
/* Sends as fast as it can to local_thr. */
#include "curve.h"
#include "perf.h"
#include "zsock.h"

int main(int argc, char **argv)
{
    perf_arguments(argc, argv, 3, 4,
                   "<connect-to> <message-size> <message-count> [<enable_curve>]");
    const size_t size = perf_number(argv[2]);
    const size_t count = perf_number(argv[3]);
    void *ctx = zmq_ctx_new();

    BENCH_CHECK(ctx);
    void *sock = bench_zmq_open(ctx, ZMQ_PUSH);
    perf_tell_library();
    if (argc == 5 && perf_number(argv[4])) {
        bench_curve_setup(sock, false);
    }
    BENCH_CHECK(zmq_connect(sock, argv[1]) == 0);
    perf_send(sock, size, count);
    bench_zmq_close(sock);
    BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    return 0;
}
