/* SPDX-License-Identifier: MIT */
/*
 * `--n` subscriptions (300,000) of one SUB at one PUB, tcp, two processes. Metrics: subscriptions
 * per second until the last is effective ("add"), bytes each at the subscriber and at the
 * publisher, publications per second that are looked up and match none ("match"), those that match
 * one each and are received ("hit"), and subscriptions taken back per second until the last is
 * gone at the publisher ("remove").
 *
 * SNDHWM of the SUB is 0: libzmq drops subscriptions beyond it silently.
 */
#include "zsock.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TOPIC_SIZE = 35, SETTLE_MS = 300, UNMATCHED = 1 << 16, HITS = 240 };

/* Topics come in no order: a device with a 64-bit name and one of its readings. */
static void make_topic(char topic[TOPIC_SIZE + 1], uint64_t i)
{
    const uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u;
    const int n = snprintf(topic, TOPIC_SIZE + 1, "device/%016" PRIx64 "/temperature", x);

    BENCH_CHECK(n == TOPIC_SIZE);
}

/* ---- publisher ---- */

static bool is_heard(struct bench_side *side)
{
    struct pollfd fd = {.fd = side->rd, .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

/* Publishes `topic` again and again until the subscriber says that it came. */
static void probe(struct bench_side *side, void *pub, const char *topic)
{
    while (!is_heard(side)) {
        BENCH_CHECK(zmq_send(pub, topic, TOPIC_SIZE, 0) == TOPIC_SIZE);
        usleep(200);
    }
    bench_hear_u64(side);
}

/* Topics of which only the last character is wrong, too many to stay in the nearest caches. */
static char *make_unmatched(uint64_t n)
{
    char *topics = malloc(UNMATCHED * (TOPIC_SIZE + 1));

    BENCH_CHECK(topics);
    for (uint64_t i = 0; i < UNMATCHED; i++) {
        char *topic = topics + i * (TOPIC_SIZE + 1);
        make_topic(topic, i * 7919 % n);
        topic[TOPIC_SIZE - 1] = '!';
    }
    return topics;
}

static uint64_t publish_unmatched(void *pub, const char *topics, uint64_t count)
{
    const uint64_t start = bench_now_ns();

    for (uint64_t i = 0; i < count; i++) {
        const char *topic = topics + i % UNMATCHED * (TOPIC_SIZE + 1);
        BENCH_CHECK(zmq_send(pub, topic, TOPIC_SIZE, 0) == TOPIC_SIZE);
    }
    return bench_now_ns() - start;
}

static void report(const struct bench_args *args, const char *metric, const char *unit,
                   const char *better, double value)
{
    bench_out_begin(args, unit, better);
    bench_out_str("metric", metric);
    bench_out_num("value", value);
    bench_out_end();
}

static void measure_match(const struct bench_args *args, void *pub)
{
    char *topics = make_unmatched(args->n);
    uint64_t elapsed = 0;
    uint64_t count = 0;

    while (bench_goes_on(args, &count, elapsed)) {
        elapsed = publish_unmatched(pub, topics, count);
    }
    free(topics);
    report(args, "match", "lookups/s", "higher", (double) count * 1e9 / (double) elapsed);
}

/* The topic of hit `i`: all over the set. */
static uint64_t hit_topic(uint64_t i, uint64_t n)
{
    return i * 7919 % n;
}

/* Topics that match, two bursts ahead of the subscriber at most. */
static void publish_hits(struct bench_side *side, void *pub)
{
    char topic[TOPIC_SIZE + 1];
    uint64_t count;

    while ((count = bench_hear_u64(side)) != 0) {
        for (uint64_t i = 0; i < count; i++) {
            if (i % HITS == 0) {
                if (i >= HITS * 2) {
                    bench_hear_u64(side);
                }
                bench_zmq_int(pub, ZMQ_EVENTS); /* takes the credit that has come */
            }
            make_topic(topic, hit_topic(i, side->args->n));
            BENCH_CHECK(zmq_send(pub, topic, TOPIC_SIZE, 0) == TOPIC_SIZE);
        }
        bench_hear_u64(side);
        bench_hear_u64(side);
    }
}

static void publisher(struct bench_side *side)
{
    const uint64_t n = side->args->n;
    char endpoint[BENCH_ENDPOINT_MAX];
    char topic[TOPIC_SIZE + 1];
    uint64_t before;
    void *ctx = bench_zmq_ctx(side);
    void *pub = bench_zmq_open(ctx, ZMQ_PUB);

    bench_print_library("libzmq.so", "publisher");
    bench_zmq_set(pub, ZMQ_SNDHWM, HITS * 16); /* credit may be late on a busy machine */
    bench_zmq_bind(pub, side->args->transport, endpoint);
    bench_tell(side, endpoint, sizeof endpoint);
    make_topic(topic, 0);
    probe(side, pub, topic);
    before = bench_private_bytes();
    bench_tell_u64(side, 1);
    make_topic(topic, n);
    probe(side, pub, topic);
    zmq_poll(NULL, 0, SETTLE_MS);
    report(side->args, "bytes_pub", "B", "lower",
           (double) (bench_private_bytes() - before) / (double) n);
    measure_match(side->args, pub);
    /* All of them, not only the last. */
    bench_tell_u64(side, 1);
    for (uint64_t i = 0; i < n; i += n / 500) {
        make_topic(topic, i);
        BENCH_CHECK(zmq_send(pub, topic, TOPIC_SIZE, 0) == TOPIC_SIZE);
    }
    bench_hear_u64(side);
    publish_hits(side, pub);
    make_topic(topic, n + 1);
    probe(side, pub, topic);
    bench_zmq_close(pub);
    bench_zmq_ctx_done(side, ctx);
}

/* ---- subscriber ---- */

static void subscribe(void *sub, uint64_t i)
{
    char topic[TOPIC_SIZE + 1];

    make_topic(topic, i);
    BENCH_CHECK(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, topic, TOPIC_SIZE) == 0);
}

/* Receives until publication `i` comes, skipping repetitions of `skip`. */
static void expect(void *sub, uint64_t i, uint64_t skip)
{
    char want[TOPIC_SIZE + 1];
    char pass[TOPIC_SIZE + 1];
    char got[TOPIC_SIZE + 1];

    make_topic(want, i);
    make_topic(pass, skip);
    do {
        BENCH_CHECK(zmq_recv(sub, got, TOPIC_SIZE, 0) == TOPIC_SIZE);
        BENCH_CHECK(memcmp(got, want, TOPIC_SIZE) == 0 || memcmp(got, pass, TOPIC_SIZE) == 0);
    } while (memcmp(got, want, TOPIC_SIZE) != 0);
}

/* `count`, a multiple of the burst and two bursts at least. */
static uint64_t receive_hits(struct bench_side *side, void *sub, uint64_t count)
{
    const uint64_t start = bench_now_ns();

    bench_tell_u64(side, count);
    for (uint64_t i = 0; i < count; i++) {
        expect(sub, hit_topic(i, side->args->n), side->args->n);
        if ((i + 1) % HITS == 0) {
            bench_tell_u64(side, i);
        }
    }
    return bench_now_ns() - start;
}

static void measure_hits(struct bench_side *side, void *sub)
{
    uint64_t elapsed = 0;
    uint64_t count = 0;

    while (bench_goes_on(side->args, &count, elapsed)) {
        count = (count + HITS * 2 - 1) / HITS * HITS;
        elapsed = receive_hits(side, sub, count);
    }
    bench_tell_u64(side, 0);
    report(side->args, "hit", "deliveries/s", "higher", (double) count * 1e9 / (double) elapsed);
}

/* Takes back all but the newest; a fresh one, effective only after these, tells when. */
static void measure_remove(struct bench_side *side, void *sub)
{
    const uint64_t n = side->args->n;
    const uint64_t start = bench_now_ns();
    char topic[TOPIC_SIZE + 1];

    for (uint64_t i = 0; i < n; i++) {
        make_topic(topic, i);
        BENCH_CHECK(zmq_setsockopt(sub, ZMQ_UNSUBSCRIBE, topic, TOPIC_SIZE) == 0);
    }
    subscribe(sub, n + 1);
    expect(sub, n + 1, n);
    const uint64_t elapsed = bench_now_ns() - start;
    bench_tell_u64(side, 1);
    report(side->args, "remove", "subs/s", "higher", (double) n * 1e9 / (double) elapsed);
}

static void subscriber(struct bench_side *side)
{
    const uint64_t n = side->args->n;
    char endpoint[BENCH_ENDPOINT_MAX];
    uint64_t before;
    uint64_t after;
    void *ctx = bench_zmq_ctx(side);
    void *sub = bench_zmq_open(ctx, ZMQ_SUB);

    bench_print_library("libzmq.so", "subscriber");
    bench_zmq_set(sub, ZMQ_SNDHWM, 0);
    bench_hear(side, endpoint, sizeof endpoint);
    bench_zmq_connect(sub, endpoint);
    subscribe(sub, 0);
    expect(sub, 0, 0);
    bench_tell_u64(side, 1);
    bench_hear_u64(side);

    before = bench_private_bytes();
    const uint64_t start = bench_now_ns();
    for (uint64_t i = 1; i <= n; i++) {
        subscribe(sub, i);
    }
    const uint64_t called = bench_now_ns() - start;
    expect(sub, n, 0);
    const uint64_t elapsed = bench_now_ns() - start;
    bench_tell_u64(side, 1);
    bench_hear_u64(side);
    after = bench_private_bytes();
    report(side->args, "add", "subs/s", "higher", (double) n * 1e9 / (double) elapsed);
    report(side->args, "calls", "subs/s", "higher", (double) n * 1e9 / (double) called);
    report(side->args, "bytes_sub", "B", "lower", (double) (after - before) / (double) n);
    for (uint64_t i = 0; i < n; i += n / 500) {
        expect(sub, i, n);
    }
    bench_tell_u64(side, 1);
    measure_hits(side, sub);
    measure_remove(side, sub);
    bench_zmq_close(sub);
    bench_zmq_ctx_done(side, ctx);
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .seconds = 0.5, .n = 300000};

    bench_parse(&args, argc, argv);
    BENCH_CHECK(args.n >= 500);
    bench_zmq_run_pair(&args, subscriber, publisher);
    return 0;
}
