/* SPDX-License-Identifier: MIT */
/*
 * The high-water mark and its credit (R1). The writer counts what it wrote, the reader what it
 * read; the reader publishes its count each LWM messages. The writer that finds no room sets
 * `full`, fences and looks again; the reader publishes, fences and looks at `full`.
 *
 * The limit may also be set while messages flow: an unlimited pipe (its reader publishes nothing)
 * becomes limited, and the reader is told by mail; it then publishes its count at once.
 *
 * Proves: no writer sleeps at its limit for ever; never more than HWM messages between the two
 * ends of a pipe that was always limited.
 * Bounds: MSGS messages, HWM 3 and LWM 2, the change of the limit at any one moment or from the
 * start.
 */
#define MSGS 8
#define HWM 3
#define LWM 2

#define W 0
#define R 1
#define NT 2
#define NV 3
#define REPORTED 0
#define FULL 1
#define COMMITTED 2
#include "weak.pml"

bool credit;  /* the reason `credit` in the writer's inbox: posted by a read-modify-write */
bool mail;    /* the limit has changed */
bool always;  /* limited from the start */
bool chosen;
byte count_now;

/* zx_queue_can_write_slow: src/base/queue.c */
inline wait_for_room()
{
    do
    :: written < limit || !hwm -> break
    :: else ->
        limit = LOAD(W, REPORTED) + HWM;
        if
        :: written < limit -> break
        :: else
        fi;
#ifndef DROP_FULL
        store(W, FULL, 1);
#endif
#ifndef DROP_WRITER_FENCE
        fence(W);
#endif
#ifndef DROP_LOOK_AGAIN
        limit = LOAD(W, REPORTED) + HWM;
#endif
        if
        :: written < limit -> store(W, FULL, 0); break
        :: else -> atomic { credit && DRAINED(W) -> credit = false }
        fi
    od
}

active proctype writer()
{
    byte written, limit;
    bool hwm;

    atomic { chosen -> hwm = always; limit = HWM }
    do
    :: written < MSGS ->
        if
        :: !hwm -> /* zx_queue_set_hwm: src/base/queue.c */
            hwm = true;
            limit = LOAD(W, REPORTED) + HWM;
#ifndef DROP_MAIL /* apply_hwm: src/core/socket_options.c */
            atomic { DRAINED(W) -> mail = true }
#endif
        :: skip
        fi;
        wait_for_room();
        written++;
        assert(!always || written <= count_now + HWM);
        store_release(W, COMMITTED, written)
    :: else -> break
    od
}

/* zx_queue_report: src/base/queue_read.c */
inline publish()
{
#ifndef DROP_PUBLISH
    store(R, REPORTED, count);
#endif
#ifndef DROP_READER_FENCE
    fence(R);
#endif
    if
    :: LOAD(R, FULL) ->
        atomic { DRAINED(R) -> was = mem[FULL]; mem[FULL] = 0 };
#ifndef DROP_POST_CREDIT
        if
        :: was -> credit = true
        :: else
        fi;
#endif
        was = false
    :: else
    fi
}

active proctype reader()
{
    byte count;
    bool lwm, was;

    atomic { chosen -> lwm = always }
    do
    :: mail ->
        mail = false;
        lwm = true;
#ifndef DROP_PUBLISH_ON_CHANGE /* rearm: src/core/link.c */
        publish()
#endif
    :: LOAD(R, COMMITTED) > count ->
        count++;
        count_now = count;
        if
        :: lwm && count % LWM == 0 -> publish()
        :: else
        fi
    :: count == MSGS && !mail -> break
    od
}

init
{
    atomic {
        if
        :: always = true
        :: skip
        fi;
        chosen = true;
        DRAIN(W, FULL);
        DRAIN(W, COMMITTED);
        DRAIN(R, REPORTED);
    }
}
