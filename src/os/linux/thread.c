/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <limits.h>
#    include <pthread.h>
#    include <sched.h>
#    include <sys/prctl.h>
#    include <sys/resource.h>

enum { HIGHEST_NICE = -20 };

void zx_posix_thread_name(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

void zx_posix_thread_cpus(const int *cpus, size_t n) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (size_t i = 0; i < n; i++)
        if (cpus[i] >= 0 && cpus[i] < CPU_SETSIZE)
            CPU_SET((size_t)cpus[i], &set);
    sched_setaffinity(0, sizeof(set), &set);
}

void zx_posix_thread_favour(void) {
    /* Linux keeps niceness per thread, whatever POSIX says of the process. */
    setpriority(PRIO_PROCESS, 0, HIGHEST_NICE);
}

void zx_thread_timer_slack_ns(uint64_t ns) {
    /* 0 would mean the default, 50 us. */
    unsigned long slack = ns > LONG_MAX ? LONG_MAX : (unsigned long)ns;
    prctl(PR_SET_TIMERSLACK, slack ? slack : 1, 0, 0, 0);
}

#endif
