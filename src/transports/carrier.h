/* SPDX-License-Identifier: MIT */
/*
 * A carrier: the thread that stands between a link and a library for multicast.
 *
 * What: the base of what pgm and norm open: a local stream to the link, the thread that has its
 *   other end, and the moving of bytes over it. A thread, since these libraries keep time by
 *   themselves (repair, rates, heartbeats) and some of their calls wait.
 * Owner: whoever opens it until zx_carrier_start, then its thread. `thread` is the starter's.
 * Life: embedded; start, then the thread runs until the link's end of the stream is closed, or
 *   shut for writing and all is sent; it closes its own end last. join waits for it.
 * Never: takes a lock of the core or touches a socket.
 */
#ifndef ZX_TRANSPORTS_CARRIER_H
#define ZX_TRANSPORTS_CARRIER_H

#include "base/buf.h"
#include "core/conf.h"
#include "os/os.h"

struct zx_carrier {
    struct zx_thread thread;
    int fd;           /* the thread's end */
    bool is_sender;   /* PUB, XPUB */
    bool ended;       /* sender: no more comes; all that came is in `from` */
    struct zx_buf from; /* sender: read from the link, not sent yet */
    struct zx_buf to;   /* receiver: whole messages for the link */
};

/* The thread's end of a stream whose other end is returned; negative errno. */
int zx_carrier_init(struct zx_carrier *c, const struct zx_conf *conf);
/* Starts the thread, which calls run(c). Closes both ends if that fails: -EAGAIN. */
int zx_carrier_start(struct zx_carrier *c, int fd, const char *name, void (*run)(void *));
/* The last thing the thread does. */
void zx_carrier_done(struct zx_carrier *c);
/* Waits for the thread and frees what the carrier embeds. */
void zx_carrier_join(struct zx_carrier *c);

/* ---- the thread ---- */

/* What to wait for on c->fd: ZX_POLL_*; its hang-up shows in any case. */
unsigned zx_carrier_wants(const struct zx_carrier *c);
/* Moves what can be moved, after a poll that said revents. False: the link is gone. */
bool zx_carrier_turn(struct zx_carrier *c, unsigned revents);
/* Receiver: so much waits for the link that no more should be received. */
static inline bool zx_carrier_is_full(const struct zx_carrier *c) {
    return zx_buf_size(&c->to) > 0;
}

/* ---- texts, the same for all of them ---- */

struct zx_addr;
void zx_carrier_no_text(int fd, char *buf, size_t size);
bool zx_carrier_not_same(const struct zx_conf *conf, const char *typed, const char *bound);

#endif
