/* SPDX-License-Identifier: MIT */
/*
 * Watching connections: a monitor is a PAIR socket on which a socket's events come in, each as two
 * parts: 6 bytes (a 16 bit event, a 32 bit value), and the address.
 */
#include "example.h"
#include <stdint.h>

/* Waits for an event, and prints those on the way. */
static void await(void *monitor, int wanted) {
    uint16_t event;

    do {
        uint8_t head[6];
        uint32_t value;
        char address[128] = "";
        MUST(zmq_recv(monitor, head, sizeof head, 0) == sizeof head);
        MUST(zmq_recv(monitor, address, sizeof address - 1, 0) >= 0);
        memcpy(&event, head, sizeof event); /* in the byte order of this machine */
        memcpy(&value, head + 2, sizeof value);
        const char *name = event == ZMQ_EVENT_ACCEPTED              ? "accepted"
                           : event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? "handshake succeeded"
                           : event == ZMQ_EVENT_DISCONNECTED        ? "disconnected"
                                                                    : "another event";
        printf("%s: %s, value %u\n", address, name, (unsigned)value);
    } while (event != wanted);
}

int main(void) {
    char address[64];
    void *context = zmq_ctx_new();
    void *server = zmq_socket(context, ZMQ_REP);
    void *client = zmq_socket(context, ZMQ_REQ);
    void *monitor = zmq_socket(context, ZMQ_PAIR);

    MUST(server && client && monitor);
    /* Events are sent to an inproc address of our choice, where we connect. */
    MUST(zmq_socket_monitor(server, "inproc://events", ZMQ_EVENT_ALL) == 0);
    MUST(zmq_connect(monitor, "inproc://events") == 0);

    bind_anywhere(server, address);
    MUST(zmq_connect(client, address) == 0);
    await(monitor, ZMQ_EVENT_ACCEPTED);
    await(monitor, ZMQ_EVENT_HANDSHAKE_SUCCEEDED); /* from here on messages flow */
    zmq_close(client);
    await(monitor, ZMQ_EVENT_DISCONNECTED);

    MUST(zmq_socket_monitor(server, NULL, 0) == 0); /* no more events */
    zmq_close(monitor);
    zmq_close(server);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
