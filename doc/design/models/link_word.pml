/* SPDX-License-Identifier: MIT */
/*
 * The link's word (R2). kick(bits): OR in HELD and the bits; who finds HELD goes away, for the
 * holder will do it. Otherwise take the bits, do the work, and compare-and-swap HELD to 0; when
 * that fails new bits have come: again. Work per turn is bounded, the rest goes to the reactor.
 *
 * Three threads kick at once: a sender that commits a message before each FLUSH, a receiver that
 * made room and asks for RESUME, the I/O thread that brings READ, or back what was left of a turn.
 * In some runs a fourth thread asks for CLOSE and waits until the link is closed.
 *
 * Proves: one holder at a time; every committed message is flushed, every request done, unless the
 * link was closed; nothing is done on a closed link; the closer's wait ends; nobody waits for the
 * word.
 * Bounds: 2 messages, 1 message flushed a turn, 1 RESUME, 1 READ, 1 CLOSE.
 */
#define S 0  /* sender */
#define B 1  /* receiver */
#define IO 2 /* I/O thread */
#define C 3  /* closer */
#define NT 4
#define NV 3
#define COMMITTED 0
#define ROOM 1
#define TURNS 2 /* stands for all that belongs to the holder: plain accesses */
#include "weak.pml"

#define MSGS 2
#define HELD 1
#define FLUSH 2
#define READ 4
#define RESUME 8
#define CLOSE 16

byte word;
byte holders;
byte flushed;
bool resumed, has_read, closed;
byte arrived;     /* bytes came: the reactor brings READ */
bool left_over;   /* a turn's rest, given back to the reactor */
byte turns;       /* ghost: what TURNS must say */
byte done;        /* threads that have nothing more to ask */

/* do_flush: src/core/link.c; flush_ready: src/core/link_flush.c. What is left over is a wish to be
 * told of room by the kernel (zx_link_update_interest: src/core/link_flush.c). */
inline do_flush(t)
{
    if
    :: !closed ->
#ifndef DROP_TAIL_AFTER_TAKE
        seen = LOAD(t, COMMITTED);
#endif
        if
        :: flushed < seen -> flushed++
        :: else
        fi;
        if
        :: flushed < seen ->
#ifndef DROP_REST
            left_over = true
#endif
        :: else
        fi
    :: else
    fi
}

/* work: src/core/link.c */
inline work(t)
{
    if
    :: bits & FLUSH -> do_flush(t)
    :: else
    fi;
    if
    :: (bits & READ) && !closed -> has_read = true
    :: else
    fi;
    if
    :: (bits & RESUME) && !closed -> resumed = LOAD(t, ROOM)
    :: else
    fi;
    if
    :: bits & CLOSE -> closed = true
    :: else
    fi
}

/* zx_link_kick: src/core/link.c */
inline kick(t, ask)
{
    d_step {
#ifndef DROP_OR_RELEASE
        DRAINED(t);
#endif
        old = word;
#ifndef DROP_HELD
        word = word | HELD | (ask);
#else
        word = word | (ask);
#endif
    }
    if
    :: old & HELD
    :: else ->
        d_step { holders++; assert(holders == 1) }
        do
        ::
#ifdef DROP_TAIL_AFTER_TAKE
            seen = LOAD(t, COMMITTED);
#endif
#ifndef DROP_TAKE_BEFORE_WORK
            d_step { bits = word & ~HELD; word = HELD };
            work(t);
#else
            bits = word & ~HELD;
            work(t);
            d_step { word = HELD };
#endif
            d_step { bits = 0; seen = 0; assert(holders == 1) }
            seen = LOAD(t, TURNS);
            assert(seen == turns);
            turns++;
            store(t, TURNS, seen + 1);
            seen = 0;
#ifndef DROP_CAS
            atomic {
                if
#ifndef DROP_CAS_RELEASE
                :: word == HELD && DRAINED(t) ->
#else
                :: word == HELD ->
#endif
                    word = 0; holders--; break
                :: word != HELD
                fi
            }
#else
            atomic { DRAINED(t) -> word = 0; holders--; break }
#endif
        od
    fi;
    old = 0
}

active proctype sender()
{
    byte n, old, bits, seen;

    do
    :: n == MSGS -> break
    :: else ->
        n++;
        store_release(S, COMMITTED, n);
        kick(S, FLUSH)
    od;
    done++
}

active proctype receiver()
{
    byte old, bits, seen;

    store_release(B, ROOM, 1);
    kick(B, RESUME);
    done++
}

active proctype io_thread()
{
    byte old, bits, seen;

    arrived = 1;
end:
    do
    :: arrived -> arrived = 0; kick(IO, READ)
    :: left_over -> left_over = false; kick(IO, FLUSH)
    od
}

/* zx_link_close: src/core/link.c */
active proctype closer()
{
    byte old, bits, seen;

    if
    :: kick(C, CLOSE); closed
    :: skip
    fi;
    done++
}

active proctype all_is_done()
{
    done == 3;
    closed || (flushed == MSGS && resumed && has_read)
}

init
{
    atomic {
        DRAIN(S, COMMITTED);
        DRAIN(B, ROOM);
        DRAIN(S, TURNS); DRAIN(B, TURNS);
        DRAIN(IO, TURNS); DRAIN(C, TURNS);
    }
}
