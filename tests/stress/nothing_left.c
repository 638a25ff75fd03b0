/* SPDX-License-Identifier: MIT */
/*
 * What a context leaves behind: nothing. A scene with every transport, mechanism and helper is
 * played again and again; every descriptor it opens is closed on exec, from its first moment on,
 * and after zmq_ctx_term no descriptor, thread or memory of it is left. Memory is counted by the
 * amount in use (without the caches of threads, see CMakeLists.txt), which finds what is lost with
 * a pointer to it; LeakSanitizer, in its tree, finds
 * the rest.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

enum { PAIRS_MAX = 16, ROUNDS = 40, EXECS = 40, SLACK_BYTES = 512 };

#define MUST(x) assert_true(x)

/* ---- what there is ---- */

static int count(const char *dir) {
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* A joined thread may be listed for a moment more. */
static int count_until(const char *dir, int wanted) {
    time_t end = time(NULL) + 10;
    int n;
    while ((n = count(dir)) > wanted && time(NULL) < end)
        sched_yield();
    return n;
}

/* Those that a new program would inherit, above the first three and `own`. */
static int count_inheritable(int own) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        int fd = atoi(e->d_name);
        if (e->d_name[0] == '.' || fd <= 2 || fd == own)
            continue;
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && !(flags & FD_CLOEXEC))
            n++;
    }
    closedir(d);
    return n;
}

/* ---- the scene ---- */

struct scene {
    void *ctx, *zap, *zap_thread, *poller, *timers, *monitored, *monitor;
    void *ends[PAIRS_MAX][2];
    int n;
};

static void judge(void *zap) {
    char part[64], id[64];
    for (;;) {
        int more = 1, n = 0, id_size = 0;
        size_t size = sizeof more;
        for (; more; n++) {
            int got = zmq_recv(zap, part, sizeof part, 0);
            if (got < 0) {
                zmq_close(zap);
                return;
            }
            if (n == 1)
                memcpy(id, part, (size_t)(id_size = got));
            zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &size);
        }
        zmq_send(zap, "1.0", 3, ZMQ_SNDMORE);
        zmq_send(zap, id, (size_t)id_size, ZMQ_SNDMORE);
        zmq_send(zap, "200", 3, ZMQ_SNDMORE);
        zmq_send(zap, "OK", 2, ZMQ_SNDMORE);
        zmq_send(zap, "user", 4, ZMQ_SNDMORE);
        zmq_send(zap, "", 0, 0);
    }
}

static void set(void *s, int option, const void *value, size_t size) {
    assert_int_equal(zmq_setsockopt(s, option, value, size), 0);
}

static void *made(struct scene *sc, int type) {
    void *s = zmq_socket(sc->ctx, type);
    int limit = 30000, none = 0;
    assert_non_null(s);
    set(s, ZMQ_LINGER, &none, sizeof none);
    set(s, ZMQ_RCVTIMEO, &limit, sizeof limit);
    set(s, ZMQ_SNDTIMEO, &limit, sizeof limit);
    return s;
}

static void secure_plain(void *server, void *client) {
    int yes = 1;
    set(server, ZMQ_PLAIN_SERVER, &yes, sizeof yes);
    set(client, ZMQ_PLAIN_USERNAME, "user", 4);
    set(client, ZMQ_PLAIN_PASSWORD, "password", 8);
}

static void secure_curve(void *server, void *client) {
    char key[41], secret[41];
    int yes = 1;
    MUST(zmq_curve_keypair(key, secret) == 0);
    set(server, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    set(server, ZMQ_CURVE_SECRETKEY, secret, sizeof secret);
    set(client, ZMQ_CURVE_SERVERKEY, key, sizeof key);
    MUST(zmq_curve_keypair(key, secret) == 0);
    set(client, ZMQ_CURVE_PUBLICKEY, key, sizeof key);
    set(client, ZMQ_CURVE_SECRETKEY, secret, sizeof secret);
}

/* Two sockets that have exchanged a message, and have more of them in both directions. */
static void add(struct scene *sc, const char *where, void (*secure)(void *, void *)) {
    void *a = made(sc, ZMQ_DEALER), *b = made(sc, ZMQ_DEALER);
    char endpoint[256], got[8];
    size_t size = sizeof endpoint;
    static char big[100000];
    if (secure)
        secure(a, b);
    assert_int_equal(zmq_bind(a, where), 0);
    MUST(zmq_getsockopt(a, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    assert_int_equal(zmq_connect(b, endpoint), 0);
    MUST(zmq_send(b, "ping", 4, 0) == 4 && zmq_recv(a, got, 8, 0) == 4);
    MUST(zmq_send(a, "pong", 4, 0) == 4 && zmq_recv(b, got, 8, 0) == 4);
    for (int i = 0; i < 20; i++) { /* left where they are */
        MUST(zmq_send(a, big, i % 2 ? 10 : sizeof big, ZMQ_DONTWAIT) >= 0 || errno == EAGAIN);
        MUST(zmq_send(b, big, i % 2 ? 10 : sizeof big, ZMQ_DONTWAIT) >= 0 || errno == EAGAIN);
    }
    sc->ends[sc->n][0] = a;
    sc->ends[sc->n++][1] = b;
}

static void on_time(int id, void *arg) {
    (void)id;
    (void)arg;
}

static void watch(struct scene *sc) {
    zmq_poller_event_t event;
    zmq_fd_t fd;
    sc->monitored = made(sc, ZMQ_REP);
    sc->monitor = made(sc, ZMQ_PAIR);
    MUST(zmq_socket_monitor(sc->monitored, "inproc://events", ZMQ_EVENT_ALL) == 0);
    MUST(zmq_connect(sc->monitor, "inproc://events") == 0);
    MUST(zmq_bind(sc->monitored, "tcp://127.0.0.1:*") == 0);
    MUST((sc->poller = zmq_poller_new()));
    for (int i = 0; i < sc->n; i++)
        MUST(zmq_poller_add(sc->poller, sc->ends[i][0], NULL, ZMQ_POLLIN) == 0);
    MUST(zmq_poller_fd(sc->poller, &fd) == 0);
    MUST(zmq_poller_wait(sc->poller, &event, 10000) == 0);
    MUST((sc->timers = zmq_timers_new()));
    MUST(zmq_timers_add(sc->timers, 1000, on_time, NULL) >= 0);
}

static int played;

static void open_scene(struct scene *sc) {
    char ipc[64];
    memset(sc, 0, sizeof *sc);
    assert_non_null(sc->ctx = zmq_ctx_new());
    sc->zap = zmq_socket(sc->ctx, ZMQ_REP);
    MUST(sc->zap && zmq_bind(sc->zap, "inproc://zeromq.zap.01") == 0);
    sc->zap_thread = zmq_threadstart(judge, sc->zap);
    /* Never the same one: what a child inherits is open until it executes another program. */
    snprintf(ipc, sizeof ipc, "ipc:///tmp/zmqx-left-%d-%d", (int)getpid(), ++played);
    add(sc, "inproc://here", NULL);
    add(sc, "tcp://127.0.0.1:*", NULL);
    add(sc, ipc, NULL);
    add(sc, "ipc://*", NULL);
    add(sc, "tcp://127.0.0.1:*", secure_plain);
    if (zmq_has("curve"))
        add(sc, "tcp://127.0.0.1:*", secure_curve);
    if (zmq_has("WS"))
        add(sc, "ws://127.0.0.1:*", NULL);
    /* One that never gets a connection. */
    sc->ends[sc->n][0] = made(sc, ZMQ_PUSH);
    MUST(zmq_connect(sc->ends[sc->n++][0], "tcp://127.0.0.1:1") == 0);
    watch(sc);
}

static void close_scene(struct scene *sc) {
    MUST(zmq_poller_destroy(&sc->poller) == 0 && zmq_timers_destroy(&sc->timers) == 0);
    MUST(zmq_close(sc->monitored) == 0 && zmq_close(sc->monitor) == 0);
    for (int i = 0; i < sc->n; i++)
        for (int k = 0; k < 2; k++)
            if (sc->ends[i][k])
                MUST(zmq_close(sc->ends[i][k]) == 0);
    zmq_ctx_shutdown(sc->ctx);
    zmq_threadclose(sc->zap_thread);
    MUST(zmq_ctx_term(sc->ctx) == 0);
}

/* ---- the tests ---- */

static void no_descriptor_and_no_thread(void **state) {
    (void)state;
    struct scene sc;
    int fds = count("/proc/self/fd"), threads = count("/proc/self/task");
    for (int i = 0; i < 3; i++) {
        open_scene(&sc);
        MUST(count("/proc/self/fd") > fds + 10 && count("/proc/self/task") > threads);
        close_scene(&sc);
        assert_int_equal(count_until("/proc/self/task", threads), threads);
        assert_int_equal(count("/proc/self/fd"), fds);
    }
}

static void closed_on_exec(void **state) {
    (void)state;
    struct scene sc;
    int before = count_inheritable(-1), plain = open("/dev/null", O_RDONLY);
    assert_int_equal(count_inheritable(-1), before + 1); /* it would see one */
    close(plain);
    open_scene(&sc);
    assert_int_equal(count_inheritable(-1), before);
    close_scene(&sc);
}

static atomic_int stop;

static void churn(void *arg) {
    (void)arg;
    while (!stop) {
        struct scene sc;
        open_scene(&sc);
        close_scene(&sc);
    }
}

/* Whether a program started now sees a socket or an epoll descriptor that is not its own. */
static int inherits(void) {
    int status = -1;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "for f in /proc/$$/fd/*; do case ${f##*/} in "
              "[012]|10) ;; *) readlink $f | grep -q -e socket: -e anon_inode: && exit 1;; "
              "esac; done; exit 0", (char *)NULL);
        _exit(2);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
    return WEXITSTATUS(status);
}

/* A flag set after the call that makes the descriptor would be late now and then. */
static void closed_on_exec_at_once(void **state) {
    (void)state;
    int inherited = 0, plain = socket(AF_UNIX, SOCK_STREAM, 0);
    int high = fcntl(plain, F_DUPFD, 20);
    assert_int_equal(inherits(), 1); /* it would see one */
    close(plain);
    close(high);
    stop = 0;
    void *thread = zmq_threadstart(churn, NULL);
    for (int i = 0; i < EXECS; i++)
        inherited += inherits();
    stop = 1;
    zmq_threadclose(thread);
    assert_int_equal(inherited, 0);
}

static void no_memory(void **state) {
    (void)state;
    struct scene sc;
    size_t early = 0, late;
    for (int i = 0; i < ROUNDS; i++) {
        open_scene(&sc);
        close_scene(&sc);
        if (i == ROUNDS / 4)
            early = mallinfo2().uordblks + mallinfo2().hblkhd;
    }
    late = mallinfo2().uordblks + mallinfo2().hblkhd;
    print_message("in use after %d rounds %zu bytes, after %d %zu\n", ROUNDS / 4, early, ROUNDS,
                  late);
    assert_true(late <= early + SLACK_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_descriptor_and_no_thread),
        cmocka_unit_test(closed_on_exec),
        cmocka_unit_test(closed_on_exec_at_once),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
