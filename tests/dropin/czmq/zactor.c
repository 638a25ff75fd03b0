/* SPDX-License-Identifier: MIT */
/* zactor: threads at the ends of inproc pipes, many at once, ended by destroying them. */
#include "scene.h"

#define ACTORS 50

static void worker(zsock_t *pipe, void *arg) {
    zsock_t *push = zsock_new_push(">inproc://results");
    int number = (int)(intptr_t)arg;
    bool ends = false;
    zsock_signal(pipe, 0);
    while (!ends) {
        zmsg_t *msg = zmsg_recv(pipe);
        char *command = zmsg_popstr(msg);
        ends = streq(command, "$TERM");
        if (streq(command, "WORK")) {
            zsock_send(push, "i", number);
            zsock_signal(pipe, 0);
        }
        zstr_free(&command);
        zmsg_destroy(&msg);
    }
    zsock_destroy(&push);
}

int main(void) {
    zactor_t *actors[ACTORS];
    zsock_t *pull;
    int sum = 0;
    scene_begin();
    pull = zsock_new_pull("@inproc://results");
    for (int i = 0; i < ACTORS; i++) {
        actors[i] = zactor_new(worker, (void *)(intptr_t)i);
        assert(zactor_is(actors[i]));
    }
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < ACTORS; i++) {
            zstr_send(actors[i], "WORK");
        }
        for (int i = 0; i < ACTORS; i++) {
            int number = 0;
            zsock_wait(actors[i]);
            zsock_recv(pull, "i", &number);
            sum += number;
        }
    }
    printf("worked: %d\n", sum);
    for (int i = 0; i < ACTORS; i++) {
        zactor_destroy(&actors[i]);
    }
    zsock_destroy(&pull);
    zsys_shutdown();
    puts("ended");
    return 0;
}
