/* SPDX-License-Identifier: MIT */
/*
 * The queue's commit (R1). A chunk has one atomic word, tail = CLOSED | messages ending here | end.
 * The producer writes cells at a private position, chains chunks as it goes, and publishes a
 * message of one or three cells by one release store to the tail of the open chunk. It may roll a
 * half-written message back. The reader frees each chunk it leaves; chunks are used again.
 *
 * Proves: every message arrives once, whole and in order; a reader that has begun a message never
 * finds the queue empty inside it; a freed chunk is not read; the counts in the tail words add up
 * to the messages; both sides come to their end.
 * Bounds: 3 chunks of 2 cells, MSGS messages of 1 or 3 cells, ROLLBACKS rollbacks.
 */
#define CHUNKS 3
#define CELLS 2
#define MSGS 3
#define ROLLBACKS 1

#define P 0 /* producer */
#define R 1 /* reader */
#define NT 2
#define NV 12
#define CELL(c, i) ((c) * CELLS + (i))
#define TAIL(c) (6 + (c))
#define NEXT(c) (9 + (c))
#include "weak.pml"

#define CLOSED 16
#define WORD(end, msgs) ((end) | ((msgs) << 2))
#define END(w) ((w) & 3)
#define COUNT(w) (((w) >> 2) & 3)
#define NONE CHUNKS
#define VALUE(m, i, last) ((((m) + 1) << 3) | ((i) << 1) | (last))

bool used[CHUNKS]; /* taken from the pool; the pool has a lock */

/* chunk_new: src/base/queue.c */
inline take_chunk(c)
{
    atomic {
        if
        :: !used[0] -> c = 0
        :: used[0] && !used[1] -> c = 1
        :: used[0] && used[1] && !used[2] -> c = 2
        fi;
        used[c] = true;
    }
}

/* chunk_advance: src/base/queue.c; zx_queue_write: src/base/queue.c. The private position. */
inline write_cell(value)
{
    if
    :: at == CELLS ->
        take_chunk(fresh);
        end_of[chunk] = at;
        end_of[fresh] = 0;
        msgs_of[fresh] = 0;
        next_of[chunk] = fresh;
        store(P, NEXT(chunk), fresh);
        chunk = fresh;
        at = 0;
        fresh = NONE
    :: else
    fi;
    store(P, CELL(chunk, at), value);
    at++;
}

/* zx_queue_commit: src/base/queue.c */
inline prepare_later_chunks()
{
    c = open;
    do
    :: c == chunk -> break
    :: else ->
        c = next_of[c];
        store(P, TAIL(c), (c == chunk -> 0 : CLOSED) | WORD(end_of[c], msgs_of[c]))
    od;
    c = 0;
}

inline commit()
{
    msgs_of[chunk] = msgs_of[chunk] + 1;
    end_of[chunk] = at;
#ifndef DROP_LATER_CHUNKS_FIRST
    prepare_later_chunks();
#endif
    fresh = WORD(end_of[open], msgs_of[open]);
#ifndef DROP_CLOSED
    fresh = fresh | (open == chunk -> 0 : CLOSED);
#endif
#ifndef DROP_COMMIT_RELEASE
    store_release(P, TAIL(open), fresh);
#else
    store(P, TAIL(open), fresh);
#endif
    fresh = NONE;
#ifdef DROP_LATER_CHUNKS_FIRST
    prepare_later_chunks();
#endif
    open = chunk;
    open_end = at;
}

/* zx_queue_rollback: src/base/queue.c */
inline rollback()
{
#ifndef DROP_ROLLBACK_FREE
    c = open;
    do
    :: c == chunk -> break
    :: else ->
        c = next_of[c];
        used[c] = false
    od;
    c = 0;
#endif
    chunk = open;
#ifndef DROP_ROLLBACK_END
    at = open_end;
#endif
}

active proctype producer()
{
    byte open, open_end, chunk, at, fresh = NONE, c;
    byte end_of[CHUNKS], msgs_of[CHUNKS], next_of[CHUNKS];
    byte m, i, size, rolled;

    (used[0]); /* the first chunk, given by init */
    do
    :: m == MSGS -> break
    :: else ->
        if
        :: size = 1
        :: size = 3
        fi;
        atomic {
            do
            :: i == size -> break
            :: i < size ->
                write_cell(VALUE(m, i, (i + 1 == size)));
                i++
            od;
            i = 0;
            size = 0
        }
        if
        :: atomic { commit(); m++ }
        :: atomic { rolled < ROLLBACKS -> rollback(); rolled++ }
        fi
    od
}

/* zx_queue_refill: src/base/queue_read.c. Leaves a chunk only when it is CLOSED and read to its
 * end, and does not load the tail of a chunk again that it has seen CLOSED.
 * chunk_left: src/base/queue_read.c */
active proctype reader()
{
    byte chunk, at, word, value, early, m, i, credit, credited, end;

    (used[0]);
    do
    :: m == MSGS -> break
    :: else ->
#ifdef DROP_TAIL_ACQUIRE
        early = mem[CELL(chunk, at % CELLS)];
#endif
        word = (word & CLOSED -> word : mem[TAIL(chunk)]);
        credit = credit + COUNT(word) - credited;
        credited = COUNT(word);
#ifndef DROP_READ_TO_END
        end = END(word);
#endif
        if
        :: at < end ->
            assert(used[chunk]);
#ifdef DROP_TAIL_ACQUIRE
            value = early;
#else
            value = mem[CELL(chunk, at)];
#endif
            assert((value >> 3) == m + 1 && ((value >> 1) & 3) == i);
            at++;
            if
            :: value & 1 -> m++; i = 0; assert(credit >= m)
            :: else -> i++
            fi
#ifndef DROP_CLOSED_CHECK
        :: at == end && (word & CLOSED) ->
#else
        :: at == end && mem[NEXT(chunk)] != NONE ->
#endif
            value = mem[NEXT(chunk)];
            assert(value != NONE && value != chunk && used[value]);
            d_step {
                mem[NEXT(chunk)] = NONE;
                mem[TAIL(chunk)] = 0;
                used[chunk] = false;
                chunk = value;
                at = 0;
                end = 0;
                credited = 0;
                word = 0;
            }
        :: else ->
#ifdef DROP_READ_TO_END
            end = END(word);
#endif
            assert(i == 0); /* never empty inside a message */
            (mem[TAIL(chunk)] != word || at < end)
        fi;
        early = 0;
        value = 0
    od;
    assert(credit == MSGS)
}

init
{
    atomic {
        mem[NEXT(0)] = NONE;
        mem[NEXT(1)] = NONE;
        mem[NEXT(2)] = NONE;
        used[0] = true;
        DRAIN(P, 0); DRAIN(P, 1); DRAIN(P, 2);
        DRAIN(P, 3); DRAIN(P, 4); DRAIN(P, 5);
        DRAIN(P, 6); DRAIN(P, 7); DRAIN(P, 8);
        DRAIN(P, 9); DRAIN(P, 10); DRAIN(P, 11);
    }
}
