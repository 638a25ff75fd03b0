/* SPDX-License-Identifier: MIT */
/*
 * Timers, in the thread that waits for messages: zmq_timers_timeout says how long to wait at most,
 * zmq_timers_execute calls what is due. No thread is behind it.
 *
 * Draft calls: libzmq has them only in builds with drafts.
 */
#define ZMQ_BUILD_DRAFT_API 1
#include "example.h"

/* Called out of zmq_timers_execute, in the same thread. */
static void tick(int timer_id, void *arg) {
    int *ticks = arg;

    ++*ticks;
    printf("timer %d: tick %d\n", timer_id, *ticks);
}

int main(void) {
    int fast = 0, slow = 0;
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_PULL);
    void *timers = zmq_timers_new();

    MUST(socket && timers && zmq_bind(socket, "inproc://work") == 0);
    int fast_id = zmq_timers_add(timers, 10, tick, &fast); /* every 10 milliseconds */
    int slow_id = zmq_timers_add(timers, 60000, tick, &slow);
    MUST(fast_id >= 0 && slow_id >= 0);

    while (fast < 5) {
        zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
        /* Until a message comes, but not longer than until the next timer; -1 if there is none. */
        MUST(zmq_poll(&item, 1, zmq_timers_timeout(timers)) >= 0);
        MUST(zmq_timers_execute(timers) == 0);
    }
    MUST(slow == 0);

    MUST(zmq_timers_set_interval(timers, slow_id, 20) == 0); /* counts from now */
    MUST(zmq_timers_cancel(timers, fast_id) == 0);
    while (slow < 1) {
        MUST(zmq_poll(NULL, 0, zmq_timers_timeout(timers)) == 0); /* just waits */
        MUST(zmq_timers_execute(timers) == 0);
    }

    MUST(zmq_timers_destroy(&timers) == 0);
    zmq_close(socket);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
