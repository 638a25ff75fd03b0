/* SPDX-License-Identifier: MIT */
/* The small things: randomness, barriers, fork memory, what a thread may ask for itself. */
#include "os/posix/posix.h"

#if ZX_OS_BSD

#    include <pthread.h>
#    include <stdlib.h>
#    include <sys/mman.h>
#    include <sys/param.h>
#    include <unistd.h>
#    if defined(__FreeBSD__)
#        include <sys/cpuset.h>
#    endif
#    if defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
#        include <pthread_np.h>
#    endif

int zx_os_random(void *buf, size_t size) {
    arc4random_buf(buf, size); /* cannot fail */
    return 0;
}

bool zx_os_membarrier_init(void) {
    return false;
}

void zx_os_membarrier(void) {
    atomic_thread_fence(memory_order_seq_cst);
}

atomic_uint *zx_posix_wiped_word(void) {
#    if defined(INHERIT_ZERO) || defined(MAP_INHERIT_ZERO)
#        ifndef INHERIT_ZERO
#            define INHERIT_ZERO MAP_INHERIT_ZERO
#        endif
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0)
        return NULL;
    size_t size = (size_t)page;
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    if (minherit(map, size, INHERIT_ZERO) == 0)
        return map;
    munmap(map, size);
#    endif
    return NULL;
}

void zx_posix_thread_name(const char *name) {
#    if defined(__APPLE__)
    pthread_setname_np(name);
#    elif defined(__NetBSD__)
    pthread_setname_np(pthread_self(), "%s", (void *)(uintptr_t)name);
#    else
    pthread_set_name_np(pthread_self(), name);
#    endif
}

void zx_posix_thread_cpus(const int *cpus, size_t n) {
#    if defined(__FreeBSD__)
    cpuset_t set;
    CPU_ZERO(&set);
    for (size_t i = 0; i < n; i++)
        if (cpus[i] >= 0 && cpus[i] < CPU_SETSIZE)
            CPU_SET((size_t)cpus[i], &set);
    cpuset_setaffinity(CPU_LEVEL_WHICH, CPU_WHICH_TID, -1, sizeof(set), &set);
#    else
    (void)cpus;
    (void)n;
#    endif
}

void zx_posix_thread_favour(void) {
    /* Niceness belongs to the whole process here, which is not ours to change. */
}

void zx_thread_timer_slack_ns(uint64_t ns) {
    (void)ns;
}

#endif
