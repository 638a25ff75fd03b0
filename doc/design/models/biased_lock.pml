/* SPDX-License-Identifier: MIT */
/*
 * The bias of a socket's lock (R6). The thread that uses the socket stores a flag, looks at
 * `revoke`, and is in; both plain accesses with no fence between. Another thread that wants in
 * takes the lock proper, sets `revoke`, runs a process-wide barrier, and waits for the flag to
 * fall. From then on the bias is off and the owner takes the lock proper too.
 *
 * Proves: one holder; what it wrote is seen by the next; nobody waits for ever.
 * Bounds: an owner that locks 3 times, two others that lock once each; bias is not given again.
 *
 * A thread that has taken the lock often enough in a row is given the bias while it holds the lock
 * proper; a bias once revoked is never given again, so that an owner delayed before its store finds
 * `revoke` set.
 */
#define OWNER 0
#define NT 3
#define NV 3
#define FLAG 0
#define REVOKE 1
#define DATA 2
#include "weak.pml"

#define ROUNDS 3

bool proper;   /* the lock proper; socket_lock is its model */
bool biased = true; /* under the lock proper */
byte holders;
byte done;

inline lock_proper(t)
{
    atomic { DRAINED(t) && !proper -> proper = true }
}

inline unlock_proper(t)
{
    atomic { DRAINED(t) -> proper = false }
}

inline section(t)
{
    d_step { holders++; assert(holders == 1) }
    seen = LOAD(t, DATA);
    store(t, DATA, seen + 1);
    seen = 0;
    d_step { assert(holders == 1); holders-- }
}

/* zx_lock_take_biased: src/core/lock.h */
/* zx_lock_give: src/core/lock.h */
/* zx_lock_revoked: src/core/lock.c */
active proctype owner()
{
    byte n, seen;
    bool quick;

    do
    :: n == ROUNDS -> break
    :: else ->
#ifndef DROP_FLAG
        store(OWNER, FLAG, 1);
#endif
#ifndef DROP_LOOK_AT_REVOKE
        quick = !LOAD(OWNER, REVOKE);
#else
        quick = true;
#endif
        if
        :: quick
        :: else ->
#ifndef DROP_BACK_OFF
            store_release(OWNER, FLAG, 0);
#endif
            lock_proper(OWNER)
        fi;
        section(OWNER);
        if
        :: quick ->
#ifndef DROP_FLAG_RELEASE
            store_release(OWNER, FLAG, 0)
#else
            store(OWNER, FLAG, 0)
#endif
        :: else -> unlock_proper(OWNER)
        fi;
        n++
    od;
    done++
}

/* zx_lock_revoke: src/core/lock.c */
proctype other(byte me)
{
    byte seen;

    lock_proper(me);
    if
    :: biased ->
#ifndef DROP_REVOKE
        store(me, REVOKE, 1);
#endif
#ifndef DROP_MEMBARRIER
        fence(me); /* the call is one for its caller too */
        DRAINED(OWNER);
#endif
#ifndef DROP_WAIT_FOR_FLAG
        !LOAD(me, FLAG);
#endif
        biased = false
    :: else
    fi;
    section(me);
    unlock_proper(me);
    done++
}

active proctype all_is_counted()
{
    done == 3;
    DRAINED(0) && DRAINED(1) && DRAINED(2);
    assert(mem[DATA] == ROUNDS + 2)
}

init
{
    atomic {
        DRAIN(OWNER, FLAG);
        DRAIN(1, REVOKE); DRAIN(2, REVOKE);
        DRAIN(0, DATA); DRAIN(1, DATA); DRAIN(2, DATA);
        run other(1); run other(2);
    }
}
