/* SPDX-License-Identifier: MIT */
/* The transport tcp: listening, connecting, what is set on descriptors, whom it lets in. */
#include "core/transport.h"
#include "unit/os_support.h"
#include "zmq.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct zx_transport_ops *const tcp = &zx_tcp_ops;

/* The program is linked with --wrap: a machine without IPv6 when asked for. */
int __wrap_zx_sock_open(enum zx_family f);
int __real_zx_sock_open(enum zx_family f);
static bool without_ipv6;

int __wrap_zx_sock_open(enum zx_family f) {
    return without_ipv6 && f == ZX_AF_INET6 ? -EAFNOSUPPORT : __real_zx_sock_open(f);
}

static struct zx_conf *conf;
static int fds_before;

static int setup(void **state) {
    (void)state;
    fds_before = os_count_fds();
    conf = zx_conf_new(ZMQ_PULL, false, true);
    return conf ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    zx_conf_unref(conf);
    without_ipv6 = false;
    return os_count_fds() == fds_before ? 0 : -1;
}

static int option(int fd, int level, int name) {
    int value = -1;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

/* A listener, and what to connect to. */
static int listening(const char *address, char *text, size_t size) {
    int fd = tcp->listen(conf, address, text, size);
    if (fd < 0)
        fail_msg("%s: %d", address, fd);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    return fd;
}

static int connecting(const char *address) {
    struct zx_addr to[ZX_RESOLVE_MAX];
    int fd = -1;
    int n = tcp->resolve(conf, address, to, ZX_RESOLVE_MAX);
    assert_true(n >= 1);
    int rc = tcp->connect(conf, address, &to[0], &fd);
    if (rc && rc != -EINPROGRESS)
        return rc;
    os_wait_fd(fd, ZX_POLL_OUT);
    return fd;
}

static int accepting(int listener, struct zx_addr *peer) {
    os_wait_fd(listener, ZX_POLL_IN);
    int fd = zx_sock_accept(listener, peer);
    assert_true(fd >= 0);
    return fd;
}

static void a_connection_from_end_to_end(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX], other[ZX_ENDPOINT_MAX];
    struct zx_addr peer;
    int listener = listening("127.0.0.1:*", text, sizeof text);
    assert_int_equal(strncmp(text, "tcp://127.0.0.1:", 16), 0);
    assert_int_not_equal(atoi(text + 16), 0);
    int client = connecting(text + 6);
    assert_true(client >= 0);
    assert_int_equal(tcp->connected(conf, client), 0);
    int server = accepting(listener, &peer);
    assert_int_equal(tcp->accepted(conf, server, &peer), 0);
    assert_int_equal(option(client, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option(server, IPPROTO_TCP, TCP_NODELAY), 1);
    tcp->peer_text(server, other, sizeof other);
    assert_string_equal(other, "127.0.0.1");
    tcp->remote_endpoint(client, other, sizeof other);
    assert_string_equal(other, text);
    tcp->local_endpoint(server, other, sizeof other);
    assert_string_equal(other, text);
    tcp->local_endpoint(client, text, sizeof text);
    tcp->remote_endpoint(server, other, sizeof other);
    assert_string_equal(other, text);
    zx_sock_close(client);
    zx_sock_close(server);
    zx_sock_close(listener);
    assert_int_equal(tcp->unlisten(conf, "127.0.0.1:*", text), 0);
}

static void nothing_to_tell_is_an_empty_text(void **state) {
    (void)state;
    char text[ZX_PEER_TEXT_MAX] = "x";
    tcp->peer_text(-1, text, sizeof text);
    assert_string_equal(text, "");
    text[0] = 'x';
    tcp->local_endpoint(-1, text, sizeof text);
    assert_string_equal(text, "");
    text[0] = 'x';
    tcp->remote_endpoint(-1, text, sizeof text);
    assert_string_equal(text, "");
}

static void a_failed_bind_leaves_nothing(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX], other[ZX_ENDPOINT_MAX];
    static const struct {
        const char *address;
        int rc;
    } rows[] = {{"no-such-interface:5555", -ENODEV}, {"[::1]:5555", -ENODEV},
                {"192.0.2.1:5555", -EADDRNOTAVAIL},  {"127.0.0.1:65536", -EINVAL},
                {"127.0.0.1", -EINVAL},              {"127.0.0.1:x", -EINVAL}};
    for (size_t i = 0; i < LEN(rows); i++) {
        int rc = tcp->listen(conf, rows[i].address, other, sizeof other);
        if (rc != rows[i].rc)
            fail_msg("%s: %d", rows[i].address, rc);
    }
    int listener = listening("127.0.0.1:*", text, sizeof text);
    assert_int_equal(tcp->listen(conf, text + 6, other, sizeof other), -EADDRINUSE);
    zx_sock_close(listener);
    listener = listening(text + 6, other, sizeof other); /* free again */
    assert_string_equal(other, text);
    zx_sock_close(listener);
    assert_int_equal(tcp->listen(conf, "127.0.0.1:*", other, 8), -ENOSPC);
}

static void a_failed_connect_leaves_nothing(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX], from[2 * ZX_ENDPOINT_MAX];
    struct zx_addr to;
    int fd = -1;
    int listener = listening("127.0.0.1:*", text, sizeof text);
    snprintf(from, sizeof from, "192.0.2.1:0;%s", text + 6);
    assert_int_equal(tcp->resolve(conf, from, &to, 1), 1);
    assert_int_equal(tcp->connect(conf, from, &to, &fd), -EADDRNOTAVAIL);
    snprintf(from, sizeof from, "no-such-interface:0;%s", text + 6);
    assert_int_equal(tcp->connect(conf, from, &to, &fd), -ENODEV);
    assert_int_equal(tcp->connect(conf, "not an address", &to, &fd), -EINVAL);
    assert_int_equal(fd, -1);
    zx_sock_close(listener);
}

static void refused_is_seen_on_the_descriptor(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX];
    int listener = listening("127.0.0.1:*", text, sizeof text);
    zx_sock_close(listener);
    int fd = connecting(text + 6);
    if (fd >= 0) {
        assert_int_equal(zx_sock_error(fd), -ECONNREFUSED);
        zx_sock_close(fd);
    } else {
        assert_int_equal(fd, -ECONNREFUSED);
    }
}

static void a_source_is_bound_first(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX], from[2 * ZX_ENDPOINT_MAX], who[ZX_PEER_TEXT_MAX];
    static const struct {
        const char *source, *seen;
    } rows[] = {{"127.0.0.1:0", "127.0.0.1"}, {"127.0.0.9:*", "127.0.0.9"},
                {"lo:0", "127.0.0.1"}};
    int listener = listening("127.0.0.1:*", text, sizeof text);
    for (size_t i = 0; i < LEN(rows); i++) {
        snprintf(from, sizeof from, "%s;%s", rows[i].source, text + 6);
        int client = connecting(from);
        if (client < 0)
            fail_msg("%s: %d", from, client);
        int server = accepting(listener, NULL);
        tcp->peer_text(server, who, sizeof who);
        assert_string_equal(who, rows[i].seen);
        zx_sock_close(client);
        zx_sock_close(server);
    }
    zx_sock_close(listener);
}

/* ---- options ------------------------------------------------------------------ */

static void options_reach_the_descriptors(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX];
    struct zx_addr peer;
    conf->net.tos = 0x28;
    conf->net.priority = 5;
    conf->net.keepalive = 1;
    conf->net.keepalive_cnt = 3;
    conf->net.keepalive_idle_s = 40;
    conf->net.keepalive_intvl_s = 50;
    conf->net.maxrt_ms = 7000;
    conf->net.sndbuf = 10000;
    conf->net.rcvbuf = 20000;
    int listener = listening("127.0.0.1:*", text, sizeof text);
    int client = connecting(text + 6);
    int server = accepting(listener, &peer);
    assert_int_equal(tcp->connected(conf, client), 0);
    assert_int_equal(tcp->accepted(conf, server, &peer), 0);
    const int all[] = {listener, client, server};
    for (size_t i = 0; i < LEN(all); i++) {
        assert_int_equal(option(all[i], IPPROTO_IP, IP_TOS), 0x28);
        assert_int_equal(option(all[i], SOL_SOCKET, SO_PRIORITY), 5);
        assert_int_equal(option(all[i], SOL_SOCKET, SO_SNDBUF), 20000); /* Linux doubles */
        assert_int_equal(option(all[i], SOL_SOCKET, SO_RCVBUF), 40000);
        if (all[i] == listener)
            continue;
        assert_int_equal(option(all[i], SOL_SOCKET, SO_KEEPALIVE), 1);
        assert_int_equal(option(all[i], IPPROTO_TCP, TCP_KEEPCNT), 3);
        assert_int_equal(option(all[i], IPPROTO_TCP, TCP_KEEPIDLE), 40);
        assert_int_equal(option(all[i], IPPROTO_TCP, TCP_KEEPINTVL), 50);
        assert_int_equal(option(all[i], IPPROTO_TCP, TCP_USER_TIMEOUT), 7000);
    }
    zx_sock_close(client);
    zx_sock_close(server);
    zx_sock_close(listener);
}

static void keepalive_details_need_keepalive(void **state) {
    (void)state;
    int pair[2];
    os_connect_pair(ZX_AF_INET, pair);
    int before = option(pair[0], IPPROTO_TCP, TCP_KEEPCNT);
    conf->net.keepalive_cnt = before + 1;
    assert_int_equal(tcp->connected(conf, pair[0]), 0);
    assert_int_equal(option(pair[0], IPPROTO_TCP, TCP_KEEPCNT), before);
    zx_sock_close(pair[0]);
    zx_sock_close(pair[1]);
}

static void tuning_a_lost_descriptor_fails(void **state) {
    (void)state;
    struct zx_addr peer = os_loopback(ZX_AF_INET);
    assert_true(tcp->connected(conf, -1) < 0);
    assert_true(tcp->accepted(conf, -1, &peer) < 0);
}

static void a_device_that_is_not_there(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX];
    struct zx_addr to = os_loopback(ZX_AF_INET);
    int fd = -1;
    strcpy(conf->net.device, "no-such-dev0");
    assert_true(tcp->listen(conf, "127.0.0.1:*", text, sizeof text) < 0);
    int rc = tcp->connect(conf, "127.0.0.1:1", &to, &fd);
    assert_true(rc < 0 && rc != -EINPROGRESS && rc != -ECONNREFUSED);
    assert_int_equal(fd, -1);
}

/* The system keeps this mark for the privileged. */
static int refused_priority(void) {
    char text[ZX_ENDPOINT_MAX];
    struct zx_addr to = os_loopback(ZX_AF_INET);
    int fd = -1;
    if (geteuid() == 0 && seteuid(65534) != 0)
        return 1;
    conf->net.priority = 7;
    if (tcp->listen(conf, "127.0.0.1:*", text, sizeof text) != -EPERM)
        return 2;
    return tcp->connect(conf, "127.0.0.1:1", &to, &fd) == -EPERM && fd == -1 ? 0 : 3;
}

static void a_refused_mark_fails_the_endpoint(void **state) {
    (void)state;
    assert_int_equal(os_in_child(refused_priority), 0);
}

static void no_descriptors_are_reported(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX];
    struct zx_addr to = os_loopback(ZX_AF_INET);
    int fd = -1;
    os_take_fds();
    int bound = tcp->listen(conf, "127.0.0.1:*", text, sizeof text);
    int connected = tcp->connect(conf, "127.0.0.1:1", &to, &fd);
    os_give_fds();
    assert_int_equal(bound, -EMFILE);
    assert_int_equal(connected, -EMFILE);
}

/* ---- who may come ------------------------------------------------------------- */

static void filters_choose(void **state) {
    (void)state;
    struct zx_addr v4, mapped, other;
    int pair[2];
    os_connect_pair(ZX_AF_INET, pair);
    assert_int_equal(zx_addr_parse_ip(&v4, "127.0.0.1"), 0);
    assert_int_equal(zx_addr_parse_ip(&mapped, "::ffff:127.0.0.1"), 0);
    assert_int_equal(zx_addr_parse_ip(&other, "192.0.2.7"), 0);
    assert_int_equal(tcp->accepted(conf, pair[1], &other), 0); /* no filter */
    assert_int_equal(zx_conf_set(&conf, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/8", 10), 0);
    assert_int_equal(tcp->accepted(conf, pair[1], &v4), -EACCES);
    assert_int_equal(zx_conf_set(&conf, ZMQ_TCP_ACCEPT_FILTER, "127.0.0.0/8", 11), 0);
    assert_int_equal(tcp->accepted(conf, pair[1], &v4), 0);
    assert_int_equal(tcp->accepted(conf, pair[1], &mapped), 0);
    assert_int_equal(tcp->accepted(conf, pair[1], &other), -EACCES);
    zx_sock_close(pair[0]);
    zx_sock_close(pair[1]);
}

static void a_given_descriptor_is_taken_over(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX], want[ZX_ENDPOINT_MAX];
    struct zx_addr at;
    int pair[2];
    int given = os_listen(ZX_AF_INET, &at);
    conf->net.use_fd = given;
    conf->net.tos = 0x28; /* not to be tuned */
    assert_int_equal(tcp->check(conf, "whatever it says", true), 0);
    assert_int_equal(tcp->check(conf, "whatever it says", false), -EINVAL);
    assert_int_equal(tcp->listen(conf, "whatever it says", text, sizeof text), given);
    snprintf(want, sizeof want, "tcp://127.0.0.1:%u", (unsigned)zx_addr_port(&at));
    assert_string_equal(text, want);
    assert_int_equal(option(given, IPPROTO_IP, IP_TOS), 0);
    assert_true(fcntl(given, F_GETFL) & O_NONBLOCK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    conf->net.use_fd = pair[0];
    assert_true(tcp->listen(conf, "127.0.0.1:*", text, sizeof text) < 0);
    assert_true(fcntl(pair[0], F_GETFD) >= 0); /* still the caller's */
    zx_sock_close(pair[0]);
    zx_sock_close(pair[1]);
    zx_sock_close(given);
    conf->net.use_fd = 9999;
    assert_int_equal(tcp->listen(conf, "127.0.0.1:*", text, sizeof text), -EBADF);
}

/* ---- IPv6 --------------------------------------------------------------------- */

static void both_families_at_one_listener(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX], who[ZX_PEER_TEXT_MAX], to[ZX_ENDPOINT_MAX + 16];
    if (!os_has_ipv6())
        skip();
    conf->net.ipv6 = true;
    int listener = listening("*:*", text, sizeof text);
    assert_int_equal(strncmp(text, "tcp://[::]:", 11), 0);
    static const char *const hosts[] = {"[::1]", "127.0.0.1"};
    static const char *const seen[] = {"::1", "::ffff:127.0.0.1"};
    for (size_t i = 0; i < LEN(hosts); i++) {
        snprintf(to, sizeof to, "%s:%s", hosts[i], text + 11);
        int client = connecting(to);
        assert_true(client >= 0);
        int server = accepting(listener, NULL);
        tcp->peer_text(server, who, sizeof who);
        assert_string_equal(who, seen[i]);
        zx_sock_close(client);
        zx_sock_close(server);
    }
    zx_sock_close(listener);
    listener = listening("127.0.0.1:*", text, sizeof text);
    assert_int_equal(strncmp(text, "tcp://[::ffff:127.0.0.1]:", 25), 0);
    zx_sock_close(listener);
}

static void without_ipv6_it_is_ipv4(void **state) {
    (void)state;
    char text[ZX_ENDPOINT_MAX], from[2 * ZX_ENDPOINT_MAX], other[ZX_ENDPOINT_MAX];
    without_ipv6 = true;
    conf->net.ipv6 = true;
    int listener = listening("*:*", text, sizeof text);
    assert_int_equal(strncmp(text, "tcp://0.0.0.0:", 14), 0);
    snprintf(from, sizeof from, "127.0.0.1:0;127.0.0.1:%s", text + 14);
    int client = connecting(from);
    assert_true(client >= 0);
    zx_sock_close(accepting(listener, NULL));
    zx_sock_close(client);
    zx_sock_close(listener);
    listener = listening("127.0.0.1:*", text, sizeof text);
    assert_int_equal(strncmp(text, "tcp://127.0.0.1:", 16), 0);
    zx_sock_close(listener);
    assert_int_equal(tcp->listen(conf, "[::1]:*", other, sizeof other), -ENODEV);
    assert_int_equal(connecting("[::1]:5555"), -EAFNOSUPPORT);
}

/* ---- texts -------------------------------------------------------------------- */

static void names_are_asked_for_elsewhere(void **state) {
    (void)state;
    struct zx_addr out[ZX_RESOLVE_MAX];
    assert_true(tcp->is_numeric(conf, "127.0.0.1:5"));
    assert_true(tcp->is_numeric(conf, "1.2.3.4:5;[::1]:5"));
    assert_false(tcp->is_numeric(conf, "localhost:5"));
    assert_true(tcp->is_numeric(conf, "nothing at all")); /* resolve says so at once */
    assert_int_equal(tcp->resolve(conf, "nothing at all", out, ZX_RESOLVE_MAX), -EINVAL);
    assert_int_equal(tcp->resolve(conf, "127.0.0.1:5", out, ZX_RESOLVE_MAX), 1);
    assert_int_equal(zx_addr_port(&out[0]), 5);
}

static void spellings_of_a_bound_endpoint(void **state) {
    (void)state;
    static const struct {
        const char *typed, *bound;
        bool same, ipv6;
    } rows[] = {
        {"tcp://127.0.0.1:5555", "tcp://127.0.0.1:5555", true, false},
        {"tcp://[127.0.0.1]:5555", "tcp://127.0.0.1:5555", true, false},
        {"tcp://127.0.0.1:5555", "tcp://127.0.0.1:5556", false, false},
        {"tcp://127.0.0.2:5555", "tcp://127.0.0.1:5555", false, false},
        {"tcp://127.0.0.1:5555", "tcp://[::ffff:127.0.0.1]:5555", true, true},
        {"tcp://[::ffff:127.0.0.1]:5555", "tcp://127.0.0.1:5555", true, true},
        {"tcp://[0:0::1]:5555", "tcp://[::1]:5555", true, true},
        {"tcp://127.0.0.1:*", "tcp://127.0.0.1:5555", false, false},
        {"tcp://127.0.0.1:0", "tcp://127.0.0.1:5555", false, false},
        {"tcp://*:5555", "tcp://0.0.0.0:5555", false, false},
        {"tcp://0.0.0.0:5555", "tcp://0.0.0.0:5555", true, false},
        {"ipc://127.0.0.1:5555", "tcp://127.0.0.1:5555", false, false},
        {"tcp://127.0.0.1:5555", "ipc://127.0.0.1:5555", false, false},
        {"tcp://nonsense", "tcp://127.0.0.1:5555", false, false},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        conf->net.ipv6 = rows[i].ipv6;
        if (tcp->same_bound(conf, rows[i].typed, rows[i].bound) != rows[i].same)
            fail_msg("%s and %s", rows[i].typed, rows[i].bound);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_connection_from_end_to_end),
        TEST(nothing_to_tell_is_an_empty_text),
        TEST(a_failed_bind_leaves_nothing),
        TEST(a_failed_connect_leaves_nothing),
        TEST(refused_is_seen_on_the_descriptor),
        TEST(a_source_is_bound_first),
        TEST(options_reach_the_descriptors),
        TEST(keepalive_details_need_keepalive),
        TEST(tuning_a_lost_descriptor_fails),
        TEST(a_device_that_is_not_there),
        TEST(a_refused_mark_fails_the_endpoint),
        TEST(no_descriptors_are_reported),
        TEST(filters_choose),
        TEST(a_given_descriptor_is_taken_over),
        TEST(both_families_at_one_listener),
        TEST(without_ipv6_it_is_ipv4),
        TEST(names_are_asked_for_elsewhere),
        TEST(spellings_of_a_bound_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
