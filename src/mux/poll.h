/* SPDX-License-Identifier: MIT */
/*
 * zmq_poll over sockets and descriptors.
 *
 * What: looks at each item, drives what nobody drives, sleeps until one is ready.
 * Owner: the calling thread. Life: one call.
 * Never: holds two socket locks at once; sleeps with one held.
 */
#ifndef ZX_MUX_POLL_H
#define ZX_MUX_POLL_H

#include <signal.h>
#include <stdint.h>

#include "zmq.h"

/* Number of ready items, 0 on timeout, -ENOTSOCK, -ETERM, -EINTR, -EINVAL, -EFAULT. */
int zx_poll(zmq_pollitem_t *items, int n, long timeout_ms, const sigset_t *mask);

#endif
