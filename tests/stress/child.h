/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_CHILD_H
#define ZX_TEST_CHILD_H

/*
 * Parts of a test that need a process of their own: limits, signals, forks.
 *
 * What it is: child_start forks and runs a function, child_finish awaits its end; the two talk
 *   through a pair of pipes, a byte or a line at a time.
 * Owner: the test's thread. Fork before the test has made its first socket, unless the fork is
 *   what is tested.
 * Life: child_start ... child_finish; a child that is still there at the deadline is killed and
 *   fails the test.
 * Never: a child never returns into cmocka: it checks with must(), which ends it with a message.
 */

#include <stdio.h>
#include <unistd.h>

#include "wire.h"

struct child {
    int pid;
    int in, out; /* of the parent: what the child writes, what it reads */
};

/* The function runs in the child with the other ends of the pipes; its result is the exit code. */
struct child child_start(int (*run)(struct child *self, const char *arg), const char *arg);
void child_finish(struct child *c);
void child_kill(struct child *c);

/* A line each way; both ends may use them. Fails (parent) or exits (child) at the deadline. */
void child_tell(struct child *c, const char *line);
void child_hear(struct child *c, char *line, size_t size);

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: in the child: %s (%s)\n", __FILE__, __LINE__, #condition,      \
                    zmq_strerror(zmq_errno()));                                                    \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

#endif
