/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "proc.h"

_Noreturn void bench_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: failed: %s (errno %d: %s)\n", file, line, what, errno,
            strerror(errno));
    _exit(1);
}

/* What all of every so manieth body is compared with; made before anything is measured. */
static unsigned char *pattern;
static size_t pattern_size;

static void pattern_make(size_t size)
{
    pattern_size = size > BENCH_MIXED_MAX ? size : BENCH_MIXED_MAX;
    pattern = malloc(pattern_size);
    BENCH_CHECK(pattern);
    bench_body_init(pattern, pattern_size);
}

/* ---- arguments ---- */

struct option_row {
    const char *name;
    const char **text;
    size_t *bytes;
    uint64_t *number;
    double *real;
    unsigned *small;
};

static bool parse_one(const struct option_row *row, const char *value)
{
    char *end = NULL;
    const double real = strtod(value, &end);

    if (row->text) {
        *row->text = value;
        return true;
    }
    if (*end || end == value || real < 0) {
        return false;
    }
    if (row->bytes) {
        *row->bytes = (size_t) real;
    } else if (row->number) {
        *row->number = (uint64_t) real;
    } else if (row->small) {
        *row->small = (unsigned) real;
    } else {
        *row->real = real;
    }
    return true;
}

void bench_parse(struct bench_args *args, int argc, char **argv)
{
    const struct option_row rows[] = {
        {.name = "--row", .text = &args->row},
        {.name = "--transport", .text = &args->transport},
        {.name = "--mode", .text = &args->mode},
        {.name = "--size", .bytes = &args->size},
        {.name = "--count", .number = &args->count},
        {.name = "--seconds", .real = &args->seconds},
        {.name = "--limit", .small = &args->limit_s},
        {.name = "--n", .small = &args->n},
    };
    const size_t nrows = sizeof rows / sizeof rows[0];

    for (int i = 1; i < argc; i += 2) {
        size_t r = 0;
        while (r < nrows && strcmp(rows[r].name, argv[i]) != 0) {
            r++;
        }
        if (r == nrows || i + 1 == argc || !parse_one(&rows[r], argv[i + 1])) {
            fprintf(stderr, "%s: bad argument %s\n", argv[0], argv[i]);
            exit(2);
        }
    }
    if (!args->row) {
        args->row = "?";
    }
    if (args->size > BENCH_MAX_BODY) {
        fprintf(stderr, "%s: size too large\n", argv[0]);
        exit(2);
    }
    pattern_make(args->size);
    signal(SIGPIPE, SIG_IGN);
    alarm(args->limit_s ? args->limit_s : 60);
}

/* ---- clock and counters ---- */

uint64_t bench_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
}

static uint64_t timeval_us(const struct timeval *tv)
{
    return (uint64_t) tv->tv_sec * 1000000u + (uint64_t) tv->tv_usec;
}

void bench_usage_now(struct bench_usage *usage)
{
    struct rusage ru;

    BENCH_CHECK(getrusage(RUSAGE_SELF, &ru) == 0);
    usage->cpu_us = timeval_us(&ru.ru_utime) + timeval_us(&ru.ru_stime);
    usage->switches = (uint64_t) ru.ru_nvcsw;
}

void bench_usage_add(struct bench_usage *sum, const struct bench_usage *from,
                     const struct bench_usage *to)
{
    sum->cpu_us += to->cpu_us - from->cpu_us;
    sum->switches += to->switches - from->switches;
}

void bench_raise_nofile(void)
{
    struct rlimit lim;

    BENCH_CHECK(getrlimit(RLIMIT_NOFILE, &lim) == 0);
    lim.rlim_cur = lim.rlim_max;
    BENCH_CHECK(setrlimit(RLIMIT_NOFILE, &lim) == 0);
}

/* ---- the two sides ---- */

struct thread_start {
    bench_side_fn *fn;
    struct bench_side side;
};

static void *thread_main(void *arg)
{
    struct thread_start *start = arg;

    start->fn(&start->side);
    return NULL;
}

static void run_threads(struct bench_side *mine, struct thread_start *other, bench_side_fn *a)
{
    pthread_t thread;

    BENCH_CHECK(pthread_create(&thread, NULL, thread_main, other) == 0);
    a(mine);
    BENCH_CHECK(pthread_join(thread, NULL) == 0);
}

static void run_processes(struct bench_side *mine, struct thread_start *other, bench_side_fn *a)
{
    int status = 0;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    BENCH_CHECK(pid >= 0);
    if (pid == 0) {
        close(mine->rd);
        close(mine->wr);
        alarm(mine->args->limit_s ? mine->args->limit_s : 60);
        other->fn(&other->side);
        fflush(NULL);
        exit(0);
    }
    close(other->side.rd);
    close(other->side.wr);
    a(mine);
    BENCH_CHECK(waitpid(pid, &status, 0) == pid);
    BENCH_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void bench_run_pair(const struct bench_args *args, void *ctx, bench_side_fn *a, bench_side_fn *b)
{
    int ab[2];
    int ba[2];

    BENCH_CHECK(pipe(ab) == 0 && pipe(ba) == 0);
    struct bench_side mine = {
        .args = args, .rd = ba[0], .wr = ab[1], .threads = ctx != NULL, .ctx = ctx};
    struct thread_start other = {.fn = b,
                                 .side = {.args = args,
                                          .rd = ab[0],
                                          .wr = ba[1],
                                          .threads = ctx != NULL,
                                          .ctx = ctx}};
    if (ctx) {
        run_threads(&mine, &other, a);
    } else {
        run_processes(&mine, &other, a);
    }
}

void bench_tell(struct bench_side *side, const void *data, size_t size)
{
    BENCH_CHECK(size <= PIPE_BUF);
    BENCH_CHECK(write(side->wr, data, size) == (ssize_t) size);
}

/* The other side has gone: what it could not do on this library cannot be measured. */
static void skip_like_other(void)
{
    int status;

    if (waitpid(-1, &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        exit(77);
    }
}

void bench_hear(struct bench_side *side, void *data, size_t size)
{
    ssize_t n;

    do {
        n = read(side->rd, data, size);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        skip_like_other();
    }
    BENCH_CHECK(n == (ssize_t) size);
}

void bench_tell_u64(struct bench_side *side, uint64_t value)
{
    bench_tell(side, &value, sizeof value);
}

uint64_t bench_hear_u64(struct bench_side *side)
{
    uint64_t value;

    bench_hear(side, &value, sizeof value);
    return value;
}

/* ---- calibration ---- */

enum { FAR_TOO_LONG = 4 };

bool bench_goes_on(const struct bench_args *args, uint64_t *count, uint64_t elapsed_ns)
{
    static unsigned tries;
    const double want_ns = args->seconds * 1e9;
    const double last = (double) *count;
    double next;

    if (!*count) {
        *count = args->count ? args->count : 64;
        tries = 0;
        return true;
    }
    tries++;
    if (args->count || (double) elapsed_ns >= FAR_TOO_LONG * want_ns) {
        return false;
    }
    /* The first try may be long because everything happens for the first time. */
    if (tries > 1 && (double) elapsed_ns >= 0.6 * want_ns) {
        return false;
    }
    next = last * want_ns / (double) (elapsed_ns ? elapsed_ns : 1);
    /* A short try runs on cold caches and is too small to extrapolate far from. */
    if ((double) elapsed_ns < want_ns / 8) {
        next = next / 4 < last * 32 ? next / 4 : last * 32;
    }
    *count = next > last * 1.2 ? (uint64_t) next : (uint64_t) (last * 1.2) + 1;
    return true;
}

/* ---- output ---- */

static char out_line[4096];
static size_t out_used;

static void out_add(const char *text)
{
    const size_t len = strlen(text);

    BENCH_CHECK(out_used + len < sizeof out_line);
    memcpy(out_line + out_used, text, len + 1);
    out_used += len;
}

void bench_out_str(const char *key, const char *value)
{
    char text[1024];

    snprintf(text, sizeof text, "%s\"%s\": \"%s\"", out_used > 1 ? ", " : "", key, value);
    out_add(text);
}

void bench_out_num(const char *key, double value)
{
    char text[128];

    snprintf(text, sizeof text, "%s\"%s\": %.9g", out_used > 1 ? ", " : "", key, value);
    out_add(text);
}

void bench_out_begin(const struct bench_args *args, const char *unit, const char *better)
{
    out_used = 0;
    out_add("{");
    bench_out_str("row", args->row);
    bench_out_str("unit", unit);
    bench_out_str("better", better);
}

void bench_out_end(void)
{
    out_add("}\n");
    fflush(stdout);
    /* One write, so that the lines of two processes do not mix. */
    BENCH_CHECK(write(STDOUT_FILENO, out_line, out_used) == (ssize_t) out_used);
    out_used = 0;
}

void bench_out_cpu(const struct bench_side *side, const struct bench_usage *mine,
                   const struct bench_usage *theirs, uint64_t ops)
{
    const double per = ops ? (double) ops : 1.0;
    uint64_t cpu = mine->cpu_us;
    uint64_t switches = mine->switches;

    if (!side->threads) {
        bench_out_num("cpu_a_s_per_million", (double) mine->cpu_us / per);
        bench_out_num("cpu_b_s_per_million", (double) theirs->cpu_us / per);
        cpu += theirs->cpu_us;
        switches += theirs->switches;
    }
    bench_out_num("cpu_s_per_million", (double) cpu / per);
    bench_out_num("switches_per_op", (double) switches / per);
}

void bench_print_library(const char *name, const char *side)
{
    char path[PATH_MAX];
    char line[PATH_MAX + 128];
    int len;

    bench_find_library(name, path, sizeof path);
    len = snprintf(line, sizeof line, "{\"pid\": %ld, \"side\": \"%s\", \"library\": \"%s\"}\n",
                   (long) getpid(), side, path);
    BENCH_CHECK(len > 0 && (size_t) len < sizeof line);
    BENCH_CHECK(write(STDOUT_FILENO, line, (size_t) len) == len);
}

int bench_cmp_u64(const void *a, const void *b)
{
    uint64_t x;
    uint64_t y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

int bench_cmp_u32(const void *a, const void *b)
{
    uint32_t x;
    uint32_t y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* ---- bodies ---- */

static unsigned char pattern_at(size_t i)
{
    const uint64_t x = ((uint64_t) i + 1) * 0x9e3779b97f4a7c15u;
    return (unsigned char) (x >> 56);
}

void bench_body_init(unsigned char *body, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        body[i] = pattern_at(i);
    }
}

void bench_small_stamp(unsigned char *body, size_t size, uint64_t seq)
{
    const uint64_t digest = bench_digest(seq, size);

    memcpy(body, &digest, size < sizeof digest ? size : sizeof digest);
}

void bench_small_check(const unsigned char *body, size_t size, uint64_t seq)
{
    const uint64_t digest = bench_digest(seq, size);

    BENCH_CHECK(memcmp(body, &digest, size < sizeof digest ? size : sizeof digest) == 0);
}

void bench_body_compare(const unsigned char *body, size_t size)
{
    BENCH_CHECK(size <= pattern_size && memcmp(body + 8, pattern + 8, size - 16) == 0);
}
