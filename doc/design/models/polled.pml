/* SPDX-License-Identifier: MIT */
/*
 * A stream over inproc (R2, its quick form): a reader that has read its pipe dry and goes on
 * looking keeps the mark `listed` and sets `polled`; a writer that sees `polled` commits without a
 * fence. Before it sleeps the reader takes both marks off, runs the process-wide barrier for both
 * sides and looks again. A reader that goes to sleep without having polled fences, as in `inbox`.
 *
 * Proves: no message stays unseen by a reader that sleeps while the pipe is unlisted.
 * Bounds: one writer of 3 messages; the reader polls or sleeps as it likes.
 */
#define WRITER 0
#define READER 1
#define NT 2
#define NV 3
#define COMMITTED 0
#define LISTED 1
#define POLLED 2
#include "weak.pml"

#define MSGS 3

bool attention; /* a post to the inbox: a sequentially consistent operation */
byte got;

/* zx_pipe_announce: src/core/pipe.c */
active proctype writer()
{
    byte n, old;

    do
    :: n == MSGS -> break
    :: else ->
        n++;
        store_release(WRITER, COMMITTED, n);
        if
        :: LOAD(WRITER, POLLED)
        :: else ->
#ifndef DROP_WRITER_FENCE
            fence(WRITER)
#endif
        fi;
        if
        :: LOAD(WRITER, LISTED)
        :: else ->
            d_step { DRAINED(WRITER); old = mem[LISTED]; mem[LISTED] = 1 };
            if
            :: old
            :: else ->
#ifndef DROP_POST
                attention = true
#endif
            fi;
            old = 0
        fi
    od
}

/* zx_fairq_recv_slow: src/patterns/fairq.c */
inline read_all()
{
    do
    :: got < LOAD(READER, COMMITTED) -> got++
    :: else -> break
    od
}

active proctype reader()
{
    bool polls, dry;

    do
    :: got == MSGS -> break
    :: else ->
        read_all();
        if
        /* zx_pipe_poll: src/core/pipe.c */
        :: !polls && got < MSGS ->
            polls = true;
            store(READER, POLLED, 1)
        :: true
        fi;
        if
        :: polls -> read_all() /* the spin of zx_wait_socket: src/core/wait.c */
        :: true
        fi;
        /* zx_pipe_unlist: src/core/pipe.c */
#ifndef DROP_UNLIST
        store(READER, LISTED, 0);
#endif
        if
        :: polls ->
            polls = false;
#ifndef DROP_POLLED_OFF
            store(READER, POLLED, 0);
#endif
#ifndef DROP_BARRIER
            fence(READER);
            DRAINED(WRITER) /* zx_os_membarrier */
#else
            fence(READER)
#endif
        :: else ->
#ifndef DROP_READER_FENCE
            fence(READER)
#endif
        fi;
        dry = true;
#ifndef DROP_LOOK_AGAIN
        if
        :: got < LOAD(READER, COMMITTED) ->
            dry = false;
            store(READER, LISTED, 1)
        :: else
        fi;
#endif
        if
        :: dry && got < MSGS ->
            attention; /* asleep */
            attention = false
        :: else
        fi;
        dry = false
    od
}

init
{
    atomic {
        mem[LISTED] = 1;
        run drain(WRITER, COMMITTED);
        run drain(READER, LISTED);
        run drain(READER, POLLED);
    }
}
