/* SPDX-License-Identifier: MIT */
/*
 * Who drives a reactor (R4), and how a second waiter on the same socket sleeps (R5).
 *
 * The state is IO_FREE, IO_HELD, APP_FREE (hot) or APP_HELD; it is changed by compare-and-swap out
 * of a FREE state, else only by the holder. The reactor's poll set is a one-shot entry of the I/O
 * thread's set. Give: store IO_FREE, then arm. An event whose swap fails is dropped: the holder
 * arms when he gives. Leave: store APP_FREE, then list the reactor as hot unless it is listed. The
 * I/O thread ticks while the list is not empty: what is free and was not driven since the last tick
 * it takes back; what is not free it unlists, and looks at the state again.
 *
 * Proves: one driver at a time; bytes that arrive are read in the end and wake those they are for,
 * whoever drives, though nobody calls again; the tick stops, also while a holder sleeps.
 * Bounds: 1 or 2 arrivals, 2 waiting threads that want one message each, 1 I/O thread, 1 reactor.
 */
#define A(i) (i)
#define IO 2
#define NT 3
#define NV 4
#define STATE 0
#define REGISTERED(i) (1 + (i))
#define HOT 3
#include "weak.pml"

#define IO_FREE 0
#define IO_HELD 1
#define APP_FREE 2
#define APP_HELD 3

#define MSGS 2

/* the kernel */
bool armed = true;   /* the one-shot entry */
byte unread;         /* bytes in the inner set */
bool io_event;       /* the I/O thread's eventfd */
bool woken[2];       /* a waiter's futex or eventfd */

byte messages;       /* delivered to the socket and not yet received */
byte drivers;
bool listed; /* on the hot list: under its lock, and so is HOT, which mirrors it */
bool hot_lock, ticking;
byte driven, driven_seen;
byte done, arrived;

inline swap_state(t, from, to, ok)
{
    atomic {
        if
        :: DRAINED(t) && mem[STATE] == from -> mem[STATE] = to; ok = true
        :: DRAINED(t) && mem[STATE] != from -> ok = false
        fi
    }
}

/* zx_reactor_drive: src/core/reactor.c */
inline drive(t)
{
    d_step { drivers++; assert(drivers == 1) }
    if
    :: atomic { DRAINED(t) && unread -> messages = messages + unread; unread = 0 };
#ifndef DROP_WAKE_ON_DELIVERY
        wake_registered(t)
#endif
    :: else
    fi;
    d_step { assert(drivers == 1); drivers-- }
}

/* zx_socket_notify: src/core/socket.c */
inline wake_registered(t)
{
    if
    :: LOAD(t, REGISTERED(0)) -> woken[0] = true
    :: else
    fi;
    if
    :: LOAD(t, REGISTERED(1)) -> woken[1] = true
    :: else
    fi
}

/* zx_reactor_give: src/core/reactor.c */
inline give(t)
{
#ifndef DROP_STATE_BEFORE_ARM
    store_release(t, STATE, IO_FREE);
#ifndef DROP_GIVE_FENCE
    fence(t);
#endif
#ifndef DROP_ARM
    armed = true
#endif
#else
    armed = true;
    store_release(t, STATE, IO_FREE);
    fence(t)
#endif
}

inline lock_hot(t)
{
    atomic { !hot_lock && DRAINED(t) -> hot_lock = true }
}

inline unlock_hot(t)
{
    atomic { DRAINED(t) -> hot_lock = false }
}

/* zx_io_make_hot: src/core/io.c */
inline make_hot(t)
{
    lock_hot(t);
    if
    :: LOAD(t, HOT)
    :: else ->
        store(t, HOT, 1);
        d_step { assert(!listed); listed = true; driven_seen = driven - 1 }
    fi;
    unlock_hot(t);
    atomic { DRAINED(t) -> old = ticking; ticking = true };
    if
#ifndef DROP_TICK_WAKE
    :: !old -> io_event = true
#endif
    :: else
    fi;
    old = false
}

/* zx_reactor_leave: src/core/reactor.c */
inline leave(t)
{
#ifdef DROP_STATE_BEFORE_LIST
    if
    :: !LOAD(t, HOT) -> make_hot(t)
    :: else
    fi;
#endif
    store_release(t, STATE, APP_FREE);
#ifndef DROP_LEAVE_FENCE
    fence(t);
#endif
#ifndef DROP_STATE_BEFORE_LIST
#ifndef DROP_LIST
    if
    :: !LOAD(t, HOT) -> make_hot(t)
    :: else
    fi
#endif
#endif
}

/* zx_reactor_take: src/core/reactor.c; wait_asleep: src/core/wait.c; release: src/core/wait.c */
inline take_and_wait(i)
{
    driven = driven + 1;
    if
#ifndef DROP_LOOK_AFTER_TAKE
    :: messages
#endif
    :: else ->
end_in_poll:
        unread;
        drive(A(i))
    fi;
    if
    :: give(A(i))
    :: leave(A(i))
    fi
}

/* zx_wait_socket: src/core/wait.c: the reactor is somebody else's */
inline wait_for_holder(i)
{
    store(A(i), REGISTERED(i), 1);
#ifndef DROP_WAITER_FENCE
    fence(A(i));
#endif
    if
#ifndef DROP_LOOK_AT_MESSAGES
    :: messages
#endif
    :: else ->
end_on_futex:
        woken[i]
    fi;
    store(A(i), REGISTERED(i), 0);
    woken[i] = false
}

proctype waiter(byte i)
{
    bool taken, old;

    do
    :: atomic { messages -> messages-- ; break }
    :: else ->
        swap_state(A(i), APP_FREE, APP_HELD, taken);
        if
        :: taken
        :: else ->
            swap_state(A(i), IO_FREE, APP_HELD, taken);
            if
            :: taken -> armed = false
            :: else
            fi
        fi;
        if
        :: taken -> take_and_wait(i)
        :: else -> wait_for_holder(i)
        fi;
        taken = false
    od;
    done++
}

/* unlist_or_keep: src/core/io.c */
inline unlist_or_keep()
{
    store(IO, HOT, 0);
#ifndef DROP_UNLIST_FENCE
    fence(IO);
#endif
    if
#ifndef DROP_UNLIST_LOOK
    :: LOAD(IO, STATE) == APP_FREE -> store(IO, HOT, 1)
#endif
    :: else -> listed = false
    fi
}

/* pick_cold: src/core/io.c; zx_io_tick: src/core/io.c */
inline tick()
{
    lock_hot(IO);
    if
    :: listed && driven != driven_seen -> driven_seen = driven
    :: listed && driven == driven_seen ->
        swap_state(IO, APP_FREE, IO_HELD, taken);
        if
        :: taken -> listed = false; store(IO, HOT, 0)
#ifndef DROP_UNLIST
        :: !taken -> unlist_or_keep()
#endif
        :: else
        fi
    :: else
    fi;
    unlock_hot(IO);
    if
    :: taken -> drive(IO); give(IO)
    :: else
    fi;
    taken = false;
#ifndef DROP_TICK_STOP_LOCK
    lock_hot(IO);
    if
    :: !listed -> ticking = false
    :: else
    fi;
    unlock_hot(IO)
#else
    if
    :: !listed -> ticking = false
    :: else
    fi
#endif
}

/* zx_reactor_on_io_event: src/core/reactor.c */
inline on_event()
{
#ifndef DROP_EVENT_SWAP
    swap_state(IO, IO_FREE, IO_HELD, taken);
#else
    taken = true;
#endif
    if
    :: taken -> drive(IO); give(IO)
    :: else
    fi;
    taken = false
}

active proctype io_thread()
{
    bool taken, timed;

    do
    ::  timed = ticking;
end_asleep:
        if
        :: atomic { armed && unread -> armed = false }; on_event()
        :: atomic { io_event -> io_event = false }
        :: timed
        fi;
        if
        :: ticking -> tick()
        :: else
        fi;
        timed = false
    od
}

active proctype network()
{
    do
    :: arrived < MSGS -> d_step { arrived++; unread++ }
    :: arrived >= 1 -> break
    od
}

active proctype nothing_moves()
{
    timeout;
    assert(unread == 0);
    assert(messages == 0 && done == arrived);
    assert(!ticking && mem[STATE] != APP_FREE)
}

init
{
    atomic {
        run waiter(0); run waiter(1);
        DRAIN(0, STATE); DRAIN(1, STATE); DRAIN(IO, STATE);
        DRAIN(0, HOT); DRAIN(1, HOT); DRAIN(IO, HOT);
        DRAIN(0, REGISTERED(0)); DRAIN(1, REGISTERED(1));
    }
}
