/* SPDX-License-Identifier: MIT */
/*
 * What a SUB, XSUB or DISH wants, and telling its peers: state that always arrives.
 *
 * What: the counted set of topics and the list of peers that are being told. A network peer gets
 *   each topic once when its connection becomes ready (from whoever works the link, in slices),
 *   then every change as a record in the out-queue; an inproc peer gets all as records.
 * Owner: written under the socket's lock and `lock`, read under either. A pipe's `news` belongs
 *   to `lock`; records are written under the socket's lock.
 * Life: zeroed is empty. After zx_wants_close the link hooks still come and do nothing; the
 *   topics are their owner's to free. The list holds a reference to each of its pipes.
 * Never: counts what it says against a high-water mark, or loses it: where memory is short the
 *   connection is broken and told anew.
 *
 * A record carries the number of the connection it was meant for; the link skips older ones. The
 * first telling goes by the order of topics: `news.todo` is the next to be told. A change before
 * it, or when all is told, is sent on; one behind it will be told anyway. So nothing is told
 * twice and nothing is left out, whenever the change comes.
 *
 * An XSUB's messages wait in the queue for the first connection, so its subscriptions wait among
 * them, up to a limit; beyond it, and at later connections, they go first.
 */
#ifndef ZX_PATTERNS_WANTS_H
#define ZX_PATTERNS_WANTS_H

#include "base/topics.h"
#include "core/lock.h"
#include "core/pipe_sub.h"

struct zx_buf;

struct zx_wants {
    struct zx_mutex lock;
    struct zx_topics topics;
    struct zx_pipe *peers;
    bool closed;
    bool groups;   /* DISH: says JOIN and LEAVE */
    bool in_order; /* XSUB: what is said before the first connection stays in its order */
};

/* ---- the socket's lock held ---- */

/* A subscription or its end. verbose: also an end that changes nothing is told. ZX_WANTS_TOLD, or
 * 0 if there was nothing to tell; -ENOMEM, -EINVAL (too long): nothing changed. */
enum { ZX_WANTS_TOLD = 1 };
int zx_wants_change(struct zx_wants *w, const struct zx_subscription *sub, bool verbose);
/* A pipe joins: inproc peers are told everything now. -ENOMEM. */
int zx_wants_attach(struct zx_wants *w, struct zx_pipe *p);
/* Nothing more is told. */
void zx_wants_lost(struct zx_wants *w, struct zx_pipe *p);
/* The socket is closed: nobody is told anything more. */
void zx_wants_close(struct zx_wants *w, struct zx_dead *dead);

/* ---- link hooks ---- */

void zx_wants_link_ready(struct zx_wants *w, struct zx_pipe *p, int version);
bool zx_wants_link_more(struct zx_wants *w, struct zx_pipe *p, struct zx_buf *out);
int zx_wants_link_note(const struct zx_wants *w, const struct zx_pipe *p,
                       const struct zx_rec *note, struct zx_buf *out);

#endif
