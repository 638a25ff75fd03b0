/* SPDX-License-Identifier: MIT */
/* zmq_proxy, zmq_proxy_steerable, zmq_device. */
#include "zx_api.h"

struct proxy {
    void *front, *back, *capture, *control;
    int steerable;
    const char *_Atomic answer;
};

/* Runs in a thread of its own and owns the sockets from then on. */
static void run(void *arg) {
    struct proxy *p = arg;
    int rc = p->steerable ? zmq_proxy_steerable(p->front, p->back, p->capture, p->control)
                          : zmq_proxy(p->front, p->back, p->capture);

    p->answer = rc == 0                ? "0"
                : errno == ETERM        ? "ETERM"
                : errno == ENOTSOCK     ? "ENOTSOCK"
                : errno == EHOSTUNREACH ? "EHOSTUNREACH"
                                        : "other";
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

static const char *answer_of(const struct proxy *p, void *idle) {
    const char *answer = p->answer;

    for (int i = 0; i < 300 && !answer; i++) {
        zx_wait(idle, ZMQ_POLLIN, 10);
        answer = p->answer;
    }
    return answer ? answer : "still running";
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
    zx_check_str("terminated", "0", answer_of(&p, ends[1]));
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

/* A request of several parts is one request. */
static void rep_control_takes_whole_requests(void) {
    static struct proxy p;
    void *control, *ends[2];

    if (!zx_runs("two commands")) return;
    steered(&p, ZMQ_REP, &control, ends);
    zx_ok(zx_send(control, "PAUSE|RESUME", 0));
    zx_check_str("two commands", "", zx_recv(control));
    zx_ok(zx_send(control, "nonsense|STATISTICS", 0));
    zx_check_str("statistics", "0 0 0 0 0 0 0 0", statistics(control));
    zx_ok(zx_send(control, "TERMINATE|nonsense", 0));
    zx_check_str("the last", "", zx_recv(control));
    zx_check_str("terminated", "0", answer_of(&p, ends[1]));
}

/* A control that cannot answer is obeyed all the same. */
static void one_way_control(void) {
    static struct proxy p;
    char front[128], back[128], ctl[128];
    void *push, *pull, *control = zx_socket(zx_current()->arg == ZMQ_SUB ? ZMQ_XPUB : ZMQ_PUSH);

    if (!zx_runs("goes on")) return;
    p = (struct proxy){.front = end(ZMQ_PULL, front), .back = end(ZMQ_PUSH, back),
                       .control = end(zx_current()->arg, ctl), .steerable = 1};
    zx_ok(zmq_connect(control, ctl));
    zx_spawn(run, &p);
    push = client(ZMQ_PUSH, front);
    pull = client(ZMQ_PULL, back);
    if (zx_current()->arg == ZMQ_SUB) zx_check_str("ready", "\\01", zx_recv(control));
    zx_ok(zx_send(control, "STATISTICS", 0));
    zx_ok(zx_send(push, "x", 0));
    zx_check_str("goes on", "x", zx_recv(pull));
    zx_ok(zx_send(control, "TERMINATE", 0));
    zx_check_str("terminated", "0", answer_of(&p, pull));
}

static void one_socket_and_a_control(void) {
    static struct proxy p;
    char front[128], ctl[128];
    void *dealer, *control;

    if (!zx_runs("echo")) return;
    p = (struct proxy){.control = end(ZMQ_PAIR, ctl), .steerable = 1};
    p.front = p.back = end(ZMQ_ROUTER, front);
    control = client(ZMQ_PAIR, ctl);
    dealer = client(ZMQ_DEALER, front);
    zx_spawn(run, &p);
    zx_ok(zx_send(dealer, "x|yz", 0));
    zx_check_str("echo", "x|yz", zx_recv(dealer));
    zx_ok(zx_send(control, "STATISTICS", 0));
    /* Each counts: the id of 5 bytes too. */
    zx_check_str("received in front, sent behind", "3 8 0 0 0 0 3 8", statistics(control));
    zx_ok(zx_send(control, "TERMINATE", 0));
    zx_check_str("terminated", "0", answer_of(&p, dealer));
}

/* Nobody reads the copies: nothing is carried, nothing is lost, and commands are obeyed. */
static void a_full_capture_holds_all(void) {
    static struct proxy p;
    char front[128], back[128], tap[128], ctl[128];
    void *push, *pull, *spy, *control;

    if (!zx_runs("held")) return;
    p = (struct proxy){.front = end(ZMQ_PULL, front), .back = end(ZMQ_PUSH, back),
                       .capture = end(ZMQ_PUSH, tap), .control = end(ZMQ_PAIR, ctl),
                       .steerable = 1};
    control = client(ZMQ_PAIR, ctl);
    push = client(ZMQ_PUSH, front);
    pull = client(ZMQ_PULL, back);
    zx_spawn(run, &p);
    for (int i = 0; i < 5; i++) zx_ok(zx_send(push, zx_fmt("%d|part", i), 0));
    zx_check_str("held", "EAGAIN", zx_recv_soon(pull));
    zx_ok(zx_send(control, "STATISTICS", 0));
    zx_check_str("not even taken", "0 0 0 0 0 0 0 0", statistics(control));
    spy = client(ZMQ_PULL, tap);
    for (int i = 0; i < 5; i++) {
        zx_check_str("passed on", zx_fmt("%d|part", i), zx_recv(pull));
        zx_check_str("captured", zx_fmt("%d|part", i), zx_recv(spy));
    }
}

/* XPUB with NODROP: a slow subscriber holds up its publisher, through the proxy. */
static void nodrop_reaches_the_publisher(void) {
    static struct proxy p;
    char front[128], back[128];
    int one = 1, sent = 0;
    void *pub, *sub = zx_socket(ZMQ_SUB);

    p = (struct proxy){.front = end(ZMQ_XSUB, NULL), .back = end(ZMQ_XPUB, NULL)};
    zx_ok(zmq_setsockopt(p.front, ZMQ_RCVHWM, &one, sizeof one));
    zx_ok(zmq_setsockopt(p.back, ZMQ_SNDHWM, &one, sizeof one));
    zx_ok(zmq_setsockopt(p.back, ZMQ_XPUB_NODROP, &one, sizeof one));
    snprintf(front, sizeof front, "%s", zx_bind(p.front));
    snprintf(back, sizeof back, "%s", zx_bind(p.back));
    zx_spawn(run, &p);
    pub = zx_socket(ZMQ_XPUB);
    zx_ok(zx_set_int(pub, ZMQ_SNDHWM, 1));
    zx_ok(zx_set_int(pub, ZMQ_XPUB_NODROP, 1));
    zx_ok(zmq_connect(pub, front));
    zx_ok(zx_set_int(sub, ZMQ_RCVHWM, 1));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, ""));
    zx_ok(zmq_connect(sub, back));
    zx_check_str("subscription", "\\01", zx_recv(pub));
    zx_ok(zx_set_int(pub, ZMQ_SNDTIMEO, 60));
    while (sent < 20 && zx_send(pub, zx_num(sent), 0) > 0) sent++;
    zx_check_int("held up", 1, sent < 20);
    for (int i = 0; i < sent; i++) zx_check_str("none lost", zx_num(i), zx_recv(sub));
}

static void a_router_that_reports_ends_it(void) {
    static struct proxy p;
    char front[128];
    int one = 1;
    void *dealer;

    p = (struct proxy){.front = end(ZMQ_DEALER, front), .back = end(ZMQ_ROUTER, NULL)};
    zx_ok(zmq_setsockopt(p.back, ZMQ_ROUTER_MANDATORY, &one, sizeof one));
    dealer = client(ZMQ_DEALER, front);
    void *other = client(ZMQ_DEALER, zx_bind(p.back));
    zx_spawn(run, &p);
    zx_ok(zx_send(dealer, "nobody|x", 0));
    zx_check_str("proxy", "EHOSTUNREACH", answer_of(&p, other));
}

/* An end that can never receive stands for nothing but sending. */
static void one_way_ends(void) {
    static struct proxy p;
    char front[128], back[128];
    void *dealer, *pull;

    p = (struct proxy){.front = end(ZMQ_DEALER, front), .back = end(ZMQ_PUSH, back)};
    zx_spawn(run, &p);
    dealer = client(ZMQ_DEALER, front);
    pull = client(ZMQ_PULL, back);
    for (int i = 0; i < 10; i++) {
        zx_ok(zx_send(dealer, zx_num(i), 0));
        zx_check_str("passed on", zx_num(i), zx_recv(pull));
    }
}

/* Types that take turns. */
static void rep_and_req(void) {
    static struct proxy p;
    char front[128], back[128];
    void *req, *rep;

    if (!zx_runs("reply")) return;
    p = (struct proxy){.front = end(ZMQ_REP, front), .back = end(ZMQ_REQ, back)};
    zx_spawn(run, &p);
    req = client(ZMQ_REQ, front);
    rep = client(ZMQ_REP, back);
    for (int i = 0; i < 10; i++) {
        zx_ok(zx_send(req, zx_fmt("%d|?", i), 0));
        zx_check_str("request", zx_fmt("%d|?", i), zx_recv(rep));
        zx_ok(zx_send(rep, zx_fmt("%d|!", i), 0));
        zx_check_str("reply", zx_fmt("%d|!", i), zx_recv(req));
    }
}

static void rep_echoes(void) {
    static struct proxy p;
    char front[128];
    void *req;

    p = (struct proxy){0};
    p.front = p.back = end(ZMQ_REP, front);
    zx_spawn(run, &p);
    req = client(ZMQ_REQ, front);
    for (int i = 0; i < 10; i++) {
        zx_ok(zx_send(req, zx_num(i), 0));
        zx_check_str("echo", zx_num(i), zx_recv(req));
    }
}

static void fill(unsigned char *data, size_t size, int seed) {
    for (size_t i = 0; i < size; i++) data[i] = (unsigned char)(i * 7 + i / 256 + (size_t)seed);
}

/* Bodies of all sizes, in parts, both ways: copied and passed on by reference. */
static void bodies_of_all_sizes(void) {
    static const size_t sizes[] = {0, 1, 33, 34, 255, 256, 8192, 8193, 30000, 65536, 300000, 3};
    enum { N = sizeof sizes / sizeof sizes[0], MOST = 300000 };
    static struct proxy p;
    static unsigned char data[MOST], got[MOST + 1];
    char front[128], back[128];
    void *to[2];
    int differ = 0;

    p = (struct proxy){.front = end(ZMQ_DEALER, front), .back = end(ZMQ_DEALER, back)};
    zx_spawn(run, &p);
    to[0] = client(ZMQ_DEALER, front);
    to[1] = client(ZMQ_DEALER, back);
    for (int round = 0; round < 8; round++) {
        void *from = to[round % 2], *at = to[1 - round % 2];
        for (int i = 0; i < N; i++) {
            fill(data, sizes[i], i + round);
            zx_ok(zmq_send(from, data, sizes[i], i + 1 < N ? ZMQ_SNDMORE : 0));
        }
        for (int i = 0; i < N; i++) {
            fill(data, sizes[i], i + round);
            int n = zmq_recv(at, got, sizeof got, 0);
            differ += n != (int)sizes[i] || memcmp(data, got, sizes[i]) != 0 ||
                      zx_get_int(at, ZMQ_RCVMORE) != (i + 1 < N);
        }
    }
    zx_check_int("parts that differ", 0, differ);
}

static const char *of_a_closed_socket(void) {
    void *ctx = zmq_ctx_new();
    void *front = zmq_socket(ctx, ZMQ_PULL), *back = zmq_socket(ctx, ZMQ_PUSH);

    zmq_close(back);
    return zx_err(zmq_proxy(front, back, NULL));
}

static void closed_sockets(void) {
    if (!zx_runs("back")) return;
    zx_check_str("back", "ENOTSOCK", zx_child(of_a_closed_socket));
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
    ZX_CASE(rep_control_takes_whole_requests),
    ZX_CASE_ARG(one_way_control, ZMQ_PULL),
    ZX_CASE_ARG(one_way_control, ZMQ_SUB),
    ZX_CASE(one_socket_and_a_control),
    ZX_CASE(a_full_capture_holds_all),
    ZX_CASE(nodrop_reaches_the_publisher),
    ZX_CASE_ALL(a_router_that_reports_ends_it),
    ZX_CASE_ALL(one_way_ends),
    ZX_CASE_ALL(rep_and_req),
    ZX_CASE_ALL(rep_echoes),
    ZX_CASE_ALL(bodies_of_all_sizes),
    ZX_CASE(closed_sockets),
    ZX_CASE(steerable_without_control),
    ZX_CASE(a_full_back_end_holds_the_front),
};

ZX_MAIN("proxy", cases)
