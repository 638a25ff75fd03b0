/* SPDX-License-Identifier: MIT */
/*
 * A call that succeeds leaves errno as it was, also where it asked the system for what was not
 * there yet, or waited. Other libraries change it with nearly every call.
 */
#define _GNU_SOURCE
#include "zx_api.h"

#include <unistd.h>

enum { BEFORE = 4242, MANY = 2000 };

/* errno after a call that must succeed. */
#define KEEPS(label, call)                                                                         \
    do {                                                                                           \
        errno = BEFORE;                                                                            \
        long said = (long)(call);                                                                  \
        int after = errno;                                                                         \
        zx_check_str(label, "4242", said < 0 ? zx_err(-1) : zx_num(after));                        \
    } while (0)

static void contexts(void) {
    void *ctx = NULL, *s = NULL;
    errno = BEFORE;
    ctx = zmq_ctx_new();
    zx_check_int("zmq_ctx_new", BEFORE, errno);
    KEEPS("zmq_ctx_set", zmq_ctx_set(ctx, ZMQ_IO_THREADS, 2));
    KEEPS("zmq_ctx_get", zmq_ctx_get(ctx, ZMQ_IO_THREADS));
    errno = BEFORE;
    s = zmq_socket(ctx, ZMQ_PULL);
    zx_check_int("zmq_socket", BEFORE, errno);
    KEEPS("zmq_bind", zmq_bind(s, "tcp://127.0.0.1:*"));
    KEEPS("zmq_close", zmq_close(s));
    KEEPS("zmq_ctx_shutdown", zmq_ctx_shutdown(ctx));
    KEEPS("zmq_ctx_term", zmq_ctx_term(ctx));
}

static void endpoints(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH);
    char at[256];
    size_t size = sizeof at;
    KEEPS("zmq_bind", zmq_bind(a, zx_new_endpoint()));
    KEEPS("ZMQ_LAST_ENDPOINT", zmq_getsockopt(a, ZMQ_LAST_ENDPOINT, at, &size));
    KEEPS("zmq_connect", zmq_connect(b, at));
    KEEPS("zmq_disconnect", zmq_disconnect(b, at));
    KEEPS("zmq_unbind", zmq_unbind(a, at));
}

/* Connections that cannot be made at once, or ever. */
static void connects(void) {
    void *s = zx_socket(ZMQ_PUSH);
    KEEPS("tcp", zmq_connect(s, zx_dead_tcp()));
    KEEPS("by name", zmq_connect(s, "tcp://localhost:9"));
    KEEPS("ipc", zmq_connect(s, zx_unique("ipc:///tmp/")));
    KEEPS("inproc", zmq_connect(s, zx_unique("inproc://")));
}

static void requests(void) {
    void *rep = zx_socket(ZMQ_REP), *req = zx_socket(ZMQ_REQ);
    char c;
    zx_link(rep, req);
    for (int i = 0; i < MANY; i++) {
        KEEPS("zmq_send of REQ", zmq_send(req, "?", 1, 0));
        KEEPS("zmq_recv of REP", zmq_recv(rep, &c, 1, 0));
        KEEPS("zmq_send of REP", zmq_send(rep, "!", 1, 0));
        KEEPS("zmq_recv of REQ", zmq_recv(req, &c, 1, 0));
    }
}

static void bursts(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);
    zmq_msg_t msg;
    zx_link(pull, push);
    for (int i = 0; i < MANY; i++) {
        KEEPS("zmq_msg_init_size", zmq_msg_init_size(&msg, i % 100 ? 10 : 300000));
        memset(zmq_msg_data(&msg), 0, zmq_msg_size(&msg));
        KEEPS("zmq_msg_send", zmq_msg_send(&msg, push, 0));
        if (i % 4)
            continue;
        zmq_msg_init(&msg);
        KEEPS("zmq_msg_recv", zmq_msg_recv(&msg, pull, 0));
        KEEPS("zmq_msg_close", zmq_msg_close(&msg));
    }
}

static void waits(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);
    zmq_pollitem_t items[2] = {{.socket = pull, .events = ZMQ_POLLIN}, {.events = ZMQ_POLLIN}};
    int pipes[2];
    char c;
    zx_link(pull, push);
    zx_ok(pipe(pipes));
    items[1].fd = pipes[0];
    KEEPS("nothing at once", zmq_poll(items, 1, 0));
    KEEPS("nothing in time", zmq_poll(items, 1, 10));
    KEEPS("nothing of a descriptor", zmq_poll(items, 2, 10));
    zx_ok(zmq_send(push, "x", 1, 0));
    KEEPS("something", zmq_poll(items, 2, ZX_LONG_MS));
    KEEPS("zmq_recv", zmq_recv(pull, &c, 1, 0));
    KEEPS("ZMQ_FD", zx_get_int(pull, ZMQ_FD));
    KEEPS("ZMQ_EVENTS", zx_get_int(pull, ZMQ_EVENTS));
    zx_ok(zmq_send(push, "x", 1, 0));
    KEEPS("with ZMQ_FD out", zmq_recv(pull, &c, 1, 0));
    KEEPS("nothing with ZMQ_FD out", zmq_poll(items, 1, 10));
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void subscriptions(void) {
    void *pub = zx_socket(ZMQ_XPUB), *sub = zx_socket(ZMQ_SUB);
    char c[8];
    zx_ok(zmq_connect(sub, zx_bind(pub)));
    KEEPS("ZMQ_SUBSCRIBE", zmq_setsockopt(sub, ZMQ_SUBSCRIBE, "a", 1));
    KEEPS("zmq_recv of XPUB", zmq_recv(pub, c, sizeof c, 0));
    KEEPS("zmq_send", zmq_send(pub, "a", 1, 0));
    KEEPS("zmq_recv of SUB", zmq_recv(sub, c, sizeof c, 0));
    KEEPS("zmq_send to nobody", zmq_send(pub, "b", 1, 0));
    KEEPS("ZMQ_UNSUBSCRIBE", zmq_setsockopt(sub, ZMQ_UNSUBSCRIBE, "a", 1));
}

static const struct zx_case cases[] = {
    ZX_CASE(contexts),       ZX_CASE_ALL(endpoints), ZX_CASE(connects),
    ZX_CASE_ALL(requests),   ZX_CASE_ALL(bursts),    ZX_CASE_ALL(waits),
    ZX_CASE_ALL(subscriptions),
};

ZX_MAIN("errno", cases)
