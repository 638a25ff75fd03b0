/* SPDX-License-Identifier: MIT */
/* An older kernel, played by a filter that refuses what it did not have: each in a child, since
 * a filter is for life. */
#include "unit/os_support.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { NO_FILTER = 77 };

/* From now on system call `number` fails with `code`. */
static bool refuse(long number, int code) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = 4, .filter = steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int refusal_code;

static int wait_works(void) {
    struct zx_pollset ps;
    struct zx_event ev;
    struct zx_poll_event got;
    if (zx_pollset_init(&ps) || zx_event_init(&ev) || zx_pollset_add(&ps, ev.rfd, ZX_POLL_IN, 9) ||
        !refuse(SYS_epoll_pwait2, refusal_code))
        return NO_FILTER;
    static const uint64_t timeouts[] = {1, 1 * MS, 1 * MS + 1, 5 * MS};
    for (size_t i = 0; i < 4; i++) {
        uint64_t start = zx_os_now_ns();
        if (zx_pollset_wait(&ps, &got, 1, timeouts[i]) != 0)
            return 1;
        if (zx_os_now_ns() - start < timeouts[i])
            return 2; /* rounded down */
    }
    zx_event_signal(&ev);
    if (zx_pollset_wait(&ps, &got, 1, FOREVER) != 1 || got.key != 9)
        return 3;
    return 0;
}

static int random_works(void) {
    unsigned char zeros[300] = {0}, buf[300] = {0};
    if (!refuse(SYS_getrandom, refusal_code))
        return NO_FILTER;
    if (zx_os_random(buf, sizeof(buf)))
        return 1;
    return memcmp(buf, zeros, sizeof(buf)) && memcmp(buf + 256, zeros, 40) ? 0 : 2;
}

static int random_fails(void) {
    unsigned char buf[16];
    if (!refuse(SYS_getrandom, refusal_code))
        return NO_FILTER;
    os_take_fds(); /* and /dev/urandom cannot be opened either */
    return zx_os_random(buf, sizeof(buf)) == -EMFILE ? 0 : 1;
}

static int random_gives_up(void) {
    unsigned char buf[16];
    if (!refuse(SYS_getrandom, refusal_code))
        return NO_FILTER;
    return zx_os_random(buf, sizeof(buf)) == -EINTR ? 0 : 1;
}

static int membarrier_is_absent(void) {
    if (!refuse(SYS_membarrier, refusal_code))
        return NO_FILTER;
    return zx_os_membarrier_init() ? 1 : 0;
}

static uint32_t parent_generation;

static int generation_differs(void) {
    return zx_os_fork_generation() != parent_generation ? 0 : 1;
}

static int fork_is_seen_by_the_handler(void) {
    if (!refuse(SYS_madvise, refusal_code))
        return NO_FILTER;
    if (zx_os_fork_init())
        return 1;
    parent_generation = zx_os_fork_generation();
    if (!parent_generation || os_in_child(generation_differs))
        return 2;
    return zx_os_fork_generation() == parent_generation ? 0 : 3;
}

static int no_page_for_the_generation(void) {
    if (!refuse(SYS_mmap, refusal_code))
        return NO_FILTER;
    if (zx_os_fork_init())
        return 1;
    parent_generation = zx_os_fork_generation();
    return parent_generation ? 0 : 2;
}

/* An emulator that says yes to all advice and follows none. */
static int advice_is_not_believed(void) {
    refusal_code = 0;
    return fork_is_seen_by_the_handler();
}

static int expected;

static int interfaces_cannot_be_listed(void) {
    struct zx_addr a;
    if (!refuse(SYS_socket, refusal_code))
        return NO_FILTER;
    return zx_os_interface_addr(&a, "lo", ZX_AF_INET) == expected ? 0 : 1;
}

static int interfaces_are_asked_for_again(void) {
    uint64_t start = zx_os_now_ns();
    int rc = interfaces_cannot_be_listed();
    return rc || zx_os_now_ns() - start >= 127 * MS ? rc : 2;
}

static void check(int (*in_child)(void), int code) {
    refusal_code = code;
    int rc = os_in_child(in_child);
    if (rc == NO_FILTER) {
        print_message("SKIP: no system call filters here\n");
        skip();
    }
    assert_int_equal(rc, 0);
}

static void waits_without_epoll_pwait2(void **state) {
    (void)state;
    check(wait_works, ENOSYS);
    check(wait_works, EPERM);
}

static void randomness_without_getrandom(void **state) {
    (void)state;
    check(random_works, ENOSYS);
    check(random_fails, ENOSYS);
    check(random_gives_up, EINTR);
}

static void no_membarrier(void **state) {
    (void)state;
    check(membarrier_is_absent, ENOSYS);
    check(membarrier_is_absent, EPERM);
}

static void no_memory_that_forks_empty(void **state) {
    (void)state;
    check(fork_is_seen_by_the_handler, EINVAL);
    check(advice_is_not_believed, 0);
    check(no_page_for_the_generation, ENOMEM);
}

static void no_list_of_interfaces(void **state) {
    (void)state;
    expected = -ENODEV;
    check(interfaces_are_asked_for_again, ECONNREFUSED);
    expected = -EMFILE;
    check(interfaces_cannot_be_listed, EMFILE);
    expected = -ENOMEM;
    check(interfaces_cannot_be_listed, ENOMEM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_without_epoll_pwait2),
        cmocka_unit_test(randomness_without_getrandom),
        cmocka_unit_test(no_membarrier),
        cmocka_unit_test(no_memory_that_forks_empty),
        cmocka_unit_test(no_list_of_interfaces),
    };
    return cmocka_run_group_tests_name("os_fallback", tests, NULL, NULL);
}
