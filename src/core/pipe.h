/* SPDX-License-Identifier: MIT */
/*
 * A pipe: a socket's end of the two queues it shares with one peer.
 *
 * What: the out-queue's producing end and the in-queue's reading end, the inbox node by
 *   which others post to the socket, and the places patterns keep for the pipe.
 * Owner: `app` belongs to the socket's lock; `post` and `listed` are atomic. The other
 *   ends of the queues belong to the link's word (network) or the peer pipe's socket.
 * Life:
 *   phase     | meaning                                  | moved on by
 *   ----------+------------------------------------------+---------------------------
 *   NEW       | made by zmq_connect, a link or inproc    | ATTACH taken from the inbox
 *   ATTACHED  | the pattern uses it                      | LOST taken, or END read
 *   LOST      | no peer: out is dead, in is read dry     | END read
 *   DETACHED  | the pattern has forgotten it             | last reference
 *   References: the socket (until detached), the inbox (while posted), the link, the
 *   peer pipe, the routing-id registry. A pipe holds a reference to its socket's slot.
 * Never: wakes a thread that does not sleep; touches the peer's end.
 */
#ifndef ZX_CORE_PIPE_H
#define ZX_CORE_PIPE_H

#include <errno.h>

#include "base/queue.h"
#include "core/conf.h"
#include "core/pattern.h"

struct zx_leaf;
struct zx_binder;
struct zx_link;
struct zx_pipe_pair;

/* Reasons posted to the inbox. */
enum {
    ZX_POST_ATTACH = 1,
    ZX_POST_READABLE = 2,
    ZX_POST_CREDIT = 4,
    ZX_POST_LOST = 8,
    ZX_POST_REARM = 16, /* inproc: the peer changed the mark of our in-queue */
    ZX_POST_EVICT = 32  /* inproc: another peer has its id now */
};

enum zx_pipe_phase { ZX_PIPE_NEW, ZX_PIPE_ATTACHED, ZX_PIPE_LOST, ZX_PIPE_DETACHED };

struct zx_pipe_app {
    enum zx_pipe_phase phase;
    bool dirty;        /* bytes committed and not yet offered to the link */
    bool ended;        /* END was read: nothing more comes in */
    bool in_set_dirty; /* is in the socket's dirty array */
    bool polled;       /* as post.polled */
    uint32_t unflushed; /* bytes written since the last flush */
    struct zx_meta *meta; /* of the messages being read; one reference */
    unsigned meta_spare;  /* references taken ahead, handed to messages one by one */
    struct zx_pipe *next, *prev; /* the socket's list of pipes */
    unsigned fq, lb; /* index + 1 in a fairq and a loadb; 0: not a member */
    void *user;      /* the pattern's own */
    uint32_t user_word;
};

/* What a subscriber has told this peer (a publisher: its welcome); guarded by the leaf lock of
 * its pattern. */
struct zx_pipe_news {
    struct zx_pipe *next, *prev; /* the pattern's list, which holds references */
    struct zx_leaf *todo; /* the first telling goes on here; NULL: it is done */
    uint32_t epoch;       /* of the connection that is being told */
    uint32_t queued;      /* waiting: bytes of records */
    bool listed;          /* is in the list */
    bool over;            /* nothing more is to be told */
    bool waiting;         /* not connected yet, all lies in the out-queue in order */
    uint8_t due;          /* the socket's lock: what is left to do about a change */
    int8_t wire;          /* the link's word: version of the connection's peer */
};

struct zx_pipe {
    struct zx_socket *sock; /* never changes once posted; holds a slot reference */
    struct zx_queue *in, *out;
    struct zx_link *link;  /* network: the other side; holds a reference; never changes. With a
                            * peer: our end of a ZAP question, held by the link, not a socket */
    struct zx_pipe *peer;  /* inproc: the other pipe of the pair */
    struct zx_pipe_pair *mem;
    struct zx_binder *binder; /* inproc, our end held by no socket; the registry's lock */
    struct zx_conf *conf;
    struct zx_pipe_app app;
    struct {
        _Alignas(64) struct zx_socket *_Atomic sock; /* where to post; NULL: nobody yet */
        atomic_uint reasons; /* ZX_POST_*; 0: not in the inbox */
        struct zx_pipe *inbox_next;
        atomic_uint listed; /* 1: the reader knows that there is something to read */
        atomic_bool polled; /* inproc: it will look by itself, or run a barrier before it sleeps */
        atomic_bool held;   /* network: its reader takes no more before it has given credit */
        atomic_bool joined; /* inproc: the other end has its socket and options */
        atomic_bool cut;      /* no memory for an END note: ended when empty */
    } post;
    uint32_t epoch;     /* number of the link's connection (link's word) */
    uint8_t id_size;    /* routing id of the peer; fixed before the attach is posted */
    bool late;          /* inproc: its id is entered with the attach: it was connected to
                         * nobody yet, or there was no memory. Fixed under the lock of names */
    bool accepted;      /* made by a listener, or by inproc on the binder's side */
    bool hears_all;     /* a RADIO sends it every group: a datagram peer cannot join. Fixed
                         * before the attach */
    bool registered;    /* in s->routes under its id (guarded by the registry's lock) */
    uint8_t id[255];
    struct zx_pipe_news news;
};

/* A pipe for a link: one socket end. conflate as the socket's options say. NULL: no
 * memory. One reference, the caller's. */
struct zx_pipe *zx_pipe_new(struct zx_socket *s, struct zx_conf *conf);
/* Two pipes joined (inproc): end[0] of s (NULL: of a link that asks ZAP), end[1] without a
 * socket yet. */
int zx_pipe_pair_new(struct zx_socket *s, struct zx_conf *conf, struct zx_pipe *end[2]);
void zx_pipe_set_socket(struct zx_pipe *p, struct zx_socket *s);
void zx_pipe_ref(struct zx_pipe *p);
/* The last one frees what is queued, and so calls the application's free functions: with a lock
 * or a link's word held use the second form, which leaves the bodies in *dead. */
void zx_pipe_unref(struct zx_pipe *p);
void zx_pipe_unref_locked(struct zx_pipe *p, struct zx_dead *dead);

/* Posts reasons to the pipe's socket and wakes sleepers. Any thread, any leaf lock. */
void zx_pipe_post(struct zx_pipe *p, unsigned reasons);
/* The in-queue got something committed: announces it unless the reader knows. */
void zx_pipe_announce(struct zx_pipe *p);

/* ---- socket's lock held ---- */

/* The producer waits for room and there is some: tells it. */
void zx_pipe_credit(struct zx_pipe *p);

/* Can a message be begun? (A message begun can always be finished.) */
static inline bool zx_pipe_can_send(struct zx_pipe *p) {
    return zx_queue_can_write(p->out);
}
/* What was committed is announced to the reader, or counted against the batch budget. 0. */
int zx_pipe_offer(struct zx_pipe *p);
/* One frame; the last of a message publishes it. 0 or -ENOMEM (the message begun is
 * rolled back). */
int zx_pipe_send(struct zx_pipe *p, struct zx_src *src);
/* The fast half of zx_pipe_send: a whole message that is copied. False: nothing done. */
static inline bool zx_pipe_send_whole(struct zx_pipe *p, struct zx_src *src) {
    size_t size = src->size;
    if (src->more || (src->is_const && p->peer) ||
        !zx_queue_put_whole(p->out, src->data, size))
        return false;
    p->app.unflushed += (uint32_t)size + 2;
    if (src->msg)
        zx_src_drop(p->sock, src);
    (void)zx_pipe_offer(p);
    return true;
}
/* A small message that holds no reference is put; the caller offers it. It calls nothing, so that
 * the way of most messages saves no registers. */
static inline bool zx_pipe_put_small(struct zx_pipe *p, const struct zx_src *src) {
    if (src->more || src->is_const || src->size > ZX_COPY_SMALL ||
        (src->msg && !zx_msg_is_plain(src->msg)) || !zx_queue_has_room(p->out) ||
        !zx_queue_put_whole(p->out, src->data, src->size))
        return false;
    p->app.unflushed += (uint32_t)src->size + 2;
    if (src->msg)
        zx_msg_init(src->msg);
    return true;
}
/* The same, for patterns' own small frames (delimiters, ids): copied. */
int zx_pipe_send_bytes(struct zx_pipe *p, const void *data, size_t size, bool more);
/* Forgets a message begun. */
void zx_pipe_rollback(struct zx_pipe *p);
/* Publishes records written straight to p->out (notes) and sees that they go out. */
void zx_pipe_commit(struct zx_pipe *p);
/* Offers everything written to the kernel now (network). */
void zx_pipe_flush(struct zx_pipe *p);

/* The data frame at the front, NULL if there is none: takes up metadata notes, skips
 * commands; on END marks the pipe ended. Notes a pattern must see (SUB) and SUBSCRIBE
 * commands are returned only to patterns with ZX_PATTERN_BACKGROUND. */
bool zx_pipe_peek(struct zx_pipe *p, struct zx_rec *rec);
/* Takes the frame just peeked into the sink (drop: throws it away). -ENOMEM: still there. */
int zx_pipe_take(struct zx_pipe *p, struct zx_rec *rec, struct zx_sink *sink);
void zx_pipe_drop(struct zx_pipe *p, struct zx_rec *rec);
/* peek and take in one: 0, -EAGAIN, -ENOMEM. */
int zx_pipe_recv_slow(struct zx_pipe *p, struct zx_sink *sink);
/* Tells the writer what was read; 0. */
int zx_pipe_report(struct zx_pipe *p);
static inline int zx_pipe_recv(struct zx_pipe *p, struct zx_sink *sink) {
    struct zx_queue *q = p->in;
    if (q->r.pos == q->r.end || sink->msg)
        return zx_pipe_recv_slow(p, sink);
    const uint8_t *rec = q->r.cur->data + q->r.pos;
    uint8_t flags = rec[0];
    if (flags > (ZX_FRAME_MORE | ZX_FRAME_LONG)) /* by reference, a command or a note */
        return zx_pipe_recv_slow(p, sink);
    size_t size = flags & ZX_FRAME_LONG ? (size_t)zx_get64(rec + 1) : rec[1];
    uint32_t head = flags & ZX_FRAME_LONG ? 9 : 2;
    zx_copy(sink->buf, rec + head, size < sink->cap ? size : sink->cap);
    q->r.pos += (uint32_t)size + head;
    sink->size = size;
    sink->more = q->r.in_message = flags & ZX_FRAME_MORE;
    if (!sink->more) {
        q->r.read++;
        if (--q->r.until_report == 0 && zx_queue_report(q))
            zx_pipe_credit(p);
    }
    return 0;
}
/* A small body goes into a message that holds nothing. */
static inline bool zx_pipe_fill_small(struct zx_pipe *p, struct zx_sink *sink, const uint8_t *data,
                                      size_t size) {
    struct zx_msg *m = sink->msg;
    if (size > ZX_MSG_INLINE || sink->loan || !zx_msg_is_plain(m) ||
        (p->app.meta && !p->app.meta_spare))
        return false;
    zx_msg_init(m);
    zx_copy(m->u.inl, data, size);
    m->inl_size = (uint8_t)size;
    m->meta = p->app.meta;
    p->app.meta_spare -= m->meta != NULL;
    return true;
}
/* The same for a small whole message, without a call unless credit is due. -EAGAIN: it is
 * something else. */
static inline int zx_pipe_take_small(struct zx_pipe *p, struct zx_sink *sink) {
    struct zx_queue *q = p->in;
    if (q->r.pos == q->r.end)
        return -EAGAIN;
    const uint8_t *rec = q->r.cur->data + q->r.pos;
    size_t size = rec[1];
    zx_prefetch(rec + ZX_QUEUE_AHEAD);
    if (rec[0])
        return -EAGAIN;
    if (!sink->msg && size <= ZX_COPY_SMALL && size <= sink->cap)
        zx_copy(sink->buf, rec + 2, size);
    else if (!sink->msg || !zx_pipe_fill_small(p, sink, rec + 2, size))
        return -EAGAIN;
    q->r.pos += (uint32_t)size + 2;
    sink->size = size;
    sink->more = q->r.in_message = false;
    q->r.read++;
    return --q->r.until_report ? 0 : zx_pipe_report(p);
}
/* A frame of our own (routing id) carries the metadata of the message behind it. */
void zx_pipe_lend_meta(struct zx_pipe *p, struct zx_sink *sink);
/* The reader found nothing: next commit announces again. False if something came in
 * meanwhile (look again). */
bool zx_pipe_unlist(struct zx_pipe *p);
/* The reader found nothing and goes on looking: it stays listed, and until zx_pipe_unlist its
 * writer needs no fence. Only where there is a process-wide barrier. */
void zx_pipe_poll(struct zx_pipe *p);
/* The in-queue is dry: gives large memory back, if the link's word is free. */
void zx_pipe_slim(struct zx_pipe *p);

/* The socket cannot use the pipe: closes its connection. */
void zx_pipe_abort(struct zx_pipe *p);

/* Ends the pipe from our side: the peer gets END after what was sent; what it sends is
 * thrown away. With drop_out what is queued is not sent (linger 0). Detaches. */
void zx_pipe_close(struct zx_pipe *p);

#endif
