/* SPDX-License-Identifier: MIT */
/*
 * Request-reply latency: REQ asks, REP echoes; half the round trip is reported. Two processes over
 * tcp and ipc, two threads over inproc. The first byte of a request is its number, or a word to
 * the server. `--mode client`: CLIENT and SERVER instead, where the library has draft types;
 * `--mode curve`: encrypted.
 */
#include "zsock.h"

#include <stdio.h>
#include <stdlib.h>

#include "curve.h"

enum { DRAFT_SERVER = 12, DRAFT_CLIENT = 13 }; /* not in every header */
enum { WORD_MARK = 0xfe, WORD_STOP = 0xff, NUMBERS = 0x80 };

static bool is_curve(const struct bench_side *side)
{
    return strcmp(side->args->mode, "curve") == 0;
}

static bool is_draft(const struct bench_side *side)
{
    return strcmp(side->args->mode, "client") == 0;
}

/* A SERVER's message knows its way back, so that it is the message that returns. */
static void receive(const struct bench_side *side, void *rep, unsigned char *buf, zmq_msg_t *msg)
{
    const int size = (int) side->args->size;

    if (is_draft(side)) {
        BENCH_CHECK(zmq_msg_recv(msg, rep, 0) == size);
        buf[0] = *(unsigned char *) zmq_msg_data(msg);
    } else {
        BENCH_CHECK(zmq_recv(rep, buf, side->args->size, 0) == size);
    }
}

static void reply(const struct bench_side *side, void *rep, unsigned char *buf, zmq_msg_t *msg)
{
    const int size = (int) side->args->size;

    if (is_draft(side)) {
        BENCH_CHECK(zmq_msg_send(msg, rep, 0) == size);
    } else {
        BENCH_CHECK(zmq_send(rep, buf, side->args->size, 0) == size);
    }
}

static void serve(struct bench_side *side)
{
    unsigned char *buf = calloc(1, side->args->size);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage sum = {0};
    void *ctx = bench_zmq_ctx(side);
    void *rep = bench_zmq_open(ctx, is_draft(side) ? DRAFT_SERVER : ZMQ_REP);
    zmq_msg_t msg;

    if (is_curve(side)) {
        bench_curve_setup(rep, true);
    }
    BENCH_CHECK(buf);
    bench_print_library("libzmq.so", "server");
    bench_zmq_bind(rep, side->args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    bench_usage_now(&from);
    BENCH_CHECK(zmq_msg_init(&msg) == 0);
    do {
        receive(side, rep, buf, &msg);
        if (buf[0] == WORD_MARK) {
            bench_usage_now(&from);
        } else if (buf[0] == WORD_STOP) {
            bench_usage_now(&to);
            bench_usage_add(&sum, &from, &to);
        }
        reply(side, rep, buf, &msg);
    } while (buf[0] != WORD_STOP);
    zmq_msg_close(&msg);
    bench_tell(side, &sum, sizeof sum);
    bench_zmq_close(rep);
    bench_zmq_ctx_done(side, ctx);
    free(buf);
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
    unsigned char *buf = calloc(1, side->args->size);
    const size_t size = side->args->size;
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    void *ctx = bench_zmq_ctx(side);
    void *req = bench_zmq_open(ctx, is_draft(side) ? DRAFT_CLIENT : ZMQ_REQ);

    if (is_curve(side)) {
        bench_curve_setup(req, false);
    }
    BENCH_CHECK(buf && size >= 1);
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
    bench_zmq_close(req);
    bench_zmq_ctx_done(side, ctx);
    free(buf);

    bench_out_begin(side->args, "us", "lower");
    bench_out_num("value", (double) elapsed / 2e3 / (double) count);
    bench_out_num("count", (double) count);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .mode = "req", .size = 1, .seconds = 0.5};

    bench_parse(&args, argc, argv);
    if (strcmp(args.mode, "client") == 0) {
        bench_zmq_draft("zmq_msg_routing_id");
    }
    if (strcmp(args.mode, "curve") == 0 && !zmq_has("curve")) {
        fprintf(stderr, "SKIP: this libzmq has no CURVE\n");
        return 77;
    }
    bench_zmq_run_pair(&args, client, serve);
    return 0;
}
