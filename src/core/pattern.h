/* SPDX-License-Identifier: MIT */
/*
 * What a socket type (pattern) gives to the core, and what it gets from it.
 *
 * What: one table of functions per socket type; the frames that travel between the API
 *   and a pattern (zx_src going out, zx_sink coming in).
 * Owner: constant tables. Every member is called with the socket's lock held unless it
 *   says otherwise; none may block; none may call the outside.
 * Life: the tables live for ever, listed in core/registry.c.
 * Never: knows transports, threads or descriptors.
 */
#ifndef ZX_CORE_PATTERN_H
#define ZX_CORE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"

struct zx_buf;
struct zx_pipe;
struct zx_socket;

/* A frame on its way out: size bytes at data. msg != NULL: they are msg's, which zx_pipe_send
 * empties when it succeeds. */
struct zx_src {
    const void *data;
    size_t size;
    struct zx_msg *msg;
    bool more;
    /* data may be referenced for ever (zmq_send_const). Apart from `more`: a load of both at
     * once would wait for two stores. */
    _Alignas(8) bool is_const;
};

/* A received frame left where it is, for whoever passes it on at once: bytes in the in-queue
 * last until the next call that receives on the socket or works its links. */
struct zx_loan {
    const void *data;     /* NULL: nothing was lent, the frame is in sink->msg */
    struct zx_body *body; /* by reference: one reference, the borrower's */
    bool is_const;        /* by reference: memory that lasts for ever */
    struct zx_pipe *owed; /* the sender is to be told of room: by zx_pipe_credit, afterwards */
};

static inline struct zx_src zx_src_of(struct zx_msg *m, bool more) {
    return (struct zx_src){
        .data = zx_msg_data(m), .size = zx_msg_size(m), .msg = m, .more = more};
}

/* Where an incoming frame goes: into a buffer (cut at cap) or into a message. */
struct zx_sink {
    void *buf;
    size_t cap;
    struct zx_msg *msg; /* valid message to be replaced; NULL: use buf */
    size_t size;        /* out: full size of the frame */
    struct zx_loan *loan; /* with msg: lend if possible */
    bool more;          /* out */
    bool patient;       /* on -EAGAIN the caller goes to zx_wait_socket */
};

enum {
    ZX_PATTERN_RECV_ID = 1,      /* keeps routing ids: registers them in s->routes */
    ZX_PATTERN_SINGLE_PEER = 2,  /* PAIR, CHANNEL: one pipe only */
    ZX_PATTERN_THREAD_SAFE = 4,  /* what ZMQ_THREAD_SAFE reports */
    ZX_PATTERN_BACKGROUND = 8,   /* input is uncounted control traffic (PUB, XPUB) */
    ZX_PATTERN_CONFLATES = 16,   /* ZMQ_CONFLATE has effect */
    ZX_PATTERN_RAW = 32,         /* bytes without ZMTP (STREAM) */
    ZX_PATTERN_ONE_CONNECT = 64, /* a second connect to the same text is a no-op */
    ZX_PATTERN_NO_LINGER = 128,  /* LINGER defaults to 0 */
    ZX_PATTERN_HELLO_MSG = 256,
    ZX_PATTERN_DISCONNECT_MSG = 512,
    ZX_PATTERN_HICCUP_MSG = 1024,
    ZX_PATTERN_CONNECT_PEER = 2048,      /* zmq_connect_peer: a pipe's number is its user_word */
    ZX_PATTERN_BIND_DATAGRAMS = 4096,    /* may bind to a transport of datagrams */
    ZX_PATTERN_CONNECT_DATAGRAMS = 8192, /* may connect to one */
    ZX_PATTERN_ONLY_DATAGRAMS = 16384    /* and to nothing else */
};

struct zx_pattern_ops {
    int type;         /* ZMQ_PUSH ... */
    const char *name; /* "PUSH", as in READY */
    unsigned flags;   /* ZX_PATTERN_* */
    size_t size;      /* bytes of the pattern's struct, which embeds zx_socket first */

    /* The struct is zeroed and its zx_socket part ready. 0 or -ENOMEM. */
    int (*init)(struct zx_socket *s);
    /* The last link is gone, no lock is held. Frees what init and traffic allocated. */
    void (*fini)(struct zx_socket *s);

    /* A pipe joins: both directions may be used from now on. -ENOMEM: the core closes
     * the pipe (detach is not called). */
    int (*attach)(struct zx_socket *s, struct zx_pipe *p);
    /* The in-queue of p went from empty to not empty. May be spurious. */
    void (*readable)(struct zx_socket *s, struct zx_pipe *p);
    /* p has room again after zx_pipe_can_send said no. May be spurious. */
    void (*writable)(struct zx_socket *s, struct zx_pipe *p);
    /* The peer is gone: nothing may be sent to p any more; what is still in its in-queue
     * stays readable. Called at most once, always before detach. */
    void (*lost)(struct zx_socket *s, struct zx_pipe *p);
    /* p disappears now; no pointer to it may survive the call. */
    void (*detach)(struct zx_socket *s, struct zx_pipe *p);

    /* One frame out. 0, -EAGAIN (would block; nothing taken), -EHOSTUNREACH, -EFSM,
     * -EINVAL, -ENOTSUP, -ENOMEM. On failure src->msg is untouched. */
    int (*send)(struct zx_socket *s, struct zx_src *src);
    /* One frame in. 0, -EAGAIN, -EFSM, -ENOTSUP, -ENOMEM. */
    int (*recv)(struct zx_socket *s, struct zx_sink *sink);
    /* ZMQ_POLLIN | ZMQ_POLLOUT as recv and send would find it now. */
    int (*events)(struct zx_socket *s);

    /* The type's own options; -EINVAL: not mine (the core goes on to the generic ones). */
    int (*set_option)(struct zx_socket *s, int option, const void *val, size_t size);
    int (*get_option)(struct zx_socket *s, int option, void *val, size_t *size);

    /* Calls that some types have; -ENOTSUP: not this one. zmq_join and zmq_leave: -EINVAL,
     * -ENOMEM. zmq_disconnect_peer: the pipe of that number, -EHOSTUNREACH.
     * zmq_socket_get_peer_state: ZMQ_POLLOUT or 0, -EHOSTUNREACH. */
    int (*membership)(struct zx_socket *s, const char *group, size_t size, bool join);
    int (*numbered_peer)(struct zx_socket *s, uint32_t number, struct zx_pipe **out);
    int (*peer_state)(struct zx_socket *s, const void *id, size_t size);

    /* zmq_close: no pipe is attached any more or will be, though links may linger. What keeps
     * references to pipes that were never attached drops them. */
    void (*closed)(struct zx_socket *s);

    /* Below: called WITHOUT the socket's lock, by whoever works the link of p, under the
     * link's word. May take leaf locks of the pattern only. */

    /* A connection (again) became ready; wire is 30/31/2/1/0 as zx_hs_version. Starts what
     * must go out first (subscription snapshot). Also called for the binder's end of an
     * inproc pipe, by whoever connects, before its attach: version is ZX_ZMTP_UNKNOWN, and
     * records may be written to p->out and committed. */
    void (*link_ready)(struct zx_socket *s, struct zx_pipe *p, int version);
    /* More initial bytes for the connection: appends whole frames to out, at most about
     * 64 KiB. True if there is more to come. */
    bool (*link_more)(struct zx_socket *s, struct zx_pipe *p, struct zx_buf *out);
    /* Writes the wire form of a ZX_NOTE_SUB found in the out-queue. -ENOMEM. */
    int (*link_note)(struct zx_socket *s, struct zx_pipe *p, const uint8_t *note, size_t size,
                     struct zx_buf *out);
    /* May this peer's message go on to the application? Checks a received frame's form
     * (REQ, DISH): false closes the connection as a protocol error. state is the link's,
     * zero at each connection. */
    bool (*link_frame)(unsigned *state, uint8_t flags, const uint8_t *body, size_t size);
};

/* Stock members for what a type does not do. */
int zx_pattern_init_none(struct zx_socket *s);
void zx_pattern_fini_none(struct zx_socket *s);
void zx_pattern_closed_none(struct zx_socket *s);
void zx_pattern_pipe_none(struct zx_socket *s, struct zx_pipe *p);
/* readable of a type that never receives: throws away what comes, notices the end. */
void zx_pattern_readable_drop(struct zx_socket *s, struct zx_pipe *p);
int zx_pattern_send_none(struct zx_socket *s, struct zx_src *src);   /* -ENOTSUP */
int zx_pattern_recv_none(struct zx_socket *s, struct zx_sink *sink); /* -ENOTSUP */
int zx_pattern_set_none(struct zx_socket *s, int option, const void *val, size_t size);
int zx_pattern_get_none(struct zx_socket *s, int option, void *val, size_t *size);
int zx_pattern_membership_none(struct zx_socket *s, const char *group, size_t size, bool join);
int zx_pattern_numbered_peer_none(struct zx_socket *s, uint32_t number, struct zx_pipe **out);
int zx_pattern_peer_state_none(struct zx_socket *s, const void *id, size_t size);
void zx_pattern_link_ready_none(struct zx_socket *s, struct zx_pipe *p, int version);
bool zx_pattern_link_more_none(struct zx_socket *s, struct zx_pipe *p, struct zx_buf *out);
int zx_pattern_link_note_none(struct zx_socket *s, struct zx_pipe *p, const uint8_t *note,
                              size_t size, struct zx_buf *out);
bool zx_pattern_link_frame_any(unsigned *state, uint8_t flags, const uint8_t *body, size_t size);
#define ZX_PATTERN_NO_MEMBERSHIP .membership = zx_pattern_membership_none
#define ZX_PATTERN_NO_NUMBERS .numbered_peer = zx_pattern_numbered_peer_none
#define ZX_PATTERN_NO_PEER_STATE .peer_state = zx_pattern_peer_state_none
#define ZX_PATTERN_NO_CALLS                                                                      \
    ZX_PATTERN_NO_MEMBERSHIP, ZX_PATTERN_NO_NUMBERS, ZX_PATTERN_NO_PEER_STATE
#define ZX_PATTERN_NO_LINK_HOOKS                                                                 \
    .closed = zx_pattern_closed_none,                                                            \
    .link_ready = zx_pattern_link_ready_none, .link_more = zx_pattern_link_more_none,            \
    .link_note = zx_pattern_link_note_none, .link_frame = zx_pattern_link_frame_any

/* Puts a frame of the library's own making (routing id, notification) into a sink. -ENOMEM. */
int zx_sink_put(struct zx_sink *sink, const void *data, size_t size, bool more);

/* An int >= 0 as true or false; -EINVAL. */
int zx_opt_take_flag(const void *val, size_t size, bool *out);
/* The frame is taken without being sent (a dropped message): empties src->msg. */
void zx_src_drop(struct zx_socket *s, struct zx_src *src);

#endif
