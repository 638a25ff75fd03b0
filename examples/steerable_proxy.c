/* SPDX-License-Identifier: MIT */
/*
 * A proxy that can be ended, paused, and asked for statistics: zmq_proxy_steerable obeys the
 * messages of a control socket.
 */
#include "example.h"
#include <stdint.h>

struct proxy {
    void *front, *back, *control;
};

static void run(void *arg) {
    struct proxy *proxy = arg;

    /* 0 when it was told to TERMINATE. */
    MUST(zmq_proxy_steerable(proxy->front, proxy->back, NULL, proxy->control) == 0);
    zmq_close(proxy->front);
    zmq_close(proxy->back);
    zmq_close(proxy->control);
}

int main(void) {
    char in[64], out[64];
    uint64_t statistics[8];
    void *context = zmq_ctx_new();
    struct proxy proxy = {zmq_socket(context, ZMQ_PULL), zmq_socket(context, ZMQ_PUSH),
                          zmq_socket(context, ZMQ_REP)};
    void *push = zmq_socket(context, ZMQ_PUSH), *pull = zmq_socket(context, ZMQ_PULL);
    void *control = zmq_socket(context, ZMQ_REQ);

    MUST(proxy.front && proxy.back && proxy.control && push && pull && control);
    bind_anywhere(proxy.front, in);
    bind_anywhere(proxy.back, out);
    MUST(zmq_bind(proxy.control, "inproc://control") == 0);
    MUST(zmq_connect(control, "inproc://control") == 0);
    void *thread = zmq_threadstart(run, &proxy);

    MUST(zmq_connect(push, in) == 0 && zmq_connect(pull, out) == 0);
    for (int i = 0; i < 5; i++) {
        MUST(zmq_send(push, "through", 7, 0) == 7);
        MUST(hears(pull, "through"));
    }

    MUST(zmq_send(control, "STATISTICS", 10, 0) == 10);
    for (int i = 0; i < 8; i++) /* eight parts */
        MUST(zmq_recv(control, &statistics[i], sizeof statistics[i], 0) == sizeof(uint64_t));
    printf("front: %u messages in; back: %u messages out\n", (unsigned)statistics[0],
           (unsigned)statistics[6]);
    MUST(statistics[0] == 5 && statistics[1] == 35 && statistics[6] == 5);

    /* PAUSE and RESUME, as the others, are answered when they are done. */
    MUST(zmq_send(control, "PAUSE", 5, 0) == 5 && hears(control, ""));
    MUST(zmq_send(control, "RESUME", 6, 0) == 6 && hears(control, ""));
    MUST(zmq_send(control, "TERMINATE", 9, 0) == 9 && hears(control, ""));
    zmq_threadclose(thread);
    printf("the proxy has ended\n");

    zmq_close(push);
    zmq_close(pull);
    zmq_close(control);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
