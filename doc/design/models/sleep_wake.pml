/* SPDX-License-Identifier: MIT */
/*
 * Sleeping and waking (R5). A waiter tries, registers its node with the socket under the wake
 * lock (the count of sleepers by a read-modify-write, a full barrier), tries again, and only then
 * sleeps; one waiter sleeps on a futex word, the other on its eventfd. A waker marks attention (a
 * read-modify-write too), and takes the wake lock only if somebody is registered.
 *
 * Proves: no waiter sleeps while there is a message for it, and none is woken through a node that
 * has left the list (a node lives on its thread's stack). The real futex wait has a timeout, for
 * the sake of signals; here it has none, so that nothing leans on it.
 * Bounds: 2 waiters that want one message each, 2 wakers that bring one each.
 */
#define WAITER(i) (i)
#define WAKER(i) (2 + (i))
#define NT 4
#define NV 5
#define REGISTERED(i) (i) /* the sleeper count, a word for each waiter */
#define COMMITTED(i) (2 + (i)) /* stands for the mail and the attention bit */
#define WAKE_LOCK 4 /* unlocking is a release store, no barrier */
#include "weak.pml"

byte consumed;        /* under the socket lock */
bool on_list[2];      /* the node is linked and alive */
bool futex_word;      /* waiter 0: woken */
bool futex_asleep;
bool eventfd;         /* waiter 1 */

#define AVAILABLE(t) (LOAD(t, COMMITTED(0)) + LOAD(t, COMMITTED(1)) > consumed)

inline lock_wake(t)
{
#ifndef DROP_WAKE_LOCK
    atomic { DRAINED(t) && !mem[WAKE_LOCK] -> mem[WAKE_LOCK] = 1 }
#else
    skip
#endif
}

inline unlock_wake(t)
{
#ifndef DROP_WAKE_LOCK
    store_release(t, WAKE_LOCK, 0)
#else
    skip
#endif
}

inline try(t)
{
    d_step {
        if
        :: AVAILABLE(t) -> consumed++; got = true
        :: else
        fi
    }
}

/* zx_wake_add: src/core/wait.c */
inline register(i)
{
    lock_wake(WAITER(i));
    on_list[i] = true;
#ifndef DROP_REGISTER_RMW
    atomic { DRAINED(WAITER(i)) -> mem[REGISTERED(i)] = 1 };
#else
    store(WAITER(i), REGISTERED(i), 1);
#endif
    unlock_wake(WAITER(i))
}

/* zx_wake_remove: src/core/wait.c */
inline unregister(i)
{
    lock_wake(WAITER(i));
    on_list[i] = false;
    store(WAITER(i), REGISTERED(i), 0);
    unlock_wake(WAITER(i))
}

/* sleep_futex: src/core/wait.c */
inline sleep_on_futex()
{
    atomic {
        if
#ifndef DROP_FUTEX_VALUE
        :: !futex_word -> futex_asleep = true
        :: else
#else
        :: true -> futex_asleep = true
#endif
        fi
    }
    !futex_asleep
}

/* sleep_poll: src/core/wait.c */
inline sleep_on_eventfd()
{
    atomic { eventfd -> eventfd = false }
}

/* sleep_unlocked: src/core/wait.c */
proctype waiter(byte i)
{
    bool got;

    do
    ::  try(WAITER(i));
        if
        :: got -> break
        :: else
        fi;
        if
        :: i == 0 -> futex_word = false
        :: else
        fi;
#ifndef DROP_REGISTER
        register(i);
#endif
#ifndef DROP_TRY_AGAIN
        try(WAITER(i));
#endif
        if
        :: got
        :: else ->
            if
            :: i == 0 -> sleep_on_futex()
            :: else -> sleep_on_eventfd()
            fi
        fi;
#ifndef DROP_UNREGISTER
        unregister(i);
#else
        on_list[i] = false;
#endif
        if
        :: got -> break
        :: else
        fi
    od
}

/* zx_wake_all: src/core/wait.c; waiter_wake: src/core/wait.c */
inline wake_all(t)
{
    lock_wake(t);
    if
    :: LOAD(t, REGISTERED(0)) ->
        assert(on_list[0]);
#ifndef DROP_FUTEX_CHANGE
        futex_word = true;
#endif
#ifndef DROP_FUTEX_WAKE
        assert(on_list[0]);
        futex_asleep = false
#endif
    :: else
    fi;
    if
    :: LOAD(t, REGISTERED(1)) ->
        assert(on_list[1]);
#ifndef DROP_EVENTFD_WRITE
        eventfd = true
#endif
    :: else
    fi;
    unlock_wake(t)
}

/* zx_socket_notify: src/core/socket.c */
proctype waker(byte i)
{
#ifndef DROP_ATTENTION_RMW
    atomic { DRAINED(WAKER(i)) -> mem[COMMITTED(i)] = 1 };
#else
    store_release(WAKER(i), COMMITTED(i), 1);
#endif
    if
    :: LOAD(WAKER(i), REGISTERED(0)) || LOAD(WAKER(i), REGISTERED(1)) -> wake_all(WAKER(i))
    :: else
    fi
}

init
{
    atomic {
        run waiter(0); run waiter(1);
        run waker(0); run waker(1);
        DRAIN(WAITER(0), REGISTERED(0)); DRAIN(WAITER(1), REGISTERED(1));
        DRAIN(WAKER(0), COMMITTED(0)); DRAIN(WAKER(1), COMMITTED(1));
        DRAIN(0, WAKE_LOCK); DRAIN(1, WAKE_LOCK);
        DRAIN(2, WAKE_LOCK); DRAIN(3, WAKE_LOCK);
    }
}
