/* SPDX-License-Identifier: MIT */
#include "pace.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { SLEEP_FROM_NS = 500000, WARM_UP_PART = 10, BURST = 1000, FASTEST_PER_S = 1000000 };

void bench_pace_init(struct pace *pace, const struct bench_args *args)
{
    memset(pace, 0, sizeof *pace);
    const bool bursts = args->mode && strcmp(args->mode, "burst") == 0;
    const double gap_s = args->n ? args->n / 1e6 : 1.0 / FASTEST_PER_S;

    pace->gap_ns = (uint64_t) args->n * 1000u;
    pace->burst = bursts ? BURST : 1;
    BENCH_CHECK(args->size >= 16 && (args->n || !bursts));
    pace->count = args->count ? args->count : (uint64_t) (args->seconds / gap_s) + 1;
    pace->count = bursts ? (pace->count + 9) / 10 * 10 * BURST : pace->count;
    pace->delay_ns = calloc(pace->count, sizeof *pace->delay_ns);
    pace->whole_ns = calloc(pace->count / pace->burst + 1, sizeof *pace->whole_ns);
    BENCH_CHECK(pace->delay_ns && pace->whole_ns);
}

void bench_pace_fini(struct pace *pace)
{
    free(pace->delay_ns);
    free(pace->whole_ns);
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
    uint64_t now;

    if (!pace->gap_ns || pace->passed++ % pace->burst) {
        return;
    }
    now = bench_now_ns();
    /* The silence is counted from the last of a burst on. */
    pace->next_ns = (pace->burst > 1 ? now : pace->next_ns) + pace->gap_ns;
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
    if (seq % pace->burst == 0) {
        pace->burst_ns = sent;
    }
    if (seq < pace->count / WARM_UP_PART) {
        pace->start_ns = now;
        return;
    }
    pace->end_ns = now;
    pace->delay_ns[pace->taken++] = now - sent > UINT32_MAX ? UINT32_MAX : (uint32_t) (now - sent);
    if (pace->burst > 1 && (seq + 1) % pace->burst == 0) {
        pace->whole_ns[pace->wholes++] = (uint32_t) (now - pace->burst_ns);
    }
}

static void print_one(const struct bench_side *side, const char *metric, double us)
{
    bench_out_begin(side->args, "us", "lower");
    bench_out_str("metric", metric);
    bench_out_num("value", us);
}

/* Values in order: the one below which `part` of a thousand lie. */
static double quantile(const uint32_t *sorted, uint64_t n, uint64_t part)
{
    return sorted[n * part / 1000] / 1e3;
}

static void report_wholes(struct pace *pace, const struct bench_side *side)
{
    qsort(pace->whole_ns, pace->wholes, sizeof *pace->whole_ns, bench_cmp_u32);
    print_one(side, "whole_p50", quantile(pace->whole_ns, pace->wholes, 500));
    bench_out_end();
    print_one(side, "whole_p99", quantile(pace->whole_ns, pace->wholes, 990));
    bench_out_end();
}

void bench_pace_report(struct pace *pace, const struct bench_side *side,
                       const struct bench_usage *mine, const struct bench_usage *theirs)
{
    const uint64_t n = pace->taken;

    BENCH_CHECK(n > 0);
    qsort(pace->delay_ns, n, sizeof *pace->delay_ns, bench_cmp_u32);
    print_one(side, "p50", quantile(pace->delay_ns, n, 500));
    bench_out_cpu(side, mine, theirs, pace->count);
    bench_out_end();
    print_one(side, "p99", quantile(pace->delay_ns, n, 990));
    bench_out_end();
    print_one(side, "p999", quantile(pace->delay_ns, n, 999));
    bench_out_end();
    print_one(side, "max", pace->delay_ns[n - 1] / 1e3);
    bench_out_end();
    if (pace->wholes) {
        report_wholes(pace, side);
    }
    bench_out_begin(side->args, "msg/s", "higher");
    bench_out_str("metric", "rate");
    bench_out_num("value", (double) n * 1e9 / (double) (pace->end_ns - pace->start_ns));
    bench_out_end();
    bench_pace_fini(pace);
}
