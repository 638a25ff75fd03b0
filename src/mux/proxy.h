/* SPDX-License-Identifier: MIT */
/*
 * Proxies: carry messages between two sockets until told to stop.
 *
 * What: turns of whole messages, front to back and back to front; a copy of each frame to the
 *   capture socket; commands from the control socket.
 * Owner: the calling thread. While it moves messages it holds the locks of front, back and
 *   capture, taken in the order of their addresses; nobody else locks two sockets.
 * Life: one call.
 * Never: takes a message that the other side has no room for; sleeps with a lock held; looks
 *   into messages; closes a socket.
 */
#ifndef ZX_MUX_PROXY_H
#define ZX_MUX_PROXY_H

struct zx_socket;

struct zx_proxy_ends {
    struct zx_socket *front, *back;
    struct zx_socket *capture, *control; /* either may be NULL */
};

/* 0 after TERMINATE, else -ETERM, -EINTR, -ENOTSOCK, or what sending and receiving say. */
int zx_proxy(const struct zx_proxy_ends *ends);

#endif
