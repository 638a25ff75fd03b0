/* SPDX-License-Identifier: MIT */
/*
 * What it is: the memory of the models. Promela is sequentially consistent; here every thread has
 * a store buffer with one slot a word, emptied at any later time by a drain process, in any order
 * (weaker than x86, where the order is kept). A thread reads its own pending stores first.
 *
 *   store           relaxed: becomes visible some time
 *   store_release   becomes visible after all stores the thread made before it
 *   fence           seq_cst fence: waits until the thread's buffer is empty
 *   membarrier      waits until the buffer of every other thread was empty once
 *   DRAINED(t)      as the guard of an atomic read-modify-write: release and seq_cst
 *
 * Not modelled: loads overtaking loads. Where an acquire matters the model has a mutant that makes
 * the two loads in the wrong order.
 *
 * With -DSTRONG stores are visible at once: for the search for cycles, which is the dearer one.
 *
 * The including file defines NT (threads), NV (words, at most 15), and in its init says
 * DRAIN(t, v) for each word v that thread t writes with a plain store.
 */
#ifdef STRONG
byte mem[NV];

#define LOAD(t, v) (mem[v])
#define DRAINED(t) true
#define DRAIN(t, v) skip

inline store(t, v, x)
{
    mem[v] = x
}

inline store_release(t, v, x)
{
    mem[v] = x
}

inline fence(t)
{
    skip
}
#else
#define BIT(v) (1 << (v))
#define IX(t, v) ((t) * NV + (v))

byte mem[NV];
byte buf[NT * NV];
short after[NT * NV];
short pend[NT];

#define LOAD(t, v) ((pend[t] & BIT(v)) -> buf[IX(t, v)] : mem[v])
#define DRAINED(t) (pend[t] == 0)
#define DRAIN(t, v) run drain(t, v)

inline store(t, v, x)
{
    d_step {
        !(pend[t] & BIT(v));
        buf[IX(t, v)] = x;
        after[IX(t, v)] = 0;
        pend[t] = pend[t] | BIT(v);
    }
}

inline store_release(t, v, x)
{
    d_step {
        !(pend[t] & BIT(v));
        buf[IX(t, v)] = x;
        after[IX(t, v)] = pend[t];
        pend[t] = pend[t] | BIT(v);
    }
}

inline fence(t)
{
    DRAINED(t)
}

proctype drain(byte t; byte v)
{
    byte i;
end:
    do
    :: d_step {
        (pend[t] & BIT(v)) && !(pend[t] & after[IX(t, v)]);
        mem[v] = buf[IX(t, v)];
        pend[t] = pend[t] & ~BIT(v);
        buf[IX(t, v)] = 0;
        after[IX(t, v)] = 0;
        i = 0;
        do
        :: i < NV -> after[IX(t, i)] = after[IX(t, i)] & ~BIT(v); i++
        :: else -> break
        od;
        i = 0;
    }
    od
}
#endif
