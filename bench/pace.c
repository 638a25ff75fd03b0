/* SPDX-License-Identifier: MIT */
#include "pace.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { SLEEP_FROM_NS = 500000, WARM_UP_PART = 10 };

void bench_pace_init(struct pace *pace, const struct bench_args *args)
{
    memset(pace, 0, sizeof *pace);
    pace->gap_ns = (uint64_t) args->n * 1000u;
    BENCH_CHECK(pace->gap_ns > 0 && args->size >= 16);
    pace->count = args->count ? args->count
                              : (uint64_t) (args->seconds * 1e9 / (double) pace->gap_ns) + 1;
    pace->delay_ns = calloc(pace->count, sizeof *pace->delay_ns);
    BENCH_CHECK(pace->delay_ns);
}

static void sleep_until(uint64_t when_ns)
{
    const struct timespec ts = {.tv_sec = (time_t) (when_ns / 1000000000u),
                                .tv_nsec = (long) (when_ns % 1000000000u)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) {
    }
}

void bench_pace_wait(struct pace *pace)
{
    uint64_t now = bench_now_ns();

    pace->next_ns += pace->gap_ns;
    if (pace->next_ns < now) {
        pace->next_ns = now;
        return;
    }
    if (pace->gap_ns >= SLEEP_FROM_NS) {
        sleep_until(pace->next_ns);
        return;
    }
    while (now < pace->next_ns) {
        now = bench_now_ns();
    }
}

void bench_pace_stamp(unsigned char *body, uint64_t seq)
{
    const uint64_t now = bench_now_ns();

    memcpy(body, &seq, sizeof seq);
    memcpy(body + 8, &now, sizeof now);
}

void bench_pace_take(struct pace *pace, const unsigned char *body, uint64_t seq)
{
    const uint64_t now = bench_now_ns();
    uint64_t have;
    uint64_t sent;

    memcpy(&have, body, sizeof have);
    memcpy(&sent, body + 8, sizeof sent);
    BENCH_CHECK(have == seq && sent <= now);
    if (seq < pace->count / WARM_UP_PART) {
        pace->start_ns = now;
        return;
    }
    pace->end_ns = now;
    pace->delay_ns[pace->taken++] = now - sent > UINT32_MAX ? UINT32_MAX : (uint32_t) (now - sent);
}

static void print_one(const struct bench_side *side, const char *metric, double us)
{
    bench_out_begin(side->args, "us", "lower");
    bench_out_str("metric", metric);
    bench_out_num("value", us);
}

void bench_pace_report(struct pace *pace, const struct bench_side *side,
                       const struct bench_usage *mine, const struct bench_usage *theirs)
{
    const uint64_t n = pace->taken;

    BENCH_CHECK(n > 0);
    qsort(pace->delay_ns, n, sizeof *pace->delay_ns, bench_cmp_u32);
    print_one(side, "p50", pace->delay_ns[n / 2] / 1e3);
    bench_out_num("sent_per_s", (double) n * 1e9 / (double) (pace->end_ns - pace->start_ns));
    bench_out_cpu(side, mine, theirs, pace->count);
    bench_out_end();
    print_one(side, "p99", pace->delay_ns[n * 99 / 100] / 1e3);
    bench_out_end();
    print_one(side, "max", pace->delay_ns[n - 1] / 1e3);
    bench_out_end();
    free(pace->delay_ns);
}
