/* SPDX-License-Identifier: MIT */
/* Stream sockets: making connections, moving bytes, and every way in which that fails. */
#include "unit/os_support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_flags(int fd) {
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void connect_and_accept(enum zx_family f) {
    struct zx_addr at, peer, local, remote;
    int listener = os_listen(f, &at);
    check_flags(listener);
    assert_int_equal(zx_sock_accept(listener, &peer), -EAGAIN);
    int fd = zx_sock_open(f);
    check_flags(fd);
    int rc = zx_sock_connect(fd, &at);
    assert_true(rc == 0 || rc == -EINPROGRESS);
    os_wait_fd(listener, ZX_POLL_IN);
    int accepted = zx_sock_accept(listener, &peer);
    assert_true(accepted >= 0);
    check_flags(accepted);
    os_wait_fd(fd, ZX_POLL_OUT);
    assert_int_equal(zx_sock_error(fd), 0);
    assert_int_equal(zx_sock_local(fd, &local), 0);
    assert_int_equal(zx_sock_peer(accepted, &remote), 0);
    assert_true(zx_addr_equal(&local, &peer));
    assert_true(zx_addr_equal(&local, &remote));
    assert_int_equal(zx_sock_peer(fd, &remote), 0);
    assert_true(zx_addr_equal(&remote, &at));
    zx_sock_close(fd);
    zx_sock_close(accepted);
    zx_sock_close(listener);
}

static void connections_are_made(void **state) {
    (void)state;
    int before = os_count_fds();
    connect_and_accept(ZX_AF_INET);
    if (os_has_ipv6())
        connect_and_accept(ZX_AF_INET6);
    assert_int_equal(os_count_fds(), before);
}

static void nobody_there_is_econnrefused(void **state) {
    (void)state;
    struct zx_addr at;
    zx_sock_close(os_listen(ZX_AF_INET, &at));
    int fd = zx_sock_open(ZX_AF_INET);
    int rc = zx_sock_connect(fd, &at);
    if (rc == -EINPROGRESS) {
        assert_int_equal(os_wait_fd(fd, ZX_POLL_OUT) & ZX_POLL_ERR, ZX_POLL_ERR);
        rc = zx_sock_error(fd);
    }
    assert_int_equal(rc, -ECONNREFUSED);
    assert_int_equal(zx_sock_error(fd), 0); /* told once */
    assert_true(zx_sock_peer(fd, &at) == -ENOTCONN);
    assert_int_equal(at.len, 0);
    zx_sock_close(fd);
}

static void errors_of_bind_and_listen(void **state) {
    (void)state;
    struct zx_addr at, far;
    int listener = os_listen(ZX_AF_INET, &at);
    int fd = zx_sock_open(ZX_AF_INET);
    assert_int_equal(zx_sock_bind(fd, &at), -EADDRINUSE);
    assert_int_equal(zx_addr_parse_ip(&far, "192.0.2.254"), 0);
    assert_int_equal(zx_sock_bind(fd, &far), -EADDRNOTAVAIL);
    zx_sock_close(fd);
    zx_sock_close(listener);
    int closed = zx_sock_open(ZX_AF_INET);
    zx_sock_close(closed);
    zx_sock_close(-1);
    assert_int_equal(zx_sock_bind(closed, &at), -EBADF);
    assert_int_equal(zx_sock_listen(closed, 1), -EBADF);
    assert_int_equal(zx_sock_accept(closed, NULL), -EBADF);
    assert_int_equal(zx_sock_connect(closed, &at), -EBADF);
    assert_int_equal(zx_sock_error(closed), -EBADF);
    assert_int_equal(zx_sock_local(closed, &at), -EBADF);
    assert_int_equal(zx_sock_peer(closed, &at), -EBADF);
    assert_int_equal(zx_sock_set_nonblock(closed), -EBADF);
    assert_int_equal(zx_sock_open(ZX_AF_NONE), -EAFNOSUPPORT);
    assert_int_equal(zx_sock_open(ZX_AF_OTHER), -EAFNOSUPPORT);
}

static void without_descriptors_open_and_accept_say_so(void **state) {
    (void)state;
    struct zx_addr at;
    int listener = os_listen(ZX_AF_INET, &at);
    int fd = zx_sock_open(ZX_AF_INET);
    assert_true(zx_sock_connect(fd, &at) <= 0);
    os_wait_fd(listener, ZX_POLL_IN);
    os_take_fds();
    int opened = zx_sock_open(ZX_AF_INET);
    int accepted = zx_sock_accept(listener, NULL);
    os_give_fds();
    assert_int_equal(opened, -EMFILE);
    assert_int_equal(accepted, -EMFILE);
    accepted = zx_sock_accept(listener, NULL); /* it was not lost */
    assert_true(accepted >= 0);
    zx_sock_close(accepted);
    zx_sock_close(fd);
    zx_sock_close(listener);
}

static void bytes_go_both_ways_and_end(void **state) {
    (void)state;
    int pair[2];
    char buf[16];
    os_connect_pair(ZX_AF_INET, pair);
    assert_int_equal(zx_sock_recv(pair[1], buf, sizeof(buf)), -EAGAIN);
    assert_int_equal(zx_sock_send(pair[0], "hello", 5), 5);
    os_wait_fd(pair[1], ZX_POLL_IN);
    assert_int_equal(zx_sock_recv(pair[1], buf, 3), 3);
    assert_int_equal(zx_sock_recv(pair[1], buf + 3, sizeof(buf) - 3), 2);
    assert_memory_equal(buf, "hello", 5);
    zx_sock_shut_write(pair[0]);
    os_wait_fd(pair[1], ZX_POLL_IN);
    assert_int_equal(zx_sock_recv(pair[1], buf, sizeof(buf)), 0);
    assert_int_equal(zx_sock_send(pair[1], "back", 4), 4); /* half open */
    os_wait_fd(pair[0], ZX_POLL_IN);
    assert_int_equal(zx_sock_recv(pair[0], buf, sizeof(buf)), 4);
    assert_int_equal(zx_sock_send(pair[0], "x", 1), -EPIPE);
    zx_sock_close(pair[0]);
    zx_sock_close(pair[1]);
}

static void pieces_are_gathered_and_scattered(void **state) {
    (void)state;
    int pair[2];
    char a[2], b[16];
    os_connect_pair(ZX_AF_INET, pair);
    struct zx_iov out[] = {{"he", 2}, {"", 0}, {"llo", 3}};
    assert_int_equal(zx_sock_sendv(pair[0], out, 3), 5);
    os_wait_fd(pair[1], ZX_POLL_IN);
    struct zx_iov in[] = {{a, sizeof(a)}, {b, sizeof(b)}};
    assert_int_equal(zx_sock_recvv(pair[1], in, 2), 5);
    assert_memory_equal(a, "he", 2);
    assert_memory_equal(b, "llo", 3);
    assert_int_equal(zx_sock_recvv(pair[1], in, 2), -EAGAIN);
    zx_sock_close(pair[0]);
    os_wait_fd(pair[1], ZX_POLL_IN);
    assert_int_equal(zx_sock_recvv(pair[1], in, 2), 0);
    zx_sock_close(pair[1]);
}

/* More pieces than the system takes at once: a part is sent, none is refused. */
static void too_many_pieces_are_sent_in_part(void **state) {
    (void)state;
    enum { MANY = 3000 };
    int pair[2];
    static struct zx_iov pieces[MANY];
    static char buf[MANY];
    os_connect_pair(ZX_AF_INET, pair);
    for (int i = 0; i < MANY; i++)
        pieces[i] = (struct zx_iov){"x", 1};
    ptrdiff_t sent = zx_sock_sendv(pair[0], pieces, MANY);
    assert_true(sent > 0 && sent < MANY);
    os_wait_fd(pair[1], ZX_POLL_IN);
    for (int i = 0; i < MANY; i++)
        pieces[i] = (struct zx_iov){buf + i, 1};
    ptrdiff_t got = zx_sock_recvv(pair[1], pieces, MANY);
    assert_true(got > 0 && got <= sent);
    zx_sock_close(pair[0]);
    zx_sock_close(pair[1]);
}

static void a_full_buffer_is_eagain_and_drains(void **state) {
    (void)state;
    int pair[2];
    char *block = calloc(1, 65536);
    assert_non_null(block);
    os_connect_pair(ZX_AF_INET, pair);
    ptrdiff_t n;
    uint64_t sent = 0, got = 0;
    while ((n = zx_sock_send(pair[0], block, 65536)) > 0)
        sent += (uint64_t)n;
    assert_int_equal(n, -EAGAIN);
    struct zx_iov piece = {block, 65536};
    while ((n = zx_sock_sendv(pair[0], &piece, 1)) > 0)
        sent += (uint64_t)n;
    assert_int_equal(n, -EAGAIN);
    while (got < sent) {
        os_wait_fd(pair[1], ZX_POLL_IN);
        n = zx_sock_recv(pair[1], block, 65536);
        assert_true(n > 0);
        got += (uint64_t)n;
    }
    assert_true(got == sent);
    os_wait_fd(pair[0], ZX_POLL_OUT);
    zx_sock_close(pair[0]);
    zx_sock_close(pair[1]);
    free(block);
}

/* The default action of SIGPIPE would end this process. */
static void writing_to_nobody_raises_no_signal(void **state) {
    (void)state;
    struct zx_iov piece = {"x", 1};
    int pair[2];
    struct sigaction dflt, old;
    memset(&dflt, 0, sizeof(dflt));
    dflt.sa_handler = SIG_DFL;
    assert_int_equal(sigaction(SIGPIPE, &dflt, &old), 0);
    os_connect_pair(ZX_AF_INET, pair);
    struct linger reset = {1, 0};
    assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    zx_sock_close(pair[1]);
    os_wait_fd(pair[0], ZX_POLL_IN);
    char buf[4];
    assert_int_equal(zx_sock_recv(pair[0], buf, sizeof(buf)), -ECONNRESET);
    assert_int_equal(zx_sock_send(pair[0], "x", 1), -EPIPE);
    assert_int_equal(zx_sock_sendv(pair[0], &piece, 1), -EPIPE);
    zx_sock_shut_write(pair[0]); /* too late, and harmless */
    zx_sock_close(pair[0]);
    sigaction(SIGPIPE, &old, NULL);
}

static void a_handed_in_socket_is_made_nonblocking(void **state) {
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(zx_sock_set_nonblock(fd), 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(zx_sock_set_nonblock(fd), 0);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_made),
        cmocka_unit_test(nobody_there_is_econnrefused),
        cmocka_unit_test(errors_of_bind_and_listen),
        cmocka_unit_test(without_descriptors_open_and_accept_say_so),
        cmocka_unit_test(bytes_go_both_ways_and_end),
        cmocka_unit_test(pieces_are_gathered_and_scattered),
        cmocka_unit_test(too_many_pieces_are_sent_in_part),
        cmocka_unit_test(a_full_buffer_is_eagain_and_drains),
        cmocka_unit_test(writing_to_nobody_raises_no_signal),
        cmocka_unit_test(a_handed_in_socket_is_made_nonblocking),
    };
    return cmocka_run_group_tests_name("os_sock", tests, NULL, NULL);
}
