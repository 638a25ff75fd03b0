/* SPDX-License-Identifier: MIT */
/* Plain poll. */
#include "unit/os_support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void each_descriptor_gets_its_own_answer(void **state) {
    (void)state;
    int pair[2];
    struct zx_event ev;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_int_equal(zx_event_init(&ev), 0);
    int closed = dup(pair[0]);
    close(closed);
    assert_int_equal(write(pair[1], "x", 1), 1);
    struct zx_os_pollfd items[] = {
        {.fd = pair[0], .events = ZX_POLL_IN | ZX_POLL_OUT, .revents = 99},
        {.fd = ev.rfd, .events = ZX_POLL_IN, .revents = 99},
        {.fd = -1, .events = ZX_POLL_IN | ZX_POLL_OUT, .revents = 99},
        {.fd = closed, .events = ZX_POLL_IN, .revents = 99},
        {.fd = pair[1], .events = 0, .revents = 99},
    };
    assert_int_equal(zx_os_poll(items, 5, FOREVER, NULL), 2);
    assert_int_equal(items[0].revents, ZX_POLL_IN | ZX_POLL_OUT);
    assert_int_equal(items[1].revents, 0);
    assert_int_equal(items[2].revents, 0);
    assert_int_equal(items[3].revents, ZX_POLL_ERR);
    assert_int_equal(items[4].revents, 0);
    close(pair[0]);
    assert_int_equal(zx_os_poll(&items[4], 1, FOREVER, NULL), 1);
    assert_int_equal(items[4].revents, ZX_POLL_ERR);
    close(pair[1]);
    zx_event_fini(&ev);
}

static void urgent_data_is_told(void **state) {
    (void)state;
    int pair[2];
    os_connect_pair(ZX_AF_INET, pair);
    assert_int_equal(send(pair[0], "!", 1, MSG_OOB), 1);
    assert_int_equal(os_wait_fd(pair[1], ZX_POLL_PRI), ZX_POLL_PRI);
    zx_sock_close(pair[0]);
    zx_sock_close(pair[1]);
}

static void timeouts_are_kept(void **state) {
    (void)state;
    static const uint64_t timeouts[] = {0, 1, 50000, 20 * MS};
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        uint64_t start = zx_os_now_ns();
        assert_int_equal(zx_os_poll(NULL, 0, timeouts[i], NULL), 0);
        assert_true(zx_os_now_ns() - start >= timeouts[i]);
    }
}

static void many_descriptors_are_taken(void **state) {
    (void)state;
    enum { MANY = 500 };
    struct zx_event ev;
    assert_int_equal(zx_event_init(&ev), 0);
    struct zx_os_pollfd *items = calloc(MANY, sizeof(*items));
    assert_non_null(items);
    for (int i = 0; i < MANY; i++)
        items[i] = (struct zx_os_pollfd){.fd = i % 2 ? -1 : ev.rfd, .events = ZX_POLL_IN};
    assert_int_equal(zx_os_poll(items, MANY, 0, NULL), 0);
    zx_event_signal(&ev);
    assert_int_equal(zx_os_poll(items, MANY, UINT64_MAX, NULL), MANY / 2);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(items[i].revents, i % 2 ? 0 : ZX_POLL_IN);
    assert_int_equal(zx_os_poll(items, SIZE_MAX, 0, NULL), -EINVAL);
    free(items);
    zx_event_fini(&ev);
}

static atomic_int handled;
static atomic_int waiter_number;
static atomic_int waiter_result;

static void on_signal(int number) {
    (void)number;
    atomic_fetch_add(&handled, 1);
}

static void *poll_nothing(void *mask) {
    atomic_store(&waiter_number, os_thread_number());
    atomic_store(&waiter_result, zx_os_poll(NULL, 0, UINT64_MAX, mask));
    return NULL;
}

static int poll_until_signal(sigset_t *mask) {
    pthread_t thread;
    atomic_store(&waiter_number, 0);
    atomic_store(&waiter_result, 77);
    assert_int_equal(pthread_create(&thread, NULL, poll_nothing, mask), 0);
    os_wait_asleep(&waiter_number);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    return atomic_load(&waiter_result);
}

static void a_signal_ends_the_wait_as_the_mask_says(void **state) {
    (void)state;
    struct sigaction action, old;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    assert_int_equal(poll_until_signal(NULL), -EINTR);

    /* Blocked outside, let in by the mask while it waits. */
    sigset_t usr1, before, open;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigemptyset(&open);
    pthread_sigmask(SIG_BLOCK, &usr1, &before);
    assert_int_equal(poll_until_signal(&open), -EINTR);

    /* Pending and kept out: the wait runs to its end. */
    atomic_store(&handled, 0);
    pthread_kill(pthread_self(), SIGUSR1);
    assert_int_equal(zx_os_poll(NULL, 0, 1 * MS, &usr1), 0);
    assert_int_equal(atomic_load(&handled), 0);
    assert_int_equal(zx_os_poll(NULL, 0, FOREVER, &open), -EINTR);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(atomic_load(&handled), 1);
    sigaction(SIGUSR1, &old, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_descriptor_gets_its_own_answer),
        cmocka_unit_test(urgent_data_is_told),
        cmocka_unit_test(timeouts_are_kept),
        cmocka_unit_test(many_descriptors_are_taken),
        cmocka_unit_test(a_signal_ends_the_wait_as_the_mask_says),
    };
    return cmocka_run_group_tests_name("os_poll", tests, NULL, NULL);
}
