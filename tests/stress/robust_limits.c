/* SPDX-License-Identifier: MIT */
/* Out of descriptors at every place where one is needed; each test in a process of its own, whose
 * limit is low: pitfalls.md §16.1, §16.3; monitor-poll-proxy.md §1.6. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "peer.h"

enum { MOST = 256, SILENT = 12 };

/* Descriptors taken away, to be given back. */
struct hoard {
    int fds[MOST];
    int count;
};

static void lower_limit(void) {
    struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};
    must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void take_all(struct hoard *h) {
    int fd;
    h->count = 0;
    while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0 && h->count < MOST)
        h->fds[h->count++] = fd;
    must(errno == EMFILE);
}

static void give_back(struct hoard *h, int count) {
    while (h->count && count--)
        close(h->fds[--h->count]);
}

static void *new_socket(void *ctx, int type) {
    int zero = 0;
    void *s = zmq_socket(ctx, type);
    must(s != NULL);
    must(zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero) == 0);
    return s;
}

static void *new_monitor(void *ctx, void *s) {
    void *m = new_socket(ctx, ZMQ_PAIR);
    must(zmq_socket_monitor(s, "inproc://events", ZMQ_EVENT_ALL) == 0);
    must(zmq_connect(m, "inproc://events") == 0);
    return m;
}

/* Number of events of this kind, until there are `most` or none at all has come for quiet_ms;
 * *value is that of the last one. */
static unsigned count_events(void *monitor, int event, unsigned most, int quiet_ms,
                             uint32_t *value) {
    unsigned count = 0;
    zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
    while (count < most && zmq_poll(&item, 1, quiet_ms) > 0) {
        uint8_t data[6];
        char address[200];
        uint16_t got;
        must(zmq_recv(monitor, data, sizeof data, 0) == 6);
        must(zmq_recv(monitor, address, sizeof address, 0) >= 0);
        memcpy(&got, data, 2);
        if (got == event) {
            count++;
            memcpy(value, data + 2, 4);
        }
    }
    return count;
}

static bool receive_text(void *s, const char *text, int timeout_ms) {
    char got[64] = "";
    zmq_pollitem_t item = {.socket = s, .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, timeout_ms) <= 0)
        return false;
    must(zmq_recv(s, got, sizeof got - 1, 0) >= 0);
    return strcmp(got, text) == 0;
}

static int64_t cpu_ms(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 +
           (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

/* No descriptor left when a peer comes: reported, no spinning, and made good when there is one.
 * The parent's peer waits in the kernel's queue meanwhile. */
static int at_accept(struct child *self, const char *address) {
    struct hoard h;
    void *ctx, *s, *m;
    char endpoint[200];
    size_t size = sizeof endpoint;
    uint32_t value = 0;
    int64_t cpu, began;
    unsigned failures;
    lower_limit();
    ctx = zmq_ctx_new();
    s = new_socket(ctx, ZMQ_PULL);
    m = new_monitor(ctx, s);
    must(zmq_bind(s, address) == 0);
    must(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    must(!receive_text(s, "", 10)); /* whatever it opens for waiting is open now */
    take_all(&h);
    began = wire_now_ms();
    child_tell(self, endpoint);
    child_hear(self, endpoint, sizeof endpoint); /* the peer has connected */
    cpu = cpu_ms();
    must(!receive_text(s, "", 500));
    must(cpu_ms() - cpu < 250); /* no spinning */
    failures = count_events(m, ZMQ_EVENT_ACCEPT_FAILED, 1000, 0, &value);
    /* Tried again every 100 ms, no more often, whoever looks at the descriptors meanwhile. */
    must(failures >= 1 && failures <= 3 + (wire_now_ms() - began) / 100);
    must(value == EMFILE);
    give_back(&h, 8);
    must(receive_text(s, "at last", DEADLINE_MS));
    give_back(&h, MOST);
    zmq_close(m);
    zmq_close(s);
    must(zmq_ctx_term(ctx) == 0);
    return 0;
}

static void no_descriptor_at_accept(void **state) {
    struct child c;
    struct peer *p;
    char address[200];
    wire_ours_only("libzmq spins on tcp and aborts on ipc");
    wire_fresh_address(*state, address, sizeof address);
    c = child_start(at_accept, address);
    child_hear(&c, address, sizeof address);
    p = peer_connect(*state, address);
    child_tell(&c, "connected");
    peer_shake(p, "PUSH");
    peer_send(p, "<00 'at last'>");
    child_finish(&c);
}

/* Peers that say nothing have taken all descriptors: after a while they make room. */
static int among_the_silent(struct child *self, const char *address) {
    struct hoard h;
    void *ctx, *s;
    char endpoint[200];
    size_t size = sizeof endpoint;
    int zero = 0;
    lower_limit();
    ctx = zmq_ctx_new();
    s = new_socket(ctx, ZMQ_PULL);
    must(zmq_setsockopt(s, ZMQ_HANDSHAKE_IVL, &zero, sizeof zero) == 0);
    must(zmq_bind(s, address) == 0);
    must(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    must(!receive_text(s, "", 10)); /* whatever it opens for waiting is open now */
    take_all(&h);
    give_back(&h, SILENT / 2);
    child_tell(self, endpoint);
    must(receive_text(s, "service", DEADLINE_MS));
    give_back(&h, MOST);
    zmq_close(s);
    must(zmq_ctx_term(ctx) == 0);
    return 0;
}

static void no_descriptor_among_the_silent(void **state) {
    struct child c;
    struct peer *p;
    char address[200];
    wire_ours_only("libzmq spins on tcp and aborts on ipc");
    wire_fresh_address(*state, address, sizeof address);
    c = child_start(among_the_silent, address);
    child_hear(&c, address, sizeof address);
    for (int i = 0; i < SILENT; i++)
        (void)peer_connect(*state, address);
    p = peer_connect(*state, address);
    peer_shake(p, "PUSH");
    peer_send(p, "<00 'service'>");
    child_finish(&c);
}

/* No descriptor for the connection itself: zmq_connect may say so, or try again later. */
static int at_connect(struct child *self, const char *address) {
    struct hoard h;
    void *ctx, *s, *m;
    int ivl = 10, rc;
    uint32_t delay;
    lower_limit();
    ctx = zmq_ctx_new();
    s = new_socket(ctx, ZMQ_PUSH);
    m = new_monitor(ctx, s);
    must(zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &ivl, sizeof ivl) == 0);
    take_all(&h);
    rc = zmq_connect(s, address);
    must(rc == 0 || zmq_errno() == EMFILE);
    must(rc || zmq_send(s, "kept", 4, ZMQ_DONTWAIT) == 4);
    child_tell(self, "tried");
    for (unsigned attempts = 0; rc == 0 && attempts < 3; attempts++)
        must(count_events(m, ZMQ_EVENT_CONNECT_RETRIED, 1, DEADLINE_MS, &delay) == 1);
    give_back(&h, MOST);
    if (rc) {
        must(zmq_connect(s, address) == 0);
        must(zmq_send(s, "kept", 4, ZMQ_DONTWAIT) == 4);
    }
    child_hear(self, (char[8]){0}, 8); /* until the parent has seen it */
    zmq_close(m);
    zmq_close(s);
    must(zmq_ctx_term(ctx) == 0);
    return 0;
}

static void no_descriptor_at_connect(void **state) {
    struct peer *l = peer_listen(*state), *p;
    char line[32];
    struct child c;
    wire_ours_only("libzmq may abort");
    c = child_start(at_connect, l->address);
    child_hear(&c, line, sizeof line);
    p = peer_accept(l);
    peer_shake(p, "PULL");
    peer_expect(p, "<00 'kept'>");
    child_tell(&c, "seen");
    child_finish(&c);
}

/* Contexts and sockets: NULL or a later error, EMFILE, never the end of the process. */
static int at_creation(struct child *self, const char *arg) {
    struct hoard h;
    (void)self;
    (void)arg;
    lower_limit();
    for (int spare = 0; spare < 12; spare++) {
        void *ctx, *s[3] = {NULL, NULL, NULL};
        take_all(&h);
        give_back(&h, spare);
        ctx = zmq_ctx_new();
        must(ctx || zmq_errno() == EMFILE);
        for (int i = 0; ctx && i < 3; i++) {
            static const int types[] = {ZMQ_PULL, ZMQ_ROUTER, ZMQ_SUB};
            char byte;
            int timeout = 5, rc;
            s[i] = zmq_socket(ctx, types[i]);
            must(s[i] || zmq_errno() == EMFILE);
            if (!s[i])
                continue;
            rc = zmq_bind(s[i], i == 1 ? "ipc://*" : "tcp://127.0.0.1:*");
            must(rc == 0 || zmq_errno() == EMFILE);
            rc = zmq_connect(s[i], "inproc://somebody");
            must(rc == 0 || zmq_errno() == EMFILE);
            must(zmq_setsockopt(s[i], ZMQ_RCVTIMEO, &timeout, sizeof timeout) == 0);
            rc = zmq_recv(s[i], &byte, 1, 0);
            must(rc == -1 && (zmq_errno() == EAGAIN || zmq_errno() == EMFILE));
            rc = zmq_socket_monitor(s[i], "inproc://m", ZMQ_EVENT_ALL);
            must(rc == 0 || zmq_errno() == EMFILE);
            zmq_socket_monitor(s[i], NULL, 0);
        }
        for (int i = 0; i < 3; i++)
            if (s[i])
                must(zmq_close(s[i]) == 0);
        if (ctx)
            must(zmq_ctx_term(ctx) == 0);
        give_back(&h, MOST);
    }
    return 0;
}

static void no_descriptor_at_creation(void **state) {
    struct child c;
    (void)state;
    wire_ours_only("libzmq may abort");
    c = child_start(at_creation, NULL);
    child_finish(&c);
}

/* Sockets that exist go on when all descriptors are gone. */
static int in_the_middle(struct child *self, const char *address) {
    struct hoard h;
    void *ctx, *a, *b;
    char endpoint[200], text[32];
    size_t size = sizeof endpoint;
    (void)self;
    lower_limit();
    ctx = zmq_ctx_new();
    a = new_socket(ctx, ZMQ_PUSH);
    b = new_socket(ctx, ZMQ_PULL);
    must(zmq_bind(b, address) == 0);
    must(zmq_getsockopt(b, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    must(zmq_connect(a, endpoint) == 0);
    must(zmq_send(a, "first", 5, 0) == 5);
    must(receive_text(b, "first", DEADLINE_MS));
    take_all(&h);
    for (int i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "message %d", i);
        must(zmq_send(a, text, strlen(text), 0) == (int)strlen(text));
        must(receive_text(b, text, DEADLINE_MS));
    }
    zmq_close(a);
    zmq_close(b);
    must(zmq_ctx_term(ctx) == 0);
    return 0;
}

static void no_descriptor_in_the_middle(void **state) {
    char address[200];
    struct child c;
    wire_fresh_address(*state, address, sizeof address);
    c = child_start(in_the_middle, address);
    child_finish(&c);
}

/* ZMQ_MAX_SOCKETS is a limit too: EMFILE, and a closed socket makes room. */
static void too_many_sockets(void **state) {
    struct wire *w = *state;
    void *s[20];
    assert_int_equal(zmq_ctx_set(w->ctx, ZMQ_MAX_SOCKETS, 20), 0);
    for (int i = 0; i < 20; i++)
        assert_non_null(s[i] = zmq_socket(w->ctx, ZMQ_PULL));
    assert_null(zmq_socket(w->ctx, ZMQ_PULL));
    assert_int_equal(zmq_errno(), EMFILE);
    for (int i = 0; i < 20; i++)
        zmq_close(s[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(no_descriptor_at_accept),
        ON_BOTH(no_descriptor_among_the_silent),
        ON_BOTH(no_descriptor_at_connect),
        ON_TCP(no_descriptor_at_creation),
        ON_BOTH(no_descriptor_in_the_middle),
        ON_TCP(too_many_sockets),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
