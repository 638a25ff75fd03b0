/* SPDX-License-Identifier: MIT */
/*
 * A poller and one of its sockets (R5). The poller's node at the socket has one word of state:
 * LISTED, HELD, GONE. Whoever may have made the socket ready sets LISTED and, if it was clear,
 * pushes the node on the poller's news and wakes: a writer of mail (mark attention, then walk the
 * nodes under the wake lock), a call (at its end, under the socket's lock; with somebody asleep
 * only if the socket is ready), close. The poller takes the news and looks at what is listed,
 * under the socket's lock; if it finds nothing it clears LISTED and looks at attention again. It
 * sleeps when nothing is listed: count itself, look at the news, futex.
 * Close unlinks the node, sets GONE and LISTED in one step, and leaves a reference to the slot if
 * the poller was about to lock the socket (HELD). The poller frees a node that is GONE.
 *
 * Proves: no mail, no change by a call and no close stays unseen by a poller that sleeps; a node is
 * freed once and touched by nobody after; the slot is not touched after it was given back.
 * Bounds: 1 writer with 2 mails, 1 thread that makes 2 calls, one of them without effect, and may
 * then close the socket; 1 waiting thread.
 */
#define POLLER 0
#define WRITER 1
#define CALLER 2
#define NT 3
#define NV 4
#define LOCK 0   /* the socket's; unlocking is a release store */
#define CHANGES 1 /* by calls; plain, under the lock */
#define DEAD 2   /* the tag */
#define ASLEEP 3
#include "weak.pml"

#define MAILS 2
#define CALLS 1 /* with effect */

/* Words that are only changed by read-modify-writes. */
byte inbox;
bool attention;
bool listed, held, gone;
bool head; /* the node is in the news */
byte word;
bool wake_lock;
byte slot_refs = 1;

bool linked = true; /* under the wake lock and the socket's */
bool sleeping, node_free, slot_free, told, closed;
byte seen_mails, seen_changes;

inline take_lock(t) { atomic { DRAINED(t) && !mem[LOCK] -> mem[LOCK] = 1 } }
inline give_lock(t) { store_release(t, LOCK, 0) }
inline take_wake_lock(t)
{
#ifndef DROP_WAKE_LOCK
    atomic { DRAINED(t) && !wake_lock -> wake_lock = true }
#else
    skip
#endif
}
inline give_wake_lock() { wake_lock = false }

inline slot_unref()
{
    d_step {
        assert(slot_refs > 0 && !slot_free);
        slot_refs--;
        slot_free = (slot_refs == 0)
    }
}

/* zx_news_wake: src/core/wait.c */
inline wake(t)
{
    if
    :: LOAD(t, ASLEEP) ->
#ifndef DROP_WORD
        atomic { DRAINED(t) -> word++ };
#endif
#ifndef DROP_FUTEX_WAKE
        sleeping = false
#endif
    :: else
    fi
}

/* put_in_news: src/core/wait.c */
inline put_in_news(t)
{
    assert(!node_free);
    atomic { DRAINED(t) -> assert(!head); head = true };
    wake(t)
}

/* node_push: src/core/wait.c */
inline push(t)
{
    assert(!node_free);
    atomic { DRAINED(t) -> was = listed; listed = true };
    if
    :: was
    :: else -> put_in_news(t)
    fi;
    was = false
}

/* zx_socket_notify: src/core/socket.c; zx_wake_all: src/core/wait.c */
proctype writer()
{
    byte n;
    bool was;

    do
    :: n == MAILS -> break
    :: else ->
        n++;
        atomic { DRAINED(WRITER) -> inbox++ };
#ifndef DROP_MARK_FIRST
        atomic { DRAINED(WRITER) -> attention = true };
#endif
        take_wake_lock(WRITER);
        if
        :: linked -> push(WRITER)
        :: else
        fi;
        give_wake_lock();
#ifdef DROP_MARK_FIRST
        atomic { DRAINED(WRITER) -> attention = true }
#endif
    od
}

/* zx_node_tell: src/core/wait.c: the socket is locked */
inline tell()
{
#ifndef DROP_TELL
    if
    :: listed
    :: !listed && LOAD(CALLER, ASLEEP) ->
#ifndef DROP_TELL_IF_READY
        if
        :: LOAD(CALLER, CHANGES) > seen_changes -> push(CALLER)
        :: else
        fi
#else
        skip
#endif
    :: !listed && !LOAD(CALLER, ASLEEP) -> push(CALLER)
    fi
#else
    skip
#endif
}

/* zx_node_remove_all: src/core/wait.c; zx_socket_close: src/core/socket.c */
inline close_socket()
{
    take_lock(CALLER);
    take_wake_lock(CALLER);
    linked = false;
    give_wake_lock();
    atomic {
        DRAINED(CALLER) -> was = listed; was_held = held; listed = true; gone = true;
#ifndef DROP_HELD_REFERENCE
        slot_refs = (was_held -> slot_refs + 1 : slot_refs)
#endif
    };
#ifndef DROP_PUSH_GONE
    if
    :: was
    :: else -> put_in_news(CALLER)
    fi;
#endif
    was = false;
    store_release(CALLER, DEAD, 1);
    give_lock(CALLER);
    fence(CALLER);
    slot_unref();
    closed = true
}

proctype caller()
{
    bool was, was_held;

    take_lock(CALLER); /* a call with effect */
    store(CALLER, CHANGES, CALLS);
    tell();
    give_lock(CALLER);
    take_lock(CALLER); /* and one without */
    tell();
    give_lock(CALLER);
    if
    :: close_socket()
    :: skip
    fi
}

inline forget()
{
    d_step {
        assert(!node_free);
        node_free = true;
        told = true;
        in_hand = false
    }
}

/* zx_poller_take_news: src/mux/poller.c */
inline take_news()
{
    atomic { DRAINED(POLLER) -> was = head; head = false };
    if
    :: was && gone -> forget()
    :: was && !gone -> in_hand = true
    :: else
    fi;
    was = false
}

/* zx_socket_attend: src/core/socket.c */
inline attend()
{
    atomic { DRAINED(POLLER) -> attention = false };
    atomic {
        DRAINED(POLLER) -> ready = ready || inbox;
        seen_mails = seen_mails + inbox;
        inbox = 0
    }
}

/* ready_for: src/mux/poller_look.c: the socket is locked. What is found is used up at once. */
inline look()
{
    if
    :: attention -> attend()
    :: else
    fi;
    d_step {
        ready = ready || LOAD(POLLER, CHANGES) > seen_changes;
        seen_changes = LOAD(POLLER, CHANGES)
    };
    if
    :: ready /* stays listed, and is looked at again */
    :: else ->
#ifdef DROP_UNLIST_FIRST
        if
        :: attention -> attend()
        :: else
        fi;
#endif
        atomic { DRAINED(POLLER) -> listed = false };
#if !defined(DROP_UNLIST_FIRST) && !defined(DROP_LOOK_AGAIN)
        if
        :: attention -> attend()
        :: else
        fi;
#endif
        if
        :: ready ->
            atomic { DRAINED(POLLER) -> was = listed; listed = true };
            in_hand = !was; /* pushed meanwhile: it is in the news, too */
#ifdef DROP_ONCE
            in_hand = true;
#endif
            was = false
        :: else -> in_hand = false
        fi
    fi
}

/* check: src/mux/poller_look.c; zx_node_hold: src/core/wait.c; zx_node_let_go: src/core/wait.c */
inline check()
{
#ifndef DROP_HOLD
    atomic { DRAINED(POLLER) -> held = true; was = gone };
#else
    was = gone;
#endif
    if
    :: was -> held = false; was = false; forget()
    :: else ->
        assert(!slot_free);
        if
        :: LOAD(POLLER, DEAD)
        :: else ->
            take_lock(POLLER);
            assert(!slot_free);
            if
            :: LOAD(POLLER, DEAD)
            :: else -> look()
            fi;
            give_lock(POLLER)
        fi;
        atomic { DRAINED(POLLER) -> was = held && gone; held = false };
        if
        :: was -> slot_unref()
        :: else
        fi;
        was = false
    fi
}

/* sleep_futex: src/mux/poller_wait.c */
inline sleep()
{
    seen = word;
#ifndef DROP_COUNT_RMW
    atomic { DRAINED(POLLER) -> mem[ASLEEP] = 1 };
#else
    store(POLLER, ASLEEP, 1);
#endif
    if
#ifndef DROP_LOOK_AT_NEWS
    :: head
#endif
    :: else ->
        atomic {
            if
            :: word == seen -> sleeping = true
            :: else
            fi
        };
end:
        !sleeping
    fi;
    store(POLLER, ASLEEP, 0)
}

/* wait_round: src/mux/poller_wait.c */
proctype poller()
{
    bool in_hand = true, ready, was; /* added as listed */
    byte seen;

    do
    :: told -> break
    :: else ->
        take_news();
        if
        :: in_hand -> ready = false; check()
        :: !in_hand && !told -> sleep()
        :: else
        fi
    od
}

active proctype nothing_moves()
{
    timeout;
    assert(told == closed);
    assert(told || (seen_mails == MAILS && seen_changes == CALLS));
    assert(slot_free == closed)
}

init
{
    atomic {
        listed = true;
        run poller();
        run writer();
        run caller();
        DRAIN(POLLER, LOCK);
        DRAIN(POLLER, ASLEEP);
        DRAIN(CALLER, LOCK);
        DRAIN(CALLER, CHANGES);
        DRAIN(CALLER, DEAD);
    }
}
