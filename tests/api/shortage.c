/* SPDX-License-Identifier: MIT */
/*
 * What calls report when there is no memory, no descriptor, no thread: each allocation of the
 * calling thread is refused once, until the call succeeds with all of them.
 */
#define _GNU_SOURCE
#include "zx_api.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

/* Requests that are still granted to this thread; below 0: all. */
static _Thread_local int granted = -1;
static _Thread_local int refused;
static int refuse_threads, refuse_events;

static int is_refused(void) {
    if (granted < 0) return 0;
    if (granted-- > 0) return 0;
    granted = -1;
    refused = 1;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return is_refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
    return is_refused() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size) {
    return is_refused() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t align, size_t size) {
    return is_refused() ? NULL : __libc_memalign(align, size);
}

int pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg) {
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (refuse_threads) return EAGAIN;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(id, attr, fn, arg);
}

int eventfd(unsigned value, int flags);
int eventfd(unsigned value, int flags) {
    int (*real)(unsigned, int);

    if (refuse_events) {
        errno = refuse_events;
        return -1;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "eventfd");
    return real(value, flags);
}

enum { MANY = 100 };

/* What a call works on; made anew for each attempt. */
struct scene {
    void *ctx, *s, *peer, *dish, *poller, *timers;
    zmq_msg_t m;
    int *fds, many[MANY];
};

typedef int call_fn(struct scene *sc);

static int pointer(void *p, void (*undo)(void *)) {
    if (p) undo(p);
    return p ? 0 : -1;
}

static void undo_counter(void *p) {
    zmq_atomic_counter_destroy(&p);
}

static void undo_ctx(void *p) {
    zmq_ctx_term(p);
}

static void undo_poller(void *p) {
    zmq_poller_destroy(&p);
}

static void undo_timers(void *p) {
    zmq_timers_destroy(&p);
}

static void undo_watch(void *p) {
    zmq_stopwatch_stop(p);
}

static void undo_socket(void *p) {
    zmq_close(p);
}

static void nothing(void *p) {
    (void)p;
}

static void on_timer(int id, void *arg) {
    (void)id;
    (void)arg;
}

static void free_none(void *data, void *hint) {
    (void)data;
    (void)hint;
}

#define CALL(name, expression)                                                                     \
    static int call_##name(struct scene *sc) {                                                     \
        (void)sc;                                                                                  \
        return expression;                                                                         \
    }

CALL(zmq_atomic_counter_new, pointer(zmq_atomic_counter_new(), undo_counter))
CALL(zmq_ctx_new, pointer(zmq_ctx_new(), undo_ctx))
CALL(zmq_init, pointer(zmq_init(1), undo_ctx))
CALL(zmq_poller_new, pointer(zmq_poller_new(), undo_poller))
CALL(zmq_timers_new, pointer(zmq_timers_new(), undo_timers))
CALL(zmq_stopwatch_start, pointer(zmq_stopwatch_start(), undo_watch))
CALL(zmq_threadstart, pointer(zmq_threadstart(nothing, NULL), zmq_threadclose))
CALL(zmq_socket, pointer(zmq_socket(sc->ctx, ZMQ_PULL), undo_socket))
CALL(zmq_bind, zmq_bind(sc->s, "tcp://127.0.0.1:*"))
CALL(zmq_connect, zmq_connect(sc->s, "inproc://c"))
CALL(zmq_setsockopt, zmq_setsockopt(sc->s, ZMQ_PLAIN_USERNAME, "a name", 6))
CALL(zmq_socket_monitor, zmq_socket_monitor(sc->s, "inproc://m", 1))
CALL(zmq_socket_monitor_versioned,
     zmq_socket_monitor_versioned(sc->s, "inproc://m", 1, 2, ZMQ_PAIR))
CALL(zmq_socket_monitor_pipes_stats, zmq_socket_monitor_pipes_stats(sc->peer))
CALL(zmq_msg_init_size, zmq_msg_init_size(&sc->m, 5000))
CALL(zmq_msg_init_buffer, zmq_msg_init_buffer(&sc->m, (char[5000]){0}, 5000))
CALL(zmq_msg_init_data, zmq_msg_init_data(&sc->m, (void *)(uintptr_t)"x", 1, free_none, NULL))
CALL(zmq_poller_add, zmq_poller_add(sc->poller, sc->s, NULL, ZMQ_POLLIN))
CALL(zmq_poller_add_fd, zmq_poller_add_fd(sc->poller, sc->fds[0], NULL, ZMQ_POLLIN))
CALL(zmq_timers_add, zmq_timers_add(sc->timers, 1000, on_timer, NULL))
CALL(zmq_send, zmq_send(sc->s, (char[5000]){0}, 5000, 0))

static int call_zmq_sendiov(struct scene *sc) {
    char big[5000] = {0};
    struct iovec part = {big, sizeof big};

    return zmq_sendiov(sc->s, &part, 1, 0);
}

static int call_zmq_msg_set_group(struct scene *sc) {
    char group[200];

    memset(group, 'g', 199);
    group[199] = 0;
    return zmq_msg_set_group(&sc->m, group);
}

static int call_zmq_join(struct scene *sc) {
    return zmq_join(sc->dish, "a group");
}

/* An empty message needs no memory; the queue does, now and then. */
static int call_zmq_send_const(struct scene *sc) {
    int rc = 0;

    for (int i = 0; i < 500 && rc >= 0; i++) rc = zmq_send_const(sc->s, "x", 1, 0);
    return rc;
}

static int call_zmq_msg_send(struct scene *sc) {
    int rc = 0;

    for (int i = 0; i < 500 && rc >= 0; i++) rc = zmq_msg_send(&sc->m, sc->s, 0);
    return rc;
}

static int call_zmq_sendmsg(struct scene *sc) {
    int rc = 0;

    for (int i = 0; i < 500 && rc >= 0; i++) rc = zmq_sendmsg(sc->s, &sc->m, 0);
    return rc;
}

/* Many readable at once need room for the list of them. */
static int wait_for_many(struct scene *sc, int all) {
    zmq_poller_event_t events[MANY];
    int was = granted, rc, error;
    void *poller;

    granted = -1;
    poller = zmq_poller_new();
    for (int i = 0; i < MANY; i++) {
        zx_ok(sc->many[i] = dup(sc->fds[1])); /* the writing end: always ready */
        zx_ok(zmq_poller_add_fd(poller, sc->many[i], NULL, ZMQ_POLLOUT));
    }
    granted = was;
    rc = all ? zmq_poller_wait_all(poller, events, MANY, 0) : zmq_poller_wait(poller, events, 0);
    error = errno;
    granted = -1;
    zmq_poller_destroy(&poller);
    for (int i = 0; i < MANY; i++) close(sc->many[i]);
    errno = error;
    return rc;
}

static int call_zmq_poller_wait_for_many(struct scene *sc) {
    return wait_for_many(sc, 0);
}

static int call_zmq_poller_wait_all_for_many(struct scene *sc) {
    return wait_for_many(sc, 1);
}

static int call_zmq_poll(struct scene *sc) {
    zmq_pollitem_t items[200];

    for (int i = 0; i < 200; i++) items[i] = (zmq_pollitem_t){NULL, sc->fds[0], ZMQ_POLLIN, 0};
    return zmq_poll(items, 200, 0);
}

static int call_zmq_recviov(struct scene *sc) {
    struct iovec part;
    size_t count = 1;
    int rc = zmq_recviov(sc->peer, &part, &count, 0);

    if (rc == 1) free(part.iov_base);
    return rc;
}

static int call_zmq_poller_wait(struct scene *sc) {
    zmq_poller_event_t event;

    return zmq_poller_wait(sc->poller, &event, ZX_LONG_MS);
}

static int call_zmq_poller_wait_all(struct scene *sc) {
    zmq_poller_event_t event;

    return zmq_poller_wait_all(sc->poller, &event, 1, ZX_LONG_MS);
}

static int call_zmq_poller_fd(struct scene *sc) {
    zmq_fd_t fd;

    return zmq_poller_fd(sc->poller, &fd);
}

/* Few are asked one by one; for many a descriptor of the poller's own is needed. */
static int call_zmq_poller_add_many(struct scene *sc) {
    int rc = 0;

    for (int i = 0; i < MANY && rc == 0; i++)
        rc = zmq_poller_add_fd(sc->poller, sc->many[i], NULL, ZMQ_POLLIN);
    return rc;
}

static void open_scene(struct scene *sc) {
    static int fds[2];

    sc->ctx = zmq_ctx_new();
    sc->s = zmq_socket(sc->ctx, ZMQ_PAIR);
    sc->peer = zmq_socket(sc->ctx, ZMQ_PAIR);
    sc->dish = zmq_socket(sc->ctx, ZMQ_DISH);
    sc->poller = zmq_poller_new();
    sc->timers = zmq_timers_new();
    sc->fds = fds;
    assert_true(sc->ctx && sc->s && sc->peer && sc->dish && sc->poller && sc->timers);
    zx_ok(pipe(fds));
    zx_ok(zmq_msg_init(&sc->m));
    zx_ok(zmq_bind(sc->peer, "inproc://pair"));
    zx_ok(zmq_connect(sc->s, "inproc://pair"));
    zx_ok(zmq_send(sc->s, "first", 5, 0));
    zx_ok(zmq_socket_monitor_versioned(sc->peer, "inproc://stats", ZMQ_EVENT_PIPES_STATS, 2,
                                       ZMQ_PAIR));
}

static void close_scene(struct scene *sc) {
    zmq_msg_close(&sc->m);
    zmq_poller_destroy(&sc->poller);
    zmq_timers_destroy(&sc->timers);
    zx_ok(zmq_close(sc->s));
    zx_ok(zmq_close(sc->peer));
    zx_ok(zmq_close(sc->dish));
    zx_ok(zmq_ctx_term(sc->ctx));
    close(sc->fds[0]);
    close(sc->fds[1]);
}

static const struct {
    const char *name;
    call_fn *fn;
} calls[] = {
#define ROW(name) {#name, call_##name}
    ROW(zmq_atomic_counter_new), ROW(zmq_ctx_new),        ROW(zmq_init),
    ROW(zmq_poller_new),         ROW(zmq_timers_new),     ROW(zmq_stopwatch_start),
    ROW(zmq_threadstart),        ROW(zmq_socket),         ROW(zmq_bind),
    ROW(zmq_connect),            ROW(zmq_setsockopt),     ROW(zmq_socket_monitor),
    ROW(zmq_msg_init_size),      ROW(zmq_msg_init_buffer), ROW(zmq_msg_init_data),
    ROW(zmq_poller_add),         ROW(zmq_poller_add_fd),  ROW(zmq_timers_add),
    ROW(zmq_send),               ROW(zmq_send_const),     ROW(zmq_sendiov),
    ROW(zmq_msg_set_group),      ROW(zmq_join),           ROW(zmq_poll),
    ROW(zmq_recviov),            ROW(zmq_msg_send),       ROW(zmq_sendmsg),
    ROW(zmq_socket_monitor_versioned), ROW(zmq_socket_monitor_pipes_stats),
    ROW(zmq_poller_wait_for_many), ROW(zmq_poller_wait_all_for_many),
};

static int is_shortage(call_fn *fn, int error) {
    return error == ENOMEM || (fn == call_zmq_threadstart && error == EAGAIN);
}

/* Each allocation of each call, in turn; with the last one granted the call works. */
static void memory(void) {
    zx_soft(1);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        int n = 0, reported = 0, rc = -1;
        do {
            struct scene sc;
            int error;
            open_scene(&sc);
            errno = refused = 0;
            granted = n++;
            rc = calls[i].fn(&sc);
            error = errno;
            granted = -1;
            if (rc < 0 && error == ENOMEM) reported++;
            /* The system makes EAGAIN of it when the memory is for a thread. */
            if (rc < 0 && !is_shortage(calls[i].fn, error))
                zx_check_int(calls[i].name, ENOMEM, error);
            close_scene(&sc);
        } while (refused && n < 200);
        zx_check_int(zx_fmt("%s says so", calls[i].name), 1, reported > 0);
        zx_check_int(zx_fmt("%s works in the end", calls[i].name), 1, rc >= 0);
    }
}

/* What is not reported would go on for ever. */
static void memory_of_a_proxy(void) {
    void *front = zx_socket(ZMQ_PULL), *back = zx_socket(ZMQ_PUSH);
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);
    int rc, error;

    zx_link(front, push);
    zx_link(pull, back);
    for (int i = 0; i < 800; i++) zx_ok(zmq_send(push, "x", 1, 0));
    granted = 0;
    rc = zmq_proxy(front, back, NULL);
    error = errno;
    granted = -1;
    errno = error;
    zx_check_rc("zmq_proxy", "ENOMEM", rc);
}

static const struct {
    const char *name;
    call_fn *fn;
} fd_calls[] = {ROW(zmq_bind), ROW(zmq_poller_fd), ROW(zmq_poller_add_many), ROW(zmq_poller_wait),
                ROW(zmq_poller_wait_all)};

static void descriptors(void) {
    struct rlimit was, none;

    zx_soft(1);
    zx_ok(getrlimit(RLIMIT_NOFILE, &was));
    for (size_t i = 0; i < sizeof fd_calls / sizeof fd_calls[0]; i++) {
        struct scene sc;
        int rc, error, from;
        open_scene(&sc);
        if (fd_calls[i].fn != call_zmq_poller_add_many)
            zx_ok(zmq_poller_add_fd(sc.poller, sc.fds[0], NULL, ZMQ_POLLIN));
        for (int k = 0; k < MANY; k++) zx_ok(sc.many[k] = dup(sc.fds[0]));
        zx_ok(from = dup(0));
        close(from);
        none = (struct rlimit){(rlim_t)from, was.rlim_max};
        zx_ok(setrlimit(RLIMIT_NOFILE, &none));
        rc = fd_calls[i].fn(&sc);
        error = errno;
        zx_ok(setrlimit(RLIMIT_NOFILE, &was));
        errno = error;
        zx_check_rc(fd_calls[i].name, "EMFILE", rc);
        close_scene(&sc);
        for (int k = 0; k < MANY; k++) close(sc.many[k]);
    }
}

/* A socket with a monitor is two. */
static void sockets(void) {
    void *ctx = zmq_ctx_new(), *s;

    zx_ok(zmq_ctx_set(ctx, ZMQ_MAX_SOCKETS, 1));
    s = zmq_socket(ctx, ZMQ_PULL);
    assert_non_null(s);
    zx_check_rc("monitor", "EMFILE", zmq_socket_monitor(s, "inproc://m", 1));
    zx_check_rc("versioned", "EMFILE",
                zmq_socket_monitor_versioned(s, "inproc://m", 1, 2, ZMQ_PAIR));
    zx_ok(zmq_close(s));
    zx_ok(zmq_ctx_term(ctx));
}

static void table_of_the_system(void) {
    void *ctx = zmq_ctx_new();
    struct scene sc = {.ctx = ctx};

    refuse_events = ENFILE;
    zx_check_rc("zmq_socket", "ENFILE", call_zmq_socket(&sc));
    refuse_events = 0;
    zx_check_rc("zmq_socket, later", "0", call_zmq_socket(&sc));
    zx_ok(zmq_ctx_term(ctx));
}

static void threads(void) {
    void *ctx = zmq_ctx_new();
    struct scene sc = {.ctx = ctx};

    refuse_threads = 1;
    zx_check_rc("zmq_threadstart", "EAGAIN", call_zmq_threadstart(&sc));
    zx_check_rc("zmq_socket", "EAGAIN", call_zmq_socket(&sc));
    refuse_threads = 0;
    zx_check_rc("zmq_socket, later", "0", call_zmq_socket(&sc));
    zx_ok(zmq_ctx_term(ctx));
}

static const struct zx_case cases[] = {
    ZX_CASE(memory),
    ZX_CASE(memory_of_a_proxy),
    ZX_CASE(descriptors),
    ZX_CASE(sockets),
    ZX_CASE(table_of_the_system),
    ZX_CASE(threads),
};

ZX_MAIN("shortage", cases)
