/* SPDX-License-Identifier: MIT */
/*
 * Throughput of framed messages over bare blocking sockets. `--mode each` writes message by
 * message; `--mode batch` gathers frames into writes of 256 KiB, the bound of what a library with
 * no work of its own could reach. Checks as in the libzmq program.
 */
#include <stdlib.h>
#include <unistd.h>
#include <sys/socket.h>

#include "bare.h"

enum { BATCH_BYTES = 256 * 1024, LARGE = 8192 };

static void send_each(int fd, unsigned char *frame, size_t header, size_t size, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        bench_body_stamp(frame + header, size, i);
        bare_write_all(fd, frame, header + size);
    }
}

static void send_batch(int fd, const unsigned char *frame, size_t header, size_t size,
                       uint64_t count)
{
    const size_t whole = header + size;
    const size_t capacity = BATCH_BYTES > whole ? BATCH_BYTES : whole;
    unsigned char *batch = malloc(capacity);
    size_t used = 0;

    BENCH_CHECK(batch);
    for (uint64_t i = 0; i < count; i++) {
        if (used + whole > capacity) {
            bare_write_all(fd, batch, used);
            used = 0;
        }
        memcpy(batch + used, frame, whole);
        bench_body_stamp(batch + used + header, size, i);
        used += whole;
    }
    bare_write_all(fd, batch, used);
    free(batch);
}

static void sender(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *frame = malloc(BARE_HEADER_MAX + size);
    const bool batch = strcmp(side->args->mode, "batch") == 0;
    struct bench_usage from;
    struct bench_usage to;
    size_t header;
    uint64_t count;
    const int fd = bare_connect(side);

    BENCH_CHECK(frame && size >= 1);
    header = bare_header(frame, size);
    bench_body_init(frame + header, size);
    while ((count = bench_hear_u64(side)) != 0) {
        struct bench_usage sum = {0};
        bench_usage_now(&from);
        if (batch) {
            send_batch(fd, frame, header, size, count);
        } else {
            send_each(fd, frame, header, size, count);
        }
        bench_hear_u64(side);
        bench_usage_now(&to);
        bench_usage_add(&sum, &from, &to);
        bench_tell(side, &sum, sizeof sum);
    }
    close(fd);
    free(frame);
}

/* What was read and not yet parsed. */
struct inbox {
    int fd;
    unsigned char *data;
    size_t capacity;
    size_t begin;
    size_t end;
};

/* Waits until a frame of `whole` bytes is there and returns it. */
static const unsigned char *next_frame(struct inbox *in, size_t whole)
{
    const unsigned char *frame;

    if (whole >= LARGE) {
        bare_read_all(in->fd, in->data, whole);
        return in->data;
    }
    while (in->end - in->begin < whole) {
        memmove(in->data, in->data + in->begin, in->end - in->begin);
        in->end -= in->begin;
        in->begin = 0;
        const ssize_t n = recv(in->fd, in->data + in->end, in->capacity - in->end, 0);
        BENCH_CHECK(n > 0);
        in->end += (size_t) n;
    }
    frame = in->data + in->begin;
    in->begin += whole;
    return frame;
}

static void receive(struct inbox *in, size_t size, uint64_t from, uint64_t to)
{
    unsigned char want[BARE_HEADER_MAX];
    const size_t header = bare_header(want, size);

    for (uint64_t i = from; i < to; i++) {
        const unsigned char *frame = next_frame(in, header + size);
        BENCH_CHECK(memcmp(frame, want, header) == 0);
        bench_body_check(frame + header, size, size, i);
    }
}

static void receiver(struct bench_side *side)
{
    const size_t size = side->args->size;
    const size_t whole = size + BARE_HEADER_MAX;
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    struct inbox in = {.fd = bare_accept(side)};
    uint64_t elapsed = 0;
    uint64_t count = 0;

    in.capacity = whole > BATCH_BYTES ? whole : BATCH_BYTES;
    in.data = malloc(in.capacity);
    BENCH_CHECK(in.data);
    while (bench_goes_on(side->args, &count, elapsed)) {
        bench_usage_now(&from);
        bench_tell_u64(side, count);
        receive(&in, size, 0, 1);
        const uint64_t start = bench_now_ns();
        receive(&in, size, 1, count);
        elapsed = bench_now_ns() - start;
        bench_usage_now(&to);
        bench_tell_u64(side, 1);
        bench_hear(side, &theirs, sizeof theirs);
    }
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 0);
    close(in.fd);
    free(in.data);

    const double rate = (double) (count - 1) * 1e9 / (double) elapsed;
    bench_out_begin(side->args, "msg/s", "higher");
    bench_out_num("value", rate);
    bench_out_num("count", (double) count);
    bench_out_num("bytes_per_s", rate * (double) size);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .mode = "each", .size = 16, .seconds = 0.6};

    bench_parse(&args, argc, argv);
    bench_run_pair(&args, NULL, receiver, sender);
    return 0;
}
