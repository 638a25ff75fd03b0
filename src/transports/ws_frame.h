/* SPDX-License-Identifier: MIT */
/*
 * ZWS 2.0 frames (RFC 45 on RFC 6455) to and from a stream of ZMTP 3 frames.
 *
 * What: a decoder that turns what a WebSocket peer sends into the bytes of ZMTP frames, and an
 *   encoder for the other way. One ZMTP frame is one binary WebSocket message: a flags byte, then
 *   the body. Both take their input cut anywhere.
 * Owner: embedded in a connection; the holder of the link's word.
 * Life: init, any number of calls, fini. An error is final; `close_code` says what to tell the
 *   peer.
 * Never: knows a descriptor or a clock; stores what a peer merely announces (the parts of a
 *   fragmented message grow as they arrive, up to max_message); keeps a pointer into its input.
 */
#ifndef ZX_TRANSPORTS_WS_FRAME_H
#define ZX_TRANSPORTS_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum zx_ws_opcode {
    ZX_WS_CONTINUATION = 0,
    ZX_WS_TEXT = 1,
    ZX_WS_BINARY = 2,
    ZX_WS_CLOSE = 8,
    ZX_WS_PING = 9,
    ZX_WS_PONG = 10
};

/* RFC 6455, 7.4.1. */
enum zx_ws_close {
    ZX_WS_NORMAL = 1000,
    ZX_WS_GOING_AWAY = 1001,
    ZX_WS_PROTOCOL_ERROR = 1002,
    ZX_WS_UNSUPPORTED = 1003,
    ZX_WS_NO_CODE = 1005, /* a Close frame without a code; never sent */
    ZX_WS_POLICY = 1008,
    ZX_WS_TOO_BIG = 1009,
    ZX_WS_INTERNAL = 1011
};

enum {
    ZX_WS_CONTROL_MAX = 125,
    ZX_WS_HEAD_MAX = 14,
    ZX_WS_ZMTP_HEAD_MAX = 9
};

struct zx_ws_in {
    const uint8_t *data;
    size_t size;
};

struct zx_ws_out {
    uint8_t *data;
    size_t room;
};

struct zx_ws_decoder {
    bool from_client;    /* the peer must mask, else it must not */
    bool drop_commands;  /* ZWS2.0 without a mechanism */
    int64_t max_message; /* bytes of a message's body; < 0: none */
    size_t max_parts;    /* not 0: max_message is not known yet. Then what has to be held of a
                          * fragmented message is bounded by this, and each message is given
                          * out alone, so that max_message may come before the next. */
    uint16_t close_code; /* after an error */

    uint8_t phase, have, opcode, control_size;
    bool final, fragments, dropping;
    uint8_t head[ZX_WS_HEAD_MAX];
    uint8_t key[4];
    unsigned turn;           /* how far the key is rotated */
    uint64_t left;           /* of the payload */
    uint8_t zmtp[ZX_WS_ZMTP_HEAD_MAX]; /* the head to be given out */
    uint8_t zmtp_at, zmtp_size;
    uint8_t control[ZX_WS_CONTROL_MAX];
    struct zx_buf parts;     /* of a fragmented message */
};

/* What zx_ws_decode stopped at; errors are negative. */
enum {
    ZX_WS_MORE = 0, /* input used up, or no room left */
    ZX_WS_CONTROL = 1 /* d->opcode with control_size bytes in d->control */
};

void zx_ws_decoder_init(struct zx_ws_decoder *d, bool from_client);
void zx_ws_decoder_fini(struct zx_ws_decoder *d);
/* Moves both on. True input left with room left only after ZX_WS_CONTROL. -EPROTO, -EMSGSIZE,
 * -ENOMEM. */
int zx_ws_decode(struct zx_ws_decoder *d, struct zx_ws_in *in, struct zx_ws_out *out);
/* Something can be given out without any more input. */
bool zx_ws_decoder_has_output(const struct zx_ws_decoder *d);
/* The code of a received Close: ZX_WS_NO_CODE if it has none, 0 if it is not allowed to be, or its
 * reason is no UTF-8. */
unsigned zx_ws_close_code(const uint8_t *payload, size_t size);

struct zx_ws_encoder {
    bool is_client; /* masks */
    uint8_t have, turn, keys_left;
    uint8_t head[ZX_WS_ZMTP_HEAD_MAX];
    uint8_t key[4];
    uint64_t left;          /* of the frame's body */
    struct zx_buf waiting;  /* control frames until the frame under way has ended */
    uint8_t keys[256];      /* unguessable, drawn in advance (RFC 6455, 5.3) */
};

void zx_ws_encoder_init(struct zx_ws_encoder *e, bool is_client);
void zx_ws_encoder_fini(struct zx_ws_encoder *e);
/* Takes bytes of ZMTP frames and appends WebSocket frames. -ENOMEM, or no randomness is to be
 * had. */
int zx_ws_encode(struct zx_ws_encoder *e, const uint8_t *data, size_t size, struct zx_buf *out);
/* A control frame, now or behind the frame under way. At most ZX_WS_CONTROL_MAX bytes. */
int zx_ws_encode_control(struct zx_ws_encoder *e, enum zx_ws_opcode opcode,
                         const struct zx_ws_in *payload, struct zx_buf *out);

/* to = from ^ key, the key rotated by turn bytes. They may be the same. */
void zx_ws_mask(uint8_t *to, const uint8_t *from, size_t size, const uint8_t key[4],
                unsigned turn);

#endif
