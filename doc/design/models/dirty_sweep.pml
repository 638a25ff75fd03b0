/* SPDX-License-Identifier: MIT */
/*
 * Deferred writes and the sweeper (R3). A sender that leaves a message in the queue commits it and
 * loads the link's dirty mark, with no fence between. Mark clear: set it, push the link on the
 * dirty list (a full barrier), wake the sweeper if it sleeps. To flush: take the list, copy its
 * entries out, clear the marks, membarrier (partner: the sender's commit and load of the mark),
 * kick each link. After two empty ticks: awake = 0, fence, look at the list, sleep. A third thread
 * about to sleep in the library flushes the list the same way.
 *
 * With -DSENDER_FENCE: the form without membarrier, the sender fences after its commit.
 *
 * Proves: every message left behind is flushed though no further call comes; no link is on the
 * list twice; the sweeper goes to sleep.
 * Bounds: 2 links with a sender each (2 and 1 messages), a sweeper, one other flusher that
 * flushes once. The kick is one step; link_word is its model.
 *
 * @variant SENDER_FENCE
 * @mutant DROP_SENDER_FENCE with SENDER_FENCE
 */
#define S(l) (l)
#define SWEEPER 2
#define OTHER 3
#define NT 4
#define NV 5
#define COMMITTED(l) (l)
#define MARK(l) (2 + (l))
#define AWAKE 4
#include "weak.pml"

#define MSGS(l) (2 - (l))

byte head;         /* link l is l + 1 */
byte next[2];
bool on_list[2];
byte flushed[2];
bool event;        /* the sweeper's wake-up */
byte done;

/* zx_io_dirty: src/core/io.c */
inline mark_dirty(l)
{
    if
    :: LOAD(S(l), MARK(l))
    :: else ->
        store(S(l), MARK(l), 1);
#ifdef DROP_PUSH_BARRIER
        awake = LOAD(S(l), AWAKE);
#endif
        atomic { DRAINED(S(l)) ->
            assert(!on_list[l]);
            on_list[l] = true;
            next[l] = head;
            head = l + 1
        }
#ifndef DROP_PUSH_BARRIER
        awake = LOAD(S(l), AWAKE);
#endif
        if
        :: awake
        :: else ->
            atomic { DRAINED(S(l)); awake = mem[AWAKE]; mem[AWAKE] = 1 };
#ifndef DROP_WAKE
            if
            :: awake
            :: else -> event = true
            fi
#endif
        fi;
        awake = 0
    fi
}

proctype sender(byte me)
{
    byte n;
    bool awake;

    do
    :: n == MSGS(me) -> break
    :: else ->
        n++;
        store_release(me, COMMITTED(me), n);
#ifdef SENDER_FENCE
#ifndef DROP_SENDER_FENCE
        fence(me);
#endif
#endif
        mark_dirty(me)
    od;
    done++
}

inline membarrier(t)
{
#ifndef SENDER_FENCE
#ifndef DROP_MEMBARRIER
    fence(t);
    DRAINED(0);
    DRAINED(1)
#else
    skip
#endif
#else
    fence(t)
#endif
}

/* zx_io_sweep: src/core/io.c */
inline sweep(t)
{
#ifndef DROP_TAKE_ATOMIC
    d_step { DRAINED(t); node = head; head = 0 };
#else
    node = head;
    d_step { DRAINED(t); head = 0 };
#endif
    if
    :: node -> had_work = true
    :: else
    fi;
    do
    :: node == 0 -> break
    :: else ->
        l = node - 1;
        take[l] = true;
#ifdef DROP_COPY_BEFORE_CLEAR
        on_list[l] = false;
        store(t, MARK(l), 0);
#endif
        node = next[l];
    od;
    l = 0;
#ifdef DROP_CLEAR_BEFORE_KICK
    membarrier(t);
    kick_all(t);
#endif
    do
    :: l == 2 -> break
    :: l < 2 && take[l] ->
#ifndef DROP_COPY_BEFORE_CLEAR
        on_list[l] = false;
#ifndef DROP_CLEAR
        store(t, MARK(l), 0);
#endif
#endif
        l++
    :: else -> l++
    od;
    l = 0;
#ifndef DROP_CLEAR_BEFORE_KICK
    membarrier(t);
    kick_all(t);
#endif
    take[0] = false;
    take[1] = false
}

/* zx_link_kick: src/core/link.c */
inline kick_all(t)
{
    if
    :: take[0] && LOAD(t, COMMITTED(0)) > flushed[0] -> flushed[0] = LOAD(t, COMMITTED(0))
    :: else
    fi;
    if
    :: take[1] && LOAD(t, COMMITTED(1)) > flushed[1] -> flushed[1] = LOAD(t, COMMITTED(1))
    :: else
    fi
}

/* zx_io_run: src/core/io.c */
active proctype sweeper()
{
    byte node, l, idle_ticks;
    bool take[2], had_work;

end:
    do
    :: atomic { event -> event = false };
        do
        :: idle_ticks < 2 ->
            sweep(SWEEPER);
            idle_ticks = (had_work -> 0 : idle_ticks + 1);
            had_work = false
        :: else ->
            idle_ticks = 0;
#ifndef DROP_AWAKE_CLEAR
            store(SWEEPER, AWAKE, 0);
#endif
#ifndef DROP_AWAKE_FENCE
            fence(SWEEPER);
#endif
#ifndef DROP_LOOK
            if
            :: head -> atomic { DRAINED(SWEEPER) -> mem[AWAKE] = 1 }
            :: else -> break
            fi
#else
            break
#endif
        od
    od
}

active proctype other()
{
    byte node, l;
    bool take[2], had_work;

    sweep(OTHER);
    done++
}

active proctype all_is_flushed()
{
    done == 3;
    flushed[0] == MSGS(0) && flushed[1] == MSGS(1)
}

init
{
    atomic {
        run sender(0); run sender(1);
        run drain(0, COMMITTED(0)); run drain(1, COMMITTED(1));
        run drain(0, MARK(0)); run drain(1, MARK(1));
        run drain(SWEEPER, MARK(0)); run drain(SWEEPER, MARK(1));
        run drain(OTHER, MARK(0)); run drain(OTHER, MARK(1));
        run drain(SWEEPER, AWAKE);
    }
}
