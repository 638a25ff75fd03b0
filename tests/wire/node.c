/* SPDX-License-Identifier: MIT */
#include "node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What this version of our library has not, it refuses with EINVAL (ENOTSUP for calls): such a
 * test is skipped aloud. Of other libraries everything is asked. */
static void skip_absent(const char *what) {
    print_message("SKIP: %s: %s is not in this version\n", wire_name, what);
    skip();
}

static bool is_security(int option) {
    static const int options[] = {ZMQ_CURVE_SERVER, ZMQ_CURVE_PUBLICKEY, ZMQ_CURVE_SECRETKEY,
                                  ZMQ_CURVE_SERVERKEY};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i] == option)
            return true;
    return false;
}

static void skip_absent_option(int option, int rc) {
    char what[40];
    if (rc == 0 || !wire_is_ours() || errno != EINVAL || !is_security(option))
        return;
    snprintf(what, sizeof what, "security option %d", option);
    skip_absent(what);
}

void node_skip_unsupported(int rc, const char *call) {
    if (rc != 0 && errno == ENOTSUP && wire_is_ours())
        skip_absent(call);
}

struct node *node_new(struct wire *w, int type) {
    void *sock = zmq_socket(w->ctx, type);
    struct node *n;
    wire_check(sock, "zmq_socket %d: %s", type, zmq_strerror(errno));
    n = calloc(1, sizeof *n);
    wire_check(n, "memory");
    n->world = w;
    n->sock = sock;
    node_set(n, ZMQ_LINGER, 0);
    for (size_t i = 0; i < WIRE_NODES; i++) {
        if (!w->nodes[i]) {
            w->nodes[i] = n;
            return n;
        }
    }
    wire_fail(__FILE__, __LINE__, "too many nodes");
}

void node_close(struct node *n) {
    for (size_t i = 0; i < WIRE_NODES; i++)
        if (n->world->nodes[i] == n)
            n->world->nodes[i] = NULL;
    if (n->monitor) {
        zmq_socket_monitor(n->sock, NULL, 0);
        zmq_close(n->monitor);
    }
    zmq_close(n->sock);
    free(n);
}

void node_set(struct node *n, int option, int value) {
    int rc = zmq_setsockopt(n->sock, option, &value, sizeof value);
    skip_absent_option(option, rc);
    wire_check(rc == 0, "option %d = %d: %s", option, value, zmq_strerror(errno));
}

void node_set_text(struct node *n, int option, const char *text) {
    int rc = zmq_setsockopt(n->sock, option, text, strlen(text));
    skip_absent_option(option, rc);
    wire_check(rc == 0, "option %d = %s: %s", option, text, zmq_strerror(errno));
}

int node_get(struct node *n, int option) {
    int value = 0;
    size_t size = sizeof value;
    wire_check(zmq_getsockopt(n->sock, option, &value, &size) == 0, "option %d: %s", option,
               zmq_strerror(errno));
    return value;
}

void node_bind(struct node *n) {
    char address[128];
    size_t size = sizeof n->endpoint;
    wire_fresh_address(n->world, address, sizeof address);
    wire_check(zmq_bind(n->sock, address) == 0, "bind %s: %s", address, zmq_strerror(errno));
    wire_check(zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, n->endpoint, &size) == 0, "endpoint");
}

void node_connect(struct node *n, const char *endpoint) {
    wire_check(zmq_connect(n->sock, endpoint) == 0, "connect %s: %s", endpoint,
               zmq_strerror(errno));
    snprintf(n->endpoint, sizeof n->endpoint, "%s", endpoint);
}

bool node_poll(struct node *n, short events, int timeout_ms) {
    int64_t end = wire_now_ms() + timeout_ms;
    zmq_pollitem_t item = {.socket = n->sock, .events = events};
    for (;;) {
        int64_t left = end - wire_now_ms();
        int rc = zmq_poll(&item, 1, left > 0 ? (long)left : 0);
        if (rc > 0 || (rc == 0 && left <= 0))
            return rc > 0;
        wire_check(rc == 0 || errno == EINTR, "poll: %s", zmq_strerror(errno));
    }
}

void node_send(struct node *n, const char *format, ...) {
    char *line = NULL;
    const char *text;
    struct bytes part;
    va_list args;
    va_start(args, format);
    if (vasprintf(&line, format, args) < 0)
        abort();
    va_end(args);
    text = line;
    while (script_next(&text, &part)) {
        if (!node_poll(n, ZMQ_POLLOUT, DEADLINE_MS) && text == NULL)
            wire_fail(__FILE__, __LINE__, "cannot send %s", line);
        wire_check(zmq_send(n->sock, part.data, part.len,
                            ZMQ_DONTWAIT | (text ? ZMQ_SNDMORE : 0)) == (int)part.len,
                   "send: %s", zmq_strerror(errno));
        bytes_free(&part);
    }
    free(line);
}

void node_receive_at(struct node *n, zmq_msg_t *msg, const char *file, int line) {
    int64_t end = wire_now_ms() + DEADLINE_MS;
    zmq_msg_init(msg);
    for (;;) {
        if (zmq_msg_recv(msg, n->sock, ZMQ_DONTWAIT) >= 0)
            return;
        if (errno != EAGAIN && errno != EINTR)
            wire_fail(file, line, "recv: %s", zmq_strerror(errno));
        if (wire_now_ms() > end)
            wire_fail(file, line, "no message comes");
        node_poll(n, ZMQ_POLLIN, (int)(end - wire_now_ms()));
    }
}

void node_expect_at(struct node *n, const char *file, int line, const char *format, ...) {
    char *text_buffer = NULL;
    const char *text;
    struct bytes want;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text_buffer, format, args) < 0)
        abort();
    va_end(args);
    text = text_buffer;
    while (script_next(&text, &want)) {
        zmq_msg_t msg;
        node_receive_at(n, &msg, file, line);
        if (!bytes_match(&want, zmq_msg_data(&msg), zmq_msg_size(&msg))) {
            bytes_print("expected part", want.data, want.len);
            bytes_print("got", zmq_msg_data(&msg), zmq_msg_size(&msg));
            wire_fail(file, line, "another message than expected");
        }
        if (zmq_msg_more(&msg) != (text != NULL))
            wire_fail(file, line, text ? "a part is missing" : "more parts than expected");
        zmq_msg_close(&msg);
        bytes_free(&want);
    }
    free(text_buffer);
}

void node_expect_nothing_at(struct node *n, int ms, const char *file, int line) {
    zmq_msg_t msg;
    zmq_msg_init(&msg);
    node_poll(n, ZMQ_POLLIN, ms);
    if (zmq_msg_recv(&msg, n->sock, ZMQ_DONTWAIT) >= 0) {
        bytes_print("got", zmq_msg_data(&msg), zmq_msg_size(&msg));
        wire_fail(file, line, "a message instead of none");
    }
    zmq_msg_close(&msg);
}

void node_watch(struct node *n) {
    static unsigned counter;
    char name[64];
    int zero = 0;
    snprintf(name, sizeof name, "inproc://monitor-%u", counter++);
    wire_check(zmq_socket_monitor(n->sock, name, ZMQ_EVENT_ALL) == 0, "monitor: %s",
               zmq_strerror(errno));
    n->monitor = zmq_socket(n->world->ctx, ZMQ_PAIR);
    wire_check(n->monitor && zmq_connect(n->monitor, name) == 0, "monitor: %s",
               zmq_strerror(errno));
    zmq_setsockopt(n->monitor, ZMQ_LINGER, &zero, sizeof zero);
}

int node_next_event(struct node *n, uint32_t *value, int timeout_ms) {
    uint8_t data[6];
    char address[300];
    uint16_t event;
    int64_t end = wire_now_ms() + timeout_ms;
    struct node eye = {.world = n->world, .sock = n->monitor};
    while (zmq_recv(n->monitor, data, sizeof data, ZMQ_DONTWAIT) < 0) {
        int64_t left = end - wire_now_ms();
        if (left <= 0)
            return 0;
        node_poll(&eye, ZMQ_POLLIN, (int)left);
    }
    wire_check(zmq_recv(n->monitor, address, sizeof address, ZMQ_DONTWAIT) >= 0,
               "an event without its address");
    memcpy(&event, data, sizeof event);
    if (value)
        memcpy(value, data + 2, sizeof *value);
    return event;
}

const char *node_event_name(int event) {
    static const char *const names[] = {
        "CONNECTED", "CONNECT_DELAYED", "CONNECT_RETRIED", "LISTENING", "BIND_FAILED",
        "ACCEPTED", "ACCEPT_FAILED", "CLOSED", "CLOSE_FAILED", "DISCONNECTED",
        "MONITOR_STOPPED", "HANDSHAKE_FAILED_NO_DETAIL", "HANDSHAKE_SUCCEEDED",
        "HANDSHAKE_FAILED_PROTOCOL", "HANDSHAKE_FAILED_AUTH"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (event == 1 << i)
            return names[i];
    return event ? "unknown" : "none";
}

uint32_t node_expect_event_at(struct node *n, int event, const char *file, int line) {
    uint32_t value = 0;
    int got = node_next_event(n, &value, DEADLINE_MS);
    if (got != event)
        wire_fail(file, line, "event %s (value 0x%x) instead of %s", node_event_name(got), value,
                  node_event_name(event));
    return value;
}

uint32_t node_await_event_at(struct node *n, int event, const char *file, int line) {
    uint32_t value = 0;
    int64_t end = wire_now_ms() + DEADLINE_MS;
    int got;
    do {
        got = node_next_event(n, &value, DEADLINE_MS);
        if (got == event)
            return value;
    } while (got && wire_now_ms() < end);
    wire_fail(file, line, "no event %s", node_event_name(event));
}
