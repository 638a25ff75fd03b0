/* SPDX-License-Identifier: MIT */
/* Socket options: set here, read back from the system. */
#include "unit/os_support.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static int get(int fd, int level, int name) {
    int value = -12345;
    socklen_t len = sizeof(value);
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static int setup(void **state) {
    static int fd;
    fd = zx_sock_open(ZX_AF_INET);
    *state = &fd;
    return fd >= 0 ? 0 : -1;
}

static int teardown(void **state) {
    zx_sock_close(*(int *)*state);
    return 0;
}

static void nodelay_and_reuseaddr(void **state) {
    int fd = *(int *)*state;
    assert_int_equal(get(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(zx_sock_set_nodelay(fd), 0);
    assert_int_not_equal(get(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(get(fd, SOL_SOCKET, SO_REUSEADDR), 0);
    assert_int_equal(zx_sock_set_reuseaddr(fd), 0);
    assert_int_not_equal(get(fd, SOL_SOCKET, SO_REUSEADDR), 0);
}

static void v6only_goes_both_ways(void **state) {
    assert_true(zx_sock_set_v6only(*(int *)*state, true) < 0); /* an IPv4 socket */
    if (!os_has_ipv6())
        skip();
    int fd = zx_sock_open(ZX_AF_INET6);
    assert_int_equal(zx_sock_set_v6only(fd, true), 0);
    assert_int_equal(get(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    assert_int_equal(zx_sock_set_v6only(fd, false), 0);
    assert_int_equal(get(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    zx_sock_close(fd);
}

static void buffers_are_left_alone_below_zero(void **state) {
    int fd = *(int *)*state;
    int snd = get(fd, SOL_SOCKET, SO_SNDBUF), rcv = get(fd, SOL_SOCKET, SO_RCVBUF);
    assert_int_equal(zx_sock_set_buffers(fd, -1, -1), 0);
    assert_int_equal(get(fd, SOL_SOCKET, SO_SNDBUF), snd);
    assert_int_equal(zx_sock_set_buffers(fd, 20000, -1), 0);
    assert_int_not_equal(get(fd, SOL_SOCKET, SO_SNDBUF), snd);
    assert_int_equal(get(fd, SOL_SOCKET, SO_RCVBUF), rcv);
    snd = get(fd, SOL_SOCKET, SO_SNDBUF);
    assert_int_equal(zx_sock_set_buffers(fd, -1, 30000), 0);
    assert_int_equal(get(fd, SOL_SOCKET, SO_SNDBUF), snd);
    assert_int_not_equal(get(fd, SOL_SOCKET, SO_RCVBUF), rcv);
}

static void keepalive_only_when_asked(void **state) {
    int fd = *(int *)*state;
    int idle = get(fd, IPPROTO_TCP, TCP_KEEPIDLE);
    assert_int_equal(zx_sock_set_keepalive(fd, -1, 3, 4, 5), 0);
    assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    assert_int_equal(get(fd, IPPROTO_TCP, TCP_KEEPIDLE), idle);
    assert_int_equal(zx_sock_set_keepalive(fd, 1, -1, -1, -1), 0);
    assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(get(fd, IPPROTO_TCP, TCP_KEEPIDLE), idle);
    assert_int_equal(zx_sock_set_keepalive(fd, 1, 3, 44, 5), 0);
    assert_int_equal(get(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    assert_int_equal(get(fd, IPPROTO_TCP, TCP_KEEPIDLE), 44);
    assert_int_equal(get(fd, IPPROTO_TCP, TCP_KEEPINTVL), 5);
    assert_int_equal(zx_sock_set_keepalive(fd, 0, -1, -1, -1), 0);
    assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    assert_int_equal(zx_sock_set_keepalive(fd, 1, 100000, -1, -1), -EINVAL);
}

static void tos_for_both_families(void **state) {
    int fd = *(int *)*state;
    assert_int_equal(zx_sock_set_tos(fd, 0x28), 0);
    assert_int_equal(get(fd, IPPROTO_IP, IP_TOS), 0x28);
    if (!os_has_ipv6())
        skip();
    int fd6 = zx_sock_open(ZX_AF_INET6);
    assert_int_equal(zx_sock_set_tos(fd6, 0x28), 0);
    assert_int_equal(get(fd6, IPPROTO_IPV6, IPV6_TCLASS), 0x28);
    assert_int_equal(get(fd6, IPPROTO_IP, IP_TOS), 0x28); /* its IPv4 peers */
    zx_sock_close(fd6);
}

static void user_timeout_priority_busy_poll(void **state) {
    int fd = *(int *)*state;
    assert_int_equal(zx_sock_set_user_timeout(fd, 1500), 0);
    assert_int_equal(get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 1500);
    assert_int_equal(zx_sock_set_user_timeout(fd, -1), -EINVAL);
    assert_int_equal(zx_sock_set_priority(fd, 5), 0);
    assert_int_equal(get(fd, SOL_SOCKET, SO_PRIORITY), 5);
    int rc = zx_sock_set_busy_poll(fd, 50);
    assert_true(rc == 0 || rc == -EPERM || rc == -ENOPROTOOPT);
    if (rc == 0)
        assert_int_equal(get(fd, SOL_SOCKET, SO_BUSY_POLL), 50);
}

static void bind_device(void **state) {
    int fd = *(int *)*state;
    assert_int_equal(zx_sock_bind_device(fd, "nosuchif0"), -ENODEV);
    int rc = zx_sock_bind_device(fd, "lo");
    assert_true(rc == 0 || rc == -EPERM);
    char name[32] = "";
    socklen_t len = sizeof(name);
    if (rc == 0) {
        assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0);
        assert_string_equal(name, "lo");
    }
}

static void a_closed_descriptor_is_ebadf(void **state) {
    (void)state;
    int fd = zx_sock_open(ZX_AF_INET);
    struct zx_cred cred;
    zx_sock_close(fd);
    assert_int_equal(zx_sock_set_nodelay(fd), -EBADF);
    assert_int_equal(zx_sock_set_reuseaddr(fd), -EBADF);
    assert_int_equal(zx_sock_set_v6only(fd, true), -EBADF);
    assert_int_equal(zx_sock_set_buffers(fd, 1, -1), -EBADF);
    assert_int_equal(zx_sock_set_buffers(fd, -1, 1), -EBADF);
    assert_int_equal(zx_sock_set_keepalive(fd, 1, -1, -1, -1), -EBADF);
    assert_int_equal(zx_sock_set_user_timeout(fd, 1), -EBADF);
    assert_int_equal(zx_sock_set_tos(fd, 1), -EBADF);
    assert_int_equal(zx_sock_set_priority(fd, 1), -EBADF);
    assert_int_equal(zx_sock_set_busy_poll(fd, 1), -EBADF);
    assert_int_equal(zx_sock_bind_device(fd, "lo"), -EBADF);
    assert_int_equal(zx_sock_peer_cred(fd, &cred), -EBADF);
}

#define WITH_SOCKET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_SOCKET(nodelay_and_reuseaddr),
        WITH_SOCKET(v6only_goes_both_ways),
        WITH_SOCKET(buffers_are_left_alone_below_zero),
        WITH_SOCKET(keepalive_only_when_asked),
        WITH_SOCKET(tos_for_both_families),
        WITH_SOCKET(user_timeout_priority_busy_poll),
        WITH_SOCKET(bind_device),
        cmocka_unit_test(a_closed_descriptor_is_ebadf),
    };
    return cmocka_run_group_tests_name("os_sockopt", tests, NULL, NULL);
}
