/* SPDX-License-Identifier: MIT */
/*
 * A message each so many nanoseconds, or (`--mode burst`) 1,000 messages at once and then silence
 * for so long: the sender's clock, and the receiver's evaluation of the CLOCK_MONOTONIC stamps in
 * the messages. Common to libzmq and bare sockets. A gap of 0: as fast as it goes.
 *
 * Threads: a `struct pace` belongs to one side. Life: bench_pace_init(), use, bench_pace_report()
 * frees. Never: sleeps for paces below half a millisecond (it watches the clock instead; a sleep
 * would cost more than the pace), nor catches up by sending faster than the pace.
 */
#ifndef BENCH_PACE_H
#define BENCH_PACE_H

#include "common.h"

struct pace {
    uint64_t gap_ns;
    uint64_t count;
    uint64_t burst;     /* messages of a burst; 1 without */
    uint64_t next_ns;   /* sender */
    uint64_t passed;    /* sender */
    uint32_t *delay_ns; /* receiver: one per message, the warm-up left out */
    uint32_t *whole_ns; /* receiver: a burst, from its first sent to its last received */
    uint64_t wholes;
    uint64_t burst_ns; /* receiver: when the first of the burst was sent */
    uint64_t taken;
    uint64_t start_ns;
    uint64_t end_ns;
};

/* `args->n` is the gap in microseconds. */
void bench_pace_init(struct pace *pace, const struct bench_args *args);
void bench_pace_fini(struct pace *pace);
/* Sender: waits until the next message is due. */
void bench_pace_wait(struct pace *pace);
/* Writes number and time into a body, and checks them on arrival. */
void bench_pace_stamp(unsigned char *body, uint64_t seq);
void bench_pace_take(struct pace *pace, const unsigned char *body, uint64_t seq);
/* Prints p50, p99, p99.9 and the largest delay, each a row of its own, and the rate achieved; of
 * bursts also p50 and p99 of how long the whole of one took. Frees. */
void bench_pace_report(struct pace *pace, const struct bench_side *side,
                       const struct bench_usage *mine, const struct bench_usage *theirs);

#endif
