/* SPDX-License-Identifier: MIT */
/*
 * Throughput from one PUSH to one PULL. The receiver times from the first message to the last and
 * checks number, digest and (sampled) every byte of each. `--mode` says how the messages travel:
 *
 *   send   zmq_send to zmq_recv          msg    zmq_msg_send to zmq_msg_recv
 *   parts  --n parts each (4)            poll   a zmq_poll before each receive
 *   fd     an outer epoll on ZMQ_FD      mixed  sizes from 16 bytes to 64 KiB
 *   curve  as send, encrypted            hwm    high-water marks of --n on both sides
 */
#include "zsock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "curve.h"

struct flow {
    void *sock;
    unsigned char *body;
    size_t size;
    size_t capacity;
    unsigned parts;
};

struct mode {
    const char *name;
    void (*send)(struct flow *flow, uint64_t count);
    /* Receives messages [from, to). */
    void (*recv)(struct flow *flow, uint64_t from, uint64_t to);
};

/* ---- zmq_send, zmq_recv ---- */

static void send_plain(struct flow *flow, uint64_t count)
{
    const size_t size = flow->size;

    for (uint64_t i = 0; i < count; i++) {
        bench_body_stamp(flow->body, size, i);
        BENCH_CHECK(zmq_send(flow->sock, flow->body, size, 0) == (int) size);
    }
}

static void recv_plain(struct flow *flow, uint64_t from, uint64_t to)
{
    const size_t size = flow->size;

    for (uint64_t i = from; i < to; i++) {
        const int n = zmq_recv(flow->sock, flow->body, flow->capacity, 0);
        BENCH_CHECK(n >= 0);
        bench_body_check(flow->body, (size_t) n, size, i);
    }
}

/* ---- zmq_msg_send, zmq_msg_recv ---- */

static void send_msg(struct flow *flow, uint64_t count)
{
    const size_t size = flow->size;
    zmq_msg_t msg;

    for (uint64_t i = 0; i < count; i++) {
        BENCH_CHECK(zmq_msg_init_size(&msg, size) == 0);
        memcpy(zmq_msg_data(&msg), flow->body, size);
        bench_body_stamp(zmq_msg_data(&msg), size, i);
        BENCH_CHECK(zmq_msg_send(&msg, flow->sock, 0) == (int) size);
    }
}

static void recv_msg(struct flow *flow, uint64_t from, uint64_t to)
{
    const size_t size = flow->size;
    zmq_msg_t msg;

    BENCH_CHECK(zmq_msg_init(&msg) == 0);
    for (uint64_t i = from; i < to; i++) {
        BENCH_CHECK(zmq_msg_recv(&msg, flow->sock, 0) >= 0);
        bench_body_check(zmq_msg_data(&msg), zmq_msg_size(&msg), size, i);
    }
    BENCH_CHECK(zmq_msg_close(&msg) == 0);
}

/* ---- several parts ---- */

static void send_parts(struct flow *flow, uint64_t count)
{
    const uint64_t parts = flow->parts;
    const size_t size = flow->size;

    for (uint64_t i = 0; i < count * parts; i++) {
        const int flags = i % parts == parts - 1 ? 0 : ZMQ_SNDMORE;
        bench_body_stamp(flow->body, size, i);
        BENCH_CHECK(zmq_send(flow->sock, flow->body, size, flags) == (int) size);
    }
}

static void recv_parts(struct flow *flow, uint64_t from, uint64_t to)
{
    const uint64_t parts = flow->parts;
    const size_t size = flow->size;
    zmq_msg_t msg;

    BENCH_CHECK(zmq_msg_init(&msg) == 0);
    for (uint64_t i = from * parts; i < to * parts; i++) {
        BENCH_CHECK(zmq_msg_recv(&msg, flow->sock, 0) >= 0);
        bench_body_check(zmq_msg_data(&msg), zmq_msg_size(&msg), size, i);
        BENCH_CHECK(zmq_msg_more(&msg) == (i % parts != parts - 1));
    }
    BENCH_CHECK(zmq_msg_close(&msg) == 0);
}

/* ---- zmq_poll before each receive ---- */

static void recv_poll(struct flow *flow, uint64_t from, uint64_t to)
{
    zmq_pollitem_t item = {.socket = flow->sock, .events = ZMQ_POLLIN};

    for (uint64_t i = from; i < to; i++) {
        BENCH_CHECK(zmq_poll(&item, 1, -1) == 1 && (item.revents & ZMQ_POLLIN));
        const int n = zmq_recv(flow->sock, flow->body, flow->capacity, ZMQ_DONTWAIT);
        BENCH_CHECK(n >= 0);
        bench_body_check(flow->body, (size_t) n, flow->size, i);
    }
}

/* ---- an event loop of the program's own ---- */

static void wait_for_fd(struct flow *flow, int epfd)
{
    struct epoll_event event;

    while (!(bench_zmq_int(flow->sock, ZMQ_EVENTS) & ZMQ_POLLIN)) {
        const int n = epoll_wait(epfd, &event, 1, -1);
        BENCH_CHECK(n == 1 || (n < 0 && errno == EINTR));
    }
}

static int make_epoll(int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    const int epfd = epoll_create1(0);

    BENCH_CHECK(epfd >= 0);
    BENCH_CHECK(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) == 0);
    return epfd;
}

static void recv_fd(struct flow *flow, uint64_t from, uint64_t to)
{
    const int epfd = make_epoll(bench_zmq_int(flow->sock, ZMQ_FD));

    for (uint64_t i = from; i < to; i++) {
        int n = zmq_recv(flow->sock, flow->body, flow->capacity, ZMQ_DONTWAIT);
        while (n < 0) {
            BENCH_CHECK(errno == EAGAIN);
            wait_for_fd(flow, epfd);
            n = zmq_recv(flow->sock, flow->body, flow->capacity, ZMQ_DONTWAIT);
        }
        bench_body_check(flow->body, (size_t) n, flow->size, i);
    }
    close(epfd);
}

/* ---- mixed sizes: of 16 messages 10 small, 4 middling, 1 of 4 KiB; each 64th is of 64 KiB ---- */

static size_t mixed_size(uint64_t seq)
{
    const uint64_t x = bench_digest(seq, 0) >> 8;

    if (seq % 64 == 63) {
        return BENCH_MIXED_MAX;
    }
    switch (seq % 16) {
    case 3:
    case 6:
    case 9:
    case 12:
        return 128 + x % 896;
    case 15:
        return 4096;
    default:
        return 16 + x % 48;
    }
}

static void send_mixed(struct flow *flow, uint64_t count)
{
    unsigned char stale[8];

    for (uint64_t i = 0; i < count; i++) {
        const size_t size = mixed_size(i);
        unsigned char *tail = flow->body + size - sizeof stale;
        memcpy(stale, tail, sizeof stale);
        bench_body_stamp(flow->body, size, i);
        BENCH_CHECK(zmq_send(flow->sock, flow->body, size, 0) == (int) size);
        memcpy(tail, stale, sizeof stale);
    }
}

static void recv_mixed(struct flow *flow, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        const int n = zmq_recv(flow->sock, flow->body, flow->capacity, 0);
        BENCH_CHECK(n >= 0);
        bench_body_check(flow->body, (size_t) n, mixed_size(i), i);
    }
}

/* ---- the two sides ---- */

static const struct mode modes[] = {
    {"send", send_plain, recv_plain}, {"msg", send_msg, recv_msg},
    {"parts", send_parts, recv_parts}, {"poll", send_plain, recv_poll},
    {"fd", send_plain, recv_fd},       {"mixed", send_mixed, recv_mixed},
    {"curve", send_plain, recv_plain}, {"hwm", send_plain, recv_plain},
};

static const struct mode *find_mode(const struct bench_args *args)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].name, args->mode) == 0) {
            return &modes[i];
        }
    }
    bench_fail(__FILE__, __LINE__, "unknown --mode");
}

static void flow_init(struct flow *flow, const struct bench_args *args, void *ctx, int type)
{
    flow->sock = bench_zmq_open(ctx, type);
    flow->size = args->size;
    flow->capacity = strcmp(args->mode, "mixed") == 0 ? BENCH_MIXED_MAX : args->size;
    flow->parts = args->n;
    flow->body = malloc(flow->capacity);
    BENCH_CHECK(flow->body && flow->size >= 1 && flow->parts >= 1);
    bench_body_init(flow->body, flow->capacity);
    if (strcmp(args->mode, "curve") == 0) {
        bench_curve_setup(flow->sock, type == ZMQ_PULL);
    }
    if (strcmp(args->mode, "hwm") == 0) {
        bench_zmq_set(flow->sock, type == ZMQ_PULL ? ZMQ_RCVHWM : ZMQ_SNDHWM, (int) args->n);
    }
}

static void flow_fini(struct flow *flow)
{
    bench_zmq_close(flow->sock);
    free(flow->body);
}

static void sender(struct bench_side *side)
{
    const struct mode *mode = find_mode(side->args);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct flow flow;
    uint64_t count;
    void *ctx = bench_zmq_ctx(side);

    bench_print_library("libzmq.so", "sender");
    bench_hear(side, endpoint, sizeof endpoint);
    flow_init(&flow, side->args, ctx, ZMQ_PUSH);
    bench_zmq_connect(flow.sock, endpoint);
    while ((count = bench_hear_u64(side)) != 0) {
        struct bench_usage sum = {0};
        bench_usage_now(&from);
        mode->send(&flow, count);
        bench_hear_u64(side); /* all received: whatever the library still did is counted */
        bench_usage_now(&to);
        bench_usage_add(&sum, &from, &to);
        bench_tell(side, &sum, sizeof sum);
    }
    flow_fini(&flow);
    bench_zmq_ctx_done(side, ctx);
}

static void report(const struct bench_side *side, uint64_t count, uint64_t elapsed)
{
    const double rate = (double) (count - 1) * 1e9 / (double) elapsed;

    bench_out_begin(side->args, "msg/s", "higher");
    bench_out_num("value", rate);
    bench_out_num("count", (double) count);
    if (strcmp(side->args->mode, "mixed") != 0) {
        const size_t parts = strcmp(side->args->mode, "parts") == 0 ? side->args->n : 1;
        bench_out_num("bytes_per_s", rate * (double) (side->args->size * parts));
    }
}

static void receiver(struct bench_side *side)
{
    const struct mode *mode = find_mode(side->args);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    struct flow flow;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    void *ctx = bench_zmq_ctx(side);

    bench_print_library("libzmq.so", "receiver");
    flow_init(&flow, side->args, ctx, ZMQ_PULL);
    bench_zmq_bind(flow.sock, side->args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    while (bench_goes_on(side->args, &count, elapsed)) {
        bench_usage_now(&from);
        bench_tell_u64(side, count);
        mode->recv(&flow, 0, 1);
        const uint64_t start = bench_now_ns();
        mode->recv(&flow, 1, count);
        elapsed = bench_now_ns() - start;
        bench_usage_now(&to);
        bench_tell_u64(side, 1);
        bench_hear(side, &theirs, sizeof theirs);
    }
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 0);
    flow_fini(&flow);
    bench_zmq_ctx_done(side, ctx);

    report(side, count, elapsed);
    bench_out_cpu(side, &mine, &theirs, count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .mode = "send", .size = 16, .seconds = 0.6,
                              .n = 4};

    bench_parse(&args, argc, argv);
    if (strcmp(args.mode, "curve") == 0 && !zmq_has("curve")) {
        fprintf(stderr, "SKIP: this libzmq has no CURVE\n");
        return 77;
    }
    bench_zmq_run_pair(&args, receiver, sender);
    return 0;
}
