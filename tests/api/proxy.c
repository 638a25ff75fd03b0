/* SPDX-License-Identifier: MIT */
/* zmq_proxy, zmq_proxy_steerable, zmq_device. */
#include "zx_api.h"

struct proxy {
    void *front, *back, *capture, *control;
    int steerable;
    const char *answer;
};

/* Runs in a thread of its own and owns the sockets from then on. */
static void run(void *arg) {
    struct proxy *p = arg;
    int rc = p->steerable ? zmq_proxy_steerable(p->front, p->back, p->capture, p->control)
                          : zmq_proxy(p->front, p->back, p->capture);

    p->answer = rc == 0 ? "0" : errno == ETERM ? "ETERM" : "other";
    zmq_close(p->front);
    if (p->back != p->front) zmq_close(p->back);
    if (p->capture) zmq_close(p->capture);
    if (p->control) zmq_close(p->control);
}

/* Not one of the case's own sockets: the proxy's thread closes it. */
static void *end(int type, char ep[128]) {
    void *s = zmq_socket(zx_ctx(), type);
    int zero = 0;

    assert_non_null(s);
    zx_ok(zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero));
    if (type == ZMQ_SUB) zx_ok(zmq_setsockopt(s, ZMQ_SUBSCRIBE, "", 0));
    if (ep) snprintf(ep, 128, "%s", zx_bind(s));
    return s;
}

static void *client(int type, const char *ep) {
    void *s = zx_socket(type);

    if (type == ZMQ_SUB) zx_ok(zx_set_str(s, ZMQ_SUBSCRIBE, ""));
    zx_ok(zmq_connect(s, ep));
    return s;
}

static void requests(void) {
    static struct proxy p;
    char front[128], back[128];
    void *req, *rep;

    p = (struct proxy){.front = end(ZMQ_ROUTER, front), .back = end(ZMQ_DEALER, back)};
    zx_spawn(run, &p);
    req = client(ZMQ_REQ, front);
    rep = client(ZMQ_REP, back);
    for (int i = 0; i < 20; i++) {
        zx_ok(zx_send(req, zx_fmt("q%d|part", i), 0));
        zx_check_str("request", zx_fmt("q%d|part", i), zx_recv(rep));
        zx_ok(zx_send(rep, zx_fmt("a%d||", i), 0));
        zx_check_str("reply", zx_fmt("a%d||", i), zx_recv(req));
    }
}

static void pipeline(void) {
    static struct proxy p;
    char front[128], back[128];
    void *push, *pull;

    p = (struct proxy){.front = end(ZMQ_PULL, front), .back = end(ZMQ_PUSH, back)};
    zx_spawn(run, &p);
    push = client(ZMQ_PUSH, front);
    pull = client(ZMQ_PULL, back);
    for (int i = 0; i < 1500; i++) {
        zx_ok(zx_send(push, zx_num(i), 0));
        if (i % 100 == 99)
            for (int k = i - 99; k <= i; k++) zx_check_str("order", zx_num(k), zx_recv(pull));
    }
}

static void subscriptions(void) {
    static struct proxy p;
    char front[128], back[128];
    void *pub, *sub = zx_socket(ZMQ_SUB);

    p = (struct proxy){.front = end(ZMQ_XSUB, front), .back = end(ZMQ_XPUB, back)};
    zx_spawn(run, &p);
    pub = client(ZMQ_XPUB, front);
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    zx_ok(zmq_connect(sub, back));
    zx_check_str("subscription", "\\01a", zx_recv(pub));
    zx_ok(zx_send(pub, "b", 0));
    zx_ok(zx_send(pub, "a|part", 0));
    zx_check_str("message", "a|part", zx_recv(sub));
    zx_ok(zx_set_str(sub, ZMQ_UNSUBSCRIBE, "a"));
    zx_check_str("unsubscription", "\\00a", zx_recv(pub));
}

static void capture(void) {
    static struct proxy p;
    char front[128], back[128], tap[128];
    void *push, *pull, *spy;

    p = (struct proxy){.front = end(ZMQ_PULL, front), .back = end(ZMQ_PUSH, back),
                       .capture = end(ZMQ_PUSH, tap)};
    spy = client(ZMQ_PULL, tap);
    push = client(ZMQ_PUSH, front);
    pull = client(ZMQ_PULL, back);
    zx_spawn(run, &p);
    zx_ok(zx_send(push, "one|two", 0));
    zx_check_str("passed on", "one|two", zx_recv(pull));
    zx_check_str("captured", "one|two", zx_recv(spy));
}

static void ends_with_the_context(void) {
    static struct proxy p;
    void *ctx = zmq_ctx_new(), *thread;

    p = (struct proxy){.front = zmq_socket(ctx, ZMQ_ROUTER), .back = zmq_socket(ctx, ZMQ_DEALER)};
    thread = zmq_threadstart(run, &p);
    zx_ok(zmq_ctx_term(ctx));
    zmq_threadclose(thread);
    zx_check_str("proxy", "ETERM", p.answer);
}

static void null_sockets(void) {
    void *s = zx_socket(ZMQ_PAIR);

    zx_check_rc("front", "EFAULT", zmq_proxy(NULL, s, NULL));
    zx_check_rc("back", "EFAULT", zmq_proxy(s, NULL, NULL));
    zx_check_rc("steerable front", "EFAULT", zmq_proxy_steerable(NULL, s, NULL, NULL));
    zx_check_rc("steerable back", "EFAULT", zmq_proxy_steerable(s, NULL, NULL, NULL));
}

static const char *device_null(void) {
    return zx_err(zmq_device(ZMQ_QUEUE, NULL, NULL));
}

static void device_of_nothing(void) {
    zx_check_str("device", "EFAULT", zx_child(device_null));
}

static void one_socket_echoes(void) {
    static struct proxy p;
    char front[128];
    void *dealer;

    p.front = p.back = end(ZMQ_ROUTER, front);
    p.capture = p.control = NULL;
    p.steerable = 0;
    zx_spawn(run, &p);
    dealer = client(ZMQ_DEALER, front);
    for (int i = 0; i < 10; i++) {
        zx_ok(zx_send(dealer, zx_fmt("%d|x", i), 0));
        zx_check_str("echo", zx_fmt("%d|x", i), zx_recv(dealer));
    }
}

static void steered(struct proxy *p, int type, void *control[1], void *ends[2]) {
    char front[128], back[128], ctl[128];

    *p = (struct proxy){.front = end(ZMQ_PULL, front), .back = end(ZMQ_PUSH, back),
                        .control = end(type, ctl), .steerable = 1};
    control[0] = client(type == ZMQ_REP ? ZMQ_REQ : ZMQ_PAIR, ctl);
    ends[0] = client(ZMQ_PUSH, front);
    ends[1] = client(ZMQ_PULL, back);
    zx_spawn(run, p);
}

static void pause_resume_terminate(void) {
    static struct proxy p;
    void *control, *ends[2];

    zx_soft(1);
    steered(&p, ZMQ_PAIR, &control, ends);
    zx_ok(zx_send(ends[0], "1", 0));
    zx_check_str("running", "1", zx_recv(ends[1]));
    zx_ok(zx_send(control, "PAUSE", 0));
    zx_ok(zx_send(control, "STATISTICS", 0));
    zx_recv(control); /* by now it is paused */
    zx_ok(zx_send(ends[0], "2", 0));
    zx_check_str("paused", "EAGAIN", zx_recv_soon(ends[1]));
    zx_ok(zx_send(control, "RESUME", 0));
    zx_check_str("resumed", "2", zx_recv(ends[1]));
    zx_ok(zx_send(control, "TERMINATE", 0));
    for (int i = 0; i < 300 && !p.answer; i++) zx_wait(ends[1], ZMQ_POLLIN, 10);
    zx_check_str("terminated", "0", p.answer ? p.answer : "still running");
}

static const char *statistics(void *control) {
    char text[200] = "";

    for (int i = 0; i < 8; i++) {
        uint64_t n = 77777;
        if (zmq_recv(control, &n, sizeof n, 0) != 8) return "bad frame";
        snprintf(text + strlen(text), 24, "%s%llu", i ? " " : "", (unsigned long long)n);
        if (zx_get_int(control, ZMQ_RCVMORE) != (i < 7)) return "bad number of frames";
    }
    return zx_fmt("%s", text);
}

static void counts(void) {
    static struct proxy p;
    void *control, *ends[2];

    steered(&p, ZMQ_PAIR, &control, ends);
    zx_ok(zx_send(control, "STATISTICS", 0));
    zx_check_str("at first", "0 0 0 0 0 0 0 0", statistics(control));
    zx_ok(zx_send(ends[0], "ab|cde", 0));
    zx_check_str("a message", "ab|cde", zx_recv(ends[1]));
    zx_ok(zx_send(control, "STATISTICS", 0));
    zx_check_str("frames and bytes", "2 5 0 0 0 0 2 5", statistics(control));
}

static void rep_control_answers_each(void) {
    static struct proxy p;
    void *control, *ends[2];

    if (!zx_runs("PAUSE")) return;
    steered(&p, ZMQ_REP, &control, ends);
    zx_ok(zx_send(control, "PAUSE", 0));
    zx_check_str("PAUSE", "", zx_recv(control));
    zx_ok(zx_send(control, "RESUME", 0));
    zx_check_str("RESUME", "", zx_recv(control));
    zx_ok(zx_send(control, "nonsense", 0));
    zx_check_str("unknown", "", zx_recv(control));
    zx_ok(zx_send(control, "STATISTICS", 0));
    zx_check_str("STATISTICS", "0 0 0 0 0 0 0 0", statistics(control));
    zx_ok(zx_send(control, "TERMINATE", 0));
    zx_check_str("TERMINATE", "", zx_recv(control));
}

static void unknown_commands_are_ignored(void) {
    static struct proxy p;
    void *control, *ends[2];

    if (!zx_runs("goes on")) return;
    steered(&p, ZMQ_PAIR, &control, ends);
    zx_ok(zx_send(control, "pause", 0));
    zx_ok(zx_send(control, "PAUSE ", 0));
    zx_ok(zx_send(control, "", 0));
    zx_ok(zx_send(ends[0], "x", 0));
    zx_check_str("goes on", "x", zx_recv(ends[1]));
}

static void steerable_without_control(void) {
    static struct proxy p;
    char front[128], back[128];
    void *push, *pull;

    p = (struct proxy){.front = end(ZMQ_PULL, front), .back = end(ZMQ_PUSH, back), .steerable = 1};
    zx_spawn(run, &p);
    push = client(ZMQ_PUSH, front);
    pull = client(ZMQ_PULL, back);
    zx_ok(zx_send(push, "x", 0));
    zx_check_str("works", "x", zx_recv(pull));
}

static void a_full_back_end_holds_the_front(void) {
    static struct proxy p;
    char front[128], back[128];
    void *push;
    int one = 1, sent = 0;

    p = (struct proxy){.front = end(ZMQ_PULL, NULL), .back = end(ZMQ_PUSH, back)};
    zx_ok(zmq_setsockopt(p.front, ZMQ_RCVHWM, &one, sizeof one));
    snprintf(front, sizeof front, "%s", zx_bind(p.front));
    push = zx_socket(ZMQ_PUSH);
    zx_ok(zx_set_int(push, ZMQ_SNDHWM, 1));
    zx_ok(zmq_connect(push, front));
    zx_spawn(run, &p);
    zx_ok(zx_set_int(push, ZMQ_SNDTIMEO, 30));
    while (sent < 10 && zx_send(push, zx_num(sent), 0) > 0) sent++;
    zx_check_int("nobody behind it", 2, sent);
    void *pull = client(ZMQ_PULL, back);
    for (int i = 0; i < sent; i++) zx_check_str("none lost", zx_num(i), zx_recv(pull));
}

static const struct zx_case cases[] = {
    ZX_CASE_ALL(requests),
    ZX_CASE_ALL(pipeline),
    ZX_CASE_ALL(subscriptions),
    ZX_CASE_ALL(capture),
    ZX_CASE(ends_with_the_context),
    ZX_CASE(null_sockets),
    ZX_CASE(device_of_nothing),
    ZX_CASE_ALL(one_socket_echoes),
    ZX_CASE(pause_resume_terminate),
    ZX_CASE(counts),
    ZX_CASE(rep_control_answers_each),
    ZX_CASE(unknown_commands_are_ignored),
    ZX_CASE(steerable_without_control),
    ZX_CASE(a_full_back_end_holds_the_front),
};

ZX_MAIN("proxy", cases)
