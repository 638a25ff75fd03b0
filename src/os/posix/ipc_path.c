/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_directory(const char *path) {
    struct stat st;
    return path && *path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *temp_directory(void) {
    static const char *const names[] = {"TMPDIR", "TEMPDIR", "TMP"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *path = getenv(names[i]);
        if (is_directory(path))
            return path;
    }
    return "/tmp";
}

int zx_os_ipc_temp_path(char *path, size_t size) {
    static const char file[] = "/socket";
    const char *dir = temp_directory();
    size_t len = strlen(dir);
    const char *slash = dir[len - 1] == '/' ? "" : "/";
    int n = snprintf(path, size, "%s%stmpXXXXXX", dir, slash);
    if (n < 0 || (size_t)n + sizeof(file) > size)
        return -ENAMETOOLONG;
    if (!mkdtemp(path))
        return zx_posix_error();
    memcpy(path + n, file, sizeof(file));
    return 0;
}

/* Is nobody listening on the other side of this socket file? 1, 0, or -errno without an answer. */
static int is_dead(const char *path) {
    struct zx_addr addr;
    int rc = zx_addr_from_unix(&addr, path);
    if (rc)
        return rc;
    int fd = zx_sock_open(ZX_AF_UNIX);
    if (fd < 0)
        return fd;
    rc = zx_sock_connect(fd, &addr);
    zx_sock_close(fd);
    return rc == -ECONNREFUSED;
}

int zx_os_ipc_clear_stale(const char *path) {
    struct stat before, after;
    if (ZX_OS_LINUX && path[0] == '@')
        return 0;
    if (lstat(path, &before) < 0)
        return 0; /* absent, or bind itself will say what is wrong with the path */
    if (!S_ISSOCK(before.st_mode))
        return -EADDRINUSE;
    int dead = is_dead(path);
    if (dead < 0)
        return dead;
    /* Somebody else may have cleared and bound it while we looked. */
    if (lstat(path, &after) < 0)
        return 0;
    if (!dead || after.st_ino != before.st_ino || after.st_dev != before.st_dev)
        return -EADDRINUSE;
    return unlink(path) == 0 || errno == ENOENT ? 0 : -EADDRINUSE;
}
