/* SPDX-License-Identifier: MIT */
/*
 * Rewinding a queue (R1): whoever holds both ends of an empty queue starts again at the front of
 * its chunk, or gives it back. The ends are the socket's lock and the link's word. The sender has
 * the lock, commits and kicks the link; if it gets the word it flushes and rewinds. The I/O thread
 * has the word; when all is written it tries the lock, once, and rewinds if it got it. (A reader
 * that finds its queue dry has the lock and tries the word: the same two ends.) The tail is reset
 * by a relaxed store: giving the word orders it.
 *
 * Proves: every message is flushed once and in order.
 * Bounds: MSGS messages of one cell; the I/O thread kicks KICKS times on its own account;
 * the kernel refuses bytes once.
 */
#define S 0
#define IO 1
#define NT 2
#define NV 5
#define CELL(i) (i)
#define TAIL 3
#define RPOS 4 /* the reader's position: plain, the word's holder */
#include "weak.pml"

#define MSGS 3
#define KICKS 2
#define HELD 1
#define FLUSH 2

byte word;
bool lock;    /* the socket's; socket_lock is its model */
byte wpos;    /* the sender's position: under the lock */
byte flushed; /* ghost */
bool refused, writable; /* the kernel takes no more, once; and tells when it does again */

/* zx_queue_gather: src/base/queue_read.c; zx_queue_sent: src/base/queue_read.c */
inline flush(t)
{
    pos = LOAD(t, RPOS);
    tail = LOAD(t, TAIL);
    do
    :: pos < tail ->
        seen = LOAD(t, CELL(pos));
        assert(seen == flushed + 1);
        d_step { flushed++; pos++; seen = 0 }
    :: pos < tail && !refused -> refused = true; writable = true; break
    :: else -> break
    od;
    store(t, RPOS, pos);
    tail = 0
}

/* zx_queue_rewind: src/base/queue.c */
inline rewind(t)
{
    if
#ifndef DROP_EMPTY
    :: LOAD(t, RPOS) == wpos ->
#else
    :: true ->
#endif
        wpos = 0;
        store(t, RPOS, 0);
        store(t, TAIL, 0)
#ifndef DROP_EMPTY
    :: else
#endif
    fi
}

/* rest_queue: src/core/link_flush.c; zx_pipe_slim: src/core/pipe.c */
inline rest_queue(t, owner)
{
    if
    :: owner -> rewind(t)
    :: else ->
#ifndef DROP_TRY_LOCK
        atomic {
            if
            :: !lock && DRAINED(t) -> lock = true; locked = true
            :: else
            fi
        }
        if
        :: locked ->
            rewind(t);
            atomic { DRAINED(t) -> lock = false; locked = false }
        :: else
        fi
#else
        rewind(t)
#endif
    fi
}

/* zx_link_kick: src/core/link.c */
inline kick(t, owner)
{
    d_step { DRAINED(t); old = word; word = word | HELD | FLUSH };
    if
    :: old & HELD
#ifdef DROP_WORD
        -> if
        :: owner -> rewind(t)
        :: else
        fi
#endif
    :: else ->
        do
        ::  d_step { bits = word & ~HELD; word = HELD };
            if
            :: bits & FLUSH ->
                flush(t);
                rest_queue(t, owner)
            :: else
            fi;
            d_step { bits = 0; pos = 0 };
            atomic {
                if
#ifndef DROP_GIVE_RELEASE
                :: word == HELD && DRAINED(t) -> word = 0; break
#else
                :: word == HELD -> word = 0; break
#endif
                :: word != HELD
                fi
            }
        od
    fi;
    old = 0
}

active proctype sender()
{
    byte n, old, bits, pos, tail, seen;
    bool locked;

    do
    :: n == MSGS -> break
    :: else ->
        atomic { !lock -> lock = true };
        n++;
        store(S, CELL(wpos), n);
        wpos++;
        store_release(S, TAIL, wpos);
        kick(S, true);
        atomic { DRAINED(S) -> lock = false }
    od
}

active proctype io_thread()
{
    byte n, old, bits, pos, tail, seen;
    bool locked;

end:
    do
    :: n < KICKS -> n++; kick(IO, false)
    :: writable -> writable = false; kick(IO, false)
    od
}

active proctype nothing_moves()
{
    timeout;
    assert(flushed == MSGS)
}

init
{
    atomic {
        DRAIN(S, CELL(0)); DRAIN(S, CELL(1)); DRAIN(S, CELL(2));
        DRAIN(S, TAIL); DRAIN(IO, TAIL);
        DRAIN(S, RPOS); DRAIN(IO, RPOS);
    }
}
