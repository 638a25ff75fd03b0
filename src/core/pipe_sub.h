/* SPDX-License-Identifier: MIT */
/*
 * What publishing and subscribing need of pipes besides sending: one frame for many, and telling
 * a peer of subscriptions.
 *
 * What: zx_pipe_share, a frame that stays its giver's; the wire forms of SUBSCRIBE and CANCEL;
 *   the state of a connection, as far as a pattern may know it.
 * Owner: said at each function.
 * Life: none; struct zx_pipe_news lives in the pipe.
 * Never: decides who gets what.
 */
#ifndef ZX_CORE_PIPE_SUB_H
#define ZX_CORE_PIPE_SUB_H

#include "core/pipe.h"
#include "zmtp/cmd_subscribe.h"

struct zx_buf;

/* A frame given to several pipes. body (NULL: constant memory) is used if by_ref. */
struct zx_share {
    const uint8_t *data;
    size_t size;
    struct zx_body *body;
    bool by_ref, more;
};

/* Writes it and, if it ends a message, publishes that; by reference it takes over one reference
 * to body. -ENOMEM: not taken, the message begun is rolled back. The socket's lock held. */
int zx_pipe_share(struct zx_pipe *p, const struct zx_share *frame);
/* A whole message as it lies on the wire, small enough for a chunk: copied and published.
 * -ENOMEM: not taken. The socket's lock held. */
int zx_pipe_share_wire(struct zx_pipe *p, const uint8_t *wire, size_t size);
/* What was published on n pipes goes on its way. The socket's lock held. */
void zx_pipe_offer_all(struct zx_pipe *const *v, unsigned n);

/* Makes room for such a note about a topic of that size: written next, it finds its memory.
 * -ENOMEM: nothing has changed. The socket's lock held. */
int zx_pipe_note_room(struct zx_pipe *p, size_t topic_size);
/* Writes a ZX_NOTE_SUB for the connection numbered epoch into the out-queue, unpublished.
 * -ENOMEM. The socket's lock held. */
int zx_pipe_note_sub(struct zx_pipe *p, uint32_t epoch, const struct zx_subscription *sub);
/* Publishes and flushes at once, leaving the socket's batches alone: for pipes that are not
 * attached yet. The socket's lock held. */
void zx_pipe_push(struct zx_pipe *p);

/* May be out of date when it returns. Any thread. */
bool zx_pipe_is_online(const struct zx_pipe *p);
/* Breaks a network connection (it is made again, if by us, and starts with link_ready): for what
 * could not be said for want of memory. Any thread, but with no leaf lock held. */
void zx_pipe_reset(struct zx_pipe *p);

/* The subscription in a received record: a note, a command, or (if messages_too) a message that
 * begins with 0 or 1. False: it is something else. */
bool zx_rec_subscription(const struct zx_rec *rec, bool messages_too, struct zx_subscription *sub);

/* The same of a group: a note, or JOIN and LEAVE. */
bool zx_rec_membership(const struct zx_rec *rec, struct zx_subscription *group);

/* Appends the whole frame that says it to a peer of that version (zx_hs_version). -ENOMEM. */
int zx_sub_put(struct zx_buf *out, int version, const struct zx_subscription *sub);
/* The same of a group, as JOIN and LEAVE. */
int zx_join_put(struct zx_buf *out, int version, const struct zx_subscription *sub);
/* Appends a message of one frame. -ENOMEM. */
int zx_sub_put_message(struct zx_buf *out, int version, const void *data, size_t size);

#endif
