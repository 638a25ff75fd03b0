/* SPDX-License-Identifier: MIT */
/*
 * The barriers of the quick paths, hammered until a missing one shows. Two processors that swap a
 * store and a later load of theirs do it for some nanoseconds only: two threads meet there at times
 * that sweep over each other, many thousand times in a second.
 *
 *   - a lock biased towards its owner is taken away by another thread: never are both inside;
 *   - the last message of a burst over inproc wakes the reader, who is just about to sleep.
 *
 * With one processor there is nothing to see.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <zmq.h>
#include <zmqx.h>

#include "core/lock.h"
#include "os/os.h"

/* Each case; the first one longer on a busy machine, until there were enough rounds. */
static const uint64_t LASTS_NS = UINT64_C(1200000000), LASTS_MAX_NS = UINT64_C(15000000000);
enum { ROUNDS_MIN = 400, WAIT_MS = 2000, LATE_MAX = 3, BURST_MAX = 20, PAUSE_MAX = 100 };

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void rest(uint64_t rounds) {
    for (uint64_t i = 0; i < rounds; i++)
        zx_os_cpu_relax();
}

/* Until the number is reached; where there are fewer processors than threads the other one must be
 * let in. */
static void await(atomic_uint *number, unsigned n) {
    for (unsigned i = 1; atomic_load(number) < n; i++)
        if (i % 4096 == 0)
            (void)sched_yield();
}

static bool has_one_cpu(void) {
    if (zx_os_cpus() > 1)
        return false;
    print_message("SKIP: one processor, whose stores nobody sees late\n");
    return true;
}

/* ---- the biased lock ---- */

static struct {
    struct zx_lock lock;
    atomic_uint round, ended; /* begun; in which the other thread was inside */
    atomic_bool over;
    volatile unsigned inside;
    atomic_uint both;
} biased;

static void be_inside(unsigned me, uint64_t rounds) {
    if (biased.inside)
        atomic_fetch_add(&biased.both, 1);
    biased.inside = me;
    rest(rounds);
    if (biased.inside != me)
        atomic_fetch_add(&biased.both, 1);
    biased.inside = 0;
}

static void *own(void *arg) {
    uint64_t random = 88172645463325252u;
    (void)arg;
    for (unsigned round = 1; !atomic_load(&biased.over); round++) {
        zx_lock_reset(&biased.lock);
        biased.inside = 0;
        atomic_store(&biased.round, round);
        while (atomic_load_explicit(&biased.ended, memory_order_relaxed) < round) {
            uint64_t rounds = next_random(&random) % 3;
            zx_lock_take(&biased.lock);
            be_inside(1, rounds);
            zx_lock_give(&biased.lock);
        }
    }
    return NULL;
}

static void is_taken_by_one(void **state) {
    pthread_t owner;
    uint64_t random = 2463534242u, from = zx_os_now_ns();
    unsigned round = 0;
    (void)state;
    zx_lock_init_process();
    if (zx_lock_plain)
        print_message("SKIP: no barrier of the process, so no biased locks\n");
    if (zx_lock_plain || has_one_cpu())
        skip();
    assert_int_equal(pthread_create(&owner, NULL, own, NULL), 0);
    do {
        await(&biased.round, ++round);
        for (unsigned i = 1; !atomic_load_explicit(&biased.lock.bias, memory_order_relaxed); i++)
            if (i % 4096 == 0)
                (void)sched_yield();
        rest(next_random(&random) % 64);
        zx_lock_take(&biased.lock);
        be_inside(2, 4);
        zx_lock_give(&biased.lock);
        uint64_t lasted = zx_os_now_ns() - from;
        if (lasted >= (round < ROUNDS_MIN ? LASTS_MAX_NS : LASTS_NS))
            atomic_store(&biased.over, true);
        atomic_store(&biased.ended, round);
    } while (!atomic_load(&biased.over));
    assert_int_equal(pthread_join(owner, NULL), 0);
print_message("%u rounds\n", round);
    assert_int_equal(atomic_load(&biased.both), 0);
}

/* ---- the last message of a burst ---- */

static struct {
    void *push;
    atomic_uint arrived;
    atomic_bool over;
} burst;

static void *write_bursts(void *arg) {
    uint64_t random = 362436069u;
    unsigned sent = 0;
    (void)arg;
    while (!atomic_load(&burst.over)) {
        unsigned n = 1 + (unsigned)(next_random(&random) % BURST_MAX);
        for (unsigned i = 1; i < n; i++, sent++)
            if (zmq_send(burst.push, &sent, sizeof sent, 0) < 0)
                return "zmq_send";
        rest(next_random(&random) % PAUSE_MAX);
        if (zmq_send(burst.push, &sent, sizeof sent, 0) < 0)
            return "zmq_send";
        sent++;
        await(&burst.arrived, sent);
    }
    sent = UINT32_MAX;
    return zmq_send(burst.push, &sent, sizeof sent, 0) < 0 ? "zmq_send" : NULL;
}

static void read_bursts(void *pull) {
    uint64_t end = zx_os_now_ns() + LASTS_NS;
    for (unsigned n = 0, late = 0;; n++) {
        unsigned got = 0;
        uint64_t from = zx_os_now_ns();
        /* Twice: the machine may have stood still. A writer that did not tell stays unheard. */
        if (zmq_recv(pull, &got, sizeof got, 0) < 0 && zmq_recv(pull, &got, sizeof got, 0) < 0)
            fail_msg("message %u does not wake its reader: %s", n, zmq_strerror(errno));
        /* Whose wake-up was missed finds what came when its time is over. */
        if (zx_os_now_ns() - from >= (uint64_t)WAIT_MS * 1000000) {
            end += 2 * (zx_os_now_ns() - from);
            if (++late > LATE_MAX)
                fail_msg("%u messages did not wake their reader", late);
        }
        if (got == UINT32_MAX)
            return;
        assert_int_equal(got, n);
        if (n % 64 == 0 && zx_os_now_ns() >= end)
            atomic_store(&burst.over, true);
        atomic_store_explicit(&burst.arrived, n + 1, memory_order_release);
    }
}

static void wakes_its_reader(void **state) {
    int wait_ms = WAIT_MS, spin_us = 0;
    (void)state;
    void *ctx = zmq_ctx_new(), *pull = zmq_socket(ctx, ZMQ_PULL), *failed = NULL;
    pthread_t writer;
    if (has_one_cpu()) {
        assert_int_equal(zmq_close(pull), 0);
        assert_int_equal(zmq_ctx_term(ctx), 0);
        skip();
    }
    burst.push = zmq_socket(ctx, ZMQ_PUSH);
    atomic_store(&burst.arrived, 0);
    atomic_store(&burst.over, false);
    assert_int_equal(zmq_setsockopt(pull, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms), 0);
    assert_int_equal(zmq_setsockopt(pull, ZMQX_SPIN_US, &spin_us, sizeof spin_us), 0);
    assert_int_equal(zmq_bind(pull, "inproc://burst"), 0);
    assert_int_equal(zmq_connect(burst.push, "inproc://burst"), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_bursts, NULL), 0);
    read_bursts(pull);
    assert_int_equal(pthread_join(writer, &failed), 0);
    assert_null(failed);
    assert_int_equal(zmq_close(burst.push), 0);
    assert_int_equal(zmq_close(pull), 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_taken_by_one),
        cmocka_unit_test(wakes_its_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
