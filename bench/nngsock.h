/* SPDX-License-Identifier: MIT */
/*
 * What both nng programs share: endpoints and the two-sides start, with nng's socket for inproc
 * living in one process.
 *
 * Threads: one per socket. Life: opened and closed by the sides. Never: built where nng is not
 * installed, nor loaded beside libzmq.
 */
#ifndef BENCH_NNGSOCK_H
#define BENCH_NNGSOCK_H

#include <nng/nng.h>

#include "common.h"

void bench_nng_check(int rc, const char *what);
/* Listens on a free endpoint of the side's transport and tells the other side. */
void bench_nng_listen(struct bench_side *side, nng_socket sock);
void bench_nng_dial(struct bench_side *side, nng_socket sock);
void bench_nng_run_pair(const struct bench_args *args, bench_side_fn *a, bench_side_fn *b);

#endif
