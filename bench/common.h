/* SPDX-License-Identifier: MIT */
/*
 * What every benchmark program shares: arguments, clock, usage counters, the control channel
 * between its two sides, calibration, the proof of the library in use, and the result line.
 *
 * Threads: `bench_args` and the output are set up before the sides start; a `struct bench_side`
 * belongs to one side (a process or a thread) alone. The control channel is a pair of pipes, so
 * that it costs neither side anything while a measurement runs.
 *
 * Life: main() parses, calls bench_run_pair() once, prints one JSON object per line and leaves.
 * Everything dies with the process; a failed check ends it with exit code 1.
 *
 * Never: names a symbol outside <zmq.h> of libzmq 4.3.4, knows which libzmq it runs on (it only
 * tells), or sleeps to wait for the other side.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BENCH_ENDPOINT_MAX 256

struct bench_args {
    const char *row;       /* name printed with the result */
    const char *transport; /* tcp, ipc, inproc */
    const char *mode;      /* variant, meaning is the program's own */
    size_t size;           /* bytes of a message body */
    uint64_t count;        /* 0: calibrate for `seconds` */
    double seconds;        /* wanted length of the measurement */
    unsigned limit_s;      /* the program is killed after this */
    unsigned n;            /* how many (sockets, connections, ...), meaning is the program's */
};

/* Counters of one process. */
struct bench_usage {
    uint64_t cpu_us;
    uint64_t switches; /* voluntary context switches of all threads */
};

/* One side of a benchmark. */
struct bench_side {
    const struct bench_args *args;
    int rd;
    int wr;
    bool threads; /* both sides live in one process */
    void *ctx;    /* the shared context if `threads`, else NULL */
};

typedef void bench_side_fn(struct bench_side *side);

/* Fills `args` (defaults already in it) from --name value pairs; ends the process on nonsense. */
void bench_parse(struct bench_args *args, int argc, char **argv);

/* Ends the process with a message unless `ok`. */
#define BENCH_CHECK(ok)                                                                            \
    do {                                                                                           \
        if (!(ok)) {                                                                               \
            bench_fail(__FILE__, __LINE__, #ok);                                                   \
        }                                                                                          \
    } while (0)
_Noreturn void bench_fail(const char *file, int line, const char *what);

uint64_t bench_now_ns(void);
void bench_usage_now(struct bench_usage *usage);
/* Adds the difference `to` - `from` to `sum`. */
void bench_usage_add(struct bench_usage *sum, const struct bench_usage *from,
                     const struct bench_usage *to);
/* Private dirty bytes of this process. */
uint64_t bench_private_bytes(void);
/* Voluntary context switches of all threads of this process but the calling one. */
uint64_t bench_other_switches(void);
void bench_raise_nofile(void);

/* Prints the path of the loaded library whose file name contains `name`. */
void bench_print_library(const char *name, const char *side);

/*
 * Runs `a` in this thread and `b` in a child process, or, for inproc (`ctx` not NULL), in a second
 * thread. Returns when both are done; the process fails if the child failed.
 */
void bench_run_pair(const struct bench_args *args, void *ctx, bench_side_fn *a, bench_side_fn *b);

/* Control channel: blocking, ends the process when the other side is gone. */
void bench_tell(struct bench_side *side, const void *data, size_t size);
void bench_hear(struct bench_side *side, void *data, size_t size);
void bench_tell_u64(struct bench_side *side, uint64_t value);
uint64_t bench_hear_u64(struct bench_side *side);

/*
 * Calibration: `while (bench_goes_on(args, &count, elapsed)) { elapsed = measure(count); }`, both
 * starting at 0. It ends when the last measurement was about as long as wanted and not the first
 * (or was of the count the user asked for): that one is reported. One sequence at a time.
 */
bool bench_goes_on(const struct bench_args *args, uint64_t *count, uint64_t elapsed_ns);

/* Result line: begin, any number of members, end. */
void bench_out_begin(const struct bench_args *args, const char *unit, const char *better);
void bench_out_num(const char *key, double value);
void bench_out_str(const char *key, const char *value);
void bench_out_end(void);

/* CPU seconds per million of `ops`, of both sides; the second is ignored for threads. */
void bench_out_cpu(const struct bench_side *side, const struct bench_usage *mine,
                   const struct bench_usage *theirs, uint64_t ops);

int bench_cmp_u64(const void *a, const void *b);
int bench_cmp_u32(const void *a, const void *b);

/* ---- message bodies: a number in front, its digest at the end, a known pattern between ---- */

#define BENCH_MIN_BODY 16u /* smaller ones hold no more than the front of their digest */
#define BENCH_MAX_BODY (16u << 20)
#define BENCH_MIXED_MAX 65536u /* the largest where bodies differ in size */
#define BENCH_DEEP_EVERY 61u /* every so many messages the whole body is compared */

/* Fills `body` with the pattern. */
void bench_body_init(unsigned char *body, size_t size);
/* Ends the process unless all of the pattern is there. */
void bench_body_compare(const unsigned char *body, size_t size);

static inline uint64_t bench_digest(uint64_t seq, size_t size)
{
    uint64_t x = (seq ^ ((uint64_t) size << 40)) * 0x9e3779b97f4a7c15u;
    return x ^ (x >> 29);
}

void bench_small_stamp(unsigned char *body, size_t size, uint64_t seq);
void bench_small_check(const unsigned char *body, size_t size, uint64_t seq);

static inline void bench_body_stamp(unsigned char *body, size_t size, uint64_t seq)
{
    const uint64_t digest = bench_digest(seq, size);
    if (size < BENCH_MIN_BODY) {
        bench_small_stamp(body, size, seq);
        return;
    }
    memcpy(body, &seq, sizeof seq);
    memcpy(body + size - sizeof digest, &digest, sizeof digest);
}

static inline void bench_body_check(const unsigned char *body, size_t got, size_t size,
                                    uint64_t seq)
{
    uint64_t have_seq;
    uint64_t have_digest;

    BENCH_CHECK(got == size);
    if (size < BENCH_MIN_BODY) {
        bench_small_check(body, size, seq);
        return;
    }
    memcpy(&have_seq, body, sizeof have_seq);
    memcpy(&have_digest, body + size - sizeof have_digest, sizeof have_digest);
    BENCH_CHECK(have_seq == seq);
    BENCH_CHECK(have_digest == bench_digest(seq, size));
    if (size > BENCH_MIN_BODY && seq % BENCH_DEEP_EVERY == 0) {
        bench_body_compare(body, size);
    }
}

#endif
