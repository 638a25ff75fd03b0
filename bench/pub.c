/* SPDX-License-Identifier: MIT */
/*
 * One PUB to `--n` SUBs (50), all subscribers in one process (inproc: one thread). Nothing may be
 * lost with default high-water marks, so the publisher runs at most two bursts ahead of the
 * slowest subscriber; a burst is acknowledged over the control channel. Reported: deliveries/s.
 * `--mode`:
 *
 *   pub        each publication goes to all
 *   hundredth  publication i goes to the subscribers whose number is i modulo 100, so that each
 *              has one in a hundred; reported are publications/s
 *   stalled    as pub, beside one more subscriber that never reads
 *   radio      RADIO and DISHes in one group, where the library has draft types
 */
#include "zsock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

enum { DRAFT_RADIO = 14, DRAFT_DISH = 15 }; /* not in every header */
enum { BURST = 240, AHEAD = 2, RING = 4, PROBE_SIZE = 1, GO_SIZE = 2 };

enum { HUNDREDTH = 100, TOPIC_SIZE = 2 };

struct sub {
    void *sock;
    uint64_t next; /* how many of its publications it has had */
};

struct audience {
    struct sub *subs;
    zmq_pollitem_t *items;
    unsigned n;
    size_t size;
    size_t topic; /* bytes in front of the body that say who is meant */
    uint64_t share;
    unsigned char *body;
    void *stalled; /* the subscriber that does not read, or NULL */
    unsigned complete[RING]; /* how many subscribers have burst b, at b % RING */
};

static bool is_draft(const struct bench_args *args)
{
    return strcmp(args->mode, "radio") == 0;
}

/* Of so many publications each subscriber has one. */
static uint64_t share_of(const struct bench_args *args)
{
    return strcmp(args->mode, "hundredth") == 0 ? HUNDREDTH : 1;
}

static size_t topic_size(const struct bench_args *args)
{
    return share_of(args) > 1 ? TOPIC_SIZE : 0;
}

static void make_topic(unsigned char topic[TOPIC_SIZE], uint64_t number)
{
    topic[0] = (unsigned char) ('a' + number % HUNDREDTH / 10);
    topic[1] = (unsigned char) ('0' + number % 10);
}

/* ---- publisher ---- */

static bool is_heard(struct bench_side *side)
{
    struct pollfd fd = {.fd = side->rd, .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

/* All of `topics` in turn, or the empty one. */
static void send_to_all(void *pub, uint64_t topics, size_t topic, size_t size)
{
    unsigned char word[TOPIC_SIZE + GO_SIZE] = {0};

    for (uint64_t i = 0; i < topics; i++) {
        make_topic(word, i);
        BENCH_CHECK(zmq_send(pub, word, topic + size, 0) == (int) (topic + size));
    }
}

/* Sends probes until every subscriber has had one, then the word that follows the last probe. */
static void probe(struct bench_side *side, void *pub)
{
    const uint64_t topics = share_of(side->args);
    const size_t topic = topic_size(side->args);

    while (!is_heard(side)) {
        send_to_all(pub, topics, topic, PROBE_SIZE);
        zmq_poll(NULL, 0, 1);
    }
    bench_hear_u64(side);
    send_to_all(pub, topics, topic, GO_SIZE);
    bench_hear_u64(side);
}

static void publish(struct bench_side *side, void *pub, unsigned char *body, uint64_t count)
{
    const uint64_t burst = BURST * share_of(side->args);
    const size_t topic = topic_size(side->args);
    const size_t size = side->args->size;

    for (uint64_t i = 0; i < count; i++) {
        if (i % burst == 0) {
            if (i >= AHEAD * burst) {
                bench_hear_u64(side);
            }
            /* libzmq sees new credit about once in a millisecond unless it is asked. */
            bench_zmq_int(pub, ZMQ_EVENTS);
        }
        if (topic) {
            make_topic(body, i);
        }
        bench_body_stamp(body + topic, size - topic, i);
        BENCH_CHECK(zmq_send(pub, body, size, 0) == (int) size);
    }
    for (uint64_t i = count < AHEAD * burst ? count : AHEAD * burst; i > 0; i -= burst) {
        bench_hear_u64(side);
    }
}

static void publisher(struct bench_side *side)
{
    unsigned char *body = malloc(side->args->size);
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    uint64_t count;
    void *ctx = bench_zmq_ctx(side);
    void *pub = bench_zmq_open(ctx, is_draft(side->args) ? DRAFT_RADIO : ZMQ_PUB);

    BENCH_CHECK(body);
    bench_body_init(body + topic_size(side->args), side->args->size - topic_size(side->args));
    bench_print_library("libzmq.so", "publisher");
    bench_zmq_bind(pub, side->args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    probe(side, pub);
    while ((count = bench_hear_u64(side)) != 0) {
        struct bench_usage sum = {0};
        bench_usage_now(&from);
        publish(side, pub, body, count);
        bench_usage_now(&to);
        bench_usage_add(&sum, &from, &to);
        bench_tell(side, &sum, sizeof sum);
    }
    bench_zmq_close(pub);
    bench_zmq_ctx_done(side, ctx);
    free(body);
}

/* ---- subscribers ---- */

/* zmq_send of a RADIO is to the empty group. */
static void *open_subscriber(const struct bench_args *args, void *ctx, unsigned number)
{
    unsigned char topic[TOPIC_SIZE];
    void *sock = bench_zmq_open(ctx, is_draft(args) ? DRAFT_DISH : ZMQ_SUB);

    if (is_draft(args)) {
        int (*join)(void *, const char *) =
            (int (*)(void *, const char *)) bench_zmq_draft("zmq_join");
        BENCH_CHECK(join(sock, "") == 0);
    } else {
        make_topic(topic, number);
        BENCH_CHECK(zmq_setsockopt(sock, ZMQ_SUBSCRIBE, topic, topic_size(args)) == 0);
    }
    return sock;
}

static void open_audience(struct audience *all, const struct bench_args *args, void *ctx,
                          const char *endpoint)
{
    all->n = args->n;
    all->size = args->size;
    all->subs = calloc(args->n, sizeof *all->subs);
    all->items = calloc(args->n, sizeof *all->items);
    all->body = malloc(args->size);
    all->topic = topic_size(args);
    all->share = share_of(args);
    BENCH_CHECK(all->subs && all->items && all->body);
    BENCH_CHECK(args->size >= BENCH_MIN_BODY + all->topic);
    if (strcmp(args->mode, "stalled") == 0) {
        all->stalled = open_subscriber(args, ctx, 0);
        bench_zmq_connect(all->stalled, endpoint);
    }
    for (unsigned i = 0; i < args->n; i++) {
        void *sock = open_subscriber(args, ctx, i);
        bench_zmq_connect(sock, endpoint);
        all->subs[i].sock = sock;
        all->items[i] = (zmq_pollitem_t){.socket = sock, .events = ZMQ_POLLIN};
    }
}

static void close_audience(struct audience *all)
{
    for (unsigned i = 0; i < all->n; i++) {
        bench_zmq_close(all->subs[i].sock);
    }
    if (all->stalled) {
        bench_zmq_close(all->stalled);
    }
    free(all->subs);
    free(all->items);
    free(all->body);
}

static void await_all(struct bench_side *side, struct audience *all)
{
    const int probe_size = (int) all->topic + PROBE_SIZE;
    unsigned char word[TOPIC_SIZE + GO_SIZE];

    if (all->stalled) {
        BENCH_CHECK(zmq_recv(all->stalled, word, sizeof word, 0) == probe_size);
    }
    for (unsigned i = 0; i < all->n; i++) {
        BENCH_CHECK(zmq_recv(all->subs[i].sock, word, sizeof word, 0) == probe_size);
    }
    bench_tell_u64(side, 1);
    for (unsigned i = 0; i < all->n; i++) {
        int n;
        do {
            n = zmq_recv(all->subs[i].sock, word, sizeof word, 0);
        } while (n == probe_size);
        BENCH_CHECK(n == (int) all->topic + GO_SIZE);
    }
    bench_tell_u64(side, 1);
}

static void acknowledge(struct bench_side *side, struct audience *all, uint64_t next)
{
    unsigned *complete = &all->complete[(next / BURST - 1) % RING];

    if (++*complete == all->n) {
        *complete = 0;
        bench_tell_u64(side, next);
    }
}

/* The number of the publication that `sub` has next. */
static uint64_t number_of(const struct audience *all, const struct sub *sub)
{
    return all->share > 1 ? sub->next * all->share + (uint64_t) (sub - all->subs) % all->share
                          : sub->next;
}

/* Takes what `sub` has, at most one burst; returns how many. */
static uint64_t drain(struct bench_side *side, struct audience *all, struct sub *sub)
{
    uint64_t taken = 0;

    while (taken < BURST) {
        const int n = zmq_recv(sub->sock, all->body, all->size, ZMQ_DONTWAIT);
        if (n < 0) {
            BENCH_CHECK(errno == EAGAIN);
            break;
        }
        bench_body_check(all->body + all->topic, (size_t) n - all->topic, all->size - all->topic,
                         number_of(all, sub));
        taken++;
        if (++sub->next % BURST == 0) {
            acknowledge(side, all, sub->next);
        }
    }
    return taken;
}

/* Receives `count` messages at each; returns the time from the first to the last delivery. */
static uint64_t attend(struct bench_side *side, struct audience *all, uint64_t count)
{
    uint64_t left = count / all->share * all->n;
    uint64_t start = 0;

    for (unsigned i = 0; i < all->n; i++) {
        all->subs[i].next = 0;
    }
    while (left) {
        BENCH_CHECK(zmq_poll(all->items, (int) all->n, -1) > 0);
        if (!start) {
            start = bench_now_ns();
        }
        for (unsigned i = 0; i < all->n; i++) {
            if (all->items[i].revents & ZMQ_POLLIN) {
                left -= drain(side, all, &all->subs[i]);
            }
        }
    }
    return bench_now_ns() - start;
}

static void subscribers(struct bench_side *side)
{
    struct audience all = {0};
    char endpoint[BENCH_ENDPOINT_MAX];
    struct bench_usage from;
    struct bench_usage to;
    struct bench_usage mine = {0};
    struct bench_usage theirs;
    uint64_t elapsed = 0;
    uint64_t count = 0;
    void *ctx = bench_zmq_ctx(side);

    bench_print_library("libzmq.so", "subscribers");
    bench_hear(side, endpoint, sizeof endpoint);
    open_audience(&all, side->args, ctx, endpoint);
    await_all(side, &all);
    while (bench_goes_on(side->args, &count, elapsed)) {
        const uint64_t burst = BURST * all.share;
        count = (count + burst - 1) / burst * burst;
        bench_usage_now(&from);
        bench_tell_u64(side, count);
        elapsed = attend(side, &all, count);
        bench_usage_now(&to);
        bench_hear(side, &theirs, sizeof theirs);
    }
    bench_usage_add(&mine, &from, &to);
    bench_tell_u64(side, 0);
    close_audience(&all);
    bench_zmq_ctx_done(side, ctx);

    /* Where few are meant it is the looking up that counts. */
    const bool few = all.share > 1;
    const uint64_t done = few ? count : count * side->args->n;
    bench_out_begin(side->args, few ? "publications/s" : "deliveries/s", "higher");
    bench_out_num("value", (double) done * 1e9 / (double) elapsed);
    bench_out_num("count", (double) count);
    bench_out_cpu(side, &mine, &theirs, done);
    bench_out_end();
}

int main(int argc, char **argv)
{
    struct bench_args args = {
        .transport = "tcp", .mode = "pub", .size = 64, .seconds = 0.8, .n = 50};

    bench_parse(&args, argc, argv);
    if (is_draft(&args)) {
        bench_zmq_draft("zmq_join");
    }
    bench_raise_nofile();
    bench_zmq_run_pair(&args, subscribers, publisher);
    return 0;
}
