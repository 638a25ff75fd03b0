/* SPDX-License-Identifier: MIT */
/* udp: datagrams taken apart, addresses, and whole sockets over the loopback interface. */
#include "unit/os_support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transports/udp_codec.h"
#include "zmq.h"
#include "zmqx.h"

enum { PATIENCE_MS = 10000, MANY = 900 };

static void codec(void **state) {
    (void)state;
    struct zx_udp_parts p;
    assert_int_equal(zx_udp_split((const uint8_t *)"\002TVhello", 8, &p), 0);
    assert_int_equal(p.group_size, 2);
    assert_memory_equal(p.group, "TV", 2);
    assert_int_equal(p.body_size, 5);
    assert_memory_equal(p.body, "hello", 5);
    assert_int_equal(zx_udp_split((const uint8_t *)"\0", 1, &p), 0);
    assert_int_equal(p.group_size + p.body_size, 0);
    assert_int_equal(zx_udp_split((const uint8_t *)"", 0, &p), -EPROTO);
    assert_int_equal(zx_udp_split((const uint8_t *)"\003TV", 3, &p), -EPROTO);
    assert_int_equal(zx_udp_split((const uint8_t *)"\377TV", 3, &p), -EPROTO);
    assert_int_equal(zx_udp_may_send(255, 8192 - 256), 0);
    assert_int_equal(zx_udp_may_send(255, 8192 - 255), -EMSGSIZE);
    assert_int_equal(zx_udp_may_send(256, 0), -EMSGSIZE);
    assert_int_equal(zx_udp_may_send(0, SIZE_MAX), -EMSGSIZE);
}

static void addresses(void **state) {
    (void)state;
    static const char *const bad[] = {"", ":1", "1.2.3.4", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536",
                                      "1.2.3.4:1x", "h:1", "[1.2.3.4]:1", "::1:5", "[::1]", "[]:1"};
    struct zx_addr a;
    char text[80];
    assert_int_equal(zx_addr_parse_ip_port(&a, "127.0.0.1:65535", 16), 0);
    assert_int_equal(zx_addr_ip_port_text(&a, text, sizeof text), 15);
    assert_string_equal(text, "127.0.0.1:65535");
    assert_int_equal(zx_addr_parse_ip_port(&a, "[::1]:7", 7), 0);
    assert_int_equal(zx_addr_ip_port_text(&a, text, sizeof text), 7);
    assert_string_equal(text, "[::1]:7");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (zx_addr_parse_ip_port(&a, bad[i], strlen(bad[i])) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
}

struct bed {
    void *ctx, *radio, *dish;
    char at[128];
};

static void listen_at(struct bed *b, const char *where, const char *group) {
    size_t n = sizeof b->at;
    int timeout = PATIENCE_MS, linger = 0;
    b->ctx = zmq_ctx_new();
    b->radio = zmq_socket(b->ctx, ZMQ_RADIO);
    b->dish = zmq_socket(b->ctx, ZMQ_DISH);
    zmq_setsockopt(b->dish, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(b->radio, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_join(b->dish, group), 0);
    if (zmq_bind(b->dish, where))
        fail_msg("%s: %s", where, zmq_strerror(errno));
    assert_int_equal(zmq_getsockopt(b->dish, ZMQ_LAST_ENDPOINT, b->at, &n), 0);
    if (zmq_connect(b->radio, b->at))
        fail_msg("%s: %s", b->at, zmq_strerror(errno));
}

static void leave(struct bed *b) {
    zmq_close(b->radio);
    zmq_close(b->dish);
    zmq_ctx_term(b->ctx);
}

static void say(struct bed *b, const char *group, const void *data, size_t size) {
    zmq_msg_t m;
    zmq_msg_init_size(&m, size);
    memcpy(zmq_msg_data(&m), data, size);
    zmq_msg_set_group(&m, group);
    assert_int_equal(zmq_msg_send(&m, b->radio, 0), size);
}

static void hear(struct bed *b, const char *group, const void *data, size_t size) {
    zmq_msg_t m;
    zmq_msg_init(&m);
    if (zmq_msg_recv(&m, b->dish, 0) < 0)
        fail_msg("nothing heard: %s", zmq_strerror(errno));
    assert_string_equal(zmq_msg_group(&m), group);
    assert_int_equal(zmq_msg_size(&m), size);
    assert_memory_equal(zmq_msg_data(&m), data, size);
    zmq_msg_close(&m);
}

static uint64_t refused(void *s) {
    uint64_t n = 0;
    size_t size = sizeof n;
    assert_int_equal(zmq_getsockopt(s, ZMQX_DATAGRAMS_REFUSED, &n, &size), 0);
    return n;
}

/* Bodies of every size, so that heads and bodies fall into different chunks. */
static void many(void **state) {
    (void)state;
    struct bed b;
    static uint8_t body[8192];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 7);
    listen_at(&b, "udp://127.0.0.1:*", "grp");
    for (unsigned i = 0; i < MANY; i++) {
        size_t size = (size_t)i * 9 % (8192 - 4 + 1);
        say(&b, "other", body, size % 8000);
        say(&b, "grp", body, size);
        if (i % 4 == 3) /* what the kernel has no room for is lost: never more than a few */
            for (unsigned k = i - 3; k <= i; k++)
                hear(&b, "grp", body, (size_t)k * 9 % (8192 - 4 + 1));
    }
    assert_int_equal(refused(b.radio) + refused(b.dish), 0);
    say(&b, "grp", body, 8192 - 3);
    say(&b, "grp", "end", 3);
    hear(&b, "grp", "end", 3);
    assert_int_equal(refused(b.radio), 1);
    leave(&b);
}

static void refuses(void **state) {
    (void)state;
    struct bed b;
    static const uint8_t large[9000];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listen_at(&b, "udp://127.0.0.1:*", "g");
    to.sin_port = htons((uint16_t)atoi(strrchr(b.at, ':') + 1));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(sendto(fd, "", 0, 0, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(sendto(fd, "\005g", 2, 0, (struct sockaddr *)&to, sizeof to), 2);
    assert_int_equal(sendto(fd, large, 9000, 0, (struct sockaddr *)&to, sizeof to), 9000);
    assert_int_equal(sendto(fd, "\001gyes", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    close(fd);
    hear(&b, "g", "yes", 3);
    assert_int_equal(refused(b.dish), 3);
    assert_int_equal(zmq_unbind(b.dish, b.at), 0);
    assert_int_equal(zmq_unbind(b.dish, b.at), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(zmq_bind(b.dish, b.at), 0); /* the port is free again */
    leave(&b);
}

/* The longest that may be, and one byte more; with a group as long as its byte can say. */
static void lengths(void **state) {
    (void)state;
    struct bed b;
    static uint8_t datagram[8193];
    char group[256];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memset(group, 'g', 255);
    group[255] = '\0';
    memset(datagram, 'x', sizeof datagram);
    datagram[0] = 255;
    memcpy(datagram + 1, group, 255);
    listen_at(&b, "udp://127.0.0.1:*", group);
    to.sin_port = htons((uint16_t)atoi(strrchr(b.at, ':') + 1));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    static const size_t sizes[] = {255, 256, 257, 8191, 8192, 8193};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_int_equal(sendto(fd, datagram, sizes[i], 0, (struct sockaddr *)&to, sizeof to),
                         sizes[i]);
    for (size_t i = 1; i + 1 < sizeof sizes / sizeof *sizes; i++)
        hear(&b, group, datagram + 256, sizes[i] - 256);
    say(&b, group, "end", 3);
    hear(&b, group, "end", 3);
    assert_int_equal(refused(b.dish), 2); /* too short for its group, too long */
    close(fd);
    leave(&b);
}

/* A DGRAM gives an empty datagram, and none that is longer than it may send. */
static void dgram_lengths(void **state) {
    (void)state;
    static const uint8_t large[9000];
    static uint8_t body[9001];
    static const size_t sizes[] = {0, 8193, 1, 9000, 8192, 8194, 2};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_DGRAM);
    char at[64];
    size_t n = sizeof at;
    int timeout = PATIENCE_MS;
    zmq_setsockopt(s, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    assert_int_equal(zmq_bind(s, "udp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, at, &n), 0);
    to.sin_port = htons((uint16_t)atoi(strrchr(at, ':') + 1));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_int_equal(sendto(fd, large, sizes[i], 0, (struct sockaddr *)&to, sizeof to),
                         sizes[i]);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i] > 8192)
            continue;
        assert_true(zmq_recv(s, at, sizeof at, 0) > 0);
        assert_int_equal(zmq_recv(s, body, sizeof body, 0), sizes[i]);
    }
    assert_int_equal(refused(s), 3);
    close(fd);
    zmq_close(s);
    zmq_ctx_term(ctx);
}

static void multicast(void **state) {
    (void)state;
    struct bed b;
    listen_at(&b, "udp://127.0.0.1;239.192.7.41:*", "g");
    say(&b, "g", "hello", 5);
    hear(&b, "g", "hello", 5);
    assert_int_equal(zmq_connect(b.radio, "udp://lo;127.0.0.1:9"), -1);
    assert_int_equal(errno, EINVAL); /* an interface is for groups only */
    assert_int_equal(zmq_bind(b.dish, "udp://no-such-if;239.192.7.41:*"), -1);
    assert_int_equal(errno, ENODEV);
    leave(&b);
}

static void dgram(void **state) {
    (void)state;
    static const char large[8193];
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_DGRAM);
    char at[64], body[8], from[64];
    size_t n = sizeof at;
    int timeout = PATIENCE_MS;
    zmq_setsockopt(s, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    assert_int_equal(zmq_bind(s, "udp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, at, &n), 0);
    const char *self = at + strlen("udp://");
    assert_int_equal(zmq_bind(s, "udp://127.0.0.1:*"), -1);
    assert_int_equal(zmq_send(s, "nonsense", 8, ZMQ_SNDMORE), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(zmq_send(s, self, strlen(self) + 1, ZMQ_SNDMORE), strlen(self) + 1);
    assert_int_equal(zmq_send(s, large, sizeof large, 0), -1);
    assert_int_equal(errno, EMSGSIZE);
    assert_int_equal(zmq_send(s, "me", 2, 0), 2);
    assert_int_equal(zmq_recv(s, from, sizeof from, 0), strlen(self) + 1);
    assert_string_equal(from, self);
    assert_int_equal(zmq_recv(s, body, sizeof body, 0), 2);
    /* The same place, as IPv6 writes it. */
    snprintf(from, sizeof from, "[::ffff:127.0.0.1]:%s", strrchr(at, ':') + 1);
    assert_int_equal(zmq_send(s, from, strlen(from), ZMQ_SNDMORE), strlen(from));
    assert_int_equal(zmq_send(s, "again", 5, 0), 5);
    assert_int_equal(zmq_recv(s, from, sizeof from, 0), strlen(self) + 1);
    assert_string_equal(from, self);
    assert_int_equal(zmq_recv(s, body, sizeof body, 0), 5);
    zmq_close(s);
    zmq_ctx_term(ctx);
}

/* ---- unbound while datagrams come ------------------------------------------- */

struct flood {
    atomic_bool over;
    struct sockaddr_in to;
};

static void *pour(void *arg) {
    struct flood *f = arg;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    static const char large[8193];
    while (!atomic_load(&f->over)) /* refused: nothing fills up, reading goes on and on */
        (void)sendto(fd, large, sizeof large, 0, (struct sockaddr *)&f->to, sizeof f->to);
    close(fd);
    return NULL;
}

/* As with a listener, the address is free when zmq_unbind returns, whatever the I/O thread does. */
static void unbound_is_free(int type) {
    struct flood f = {.to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, type);
    char at[64];
    size_t n = sizeof at;
    pthread_t thread;
    assert_int_equal(zmq_bind(s, "udp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, at, &n), 0);
    f.to.sin_port = htons((uint16_t)atoi(strrchr(at, ':') + 1));
    assert_int_equal(pthread_create(&thread, NULL, pour, &f), 0);
    for (int i = 0; i < 300; i++) {
        while (!refused(s))
            sched_yield();
        int rc = zmq_unbind(s, at);
        if (!rc)
            rc = zmq_bind(s, at);
        if (rc) {
            atomic_store(&f.over, true);
            pthread_join(thread, NULL);
            fail_msg("round %d: %s", i, zmq_strerror(errno));
        }
    }
    atomic_store(&f.over, true);
    pthread_join(thread, NULL);
    zmq_close(s);
    zmq_ctx_term(ctx);
}

static void dish_unbound(void **state) {
    (void)state;
    unbound_is_free(ZMQ_DISH);
}

static void dgram_unbound(void **state) {
    (void)state;
    unbound_is_free(ZMQ_DGRAM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codec),   cmocka_unit_test(addresses), cmocka_unit_test(many),
        cmocka_unit_test(refuses), cmocka_unit_test(multicast), cmocka_unit_test(dgram),
        cmocka_unit_test(lengths), cmocka_unit_test(dgram_lengths),
        cmocka_unit_test(dish_unbound), cmocka_unit_test(dgram_unbound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
