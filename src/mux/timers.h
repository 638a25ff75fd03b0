/* SPDX-License-Identifier: MIT */
/*
 * A set of timers that the application runs itself.
 *
 * What: what zmq_timers_new returns: a heap by the time of expiry, a table by id.
 * Owner: one thread at a time; there is no lock.
 * Life: new, destroy. A handler may destroy the set that runs it: it is freed when that
 *   call of execute ends.
 * Never: runs a timer twice in one execute; calls anything but the handlers.
 */
#ifndef ZX_MUX_TIMERS_H
#define ZX_MUX_TIMERS_H

#include <stdbool.h>
#include <stddef.h>

#include "zmq.h"

struct zx_timers;

struct zx_timers *zx_timers_new(void); /* NULL: no memory */
bool zx_timers_are_valid(const struct zx_timers *t);
void zx_timers_destroy(struct zx_timers *t);
/* The id, 1 and up, never used again; -ENOMEM. */
int zx_timers_add(struct zx_timers *t, size_t interval_ms, zmq_timer_fn *fn, void *arg);
int zx_timers_cancel(struct zx_timers *t, int id); /* 0, -EINVAL: unknown */
/* Expires next one interval from now. 0, -EINVAL. */
int zx_timers_set_interval(struct zx_timers *t, int id, size_t interval_ms);
int zx_timers_reset(struct zx_timers *t, int id);
/* Milliseconds until the next one is due, rounded up; -1: there is none. */
long zx_timers_timeout(const struct zx_timers *t);
/* Runs what is due now. Within a handler it does nothing. */
void zx_timers_execute(struct zx_timers *t);

#endif
