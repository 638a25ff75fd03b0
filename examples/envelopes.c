/* SPDX-License-Identifier: MIT */
/*
 * Publishing with envelopes: the topic is a part of its own, in front of the data. Subscriptions
 * look at the first part only, so data are never taken for a topic, and need not be text.
 */
#include "example.h"

/* Sends an envelope and its letter: both arrive, or neither. */
static void publish(void *socket, const char *topic, const char *text) {
    MUST(zmq_send(socket, topic, strlen(topic), ZMQ_SNDMORE) >= 0);
    MUST(zmq_send(socket, text, strlen(text), 0) >= 0);
}

int main(void) {
    char address[64], subscription[8];
    void *context = zmq_ctx_new();
    void *publisher = zmq_socket(context, ZMQ_XPUB); /* a PUB that hears of subscriptions */
    void *subscriber = zmq_socket(context, ZMQ_SUB);

    MUST(publisher && subscriber);
    bind_anywhere(publisher, address);
    MUST(zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "B", 1) == 0);
    MUST(zmq_connect(subscriber, address) == 0);
    MUST(zmq_recv(publisher, subscription, sizeof subscription, 0) == 2); /* 1, 'B' */

    publish(publisher, "A", "B is not the topic here");
    publish(publisher, "B", "we want to see this");
    publish(publisher, "Berlin", "and this: topics match by their beginning");

    for (int i = 0; i < 2; i++) {
        char topic[16], text[64];
        int more, topic_size, text_size;
        size_t size = sizeof more;

        topic_size = zmq_recv(subscriber, topic, sizeof topic, 0);
        MUST(topic_size > 0 && topic[0] == 'B');
        /* Is there a part behind it? */
        MUST(zmq_getsockopt(subscriber, ZMQ_RCVMORE, &more, &size) == 0 && more);
        text_size = zmq_recv(subscriber, text, sizeof text, 0);
        MUST(text_size > 0 && text_size <= (int)sizeof text);
        printf("[%.*s] %.*s\n", topic_size, topic, text_size, text);
    }

    zmq_close(publisher);
    zmq_close(subscriber);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
