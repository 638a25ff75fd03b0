/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#include <limits.h>

enum { LONGEST_S = 1000000000 };

uint64_t zx_os_now_ns(void) {
    struct timespec ts = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * ZX_NS_PER_S + (uint64_t)ts.tv_nsec;
}

struct timespec zx_posix_timespec(uint64_t ns) {
    struct timespec ts = {LONGEST_S, 0};
    if (ns / ZX_NS_PER_S < LONGEST_S) {
        ts.tv_sec = (time_t)(ns / ZX_NS_PER_S);
        ts.tv_nsec = (long)(ns % ZX_NS_PER_S);
    }
    return ts;
}

int zx_posix_millis(uint64_t ns) {
    if (ns == UINT64_MAX)
        return -1;
    uint64_t ms = ns / ZX_NS_PER_MS + (ns % ZX_NS_PER_MS != 0);
    return ms > INT_MAX ? INT_MAX : (int)ms;
}
