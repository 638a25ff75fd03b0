/* SPDX-License-Identifier: MIT */
/* zmq_poller_* and zmq_ppoll (draft). */
#define _GNU_SOURCE
#ifndef ZMQ_BUILD_DRAFT_API
#define ZMQ_BUILD_DRAFT_API 1
#endif
#include "zx_api.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#define IN ZMQ_POLLIN
#define OUT ZMQ_POLLOUT

static void *new_poller(void) {
    void *p = zmq_poller_new();
    assert_non_null(p);
    return p;
}

static const char *event_text(const zmq_poller_event_t *e) {
    return zx_fmt("%s %d %s %d", e->socket ? "socket" : "-", e->fd >= 0 ? 1 : e->fd,
                  e->user_data ? (const char *)e->user_data : "-", e->events);
}

static void life(void) {
    void *none = NULL, *p = new_poller(), *s = zx_socket(ZMQ_PAIR);

    zx_check_rc("size", "0", zmq_poller_size(p));
    zx_check_rc("destroy", "0", zmq_poller_destroy(&p));
    zx_check_int("cleared", 1, p == NULL);
    zx_check_rc("destroy again", "EFAULT", zmq_poller_destroy(&p));
    zx_check_rc("destroy NULL", "EFAULT", zmq_poller_destroy(NULL));
    zx_check_rc("destroy none", "EFAULT", zmq_poller_destroy(&none));
    zx_check_rc("size NULL", "EFAULT", zmq_poller_size(NULL));
    zx_check_rc("size of a socket", "EFAULT", zmq_poller_size(s));
}

static void null_poller(void) {
    void *s = zx_socket(ZMQ_PAIR);
    zmq_poller_event_t e;
    int fd;

    zx_check_rc("add", "EFAULT", zmq_poller_add(NULL, s, NULL, IN));
    zx_check_rc("modify", "EFAULT", zmq_poller_modify(NULL, s, IN));
    zx_check_rc("remove", "EFAULT", zmq_poller_remove(NULL, s));
    zx_check_rc("add_fd", "EFAULT", zmq_poller_add_fd(NULL, 0, NULL, IN));
    zx_check_rc("modify_fd", "EFAULT", zmq_poller_modify_fd(NULL, 0, IN));
    zx_check_rc("remove_fd", "EFAULT", zmq_poller_remove_fd(NULL, 0));
    zx_check_rc("wait", "EFAULT", zmq_poller_wait(NULL, &e, 0));
    zx_check_rc("wait_all", "EFAULT", zmq_poller_wait_all(NULL, &e, 1, 0));
    zx_check_rc("fd", "EFAULT", zmq_poller_fd(NULL, &fd));
}

static void registration(void) {
    void *p = new_poller(), *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_check_rc("add", "0", zmq_poller_add(p, a, NULL, IN));
    zx_check_rc("add again", "EINVAL", zmq_poller_add(p, a, NULL, IN));
    zx_check_rc("add NULL", "ENOTSOCK", zmq_poller_add(p, NULL, NULL, IN));
    zx_check_rc("add a context", "ENOTSOCK", zmq_poller_add(p, zx_ctx(), NULL, IN));
    zx_check_rc("bad bits", "EINVAL", zmq_poller_add(p, b, NULL, 16));
    zx_check_rc("disabled", "0", zmq_poller_add(p, b, NULL, 0));
    zx_check_rc("size", "2", zmq_poller_size(p));
    zx_check_rc("modify", "0", zmq_poller_modify(p, b, OUT));
    zx_check_rc("modify bad bits", "EINVAL", zmq_poller_modify(p, b, 16));
    zx_check_rc("modify NULL", "ENOTSOCK", zmq_poller_modify(p, NULL, IN));
    zx_check_rc("remove", "0", zmq_poller_remove(p, a));
    zx_check_rc("remove again", "EINVAL", zmq_poller_remove(p, a));
    zx_check_rc("modify removed", "EINVAL", zmq_poller_modify(p, a, IN));
    zx_check_rc("remove NULL", "ENOTSOCK", zmq_poller_remove(p, NULL));
    zx_check_rc("size now", "1", zmq_poller_size(p));
    zx_check_rc("all bits", "0", zmq_poller_add(p, a, NULL, 15));
    zx_check_rc("destroy with entries", "0", zmq_poller_destroy(&p));
}

static void registration_of_fds(void) {
    void *p = new_poller();
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    zx_check_rc("-1", "EBADF", zmq_poller_add_fd(p, -1, NULL, IN));
    zx_check_rc("add", "0", zmq_poller_add_fd(p, ends[0], NULL, IN));
    zx_check_rc("add again", "EINVAL", zmq_poller_add_fd(p, ends[0], NULL, IN));
    zx_check_rc("bad bits", "EINVAL", zmq_poller_add_fd(p, ends[1], NULL, 32));
    zx_check_rc("modify", "0", zmq_poller_modify_fd(p, ends[0], 0));
    zx_check_rc("modify unknown", "EINVAL", zmq_poller_modify_fd(p, ends[1], IN));
    zx_check_rc("modify -1", "EBADF", zmq_poller_modify_fd(p, -1, IN));
    zx_check_rc("remove unknown", "EINVAL", zmq_poller_remove_fd(p, ends[1]));
    zx_check_rc("remove -1", "EBADF", zmq_poller_remove_fd(p, -1));
    zx_check_rc("remove", "0", zmq_poller_remove_fd(p, ends[0]));
    zx_check_rc("size", "0", zmq_poller_size(p));
    zx_ok(zmq_poller_destroy(&p));
    close(ends[0]);
    close(ends[1]);
}

static void wait_errors(void) {
    void *p = new_poller(), *s = zx_socket(ZMQ_PAIR);
    zmq_poller_event_t e[2];

    zx_check_rc("nothing, for ever", "EFAULT", zmq_poller_wait(p, e, -1));
    zx_check_str("event then", "- -1 - 0", event_text(e));
    zx_check_rc("nothing, a while", "EAGAIN", zmq_poller_wait(p, e, 20));
    zx_check_rc("all: nothing, for ever", "EFAULT", zmq_poller_wait_all(p, e, 2, -1));
    zx_check_rc("all: nothing, a while", "EAGAIN", zmq_poller_wait_all(p, e, 2, 20));
    zx_ok(zmq_poller_add(p, s, NULL, 0));
    zx_check_rc("disabled, for ever", "EFAULT", zmq_poller_wait(p, e, -1));
    zx_check_rc("disabled, a while", "EAGAIN", zmq_poller_wait(p, e, 20));
    zx_ok(zmq_poller_modify(p, s, IN));
    zx_check_rc("timeout", "EAGAIN", zmq_poller_wait(p, e, 20));
    zx_check_str("event after it", "- -1 - 0", event_text(e));
    zx_check_rc("timeout 0", "EAGAIN", zmq_poller_wait_all(p, e, 2, 0));
    zx_check_rc("NULL events", "EFAULT", zmq_poller_wait_all(p, NULL, 2, 0));
    zx_check_rc("negative count", "EINVAL", zmq_poller_wait_all(p, e, -1, 0));
    zx_check_rc("no room", "EAGAIN", zmq_poller_wait_all(p, e, 0, 20));
    zx_ok(zmq_poller_destroy(&p));
}

static void ready_sockets(void) {
    void *p = new_poller(), *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_poller_event_t e[4];
    char text[] = "user";

    zx_link(a, b);
    zx_until_writable(a);
    zx_ok(zmq_poller_add(p, a, text, IN | OUT));
    zx_ok(zmq_poller_add(p, b, NULL, IN));
    zx_check_rc("writable", "0", zmq_poller_wait(p, e, -1));
    zx_check_str("event", "socket -1 user 2", event_text(e));
    zx_check_int("handle", 1, e[0].socket == a);
    zx_ok(zx_send(a, "x", 0));
    zx_wait(b, IN, ZX_LONG_MS);
    memset(e, 0xee, sizeof e);
    zx_check_rc("both", "2", zmq_poller_wait_all(p, e, 4, -1));
    zx_check_str("first", "socket -1 user 2", event_text(&e[0]));
    zx_check_str("second", "socket -1 - 1", event_text(&e[1]));
    zx_check_str("unused", "- -1 - 0", event_text(&e[2]));
    zx_check_str("unused too", "- -1 - 0", event_text(&e[3]));
    zx_ok(zmq_poller_modify(p, a, IN));
    zx_check_rc("one now", "1", zmq_poller_wait_all(p, e, 4, -1));
    zx_check_int("b", 1, e[0].socket == b);
    zx_check_str("x", "x", zx_recv(b));
    zx_check_rc("none", "EAGAIN", zmq_poller_wait_all(p, e, 4, 0));
    zx_ok(zmq_poller_destroy(&p));
}

static void descriptors(void) {
    void *p = new_poller();
    zmq_poller_event_t e[2];
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    zx_ok(zmq_poller_add_fd(p, ends[0], NULL, IN));
    zx_check_rc("empty", "EAGAIN", zmq_poller_wait(p, e, 20));
    zx_ok(write(ends[1], "x", 1));
    zx_check_rc("readable", "0", zmq_poller_wait(p, e, -1));
    zx_check_str("event", "- 1 - 1", event_text(e));
    zx_check_int("descriptor", ends[0], e[0].fd);
    zx_ok(zmq_poller_modify_fd(p, ends[0], 0));
    zx_check_rc("disabled", "EAGAIN", zmq_poller_wait(p, e, 20));
    zx_ok(zmq_poller_destroy(&p));
    close(ends[0]);
    close(ends[1]);
}

/* Pipes by the hundred: past a few of them another way to wait is taken. */
static void many_descriptors(void) {
    enum { N = 100 };
    void *p = new_poller();
    zmq_poller_event_t e[N];
    int ends[N][2], ready = 0;

    for (int i = 0; i < N; i++) {
        assert_int_equal(pipe2(ends[i], O_CLOEXEC), 0);
        zx_ok(zmq_poller_add_fd(p, ends[i][0], NULL, IN));
    }
    zx_check_rc("size", "100", zmq_poller_size(p));
    zx_check_rc("empty", "EAGAIN", zmq_poller_wait_all(p, e, N, 0));
    for (int i = N - 1; i >= 0; i -= 7, ready++) zx_ok(write(ends[i][1], "x", 1));
    zx_check_rc("ready", zx_num(ready), zmq_poller_wait_all(p, e, N, -1));
    for (int i = 0; i < ready; i++) {
        int n = N - 1 - 7 * (ready - 1 - i);
        zx_check_int(zx_fmt("event %d", i), ends[n][0], e[i].fd);
    }
    zx_ok(zmq_poller_modify_fd(p, ends[N - 1][0], 0));
    zx_check_rc("one disabled", zx_num(ready - 1), zmq_poller_wait_all(p, e, N, -1));
    zx_ok(zmq_poller_modify_fd(p, ends[N - 1][0], IN));
    zx_ok(zmq_poller_remove_fd(p, ends[N - 8][0]));
    zx_check_rc("one removed", zx_num(ready - 1), zmq_poller_wait_all(p, e, N, -1));
    zx_check_int("the last", ends[N - 1][0], e[ready - 2].fd);
    zx_ok(zmq_poller_destroy(&p));
    for (int i = 0; i < N; i++) {
        close(ends[i][0]);
        close(ends[i][1]);
    }
}

static void descriptors_of_other_kinds(void) {
    void *p = new_poller();
    zmq_poller_event_t e[3];
    int ends[2], file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    zx_ok(zmq_poller_add_fd(p, file, NULL, IN));
    zx_check_rc("a file", "0", zmq_poller_wait(p, e, -1));
    zx_check_str("is readable", "- 1 - 1", event_text(e));
    zx_ok(zmq_poller_remove_fd(p, file));
    zx_ok(zmq_poller_add_fd(p, ends[0], NULL, IN));
    close(ends[1]);
    zx_check_rc("a pipe without writer", "0", zmq_poller_wait(p, e, -1));
    zx_check_str("is in error", "- 1 - 4", event_text(e));
    close(ends[0]);
    zx_check_rc("closed", "0", zmq_poller_wait(p, e, -1));
    zx_check_str("is in error, too", "- 1 - 4", event_text(e));
    zx_check_rc("and can be removed", "0", zmq_poller_remove_fd(p, ends[0]));
    zx_ok(zmq_poller_destroy(&p));
    close(file);
}

static void readable_before_it_is_added(void) {
    void *p = new_poller(), *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_poller_event_t e;

    zx_link(a, b);
    zx_ok(zx_send(a, "x", 0));
    zx_ok(zx_send(a, "y", 0));
    zx_wait(b, IN, ZX_LONG_MS);
    zx_ok(zmq_poller_add(p, b, NULL, IN));
    zx_check_rc("at once", "0", zmq_poller_wait(p, &e, 0));
    zx_check_rc("still", "0", zmq_poller_wait(p, &e, 0));
    zx_check_str("x", "x", zx_recv(b));
    zx_wait(b, IN, ZX_LONG_MS);
    zx_check_rc("one is left", "0", zmq_poller_wait(p, &e, 0));
    zx_check_str("y", "y", zx_recv(b));
    zx_check_rc("none is left", "EAGAIN", zmq_poller_wait(p, &e, 0));
    zx_ok(zmq_poller_modify(p, b, OUT));
    zx_check_rc("writable", "0", zmq_poller_wait(p, &e, ZX_LONG_MS));
    zx_ok(zmq_poller_remove(p, b));
    zx_check_rc("removed", "EAGAIN", zmq_poller_wait(p, &e, 0));
    zx_ok(zmq_poller_destroy(&p));
}

/* A call changes what a socket is ready for, without any message. */
static void after_calls(void) {
    void *p = new_poller(), *req = zx_socket(ZMQ_REQ), *rep = zx_socket(ZMQ_REP);
    zmq_poller_event_t e[2];

    zx_link(rep, req);
    zx_until_writable(req);
    zx_ok(zmq_poller_add(p, req, NULL, IN | OUT));
    zx_ok(zmq_poller_add(p, rep, NULL, IN | OUT));
    zx_check_rc("REQ may send", "1", zmq_poller_wait_all(p, e, 2, 0));
    zx_check_str("out", "socket -1 - 2", event_text(e));
    zx_ok(zx_send(req, "x", 0));
    zx_wait(rep, IN, ZX_LONG_MS);
    zx_check_rc("REP may receive", "1", zmq_poller_wait_all(p, e, 2, ZX_LONG_MS));
    zx_check_str("in", "socket -1 - 1", event_text(e));
    zx_check_str("x", "x", zx_recv(rep));
    zx_check_rc("REP may send", "1", zmq_poller_wait_all(p, e, 2, 0));
    zx_check_str("out now", "socket -1 - 2", event_text(e));
    zx_check_int("it is the REP", 1, e[0].socket == rep);
    zx_ok(zmq_poller_destroy(&p));
}

static void two_pollers_one_socket(void) {
    void *p = new_poller(), *q = new_poller(), *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_poller_event_t e;

    if (!zx_runs("at all")) { /* a libzmq has such a socket in one poller at most */
        zx_ok(zmq_poller_destroy(&p));
        zx_ok(zmq_poller_destroy(&q));
        return;
    }
    zx_link(a, b);
    zx_ok(zmq_poller_add(p, b, NULL, IN));
    zx_ok(zmq_poller_add(q, b, NULL, IN));
    zx_check_rc("nothing", "EAGAIN", zmq_poller_wait(p, &e, 0));
    zx_check_rc("nothing either", "EAGAIN", zmq_poller_wait(q, &e, 0));
    zx_ok(zx_send(a, "x", 0));
    zx_check_rc("one", "0", zmq_poller_wait(p, &e, ZX_LONG_MS));
    zx_check_rc("the other", "0", zmq_poller_wait(q, &e, ZX_LONG_MS));
    zx_check_str("x", "x", zx_recv(b));
    zx_check_rc("gone", "EAGAIN", zmq_poller_wait(p, &e, 0));
    zx_check_rc("there, too", "EAGAIN", zmq_poller_wait(q, &e, 0));
    zx_ok(zmq_poller_destroy(&p));
    zx_ok(zmq_poller_destroy(&q));
}

static void closed_members(void) {
    void *p = new_poller(), *a, *b = zx_socket(ZMQ_PUB);
    zmq_poller_event_t e;

    if (!zx_runs("at all")) { /* a libzmq touches freed memory */
        zx_ok(zmq_poller_destroy(&p));
        return;
    }
    a = zmq_socket(zx_ctx(), ZMQ_PAIR);
    assert_non_null(a);
    zx_ok(zmq_poller_add(p, a, NULL, IN));
    zx_ok(zmq_poller_add(p, b, NULL, OUT));
    zx_ok(zmq_close(a));
    zx_check_rc("it is told", "ENOTSOCK", zmq_poller_wait(p, &e, 0));
    zx_check_rc("once", "0", zmq_poller_wait(p, &e, 0));
    zx_check_rc("it is no member", "1", zmq_poller_size(p));
    zx_check_rc("nor a socket", "ENOTSOCK", zmq_poller_remove(p, a));
    zx_ok(zmq_poller_destroy(&p));
}

static int is_readable(int fd, int wait_ms) {
    struct pollfd item = {.fd = fd, .events = POLLIN};
    return poll(&item, 1, wait_ms) == 1;
}

static void descriptor_of_a_poller(void) {
    void *p = new_poller(), *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_poller_event_t e;
    int fd = -1, again = -1, ends[2];

    if (!zx_runs("at all")) { /* a libzmq's tells of thread-safe sockets alone */
        zx_ok(zmq_poller_destroy(&p));
        return;
    }
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    zx_link(a, b);
    zx_ok(zmq_poller_add(p, b, NULL, IN));
    zx_check_rc("descriptor", "0", zmq_poller_fd(p, &fd));
    zx_check_rc("the same", "0", zmq_poller_fd(p, &again));
    zx_check_int("number", fd, again);
    zx_check_rc("nothing yet", "EAGAIN", zmq_poller_wait(p, &e, 0));
    zx_check_int("quiet", 0, is_readable(fd, 0));
    zx_ok(zx_send(a, "x", 0));
    zx_check_int("a message", 1, is_readable(fd, ZX_LONG_MS));
    zx_check_rc("event", "0", zmq_poller_wait(p, &e, 0));
    zx_check_int("a level", 1, is_readable(fd, 0));
    zx_check_str("x", "x", zx_recv(b));
    zx_check_rc("no more", "EAGAIN", zmq_poller_wait(p, &e, 0));
    zx_check_int("quiet again", 0, is_readable(fd, 0));
    zx_ok(zmq_poller_add_fd(p, ends[0], NULL, IN));
    (void)zmq_poller_wait(p, &e, 0);
    zx_check_int("quiet still", 0, is_readable(fd, 0));
    zx_ok(write(ends[1], "x", 1));
    zx_check_int("a descriptor's", 1, is_readable(fd, ZX_LONG_MS));
    zx_check_rc("event of it", "0", zmq_poller_wait(p, &e, 0));
    zx_check_str("event", "- 1 - 1", event_text(&e));
    zx_ok(zmq_poller_remove_fd(p, ends[0]));
    zx_ok(zmq_poller_modify(p, b, IN | OUT));
    zx_check_int("writable", 1, is_readable(fd, ZX_LONG_MS));
    zx_ok(zmq_poller_destroy(&p));
    close(ends[0]);
    close(ends[1]);
}

static void send_later(void *s) {
    zmq_send(s, "late", 4, 0);
    zmq_close(s);
}

static void wakes_up(void) {
    void *p = new_poller(), *pull = zx_socket(ZMQ_PULL), *push = zmq_socket(zx_ctx(), ZMQ_PUSH);
    zmq_poller_event_t e;

    assert_non_null(push);
    zx_ok(zmq_connect(push, zx_bind(pull)));
    zx_ok(zmq_poller_add(p, pull, NULL, IN));
    zx_spawn(send_later, push);
    zx_check_rc("wait", "0", zmq_poller_wait(p, &e, -1));
    zx_check_str("late", "late", zx_recv(pull));
    zx_ok(zmq_poller_destroy(&p));
}

static void thread_safe_sockets(void) {
    void *p = new_poller(), *server = zx_socket(ZMQ_SERVER), *client = zx_socket(ZMQ_CLIENT);
    zmq_poller_event_t e;
    int fd = -1;

    zx_check_rc("no descriptor yet", "EINVAL", zmq_poller_fd(p, &fd));
    zx_link(server, client);
    zx_ok(zmq_poller_add(p, server, NULL, IN));
    zx_check_rc("descriptor", "0", zmq_poller_fd(p, &fd));
    zx_check_int("valid", 1, fd >= 0);
    zx_check_rc("quiet", "EAGAIN", zmq_poller_wait(p, &e, 20));
    zx_ok(zx_send(client, "x", 0));
    zx_check_rc("message", "0", zmq_poller_wait(p, &e, ZX_LONG_MS));
    zx_check_str("event", "socket -1 - 1", event_text(&e));
    zx_check_str("x", "x", zx_recv(server));
    zx_check_rc("remove", "0", zmq_poller_remove(p, server));
    zx_ok(zmq_poller_destroy(&p));
}

static void thread_safe_sockets_in_zmq_poll(void) {
    void *server = zx_socket(ZMQ_SERVER), *client = zx_socket(ZMQ_CLIENT);
    zmq_pollitem_t item = {server, 0, IN, 0};

    zx_link(server, client);
    zx_check_rc("timeout", "0", zmq_poll(&item, 1, 20));
    zx_ok(zx_send(client, "x", 0));
    zx_check_rc("message", "1", zmq_poll(&item, 1, ZX_LONG_MS));
    zx_check_int("revents", IN, item.revents);
}

static const char *wait_after_shutdown(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PAIR), *p = zmq_poller_new();
    zmq_poller_event_t e;

    zmq_ctx_shutdown(ctx);
    zmq_poller_add(p, s, NULL, IN);
    return zx_err(zmq_poller_wait(p, &e, -1));
}

static const char *wait_after_notice(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PAIR), *p = zmq_poller_new();
    zmq_poller_event_t e;

    zmq_ctx_shutdown(ctx);
    zmq_send(s, "noticed", 7, 0);
    zmq_poller_add(p, s, NULL, IN);
    return zx_err(zmq_poller_wait(p, &e, -1));
}

static void terminated(void) {
    zx_soft(1);
    zx_check_str("wait", "ETERM", zx_child(wait_after_shutdown));
    zx_check_str("after it was noticed", "ETERM", zx_child(wait_after_notice));
}

static void ppoll_like_poll(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_pollitem_t items[] = {{a, 0, IN, 0}, {b, 0, IN | OUT, 0}};

    zx_link(a, b);
    zx_until_writable(b);
    zx_check_rc("one", "1", zmq_ppoll(items, 2, -1, NULL));
    zx_check_int("b", OUT, items[1].revents);
    zx_ok(zx_send(b, "x", 0));
    zx_wait(a, IN, ZX_LONG_MS);
    zx_check_rc("two", "2", zmq_ppoll(items, 2, -1, NULL));
    zx_check_rc("negative", "EINVAL", zmq_ppoll(items, -1, 0, NULL));
    zx_check_rc("NULL items", "EFAULT", zmq_ppoll(NULL, 1, 0, NULL));
    zx_check_rc("no items", "0", zmq_ppoll(items, 0, 20, NULL));
    items[0].socket = zx_ctx();
    zx_check_rc("not a socket", "ENOTSOCK", zmq_ppoll(items, 1, 0, NULL));
    items[0].socket = zx_socket(ZMQ_SERVER);
    zx_check_rc("thread-safe", "EINVAL", zmq_ppoll(items, 1, 0, NULL));
}

static volatile sig_atomic_t caught;

static void on_signal(int sig) {
    (void)sig;
    caught++;
}

/* Blocked outside, let in by the mask only while waiting. */
static void ppoll_mask(void) {
    struct sigaction sa = {.sa_handler = on_signal};
    void *s = zx_socket(ZMQ_PULL);
    zmq_pollitem_t item = {s, 0, IN, 0};
    sigset_t block, inside;

    sigaction(SIGUSR1, &sa, NULL);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, &inside);
    sigdelset(&inside, SIGUSR1);
    caught = 0;
    kill(getpid(), SIGUSR1);
    zx_check_int("held back", 0, caught);
    zx_check_rc("let in", "EINTR", zmq_ppoll(&item, 1, 2000, &inside));
    zx_check_int("delivered", 1, caught);
    zx_check_rc("once", "0", zmq_ppoll(&item, 1, 20, &inside));
    sigprocmask(SIG_UNBLOCK, &block, NULL);
}

static const struct zx_case cases[] = {
    ZX_CASE(life),
    ZX_CASE(null_poller),
    ZX_CASE(registration),
    ZX_CASE(registration_of_fds),
    ZX_CASE(wait_errors),
    ZX_CASE_ALL(ready_sockets),
    ZX_CASE(descriptors),
    ZX_CASE(many_descriptors),
    ZX_CASE(descriptors_of_other_kinds),
    ZX_CASE_ALL(readable_before_it_is_added),
    ZX_CASE_ALL(after_calls),
    ZX_CASE_ALL(two_pollers_one_socket),
    ZX_CASE(closed_members),
    ZX_CASE_ALL(descriptor_of_a_poller),
    ZX_CASE_ALL(wakes_up),
    ZX_CASE_ALL(thread_safe_sockets),
    ZX_CASE_ALL(thread_safe_sockets_in_zmq_poll),
    ZX_CASE(terminated),
    ZX_CASE_ALL(ppoll_like_poll),
    ZX_CASE(ppoll_mask),
};

ZX_MAIN("poller", cases)
