/* SPDX-License-Identifier: MIT */
/*
 * The socket's inbox (R2): how links and peers speak upward to a socket whose lock they must not
 * take. Every pipe has one node, a word of reasons and a mark `listed`.
 *
 * Post: OR the reason in; who finds the word 0 pushes the node and marks attention. Owner: clear
 * attention, exchange the head for 0, reverse, and of each node read its next before the reasons
 * are taken (from then on it may be pushed again). Messages: a writer commits, fences, and if the
 * pipe is not listed lists it and posts READABLE; the owner that has read a pipe dry takes the mark
 * off, fences and looks again.
 *
 * Proves: every message and every credit is seen though the owner sleeps whenever its inbox is
 * empty and no pipe is listed; no node is pushed twice; events of one thread arrive in order.
 * Bounds: 2 pipes, with a writer of one message each; one thread posts ATTACH to both in order
 * and then CREDIT to the first.
 */
#define W0 0
#define W1 1
#define OWNER 2
#define IO 3
#define NT 4
#define NV 6
#define COMMITTED(p) (p)
#define LISTED(p) (2 + (p))
#define LINK(p) (4 + (p)) /* the node's next, written before the push */
#include "weak.pml"

#define MSGS 1
#define READABLE 1
#define ATTACH 2
#define CREDIT 4
#define NIL 0 /* node p is p + 1 */

byte head;
bool attention; /* the one word that each call loads */
byte reasons[2];
bool on_list[2]; /* ghost: pushed and not yet taken off */
byte got[2];
bool attached[2];
bool has_credit;

/* zx_pipe_post: src/core/pipe.c */
inline post(t, pipe, reason)
{
    d_step {
        DRAINED(t);
        old = reasons[pipe];
        reasons[pipe] = reasons[pipe] | (reason);
    }
    if
#ifndef DROP_FIRST_REASON
    :: old != 0
    :: else ->
#else
    :: true ->
#endif
        do
        ::  old = head;
            store(t, LINK(pipe), old);
            atomic {
#ifndef DROP_PUSH_RELEASE
                DRAINED(t);
#endif
                if
#ifndef DROP_PUSH_CAS
                :: head == old ->
#else
                :: true ->
#endif
                    assert(!on_list[pipe]);
                    on_list[pipe] = true;
                    head = pipe + 1;
                    break
                :: else
                fi
            }
        od;
#ifndef DROP_ATTENTION
        attention = true
#endif
    fi;
    old = 0
}

/* zx_pipe_announce: src/core/pipe.c */
proctype writer(byte me)
{
    byte n, old;

    do
    :: n == MSGS -> break
    :: else ->
        n++;
        store_release(me, COMMITTED(me), n);
#ifndef DROP_WRITER_FENCE
        fence(me);
#endif
        if
        :: LOAD(me, LISTED(me))
        :: else ->
            d_step { DRAINED(me); old = mem[LISTED(me)]; mem[LISTED(me)] = 1 };
            if
            :: old
            :: else ->
                old = 0;
#ifndef DROP_POST_READABLE
                post(me, me, READABLE)
#endif
            fi
        fi;
        old = 0
    od
}

active proctype attacher()
{
    byte old;

    post(IO, 0, ATTACH);
    post(IO, 1, ATTACH);
    post(IO, 0, CREDIT)
}

/* zx_socket_attend: src/core/socket.c; zx_socket_take_inbox: src/core/socket.c */
inline take_inbox()
{
#ifndef DROP_TAKE_ATOMIC
    d_step { DRAINED(OWNER); node = head; head = NIL };
#else
    node = head;
    d_step { head = NIL };
#endif
    list = NIL;
    do
    :: node == NIL -> break
    :: else ->
#ifndef DROP_REVERSE
        d_step {
            p = node - 1;
            old = mem[LINK(p)];
            mem[LINK(p)] = list;
            list = node;
            node = old;
            old = 0;
        }
#else
        d_step {
            p = node - 1;
            if
            :: list == NIL -> list = node
            :: else
            fi;
            node = mem[LINK(p)];
        }
#endif
    od;
    do
    :: list == NIL -> break
    :: else ->
        p = list - 1;
#ifndef DROP_NEXT_BEFORE_REASONS
        list = mem[LINK(p)];
#endif
        d_step { DRAINED(OWNER); why = reasons[p]; reasons[p] = 0; on_list[p] = false };
#ifdef DROP_NEXT_BEFORE_REASONS
        list = mem[LINK(p)];
#endif
        if
        :: why & ATTACH ->
            assert(p == 0 || attached[0]);
            attached[p] = true;
            active_pipe[p] = true
        :: else
        fi;
        if
        :: why & CREDIT -> has_credit = true
        :: else
        fi;
        if
        :: why & READABLE -> active_pipe[p] = true
        :: else
        fi;
        why = 0
    od;
    p = 0
}

/* zx_pipe_unlist: src/core/pipe.c */
inline read_pipe(q)
{
    if
    :: got[q] < LOAD(OWNER, COMMITTED(q)) -> got[q] = got[q] + 1
    :: else ->
        active_pipe[q] = false;
#ifndef DROP_UNLIST
        store(OWNER, LISTED(q), 0);
#endif
#ifndef DROP_READER_FENCE
        fence(OWNER);
#endif
#ifndef DROP_LOOK_AGAIN
        if
        :: got[q] < LOAD(OWNER, COMMITTED(q)) ->
            active_pipe[q] = true; /* the writer may have posted too: no harm */
            store(OWNER, LISTED(q), 1)
        :: else
        fi
#endif
    fi
}

active proctype owner()
{
    byte node, list, p, old, why;
    bool active_pipe[2];

    do
    :: got[0] == MSGS && got[1] == MSGS && attached[1] && has_credit -> break
    :: attention ->
#ifndef DROP_ATTENTION_BEFORE_TAKE
        attention = false;
#endif
        take_inbox();
#ifdef DROP_ATTENTION_BEFORE_TAKE
        attention = false
#endif
    :: active_pipe[0] -> read_pipe(0)
    :: active_pipe[1] -> read_pipe(1)
    od
}

init
{
    atomic {
        mem[LISTED(0)] = 1; /* until the owner, told by ATTACH, has read it dry */
        mem[LISTED(1)] = 1;
        run writer(0);
        run writer(1);
        DRAIN(0, COMMITTED(0)); DRAIN(1, COMMITTED(1));
        DRAIN(OWNER, LISTED(0)); DRAIN(OWNER, LISTED(1));
        DRAIN(0, LINK(0)); DRAIN(1, LINK(1));
        DRAIN(IO, LINK(0)); DRAIN(IO, LINK(1));
    }
}
