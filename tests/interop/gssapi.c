/* SPDX-License-Identifier: MIT */
/*
 * GSSAPI between the two libraries, in a Kerberos realm of the test's own (realm.sh): either as
 * server, either binding, encrypted and plain; ZAP; then whoever has not what it takes.
 */
#include "drive.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define HANDLER "inproc://zeromq.zap.01"
#define SERVICE "zmq@localhost"

static char realm[] = "/tmp/zx-realm-XXXXXX";
static pid_t kdc;

static struct agent *us(bool ours) {
    return &agents[ours ? OURS : SYSTEM];
}

/* ---- the realm ------------------------------------------------------------------------- */

static _Noreturn void cannot(const char *why) {
    printf("SKIP: %s\n", why);
    exit(77);
}

static int free_port(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, size) ||
        getsockname(fd, (struct sockaddr *)&a, &size))
        return 0;
    close(fd);
    return ntohs(a.sin_port);
}

static void set_env(const char *name, const char *scheme, const char *file) {
    char value[200];
    snprintf(value, sizeof value, "%s%s/%s", scheme, realm, file);
    setenv(name, value, 1);
}

/* What a process may prove: its own tickets and, as client, the keys to get more. */
static void identity(const char *tickets, const char *client_keys, const char *server_keys) {
    set_env("KRB5CCNAME", strncmp(tickets, "cc", 2) ? "FILE:" : "DIR:", tickets);
    set_env("KRB5_CLIENT_KTNAME", "", client_keys);
    set_env("KRB5_KTNAME", "", server_keys);
}

static void usual_identity(void) {
    identity("cc", "both.keytab", "server.keytab");
}

static int run(const char *format, const char *with) {
    char command[600];
    snprintf(command, sizeof command, format, realm, with, realm);
    return system(command);
}

static bool is_up(int from) {
    char said[8192];
    size_t len = 0;
    int64_t end = drive_now_ms() + 20000;
    while (len < sizeof said - 1) {
        struct pollfd item = {.fd = from, .events = POLLIN};
        int64_t left = end - drive_now_ms();
        if (left <= 0 || poll(&item, 1, (int)left) <= 0)
            return false;
        ssize_t n = read(from, said + len, sizeof said - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        said[len] = '\0';
        if (strstr(said, "commencing operation"))
            return true;
    }
    return false;
}

static void end_kdc(void) {
    kill(kdc, SIGKILL);
    while (waitpid(kdc, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* Whatever the KDC says afterwards is lost: the pipe's reading end stays open, and small. */
static bool start_kdc(const char *sources) {
    char script[500], port[20];
    int said[2];
    snprintf(script, sizeof script, "%s/realm.sh", sources);
    snprintf(port, sizeof port, "%d", free_port());
    if (pipe2(said, O_CLOEXEC))
        return false;
    kdc = fork();
    if (kdc == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        fcntl(said[1], F_SETFL, O_NONBLOCK);
        dup2(said[1], 1);
        dup2(said[1], 2);
        execl("/bin/sh", "sh", script, realm, port, (char *)NULL);
        _exit(127);
    }
    close(said[1]);
    if (kdc > 0 && is_up(said[0]))
        return true;
    close(said[0]);
    end_kdc();
    return false;
}

static void begin_realm(const char *sources) {
    if (access("/usr/sbin/krb5kdc", X_OK) || access("/usr/bin/kinit", X_OK))
        cannot("krb5-kdc, krb5-admin-server or krb5-user is not installed");
    if (!mkdtemp(realm))
        cannot("no directory under /tmp");
    bool up = false;
    for (int i = 0; i < 3 && !up; i++) /* the port may be gone meanwhile */
        up = start_kdc(sources);
    if (!up) {
        fprintf(stderr, "no KDC could be started, see %s/log\n", realm);
        exit(1);
    }
    set_env("KRB5_CONFIG", "", "krb5.conf");
    set_env("KRB5RCACHENAME", "file2:", "replays");
    usual_identity();
    if (run("mkdir %s/cc%s && kinit -k -t %s/alice.keytab alice", "") ||
        run("kinit -k -t %s/alice.keytab -l 1s -c %s:%s/short alice", "FILE")) {
        fprintf(stderr, "no ticket was given, see %s/log\n", realm);
        exit(1);
    }
}

static void end_realm(void) {
    end_kdc();
    (void)!run("rm -rf %s%s", "");
}

/* ---- sockets ---------------------------------------------------------------------------- */

static void set_text(struct agent *a, int option, const char *text) {
    ask(a, "hex 0 %d %s", option, part(text) + 2);
}

struct pair {
    struct agent *server, *client;
    const char *types[2]; /* the server's, the client's */
    bool connecting;      /* the server connects */
    bool plain;
};

static void make(const struct pair *p) {
    struct agent *both[] = {p->server, p->client};
    for (int i = 0; i < 2; i++) {
        ask(both[i], "new 0 %s", p->types[i]);
        ask(both[i], "int 0 %d 10", ZMQ_RECONNECT_IVL);
        ask(both[i], "monitor 0");
    }
}

static void as_server(struct agent *a, bool plain) {
    set_text(a, ZMQ_GSSAPI_PRINCIPAL, SERVICE);
    ask(a, "int 0 %d 1", ZMQ_GSSAPI_SERVER);
    ask(a, "int 0 %d %d", ZMQ_GSSAPI_PLAINTEXT, plain);
}

static void as_client(struct agent *a, const char *service, bool plain) {
    set_text(a, ZMQ_GSSAPI_SERVICE_PRINCIPAL, service);
    ask(a, "int 0 %d %d", ZMQ_GSSAPI_PLAINTEXT, plain);
}

static void join(const struct pair *p) {
    struct agent *binder = p->connecting ? p->client : p->server;
    struct agent *other = p->connecting ? p->server : p->client;
    char endpoint[200];
    snprintf(endpoint, sizeof endpoint, "%s", ask(binder, "bind 0 tcp://127.0.0.1:*"));
    ask(other, "connect 0 %s", endpoint);
}

static void open_pair(const struct pair *p) {
    make(p);
    as_server(p->server, p->plain);
    as_client(p->client, SERVICE, p->plain);
    join(p);
}

static void part_ways(const struct pair *p) {
    ask(p->client, "close 0");
    ask(p->server, "close 0");
}

static void next_event(struct agent *a, int *event, unsigned *value) {
    *event = 0;
    sscanf(ask(a, "event 0 %d", DRIVE_MS), "%d %u", event, value);
}

static unsigned await_event(struct agent *a, int event) {
    int seen;
    unsigned value = 0;
    do
        next_event(a, &seen, &value);
    while (seen != event);
    return value;
}

static const int outcomes = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;

static void expect_outcome_at(struct agent *a, int event, unsigned value, const char *file,
                              int line) {
    int seen;
    unsigned got = 0;
    do
        next_event(a, &seen, &got);
    while (!(seen & outcomes));
    if (seen != event || got != value) {
        print_error("%s: event %#x %u instead of %#x %u\n", agent_name(a), (unsigned)seen, got,
                    (unsigned)event, value);
        _fail(file, line);
    }
}
#define expect_outcome(a, event, value) expect_outcome_at((a), (event), (value), __FILE__, __LINE__)

/* ---- who may ------------------------------------------------------------------------------ */

static void expect_talk(struct agent *from, struct agent *to) {
    static const char *const said[] = {
        "h:",           "h:00",        "h:01",       "r:254:1",     "r:255:2",
        "r:256:3",      "r:8191:4",    "r:8192:5",   "r:65536:6",   "r:1048576:7",
        "r:5000000:8",  "h:01 h: h:02", "r:300:9 r:70000:1 h:61",
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        char want[200];
        snprintf(want, sizeof want, "%s", said[i]);
        ask(from, "send 0 %d %s", DRIVE_MS, said[i]);
        expect(to, 0, want);
    }
}

static void messages_of_many_sizes(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        bool ours = i & 1;
        struct pair p = {us(ours), us(!ours), {"PAIR", "PAIR"}, i & 2, i & 4};
        open_pair(&p);
        expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        expect_talk(p.client, p.server);
        expect_talk(p.server, p.client);
        part_ways(&p);
    }
}

static void request_and_reply(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct pair p = {us(i & 1), us(!(i & 1)), {"REP", "REQ"}, false, i & 2};
        open_pair(&p);
        for (int k = 0; k < 5; k++) {
            ask(p.client, "send 0 %d r:1000:%d", DRIVE_MS, k);
            char want[40];
            snprintf(want, sizeof want, "r:1000:%d", k);
            expect(p.server, 0, want);
            ask(p.server, "send 0 %d h:6f6b", DRIVE_MS);
            expect(p.client, 0, "h:6f6b");
        }
        part_ways(&p);
    }
}

/* libzmq 4.3.4 loses the mark of its own subscriptions on encrypted links, so there it can only
 * publish. An XPUB tells when the subscription has come. */
static void subscriptions(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct pair p = {us(i == 2), us(i != 2), {"XPUB", "SUB"}, false, i};
        make(&p);
        as_server(p.server, p.plain);
        as_client(p.client, SERVICE, p.plain);
        set_text(p.client, ZMQ_SUBSCRIBE, "he");
        join(&p);
        expect(p.server, 0, "h:016865");
        ask(p.server, "send 0 %d %s", DRIVE_MS, part("other"));
        ask(p.server, "send 0 %d %s", DRIVE_MS, part("hello"));
        char want[40];
        snprintf(want, sizeof want, "%s", part("hello"));
        expect(p.client, 0, want);
        set_text(p.client, ZMQ_UNSUBSCRIBE, "he");
        expect(p.server, 0, "h:006865");
        part_ways(&p);
    }
}

static void judge(struct agent *a, const char *status) {
    char want[400];
    snprintf(want, sizeof want, "%s %s h: %s h: %s %s", part("1.0"), part("1"), part("127.0.0.1"),
             part("GSSAPI"), part("alice@ZMQX.TEST"));
    expect(a, 1, want);
    ask(a, "send 1 %d %s %s %s %s %s h:", DRIVE_MS, part("1.0"), part("1"), part(status),
        part("because"), part("joe"));
}

/* The principal is what is asked about, in the very words of libzmq. That one lets in whom the
 * handler refused. */
static void handlers(void **state) {
    (void)state;
    for (int ours = 0; ours < 2; ours++) {
        struct pair p = {us(ours), us(!ours), {"PULL", "PUSH"}, false, false};
        ask(p.server, "new 1 REP");
        ask(p.server, "bind 1 " HANDLER);
        open_pair(&p);
        judge(p.server, "200");
        expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
        ask(p.client, "send 0 %d h:6869", DRIVE_MS);
        expect(p.server, 0, "h:6869");
        part_ways(&p);
        static const char *const refusals[] = {"300", "400", "500"};
        for (int i = 0; ours && i < 3; i++) {
            open_pair(&p);
            judge(p.server, refusals[i]);
            expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
                           (unsigned)(300 + 100 * i));
            await_event(p.server, ZMQ_EVENT_DISCONNECTED);
            part_ways(&p);
        }
        ask(p.server, "close 1");
    }
}

/* ---- who may not ---------------------------------------------------------------------------- */

/* A client of ours tries again, at growing intervals. */
static void expect_patience(struct agent *client) {
    unsigned before = 0;
    for (int i = 0; i < 3; i++) {
        unsigned ms = await_event(client, ZMQ_EVENT_CONNECT_RETRIED);
        assert_true(ms >= 2 * before && ms >= 20);
        before = ms;
    }
}

static void wrong_service(void **state) {
    static const char *const services[] = {"nobody@localhost", "other@localhost"};
    (void)state;
    for (int i = 0; i < 4; i++) { /* unknown to the KDC; not what the server is */
        bool mirrored = i & 1; /* the client is libzmq */
        struct pair p = {us(mirrored), us(!mirrored), {"PULL", "PUSH"}, false, false};
        make(&p);
        as_server(p.server, false);
        as_client(p.client, services[i >> 1], false);
        if (mirrored)
            ask(p.client, "int 0 %d 300", ZMQ_HANDSHAKE_IVL);
        else /* libzmq keeps silent until its time is up */
            ask(p.server, "int 0 %d 300", ZMQ_HANDSHAKE_IVL);
        join(&p);
        if (!mirrored && i < 2)
            expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EACCES);
        else if (!mirrored)
            expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EPIPE);
        else if (i >= 2)
            expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EACCES);
        else
            await_event(p.server, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        await_event(mirrored ? p.server : p.client, ZMQ_EVENT_DISCONNECTED);
        if (!mirrored)
            expect_patience(p.client);
        part_ways(&p);
    }
}

static void become_anew(struct agent *a) {
    enum agent_kind kind = a->kind;
    agent_kill(a);
    agent_start(a, kind);
}

/* Our client has nothing to show; the server, libzmq, sees a stranger leave. */
static void expect_no_credentials(const char *tickets, const char *keys) {
    identity(tickets, keys, "server.keytab");
    become_anew(us(true));
    usual_identity();
    struct pair p = {us(false), us(true), {"PULL", "PUSH"}, false, false};
    open_pair(&p);
    expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EACCES);
    await_event(p.client, ZMQ_EVENT_DISCONNECTED);
    await_event(p.server, ZMQ_EVENT_DISCONNECTED);
    expect_patience(p.client);
    part_ways(&p);
}

static void no_ticket(void **state) {
    (void)state;
    expect_no_credentials("none", "none.keytab");
    expect_no_credentials("none", "lapsed.keytab");
}

static void ticket_that_expired(void **state) {
    (void)state;
    int64_t end = drive_now_ms() + 20000;
    while (run("klist -s -c %s/short%s", "") == 0)
        assert_true(drive_now_ms() < end);
    expect_no_credentials("short", "none.keytab");
}

/* The ticket is good, the server cannot read it; or it has no keys at all. */
static void server_without_keys(void **state) {
    static const char *const keys[] = {"stale.keytab", "none.keytab"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        identity("cc", "both.keytab", keys[i]);
        become_anew(us(true));
        usual_identity();
        struct pair p = {us(true), us(false), {"PULL", "PUSH"}, false, false};
        open_pair(&p);
        expect_outcome(p.server, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EACCES);
        await_event(p.server, ZMQ_EVENT_DISCONNECTED);
        part_ways(&p);
    }
}

/* As before: whoever runs after these has the usual keys again. */
static int usual(void **state) {
    (void)state;
    usual_identity();
    become_anew(us(true));
    return 0;
}

static void other_mechanisms(void **state) {
    enum { SERVER_NULL, CLIENT_NULL, CLIENT_PLAIN, KINDS_OF };
    (void)state;
    for (int i = 0; i < 2 * KINDS_OF; i++) {
        struct pair p = {us(i & 1), us(!(i & 1)), {"PULL", "PUSH"}, false, false};
        make(&p);
        if (i >> 1 != SERVER_NULL)
            as_server(p.server, false);
        if (i >> 1 == SERVER_NULL)
            as_client(p.client, SERVICE, false);
        if (i >> 1 == CLIENT_PLAIN)
            set_text(p.client, ZMQ_PLAIN_USERNAME, "admin");
        join(&p);
        struct agent *mine = us(true);
        int seen;
        unsigned value = 0;
        do
            next_event(mine, &seen, &value);
        while (!(seen & outcomes));
        /* Who finds out first closes; the other may see just that. */
        assert_true((seen == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL &&
                     value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH) ||
                    seen == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        await_event(mine, ZMQ_EVENT_DISCONNECTED);
        part_ways(&p);
    }
}

static void two_of_a_role(void **state) {
    (void)state;
    for (int servers = 0; servers < 2; servers++) {
        struct pair p = {us(true), us(false), {"PULL", "PUSH"}, false, false};
        make(&p);
        struct agent *both[] = {p.server, p.client};
        for (int i = 0; i < 2; i++) {
            if (servers)
                as_server(both[i], false);
            else
                as_client(both[i], SERVICE, false);
            ask(both[i], "int 0 %d 300", ZMQ_HANDSHAKE_IVL);
        }
        join(&p);
        int seen;
        unsigned value = 0;
        do
            next_event(p.server, &seen, &value);
        while (!(seen & outcomes));
        assert_int_not_equal(seen, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        await_event(p.server, ZMQ_EVENT_DISCONNECTED);
        part_ways(&p);
    }
}

/* One would encrypt, the other not. */
static void unlike_in_plaintext(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct pair p = {us(i & 1), us(!(i & 1)), {"PULL", "PUSH"}, false, false};
        make(&p);
        as_server(p.server, i & 2);
        as_client(p.client, SERVICE, !(i & 2));
        join(&p);
        /* The client hears the first READY. */
        if (!(i & 1))
            expect_outcome(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL,
                           ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        else
            await_event(p.client, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
        part_ways(&p);
    }
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, SYSTEM, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(messages_of_many_sizes, drive_setup),
        cmocka_unit_test_setup(request_and_reply, drive_setup),
        cmocka_unit_test_setup(subscriptions, drive_setup),
        cmocka_unit_test_setup(handlers, drive_setup),
        cmocka_unit_test_setup(wrong_service, drive_setup),
        cmocka_unit_test_setup(other_mechanisms, drive_setup),
        cmocka_unit_test_setup(two_of_a_role, drive_setup),
        cmocka_unit_test_setup(unlike_in_plaintext, drive_setup),
        cmocka_unit_test_setup_teardown(no_ticket, drive_setup, usual),
        cmocka_unit_test_setup_teardown(server_without_keys, drive_setup, usual),
        cmocka_unit_test_setup_teardown(ticket_that_expired, drive_setup, usual),
    };
    int rc;
    if (argc < 4)
        cannot("arguments: interop_peer, directory of libzmq, directory of the sources");
    begin_realm(argv[3]);
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    end_realm();
    return rc;
}
