/* SPDX-License-Identifier: MIT */
/*
 * The socket's lock: one exchange to take it, one release store to give it, then a look at
 * `waiters` with no fence between. A waiter raises `waiters`, tries again, runs a process-wide
 * barrier and sleeps on the word: either the holder's store is visible by then or its look comes
 * after the barrier and sees the waiter.
 *
 * With -DPLAIN: no such barrier in the system; giving is an exchange.
 *
 * Proves: one holder; what it wrote is seen by the next; no waiter sleeps for ever while the lock
 * is free. The real sleep has a timeout of 100 ms, here it has none.
 * Bounds: 3 threads, of which one takes the lock twice.
 *
 * @variant PLAIN
 * @mutant DROP_PLAIN_EXCHANGE with PLAIN
 */
#define THREADS 3
#define NT THREADS
#define NV 2
#define WORD 0
#define DATA 1
#include "weak.pml"

byte waiters;
byte holders;
byte done;
bool asleep[THREADS];

inline raise_waiters(t)
{
#ifndef DROP_WAITERS
    atomic { DRAINED(t) -> waiters++ }
#else
    skip
#endif
}

/* zx_lock_slow: src/core/lock.c */
inline lock_slow(t)
{
    raise_waiters(t);
    do
    ::  atomic { DRAINED(t) -> old = mem[WORD]; mem[WORD] = 1 };
        if
        :: !old -> break
        :: else
        fi;
#ifndef PLAIN
#ifndef DROP_MEMBARRIER
        DRAINED(0);
        DRAINED(1);
        DRAINED(2);
#endif
#endif
        atomic {
            if
#ifndef DROP_FUTEX_VALUE
            :: mem[WORD] == 1 -> asleep[t] = true
#else
            :: true -> asleep[t] = true
#endif
            :: mem[WORD] != 1
            fi
        }
        !asleep[t];
#ifdef DROP_TRY_AFTER_WAKE
        break
#endif
    od;
    waiters--
}

/* zx_lock_take: src/core/lock.h */
inline take(t)
{
    atomic { DRAINED(t) -> old = mem[WORD]; mem[WORD] = 1 };
    if
    :: old -> lock_slow(t)
    :: else
    fi;
    old = 0
}

/* zx_lock_wake: src/core/lock.c */
inline wake_one(t)
{
    fence(t); /* the kernel's, before it looks for sleepers */
    if
    :: atomic { asleep[0] -> asleep[0] = false }
    :: atomic { asleep[1] -> asleep[1] = false }
    :: atomic { asleep[2] -> asleep[2] = false }
    :: atomic { !asleep[0] && !asleep[1] && !asleep[2] }
    fi
}

/* zx_lock_give: src/core/lock.h */
inline give(t)
{
#ifdef DROP_LOOK_AFTER_STORE
    old = (waiters > 0);
#endif
#ifndef PLAIN
#ifndef DROP_GIVE_RELEASE
    store_release(t, WORD, 0);
#else
    store(t, WORD, 0);
#endif
#else
#ifndef DROP_PLAIN_EXCHANGE
    atomic { DRAINED(t) -> mem[WORD] = 0 };
#else
    store_release(t, WORD, 0);
#endif
#endif
#ifndef DROP_LOOK_AFTER_STORE
    old = (waiters > 0);
#endif
    if
#ifndef DROP_WAKE
    :: old -> wake_one(t)
#endif
    :: else
    fi;
    old = 0
}

proctype thread(byte t; byte rounds)
{
    byte n, old, seen;

    do
    :: n == rounds -> break
    :: else ->
        take(t);
        d_step { holders++; assert(holders == 1) }
        seen = LOAD(t, DATA);
        store(t, DATA, seen + 1);
        seen = 0;
        d_step { assert(holders == 1); holders-- }
        give(t);
        n++
    od;
    done++
}

active proctype all_is_counted()
{
    done == THREADS;
    DRAINED(0) && DRAINED(1) && DRAINED(2);
    assert(mem[DATA] == 4)
}

init
{
    atomic {
        DRAIN(0, WORD); DRAIN(1, WORD); DRAIN(2, WORD);
        DRAIN(0, DATA); DRAIN(1, DATA); DRAIN(2, DATA);
        run thread(0, 2); run thread(1, 1); run thread(2, 1);
    }
}
