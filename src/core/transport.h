/* SPDX-License-Identifier: MIT */
/*
 * What a stream transport gives to the core: an address grammar and descriptors.
 *
 * What: a table of functions per scheme (tcp, ipc, ws, tipc, vsock ...).
 * Owner: constant tables; every function may be called from any thread at any time and
 *   keeps no state. `conf` is borrowed and constant.
 * Life: the tables live for ever, listed in core/registry.c.
 * Never: knows ZMTP, sockets or threads; blocks (but for `resolve`).
 */
#ifndef ZX_CORE_TRANSPORT_H
#define ZX_CORE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/conf.h"
#include "os/os.h"

struct zx_carrier;

#define ZX_ENDPOINT_MAX 512
#define ZX_PEER_TEXT_MAX 128
enum { ZX_RESOLVE_MAX = 8 };

/*
 * A connection whose bytes are not ZMTP's own: ws, wss. It stands between the link and the
 * descriptor, takes and gives ZMTP 3 frames as bytes cut anywhere, and needs no greeting.
 *
 * Owner: the link that opened it, by its word. Life: open_stream ... ops->free, before the
 * descriptor is closed. Never: keeps the descriptor, blocks, calls back.
 */
struct zx_stream;
struct zx_stream_ops {
    /* Goes on with the opening: 1 it is open; 0 the descriptor's next event is awaited. -EAGAIN:
     * refused for now; -EPROTO: that is not the protocol; -EACCES: not to be trusted; others. */
    int (*open)(struct zx_stream *s);
    /* As zx_sock_recv. After an error it has told the peer why. */
    ptrdiff_t (*recv)(struct zx_stream *s, void *buf, size_t size);
    /* As zx_sock_sendv, but what it takes may still wait in the stream (has_output). */
    ptrdiff_t (*sendv)(struct zx_stream *s, const struct zx_iov *iov, size_t n);
    /* Writes what waits: 0 nothing is left, -EAGAIN, others. */
    int (*flush)(struct zx_stream *s);
    /* The peer is to give a sign of life. */
    int (*ping)(struct zx_stream *s);
    /* Says good-bye, as far as that goes at once. err: 0 in order, else why, positive. */
    void (*bye)(struct zx_stream *s, int err);
    void (*free)(struct zx_stream *s);
};

struct zx_stream {
    const struct zx_stream_ops *ops;
    int64_t max_frame; /* in: bytes, < 0: none */
    bool has_input;    /* recv has more without the descriptor becoming readable */
    bool has_output;
    bool heard;        /* something came in; the link clears it */
    bool is_bare;      /* open: no mechanism, the first frame each way is a routing id */
};

struct zx_stream_place {
    const struct zx_conf *conf; /* outlives the stream */
    const char *address;
    int fd;
    bool accepted;
    uint8_t *memory; /* of the connecting side: the transport's between attempts, 0 at first */
};

/*
 * What has to be said to a proxy before a connection is the target's: SOCKS. It is part of
 * connecting; when it is through, nothing of it stands in the way.
 *
 * Owner: the connecting link, by its word. Life: open_tunnel ... ops->free, before the descriptor
 * is closed. Never: keeps the descriptor, reads what is not its own, blocks, calls back.
 */
struct zx_tunnel;
struct zx_tunnel_ops {
    /* Goes on: 1 it is through; 0 the descriptor's next event is awaited. -ECONNREFUSED: the
     * target refused; others. */
    int (*dig)(struct zx_tunnel *t);
    void (*free)(struct zx_tunnel *t);
};

struct zx_tunnel {
    const struct zx_tunnel_ops *ops;
    bool has_output;
};

struct zx_endpoint;
struct zx_link;
struct zx_pipe;

enum { ZX_DATAGRAM_MAX = 8192 }; /* bytes, as libzmq has it */

/* A transport of datagrams has no handshake and no peer that goes: one link for each bind and
 * connect, from beginning to end. It reads and writes itself, called by the holder of the link's
 * word; what belongs to no link is refused, counted and never ends anything. */
struct zx_datagram_ops {
    /* Opens for bind or connect, may block on name service. Writes the resolved text of a bind.
     * *state is what the link keeps in `own`, one piece of malloc. Descriptor or -errno. */
    int (*open)(const struct zx_endpoint *ep, void **state, char *text, size_t size);
    /* Into p->in as pairs of frames. Bytes if more may be there, else 0. */
    ptrdiff_t (*recv)(struct zx_link *l, struct zx_pipe *p, bool owner);
    /* Pairs of frames out of p->out, at most one system call. 1 go on, 0 nothing left, -EAGAIN. */
    int (*send)(struct zx_link *l, struct zx_pipe *p, bool *credit);
    /* Datagrams refused so far, in either direction. Any thread. */
    uint64_t (*refused)(const void *state);
};

struct zx_transport_ops {
    const char *scheme; /* "tcp" */
    bool unbinds_as_typed; /* zmq_unbind takes the text given to zmq_bind, too */
    /* Not NULL: only for types with ZX_PATTERN_BIND_DATAGRAMS or _CONNECT_DATAGRAMS; then of
     * what follows only check, the texts and same_bound are called. */
    const struct zx_datagram_ops *datagrams;

    /* Syntax of the text behind "://". Called by zmq_bind and zmq_connect before anything
     * else. 0, -EINVAL, -ENAMETOOLONG ... */
    int (*check)(const struct zx_conf *conf, const char *address, bool for_bind);

    /* Makes a listening, non-blocking descriptor and writes the resolved endpoint
     * ("tcp://127.0.0.1:5555") to text. With conf->net.use_fd >= 0 that descriptor is
     * taken over untouched. Called by zmq_bind in the caller's thread; name resolution
     * of a bind address may block it. Descriptor or negative errno. */
    int (*listen)(const struct zx_conf *conf, const char *address, char *text, size_t size);

    /* Called after the listening descriptor was closed: removes what bind made on disk
     * (ipc wildcard). text as written by listen. 0 or negative errno (CLOSE_FAILED). */
    int (*unlisten)(const struct zx_conf *conf, const char *address, const char *text);

    /* Filters and tunes a connection just accepted. -EACCES: filtered. The descriptor
     * stays the caller's. */
    int (*accepted)(const struct zx_conf *conf, int fd, const struct zx_addr *peer);

    /* Can this connect address be turned into addresses without blocking? */
    bool (*is_numeric)(const struct zx_conf *conf, const char *address);
    /* Turns a connect address into at most max socket addresses to try in order. May
     * block on name service: called in a helper thread unless is_numeric. Count or -errno. */
    int (*resolve)(const struct zx_conf *conf, const char *address, struct zx_addr *out, int max);
    /* Opens, tunes, binds the source if the address names one, and starts to connect.
     * *fd is the descriptor on 0 (connected) and -EINPROGRESS; else -errno and nothing open. */
    int (*connect)(const struct zx_conf *conf, const char *address, const struct zx_addr *to,
                   int *fd);
    /* NULL: what zmq_connect was given is what ZMQ_LAST_ENDPOINT tells. Else its text, 0 or
     * -errno. */
    int (*connect_text)(const char *address, char *text, size_t size);
    /* Tunes a connected descriptor (TCP_NODELAY ...); -errno: treat as a lost connection. */
    int (*connected)(const struct zx_conf *conf, int fd);

    /* Peer-Address of messages ("127.0.0.1", "localhost:0:0:123"); "" if none. */
    void (*peer_text)(int fd, char *buf, size_t size);
    /* Endpoint texts of both ends of a connection for monitor events. */
    void (*local_endpoint)(int fd, char *buf, size_t size);
    void (*remote_endpoint)(int fd, char *buf, size_t size);
    /* Is `typed` another spelling of the bound endpoint `bound` (both full URIs)? For
     * zmq_unbind after a plain comparison failed. A wildcard text never matches. */
    bool (*same_bound)(const struct zx_conf *conf, const char *typed, const char *bound);
    /* ZMQ_RECONNECT_STOP_* that are heeded here beside HANDSHAKE_FAILED, which always is. */
    int reconnect_stop;

    /* NULL: never by way of a proxy. Else of a socket with one: is_numeric and resolve are about
     * the proxy, and so are the events, which show this text; "" where there is none. */
    void (*proxy_endpoint)(const struct zx_conf *conf, char *buf, size_t size);
    /* Beside it: on a connected descriptor. 0 and *out, NULL where there is no proxy; -EINVAL: the
     * target has no name that a proxy could be told; -ENOMEM. */
    int (*open_tunnel)(const struct zx_conf *conf, const char *address, int fd,
                       struct zx_tunnel **out);

    /* NULL: the descriptor carries ZMTP as it is. 0 and *out, or -ENOMEM ... */
    int (*open_stream)(const struct zx_stream_place *where, struct zx_stream **out);

    /* NULL: a transport of streams. Else one that carries messages from many to many by itself
     * (multicast), for PUB, SUB, XPUB and XSUB only, and bind and connect are the same: opens
     * it, in the thread that asks for it, and gives the descriptor of a local stream of ZMTP
     * 1.0 frames without a greeting. When that is shut for writing it sends what it has, then
     * closes its end. Of the functions above it needs check and those that give texts. The
     * descriptor is the caller's; negative errno. */
    int (*carry)(const struct zx_conf *conf, const char *address, struct zx_carrier **out);
    /* After the descriptor was closed: ends what carry began. May take some milliseconds. */
    void (*release)(struct zx_carrier *c);
};

extern const struct zx_transport_ops zx_tcp_ops;
extern const struct zx_transport_ops zx_ipc_ops;
#if ZX_HAVE_WS
extern const struct zx_transport_ops zx_ws_ops;
#endif
#if ZX_HAVE_WSS
extern const struct zx_transport_ops zx_wss_ops;
#endif
#if ZX_HAVE_NORM
extern const struct zx_transport_ops zx_norm_ops;
#endif
#if ZX_HAVE_PGM
extern const struct zx_transport_ops zx_pgm_ops;
extern const struct zx_transport_ops zx_epgm_ops;
#endif
extern const struct zx_transport_ops zx_udp_ops;
#if ZX_HAVE_VSOCK
extern const struct zx_transport_ops zx_vsock_ops;
#endif
#if ZX_HAVE_VMCI
extern const struct zx_transport_ops zx_vmci_ops;
#endif
#if ZX_HAVE_TIPC
extern const struct zx_transport_ops zx_tipc_ops;
#endif

#endif
