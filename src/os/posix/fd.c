/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#include <fcntl.h>
#include <unistd.h>

int zx_posix_set_cloexec(int fd) {
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0)
        return zx_posix_error();
    return zx_posix_result(fcntl(fd, F_SETFD, flags | FD_CLOEXEC));
}

int zx_posix_above_std(int fd) {
    if (fd < 0)
        return zx_posix_error();
    if (fd > 2)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int rc = moved < 0 ? zx_posix_error() : moved;
    close(fd);
    return rc;
}

int zx_sock_set_nonblock(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return zx_posix_error();
    if (flags & O_NONBLOCK)
        return 0;
    return zx_posix_result(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

int zx_os_unlink(const char *path) {
    return zx_posix_result(unlink(path));
}

int zx_os_rmdir(const char *path) {
    return zx_posix_result(rmdir(path));
}
