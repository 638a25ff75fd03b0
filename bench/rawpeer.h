/* SPDX-License-Identifier: MIT */
/*
 * A connection of bare sockets that speaks just enough ZMTP 3.0 (NULL, short frames of one part)
 * to stand in for a peer whose own cost must not depend on the library that is measured.
 *
 * Threads: one at a time. Life: rawpeer_connect() returns with the handshake done, rawpeer_close()
 * frees. Never: waits except in the handshake, rawpeer_fill() and a write into a full socket, nor
 * takes anything that is not a short frame of a message of one part.
 */
#ifndef BENCH_RAWPEER_H
#define BENCH_RAWPEER_H

#include "common.h"

#define RAWPEER_SHORT 256u
#define RAWPEER_ROOM 32768u

struct rawpeer {
    int fd;
    unsigned char *out; /* frames not yet written */
    size_t out_size;
    unsigned char *in; /* what was read and not yet taken */
    size_t in_begin;
    size_t in_end;
};

/* `endpoint` is tcp://address:port. */
void rawpeer_connect(struct rawpeer *peer, const char *endpoint, const char *type);
void rawpeer_close(struct rawpeer *peer);

/* Room for a body of `size` in the next frame, to be filled at once. */
unsigned char *rawpeer_frame(struct rawpeer *peer, size_t size);
void rawpeer_flush(struct rawpeer *peer);

/* One read of whatever has come. */
void rawpeer_fill(struct rawpeer *peer);
/* The next whole body that was read, or NULL. */
unsigned char *rawpeer_next(struct rawpeer *peer, size_t *size);

#endif
