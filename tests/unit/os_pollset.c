/* SPDX-License-Identifier: MIT */
/* Poll sets: what is reported, when, and how one set sits in another. */
#include "unit/os_support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY 0x123456789abcdef0ull

struct fixture {
    struct zx_pollset ps;
    struct zx_event ev;
    int pair[2]; /* a stream in both directions */
    int fds_before;
};

static int setup(void **state) {
    static struct fixture f;
    f.fds_before = os_count_fds();
    if (zx_pollset_init(&f.ps) || zx_event_init(&f.ev))
        return -1;
    *state = &f;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, f.pair);
}

static int teardown(void **state) {
    struct fixture *f = *state;
    zx_pollset_fini(&f->ps);
    zx_pollset_fini(&f->ps);
    zx_event_fini(&f->ev);
    zx_sock_close(f->pair[0]);
    zx_sock_close(f->pair[1]);
    return os_count_fds() == f->fds_before ? 0 : -1;
}

/* The events of the one descriptor reported now, 0 if none is. */
static unsigned look(struct zx_pollset *ps, uint64_t key) {
    struct zx_poll_event evs[4];
    int n = zx_pollset_wait(ps, evs, 4, 0);
    assert_true(n == 0 || n == 1);
    if (!n)
        return 0;
    assert_true(evs[0].key == key);
    return evs[0].events;
}

static void the_set_is_a_descriptor_closed_on_exec(void **state) {
    struct fixture *f = *state;
    assert_true(fcntl(f->ps.fd, F_GETFD) & FD_CLOEXEC);
}

static void input_is_reported_with_its_key_while_it_lasts(void **state) {
    struct fixture *f = *state;
    assert_int_equal(zx_pollset_add(&f->ps, f->ev.rfd, ZX_POLL_IN, KEY), 0);
    assert_int_equal(look(&f->ps, KEY), 0);
    zx_event_signal(&f->ev);
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_IN);
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_IN);
    zx_event_drain(&f->ev);
    assert_int_equal(look(&f->ps, KEY), 0);
}

static void interest_and_key_can_be_changed(void **state) {
    struct fixture *f = *state;
    assert_int_equal(zx_pollset_add(&f->ps, f->pair[0], ZX_POLL_IN, 1), 0);
    assert_int_equal(look(&f->ps, 1), 0);
    assert_int_equal(zx_pollset_mod(&f->ps, f->pair[0], ZX_POLL_IN | ZX_POLL_OUT, KEY), 0);
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_OUT);
    assert_int_equal(write(f->pair[1], "x", 1), 1);
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_IN | ZX_POLL_OUT);
    assert_int_equal(zx_pollset_mod(&f->ps, f->pair[0], ZX_POLL_IN, UINT64_MAX), 0);
    assert_int_equal(look(&f->ps, UINT64_MAX), ZX_POLL_IN);
    assert_int_equal(zx_pollset_del(&f->ps, f->pair[0]), 0);
    assert_int_equal(look(&f->ps, 0), 0);
}

static void wrong_calls_are_refused(void **state) {
    struct fixture *f = *state;
    int closed = dup(f->pair[0]);
    close(closed);
    assert_int_equal(zx_pollset_add(&f->ps, closed, ZX_POLL_IN, 1), -EBADF);
    assert_int_equal(zx_pollset_mod(&f->ps, f->pair[0], ZX_POLL_IN, 1), -ENOENT);
    assert_int_equal(zx_pollset_del(&f->ps, f->pair[0]), -ENOENT);
    assert_int_equal(zx_pollset_add(&f->ps, f->pair[0], ZX_POLL_IN, 1), 0);
    assert_int_equal(zx_pollset_add(&f->ps, f->pair[0], ZX_POLL_IN, 1), -EEXIST);
    struct zx_poll_event ev;
    struct zx_pollset unmade = {-1};
    assert_int_equal(zx_pollset_wait(&unmade, &ev, 1, 0), -EBADF);
    zx_pollset_fini(&unmade);
}

static void the_end_of_a_stream_is_input_then_error(void **state) {
    struct fixture *f = *state;
    assert_int_equal(zx_pollset_add(&f->ps, f->pair[0], ZX_POLL_IN, KEY), 0);
    zx_sock_shut_write(f->pair[1]);
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_IN);
    zx_sock_close(f->pair[1]);
    f->pair[1] = -1;
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_IN | ZX_POLL_ERR);
}

static void edge_is_reported_once_per_arrival(void **state) {
    struct fixture *f = *state;
    assert_int_equal(zx_pollset_add(&f->ps, f->pair[0], ZX_POLL_IN | ZX_POLL_EDGE, KEY), 0);
    assert_int_equal(write(f->pair[1], "x", 1), 1);
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_IN);
    assert_int_equal(look(&f->ps, KEY), 0);
    assert_int_equal(write(f->pair[1], "x", 1), 1);
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_IN);
}

/* How a link that may not be read is kept: silent, but not spinning when its peer is gone. */
static void a_paused_descriptor_reports_its_error_once(void **state) {
    struct fixture *f = *state;
    assert_int_equal(zx_pollset_add(&f->ps, f->pair[0], ZX_POLL_IN, KEY), 0);
    assert_int_equal(zx_pollset_mod(&f->ps, f->pair[0], ZX_POLL_EDGE, KEY), 0);
    assert_int_equal(write(f->pair[1], "x", 1), 1);
    assert_int_equal(look(&f->ps, KEY), 0);
    zx_sock_close(f->pair[1]);
    f->pair[1] = -1;
    assert_int_equal(look(&f->ps, KEY) & ZX_POLL_ERR, ZX_POLL_ERR);
    assert_int_equal(look(&f->ps, KEY), 0);
    assert_int_equal(zx_pollset_mod(&f->ps, f->pair[0], ZX_POLL_IN, KEY), 0);
    assert_int_equal(look(&f->ps, KEY) & ZX_POLL_IN, ZX_POLL_IN);
}

static void oneshot_is_silent_until_armed_again(void **state) {
    struct fixture *f = *state;
    unsigned once = ZX_POLL_IN | ZX_POLL_ONESHOT;
    assert_int_equal(zx_pollset_add(&f->ps, f->ev.rfd, once, KEY), 0);
    zx_event_signal(&f->ev);
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_IN);
    assert_int_equal(look(&f->ps, KEY), 0);
    zx_event_signal(&f->ev);
    assert_int_equal(look(&f->ps, KEY), 0);
    assert_int_equal(zx_pollset_mod(&f->ps, f->ev.rfd, once, KEY), 0);
    assert_int_equal(look(&f->ps, KEY), ZX_POLL_IN);
}

/* The hand-over of a reactor: the inner set is an entry of the outer one, armed for one event,
 * taken off while somebody else drives, and armed again when what is there must not be lost. */
static void a_nested_set_is_armed_taken_off_and_armed_again(void **state) {
    struct fixture *f = *state;
    unsigned once = ZX_POLL_IN | ZX_POLL_ONESHOT;
    struct zx_pollset outer;
    assert_int_equal(zx_pollset_init(&outer), 0);
    assert_int_equal(zx_pollset_add(&f->ps, f->ev.rfd, ZX_POLL_IN, 5), 0);
    assert_int_equal(zx_pollset_add(&outer, f->ps.fd, once, KEY), 0);
    assert_int_equal(look(&outer, KEY), 0);
    zx_event_signal(&f->ev);
    assert_int_equal(look(&outer, KEY), ZX_POLL_IN);
    assert_int_equal(look(&outer, KEY), 0); /* fired: somebody drives */
    assert_int_equal(look(&f->ps, 5), ZX_POLL_IN);
    assert_int_equal(zx_pollset_mod(&outer, f->ps.fd, once, KEY), 0);
    assert_int_equal(look(&outer, KEY), ZX_POLL_IN); /* still there: told again */
    assert_int_equal(zx_pollset_mod(&outer, f->ps.fd, once, KEY), 0);
    assert_int_equal(zx_pollset_mod(&outer, f->ps.fd, 0, KEY), 0); /* taken before it was seen */
    assert_int_equal(look(&outer, KEY), 0);
    zx_event_drain(&f->ev);
    assert_int_equal(zx_pollset_mod(&outer, f->ps.fd, once, KEY), 0);
    assert_int_equal(look(&outer, KEY), 0); /* drained: nothing to tell */
    zx_event_signal(&f->ev);
    assert_int_equal(look(&outer, KEY), ZX_POLL_IN);
    assert_int_equal(zx_pollset_del(&outer, f->ps.fd), 0);
    zx_pollset_fini(&outer);
}

static void more_is_ready_than_is_asked_for(void **state) {
    struct fixture *f = *state;
    struct zx_poll_event evs[300];
    int fds[200];
    bool seen[200] = {false};
    zx_event_signal(&f->ev);
    for (int i = 0; i < 200; i++) {
        fds[i] = dup(f->ev.rfd);
        assert_int_equal(zx_pollset_add(&f->ps, fds[i], ZX_POLL_IN, (uint64_t)i), 0);
    }
    assert_int_equal(zx_pollset_wait(&f->ps, evs, 1, 0), 1);
    /* Level-triggered entries come in turn, so a few calls show them all. */
    for (int call = 0; call < 8; call++) {
        int n = zx_pollset_wait(&f->ps, evs, 300, 0);
        assert_true(n > 0 && n <= 200);
        for (int i = 0; i < n; i++)
            seen[evs[i].key] = true;
    }
    for (int i = 0; i < 200; i++) {
        assert_true(seen[i]);
        assert_int_equal(zx_pollset_del(&f->ps, fds[i]), 0);
        close(fds[i]);
    }
}

static void timeouts_are_kept_and_never_short(void **state) {
    struct fixture *f = *state;
    static const uint64_t timeouts[] = {0, 1, 50000, 1 * MS, 1 * MS + 1, 20 * MS};
    struct zx_poll_event ev;
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        uint64_t start = zx_os_now_ns();
        assert_int_equal(zx_pollset_wait(&f->ps, &ev, 1, timeouts[i]), 0);
        assert_true(zx_os_now_ns() - start >= timeouts[i]);
    }
}

static void waiting_without_end_needs_an_event(void **state) {
    struct fixture *f = *state;
    struct zx_poll_event ev;
    assert_int_equal(zx_pollset_add(&f->ps, f->ev.rfd, ZX_POLL_IN, KEY), 0);
    zx_event_signal(&f->ev);
    assert_int_equal(zx_pollset_wait(&f->ps, &ev, 1, UINT64_MAX), 1);
    assert_int_equal(zx_pollset_wait(&f->ps, &ev, 1, UINT64_MAX - 1), 1);
}

static atomic_int waiter_number;
static atomic_int waiter_result;
static uint64_t waiter_timeout;

static void *wait_on_set(void *arg) {
    struct zx_poll_event ev;
    atomic_store(&waiter_number, os_thread_number());
    atomic_store(&waiter_result, zx_pollset_wait(arg, &ev, 1, waiter_timeout));
    return NULL;
}

static void on_signal(int number) {
    (void)number;
}

static void a_signal_ends_the_wait(void **state) {
    struct fixture *f = *state;
    static const uint64_t timeouts[] = {UINT64_MAX, 100 * SECOND};
    struct sigaction action, old;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        waiter_timeout = timeouts[i];
        atomic_store(&waiter_number, 0);
        atomic_store(&waiter_result, 77);
        assert_int_equal(pthread_create(&thread, NULL, wait_on_set, &f->ps), 0);
        os_wait_asleep(&waiter_number);
        pthread_kill(thread, SIGUSR1);
        pthread_join(thread, NULL);
        assert_int_equal(atomic_load(&waiter_result), -EINTR);
    }
    sigaction(SIGUSR1, &old, NULL);
}

static void without_descriptors_it_says_so(void **state) {
    struct fixture *f = *state;
    struct zx_pollset ps = {99};
    os_take_fds();
    int rc = zx_pollset_init(&ps);
    os_give_fds();
    assert_int_equal(rc, -EMFILE);
    assert_int_equal(ps.fd, -1);
    zx_pollset_fini(&ps);
    (void)f;
}

#define WITH_SET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_SET(the_set_is_a_descriptor_closed_on_exec),
        WITH_SET(input_is_reported_with_its_key_while_it_lasts),
        WITH_SET(interest_and_key_can_be_changed),
        WITH_SET(wrong_calls_are_refused),
        WITH_SET(the_end_of_a_stream_is_input_then_error),
        WITH_SET(edge_is_reported_once_per_arrival),
        WITH_SET(a_paused_descriptor_reports_its_error_once),
        WITH_SET(oneshot_is_silent_until_armed_again),
        WITH_SET(a_nested_set_is_armed_taken_off_and_armed_again),
        WITH_SET(more_is_ready_than_is_asked_for),
        WITH_SET(timeouts_are_kept_and_never_short),
        WITH_SET(waiting_without_end_needs_an_event),
        WITH_SET(a_signal_ends_the_wait),
        WITH_SET(without_descriptors_it_says_so),
    };
    return cmocka_run_group_tests_name("os_pollset", tests, NULL, NULL);
}
