/* SPDX-License-Identifier: MIT */
/* tipc: addresses, errors, events, on the stand-in for its family. */
#define _GNU_SOURCE
#include "zx_api.h"

#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

#include "standin.h"

static void missing(unsigned what) {
    void (*set)(unsigned);
    *(void **)&set = dlsym(RTLD_DEFAULT, "standin_set");
    if (!set) fail_msg("the stand-in is not loaded");
    set(what);
}

/* A type of our own. */
static unsigned type(void) {
    static unsigned n;
    return 100000 + (unsigned)getpid() % 0x10000 * 0x1000 + n++;
}

static const char *range(unsigned of, unsigned lower, unsigned upper) {
    return zx_fmt("tipc://{%u,%u,%u}", of, lower, upper);
}

static const char *service(unsigned of, unsigned instance, const char *where) {
    return zx_fmt("tipc://{%u,%u}%s", of, instance, where);
}

static void round_trip(void *a, void *b) {
    zx_ok(zx_send(b, "to|bound", 0));
    zx_check_str("bound", "to|bound", zx_recv(a));
    zx_ok(zx_send(a, "back", 0));
    zx_check_str("connected", "back", zx_recv(b));
}

static int is_id(const char *text) {
    unsigned ref;
    int end = 0;
    return sscanf(text, "tipc://<1.1.1:%u>%n", &ref, &end) == 1 && !text[end];
}

/* ---- addresses -------------------------------------------------------------------- */

static void by_name(void) {
    static const char *const where[] = {"", "@1.0.0", "@1.1.0", "@1.1.1", "@0.0.0"};

    for (unsigned i = 0; i < 5; i++) {
        unsigned t = type(); /* libzmq may take a while to give the one before free */
        void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
        zx_ok(zmq_bind(a, range(t, 10, 20)));
        zx_check_int("its id", 1, is_id(zx_last_endpoint(a)));
        zx_ok(zmq_connect(b, service(t, i == 0 ? 10 : i == 1 ? 20 : 15, where[i])));
        round_trip(a, b);
        zx_close(a);
        zx_close(b);
    }
}

static void by_id(void) {
    static const char *const bound[] = {"<*>", "{%u,0,5}"};

    for (unsigned i = 0; i < 2; i++) {
        void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
        const char *ep = i ? range(type(), 0, 5) : "tipc://<*>";
        zx_ok(zmq_bind(a, ep));
        const char *id = zx_keep(zx_last_endpoint(a));
        zx_check_int(bound[i], 1, is_id(id));
        zx_ok(zmq_connect(b, id));
        zx_check_str("connected", id, zx_last_endpoint(b));
        round_trip(a, b);
    }
}

/* A name is a range of one where it is bound. */
static void a_service_is_bound(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    unsigned t = type();

    if (!zx_runs("bound")) return;
    zx_ok(zmq_bind(a, service(t, 7, "")));
    zx_ok(zmq_connect(b, service(t, 7, "")));
    round_trip(a, b);
}

static void last_endpoint_of_connect(void) {
    static const struct {
        const char *typed, *last;
    } rows[] = {
        {"tipc://{5560,0}", "tipc://{5560, 0, 16777216}"},
        {"tipc://{5560, 4}", "tipc://{5560, 4, 16777216}"},
        {"tipc://{5560,0}@1.0.10", "tipc://{5560, 0, 16777226}"},
        {"tipc://{5560,0}@0.0.0", "tipc://{5560, 0, 0}"},
        {"tipc://<1.2.3:4>", "tipc://<1.2.3:4>"},
        {"tipc://<255.4095.4095:4294967295>", "tipc://<255.4095.4095:4294967295>"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *s = zx_socket(ZMQ_PUSH);
        zx_ok(zmq_connect(s, rows[i].typed));
        zx_check_str(rows[i].typed, rows[i].last, zx_last_endpoint(s));
        zx_ok(zmq_disconnect(s, rows[i].typed));
        zx_check_rc("once", "ENOENT", zmq_disconnect(s, rows[i].typed));
    }
}

static void unbind_as_typed(void) {
    for (int i = 0; i < 2; i++) {
        void *a = zx_socket(ZMQ_PULL);
        const char *ep = zx_keep(i ? "tipc://<*>" : range(type(), 0, 5));
        zx_ok(zmq_bind(a, ep));
        zx_ok(zmq_unbind(a, ep));
        zx_check_rc("once", "ENOENT", zmq_unbind(a, ep));
        zx_ok(zmq_bind(a, ep));
        zx_check_rc("by its id", "0", zmq_unbind(a, zx_last_endpoint(a)));
    }
}

/* ---- errors ------------------------------------------------------------------------- */

static void refused(void *s, const char *what, const char *address) {
    const char *ep = zx_fmt("tipc://%s", address);
    int rc = strstr(what, "bind") ? zmq_bind(s, ep) : zmq_connect(s, ep);

    /* libzmq often forgets to set errno. */
    zx_check_rc(zx_fmt("%s %s", what, address), "EINVAL",
                rc == -1 && !zx_is_lib("ours") ? (errno = EINVAL, -1) : rc);
}

static void grammar(void) {
    static const char *const never[] = {
        "{63,0,0}",     "{5560,8,7}",        "{5560}",     "{}",     "{5560,}",
        "{5560,0}@",    "{5560,0}@1.0.0x",   "{5560 ,0}",  "*",      "x",
        "{0x50,1}",     "{4294967296,0}",    "{5560,0}@1", "<>",     "<*",
        "<1.1.1>",      "< 1.2.3 : 5 >",     "{63,0}",     "{64,0}", "5560,0",
    };
    static const char *const stricter[] = {
        "{5560,0",          "{5560,0}x",        "{5560,0,1",         "{5560,0,1}x",
        "{-1,0}",           "{+65,1}",          "{5560,4294967296}", "{5560,0}@256.0.0",
        "{5560,0}@1.4096.0", "{5560,0}@1.1.4096", "{5560,0,1}@1.1.1",
    };
    static const char *const no_ids[] = {"<256.1.1:1>", "<1.1.1:5>x", "<1.1.1:5",
                                         "<1.1.1:4294967296>", "<-1.1.1:1>"};
    void *s = zx_socket(ZMQ_PUSH);

    zx_soft(1);
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        refused(s, "bind", never[i]);
        refused(s, "connect", never[i]);
    }
    missing(STANDIN_NO_FAMILY); /* what libzmq takes it shall not bind */
    for (size_t i = 0; zx_is_lib("ours") && i < sizeof stricter / sizeof stricter[0]; i++)
        refused(s, "stricter bind", stricter[i]);
    missing(0);
    for (size_t i = 0; i < sizeof stricter / sizeof stricter[0]; i++)
        refused(s, "stricter connect", stricter[i]);
    for (size_t i = 0; i < sizeof no_ids / sizeof no_ids[0]; i++)
        refused(s, "stricter connect", no_ids[i]);
    refused(s, "stricter connect", "{5560,0,10}"); /* a range could never be connected to */
    refused(s, "bind", "<1.1.1:5>");
    refused(s, "connect", "<*>");
    zx_check_int("has", 1, zmq_has("tipc"));
}

static void without_the_family(void) {
    void *s = zx_socket(ZMQ_PULL), *mon = zx_monitor(s, ZMQ_EVENT_BIND_FAILED);
    void *b = zx_socket(ZMQ_PUSH), *retries;
    struct zx_event ev;

    zx_soft(1);
    missing(STANDIN_NO_FAMILY);
    if (zx_runs("errno")) {
        zx_check_rc("range", "EAFNOSUPPORT", zmq_bind(s, range(type(), 0, 0)));
        zx_check_rc("any", "EAFNOSUPPORT", zmq_bind(s, "tipc://<*>"));
        zx_await(mon, ZMQ_EVENT_BIND_FAILED, &ev);
        zx_check_int("bind failed", EAFNOSUPPORT, (int)ev.value);
    }
    zx_ok(zx_set_int(b, ZMQ_RECONNECT_IVL, 10));
    retries = zx_monitor(b, ZMQ_EVENT_CONNECT_RETRIED);
    zx_ok(zmq_connect(b, "tipc://{5560,0}"));
    zx_await(retries, ZMQ_EVENT_CONNECT_RETRIED, &ev);
    zx_await(retries, ZMQ_EVENT_CONNECT_RETRIED, &ev);
    missing(0);
}

/* ---- coming and going ----------------------------------------------------------------- */

static void events(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    void *server = zx_monitor(a, ZMQ_EVENT_ALL), *client = zx_monitor(b, ZMQ_EVENT_ALL);
    unsigned t = type();
    struct zx_event ev;

    zx_ok(zmq_bind(a, range(t, 0, 0)));
    const char *id = zx_keep(zx_last_endpoint(a));
    zx_ok(zmq_connect(b, service(t, 0, "")));
    round_trip(a, b);
    zx_ok(zmq_unbind(a, range(t, 0, 0)));
    zx_await(server, ZMQ_EVENT_LISTENING, &ev);
    zx_check_int("listening, by its id", 1, strcmp(id, ev.address) == 0);
    zx_check_str("server", "ACCEPTED,HANDSHAKE_SUCCEEDED,CLOSED", zx_events(server, 3));
    zx_check_str("client", "CONNECT_DELAYED,CONNECTED,HANDSHAKE_SUCCEEDED",
                 zx_events(client, 3));
    if (zx_runs("accepted ones end")) zx_check_str("end", "DISCONNECTED", zx_events(client, 1));
}

static void *retrying(void) {
    void *s = zx_socket(ZMQ_PUSH);
    zx_ok(zx_set_int(s, ZMQ_RECONNECT_IVL, 10));
    return s;
}

static void nobody_is_called_that_yet(void) {
    void *b = retrying(), *a = zx_socket(ZMQ_PULL);
    void *mon = zx_monitor(b, ZMQ_EVENT_CONNECT_RETRIED);
    unsigned t = type();
    struct zx_event ev;

    zx_ok(zmq_connect(b, service(t, 3, "")));
    zx_ok(zx_send(b, "early", 0));
    zx_await(mon, ZMQ_EVENT_CONNECT_RETRIED, &ev);
    zx_ok(zmq_bind(a, range(t, 0, 9)));
    zx_check_str("arrives", "early", zx_recv(a));
}

/* An id without a socket refuses; only tcp, vsock and vmci stop at that. */
static void nobody_has_that_id(void) {
    void *b = retrying(), *mon = zx_monitor(b, ZMQ_EVENT_ALL);

    if (zx_is_lib("ours"))
        zx_ok(zx_set_int(b, ZMQ_RECONNECT_STOP, ZMQ_RECONNECT_STOP_CONN_REFUSED));
    zx_ok(zmq_connect(b, "tipc://<1.1.1:7>"));
    zx_check_str("events", "CONNECT_DELAYED,CLOSED,CONNECT_RETRIED,CONNECT_DELAYED",
                 zx_events(mon, 4));
}

/* Who binds the same names shares what comes. */
static void ranges_overlap(void) {
    void *a[2], *b[6];
    int got[2] = {0, 0};
    unsigned t = type();

    for (unsigned i = 0; i < 2; i++) {
        a[i] = zx_socket(ZMQ_PULL);
        zx_ok(zmq_bind(a[i], range(t, i, 10 + i)));
    }
    for (unsigned i = 0; i < 6; i++) {
        b[i] = zx_socket(ZMQ_PUSH);
        zx_ok(zmq_connect(b[i], service(t, 5, "")));
        zx_ok(zx_send(b[i], "x", 0));
    }
    for (int i = 0; i < 2; i++)
        while (got[0] + got[1] < 6 && got[i] < 3) {
            zx_check_str("comes", "x", zx_recv(a[i]));
            got[i]++;
        }
    zx_check_int("shared", 3, got[1]);
}

/* Nodes with an identity of the new form are in no zone: those without a place are found all the
 * same, those with one are not. */
static void nodes_without_a_zone(void) {
    void *a = zx_socket(ZMQ_PULL), *b = zx_socket(ZMQ_PUSH), *c = retrying();
    void *mon = zx_monitor(c, ZMQ_EVENT_ALL);
    unsigned t = type();

    missing(STANDIN_NEW_NODE);
    zx_ok(zmq_bind(a, range(t, 0, 9)));
    zx_ok(zmq_connect(b, service(t, 3, "")));
    zx_ok(zx_send(b, "x", 0));
    zx_check_str("found", "x", zx_recv(a));
    zx_ok(zmq_connect(c, service(t, 3, "@1.0.0")));
    const char *first = zx_keep(zx_events(mon, 1));
    zx_check_str("not found", "CONNECT_RETRIED",
                 strcmp(first, "CLOSED") ? first : zx_events(mon, 1));
    missing(0);
}

static void own_descriptor(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    int fd = socket(AF_TIPC, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (!zx_is_lib("ours")) {
        close(fd);
        return;
    }
    zx_ok(listen(fd, 5));
    zx_ok(zx_set_int(a, ZMQ_USE_FD, fd));
    zx_ok(zmq_bind(a, "tipc://is not looked at"));
    zx_check_int("its id", 1, is_id(zx_last_endpoint(a)));
    zx_ok(zmq_connect(b, zx_last_endpoint(a)));
    round_trip(a, b);
}

static const struct zx_case cases[] = {
    ZX_CASE(by_name),
    ZX_CASE(by_id),
    ZX_CASE(a_service_is_bound),
    ZX_CASE(last_endpoint_of_connect),
    ZX_CASE(unbind_as_typed),
    ZX_CASE(grammar),
    ZX_CASE(without_the_family),
    ZX_CASE(events),
    ZX_CASE(nobody_is_called_that_yet),
    ZX_CASE(nobody_has_that_id),
    ZX_CASE(ranges_overlap),
    ZX_CASE(nodes_without_a_zone),
    ZX_CASE(own_descriptor),
};

ZX_MAIN("tipc", cases)
