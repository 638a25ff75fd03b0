/* SPDX-License-Identifier: MIT */
/*
 * A poller: as zmq_poll, for sockets that stay registered. It tells which sockets are ready instead
 * of making the program look at each, and a wait costs the same however many sockets are idle.
 *
 * A draft call: libzmq has it only in builds with drafts.
 */
#define ZMQ_BUILD_DRAFT_API 1
#include "example.h"

#define SOURCES 8

int main(void) {
    char address[64];
    void *context = zmq_ctx_new();
    void *poller = zmq_poller_new();
    void *in[SOURCES], *out[SOURCES];
    int seen[SOURCES] = {0}, left = SOURCES;

    MUST(poller);
    for (int i = 0; i < SOURCES; i++) {
        in[i] = zmq_socket(context, ZMQ_PULL);
        out[i] = zmq_socket(context, ZMQ_PUSH);
        MUST(in[i] && out[i]);
        bind_anywhere(in[i], address);
        MUST(zmq_connect(out[i], address) == 0);
        /* The third argument comes back with each event: here the place in our own table. */
        MUST(zmq_poller_add(poller, in[i], &seen[i], ZMQ_POLLIN) == 0);
    }
    for (int i = SOURCES - 1; i >= 0; i--) MUST(zmq_send(out[i], "hello", 5, 0) == 5);

    while (left) {
        zmq_poller_event_t events[4];
        int count = zmq_poller_wait_all(poller, events, 4, 5000);
        MUST(count > 0);
        for (int i = 0; i < count; i++) {
            int *mark = events[i].user_data;
            MUST(hears(events[i].socket, "hello"));
            MUST(*mark == 0);
            *mark = 1;
            left--;
            printf("source %d\n", (int)(mark - seen));
        }
    }

    for (int i = 0; i < SOURCES; i++) {
        MUST(zmq_poller_remove(poller, in[i]) == 0); /* before the socket is closed */
        zmq_close(in[i]);
        zmq_close(out[i]);
    }
    MUST(zmq_poller_destroy(&poller) == 0);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
