/* SPDX-License-Identifier: MIT */
#include "kit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

enum { FRAME_MAX = 1600000, FRAMES = 3, SLICE_MS = 10, PATIENCE_MS = 5000 };

_Noreturn void kit_fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(fault->verdict, sizeof fault->verdict, format, args);
    va_end(args);
    _exit(3);
}

void kit_refused(const char *call) {
    static int refusals;
    int err = errno;
    if (!fault_has_fired())
        kit_fail("%s: %s, before any fault", call, zmq_strerror(err));
    if (err != fault->err)
        kit_fail("%s: %s", call, zmq_strerror(err));
    if (++refusals > 1)
        kit_fail("%s: %s, a second time", call, zmq_strerror(err));
}

void *kit_ctx(void) {
    void *ctx;
    while (!(ctx = zmq_ctx_new()))
        kit_refused("zmq_ctx_new");
    return ctx;
}

void kit_term(void *ctx) {
    MUST(zmq_ctx_term(ctx));
}

void kit_set(void *sock, int option, int value) {
    MUST(zmq_setsockopt(sock, option, &value, sizeof value));
}

void *kit_socket(void *ctx, int type) {
    void *sock;
    while (!(sock = zmq_socket(ctx, type)))
        kit_refused("zmq_socket");
    kit_set(sock, ZMQ_RECONNECT_IVL, 1);
    kit_set(sock, ZMQ_LINGER, 0);
    return sock;
}

void kit_close(void *sock) {
    MUST(zmq_close(sock));
}

static const char *fresh(const char *transport) {
    static char text[KIT_ENDPOINT];
    static int n;
    unsigned id = (unsigned)getpid();
    if (!strcmp(transport, "tcp") || !strcmp(transport, "ws") || !strcmp(transport, "udp"))
        /* an address of our own: nobody else's port is freed there */
        snprintf(text, sizeof text, "%s://127.%u.%u.%u:*", transport, 1 + (id >> 14 & 127),
                 id >> 7 & 127, 1 + (id & 127));
    else if (!strcmp(transport, "vmci"))
        snprintf(text, sizeof text, "vmci://@:*");
    else if (!strcmp(transport, "tipc"))
        snprintf(text, sizeof text, "tipc://<*>");
    else if (!strcmp(transport, "ipc"))
        snprintf(text, sizeof text, "ipc://@zx-oom-%ld-%d", (long)getpid(), ++n);
    else
        snprintf(text, sizeof text, "inproc://zx-oom-%d", ++n);
    return text;
}

void kit_bind(void *sock, const char *transport, char endpoint[KIT_ENDPOINT]) {
    size_t size = KIT_ENDPOINT;
    const char *at = fresh(transport);
    MUST(zmq_bind(sock, at));
    MUST(zmq_getsockopt(sock, ZMQ_LAST_ENDPOINT, endpoint, &size));
}

void kit_free_address(void *ctx, const char *transport, char endpoint[KIT_ENDPOINT]) {
    if (!strcmp(transport, "ipc") || !strcmp(transport, "inproc")) {
        snprintf(endpoint, KIT_ENDPOINT, "%s", fresh(transport));
        return;
    }
    void *sock = kit_socket(ctx, ZMQ_PULL);
    kit_bind(sock, transport, endpoint);
    MUST(zmq_unbind(sock, endpoint));
    kit_close(sock);
}

static int poll_once(void *sock, int timeout_ms) {
    zmq_pollitem_t item = {.socket = sock, .events = ZMQ_POLLIN};
    int n;
    while ((n = zmq_poll(&item, 1, timeout_ms)) == -1)
        kit_refused("zmq_poll");
    return n;
}

bool kit_await(void *sock) {
    /* In slices: once the fault is there, what is waited for may be lost. */
    for (int ms = 0; ms < PATIENCE_MS; ms += SLICE_MS) {
        bool had_fired = fault_has_fired();
        if (poll_once(sock, SLICE_MS) > 0)
            return true;
        if (had_fired)
            return false;
    }
    kit_fail("nothing comes");
}

bool kit_poll(void *sock, int timeout_ms) {
    return poll_once(sock, timeout_ms) > 0;
}

/* ---- messages ---- */

/* Sizes of the frames of message i; their number. */
static int shape(uint32_t i, size_t size[FRAMES]) {
    static const size_t large[] = {9000, 70000, 300, 1500000};
    size[0] = 4;
    size[1] = i % 5 == 2 ? large[i / 5 % 4] : i % 5 == 4 ? 40 : i % 7;
    size[2] = i % 3 ? 10 : 500;
    return 1 + (int)(i % 3);
}

static void fill(uint8_t *p, size_t size, uint32_t i, int frame) {
    if (frame == 0)
        memcpy(p, &i, size);
    else
        memset(p, (int)((i * 3 + (uint32_t)frame) & 255), size);
}

/* A frame by zmq_send, zmq_msg_send or zmq_send_const: whatever i says. 0, or errno. */
static int send_frame(void *sock, uint32_t i, int frame, size_t size, int flags) {
    static uint8_t buf[FRAME_MAX];
    if ((i + (uint32_t)frame) % 2) {
        fill(buf, size, i, frame);
        return zmq_send(sock, buf, size, flags) == (int)size ? 0 : errno;
    }
    zmq_msg_t msg;
    MUST(zmq_msg_init_size(&msg, size));
    fill(zmq_msg_data(&msg), size, i, frame);
    int rc = zmq_msg_send(&msg, sock, flags) == (int)size ? 0 : errno;
    MUST(zmq_msg_close(&msg));
    return rc;
}

static int send_once(void *sock, const void *prefix, size_t prefix_size, uint32_t i) {
    size_t size[FRAMES];
    int n = shape(i, size), rc = 0;
    if (prefix && zmq_send(sock, prefix, prefix_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) == -1)
        rc = errno;
    for (int f = 0; f < n && !rc; f++)
        rc = send_frame(sock, i, f, size[f], ZMQ_DONTWAIT | (f + 1 < n ? ZMQ_SNDMORE : 0));
    return rc;
}

bool kit_send(void *sock, const void *prefix, size_t prefix_size, uint32_t i) {
    for (;;) {
        int rc = send_once(sock, prefix, prefix_size, i);
        if (!rc)
            return true;
        if (rc == EAGAIN)
            return false;
        errno = rc;
        if (rc != EHOSTUNREACH || !fault_has_fired())
            kit_refused("zmq_send");
        else
            return false; /* a ROUTER's peer is gone for the moment */
    }
}

static void check_frame(const uint8_t *p, size_t size, uint32_t i, int frame, size_t expected) {
    if (size != expected)
        kit_fail("message %u, frame %d: %zu bytes instead of %zu", i, frame, size, expected);
    for (size_t k = 0; frame && k < size; k++)
        if (p[k] != ((i * 3 + (uint32_t)frame) & 255))
            kit_fail("message %u, frame %d: byte %zu is wrong", i, frame, k);
}

/* One frame, ENOMEM once allowed; false: nothing there in time. */
static bool recv_frame(void *sock, zmq_msg_t *msg) {
    while (zmq_msg_recv(msg, sock, 0) == -1) {
        if (errno == EAGAIN)
            return false;
        kit_refused("zmq_msg_recv");
    }
    return true;
}

int64_t kit_recv(void *sock, const void *prefix, size_t prefix_size, int timeout_ms) {
    zmq_msg_t msg;
    size_t size[FRAMES];
    uint32_t i = 0;
    kit_set(sock, ZMQ_RCVTIMEO, timeout_ms);
    MUST(zmq_msg_init(&msg));
    bool got = recv_frame(sock, &msg);
    if (got && prefix) {
        if (zmq_msg_size(&msg) != prefix_size || memcmp(zmq_msg_data(&msg), prefix, prefix_size))
            kit_fail("a message begins with %zu other bytes", zmq_msg_size(&msg));
        if (!zmq_msg_more(&msg) || !recv_frame(sock, &msg))
            kit_fail("a message ends early");
    }
    if (got) {
        if (zmq_msg_size(&msg) != 4)
            kit_fail("a first frame of %zu bytes", zmq_msg_size(&msg));
        memcpy(&i, zmq_msg_data(&msg), 4);
        int n = shape(i, size);
        for (int f = 0; f < n; f++) {
            if (f && !recv_frame(sock, &msg))
                kit_fail("message %u ends early", i);
            check_frame(zmq_msg_data(&msg), zmq_msg_size(&msg), i, f, size[f]);
            if (!zmq_msg_more(&msg) != (f + 1 == n))
                kit_fail("message %u has other frames", i);
        }
    }
    MUST(zmq_msg_close(&msg));
    return got ? (int64_t)i : -1;
}

enum { NUMBERS = 1 << 16 };

static struct {
    int64_t last[2]; /* of each connection */
    bool seen[NUMBERS];
} order;

void kit_order_from(int64_t first) {
    order.last[0] = order.last[1] = first - 1;
    memset(order.seen, 0, sizeof order.seen);
}

void kit_in_order(int64_t i) {
    int of = order.last[1] > order.last[0]; /* the one that is further, if i can be its next */
    if (i <= order.last[of] && fault_has_fired())
        of = !of;
    if (i <= order.last[of])
        kit_fail("message %lld after %lld and %lld", (long long)i, (long long)order.last[0],
                 (long long)order.last[1]);
    if (i < NUMBERS && order.seen[i])
        kit_fail("message %lld twice", (long long)i);
    if (i < NUMBERS)
        order.seen[i] = true;
    order.last[of] = i;
}

void kit_stream_on(void *from, void *to, struct kit_stream *s, uint32_t n, bool may_lose) {
    uint32_t arrived = 0;
    int64_t last = (int64_t)s->arrived - 1;
    kit_order_from(s->arrived);
    while (arrived < n) {
        /* Some ahead, but not without end while the connection is away. */
        if (may_lose || s->sent < s->arrived + 4 || fault_has_fired())
            s->sent += kit_send(from, NULL, 0, s->sent);
        int64_t i = kit_recv(to, NULL, 0, 5);
        if (i < 0)
            continue;
        kit_in_order(i);
        if (i != last + 1 && !may_lose && !fault_has_fired())
            kit_fail("message %lld is lost", (long long)last + 1);
        last = i;
        if ((uint32_t)i >= s->arrived)
            s->arrived = (uint32_t)i + 1;
        arrived++;
    }
}

void kit_stream(void *from, void *to, uint32_t n) {
    struct kit_stream s = {0, 0};
    kit_stream_on(from, to, &s, n, false);
}
