/* SPDX-License-Identifier: MIT */
/*
 * The opening of a connection, from the first byte to the first message.
 *
 * What: greeting, version detection, downgraded openings (ZMTP 1.0, 2.0) and
 *   the mechanism's commands (ZMTP 3.x) as one object that takes bytes and
 *   gives bytes.
 * Owner: the link that made it, used only by the holder of the link's word.
 * Life: zx_hs_init on connect or accept; the link sends zx_hs_output whenever
 *   there is some and feeds what it reads until ZX_HS_DONE or an error, takes
 *   the results, then zx_hs_free. The mechanism may outlive it
 *   (zx_hs_take_mechanism).
 * Never: reads a clock, a descriptor or errno; calls back; consumes a byte of
 *   traffic; allocates what a peer merely announces.
 *
 *   phase      | meaning                            | left by
 *   -----------+------------------------------------+---------------------------
 *   GREETING   | version still unknown              | zx_hs_input
 *   IDENTITY   | 1.0 / 2.0: peer's identity frame   | zx_hs_input
 *   MECHANISM  | 3.x: commands                      | zx_hs_input
 *   ZAP        | the ZAP handler's answer is awaited | zx_hs_zap_reply, _failed
 *   WORK       | a step that may wait is due         | zx_hs_give_work
 *   HOLD       | the caller decides about the peer  | zx_hs_accept, zx_hs_refuse
 *   DONE       | traffic may flow                   | -
 *   FAILED     | flush output, then close           | -
 *
 * After a negative return the output may still hold an ERROR command: send it,
 * then close. Every further call returns the same error.
 */
#ifndef ZX_ZMTP_HANDSHAKE_H
#define ZX_ZMTP_HANDSHAKE_H

#include "zmtp/proto_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zx_hs;
struct zx_mech_work;
struct zx_mechanism;
struct zx_mechanism_ops;
struct zx_security_settings;
struct zx_meta;
struct zx_zap_reply;
struct zx_zap_request;

#define ZX_HS_MAX_COMMAND_DEFAULT 65536

/* Results of the calls that move a handshake on; errors are negative. */
enum {
    ZX_HS_MORE = 0,     /* all input consumed; feed more */
    ZX_HS_DONE = 1,     /* unconsumed input is traffic */
    ZX_HS_WAIT_ZAP = 2, /* ask ZAP (zx_hs_zap_request), then zx_hs_zap_reply */
    ZX_HS_HOLD = 3,     /* register the peer, then zx_hs_accept or zx_hs_refuse */
    ZX_HS_WAIT_WORK = 4, /* have the work done (zx_hs_take_work), then zx_hs_give_work */
};

/* Values of zx_hs_version. */
enum {
    ZX_ZMTP_UNKNOWN = -1,
    ZX_ZMTP_UNVERSIONED = 0, /* 1.0 framing, greeting-less peer */
    ZX_ZMTP_REV0 = 1,        /* 1.0 framing after a 12-byte greeting */
    ZX_ZMTP_2_0 = 2,
    ZX_ZMTP_3_0 = 30,
    ZX_ZMTP_3_1 = 31,
};

struct zx_hs_conf {
    int socket_type;
    const uint8_t *routing_id; /* at most 255 bytes; copied */
    size_t routing_id_size;
    const uint8_t *extra_meta; /* encoded properties, sorted by name; copied */
    size_t extra_meta_size;
    const struct zx_mechanism_ops *mechanism; /* NULL: the NULL mechanism */
    const struct zx_security_settings *settings; /* borrowed as long as the mechanism lives */
    int64_t max_command; /* largest handshake command; 0: the default. Not MAXMSGSIZE */
    bool as_server;      /* role in the mechanism, not the side that accepted */
    bool refuse_old;     /* close unversioned, rev 0 and 2.0 peers (security is on) */
    bool zap_domain;     /* ZMQ_ZAP_DOMAIN is not empty */
    bool zap_enforce;    /* ZMQ_ZAP_ENFORCE_DOMAIN */
    /* Our READY waits for the peer's and for zx_hs_accept. Set it on ACCEPTED
     * connections only: two of ours that both hold would wait for each other. */
    bool hold;
    /* No greeting is exchanged (ws): the stream starts with the mechanism's
     * commands in 3.x frames and the peer counts as 3.0: subscriptions are messages (libzmq
     * takes commands for none of its business there, sealed or not). */
    bool skip_greeting;
    bool bare; /* nor any mechanism (ZWS2.0): routing ids are exchanged as by a 2.0 peer */
};

/* Makes *hs with the first output in place (with skip_greeting also call
 * zx_hs_input with nothing: it may want ZAP at once). -EINVAL (routing id too
 * long, no such type, malformed extra_meta), -ENOMEM, or what the mechanism's
 * creation returned; *hs is NULL then. The conf need not outlive the call. */
int zx_hs_init(struct zx_hs **hs, const struct zx_hs_conf *conf);
/* Frees and clears; *hs may be NULL. */
void zx_hs_free(struct zx_hs **hs);

/* Bytes to send now, before any traffic; *size is 0 if none. Valid until the next
 * call on hs. */
const uint8_t *zx_hs_output(struct zx_hs *hs, size_t *size);
/* The first n bytes of the output were handed to the stream. */
void zx_hs_output_taken(struct zx_hs *hs, size_t n);

/* Feeds input. *consumed tells how much was taken, always all of it on
 * ZX_HS_MORE; on any other result the rest stays with the caller, to be fed
 * again later, or to be read as traffic after ZX_HS_DONE. size may be 0.
 * Errors: -EPROTO (the peer broke the protocol or refused us), -EMSGSIZE (a
 * command above max_command), -EACCES (ZAP refused the peer), -ENOMEM. None of
 * them but -ENOMEM is worth a reconnect. */
int zx_hs_input(struct zx_hs *hs, const uint8_t *data, size_t size, size_t *consumed);

/* Only in phase HOLD: emits what was held back. Returns as zx_hs_input does. */
int zx_hs_accept(struct zx_hs *hs);
/* Only in phase HOLD: fails with PROTOCOL / INVALID_METADATA. Returns -EPROTO. */
int zx_hs_refuse(struct zx_hs *hs);

/* Only in phase ZAP: what to ask. Pointers borrow from hs. */
void zx_hs_zap_request(const struct zx_hs *hs, struct zx_zap_request *request);
/* Only in phase ZAP: a well-formed answer, or none (status 0: no handler).
 * Returns as zx_hs_input does. The reply's bytes are copied. */
int zx_hs_zap_reply(struct zx_hs *hs, const struct zx_zap_reply *reply);
/* Only in phase ZAP: the answer was malformed (ZX_PERR_ZAP_*). Returns -EPROTO. */
int zx_hs_zap_failed(struct zx_hs *hs, uint32_t proto_error);

/* Only in phase WORK: a step that may wait for others, to be run by a thread that may; its owner
 * is the caller now. NULL if it was taken already. The settings must outlive it. */
struct zx_mech_work *zx_hs_take_work(struct zx_hs *hs);
/* It was run; hs takes it back. Returns as zx_hs_input does. */
int zx_hs_give_work(struct zx_hs *hs, struct zx_mech_work *work);

/* Which event, with which value, goes with the error returned last. */
struct zx_hs_error zx_hs_error(const struct zx_hs *hs);

/* ---- results: in phases HOLD and DONE ----------------------------------- */

int zx_hs_version(const struct zx_hs *hs);
/* Number of the announced Socket-Type, -1 if it said none (always -1 before
 * 3.0: the 2.0 type byte is not validated by anyone and not reported). */
int zx_hs_peer_type(const struct zx_hs *hs);
/* The peer's routing id; NULL and 0 if it has none or an unusable one. Borrows
 * from hs. */
const uint8_t *zx_hs_routing_id(const struct zx_hs *hs, size_t *size);
/* True if the peer will never send subscriptions (unversioned peer of a PUB or
 * XPUB): subscribe it to everything. */
bool zx_hs_subscribe_all(const struct zx_hs *hs);
/* Builds the metadata its messages carry; *meta is NULL for peers before 3.0.
 * peer_address may be NULL, fd -1. -ENOMEM. */
int zx_hs_meta(const struct zx_hs *hs, const char *peer_address, int fd, struct zx_meta **meta);
/* Hands over the mechanism if it transforms traffic (the caller destroys it
 * with zx_mechanism_free), else returns NULL. Only in phase DONE; afterwards
 * hs may still give results but takes no more input. */
struct zx_mechanism *zx_hs_take_mechanism(struct zx_hs *hs);

#endif
