/* SPDX-License-Identifier: MIT */
/*
 * Bare blocking stream sockets, the yardstick: what the kernel alone takes for the same work.
 *
 * Threads: stateless. Life: a descriptor is opened here and closed by its user. Never: touches
 * libzmq. Frames are those of ZMTP: flags, a length of 1 or 8 bytes, the body.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "common.h"

#define BARE_HEADER_MAX 9u

/* Opens the accepted (a: listens and tells the other side where) and the connecting end. */
int bare_accept(struct bench_side *side);
int bare_connect(struct bench_side *side);

void bare_write_all(int fd, const void *data, size_t size);
void bare_read_all(int fd, void *data, size_t size);

/* Size of the header of a body of `size` bytes, and the header itself. */
size_t bare_header(unsigned char header[BARE_HEADER_MAX], size_t size);

#endif
