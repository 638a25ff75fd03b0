/* SPDX-License-Identifier: MIT */
/* Datagrams many at a time: what this system offers, and what stands in for it elsewhere, which is
 * compiled here as if this were another system. */
#include "unit/os_support.h"

#include "os/posix/posix.h"

/* os.h has declared them by their own names. */
int portable_send(int fd, const struct zx_datagram *d, unsigned n);
int portable_recv(int fd, struct zx_datagram *d, unsigned n);
int portable_share_port(int fd);
int portable_join(int fd, const struct zx_dgram_group *group);
int portable_aim(int fd, const struct zx_dgram_group *group, bool loop, int hops);

#undef ZX_OS_LINUX
#define ZX_OS_LINUX 0
#define zx_dgram_send portable_send
#define zx_dgram_recv portable_recv
#define zx_dgram_share_port portable_share_port
#define zx_dgram_join portable_join
#define zx_dgram_aim portable_aim
#include "os/posix/datagram.c"
#undef zx_dgram_send
#undef zx_dgram_recv
#undef zx_dgram_share_port
#undef zx_dgram_join
#undef zx_dgram_aim

struct ways {
    int (*send)(int fd, const struct zx_datagram *d, unsigned n);
    int (*recv)(int fd, struct zx_datagram *d, unsigned n);
    int (*share_port)(int fd);
    int (*join)(int fd, const struct zx_dgram_group *group);
    int (*aim)(int fd, const struct zx_dgram_group *group, bool loop, int hops);
};

static const struct ways native = {zx_dgram_send, zx_dgram_recv, zx_dgram_share_port,
                                   zx_dgram_join, zx_dgram_aim};
static const struct ways portable = {portable_send, portable_recv, portable_share_port,
                                     portable_join, portable_aim};

enum { ROOM = 100 };

static int bound(const char *ip, struct zx_addr *at) {
    int fd = zx_dgram_open(ZX_AF_INET);
    assert_true(fd >= 0);
    assert_int_equal(zx_addr_parse_ip(at, ip), 0);
    assert_int_equal(zx_sock_bind(fd, at), 0);
    assert_int_equal(zx_sock_local(fd, at), 0);
    return fd;
}

/* What came, at most n; over loopback it is there at once. */
static int take(const struct ways *w, int fd, struct zx_datagram *d, unsigned n) {
    static uint8_t room[ZX_DATAGRAMS_MAX][ROOM];
    static struct zx_addr from[ZX_DATAGRAMS_MAX];
    for (unsigned i = 0; i < n; i++)
        d[i] = (struct zx_datagram){.addr = &from[i], .iov = {{room[i], ROOM}}, .n_iov = 1};
    return w->recv(fd, d, n);
}

static void rows(const struct ways *w) {
    static uint8_t large[ROOM + 1], vast[70000];
    struct zx_addr a, b;
    int from = bound("127.0.0.1", &a), to = bound("127.0.0.1", &b);
    struct zx_datagram out[4] = {
        {.addr = &b, .iov = {{(void *)(uintptr_t) "one", 3}}, .n_iov = 1},
        {.addr = &b, .iov = {{(void *)(uintptr_t) "t", 1}, {(void *)(uintptr_t) "wo", 2}},
         .n_iov = 2},
        {.addr = &b, .iov = {{large, sizeof large}}, .n_iov = 1},
        {.addr = &b, .iov = {{NULL, 0}}, .n_iov = 1},
    };
    struct zx_datagram in[ZX_DATAGRAMS_MAX];
    assert_int_equal(take(w, to, in, 4), -EAGAIN);
    assert_int_equal(w->send(from, out, 4), 4);
    assert_int_equal(take(w, to, in, ZX_DATAGRAMS_MAX), 4);
    static const size_t sizes[] = {3, 3, ROOM, 0};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(in[i].size, sizes[i]);
        assert_int_equal(in[i].cut, i == 2);
        assert_true(zx_addr_equal(in[i].addr, &a));
    }
    assert_memory_equal(in[0].iov[0].base, "one", 3);
    assert_memory_equal(in[1].iov[0].base, "two", 3);
    /* No more than there is room for; the rest waits. */
    assert_int_equal(w->send(from, out, 3), 3);
    assert_int_equal(take(w, to, in, 2), 2);
    assert_int_equal(take(w, to, in, 2), 1);
    assert_int_equal(take(w, to, in, 1), -EAGAIN);
    /* One that cannot go ends the row; alone it is an error. */
    out[2].iov[0] = (struct zx_iov){vast, sizeof vast};
    assert_int_equal(w->send(from, out, 4), 2);
    assert_int_equal(w->send(from, out + 2, 2), -EMSGSIZE);
    assert_int_equal(w->send(from, out + 2, 1), -EMSGSIZE);
    assert_int_equal(w->send(from, out + 3, 1), 1);
    assert_int_equal(take(w, to, in, 4), 3);
    zx_sock_close(from);
    zx_sock_close(to);
}

static int option(int fd, int name) {
    unsigned char value = 99;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, IPPROTO_IP, name, &value, &size), 0);
    return value;
}

/* Two that share a port both hear the group. (The loopback interface brings back what is not to be
 * looped as well: who hears that is asked between two hosts, in tests/interop/udp.py.) */
static void groups(const struct ways *w) {
    struct zx_dgram_group g = {.index = 0};
    struct zx_addr any;
    int fd[2], quiet = zx_dgram_open(ZX_AF_INET), loud = zx_dgram_open(ZX_AF_INET);
    assert_int_equal(zx_addr_parse_ip(&g.addr, "239.192.7.81"), 0);
    assert_int_equal(zx_addr_parse_ip(&g.iface, "127.0.0.1"), 0);
    zx_addr_any(&any, ZX_AF_INET);
    for (int i = 0; i < 2; i++) {
        fd[i] = zx_dgram_open(ZX_AF_INET);
        assert_int_equal(w->share_port(fd[i]), 0);
        assert_int_equal(zx_sock_bind(fd[i], &any), 0);
        assert_int_equal(zx_sock_local(fd[i], &any), 0);
        assert_int_equal(w->join(fd[i], &g), 0);
    }
    zx_addr_set_port(&g.addr, zx_addr_port(&any));
    assert_int_equal(w->aim(quiet, &g, false, 1), 0);
    assert_int_equal(w->aim(loud, &g, true, 300), 0);
    assert_int_equal(option(quiet, IP_MULTICAST_LOOP), 0);
    assert_int_equal(option(quiet, IP_MULTICAST_TTL), 1);
    assert_int_equal(option(loud, IP_MULTICAST_LOOP), 1);
    assert_int_equal(option(loud, IP_MULTICAST_TTL), 255);
    struct zx_datagram out = {.addr = &g.addr, .iov = {{(void *)(uintptr_t) "l", 1}}, .n_iov = 1};
    struct zx_datagram in[2];
    assert_int_equal(w->send(loud, &out, 1), 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(take(w, fd[i], in, 2), 1);
        assert_int_equal(*(char *)in[0].iov[0].base, 'l');
        zx_sock_close(fd[i]);
    }
    zx_sock_close(quiet);
    zx_sock_close(loud);
}

static void rows_here(void **state) {
    (void)state;
    rows(&native);
}

static void rows_elsewhere(void **state) {
    (void)state;
    rows(&portable);
}

static void groups_here(void **state) {
    (void)state;
    groups(&native);
}

static void groups_elsewhere(void **state) {
    (void)state;
    groups(&portable);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_here),
        cmocka_unit_test(rows_elsewhere),
        cmocka_unit_test(groups_here),
        cmocka_unit_test(groups_elsewhere),
    };
    return cmocka_run_group_tests_name("os_datagram", tests, NULL, NULL);
}
