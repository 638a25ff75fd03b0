/* SPDX-License-Identifier: MIT */
/* Wake-ups that a poll set can hold. */
#include "unit/os_support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static unsigned look(const struct zx_event *ev) {
    struct zx_os_pollfd item = {.fd = ev->rfd, .events = ZX_POLL_IN};
    assert_true(zx_os_poll(&item, 1, 0, NULL) >= 0);
    return item.revents;
}

static void signal_is_seen_until_drained(void **state) {
    (void)state;
    int before = os_count_fds();
    struct zx_event ev;
    assert_int_equal(zx_event_init(&ev), 0);
    assert_int_equal(look(&ev), 0);
    zx_event_signal(&ev);
    assert_int_equal(look(&ev), ZX_POLL_IN);
    assert_int_equal(look(&ev), ZX_POLL_IN);
    zx_event_drain(&ev);
    assert_int_equal(look(&ev), 0);
    zx_event_drain(&ev); /* nothing there: returns all the same */
    zx_event_signal(&ev);
    assert_int_equal(look(&ev), ZX_POLL_IN);
    zx_event_fini(&ev);
    assert_int_equal(os_count_fds(), before);
}

static void many_signals_neither_block_nor_outlive_one_drain(void **state) {
    (void)state;
    struct zx_event ev;
    assert_int_equal(zx_event_init(&ev), 0);
    for (int i = 0; i < 100000; i++) /* more than a pipe holds */
        zx_event_signal(&ev);
    assert_int_equal(look(&ev), ZX_POLL_IN);
    zx_event_drain(&ev);
    assert_int_equal(look(&ev), 0);
    zx_event_fini(&ev);
}

static void a_count_at_its_end_does_not_block(void **state) {
    (void)state;
    struct zx_event ev;
    assert_int_equal(zx_event_init(&ev), 0);
    uint64_t most = UINT64_MAX - 1;
    assert_int_equal(write(ev.wfd, &most, sizeof(most)), sizeof(most));
    zx_event_signal(&ev);
    assert_int_equal(look(&ev), ZX_POLL_IN);
    zx_event_drain(&ev);
    assert_int_equal(look(&ev), 0);
    zx_event_fini(&ev);
}

static void descriptors_are_closed_on_exec(void **state) {
    (void)state;
    struct zx_event ev;
    assert_int_equal(zx_event_init(&ev), 0);
    assert_true(fcntl(ev.rfd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(ev.wfd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(ev.rfd, F_GETFL) & O_NONBLOCK);
    zx_event_fini(&ev);
}

static void without_descriptors_it_says_so(void **state) {
    (void)state;
    int before = os_count_fds();
    struct zx_event ev = {.rfd = 77, .wfd = 77};
    os_take_fds();
    int rc = zx_event_init(&ev);
    os_give_fds();
    assert_int_equal(rc, -EMFILE);
    assert_int_equal(ev.rfd, -1);
    zx_event_fini(&ev);
    assert_int_equal(os_count_fds(), before);
}

static void fini_is_safe_twice_and_on_zeros(void **state) {
    (void)state;
    int before = os_count_fds();
    struct zx_event zeros = {0};
    zx_event_fini(&zeros);
    zx_event_fini(&zeros);
    assert_int_equal(os_count_fds(), before);
    assert_true(fcntl(0, F_GETFD) >= 0 || errno == EBADF);
}

/* A daemon closes 0, 1 and 2: none of them may become ours. */
static int low_numbers_are_left_alone(void) {
    close(0);
    close(1);
    close(2);
    struct zx_event ev;
    struct zx_pollset ps;
    if (zx_event_init(&ev) || zx_pollset_init(&ps))
        return 1;
    int fd = zx_sock_open(ZX_AF_INET);
    if (ev.rfd < 3 || ev.wfd < 3 || ps.fd < 3 || fd < 3)
        return 2;
    if (!(fcntl(ev.rfd, F_GETFD) & FD_CLOEXEC) || !(fcntl(ev.rfd, F_GETFL) & O_NONBLOCK))
        return 3;
    zx_event_signal(&ev);
    if (look(&ev) != ZX_POLL_IN)
        return 4;
    zx_event_fini(&ev);
    zx_pollset_fini(&ps);
    zx_sock_close(fd);
    return fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0 ? 0 : 5;
}

static void low_numbers_stay_free(void **state) {
    (void)state;
    assert_int_equal(os_in_child(low_numbers_are_left_alone), 0);
}

static void *signal_it(void *arg) {
    zx_event_signal(arg);
    return NULL;
}

static void another_thread_wakes_a_poll(void **state) {
    (void)state;
    struct zx_event ev;
    pthread_t thread;
    assert_int_equal(zx_event_init(&ev), 0);
    assert_int_equal(pthread_create(&thread, NULL, signal_it, &ev), 0);
    assert_int_equal(os_wait_fd(ev.rfd, ZX_POLL_IN), ZX_POLL_IN);
    pthread_join(thread, NULL);
    zx_event_fini(&ev);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signal_is_seen_until_drained),
        cmocka_unit_test(many_signals_neither_block_nor_outlive_one_drain),
        cmocka_unit_test(a_count_at_its_end_does_not_block),
        cmocka_unit_test(descriptors_are_closed_on_exec),
        cmocka_unit_test(without_descriptors_it_says_so),
        cmocka_unit_test(fini_is_safe_twice_and_on_zeros),
        cmocka_unit_test(low_numbers_stay_free),
        cmocka_unit_test(another_thread_wakes_a_poll),
    };
    return cmocka_run_group_tests_name("os_event", tests, NULL, NULL);
}
