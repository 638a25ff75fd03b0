/* SPDX-License-Identifier: MIT */
/*
 * The work of the six tools that carry the names and arguments of libzmq's own: local_lat,
 * remote_lat, local_thr, remote_thr, inproc_lat, inproc_thr.
 *
 * Threads: each function is called by the thread that owns the socket. Life: none of its own.
 * Never: prints anything but the lines these tools are known by on stdout; the library in use is
 * told on stderr.
 */
#ifndef BENCH_PERF_H
#define BENCH_PERF_H

#include <stddef.h>

/* Ends the program with its usage unless there are `least` to `most` arguments. */
void perf_arguments(int argc, char **argv, int least, int most, const char *usage);
/* A non-negative decimal number, or the end of the program. */
size_t perf_number(const char *text);
void perf_tell_library(void);

void perf_echo(void *rep, size_t size, size_t count);
/* Makes `count` round trips and prints the average latency. */
void perf_ask(void *req, size_t size, size_t count);
void perf_send(void *push, size_t size, size_t count);
/* Receives `count` messages and prints the throughput from the first to the last. */
void perf_receive(void *pull, size_t size, size_t count);

#endif
