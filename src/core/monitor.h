/* SPDX-License-Identifier: MIT */
/*
 * The monitor of a socket: events on an inproc channel, never blocking anybody.
 *
 * What: writes events to the producing end of a pipe whose reader is the application's
 *   PAIR (or SUB, PULL) socket; bounded, dropping and counting what nobody reads.
 * Owner: its own leaf lock. Life: zmq_socket_monitor to its stop, the socket's end, or
 *   the context's. Never: blocks; changes errno.
 */
#ifndef ZX_CORE_MONITOR_H
#define ZX_CORE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

struct zx_socket;
struct zx_monitor;

struct zx_event_text { /* either may be NULL */
    const char *local, *remote;
    bool connecting; /* version 1 shows the remote end then, the local one else */
};

/* Raises an event if the socket has a monitor that wants it. Any thread, any lock but
 * leaf locks. */
void zx_monitor_event(struct zx_socket *s, unsigned event, uint64_t value,
                      const struct zx_event_text *text);
/* zmq_socket_monitor; socket's lock held. endpoint NULL stops. 0, -EINVAL,
 * -EPROTONOSUPPORT, -ENOCOMPATPROTO, -EADDRINUSE, -EMFILE, -ENOMEM. */
int zx_monitor_start(struct zx_socket *s, const char *endpoint, uint64_t events, int version,
                     int type);
/* One ZMQ_EVENT_PIPES_STATS for each pipe; no lock held. 0, -ENOTSOCK, -EINVAL (no monitor, or not
 * for these), -EAGAIN (no pipes), -ENOMEM. */
int zx_monitor_pipes_stats(struct zx_socket *s);
void zx_monitor_stop(struct zx_socket *s);
/* With the last reference to the socket's slot. */
void zx_monitor_free(struct zx_socket *s);

#endif
