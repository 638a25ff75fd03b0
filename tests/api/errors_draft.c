/* SPDX-License-Identifier: MIT */
/* As errors.c, of the draft calls and types. */
#include "zx_api.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_alarm(int sig) {
    (void)sig;
}

static void tick(int on) {
    struct sigaction sa = {.sa_handler = on_alarm};
    struct itimerval every = {{0, on ? 20000 : 0}, {0, on ? 20000 : 0}};

    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

static void no_parts(void) {
    void *s = zx_socket(ZMQ_CLIENT);
    zmq_msg_t m;

    zx_ok(zmq_msg_init_size(&m, 1));
    zx_check_rc("zmq_send", "EINVAL", zmq_send(s, "x", 1, ZMQ_SNDMORE));
    zx_check_rc("zmq_send_const", "EINVAL", zmq_send_const(s, "x", 1, ZMQ_SNDMORE));
    zx_check_rc("zmq_msg_send", "EINVAL", zmq_msg_send(&m, s, ZMQ_SNDMORE));
    zx_check_rc("zmq_sendmsg", "EINVAL", zmq_sendmsg(s, &m, ZMQ_SNDMORE));
    zx_ok(zmq_msg_close(&m));
}

static void no_message(void) {
    zmq_msg_t m;

    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_close(&m));
    zx_check_rc("zmq_msg_set_group", "EFAULT", zmq_msg_set_group(&m, "g"));
    zx_check_rc("zmq_msg_set_routing_id", "EFAULT", zmq_msg_set_routing_id(&m, 1));
}

static void no_socket(void) {
    zx_check_rc("zmq_leave", "ENOTSOCK", zmq_leave(NULL, "g"));
    zx_check_rc("zmq_join", "ENOTSOCK", zmq_join(NULL, "g"));
    if (zx_runs("zmq_disconnect_peer"))
        zx_check_rc("zmq_disconnect_peer", "ENOTSOCK", zmq_disconnect_peer(NULL, 1));
    zx_check_rc("zmq_socket_get_peer_state", "ENOTSOCK", zmq_socket_get_peer_state(NULL, "a", 1));
    zx_check_rc("zmq_socket_monitor_versioned", "ENOTSOCK",
                zmq_socket_monitor_versioned(NULL, "inproc://m", 1, 2, ZMQ_PAIR));
}

static int refusal(uint32_t id) {
    return id ? (int)id : -1;
}

static void shut_down(void) {
    void *peer = zx_socket(ZMQ_PEER), *router = zx_socket(ZMQ_ROUTER);
    void *poller = zmq_poller_new();
    zmq_poller_event_t events[2];
    zmq_pollitem_t item = {router, 0, ZMQ_POLLIN, 0};

    zx_ok(zmq_poller_add(poller, router, NULL, ZMQ_POLLIN));
    zx_ok(zmq_ctx_shutdown(zx_ctx()));
    zx_check_rc("zmq_connect_peer", "ETERM", refusal(zmq_connect_peer(peer, "inproc://x")));
    if (zx_runs("zmq_disconnect_peer"))
        zx_check_rc("zmq_disconnect_peer", "ETERM", zmq_disconnect_peer(peer, 5));
    zx_check_rc("zmq_socket_get_peer_state", "ETERM", zmq_socket_get_peer_state(router, "a", 1));
    zx_check_rc("zmq_socket_monitor_versioned", "ETERM",
                zmq_socket_monitor_versioned(router, "inproc://m", 1, 2, ZMQ_PAIR));
    zx_check_rc("zmq_ppoll", "ETERM", zmq_ppoll(&item, 1, -1, NULL));
    if (zx_runs("zmq_poller_wait_all"))
        zx_check_rc("zmq_poller_wait_all", "ETERM", zmq_poller_wait_all(poller, events, 2, -1));
    zx_ok(zmq_poller_destroy(&poller));
}

static void closed_descriptor(void) {
    int fd = dup(0);
    zmq_pollitem_t item = {NULL, fd, ZMQ_POLLIN, 0};

    zx_ok(fd);
    close(fd);
    zx_check_rc("zmq_ppoll", "1", zmq_ppoll(&item, 1, 0, NULL));
    zx_check_int("revents", ZMQ_POLLERR, item.revents);
}

static void peer_state_without_a_name(void) {
    zx_check_rc("NULL", "EINVAL", zmq_socket_get_peer_state(zx_socket(ZMQ_ROUTER), NULL, 1));
}

static void closed_member(void) {
    zmq_poller_event_t events[2];
    void *s, *poller;

    if (!zx_runs("zmq_poller_wait_all")) return;
    s = zmq_socket(zx_ctx(), ZMQ_PULL);
    poller = zmq_poller_new();
    zx_ok(zmq_poller_add(poller, s, NULL, ZMQ_POLLIN));
    zx_ok(zmq_close(s));
    zx_check_rc("zmq_poller_wait_all", "ENOTSOCK", zmq_poller_wait_all(poller, events, 2, 100));
    zx_ok(zmq_poller_destroy(&poller));
}

static void interrupted(void) {
    void *front = zx_socket(ZMQ_PULL), *back = zx_socket(ZMQ_PUSH), *poller = zmq_poller_new();
    zmq_poller_event_t events[2];

    zx_ok(zmq_poller_add(poller, front, NULL, ZMQ_POLLIN));
    tick(1);
    zx_check_rc("zmq_poller_wait", "EINTR", zmq_poller_wait(poller, events, -1));
    zx_check_rc("zmq_poller_wait_all", "EINTR", zmq_poller_wait_all(poller, events, 2, -1));
    zx_check_rc("zmq_proxy_steerable", "EINTR",
                zmq_proxy_steerable(front, back, NULL, zx_socket(ZMQ_PULL)));
    tick(0);
    zx_ok(zmq_poller_destroy(&poller));
}

static void proxies(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH);

    if (!zx_runs("zmq_proxy_steerable")) return;
    zx_check_rc("zmq_proxy_steerable", "ENOTSOCK",
                zmq_proxy_steerable(pull, push, NULL, (char[4096]){0}));
}

static void monitors(void) {
    void *s = zx_socket(ZMQ_PULL), *taken = zx_socket(ZMQ_PAIR);

    zx_ok(zmq_bind(taken, "inproc://taken"));
    zx_check_rc("tcp", "EPROTONOSUPPORT",
                zmq_socket_monitor_versioned(s, "tcp://127.0.0.1:*", 1, 2, ZMQ_PAIR));
    zx_check_rc("taken", "EADDRINUSE",
                zmq_socket_monitor_versioned(s, "inproc://taken", 1, 2, ZMQ_PAIR));
    zx_check_rc("udp", "ENOCOMPATPROTO",
                zmq_socket_monitor_versioned(s, "udp://127.0.0.1:5555", 1, 2, ZMQ_PAIR));
    zx_check_rc("udp", "ENOCOMPATPROTO", zmq_socket_monitor(s, "udp://127.0.0.1:5555", 1));
}

static void wrong_transport(void) {
    void *s = zx_socket(ZMQ_DGRAM);

    if (!zx_runs("zmq_bind")) return;
    zx_check_rc("zmq_bind", "ENOCOMPATPROTO", zmq_bind(s, "tcp://127.0.0.1:*"));
    zx_check_rc("zmq_connect", "ENOCOMPATPROTO", zmq_connect(s, "tcp://127.0.0.1:5555"));
    zx_check_rc("zmq_unbind", "ENOCOMPATPROTO", zmq_unbind(s, "tcp://127.0.0.1:5555"));
    zx_check_rc("zmq_disconnect", "ENOCOMPATPROTO", zmq_disconnect(s, "tcp://127.0.0.1:5555"));
}

static int poller_in_child(void *poller) {
    zmq_fd_t fd;

    alarm(2);
    return !(zmq_poller_fd(poller, &fd) == -1 && errno == EINTR);
}

static void child_of_fork(void) {
    void *s = zx_socket(ZMQ_PULL), *poller = zmq_poller_new();
    int status = -1;
    pid_t pid;

    zx_ok(zmq_poller_add(poller, s, NULL, ZMQ_POLLIN));
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(poller_in_child(poller));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    zx_check_int("child", 0, WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
    zx_ok(zmq_poller_destroy(&poller));
}

static const struct zx_case cases[] = {
    ZX_CASE(no_parts),
    ZX_CASE(no_message),
    ZX_CASE(no_socket),
    ZX_CASE(shut_down),
    ZX_CASE(closed_descriptor),
    ZX_CASE(peer_state_without_a_name),
    ZX_CASE(closed_member),
    ZX_CASE(interrupted),
    ZX_CASE(proxies),
    ZX_CASE(monitors),
    ZX_CASE(wrong_transport),
    ZX_CASE(child_of_fork),
};

ZX_MAIN("errors_draft", cases)
