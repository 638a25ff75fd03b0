/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_DRIVE_H
#define ZX_TEST_DRIVE_H

/*
 * Two processes, two libraries, one script.
 *
 * What it is: starts agents (interop_peer with our library, the system's or libzmq 4.3.5 with
 *   drafts, agent.py on pyzmq, Agent.java on JeroMQ) and has them do one command after the other.
 * Owner: the test program; used by its one thread.
 * Life: drive_main parses the program's arguments, starts the agents it was asked for, proves
 *   which library each has loaded, runs the tests, ends the agents.
 * Never: it uses no libzmq itself; it never waits without a deadline.
 *
 * The language, one line each way:
 *   new S TYPE | int S OPTION VALUE | hex S OPTION HEX | bind S ENDPOINT -> ok ENDPOINT
 *   connect S ENDPOINT | send S MS PART... | recv S MS -> ok PART... or none | close S
 *   gather S MS BYTES (STREAM) | monitor S | event S MS -> ok EVENT VALUE or none
 *   of draft types, on ours and libzmq 4.3.5: join S GROUP | leave S GROUP | to S ID | group S NAME
 *   (go with what is sent next) | from S -> ok ID GROUP (of the message received last)
 *   | peer S ENDPOINT -> ok ID (connects)
 *   loaded -> ok PATH VERSION [zmqx] | quit
 *   on pyzmq: auth S thread|asyncio (its authenticator: in domain "shop" admin may come with the
 *   password "secret", and the client whose CURVE key zmq_curve(7) prints) | noauth S
 * S is a slot number; PART is h:HEX, or r:SIZE:SEED for bytes counted up from SEED modulo 251.
 * Answers are "ok ...", "none" or "err ...".
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DRIVE_MS = 8000 };

enum agent_kind { OURS, SYSTEM, PYTHON, JAVA, NEWER, PYTHON_ON_OURS, KINDS };

struct agent {
    enum agent_kind kind;
    int pid;
    int to, from; /* its standard input and output */
    bool lost;    /* gave no answer */
    bool is_zmqx; /* runs this project's library */
    char line[20000];
    size_t len;
};

extern struct agent agents[KINDS];

/* Arguments: path of interop_peer, directory of our libzmq, directory of these sources, and for
 * NEWER the directory of that library. Starts
 * the agents in the list (ends with KINDS), or exits with 77 and says why not. */
void drive_begin(char **argv, const enum agent_kind *kinds);
void drive_end(void);

/* The cmocka set-up of each test: starts agents anew that were lost in the test before. */
int drive_setup(void **state);

void agent_start(struct agent *a, enum agent_kind kind);
void agent_kill(struct agent *a); /* SIGKILL, and reaped */
void agent_signal(struct agent *a, int signo);

/* Tells and returns the answer without "ok "; fails the test unless it is "ok". */
const char *ask_at(struct agent *a, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Tells and returns the whole answer. */
const char *tell(struct agent *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define ask(a, ...) ask_at((a), __FILE__, __LINE__, __VA_ARGS__)

/* Receives in slot of a; the message must be these parts. */
void expect_at(struct agent *a, int slot, const char *parts, const char *file, int line);
#define expect(a, slot, parts) expect_at((a), (slot), (parts), __FILE__, __LINE__)

/* Text as a part: "h:...". One of a few static buffers. */
const char *part(const char *text);

/* A fresh "tcp://127.0.0.1:*", "ws://127.0.0.1:*", "tipc://{...}" or "ipc://...". With ZX_PRELOAD
 * in the environment the agents have that preloaded. */
const char *fresh_address(const char *transport);

int64_t drive_now_ms(void);
const char *agent_name(const struct agent *a);

#endif
