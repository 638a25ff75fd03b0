/* SPDX-License-Identifier: MIT */
/*
 * zmq_close against everybody else (R6, R2): a link and a peer that post to the socket's inbox, a
 * thread asleep in a call, a thread that comes with the handle when it is too late.
 *
 * The slot of the socket is counted by the handle, by each pipe, by each link and by each sleeper;
 * a pipe by the socket (while attached), its link or peer, and the inbox (while posted). Close,
 * under the lock: tag dead, wake all, take the inbox, detach the pipes, exchange the inbox for
 * CLOSED and drop what was late; unlock; drop the handle's reference. A post that finds CLOSED
 * drops its reference. The slot's memory is never given back: a late caller may look at tag and
 * lock.
 *
 * Proves: every pipe and the slot are freed, once, and touched by nobody after; the sleeper's call
 * ends; no call works on a dead socket.
 * Bounds: a link and a peer with a pipe each, which post LOST; 1 sleeper, 1 late caller.
 * All operations here are read-modify-writes or under the lock, so memory is not made weak.
 */
#define LINKS 2 /* pipes */
#define LOST 2
#define NIL 0 /* pipe p is p + 1 */
#define CLOSED 9

bool dead;            /* the tag */
bool lock;
byte slot_refs;
bool slot_free;
byte inbox;
byte next[LINKS];
byte reasons[LINKS];
byte pipe_refs[LINKS];
bool pipe_free[LINKS];
bool attached[LINKS];
bool attention;
bool registered, woken; /* the sleeper's watch */
bool sleeper_gone, started;
byte done;

inline take_lock() { atomic { !lock -> lock = true } }
inline give_lock() { lock = false }

/* zx_socket_slot_unref: src/core/socket.c */
inline slot_unref()
{
    d_step {
        assert(slot_refs > 0 && !slot_free);
        slot_refs--;
        slot_free = (slot_refs == 0);
    }
}

/* zx_pipe_unref: src/core/pipe.c */
inline pipe_unref(p)
{
    d_step {
        assert(pipe_refs[p] > 0 && !pipe_free[p]);
        pipe_refs[p] = pipe_refs[p] - 1;
        if
        :: pipe_refs[p] == 0 ->
            pipe_free[p] = true;
#ifndef DROP_PIPE_HOLDS_SLOT
            assert(slot_refs > 0 && !slot_free);
            slot_refs--;
            slot_free = (slot_refs == 0)
#endif
        :: else
        fi;
    }
}

/* zx_wake_all: src/core/wait.c */
inline wake_all()
{
    if
    :: registered -> woken = true
    :: else
    fi
}

/* zx_pipe_post: src/core/pipe.c */
inline post(p, reason)
{
    d_step {
        assert(!pipe_free[p]);
        old = reasons[p];
        reasons[p] = reasons[p] | (reason);
    }
    if
    :: old
    :: else ->
#ifndef DROP_INBOX_REF
        pipe_refs[p] = pipe_refs[p] + 1;
#endif
        pushed = false;
        do
        :: pushed -> break
        :: !pushed ->
            old = inbox;
            if
#ifndef DROP_CLOSED_CHECK
            :: old == CLOSED -> break
#endif
            :: else ->
                d_step {
                    next[p] = old;
                    if
                    :: inbox == old -> inbox = p + 1; pushed = true
                    :: else
                    fi;
                }
            fi
        od;
        if
        :: pushed -> notify()
        :: else -> pipe_unref(p)
        fi;
        pushed = false
    fi;
    old = 0
}

/* zx_socket_notify: src/core/socket.c */
inline notify()
{
    assert(!slot_free);
    attention = true;
    wake_all()
}

/* 0 is a link: drop_pipe: src/core/link.c; link_free: src/core/link.c. 1 is a peer of inproc, which
 * has the pipe only: zx_pipe_close: src/core/pipe.c */
proctype link_or_peer(byte me)
{
    byte old;
    bool pushed;

    post(me, LOST);
    pipe_unref(me);
    if
    :: me == 0 -> slot_unref()
    :: else
    fi;
    done++
}

inline detach(p)
{
    if
    :: attached[p] -> attached[p] = false; pipe_unref(p)
    :: else
    fi
}

/* zx_socket_attend: src/core/socket.c; zx_socket_take_inbox: src/core/socket.c */
inline attend()
{
    attention = false;
    d_step { node = inbox; inbox = NIL };
    do
    :: node == NIL -> break
    :: else ->
        q = node - 1;
        assert(!pipe_free[q]);
        node = next[q];
        d_step { why = reasons[q]; reasons[q] = 0 };
        if
        :: why & LOST -> detach(q)
        :: else
        fi;
        pipe_unref(q);
        why = 0
    od;
    q = 0
}

/* zx_socket_close: src/core/socket.c */
active proctype closer()
{
    byte node, q, why;

    started;
    take_lock();
#ifndef DROP_TAG_BEFORE_WAKE
    dead = true;
#endif
#ifndef DROP_WAKE
    wake_all();
#endif
    attend();
    detach(0);
    detach(1);
    d_step {
        node = inbox;
#ifndef DROP_CLOSED
        inbox = CLOSED;
#else
        inbox = NIL;
#endif
    };
    do
    :: node == NIL -> break
    :: else ->
        q = node - 1;
        node = next[q];
        reasons[q] = 0;
#ifndef DROP_LATE_MAIL
        pipe_unref(q)
#endif
    od;
#ifdef DROP_TAG_BEFORE_WAKE
    give_lock();
    take_lock();
    dead = true;
#endif
    give_lock();
    slot_unref();
    done++
}

/* zx_socket_enter_any: src/core/socket.c; sleep_unlocked: src/core/wait.c */
active proctype sleeper()
{
    byte node, q, why;

    started;
    take_lock();
    do
    :: dead -> break
    :: !dead && attention -> attend()
    :: !dead && !attention ->
        assert(!slot_free);
#ifndef DROP_SLEEPER_REF
        slot_refs++;
#endif
        registered = true;
        if
        :: attention
        :: else -> give_lock(); woken; take_lock()
        fi;
        assert(!slot_free);
        d_step { registered = false; woken = false };
        if
        :: dead -> give_lock(); sleeper_gone = true
        :: else
        fi;
#ifndef DROP_SLEEPER_REF
        slot_unref();
#endif
        if
        :: sleeper_gone -> break
        :: else
        fi
    od;
    if
    :: sleeper_gone
    :: else -> give_lock()
    fi;
    done++
}

/* zx_socket_enter: src/core/socket.h */
active proctype late_caller()
{
    if
    :: dead
    :: else ->
        take_lock();
#ifndef DROP_TAG_UNDER_LOCK
        if
        :: dead
        :: else -> assert(!slot_free && !dead)
        fi;
#else
        assert(!slot_free && !dead);
#endif
        give_lock()
    fi;
    done++
}

active proctype nothing_moves()
{
    timeout;
    assert(done == LINKS + 3);
    assert(slot_free);
    assert(pipe_free[0] && pipe_free[1])
}

init
{
    atomic {
        pipe_refs[0] = 2; /* the socket and the link */
        pipe_refs[1] = 2;
        attached[0] = true;
        attached[1] = true;
#ifndef DROP_PIPE_HOLDS_SLOT
        slot_refs = 2 + LINKS; /* the handle, the link, the pipes */
#else
        slot_refs = 2;
#endif
        started = true;
        run link_or_peer(0);
        run link_or_peer(1);
    }
}
