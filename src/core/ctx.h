/* SPDX-License-Identifier: MIT */
/*
 * A context: its I/O threads, its sockets, its inproc names.
 *
 * What: what zmq_ctx_new returns. Owner: `lock` guards everything but the atomics; it is a
 *   leaf: taken with a socket's lock held, and no socket is locked under it.
 * Life: NEW (options may change) -> RUNNING (first socket) -> STOPPING (shutdown or term:
 *   sockets answer ETERM) -> freed by zmq_ctx_term when every socket's slot is gone.
 * Never: locks a socket: termination is told to sockets by attention bits.
 */
#ifndef ZX_CORE_CTX_H
#define ZX_CORE_CTX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/ctx_options.h"
#include "core/lock.h"
#include "os/os.h"

struct zx_io;
struct zx_socket;
struct zx_inproc;
struct zx_conf;

#define ZX_CTX_LIVE 0xabadcafeu
#define ZX_CTX_DEAD 0xdeadbeefu

enum { ZX_CTX_EVENTS = 8, ZX_CTX_TYPES = 21 };

struct zx_ctx {
    atomic_uint tag;
    struct zx_mutex lock;
    struct zx_ctx_conf conf;
    struct zx_io **ios;
    unsigned n_ios;
    bool running, stopping;
    struct zx_socket *sockets;   /* LIVE ones */
    unsigned n_open;             /* sockets counted against MAX_SOCKETS */
    atomic_uint alive;           /* slots not yet free: what term waits for; futex word */
    int max_sockets;             /* as of the first socket */
    atomic_int spin_us;
    uint32_t fork_gen;
    struct zx_inproc *inproc;
    struct zx_conf *defaults[ZX_CTX_TYPES]; /* shared by sockets that set nothing */
    struct {
        struct zx_mutex lock; /* leaf */
        struct zx_event *v[ZX_CTX_EVENTS];
        unsigned n;
    } events; /* wake-up descriptors lent to sleeping threads */
};

struct zx_ctx *zx_ctx_new(int *err);
/* 0, -EFAULT, -EINTR. */
int zx_ctx_term(struct zx_ctx *ctx);
int zx_ctx_shutdown(struct zx_ctx *ctx);
bool zx_ctx_is_valid(const struct zx_ctx *ctx);
int zx_ctx_set(struct zx_ctx *ctx, int option, const void *val, size_t size);
int zx_ctx_get(struct zx_ctx *ctx, int option, void *val, size_t *size);

/* A reference to the default options of a socket type here. NULL: no memory. */
struct zx_conf *zx_ctx_defaults(struct zx_ctx *ctx, int type);

/* 0, -ETERM, or -EMFILE when no further socket would be counted in. */
int zx_ctx_has_place(struct zx_ctx *ctx);
/* Counts a socket in and starts the threads with the first; 0, -ETERM, -EMFILE, -EAGAIN. */
int zx_ctx_add_socket(struct zx_ctx *ctx, struct zx_socket *s);
/* A monitor counts against MAX_SOCKETS too. 0 or -EMFILE. */
int zx_ctx_count_hidden(struct zx_ctx *ctx, int delta);
/* zmq_close: no longer listed, the name slot is free again. */
void zx_ctx_drop_socket(struct zx_ctx *ctx, struct zx_socket *s);
/* The slot is free: the last thing that is done to a socket. */
void zx_ctx_slot_gone(struct zx_ctx *ctx);
/* Least loaded I/O thread that the mask allows; NULL: none (EMTHREAD). */
struct zx_io *zx_ctx_choose_io(struct zx_ctx *ctx, uint64_t affinity);
void zx_ctx_flush_dirty(struct zx_ctx *ctx);
int zx_ctx_spin_us(const struct zx_ctx *ctx);
/* Lends a wake-up descriptor. 0 or -EMFILE. */
int zx_ctx_borrow_event(struct zx_ctx *ctx, struct zx_event **ev);
void zx_ctx_return_event(struct zx_ctx *ctx, struct zx_event *ev);

#endif
