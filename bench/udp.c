/* SPDX-License-Identifier: MIT */
/*
 * Datagrams from one RADIO to one DISH over loopback, where the library has draft types. Nothing
 * may be lost, so the sender is at most two bursts ahead of what the receiver has acknowledged over
 * the control channel: that many fit into the kernel's buffer. Reported: datagrams/s.
 */
#include "zsock.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DRAFT_RADIO = 14, DRAFT_DISH = 15 }; /* not in every header */
enum { BURST = 32, AHEAD = 2, PROBE_MS = 10, PATIENCE_MS = 5000 };

typedef int group_fn(zmq_msg_t *msg, const char *group);
typedef int join_fn(void *sock, const char *group);

/* A port that is free a moment later: not every library tells which one it chose. */
static unsigned free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);

    BENCH_CHECK(fd >= 0 && bind(fd, (struct sockaddr *) &at, size) == 0);
    BENCH_CHECK(getsockname(fd, (struct sockaddr *) &at, &size) == 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void say(void *radio, group_fn *set_group, const void *body, size_t size, uint64_t seq)
{
    zmq_msg_t msg;

    BENCH_CHECK(zmq_msg_init_size(&msg, size) == 0);
    memcpy(zmq_msg_data(&msg), body, size);
    if (size >= BENCH_MIN_BODY) {
        bench_body_stamp(zmq_msg_data(&msg), size, seq);
    }
    BENCH_CHECK(set_group(&msg, "bench") == 0);
    BENCH_CHECK(zmq_msg_send(&msg, radio, 0) == (int) size);
}

static void sender(struct bench_side *side)
{
    const size_t size = side->args->size;
    group_fn *set_group = (group_fn *) bench_zmq_draft("zmq_msg_set_group");
    unsigned char *body = malloc(size);
    struct pollfd heard = {.fd = side->rd, .events = POLLIN};
    struct bench_usage from;
    struct bench_usage to;
    char endpoint[64];
    uint64_t bursts;
    void *ctx = bench_zmq_ctx(side);
    void *radio = bench_zmq_open(ctx, DRAFT_RADIO);

    bench_print_library("libzmq.so", "radio");
    BENCH_CHECK(body);
    bench_body_init(body, size);
    snprintf(endpoint, sizeof endpoint, "udp://127.0.0.1:%u", (unsigned) bench_hear_u64(side));
    bench_zmq_connect(radio, endpoint);
    do { /* a library may bind some time after it said that it did */
        say(radio, set_group, "?", 1, 0);
    } while (poll(&heard, 1, PROBE_MS) == 0);
    while ((bursts = bench_hear_u64(side)) != 0) {
        struct bench_usage sum = {0};
        bench_usage_now(&from);
        for (uint64_t b = 0; b < bursts + AHEAD; b++) {
            if (b >= AHEAD) {
                bench_hear_u64(side);
            }
            for (uint64_t i = 0; b < bursts && i < BURST; i++) {
                say(radio, set_group, body, size, b * BURST + i);
            }
        }
        bench_usage_now(&to);
        bench_usage_add(&sum, &from, &to);
        bench_tell(side, &sum, sizeof sum);
    }
    bench_zmq_close(radio);
    bench_zmq_ctx_done(side, ctx);
    free(body);
}

/* A probe is shorter than any message. */
static void receive(void *dish, unsigned char *body, size_t size, uint64_t seq)
{
    int n;

    do {
        n = zmq_recv(dish, body, size, 0);
        BENCH_CHECK(n >= 0);
    } while (n == 1);
    bench_body_check(body, (size_t) n, size, seq);
}

static void receiver(struct bench_side *side)
{
    const size_t size = side->args->size;
    join_fn *join = (join_fn *) bench_zmq_draft("zmq_join");
    unsigned char *body = malloc(size);
    const unsigned port = free_port();
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    char endpoint[64];
    void *ctx = bench_zmq_ctx(side);
    void *dish = bench_zmq_open(ctx, DRAFT_DISH);

    bench_print_library("libzmq.so", "dish");
    BENCH_CHECK(body && size >= BENCH_MIN_BODY);
    bench_zmq_set(dish, ZMQ_RCVTIMEO, PATIENCE_MS);
    BENCH_CHECK(join(dish, "bench") == 0);
    snprintf(endpoint, sizeof endpoint, "udp://127.0.0.1:%u", port);
    BENCH_CHECK(zmq_bind(dish, endpoint) == 0);
    bench_tell_u64(side, port);
    BENCH_CHECK(zmq_recv(dish, body, size, 0) == 1);
    while (bench_goes_on(side->args, &count, elapsed)) {
        const uint64_t bursts = (count + BURST - 1) / BURST;
        count = bursts * BURST;
        bench_usage_now(&from);
        bench_tell_u64(side, bursts);
        receive(dish, body, size, 0);
        const uint64_t start = bench_now_ns();
        for (uint64_t i = 1; i < count; i++) {
            receive(dish, body, size, i);
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
    bench_zmq_close(dish);
    bench_zmq_ctx_done(side, ctx);
    free(body);

    bench_out_begin(side->args, "msg/s", "higher");
    bench_out_num("value", (double) (count - 1) * 1e9 / (double) elapsed);
    bench_out_num("count", (double) count);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "udp", .mode = "radio", .size = 64, .seconds = 0.6};

    bench_parse(&args, argc, argv);
    (void) bench_zmq_draft("zmq_join"); /* leaves here where there is none */
    bench_zmq_run_pair(&args, receiver, sender);
    return 0;
}
