/* SPDX-License-Identifier: MIT */
/*
 * Many threads, few sockets: who drives a socket's network changes hands all the time, and so do
 * the sockets themselves. Nothing may be lost, doubled or out of order, and every wait ends: by a
 * message, a deadline, a close or a termination.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "crew.h"

#define ROUND_MS 1200
#define QUIET_MS 5000 /* a message that is under way is there by then, also under a sanitizer */
#define SEQS 200000u

enum via { INPROC, TCP, IPC };

static const char *address(enum via via) {
    static _Thread_local char text[64];
    static atomic_uint n;
    unsigned i = atomic_fetch_add(&n, 1);
    if (via == TCP)
        return "tcp://127.0.0.1:*";
    snprintf(text, sizeof text, via == IPC ? "ipc://@zx-handover-%d-%u" : "inproc://h-%d-%u",
             (int)getpid(), i);
    return text;
}

static void *open_socket(void *ctx, int type, int hwm) {
    void *s = zmq_socket(ctx, type);
    int linger = -1;
    assert_non_null(s);
    zmq_setsockopt(s, ZMQ_SNDHWM, &hwm, sizeof hwm);
    zmq_setsockopt(s, ZMQ_RCVHWM, &hwm, sizeof hwm);
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    return s;
}

static void join(void *binder, void *connecter, enum via via) {
    char text[256];
    size_t size = sizeof text;
    assert_int_equal(zmq_bind(binder, address(via)), 0);
    assert_int_equal(zmq_getsockopt(binder, ZMQ_LAST_ENDPOINT, text, &size), 0);
    assert_int_equal(zmq_connect(connecter, text), 0);
}

/* ---- a pair of sockets, a thread at each end ---- */

static void write_in_order(struct member *me) {
    uint32_t seq = 0;
    while (!crew_is_over(me->crew)) {
        if (crew_send(me, me->a, seq))
            break;
        seq++;
        crew_dawdle(me);
    }
    *(_Atomic uint32_t *)me->b = seq;
}

struct reading {
    _Atomic uint32_t sent; /* UINT32_MAX while the writer writes */
};

static void read_in_order(struct member *me) {
    struct reading *r = me->b;
    uint32_t next = 0;
    int64_t idle = 0;
    while (next < atomic_load(&r->sent)) {
        struct crew_letter l;
        int wait_ms = (int)crew_random(me, 30);
        int rc = crew_receive(me, me->a, &l, wait_ms);
        if (rc < 0) {
            crew_fail(me, "receive");
            return;
        }
        if (rc == 0) {
            idle += wait_ms + 1;
            if (atomic_load(&r->sent) != UINT32_MAX && idle > QUIET_MS) {
                crew_fail(me, "the last messages never come");
                return;
            }
            continue;
        }
        idle = 0;
        if (l.seq != next)
            crew_fail(me, "out of order");
        next = l.seq + 1;
        crew_take_rest(me, me->a, &l);
        crew_dawdle(me);
    }
}

static void pairs_via(enum via via, int out, int in) {
    enum { PAIRS = 3 };
    void *ctx = zmq_ctx_new(), *s[PAIRS][2];
    struct reading r[PAIRS];
    struct crew *c = crew_start(ROUND_MS);
    for (int i = 0; i < PAIRS; i++) {
        s[i][0] = open_socket(ctx, out, 1000);
        s[i][1] = open_socket(ctx, in, i == 1 ? 7 : 1000);
        join(s[i][i & 1], s[i][!(i & 1)], via);
        atomic_init(&r[i].sent, UINT32_MAX);
    }
    for (int i = 0; i < PAIRS; i++) {
        crew_hire(c, write_in_order, s[i][0], &r[i].sent);
        crew_hire(c, read_in_order, s[i][1], &r[i]);
    }
    crew_join(&c);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(zmq_close(s[i][0]), 0);
        assert_int_equal(zmq_close(s[i][1]), 0);
    }
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void pairs_inproc(void **state) {
    (void)state;
    pairs_via(INPROC, ZMQ_PUSH, ZMQ_PULL);
}

static void pairs_tcp(void **state) {
    (void)state;
    pairs_via(TCP, ZMQ_PUSH, ZMQ_PULL);
}

static void pairs_ipc(void **state) {
    (void)state;
    pairs_via(IPC, ZMQ_DEALER, ZMQ_DEALER);
}

/* ---- one socket, many threads ---- */

struct shared {
    void *in;
    _Atomic uint64_t sent, got;
    _Atomic uint32_t writers;
    _Atomic uint32_t *seen; /* bit per seq, a row per writer */
};

enum { WRITERS = 3, READERS = 3 };

static void write_shared(struct member *me) {
    struct shared *sh = me->b;
    for (uint32_t seq = 0; seq < SEQS && !crew_is_over(me->crew); seq++) {
        struct crew_letter l = {.from = me->number, .seq = seq, .parts = 1};
        int flags = crew_random(me, 2) ? ZMQ_DONTWAIT : 0;
        while (zmq_send(me->a, &l, sizeof l, flags) < 0) {
            if (zmq_errno() != EAGAIN || crew_is_over(me->crew))
                goto out;
        }
        atomic_fetch_add(&sh->sent, 1);
        if (crew_random(me, 64) == 0)
            crew_dawdle(me);
    }
out:
    atomic_fetch_sub(&sh->writers, 1);
}

static void read_shared(struct member *me) {
    struct shared *sh = me->b;
    int idle = 0;
    while (atomic_load(&sh->writers) || atomic_load(&sh->got) < atomic_load(&sh->sent)) {
        struct crew_letter l;
        int wait_ms = (int)crew_random(me, 20);
        int rc = crew_receive(me, me->a, &l, wait_ms);
        if (rc < 0) {
            crew_fail(me, "receive");
            return;
        }
        if (rc == 0) {
            idle += wait_ms + 1;
            if (!atomic_load(&sh->writers) && idle > QUIET_MS) {
                crew_fail(me, "messages never come");
                return;
            }
            continue;
        }
        idle = 0;
        crew_check(me, l.from < WRITERS && l.seq < SEQS);
        uint32_t bit = 1u << l.seq % 32;
        if (l.from < WRITERS && l.seq < SEQS &&
            atomic_fetch_or(&sh->seen[(l.from * SEQS + l.seq) / 32], bit) & bit)
            crew_fail(me, "a message came twice");
        atomic_fetch_add(&sh->got, 1);
    }
}

static void shared_via(enum via via, int out_type, int in_type) {
    void *ctx = zmq_ctx_new();
    void *out = open_socket(ctx, out_type, 100), *in = open_socket(ctx, in_type, 100);
    struct shared sh = {.seen = calloc(WRITERS * SEQS / 32, sizeof(uint32_t))};
    int timeout = 50;
    assert_non_null(sh.seen);
    atomic_init(&sh.writers, WRITERS);
    zmq_setsockopt(out, ZMQ_SNDTIMEO, &timeout, sizeof timeout);
    join(in, out, via);
    struct crew *c = crew_start(ROUND_MS);
    for (int i = 0; i < WRITERS; i++)
        crew_hire(c, write_shared, out, &sh);
    for (int i = 0; i < READERS; i++)
        crew_hire(c, read_shared, in, &sh);
    crew_join(&c);
    assert_int_equal(atomic_load(&sh.got), atomic_load(&sh.sent));
    assert_int_equal(zmq_close(out), 0);
    assert_int_equal(zmq_close(in), 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
    free((void *)sh.seen);
}

static void shared_inproc(void **state) {
    (void)state;
    shared_via(INPROC, ZMQ_PUSH, ZMQ_PULL);
}

static void shared_tcp(void **state) {
    (void)state;
    shared_via(TCP, ZMQ_PUSH, ZMQ_PULL);
}

static void shared_ipc(void **state) {
    (void)state;
    shared_via(IPC, ZMQ_PAIR, ZMQ_PAIR);
}

/* ---- a socket that goes from hand to hand ---- */

struct token {
    pthread_mutex_t lock;
    void *client, *server;
    uint32_t rounds;
};

/* Whoever holds the token asks and answers a few times, then lets go. */
static void play(struct member *me) {
    struct token *t = me->a;
    while (!crew_is_over(me->crew)) {
        pthread_mutex_lock(&t->lock);
        for (unsigned n = 1 + crew_random(me, 20); n > 0 && !crew_is_over(me->crew); n--) {
            uint32_t ask = ++t->rounds, heard = 0, reply = 0;
            crew_check(me, zmq_send(t->client, &ask, sizeof ask, 0) == sizeof ask);
            crew_check(me, zmq_recv(t->server, &heard, sizeof heard, 0) == sizeof heard);
            crew_check(me, zmq_send(t->server, &heard, sizeof heard, 0) == sizeof heard);
            if (crew_random(me, 4) == 0) {
                zmq_pollitem_t item = {.socket = t->client, .events = ZMQ_POLLIN};
                crew_check(me, zmq_poll(&item, 1, QUIET_MS) == 1);
            }
            crew_check(me, zmq_recv(t->client, &reply, sizeof reply, 0) == sizeof reply);
            crew_check(me, heard == ask && reply == ask);
        }
        pthread_mutex_unlock(&t->lock);
        crew_dawdle(me);
    }
}

static void token_via(enum via via) {
    void *ctx = zmq_ctx_new();
    struct token t = {.lock = PTHREAD_MUTEX_INITIALIZER};
    int timeout = QUIET_MS;
    t.client = open_socket(ctx, ZMQ_REQ, 1000);
    t.server = open_socket(ctx, ZMQ_REP, 1000);
    zmq_setsockopt(t.client, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(t.server, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    join(t.server, t.client, via);
    struct crew *c = crew_start(ROUND_MS);
    for (int i = 0; i < 4; i++)
        crew_hire(c, play, &t, NULL);
    crew_join(&c);
    assert_true(t.rounds > 0);
    assert_int_equal(zmq_close(t.client), 0);
    assert_int_equal(zmq_close(t.server), 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void token_inproc(void **state) {
    (void)state;
    token_via(INPROC);
}

static void token_tcp(void **state) {
    (void)state;
    token_via(TCP);
}

static void token_ipc(void **state) {
    (void)state;
    token_via(IPC);
}

/* ---- closed or terminated while somebody waits ---- */

/* Waits once in one of the ways there are. 0: something came or went; else the errno. */
static int wait_once(struct member *me) {
    char byte = 0;
    int rc, n_items = 1 + (int)crew_random(me, 2);
    zmq_pollitem_t items[2] = {{.socket = me->a, .events = ZMQ_POLLIN}, {.fd = -1}};
    switch (crew_random(me, 3)) {
    case 0:
        rc = zmq_recv(me->a, &byte, 1, 0);
        break;
    case 1:
        rc = zmq_poll(items, n_items, -1);
        if (rc > 0 && zmq_recv(me->a, &byte, 1, ZMQ_DONTWAIT) < 0)
            rc = zmq_errno() == EAGAIN ? 0 : -1; /* another was quicker */
        break;
    default:
        rc = zmq_send(me->a, &byte, 1, 0);
        break;
    }
    return rc < 0 ? zmq_errno() : 0;
}

/* b: where to note that it came back. */
static void wait_for_the_end(struct member *me) {
    int err;
    do
        err = wait_once(me);
    while (!err);
    if (err != ENOTSOCK && err != ETERM)
        crew_fail(me, "another error");
    atomic_fetch_add((_Atomic int *)me->b, 1);
}

static void use_a_little(struct member *me) {
    char byte = 0;
    for (int i = (int)crew_random(me, 30); i > 0; i--) {
        (void)zmq_send(me->a, &byte, 1, ZMQ_DONTWAIT);
        (void)zmq_recv(me->a, &byte, 1, ZMQ_DONTWAIT);
        crew_dawdle(me);
    }
}

static void close_while_waited_on(enum via via) {
    for (int round = 0; round < 40; round++) {
        void *ctx = zmq_ctx_new();
        int linger = 0;
        void *a = open_socket(ctx, ZMQ_DEALER, 5), *b = open_socket(ctx, ZMQ_DEALER, 5);
        zmq_setsockopt(a, ZMQ_LINGER, &linger, sizeof linger);
        zmq_setsockopt(b, ZMQ_LINGER, &linger, sizeof linger);
        if (round % 3)
            join(a, b, via);
        _Atomic int back = 0;
        struct crew *c = crew_start(QUIET_MS);
        for (int i = 0; i < 3; i++)
            crew_hire(c, wait_for_the_end, a, (void *)&back);
        crew_hire(c, use_a_little, b, NULL);
        zmq_poll(NULL, 0, round % 4);
        assert_int_equal(zmq_close(a), 0);
        crew_join(&c);
        assert_int_equal(atomic_load(&back), 3);
        assert_int_equal(zmq_close(b), 0);
        assert_int_equal(zmq_ctx_term(ctx), 0);
    }
}

static void end_of_a_context(enum via via) {
    for (int round = 0; round < 40; round++) {
        void *ctx = zmq_ctx_new();
        int linger = 0;
        void *a = open_socket(ctx, ZMQ_DEALER, 5), *b = open_socket(ctx, ZMQ_DEALER, 5);
        zmq_setsockopt(a, ZMQ_LINGER, &linger, sizeof linger);
        zmq_setsockopt(b, ZMQ_LINGER, &linger, sizeof linger);
        if (round % 3)
            join(a, b, via);
        _Atomic int back = 0;
        struct crew *c = crew_start(QUIET_MS);
        for (int i = 0; i < 2; i++)
            crew_hire(c, wait_for_the_end, a, (void *)&back);
        crew_hire(c, use_a_little, b, NULL);
        zmq_poll(NULL, 0, round % 4);
        assert_int_equal(zmq_ctx_shutdown(ctx), 0);
        crew_join(&c);
        assert_int_equal(atomic_load(&back), 2);
        assert_int_equal(zmq_close(a), 0);
        assert_int_equal(zmq_close(b), 0);
        assert_int_equal(zmq_ctx_term(ctx), 0);
    }
}

static void close_inproc(void **state) {
    (void)state;
    close_while_waited_on(INPROC);
}

static void close_tcp(void **state) {
    (void)state;
    close_while_waited_on(TCP);
}

static void close_ipc(void **state) {
    (void)state;
    close_while_waited_on(IPC);
}

static void end_inproc(void **state) {
    (void)state;
    end_of_a_context(INPROC);
}

static void end_tcp(void **state) {
    (void)state;
    end_of_a_context(TCP);
}

static void end_ipc(void **state) {
    (void)state;
    end_of_a_context(IPC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_inproc), cmocka_unit_test(pairs_tcp),
        cmocka_unit_test(pairs_ipc),    cmocka_unit_test(shared_inproc),
        cmocka_unit_test(shared_tcp),   cmocka_unit_test(shared_ipc),
        cmocka_unit_test(token_inproc), cmocka_unit_test(token_tcp),
        cmocka_unit_test(token_ipc),    cmocka_unit_test(close_inproc),
        cmocka_unit_test(close_tcp),    cmocka_unit_test(close_ipc),
        cmocka_unit_test(end_inproc),   cmocka_unit_test(end_tcp),
        cmocka_unit_test(end_ipc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
