/* SPDX-License-Identifier: MIT */
/* Request-reply latency of nng's req0 and rep0, as the libzmq program measures it. */
#include "nngsock.h"

#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdlib.h>

enum { WORD_MARK = 0xfe, WORD_STOP = 0xff, NUMBERS = 0x80 };

static void serve(struct bench_side *side)
{
    unsigned char *buf = calloc(1, side->args->size);
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage sum = {0};
    nng_socket rep;

    BENCH_CHECK(buf);
    bench_print_library("libnng.so", "server");
    bench_nng_check(nng_rep0_open(&rep), "open");
    /* nng refuses more than 1 MiB unless told otherwise. */
    bench_nng_check(nng_socket_set_size(rep, NNG_OPT_RECVMAXSZ, 0), "maximum size");
    bench_nng_listen(side, rep);
    bench_usage_now(&from);
    do {
        size_t n = side->args->size;
        bench_nng_check(nng_recv(rep, buf, &n, 0), "recv");
        BENCH_CHECK(n == side->args->size);
        if (buf[0] == WORD_MARK) {
            bench_usage_now(&from);
        } else if (buf[0] == WORD_STOP) {
            bench_usage_now(&to);
            bench_usage_add(&sum, &from, &to);
        }
        bench_nng_check(nng_send(rep, buf, n, 0), "send");
    } while (buf[0] != WORD_STOP);
    bench_tell(side, &sum, sizeof sum);
    bench_hear_u64(side); /* nng_close drops what is not yet written */
    nng_close(rep);
    free(buf);
}

static void ask(nng_socket req, unsigned char *buf, size_t size, unsigned char word)
{
    size_t n = size;

    buf[0] = word;
    bench_nng_check(nng_send(req, buf, size, 0), "send");
    buf[0] = (unsigned char) ~word;
    bench_nng_check(nng_recv(req, buf, &n, 0), "recv");
    BENCH_CHECK(n == size && buf[0] == word);
}

static void client(struct bench_side *side)
{
    unsigned char *buf = calloc(1, side->args->size);
    const size_t size = side->args->size;
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    nng_socket req;

    BENCH_CHECK(buf && size >= 1);
    bench_print_library("libnng.so", "client");
    bench_nng_check(nng_req0_open(&req), "open");
    bench_nng_check(nng_socket_set_size(req, NNG_OPT_RECVMAXSZ, 0), "maximum size");
    bench_nng_dial(side, req);
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
    nng_close(req);
    free(buf);

    bench_out_begin(side->args, "us", "lower");
    bench_out_num("value", (double) elapsed / 2e3 / (double) count);
    bench_out_num("count", (double) count);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 1, .seconds = 0.5};

    bench_parse(&args, argc, argv);
    bench_nng_run_pair(&args, client, serve);
    return 0;
}
