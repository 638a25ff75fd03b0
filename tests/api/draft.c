/* SPDX-License-Identifier: MIT */
/* Draft options and calls on the stable types: HELLO and its kin, notifications, versions. */
#define _GNU_SOURCE
#ifndef ZMQ_BUILD_DRAFT_API
#define ZMQ_BUILD_DRAFT_API 1
#endif
#include "zx_api.h"

static void *dealer_with_id(const char *id) {
    void *s = zx_socket(ZMQ_DEALER);
    zx_ok(zx_set_str(s, ZMQ_ROUTING_ID, id));
    return s;
}

static void hello_from_the_binder(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_str(router, ZMQ_HELLO_MSG, "HELLO"));
    zx_link(router, dealer);
    zx_ready(router);
    zx_check_str("first message", "HELLO", zx_recv(dealer));
    zx_ok(zx_send(dealer, "x", 0));
    zx_check_str("works", "me|x", zx_recv(router));
}

static void hello_from_the_connecter(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_str(dealer, ZMQ_HELLO_MSG, "HELLO"));
    zx_link(router, dealer);
    zx_ready(dealer);
    zx_check_str("first message", "me|HELLO", zx_recv(router));
}

static void hello_cleared(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_str(router, ZMQ_HELLO_MSG, "HELLO"));
    zx_ok(zmq_setsockopt(router, ZMQ_HELLO_MSG, NULL, 0));
    zx_link(router, dealer);
    zx_check_str("nothing", "EAGAIN", zx_recv_soon(dealer));
}

static void disconnect_message(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_str(router, ZMQ_DISCONNECT_MSG, "BYE"));
    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "x", 0));
    zx_check_str("x", "me|x", zx_recv(router));
    zx_close(dealer);
    zx_check_str("at the end", "me|BYE", zx_recv(router));
}

static void hiccup_message(void) {
    void *server = zx_socket(ZMQ_DEALER), *dealer = zx_socket(ZMQ_DEALER);

    zx_ok(zx_set_str(dealer, ZMQ_HICCUP_MSG, "HICCUP"));
    zx_link(server, dealer);
    zx_ok(zx_send(dealer, "x", 0));
    zx_check_str("x", "x", zx_recv(server));
    zx_close(server);
    zx_check_str("connection lost", "HICCUP", zx_recv(dealer));
}

static void router_notify(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_int(router, ZMQ_ROUTER_NOTIFY, ZMQ_NOTIFY_CONNECT | ZMQ_NOTIFY_DISCONNECT));
    zx_link(router, dealer);
    zx_check_str("connect", "me|", zx_recv(router));
    zx_ok(zx_send(dealer, "x", 0));
    zx_check_str("x", "me|x", zx_recv(router));
    zx_close(dealer);
    zx_check_str("disconnect", "me|", zx_recv(router));
}

static void router_notify_not_on_inproc(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = dealer_with_id("me");

    zx_ok(zx_set_int(router, ZMQ_ROUTER_NOTIFY, ZMQ_NOTIFY_CONNECT));
    zx_link(router, dealer);
    zx_check_str("nothing", "EAGAIN", zx_recv_soon(router));
}

static void stop_when_refused(void) {
    void *push = zx_socket(ZMQ_PUSH), *mon = zx_monitor(push, ZMQ_EVENT_ALL);
    const char *ep = zx_dead_tcp();
    struct zx_event ev;

    zx_ok(zx_set_int(push, ZMQ_RECONNECT_IVL, 10));
    zx_ok(zx_set_int(push, ZMQ_RECONNECT_STOP, ZMQ_RECONNECT_STOP_CONN_REFUSED));
    zx_ok(zmq_connect(push, ep));
    zx_check_str("once", "CONNECT_DELAYED,CLOSED", zx_events(mon, 2));
    zx_check_int("then silence", -1, zx_next_event(mon, &ev, ZX_SHORT_MS));
    for (int i = 0; i < 20 && zx_ready(push); i++) zx_wait(push, ZMQ_POLLIN, 5);
    zx_check_rc("endpoint gone", "ENOENT", zmq_disconnect(push, ep));
}

static void only_first_subscribe(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *xsub = zx_socket(ZMQ_XSUB);

    zx_ok(zx_set_int(xpub, ZMQ_ONLY_FIRST_SUBSCRIBE, 1));
    zx_ok(zx_set_int(xsub, ZMQ_ONLY_FIRST_SUBSCRIBE, 1));
    zx_link(xpub, xsub);
    zx_ok(zx_send(xsub, "user|\\01B|tail", 0));
    zx_check_str("user data stays whole", "user|\\01B|tail", zx_recv(xpub));
    zx_ok(zx_send(xsub, "\\01A", 0));
    zx_check_str("a subscription", "\\01A", zx_recv(xpub));
}

static void manual_last_value(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *sub[2];

    zx_ok(zx_set_int(xpub, ZMQ_XPUB_MANUAL_LAST_VALUE, 1));
    zx_bind(xpub);
    for (int i = 0; i < 2; i++) {
        sub[i] = zx_socket(ZMQ_SUB);
        zx_ok(zx_set_str(sub[i], ZMQ_SUBSCRIBE, "a"));
        zx_ok(zmq_connect(sub[i], zx_last_endpoint(xpub)));
        zx_check_str("request", "\\01a", zx_recv(xpub));
        zx_ok(zx_set_str(xpub, ZMQ_SUBSCRIBE, "a"));
        zx_ok(zx_send(xpub, zx_fmt("a%d", i), 0));
        zx_check_str("last value", zx_fmt("a%d", i), zx_recv(sub[i]));
    }
    zx_check_str("only for the newcomer", "EAGAIN", zx_recv_soon(sub[0]));
    zx_ok(zx_send(xpub, "a-all", 0));
    for (int i = 0; i < 2; i++) zx_check_str("then for all", "a-all", zx_recv(sub[i]));
}

static void xsub_verbose_unsubscribe(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *xsub = zx_socket(ZMQ_XSUB);

    zx_ok(zx_set_int(xsub, ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, 1));
    zx_ok(zx_set_int(xpub, ZMQ_XPUB_VERBOSER, 1));
    zx_link(xpub, xsub);
    zx_ok(zx_send(xsub, "\\01a", 0));
    zx_ok(zx_send(xsub, "\\01a", 0));
    zx_ok(zx_send(xsub, "\\00a", 0));
    zx_check_str("first", "\\01a", zx_recv(xpub));
    zx_check_str("second", "\\01a", zx_recv(xpub));
    zx_check_str("forwarded", "\\00a", zx_recv(xpub));
}

static int topics(void *s) {
    return zx_get_int(s, ZMQ_TOPICS_COUNT);
}

static void topics_count(void) {
    void *xpub = zx_socket(ZMQ_XPUB), *sub = zx_socket(ZMQ_SUB);

    zx_soft(1);
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "b"));
    zx_check_int("two", 2, topics(sub));
    zx_ok(zx_set_str(sub, ZMQ_SUBSCRIBE, "a"));
    zx_check_int("distinct ones", 2, topics(sub));
    zx_link(xpub, sub);
    zx_check_str("a", "\\01", zx_fmt("%.3s", zx_recv(xpub)));
    zx_check_str("b", "\\01", zx_fmt("%.3s", zx_recv(xpub)));
    zx_check_int("publisher", 2, topics(xpub));
    zx_ok(zx_set_str(sub, ZMQ_UNSUBSCRIBE, "b"));
    zx_check_str("b gone", "\\00b", zx_recv(xpub));
    zx_check_int("publisher after", 1, topics(xpub));
    zx_close(sub);
    zx_check_str("a gone", "\\00a", zx_recv(xpub));
    zx_check_int("nobody left", 0, topics(xpub));
}

static void metadata_property(void) {
    void *a = zx_socket(ZMQ_DEALER), *b = zx_socket(ZMQ_DEALER);
    const char *value;
    zmq_msg_t m;

    zx_soft(1);
    zx_check_rc("good", "0", zx_set_str(a, ZMQ_METADATA, "X-colour:blue"));
    zx_check_rc("second value", "0", zx_set_str(a, ZMQ_METADATA, "X-colour:red"));
    zx_check_rc("no colon", "EINVAL", zx_set_str(a, ZMQ_METADATA, "X-colour"));
    zx_check_rc("colon first", "EINVAL", zx_set_str(a, ZMQ_METADATA, ":x"));
    zx_check_rc("colon last", "EINVAL", zx_set_str(a, ZMQ_METADATA, "X-colour:"));
    zx_check_rc("no X-", "EINVAL", zx_set_str(a, ZMQ_METADATA, "colour:blue"));
    zx_check_rc("empty", "EINVAL", zx_set_str(a, ZMQ_METADATA, ""));
    zx_check_rc("four bytes", "0", zx_set_str(a, ZMQ_METADATA, "X-:a"));
    zx_link(b, a);
    zx_ok(zx_send(a, "x", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, b, 0));
    value = zmq_msg_gets(&m, "X-colour");
    zx_check_str("first value", "blue", value ? value : "none");
    zx_ok(zmq_msg_close(&m));
}

static uint64_t number(void *s) {
    uint64_t n = 0;
    if (zmq_recv(s, &n, sizeof n, 0) != 8) fail_msg("no 8-byte frame: %s", zx_err(-1));
    return n;
}

static void version_2_form(void) {
    void *rep = zx_socket(ZMQ_REP), *req = zx_socket(ZMQ_REQ), *mon = zx_socket(ZMQ_PAIR);
    const char *name = zx_keep(zx_unique("inproc://"));
    char ep[128], local[128], remote[128];
    int n;

    zx_ok(zmq_socket_monitor_versioned(req, name, ZMQ_EVENT_CONNECTED, 2, ZMQ_PAIR));
    zx_ok(zmq_connect(mon, name));
    snprintf(ep, sizeof ep, "%s", zx_bind(rep));
    zx_ok(zmq_connect(req, ep));
    zx_check_int("event", ZMQ_EVENT_CONNECTED, (long long)number(mon));
    zx_check_int("values", 1, (long long)number(mon));
    zx_check_int("descriptor", 1, number(mon) > 2);
    n = zmq_recv(mon, local, sizeof local - 1, 0);
    local[n > 0 ? n : 0] = 0;
    n = zmq_recv(mon, remote, sizeof remote - 1, 0);
    remote[n > 0 ? n : 0] = 0;
    zx_check_int("last part", 0, zx_get_int(mon, ZMQ_RCVMORE));
    zx_check_str("remote", ep, remote);
    if (zx_current()->via == ZX_TCP)
        zx_check_str("local", "tcp://127.0.0.1:", zx_fmt("%.16s", local));
}

static void monitor_types(void) {
    void *s = zx_socket(ZMQ_PULL);
    static const int types[][2] = {{ZMQ_PAIR, 0}, {ZMQ_PUB, 0}, {ZMQ_PUSH, 0}, {ZMQ_REP, EINVAL}};

    zx_soft(1);
    for (int i = 0; i < 4; i++) {
        int rc = zmq_socket_monitor_versioned(s, zx_unique("inproc://"), ZMQ_EVENT_LISTENING, 2,
                                              types[i][0]);
        zx_check_rc(zx_fmt("type %d", types[i][0]), types[i][1] ? "EINVAL" : "0", rc);
    }
    zx_check_rc("version 1, bit 16", "EINVAL",
                zmq_socket_monitor_versioned(s, zx_unique("inproc://"), 0x10000, 1, ZMQ_PAIR));
    zx_check_rc("version 2, bit 16", "0",
                zmq_socket_monitor_versioned(s, zx_unique("inproc://"), 0x10000, 2, ZMQ_PAIR));
    zx_check_rc("version 3", "EINVAL",
                zmq_socket_monitor_versioned(s, zx_unique("inproc://"), 1, 3, ZMQ_PAIR));
}

static void monitor_by_pub(void) {
    void *s = zx_socket(ZMQ_PULL), *sub = zx_socket(ZMQ_SUB);
    const char *name = zx_keep(zx_unique("inproc://"));
    uint64_t wanted = ZMQ_EVENT_LISTENING;

    zx_ok(zmq_socket_monitor_versioned(s, name, 0xffff, 2, ZMQ_PUB));
    zx_ok(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, &wanted, sizeof wanted));
    zx_ok(zmq_connect(sub, name));
    zx_ok(zmq_bind(s, "tcp://127.0.0.1:*"));
    zx_check_int("event", ZMQ_EVENT_LISTENING, (long long)number(sub));
}

static void pipes_stats(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *mon = zx_socket(ZMQ_PAIR);
    const char *name = zx_keep(zx_unique("inproc://"));

    zx_check_rc("no monitor", "EINVAL", zmq_socket_monitor_pipes_stats(push));
    zx_ok(zmq_socket_monitor_versioned(push, name, ZMQ_EVENT_PIPES_STATS, 2, ZMQ_PAIR));
    zx_ok(zmq_connect(mon, name));
    zx_check_rc("no pipes", "EAGAIN", zmq_socket_monitor_pipes_stats(push));
    zx_link(pull, push);
    for (int i = 0; i < 3; i++) zx_ok(zx_send(push, "x", 0));
    zx_check_rc("asked", "0", zmq_socket_monitor_pipes_stats(push));
    for (int i = 0; i < 200 && !zx_wait(mon, ZMQ_POLLIN, 10); i++) zx_ready(i % 2 ? push : pull);
    zx_check_int("event", ZMQ_EVENT_PIPES_STATS, (long long)number(mon));
    zx_check_int("values", 2, (long long)number(mon));
    zx_check_int("outbound", 3, (long long)number(mon));
    zx_check_int("inbound", 0, (long long)number(mon));
    zx_check_rc("NULL", "ENOTSOCK", zmq_socket_monitor_pipes_stats(NULL));
}

/* The end of a connection that reads, and of inproc both, count what lies unread, exactly. */
static void pipes_stats_of_the_reader(void) {
    void *pull = zx_socket(ZMQ_PULL), *push = zx_socket(ZMQ_PUSH), *mon = zx_socket(ZMQ_PAIR);
    const char *name = zx_keep(zx_unique("inproc://"));

    zx_soft(1);
    if (!zx_runs("inbound")) return;
    zx_link(pull, push);
    zx_ok(zmq_socket_monitor_versioned(pull, name, ZMQ_EVENT_PIPES_STATS, 2, ZMQ_PAIR));
    zx_ok(zmq_connect(mon, name));
    for (int i = 0; i < 5; i++) zx_ok(zx_send(push, "x|y", 0));
    zx_check_str("one is read", "x|y", zx_recv(pull));
    for (int i = 0; i < 200; i++) {
        zx_ok(zmq_socket_monitor_pipes_stats(pull));
        zx_check_int("event", ZMQ_EVENT_PIPES_STATS, (long long)number(mon));
        number(mon);
        zx_check_int("outbound", 0, (long long)number(mon));
        uint64_t inbound = number(mon);
        zx_recv(mon); /* the two endpoints */
        if (inbound < 4) continue; /* on their way */
        zx_check_int("inbound", 4, (long long)inbound);
        break;
    }
}

/* Far more events than a queue holds, and nobody takes them. */
static const char *flood_monitor(int type, int reader) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PULL), *r = zmq_socket(ctx, reader);
    char ep[64];
    size_t n;

    if (reader == ZMQ_SUB) zmq_setsockopt(r, ZMQ_SUBSCRIBE, "", 0);
    zmq_socket_monitor_versioned(s, "inproc://flood", ZMQ_EVENT_ALL, 2, type);
    zmq_connect(r, "inproc://flood");
    for (int i = 0; i < 1500; i++) {
        n = sizeof ep;
        if (zmq_bind(s, "tcp://127.0.0.1:*") || zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, ep, &n) ||
            zmq_unbind(s, ep))
            return zx_err(-1);
    }
    if (zmq_close(s) || zmq_close(r)) return zx_err(-1);
    return zx_err(zmq_ctx_term(ctx));
}

static const char *flood_pair(void) {
    return flood_monitor(ZMQ_PAIR, ZMQ_PAIR);
}

static const char *flood_pub(void) {
    return flood_monitor(ZMQ_PUB, ZMQ_SUB);
}

static const char *flood_push(void) {
    return flood_monitor(ZMQ_PUSH, ZMQ_PULL);
}

static void an_unread_monitor_stalls_nothing(void) {
    zx_check_str("PUB", "0", zx_child(flood_pub));
    zx_check_str("PAIR", "0", zx_child(flood_pair));
    zx_check_str("PUSH", "0", zx_child(flood_push));
}

static void ctx_ext(void) {
    int value = 3;
    size_t n = sizeof value;
    char text[32];

    zx_soft(1);
    zx_check_rc("set int", "0", zmq_ctx_set_ext(zx_ctx(), ZMQ_IO_THREADS, &value, sizeof value));
    value = 0;
    zx_check_rc("get int", "0", zmq_ctx_get_ext(zx_ctx(), ZMQ_IO_THREADS, &value, &n));
    zx_check_int("int", 3, value);
    zx_check_rc("set 3 bytes", "EINVAL", zmq_ctx_set_ext(zx_ctx(), ZMQ_IO_THREADS, &value, 3));
    n = 3;
    zx_check_rc("get 3 bytes", "EINVAL", zmq_ctx_get_ext(zx_ctx(), ZMQ_IO_THREADS, &value, &n));
    zx_check_rc("set prefix", "0", zmq_ctx_set_ext(zx_ctx(), ZMQ_THREAD_NAME_PREFIX, "prefix", 6));
    memset(text, 0, sizeof text);
    n = sizeof text;
    zx_check_rc("get prefix", "0", zmq_ctx_get_ext(zx_ctx(), ZMQ_THREAD_NAME_PREFIX, text, &n));
    zx_check_str("prefix", "prefix", zx_bytes(text, 6));
    zx_check_rc("empty prefix", "EINVAL",
                zmq_ctx_set_ext(zx_ctx(), ZMQ_THREAD_NAME_PREFIX, "", 0));
    zx_check_rc("16 bytes", "0",
                zmq_ctx_set_ext(zx_ctx(), ZMQ_THREAD_NAME_PREFIX, "0123456789abcdef", 16));
    zx_check_rc("17 bytes", "EINVAL",
                zmq_ctx_set_ext(zx_ctx(), ZMQ_THREAD_NAME_PREFIX, "0123456789abcdefg", 17));
    n = sizeof value;
    zx_check_rc("NULL set", "EFAULT", zmq_ctx_set_ext(NULL, ZMQ_IO_THREADS, &value, 4));
    zx_check_rc("NULL get", "EFAULT", zmq_ctx_get_ext(NULL, ZMQ_IO_THREADS, &value, &n));
}

static const struct zx_case cases[] = {
    ZX_CASE_ALL(hello_from_the_binder),
    ZX_CASE_ALL(hello_from_the_connecter),
    ZX_CASE_ALL(hello_cleared),
    ZX_CASE_ALL(disconnect_message),
    ZX_CASE_NET(hiccup_message),
    ZX_CASE_NET(router_notify),
    ZX_CASE(router_notify_not_on_inproc),
    ZX_CASE(stop_when_refused),
    ZX_CASE_ALL(only_first_subscribe),
    ZX_CASE_ALL(manual_last_value),
    ZX_CASE_ALL(xsub_verbose_unsubscribe),
    ZX_CASE_ALL(topics_count),
    ZX_CASE_NET(metadata_property),
    ZX_CASE_NET(version_2_form),
    ZX_CASE(monitor_types),
    ZX_CASE(monitor_by_pub),
    ZX_CASE(pipes_stats),
    ZX_CASE_ALL(pipes_stats_of_the_reader),
    ZX_CASE(an_unread_monitor_stalls_nothing),
    ZX_CASE(ctx_ext),
};

ZX_MAIN("draft", cases)
