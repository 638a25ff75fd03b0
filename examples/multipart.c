/* SPDX-License-Identifier: MIT */
/*
 * Messages of many parts, and messages whose size is not known beforehand: zmq_msg_t.
 *
 * zmq_recv cuts off what does not fit into its buffer. zmq_msg_recv gives the whole part, whatever
 * its size, and says whether another one follows.
 */
#include "example.h"

static const char *const parts[] = {"to", "", "a part may be empty, or long"};

static void forget(void *data, void *hint) {
    *(int *)hint = 1;
    free(data);
}

int main(void) {
    char address[64];
    zmq_msg_t part;
    size_t count = 0;
    int more = 1, freed = 0;
    void *context = zmq_ctx_new();
    void *push = zmq_socket(context, ZMQ_PUSH), *pull = zmq_socket(context, ZMQ_PULL);

    MUST(push && pull);
    bind_anywhere(pull, address);
    MUST(zmq_connect(push, address) == 0);

    for (size_t i = 0; i < 3; i++) { /* three parts, filled by us */
        MUST(zmq_msg_init_size(&part, strlen(parts[i])) == 0);
        memcpy(zmq_msg_data(&part), parts[i], strlen(parts[i]));
        MUST(zmq_msg_send(&part, push, ZMQ_SNDMORE) == (int)strlen(parts[i]));
        /* What was sent is the library's: no zmq_msg_close. */
    }
    /* A fourth without a copy: the library frees our memory when it needs it no more. */
    char *big = malloc(100000);
    MUST(big && memset(big, 'x', 100000));
    MUST(zmq_msg_init_data(&part, big, 100000, forget, &freed) == 0);
    MUST(zmq_msg_send(&part, push, 0) == 100000); /* the last part: no ZMQ_SNDMORE */

    MUST(zmq_msg_init(&part) == 0);
    for (; more; count++) {
        MUST(zmq_msg_recv(&part, pull, 0) >= 0); /* what it held before is freed */
        more = zmq_msg_more(&part);
        if (count < 3) {
            MUST(zmq_msg_size(&part) == strlen(parts[count]));
            MUST(memcmp(zmq_msg_data(&part), parts[count], strlen(parts[count])) == 0);
        }
        printf("part %zu has %zu bytes\n", count + 1, zmq_msg_size(&part));
    }
    MUST(count == 4 && zmq_msg_size(&part) == 100000);
    MUST(zmq_msg_close(&part) == 0); /* what was received is ours, and so is closing it */

    zmq_close(push);
    zmq_close(pull);
    MUST(zmq_ctx_term(context) == 0);
    MUST(freed == 1);
    return 0;
}
