/* SPDX-License-Identifier: MIT */
/*
 * Pollers: many sockets and descriptors, told of once, waited for again and again.
 *
 * What: what zmq_poller_new returns. A wait looks at those members only that may have become
 *   ready since it last found them not so; what it costs does not depend on the idle ones.
 * Owner: a lock inside; any thread may call, several may wait at once.
 * Life: LIVE -> DEAD (destroy; a wait in another thread ends) -> its memory goes to the next
 *   poller, never to the system, so that a call with a stale handle finds a dead tag.
 * Never: holds its lock while it sleeps; keeps a context or a closed socket alive but while
 *   a thread waits that drives it.
 */
#ifndef ZX_MUX_POLLER_H
#define ZX_MUX_POLLER_H

#include "zmq.h"

struct zx_poller;
struct zx_socket;

struct zx_poller *zx_poller_new(void); /* NULL: no memory */
/* All: -EFAULT if p is no live poller, -EINTR in a forked child. */
int zx_poller_destroy(struct zx_poller *p);
int zx_poller_size(struct zx_poller *p);
/* -ENOTSOCK, -EINVAL (bits, or known already), -ENOMEM. */
int zx_poller_add(struct zx_poller *p, struct zx_socket *s, void *user_data, short events);
/* -ENOTSOCK, -EINVAL (bits, or unknown). */
int zx_poller_modify(struct zx_poller *p, struct zx_socket *s, short events);
int zx_poller_remove(struct zx_poller *p, struct zx_socket *s);
/* The same for descriptors; -EBADF for a negative one. */
int zx_poller_add_fd(struct zx_poller *p, int fd, void *user_data, short events);
int zx_poller_modify_fd(struct zx_poller *p, int fd, short events);
int zx_poller_remove_fd(struct zx_poller *p, int fd);
/* At most n events, in the order of registration. The number, at least 1; -EAGAIN, -ETERM,
 * -EINTR, -ENOTSOCK (a member was closed; it is told once and no member any more), -ENOMEM,
 * -EFAULT also if nothing can ever come. */
int zx_poller_wait(struct zx_poller *p, zmq_poller_event_t *events, int n, long timeout_ms);
/* -EINVAL: it never had a member; -EMFILE. */
int zx_poller_fd(struct zx_poller *p, int *fd);

#endif
