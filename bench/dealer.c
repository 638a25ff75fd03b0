/* SPDX-License-Identifier: MIT */
/*
 * `--n` DEALERs (8) of one process, driven by one thread with zmq_poll, against a ROUTER that
 * echoes in another process. Each DEALER keeps a window of requests under way. Reported: echoed
 * messages per second.
 */
#include "zsock.h"

#include <errno.h>
#include <stdlib.h>

enum { WINDOW = 64, ID_MAX = 64, STOP_SIZE = 1 };

static void echo(struct bench_side *side)
{
    unsigned char id[ID_MAX];
    unsigned char *body = malloc(side->args->size);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage sum = {0};
    int n;
    void *ctx = bench_zmq_ctx(side);
    void *router = bench_zmq_open(ctx, ZMQ_ROUTER);

    BENCH_CHECK(body);
    bench_print_library("libzmq.so", "router");
    bench_zmq_bind(router, side->args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    bench_usage_now(&from);
    for (;;) {
        const int id_size = zmq_recv(router, id, sizeof id, 0);
        BENCH_CHECK(id_size > 0 && id_size <= ID_MAX);
        n = zmq_recv(router, body, side->args->size, 0);
        if (n == STOP_SIZE) {
            break;
        }
        BENCH_CHECK(n == (int) side->args->size);
        BENCH_CHECK(zmq_send(router, id, (size_t) id_size, ZMQ_SNDMORE) == id_size);
        BENCH_CHECK(zmq_send(router, body, (size_t) n, 0) == n);
    }
    bench_usage_now(&to);
    bench_usage_add(&sum, &from, &to);
    bench_tell(side, &sum, sizeof sum);
    bench_zmq_close(router);
    bench_zmq_ctx_done(side, ctx);
    free(body);
}

struct client {
    void *sock;
    uint64_t sent;
    uint64_t got;
};

struct crowd {
    struct client *clients;
    zmq_pollitem_t *items;
    unsigned n;
    size_t size;
    unsigned char *body;
};

static void send_one(struct crowd *all, struct client *client)
{
    bench_body_stamp(all->body, all->size, client->sent++);
    BENCH_CHECK(zmq_send(client->sock, all->body, all->size, 0) == (int) all->size);
}

/* Takes all the answers a client has, sending on as long as `quota` lasts. */
static uint64_t turn(struct crowd *all, struct client *client, uint64_t quota)
{
    uint64_t taken = 0;
    int n;

    while ((n = zmq_recv(client->sock, all->body, all->size, ZMQ_DONTWAIT)) >= 0) {
        bench_body_check(all->body, (size_t) n, all->size, client->got++);
        taken++;
        if (client->sent < quota) {
            send_one(all, client);
        }
    }
    BENCH_CHECK(errno == EAGAIN);
    return taken;
}

/* `quota` round trips by each client. */
static uint64_t drive(struct crowd *all, uint64_t quota)
{
    const uint64_t start = bench_now_ns();
    uint64_t left = quota * all->n;

    for (unsigned i = 0; i < all->n; i++) {
        struct client *client = &all->clients[i];
        client->sent = client->got = 0;
        while (client->sent < quota && client->sent < WINDOW) {
            send_one(all, client);
        }
    }
    while (left) {
        BENCH_CHECK(zmq_poll(all->items, (int) all->n, -1) > 0);
        for (unsigned i = 0; i < all->n; i++) {
            if (all->items[i].revents & ZMQ_POLLIN) {
                left -= turn(all, &all->clients[i], quota);
            }
        }
    }
    return bench_now_ns() - start;
}

static void crowd_init(struct crowd *all, const struct bench_args *args, void *ctx,
                       const char *endpoint)
{
    all->n = args->n;
    all->size = args->size;
    all->clients = calloc(args->n, sizeof *all->clients);
    all->items = calloc(args->n, sizeof *all->items);
    all->body = malloc(args->size);
    BENCH_CHECK(all->clients && all->items && all->body && args->size >= BENCH_MIN_BODY);
    bench_body_init(all->body, args->size);
    for (unsigned i = 0; i < args->n; i++) {
        void *sock = bench_zmq_open(ctx, ZMQ_DEALER);
        bench_zmq_connect(sock, endpoint);
        all->clients[i].sock = sock;
        all->items[i] = (zmq_pollitem_t){.socket = sock, .events = ZMQ_POLLIN};
    }
}

static void crowd_fini(struct crowd *all)
{
    for (unsigned i = 0; i < all->n; i++) {
        bench_zmq_close(all->clients[i].sock);
    }
    free(all->clients);
    free(all->items);
    free(all->body);
}

static void dealers(struct bench_side *side)
{
    struct crowd all = {0};
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    uint64_t total = 0;
    void *ctx = bench_zmq_ctx(side);

    bench_print_library("libzmq.so", "dealers");
    bench_hear(side, endpoint, sizeof endpoint);
    crowd_init(&all, side->args, ctx, endpoint);
    while (bench_goes_on(side->args, &count, elapsed)) {
        bench_usage_now(&from);
        elapsed = drive(&all, count);
        bench_usage_now(&to);
        total += count;
    }
    bench_usage_add(&mine, &from, &to);
    BENCH_CHECK(zmq_send(all.clients[0].sock, "", STOP_SIZE, 0) == STOP_SIZE);
    bench_hear(side, &theirs, sizeof theirs);
    /* The router counted the calibration too. */
    theirs.cpu_us = theirs.cpu_us * count / total;
    theirs.switches = theirs.switches * count / total;
    crowd_fini(&all);
    bench_zmq_ctx_done(side, ctx);

    const uint64_t trips = count * side->args->n;
    bench_out_begin(side->args, "msg/s", "higher");
    bench_out_num("value", (double) trips * 1e9 / (double) elapsed);
    bench_out_num("count", (double) trips);
    bench_out_cpu(side, &mine, &theirs, trips);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 64, .seconds = 0.6, .n = 8};

    bench_parse(&args, argc, argv);
    bench_zmq_run_pair(&args, dealers, echo);
    return 0;
}
