/* SPDX-License-Identifier: MIT */
/*
 * Proxies with many clients and slow readers: small high-water marks on every way, commands and
 * signals all the time, sockets closed and contexts ended under a running proxy. Nothing may be
 * lost or doubled where the socket types promise that, and every proxy ends as it was told.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "crew.h"

#define ROUND_MS 700
#define QUIET_MS 10000

enum { CLIENTS = 6, WORKERS = 3, SENDERS = 6, READERS = 3 };
#define SEQS 200000u

enum via { INPROC, TCP };

struct desk { /* a proxy and who talks through it */
    void *ctx;
    void *front, *back, *capture, *control;
    char at_front[64], at_back[64], at_capture[64], at_control[64];
    pthread_t thread;          /* the proxy's, once is_running */
    atomic_bool is_running;
    atomic_int result;         /* 0 or an errno */
    _Atomic uint32_t active;   /* clients or senders at work */
    _Atomic uint64_t sent, got, captured;
    _Atomic uint32_t *seen, *copied; /* bit per seq, a row per sender */
};

static void *end(void *ctx, int type, int hwm) {
    void *s = zmq_socket(ctx, type);
    int linger = 0, timeout = 50;
    assert_non_null(s);
    zmq_setsockopt(s, ZMQ_SNDHWM, &hwm, sizeof hwm);
    zmq_setsockopt(s, ZMQ_RCVHWM, &hwm, sizeof hwm);
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(s, ZMQ_SNDTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(s, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    return s;
}

static void *bound(struct desk *d, enum via via, int type, int hwm, char address[64]) {
    static atomic_uint n;
    void *s = end(d->ctx, type, hwm);
    size_t size = 64;
    snprintf(address, 64, via == TCP ? "tcp://127.0.0.1:*" : "inproc://proxy-%u",
             atomic_fetch_add(&n, 1));
    assert_int_equal(zmq_bind(s, address), 0);
    assert_int_equal(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, address, &size), 0);
    return s;
}

static void *connected(struct desk *d, int type, int hwm, const char *address) {
    void *s = end(d->ctx, type, hwm);
    assert_int_equal(zmq_connect(s, address), 0);
    return s;
}

static void close_all(void *const *v, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        if (v[i])
            assert_int_equal(zmq_close(v[i]), 0);
}

static void close_desk(struct desk *d) {
    void *const v[] = {d->front, d->back, d->capture, d->control};
    close_all(v, 4);
    assert_int_equal(zmq_ctx_term(d->ctx), 0);
}

/* A signal interrupts a proxy; nothing is lost if it is called again. */
static void run_proxy(struct member *me) {
    struct desk *d = me->a;
    int rc;
    d->thread = pthread_self();
    atomic_store(&d->is_running, true);
    do
        rc = zmq_proxy_steerable(d->front, d->back, d->capture, d->control);
    while (rc && zmq_errno() == EINTR);
    atomic_store(&d->result, rc ? zmq_errno() : 0);
}

static void on_signal(int signo) {
    (void)signo;
}

/* ---- requests, under control ---- */

static void take_reply(struct member *me, struct desk *d, uint32_t *open, int *idle) {
    struct crew_letter l;
    int wait_ms = 1 + (int)crew_random(me, 20);
    int rc = crew_receive(me, me->b, &l, wait_ms);
    if (rc < 0)
        crew_fail(me, "receive");
    if (rc <= 0) {
        *idle += wait_ms;
        return;
    }
    *idle = 0;
    crew_check(me, l.from == me->number && l.seq < SEQS);
    crew_take_rest(me, me->b, &l);
    uint32_t bit = 1u << l.seq % 32;
    if (l.seq < SEQS && atomic_fetch_or(&d->seen[(me->number * SEQS + l.seq) / 32], bit) & bit)
        crew_fail(me, "a reply came twice");
    --*open;
}

static void client(struct member *me) {
    struct desk *d = me->a;
    uint32_t seq = 0, open = 0;
    int idle = 0;
    while ((open || !crew_is_over(me->crew)) && idle < QUIET_MS) {
        bool may_send = open < 8 && seq < SEQS && !crew_is_over(me->crew);
        if (may_send && (!open || crew_random(me, 2))) {
            if (crew_send(me, me->b, seq))
                continue;
            seq++;
            open++;
        } else {
            take_reply(me, d, &open, &idle);
        }
        crew_dawdle(me);
    }
    if (open)
        crew_fail(me, "replies never come");
    atomic_fetch_sub(&d->active, 1);
}

/* Sends back what comes, with the client's id in front; slowly. */
static void worker(struct member *me) {
    struct desk *d = me->a;
    while (atomic_load(&d->active)) {
        zmq_msg_t m;
        int more = 1;
        zmq_msg_init(&m);
        for (int flags = 0; more; flags = ZMQ_DONTWAIT) {
            if (zmq_msg_recv(&m, me->b, flags) < 0)
                break;
            more = zmq_msg_more(&m);
            /* Only a message's first part waits for room. */
            while (zmq_msg_send(&m, me->b, more ? ZMQ_SNDMORE : 0) < 0) {
                if (zmq_errno() != EAGAIN || !atomic_load(&d->active)) {
                    more = 0;
                    break;
                }
            }
        }
        zmq_msg_close(&m);
        crew_dawdle(me);
    }
}

static void slow_spy(struct member *me) {
    struct desk *d = me->a;
    while (atomic_load(&d->active)) {
        char part[8];
        (void)zmq_recv(me->b, part, sizeof part, 0);
        crew_dawdle(me);
    }
}

/* A command and its answer; the number of answering parts, -1: none came. */
static int order(struct member *me, const char *command) {
    struct desk *d = me->a;
    uint64_t value;
    int parts = 0, more = 1;
    size_t size = sizeof more;
    while (zmq_send(me->b, command, strlen(command), 0) < 0) {
        if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
            return -1;
    }
    for (int tries = 0; more && tries < QUIET_MS / 50; tries++) {
        if (atomic_load(&d->is_running) && crew_random(me, 3) == 0)
            pthread_kill(d->thread, SIGUSR1);
        if (zmq_recv(me->b, &value, sizeof value, 0) < 0)
            continue;
        parts++;
        zmq_getsockopt(me->b, ZMQ_RCVMORE, &more, &size);
    }
    return more ? -1 : parts;
}

static void conductor(struct member *me) {
    static const char *const commands[] = {"PAUSE", "RESUME", "STATISTICS", "nonsense"};
    struct desk *d = me->a;
    while (!crew_is_over(me->crew)) {
        unsigned i = crew_random(me, 4);
        if (order(me, commands[i]) != (i == 2 ? 8 : 1)) {
            crew_fail(me, commands[i]);
            break;
        }
        crew_dawdle(me);
    }
    crew_check(me, order(me, "RESUME") == 1);
    while (atomic_load(&d->active) && order(me, "STATISTICS") == 8)
        crew_dawdle(me);
    crew_check(me, order(me, "TERMINATE") == 1);
}

static void requests(enum via via) {
    struct desk d = {.ctx = zmq_ctx_new(), .active = CLIENTS, .result = -1};
    void *s[CLIENTS + WORKERS + 2];
    unsigned n = 0;
    d.seen = calloc(CLIENTS * SEQS / 32, sizeof(uint32_t));
    assert_non_null(d.seen);
    d.front = bound(&d, via, ZMQ_ROUTER, 20, d.at_front);
    d.back = bound(&d, via, ZMQ_DEALER, 3, d.at_back);
    d.capture = bound(&d, via, ZMQ_PUB, 10, d.at_capture);
    d.control = bound(&d, via, ZMQ_REP, 10, d.at_control);
    struct crew *c = crew_start(ROUND_MS);
    for (int i = 0; i < CLIENTS; i++)
        crew_hire(c, client, &d, s[n++] = connected(&d, ZMQ_DEALER, 100, d.at_front));
    for (int i = 0; i < WORKERS; i++)
        crew_hire(c, worker, &d, s[n++] = connected(&d, ZMQ_DEALER, 3, d.at_back));
    s[n] = connected(&d, ZMQ_SUB, 10, d.at_capture);
    zmq_setsockopt(s[n], ZMQ_SUBSCRIBE, "", 0);
    crew_hire(c, slow_spy, &d, s[n++]);
    crew_hire(c, conductor, &d, s[n++] = connected(&d, ZMQ_REQ, 10, d.at_control));
    crew_hire(c, run_proxy, &d, NULL);
    crew_join(&c);
    assert_int_equal(atomic_load(&d.result), 0);
    close_all(s, n);
    close_desk(&d);
    free((void *)d.seen);
}

static void requests_inproc(void **state) {
    (void)state;
    requests(INPROC);
}

static void requests_tcp(void **state) {
    (void)state;
    requests(TCP);
}

/* ---- a pipeline of which nothing may be lost, nor of its copy ---- */

static void sender(struct member *me) {
    struct desk *d = me->a;
    for (uint32_t seq = 0; seq < SEQS && !crew_is_over(me->crew); seq++) {
        if (crew_send(me, me->b, seq))
            break;
        atomic_fetch_add(&d->sent, 1);
        crew_dawdle(me);
    }
    atomic_fetch_sub(&d->active, 1);
}

static bool is_all_there(struct desk *d) {
    return !atomic_load(&d->active) && atomic_load(&d->got) >= atomic_load(&d->sent) &&
           atomic_load(&d->captured) >= atomic_load(&d->sent);
}

static void read_into(struct member *me, _Atomic uint32_t *seen, _Atomic uint64_t *got) {
    struct desk *d = me->a;
    int idle = 0;
    while (!is_all_there(d)) {
        struct crew_letter l;
        int wait_ms = (int)crew_random(me, 20);
        int rc = crew_receive(me, me->b, &l, wait_ms);
        if (rc < 0 && zmq_errno() == ETERM)
            return;
        if (rc < 0)
            crew_fail(me, "receive");
        if (rc <= 0) {
            idle += wait_ms + 1;
            if (!atomic_load(&d->active) && idle > QUIET_MS) {
                crew_fail(me, "messages never come");
                break;
            }
            continue;
        }
        idle = 0;
        crew_check(me, l.from < SENDERS && l.seq < SEQS);
        crew_take_rest(me, me->b, &l);
        uint32_t bit = 1u << l.seq % 32;
        if (l.from < SENDERS && l.seq < SEQS &&
            atomic_fetch_or(&seen[(l.from * SEQS + l.seq) / 32], bit) & bit)
            crew_fail(me, "a message came twice");
        atomic_fetch_add(got, 1);
        /* The kernel's buffers hold thousands: they are emptied quickly. */
        for (int i = 0; i < 3 && !crew_is_over(me->crew); i++)
            crew_dawdle(me);
    }
    (void)zmq_ctx_shutdown(d->ctx); /* what ends the proxy */
}

static void reader(struct member *me) {
    struct desk *d = me->a;
    read_into(me, d->seen, &d->got);
}

static void copyist(struct member *me) {
    struct desk *d = me->a;
    read_into(me, d->copied, &d->captured);
}

static void pipeline(enum via via) {
    struct desk d = {.ctx = zmq_ctx_new(), .active = SENDERS, .result = -1};
    void *s[SENDERS + READERS + 1];
    unsigned n = 0;
    d.seen = calloc(SENDERS * SEQS / 32, sizeof(uint32_t));
    d.copied = calloc(SENDERS * SEQS / 32, sizeof(uint32_t));
    assert_true(d.seen && d.copied);
    d.front = bound(&d, via, ZMQ_PULL, 5, d.at_front);
    d.back = bound(&d, via, ZMQ_PUSH, 3, d.at_back);
    d.capture = bound(&d, via, ZMQ_PUSH, 4, d.at_capture);
    struct crew *c = crew_start(ROUND_MS);
    for (int i = 0; i < SENDERS; i++)
        crew_hire(c, sender, &d, s[n++] = connected(&d, ZMQ_PUSH, 5, d.at_front));
    for (int i = 0; i < READERS; i++)
        crew_hire(c, reader, &d, s[n++] = connected(&d, ZMQ_PULL, 2, d.at_back));
    crew_hire(c, copyist, &d, s[n++] = connected(&d, ZMQ_PULL, 2, d.at_capture));
    crew_hire(c, run_proxy, &d, NULL);
    crew_join(&c);
    assert_int_equal(atomic_load(&d.result), ETERM);
    assert_int_equal(atomic_load(&d.got), atomic_load(&d.sent));
    assert_int_equal(atomic_load(&d.captured), atomic_load(&d.sent));
    close_all(s, n);
    close_desk(&d);
    free((void *)d.seen);
    free((void *)d.copied);
}

static void pipeline_inproc(void **state) {
    (void)state;
    pipeline(INPROC);
}

static void pipeline_tcp(void **state) {
    (void)state;
    pipeline(TCP);
}

/* ---- subscriptions find their way ---- */

enum { TOPICS = 40, SUBSCRIBERS = 6 };

static void publisher(struct member *me) {
    struct desk *d = me->a;
    char text[] = "-body";
    while (atomic_load(&d->active)) {
        text[0] = (char)('0' + crew_random(me, TOPICS));
        (void)zmq_send(me->b, text, sizeof text, ZMQ_DONTWAIT);
        if (crew_random(me, 8) == 0)
            crew_dawdle(me);
    }
}

/* Each subscription brings its topic, sooner or later. */
static void subscriber(struct member *me) {
    struct desk *d = me->a;
    while (!crew_is_over(me->crew)) {
        char topic = (char)('0' + crew_random(me, TOPICS)), text[8] = "";
        int tries = 0;
        crew_check(me, zmq_setsockopt(me->b, ZMQ_SUBSCRIBE, &topic, 1) == 0);
        while (text[0] != topic && tries < QUIET_MS / 50)
            if (zmq_recv(me->b, text, sizeof text, 0) < 0)
                tries++;
        if (text[0] != topic)
            crew_fail(me, "a topic never comes");
        crew_check(me, zmq_setsockopt(me->b, ZMQ_UNSUBSCRIBE, &topic, 1) == 0);
        crew_dawdle(me);
    }
    if (atomic_fetch_sub(&d->active, 1) == 1)
        (void)zmq_ctx_shutdown(d->ctx);
}

static void subscriptions(void **state) {
    struct desk d = {.ctx = zmq_ctx_new(), .active = SUBSCRIBERS, .result = -1};
    void *s[SUBSCRIBERS + 2];
    unsigned n = 0;
    (void)state;
    d.front = bound(&d, TCP, ZMQ_XSUB, 100, d.at_front);
    d.back = bound(&d, TCP, ZMQ_XPUB, 100, d.at_back);
    struct crew *c = crew_start(ROUND_MS);
    for (int i = 0; i < 2; i++)
        crew_hire(c, publisher, &d, s[n++] = connected(&d, ZMQ_PUB, 100, d.at_front));
    for (int i = 0; i < SUBSCRIBERS; i++)
        crew_hire(c, subscriber, &d, s[n++] = connected(&d, ZMQ_SUB, 100, d.at_back));
    crew_hire(c, run_proxy, &d, NULL);
    crew_join(&c);
    assert_int_equal(atomic_load(&d.result), ETERM);
    close_all(s, n);
    close_desk(&d);
}

/* ---- ends of all kinds, with traffic ---- */

enum { ENDINGS = 24 };
enum ending { CLOSE_FRONT, CLOSE_BACK, CLOSE_CAPTURE, SHUTDOWN, TERMINATE, KINDS };

static void hurried(struct member *me) {
    struct desk *d = me->a;
    char text[64] = "x";
    while (atomic_load(&d->result) < 0) {
        if (zmq_send(me->b, text, 1 + crew_random(me, 60), ZMQ_DONTWAIT) < 0)
            crew_dawdle(me);
        (void)zmq_recv(me->b, text, sizeof text, ZMQ_DONTWAIT);
    }
}

static void finisher(struct member *me) {
    struct desk *d = me->a;
    enum ending how = *(const enum ending *)me->b;
    void **const victims[] = {&d->front, &d->back, &d->capture};
    for (unsigned i = crew_random(me, 30); i > 0 || !atomic_load(&d->is_running); i -= i > 0)
        crew_dawdle(me);
    if (how <= CLOSE_CAPTURE) {
        void *s = *victims[how];
        crew_check(me, zmq_close(s) == 0);
    } else if (how == SHUTDOWN) {
        crew_check(me, zmq_ctx_shutdown(d->ctx) == 0);
    } else {
        void *pair = zmq_socket(d->ctx, ZMQ_PAIR);
        crew_check(me, zmq_connect(pair, d->at_control) == 0);
        crew_check(me, zmq_send(pair, "TERMINATE", 9, 0) == 9);
        zmq_close(pair);
    }
}

static void one_ending(enum ending how, enum via via) {
    struct desk d = {.ctx = zmq_ctx_new(), .result = -1};
    void *s[4];
    unsigned n = 0;
    d.front = bound(&d, via, ZMQ_DEALER, 5, d.at_front);
    d.back = bound(&d, via, ZMQ_DEALER, 5, d.at_back);
    d.capture = bound(&d, via, ZMQ_PUB, 5, d.at_capture);
    d.control = bound(&d, INPROC, ZMQ_PAIR, 5, d.at_control);
    struct crew *c = crew_start(QUIET_MS);
    for (int i = 0; i < 4; i++)
        crew_hire(c, hurried, &d,
                  s[n++] = connected(&d, ZMQ_DEALER, 5, i < 2 ? d.at_front : d.at_back));
    crew_hire(c, run_proxy, &d, NULL);
    crew_hire(c, finisher, &d, &how);
    crew_join(&c);
    assert_int_equal(atomic_load(&d.result), how == TERMINATE ? 0
                                             : how == SHUTDOWN ? ETERM
                                                               : ENOTSOCK);
    if (how <= CLOSE_CAPTURE)
        *(how == CLOSE_FRONT ? &d.front : how == CLOSE_BACK ? &d.back : &d.capture) = NULL;
    close_all(s, n);
    close_desk(&d);
}

static void endings(void **state) {
    (void)state;
    for (int i = 0; i < ENDINGS; i++)
        one_ending((enum ending)(i % KINDS), i % 2 ? TCP : INPROC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_inproc), cmocka_unit_test(requests_tcp),
        cmocka_unit_test(pipeline_inproc), cmocka_unit_test(pipeline_tcp),
        cmocka_unit_test(subscriptions),   cmocka_unit_test(endings),
    };
    struct sigaction act = {.sa_handler = on_signal}; /* without SA_RESTART */
    (void)sigaction(SIGUSR1, &act, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
