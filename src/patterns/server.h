/* SPDX-License-Identifier: MIT */
/*
 * SERVER, and what PEER has of it: any peer, each known by a number.
 *
 * What: fair queueing in, each message with its peer's number; out by number.
 * Owner: the socket's lock. Life: with its socket. Never: takes part of a message.
 */
#ifndef ZX_PATTERNS_SERVER_H
#define ZX_PATTERNS_SERVER_H

#include "core/socket.h"
#include "patterns/fairq.h"
#include "patterns/ids.h"

struct zx_server {
    struct zx_socket base;
    struct zx_fairq in;
    struct zx_ids peers;
};

static inline struct zx_server *zx_server_of(struct zx_socket *s) {
    return (struct zx_server *)(void *)s;
}

int zx_server_init(struct zx_socket *s);
void zx_server_fini(struct zx_socket *s);
int zx_server_attach(struct zx_socket *s, struct zx_pipe *p);
void zx_server_readable(struct zx_socket *s, struct zx_pipe *p);
void zx_server_lost(struct zx_socket *s, struct zx_pipe *p);
void zx_server_detach(struct zx_socket *s, struct zx_pipe *p);
int zx_server_send(struct zx_socket *s, struct zx_src *src);
int zx_server_recv(struct zx_socket *s, struct zx_sink *sink);
int zx_server_events(struct zx_socket *s);
int zx_server_numbered_peer(struct zx_socket *s, uint32_t number, struct zx_pipe **out);

#endif
