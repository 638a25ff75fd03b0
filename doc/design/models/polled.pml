/* SPDX-License-Identifier: MIT */
/*
 * A stream over inproc (R2, its quick form): a reader that has read its last active pipe dry and
 * goes on looking keeps the mark `listed`, sets `polled` and takes the pipe out of its ring; a
 * writer that sees `polled` commits without a fence. The wait that follows looks into that pipe.
 * Before it sleeps the reader takes both marks off, runs the process-wide barrier for both sides
 * and looks again; when the wait ends, however it does, the pipe is back in the ring. A reader
 * that goes to sleep without having polled, as a poll does, fences, as in `inbox`.
 *
 * Proves: no message stays unseen by a reader that sleeps, whichever pipe it comes by.
 * Bounds: 2 pipes into one socket, a writer of 2 messages for one, of 1 for the other; a call of
 * the reader's waits by itself or leaves the wait to a poll, and polls or not, as it likes; which
 * of the active pipes it reads first is open (the ring's order is one of those).
 */
#define READER 2
#define NT 3
#define NV 6
#define COMMITTED(q) (q)
#define LISTED(q) (2 + (q))
#define POLLED(q) (4 + (q))
#include "weak.pml"

#define MSGS(q) (2 - (q))
#define NONE 2

bool attention; /* a post to the inbox: a sequentially consistent operation */
bool posted[2];
byte got[2];

#define ALL_GOT (got[0] == MSGS(0) && got[1] == MSGS(1))
#define HAS(q) (got[q] < LOAD(READER, COMMITTED(q)))

/* zx_pipe_announce: src/core/pipe.c */
proctype writer(byte me)
{
    byte n, old;

    do
    :: n == MSGS(me) -> break
    :: else ->
        n++;
        store_release(me, COMMITTED(me), n);
        if
        :: LOAD(me, POLLED(me))
        :: else ->
#ifndef DROP_WRITER_FENCE
            fence(me)
#endif
        fi;
        if
        :: LOAD(me, LISTED(me))
        :: else ->
            d_step { DRAINED(me); old = mem[LISTED(me)]; mem[LISTED(me)] = 1 };
            if
            :: old
            :: else ->
#ifndef DROP_POST
                d_step { posted[me] = true; attention = true }
#endif
            fi;
            old = 0
        fi
    od
}

/* zx_pipe_unlist: src/core/pipe.c */
inline unlist(q)
{
#ifndef DROP_UNLIST
    store(READER, LISTED(q), 0);
#endif
    if
    :: polled[q] ->
        polled[q] = false;
#ifndef DROP_POLLED_OFF
        store(READER, POLLED(q), 0);
#endif
#ifndef DROP_BARRIER
        fence(READER);
        DRAINED(q) /* zx_os_membarrier */
#else
        fence(READER)
#endif
    :: else ->
#ifndef DROP_READER_FENCE
        fence(READER)
#endif
    fi;
    has = false;
#ifndef DROP_LOOK_AGAIN
    if
    :: HAS(q) ->
        has = true;
        store(READER, LISTED(q), 1)
    :: else
    fi
#endif
}

#ifndef DROP_LAST_ONLY
#define IS_LAST(q) (!ring[1 - (q)])
#else
#define IS_LAST(q) true
#endif

/* went_dry: src/patterns/fairq.c */
inline went_dry(q)
{
    if
    /* zx_wait_polls: src/core/wait.c; zx_pipe_poll: src/core/pipe.c */
    :: patient && dry == NONE && IS_LAST(q) ->
        if
        :: polled[q]
        :: else -> polled[q] = true; store(READER, POLLED(q), 1)
        fi;
        dry = q;
        ring[q] = false
    :: true ->
        unlist(q);
        ring[q] = has
    fi;
    has = false
}

/* zx_fairq_recv_slow: src/patterns/fairq.c */
inline read_one()
{
    do
    :: !taken && ring[0] ->
        if
        :: HAS(0) -> got[0] = got[0] + 1; taken = true
        :: else -> went_dry(0)
        fi
    :: !taken && ring[1] ->
        if
        :: HAS(1) -> got[1] = got[1] + 1; taken = true
        :: else -> went_dry(1)
        fi
    :: taken || (!ring[0] && !ring[1]) -> break
    od
}

/* zx_socket_attend: src/core/socket.c */
inline attend()
{
    d_step {
        attention = false;
        ring[0] = ring[0] || posted[0];
        ring[1] = ring[1] || posted[1];
        posted[0] = false;
        posted[1] = false
    }
}

/* stop_polling: src/core/wait.c */
inline stop_polling()
{
    if
    :: dry != NONE ->
#ifndef DROP_BACK_TO_RING
        ring[dry] = true;
#endif
        dry = NONE
    :: else
    fi
}

/* wait_for_mail: src/core/wait.c */
inline wait()
{
    if
    :: dry != NONE && HAS(dry) -> has = true /* spin: src/core/wait.c */
    :: dry != NONE && attention -> has = true
    :: dry != NONE -> /* settle: src/core/wait.c */
        unlist(dry);
        if
        :: has
        :: else -> dry = NONE
        fi
    :: dry == NONE
    fi;
    if
    :: has
    :: else -> attention || ALL_GOT /* asleep */
    fi;
    has = false
}

active proctype reader()
{
    bool ring[2], polled[2], patient, taken, has;
    byte dry = NONE;

    ring[0] = true;
    ring[1] = true;
    do
    :: ALL_GOT -> break
    :: else ->
        if
        :: patient = true
        :: patient = false
        fi;
        read_one();
        if
        :: taken -> taken = false
        :: else ->
            if
            :: patient -> wait()
            :: else -> attention || ALL_GOT /* a poll, which knows of no dry pipe */
            fi;
            if
            :: attention -> attend()
            :: else
            fi;
            if
            :: patient -> stop_polling()
            :: else
            fi
        fi
    od
}

init
{
    atomic {
        mem[LISTED(0)] = 1;
        mem[LISTED(1)] = 1;
        run writer(0); run writer(1);
        DRAIN(0, COMMITTED(0)); DRAIN(1, COMMITTED(1));
        DRAIN(READER, LISTED(0)); DRAIN(READER, LISTED(1));
        DRAIN(READER, POLLED(0)); DRAIN(READER, POLLED(1));
    }
}
