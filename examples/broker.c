/* SPDX-License-Identifier: MIT */
/*
 * A broker that balances load: clients (REQ) and services (REP) know only the broker, which hands
 * requests to the services in turn and finds the way back for the answers.
 *
 *     REQ --> ROUTER  zmq_proxy  DEALER --> REP
 *     REQ --/                           \-> REP
 */
#include "example.h"

#define SERVICES 2
#define REQUESTS 10

struct broker {
    void *front, *back;
};

static void run_broker(void *arg) {
    struct broker *broker = arg;

    /* Goes on until the context is shut down; see steerable_proxy.c for another way. */
    MUST(zmq_proxy(broker->front, broker->back, NULL) == -1 && zmq_errno() == ETERM);
    zmq_close(broker->front);
    zmq_close(broker->back);
}

/* Answers each request with its own name. */
static void serve(void *socket) {
    char request[32], name[32];
    size_t size = sizeof name;

    MUST(zmq_getsockopt(socket, ZMQ_ROUTING_ID, name, &size) == 0);
    while (zmq_recv(socket, request, sizeof request, 0) >= 0)
        if (zmq_send(socket, name, size, 0) < 0) break;
    MUST(zmq_errno() == ETERM);
    zmq_close(socket);
}

int main(void) {
    char front_at[64], back_at[64];
    void *context = zmq_ctx_new(), *threads[SERVICES];
    struct broker broker = {zmq_socket(context, ZMQ_ROUTER), zmq_socket(context, ZMQ_DEALER)};
    void *client = zmq_socket(context, ZMQ_REQ);
    int answers[SERVICES] = {0};

    MUST(broker.front && broker.back && client);
    bind_anywhere(broker.front, front_at);
    bind_anywhere(broker.back, back_at);
    for (int i = 0; i < SERVICES; i++) {
        void *service = zmq_socket(context, ZMQ_REP);
        char name = (char)('A' + i);
        MUST(service && zmq_setsockopt(service, ZMQ_ROUTING_ID, &name, 1) == 0);
        MUST(zmq_connect(service, back_at) == 0);
        threads[i] = zmq_threadstart(serve, service);
    }
    void *broker_thread = zmq_threadstart(run_broker, &broker);

    MUST(zmq_connect(client, front_at) == 0);
    for (int i = 0; i < REQUESTS; i++) {
        char name;
        MUST(zmq_send(client, "who are you?", 12, 0) == 12);
        MUST(zmq_recv(client, &name, 1, 0) == 1 && name >= 'A' && name < 'A' + SERVICES);
        answers[name - 'A']++;
    }
    printf("A answered %d times, B %d times\n", answers[0], answers[1]);
    MUST(answers[0] + answers[1] == REQUESTS);

    zmq_close(client);
    zmq_ctx_shutdown(context); /* every call that waits gives ETERM */
    zmq_threadclose(broker_thread);
    for (int i = 0; i < SERVICES; i++) zmq_threadclose(threads[i]);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
