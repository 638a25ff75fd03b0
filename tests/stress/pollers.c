/* SPDX-License-Identifier: MIT */
/*
 * Pollers among threads: many sockets in one, several threads that wait on one, members that are
 * added, changed, removed and closed while others wait, pollers and contexts that end under them.
 * No wake-up may be lost, nothing may crash or hang.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
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

enum { ROUND_MS = 300, LONG_MS = 10000, MANY = 40, FEW = 3, WRITERS = 2, WAITERS = 3 };
enum via { INPROC, TCP, IPC };
enum how { BY_WAIT, BY_FD };

static void *open_socket(void *ctx, int type) {
    int linger = 0;
    void *s = zmq_socket(ctx, type);
    assert_non_null(s);
    assert_int_equal(zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger), 0);
    return s;
}

static void join(void *binder, void *connecter, enum via via) {
    static atomic_uint n;
    char text[128];
    size_t size = sizeof text;
    unsigned i = atomic_fetch_add(&n, 1);
    if (via == TCP)
        snprintf(text, sizeof text, "tcp://127.0.0.1:*");
    else
        snprintf(text, sizeof text, via == IPC ? "ipc://@zx-pollers-%d-%u" : "inproc://p-%d-%u",
                 (int)getpid(), i);
    assert_int_equal(zmq_bind(binder, text), 0);
    assert_int_equal(zmq_getsockopt(binder, ZMQ_LAST_ENDPOINT, text, &size), 0);
    assert_int_equal(zmq_connect(connecter, text), 0);
}

/* ---- everything arrives ---- */

struct field { /* writers at one end, pollers at the other */
    void *poller;
    void *in[MANY], *out[MANY];
    int n;
    enum how how;
    _Atomic uint32_t sent[MANY], seen[MANY];
    atomic_int writing;
    atomic_int busy[MANY]; /* some waiter has that socket */
};

static void write_numbers(struct member *me) {
    struct field *f = me->a;
    /* Each writer has its own part of the sockets. */
    while (!crew_is_over(me->crew)) {
        unsigned row = crew_random(me, (unsigned)(f->n / WRITERS));
        int i = (int)(row * WRITERS + me->number % WRITERS);
        uint32_t next = atomic_load(&f->sent[i]);
        if (zmq_send(f->out[i], &next, sizeof next, ZMQ_DONTWAIT) == sizeof next)
            atomic_store(&f->sent[i], next + 1);
        else
            crew_check(me, zmq_errno() == EAGAIN);
        crew_dawdle(me);
    }
    atomic_fetch_sub(&f->writing, 1);
}

static bool all_seen(struct field *f) {
    if (atomic_load(&f->writing))
        return false;
    for (int i = 0; i < f->n; i++)
        if (atomic_load(&f->seen[i]) < atomic_load(&f->sent[i]))
            return false;
    return true;
}

/* One message, or all there are. */
static void read_numbers(struct member *me, struct field *f, int i) {
    uint32_t got;
    bool all = crew_random(me, 2);
    if (atomic_exchange(&f->busy[i], 1))
        return;
    while (zmq_recv(f->in[i], &got, sizeof got, ZMQ_DONTWAIT) == sizeof got) {
        crew_check(me, got == atomic_load(&f->seen[i]));
        atomic_store(&f->seen[i], got + 1);
        if (!all)
            break;
    }
    atomic_store(&f->busy[i], 0);
}

static int wait_some(struct member *me, struct field *f, zmq_poller_event_t *ev, int n) {
    int timeout = (int)crew_random(me, 20), fd, rc;
    if (f->how == BY_WAIT)
        return zmq_poller_wait_all(f->poller, ev, n, timeout);
    rc = zmq_poller_wait_all(f->poller, ev, n, 0);
    if (rc >= 0 || zmq_errno() != EAGAIN)
        return rc;
    if (zmq_poller_fd(f->poller, &fd))
        return -1;
    struct pollfd item = {.fd = fd, .events = POLLIN};
    rc = poll(&item, 1, timeout);
    errno = EAGAIN;
    return rc > 0 ? zmq_poller_wait_all(f->poller, ev, n, 0) : -1;
}

static void read_by_poller(struct member *me) {
    struct field *f = me->a;
    int idle = 0;
    while (!all_seen(f) && idle < 2000) {
        zmq_poller_event_t ev[8];
        int rc = wait_some(me, f, ev, 1 + (int)crew_random(me, 8));
        idle = rc < 0 && !atomic_load(&f->writing) ? idle + 1 : 0;
        if (rc < 0)
            crew_check(me, zmq_errno() == EAGAIN);
        for (int i = 0; i < rc; i++)
            read_numbers(me, f, (int)(size_t)ev[i].user_data);
        crew_dawdle(me);
    }
    crew_check(me, idle < 2000 && "the last messages never come");
}

static void everything(enum via via, int n, enum how how, unsigned waiters) {
    struct field *f = calloc(1, sizeof *f);
    void *ctx = zmq_ctx_new();
    assert_non_null(f);
    f->poller = zmq_poller_new();
    f->how = how;
    f->n = n / WRITERS * WRITERS;
    atomic_init(&f->writing, WRITERS);
    for (int i = 0; i < f->n; i++) {
        f->in[i] = open_socket(ctx, ZMQ_PULL);
        f->out[i] = open_socket(ctx, ZMQ_PUSH);
        join(f->in[i], f->out[i], via);
        assert_int_equal(
            zmq_poller_add(f->poller, f->in[i], (void *)(size_t)i, ZMQ_POLLIN), 0);
    }
    struct crew *c = crew_start(ROUND_MS);
    for (int i = 0; i < WRITERS; i++)
        crew_hire(c, write_numbers, f, NULL);
    for (unsigned i = 0; i < waiters; i++)
        crew_hire(c, read_by_poller, f, NULL);
    crew_join(&c);
    assert_int_equal(zmq_poller_destroy(&f->poller), 0);
    for (int i = 0; i < f->n; i++) {
        assert_int_equal(zmq_close(f->in[i]), 0);
        assert_int_equal(zmq_close(f->out[i]), 0);
    }
    assert_int_equal(zmq_ctx_term(ctx), 0);
    free(f);
}

static void few(void **state) {
    (void)state;
    for (enum via via = INPROC; via <= IPC; via++)
        everything(via, FEW + 1, BY_WAIT, 1);
}

static void many(void **state) {
    (void)state;
    for (enum via via = INPROC; via <= IPC; via++)
        everything(via, MANY, BY_WAIT, 1);
}

static void by_descriptor(void **state) {
    (void)state;
    for (enum via via = INPROC; via <= IPC; via++)
        everything(via, via == TCP ? FEW + 1 : MANY, BY_FD, 1);
}

static void several_waiters(void **state) {
    (void)state;
    everything(INPROC, MANY, BY_WAIT, WAITERS);
    everything(TCP, FEW + 1, BY_WAIT, WAITERS);
    everything(IPC, MANY, BY_WAIT, WAITERS);
}

/* A ping-pong by a poller that waits without end: a lost wake-up stops it. */
struct table {
    void *poller[2], *sock[2];
    int rounds;
};

static void play(struct member *me) {
    struct table *t = me->a;
    int side = (int)(me->number & 1);
    zmq_poller_event_t ev;
    char ball = 0;
    if (!side)
        crew_check(me, zmq_send(t->sock[0], &ball, 1, 0) == 1);
    for (int i = 0; i < t->rounds && !crew_is_over(me->crew); i++) {
        if (zmq_poller_wait(t->poller[side], &ev, LONG_MS)) {
            crew_fail(me, "nobody woke us");
            return;
        }
        crew_check(me, zmq_recv(t->sock[side], &ball, 1, ZMQ_DONTWAIT) == 1);
        if (side || i + 1 < t->rounds)
            crew_check(me, zmq_send(t->sock[side], &ball, 1, 0) == 1);
        if (crew_random(me, 64) == 0)
            crew_dawdle(me);
    }
}

static void ping_pong(enum via via, int idle, bool fd_out) {
    struct table t = {.rounds = 2000};
    void *ctx = zmq_ctx_new(), *other[MANY];
    for (int i = 0; i < 2; i++) {
        t.sock[i] = open_socket(ctx, ZMQ_PAIR);
        t.poller[i] = zmq_poller_new();
        assert_int_equal(zmq_poller_add(t.poller[i], t.sock[i], NULL, ZMQ_POLLIN), 0);
    }
    for (int i = 0; i < idle; i++) {
        int fd;
        other[i] = open_socket(ctx, ZMQ_PULL);
        assert_int_equal(zmq_poller_add(t.poller[i & 1], other[i], NULL, ZMQ_POLLIN), 0);
        if (fd_out)
            assert_int_equal(zmq_poller_fd(t.poller[i & 1], &fd), 0);
    }
    join(t.sock[0], t.sock[1], via);
    struct crew *c = crew_start(6 * LONG_MS);
    crew_hire(c, play, &t, NULL);
    crew_hire(c, play, &t, NULL);
    crew_join(&c);
    for (int i = 0; i < idle; i++)
        assert_int_equal(zmq_close(other[i]), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(zmq_poller_destroy(&t.poller[i]), 0);
        assert_int_equal(zmq_close(t.sock[i]), 0);
    }
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void ping_pongs(void **state) {
    (void)state;
    for (enum via via = INPROC; via <= IPC; via++) {
        ping_pong(via, 0, false);
        ping_pong(via, MANY, false);
        ping_pong(via, 2, true);
    }
}

/* ---- made ready by a call, not by mail ---- */

struct desk {
    void *poller, *rep;
    atomic_int turns; /* how often the reader has taken a request */
};

/* Takes requests; that makes the socket writable. */
static void take_requests(struct member *me) {
    struct desk *d = me->a;
    char text[8];
    while (!crew_is_over(me->crew)) {
        if (zmq_recv(d->rep, text, sizeof text, ZMQ_DONTWAIT) < 0) {
            crew_check(me, zmq_errno() == EAGAIN || zmq_errno() == EFSM);
            crew_dawdle(me);
        }
    }
}

/* Answers as soon as the poller says that it may. */
static void answer_requests(struct member *me) {
    struct desk *d = me->a;
    while (!crew_is_over(me->crew)) {
        zmq_poller_event_t ev;
        if (zmq_poller_wait(d->poller, &ev, 50)) {
            crew_check(me, zmq_errno() == EAGAIN);
            continue;
        }
        crew_check(me, ev.events == ZMQ_POLLOUT);
        crew_check(me, zmq_send(d->rep, "ok", 2, 0) == 2);
        atomic_fetch_add(&d->turns, 1);
    }
}

static void ask(struct member *me) {
    char text[8];
    int timeout = LONG_MS, n = 0;
    zmq_setsockopt(me->b, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    for (; n < 400; n++) {
        crew_check(me, zmq_send(me->b, "?", 1, 0) == 1);
        if (zmq_recv(me->b, text, sizeof text, 0) != 2) {
            crew_fail(me, "no answer");
            return;
        }
    }
    crew_end(me->crew);
}

static void a_call_makes_it_ready(void **state) {
    (void)state;
    for (enum via via = INPROC; via <= TCP; via++) {
        void *ctx = zmq_ctx_new();
        struct desk d = {zmq_poller_new(), open_socket(ctx, ZMQ_REP), 0};
        void *req = open_socket(ctx, ZMQ_REQ);
        join(d.rep, req, via);
        assert_int_equal(zmq_poller_add(d.poller, d.rep, NULL, ZMQ_POLLOUT), 0);
        struct crew *c = crew_start(6 * LONG_MS);
        crew_hire(c, take_requests, &d, NULL);
        crew_hire(c, answer_requests, &d, NULL);
        crew_hire(c, ask, &d, req);
        crew_join(&c);
        assert_true(atomic_load(&d.turns) >= 400);
        assert_int_equal(zmq_poller_destroy(&d.poller), 0);
        assert_int_equal(zmq_close(d.rep), 0);
        assert_int_equal(zmq_close(req), 0);
        assert_int_equal(zmq_ctx_term(ctx), 0);
    }
}

/* ---- anything at any time ---- */

struct crowd {
    void *ctx;
    void *poller; /* the handle stays when the poller is gone */
    int pipes[4][2];
    bool shuts_down, destroys;
};

static bool is_expected(int err) {
    switch (err) {
    case EAGAIN:
    case ETERM:
    case EINVAL:
    case ENOTSOCK:
    case EFAULT:
    case EMFILE:
    case ENOENT:
    case EADDRINUSE:
        return true;
    default:
        return false;
    }
}

static void went(struct member *me, int rc) {
    if (rc < 0 && !is_expected(zmq_errno()))
        crew_fail(me, "an unexpected error");
}

static void wait_randomly(struct member *me) {
    const struct crowd *w = me->a;
    while (!crew_is_over(me->crew)) {
        zmq_poller_event_t ev[4];
        int n = (int)crew_random(me, 5), fd;
        long timeout = crew_random(me, 8) ? (long)crew_random(me, 5) : 0;
        int rc = zmq_poller_wait_all(w->poller, ev, n, timeout);
        went(me, rc);
        if (rc < 0 && zmq_errno() == EFAULT)
            return; /* destroyed */
        if (crew_random(me, 50) == 0)
            went(me, zmq_poller_fd(w->poller, &fd));
        crew_check(me, rc <= n);
    }
}

static void use_one(struct member *me, const struct crowd *w, void *s) {
    static const short wanted[] = {0, ZMQ_POLLIN, ZMQ_POLLOUT, ZMQ_POLLIN | ZMQ_POLLOUT};
    char name[32];
    snprintf(name, sizeof name, "inproc://crowd-%u", crew_random(me, 3));
    switch (crew_random(me, 8)) {
    case 0:
        went(me, zmq_bind(s, name));
        break;
    case 1:
        went(me, zmq_connect(s, name));
        break;
    case 2:
        went(me, zmq_poller_add(w->poller, s, NULL, wanted[crew_random(me, 4)]));
        break;
    case 3:
        went(me, zmq_poller_modify(w->poller, s, wanted[crew_random(me, 4)]));
        break;
    case 4:
        went(me, zmq_poller_remove(w->poller, s));
        break;
    case 5:
        went(me, zmq_poller_size(w->poller));
        break;
    case 6:
        went(me, zmq_recv(s, NULL, 0, ZMQ_DONTWAIT));
        break;
    default:
        went(me, zmq_send(s, "x", 1, ZMQ_DONTWAIT));
        break;
    }
}

static void use_fds(struct member *me, const struct crowd *w) {
    const int *ends = w->pipes[crew_random(me, 4)];
    switch (crew_random(me, 4)) {
    case 0:
        went(me, zmq_poller_add_fd(w->poller, ends[0], NULL, ZMQ_POLLIN));
        break;
    case 1:
        went(me, zmq_poller_modify_fd(w->poller, ends[0], 0));
        break;
    case 2:
        went(me, zmq_poller_remove_fd(w->poller, ends[0]));
        break;
    default:
        if (write(ends[1], "x", 1) != 1 && errno != EAGAIN)
            crew_fail(me, "write");
    }
}

static void come_and_go(struct member *me) {
    const struct crowd *w = me->a;
    void *own[4] = {0};
    while (!crew_is_over(me->crew)) {
        unsigned i = crew_random(me, 4);
        if (!own[i])
            own[i] = zmq_socket(w->ctx, ZMQ_DEALER);
        if (!own[i])
            break; /* the context ends */
        use_one(me, w, own[i]);
        use_fds(me, w);
        if (crew_random(me, 20) == 0) {
            int linger = 0;
            zmq_setsockopt(own[i], ZMQ_LINGER, &linger, sizeof linger);
            went(me, zmq_close(own[i]));
            own[i] = NULL;
        }
    }
    for (int i = 0; i < 4; i++)
        if (own[i])
            zmq_close(own[i]);
}

/* Works a while, then ends what the others use. */
static void bring_down(struct member *me) {
    struct crowd *w = me->a;
    void *poller = w->poller, *own = zmq_socket(w->ctx, ZMQ_DEALER);
    for (int i = 0; i < 2000 && !crew_is_over(me->crew); i++) {
        use_one(me, w, own);
        crew_dawdle(me);
    }
    if (w->shuts_down)
        crew_check(me, zmq_ctx_shutdown(w->ctx) == 0);
    if (w->destroys)
        crew_check(me, zmq_poller_destroy(&poller) == 0);
    crew_check(me, zmq_close(own) == 0);
}

static void anything(void **state) {
    (void)state;
    for (int round = 0; round < 6; round++) {
        struct crowd w = {zmq_ctx_new(), zmq_poller_new(), {{0}}, round % 2, round % 3};
        assert_int_equal(zmq_ctx_set(w.ctx, ZMQ_BLOCKY, 0), 0);
        for (int i = 0; i < 4; i++)
            assert_int_equal(pipe2(w.pipes[i], O_NONBLOCK | O_CLOEXEC), 0);
        struct crew *c = crew_start(ROUND_MS);
        crew_hire(c, bring_down, &w, NULL);
        for (int i = 0; i < 2; i++)
            crew_hire(c, wait_randomly, &w, NULL);
        for (int i = 0; i < 3; i++)
            crew_hire(c, come_and_go, &w, NULL);
        crew_join(&c);
        if (!w.destroys)
            assert_int_equal(zmq_poller_destroy(&w.poller), 0);
        assert_int_equal(zmq_ctx_term(w.ctx), 0);
        for (int i = 0; i < 4; i++) {
            close(w.pipes[i][0]);
            close(w.pipes[i][1]);
        }
    }
}

/* ---- what ends a wait ---- */

struct ending {
    void *poller, *sock, *added;
    atomic_int asked;
    int errors[2];
};

static void wait_for_ever(struct member *me) {
    struct ending *e = me->a;
    zmq_poller_event_t ev;
    atomic_fetch_add(&e->asked, 1);
    int rc = zmq_poller_wait(e->poller, &ev, -1);
    e->errors[me->number] = rc ? zmq_errno() : 0;
}

enum end { DESTROYED, CLOSED, TERMINATED, ADDED, ADDED_FD, MODIFIED, ENDS };

static void bring_about(struct ending *e, enum end end, void *ctx, int fd) {
    void *p = e->poller;
    switch (end) {
    case DESTROYED:
        assert_int_equal(zmq_poller_destroy(&p), 0);
        break;
    case CLOSED:
        assert_int_equal(zmq_close(e->sock), 0);
        break;
    case TERMINATED:
        assert_int_equal(zmq_ctx_shutdown(ctx), 0);
        break;
    case ADDED:
        assert_int_equal(zmq_poller_add(p, e->added, NULL, ZMQ_POLLOUT), 0);
        break;
    case ADDED_FD:
        assert_int_equal(zmq_poller_add_fd(p, fd, NULL, ZMQ_POLLOUT), 0);
        break;
    default:
        assert_int_equal(zmq_poller_modify(p, e->sock, ZMQ_POLLIN | ZMQ_POLLOUT), 0);
    }
}

static void end_a_wait(enum end end, enum via via, int waiters) {
    static const int wanted[] = {EFAULT, ENOTSOCK, ETERM, 0, 0, 0};
    void *ctx = zmq_ctx_new(), *peer = open_socket(ctx, ZMQ_PAIR);
    struct ending e = {zmq_poller_new(), open_socket(ctx, ZMQ_PAIR), open_socket(ctx, ZMQ_PUB),
                       0, {-1, -1}};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    join(e.sock, peer, via);
    zmq_pollitem_t item = {e.sock, 0, ZMQ_POLLOUT, 0};
    assert_int_equal(zmq_poll(&item, 1, LONG_MS), 1);
    assert_int_equal(zmq_poller_add(e.poller, e.sock, NULL, ZMQ_POLLIN), 0);
    assert_int_equal(zmq_poller_add(e.poller, peer, NULL, ZMQ_POLLIN), 0);
    struct crew *c = crew_start(LONG_MS);
    for (int i = 0; i < waiters; i++)
        crew_hire(c, wait_for_ever, &e, NULL);
    while (atomic_load(&e.asked) < waiters)
        sched_yield();
    bring_about(&e, end, ctx, ends[1]);
    if (end == CLOSED && waiters == 2) {
        /* One is told; for the other nothing changed but that it waits for nothing. */
        assert_int_equal(zmq_poller_size(e.poller), 1);
        assert_int_equal(zmq_poller_add(e.poller, e.added, NULL, ZMQ_POLLOUT), 0);
    }
    crew_join(&c);
    if (end == CLOSED && waiters == 2) {
        assert_true(e.errors[0] == ENOTSOCK || e.errors[1] == ENOTSOCK);
        assert_true(e.errors[0] <= 0 || e.errors[1] <= 0);
    } else {
        for (int i = 0; i < waiters; i++)
            assert_int_equal(e.errors[i], wanted[end]);
    }
    if (end != DESTROYED)
        assert_int_equal(zmq_poller_destroy(&e.poller), 0);
    if (end != CLOSED)
        assert_int_equal(zmq_close(e.sock), 0);
    assert_int_equal(zmq_close(e.added), 0);
    assert_int_equal(zmq_close(peer), 0);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void ends(void **state) {
    (void)state;
    for (int round = 0; round < 4; round++)
        for (enum end end = DESTROYED; end < ENDS; end++)
            for (enum via via = INPROC; via <= TCP; via++)
                end_a_wait(end, via, 1 + round % 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few),
        cmocka_unit_test(many),
        cmocka_unit_test(by_descriptor),
        cmocka_unit_test(several_waiters),
        cmocka_unit_test(ping_pongs),
        cmocka_unit_test(a_call_makes_it_ready),
        cmocka_unit_test(ends),
        cmocka_unit_test(anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
