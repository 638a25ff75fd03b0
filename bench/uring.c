/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "uring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { IDLE_MS = 50 };

/* A word that the kernel shares. */
static atomic_uint *word(const struct uring *ring, uint32_t offset)
{
    return (atomic_uint *) (void *) (ring->rings + offset);
}

void uring_open(struct uring *ring, bool polls)
{
    struct io_uring_params *params = &ring->params;
    size_t sq_size;
    size_t cq_size;

    memset(ring, 0, sizeof *ring);
    ring->polls = polls;
    if (polls) {
        params->flags = IORING_SETUP_SQPOLL;
        params->sq_thread_idle = IDLE_MS;
    }
    ring->fd = (int) syscall(SYS_io_uring_setup, URING_DEPTH, params);
    if (ring->fd < 0 || !(params->features & IORING_FEAT_SINGLE_MMAP)) {
        fprintf(stderr, "SKIP: this kernel has no io_uring (errno %d)\n", errno);
        exit(77);
    }
    sq_size = params->sq_off.array + params->sq_entries * sizeof(unsigned);
    cq_size = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
    ring->rings_size = sq_size > cq_size ? sq_size : cq_size;
    ring->rings = mmap(NULL, ring->rings_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                       ring->fd, IORING_OFF_SQ_RING);
    BENCH_CHECK(ring->rings != MAP_FAILED);
    ring->entries = mmap(NULL, params->sq_entries * sizeof *ring->entries, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
    BENCH_CHECK(ring->entries != MAP_FAILED);
}

void uring_close(struct uring *ring)
{
    munmap(ring->entries, ring->params.sq_entries * sizeof *ring->entries);
    munmap(ring->rings, ring->rings_size);
    close(ring->fd);
}

static struct io_uring_sqe *next_entry(struct uring *ring)
{
    const struct io_sqring_offsets *off = &ring->params.sq_off;
    const unsigned at = ring->tail & (ring->params.sq_entries - 1);
    struct io_uring_sqe *entry = &ring->entries[at];

    BENCH_CHECK(ring->pending < URING_DEPTH);
    memset(entry, 0, sizeof *entry);
    atomic_store_explicit(word(ring, off->array) + at, at, memory_order_relaxed);
    ring->tail++;
    ring->pending++;
    return entry;
}

void uring_send(struct uring *ring, int fd, const void *data, size_t size, bool is_linked)
{
    struct io_uring_sqe *entry = next_entry(ring);

    entry->opcode = IORING_OP_SEND;
    entry->fd = fd;
    entry->addr = (uint64_t) (uintptr_t) data;
    entry->len = (uint32_t) size;
    entry->msg_flags = MSG_WAITALL;
    entry->flags = is_linked ? IOSQE_IO_LINK : 0;
}

void uring_recv(struct uring *ring, int fd, void *data, size_t size, bool whole)
{
    struct io_uring_sqe *entry = next_entry(ring);

    entry->opcode = IORING_OP_RECV;
    entry->fd = fd;
    entry->addr = (uint64_t) (uintptr_t) data;
    entry->len = (uint32_t) size;
    entry->msg_flags = whole ? MSG_WAITALL : 0;
}

static void enter(struct uring *ring)
{
    const unsigned submit = ring->polls ? 0 : ring->pending;
    unsigned flags = IORING_ENTER_GETEVENTS;

    if (ring->polls) {
        atomic_thread_fence(memory_order_seq_cst);
        const unsigned state = atomic_load_explicit(word(ring, ring->params.sq_off.flags),
                                                    memory_order_relaxed);
        flags |= state & IORING_SQ_NEED_WAKEUP ? IORING_ENTER_SQ_WAKEUP : 0;
    }
    const long rc = syscall(SYS_io_uring_enter, ring->fd, submit, 1, flags, NULL, 0);
    BENCH_CHECK(rc >= 0 || errno == EINTR);
    ring->pending -= rc > 0 && !ring->polls ? (unsigned) rc : 0;
}

ssize_t uring_wait(struct uring *ring)
{
    const struct io_cqring_offsets *off = &ring->params.cq_off;
    atomic_uint *head = word(ring, off->head);
    const unsigned at = atomic_load_explicit(head, memory_order_relaxed);
    const struct io_uring_cqe *done;
    int result;

    atomic_store_explicit(word(ring, ring->params.sq_off.tail), ring->tail, memory_order_release);
    while (atomic_load_explicit(word(ring, off->tail), memory_order_acquire) == at) {
        enter(ring);
    }
    done = (const struct io_uring_cqe *) (const void *) (ring->rings + off->cqes)
           + (at & (ring->params.cq_entries - 1));
    result = done->res;
    atomic_store_explicit(head, at + 1, memory_order_release);
    if (ring->polls && ring->pending) {
        ring->pending--;
    }
    errno = result < 0 ? -result : 0;
    return result < 0 ? -1 : result;
}
