/* SPDX-License-Identifier: MIT */
/*
 * ZMQ_FD (R5): the eventfd handed to a foreign event loop. Wake: push, exchange `signalled` for 1,
 * write if it was 0. Drain: read the eventfd, signalled = 0, then process. The loop sleeps until
 * the descriptor is readable and between sleeps asks for the events once.
 *
 * Proves: nothing pushed stays unseen while the loop sleeps; the eventfd is written at most once
 * between two drains.
 * Bounds: two wakers of 2 pushes each, one loop.
 */
#define W0 0
#define W1 1
#define APP 2
#define NT 3
#define NV 3
#define PUSHED(w) (w)
#define SIGNALLED 2
#include "weak.pml"

#define PUSHES 2

byte fd;     /* the eventfd's counter */
byte writes; /* since the last drain */
byte seen[2];

/* zx_signal_wake: src/core/wait.c */
proctype waker(byte me)
{
    byte n, old;

    do
    :: n == PUSHES -> break
    :: else ->
        n++;
#ifndef DROP_PUSH_FIRST
        store_release(me, PUSHED(me), n);
#endif
        atomic {
#ifndef DROP_PUSH_RELEASE
            DRAINED(me);
#endif
            old = mem[SIGNALLED];
            mem[SIGNALLED] = 1
        }
        if
        :: old
#ifndef DROP_WRITE
        :: else -> d_step { fd++; writes++; assert(writes == 1) }
#endif
        fi;
        old = 0;
#ifdef DROP_PUSH_FIRST
        store_release(me, PUSHED(me), n)
#endif
    od
}

/* zx_signal_drain: src/core/wait.c */
inline process()
{
    seen[0] = LOAD(APP, PUSHED(0));
    seen[1] = LOAD(APP, PUSHED(1))
}

active proctype loop()
{
    do
    :: seen[0] == PUSHES && seen[1] == PUSHES -> break
    :: else ->
        fd; /* poll */
#ifndef DROP_READ_BEFORE_CLEAR
        d_step { fd = 0; writes = 0 };
#endif
#ifdef DROP_CLEAR_BEFORE_PROCESS
        process();
#endif
#ifndef DROP_CLEAR
        store(APP, SIGNALLED, 0);
#endif
#ifndef DROP_CLEAR_FENCE
        fence(APP);
#endif
#ifdef DROP_READ_BEFORE_CLEAR
        d_step { fd = 0; writes = 0 };
#endif
#ifndef DROP_CLEAR_BEFORE_PROCESS
        process()
#endif
    od
}

init
{
    atomic {
        run waker(0);
        run waker(1);
        run drain(0, PUSHED(0));
        run drain(1, PUSHED(1));
        run drain(APP, SIGNALLED);
    }
}
