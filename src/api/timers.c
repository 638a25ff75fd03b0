/* SPDX-License-Identifier: MIT */
/* Timers. */
#include "api/api.h"
#include "mux/timers.h"

void *zmq_timers_new(void) {
    struct zx_timers *t = zx_timers_new();
    if (!t)
        errno = ENOMEM;
    return t;
}

int zmq_timers_destroy(void **timers_p) {
    if (!timers_p || !zx_timers_are_valid(*timers_p))
        return zx_api_result(-EFAULT);
    zx_timers_destroy(*timers_p);
    *timers_p = NULL;
    return 0;
}

int zmq_timers_add(void *timers, size_t interval, zmq_timer_fn handler, void *arg) {
    if (!zx_timers_are_valid(timers) || !handler)
        return zx_api_result(-EFAULT);
    return zx_api_result(zx_timers_add(timers, interval, handler, arg));
}

int zmq_timers_cancel(void *timers, int timer_id) {
    return zx_api_result(zx_timers_are_valid(timers) ? zx_timers_cancel(timers, timer_id)
                                                     : -EFAULT);
}

int zmq_timers_set_interval(void *timers, int timer_id, size_t interval) {
    return zx_api_result(zx_timers_are_valid(timers)
                             ? zx_timers_set_interval(timers, timer_id, interval)
                             : -EFAULT);
}

int zmq_timers_reset(void *timers, int timer_id) {
    return zx_api_result(zx_timers_are_valid(timers) ? zx_timers_reset(timers, timer_id)
                                                     : -EFAULT);
}

long zmq_timers_timeout(void *timers) {
    if (!zx_timers_are_valid(timers))
        return zx_api_result(-EFAULT);
    return zx_timers_timeout(timers);
}

int zmq_timers_execute(void *timers) {
    if (!zx_timers_are_valid(timers))
        return zx_api_result(-EFAULT);
    zx_timers_execute(timers);
    return 0;
}
