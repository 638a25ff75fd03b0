/* SPDX-License-Identifier: MIT */
/*
 * Fixed CURVE key pairs for the encrypted rows: those printed in zmq_curve(7), nobody's secret.
 *
 * Threads: stateless. Life: options are set before bind or connect. Never: used outside bench/.
 */
#ifndef BENCH_CURVE_H
#define BENCH_CURVE_H

#include <stdbool.h>

void bench_curve_setup(void *sock, bool is_server);

#endif
