/* SPDX-License-Identifier: MIT */
/*
 * A proxy to be measured: a thread with a context of its own that runs zmq_proxy.
 *
 * Threads: start, bind the two sockets and run from one thread; from then on they are the proxy's
 * until relay_stop. Life: relay_start to relay_stop. Never: sets an option.
 */
#ifndef BENCH_RELAY_H
#define BENCH_RELAY_H

#include <pthread.h>

#include "zsock.h"

struct relay {
    pthread_t thread;
    void *ctx;
    void *front;
    void *back;
};

void relay_start(struct relay *relay, int front, int back);
void relay_run(struct relay *relay);
void relay_stop(struct relay *relay);

#endif
