/* SPDX-License-Identifier: MIT */
/*
 * Signals between threads: PAIR sockets over inproc. No locks, no shared variables: a thread waits
 * for a message.
 *
 *     main <-- step 2 <-- step 1
 *
 * Contexts may be shared by threads, and inproc addresses are known within one context only.
 */
#include "example.h"

/* Does its work, then tells step 2. */
static void step_1(void *context) {
    void *next = zmq_socket(context, ZMQ_PAIR);

    MUST(next && zmq_connect(next, "inproc://step-2") == 0);
    printf("step 1 is done\n");
    MUST(zmq_send(next, "ready", 5, 0) == 5);
    zmq_close(next);
}

/* Starts step 1, waits for it, does its own work, then tells main. */
static void step_2(void *context) {
    void *mine = zmq_socket(context, ZMQ_PAIR);
    void *next = zmq_socket(context, ZMQ_PAIR);

    MUST(mine && zmq_bind(mine, "inproc://step-2") == 0);
    void *thread = zmq_threadstart(step_1, context);
    MUST(hears(mine, "ready"));
    zmq_close(mine);

    /* main bound this address before; connecting first would be right too. */
    MUST(next && zmq_connect(next, "inproc://main") == 0);
    printf("step 2 is done\n");
    MUST(zmq_send(next, "ready", 5, 0) == 5);
    zmq_close(next);
    zmq_threadclose(thread);
}

int main(void) {
    void *context = zmq_ctx_new();
    void *mine = zmq_socket(context, ZMQ_PAIR);

    MUST(mine && zmq_bind(mine, "inproc://main") == 0);
    void *thread = zmq_threadstart(step_2, context);
    MUST(hears(mine, "ready"));
    printf("all is done\n");

    zmq_threadclose(thread);
    zmq_close(mine);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
