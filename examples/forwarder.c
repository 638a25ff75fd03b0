/* SPDX-License-Identifier: MIT */
/*
 * A forwarder: publishers and subscribers that do not know each other meet at a proxy.
 *
 *     PUB --> XSUB  zmq_proxy  XPUB --> SUB
 *     PUB --/                       \-> SUB
 *
 * XSUB and XPUB are SUB and PUB that show subscriptions as messages, so that the proxy passes them
 * on to the publishers, who then send only what somebody wants.
 */
#include "example.h"

struct forwarder {
    void *publishers, *subscribers;
};

static void forward(void *arg) {
    struct forwarder *forwarder = arg;

    MUST(zmq_proxy(forwarder->publishers, forwarder->subscribers, NULL) == -1);
    MUST(zmq_errno() == ETERM);
    zmq_close(forwarder->publishers);
    zmq_close(forwarder->subscribers);
}

int main(void) {
    char in[64], out[64], subscription[8];
    void *context = zmq_ctx_new();
    struct forwarder forwarder = {zmq_socket(context, ZMQ_XSUB), zmq_socket(context, ZMQ_XPUB)};
    void *subscriber = zmq_socket(context, ZMQ_SUB);
    /* An XPUB publishes like a PUB, and hears of subscriptions: so it knows when to begin. */
    void *publisher = zmq_socket(context, ZMQ_XPUB);

    MUST(forwarder.publishers && forwarder.subscribers && subscriber && publisher);
    bind_anywhere(forwarder.publishers, in);
    bind_anywhere(forwarder.subscribers, out);
    void *thread = zmq_threadstart(forward, &forwarder);

    MUST(zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "news", 4) == 0);
    MUST(zmq_connect(subscriber, out) == 0);
    MUST(zmq_connect(publisher, in) == 0);

    /* The subscription has come all the way: a byte 1 and the topic. */
    MUST(zmq_recv(publisher, subscription, sizeof subscription, 0) == 5);
    MUST(memcmp(subscription, "\1news", 5) == 0);
    MUST(zmq_send(publisher, "sports: 1 to 0", 14, 0) == 14); /* nobody wants it */
    MUST(zmq_send(publisher, "news: rain", 10, 0) == 10);
    MUST(hears(subscriber, "news: rain"));
    printf("news: rain\n");

    zmq_close(publisher);
    zmq_close(subscriber);
    zmq_ctx_shutdown(context); /* ends the proxy, with ETERM */
    zmq_threadclose(thread);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
