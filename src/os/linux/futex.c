/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <sys/syscall.h>
#    include <unistd.h>

enum { OP_WAIT_PRIVATE = 0 | 128, OP_WAKE_PRIVATE = 1 | 128 };

/* Which call takes 64-bit times, and which (32 bits, before Linux 5.1) only long ones. */
#    if defined(SYS_futex_time64)
#        define WIDE_CALL SYS_futex_time64
#    elif defined(__LP64__) || defined(__x86_64__)
#        define WIDE_CALL SYS_futex
#    endif
#    if defined(SYS_futex) && !defined(__LP64__) && !defined(__x86_64__)
#        define LONG_CALL SYS_futex
#    endif

static long futex_wait(atomic_uint *word, unsigned expected, struct timespec ts) {
    /* The kernel's own layouts: libc's timespec may be of the other width. */
    long rc = -1;
    errno = ENOSYS;
#    ifdef WIDE_CALL
    int64_t wide[2] = {ts.tv_sec, ts.tv_nsec};
    rc = syscall(WIDE_CALL, word, OP_WAIT_PRIVATE, expected, wide, NULL, 0);
#    endif
#    ifdef LONG_CALL
    if (rc < 0 && errno == ENOSYS) {
        long narrow[2] = {(long)ts.tv_sec, (long)ts.tv_nsec};
        rc = syscall(LONG_CALL, word, OP_WAIT_PRIVATE, expected, narrow, NULL, 0);
    }
#    endif
    return rc;
}

int zx_os_futex_wait(atomic_uint *word, unsigned expected, uint64_t timeout_ns) {
    /* Without a timeout the kernel would start the wait anew behind a handler with SA_RESTART. */
    int before = errno;
    int rc = futex_wait(word, expected, zx_posix_timespec(timeout_ns)) < 0
                 ? zx_posix_refused(before)
                 : 0;
    errno = before; /* a wait may have tried more than one call */
    return rc == -EAGAIN ? 0 : rc;
}

void zx_os_futex_wake(atomic_uint *word, int count) {
#    ifdef SYS_futex
    long call = SYS_futex; /* waking takes no time, so the old number serves everywhere */
#    else
    long call = SYS_futex_time64;
#    endif
    syscall(call, word, OP_WAKE_PRIVATE, count, NULL, NULL, 0);
}

#endif
