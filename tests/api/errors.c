/* SPDX-License-Identifier: MIT */
/* What calls report, one by one: the cases that errnos.txt needs and no other program has. */
#include "zx_api.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_alarm(int sig) {
    (void)sig;
}

/* A signal every 20 ms, until it is told to stop. */
static void tick(int on) {
    struct sigaction sa = {.sa_handler = on_alarm};
    struct itimerval every = {{0, on ? 20000 : 0}, {0, on ? 20000 : 0}};

    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

static int by_send(void *s, int flags) {
    return zmq_send(s, "x", 1, flags);
}

static int by_send_const(void *s, int flags) {
    return zmq_send_const(s, "x", 1, flags);
}

static int by_message(void *s, int flags, int (*send)(zmq_msg_t *, void *, int)) {
    zmq_msg_t m;
    int rc;

    zx_ok(zmq_msg_init_size(&m, 1));
    rc = send(&m, s, flags);
    if (rc < 0) {
        int error = errno;
        zx_ok(zmq_msg_close(&m));
        errno = error;
    }
    return rc;
}

static int by_msg_send(void *s, int flags) {
    return by_message(s, flags, zmq_msg_send);
}

static int send_sendmsg(zmq_msg_t *m, void *s, int flags) {
    return zmq_sendmsg(s, m, flags);
}

static int by_sendmsg(void *s, int flags) {
    return by_message(s, flags, send_sendmsg);
}

static int by_sendiov(void *s, int flags) {
    char x[] = "x";
    struct iovec parts[1] = {{x, 1}};

    return zmq_sendiov(s, parts, 1, flags);
}

static const struct {
    const char *name;
    int (*send)(void *s, int flags);
} senders[] = {{"zmq_send", by_send},
               {"zmq_send_const", by_send_const},
               {"zmq_msg_send", by_msg_send},
               {"zmq_sendmsg", by_sendmsg},
               {"zmq_sendiov", by_sendiov}};

static int by_recv(void *s, int flags) {
    char room[4];

    return zmq_recv(s, room, sizeof room, flags);
}

static int into_message(void *s, int flags, int (*recv)(zmq_msg_t *, void *, int)) {
    zmq_msg_t m;
    int rc, error;

    zx_ok(zmq_msg_init(&m));
    rc = recv(&m, s, flags);
    error = errno;
    zx_ok(zmq_msg_close(&m));
    errno = error;
    return rc;
}

static int by_msg_recv(void *s, int flags) {
    return into_message(s, flags, zmq_msg_recv);
}

static int recv_recvmsg(zmq_msg_t *m, void *s, int flags) {
    return zmq_recvmsg(s, m, flags);
}

static int by_recvmsg(void *s, int flags) {
    return into_message(s, flags, recv_recvmsg);
}

static int by_recviov(void *s, int flags) {
    struct iovec parts[1];
    size_t count = 1;

    return zmq_recviov(s, parts, &count, flags);
}

static const struct {
    const char *name;
    int (*recv)(void *s, int flags);
} receivers[] = {{"zmq_recv", by_recv},
                 {"zmq_msg_recv", by_msg_recv},
                 {"zmq_recvmsg", by_recvmsg},
                 {"zmq_recviov", by_recviov}};

#define EACH(table) (size_t i = 0; i < sizeof table / sizeof table[0]; i++)

static void check_senders(const char *label, const char *want, void *s, int flags) {
    for EACH(senders)
        zx_check_rc(zx_fmt("%s %s", senders[i].name, label), want, senders[i].send(s, flags));
}

static void check_receivers(const char *label, const char *want, void *s, int flags) {
    for EACH(receivers)
        zx_check_rc(zx_fmt("%s %s", receivers[i].name, label), want, receivers[i].recv(s, flags));
}

static void sending(void) {
    void *mandatory = zx_socket(ZMQ_ROUTER);

    check_senders("NULL", "ENOTSOCK", NULL, 0);
    check_senders("other way", "ENOTSUP", zx_socket(ZMQ_PULL), 0);
    check_senders("out of turn", "EFSM", zx_socket(ZMQ_REP), 0);
    check_senders("nobody there", "EAGAIN", zx_socket(ZMQ_PUSH), ZMQ_DONTWAIT);
    zx_ok(zx_set_int(mandatory, ZMQ_ROUTER_MANDATORY, 1));
    for EACH(senders) /* sendiov puts the flag on all parts but its last */
        if (senders[i].send != by_sendiov)
            zx_check_rc(zx_fmt("%s unknown peer", senders[i].name), "EHOSTUNREACH",
                        senders[i].send(mandatory, ZMQ_SNDMORE));
}

static void sendiov_unknown_peer(void) {
    void *mandatory = zx_socket(ZMQ_ROUTER);
    char id[] = "id", x[] = "x";
    struct iovec parts[2] = {{id, 2}, {x, 1}};

    zx_ok(zx_set_int(mandatory, ZMQ_ROUTER_MANDATORY, 1));
    zx_check_rc("sendiov", "EHOSTUNREACH", zmq_sendiov(mandatory, parts, 2, ZMQ_SNDMORE));
}

static void receiving(void) {
    check_receivers("NULL", "ENOTSOCK", NULL, 0);
    check_receivers("other way", "ENOTSUP", zx_socket(ZMQ_PUSH), 0);
    check_receivers("out of turn", "EFSM", zx_socket(ZMQ_REQ), 0);
    check_receivers("nothing there", "EAGAIN", zx_socket(ZMQ_PULL), ZMQ_DONTWAIT);
}

static void dead_messages(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);
    zmq_msg_t m;

    if (!zx_runs("zmq_msg_send")) return;
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_close(&m));
    zx_check_rc("zmq_msg_send", "EFAULT", zmq_msg_send(&m, push, 0));
    zx_check_rc("zmq_sendmsg", "EFAULT", zmq_sendmsg(push, &m, 0));
    zx_check_rc("zmq_msg_recv", "EFAULT", zmq_msg_recv(&m, pull, 0));
    zx_check_rc("zmq_recvmsg", "EFAULT", zmq_recvmsg(pull, &m, 0));
}

static void no_data(void) {
    if (!zx_runs("zmq_send_const")) return;
    zx_check_rc("zmq_send_const", "EFAULT", zmq_send_const(zx_socket(ZMQ_PUB), NULL, 1, 0));
}

static void interrupted(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    tick(1);
    check_senders("waits", "EINTR", push, 0);
    check_receivers("waits", "EINTR", pull, 0);
    zx_check_rc("zmq_device", "EINTR", zmq_device(ZMQ_QUEUE, pull, push));
    tick(0);
}

static void shut_down(void) {
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    zx_ok(zmq_ctx_shutdown(zx_ctx()));
    check_senders("shut down", "ETERM", push, 0);
    check_receivers("shut down", "ETERM", pull, 0);
    if (zx_runs("zmq_device"))
        zx_check_rc("zmq_device", "ETERM", zmq_device(ZMQ_QUEUE, pull, push));
    zx_check_rc("zmq_socket_monitor", "ETERM", zmq_socket_monitor(pull, "inproc://m", 1));
}

static void no_context(void) {
    zx_check_rc("zmq_term", "EFAULT", zmq_term(NULL));
    zx_check_rc("zmq_ctx_destroy", "EFAULT", zmq_ctx_destroy(NULL));
}

static int told[2];

static void close_when_told(void *s) {
    char room[4];

    if (read(told[0], room, 1) != 1) abort();
    zmq_close(s);
}

static void ending_is_interrupted(void) {
    static int (*const end[])(void *) = {zmq_term, zmq_ctx_destroy};

    for (int i = 0; i < 2; i++) {
        void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PULL), *thread;
        int rc, interrupted_once = 0;

        assert_int_equal(pipe(told), 0);
        thread = zmq_threadstart(close_when_told, s);
        tick(1);
        while ((rc = end[i](ctx)) != 0 && errno == EINTR)
            if (++interrupted_once == 1) zx_ok(write(told[1], "x", 1));
        tick(0);
        zmq_threadclose(thread);
        close(told[0]);
        close(told[1]);
        zx_check_rc("in the end", "0", rc);
        zx_check_int("interrupted", 1, interrupted_once > 0);
    }
}

static void proxies(void) {
    void *pull = zx_socket(ZMQ_PULL);

    if (!zx_runs("zmq_device")) return;
    zx_check_rc("zmq_device", "ENOTSOCK", zmq_device(ZMQ_QUEUE, pull, (char[4096]){0}));
}

/* A tap that cannot be sent to. */
static void capture_by_pull(void) {
    void *front = zx_socket(ZMQ_PULL), *back = zx_socket(ZMQ_PUSH);
    void *push = zx_socket(ZMQ_PUSH), *pull = zx_socket(ZMQ_PULL);

    zx_link(front, push);
    zx_link(pull, back);
    zx_ok(zx_send(push, "x", 0));
    zx_check_rc("zmq_proxy", "ENOTSUP", zmq_proxy(front, back, zx_socket(ZMQ_PULL)));
}

/* The peer a message is for takes nothing: the proxy waits as long as the socket says. */
static void proxy_gives_up(void) {
    void *front = zx_socket(ZMQ_PULL), *back = zx_socket(ZMQ_ROUTER);
    void *push = zx_socket(ZMQ_PUSH), *dealer = zx_socket(ZMQ_DEALER);
    void *other = zx_socket(ZMQ_DEALER); /* has room, so that the ROUTER may be sent to */

    zx_ok(zx_set_int(back, ZMQ_ROUTER_MANDATORY, 1));
    zx_ok(zx_set_int(back, ZMQ_SNDHWM, 1));
    zx_ok(zx_set_int(back, ZMQ_SNDTIMEO, 20));
    zx_ok(zx_set_int(dealer, ZMQ_RCVHWM, 1));
    zx_ok(zx_set_str(dealer, ZMQ_ROUTING_ID, "me"));
    zx_link(back, dealer);
    zx_ok(zx_send(dealer, "here I am", 0));
    zx_ok(zmq_connect(other, zx_last_endpoint(back)));
    zx_check_str("known", "me|here I am", zx_recv(back));
    zx_link(front, push);
    for (int i = 0; i < 20; i++) zx_ok(zx_send(push, "me|x", 0));
    zx_check_rc("zmq_proxy", "EAGAIN", zmq_proxy(front, back, NULL));
}

static void monitors(void) {
    void *s = zx_socket(ZMQ_PULL);

    zx_check_rc("tcp", "EPROTONOSUPPORT", zmq_socket_monitor(s, "tcp://127.0.0.1:*", 1));
}

/* A child has the sockets of its parent, and may close them; nothing else works. */
static int in_child(void *s) {
    int events, wrong = 0;
    size_t size = sizeof events;

    wrong |= !(zmq_bind(s, "inproc://a") == -1 && errno == EINTR) ? 1 : 0;
    wrong |= !(zmq_connect(s, "inproc://a") == -1 && errno == EINTR) ? 2 : 0;
    wrong |= !(zmq_unbind(s, "inproc://a") == -1 && errno == EINTR) ? 4 : 0;
    wrong |= !(zmq_disconnect(s, "inproc://a") == -1 && errno == EINTR) ? 8 : 0;
    wrong |= !(zmq_getsockopt(s, ZMQ_EVENTS, &events, &size) == -1 && errno == EINTR) ? 16 : 0;
    return wrong;
}

static void child_of_fork(void) {
    void *s = zx_socket(ZMQ_PULL);
    int status = -1;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(in_child(s));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    zx_check_int("child", 0, WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
}

static char forbidden[256];

/* Root may do anything; so it becomes nobody in a process of its own. */
static const char *bind_where_it_is_forbidden(void) {
    void *ctx, *s;
    int rc, error;

    if (geteuid() == 0 && setuid(65534) != 0) return "cannot become nobody";
    ctx = zmq_ctx_new();
    s = zmq_socket(ctx, ZMQ_PULL);
    rc = zmq_bind(s, forbidden);
    error = errno;
    zmq_close(s);
    zmq_ctx_term(ctx);
    errno = error;
    return zx_err(rc);
}

static void forbidden_path(void) {
    char dir[200];

    snprintf(dir, sizeof dir, "%s/forbidden", zx_dir());
    zx_ok(mkdir(dir, 0500));
    snprintf(forbidden, sizeof forbidden, "ipc://%s/s", dir);
    zx_check_str("bind", "EACCES", zx_child(bind_where_it_is_forbidden));
    rmdir(dir);
}

static const struct zx_case cases[] = {
    ZX_CASE(sending),
    ZX_CASE(sendiov_unknown_peer),
    ZX_CASE(receiving),
    ZX_CASE(dead_messages),
    ZX_CASE(no_data),
    ZX_CASE(interrupted),
    ZX_CASE(shut_down),
    ZX_CASE(no_context),
    ZX_CASE(ending_is_interrupted),
    ZX_CASE(proxies),
    ZX_CASE(capture_by_pull),
    ZX_CASE(proxy_gives_up),
    ZX_CASE(monitors),
    ZX_CASE(child_of_fork),
    ZX_CASE(forbidden_path),
};

ZX_MAIN("errors", cases)
