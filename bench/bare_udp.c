/* SPDX-License-Identifier: MIT */
/*
 * The work of bench_udp over bare sockets: `--mode each` takes a system call for each datagram at
 * both ends, `--mode batch` one for up to 32 (Linux).
 */
#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { BURST = 32, AHEAD = 2, BATCH = 32, HEAD = 6, PATIENCE_S = 5 };

static const unsigned char head[HEAD] = "\5bench";

struct line {
    int fd;
    size_t size; /* of a datagram */
    unsigned char *data; /* BATCH of them */
    unsigned have, at;   /* received, of these given out */
    bool batch;
};

static void line_open(struct line *line, const struct bench_args *args)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};

    *line = (struct line) {.fd = socket(AF_INET, SOCK_DGRAM, 0), .size = HEAD + args->size,
                           .batch = strcmp(args->mode, "batch") == 0};
    line->data = calloc(BATCH, line->size);
    BENCH_CHECK(line->fd >= 0 && line->data && args->size >= BENCH_MIN_BODY);
    BENCH_CHECK(setsockopt(line->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    for (unsigned i = 0; i < BATCH; i++) {
        memcpy(line->data + i * line->size, head, HEAD);
        bench_body_init(line->data + i * line->size + HEAD, args->size);
    }
}

static void line_close(struct line *line)
{
    close(line->fd);
    free(line->data);
}

/* Datagrams moved by one call, `n` or fewer. */
static unsigned move(struct line *line, struct sockaddr_in *to, unsigned n)
{
    struct mmsghdr msg[BATCH];
    struct iovec iov[BATCH];
    int moved;

    memset(msg, 0, n * sizeof *msg);
    for (unsigned i = 0; i < n; i++) {
        iov[i] = (struct iovec) {line->data + i * line->size, line->size};
        msg[i].msg_hdr.msg_iov = &iov[i];
        msg[i].msg_hdr.msg_iovlen = 1;
        msg[i].msg_hdr.msg_name = to;
        msg[i].msg_hdr.msg_namelen = to ? sizeof *to : 0;
    }
    moved = to ? sendmmsg(line->fd, msg, n, 0)
               : recvmmsg(line->fd, msg, n, MSG_WAITFORONE, NULL);
    BENCH_CHECK(moved > 0);
    return (unsigned) moved;
}

static void send_burst(struct line *line, struct sockaddr_in *to, uint64_t seq)
{
    const unsigned step = line->batch ? BATCH : 1;
    const size_t size = line->size;

    for (unsigned i = 0; i < BURST; i += step) {
        for (unsigned k = 0; k < step; k++) {
            bench_body_stamp(line->data + k * size + HEAD, size - HEAD, seq + i + k);
        }
        if (line->batch) {
            BENCH_CHECK(move(line, to, step) == step);
        } else {
            BENCH_CHECK(sendto(line->fd, line->data, size, 0, (struct sockaddr *) to,
                               sizeof *to) == (ssize_t) size);
        }
    }
}

static void receive(struct line *line, uint64_t seq)
{
    const size_t size = line->size;
    unsigned char *data = line->data;

    if (!line->batch) {
        BENCH_CHECK(recvfrom(line->fd, data, size, 0, NULL, NULL) == (ssize_t) size);
    } else {
        if (line->at == line->have) {
            line->have = move(line, NULL, BATCH);
            line->at = 0;
        }
        data += line->at++ * size;
    }
    BENCH_CHECK(memcmp(data, head, HEAD) == 0);
    bench_body_check(data + HEAD, size - HEAD, size - HEAD, seq);
}

static void sender(struct bench_side *side)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct bench_usage from;
    struct bench_usage till;
    struct line line;
    uint64_t bursts;

    line_open(&line, side->args);
    to.sin_port = htons((uint16_t) bench_hear_u64(side));
    while ((bursts = bench_hear_u64(side)) != 0) {
        struct bench_usage sum = {0};
        bench_usage_now(&from);
        for (uint64_t b = 0; b < bursts + AHEAD; b++) {
            if (b >= AHEAD) {
                bench_hear_u64(side);
            }
            if (b < bursts) {
                send_burst(&line, &to, b * BURST);
            }
        }
        bench_usage_now(&till);
        bench_usage_add(&sum, &from, &till);
        bench_tell(side, &sum, sizeof sum);
    }
    line_close(&line);
}

static void receiver(struct bench_side *side)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    struct line line;
    uint64_t elapsed = 0;
    uint64_t count = 0;

    line_open(&line, side->args);
    BENCH_CHECK(bind(line.fd, (struct sockaddr *) &at, size) == 0);
    BENCH_CHECK(getsockname(line.fd, (struct sockaddr *) &at, &size) == 0);
    bench_tell_u64(side, ntohs(at.sin_port));
    while (bench_goes_on(side->args, &count, elapsed)) {
        const uint64_t bursts = (count + BURST - 1) / BURST;
        count = bursts * BURST;
        bench_usage_now(&from);
        bench_tell_u64(side, bursts);
        receive(&line, 0);
        const uint64_t start = bench_now_ns();
        for (uint64_t i = 1; i < count; i++) {
            receive(&line, i);
            if (i % BURST == BURST - 1) {
                bench_tell_u64(side, 1);
            }
        }
        elapsed = bench_now_ns() - start;
        bench_usage_now(&to);
        bench_hear(side, &theirs, sizeof theirs);
    }
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 0);
    line_close(&line);

    bench_out_begin(side->args, "msg/s", "higher");
    bench_out_num("value", (double) (count - 1) * 1e9 / (double) elapsed);
    bench_out_num("count", (double) count);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "udp", .mode = "each", .size = 64, .seconds = 0.6};

    bench_parse(&args, argc, argv);
    bench_run_pair(&args, NULL, receiver, sender);
    return 0;
}
