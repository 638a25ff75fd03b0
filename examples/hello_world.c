/* SPDX-License-Identifier: MIT */
/*
 * Hello world: a client asks (REQ), a server answers (REP).
 *
 * REQ and REP take turns: send, receive, send, receive. Which of the two binds, and which is
 * started first, does not matter: a request waits until there is somebody to take it.
 */
#include "example.h"

#define REQUESTS 3

/* The server. In a program of its own it would make a context of its own. */
static void serve(void *socket) {
    for (int i = 0; i < REQUESTS; i++) {
        MUST(hears(socket, "Hello"));
        MUST(zmq_send(socket, "World", 5, 0) == 5);
    }
    /* What has been sent is still delivered after this: see ZMQ_LINGER. */
    zmq_close(socket);
}

int main(void) {
    char address[64];
    void *context = zmq_ctx_new();
    void *server = zmq_socket(context, ZMQ_REP);
    void *client = zmq_socket(context, ZMQ_REQ);

    MUST(server && client);
    bind_anywhere(server, address);
    void *thread = zmq_threadstart(serve, server); /* the socket is that thread's from now on */

    MUST(zmq_connect(client, address) == 0);
    for (int i = 0; i < REQUESTS; i++) {
        MUST(zmq_send(client, "Hello", 5, 0) == 5);
        MUST(hears(client, "World"));
        printf("request %d: World\n", i + 1);
    }

    zmq_threadclose(thread); /* waits for its end */
    zmq_close(client);
    MUST(zmq_ctx_term(context) == 0); /* waits until every socket is closed and sent out */
    return 0;
}
