/* SPDX-License-Identifier: MIT */
/*
 * The few calls of libzmq that every benchmark repeats: a context, a socket, bind to a fresh
 * endpoint of a transport, close.
 *
 * Threads: as libzmq's sockets, one thread at a time. Life: what is opened here is closed by
 * bench_zmq_close(), the context by its creator. Never: sets an option that a row does not name.
 */
#ifndef BENCH_ZSOCK_H
#define BENCH_ZSOCK_H

#include <zmq.h>

#include "common.h"

/* The context of a side: the shared one between threads, else a new one of its own. */
void *bench_zmq_ctx(const struct bench_side *side);
/* Ends it if it was the side's own. */
void bench_zmq_ctx_done(const struct bench_side *side, void *ctx);

/* A draft function of the loaded library; leaves with 77 (skipped) where it has none. */
void *bench_zmq_draft(const char *name);

void *bench_zmq_open(void *ctx, int type);
void bench_zmq_close(void *sock);

/* Binds to a free endpoint of `transport` and writes its name. */
void bench_zmq_bind(void *sock, const char *transport, char endpoint[BENCH_ENDPOINT_MAX]);
void bench_zmq_connect(void *sock, const char *endpoint);

int bench_zmq_int(void *sock, int option);
void bench_zmq_set(void *sock, int option, int value);

/*
 * Runs two sides on libzmq: processes with a context each, or, for inproc, threads that share one.
 */
void bench_zmq_run_pair(const struct bench_args *args, bench_side_fn *a, bench_side_fn *b);

#endif
