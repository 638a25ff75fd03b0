/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <sys/syscall.h>
#    include <unistd.h>

/* From the kernel's interface, since its header may be missing. */
enum {
    CMD_QUERY = 0,
    CMD_PRIVATE_EXPEDITED = 1 << 3,
    CMD_REGISTER_PRIVATE_EXPEDITED = 1 << 4,
};

#    if defined(SYS_membarrier) && !ZX_OS_TSAN

static long membarrier(int cmd) {
    return syscall(SYS_membarrier, cmd, 0, 0);
}

bool zx_os_membarrier_init(void) {
    long wanted = CMD_PRIVATE_EXPEDITED | CMD_REGISTER_PRIVATE_EXPEDITED;
    long known = membarrier(CMD_QUERY);
    if (known < 0 || (known & wanted) != wanted)
        return false;
    if (membarrier(CMD_REGISTER_PRIVATE_EXPEDITED) != 0)
        return false;
    /* A filter may allow the one command and refuse the other. */
    return membarrier(CMD_PRIVATE_EXPEDITED) == 0;
}

void zx_os_membarrier(void) {
    membarrier(CMD_PRIVATE_EXPEDITED);
}

#    else

bool zx_os_membarrier_init(void) {
    return false;
}

void zx_os_membarrier(void) {
    atomic_thread_fence(memory_order_seq_cst);
}

#    endif
#endif
