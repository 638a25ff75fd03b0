/* SPDX-License-Identifier: MIT */
/*
 * ZAP under pressure: handlers that come, answer rightly, wrongly or not at all, and go with
 * questions in hand; servers and clients that come and go meanwhile; contexts that end under all
 * of them. Nobody gets in whom no handler let in, nothing hangs, and an honest handler finds
 * everything as it should be.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "crew.h"

enum { ROUND_MS = 500, ROUNDS = 6, PARTS_MAX = 12, USER_AT = 6 };

struct world { /* of one round */
    void *ctx;
    char endpoint[2][64];
};

static void *make(struct member *me, int type) {
    const struct world *w = me->a;
    void *s = zmq_socket(w->ctx, type);
    int zero = 0, ivl = 5;
    if (!s)
        return NULL;
    (void)zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero);
    (void)zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &ivl, sizeof ivl);
    return s;
}

/* ---- handlers ---- */

/* The user's name of a PLAIN question, else "". False: there was none. */
static bool take_question(void *s, char user[16]) {
    int more = 1;
    user[0] = '\0';
    for (int part = 0; more; part++) {
        char data[64];
        size_t size = sizeof more;
        int n = zmq_recv(s, data, sizeof data, ZMQ_DONTWAIT);
        if (n < 0)
            return false;
        if (part == USER_AT && n < 16) {
            memcpy(user, data, (size_t)n);
            user[n] = '\0';
        }
        if (zmq_getsockopt(s, ZMQ_RCVMORE, &more, &size))
            return false;
    }
    return true;
}

static void send_reply(void *s, const char *const *part, int n) {
    for (int i = 0; i < n; i++)
        if (zmq_send(s, part[i], strlen(part[i]), ZMQ_DONTWAIT | (i + 1 < n ? ZMQ_SNDMORE : 0)) < 0)
            return;
}

static void answer(struct member *me, void *s, const char *user) {
    static const char *const refusals[] = {"300", "400", "500", "999", "20", ""};
    const char *reply[PARTS_MAX] = {"1.0", "1", "200", "text", user, ""};
    int n = 6;
    if (strcmp(user, "bad") == 0 || crew_random(me, 4) == 0)
        reply[2] = refusals[crew_random(me, 6)];
    switch (crew_random(me, 12)) {
    case 0:
        n = 1 + (int)crew_random(me, 5);
        break;
    case 1:
        reply[n++] = "more";
        break;
    case 2:
        reply[5] = "not metadata";
        break;
    default:
        break;
    }
    send_reply(s, reply, n);
}

static void judge(struct member *me) {
    while (!crew_is_over(me->crew)) {
        void *s = make(me, ZMQ_REP);
        char user[16];
        if (!s) {
            crew_dawdle(me);
            continue;
        }
        if (zmq_bind(s, "inproc://zeromq.zap.01") == 0) {
            for (unsigned turns = crew_random(me, 60); turns && !crew_is_over(me->crew); turns--) {
                zmq_pollitem_t item = {.socket = s, .events = ZMQ_POLLIN};
                if (zmq_poll(&item, 1, 5) < 0)
                    break;
                crew_dawdle(me);
                if (take_question(s, user) && crew_random(me, 20))
                    answer(me, s, user);
            }
        }
        crew_check(me, zmq_close(s) == 0);
    }
}

/* ---- servers and clients ---- */

static void look_at(struct member *me, zmq_msg_t *msg) {
    const char *user = zmq_msg_gets(msg, "User-Id");
    crew_check(me, zmq_msg_size(msg) == 4 && memcmp(zmq_msg_data(msg), "good", 4) == 0);
    crew_check(me, user && strcmp(user, "good") == 0);
}

static void serve(struct member *me) {
    const struct world *w = me->a;
    while (!crew_is_over(me->crew)) {
        void *s = make(me, ZMQ_PULL);
        int yes = 1;
        if (!s) {
            crew_dawdle(me);
            continue;
        }
        crew_check(me, zmq_setsockopt(s, ZMQ_PLAIN_SERVER, &yes, sizeof yes) == 0);
        (void)zmq_bind(s, w->endpoint[me->number & 1]);
        for (unsigned turns = crew_random(me, 300); turns && !crew_is_over(me->crew); turns--) {
            zmq_pollitem_t item = {.socket = s, .events = ZMQ_POLLIN};
            zmq_msg_t msg;
            if (zmq_poll(&item, 1, 2) < 0)
                break;
            zmq_msg_init(&msg);
            if (zmq_msg_recv(&msg, s, ZMQ_DONTWAIT) >= 0)
                look_at(me, &msg);
            zmq_msg_close(&msg);
        }
        crew_check(me, zmq_close(s) == 0);
    }
}

static void visit(struct member *me) {
    const struct world *w = me->a;
    while (!crew_is_over(me->crew)) {
        void *s = make(me, ZMQ_PUSH);
        const char *user = crew_random(me, 2) ? "good" : "bad";
        if (!s) {
            crew_dawdle(me);
            continue;
        }
        (void)zmq_setsockopt(s, ZMQ_PLAIN_USERNAME, user, strlen(user));
        if (crew_random(me, 5) == 0) /* asks about the server, too, as NULL; is a mismatch */
            (void)zmq_setsockopt(s, ZMQ_PLAIN_USERNAME, NULL, 0);
        (void)zmq_setsockopt(s, ZMQ_ZAP_DOMAIN, "shop", 4);
        (void)zmq_connect(s, w->endpoint[crew_random(me, 2)]);
        for (unsigned turns = crew_random(me, 20); turns; turns--) {
            (void)zmq_send(s, user, strlen(user), ZMQ_DONTWAIT);
            crew_dawdle(me);
        }
        crew_check(me, zmq_close(s) == 0);
    }
}

static void end_it(struct member *me) {
    const struct world *w = me->a;
    if (crew_random(me, 2))
        return;
    for (unsigned n = crew_random(me, 200); n && !crew_is_over(me->crew); n--)
        crew_dawdle(me);
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

static void name_endpoints(struct world *w, unsigned round) {
    snprintf(w->endpoint[0], sizeof w->endpoint[0], "ipc://@zx-judges-%d-%u", (int)getpid(), round);
    snprintf(w->endpoint[1], sizeof w->endpoint[1], "tcp://127.0.0.1:%u",
             21000 + (unsigned)getpid() % 20000);
}

static void handlers_come_and_go(void **state) {
    int before = count_descriptors();
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct world w = {.ctx = zmq_ctx_new()};
        struct crew *c = crew_start(ROUND_MS);
        name_endpoints(&w, round);
        for (int i = 0; i < 2; i++) {
            crew_hire(c, judge, &w, NULL);
            crew_hire(c, serve, &w, NULL);
            crew_hire(c, serve, &w, NULL);
        }
        for (int i = 0; i < 4; i++)
            crew_hire(c, visit, &w, NULL);
        crew_hire(c, end_it, &w, NULL);
        crew_join(&c);
        assert_int_equal(zmq_ctx_term(w.ctx), 0);
        assert_int_equal(count_descriptors(), before);
    }
}

/* ---- afterwards ---- */

static void serve_honestly(struct member *me) {
    void *s = me->b;
    char user[16];
    while (!crew_is_over(me->crew)) {
        zmq_pollitem_t item = {.socket = s, .events = ZMQ_POLLIN};
        static const char *const reply[] = {"1.0", "1", "200", "", "good", ""};
        (void)zmq_poll(&item, 1, 20);
        if (take_question(s, user))
            send_reply(s, reply, 6);
    }
}

/* The same context after its chaos: whoever may come in does. */
static void order_returns(void **state) {
    struct world w = {.ctx = zmq_ctx_new()};
    struct member me = {.a = &w};
    struct crew *c = crew_start(ROUND_MS);
    (void)state;
    name_endpoints(&w, ROUNDS);
    for (int i = 0; i < 2; i++) {
        crew_hire(c, judge, &w, NULL);
        crew_hire(c, serve, &w, NULL);
        crew_hire(c, visit, &w, NULL);
        crew_hire(c, visit, &w, NULL);
    }
    crew_join(&c);
    void *zap = make(&me, ZMQ_REP), *pull = make(&me, ZMQ_PULL), *push = make(&me, ZMQ_PUSH);
    int yes = 1, patience = 20000;
    char text[8] = "";
    assert_int_equal(zmq_bind(zap, "inproc://zeromq.zap.01"), 0);
    assert_int_equal(zmq_setsockopt(pull, ZMQ_PLAIN_SERVER, &yes, sizeof yes), 0);
    assert_int_equal(zmq_setsockopt(pull, ZMQ_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(zmq_setsockopt(push, ZMQ_PLAIN_USERNAME, "good", 4), 0);
    assert_int_equal(zmq_bind(pull, w.endpoint[0]), 0);
    assert_int_equal(zmq_connect(push, w.endpoint[0]), 0);
    assert_int_equal(zmq_send(push, "good", 4, 0), 4);
    c = crew_start(60000);
    crew_hire(c, serve_honestly, &w, zap);
    assert_int_equal(zmq_recv(pull, text, sizeof text, 0), 4);
    assert_string_equal(text, "good");
    crew_end(c);
    crew_join(&c);
    zmq_close(push);
    zmq_close(pull);
    zmq_close(zap);
    assert_int_equal(zmq_ctx_term(w.ctx), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handlers_come_and_go),
        cmocka_unit_test(order_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
