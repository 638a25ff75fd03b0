/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_NODE_H
#define ZX_TEST_NODE_H

/*
 * A socket under test and its monitor.
 *
 * What it is: a zmq socket (linger 0), the endpoint it is bound to, a monitor on request.
 * Owner: the test's struct wire; used by the test's thread only.
 * Life: node_new makes one in the test's context; node_close closes it with its monitor.
 * Never: it never waits without a deadline, and uses nothing but zmq.h.
 */

#include "script.h"
#include "wire.h"

struct node {
    struct wire *world;
    void *sock;
    void *monitor;
    char endpoint[160];
};

struct node *node_new(struct wire *w, int type);
void node_close(struct node *n);

/* node_set skips the whole test, aloud, for a security option that our library lacks. */

/* Skips the test, aloud, when a call of our library answered ENOTSUP. */
void node_skip_unsupported(int rc, const char *call);

void node_set(struct node *n, int option, int value);
void node_set_text(struct node *n, int option, const char *text);
int node_get(struct node *n, int option);

void node_bind(struct node *n); /* to a fresh address of the test's transport */
void node_connect(struct node *n, const char *endpoint);

/* One message; parts are separated by '|', each a script (script.h). */
void node_send(struct node *n, const char *format, ...) __attribute__((format(printf, 2, 3)));
void node_expect_at(struct node *n, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void node_expect_nothing_at(struct node *n, int ms, const char *file, int line);
/* Receives the first frame of a message into *msg within the deadline. */
void node_receive_at(struct node *n, zmq_msg_t *msg, const char *file, int line);
/* Waits for POLLIN/POLLOUT. */
bool node_poll(struct node *n, short events, int timeout_ms);

#define node_expect(n, ...) node_expect_at((n), __FILE__, __LINE__, __VA_ARGS__)
#define node_expect_nothing(n, ms) node_expect_nothing_at((n), (ms), __FILE__, __LINE__)
#define node_receive(n, msg) node_receive_at((n), (msg), __FILE__, __LINE__)

/* Monitor: every event of version 1 from now on. */
void node_watch(struct node *n);
/* The next event, whichever: number, value in *value (may be NULL). 0 at the deadline. */
int node_next_event(struct node *n, uint32_t *value, int timeout_ms);
/* The next event is this one; its value is returned. */
uint32_t node_expect_event_at(struct node *n, int event, const char *file, int line);
/* This event comes, whatever comes before it; its value is returned. */
uint32_t node_await_event_at(struct node *n, int event, const char *file, int line);
const char *node_event_name(int event);

#define node_expect_event(n, event) node_expect_event_at((n), (event), __FILE__, __LINE__)
#define node_await_event(n, event) node_await_event_at((n), (event), __FILE__, __LINE__)

/* A connecting node's events until the transport connection is up: [CONNECT_DELAYED] CONNECTED. */
#define node_expect_connected(n)                                                                   \
    do {                                                                                           \
        if (strcmp((n)->world->transport, "tcp") == 0)                                             \
            node_expect_event((n), ZMQ_EVENT_CONNECT_DELAYED);                                     \
        node_expect_event((n), ZMQ_EVENT_CONNECTED);                                               \
    } while (0)

#endif
