/* SPDX-License-Identifier: MIT */
/*
 * Sockets of every type are for any thread: several send, receive, poll, set and read options,
 * bind and connect on one socket, and then it is closed, or its context shut down or terminated,
 * while they are at it or asleep in a call. Whoever was in a call comes back with ENOTSOCK or
 * ETERM; nothing crashes, hangs or leaks a descriptor.
 */
#include <dirent.h>
#include <errno.h>
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

enum { ROUND_MS = 60000, CALLS = 300, LOOKS = 500, ENDINGS = 3 };

enum ending { CLOSE, SHUTDOWN, TERMINATE };

struct pairing {
    int type, other;
};

static const struct pairing pairings[] = {
    {ZMQ_PAIR, ZMQ_PAIR},      {ZMQ_PUB, ZMQ_SUB},        {ZMQ_SUB, ZMQ_PUB},
    {ZMQ_REQ, ZMQ_REP},        {ZMQ_REP, ZMQ_REQ},        {ZMQ_DEALER, ZMQ_ROUTER},
    {ZMQ_ROUTER, ZMQ_DEALER},  {ZMQ_PULL, ZMQ_PUSH},      {ZMQ_PUSH, ZMQ_PULL},
    {ZMQ_XPUB, ZMQ_XSUB},      {ZMQ_XSUB, ZMQ_XPUB},      {ZMQ_STREAM, ZMQ_STREAM},
    {ZMQ_SERVER, ZMQ_CLIENT},  {ZMQ_CLIENT, ZMQ_SERVER},  {ZMQ_RADIO, ZMQ_DISH},
    {ZMQ_DISH, ZMQ_RADIO},     {ZMQ_GATHER, ZMQ_SCATTER}, {ZMQ_SCATTER, ZMQ_GATHER},
    {ZMQ_DGRAM, ZMQ_DGRAM},    {ZMQ_PEER, ZMQ_PEER},      {ZMQ_CHANNEL, ZMQ_CHANNEL},
};

/* A socket that several threads use. */
struct shared {
    struct world *world;
    void *s;
    int type;
    atomic_uint heard; /* a routing id it has seen */
};

struct world {
    void *ctx;
    enum ending ending;
    struct shared ends[2];
    atomic_uint calls;
};

/* ---- what a call may say ---- */

/* False: it is over. Whatever else goes wrong is a defect. */
static bool goes_on(struct member *me, int rc) {
    const struct shared *x = me->a;
    atomic_fetch_add(&x->world->calls, 1);
    if (rc >= 0)
        return true;
    switch (zmq_errno()) {
    case ENOTSOCK:
    case ETERM:
        return false;
    case EAGAIN:
    case EFSM:
    case ENOTSUP:
    case EINVAL: /* of another type; a part that another thread has sent or taken */
    case EHOSTUNREACH:
    case EADDRINUSE:
    case ENOENT:
    case EFAULT:
    case ENOCOMPATPROTO:
        crew_dawdle(me);
        return true;
    default:
        crew_fail(me, "an unexpected error");
        return false;
    }
}

/* ---- roles ---- */

static int send_message(struct member *me, int flags) {
    struct shared *x = me->a;
    size_t size = crew_random(me, 30) ? crew_random(me, 50) : 20000;
    zmq_msg_t msg;
    if (zmq_msg_init_size(&msg, size))
        return -1;
    memset(zmq_msg_data(&msg), 'x', size);
    unsigned id = atomic_load(&x->heard);
    if (id)
        zmq_msg_set_routing_id(&msg, id);
    if (x->type == ZMQ_RADIO)
        zmq_msg_set_group(&msg, crew_random(me, 2) ? "g" : "h");
    int rc = zmq_msg_send(&msg, x->s, flags);
    int err = zmq_errno();
    zmq_msg_close(&msg);
    errno = err;
    return rc;
}

static bool is_addressed(int type) {
    return type == ZMQ_ROUTER || type == ZMQ_STREAM || type == ZMQ_DGRAM;
}

static void send_all_the_time(struct member *me) {
    struct shared *x = me->a;
    for (;;) {
        int flags = crew_random(me, 5) ? 0 : ZMQ_DONTWAIT;
        int rc = 0;
        if (is_addressed(x->type))
            rc = zmq_send(x->s, "peer", 4, flags | ZMQ_SNDMORE);
        else if (crew_random(me, 10) == 0)
            rc = send_message(me, flags | ZMQ_SNDMORE);
        if (!goes_on(me, rc) || !goes_on(me, send_message(me, flags)))
            return;
    }
}

static void receive_all_the_time(struct member *me) {
    struct shared *x = me->a;
    for (;;) {
        char small[8];
        zmq_msg_t msg;
        int rc;
        if (crew_random(me, 4) == 0) {
            rc = zmq_recv(x->s, small, sizeof small, crew_random(me, 2) ? ZMQ_DONTWAIT : 0);
            if (!goes_on(me, rc))
                return;
            continue;
        }
        zmq_msg_init(&msg);
        rc = zmq_msg_recv(&msg, x->s, crew_random(me, 5) ? 0 : ZMQ_DONTWAIT);
        bool more = goes_on(me, rc);
        if (rc >= 0 && zmq_msg_routing_id(&msg))
            atomic_store(&x->heard, zmq_msg_routing_id(&msg));
        (void)zmq_msg_gets(&msg, "Peer-Address");
        zmq_msg_close(&msg);
        if (!more)
            return;
    }
}

/* Of one socket or of both. */
static void poll_all_the_time(struct member *me) {
    struct shared *x = me->a;
    struct world *w = x->world;
    for (;;) {
        zmq_pollitem_t items[2] = {{.socket = x->s, .events = ZMQ_POLLIN},
                                   {.socket = w->ends[x == &w->ends[0]].s, .events = ZMQ_POLLIN}};
        if (crew_random(me, 3) == 0)
            items[0].events |= ZMQ_POLLOUT;
        long timeout = crew_random(me, 3) ? (long)crew_random(me, 30) : -1;
        if (!goes_on(me, zmq_poll(items, 1 + (int)crew_random(me, 2), timeout)))
            return;
    }
}

/* By pollers of its own, which come and go. */
static void watch_all_the_time(struct member *me) {
    struct shared *x = me->a;
    bool more = true;
    while (more) {
        void *poller = zmq_poller_new();
        zmq_poller_event_t event;
        crew_check(me, poller != NULL);
        more = goes_on(me, zmq_poller_add(poller, x->s, NULL, ZMQ_POLLIN | ZMQ_POLLOUT));
        for (unsigned i = crew_random(me, 10); more && i > 0; i--)
            more = goes_on(me, zmq_poller_wait(poller, &event, (long)crew_random(me, 10)));
        crew_check(me, zmq_poller_destroy(&poller) == 0);
    }
}

static int set_option(struct member *me, void *s) {
    static const int options[] = {ZMQ_SNDHWM, ZMQ_RCVHWM, ZMQ_SNDTIMEO, ZMQ_RCVTIMEO,
                                  ZMQ_LINGER, ZMQ_ROUTER_MANDATORY, ZMQ_ROUTER_HANDOVER,
                                  ZMQ_REQ_RELAXED, ZMQ_PROBE_ROUTER, ZMQ_XPUB_VERBOSE,
                                  ZMQ_XPUB_NODROP, ZMQ_XPUB_MANUAL, ZMQ_IMMEDIATE};
    int option = options[crew_random(me, sizeof options / sizeof options[0])];
    int value = (int)crew_random(me, 6) - (option != ZMQ_LINGER); /* or it would never end */
    return zmq_setsockopt(s, option, &value, sizeof value);
}

static int get_option(struct member *me, void *s) {
    static const int options[] = {ZMQ_EVENTS, ZMQ_RCVMORE, ZMQ_TYPE, ZMQ_SNDHWM, ZMQ_FD};
    int value;
    size_t size = sizeof value;
    /* The descriptor is rare: a socket whose descriptor is out is served otherwise. */
    return zmq_getsockopt(s, options[crew_random(me, crew_random(me, 50) ? 4 : 5)], &value, &size);
}

static void change_all_the_time(struct member *me) {
    struct shared *x = me->a;
    int rc;
    do {
        const char *topic = crew_random(me, 2) ? "g" : "h";
        switch (crew_random(me, 8)) {
        case 0:
            rc = zmq_setsockopt(x->s, ZMQ_SUBSCRIBE + (int)crew_random(me, 2), topic, 1);
            break;
        case 1:
            rc = x->type == ZMQ_DISH ? zmq_join(x->s, topic) : 0;
            break;
        case 2:
            rc = x->type == ZMQ_DISH ? zmq_leave(x->s, topic) : 0;
            break;
        case 3:
            rc = zmq_disconnect_peer(x->s, atomic_load(&x->heard) + crew_random(me, 20));
            break;
        case 4:
            rc = zmq_socket_get_peer_state(x->s, "peer", 4);
            break;
        case 5:
            rc = get_option(me, x->s);
            break;
        default:
            rc = set_option(me, x->s);
            break;
        }
        crew_dawdle(me);
    } while (goes_on(me, rc));
}

/* Endpoints of its own come and go; it may connect to itself. */
static void move_all_the_time(struct member *me) {
    struct shared *x = me->a;
    char text[80];
    int rc;
    do {
        snprintf(text, sizeof text, "%s-%d-%u",
                 crew_random(me, 2) ? "inproc://any" : "ipc://@zx-any", (int)getpid(),
                 crew_random(me, 2));
        switch (crew_random(me, 5)) {
        case 0:
            rc = zmq_bind(x->s, text);
            break;
        case 1:
            rc = zmq_unbind(x->s, text);
            break;
        case 2:
            rc = zmq_disconnect(x->s, text);
            break;
        case 3:
            rc = zmq_socket_monitor(x->s, crew_random(me, 2) ? "inproc://any-monitor" : NULL,
                                    ZMQ_EVENT_ALL);
            break;
        default:
            rc = zmq_connect(x->s, text);
            break;
        }
        crew_dawdle(me);
    } while (goes_on(me, rc));
}

/* ---- the end ---- */

static void close_both(struct member *me, struct world *w) {
    for (int i = 0; i < 2; i++)
        crew_check(me, zmq_close(w->ends[i].s) == 0);
}

/* Lets the others get into their calls, then pulls the ground from under them. */
static void end_it(struct member *me) {
    struct world *w = me->b;
    unsigned calls = CALLS + crew_random(me, CALLS);
    for (int looks = 0; looks < LOOKS && atomic_load(&w->calls) < calls; looks++)
        crew_dawdle(me);
    switch (w->ending) {
    case SHUTDOWN:
        crew_check(me, zmq_ctx_shutdown(w->ctx) == 0);
        break;
    case CLOSE:
        close_both(me, w);
        break;
    case TERMINATE:
        crew_check(me, zmq_ctx_term(w->ctx) == 0);
        break;
    }
}

/* With TERMINATE somebody must close what keeps it waiting: at the first ETERM. */
static void close_at_the_end(struct member *me) {
    struct shared *x = me->a;
    struct world *w = x->world;
    zmq_pollitem_t item = {.socket = x->s, .events = ZMQ_POLLERR};
    while (goes_on(me, zmq_poll(&item, 1, 5)))
        ;
    close_both(me, w);
}

/* ---- a round ---- */

static void open_end(struct world *w, int i, int type) {
    struct shared *x = &w->ends[i];
    int none = 0, few = 4, soon = 2;
    x->world = w;
    x->type = type;
    x->s = zmq_socket(w->ctx, type);
    assert_non_null(x->s);
    (void)zmq_setsockopt(x->s, ZMQ_LINGER, &none, sizeof none);
    (void)zmq_setsockopt(x->s, ZMQ_SNDHWM, &few, sizeof few);
    (void)zmq_setsockopt(x->s, ZMQ_RCVHWM, &few, sizeof few);
    (void)zmq_setsockopt(x->s, ZMQ_RECONNECT_IVL, &soon, sizeof soon);
    (void)zmq_setsockopt(x->s, ZMQ_ROUTING_ID, "peer", 4);
    (void)zmq_setsockopt(x->s, ZMQ_SUBSCRIBE, "", 0);
    if (type == ZMQ_DISH)
        (void)zmq_join(x->s, "g");
}

/* False: this type has no such transport. */
static bool meet(struct world *w, const char *endpoint) {
    char text[200];
    size_t size = sizeof text;
    if (zmq_bind(w->ends[1].s, endpoint)) {
        assert_true(errno == ENOCOMPATPROTO || errno == EPROTONOSUPPORT);
        return false;
    }
    assert_int_equal(zmq_getsockopt(w->ends[1].s, ZMQ_LAST_ENDPOINT, text, &size), 0);
    assert_int_equal(zmq_connect(w->ends[0].s, text), 0);
    return true;
}

static void hire_all(struct crew *c, struct world *w) {
    struct shared *x = &w->ends[0], *y = &w->ends[1];
    for (int i = 0; i < 2; i++) {
        crew_hire(c, send_all_the_time, x, NULL);
        crew_hire(c, receive_all_the_time, x, NULL);
    }
    for (int i = 0; i < 2; i++)
        crew_hire(c, poll_all_the_time, x, NULL);
    crew_hire(c, watch_all_the_time, x, NULL);
    crew_hire(c, change_all_the_time, x, NULL);
    crew_hire(c, move_all_the_time, x, NULL);
    crew_hire(c, send_all_the_time, y, NULL);
    crew_hire(c, receive_all_the_time, y, NULL);
    if (w->ending == TERMINATE)
        crew_hire(c, close_at_the_end, x, NULL);
    crew_hire(c, end_it, NULL, w);
}

static void play(const struct pairing *p, const char *endpoint, enum ending ending) {
    struct world w = {.ctx = zmq_ctx_new(), .ending = ending};
    open_end(&w, 0, p->type);
    open_end(&w, 1, p->other);
    (void)meet(&w, endpoint);
    struct crew *c = crew_start(ROUND_MS);
    hire_all(c, &w);
    crew_join(&c);
    if (ending == SHUTDOWN)
        for (int i = 0; i < 2; i++)
            assert_int_equal(zmq_close(w.ends[i].s), 0);
    if (ending != TERMINATE)
        assert_int_equal(zmq_ctx_term(w.ctx), 0);
}

/* ---- a call of one thread ends the wait of another ---- */

enum { PATIENCE_MS = 20000, TURNS = 12 };

struct wait {
    void *s;
    uint32_t id;
    atomic_bool begun;
    int turn;
};

static void wait_to_send(struct member *me) {
    struct wait *w = me->a;
    zmq_pollitem_t item = {.socket = w->s, .events = ZMQ_POLLOUT};
    atomic_store(&w->begun, true);
    if (w->turn % 2)
        crew_check(me, zmq_poll(&item, 1, PATIENCE_MS) == 1);
    else
        crew_check(me, zmq_send(w->s, "x", 1, 0) == 1);
}

/* Until the peer is disconnected. */
static void send_until_refused(struct member *me) {
    struct wait *w = me->a;
    int rc;
    do {
        zmq_msg_t msg;
        zmq_msg_init(&msg);
        zmq_msg_set_routing_id(&msg, w->id);
        atomic_store(&w->begun, true);
        rc = zmq_msg_send(&msg, w->s, 0);
        int err = zmq_errno();
        zmq_msg_close(&msg);
        crew_check(me, rc == 0 || err == EHOSTUNREACH);
    } while (rc == 0);
}

static void *make(void *ctx, int type) {
    void *s = zmq_socket(ctx, type);
    int none = 0, one = 1, patience = PATIENCE_MS;
    assert_non_null(s);
    assert_int_equal(zmq_setsockopt(s, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_SNDHWM, &one, sizeof one), 0);
    assert_int_equal(zmq_setsockopt(s, ZMQ_SNDTIMEO, &patience, sizeof patience), 0);
    return s;
}

/* The other thread has begun its call, and perhaps sleeps in it by now. */
static void let_it_wait(struct member *me, struct wait *w) {
    while (!atomic_load(&w->begun) && !crew_is_over(me->crew))
        crew_dawdle(me);
    for (unsigned i = crew_random(me, 60); i > 0; i--)
        crew_dawdle(me);
}

static void connect_it(struct member *me) {
    struct wait *w = me->a;
    let_it_wait(me, w);
    crew_check(me, zmq_connect(w->s, w->turn % 4 < 2 ? "tcp://127.0.0.1:9" : "inproc://it") == 0);
}

static void raise_its_mark(struct member *me) {
    struct wait *w = me->a;
    int many = 100;
    let_it_wait(me, w);
    crew_check(me, zmq_setsockopt(w->s, ZMQ_SNDHWM, &many, sizeof many) == 0);
}

static void disconnect_it(struct member *me) {
    struct wait *w = me->a;
    let_it_wait(me, w);
    crew_check(me, zmq_disconnect_peer(w->s, w->id) == 0);
}

static void two_threads(struct wait *w, void (*waits)(struct member *me),
                        void (*acts)(struct member *me)) {
    struct crew *c = crew_start(PATIENCE_MS * 2);
    crew_hire(c, waits, w, NULL);
    crew_hire(c, acts, w, NULL);
    crew_join(&c);
}

static void a_connect_ends_a_wait(void **state) {
    static const int types[] = {ZMQ_PAIR, ZMQ_PUSH, ZMQ_DEALER, ZMQ_REQ,
                                ZMQ_CLIENT, ZMQ_SCATTER, ZMQ_CHANNEL};
    void *ctx = zmq_ctx_new();
    (void)state;
    for (size_t i = 0; i < TURNS * sizeof types / sizeof types[0]; i++) {
        struct wait w = {.s = make(ctx, types[i / TURNS]), .turn = (int)i};
        two_threads(&w, wait_to_send, connect_it);
        assert_int_equal(zmq_close(w.s), 0);
    }
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* Over inproc a pipe that is full waits for its reader. */
static void a_higher_mark_ends_a_wait(void **state) {
    void *ctx = zmq_ctx_new();
    (void)state;
    for (int i = 0; i < TURNS; i++) {
        struct wait w = {.s = make(ctx, ZMQ_PUSH), .turn = i};
        assert_int_equal(zmq_connect(w.s, "tcp://127.0.0.1:9"), 0);
        while (zmq_send(w.s, "x", 1, ZMQ_DONTWAIT) == 1)
            ;
        two_threads(&w, wait_to_send, raise_its_mark);
        assert_int_equal(zmq_close(w.s), 0);
    }
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void a_disconnected_peer_ends_a_wait(void **state) {
    void *ctx = zmq_ctx_new();
    (void)state;
    for (int i = 0; i < TURNS; i++) {
        struct wait w = {.s = make(ctx, ZMQ_PEER), .turn = i};
        w.id = zmq_connect_peer(w.s, i % 2 ? "tcp://127.0.0.1:9" : "inproc://nobody");
        assert_int_not_equal(w.id, 0);
        two_threads(&w, send_until_refused, disconnect_it);
        assert_int_equal(zmq_close(w.s), 0);
    }
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* ---- REQ and REP: what they are ready for is theirs to say, no mail announces it ---- */

/* Two requests for one REP, one REQ with its answer. */
struct turn {
    void *s;      /* the one that is polled in one thread and used in the other */
    short events; /* for what */
    atomic_bool begun;
};

static void poll_for(struct member *me) {
    struct turn *t = me->a;
    zmq_pollitem_t item = {.socket = t->s, .events = t->events};
    crew_check(me, zmq_poll(&item, 1, 0) == 0);
    atomic_store(&t->begun, true);
    crew_check(me, zmq_poll(&item, 1, PATIENCE_MS) == 1);
    crew_check(me, item.revents == t->events);
}

static void let_it_poll(struct member *me) {
    struct turn *t = me->a;
    while (!atomic_load(&t->begun) && !crew_is_over(me->crew))
        crew_dawdle(me);
    for (unsigned i = crew_random(me, 60); i > 0; i--)
        crew_dawdle(me);
}

static void send_one(struct member *me) {
    let_it_poll(me);
    crew_check(me, zmq_send(((struct turn *)me->a)->s, "x", 1, 0) == 1);
}

static void receive_one(struct member *me) {
    char c;
    let_it_poll(me);
    crew_check(me, zmq_recv(((struct turn *)me->a)->s, &c, 1, 0) == 1);
}

static void turns(void *s, short events, void (*acts)(struct member *me)) {
    struct turn t = {.s = s, .events = events};
    struct crew *c = crew_start(PATIENCE_MS * 2);
    crew_hire(c, poll_for, &t, NULL);
    crew_hire(c, acts, &t, NULL);
    crew_join(&c);
}

static void await_input(void *s) {
    zmq_pollitem_t item = {.socket = s, .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&item, 1, PATIENCE_MS), 1);
}

/* Both requests are there, in the same order each time, before the REP is used. */
static void own_calls_end_a_poll_on(const char *endpoint) {
    char text[128], c;
    size_t size = sizeof text;
    void *ctx = zmq_ctx_new(), *rep = make(ctx, ZMQ_REP);
    void *req[2] = {make(ctx, ZMQ_REQ), make(ctx, ZMQ_REQ)};
    assert_int_equal(zmq_bind(rep, endpoint), 0);
    assert_int_equal(zmq_getsockopt(rep, ZMQ_LAST_ENDPOINT, text, &size), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(zmq_connect(req[i], text), 0);
    for (int round = 0; round < TURNS; round++) {
        assert_int_equal(zmq_send(req[0], "1", 1, 0), 1);
        await_input(rep);
        turns(rep, ZMQ_POLLOUT, receive_one);
        assert_int_equal(zmq_send(req[1], "2", 1, 0), 1);
        turns(rep, ZMQ_POLLIN, send_one); /* its second request comes into sight */
        await_input(req[0]);
        turns(req[0], ZMQ_POLLOUT, receive_one);
        assert_int_equal(zmq_recv(rep, &c, 1, 0), 1);
        assert_int_equal(c, '2');
        assert_int_equal(zmq_send(rep, "x", 1, 0), 1);
        assert_int_equal(zmq_recv(req[1], &c, 1, 0), 1);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(zmq_close(req[i]), 0);
    assert_int_equal(zmq_close(rep), 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void own_calls_end_a_poll(void **state) {
    (void)state;
    own_calls_end_a_poll_on("inproc://turn");
    own_calls_end_a_poll_on("tcp://127.0.0.1:*");
}

static int count_descriptors(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static void every_type(const char *endpoint) {
    int before = count_descriptors();
    for (size_t i = 0; i < sizeof pairings / sizeof pairings[0]; i++)
        for (int ending = 0; ending < ENDINGS; ending++)
            play(&pairings[i], endpoint, (enum ending)ending);
    assert_int_equal(count_descriptors(), before);
}

static void over_inproc(void **state) {
    (void)state;
    every_type("inproc://meeting");
}

static void over_tcp(void **state) {
    (void)state;
    every_type("tcp://127.0.0.1:*");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_inproc),
        cmocka_unit_test(over_tcp),
        cmocka_unit_test(a_connect_ends_a_wait),
        cmocka_unit_test(a_higher_mark_ends_a_wait),
        cmocka_unit_test(a_disconnected_peer_ends_a_wait),
        cmocka_unit_test(own_calls_end_a_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
