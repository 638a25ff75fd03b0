/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "zsock.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *bench_zmq_ctx(const struct bench_side *side)
{
    void *ctx = side->ctx;

    if (!ctx) {
        ctx = zmq_ctx_new();
        BENCH_CHECK(ctx);
    }
    return ctx;
}

void bench_zmq_ctx_done(const struct bench_side *side, void *ctx)
{
    if (!side->ctx) {
        BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    }
}

void *bench_zmq_draft(const char *name)
{
    void *function = dlsym(RTLD_DEFAULT, name);

    if (!function) {
        fprintf(stderr, "the library has no %s\n", name);
        exit(77);
    }
    return function;
}

void *bench_zmq_open(void *ctx, int type)
{
    void *sock = zmq_socket(ctx, type);

    BENCH_CHECK(sock);
    return sock;
}

void bench_zmq_close(void *sock)
{
    BENCH_CHECK(zmq_close(sock) == 0);
}

/* Of the transports that a libzmq may be without. */
static void need(const char *transport, const char *capability)
{
    if (strcmp(transport, "tcp") == 0 || strcmp(transport, "inproc") == 0 || zmq_has(capability)) {
        return;
    }
    fprintf(stderr, "SKIP: this libzmq has no %s\n", transport);
    exit(77);
}

void bench_zmq_bind(void *sock, const char *transport, char endpoint[BENCH_ENDPOINT_MAX])
{
    static unsigned serial;
    size_t size = BENCH_ENDPOINT_MAX;

    if (strcmp(transport, "tcp") == 0 || strcmp(transport, "ws") == 0) {
        snprintf(endpoint, size, "%s://127.0.0.1:*", transport);
    } else if (strcmp(transport, "ipc") == 0) {
        snprintf(endpoint, size, "ipc:///tmp/zmq-bench-%ld-%u", (long) getpid(), serial++);
    } else if (strcmp(transport, "vsock") == 0) {
        snprintf(endpoint, size, "vsock://1:*");
    } else if (strcmp(transport, "tipc") == 0) {
        snprintf(endpoint, size, "tipc://<*>");
    } else {
        snprintf(endpoint, size, "%s://bench-%u", transport, serial++);
    }
    need(transport, strcmp(transport, "ws") == 0 ? "WS" : transport);
    int rc = zmq_bind(sock, endpoint);
    if (rc && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)) {
        fprintf(stderr, "SKIP: no %s leads from this machine to itself\n", transport);
        exit(77);
    }
    BENCH_CHECK(rc == 0);
    BENCH_CHECK(zmq_getsockopt(sock, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
}

void bench_zmq_connect(void *sock, const char *endpoint)
{
    BENCH_CHECK(zmq_connect(sock, endpoint) == 0);
}

int bench_zmq_int(void *sock, int option)
{
    int value = 0;
    size_t size = sizeof value;

    BENCH_CHECK(zmq_getsockopt(sock, option, &value, &size) == 0);
    return value;
}

void bench_zmq_set(void *sock, int option, int value)
{
    BENCH_CHECK(zmq_setsockopt(sock, option, &value, sizeof value) == 0);
}

void bench_zmq_run_pair(const struct bench_args *args, bench_side_fn *a, bench_side_fn *b)
{
    if (strcmp(args->transport, "inproc") == 0) {
        void *ctx = zmq_ctx_new();
        BENCH_CHECK(ctx);
        bench_run_pair(args, ctx, a, b);
        BENCH_CHECK(zmq_ctx_term(ctx) == 0);
    } else {
        bench_run_pair(args, NULL, a, b);
    }
}
