/* SPDX-License-Identifier: MIT */
#include "os/vsock.h"

#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <assert.h>
#    include <fcntl.h>
#    include <string.h>
#    include <sys/ioctl.h>
#    include <sys/socket.h>
#    include <unistd.h>

#    include "os/posix/addr.h"

/* As <linux/vm_sockets.h> has them, which not every C library's headers come with. */
struct address {
    uint16_t family;
    uint16_t reserved;
    uint32_t port, cid;
    uint8_t flags, zero[3];
};

static_assert(sizeof(struct address) == sizeof(struct sockaddr), "the kernel checks the length");

enum { OPT_SIZE = 0, OPT_MIN = 1, OPT_MAX = 2, OPT_CONNECT_TIMEOUT = 6 };

#    define GET_LOCAL_CID _IO(7, 0xb9)

void zx_addr_from_vsock(struct zx_addr *a, uint32_t cid, uint32_t port) {
    struct address vm = {.family = AF_VSOCK, .port = port, .cid = cid};
    (void)zx_posix_addr_store(a, &vm, sizeof vm);
}

int zx_addr_vsock(const struct zx_addr *a, uint32_t *cid, uint32_t *port) {
    struct address vm;
    if (zx_addr_family(a) != ZX_AF_VSOCK)
        return -EINVAL;
    memcpy(&vm, a->sa, sizeof vm);
    *cid = vm.cid;
    *port = vm.port;
    return 0;
}

int zx_os_vsock_cid(uint32_t *cid) {
    int fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? zx_posix_error() : -ENODEV;
    unsigned id = ZX_VSOCK_ANY;
    int rc = ioctl(fd, GET_LOCAL_CID, &id);
    close(fd);
    if (rc < 0 || id == ZX_VSOCK_ANY)
        return -ENODEV;
    *cid = id;
    return 0;
}

static int set_bytes(int fd, int option, uint64_t bytes) {
    if (!bytes)
        return 0;
    return zx_posix_result(setsockopt(fd, AF_VSOCK, option, &bytes, sizeof bytes));
}

int zx_sock_set_vsock_buffers(int fd, const struct zx_vsock_buffers *b) {
    int rc = set_bytes(fd, OPT_MAX, b->max);
    if (!rc)
        rc = set_bytes(fd, OPT_MIN, b->min);
    return rc ? rc : set_bytes(fd, OPT_SIZE, b->size);
}

int zx_sock_set_vsock_connect_timeout(int fd, int ms) {
    struct { /* two longs under this number whatever time_t is */
        long s, us;
    } t = {ms / 1000, ms % 1000 * 1000L};
    return zx_posix_result(setsockopt(fd, AF_VSOCK, OPT_CONNECT_TIMEOUT, &t, sizeof t));
}

#endif
