/* SPDX-License-Identifier: MIT */
#ifndef ZX_MAN_BEFORE_H
#define ZX_MAN_BEFORE_H

/*
 * What stands in front of a manual page's example when it is run (tools/lint-man --run).
 *
 * What it is: the check and the sockets that scenes.c works with; and, for the few examples with a
 *   known port, a far host, a place of the system or a long wait, another one instead.
 * Which thread: the example's.
 * How it lives and dies: one program for each example; what is left open ends with it.
 * What it never does: change what an example does with the library.
 */

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define MUST(what)                                                                                 \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "line %d: not so: %s (%s)\n", __LINE__, #what,                         \
                    zmq_strerror(zmq_errno()));                                                    \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* Where the example's server was bound, or where its client shall go. */
static char place[256];

static int bind_elsewhere(void *socket, const char *endpoint) {
    size_t size = sizeof place;

    if (strncmp(endpoint, "inproc:", 7) == 0) return zmq_bind(socket, endpoint);
    if (place[0]) return zmq_bind(socket, place);
    if (zmq_bind(socket, "tcp://127.0.0.1:*")) return -1;
    return zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, place, &size);
}

static int connect_elsewhere(void *socket, const char *endpoint) {
    (void)endpoint;
    return zmq_connect(socket, place);
}

/* Keeps compilers quiet where an example does not use them. */
static inline void unused(void) {
    (void)bind_elsewhere;
    (void)connect_elsewhere;
}

#ifdef ELSEWHERE
#define zmq_bind(s, e) bind_elsewhere(s, e)
#define zmq_connect(s, e) connect_elsewhere(s, e)
#endif
#ifdef EXAMPLE_zmq_timers_new
#define zmq_timers_add(t, ms, f, a) zmq_timers_add(t, (ms) / 200, f, a)
#endif

#endif
