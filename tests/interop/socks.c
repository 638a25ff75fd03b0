/* SPDX-License-Identifier: MIT */
/* By way of proxies of the distribution, microsocks and dante: ours before one and libzmq behind
 * it, and the reverse. transports.md §12. */
#include "drive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#ifndef ZMQ_SOCKS_USERNAME
#define ZMQ_SOCKS_USERNAME 99
#define ZMQ_SOCKS_PASSWORD 100
#endif

static const char server_public[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char server_secret[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
static const char client_public[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char client_secret[] = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

/* ---- proxies ----------------------------------------------------------------------- */

static struct {
    pid_t pid;
    int reserved; /* keeps the port while the proxy is away, and refuses connections */
    const char *host;
    char port[8];
    char place[32];
} proxy;

static bool is_there(const char *path, const char *package) {
    if (access(path, X_OK) == 0)
        return true;
    print_message("SKIP: %s is not there (Debian: %s)\n", path, package);
    return false;
}

static bool reserve(const char *host) {
    bool v6 = strchr(host, ':') != NULL;
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *a = v6 ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4;
    socklen_t len = v6 ? sizeof a6 : sizeof a4;
    int yes = 1;
    proxy.reserved = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (proxy.reserved < 0 ||
        setsockopt(proxy.reserved, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
        bind(proxy.reserved, a, len) || getsockname(proxy.reserved, a, &len))
        return false;
    proxy.host = host;
    snprintf(proxy.port, sizeof proxy.port, "%u", ntohs(v6 ? a6.sin6_port : a4.sin_port));
    snprintf(proxy.place, sizeof proxy.place, v6 ? "[%s]:%s" : "%s:%s", host, proxy.port);
    return true;
}

static void start(const char *const *argv) {
    proxy.pid = fork();
    assert_int_not_equal(proxy.pid, -1);
    if (proxy.pid == 0) {
        int nothing = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(nothing, 1);
        dup2(nothing, 2);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
}

static void start_microsocks(const char *user, const char *password) {
    const char *argv[] = {"/usr/bin/microsocks", "-i", proxy.host, "-p", proxy.port,
                          user ? "-u" : NULL, user, "-P", password, NULL};
    start(argv);
}

/* The rules refuse one port. */
static void start_dante(const char *dir, const char *forbidden) {
    char path[120];
    const char *argv[] = {"/usr/sbin/danted", "-f", path, NULL};
    snprintf(path, sizeof path, "%s/conf", dir);
    FILE *conf = fopen(path, "w");
    assert_non_null(conf);
    fprintf(conf, "internal: 127.0.0.1 port = %s\nexternal: 127.0.0.1\nsocksmethod: none\n"
                  "clientmethod: none\nclient pass { from: 0/0 to: 0/0 }\n"
                  "socks block { from: 0/0 to: 0/0 port = %s }\n"
                  "socks pass { from: 0/0 to: 0/0 command: connect }\n",
            proxy.port, forbidden);
    fclose(conf);
    start(argv);
}

static void stop(void) {
    if (proxy.pid > 0) {
        kill(proxy.pid, SIGKILL);
        while (waitpid(proxy.pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    proxy.pid = 0;
}

static int no_proxy(void **state) {
    (void)state;
    stop();
    if (proxy.reserved > 0)
        close(proxy.reserved);
    proxy.reserved = 0;
    return 0;
}

/* ---- sockets -------------------------------------------------------------------------- */

static void set(struct agent *a, int option, const char *text) {
    ask(a, "hex 0 %d %s", option, part(text) + 2);
}

static const char *port_of(const char *endpoint) {
    return strrchr(endpoint, ':') + 1;
}

static void pass(struct agent *from, struct agent *to, const char *message) {
    ask(from, "send 0 %d %s", DRIVE_MS, message);
    expect(to, 0, message);
}

static void echo(struct agent *server, struct agent *client) {
    static const char *const messages[] = {"h:", "h:73", "r:255:1", "r:300000:5 h: r:9000:6",
                                           "r:3000000:7"};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        pass(client, server, messages[i]);
        pass(server, client, messages[i]);
    }
}

static void new_pair(struct agent *server, struct agent *client) {
    ask(server, "new 0 DEALER");
    ask(client, "new 0 DEALER");
    set(client, ZMQ_SOCKS_PROXY, proxy.place);
}

static void close_pair(struct agent *server, struct agent *client) {
    ask(client, "close 0");
    ask(server, "close 0");
}

static void secure(struct agent *server, struct agent *client) {
    ask(server, "int 0 %d 1", ZMQ_CURVE_SERVER);
    set(server, ZMQ_CURVE_SECRETKEY, server_secret);
    set(client, ZMQ_CURVE_SERVERKEY, server_public);
    set(client, ZMQ_CURVE_PUBLICKEY, client_public);
    set(client, ZMQ_CURVE_SECRETKEY, client_secret);
}

/* By address and by a name that the proxy looks up; bare and with CURVE. */
static void exchange(struct agent *server, struct agent *client) {
    for (int i = 0; i < 4; i++) {
        char port[8];
        print_message("%s behind %s, %s before it, %s, %s\n", agent_name(server), proxy.place,
                      agent_name(client), i & 1 ? "name" : "address", i & 2 ? "CURVE" : "NULL");
        new_pair(server, client);
        if (i & 2)
            secure(server, client);
        snprintf(port, sizeof port, "%s", port_of(ask(server, "bind 0 tcp://127.0.0.1:*")));
        ask(client, "connect 0 tcp://%s:%s", i & 1 ? "localhost" : "127.0.0.1", port);
        echo(server, client);
        close_pair(server, client);
    }
}

static void await_event(struct agent *a, unsigned event) {
    unsigned got;
    do {
        assert_int_equal(sscanf(ask(a, "event 0 %d", DRIVE_MS), "%u", &got), 1);
    } while (got != event);
}

static void expect_failures(struct agent *a, int n) {
    for (int i = 0; i < n; i++) {
        await_event(a, ZMQ_EVENT_CONNECT_DELAYED);
        await_event(a, ZMQ_EVENT_CLOSED);
        await_event(a, ZMQ_EVENT_CONNECT_RETRIED);
    }
}

/* ---- tests ---------------------------------------------------------------------------- */

static void by_microsocks(void **state) {
    (void)state;
    if (!is_there("/usr/bin/microsocks", "microsocks"))
        skip();
    assert_true(reserve("127.0.0.1"));
    start_microsocks(NULL, NULL);
    exchange(&agents[SYSTEM], &agents[OURS]);
    exchange(&agents[OURS], &agents[SYSTEM]);
}

static void by_ipv6(void **state) {
    struct agent *server = &agents[SYSTEM], *client = &agents[OURS];
    char endpoint[60];
    (void)state;
    if (!is_there("/usr/bin/microsocks", "microsocks"))
        skip();
    if (!reserve("::1")) {
        print_message("SKIP: no IPv6 here\n");
        skip();
    }
    start_microsocks(NULL, NULL);
    new_pair(server, client);
    ask(server, "int 0 %d 1", ZMQ_IPV6);
    ask(client, "int 0 %d 1", ZMQ_IPV6);
    snprintf(endpoint, sizeof endpoint, "%s", ask(server, "bind 0 tcp://[::1]:*"));
    ask(client, "connect 0 %s", endpoint);
    echo(server, client);
    close_pair(server, client);
}

/* The right login, a wrong password, none at all. */
static void logins(void **state) {
    static const char *const rows[][2] = {{"joe", "secret"}, {"joe", "wrong"}, {"joe", ""},
                                          {"", ""}};
    struct agent *server = &agents[SYSTEM], *client = &agents[OURS];
    (void)state;
    if (!is_there("/usr/bin/microsocks", "microsocks"))
        skip();
    assert_true(reserve("127.0.0.1"));
    start_microsocks("joe", "secret");
    for (int i = 0; i < 4; i++) {
        new_pair(server, client);
        if (rows[i][0][0])
            set(client, ZMQ_SOCKS_USERNAME, rows[i][0]);
        if (rows[i][1][0])
            set(client, ZMQ_SOCKS_PASSWORD, rows[i][1]);
        ask(client, "monitor 0");
        ask(client, "connect 0 %s", ask(server, "bind 0 tcp://127.0.0.1:*"));
        if (i == 0)
            echo(server, client);
        else
            expect_failures(client, 3);
        close_pair(server, client);
    }
}

/* Nobody there behind the proxy: it says so, until somebody is. */
static void target_comes_late(void **state) {
    struct agent *server = &agents[SYSTEM], *client = &agents[OURS];
    char endpoint[60];
    (void)state;
    if (!is_there("/usr/bin/microsocks", "microsocks"))
        skip();
    assert_true(reserve("127.0.0.1"));
    start_microsocks(NULL, NULL);
    new_pair(server, client);
    snprintf(endpoint, sizeof endpoint, "%s", ask(server, "bind 0 tcp://127.0.0.1:*"));
    ask(server, "close 0");
    ask(client, "monitor 0");
    ask(client, "connect 0 %s", endpoint);
    expect_failures(client, 2);
    ask(server, "new 0 DEALER");
    ask(server, "bind 0 %s", endpoint);
    await_event(client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    echo(server, client);
    close_pair(server, client);
}

/* Away, frozen, killed and there again. */
static void proxy_in_trouble(void **state) {
    struct agent *server = &agents[SYSTEM], *client = &agents[OURS];
    (void)state;
    if (!is_there("/usr/bin/microsocks", "microsocks"))
        skip();
    assert_true(reserve("127.0.0.1"));
    new_pair(server, client);
    ask(client, "int 0 %d 400", ZMQ_HANDSHAKE_IVL);
    ask(client, "monitor 0");
    ask(client, "connect 0 %s", ask(server, "bind 0 tcp://127.0.0.1:*"));
    expect_failures(client, 2);
    start_microsocks(NULL, NULL);
    await_event(client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    echo(server, client);
    stop();
    await_event(client, ZMQ_EVENT_DISCONNECTED);
    expect_failures(client, 1);
    start_microsocks(NULL, NULL);
    await_event(client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    kill(proxy.pid, SIGSTOP); /* it accepts, by its kernel, and says nothing */
    ask(client, "close 0");
    ask(client, "new 0 DEALER");
    set(client, ZMQ_SOCKS_PROXY, proxy.place);
    ask(client, "int 0 %d 400", ZMQ_HANDSHAKE_IVL);
    ask(client, "monitor 0");
    ask(client, "connect 0 %s", ask(server, "bind 0 tcp://127.0.0.1:*"));
    expect_failures(client, 2);
    kill(proxy.pid, SIGCONT);
    await_event(client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    echo(server, client);
    close_pair(server, client);
}

static void by_dante(void **state) {
    struct agent *server = &agents[SYSTEM], *client = &agents[OURS];
    char dir[] = "/tmp/zx-dante-XXXXXX", endpoint[60], command[80];
    (void)state;
    if (!is_there("/usr/sbin/danted", "dante-server"))
        skip();
    assert_true(reserve("127.0.0.1"));
    new_pair(server, client);
    snprintf(endpoint, sizeof endpoint, "%s", ask(server, "bind 0 tcp://127.0.0.1:*"));
    assert_non_null(mkdtemp(dir));
    start_dante(dir, port_of(endpoint));
    ask(client, "monitor 0");
    ask(client, "connect 0 %s", endpoint);
    expect_failures(client, 2);
    close_pair(server, client);
    exchange(&agents[SYSTEM], &agents[OURS]);
    exchange(&agents[OURS], &agents[SYSTEM]);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    (void)!system(command);
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, SYSTEM, KINDS};
#define TEST(f) cmocka_unit_test_setup_teardown(f, drive_setup, no_proxy)
    const struct CMUnitTest tests[] = {
        TEST(by_microsocks),     TEST(by_ipv6),          TEST(logins),
        TEST(target_comes_late), TEST(proxy_in_trouble), TEST(by_dante),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
