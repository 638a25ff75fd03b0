/* SPDX-License-Identifier: MIT */
#ifndef ZX_API_H
#define ZX_API_H

/*
 * Support of the black-box battery in this folder.
 *
 * What it is: the frame every program here runs in (proof of the library under test, table
 * of cases, per-case context and sockets, named checks, expected differences) and the
 * helpers they share (endpoints, monitors, multipart strings, child processes).
 * Owner: the main thread of a test program; only zx_err() may be called from others.
 * Life: zx_run() sets a case up, runs it, closes what it left open, and goes on.
 * Never: sleeps, uses fixed ports, or includes a header of the library other than zmq.h.
 *
 * A check has a name "program/case/label". Its expectation in the code is what the reference
 * asks of this project's library. Where another library is known to behave differently,
 * differences.txt says so, once, with the place in the reference that justifies it; the
 * environment variable ZX_LIB (ours, 434 or 435) selects the column. No check accepts two
 * outcomes.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

/* How long anything that must happen may take, and how long to look for what must not. */
#define ZX_LONG_MS 3000
#define ZX_SHORT_MS 60

enum zx_transport { ZX_INPROC, ZX_TCP, ZX_IPC };

struct zx_case {
    const char *name;
    void (*fn)(void);
    enum zx_transport via;
    int arg;
};

#define ZX_CASE(f) {#f, f, ZX_INPROC, 0}
#define ZX_CASE_ARG(f, a) {#f "-" #a, f, ZX_INPROC, a}
#define ZX_CASE_NET(f) {#f "@tcp", f, ZX_TCP, 0}, {#f "@ipc", f, ZX_IPC, 0}
#define ZX_CASE_ALL(f) {#f "@inproc", f, ZX_INPROC, 0}, ZX_CASE_NET(f)

#define ZX_MAIN(program, cases)                                                                    \
    int main(int argc, char **argv) {                                                              \
        zx_start(program, argc, argv);                                                             \
        return zx_run(cases, sizeof cases / sizeof cases[0]);                                      \
    }

/* The frame. */
void zx_start(const char *program, int argc, char **argv);
int zx_run(const struct zx_case *cases, size_t n);
const struct zx_case *zx_current(void);
const char *zx_program(void);
const char *zx_lib(void);
int zx_is_lib(const char *lib);
void zx_needs(const char *capability); /* skips the case, loudly, in a build without it */
void zx_soft(int on); /* failed checks are counted and fail the case at its end */

/* Expectations: what this library has to do where the reference asks for `reference`. */
const char *zx_expect(const char *label, const char *reference);
int zx_runs(const char *label); /* 0 where differences.txt says "not-run" */
void zx_check_at(const char *label, const char *want, const char *got, const char *file, int line);
const char *zx_err(int rc);         /* "0", "17", or the name of errno when rc is -1 */
const char *zx_num(long long n);    /* decimal text, valid for the next dozen calls */
const char *zx_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define zx_check_str(label, want, got) zx_check_at(label, want, got, __FILE__, __LINE__)
#define zx_check_rc(label, want, rc) zx_check_at(label, want, zx_err(rc), __FILE__, __LINE__)
#define zx_check_int(label, want, n)                                                               \
    zx_check_at(label, zx_num(want), zx_num(n), __FILE__, __LINE__)
void zx_ok_at(long rc, const char *what, const char *file, int line);
#define zx_ok(call) zx_ok_at((long)(call), #call, __FILE__, __LINE__)

/* Context and sockets of the running case; all of them are closed at its end. Sockets made
 * here time out after ZX_LONG_MS in both directions and have LINGER 0. */
void *zx_ctx(void);
void zx_ctx_forget(void);
void *zx_socket(int type);
void *zx_raw_socket(int type);
void zx_close(void *s);
int zx_set_int(void *s, int opt, int value);
int zx_get_int(void *s, int opt);
int zx_set_str(void *s, int opt, const char *value);

/* Endpoints on the transport of the running case. */
const char *zx_new_endpoint(void);         /* unique, unbound; wildcard on tcp */
const char *zx_bind(void *s);              /* binds, returns what to connect to */
const char *zx_bind_to(void *s, const char *ep);
const char *zx_last_endpoint(void *s);
const char *zx_dir(void);                  /* this process's own directory */
const char *zx_unique(const char *scheme); /* scheme + a name never used before */
void zx_link(void *binder, void *connecter); /* ready in both directions on return */
const char *zx_dead_tcp(void);             /* a tcp endpoint nobody listens on */

/* Messages as text: parts joined by '|'; bytes below 0x20 or above 0x7e as \xx. */
int zx_send(void *s, const char *parts, int flags);
const char *zx_recv(void *s);              /* errno's name when nothing arrives in time */
const char *zx_recv_now(void *s);          /* without waiting */
const char *zx_recv_soon(void *s);         /* looks for ZX_SHORT_MS */
const char *zx_bytes(const void *data, size_t n);
int zx_wait(void *s, short events, int ms); /* revents of one zmq_poll */
int zx_ready(void *s);                     /* ZMQ_EVENTS */
void zx_until_writable(void *s);
void zx_until_lost(void *s);               /* POLLOUT gone again: the only peer was noticed dead */

/* Monitors, version 1. */
struct zx_event {
    int event;
    uint32_t value;
    char address[256];
};
void *zx_monitor(void *s, int events);
int zx_next_event(void *mon, struct zx_event *ev, int ms); /* 0 or -1 */
const char *zx_events(void *mon, int n);   /* names of the next n events, comma separated */
const char *zx_event_name(int event);
void zx_await(void *mon, int event, struct zx_event *ev); /* skips others */

/* Runs fn in a child: its answer, or "abort", "segv", "hang", "exit:<n>". */
const char *zx_child(const char *(*fn)(void));

const char *zx_keep(const char *text); /* a copy that lives until the case ends */

/* Threads that must be joined before the case ends. */
void *zx_spawn(zmq_thread_fn *fn, void *arg);

long long zx_now_ms(void);

#endif
