/* SPDX-License-Identifier: MIT */
/*
 * The frames that travel by multicast, and the messages made of them.
 *
 * What: frames have one of two headers, [len+1][flags] (OLD: pgm, and the stream to the link) or
 *   [flags][len] (NEW: norm), each with a long form. A reader of headers; a collector that
 *   turns frames into whole messages in the OLD form, so that a message of which a part is lost
 *   is never begun.
 * Owner: a carrier's thread.
 * Life: zero but for form and max; fini. After an error or a loss: reset, then the start of a
 *   message.
 * Never: keeps a byte of a message that is given up; takes a body larger than the limit.
 */
#ifndef ZX_TRANSPORTS_MCAST_FRAME_H
#define ZX_TRANSPORTS_MCAST_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum zx_mcast_form { ZX_MCAST_OLD, ZX_MCAST_NEW };

#define ZX_MCAST_HEAD_MAX 10u

struct zx_mcast_frame {
    uint64_t left; /* bytes of the body still to come */
    uint8_t head[ZX_MCAST_HEAD_MAX];
    uint8_t have; /* bytes of a header that is not complete */
    bool more;
};

/* Takes bytes of a header. 1: complete, f->left and f->more are set; 0: all taken, more needed;
 * -EPROTO. f->left must be 0 before. */
int zx_mcast_head(struct zx_mcast_frame *f, enum zx_mcast_form form, const uint8_t *data,
                  size_t size, size_t *used);
/* Writes a header; its size. size < UINT64_MAX. */
size_t zx_mcast_put_head(uint8_t head[ZX_MCAST_HEAD_MAX], enum zx_mcast_form form, uint64_t size,
                         bool more);

struct zx_mcast_collector {
    enum zx_mcast_form form; /* of what comes */
    int64_t max;             /* larger bodies are refused; < 0: none is */
    struct zx_mcast_frame f;
    struct zx_buf msg; /* the message so far, OLD form */
    bool in_frame;     /* its header is complete or begun */
    bool in_message;   /* frames of it follow */
};

/* Takes bytes up to the end of one frame at most. 1: a frame ended (in_message: others follow;
 * else the whole message was appended to out); 0: all taken; -EPROTO, -EMSGSIZE, -ENOMEM: to be
 * reset. */
int zx_mcast_collect(struct zx_mcast_collector *c, const uint8_t *data, size_t size,
                     size_t *used, struct zx_buf *out);
void zx_mcast_reset(struct zx_mcast_collector *c);
void zx_mcast_fini(struct zx_mcast_collector *c);

#endif
