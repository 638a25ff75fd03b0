/* SPDX-License-Identifier: MIT */
/*
 * Sockets come and go: threads that make sockets of all types, bind, connect, talk, monitor, poll,
 * unbind, disconnect and close at random, while contexts end under them. Nothing may crash, hang,
 * leak a descriptor or refuse to terminate.
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

enum { THREADS = 5, SOCKETS = 4, NAMES = 6, ROUND_MS = 400, ROUNDS = 5 };

static const int types[] = {ZMQ_PAIR, ZMQ_PUB,  ZMQ_SUB,  ZMQ_REQ,  ZMQ_REP,  ZMQ_DEALER,
                            ZMQ_ROUTER, ZMQ_PULL, ZMQ_PUSH, ZMQ_XPUB, ZMQ_XSUB, ZMQ_STREAM,
                            ZMQ_SERVER, ZMQ_CLIENT, ZMQ_RADIO, ZMQ_DISH, ZMQ_GATHER, ZMQ_SCATTER,
                            ZMQ_DGRAM, ZMQ_PEER, ZMQ_CHANNEL};

struct world { /* of one round */
    void *ctx;
    unsigned round;
};

/* The errors that churning may meet; anything else is a defect. */
static bool is_expected(int err) {
    switch (err) {
    case EAGAIN:
    case ETERM:
    case EFSM:
    case ENOTSUP:
    case EADDRINUSE:
    case ENOENT:
    case EHOSTUNREACH:
    case EINVAL: /* an option of another type */
    case EMFILE:
    case ENOCOMPATPROTO: /* DGRAM */
    case EFAULT:         /* zmq_connect_peer with IMMEDIATE */
        return true;
    default:
        return false;
    }
}

static bool went_wrong(struct member *me, int rc) {
    if (rc >= 0 || is_expected(zmq_errno()))
        return false;
    crew_fail(me, "an unexpected error");
    return true;
}

static const char *name(struct member *me, char text[64]) {
    const struct world *w = me->a;
    unsigned n = crew_random(me, NAMES);
    switch (crew_random(me, 3)) {
    case 0:
        snprintf(text, 64, "inproc://churn-%u", n);
        break;
    case 1:
        snprintf(text, 64, "ipc://@zx-churn-%d-%u-%u", (int)getpid(), w->round, n);
        break;
    default:
        /* A fixed range, so that connecters find binders; a taken port is just an error. */
        snprintf(text, 64, "tcp://127.0.0.1:%u", 20000 + (unsigned)getpid() % 20000 + n);
        break;
    }
    return text;
}

static void *make(struct member *me) {
    const struct world *w = me->a;
    int type = types[crew_random(me, sizeof types / sizeof types[0])];
    void *s = zmq_socket(w->ctx, type);
    int linger = (int)crew_random(me, 3) * 20, hwm = (int)crew_random(me, 20), ivl = 5;
    if (!s)
        return NULL;
    (void)zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    (void)zmq_setsockopt(s, ZMQ_SNDHWM, &hwm, sizeof hwm);
    (void)zmq_setsockopt(s, ZMQ_RCVHWM, &hwm, sizeof hwm);
    (void)zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &ivl, sizeof ivl);
    if (crew_random(me, 3) == 0) {
        char id = (char)('a' + crew_random(me, 4));
        (void)zmq_setsockopt(s, ZMQ_ROUTING_ID, &id, 1);
    }
    if (type == ZMQ_DISH)
        (void)zmq_join(s, "a");
    if (type == ZMQ_SUB || type == ZMQ_XSUB)
        (void)zmq_setsockopt(s, ZMQ_SUBSCRIBE, "", 0);
    return s;
}

static void change_option(struct member *me, void *s) {
    static const int options[] = {ZMQ_SNDHWM, ZMQ_RCVHWM, ZMQ_IMMEDIATE, ZMQ_CONFLATE,
                                  ZMQ_ROUTER_MANDATORY, ZMQ_ROUTER_HANDOVER, ZMQ_REQ_RELAXED,
                                  ZMQ_REQ_CORRELATE, ZMQ_PROBE_ROUTER, ZMQ_HEARTBEAT_IVL,
                                  ZMQ_XPUB_VERBOSE, ZMQ_XPUB_NODROP};
    int value = (int)crew_random(me, 4) - (int)crew_random(me, 2);
    int rc = zmq_setsockopt(s, options[crew_random(me, sizeof options / sizeof options[0])], &value,
                            sizeof value);
    (void)went_wrong(me, rc);
}

static void read_option(struct member *me, void *s) {
    static const int options[] = {ZMQ_EVENTS, ZMQ_FD, ZMQ_RCVMORE, ZMQ_TYPE};
    int value;
    size_t size = sizeof value;
    (void)went_wrong(me, zmq_getsockopt(s, options[crew_random(me, 4)], &value, &size));
}

static const char *group(struct member *me) {
    static const char *const groups[] = {"", "a", "group"};
    return groups[crew_random(me, 3)];
}

/* As draft types send: to a number heard of, to a group. */
static void talk_draft(struct member *me, void *s, size_t size) {
    zmq_msg_t msg;
    if (zmq_msg_init_size(&msg, size))
        return;
    memset(zmq_msg_data(&msg), 0, size);
    if (me->heard)
        zmq_msg_set_routing_id(&msg, me->heard);
    zmq_msg_set_group(&msg, group(me));
    (void)went_wrong(me, zmq_msg_send(&msg, s, ZMQ_DONTWAIT));
    zmq_msg_close(&msg);
}

static void talk(struct member *me, void *s) {
    static const char large[12000];
    size_t size = crew_random(me, 6) ? crew_random(me, 40) : crew_random(me, sizeof large);
    int flags = ZMQ_DONTWAIT | (crew_random(me, 4) ? 0 : ZMQ_SNDMORE);
    if (crew_random(me, 2))
        talk_draft(me, s, size);
    else
        (void)went_wrong(me, zmq_send(s, large, size, flags));
}

static void draft_call(struct member *me, void *s) {
    char text[64];
    switch (crew_random(me, 5)) {
    case 0:
    case 1:
        (void)went_wrong(me, zmq_join(s, group(me)));
        break;
    case 2:
        (void)went_wrong(me, zmq_leave(s, group(me)));
        break;
    case 3:
        (void)went_wrong(me, zmq_connect_peer(s, name(me, text)) ? 0 : -1);
        break;
    default:
        (void)went_wrong(me, zmq_disconnect_peer(s, me->heard));
        break;
    }
}

static void listen_to(struct member *me, void *s) {
    zmq_msg_t msg;
    zmq_msg_init(&msg);
    int rc = zmq_msg_recv(&msg, s, ZMQ_DONTWAIT);
    (void)went_wrong(me, rc);
    (void)zmq_msg_gets(&msg, "Peer-Address");
    if (rc >= 0 && zmq_msg_routing_id(&msg))
        me->heard = zmq_msg_routing_id(&msg);
    crew_check(me, strlen(zmq_msg_group(&msg)) < 6);
    zmq_msg_close(&msg);
}

static void wait_a_little(struct member *me, void **s) {
    zmq_pollitem_t items[SOCKETS];
    int n = 0;
    for (int i = 0; i < SOCKETS; i++)
        if (s[i])
            items[n++] = (zmq_pollitem_t){.socket = s[i], .events = ZMQ_POLLIN | ZMQ_POLLOUT};
    (void)went_wrong(me, zmq_poll(items, n, (long)crew_random(me, 5)));
}

static void act(struct member *me, void **all, unsigned i) {
    char text[64];
    void *s = all[i];
    switch (crew_random(me, 26)) {
    case 0:
        (void)went_wrong(me, zmq_bind(s, name(me, text)));
        break;
    case 1:
    case 2:
        (void)went_wrong(me, zmq_connect(s, name(me, text)));
        break;
    case 3:
        (void)went_wrong(me, zmq_unbind(s, name(me, text)));
        break;
    case 4:
        change_option(me, s);
        break;
    case 5:
        if (crew_random(me, 4) == 0)
            read_option(me, s);
        break;
    case 6:
        snprintf(text, sizeof text, "inproc://monitor-%u", crew_random(me, 3));
        (void)went_wrong(me, zmq_socket_monitor(s, crew_random(me, 3) ? text : NULL,
                                                ZMQ_EVENT_ALL));
        break;
    case 7:
        if (crew_random(me, 3))
            break;
        crew_check(me, zmq_close(s) == 0);
        all[i] = NULL;
        break;
    case 8:
        wait_a_little(me, all);
        break;
    case 9:
        snprintf(text, sizeof text, "inproc://monitor-%u", crew_random(me, 3));
        (void)went_wrong(me, zmq_connect(s, text));
        break;
    case 10:
    case 11:
        draft_call(me, s);
        break;
    default:
        if (crew_random(me, 2))
            talk(me, s);
        else
            listen_to(me, s);
        break;
    }
}

static void churn(struct member *me) {
    void *s[SOCKETS] = {NULL};
    while (!crew_is_over(me->crew)) {
        unsigned i = crew_random(me, SOCKETS);
        if (!s[i])
            s[i] = make(me);
        if (s[i])
            act(me, s, i);
        else
            crew_dawdle(me);
    }
    for (unsigned i = 0; i < SOCKETS; i++)
        if (s[i])
            crew_check(me, zmq_close(s[i]) == 0);
}

/* Ends the context in mid-round, now and then. */
static void end_it(struct member *me) {
    const struct world *w = me->a;
    if (crew_random(me, 2))
        return;
    zmq_poll(NULL, 0, (long)crew_random(me, ROUND_MS));
    crew_check(me, zmq_ctx_shutdown(w->ctx) == 0);
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

static void sockets_come_and_go(void **state) {
    int before = count_descriptors();
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct world w = {.ctx = zmq_ctx_new(), .round = round};
        struct crew *c = crew_start(ROUND_MS);
        for (int i = 0; i < THREADS; i++)
            crew_hire(c, churn, &w, NULL);
        crew_hire(c, end_it, &w, NULL);
        crew_join(&c);
        assert_int_equal(zmq_ctx_term(w.ctx), 0);
        assert_int_equal(count_descriptors(), before);
    }
}

/* ---- inproc: binders and connecters of one name, in threads ---- */

static void bind_and_close(struct member *me) {
    const struct world *w = me->a;
    while (!crew_is_over(me->crew)) {
        void *s = zmq_socket(w->ctx, ZMQ_PULL);
        char byte;
        if (!s)
            continue;
        if (zmq_bind(s, "inproc://meeting") == 0)
            for (unsigned n = crew_random(me, 50); n > 0; n--)
                (void)zmq_recv(s, &byte, 1, ZMQ_DONTWAIT);
        if (crew_random(me, 2))
            (void)zmq_unbind(s, "inproc://meeting");
        crew_check(me, zmq_close(s) == 0);
    }
}

static void connect_and_close(struct member *me) {
    const struct world *w = me->a;
    while (!crew_is_over(me->crew)) {
        void *s = zmq_socket(w->ctx, ZMQ_PUSH);
        if (!s)
            continue;
        crew_check(me, zmq_connect(s, "inproc://meeting") == 0);
        for (unsigned n = crew_random(me, 50); n > 0; n--)
            (void)zmq_send(s, "x", 1, ZMQ_DONTWAIT);
        if (crew_random(me, 2))
            crew_check(me, zmq_disconnect(s, "inproc://meeting") == 0);
        crew_check(me, zmq_close(s) == 0);
    }
}

static void meetings_inproc(void **state) {
    struct world w = {.ctx = zmq_ctx_new()};
    struct crew *c = crew_start(ROUND_MS * 3);
    (void)state;
    for (int i = 0; i < 2; i++) {
        crew_hire(c, bind_and_close, &w, NULL);
        crew_hire(c, connect_and_close, &w, NULL);
    }
    crew_join(&c);
    assert_int_equal(zmq_ctx_term(w.ctx), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_come_and_go),
        cmocka_unit_test(meetings_inproc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
