/* SPDX-License-Identifier: MIT */
/*
 * One pub0 of nng to `--n` sub0s, as the libzmq program does it: all subscribers in one process
 * that polls their descriptors, the publisher at most two bursts ahead. nng's queues are far
 * shorter than libzmq's marks by default (16 and 128) and drop what does not fit, so that both are
 * made as long as the window needs. Reported: deliveries/s.
 */
#include "nngsock.h"

#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { BURST = 240, AHEAD = 2, QUEUE = 2048, RING = 4, WORD_SIZE = 1 };

struct sub {
    nng_socket sock;
    uint64_t next;
};

struct audience {
    struct sub *subs;
    struct pollfd *fds;
    unsigned n;
    size_t size;
    unsigned char *body;
    unsigned complete[RING];
};

static void publisher(struct bench_side *side)
{
    const size_t size = side->args->size;
    unsigned char *body = malloc(size);
    struct pollfd heard = {.fd = side->rd, .events = POLLIN};
    struct bench_usage from;
    struct bench_usage to;
    uint64_t count;
    nng_socket pub;

    BENCH_CHECK(body);
    bench_body_init(body, size);
    bench_print_library("libnng.so", "publisher");
    bench_nng_check(nng_pub0_open(&pub), "open");
    bench_nng_check(nng_socket_set_int(pub, NNG_OPT_SENDBUF, QUEUE), "queue");
    bench_nng_listen(side, pub);
    while (poll(&heard, 1, 1) == 0) {
        bench_nng_check(nng_send(pub, body, WORD_SIZE, 0), "send");
    }
    while ((count = bench_hear_u64(side)) != 0) {
        struct bench_usage sum = {0};
        bench_usage_now(&from);
        for (uint64_t i = 0; i < count; i++) {
            if (i % BURST == 0 && i >= AHEAD * BURST) {
                bench_hear_u64(side);
            }
            bench_body_stamp(body, size, i);
            bench_nng_check(nng_send(pub, body, size, 0), "send");
        }
        for (uint64_t i = count < AHEAD * BURST ? count : AHEAD * BURST; i > 0; i -= BURST) {
            bench_hear_u64(side);
        }
        bench_usage_now(&to);
        bench_usage_add(&sum, &from, &to);
        bench_tell(side, &sum, sizeof sum);
    }
    nng_close(pub);
    free(body);
}

static void open_audience(struct audience *all, struct bench_side *side)
{
    char endpoint[BENCH_ENDPOINT_MAX];
    const unsigned n = side->args->n;

    all->n = n;
    all->size = side->args->size;
    all->subs = calloc(n, sizeof *all->subs);
    all->fds = calloc(n, sizeof *all->fds);
    all->body = malloc(all->size);
    BENCH_CHECK(all->subs && all->fds && all->body && all->size >= BENCH_MIN_BODY);
    bench_hear(side, endpoint, sizeof endpoint);
    for (unsigned i = 0; i < n; i++) {
        nng_socket sock;
        bench_nng_check(nng_sub0_open(&sock), "open");
        bench_nng_check(nng_socket_set_int(sock, NNG_OPT_RECVBUF, QUEUE), "queue");
        bench_nng_check(nng_socket_set(sock, NNG_OPT_SUB_SUBSCRIBE, "", 0), "subscribe");
        bench_nng_check(nng_dial(sock, endpoint, NULL, 0), "dial");
        bench_nng_check(nng_socket_get_int(sock, NNG_OPT_RECVFD, &all->fds[i].fd), "descriptor");
        all->fds[i].events = POLLIN;
        all->subs[i].sock = sock;
    }
}

static void acknowledge(struct bench_side *side, struct audience *all, uint64_t next)
{
    unsigned *complete = &all->complete[(next / BURST - 1) % RING];

    if (++*complete == all->n) {
        *complete = 0;
        bench_tell_u64(side, next);
    }
}

/* Takes what `sub` has, at most one burst; returns how many. */
static uint64_t drain(struct bench_side *side, struct audience *all, struct sub *sub)
{
    uint64_t taken = 0;

    while (taken < BURST) {
        size_t n = all->size;
        const int rc = nng_recv(sub->sock, all->body, &n, NNG_FLAG_NONBLOCK);
        if (rc == NNG_EAGAIN) {
            break;
        }
        bench_nng_check(rc, "recv");
        if (n == WORD_SIZE) {
            continue;
        }
        bench_body_check(all->body, n, all->size, sub->next);
        taken++;
        if (++sub->next % BURST == 0) {
            acknowledge(side, all, sub->next);
        }
    }
    return taken;
}

static uint64_t attend(struct bench_side *side, struct audience *all, uint64_t count)
{
    uint64_t left = count * all->n;
    uint64_t start = 0;

    for (unsigned i = 0; i < all->n; i++) {
        all->subs[i].next = 0;
    }
    while (left) {
        BENCH_CHECK(poll(all->fds, all->n, -1) > 0);
        start = start ? start : bench_now_ns();
        for (unsigned i = 0; i < all->n; i++) {
            if (all->fds[i].revents & POLLIN) {
                left -= drain(side, all, &all->subs[i]);
            }
        }
    }
    return bench_now_ns() - start;
}

static void await_words(struct audience *all)
{
    for (unsigned i = 0; i < all->n; i++) {
        size_t n = all->size;
        bench_nng_check(nng_recv(all->subs[i].sock, all->body, &n, 0), "recv");
        BENCH_CHECK(n == WORD_SIZE);
    }
}

static void subscribers(struct bench_side *side)
{
    struct audience all = {0};
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;

    bench_print_library("libnng.so", "subscribers");
    open_audience(&all, side);
    await_words(&all);
    while (bench_goes_on(side->args, &count, elapsed)) {
        count = (count + BURST - 1) / BURST * BURST;
        bench_usage_now(&from);
        bench_tell_u64(side, count);
        elapsed = attend(side, &all, count);
        bench_usage_now(&to);
        bench_hear(side, &theirs, sizeof theirs);
    }
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 0);
    for (unsigned i = 0; i < all.n; i++) {
        nng_close(all.subs[i].sock);
    }
    free(all.subs);
    free(all.fds);
    free(all.body);

    const uint64_t deliveries = count * side->args->n;
    bench_out_begin(side->args, "deliveries/s", "higher");
    bench_out_num("value", (double) deliveries * 1e9 / (double) elapsed);
    bench_out_num("count", (double) count);
    bench_out_cpu(side, &mine, &theirs, deliveries);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .size = 64, .seconds = 0.8, .n = 50};

    bench_parse(&args, argc, argv);
    bench_raise_nofile();
    bench_nng_run_pair(&args, subscribers, publisher);
    return 0;
}
