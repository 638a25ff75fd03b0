/* SPDX-License-Identifier: MIT */
/* The generation of a process, which tells a forked child from its parent. */
#include "unit/os_support.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint32_t parent_generation;
static uint32_t child_generation;

static void generation_stays_within_a_process(void **state) {
    (void)state;
    assert_int_equal(zx_os_fork_init(), 0);
    uint32_t first = zx_os_fork_generation();
    assert_int_not_equal(first, 0);
    assert_int_equal(zx_os_fork_init(), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zx_os_fork_generation(), first);
}

static int grandchild(void) {
    uint32_t mine = zx_os_fork_generation();
    return mine != parent_generation && mine != child_generation ? 0 : 9;
}

static int child(void) {
    child_generation = zx_os_fork_generation();
    if (child_generation == parent_generation)
        return 1;
    if (zx_os_fork_init() != 0 || zx_os_fork_generation() != child_generation)
        return 2;
    return os_in_child(grandchild);
}

static void children_and_grandchildren_differ(void **state) {
    (void)state;
    assert_int_equal(zx_os_fork_init(), 0);
    parent_generation = zx_os_fork_generation();
    assert_int_equal(os_in_child(child), 0);
    assert_int_equal(zx_os_fork_generation(), parent_generation);
}

/* What no atfork handler sees: only the memory can tell. */
static void a_bare_fork_differs(void **state) {
    (void)state;
    assert_int_equal(zx_os_fork_init(), 0);
    uint32_t mine = zx_os_fork_generation();
#ifdef SYS_fork
    long pid = syscall(SYS_fork);
    assert_true(pid >= 0);
    if (!pid)
        syscall(SYS_exit_group, zx_os_fork_generation() == mine);
    int status = -1;
    assert_int_equal(waitpid((pid_t)pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
#else
    print_message("SKIP: no bare fork on this machine\n");
    skip();
#endif
    assert_int_equal(zx_os_fork_generation(), mine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generation_stays_within_a_process),
        cmocka_unit_test(children_and_grandchildren_differ),
        cmocka_unit_test(a_bare_fork_differs),
    };
    return cmocka_run_group_tests_name("os_fork", tests, NULL, NULL);
}
