/* SPDX-License-Identifier: MIT */
/* Echoes round trips for remote_lat. */
#include "perf.h"
#include "zsock.h"

int main(int argc, char **argv)
{
    perf_arguments(argc, argv, 3, 3, "<bind-to> <message-size> <roundtrip-count>");
    const size_t size = perf_number(argv[2]);
    const size_t count = perf_number(argv[3]);
    void *ctx = zmq_ctx_new();

    BENCH_CHECK(ctx);
    void *sock = bench_zmq_open(ctx, ZMQ_REP);
    perf_tell_library();
    BENCH_CHECK(zmq_bind(sock, argv[1]) == 0);
    perf_echo(sock, size, count);
    bench_zmq_close(sock);
    BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    return 0;
}
