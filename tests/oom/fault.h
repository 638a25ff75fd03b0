/* SPDX-License-Identifier: MIT */
/*
 * Faults made to order: the n-th allocation or system call that the library makes fails.
 *
 * What: the program is linked with --wrap, so what the library's objects ask of the C library comes
 *   by here first: it is counted, and one call is refused. What the C library asks of itself is not
 *   ours to fail.
 * Owner: the process that arms it; calls from all its threads are counted together.
 * Life: fault_arm once, in a process of its own; what happened stays in memory shared with the
 *   process that forked it.
 * Never: allocates; fails more than one call.
 */
#ifndef ZX_TESTS_OOM_FAULT_H
#define ZX_TESTS_OOM_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>

enum fault_kind { FAULT_MEMORY, FAULT_SYSTEM };

enum { FAULT_DEPTH = 24 };

struct fault {
    atomic_long points;   /* calls counted */
    atomic_long live;     /* allocations of the library not freed */
    atomic_int fired;
    int err;              /* what the call failed with */
    int variants;         /* errno numbers that this function can fail with */
    int depth;
    char function[32];
    void *stack[FAULT_DEPTH];
    char verdict[240];    /* what the scene found wrong; empty: nothing */
};

extern struct fault *fault; /* shared memory, made by whoever forks */

/* From now on calls are counted; the target-th (from 0) fails with its variant-th number; a
 * negative target: none. */
void fault_arm(enum fault_kind kind, long target, int variant);
void fault_disarm(void);
static inline bool fault_has_fired(void) {
    return atomic_load(&fault->fired) != 0;
}

#endif
