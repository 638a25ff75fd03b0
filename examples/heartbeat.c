/* SPDX-License-Identifier: MIT */
/*
 * Peers that vanish, and come back: heartbeats find out that a connection is dead although nobody
 * closed it, and a socket connects again by itself. Both are a matter of options, set before bind
 * and connect.
 */
#include "example.h"

static void set(void *socket, int option, int value) {
    MUST(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

static void *make_server(void *context, const char *where, char address[64]) {
    size_t size = 64;
    void *server = zmq_socket(context, ZMQ_REP);

    MUST(server && zmq_bind(server, where) == 0);
    MUST(zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, address, &size) == 0);
    set(server, ZMQ_RCVTIMEO, 100); /* receiving gives EAGAIN after 100 milliseconds */
    return server;
}

/*
 * What was on its way when the connection was lost is lost with it: a client that must have an
 * answer asks again. The server answers whatever has come.
 */
static void ask(void *client, void *server) {
    char question[8];
    int tries = 0;

    do {
        MUST(++tries < 100);
        MUST(zmq_send(client, "well?", 5, 0) == 5); /* waits until there is a connection */
        while (zmq_recv(server, question, sizeof question, 0) == 5)
            MUST(zmq_send(server, "yes", 3, 0) == 3);
    } while (!hears(client, "yes"));
    printf("asked %d times\n", tries);
}

int main(void) {
    char address[64], same[64];
    void *context = zmq_ctx_new();
    void *client = zmq_socket(context, ZMQ_REQ);
    void *server = make_server(context, "tcp://127.0.0.1:*", address);

    MUST(client);
    set(client, ZMQ_HEARTBEAT_IVL, 1000);     /* ask each second whether the peer is alive */
    set(client, ZMQ_HEARTBEAT_TIMEOUT, 3000); /* silent for so long: the connection is dead */
    set(client, ZMQ_HEARTBEAT_TTL, 5000);     /* and the peer may hold the same of us */
    set(client, ZMQ_RECONNECT_IVL, 10);       /* try again after 10 milliseconds, */
    set(client, ZMQ_RECONNECT_IVL_MAX, 500);  /* then 20, 40 and so on, at most 500 */
    set(client, ZMQ_RCVTIMEO, 100);           /* no answer in time: EAGAIN */
    set(client, ZMQ_REQ_RELAXED, 1);          /* a question may be asked again before its answer */
    set(client, ZMQ_REQ_CORRELATE, 1);        /* and answers to the former are not mistaken */
    set(client, ZMQ_LINGER, 0);               /* what cannot be sent does not keep us at the end */

    MUST(zmq_connect(client, address) == 0);
    ask(client, server);
    printf("the server is there\n");

    MUST(zmq_unbind(server, address) == 0); /* frees the port at once, and not some time later */
    zmq_close(server); /* the client notices; nothing has to be done in it */
    server = make_server(context, address, same);
    ask(client, server);
    printf("the server has been away, and is there again\n");

    zmq_close(client);
    zmq_close(server);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
