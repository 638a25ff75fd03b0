/* SPDX-License-Identifier: MIT */
/*
 * An asynchronous server: clients (DEALER) send as many requests as they like without waiting; the
 * server (ROUTER) answers each client by its address, in whatever order suits it.
 *
 * What a ROUTER receives begins with a part it puts in front: the routing id of who sent it. What
 * it sends begins with the routing id of who shall get it.
 */
#include "example.h"

#define CLIENTS 3
#define REQUESTS 4

static void serve(void *router) {
    char ids[CLIENTS * REQUESTS][8], bodies[CLIENTS * REQUESTS][32];
    int count = CLIENTS * REQUESTS, id_sizes[CLIENTS * REQUESTS], sizes[CLIENTS * REQUESTS];

    for (int i = 0; i < count; i++) {
        id_sizes[i] = zmq_recv(router, ids[i], sizeof ids[i], 0);
        sizes[i] = zmq_recv(router, bodies[i], sizeof bodies[i], 0);
        MUST(id_sizes[i] > 0 && sizes[i] > 0);
    }
    /* The last shall be first: nobody minds the order. */
    for (int i = count - 1; i >= 0; i--) {
        MUST(zmq_send(router, ids[i], (size_t)id_sizes[i], ZMQ_SNDMORE) >= 0);
        MUST(zmq_send(router, bodies[i], (size_t)sizes[i], 0) >= 0);
    }
    zmq_close(router);
}

int main(void) {
    char address[64], text[32];
    void *context = zmq_ctx_new();
    void *router = zmq_socket(context, ZMQ_ROUTER);
    void *clients[CLIENTS];

    MUST(router);
    bind_anywhere(router, address);
    void *thread = zmq_threadstart(serve, router);

    for (int i = 0; i < CLIENTS; i++) {
        char name[8];
        clients[i] = zmq_socket(context, ZMQ_DEALER);
        MUST(clients[i]);
        /* Optional: without it the ROUTER makes up an id for the connection. */
        snprintf(name, sizeof name, "dave-%d", i);
        MUST(zmq_setsockopt(clients[i], ZMQ_ROUTING_ID, name, strlen(name)) == 0);
        MUST(zmq_connect(clients[i], address) == 0);
        for (int k = 0; k < REQUESTS; k++) {
            snprintf(text, sizeof text, "request %d of %s", k, name);
            MUST(zmq_send(clients[i], text, strlen(text), 0) > 0);
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        for (int k = REQUESTS - 1; k >= 0; k--) {
            snprintf(text, sizeof text, "request %d of dave-%d", k, i);
            MUST(hears(clients[i], text)); /* each gets its own, and only those */
            printf("answered: %s\n", text);
        }
        zmq_close(clients[i]);
    }
    zmq_threadclose(thread);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
