/* SPDX-License-Identifier: MIT */
/*
 * Weather: a station publishes (PUB), whoever is interested subscribes (SUB).
 *
 * A message is delivered to those who subscribed to its beginning, here a zip code. The station
 * does not know who listens, does not wait for anybody, and what is sent while nobody listens is
 * gone: so a subscriber that comes late gets what is published from then on.
 */
#include "example.h"

struct station {
    void *updates; /* PUB */
    void *stop;    /* PAIR: tells it to go home */
};

static void run_station(void *arg) {
    struct station *station = arg;
    char line[64], order[8];
    int zip = 10000;

    /* Without ZMQ_DONTWAIT the call would wait for an order. */
    while (zmq_recv(station->stop, order, sizeof order, ZMQ_DONTWAIT) < 0) {
        zip = zip == 10009 ? 10000 : zip + 1;
        int size = snprintf(line, sizeof line, "%d %d degrees", zip, zip % 40 - 10);
        MUST(zmq_send(station->updates, line, (size_t)size, 0) == size);
    }
    zmq_close(station->updates);
    zmq_close(station->stop);
}

int main(void) {
    const char *wanted = "10001 ";
    char address[64], line[64];
    void *context = zmq_ctx_new();
    struct station station = {zmq_socket(context, ZMQ_PUB), zmq_socket(context, ZMQ_PAIR)};
    void *listener = zmq_socket(context, ZMQ_SUB);
    void *stop = zmq_socket(context, ZMQ_PAIR);

    MUST(station.updates && station.stop && listener && stop);
    bind_anywhere(station.updates, address);
    MUST(zmq_bind(station.stop, "inproc://stop") == 0);
    MUST(zmq_connect(stop, "inproc://stop") == 0);
    void *thread = zmq_threadstart(run_station, &station);

    /* Without a subscription a SUB receives nothing; "" would be a subscription to everything. */
    MUST(zmq_setsockopt(listener, ZMQ_SUBSCRIBE, wanted, strlen(wanted)) == 0);
    MUST(zmq_connect(listener, address) == 0);
    for (int i = 0; i < 5; i++) {
        int size = zmq_recv(listener, line, sizeof line - 1, 0);
        MUST(size > 0 && size < (int)sizeof line);
        line[size] = 0;
        MUST(strncmp(line, wanted, strlen(wanted)) == 0); /* others' weather does not come */
        printf("%s\n", line);
    }

    MUST(zmq_send(stop, "stop", 4, 0) == 4);
    zmq_threadclose(thread);
    zmq_close(listener);
    zmq_close(stop);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
