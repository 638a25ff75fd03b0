/* SPDX-License-Identifier: MIT */
/*
 * Faults made to order: the n-th allocation or system call that the library makes fails.
 *
 * What: the program is linked with --wrap, so what the library's objects ask of the C library comes
 *   by here first: it is counted, and one call is refused. What the C library asks of itself is not
 *   ours to fail. A place is where a system call is made from: the call and its caller.
 *   How often it is made, and in what order, is up to the clock; where from is not.
 * Owner: the process that arms it; calls from all its threads are counted together.
 * Life: fault_arm once, in a process of its own; what happened stays in memory shared with the
 *   process that forked it.
 * Never: allocates; fails more than one call.
 */
#ifndef ZX_TESTS_OOM_FAULT_H
#define ZX_TESTS_OOM_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum fault_kind { FAULT_MEMORY, FAULT_SYSTEM };

enum { FAULT_DEPTH = 24, FAULT_PLACES = 1024 };

/* What is to fail: the point-th call (from 0; negative: none), or the first one made from place if
 * that is not 0; with the variant-th of the numbers that this function can fail with. */
struct fault_order {
    enum fault_kind kind;
    long point;
    uint64_t place;
    int variant;
};

struct fault {
    atomic_long points;   /* calls counted */
    _Atomic uint64_t place[FAULT_PLACES]; /* of system calls, in the order of their hash; 0: none */
    uint64_t failed_at;   /* the place of the call that failed */
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

/* From now on calls are counted, and one fails. */
void fault_arm(struct fault_order order);
void fault_disarm(void);
static inline bool fault_has_fired(void) {
    return atomic_load(&fault->fired) != 0;
}

#endif
