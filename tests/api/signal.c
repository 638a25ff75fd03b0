/* SPDX-License-Identifier: MIT */
/* Signals while a call waits, and fork. */
#include "zx_api.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_alarm(int sig) {
    (void)sig;
    caught++;
}

/* A signal every 20 ms, to the only thread that does not block it. */
static void tick(int flags) {
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = flags};
    struct itimerval every = {{0, 20000}, {0, 20000}};

    caught = 0;
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

static void stop_ticking(void) {
    struct itimerval never = {{0, 0}, {0, 0}};

    setitimer(ITIMER_REAL, &never, NULL);
    zx_check_int("a handler ran", 1, caught > 0);
}

static void recv_is_interrupted(void) {
    void *s = zx_socket(ZMQ_PULL);
    char room[4];

    tick(zx_current()->arg);
    zx_check_rc("recv", "EINTR", zmq_recv(s, room, 4, 0));
    stop_ticking();
}

static void send_is_interrupted(void) {
    void *s = zx_socket(ZMQ_PUSH);

    tick(zx_current()->arg);
    zx_check_rc("send", "EINTR", zmq_send(s, "x", 1, 0));
    stop_ticking();
}

static void poll_is_interrupted(void) {
    void *s = zx_socket(ZMQ_PULL);
    zmq_pollitem_t item = {s, 0, ZMQ_POLLIN, 0};

    tick(zx_current()->arg);
    zx_check_rc("poll", "EINTR", zmq_poll(&item, 1, -1));
    zx_check_rc("poll of nothing", "EINTR", zmq_poll(&item, 0, 2000));
    stop_ticking();
}

static void proxy_is_interrupted(void) {
    void *front = zx_socket(ZMQ_PULL), *back = zx_socket(ZMQ_PUSH);

    tick(zx_current()->arg);
    zx_check_rc("proxy", "EINTR", zmq_proxy(front, back, NULL));
    stop_ticking();
}

static int told[2];

static void close_when_told(void *s) {
    char room[4];

    if (read(told[0], room, 1) != 1) abort();
    zmq_close(s);
}

static void term_is_interrupted(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PULL), *thread;
    int rc, interrupted = 0;

    assert_int_equal(pipe(told), 0);
    thread = zmq_threadstart(close_when_told, s);
    tick(0);
    while ((rc = zmq_ctx_term(ctx)) != 0 && errno == EINTR)
        if (++interrupted == 1) zx_ok(write(told[1], "x", 1));
    stop_ticking();
    close(told[0]);
    close(told[1]);
    zx_check_rc("in the end", "0", rc);
    zx_check_int("interrupted", 1, interrupted > 0);
    zmq_threadclose(thread);
}

static void an_interrupted_recv_loses_nothing(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);
    int got = 0, n = 0, value;

    zx_link(pull, push);
    tick(0);
    for (; n < 3000 || !caught; n++) {
        while (zmq_send(push, &n, sizeof n, 0) < 0 && errno == EINTR) {
        }
        while (zmq_recv(pull, &value, sizeof value, 0) < 0 && errno == EINTR) {
        }
        got += value == n;
    }
    stop_ticking();
    zx_check_int("all in order", n, got);
}

#ifndef __SANITIZE_THREAD__
static int on_wire(void *ctx) {
    void *a = zmq_socket(ctx, ZMQ_PAIR), *b = zmq_socket(ctx, ZMQ_PAIR);
    char room[8];
    int ok;

    ok = zmq_bind(a, "inproc://in-child") == 0 && zmq_connect(b, "inproc://in-child") == 0 &&
         zmq_send(a, "x", 1, 0) == 1 && zmq_recv(b, room, 8, 0) == 1;
    zmq_close(a);
    zmq_close(b);
    return ok && zmq_ctx_term(ctx) == 0;
}
#endif

static int child_of_fork(void *ctx, void *s) {
    char room[8];
    int wrong = 0;

    alarm(2);
    wrong |= !(zmq_recv(s, room, 8, 0) == -1 && errno == EINTR) ? 1 : 0;
    wrong |= zmq_close(s) != 0 ? 2 : 0;
    wrong |= !(zmq_ctx_term(ctx) == -1 && errno == EINTR) ? 4 : 0;
#ifndef __SANITIZE_THREAD__ /* it knows no threads in a child of threads */
    wrong |= !on_wire(zmq_ctx_new()) ? 8 : 0;
#endif
    return wrong;
}

static void fork_leaves_the_parent_alone(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);
    int status = -1;
    pid_t pid;

    zx_ok(zx_set_int(pull, ZMQ_RCVTIMEO, -1));
    zx_link(pull, push);
    zx_ok(zx_send(push, "before", 0));
    zx_check_str("before", "before", zx_recv(pull));
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(child_of_fork(zx_ctx(), pull));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    zx_check_int("child", 0, WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
    zx_ok(zx_send(push, "after", 0));
    zx_check_str("after", "after", zx_recv(pull));
}

static const struct zx_case cases[] = {
    ZX_CASE(recv_is_interrupted),
    ZX_CASE(send_is_interrupted),
    ZX_CASE(poll_is_interrupted),
    ZX_CASE_ARG(recv_is_interrupted, SA_RESTART),
    ZX_CASE_ARG(send_is_interrupted, SA_RESTART),
    ZX_CASE_ARG(poll_is_interrupted, SA_RESTART),
    ZX_CASE(proxy_is_interrupted),
    ZX_CASE_ARG(proxy_is_interrupted, SA_RESTART),
    ZX_CASE(term_is_interrupted),
    ZX_CASE_ALL(an_interrupted_recv_loses_nothing),
    ZX_CASE_ALL(fork_leaves_the_parent_alone),
};

ZX_MAIN("signal", cases)
