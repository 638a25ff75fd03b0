/* SPDX-License-Identifier: MIT */
/*
 * What a stream transport gives to the core: an address grammar and descriptors.
 *
 * What: a table of functions per scheme (tcp, ipc, later ws, tipc, vsock ...).
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

#define ZX_ENDPOINT_MAX 512
#define ZX_PEER_TEXT_MAX 128
enum { ZX_RESOLVE_MAX = 8 };

struct zx_transport_ops {
    const char *scheme; /* "tcp" */
    bool datagrams;     /* only for types with ZX_PATTERN_BIND_DATAGRAMS or _CONNECT_DATAGRAMS */

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
};

extern const struct zx_transport_ops zx_tcp_ops;
extern const struct zx_transport_ops zx_ipc_ops;

#endif
