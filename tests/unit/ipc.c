/* SPDX-License-Identifier: MIT */
/* The transport ipc: what it makes and leaves on disk, and whom it lets in. */
#include "core/transport.h"
#include "unit/os_support.h"
#include "zmq.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct zx_transport_ops *const ipc = &zx_ipc_ops;

/* The program is linked with --wrap: a group whose list of members names everybody. */
enum { GROUP_OF_ALL = 76543 };
bool __wrap_zx_os_user_in_group(uint32_t uid, uint32_t gid);
bool __real_zx_os_user_in_group(uint32_t uid, uint32_t gid);

bool __wrap_zx_os_user_in_group(uint32_t uid, uint32_t gid) {
    return gid == GROUP_OF_ALL || __real_zx_os_user_in_group(uid, gid);
}

static struct zx_conf *conf;
static int fds_before;
static char dir[64];
static char path[96];
static char text[ZX_ENDPOINT_MAX];

static int setup(void **state) {
    (void)state;
    fds_before = os_count_fds();
    strcpy(dir, "/tmp/zmqx-ipc-XXXXXX");
    conf = zx_conf_new(ZMQ_PULL, false, true);
    if (!conf || !mkdtemp(dir) || chmod(dir, 0755))
        return -1;
    snprintf(path, sizeof path, "%s/s", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    zx_conf_unref(conf);
    zx_os_unlink(path);
    int rc = zx_os_rmdir(dir); /* empty: nothing else was left */
    return rc ? rc : os_count_fds() == fds_before ? 0 : -1;
}

static bool exists(const char *name) {
    struct stat st;
    return lstat(name, &st) == 0;
}

static int listening(const char *address) {
    int fd = ipc->listen(conf, address, text, sizeof text);
    if (fd < 0)
        fail_msg("%s: %d", address, fd);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    return fd;
}

static int connecting(const char *address) {
    struct zx_addr to;
    int fd = -1;
    assert_true(ipc->is_numeric(conf, address));
    assert_int_equal(ipc->resolve(conf, address, &to, 1), 1);
    int rc = ipc->connect(conf, address, &to, &fd);
    return rc ? rc : fd;
}

static void a_connection_from_end_to_end(void **state) {
    (void)state;
    char want[ZX_ENDPOINT_MAX], other[ZX_ENDPOINT_MAX];
    struct zx_addr peer;
    int listener = listening(path);
    snprintf(want, sizeof want, "ipc://%s", path);
    assert_string_equal(text, want);
    int client = connecting(path);
    assert_true(client >= 0);
    int server = zx_sock_accept(listener, &peer);
    assert_true(server >= 0);
    assert_int_equal(ipc->connected(conf, client), 0);
    assert_int_equal(ipc->accepted(conf, server, &peer), 0);
    ipc->peer_text(server, other, sizeof other);
    snprintf(want, sizeof want, "localhost:%d:%d:%d", (int)getuid(), (int)getgid(),
             (int)getpid());
    assert_string_equal(other, want);
    ipc->remote_endpoint(client, other, sizeof other);
    assert_string_equal(other, text);
    ipc->local_endpoint(server, other, sizeof other);
    assert_string_equal(other, text);
    zx_sock_close(client);
    zx_sock_close(server);
    zx_sock_close(listener);
    ipc->peer_text(-1, other, sizeof other);
    assert_string_equal(other, "");
    ipc->local_endpoint(-1, other, sizeof other);
    assert_string_equal(other, "");
    ipc->remote_endpoint(-1, other, sizeof other);
    assert_string_equal(other, "");
}

static void a_named_socket_stays_and_is_taken_again(void **state) {
    (void)state;
    int listener = listening(path);
    zx_sock_close(listener);
    assert_int_equal(ipc->unlisten(conf, path, text), 0);
    assert_true(exists(path));
    listener = listening(path);
    zx_sock_close(connecting(path));
    zx_sock_close(listener);
}

static void nothing_that_lives_is_taken_away(void **state) {
    (void)state;
    char other[ZX_ENDPOINT_MAX];
    int listener = listening(path);
    assert_int_equal(ipc->listen(conf, path, other, sizeof other), -EADDRINUSE);
    zx_sock_close(connecting(path)); /* the first one still has it */
    zx_sock_close(listener);
    zx_os_unlink(path);
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, "data", 4), 4);
    close(file);
    assert_int_equal(ipc->listen(conf, path, other, sizeof other), -EADDRINUSE);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(ipc->listen(conf, dir, other, sizeof other), -EADDRINUSE);
}

static void what_cannot_be_bound(void **state) {
    (void)state;
    char where[128], other[ZX_ENDPOINT_MAX];
    snprintf(where, sizeof where, "%s/missing/s", dir);
    assert_int_equal(ipc->listen(conf, where, other, sizeof other), -ENOENT);
    memset(where, 'x', sizeof where);
    where[108] = '\0';
    assert_int_equal(ipc->check(conf, where, true), -ENAMETOOLONG);
    assert_int_equal(ipc->check(conf, where, false), -ENAMETOOLONG);
    assert_int_equal(ipc->listen(conf, where, other, sizeof other), -ENAMETOOLONG);
    where[107] = '\0';
    assert_int_equal(ipc->check(conf, where, true), 0);
    assert_int_equal(ipc->check(conf, "@", true), -EINVAL);
    assert_int_equal(ipc->check(conf, "*", false), 0); /* a path as any other */
    os_take_fds();
    int rc = ipc->listen(conf, path, other, sizeof other);
    os_give_fds();
    assert_int_equal(rc, -EMFILE);
    assert_false(exists(path));
}

static void a_wildcard_is_cleared_up(void **state) {
    (void)state;
    char made[ZX_ENDPOINT_MAX];
    assert_int_equal(setenv("TMPDIR", dir, 1), 0);
    int listener = listening("*");
    assert_int_equal(strncmp(text + 6, dir, strlen(dir)), 0);
    assert_string_equal(strrchr(text, '/'), "/socket");
    assert_true(exists(text + 6));
    zx_sock_close(connecting(text + 6));
    zx_sock_close(listener);
    assert_int_equal(ipc->unlisten(conf, "*", text), 0);
    strcpy(made, text + 6);
    assert_false(exists(made));
    *strrchr(made, '/') = '\0';
    assert_false(exists(made));
    assert_true(ipc->unlisten(conf, "*", text) < 0); /* CLOSE_FAILED */
    os_take_fds();
    int rc = ipc->listen(conf, "*", text, sizeof text);
    os_give_fds();
    assert_int_equal(rc, -EMFILE);
    assert_true(ipc->listen(conf, "*", text, 10) < 0); /* teardown sees an empty directory */
    unsetenv("TMPDIR");
}

static void an_abstract_name_is_no_file(void **state) {
    (void)state;
    char name[64], other[ZX_ENDPOINT_MAX];
    snprintf(name, sizeof name, "@zmqx-unit-%d", (int)getpid());
    int here = open(".", O_RDONLY);
    assert_int_equal(chdir(dir), 0);
    int file = open(name, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    close(file);
    int listener = listening(name);
    assert_true(exists(name));
    assert_int_equal(ipc->listen(conf, name, other, sizeof other), -EADDRINUSE);
    assert_string_equal(text + 6, name);
    int client = connecting(name);
    ipc->remote_endpoint(client, other, sizeof other);
    assert_string_equal(other, text);
    zx_sock_close(client);
    zx_sock_close(listener);
    assert_int_equal(ipc->unlisten(conf, name, text), 0);
    assert_true(exists(name));
    assert_int_equal(unlink(name), 0);
    assert_int_equal(fchdir(here), 0);
    close(here);
}

static void failed_connects_leave_nothing(void **state) {
    (void)state;
    int got[8], n = 0;
    assert_int_equal(connecting(path), -ENOENT);
    conf->net.backlog = 0;
    int listener = listening(path);
    while (n < 8 && (got[n] = connecting(path)) >= 0)
        n++;
    assert_true(n < 8);
    assert_int_equal(got[n], -EAGAIN); /* a full backlog */
    while (n--)
        zx_sock_close(got[n]);
    zx_sock_close(listener);
    assert_int_equal(connecting(path), -ECONNREFUSED);
}

static void a_given_descriptor_is_taken_over(void **state) {
    (void)state;
    struct zx_addr tcp_at;
    int given = listening(path);
    fcntl(given, F_SETFL, fcntl(given, F_GETFL) & ~O_NONBLOCK);
    conf->net.use_fd = given;
    text[0] = '\0';
    assert_int_equal(ipc->listen(conf, "/another/place", text, sizeof text), given);
    assert_string_equal(text + 6, path);
    assert_true(fcntl(given, F_GETFL) & O_NONBLOCK);
    zx_sock_close(given);
    assert_int_equal(ipc->unlisten(conf, "*", text), 0); /* no file of ours */
    assert_true(exists(path));
    conf->net.use_fd = os_listen(ZX_AF_INET, &tcp_at);
    assert_int_equal(ipc->listen(conf, path, text, sizeof text), -EINVAL);
    assert_true(fcntl(conf->net.use_fd, F_GETFD) >= 0); /* still the caller's */
    zx_sock_close(conf->net.use_fd);
}

/* ---- who may come ------------------------------------------------------------- */

/* accepted's answer to a connection from this process under these filters; 0 leaves one out. */
static int answer(uint32_t uid, uint32_t gid, uint32_t pid) {
    struct zx_addr peer;
    const struct {
        int option;
        uint32_t value;
    } filters[] = {{ZMQ_IPC_FILTER_UID, uid}, {ZMQ_IPC_FILTER_GID, gid}, {ZMQ_IPC_FILTER_PID, pid}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(zx_conf_set(&conf, filters[i].option, NULL, 0), 0);
        if (filters[i].value != UINT32_MAX)
            assert_int_equal(zx_conf_set(&conf, filters[i].option, &filters[i].value, 4), 0);
    }
    int listener = listening(path);
    int client = connecting(path);
    int server = zx_sock_accept(listener, &peer);
    int rc = ipc->accepted(conf, server, &peer);
    zx_sock_close(client);
    zx_sock_close(server);
    zx_sock_close(listener);
    return rc;
}

static void any_credential_will_do(void **state) {
    (void)state;
    const uint32_t none = UINT32_MAX;
    uint32_t uid = getuid(), gid = getgid(), pid = (uint32_t)getpid();
    assert_int_equal(answer(none, none, none), 0);
    assert_int_equal(answer(uid, none, none), 0);
    assert_int_equal(answer(uid + 1, none, none), -EACCES);
    assert_int_equal(answer(none, gid, none), 0);
    assert_int_equal(answer(none, gid + 54321, none), -EACCES);
    assert_int_equal(answer(none, GROUP_OF_ALL, none), 0);
    assert_int_equal(answer(none, none, pid), 0);
    assert_int_equal(answer(none, none, pid + 1), -EACCES);
    assert_int_equal(answer(uid + 1, gid, pid + 1), 0);
    assert_int_equal(answer(uid + 1, gid + 54321, pid + 1), -EACCES);
}

static void without_credentials_nobody_comes(void **state) {
    (void)state;
    struct zx_addr peer = os_loopback(ZX_AF_INET);
    uint32_t uid = getuid();
    assert_int_equal(ipc->accepted(conf, -1, &peer), 0);
    assert_int_equal(zx_conf_set(&conf, ZMQ_IPC_FILTER_UID, &uid, sizeof uid), 0);
    assert_int_equal(ipc->accepted(conf, -1, &peer), -EACCES);
}

static void a_path_has_one_spelling(void **state) {
    (void)state;
    assert_false(ipc->same_bound(conf, "ipc://*", "ipc:///tmp/x/socket"));
    assert_false(ipc->same_bound(conf, "ipc://./x", "ipc://x"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_connection_from_end_to_end),
        TEST(a_named_socket_stays_and_is_taken_again),
        TEST(nothing_that_lives_is_taken_away),
        TEST(what_cannot_be_bound),
        TEST(a_wildcard_is_cleared_up),
        TEST(an_abstract_name_is_no_file),
        TEST(failed_connects_leave_nothing),
        TEST(a_given_descriptor_is_taken_over),
        TEST(any_credential_will_do),
        TEST(without_credentials_nobody_comes),
        TEST(a_path_has_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
