/* SPDX-License-Identifier: MIT */
/*
 * What the files of posix/, linux/ and bsd/ share among themselves.
 *
 * What: error codes and time values, and the few hooks a platform fills in. Include it
 *   first: it asks the system's headers for all they have.
 * Owner: nobody; no state.
 * Life: none.
 * Never: is included from outside src/os.
 */
#ifndef ZX_OS_POSIX_POSIX_H
#define ZX_OS_POSIX_POSIX_H

#if defined(__NetBSD__) && !defined(_NETBSD_SOURCE)
#    define _NETBSD_SOURCE 1
#endif
#if defined(__APPLE__) && !defined(_DARWIN_C_SOURCE)
#    define _DARWIN_C_SOURCE 1
#endif

#include "os/os.h"

#include <errno.h>
#include <time.h>

#if defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) ||                         \
    defined(__DragonFly__) || defined(__APPLE__)
#    define ZX_OS_BSD 1
#else
#    define ZX_OS_BSD 0
#endif

#if defined(__linux__)
#    define ZX_OS_LINUX 1
#else
#    define ZX_OS_LINUX 0
#endif

/* ThreadSanitizer sees neither membarrier nor its effect. */
#if defined(__SANITIZE_THREAD__)
#    define ZX_OS_TSAN 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define ZX_OS_TSAN 1
#    endif
#endif
#ifndef ZX_OS_TSAN
#    define ZX_OS_TSAN 0
#endif

#define ZX_NS_PER_S 1000000000u
#define ZX_NS_PER_MS 1000000u

/* What the last failed call left in errno, as this library passes it on. */
static inline int zx_posix_error(void) {
    int code = errno;
    return code > 0 ? -code : -EIO;
}

/* The same of a call that fails every now and then without being to blame (nothing to read, a wait
 * that is over): a call of the API that succeeds leaves errno as it found it. */
static inline int zx_posix_refused(int before) {
    int rc = errno == EWOULDBLOCK ? -EAGAIN : zx_posix_error(); /* callers know one number only */
    errno = before;
    return rc;
}

/* The result of a call that gives -1 for failure. */
static inline int zx_posix_result(int rc) {
    return rc < 0 ? zx_posix_error() : 0;
}

/* As a timespec, cut at 31 years so that it fits a 32-bit time_t. */
struct timespec zx_posix_timespec(uint64_t ns);
/* As whole milliseconds, rounded up so that a wait is never too short; UINT64_MAX is -1. */
int zx_posix_millis(uint64_t ns);

int zx_posix_set_cloexec(int fd);
/* The new descriptor fd (or the -1 of a failed call), moved above 2, so that 0 in a zeroed object
 * is never a descriptor of ours and nobody writes to us by printing. -errno. */
int zx_posix_above_std(int fd);

/* Name of the calling thread, at most 15 characters; affinity; niceness. Best effort. */
void zx_posix_thread_name(const char *name);
void zx_posix_thread_cpus(const int *cpus, size_t n);
void zx_posix_thread_favour(void);

/* A word that reads 0 in a forked child, or NULL where there is no such memory. */
atomic_uint *zx_posix_wiped_word(void);

#endif
