/* SPDX-License-Identifier: MIT */
/*
 * The frames of ZAP 1.0 (RFC 27): a question about a peer, and its answer.
 *
 * What: builds the frames of a request and checks those of a reply.
 * Owner: none; pure functions. Life: none; everything borrows from the arguments.
 * Never: sees a socket or a handler; decides what a status means: each mechanism's on_zap does.
 */
#ifndef ZX_SECURITY_ZAP_H
#define ZX_SECURITY_ZAP_H

#include "security/mechanism.h"

#define ZX_ZAP_ENDPOINT "inproc://zeromq.zap.01"

enum {
    ZX_ZAP_REQUEST_MAX = 7 + ZX_ZAP_CREDENTIALS_MAX,
    ZX_ZAP_REPLY_FRAMES = 7,
};

struct zx_zap_frame {
    const uint8_t *data;
    size_t size;
    bool more;
};

/* What a request says besides the mechanism's part. */
struct zx_zap_subject {
    const struct zx_blob *domain;   /* may be empty */
    const char *address;            /* the peer's, "" if unknown */
    const struct zx_blob *identity; /* routing id of the asking socket */
};

/* The frames to be sent, the delimiter first; returns their number. */
unsigned zx_zap_request_frames(struct zx_zap_frame out[ZX_ZAP_REQUEST_MAX],
                               const struct zx_zap_subject *subject,
                               const struct zx_zap_request *request);

/* Checks a whole message of n frames, of which only the first ZX_ZAP_REPLY_FRAMES need be there.
 * 0 and the reply, or -EPROTO and *proto_error (ZX_PERR_ZAP_*). */
int zx_zap_reply_parse(struct zx_zap_reply *reply, const struct zx_zap_frame *frames, unsigned n,
                       uint32_t *proto_error);

#endif
