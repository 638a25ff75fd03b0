/* SPDX-License-Identifier: MIT */
/* One-way delay over bare blocking sockets with a message each `--n` microseconds, or bursts. */
#include <stdlib.h>
#include <unistd.h>

#include "bare.h"
#include "pace.h"

static void sender(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = calloc(1, size);
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage sum = {0};
    struct pace pace;
    const int fd = bare_connect(side);

    BENCH_CHECK(body);
    bench_pace_init(&pace, side->args);
    bench_usage_now(&from);
    for (uint64_t i = 0; i < pace.count; i++) {
        bench_pace_wait(&pace);
        bench_pace_stamp(body, i);
        bare_write_all(fd, body, size);
    }
    bench_hear_u64(side);
    bench_usage_now(&to);
    bench_usage_add(&sum, &from, &to);
    bench_tell(side, &sum, sizeof sum);
    bench_pace_fini(&pace);
    free(body);
    close(fd);
}

static void receiver(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = malloc(size);
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    struct pace pace;
    const int fd = bare_accept(side);

    BENCH_CHECK(body);
    bench_pace_init(&pace, side->args);
    bench_usage_now(&from);
    for (uint64_t i = 0; i < pace.count; i++) {
        bare_read_all(fd, body, size);
        bench_pace_take(&pace, body, i);
    }
    bench_usage_now(&to);
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 1);
    bench_hear(side, &theirs, sizeof theirs);
    free(body);
    close(fd);
    bench_pace_report(&pace, side, &mine, &theirs);
}

int main(int argc, char **argv)
{
    struct bench_args args = {
        .transport = "tcp", .mode = "each", .size = 64, .seconds = 1, .n = 50};

    bench_parse(&args, argc, argv);
    bench_run_pair(&args, NULL, receiver, sender);
    return 0;
}
