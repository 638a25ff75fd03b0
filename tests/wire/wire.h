/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_WIRE_H
#define ZX_TEST_WIRE_H

/*
 * One test's world: its transport, context, sockets under test (nodes) and scripted peers.
 *
 * What it is: the cmocka fixture of the wire tests and of the robustness tests.
 * Owner: the test's thread.
 * Life: wire_setup before and wire_teardown after each test, also after a failed one: closes all
 *   peers and nodes, terminates the context, removes the directory of ipc paths. The group's
 *   set-up and tear-down count descriptors and threads before the first and after the last test.
 * Never: it never waits without a deadline; an alarm ends a test that hangs and says which.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zmq.h>

#if defined(__SANITIZE_THREAD__)
#define WIRE_SLOWER 6
#elif defined(__SANITIZE_ADDRESS__)
#define WIRE_SLOWER 3
#else
#define WIRE_SLOWER 1
#endif

enum {
    DEADLINE_MS = 5000 * WIRE_SLOWER, /* for what must happen: not reached in a passing test */
    QUIET_MS = 120,                   /* for what must not happen */
    HANG_S = 40 * WIRE_SLOWER,        /* a test that takes longer is called hung */
    WIRE_NODES = 8,
    WIRE_PEERS = 64
};

struct node;
struct peer;

struct wire {
    const char *transport; /* "tcp" or "ipc" */
    void *ctx;
    struct node *nodes[WIRE_NODES];
    struct peer *peers[WIRE_PEERS];
    char dir[32]; /* of ipc paths, made on demand */
    unsigned names;
};

int wire_setup(void **state);
int wire_teardown(void **state);
int wire_group_setup(void **state);
int wire_group_teardown(void **state);

/* A new "ipc://path" in the test's own directory, or "tcp://127.0.0.1:*". */
void wire_fresh_address(struct wire *w, char *address, size_t size);

bool wire_is_ours(void);

/* Ends the test as skipped, saying why, when another library is being run: for what this project
 * does better than libzmq, or what the installed version cannot do. With ZMQX_WIRE_ALL in the
 * environment it runs all the same, to see it fail there. */
void wire_ours_only(const char *why);

/* The running test, "name/transport". */
extern const char *wire_name;

/* Which row of a table a test is at; told with a failure. */
extern int wire_row;

int64_t wire_now_ms(void);
bool wire_readable(int fd, int timeout_ms);

_Noreturn void wire_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define wire_check(condition, ...)                                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            wire_fail(__FILE__, __LINE__, __VA_ARGS__);                                            \
    } while (0)

/* A test runs over one transport or over both. */
#define ON(transport, test)                                                                        \
    { #test "/" transport, test, wire_setup, wire_teardown,                                        \
      (void *)(uintptr_t)(#test "/" transport) }
#define ON_TCP(test) ON("tcp", test)
#define ON_IPC(test) ON("ipc", test)
#define ON_BOTH(test) ON("tcp", test), ON("ipc", test)

#endif
