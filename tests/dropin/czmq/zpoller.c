/* SPDX-License-Identifier: MIT */
/* zpoller: sockets, an actor and a descriptor together. */
#include "scene.h"

static void echo(zsock_t *pipe, void *arg) {
    char *text;
    (void)arg;
    zsock_signal(pipe, 0);
    while ((text = zstr_recv(pipe)) && !streq(text, "$TERM")) {
        zstr_send(pipe, text);
        zstr_free(&text);
    }
    zstr_free(&text);
}

int main(void) {
    zsock_t *push, *one, *two;
    zactor_t *actor;
    zpoller_t *poller;
    int fds[2], round, ones = 0, twos = 0;
    scene_begin();
    push = zsock_new_push("@tcp://127.0.0.1:*");
    one = zsock_new(ZMQ_PULL);
    zsock_connect(one, "%s", zsock_endpoint(push));
    two = zsock_new_pull("@inproc://two");
    actor = zactor_new(echo, NULL);
    assert(pipe(fds) == 0);
    poller = zpoller_new(one, two, NULL);
    printf("added: %d %d\n", zpoller_add(poller, actor), zpoller_add(poller, &fds[0]));
    printf("nothing: %p expired %d terminated %d\n", zpoller_wait(poller, 0),
           zpoller_expired(poller), zpoller_terminated(poller));
    zstr_send(push, "to one");
    printf("one: %d\n", zpoller_wait(poller, 10000) == one);
    printf("received: %s\n", scene_text(one));
    zstr_send(actor, "to the actor");
    printf("actor: %d\n", zpoller_wait(poller, 10000) == actor);
    printf("received: %s\n", scene_text(zactor_sock(actor)));
    assert(write(fds[1], "x", 1) == 1);
    printf("descriptor: %d\n", zpoller_wait(poller, 10000) == &fds[0]);
    printf("removed: %d\n", zpoller_remove(poller, &fds[0]));
    {
        zsock_t *other = zsock_new_push(">inproc://two");
        for (round = 0; round < 1000; round++) {
            zstr_send(push, "1");
            zstr_send(other, "2");
        }
        while (ones + twos < 2000) {
            void *which = zpoller_wait(poller, 10000);
            assert(which == one || which == two);
            scene_text(which);
            *(which == one ? &ones : &twos) += 1;
        }
        printf("both: %d %d\n", ones, twos);
        zsock_destroy(&other);
    }
    zpoller_destroy(&poller);
    zactor_destroy(&actor);
    zsock_destroy(&push);
    zsock_destroy(&one);
    zsock_destroy(&two);
    zsys_shutdown();
    puts("ended");
    return 0;
}
