/* SPDX-License-Identifier: MIT */
/*
 * Connection metadata: the properties of READY, INITIATE and ZAP replies.
 *
 * What: (1) writer and bounded reader of the wire form
 *     [name length:1][name][value length:4, big-endian][value] ...
 *   (2) the checks a peer's properties must pass, and (3) struct zx_meta, the
 *   immutable set that received messages carry and zmq_msg_gets reads.
 * Owner: wire functions touch only their arguments. A zx_meta may be read and
 *   referenced by any thread; the count is atomic.
 * Life: zx_meta_new makes it with one reference; zx_meta_ref adds some,
 *   zx_meta_unref drops one and frees with the last. The set begins with a
 *   struct zx_ref, by which base/msg drops it without knowing what it is.
 * Never: changes a zx_meta after it was made; reads past the given size; keeps
 *   a pointer into its input beyond the call.
 *
 * Limits: name 0-255 bytes, value at most what is left of the block, at most
 * ZX_META_PROPS_MAX properties a block (more is -EPROTO).
 */
#ifndef ZX_ZMTP_METADATA_H
#define ZX_ZMTP_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZX_META_PROPS_MAX 1024u
#define ZX_ROUTING_ID_MAX 255u

/* ---- wire form --------------------------------------------------------- */

/* One property; the pointers borrow from the block it was read from. */
struct zx_meta_prop {
    const uint8_t *name;
    size_t name_size;
    const uint8_t *value;
    size_t value_size;
};

struct zx_meta_iter {
    const uint8_t *next;
    size_t left;
    unsigned count;
};

void zx_meta_iter_init(struct zx_meta_iter *iter, const uint8_t *block, size_t size);
/* 1: *prop holds the next property; 0: clean end of the block;
 * -EPROTO: truncated, a byte left over, or too many properties. */
int zx_meta_iter_next(struct zx_meta_iter *iter, struct zx_meta_prop *prop);
/* True if the property's name is exactly `name`. */
bool zx_meta_prop_is(const struct zx_meta_prop *prop, const char *name);
/* 0 if the whole block is well-formed, else -EPROTO. */
int zx_meta_check(const uint8_t *block, size_t size);

/* Bytes one property takes. */
size_t zx_meta_prop_size(size_t name_size, size_t value_size);
/* Writes one property; returns the bytes written, or 0 if the name is longer
 * than 255, the value longer than 2^31 - 1, or cap is too small. */
size_t zx_meta_prop_write(uint8_t *buf, size_t cap, const struct zx_meta_prop *prop);

/* Bytes of the block a socket announces: Socket-Type, Identity (for the types
 * that have it, empty if unset), then `extra` verbatim. */
struct zx_meta_own {
    int socket_type;
    const uint8_t *routing_id;
    size_t routing_id_size;
    const uint8_t *extra; /* encoded properties, sorted by name by their maker */
    size_t extra_size;
};
size_t zx_meta_own_size(const struct zx_meta_own *own);
/* Returns the bytes written, 0 if cap is too small or the type has no name. */
size_t zx_meta_own_write(uint8_t *buf, size_t cap, const struct zx_meta_own *own);

/* ---- a peer's announcement --------------------------------------------- */

/* What the handshake itself uses of the peer's block; borrows from the block. */
struct zx_meta_peer {
    int socket_type;           /* -1: not announced */
    const uint8_t *routing_id; /* NULL: none, or one that must not be used */
    size_t routing_id_size;
};

/* Checks the block and every Socket-Type in it against `local_type`; the last
 * Identity counts; longer than 255 bytes or starting with a zero byte it is
 * treated as absent. -EPROTO: malformed, or incompatible type. */
int zx_meta_peer_parse(struct zx_meta_peer *peer, const uint8_t *block, size_t size,
                       int local_type);

/* True for 1 to 255 bytes that do not start with a zero byte: those are for
 * generated ids. */
bool zx_routing_id_is_usable(const uint8_t *id, size_t size);

/* ---- the set a message carries ------------------------------------------ */

struct zx_meta;

/* Where the properties come from, in order of precedence (first wins):
 * peer address; ZAP's user id; ZAP's metadata (Identity and Socket-Type in it
 * are ignored); the peer's handshake properties (User-Id, Peer-Address and
 * names starting with "__" in it are ignored: a peer cannot pose as ours). */
struct zx_meta_source {
    const char *peer_address; /* NULL: unknown */
    int fd;                   /* -1: none; for ZMQ_SRCFD */
    bool has_user_id;
    const uint8_t *user_id;
    size_t user_id_size;
    const uint8_t *zap; /* encoded block, may be NULL with size 0 */
    size_t zap_size;
    const uint8_t *peer; /* encoded block, may be NULL with size 0 */
    size_t peer_size;
};

/* Makes *meta with one reference. -ENOMEM, or -EPROTO for a malformed block. */
int zx_meta_new(struct zx_meta **meta, const struct zx_meta_source *source);
/* Adds n references; NULL is allowed and does nothing. */
void zx_meta_ref(struct zx_meta *meta, unsigned n);
/* Drops one reference; NULL is allowed. */
void zx_meta_unref(struct zx_meta *meta);
/* Value of a property as a NUL-terminated string that lives as long as the
 * set, or NULL. Names are case-sensitive; "Routing-Id" and "Identity" each
 * find the other. meta may be NULL. */
const char *zx_meta_get(const struct zx_meta *meta, const char *name);
/* The descriptor given in the source, -1 if none or meta is NULL. */
int zx_meta_fd(const struct zx_meta *meta);

#endif
