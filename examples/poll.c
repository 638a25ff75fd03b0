/* SPDX-License-Identifier: MIT */
/*
 * Several sources, one thread: zmq_poll waits until any of the sockets, or of other descriptors,
 * has something.
 */
#include "example.h"

int main(void) {
    char tasks_at[64], news_at[64], subscription[8];
    void *context = zmq_ctx_new();
    void *tasks = zmq_socket(context, ZMQ_PULL), *giver = zmq_socket(context, ZMQ_PUSH);
    void *news = zmq_socket(context, ZMQ_SUB), *station = zmq_socket(context, ZMQ_XPUB);
    int got_task = 0, got_news = 0;

    MUST(tasks && giver && news && station);
    bind_anywhere(giver, tasks_at);
    bind_anywhere(station, news_at);
    MUST(zmq_connect(tasks, tasks_at) == 0);
    MUST(zmq_setsockopt(news, ZMQ_SUBSCRIBE, "", 0) == 0);
    MUST(zmq_connect(news, news_at) == 0);

    zmq_pollitem_t items[] = {
        {.socket = tasks, .events = ZMQ_POLLIN},
        {.socket = news, .events = ZMQ_POLLIN},
        /* {.fd = STDIN_FILENO, .events = ZMQ_POLLIN} would wait for the keyboard too. */
    };
    MUST(zmq_poll(items, 2, 0) == 0); /* 0: do not wait; nothing is there yet */

    MUST(zmq_send(giver, "task", 4, 0) == 4);
    MUST(zmq_recv(station, subscription, sizeof subscription, 0) == 1); /* somebody listens */
    MUST(zmq_send(station, "news", 4, 0) == 4);
    while (!got_task || !got_news) {
        MUST(zmq_poll(items, 2, 5000) > 0); /* milliseconds; -1: for ever */
        if (items[0].revents & ZMQ_POLLIN) {
            MUST(hears(tasks, "task"));
            printf("a task\n");
            got_task = 1;
        }
        if (items[1].revents & ZMQ_POLLIN) {
            MUST(hears(news, "news"));
            printf("some news\n");
            got_news = 1;
        }
    }

    zmq_close(tasks);
    zmq_close(giver);
    zmq_close(news);
    zmq_close(station);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
