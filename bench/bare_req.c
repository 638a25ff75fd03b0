/* SPDX-License-Identifier: MIT */
/*
 * Request-reply latency of bare blocking sockets (tcp, ipc), or of two threads with a mutex and
 * two condition variables (inproc). Half the round trip is reported.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "bare.h"

enum { WORD_MARK = 0xfe, WORD_STOP = 0xff, NUMBERS = 0x80 };

/* The mailbox of the inproc variant. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled[2];
    bool full[2];
    unsigned char body[2][BENCH_MAX_BODY];
} box = {.lock = PTHREAD_MUTEX_INITIALIZER,
         .filled = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER}};

static void box_put(int way, const unsigned char *buf, size_t size)
{
    pthread_mutex_lock(&box.lock);
    memcpy(box.body[way], buf, size);
    box.full[way] = true;
    pthread_cond_signal(&box.filled[way]);
    pthread_mutex_unlock(&box.lock);
}

static void box_get(int way, unsigned char *buf, size_t size)
{
    pthread_mutex_lock(&box.lock);
    while (!box.full[way]) {
        pthread_cond_wait(&box.filled[way], &box.lock);
    }
    memcpy(buf, box.body[way], size);
    box.full[way] = false;
    pthread_mutex_unlock(&box.lock);
}

static void put(int fd, int way, const unsigned char *buf, size_t size)
{
    if (fd < 0) {
        box_put(way, buf, size);
    } else {
        bare_write_all(fd, buf, size);
    }
}

static void get(int fd, int way, unsigned char *buf, size_t size)
{
    if (fd < 0) {
        box_get(way, buf, size);
    } else {
        bare_read_all(fd, buf, size);
    }
}

static void serve(struct bench_side *side)
{
    unsigned char *buf = calloc(1, side->args->size);
    const size_t size = side->args->size;
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage sum = {0};
    const int fd = side->threads ? -1 : bare_accept(side);

    BENCH_CHECK(buf);
    bench_usage_now(&from);
    do {
        get(fd, 0, buf, size);
        if (buf[0] == WORD_MARK) {
            bench_usage_now(&from);
        } else if (buf[0] == WORD_STOP) {
            bench_usage_now(&to);
            bench_usage_add(&sum, &from, &to);
        }
        put(fd, 1, buf, size);
    } while (buf[0] != WORD_STOP);
    bench_tell(side, &sum, sizeof sum);
    close(fd);
    free(buf);
}

static void ask(int fd, unsigned char *buf, size_t size, unsigned char word)
{
    buf[0] = word;
    put(fd, 0, buf, size);
    buf[0] = (unsigned char) ~word;
    get(fd, 1, buf, size);
    BENCH_CHECK(buf[0] == word);
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
    const int fd = side->threads ? -1 : bare_connect(side);

    BENCH_CHECK(buf && size >= 1);
    while (bench_goes_on(side->args, &count, elapsed)) {
        ask(fd, buf, size, WORD_MARK);
        bench_usage_now(&from);
        const uint64_t start = bench_now_ns();
        for (uint64_t i = 0; i < count; i++) {
            ask(fd, buf, size, (unsigned char) (i % NUMBERS));
        }
        elapsed = bench_now_ns() - start;
        bench_usage_now(&to);
    }
    bench_usage_add(&mine, &from, &to);
    ask(fd, buf, size, WORD_STOP);
    bench_hear(side, &theirs, sizeof theirs);
    close(fd);
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
    bench_run_pair(&args, strcmp(args.transport, "inproc") == 0 ? &box : NULL, client, serve);
    return 0;
}
