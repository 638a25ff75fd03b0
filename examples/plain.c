/* SPDX-License-Identifier: MIT */
/*
 * User names and passwords: the PLAIN mechanism, with a ZAP handler that decides who comes in.
 *
 * The handler is a REP socket bound to a fixed inproc address. For each connection to a PLAIN
 * server it is asked with one message, and answers with another; each is made of parts of fixed
 * order. PLAIN encrypts nothing: see curve.c for networks where somebody may listen.
 */
#include "example.h"

/* The parts of a question; one about PLAIN has the last two. */
enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, ROUTING_ID, MECHANISM, USER, PASSWORD, PARTS };

static void handle(void *handler) {
    char q[PARTS][256];
    int size;

    for (;;) {
        for (int i = 0; i < PARTS; i++) {
            size = zmq_recv(handler, q[i], sizeof q[i] - 1, 0);
            if (size < 0) { /* ETERM: the program ends */
                zmq_close(handler);
                return;
            }
            q[i][size] = 0;
        }
        int welcome = strcmp(q[USER], "admin") == 0 && strcmp(q[PASSWORD], "secret") == 0;
        const char *answer[] = {"1.0", q[REQUEST_ID], welcome ? "200" : "400",
                                welcome ? "OK" : "No such user", q[USER], ""};
        printf("%s asks to come in: %s\n", q[USER], answer[3]);
        for (int i = 0; i < 6; i++)
            MUST(zmq_send(handler, answer[i], strlen(answer[i]), i < 5 ? ZMQ_SNDMORE : 0) >= 0);
    }
}

static void *make_client(void *context, const char *password) {
    void *client = zmq_socket(context, ZMQ_REQ);

    MUST(client);
    MUST(zmq_setsockopt(client, ZMQ_PLAIN_USERNAME, "admin", 5) == 0);
    MUST(zmq_setsockopt(client, ZMQ_PLAIN_PASSWORD, password, strlen(password)) == 0);
    return client;
}

int main(void) {
    char address[64];
    unsigned char event[6];
    void *context = zmq_ctx_new();
    void *handler = zmq_socket(context, ZMQ_REP), *server = zmq_socket(context, ZMQ_REP);
    void *client = make_client(context, "secret"), *intruder = make_client(context, "guess");
    void *monitor = zmq_socket(context, ZMQ_PAIR);

    MUST(handler && zmq_bind(handler, "inproc://zeromq.zap.01") == 0);
    void *thread = zmq_threadstart(handle, handler);
    MUST(server && zmq_setsockopt(server, ZMQ_PLAIN_SERVER, &(int){1}, sizeof(int)) == 0);
    bind_anywhere(server, address);

    MUST(zmq_connect(client, address) == 0);
    MUST(zmq_send(client, "may I?", 6, 0) == 6);
    MUST(hears(server, "may I?") && zmq_send(server, "yes", 3, 0) == 3);
    MUST(hears(client, "yes"));

    /* A client that is refused gets no connection; a monitor tells it (see monitor.c). */
    MUST(zmq_socket_monitor(intruder, "inproc://m", ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) == 0);
    MUST(monitor && zmq_connect(monitor, "inproc://m") == 0);
    MUST(zmq_connect(intruder, address) == 0);
    MUST(zmq_recv(monitor, event, sizeof event, 0) == sizeof event);

    zmq_close(client);
    zmq_close(intruder);
    zmq_close(monitor);
    zmq_close(server);
    zmq_ctx_shutdown(context); /* the handler goes last */
    zmq_threadclose(thread);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
