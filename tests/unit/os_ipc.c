/* SPDX-License-Identifier: MIT */
/* What ipc needs: socket files and their leavings, abstract names, credentials, groups. */
#include "unit/os_support.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static char path[128];

static int setup(void **state) {
    (void)state;
    strcpy(dir, "/tmp/zmqx-os-ipc-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/s", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    zx_os_unlink(path);
    return zx_os_rmdir(dir);
}

static bool exists(const char *name) {
    struct stat st;
    return lstat(name, &st) == 0;
}

static int listen_at(const char *name) {
    struct zx_addr a;
    assert_int_equal(zx_addr_from_unix(&a, name), 0);
    int fd = zx_sock_open(ZX_AF_UNIX);
    assert_true(fd >= 0);
    assert_int_equal(zx_sock_bind(fd, &a), 0);
    assert_int_equal(zx_sock_listen(fd, 4), 0);
    return fd;
}

static int connect_to(const char *name) {
    struct zx_addr a;
    assert_int_equal(zx_addr_from_unix(&a, name), 0);
    int fd = zx_sock_open(ZX_AF_UNIX);
    assert_true(fd >= 0);
    int rc = zx_sock_connect(fd, &a);
    if (!rc)
        return fd;
    zx_sock_close(fd);
    return rc;
}

static void check_connection(const char *name) {
    struct zx_addr peer, local;
    char text[128];
    int listener = listen_at(name);
    assert_int_equal(zx_sock_local(listener, &local), 0);
    assert_int_equal(zx_addr_unix_text(&local, text, sizeof(text)), 0);
    assert_string_equal(text, name);
    int fd = connect_to(name);
    assert_true(fd >= 0);
    int accepted = zx_sock_accept(listener, &peer);
    assert_true(accepted >= 0);
    assert_int_equal(zx_addr_family(&peer), ZX_AF_UNIX);
    assert_int_equal(zx_addr_unix_text(&peer, text, sizeof(text)), 0);
    assert_string_equal(text, "");
    assert_int_equal(zx_sock_peer(fd, &peer), 0);
    assert_true(zx_addr_equal(&peer, &local));
    zx_sock_close(fd);
    zx_sock_close(accepted);
    zx_sock_close(listener);
}

static void paths_and_abstract_names_connect(void **state) {
    (void)state;
    char name[64];
    check_connection(path);
    assert_true(exists(path)); /* a closed listener leaves its file */
    snprintf(name, sizeof(name), "@zmqx-os-ipc-%d", (int)getpid());
    check_connection(name);
    assert_false(exists(name));
}

static void abstract_names_are_taken_once(void **state) {
    (void)state;
    char name[64];
    snprintf(name, sizeof(name), "@zmqx-os-twice-%d", (int)getpid());
    struct zx_addr a;
    int listener = listen_at(name);
    int fd = zx_sock_open(ZX_AF_UNIX);
    assert_int_equal(zx_addr_from_unix(&a, name), 0);
    assert_int_equal(zx_sock_bind(fd, &a), -EADDRINUSE);
    assert_int_equal(zx_os_ipc_clear_stale(name), 0); /* nothing on disk to clear */
    assert_int_equal(zx_sock_bind(fd, &a), -EADDRINUSE);
    zx_sock_close(listener);
    assert_int_equal(zx_sock_bind(fd, &a), 0);
    zx_sock_close(fd);
    assert_int_equal(connect_to(name), -ECONNREFUSED);
}

static void a_full_backlog_is_eagain(void **state) {
    (void)state;
    int fds[64], n = 0;
    int listener = listen_at(path);
    do
        fds[n] = connect_to(path);
    while (fds[n] >= 0 && ++n < 64);
    assert_true(n > 0 && n < 64);
    assert_int_equal(fds[n], -EAGAIN);
    assert_int_equal(zx_os_ipc_clear_stale(path), -EADDRINUSE); /* busy is not dead */
    while (n)
        zx_sock_close(fds[--n]);
    zx_sock_close(listener);
}

static void only_a_dead_socket_is_cleared(void **state) {
    (void)state;
    assert_int_equal(zx_os_ipc_clear_stale(path), 0); /* absent */
    int listener = listen_at(path);
    assert_int_equal(zx_os_ipc_clear_stale(path), -EADDRINUSE);
    assert_true(exists(path));
    zx_sock_close(listener);
    assert_int_equal(connect_to(path), -ECONNREFUSED);
    assert_int_equal(zx_os_ipc_clear_stale(path), 0);
    assert_false(exists(path));
    assert_int_equal(connect_to(path), -ENOENT);
    listener = listen_at(path);
    zx_sock_close(listener);
}

static void files_directories_and_links_are_never_removed(void **state) {
    (void)state;
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(zx_os_ipc_clear_stale(path), -EADDRINUSE);
    assert_true(exists(path));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(zx_os_ipc_clear_stale(path), -EADDRINUSE);
    assert_true(exists(path));
    assert_int_equal(zx_os_ipc_clear_stale(dir), -EADDRINUSE);
    assert_true(exists(dir));
}

static void a_datagram_socket_is_not_ours(void **state) {
    (void)state;
    struct zx_addr a;
    assert_int_equal(zx_addr_from_unix(&a, path), 0);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(zx_sock_bind(fd, &a), 0);
    assert_int_equal(zx_os_ipc_clear_stale(path), -EADDRINUSE);
    assert_true(exists(path));
    close(fd);
}

static void what_cannot_be_looked_at_is_left_to_bind(void **state) {
    (void)state;
    char below[160], longest[300];
    snprintf(below, sizeof(below), "%s/none/s", dir);
    assert_int_equal(zx_os_ipc_clear_stale(below), 0);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(zx_os_ipc_clear_stale(longest), 0);
}

static void without_descriptors_nothing_is_cleared(void **state) {
    (void)state;
    zx_sock_close(listen_at(path));
    os_take_fds();
    int rc = zx_os_ipc_clear_stale(path);
    os_give_fds();
    assert_int_equal(rc, -EMFILE);
    assert_true(exists(path));
}

static void unlink_and_rmdir_tell_errors(void **state) {
    (void)state;
    assert_int_equal(zx_os_unlink(path), -ENOENT);
    assert_int_equal(zx_os_rmdir(path), -ENOENT);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(zx_os_rmdir(path), -ENOTDIR);
    assert_int_equal(zx_os_rmdir(dir), -ENOTEMPTY);
    assert_int_equal(zx_os_unlink(path), 0);
    assert_false(exists(path));
}

/* ---- temporary paths --------------------------------------------------- */

static void check_temp(const char *under) {
    char made[128], parent[128];
    assert_int_equal(zx_os_ipc_temp_path(made, sizeof(made)), 0);
    size_t n = strlen(under);
    assert_memory_equal(made, under, n);
    assert_memory_equal(made + n, "/tmp", 4);
    assert_string_equal(made + n + 4 + 6, "/socket");
    assert_false(exists(made));
    strcpy(parent, made);
    *strrchr(parent, '/') = '\0';
    struct stat st;
    assert_int_equal(stat(parent, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0700);
    zx_sock_close(listen_at(made));
    assert_int_equal(zx_os_unlink(made), 0);
    assert_int_equal(zx_os_rmdir(parent), 0);
}

static void temp_paths_go_where_the_environment_says(void **state) {
    (void)state;
    char slashed[80], made[128];
    unsetenv("TMPDIR");
    unsetenv("TEMPDIR");
    unsetenv("TMP");
    check_temp("/tmp");
    setenv("TMP", dir, 1);
    check_temp(dir);
    setenv("TEMPDIR", "/nosuchdirectory", 1); /* not a directory: the next one */
    check_temp(dir);
    setenv("TMP", "/tmp", 1);
    setenv("TMPDIR", "", 1);
    setenv("TEMPDIR", dir, 1);
    check_temp(dir);
    snprintf(slashed, sizeof(slashed), "%s/", dir);
    setenv("TMPDIR", slashed, 1);
    check_temp(dir);
    /* No room for the name: nothing is made. */
    size_t need = strlen(dir) + strlen("/tmpXXXXXX/socket") + 1;
    for (size_t size = 0; size < need; size++)
        assert_int_equal(zx_os_ipc_temp_path(made, size), -ENAMETOOLONG);
    assert_int_equal(rmdir(dir), 0); /* it is empty */
    assert_int_equal(mkdir(dir, 0700), 0);
    unsetenv("TMPDIR");
    unsetenv("TEMPDIR");
    unsetenv("TMP");
}

/* ---- who is there ------------------------------------------------------ */

static void the_peers_credentials_are_told(void **state) {
    (void)state;
    int pair[2];
    struct zx_cred cred = {77, 77, 77};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(zx_sock_peer_cred(pair[0], &cred), 0);
    assert_int_equal(cred.uid, geteuid());
    assert_int_equal(cred.gid, getegid());
    assert_int_equal(cred.pid, getpid());
    close(pair[0]);
    close(pair[1]);
}

/* The first group of the system's list that names a known user, and a user it does not name. */
static void group_members_are_found_by_name(void **state) {
    (void)state;
    uint32_t gid = 0, uid = 0;
    bool any = false;
    for (struct group *g = getgrent(); g && !any; g = getgrent())
        for (char **m = g->gr_mem; *m && !any; m++) {
            struct passwd *user = getpwnam(*m);
            any = user != NULL;
            gid = g->gr_gid;
            uid = user ? user->pw_uid : 0;
        }
    endgrent();
    assert_false(zx_os_user_in_group(uid, 4000000000u));
    assert_false(zx_os_user_in_group(4000000000u, gid));
    if (!any) {
        print_message("SKIP: no group of this machine lists a member\n");
        skip();
    }
    assert_true(zx_os_user_in_group(uid, gid));
}

static void a_primary_group_is_no_membership(void **state) {
    (void)state;
    struct group *root = getgrgid(0);
    if (!root || root->gr_mem[0]) {
        print_message("SKIP: group 0 is unknown or lists members\n");
        skip();
    }
    assert_false(zx_os_user_in_group(0, 0));
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_DIR(paths_and_abstract_names_connect),
        cmocka_unit_test(abstract_names_are_taken_once),
        IN_DIR(a_full_backlog_is_eagain),
        IN_DIR(only_a_dead_socket_is_cleared),
        IN_DIR(files_directories_and_links_are_never_removed),
        IN_DIR(a_datagram_socket_is_not_ours),
        IN_DIR(what_cannot_be_looked_at_is_left_to_bind),
        IN_DIR(without_descriptors_nothing_is_cleared),
        IN_DIR(unlink_and_rmdir_tell_errors),
        IN_DIR(temp_paths_go_where_the_environment_says),
        cmocka_unit_test(the_peers_credentials_are_told),
        cmocka_unit_test(group_members_are_found_by_name),
        cmocka_unit_test(a_primary_group_is_no_membership),
    };
    return cmocka_run_group_tests_name("os_ipc", tests, NULL, NULL);
}
