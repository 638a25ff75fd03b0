/* SPDX-License-Identifier: MIT */
/*
 * What most transports of streams do alike.
 *
 * What: steps between opening a descriptor and having it listen or connect, and stock entries of
 *   a transport's table for what a transport has nothing to say about.
 * Owner: nobody, no state; any thread. Life: none.
 * Never: knows an address's grammar; chooses options.
 */
#ifndef ZX_TRANSPORTS_STOCK_H
#define ZX_TRANSPORTS_STOCK_H

#include "core/transport.h"

/* How a transport writes an address, from "scheme://" on: 0 or -errno. */
#define ZX_STOCK_TEXT(f) int (*f)(const struct zx_addr *a, char *buf, size_t size)

/* A new descriptor, or the -errno of its opening, bound and listening: the descriptor, or -errno
 * and it is closed. addr NULL: the system has its address already. */
int zx_stock_listen(int fd, const struct zx_addr *addr, int backlog);
/* The same for one that is bound: adds the text of its address. */
int zx_stock_with_text(int fd, ZX_STOCK_TEXT(text), char *buf, size_t size);
/* ZMQ_USE_FD: bound and listening by the application. Only made non-blocking: the thread that
 * accepts has other connections to look after. */
int zx_stock_take_over(int fd, ZX_STOCK_TEXT(text), char *buf, size_t size);
/* As a transport's connect, from the opened descriptor (or its -errno) on. */
int zx_stock_connect(int fd, const struct zx_addr *to, int *out);

/* Texts of both ends of a connection, "" if there is none. */
void zx_stock_local(int fd, ZX_STOCK_TEXT(text), char *buf, size_t size);
void zx_stock_remote(int fd, ZX_STOCK_TEXT(text), char *buf, size_t size);

/* ---- entries of a table ----------------------------------------------------- */

int zx_stock_unlisten(const struct zx_conf *conf, const char *address, const char *text);
int zx_stock_accepted(const struct zx_conf *conf, int fd, const struct zx_addr *peer);
bool zx_stock_is_numeric(const struct zx_conf *conf, const char *address); /* always */
int zx_stock_connected(const struct zx_conf *conf, int fd);
void zx_stock_peer_text(int fd, char *buf, size_t size); /* "" */
bool zx_stock_same_bound(const struct zx_conf *conf, const char *typed, const char *bound);

#endif
