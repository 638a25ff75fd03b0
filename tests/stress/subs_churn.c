/* SPDX-License-Identifier: MIT */
/* A subscriber that changes its mind all the time while publishers come and go: each publisher
 * knows at any time what it was told, once and in order, and in the end exactly what is wanted. */
#include "crew.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

/* All topics together are some times as long as what a connection is told at one go. */
enum { TOPICS = 3000, TRACKERS = 3, LASTS_MS = 1200, LONG_MS = 20000 };

struct scene {
    void *ctx, *sub;
    char endpoint[128];
    int type;
    unsigned refs[TOPICS];
    atomic_bool is_final; /* refs will not change */
};

static int topic_text(char *text, unsigned i) {
    return sprintf(text, "topic-%04u%.*s", i, (int)(i * 37 % 120),
                   "-with-a-tail-of-some-length-that-is-there-to-fill-what-goes-out-at-once-and-"
                   "so-to-make-the-telling-take-its-time-----------");
}

static int subscribe(struct scene *s, bool add, const char *topic, int size) {
    char message[160];
    if (s->type == ZMQ_SUB)
        return zmq_setsockopt(s->sub, add ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, topic, (size_t)size);
    message[0] = add;
    memcpy(message + 1, topic, (size_t)size);
    return zmq_send(s->sub, message, (size_t)size + 1, 0) < 0 ? -1 : 0;
}

static void change_mind(struct member *me) {
    struct scene *s = me->a;
    char text[160];
    while (!crew_is_over(me->crew)) {
        unsigned i = crew_random(me, TOPICS);
        bool add = s->refs[i] == 0 || (s->refs[i] < 3 && crew_random(me, 2));
        crew_check(me, subscribe(s, add, text, topic_text(text, i)) == 0);
        s->refs[i] += add ? 1u : -1u;
        if (crew_random(me, 50) == 0)
            crew_dawdle(me);
    }
    atomic_store(&s->is_final, true);
    crew_check(me, subscribe(s, true, "~end", 4) == 0);
}

/* Notes what one message says. False: it is no news, or the end. */
static bool note(struct member *me, bool *held, const char *data, int size, bool *is_end) {
    char text[160];
    unsigned i = TOPICS;
    *is_end = size == 5 && !memcmp(data, "\1~end", 5);
    if (*is_end)
        return true;
    if (size < 10 || sscanf(data + 1, "topic-%u", &i) != 1 || i >= TOPICS ||
        topic_text(text, i) != size - 1 || memcmp(text, data + 1, (size_t)size - 1)) {
        crew_fail(me, "a strange notice");
        return false;
    }
    if (held[i] == (data[0] == 1)) {
        crew_fail(me, data[0] ? "told twice" : "taken back, but never told");
        return false;
    }
    held[i] = data[0] == 1;
    return true;
}

/* Takes up to n notices; true if the end was among them. */
static bool listen_for(struct member *me, void *xpub, bool *held, unsigned n) {
    char data[160];
    bool is_end = false;
    while (n-- && !is_end) {
        int size = zmq_recv(xpub, data, sizeof data - 1, 0);
        if (size < 0)
            break;
        data[size] = '\0';
        if (!note(me, held, data, size, &is_end))
            break;
    }
    return is_end;
}

static void *open_tracker(struct member *me) {
    struct scene *s = me->a;
    int zero = 0, wait_ms = LONG_MS;
    void *xpub = zmq_socket(s->ctx, ZMQ_XPUB);
    crew_check(me, xpub && zmq_setsockopt(xpub, ZMQ_LINGER, &zero, sizeof zero) == 0);
    crew_check(me, zmq_setsockopt(xpub, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms) == 0);
    crew_check(me, zmq_connect(xpub, s->endpoint) == 0);
    return xpub;
}

static bool knows_all(const struct scene *s, const bool *held) {
    for (unsigned i = 0; i < TOPICS; i++)
        if (held[i] != (s->refs[i] != 0))
            return false;
    return true;
}

/* To a publisher that has just come the end may be told with all other topics, and so before the
 * last changes, which stand in the queue. */
static void compare(struct member *me, void *xpub, bool *held) {
    struct scene *s = me->a;
    bool is_end;
    char data[160];
    crew_check(me, atomic_load(&s->is_final));
    while (!knows_all(s, held)) {
        int size = zmq_recv(xpub, data, sizeof data - 1, 0);
        if (size < 0) {
            crew_fail(me, "what was told last is not what is wanted");
            return;
        }
        data[size] = '\0';
        if (!note(me, held, data, size, &is_end))
            return;
    }
}

/* Comes and goes, and stays when time is up. */
static void track(struct member *me) {
    bool held[TOPICS], is_end = false;
    do {
        void *xpub = open_tracker(me);
        memset(held, 0, sizeof held);
        is_end = listen_for(me, xpub, held, 1 + crew_random(me, 4 * TOPICS));
        bool stays = !is_end && crew_is_over(me->crew);
        if (stays)
            is_end = listen_for(me, xpub, held, UINT32_MAX);
        if (stays && !is_end)
            crew_fail(me, "the end was not told");
        else if (is_end)
            compare(me, xpub, held);
        zmq_close(xpub);
        if (stays)
            return;
    } while (!is_end);
}

static void act(int type, const char *address) {
    struct scene s = {.ctx = zmq_ctx_new(), .type = type};
    size_t size = sizeof s.endpoint;
    s.sub = zmq_socket(s.ctx, type);
    assert_non_null(s.sub);
    assert_int_equal(zmq_bind(s.sub, address), 0);
    assert_int_equal(zmq_getsockopt(s.sub, ZMQ_LAST_ENDPOINT, s.endpoint, &size), 0);
    struct crew *crew = crew_start(LASTS_MS);
    crew_hire(crew, change_mind, &s, NULL);
    for (int i = 0; i < TRACKERS; i++)
        crew_hire(crew, track, &s, NULL);
    crew_join(&crew);
    zmq_close(s.sub);
    zmq_ctx_term(s.ctx);
}

static void over_tcp(void **state) {
    (void)state;
    act(ZMQ_SUB, "tcp://127.0.0.1:*");
    act(ZMQ_XSUB, "tcp://127.0.0.1:*");
}

static void over_ipc(void **state) {
    (void)state;
    act(ZMQ_SUB, "ipc://*");
    act(ZMQ_XSUB, "ipc://*");
}

static void over_inproc(void **state) {
    (void)state;
    act(ZMQ_SUB, "inproc://churn");
    act(ZMQ_XSUB, "inproc://churn");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_tcp),
        cmocka_unit_test(over_ipc),
        cmocka_unit_test(over_inproc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
