/* SPDX-License-Identifier: MIT */
/* Multicast: endpoints and their errors. What is heard, and where, is in tests/interop/mcast.py:
 * a test cannot rely on this host's interfaces. */
#include "zx_api.h"

#include <unistd.h>

static const char *const schemes[] = {"epgm", "pgm", "norm"};
enum { SCHEMES = sizeof schemes / sizeof schemes[0], NORM = 2 };

static int has(const char *scheme) {
    return zmq_has(scheme[0] == 'e' ? scheme + 1 : scheme);
}

/* A group and a port of this process. */
static const char *group(const char *scheme, int n) {
    unsigned id = (unsigned)getpid();
    return zx_fmt("%s://127.0.0.1;239.%u.%u.%d:%u", scheme, 192 + (id >> 8 & 31), id & 255, n,
                  20000 + (id * 7 + (unsigned)n) % 10000);
}

static void refused(void) {
    static const char *const all[] = {"239.0.0.1",    "239.0.0.1:",      "239.0.0.1:0",
                                      "239.0.0.1:x",  "239.0.0.1:65536", "239.0.0.1:12x",
                                      ":5555",        "239.0.0.1:*"};
    zx_soft(1);
    for (int k = 0; k < SCHEMES; k++) {
        if (!has(schemes[k]))
            continue;
        void *pub = zx_socket(ZMQ_PUB), *sub = zx_socket(ZMQ_SUB);
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            const char *at = zx_fmt("%s://%s", schemes[k], all[i]);
            zx_check_rc(at, "EINVAL", zmq_bind(pub, at));
            zx_check_rc(at, "EINVAL", zmq_connect(sub, at));
        }
        zx_check_str("LAST_ENDPOINT", "", zx_last_endpoint(pub));
        const char *at = zx_fmt("%s://no-such-if;239.0.0.1:5555", schemes[k]);
        if (k != NORM) {
            zx_check_rc(at, "EINVAL", zmq_bind(pub, at));
            zx_check_rc(at, "EINVAL", zmq_connect(sub, at));
        }
        zx_check_rc("unbind", "ENOENT", zmq_unbind(pub, group(schemes[k], 1)));
        zx_check_rc("disconnect", "ENOENT", zmq_disconnect(sub, group(schemes[k], 1)));
    }
}

static void types(void) {
    static const int wrong[] = {ZMQ_PAIR, ZMQ_REQ,    ZMQ_REP,  ZMQ_DEALER, ZMQ_ROUTER,
                                ZMQ_PULL, ZMQ_PUSH,   ZMQ_STREAM, ZMQ_RADIO, ZMQ_DISH};
    zx_soft(1);
    for (int k = 0; k < SCHEMES; k++)
        for (size_t i = 0; has(schemes[k]) && i < sizeof wrong / sizeof wrong[0]; i++) {
            void *s = zx_socket(wrong[i]);
            const char *at = group(schemes[k], 1);
            zx_check_rc(at, "ENOCOMPATPROTO", zmq_bind(s, at));
            zx_check_rc(at, "ENOCOMPATPROTO", zmq_connect(s, at));
            zx_close(s);
        }
}

static void no_io_thread(void) {
    void *ctx = zmq_ctx_new();
    zx_ok(zmq_ctx_set(ctx, ZMQ_IO_THREADS, 0));
    void *pub = zmq_socket(ctx, ZMQ_PUB);
    for (int k = 0; k < SCHEMES; k++)
        if (has(schemes[k]))
            zx_check_rc(schemes[k], "EMTHREAD", zmq_bind(pub, group(schemes[k], 1)));
    zx_close(pub);
    zx_ok(zmq_ctx_term(ctx));
}

static int may(void *s, const char *at, int (*attach)(void *, const char *)) {
    int rc = attach(s, at);
    if (rc == -1 && errno == EPERM) {
        printf("# %s: raw sockets are not for this user: left out\n", at);
        return 0;
    }
    zx_ok(rc);
    return 1;
}

/* Whoever binds and whoever connects is the same: nobody waits, nothing is told by a monitor. */
static void last_endpoint(void) {
    for (int k = 0; k < NORM; k++)
        for (int turn = 0; has(schemes[k]) && turn < 2; turn++) {
            const char *at = zx_keep(group(schemes[k], 2 + turn));
            void *pub = zx_socket(ZMQ_PUB), *sub = zx_socket(ZMQ_SUB);
            void *mon = zx_monitor(pub, ZMQ_EVENT_ALL);
            if (!may(pub, at, turn ? zmq_bind : zmq_connect))
                break;
            zx_ok(turn ? zmq_connect(sub, at) : zmq_bind(sub, at));
            zx_check_str("LAST_ENDPOINT", at, zx_last_endpoint(pub));
            zx_check_str("LAST_ENDPOINT", at, zx_last_endpoint(sub));
            zx_ok(turn ? zmq_unbind(pub, at) : zmq_disconnect(pub, at));
            zx_check_rc("again", "ENOENT", turn ? zmq_unbind(pub, at) : zmq_disconnect(pub, at));
            zx_ok(zmq_socket_monitor(pub, NULL, 0));
            zx_check_str("events", "MONITOR_STOPPED", zx_events(mon, 1));
            zx_close(pub);
            zx_close(sub);
        }
}

/* Of each instance the NORM library (1.5.9) leaves a descriptor behind: in a process that ends. */
static const char *norm_in_child(void) {
    char last[256] = "";
    size_t size = sizeof last;
    void *ctx = zmq_ctx_new(), *pub = zmq_socket(ctx, ZMQ_PUB);
    const char *at = group("norm", 4);
    if (!zmq_bind(pub, "norm://no-such-if;239.0.0.1:5555") || errno != ENODEV)
        return "an interface that is not there";
    if (zmq_bind(pub, at) || zmq_getsockopt(pub, ZMQ_LAST_ENDPOINT, last, &size))
        return zx_err(-1);
    if (strcmp(last, at))
        return "LAST_ENDPOINT";
    if (zmq_unbind(pub, at))
        return zx_err(-1);
    return zx_err(zmq_unbind(pub, at));
}

static void norm_endpoint(void) {
    if (has("norm"))
        zx_check_str("norm", "ENOENT", zx_child(norm_in_child));
}

static const struct zx_case cases[] = {
    ZX_CASE(refused),
    ZX_CASE(types),
    ZX_CASE(no_io_thread),
    ZX_CASE(last_endpoint),
    ZX_CASE(norm_endpoint),
};

ZX_MAIN("mcast", cases)
