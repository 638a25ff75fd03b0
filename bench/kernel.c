/* SPDX-License-Identifier: MIT */
/*
 * Whether what the kernel offers beside read and write helps, without any library: two processes
 * and a tcp connection over loopback. Bodies of less than 4 KiB go to and fro (half the round trip
 * is reported), larger ones stream one way (bodies per second). `--mode`:
 *
 *   plain      blocking send and recv
 *   spin       the receiver asks without blocking, again and again, instead of sleeping
 *   busypoll   SO_BUSY_POLL of 50 us on both ends
 *   buffers    SO_SNDBUF and SO_RCVBUF of 4 MiB (less where the system's limits say so)
 *   zerocopy   MSG_ZEROCOPY, completions read from the error queue (streams)
 *   uring      io_uring: an answer and the next receive are one system call, as are up to 8 linked
 *              sends of a stream
 *   sqpoll     as uring, with a kernel thread that polls the submission queue
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <netinet/in.h>
#include <linux/errqueue.h>
#include <sys/socket.h>

#include "bare.h"
#include "uring.h"

enum { STREAM_FROM = 4096, BUFFER = 4 << 20, BUSY_US = 50, CHAIN = 8, IN_FLIGHT = 64 };

struct end {
    int fd;
    const char *mode;
    bool has_ring;
    struct uring ring;
    uint64_t pinned; /* zerocopy: sends of which the kernel has not told that they are done */
    uint64_t copied; /* of which it told that it copied them after all */
};

static bool is_mode(const struct end *end, const char *mode)
{
    return strcmp(end->mode, mode) == 0;
}

static void set_int(int fd, int option, int value)
{
    int forced = option;

    forced = option == SO_SNDBUF ? SO_SNDBUFFORCE : forced;
    forced = option == SO_RCVBUF ? SO_RCVBUFFORCE : forced; /* beyond the limit, for root */
    if (setsockopt(fd, SOL_SOCKET, forced, &value, sizeof value) == 0) {
        return;
    }
    if (setsockopt(fd, SOL_SOCKET, option, &value, sizeof value) != 0) {
        fprintf(stderr, "SKIP: this kernel has no socket option %d\n", option);
        exit(77);
    }
}

static void prepare(struct end *end, const struct bench_args *args)
{
    end->mode = args->mode;
    if (is_mode(end, "busypoll")) {
        set_int(end->fd, SO_BUSY_POLL, BUSY_US);
    } else if (is_mode(end, "buffers")) {
        set_int(end->fd, SO_SNDBUF, BUFFER);
        set_int(end->fd, SO_RCVBUF, BUFFER);
    } else if (is_mode(end, "zerocopy")) {
        set_int(end->fd, SO_ZEROCOPY, 1);
    } else if (is_mode(end, "uring") || is_mode(end, "sqpoll")) {
        uring_open(&end->ring, is_mode(end, "sqpoll"));
        end->has_ring = true;
    } else {
        BENCH_CHECK(is_mode(end, "plain") || is_mode(end, "spin"));
    }
}

static void release(struct end *end)
{
    if (end->has_ring) {
        uring_close(&end->ring);
    }
    close(end->fd);
}

/* ---- receiving ---- */

static void take(struct end *end, unsigned char *body, size_t size)
{
    size_t have = 0;

    while (have < size) {
        ssize_t n;
        if (end->has_ring) {
            uring_recv(&end->ring, end->fd, body + have, size - have, size >= STREAM_FROM);
            n = uring_wait(&end->ring);
        } else if (is_mode(end, "spin")) {
            n = recv(end->fd, body + have, size - have, MSG_DONTWAIT);
        } else {
            n = recv(end->fd, body + have, size - have, size >= STREAM_FROM ? MSG_WAITALL : 0);
        }
        BENCH_CHECK(n > 0 || (n < 0 && errno == EAGAIN && is_mode(end, "spin")));
        have += n > 0 ? (size_t) n : 0;
    }
}

/* ---- to and fro ---- */

/* Sends a body and receives one, the two in one system call where the mode has such. */
static void exchange(struct end *end, unsigned char *body, size_t size)
{
    if (end->has_ring) {
        uring_send(&end->ring, end->fd, body, size, true);
        uring_recv(&end->ring, end->fd, body, size, true);
        BENCH_CHECK(uring_wait(&end->ring) == (ssize_t) size);
        BENCH_CHECK(uring_wait(&end->ring) == (ssize_t) size);
        return;
    }
    bare_write_all(end->fd, body, size);
    take(end, body, size);
}

static void echo(struct bench_side *side, struct end *end, unsigned char *body)
{
    const size_t size = side->args->size;
    uint64_t count;

    while ((count = bench_hear_u64(side)) != 0) {
        take(end, body, size);
        for (uint64_t i = 1; i < count; i++) {
            exchange(end, body, size);
        }
        bare_write_all(end->fd, body, size);
    }
}

static uint64_t ask(struct bench_side *side, struct end *end, unsigned char *body, uint64_t count)
{
    const uint64_t start = bench_now_ns();

    bench_tell_u64(side, count);
    for (uint64_t i = 0; i < count; i++) {
        bench_body_stamp(body, side->args->size, i);
        exchange(end, body, side->args->size);
        bench_body_check(body, side->args->size, side->args->size, i);
    }
    return bench_now_ns() - start;
}

/* ---- one way ---- */

/* Takes the completions that are there; waits for one if too much is under way. */
static void reap(struct end *end)
{
    char room[128];
    struct msghdr msg = {.msg_control = room, .msg_controllen = sizeof room};

    while (end->pinned) {
        msg.msg_controllen = sizeof room;
        if (recvmsg(end->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            BENCH_CHECK(errno == EAGAIN);
            if (end->pinned < IN_FLIGHT) {
                return;
            }
            continue;
        }
        struct sock_extended_err err;
        memcpy(&err, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof err);
        BENCH_CHECK(err.ee_origin == SO_EE_ORIGIN_ZEROCOPY);
        const uint64_t done = (uint64_t) err.ee_data - err.ee_info + 1;
        end->pinned -= done;
        end->copied += err.ee_code == SO_EE_CODE_ZEROCOPY_COPIED ? done : 0;
    }
}

static void send_zerocopy(struct end *end, const unsigned char *body, size_t size)
{
    while (size) {
        const ssize_t n = send(end->fd, body, size, MSG_ZEROCOPY);
        if (n < 0) {
            BENCH_CHECK(errno == ENOBUFS); /* too many pages pinned */
            reap(end);
            continue;
        }
        end->pinned++;
        body += n;
        size -= (size_t) n;
        reap(end);
    }
}

/* Each body of a ring has a buffer of its own, as must be where the kernel reads it later. */
static void stream(struct bench_side *side, struct end *end, unsigned char *bodies)
{
    const size_t size = side->args->size;
    uint64_t count;

    while ((count = bench_hear_u64(side)) != 0) {
        for (uint64_t i = 0; i < count; i++) {
            unsigned char *body = bodies + i % CHAIN * size;
            const bool is_last = i % CHAIN == CHAIN - 1 || i + 1 == count;
            if (!is_mode(end, "zerocopy")) {
                bench_body_stamp(body, size, i);
            }
            if (end->has_ring) {
                uring_send(&end->ring, end->fd, body, size, !is_last);
                for (uint64_t k = 0; is_last && k <= i % CHAIN; k++) {
                    BENCH_CHECK(uring_wait(&end->ring) == (ssize_t) size);
                }
            } else if (is_mode(end, "zerocopy")) {
                send_zerocopy(end, body, size);
            } else {
                bare_write_all(end->fd, body, size);
            }
        }
        bench_hear_u64(side);
        reap(end);
        bench_tell_u64(side, end->copied);
    }
}

static uint64_t drink(struct bench_side *side, struct end *end, unsigned char *body,
                      uint64_t count)
{
    const size_t size = side->args->size;
    uint64_t start;

    bench_tell_u64(side, count);
    take(end, body, size);
    start = bench_now_ns();
    for (uint64_t i = 1; i < count; i++) {
        take(end, body, size);
        /* A buffer that the kernel still reads must not be written: these bear no numbers. */
        if (!is_mode(end, "zerocopy")) {
            bench_body_check(body, size, size, i);
        }
    }
    const uint64_t elapsed = bench_now_ns() - start;
    bench_tell_u64(side, 1);
    end->copied = bench_hear_u64(side);
    return elapsed;
}

/* ---- the two sides ---- */

static unsigned char *make_bodies(size_t size)
{
    unsigned char *bodies = malloc(size * CHAIN);

    BENCH_CHECK(bodies);
    for (unsigned i = 0; i < CHAIN; i++) {
        bench_body_init(bodies + i * size, size);
    }
    return bodies;
}

static void far_side(struct bench_side *side)
{
    unsigned char *bodies = make_bodies(side->args->size);
    struct end end = {.fd = bare_connect(side)};
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage sum = {0};

    prepare(&end, side->args);
    bench_usage_now(&from);
    if (side->args->size < STREAM_FROM) {
        echo(side, &end, bodies);
    } else {
        stream(side, &end, bodies);
    }
    bench_usage_now(&to);
    bench_usage_add(&sum, &from, &to);
    bench_tell(side, &sum, sizeof sum);
    release(&end);
    free(bodies);
}

static void near_side(struct bench_side *side)
{
    const struct bench_args *args = side->args;
    const bool is_stream = args->size >= STREAM_FROM;
    unsigned char *bodies = make_bodies(args->size);
    struct end end = {.fd = bare_accept(side)};
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage used = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    uint64_t total = 0;

    prepare(&end, args);
    while (bench_goes_on(args, &count, elapsed)) {
        bench_usage_now(&from);
        elapsed = is_stream ? drink(side, &end, bodies, count) : ask(side, &end, bodies, count);
        bench_usage_now(&to);
        total += count;
    }
    bench_usage_add(&used, &from, &to);
    bench_tell_u64(side, 0);
    bench_hear(side, &theirs, sizeof theirs);
    /* The other side counted the calibration too. */
    theirs.cpu_us = theirs.cpu_us * count / total;
    theirs.switches = theirs.switches * count / total;
    bench_out_begin(args, is_stream ? "msg/s" : "us", is_stream ? "higher" : "lower");
    bench_out_num("value", is_stream ? (double) (count - 1) * 1e9 / (double) elapsed
                                     : (double) elapsed / 2e3 / (double) count);
    bench_out_cpu(side, &used, &theirs, count);
    if (is_mode(&end, "zerocopy")) {
        bench_out_num("copied_after_all", (double) end.copied);
    }
    bench_out_end();
    release(&end);
    free(bodies);
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .mode = "plain", .size = 16, .seconds = 0.5};

    bench_parse(&args, argc, argv);
    BENCH_CHECK(args.size >= BENCH_MIN_BODY);
    bench_run_pair(&args, NULL, near_side, far_side);
    return 0;
}
