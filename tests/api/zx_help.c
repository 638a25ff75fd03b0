/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "zx_api.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "zx_frame.h"

#define MAX_SOCKETS 160
#define MAX_THREADS 16
#define CHILD_LIMIT_MS 2500

static struct {
    void *ctx;
    void *sockets[MAX_SOCKETS];
    size_t n_sockets;
    void *threads[MAX_THREADS];
    size_t n_threads;
    int dead[4];
    size_t n_dead;
    char *kept[8];
    size_t n_kept;
    char dir[64];
    pid_t owner;
    unsigned serial;
} help;

long long zx_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void *zx_ctx(void) {
    if (!help.ctx) help.ctx = zmq_ctx_new();
    assert_non_null(help.ctx);
    return help.ctx;
}

void zx_ctx_forget(void) {
    help.ctx = NULL;
    help.n_sockets = 0;
}

void *zx_raw_socket(int type) {
    void *s = zmq_socket(zx_ctx(), type);

    if (s) {
        assert_true(help.n_sockets < MAX_SOCKETS);
        help.sockets[help.n_sockets++] = s;
    }
    return s;
}

void *zx_socket(int type) {
    void *s = zx_raw_socket(type);

    if (!s) fail_msg("zmq_socket(%d): %s", type, zx_err(-1));
    zx_ok(zx_set_int(s, ZMQ_LINGER, 0));
    zx_ok(zx_set_int(s, ZMQ_RCVTIMEO, ZX_LONG_MS));
    zx_ok(zx_set_int(s, ZMQ_SNDTIMEO, ZX_LONG_MS));
    return s;
}

void zx_close(void *s) {
    for (size_t i = 0; i < help.n_sockets; i++)
        if (help.sockets[i] == s) help.sockets[i] = help.sockets[--help.n_sockets];
    zx_ok(zmq_close(s));
}

/* Shutting the context down first frees threads that the case left blocked. */
void zx_help_finish(void) {
    if (help.ctx && help.n_threads) zmq_ctx_shutdown(help.ctx);
    while (help.n_threads) zmq_threadclose(help.threads[--help.n_threads]);
    while (help.n_sockets) {
        void *s = help.sockets[--help.n_sockets];
        zx_set_int(s, ZMQ_LINGER, 0);
        zmq_close(s);
    }
    if (help.ctx)
        while (zmq_ctx_term(help.ctx) != 0 && errno == EINTR) {
        }
    help.ctx = NULL;
    while (help.n_dead) close(help.dead[--help.n_dead]);
    while (help.n_kept) free(help.kept[--help.n_kept]);
}

const char *zx_keep(const char *text) {
    assert_true(help.n_kept < sizeof help.kept / sizeof help.kept[0]);
    help.kept[help.n_kept] = strdup(text);
    assert_non_null(help.kept[help.n_kept]);
    return help.kept[help.n_kept++];
}

void *zx_spawn(zmq_thread_fn *fn, void *arg) {
    assert_true(help.n_threads < MAX_THREADS);
    help.threads[help.n_threads] = zmq_threadstart(fn, arg);
    assert_non_null(help.threads[help.n_threads]);
    return help.threads[help.n_threads++];
}

int zx_set_int(void *s, int opt, int value) {
    return zmq_setsockopt(s, opt, &value, sizeof value);
}

int zx_get_int(void *s, int opt) {
    int value = -77;
    size_t n = sizeof value;
    zx_ok(zmq_getsockopt(s, opt, &value, &n));
    return value;
}

int zx_set_str(void *s, int opt, const char *value) {
    return zmq_setsockopt(s, opt, value, strlen(value));
}

static void remove_dir(void) {
    if (help.owner == getpid() && help.dir[0]) {
        const char *command = zx_fmt("rm -rf '%s'", help.dir);
        if (system(command) != 0) perror(command);
    }
}

const char *zx_dir(void) {
    if (!help.dir[0]) {
        strcpy(help.dir, "/tmp/zx-api-XXXXXX");
        if (!mkdtemp(help.dir)) fail_msg("mkdtemp: %s", zx_err(-1));
        help.owner = getpid();
        atexit(remove_dir);
    }
    return help.dir;
}

const char *zx_unique(const char *scheme) {
    return zx_fmt("%szx-%d-%u", scheme, (int)getpid(), help.serial++);
}

/* An endpoint that can be bound again and again, and connected to. */
static const char *ipc_or_instead(void) {
    const char *via = getenv("ZX_VIA");
    unsigned n = help.serial++;

    if (!via) return zx_fmt("ipc://%s/s%u", zx_dir(), n);
    if (strcmp(via, "tipc") == 0) return zx_fmt("tipc://{%u,%u}", 65 + (unsigned)getpid(), n);
    return zx_fmt("%s://3:%u", via, 0x40000000u + (unsigned)getpid() % 0x10000 * 0x1000 + n);
}

const char *zx_new_endpoint(void) {
    switch (zx_current()->via) {
        case ZX_TCP:
            return "tcp://127.0.0.1:*";
        case ZX_IPC:
            return ipc_or_instead();
        default:
            return zx_unique("inproc://");
    }
}

const char *zx_last_endpoint(void *s) {
    char text[512];
    size_t n = sizeof text;
    zx_ok(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, text, &n));
    return zx_fmt("%s", text);
}

const char *zx_bind_to(void *s, const char *ep) {
    int rc = zmq_bind(s, ep);
    if (rc != 0) fail_msg("zmq_bind(%s): %s", ep, zx_err(rc));
    /* The id that tipc gives it lasts as long as the bind. */
    return strncmp(ep, "tipc:", 5) == 0 ? ep : zx_last_endpoint(s);
}

const char *zx_bind(void *s) {
    return zx_bind_to(s, zx_new_endpoint());
}

/* Both ends tell through their monitors that the handshake is over; then each end is asked
 * once for its events so that it attaches the new peer. inproc needs neither. */
void zx_link(void *binder, void *connecter) {
    void *mon[2] = {NULL, NULL};
    struct zx_event ev;
    int net = zx_current()->via != ZX_INPROC;

    if (net) {
        mon[0] = zx_monitor(binder, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        mon[1] = zx_monitor(connecter, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    }
    zx_ok(zmq_connect(connecter, zx_bind(binder)));
    for (int i = 0; net && i < 2; i++) zx_await(mon[i], ZMQ_EVENT_HANDSHAKE_SUCCEEDED, &ev);
    for (int i = 0; net && i < 2; i++) {
        zx_ok(zmq_socket_monitor(i ? connecter : binder, NULL, 0));
        zx_close(mon[i]);
    }
    zx_ready(binder);
    zx_ready(connecter);
}

/* Bound but not listening until the case ends, so nobody else can take the port. */
const char *zx_dead_tcp(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0 && help.n_dead < 4);
    help.dead[help.n_dead++] = fd;
    if (bind(fd, (struct sockaddr *)&a, n) || getsockname(fd, (struct sockaddr *)&a, &n))
        fail_msg("bind: %s", zx_err(-1));
    return zx_fmt("tcp://127.0.0.1:%d", ntohs(a.sin_port));
}

int zx_wait(void *s, short events, int ms) {
    zmq_pollitem_t item = {.socket = s, .events = events};
    if (zmq_poll(&item, 1, ms) < 0) return 0;
    return item.revents;
}

int zx_ready(void *s) {
    return zx_get_int(s, ZMQ_EVENTS);
}

void zx_until_writable(void *s) {
    if (!(zx_wait(s, ZMQ_POLLOUT, ZX_LONG_MS) & ZMQ_POLLOUT)) fail_msg("never writable");
}

void zx_until_lost(void *s) {
    long long end = zx_now_ms() + ZX_LONG_MS;
    while (zx_ready(s) & ZMQ_POLLOUT) {
        if (zx_now_ms() > end) fail_msg("the peer's end was never noticed");
        zx_wait(s, ZMQ_POLLIN, 5);
    }
}

static const char *status_text(int status) {
    if (WIFEXITED(status)) return zx_fmt("exit:%d", WEXITSTATUS(status));
    if (WTERMSIG(status) == SIGABRT) return "abort";
    if (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS) return "segv";
    return zx_fmt("signal:%d", WTERMSIG(status));
}

static void run_child(const char *(*fn)(void), int out) {
    struct rlimit none = {0, 0};
    const char *text;

    zx_frame_in_child();
    setrlimit(RLIMIT_CORE, &none);
    if (!freopen("/dev/null", "w", stderr)) _exit(96);
    text = fn();
    (void)!write(out, text, strlen(text));
    _exit(0);
}

/* The caller has no context open then, so the child is a process of one thread. */
const char *zx_child(const char *(*fn)(void)) {
    struct pollfd end = {.events = POLLIN};
    char text[256];
    int ends[2], status, hung;
    ssize_t n;
    pid_t pid;

    assert_null(help.ctx);
    if (pipe(ends) != 0) fail_msg("pipe: %s", zx_err(-1));
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        run_child(fn, ends[1]);
    }
    close(ends[1]);
    end.fd = ends[0];
    hung = poll(&end, 1, CHILD_LIMIT_MS) == 0;
    if (hung) kill(pid, SIGKILL);
    n = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    waitpid(pid, &status, 0);
    if (hung) return "hang";
    if (n <= 0) return status_text(status);
    text[n] = 0;
    return zx_fmt("%s", text);
}
