/* SPDX-License-Identifier: MIT */
/* zmq_poll, ZMQ_FD and ZMQ_EVENTS. */
#define _GNU_SOURCE
#include "zx_api.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define IN ZMQ_POLLIN
#define OUT ZMQ_POLLOUT

static int close_to(long long took, int ms) {
    return took >= ms - 5 && took < ms + 1500;
}

static void no_items(void) {
    zmq_pollitem_t item, *none = NULL;
    long long start = zx_now_ms();

    zx_check_rc("timeout 0", "0", zmq_poll(&item, 0, 0));
    zx_check_rc("NULL, timeout 0", "0", zmq_poll(none, 0, 0));
    zx_check_rc("timeout 60", "0", zmq_poll(&item, 0, 60));
    zx_check_int("took 60 ms", 1, close_to(zx_now_ms() - start, 60));
}

static const char *negative_count(void) {
    zmq_pollitem_t item = {.fd = 0, .events = IN};
    return zx_err(zmq_poll(&item, -1, 0));
}

static const char *null_items(void) {
    return zx_err(zmq_poll(NULL, 1, 0));
}

static void bad_arguments(void) {
    zx_soft(1);
    if (zx_runs("count -1")) zx_check_str("count -1", "EINVAL", zx_child(negative_count));
    zx_check_str("NULL items", "EFAULT", zx_child(null_items));
}

static void bad_socket(void) {
    void *s = zx_socket(ZMQ_PULL);
    zmq_pollitem_t items[] = {{s, 0, IN, 0}, {zx_ctx(), 0, IN, 0}};

    zx_check_rc("a context", "ENOTSOCK", zmq_poll(items, 2, 0));
    zx_check_rc("a context, for ever", "ENOTSOCK", zmq_poll(items, 2, -1));
}

static void timeout_passes(void) {
    void *s = zx_socket(ZMQ_PULL);
    zmq_pollitem_t item = {s, 0, IN, 77};
    long long start = zx_now_ms();

    zx_check_rc("poll", "0", zmq_poll(&item, 1, 80));
    zx_check_int("took 80 ms", 1, close_to(zx_now_ms() - start, 80));
    zx_check_int("revents cleared", 0, item.revents);
}

static void readiness(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_pollitem_t items[] = {{a, 0, IN | OUT, 0}, {b, 0, IN, 0}};

    zx_check_rc("alone", "0", zmq_poll(items, 2, 0));
    zx_link(a, b);
    zx_until_writable(a);
    zx_check_rc("linked", "1", zmq_poll(items, 2, -1));
    zx_check_int("a", OUT, items[0].revents);
    zx_check_int("b", 0, items[1].revents);
    zx_ok(zx_send(a, "x", 0));
    zx_wait(b, IN, ZX_LONG_MS);
    zx_check_rc("both", "2", zmq_poll(items, 2, -1));
    zx_check_int("b has a message", IN, items[1].revents);
    zx_check_rc("still", "2", zmq_poll(items, 2, -1));
    zx_check_str("x", "x", zx_recv(b));
    zx_check_rc("read", "1", zmq_poll(items, 2, 0));
    zx_check_int("b is empty", 0, items[1].revents);
}

static void more_parts_are_pollin(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    char room[4];

    zx_link(a, b);
    zx_ok(zx_send(a, "1|2", 0));
    zx_ok(zmq_recv(b, room, 4, 0));
    zx_check_int("within a message", IN, zx_wait(b, IN, 0));
    zx_ok(zmq_recv(b, room, 4, 0));
    zx_check_int("after it", 0, zx_wait(b, IN, 0));
}

static void same_socket_twice(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_pollitem_t items[] = {{a, 0, OUT, 0}, {a, 0, OUT, 0}, {a, 0, IN, 0}};

    zx_link(a, b);
    zx_until_writable(a);
    zx_check_rc("counted twice", "2", zmq_poll(items, 3, 0));
    zx_check_int("first", OUT, items[0].revents);
    zx_check_int("second", OUT, items[1].revents);
    zx_check_int("third", 0, items[2].revents);
}

static void no_events_wanted(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_pollitem_t item = {a, 0, 0, 55};

    zx_link(a, b);
    zx_until_writable(a);
    zx_check_rc("not watched", "0", zmq_poll(&item, 1, 20));
    zx_check_int("revents", 0, item.revents);
    item.events = ZMQ_POLLERR | ZMQ_POLLPRI;
    zx_check_rc("never reported", "0", zmq_poll(&item, 1, 20));
    item.events = (short)0x7f00 | OUT;
    zx_check_rc("unknown bits", "1", zmq_poll(&item, 1, 20));
    zx_check_int("are ignored", OUT, item.revents);
}

static void descriptors(void) {
    int ends[2];
    char c;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    zmq_pollitem_t items[] = {{NULL, ends[0], IN, 9}, {NULL, ends[1], OUT, 9}};
    zx_check_rc("empty pipe", "1", zmq_poll(items, 2, -1));
    zx_check_int("reader", 0, items[0].revents);
    zx_check_int("writer", OUT, items[1].revents);
    zx_ok(write(ends[1], "x", 1));
    zx_check_rc("full pipe", "2", zmq_poll(items, 2, -1));
    zx_check_int("reader now", IN, items[0].revents);
    zx_ok(read(ends[0], &c, 1));
    close(ends[1]);
    zx_check_rc("hung up", "1", zmq_poll(items, 1, -1));
    zx_check_int("as an error", ZMQ_POLLERR, items[0].revents & ZMQ_POLLERR);
    close(ends[0]);
}

static void closed_descriptor(void) {
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    zmq_pollitem_t item = {NULL, ends[0], IN, 0};
    close(ends[0]);
    close(ends[1]);
    zx_check_rc("poll", "1", zmq_poll(&item, 1, 20));
    zx_check_int("error", ZMQ_POLLERR, item.revents);
}

static void descriptor_minus_1(void) {
    zmq_pollitem_t item = {NULL, -1, IN, 5};

    zx_check_rc("ignored", "0", zmq_poll(&item, 1, 20));
    zx_check_int("revents", 0, item.revents);
}

static void sockets_and_descriptors(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    zmq_pollitem_t items[] = {{b, -1, IN, 0}, {NULL, ends[0], IN, 0}};
    zx_link(a, b);
    zx_check_rc("nothing", "0", zmq_poll(items, 2, 20));
    zx_ok(write(ends[1], "x", 1));
    zx_check_rc("descriptor", "1", zmq_poll(items, 2, -1));
    zx_check_int("it", IN, items[1].revents);
    zx_ok(zx_send(a, "x", 0));
    zx_wait(b, IN, ZX_LONG_MS);
    zx_check_rc("both", "2", zmq_poll(items, 2, -1));
    close(ends[0]);
    close(ends[1]);
}

static void send_later(void *s) {
    zmq_send(s, "late", 4, 0);
    zmq_close(s);
}

static void wakes_up(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zmq_socket(zx_ctx(), ZMQ_PUSH);
    zmq_pollitem_t item = {pull, 0, IN, 0};

    assert_non_null(push);
    zx_ok(zmq_connect(push, zx_bind(pull)));
    zx_spawn(send_later, push);
    zx_check_rc("poll", "1", zmq_poll(&item, 1, -1));
    zx_check_str("late", "late", zx_recv(pull));
}

static void many_sockets(void) {
    void *pull[60], *push[60];
    zmq_pollitem_t items[60];

    for (int i = 0; i < 60; i++) {
        pull[i] = zx_socket(ZMQ_PULL);
        push[i] = zx_socket(ZMQ_PUSH);
        zx_link(pull[i], push[i]);
        items[i] = (zmq_pollitem_t){pull[i], 0, IN, 0};
    }
    zx_check_rc("none", "0", zmq_poll(items, 60, 0));
    for (int i = 0; i < 60; i += 3) zx_ok(zx_send(push[i], "x", 0));
    for (int i = 0; i < 60; i += 3) zx_wait(pull[i], IN, ZX_LONG_MS);
    zx_check_rc("every third", "20", zmq_poll(items, 60, 100));
    for (int i = 0; i < 60; i++)
        zx_check_int(zx_fmt("item %d", i), i % 3 ? 0 : IN, items[i].revents);
}

static int readable(int fd, int ms) {
    struct pollfd p = {fd, POLLIN, 0};
    return poll(&p, 1, ms) == 1;
}

/* The contract of ZMQ_FD: readable when something happened, then ZMQ_EVENTS tells what. */
static void fd_tells_of_a_message(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    long long end = zx_now_ms() + ZX_LONG_MS;
    int fd = zx_get_int(b, ZMQ_FD);

    zx_link(a, b);
    while (zx_ready(b) & IN) zx_check_str("nothing", "EAGAIN", zx_recv_now(b));
    zx_ok(zx_send(a, "x", 0));
    while (!(zx_ready(b) & IN) && zx_now_ms() < end) readable(fd, 100);
    zx_check_int("message", IN, zx_ready(b) & IN);
    zx_check_str("x", "x", zx_recv_now(b));
    zx_check_int("none left", 0, zx_ready(b) & IN);
}

static void fd_wakes_a_sleeper(void) {
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL);
    int fd = zx_get_int(b, ZMQ_FD);

    zx_link(b, a);
    for (int i = 0; i < 20; i++) {
        long long end = zx_now_ms() + ZX_LONG_MS;
        int waits = 0;
        zx_ok(zx_send(a, zx_num(i), 0));
        while (!(zx_ready(b) & IN) && zx_now_ms() < end) waits += readable(fd, 500) ? 1 : 100;
        zx_check_int("woken, not timed out", 1, waits < 100);
        zx_check_str("message", zx_num(i), zx_recv_now(b));
    }
}

static void fd_is_quiet_when_idle(void) {
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL);
    int fd = zx_get_int(b, ZMQ_FD);

    zx_link(b, a);
    zx_ok(zx_send(a, "x", 0));
    zx_check_str("x", "x", zx_recv(b));
    while (readable(fd, 20)) zx_ready(b);
    zx_check_int("quiet", 0, readable(fd, ZX_SHORT_MS));
}

static void fd_tells_of_room(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);
    long long end = zx_now_ms() + ZX_LONG_MS;
    int fd = zx_get_int(push, ZMQ_FD);

    zx_ok(zx_set_int(push, ZMQ_SNDHWM, 1));
    zx_ok(zx_set_int(pull, ZMQ_RCVHWM, 1));
    zx_link(pull, push);
    while (zmq_send(push, "x", 1, ZMQ_DONTWAIT) == 1) {
    }
    zx_check_int("full", 0, zx_ready(push));
    for (int i = 0; i < 2; i++) zx_check_str("x", "x", zx_recv(pull));
    while (!(zx_ready(push) & OUT) && zx_now_ms() < end) readable(fd, 100);
    zx_check_int("room", OUT, zx_ready(push));
}

static void fd_tells_of_termination(void) {
    void *s = zx_socket(ZMQ_PULL);
    int fd = zx_get_int(s, ZMQ_FD), value;
    size_t n = sizeof value;

    while (readable(fd, 0)) zx_ready(s);
    zx_ok(zmq_ctx_shutdown(zx_ctx()));
    zx_check_int("readable", 1, readable(fd, ZX_LONG_MS));
    zx_check_rc("events", "ETERM", zmq_getsockopt(s, ZMQ_EVENTS, &value, &n));
}

static void eterm_while_waiting_for_nothing(void) {
    void *s = zx_socket(ZMQ_PULL);
    zmq_pollitem_t item = {s, 0, 0, 0};

    zx_ok(zmq_ctx_shutdown(zx_ctx()));
    zx_check_rc("no events wanted", "ETERM", zmq_poll(&item, 1, 1000));
}

static const struct zx_case cases[] = {
    ZX_CASE(no_items),
    ZX_CASE(bad_arguments),
    ZX_CASE(bad_socket),
    ZX_CASE(timeout_passes),
    ZX_CASE_ALL(readiness),
    ZX_CASE_ALL(more_parts_are_pollin),
    ZX_CASE(same_socket_twice),
    ZX_CASE(no_events_wanted),
    ZX_CASE(descriptors),
    ZX_CASE(closed_descriptor),
    ZX_CASE(descriptor_minus_1),
    ZX_CASE_ALL(sockets_and_descriptors),
    ZX_CASE_ALL(wakes_up),
    ZX_CASE_ALL(many_sockets),
    ZX_CASE_ALL(fd_tells_of_a_message),
    ZX_CASE_ALL(fd_wakes_a_sleeper),
    ZX_CASE_ALL(fd_is_quiet_when_idle),
    ZX_CASE(fd_tells_of_room),
    ZX_CASE(fd_tells_of_termination),
    ZX_CASE(eterm_while_waiting_for_nothing),
};

ZX_MAIN("poll", cases)
