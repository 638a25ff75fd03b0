/* SPDX-License-Identifier: MIT */
/* Signals, forks, stopped processes: pitfalls.md §16.4 - §16.6, §13.8. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "node.h"
#include "peer.h"

static atomic_uint signals;

static void on_signal(int signo) {
    (void)signo;
    atomic_fetch_add(&signals, 1);
}

/* SIGUSR1 every so many microseconds from now on, to this thread; restart: SA_RESTART. */
static timer_t rain(int every_us, bool restart) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    struct timespec every = {0, every_us * 1000};
    struct itimerspec time = {.it_interval = every, .it_value = every};
    timer_t timer;
    event._sigev_un._tid = gettid();
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    assert_int_equal(timer_settime(timer, 0, &time, NULL), 0);
    return timer;
}

static void dry(timer_t timer) {
    timer_delete(timer);
    signal(SIGUSR1, SIG_IGN);
}

/* Calls that wait return EINTR, with SA_RESTART too. */
static void waiting_calls_return(void **state) {
    struct node *pull = node_new(*state, ZMQ_PULL), *push = node_new(*state, ZMQ_PUSH);
    zmq_pollitem_t items[2] = {{.socket = pull->sock, .events = ZMQ_POLLIN}, {.fd = 0}};
    char byte;
    node_bind(pull);
    for (int restart = 0; restart < 2; restart++) {
        timer_t timer = rain(20000, restart);
        assert_int_equal(zmq_recv(pull->sock, &byte, 1, 0), -1);
        assert_int_equal(zmq_errno(), EINTR);
        assert_int_equal(zmq_send(push->sock, "x", 1, 0), -1);
        assert_int_equal(zmq_errno(), EINTR);
        assert_int_equal(zmq_poll(items, 1, -1), -1);
        assert_int_equal(zmq_errno(), EINTR);
        assert_int_equal(zmq_poll(items, 0, 60000), -1);
        assert_int_equal(zmq_errno(), EINTR);
        dry(timer);
    }
    assert_true(atomic_load(&signals) >= 8);
}

/* Calls that do not wait are seldom, if at all, interrupted. */
static void calls_that_do_not_wait(void **state) {
    struct node *pull = node_new(*state, ZMQ_PULL);
    timer_t timer;
    unsigned finished = 0;
    char byte;
    node_bind(pull);
    timer = rain(200, false);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(zmq_recv(pull->sock, &byte, 1, ZMQ_DONTWAIT), -1);
        assert_true(zmq_errno() == EAGAIN || zmq_errno() == EINTR);
        finished += zmq_errno() == EAGAIN;
    }
    dry(timer);
    wire_check(finished >= 2900, "%u of 3000 finished", finished);
}

/* Nothing is lost or doubled in a rain of signals on both sides. */
static void *push_numbers(void *arg) {
    struct node *push = arg;
    timer_t timer = rain(300, true);
    for (unsigned i = 0; i < 20000; i++) {
        while (zmq_send(push->sock, &i, sizeof i, i % 7 ? ZMQ_SNDMORE : 0) < 0)
            if (zmq_errno() != EINTR)
                return (void *)"send";
    }
    timer_delete(timer);
    return NULL;
}

static void nothing_is_lost(void **state) {
    struct node *pull = node_new(*state, ZMQ_PULL), *push = node_new(*state, ZMQ_PUSH);
    pthread_t thread;
    timer_t timer;
    void *failure = NULL;
    node_set(pull, ZMQ_RCVHWM, 10);
    node_set(push, ZMQ_SNDHWM, 10);
    node_bind(pull);
    node_connect(push, pull->endpoint);
    assert_int_equal(pthread_create(&thread, NULL, push_numbers, push), 0);
    timer = rain(300, false);
    for (unsigned i = 0; i < 20000 - 20000 % 7 + 1;) {
        unsigned number;
        if (zmq_recv(pull->sock, &number, sizeof number, 0) < 0) {
            assert_int_equal(zmq_errno(), EINTR);
            continue;
        }
        wire_check(number == i, "%u instead of %u", number, i);
        assert_int_equal(node_get(pull, ZMQ_RCVMORE), i % 7 != 0);
        i++;
    }
    timer_delete(timer);
    pthread_join(thread, &failure);
    signal(SIGUSR1, SIG_IGN);
    wire_check(!failure, "%s failed", (char *)failure);
}

/* Termination is interrupted, and goes on when it is called again. */
static void termination_returns(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(*state, ZMQ_PUSH);
    struct peer *l = peer_listen(*state), *p;
    timer_t timer;
    node_connect(n, l->address);
    node_set(n, ZMQ_LINGER, -1);
    node_send(n, "'unsent'");
    node_close(n);
    p = peer_accept(l);
    timer = rain(20000, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(zmq_ctx_term(w->ctx), -1);
        assert_int_equal(zmq_errno(), EINTR);
    }
    dry(timer);
    peer_shake(p, "PULL");
    peer_expect(p, "<00 'unsent'>");
    assert_int_equal(zmq_ctx_term(w->ctx), 0);
    w->ctx = NULL;
}

/* The library's own threads see no signals of the application. */
static void own_threads_see_none(void **state) {
    struct node *pull = node_new(*state, ZMQ_PULL), *push = node_new(*state, ZMQ_PUSH);
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t mask, old;
    wire_ours_only("threads of libzmq block signals only some time after their start");
    node_bind(pull);
    node_connect(push, pull->endpoint);
    node_send(push, "'x'");
    node_expect(pull, "'x'");
    assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &mask, &old);
    atomic_store(&signals, 0);
    for (int i = 0; i < 100; i++) { /* to the process: any thread that does not block takes it */
        kill(getpid(), SIGUSR2);
        node_send(push, "'x'");
        node_expect(pull, "'x'");
    }
    assert_int_equal(atomic_load(&signals), 0);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    assert_int_equal(atomic_load(&signals), 1); /* they were one pending signal all the time */
    signal(SIGUSR2, SIG_DFL);
}

/* --- fork ----------------------------------------------------------------------------------- */

static struct {
    void *ctx, *pull, *push, *idle;
    char endpoint[160];
} inherited;

/* Everything that would wait or signal says EINTR; closing works; a new context works. */
static int child_of_a_fork(struct child *self, const char *arg) {
    void *ctx, *a, *b;
    char text[8];
    int zero = 0;
    int64_t start = wire_now_ms();
    (void)self;
    (void)arg;
    must(zmq_recv(inherited.pull, text, sizeof text, 0) == -1 && zmq_errno() == EINTR);
    must(zmq_send(inherited.idle, "x", 1, 0) == -1 && zmq_errno() == EINTR);
    must(zmq_close(inherited.pull) == 0);
    must(zmq_close(inherited.push) == 0);
    must(zmq_close(inherited.idle) == 0);
    must(zmq_ctx_term(inherited.ctx) == -1 && zmq_errno() == EINTR);
    must(wire_now_ms() - start < DEADLINE_MS);
    ctx = zmq_ctx_new();
    must(ctx != NULL);
    a = zmq_socket(ctx, ZMQ_REQ);
    b = zmq_socket(ctx, ZMQ_REP);
    must(a && b);
    must(zmq_setsockopt(a, ZMQ_LINGER, &zero, sizeof zero) == 0);
    must(zmq_bind(b, "tcp://127.0.0.1:*") == 0);
    must(zmq_getsockopt(b, ZMQ_LAST_ENDPOINT, inherited.endpoint,
                        &(size_t){sizeof inherited.endpoint}) == 0);
    must(zmq_connect(a, inherited.endpoint) == 0);
    for (int i = 0; i < 20; i++) {
        must(zmq_send(a, "ping", 4, 0) == 4);
        must(zmq_recv(b, text, sizeof text, 0) == 4);
        must(zmq_send(b, "pong", 4, 0) == 4);
        must(zmq_recv(a, text, sizeof text, 0) == 4);
    }
    zmq_close(a);
    zmq_close(b);
    must(zmq_ctx_term(ctx) == 0);
    return 0;
}

/* Closes every descriptor it inherited, as daemons do, then works on its own. */
static int child_that_closes_all(struct child *self, const char *arg) {
    for (int fd = 3; fd < 1024; fd++)
        if (fd != self->in && fd != self->out)
            close(fd);
    return child_of_a_fork(self, arg);
}

static int child_that_just_ends(struct child *self, const char *arg) {
    (void)self;
    (void)arg;
    return 0;
}

/* The parent notices nothing of what its children do. */
static void forking(void **state) {
    static int (*const children[])(struct child *, const char *) = {
        child_of_a_fork, child_that_closes_all, child_that_just_ends};
    struct wire *w = *state;
    struct node *pull = node_new(w, ZMQ_PULL), *push = node_new(w, ZMQ_PUSH);
    struct node *idle = node_new(w, ZMQ_PUSH);
    unsigned number = 0;
    if (WIRE_SLOWER == 6) {
        print_message("SKIPPED: ThreadSanitizer forbids threads after a fork\n");
        skip();
    }
    node_bind(pull);
    node_bind(idle);
    node_connect(push, pull->endpoint);
    inherited.ctx = w->ctx;
    inherited.pull = pull->sock;
    inherited.push = push->sock;
    inherited.idle = idle->sock;
    for (int i = 0; i < 6; i++) {
        struct child c = child_start(children[i % 3], NULL);
        for (int k = 0; k < 200; k++, number++) {
            node_send(push, "u32:%u", number);
            node_expect(pull, "u32:%u", number);
        }
        child_finish(&c);
        for (int k = 0; k < 20; k++, number++) {
            node_send(push, "u32:%u", number);
            node_expect(pull, "u32:%u", number);
        }
    }
}

/* --- a stopped peer ------------------------------------------------------------------------- */

static int receiver(struct child *self, const char *address) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PULL);
    char endpoint[200], line[40];
    size_t size = sizeof endpoint;
    unsigned number, expected = 0;
    must(zmq_bind(s, address) == 0);
    must(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    child_tell(self, endpoint);
    for (;;) {
        char body[1000];
        must(zmq_recv(s, body, sizeof body, 0) == (int)sizeof body);
        memcpy(&number, body, sizeof number);
        if (number == ~0u)
            break;
        must(number == expected++);
    }
    snprintf(line, sizeof line, "%u", expected);
    child_tell(self, line);
    zmq_close(s);
    must(zmq_ctx_term(ctx) == 0);
    return 0;
}

static bool send_number(struct node *n, unsigned number) {
    char body[1000] = "";
    memcpy(body, &number, sizeof number);
    return zmq_send(n->sock, body, sizeof body, ZMQ_DONTWAIT) > 0;
}

/* It takes nothing more: sends end in EAGAIN, not in waiting. It goes on: nothing is missing. */
static void stopped_peer(void **state) {
    struct wire *w = *state;
    struct node *n, *other;
    struct child c;
    char address[200], line[40];
    unsigned sent = 0;
    int64_t start;
    wire_fresh_address(w, address, sizeof address);
    c = child_start(receiver, address);
    child_hear(&c, address, sizeof address);
    n = node_new(w, ZMQ_PUSH);
    other = node_new(w, ZMQ_PULL); /* its traffic must not suffer */
    node_connect(n, address);
    while (sent < 100 && node_poll(n, ZMQ_POLLOUT, DEADLINE_MS))
        assert_true(send_number(n, sent++));
    kill(c.pid, SIGSTOP);
    start = wire_now_ms();
    while (node_poll(n, ZMQ_POLLOUT, 100)) {
        assert_true(send_number(n, sent++));
        wire_check(wire_now_ms() - start < 2 * DEADLINE_MS, "no end of room");
    }
    assert_false(send_number(n, sent));
    assert_int_equal(zmq_errno(), EAGAIN);
    node_bind(other);
    node_connect(n, other->endpoint);
    node_send(n, "'to the other'");
    node_expect(other, "'to the other'");
    assert_int_equal(zmq_disconnect(n->sock, other->endpoint), 0);
    node_close(other);
    kill(c.pid, SIGCONT);
    assert_true(node_poll(n, ZMQ_POLLOUT, DEADLINE_MS));
    while (!send_number(n, ~0u))
        assert_true(node_poll(n, ZMQ_POLLOUT, DEADLINE_MS));
    child_hear(&c, line, sizeof line);
    assert_int_equal(strtoul(line, NULL, 10), sent);
    child_finish(&c);
}

/* Closing does not wait longer for a stopped peer than linger says. */
static void closing_with_a_stopped_peer(void **state) {
    static const int lingers[] = {0, 200};
    struct wire *w = *state;
    for (int i = 0; i < 2; i++) {
        struct wire inner = {.transport = w->transport};
        struct node *n;
        struct child c;
        char address[200];
        int64_t took;
        wire_fresh_address(w, address, sizeof address);
        c = child_start(receiver, address);
        child_hear(&c, address, sizeof address);
        kill(c.pid, SIGSTOP);
        inner.ctx = zmq_ctx_new();
        n = node_new(&inner, ZMQ_PUSH);
        node_set(n, ZMQ_SNDHWM, 0);
        node_set(n, ZMQ_LINGER, lingers[i]);
        node_connect(n, address);
        for (unsigned k = 0; k < 20000; k++)
            assert_true(send_number(n, k));
        took = wire_now_ms();
        node_close(n);
        assert_int_equal(zmq_ctx_term(inner.ctx), 0);
        took = wire_now_ms() - took;
        wire_check(took >= lingers[i] - 10 && took < lingers[i] + 300 * WIRE_SLOWER, "%d ms",
                   (int)took);
        child_kill(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(waiting_calls_return),
        ON_TCP(calls_that_do_not_wait),
        ON_BOTH(nothing_is_lost),
        ON_BOTH(termination_returns),
        ON_BOTH(own_threads_see_none),
        ON_BOTH(forking),
        ON_BOTH(stopped_peer),
        ON_BOTH(closing_with_a_stopped_peer),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
