/* SPDX-License-Identifier: MIT */
#include "unit/os_support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rlimit kept;

int os_count_fds(void) {
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    int n = -3; /* ".", ".." and the directory itself */
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

void os_take_fds(void) {
    /* The lowest free number is where the limit goes. */
    int fd = fcntl(0, F_DUPFD, 0);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    struct rlimit low = {.rlim_cur = (rlim_t)fd, .rlim_max = kept.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
}

void os_give_fds(void) {
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
}

int os_thread_number(void) {
    return (int)syscall(SYS_gettid);
}

/* 'S' when it sleeps; the state stands behind the name, which may hold anything but ") ". */
static char thread_state(int number) {
    char path[64], line[512];
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", number);
    FILE *file = fopen(path, "r");
    if (!file)
        return '?';
    size_t n = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[n] = '\0';
    const char *at = strrchr(line, ')');
    return at && at[1] == ' ' ? at[2] : '?';
}

void os_wait_asleep(const atomic_int *thread_number) {
    uint64_t end = zx_os_now_ns() + FOREVER;
    while (!atomic_load(thread_number) || thread_state(atomic_load(thread_number)) != 'S') {
        assert_true(zx_os_now_ns() < end);
        sched_yield();
    }
}

int os_in_child(int (*check)(void)) {
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid)
        _exit(check());
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct zx_addr os_loopback(enum zx_family f) {
    struct zx_addr a;
    assert_int_equal(zx_addr_parse_ip(&a, f == ZX_AF_INET ? "127.0.0.1" : "::1"), 0);
    return a;
}

int os_listen(enum zx_family f, struct zx_addr *at) {
    struct zx_addr want = os_loopback(f);
    int fd = zx_sock_open(f);
    assert_true(fd >= 0);
    assert_int_equal(zx_sock_bind(fd, &want), 0);
    assert_int_equal(zx_sock_listen(fd, 10), 0);
    assert_int_equal(zx_sock_local(fd, at), 0);
    assert_int_not_equal(zx_addr_port(at), 0);
    return fd;
}

unsigned os_wait_fd(int fd, unsigned events) {
    struct zx_os_pollfd item = {.fd = fd, .events = events};
    assert_int_equal(zx_os_poll(&item, 1, FOREVER, NULL), 1);
    return item.revents;
}

void os_connect_pair(enum zx_family f, int pair[2]) {
    struct zx_addr at;
    int listener = os_listen(f, &at);
    pair[0] = zx_sock_open(f);
    assert_true(pair[0] >= 0);
    int rc = zx_sock_connect(pair[0], &at);
    assert_true(rc == 0 || rc == -EINPROGRESS);
    os_wait_fd(listener, ZX_POLL_IN);
    pair[1] = zx_sock_accept(listener, NULL);
    assert_true(pair[1] >= 0);
    os_wait_fd(pair[0], ZX_POLL_OUT);
    assert_int_equal(zx_sock_error(pair[0]), 0);
    zx_sock_close(listener);
}

bool os_has_ipv6(void) {
    struct zx_addr a = os_loopback(ZX_AF_INET6);
    int fd = zx_sock_open(ZX_AF_INET6);
    bool ok = fd >= 0 && zx_sock_bind(fd, &a) == 0;
    zx_sock_close(fd);
    if (!ok)
        print_message("SKIP: no IPv6 on this machine's loopback\n");
    return ok;
}
