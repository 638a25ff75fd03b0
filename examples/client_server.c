/* SPDX-License-Identifier: MIT */
/*
 * CLIENT and SERVER: requests and answers without taking turns and without envelopes. A message a
 * SERVER received carries a number, the routing id, that leads the answer back. Both types may be
 * used from many threads at a time, on libzmq too.
 *
 * Draft types: libzmq has them only in builds with drafts.
 */
#define ZMQ_BUILD_DRAFT_API 1
#include "example.h"

#define REQUESTS 3

static void serve(void *server) {
    for (int i = 0; i < REQUESTS; i++) {
        zmq_msg_t request, answer;
        MUST(zmq_msg_init(&request) == 0);
        MUST(zmq_msg_recv(&request, server, 0) >= 0);

        MUST(zmq_msg_init_buffer(&answer, "pong", 4) == 0);
        /* Whose it is. It could be kept, to answer later, from another thread, or many times. */
        MUST(zmq_msg_set_routing_id(&answer, zmq_msg_routing_id(&request)) == 0);
        MUST(zmq_msg_send(&answer, server, 0) == 4);
        MUST(zmq_msg_close(&request) == 0);
    }
    zmq_close(server);
}

int main(void) {
    char address[64];
    void *context = zmq_ctx_new();
    void *server = zmq_socket(context, ZMQ_SERVER);
    void *client = zmq_socket(context, ZMQ_CLIENT);

    MUST(server && client);
    bind_anywhere(server, address);
    MUST(zmq_connect(client, address) == 0);
    void *thread = zmq_threadstart(serve, server);

    /* No turns to keep: all questions first, then all answers. */
    for (int i = 0; i < REQUESTS; i++) MUST(zmq_send(client, "ping", 4, 0) == 4);
    for (int i = 0; i < REQUESTS; i++) {
        MUST(hears(client, "pong"));
        printf("pong\n");
    }

    zmq_threadclose(thread);
    zmq_close(client);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
