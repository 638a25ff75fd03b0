/* SPDX-License-Identifier: MIT */
/*
 * inproc: names within a context, and the joining of sockets by them.
 *
 * What: who is bound to which name, and which connects still wait for one.
 * Owner: its own leaf lock. Life: with its context.
 * Never: locks a socket: the binder hears of a connecter by its inbox.
 */
#ifndef ZX_CORE_INPROC_H
#define ZX_CORE_INPROC_H

#include <stdbool.h>

struct zx_conf;
struct zx_dead;
struct zx_inproc;
struct zx_pipe;
struct zx_socket;

/* Who takes the binder's end of a new pipe pair: a socket, or a monitor. */
struct zx_binder {
    /* p is the binder's end, joined otherwise; takes over the reference. Called under the
     * registry's lock. */
    void (*on_connect)(struct zx_binder *b, struct zx_pipe *p);
    /* The connecter of p is leaving; under the registry's lock. NULL: hears of it by mail. */
    void (*on_leave)(struct zx_binder *b, struct zx_pipe *p);
    struct zx_socket *sock; /* socket binders: slot reference */
    struct zx_conf *conf;   /* as of the bind */
};

int zx_inproc_new(struct zx_inproc **out);
void zx_inproc_free(struct zx_inproc **ip);
/* Forgets connects that wait for a binder: the context terminates. */
void zx_inproc_cancel(struct zx_inproc *ip);

/* 0, -EADDRINUSE, -ENOMEM. Waiting connects are joined at once. What a connecter sent that the
 * binder refused goes to *dead. */
int zx_inproc_bind(struct zx_inproc *ip, const char *name, struct zx_binder *b,
                   struct zx_dead *dead);
/* The name is free afterwards; pipes made through it live on. */
void zx_inproc_unbind(struct zx_inproc *ip, const char *name, struct zx_binder *b);
/* Joins p (the connecter's end, its socket locked) to the binder of name, or lets it wait. */
int zx_inproc_connect(struct zx_inproc *ip, const char *name, struct zx_pipe *p);

/* Joins p, which has a link and no socket, to the binder of name if that can answer questions
 * (REP, ROUTER, SERVER); never waits for one. 0 or -ECONNREFUSED. */
int zx_inproc_ask(struct zx_inproc *ip, const char *name, struct zx_pipe *p, struct zx_dead *dead);

/* p's peer end, which no socket holds, loses its connecter: its binder forgets it. */
void zx_inproc_leave(struct zx_inproc *ip, struct zx_pipe *p);
/* The binder gives p up of itself: true if the reference is still its own to drop. */
bool zx_inproc_disown(struct zx_inproc *ip, struct zx_pipe *p);

/* Binders that are sockets. NULL: no memory. */
struct zx_binder *zx_binder_new(struct zx_socket *s);
void zx_binder_free(struct zx_binder *b);

#endif
