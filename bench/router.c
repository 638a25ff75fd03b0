/* SPDX-License-Identifier: MIT */
/*
 * One ROUTER that echoes, with `--n` connections (100). The clients are bare sockets of another
 * process that speak ZMTP 3.0 as DEALERs (`rawpeer.h`): they cost the same on either library, and
 * a thousand of them are no burden, so that it is the ROUTER that is measured. About 1,024
 * messages are under way, at most 64 and at least one of each connection. Reported: echoed
 * messages per second (metric "rate") and the CPU seconds of the ROUTER's process per million
 * ("cpu").
 */
#include "zsock.h"

#include <stdlib.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "rawpeer.h"

enum { UNDER_WAY = 1024, WINDOW_MAX = 64, ID_MAX = 64, STOP_SIZE = 1, EVENTS = 256 };

/* ---- the ROUTER ---- */

static void echo_all(void *router, unsigned char *body, size_t size)
{
    unsigned char id[ID_MAX];

    for (;;) {
        const int id_size = zmq_recv(router, id, sizeof id, 0);
        BENCH_CHECK(id_size > 0 && id_size <= ID_MAX);
        const int n = zmq_recv(router, body, size, 0);
        if (n == STOP_SIZE) {
            return;
        }
        BENCH_CHECK(n == (int) size);
        BENCH_CHECK(zmq_send(router, id, (size_t) id_size, ZMQ_SNDMORE) == id_size);
        BENCH_CHECK(zmq_send(router, body, size, 0) == n);
    }
}

/* Each round of the calibration ends with a stop, so that each has a CPU time of its own. */
static void serve(struct bench_side *side)
{
    unsigned char *body = malloc(side->args->size);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    void *ctx = bench_zmq_ctx(side);
    void *router = bench_zmq_open(ctx, ZMQ_ROUTER);

    BENCH_CHECK(body);
    bench_raise_nofile();
    bench_print_library("libzmq.so", "router");
    bench_zmq_bind(router, side->args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    while (bench_hear_u64(side)) {
        struct bench_usage sum = {0};
        bench_usage_now(&from);
        echo_all(router, body, side->args->size);
        bench_usage_now(&to);
        bench_usage_add(&sum, &from, &to);
        bench_tell(side, &sum, sizeof sum);
    }
    bench_zmq_close(router);
    bench_zmq_ctx_done(side, ctx);
    free(body);
}

/* ---- the clients ---- */

struct client {
    struct rawpeer peer;
    uint64_t sent;
    uint64_t got;
};

struct crowd {
    struct client *clients;
    unsigned n;
    unsigned window;
    size_t size;
    unsigned char *body;
    uint64_t to_send; /* of this round, by all */
    uint64_t to_come;
    int epfd;
};

static void crowd_init(struct crowd *all, const struct bench_args *args, const char *endpoint)
{
    all->n = args->n;
    all->size = args->size;
    all->window = UNDER_WAY / args->n;
    all->window = all->window > WINDOW_MAX ? WINDOW_MAX : all->window ? all->window : 1;
    all->clients = calloc(args->n, sizeof *all->clients);
    all->epfd = epoll_create1(0);
    all->body = malloc(args->size);
    BENCH_CHECK(all->clients && all->body && all->epfd >= 0);
    bench_body_init(all->body, args->size);
    for (unsigned i = 0; i < args->n; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        rawpeer_connect(&all->clients[i].peer, endpoint, "DEALER");
        BENCH_CHECK(epoll_ctl(all->epfd, EPOLL_CTL_ADD, all->clients[i].peer.fd, &event) == 0);
    }
}

static void crowd_fini(struct crowd *all)
{
    for (unsigned i = 0; i < all->n; i++) {
        rawpeer_close(&all->clients[i].peer);
    }
    close(all->epfd);
    free(all->clients);
    free(all->body);
}

/* Puts up to `count` requests of a client on their way, in one write. */
static void send_some(struct crowd *all, struct client *client, uint64_t count)
{
    count = count < all->to_send ? count : all->to_send;
    for (uint64_t i = 0; i < count; i++) {
        bench_body_stamp(all->body, all->size, client->sent++);
        memcpy(rawpeer_frame(&client->peer, all->size), all->body, all->size);
    }
    all->to_send -= count;
    rawpeer_flush(&client->peer);
}

static void take_answers(struct crowd *all, struct client *client)
{
    uint64_t taken = 0;
    unsigned char *body;
    size_t size;

    rawpeer_fill(&client->peer);
    while ((body = rawpeer_next(&client->peer, &size)) != NULL) {
        bench_body_check(body, size, all->size, client->got++);
        taken++;
    }
    all->to_come -= taken;
    send_some(all, client, taken);
}

static uint64_t drive(struct crowd *all, uint64_t count)
{
    const uint64_t start = bench_now_ns();
    struct epoll_event events[EVENTS];

    all->to_send = all->to_come = count;
    for (unsigned i = 0; i < all->n; i++) {
        send_some(all, &all->clients[i], all->window);
    }
    while (all->to_come) {
        const int n = epoll_wait(all->epfd, events, EVENTS, -1);
        BENCH_CHECK(n > 0);
        for (int i = 0; i < n; i++) {
            take_answers(all, &all->clients[events[i].data.u32]);
        }
    }
    return bench_now_ns() - start;
}

static void stop_round(struct bench_side *side, struct crowd *all, struct bench_usage *theirs)
{
    memset(rawpeer_frame(&all->clients[0].peer, STOP_SIZE), 0, STOP_SIZE);
    rawpeer_flush(&all->clients[0].peer);
    bench_hear(side, theirs, sizeof *theirs);
}

static void clients(struct bench_side *side)
{
    const struct bench_args *args = side->args;
    char endpoint[BENCH_ENDPOINT_MAX];
    struct crowd all = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;

    bench_raise_nofile();
    bench_hear(side, endpoint, sizeof endpoint);
    crowd_init(&all, args, endpoint);
    while (bench_goes_on(args, &count, elapsed)) {
        /* Each has its turn, on a first try as well. */
        count = !args->count && count < args->n * 2u ? args->n * 2u : count;
        bench_tell_u64(side, 1);
        elapsed = drive(&all, count);
        stop_round(side, &all, &theirs);
    }
    bench_tell_u64(side, 0);
    crowd_fini(&all);

    bench_out_begin(args, "msg/s", "higher");
    bench_out_str("metric", "rate");
    bench_out_num("value", (double) count * 1e9 / (double) elapsed);
    bench_out_num("count", (double) count);
    bench_out_num("cpu_s_per_million", (double) theirs.cpu_us / (double) count);
    bench_out_num("switches_per_op", (double) theirs.switches / (double) count);
    bench_out_end();
    bench_out_begin(args, "s/M", "lower");
    bench_out_str("metric", "cpu");
    bench_out_num("value", (double) theirs.cpu_us / (double) count);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 64, .seconds = 0.6, .n = 100};

    bench_parse(&args, argc, argv);
    BENCH_CHECK(args.n && args.size >= BENCH_MIN_BODY && args.size < RAWPEER_SHORT);
    bench_run_pair(&args, NULL, clients, serve);
    return 0;
}
