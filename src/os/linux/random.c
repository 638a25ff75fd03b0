/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <fcntl.h>
#    include <sys/syscall.h>
#    include <unistd.h>

/* One read of at most 256 bytes is whole or fails. */
enum { PIECE = 256, TRIES = 64 };

static ptrdiff_t read_device(void *buf, size_t size) {
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return zx_posix_error();
    ptrdiff_t n = read(fd, buf, size);
    if (n < 0)
        n = zx_posix_error();
    close(fd);
    return n;
}

static ptrdiff_t read_some(void *buf, size_t size) {
#    ifdef SYS_getrandom
    ptrdiff_t n = syscall(SYS_getrandom, buf, size, 0);
    if (n >= 0)
        return n;
    if (errno != ENOSYS && errno != EPERM)
        return zx_posix_error();
#    endif
    return read_device(buf, size);
}

int zx_os_random(void *buf, size_t size) {
    unsigned char *at = buf;
    int tries = 0;
    while (size) {
        ptrdiff_t n = read_some(at, size < PIECE ? size : PIECE);
        if (n > 0) {
            at += n;
            size -= (size_t)n;
            tries = 0;
        } else if (++tries == TRIES || (n < 0 && n != -EINTR)) {
            return n < 0 ? (int)n : -EIO;
        }
    }
    return 0;
}

#endif
