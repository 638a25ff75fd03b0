/* SPDX-License-Identifier: MIT */
/*
 * Request-reply latency through zmq_proxy: REQ asks a ROUTER, whose proxy passes on to a DEALER and
 * a REP behind it, which echoes; all over tcp. Half the round trip is reported. The client is a
 * process, the server another; the proxy is a thread of the server's with a context of its own.
 */
#include "relay.h"

enum { WORD_MARK = 0xfe, WORD_STOP = 0xff, NUMBERS = 0x80 };

static void serve(struct bench_side *side)
{
    unsigned char buf[65536];
    char front[BENCH_ENDPOINT_MAX];
    char back[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage sum = {0};
    struct relay relay;
    void *ctx = bench_zmq_ctx(side);
    void *rep = bench_zmq_open(ctx, ZMQ_REP);

    bench_print_library("libzmq.so", "proxy and server");
    relay_start(&relay, ZMQ_ROUTER, ZMQ_DEALER);
    bench_zmq_bind(relay.front, side->args->transport, front);
    bench_zmq_bind(relay.back, side->args->transport, back);
    relay_run(&relay);
    bench_zmq_connect(rep, back);
    bench_tell(side, front, sizeof front);
    bench_usage_now(&from);
    do {
        const int n = zmq_recv(rep, buf, sizeof buf, 0);
        BENCH_CHECK(n == (int) side->args->size);
        if (buf[0] == WORD_MARK) {
            bench_usage_now(&from);
        } else if (buf[0] == WORD_STOP) {
            bench_usage_now(&to);
            bench_usage_add(&sum, &from, &to);
        }
        BENCH_CHECK(zmq_send(rep, buf, (size_t) n, 0) == n);
    } while (buf[0] != WORD_STOP);
    bench_tell(side, &sum, sizeof sum);
    bench_hear_u64(side); /* the last reply has arrived */
    relay_stop(&relay);
    bench_zmq_close(rep);
    bench_zmq_ctx_done(side, ctx);
}

static void ask(void *req, unsigned char *buf, size_t size, unsigned char word)
{
    buf[0] = word;
    BENCH_CHECK(zmq_send(req, buf, size, 0) == (int) size);
    buf[0] = (unsigned char) ~word;
    BENCH_CHECK(zmq_recv(req, buf, size, 0) == (int) size);
    BENCH_CHECK(buf[0] == word);
}

static void client(struct bench_side *side)
{
    unsigned char buf[65536] = {0};
    const size_t size = side->args->size;
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    void *ctx = bench_zmq_ctx(side);
    void *req = bench_zmq_open(ctx, ZMQ_REQ);

    BENCH_CHECK(size >= 1 && size <= sizeof buf);
    bench_print_library("libzmq.so", "client");
    bench_hear(side, endpoint, sizeof endpoint);
    bench_zmq_connect(req, endpoint);
    while (bench_goes_on(side->args, &count, elapsed)) {
        ask(req, buf, size, WORD_MARK);
        bench_usage_now(&from);
        const uint64_t start = bench_now_ns();
        for (uint64_t i = 0; i < count; i++) {
            ask(req, buf, size, (unsigned char) (i % NUMBERS));
        }
        elapsed = bench_now_ns() - start;
        bench_usage_now(&to);
    }
    bench_usage_add(&mine, &from, &to);
    ask(req, buf, size, WORD_STOP);
    bench_hear(side, &theirs, sizeof theirs);
    bench_tell_u64(side, 1);
    bench_zmq_close(req);
    bench_zmq_ctx_done(side, ctx);

    bench_out_begin(side->args, "us", "lower");
    bench_out_num("value", (double) elapsed / 2e3 / (double) count);
    bench_out_num("count", (double) count);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 64, .seconds = 0.5};

    bench_parse(&args, argc, argv);
    bench_zmq_run_pair(&args, client, serve);
    return 0;
}
