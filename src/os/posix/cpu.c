/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned count_cpus(void) {
#if ZX_OS_LINUX
    /* Affinity says what this process may use; it fails where there are more than 1024. */
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < INT_MAX ? (unsigned)n : 1;
}

unsigned zx_os_cpus(void) {
    /* Threads that race here all find the same number. */
    static atomic_uint cached;
    unsigned n = atomic_load_explicit(&cached, memory_order_relaxed);
    if (!n) {
        n = count_cpus();
        atomic_store_explicit(&cached, n, memory_order_relaxed);
    }
    return n;
}

void zx_os_cpu_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__arm__) && defined(__ARM_ARCH) && __ARM_ARCH >= 7)
    __asm__ __volatile__("yield" ::: "memory");
#elif defined(__powerpc__)
    __asm__ __volatile__("or 27,27,27" ::: "memory");
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

void zx_os_yield(void) {
    sched_yield();
}

long zx_os_env_number(const char *name, long dflt) {
    const char *text = getenv(name);
    /* strtol would skip blanks and take a sign. */
    if (!text || *text < '0' || *text > '9')
        return dflt;
    char *end;
    int before = errno;
    errno = 0;
    long n = strtol(text, &end, 10);
    bool fits = !*end && !errno;
    errno = before;
    return fits ? n : dflt;
}
