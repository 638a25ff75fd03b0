/* SPDX-License-Identifier: MIT */
/*
 * Deferred writes and the sweeper (R3). A sender that leaves a message in the queue commits it and
 * loads the link's dirty mark, with no fence between. Mark clear: set it, push the link on the
 * dirty list (a full barrier), wake the sweeper if it sleeps. To flush: take the list, copy its
 * entries out, clear the marks, membarrier (partner: the sender's commit and load of the mark),
 * kick each link. After two empty ticks: awake = 0, fence, look at the list, sleep. A third thread
 * about to sleep in the library flushes what it left itself the same way, and pushes the rest back.
 *
 * With -DSENDER_FENCE: the form without membarrier, the sender fences after its commit.
 *
 * Proves: every message left behind is flushed though no further call comes; no link is on the
 * list twice; the sweeper goes to sleep.
 * Bounds: 2 links with a sender each (2 and 1 messages), a sweeper, one other flusher that
 * flushes once; once the sweeper finds a link still being flushed. The kick is one step; its model
 * is link_word.
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
#define IDLE_TICKS 1 /* in the code 2: how many is a matter of cost */

byte head;         /* link l is l + 1 */
byte next[2];
bool on_list[2];
byte flushed[2];
bool event;        /* the sweeper's wake-up */
bool gave_back;    /* the other flusher leaves one link to others */
bool deferred;     /* once a link is found still flushing */
byte done;

/* dirty_push: src/core/io.c */
inline push(t, link)
{
    atomic { DRAINED(t) ->
        assert(!on_list[link]);
        on_list[link] = true;
        next[link] = head;
        head = link + 1
    }
}

/* zx_io_dirty: src/core/io.c */
inline mark_dirty(link)
{
    if
    :: LOAD(S(link), MARK(link))
    :: else ->
        atomic { DRAINED(S(link)) -> old = mem[MARK(link)]; mem[MARK(link)] = 1 };
        if
        :: old
        :: else ->
#ifdef DROP_PUSH_BARRIER
            old = LOAD(S(link), AWAKE);
#endif
            push(S(link), link);
#ifndef DROP_PUSH_BARRIER
            old = LOAD(S(link), AWAKE);
#endif
            if
            :: old
            :: else ->
                atomic { DRAINED(S(link)) -> old = mem[AWAKE]; mem[AWAKE] = 1 };
                if
#ifndef DROP_WAKE
                :: !old -> event = true
#endif
                :: else
                fi
            fi
        fi;
        old = 0
    fi
}

/* zx_socket_sent: src/core/socket_io.c */
proctype sender(byte me)
{
    byte n;
    bool old;

    do
    :: n == MSGS(me) -> break
    :: else ->
        n++;
        store_release(me, COMMITTED(me), n);
#if defined(SENDER_FENCE) && !defined(STRONG)
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
#if !defined(SENDER_FENCE) || defined(STRONG)
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

/* zx_link_kick: src/core/link.c */
inline kick(t, link)
{
    d_step {
        if
        :: take[link] && LOAD(t, COMMITTED(link)) > flushed[link] ->
            flushed[link] = LOAD(t, COMMITTED(link))
        :: else
        fi;
        take[link] = false;
    }
}

inline clear_mark(t)
{
    on_list[l] = false; /* from here on its sender may push it again */
#ifndef DROP_CLEAR
    store(t, MARK(l), 0)
#endif
}

/* zx_io_sweep: src/core/io.c: what still is being flushed goes back, its mark set. Copies out. */
inline copy_list(t)
{
    do
    :: node == 0 -> break
    :: else ->
        l = node - 1;
#ifdef DROP_COPY_BEFORE_CLEAR
        clear_mark(t);
#endif
        node = next[l];
        if
        :: take[l] = true
        :: t == SWEEPER && !deferred && !gave_back ->
            deferred = true;
            on_list[l] = false;
            push(t, l)
        /* Another thread's: that sees to it, or the sweeper. */
        :: t == OTHER && l == 1 && !gave_back && !deferred ->
            gave_back = true;
            on_list[l] = false;
            push(t, l)
        fi
    od;
    l = 0
}

inline clear_marks(t)
{
    do
    :: l == 2 -> break
#ifndef DROP_COPY_BEFORE_CLEAR
    :: l < 2 && take[l] -> clear_mark(t); l++
    :: l < 2 && !take[l] -> l++
#else
    :: l < 2 -> l++
#endif
    od;
    l = 0
}

/* flush_links: src/core/io.c; zx_io_flush_dirty: src/core/io.c */
inline sweep(t)
{
#ifndef DROP_TAKE_ATOMIC
    d_step { DRAINED(t); node = head; head = 0 };
#else
    node = head;
    d_step { DRAINED(t); head = 0 };
#endif
    had_work = (node != 0);
    atomic { copy_list(t) };
    if
    :: t == OTHER && gave_back -> /* dirty_announce: src/core/io.c */
#ifndef DROP_GIVE_BACK_WAKE
        if
        :: LOAD(t, AWAKE)
        :: else ->
            atomic { DRAINED(t) -> old = mem[AWAKE]; mem[AWAKE] = 1 };
            if
            :: !old -> event = true
            :: else
            fi;
            old = 0
        fi
#endif
    :: else
    fi;
#ifndef DROP_CLEAR_BEFORE_KICK
    clear_marks(t);
    membarrier(t);
    kick(t, 0);
    kick(t, 1)
#else
    membarrier(t);
    taken[0] = take[0];
    taken[1] = take[1];
    kick(t, 0);
    kick(t, 1);
    take[0] = taken[0];
    take[1] = taken[1];
    clear_marks(t);
    take[0] = false;
    take[1] = false
#endif
}

/* io_loop: src/core/io.c; the end of a sweep is in zx_io_sweep */
active proctype sweeper()
{
    byte node, l, idle_ticks;
    bool take[2], taken[2], had_work, old;

end:
    do
    :: atomic { event -> event = false };
        do
        :: idle_ticks < IDLE_TICKS ->
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
    bool take[2], taken[2], had_work, old;

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
        DRAIN(0, COMMITTED(0)); DRAIN(1, COMMITTED(1));
        DRAIN(SWEEPER, MARK(0)); DRAIN(SWEEPER, MARK(1));
        DRAIN(OTHER, MARK(0)); DRAIN(OTHER, MARK(1));
        DRAIN(SWEEPER, AWAKE);
    }
}
