/* SPDX-License-Identifier: MIT */
/*
 * What the operation tables of ws and wss share.
 *
 * What: the functions of tcp behind addresses with a path.
 * Owner, life: as core/transport.h says of every transport: no state, any thread.
 * Never: looks at the bytes of a connection.
 */
#ifndef ZX_TRANSPORTS_WS_H
#define ZX_TRANSPORTS_WS_H

#include "core/transport.h"

int zx_ws_check(const struct zx_conf *conf, const char *address, bool for_bind);
/* As zx_transport_ops.listen, for the scheme "ws" or "wss". */
int zx_ws_listen(const char *scheme, const struct zx_conf *conf, const char *address,
                 struct zx_iov text);
bool zx_ws_is_numeric(const struct zx_conf *conf, const char *address);
int zx_ws_resolve(const struct zx_conf *conf, const char *address, struct zx_addr *out, int max);
int zx_ws_connect(const struct zx_conf *conf, const char *address, const struct zx_addr *to,
                  int *fd);
int zx_ws_unlisten(const struct zx_conf *conf, const char *address, const char *text);
int zx_ws_accepted(const struct zx_conf *conf, int fd, const struct zx_addr *peer);
int zx_ws_connected(const struct zx_conf *conf, int fd);
void zx_ws_peer_text(int fd, char *buf, size_t size);
void zx_ws_local(const char *scheme, int fd, struct zx_iov text);
void zx_ws_remote(const char *scheme, int fd, struct zx_iov text);
bool zx_ws_same_bound(const struct zx_conf *conf, const char *typed, const char *bound);

#endif
