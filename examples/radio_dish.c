/* SPDX-License-Identifier: MIT */
/*
 * RADIO and DISH: publishing to groups. A message belongs to one group, a name of up to 255 bytes,
 * and a DISH gets the messages of the groups it has joined: the whole name counts, not its
 * beginning.
 *
 * Draft types: libzmq has them only in builds with drafts.
 */
#define ZMQ_BUILD_DRAFT_API 1
#include "example.h"

static void broadcast(void *radio, const char *group, const char *text) {
    zmq_msg_t message;

    MUST(zmq_msg_init_buffer(&message, text, strlen(text)) == 0);
    MUST(zmq_msg_set_group(&message, group) == 0);
    MUST(zmq_msg_send(&message, radio, 0) == (int)strlen(text));
}

int main(void) {
    char address[64];
    zmq_msg_t message;
    int wait_ms = 10;
    void *context = zmq_ctx_new();
    void *radio = zmq_socket(context, ZMQ_RADIO);
    void *dish = zmq_socket(context, ZMQ_DISH);

    MUST(radio && dish);
    bind_anywhere(radio, address);
    MUST(zmq_join(dish, "sports") == 0); /* before or after connecting, and more than one */
    MUST(zmq_setsockopt(dish, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms) == 0);
    MUST(zmq_connect(dish, address) == 0);

    /*
     * A RADIO does not wait for anybody: what is sent before the DISH is there is gone. So it says
     * the same again and again until somebody has heard it.
     */
    MUST(zmq_msg_init(&message) == 0);
    for (int tries = 0; zmq_msg_recv(&message, dish, 0) < 0; tries++) {
        MUST(zmq_errno() == EAGAIN && tries < 1000);
        broadcast(radio, "politics", "an election");
        broadcast(radio, "sports", "1 to 0");
    }
    MUST(strcmp(zmq_msg_group(&message), "sports") == 0);
    printf("%s: %.*s\n", zmq_msg_group(&message), (int)zmq_msg_size(&message),
           (char *)zmq_msg_data(&message));
    MUST(zmq_msg_close(&message) == 0);

    MUST(zmq_leave(dish, "sports") == 0);
    zmq_close(radio);
    zmq_close(dish);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
