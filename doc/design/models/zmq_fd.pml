/* SPDX-License-Identifier: MIT */
/*
 * ZMQ_FD (R5): the eventfd handed to a foreign event loop. Wake: push, mark attention, exchange
 * `signalled` for 1, write if it was 0. Attend: if `signalled`, read the eventfd, and if that gave
 * something, `signalled` = 0 (else its writer is on the way); attention = 0, then take the inbox.
 * The loop sleeps until the descriptor is readable and then asks once for ZMQ_EVENTS, which always
 * attends; other calls do if they find attention.
 *
 * Proves: nothing pushed stays unseen while the loop sleeps, for a loop that is told of edges as
 * well as for one that is told of levels; the descriptor does not stay readable with nothing to do.
 * Bounds: two wakers, 2 pushes and 1; one loop, which makes one other call at any moment.
 */
#define W0 0
#define W1 1
#define APP 2
#define NT 3
#define NV 4
#define PUSHED(w) (w)
#define SIGNALLED 2
#define ATTENTION 3
#include "weak.pml"

#define PUSHES(w) (2 - (w))

bool readable; /* the eventfd's count is not 0 */
bool edge;     /* written since the loop last woke */
byte seen[2];

/* zx_socket_notify: src/core/socket.c */
inline notify(t)
{
    atomic { DRAINED(t) -> mem[ATTENTION] = 1 };
    atomic { DRAINED(t) -> old = mem[SIGNALLED]; mem[SIGNALLED] = 1 };
    if
    :: old
#ifndef DROP_WRITE
    :: else -> d_step { readable = true; edge = true }
#else
    :: else
#endif
    fi;
    old = 0
}

proctype waker(byte me)
{
    byte n, old;

    do
    :: n == PUSHES(me) -> break
    :: else ->
        n++;
#ifndef DROP_PUSH_FIRST
        store_release(me, PUSHED(me), n);
        notify(me)
#else
        notify(me);
        store_release(me, PUSHED(me), n)
#endif
    od
}

/* zx_socket_take_inbox: src/core/socket.c: an exchange, and so a full barrier behind the marks */
inline take_inbox()
{
    d_step {
#ifndef DROP_TAKE_BARRIER
        DRAINED(APP);
#endif
        seen[0] = LOAD(APP, PUSHED(0));
        seen[1] = LOAD(APP, PUSHED(1));
    }
}

/* zx_socket_attend: src/core/socket.c */
inline attend()
{
#ifdef DROP_CLEAR_BEFORE_TAKE
    take_inbox();
#endif
    if
    :: LOAD(APP, SIGNALLED) ->
#ifdef DROP_READ_BEFORE_CLEAR
        store(APP, SIGNALLED, 0);
        fence(APP);
        readable = false
#else
        d_step { was = readable; readable = false };
        if
        :: was -> store(APP, SIGNALLED, 0)
#ifdef DROP_KEEP_UNWRITTEN
        :: !was -> store(APP, SIGNALLED, 0)
#endif
        :: else
        fi;
        was = false
#endif
    :: else
    fi;
    store(APP, ATTENTION, 0);
#ifndef DROP_CLEAR_BEFORE_TAKE
    take_inbox()
#endif
}

/* zx_socket_enter: src/core/socket.h: any call but ZMQ_EVENTS */
inline other_call()
{
    if
    :: LOAD(APP, ATTENTION) -> attend()
    :: else
    fi
}

/* get_events: src/core/socket_options.c */
inline get_events()
{
#ifndef DROP_ATTEND_ALWAYS
    attend()
#else
    if
    :: LOAD(APP, ATTENTION) -> attend()
    :: else
    fi
#endif
}

active proctype loop()
{
    bool called, levels, was;

    if
    :: levels = true
    :: skip
    fi;
end:
    do
    :: levels && readable -> edge = false; get_events()
    :: !levels && edge -> edge = false; get_events()
    :: !called -> called = true; other_call()
    od
}

active proctype nothing_moves()
{
    timeout;
    assert(seen[0] == PUSHES(0) && seen[1] == PUSHES(1))
}

init
{
    atomic {
        run waker(0);
        run waker(1);
        DRAIN(0, PUSHED(0));
        DRAIN(1, PUSHED(1));
        DRAIN(APP, SIGNALLED);
        DRAIN(APP, ATTENTION);
    }
}
