/* SPDX-License-Identifier: MIT */
/*
 * What the files of the poller share.
 *
 * What: the poller and its members. Owner: the poller's lock, but for what says otherwise; it
 *   comes before sockets' locks. Life: poller.h.
 * Never: included outside poller*.c.
 */
#ifndef ZX_MUX_POLLER_PARTS_H
#define ZX_MUX_POLLER_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/queue.h"
#include "core/lock.h"
#include "core/wait.h"
#include "mux/poller.h"

struct zx_reactor;

#define ZX_POLLER_LIVE 0xcafedadau
#define ZX_POLLER_DEAD 0xdeadbeefu

enum {
    ZX_POLLER_DRIVES = 8,  /* up to so many sockets a waiting thread drives itself */
    ZX_POLLER_ASKS = 64,   /* up to so many descriptors are asked for one by one */
    ZX_POLLER_BURSTS = 64  /* up to so many sockets with a burst are kept for the next look */
};

struct zx_member {
    struct zx_node node;   /* of a socket */
    struct zx_socket *sock; /* NULL: a descriptor */
    void *user_data;
    uint64_t seq;          /* order of registration */
    int fd;                /* -1: a socket */
    short events;
    short always;          /* what a descriptor that cannot be polled is ready for */
    bool is_active;
    size_t index;          /* among the descriptors */
    struct zx_member *next, *prev;         /* all sockets */
    struct zx_member *act_next, *act_prev; /* to be looked at: each is listed */
};

struct zx_found { /* by one look */
    uint64_t seq;
    zmq_poller_event_t event;
};

struct zx_poller {
    atomic_uint tag;
    struct zx_mutex lock;
    struct zx_poller *slab_next; /* the slab's lock */
    uint32_t fork_gen;
    unsigned waiters; /* threads in a wait */
    unsigned changes; /* counts additions and removals of sockets */
    bool lost;        /* a member was closed; nobody was told yet */
    bool fds_first;   /* in the next look, as there was no room for them */
    bool left_hot;    /* a wait left reactors hot: nobody looks at them but the next */
    unsigned turn;
    unsigned long_waits; /* in a row: spinning did not pay */
    uint64_t last_seq;
    unsigned n_enabled; /* members that wait for something */
    struct zx_dead dead; /* bodies to release after the unlock */
    struct zx_news news;
    struct {
        struct zx_member *list;
        unsigned n;
        struct zx_member *active, *active_last;
        unsigned n_active;
    } socks;
    struct {
        struct zx_member **v;     /* all */
        struct zx_member **by_fd; /* by number */
        size_t n, cap, by_cap, n_always, next_probe;
        struct zx_pollset set; /* with many descriptors, or the poller's own out; fd -1: none */
    } fds;
    struct {
        struct zx_found *v;
        size_t n, cap, max;
    } found; /* by the look of whoever holds the lock */
};

/* The lock, if p is a live poller of this process: 0, -EFAULT, -EINTR. */
int zx_poller_enter(struct zx_poller *p);
/* Unlocks; frees what a destroyed poller held when nobody waits any more. */
int zx_poller_leave(struct zx_poller *p, int rc);
void zx_poller_unlock(struct zx_poller *p);
/* The bits that a member may wait for, or -EINVAL. */
int zx_poller_check_events(short events);
void zx_poller_count(struct zx_poller *p, short before, short now);

/* ---- sockets (poller.c) ---- */

void zx_poller_activate(struct zx_poller *p, struct zx_member *m);
void zx_poller_deactivate(struct zx_poller *p, struct zx_member *m);
/* Takes up the news: every node in it becomes active, members that were closed disappear. */
void zx_poller_take_news(struct zx_poller *p);
void zx_poller_forget(struct zx_poller *p, struct zx_member *m);
static inline bool zx_member_is_gone(const struct zx_member *m) {
    return atomic_load_explicit(&m->node.state, memory_order_acquire) & ZX_NODE_GONE;
}
/* Locks a member's socket for something else than a look. False: it is closed. */
bool zx_member_enter(struct zx_member *m);
void zx_member_leave(struct zx_poller *p, struct zx_member *m);

/* ---- what was found (poller_look.c) ---- */

static inline bool zx_poller_has_room(const struct zx_poller *p) {
    return p->found.n < p->found.max;
}
int zx_poller_note(struct zx_poller *p, const struct zx_member *m, short events);
/* One look at what may be ready. 0 or negative errno; what is found lies in p->found, as long
 * as the lock is held. */
int zx_poller_look(struct zx_poller *p);
/* The same for sockets alone, before a sleep: nothing stays active but what is ready, whatever
 * comes later will be news. */
int zx_poller_settle(struct zx_poller *p);

/* ---- descriptors (poller_fds.c) ---- */

int zx_poller_look_fds(struct zx_poller *p);
/* The descriptors to sleep on, for zx_os_poll; at most ZX_POLLER_ASKS. */
size_t zx_poller_fill_fds(const struct zx_poller *p, struct zx_os_pollfd *v);
bool zx_poller_waits_for_fds(const struct zx_poller *p);
/* From now on all descriptors are in a set, which v is added to (-1: nothing). */
int zx_poller_use_set(struct zx_poller *p, int fd);
void zx_poller_free_fds(struct zx_poller *p);

#endif
