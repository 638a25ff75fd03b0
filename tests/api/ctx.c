/* SPDX-License-Identifier: MIT */
/* Contexts: creation, termination, shutdown, ETERM in every call. */
#include "zx_api.h"

static void new_and_term(void) {
    void *ctx = zmq_ctx_new();

    assert_non_null(ctx);
    zx_check_rc("term", "0", zmq_ctx_term(ctx));
}

static void term_of_a_used_context(void) {
    void *s = zx_socket(ZMQ_REP);

    zx_ok(zmq_bind(s, "tcp://127.0.0.1:*"));
    zx_close(s);
    zx_check_rc("term", "0", zmq_ctx_term(zx_ctx()));
    zx_ctx_forget();
}

static void aliases(void) {
    zx_check_rc("zmq_term", "0", zmq_term(zmq_ctx_new()));
    zx_check_rc("zmq_ctx_destroy", "0", zmq_ctx_destroy(zmq_ctx_new()));
}

static void bad_context(void) {
    void *s = zx_socket(ZMQ_PAIR);

    zx_check_rc("term", "EFAULT", zmq_ctx_term(NULL));
    zx_check_rc("shutdown", "EFAULT", zmq_ctx_shutdown(NULL));
    zx_check_rc("socket", "EFAULT", zmq_socket(NULL, ZMQ_PAIR) ? 0 : -1);
    zx_check_rc("term of a socket", "EFAULT", zmq_ctx_term(s));
    zx_check_rc("shutdown of a socket", "EFAULT", zmq_ctx_shutdown(s));
    zx_check_rc("socket of a socket", "EFAULT", zmq_socket(s, ZMQ_PAIR) ? 0 : -1);
}

static void bad_types(void) {
    static const int types[] = {-1, 21, 22, 100, 1 << 30};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        zx_check_rc(zx_fmt("type %d", types[i]), "EINVAL", zx_raw_socket(types[i]) ? 0 : -1);
}

static void every_stable_type(void) {
    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; type++) {
        void *s = zx_socket(type);
        zx_check_int(zx_fmt("type %d", type), type, zx_get_int(s, ZMQ_TYPE));
    }
}

static void bad_sockets(void) {
    char room[8];
    void *ctx = zx_ctx();

    for (int i = 0; i < 2; i++) {
        void *s = i ? ctx : NULL;
        zx_check_rc(zx_fmt("close %d", i), "ENOTSOCK", zmq_close(s));
        zx_check_rc(zx_fmt("bind %d", i), "ENOTSOCK", zmq_bind(s, "inproc://a"));
        zx_check_rc(zx_fmt("connect %d", i), "ENOTSOCK", zmq_connect(s, "inproc://a"));
        zx_check_rc(zx_fmt("unbind %d", i), "ENOTSOCK", zmq_unbind(s, "inproc://a"));
        zx_check_rc(zx_fmt("disconnect %d", i), "ENOTSOCK", zmq_disconnect(s, "inproc://a"));
        zx_check_rc(zx_fmt("send %d", i), "ENOTSOCK", zmq_send(s, "a", 1, 0));
        zx_check_rc(zx_fmt("send_const %d", i), "ENOTSOCK", zmq_send_const(s, "a", 1, 0));
        zx_check_rc(zx_fmt("recv %d", i), "ENOTSOCK", zmq_recv(s, room, 8, 0));
        zx_check_rc(zx_fmt("monitor %d", i), "ENOTSOCK",
                    zmq_socket_monitor(s, "inproc://a", ZMQ_EVENT_ALL));
    }
}

static void shutdown_is_idempotent(void) {
    void *s = zx_socket(ZMQ_PULL);

    zx_check_rc("first", "0", zmq_ctx_shutdown(zx_ctx()));
    zx_check_rc("second", "0", zmq_ctx_shutdown(zx_ctx()));
    zx_check_str("recv", "ETERM", zx_recv(s));
    zx_check_rc("socket", "ETERM", zx_raw_socket(ZMQ_PULL) ? 0 : -1);
    zx_check_rc("close", "0", zmq_close(s));
    zx_check_rc("term", "0", zmq_ctx_term(zx_ctx()));
    zx_ctx_forget();
}

static void shutdown_before_the_first_socket(void) {
    zx_check_rc("shutdown", "0", zmq_ctx_shutdown(zx_ctx()));
    zx_check_rc("socket", "ETERM", zx_raw_socket(ZMQ_PAIR) ? 0 : -1);
    zx_check_rc("term", "0", zmq_ctx_term(zx_ctx()));
    zx_ctx_forget();
}

static void eterm_everywhere(void) {
    void *s = zx_socket(ZMQ_PAIR);
    zmq_pollitem_t item = {.socket = s, .events = ZMQ_POLLIN};
    char room[8];
    zmq_msg_t m;

    zx_ok(zmq_bind(s, "inproc://here"));
    zx_ok(zmq_ctx_shutdown(zx_ctx()));
    zx_check_rc("recv", "ETERM", zmq_recv(s, room, 8, 0));
    zx_check_rc("recv DONTWAIT", "ETERM", zmq_recv(s, room, 8, ZMQ_DONTWAIT));
    zx_check_rc("send", "ETERM", zmq_send(s, "a", 1, 0));
    zx_check_rc("send DONTWAIT", "ETERM", zmq_send(s, "a", 1, ZMQ_DONTWAIT));
    zx_check_rc("send_const", "ETERM", zmq_send_const(s, "a", 1, 0));
    zx_ok(zmq_msg_init_size(&m, 3));
    zx_check_rc("msg_send", "ETERM", zmq_msg_send(&m, s, 0));
    zx_check_int("message kept", 3, (int)zmq_msg_size(&m));
    zx_check_rc("msg_recv", "ETERM", zmq_msg_recv(&m, s, 0));
    zx_ok(zmq_msg_close(&m));
    zx_check_rc("bind", "ETERM", zmq_bind(s, "inproc://there"));
    zx_check_rc("connect", "ETERM", zmq_connect(s, "inproc://there"));
    zx_check_rc("unbind", "ETERM", zmq_unbind(s, "inproc://here"));
    zx_check_rc("disconnect", "ETERM", zmq_disconnect(s, "inproc://here"));
    zx_check_rc("poll", "ETERM", zmq_poll(&item, 1, 1000));
    zx_check_rc("poll 0", "ETERM", zmq_poll(&item, 1, 0));
    zx_check_rc("monitor", "ETERM", zmq_socket_monitor(s, "inproc://m", ZMQ_EVENT_ALL));
    zx_check_rc("setsockopt", "ETERM", zx_set_int(s, ZMQ_LINGER, 0));
    zx_check_rc("close", "0", zmq_close(s));
    zx_check_rc("term", "0", zmq_ctx_term(zx_ctx()));
    zx_ctx_forget();
}

static const char *run_proxy(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PAIR);

    zmq_ctx_shutdown(ctx);
    zmq_send(s, "noticed", 7, 0);
    return zx_err(zmq_proxy(s, s, NULL));
}

static void proxy_after_shutdown(void) {
    zx_check_str("proxy", "ETERM", zx_child(run_proxy));
}

static void eterm_for_each_type(void) {
    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; type++) {
        void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, type);
        char room[4];
        assert_non_null(s);
        zx_ok(zmq_ctx_shutdown(ctx));
        zx_check_rc(zx_fmt("send %d", type), "ETERM", zmq_send(s, "x", 1, 0));
        zx_check_rc(zx_fmt("recv %d", type), "ETERM", zmq_recv(s, room, 4, 0));
        zx_ok(zmq_close(s));
        zx_ok(zmq_ctx_term(ctx));
    }
}

static void queued_messages_are_gone_after_shutdown(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_link(a, b);
    zx_ok(zx_send(a, "one", 0));
    zx_ok(zx_send(a, "two", 0));
    zx_check_str("before", "one", zx_recv(b));
    zx_ok(zmq_ctx_shutdown(zx_ctx()));
    zx_check_int("no POLLIN", 0, zx_wait(b, ZMQ_POLLIN, 0));
    zx_check_str("after", "ETERM", zx_recv(b));
}

struct blocked {
    void *socket;
    int is_send;
    int is_poll;
    const char *answer;
};

/* Tells over inproc that it is about to block, then blocks. */
static void block(void *arg) {
    struct blocked *b = arg;
    char room[4];
    int rc;

    if (b->is_poll) {
        zmq_pollitem_t item = {.socket = b->socket, .events = ZMQ_POLLIN};
        rc = zmq_poll(&item, 1, -1);
    } else if (b->is_send) {
        rc = zmq_send(b->socket, "x", 1, 0);
    } else {
        rc = zmq_recv(b->socket, room, 4, 0);
    }
    b->answer = zx_err(rc);
    b->answer = strcmp(b->answer, "ETERM") == 0 ? "ETERM" : "other";
    zmq_close(b->socket);
}

static void term_wakes(int is_send, int is_poll) {
    void *ctx = zmq_ctx_new();
    struct blocked b = {zmq_socket(ctx, ZMQ_PAIR), is_send, is_poll, NULL};
    void *thread;

    assert_non_null(b.socket);
    thread = zmq_threadstart(block, &b);
    assert_non_null(thread);
    zx_check_rc("term", "0", zmq_ctx_term(ctx));
    zmq_threadclose(thread);
    zx_check_str("blocked call", "ETERM", b.answer);
}

static void term_wakes_recv(void) {
    term_wakes(0, 0);
}

static void term_wakes_send(void) {
    term_wakes(1, 0);
}

static void term_wakes_poll(void) {
    term_wakes(0, 1);
}

static void close_all(void *arg) {
    void **sockets = arg;
    char room[4];

    (void)zmq_recv(sockets[0], room, 4, 0); /* until ETERM */
    for (int i = 0; i < 4; i++) zmq_close(sockets[i]);
}

static void term_waits_for_close(void) {
    void *ctx = zmq_ctx_new(), *sockets[4], *thread;

    for (int i = 0; i < 4; i++) {
        sockets[i] = zmq_socket(ctx, ZMQ_PULL);
        assert_non_null(sockets[i]);
    }
    thread = zmq_threadstart(close_all, sockets);
    zx_check_rc("term", "0", zmq_ctx_term(ctx));
    zmq_threadclose(thread);
}

static void pending_inproc_connects_do_not_hold_term(void) {
    void *s = zx_raw_socket(ZMQ_PUSH);

    zx_ok(zmq_connect(s, "inproc://nobody"));
    zx_ok(zmq_send(s, "queued", 6, ZMQ_DONTWAIT));
    zx_close(s);
    zx_check_rc("term", "0", zmq_ctx_term(zx_ctx()));
    zx_ctx_forget();
}

static void many_contexts(void) {
    void *ctx[8], *s[8];

    for (int i = 0; i < 8; i++) {
        ctx[i] = zmq_ctx_new();
        s[i] = zmq_socket(ctx[i], ZMQ_PAIR);
        assert_non_null(s[i]);
        zx_check_rc(zx_fmt("names are the context's own %d", i), "0", zmq_bind(s[i], "inproc://x"));
    }
    for (int i = 0; i < 8; i++) {
        zx_ok(zmq_close(s[i]));
        zx_ok(zmq_ctx_term(ctx[i]));
    }
}

static void close_twice(void) {
    void *ctx = zmq_ctx_new(), *keep = zmq_socket(ctx, ZMQ_PAIR), *s = zmq_socket(ctx, ZMQ_PAIR);

    assert_non_null(keep);
    zx_check_rc("first", "0", zmq_close(s));
    if (zx_runs("second")) zx_check_rc("second", "ENOTSOCK", zmq_close(s));
    zx_ok(zmq_close(keep));
    zx_ok(zmq_ctx_term(ctx));
}

static void sockets_can_be_made_again_and_again(void) {
    for (int i = 0; i < 300; i++) zx_close(zx_socket(ZMQ_DEALER));
    zx_check_rc("one more", "0", zx_raw_socket(ZMQ_DEALER) ? 0 : -1);
}

static const struct zx_case cases[] = {
    ZX_CASE(new_and_term),
    ZX_CASE(term_of_a_used_context),
    ZX_CASE(aliases),
    ZX_CASE(bad_context),
    ZX_CASE(bad_types),
    ZX_CASE(every_stable_type),
    ZX_CASE(bad_sockets),
    ZX_CASE(shutdown_is_idempotent),
    ZX_CASE(shutdown_before_the_first_socket),
    ZX_CASE(eterm_everywhere),
    ZX_CASE(proxy_after_shutdown),
    ZX_CASE(eterm_for_each_type),
    ZX_CASE(queued_messages_are_gone_after_shutdown),
    ZX_CASE(term_wakes_recv),
    ZX_CASE(term_wakes_send),
    ZX_CASE(term_wakes_poll),
    ZX_CASE(term_waits_for_close),
    ZX_CASE(pending_inproc_connects_do_not_hold_term),
    ZX_CASE(many_contexts),
    ZX_CASE(close_twice),
    ZX_CASE(sockets_can_be_made_again_and_again),
};

ZX_MAIN("ctx", cases)
