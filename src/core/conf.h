/* SPDX-License-Identifier: MIT */
/*
 * The options of a socket, as a snapshot that endpoints and connections share.
 *
 * What: every generic option's value. An endpoint takes a reference at zmq_bind or
 *   zmq_connect, so later changes do not reach it.
 * Owner: the socket's lock guards the pointer in the socket; a snapshot that is shared
 *   is never changed: zx_conf_writable makes a copy first.
 * Life: zx_conf_new, references, zx_conf_unref.
 * Never: holds anything of a single connection.
 */
#ifndef ZX_CORE_CONF_H
#define ZX_CORE_CONF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "security/settings.h"

/* A growing list of fixed-size items (accept filters, credentials). */
struct zx_items {
    void *data;
    size_t count;
    size_t item_size;
};

struct zx_conf_queue {
    uint64_t affinity;
    int64_t maxmsgsize; /* bytes, < 0: no limit */
    int sndhwm, rcvhwm; /* messages, 0: no limit */
    int linger_ms, sndtimeo_ms, rcvtimeo_ms; /* -1: for ever */
    int in_batch_bytes, out_batch_bytes;
    int spin_us; /* -1: the context's */
    bool immediate, conflate, invert_matching;
};

struct zx_conf_timing {
    int handshake_ivl_ms, connect_timeout_ms;
    int reconnect_ivl_ms, reconnect_ivl_max_ms;
    int reconnect_stop; /* ZMQ_RECONNECT_STOP_* bits */
    int heartbeat_ivl_ms, heartbeat_timeout_ms; /* timeout -1: the interval */
    int heartbeat_ttl_ds;                       /* tenths of a second */
};

struct zx_conf_net {
    int sndbuf, rcvbuf; /* -1: the system's */
    int keepalive, keepalive_cnt, keepalive_idle_s, keepalive_intvl_s;
    int maxrt_ms, tos, priority, busy_poll_us, backlog, use_fd;
    int handshakes_max; /* per bind */
    bool ipv6, loopback_fastpath;
    char device[17];
    struct zx_items accept_filters; /* struct zx_cidr, see os/cidr.h */
    struct zx_items ipc_uid, ipc_gid, ipc_pid;
    struct zx_blob socks_proxy, socks_username, socks_password;
};

struct zx_conf_multicast {
    int rate_kbps, recovery_ivl_ms, hops, maxtpdu;
    bool loop;
    int norm_mode, norm_buffer_kb, norm_segment, norm_block, norm_parity, norm_autoparity;
    bool norm_unicast_nack, norm_push;
    uint64_t vmci_buffer, vmci_buffer_min, vmci_buffer_max;
    int vmci_connect_timeout_ms;
};

struct zx_conf_identity {
    struct zx_blob routing_id;
    struct zx_blob metadata;      /* encoded ZMTP properties, sorted by name */
    struct zx_blob hello_msg, disconnect_msg, hiccup_msg;
    int router_notify; /* ZMQ_NOTIFY_* bits */
    bool stream_notify, raw;
};

/* What a transport has made of the options, so as not to do it for each connection. */
struct zx_made {
    void (*free)(struct zx_made *m);
};
enum { ZX_MADE_TO_CONNECT, ZX_MADE_TO_BIND, ZX_MADE_KINDS };

struct zx_conf {
    atomic_uint refs;
    /* Each set at most once while the snapshot is shared; gone when an option changes. */
    struct zx_made *_Atomic made[ZX_MADE_KINDS];
    int type; /* ZMQ_PUSH ... */
    struct zx_conf_queue queue;
    struct zx_conf_timing timing;
    struct zx_conf_net net;
    struct zx_conf_multicast multicast;
    struct zx_security_settings security;
    struct zx_conf_identity id;
};

/* Defaults for a socket type; ipv6 and blocky as the context says. NULL: no memory. */
struct zx_conf *zx_conf_new(int type, bool ipv6, bool blocky);
struct zx_conf *zx_conf_ref(struct zx_conf *c);
void zx_conf_unref(struct zx_conf *c);
/* Makes *c safe to change: replaces it by a deep copy if others share it. -ENOMEM. */
int zx_conf_writable(struct zx_conf **c);

/* NULL: nothing yet. Borrowed for as long as the snapshot is referenced. Any thread. */
struct zx_made *zx_conf_made(const struct zx_conf *c, int kind);
/* Gives m to the snapshot and returns what it keeps: m, or what another thread gave first. */
struct zx_made *zx_conf_keep(const struct zx_conf *c, int kind, struct zx_made *m);

/* setsockopt/getsockopt of the generic options (a table). *conf is replaced by a copy
 * when shared. -EINVAL for unknown numbers, wrong sizes and values, -ENOMEM.
 * Sizes and rules: reference options.md. */
int zx_conf_set(struct zx_conf **conf, int option, const void *val, size_t size);
int zx_conf_get(const struct zx_conf *conf, int option, void *val, size_t *size);

/* Helpers for option tables of patterns and contexts. */
int zx_opt_get_int(int value, void *val, size_t *size);          /* exactly 4 bytes */
int zx_opt_get_int_loose(int value, void *val, size_t *size);    /* at least 4, zero-filled */
int zx_opt_get_text(const char *text, void *val, size_t *size);  /* with NUL, zero-filled */
int zx_opt_get_blob(const struct zx_blob *b, void *val, size_t *size);
int zx_opt_take_int(const void *val, size_t size, int *out); /* exactly 4 bytes, else -EINVAL */
int zx_blob_set(struct zx_blob *b, const void *data, size_t size); /* copies; -ENOMEM */

#endif
