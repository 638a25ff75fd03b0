/* SPDX-License-Identifier: MIT */
/*
 * Just enough io_uring by its system calls to measure it: send, recv, wait for one completion.
 *
 * Threads: one at a time. Life: uring_open() to uring_close(); leaves with 77 (skipped) where the
 * kernel has none. Never: more than URING_DEPTH operations at a time.
 */
#ifndef BENCH_URING_H
#define BENCH_URING_H

#include <linux/io_uring.h>
#include <sys/types.h>

#include "common.h"

#define URING_DEPTH 64u

struct uring {
    int fd;
    bool polls; /* a kernel thread takes the submissions */
    unsigned tail;    /* of the queue; the kernel sees it when the ring is waited on, so that */
    unsigned pending; /* a chain of links never reaches it in pieces */
    struct io_uring_params params;
    unsigned char *rings;
    size_t rings_size;
    struct io_uring_sqe *entries;
};

void uring_open(struct uring *ring, bool polls);
void uring_close(struct uring *ring);

/* Queue an operation. A linked send is done before the next operation starts. */
void uring_send(struct uring *ring, int fd, const void *data, size_t size, bool is_linked);
void uring_recv(struct uring *ring, int fd, void *data, size_t size, bool whole);
/* Submits what is queued, and waits for the next completion's result. */
ssize_t uring_wait(struct uring *ring);

#endif
