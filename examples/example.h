/* SPDX-License-Identifier: MIT */
#ifndef EXAMPLE_H
#define EXAMPLE_H

/*
 * What the examples share, so that each can be read on one page.
 *
 * What it is: a check that ends the program when something did not go as it should, and a bind that
 *   lets the system choose the port, so that examples never get in each other's way.
 * Which thread: any.
 * How it lives and dies: it keeps nothing.
 * What it never does: hide how messages are sent and received; that is what the examples are for.
 *
 * A program of your own would bind to a known port, as "tcp://127.0.0.1:5555", and say more about
 * what failed.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define MUST(what)                                                                                 \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "%s:%d: not so: %s (errno says: %s)\n", __FILE__, __LINE__, #what,     \
                    zmq_strerror(zmq_errno()));                                                    \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* Binds to a free port of this host, and tells the address to connect to. */
static inline void bind_anywhere(void *socket, char address[64]) {
    size_t size = 64;

    MUST(zmq_bind(socket, "tcp://127.0.0.1:*") == 0);
    MUST(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address, &size) == 0);
}

/* Whether the next message of the socket is this text. Waits for it. */
static inline int hears(void *socket, const char *text) {
    char got[256];
    int size = zmq_recv(socket, got, sizeof got, 0);

    return size == (int)strlen(text) && memcmp(got, text, strlen(text)) == 0;
}

#endif
