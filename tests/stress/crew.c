/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <zmq.h>

#define MEMBERS_MAX 32
#define LARGE 20000u

struct crew {
    struct member members[MEMBERS_MAX];
    pthread_t threads[MEMBERS_MAX];
    unsigned n;
    uint64_t seed;
    int64_t ends_ms;
    atomic_bool is_over;
    atomic_bool has_failed;
    char failure[300];
};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct crew *crew_start(unsigned lasts_ms) {
    struct crew *c = calloc(1, sizeof *c);
    const char *seed = getenv("ZMQX_STRESS_SEED");
    assert_non_null(c);
    c->seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)now_ms() * UINT64_C(0x9e3779b97f4a7c15);
    c->ends_ms = now_ms() + (int64_t)lasts_ms;
    return c;
}

static void *run(void *arg) {
    struct member *me = arg;
    me->run(me);
    return NULL;
}

struct member *crew_hire(struct crew *c, void (*fn)(struct member *me), void *a, void *b) {
    assert_true(c->n < MEMBERS_MAX);
    struct member *m = &c->members[c->n];
    *m = (struct member){.crew = c, .run = fn, .a = a, .b = b, .number = c->n};
    m->random = (c->seed + c->n) * UINT64_C(0xd1342543de82ef95) | 1;
    assert_int_equal(pthread_create(&c->threads[c->n], NULL, run, m), 0);
    c->n++;
    return m;
}

bool crew_is_over(const struct crew *c) {
    return atomic_load(&c->is_over) || now_ms() >= c->ends_ms;
}

void crew_end(struct crew *c) {
    atomic_store(&c->is_over, true);
}

void crew_fail_at(struct member *me, const char *file, int line, const char *what) {
    struct crew *c = me->crew;
    int err = zmq_errno();
    if (!atomic_exchange(&c->has_failed, true))
        snprintf(c->failure, sizeof c->failure, "%s:%d: member %u: %s (%s)", file, line,
                 me->number, what, zmq_strerror(err));
    crew_end(c);
}

void crew_join(struct crew **pc) {
    struct crew *c = *pc;
    for (unsigned i = 0; i < c->n; i++)
        pthread_join(c->threads[i], NULL);
    bool failed = atomic_load(&c->has_failed);
    if (failed)
        print_error("%s; again with ZMQX_STRESS_SEED=%llu\n", c->failure,
                    (unsigned long long)c->seed);
    free(c);
    *pc = NULL;
    assert_false(failed);
}

unsigned crew_random(struct member *me, unsigned below) {
    me->random ^= me->random << 13;
    me->random ^= me->random >> 7;
    me->random ^= me->random << 17;
    return (unsigned)((me->random >> 16) % below);
}

void crew_dawdle(struct member *me) {
    switch (crew_random(me, 16)) {
    case 0:
        zmq_poll(NULL, 0, 1 + (long)crew_random(me, 3));
        break;
    case 1:
    case 2:
        sched_yield();
        break;
    case 3:
        for (unsigned i = crew_random(me, 20000); i > 0; i--)
            atomic_signal_fence(memory_order_seq_cst);
        break;
    default:
        break;
    }
}

/* ---- letters ---- */

static uint8_t pattern(const struct crew_letter *l, uint32_t part) {
    return (uint8_t)(l->seq * 31 + l->from * 7 + part);
}

static int send_part(void *socket, const struct crew_letter *l, uint32_t part, int flags) {
    if (!part)
        return zmq_send(socket, l, sizeof *l, flags);
    zmq_msg_t msg;
    if (zmq_msg_init_size(&msg, l->size))
        return -1;
    memset(zmq_msg_data(&msg), pattern(l, part), l->size);
    int rc = zmq_msg_send(&msg, socket, flags);
    if (rc < 0)
        zmq_msg_close(&msg);
    return rc;
}

int crew_send(struct member *me, void *socket, uint32_t seq) {
    struct crew_letter l = {.from = me->number, .seq = seq, .parts = 1};
    if (crew_random(me, 4) == 0) {
        l.parts += 1 + crew_random(me, 3);
        l.size = crew_random(me, 8) ? crew_random(me, 300) : crew_random(me, LARGE);
    }
    for (uint32_t i = 0; i < l.parts; i++) {
        int flags = i + 1 < l.parts ? ZMQ_SNDMORE : 0;
        while (send_part(socket, &l, i, flags | (i ? ZMQ_DONTWAIT : 0)) < 0) {
            if (zmq_errno() != EAGAIN || i || crew_is_over(me->crew))
                return -1;
        }
    }
    return 0;
}

void crew_take_rest(struct member *me, void *socket, const struct crew_letter *l) {
    for (uint32_t i = 1; i < l->parts; i++) {
        zmq_msg_t msg;
        zmq_msg_init(&msg);
        int rc = zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT);
        if (rc != (int)l->size) {
            crew_fail(me, rc < 0 ? "a part is missing" : "a part has another size");
            zmq_msg_close(&msg);
            return;
        }
        const uint8_t *data = zmq_msg_data(&msg);
        for (uint32_t k = 0; k < l->size; k++)
            if (data[k] != pattern(l, i)) {
                crew_fail(me, "a part has another content");
                break;
            }
        crew_check(me, zmq_msg_more(&msg) == (i + 1 < l->parts));
        zmq_msg_close(&msg);
    }
}

/* Waits by the descriptor, as event loops do: after each wake-up EVENTS decides. */
static int wait_by_fd(void *socket, int wait_ms) {
    int fd, events = 0;
    size_t size = sizeof fd;
    int64_t end = now_ms() + wait_ms;
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size))
        return -1;
    for (;;) {
        size = sizeof events;
        if (zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size))
            return -1;
        int64_t left = end - now_ms();
        if (events & ZMQ_POLLIN || left <= 0)
            return (events & ZMQ_POLLIN) != 0;
        struct pollfd item = {.fd = fd, .events = POLLIN};
        (void)poll(&item, 1, (int)left);
    }
}

static int wait_by_poll(void *socket, int wait_ms) {
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    return zmq_poll(&item, 1, wait_ms);
}

static int set_timeout(void *socket, int ms) {
    return zmq_setsockopt(socket, ZMQ_RCVTIMEO, &ms, sizeof ms);
}

/* 0: receive without waiting now, 1: receive and wait, -1: error, 2: nothing came. */
static int wait_somehow(struct member *me, void *socket, int wait_ms) {
    int rc;
    switch (crew_random(me, 8)) {
    case 0:
        return 0;
    case 1:
    case 2:
        rc = wait_by_poll(socket, wait_ms);
        return rc > 0 ? 0 : rc < 0 ? -1 : 2;
    case 3:
        /* Rare, but then for good: a socket whose descriptor is out is served otherwise. */
        if (crew_random(me, 200))
            return set_timeout(socket, wait_ms) ? -1 : 1;
        rc = wait_by_fd(socket, wait_ms);
        return rc > 0 ? 0 : rc < 0 ? -1 : 2;
    default:
        return set_timeout(socket, wait_ms) ? -1 : 1;
    }
}

int crew_receive(struct member *me, void *socket, struct crew_letter *out, int wait_ms) {
    int how = wait_somehow(me, socket, wait_ms);
    if (how < 0)
        return -1;
    if (how == 2)
        return 0;
    int rc = zmq_recv(socket, out, sizeof *out, how ? 0 : ZMQ_DONTWAIT);
    if (rc < 0)
        return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? 0 : -1;
    if (rc != (int)sizeof *out) {
        crew_fail(me, "no letter");
        return 0;
    }
    return 1;
}
