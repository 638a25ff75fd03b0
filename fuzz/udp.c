/* SPDX-License-Identifier: MIT */
/*
 * udp: [switches][bytes]: a datagram, taken apart, then sent to a DISH and a DGRAM over loopback;
 * by a RADIO and the DGRAM to a bare socket; and the same bytes as an endpoint and
 * as an address. Behind each goes one that says that all before it has been seen.
 */
#ifndef ZMQ_BUILD_DRAFT_API
#define ZMQ_BUILD_DRAFT_API 1
#endif
#include "fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/transport.h"
#include "transports/udp_codec.h"
#include "zmq.h"
#include "zmqx.h"

enum { STRETCH = 1, IPV6 = 2, BIND = 4, PATIENCE_MS = 20000, LONGEST = 9216, MOST = 8192 };

static struct bed {
    void *ctx, *dish, *radio, *dgram;
    int fd;
    char self[64];         /* of fd, as an address frame */
    struct sockaddr_in to_dish, to_dgram;
    uint64_t dish_refused, radio_refused, dgram_refused;
    uint32_t turn;
} bed;

/* ---- a bare socket and three of ours ---------------------------------------- */

static void bind_to(void *s, struct sockaddr_in *where) {
    char at[128];
    size_t n = sizeof at;
    FUZZ_CHECK(!zmq_bind(s, "udp://127.0.0.1:*"));
    FUZZ_CHECK(!zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, at, &n));
    *where = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)atoi(strrchr(at, ':') + 1))};
}

static void *open_socket(int type) {
    int patience = PATIENCE_MS, linger = 0;
    void *s = zmq_socket(bed.ctx, type);
    FUZZ_CHECK(s);
    FUZZ_CHECK(!zmq_setsockopt(s, ZMQ_RCVTIMEO, &patience, sizeof patience));
    FUZZ_CHECK(!zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger));
    return s;
}

static void close_bed(void) {
    zmq_close(bed.dish);
    zmq_close(bed.radio);
    zmq_close(bed.dgram);
    zmq_ctx_term(bed.ctx);
    close(bed.fd);
}

static void open_bed(void) {
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof self;
    char to[80];
    if (bed.ctx)
        return;
    bed.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    FUZZ_CHECK(bed.fd >= 0 && !bind(bed.fd, (struct sockaddr *)&self, n));
    FUZZ_CHECK(!getsockname(bed.fd, (struct sockaddr *)&self, &n));
    snprintf(bed.self, sizeof bed.self, "127.0.0.1:%d", ntohs(self.sin_port));
    snprintf(to, sizeof to, "udp://%s", bed.self);
    bed.ctx = zmq_ctx_new();
    bed.dish = open_socket(ZMQ_DISH);
    bed.radio = open_socket(ZMQ_RADIO);
    bed.dgram = open_socket(ZMQ_DGRAM);
    FUZZ_CHECK(!zmq_join(bed.dish, "") && !zmq_join(bed.dish, "g") && !zmq_join(bed.dish, "end"));
    bind_to(bed.dish, &bed.to_dish);
    bind_to(bed.dgram, &bed.to_dgram);
    FUZZ_CHECK(!zmq_connect(bed.radio, to));
    atexit(close_bed);
}

static uint64_t refused_since(void *s, uint64_t *before) {
    uint64_t n = 0, was = *before;
    size_t size = sizeof n;
    FUZZ_CHECK(!zmq_getsockopt(s, ZMQX_DATAGRAMS_REFUSED, &n, &size));
    *before = n;
    return n - was;
}

static void send_bare(const struct sockaddr_in *to, const uint8_t *data, size_t size) {
    FUZZ_CHECK(sendto(bed.fd, data, size, 0, (const struct sockaddr *)to, sizeof *to) ==
               (ssize_t)size);
}

static void recv_bare(const uint8_t *data, size_t size) {
    static uint8_t got[LONGEST];
    struct pollfd p = {bed.fd, POLLIN, 0};
    FUZZ_CHECK(poll(&p, 1, PATIENCE_MS) == 1);
    FUZZ_CHECK(recv(bed.fd, got, sizeof got, 0) == (ssize_t)size);
    FUZZ_CHECK(!size || !memcmp(got, data, size));
}

/* ---- to a DISH ---------------------------------------------------------------- */

static void dish_hears(const char *group, size_t group_size, const uint8_t *body, size_t size) {
    zmq_msg_t m;
    zmq_msg_init(&m);
    FUZZ_CHECK(zmq_msg_recv(&m, bed.dish, 0) == (int)size);
    FUZZ_CHECK(strlen(zmq_msg_group(&m)) == group_size);
    FUZZ_CHECK(!group_size || !memcmp(zmq_msg_group(&m), group, group_size));
    FUZZ_CHECK(!size || !memcmp(zmq_msg_data(&m), body, size));
    zmq_msg_close(&m);
}

static bool is_joined(const char *group, size_t size) {
    return !size || (size == 1 && *group == 'g') || (size == 3 && !memcmp(group, "end", 3));
}

static void to_dish(const uint8_t *data, size_t size) {
    uint8_t end[8] = {3, 'e', 'n', 'd'};
    bool is_good = size && size <= MOST && (size_t)data[0] + 1 <= size;
    memcpy(end + 4, &bed.turn, 4);
    send_bare(&bed.to_dish, data, size);
    send_bare(&bed.to_dish, end, sizeof end);
    if (is_good && is_joined((const char *)data + 1, data[0]))
        dish_hears((const char *)data + 1, data[0], data + 1 + data[0], size - 1 - data[0]);
    dish_hears("end", 3, end + 4, 4);
    FUZZ_CHECK(refused_since(bed.dish, &bed.dish_refused) == !is_good);
}

/* ---- to and from a DGRAM -------------------------------------------------------- */

static void dgram_hears(const uint8_t *body, size_t size) {
    static uint8_t got[LONGEST];
    char from[64];
    FUZZ_CHECK(zmq_recv(bed.dgram, from, sizeof from, 0) == (int)strlen(bed.self) + 1);
    FUZZ_CHECK(!strcmp(from, bed.self));
    FUZZ_CHECK(zmq_recv(bed.dgram, got, sizeof got, 0) == (int)size);
    FUZZ_CHECK(!size || !memcmp(got, body, size));
}

static void to_dgram(const uint8_t *data, size_t size) {
    send_bare(&bed.to_dgram, data, size);
    send_bare(&bed.to_dgram, (uint8_t *)&bed.turn, 4);
    if (size <= MOST)
        dgram_hears(data, size);
    dgram_hears((uint8_t *)&bed.turn, 4);
    FUZZ_CHECK(refused_since(bed.dgram, &bed.dgram_refused) == (size > MOST));
}

static void from_dgram(const uint8_t *data, size_t size) {
    FUZZ_CHECK(zmq_send(bed.dgram, bed.self, strlen(bed.self), ZMQ_SNDMORE) > 0);
    int rc = zmq_send(bed.dgram, data, size, 0);
    FUZZ_CHECK(size <= MOST ? rc == (int)size : rc == -1 && errno == EMSGSIZE);
    if (size <= MOST)
        recv_bare(data, size);
    else
        FUZZ_CHECK(!zmq_send(bed.dgram, "", 0, 0));
    if (size > MOST)
        recv_bare(NULL, 0);
}

/* ---- from a RADIO ----------------------------------------------------------------- */

static void radio_says(const char *group, const uint8_t *body, size_t size) {
    zmq_msg_t m;
    FUZZ_CHECK(!zmq_msg_init_size(&m, size));
    if (size)
        memcpy(zmq_msg_data(&m), body, size);
    FUZZ_CHECK(!zmq_msg_set_group(&m, group));
    FUZZ_CHECK(zmq_msg_send(&m, bed.radio, 0) == (int)size);
}

/* A group is a C string, no longer than a byte can say. */
static void from_radio(const uint8_t *data, size_t size) {
    static const uint8_t end[] = "\3end";
    char group[256] = "";
    size_t n = size && data[0] < size ? data[0] : 0;
    if (n)
        memcpy(group, data + 1, n);
    n = strlen(group);
    radio_says(group, data, size);
    radio_says("end", NULL, 0);
    bool fits = 1 + n + size <= MOST;
    if (fits) {
        uint8_t *want = malloc(1 + n + size);
        if (!want)
            abort();
        want[0] = (uint8_t)n;
        memcpy(want + 1, group, n);
        if (size)
            memcpy(want + 1 + n, data, size);
        recv_bare(want, 1 + n + size);
        free(want);
    }
    recv_bare(end, 4);
    FUZZ_CHECK(refused_since(bed.radio, &bed.radio_refused) == !fits);
}

/* ---- without a socket --------------------------------------------------------------- */

static void split(const uint8_t *data, size_t size) {
    struct zx_udp_parts p;
    uint8_t *copy = fuzz_copy(data, size);
    int rc = zx_udp_split(copy, size, &p);
    FUZZ_CHECK(rc == 0 || rc == -EPROTO);
    if (!rc) {
        FUZZ_CHECK(p.group == copy + 1 && p.body == p.group + p.group_size);
        FUZZ_CHECK(1 + p.group_size + p.body_size == size && p.group_size == data[0]);
        FUZZ_CHECK((zx_udp_may_send(p.group_size, p.body_size) == 0) == (size <= MOST));
    }
    free(copy);
}

/* What an address is written as is read as the same. */
static void address(const uint8_t *data, size_t size) {
    struct zx_addr a, again;
    char text[80];
    uint8_t *copy = fuzz_copy(data, size);
    int rc = zx_addr_parse_ip_port(&a, (const char *)copy, size);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL);
    if (!rc) {
        int n = zx_addr_ip_port_text(&a, text, sizeof text);
        FUZZ_CHECK(n > 0 && zx_addr_port(&a));
        FUZZ_CHECK(!zx_addr_parse_ip_port(&again, text, (size_t)n));
        zx_addr_unmap_v4(&a);
        FUZZ_CHECK(zx_addr_equal(&a, &again));
    }
    free(copy);
}

static void endpoint(const uint8_t *data, size_t size, uint8_t switches) {
    static struct zx_conf conf;
    char *text = malloc(size + sizeof "udp://");
    if (!text)
        abort();
    memcpy(text, "udp://", 6);
    if (size)
        memcpy(text + 6, data, size);
    text[6 + size] = '\0';
    conf.net.ipv6 = switches & IPV6;
    int rc = zx_udp_ops.check(&conf, text + 6, switches & BIND);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ENODEV);
    if (rc)
        FUZZ_CHECK(!zx_udp_ops.same_bound(&conf, text, text) || switches & BIND);
    (void)zx_udp_ops.same_bound(&conf, text, "udp://127.0.0.1:1");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t large[LONGEST];
    struct fuzz_input in = {data, size};
    uint8_t switches = fuzz_byte(&in);
    open_bed();
    bed.turn++;
    address(in.data, in.left);
    endpoint(in.data, in.left, switches);
    if (switches & STRETCH) { /* as long as its first two bytes say */
        size_t n = (size_t)fuzz_byte(&in) << 8;
        n = (n | fuzz_byte(&in)) % (LONGEST + 1);
        for (size_t i = 0; i < n; i++)
            large[i] = in.left ? in.data[i % in.left] : 0;
        in = (struct fuzz_input){large, n};
    }
    in.left = in.left < LONGEST ? in.left : LONGEST;
    split(in.data, in.left);
    to_dish(in.data, in.left);
    to_dgram(in.data, in.left);
    from_dgram(in.data, in.left);
    from_radio(in.data, in.left);
    return 0;
}
