/* SPDX-License-Identifier: MIT */
/* zproxy: a proxy in an actor, steered, with a capture, between PULL and PUSH and XSUB and XPUB. */
#include "scene.h"

static void command(zactor_t *proxy, const char *one, const char *two, const char *three) {
    zstr_sendx(proxy, one, two, three, NULL);
    zsock_wait(proxy);
}

static void pipeline(void) {
    zactor_t *proxy = zactor_new(zproxy, NULL);
    zsock_t *capture = zsock_new_pull("@inproc://capture"), *faucet, *sink;
    command(proxy, "FRONTEND", "PULL", "inproc://front");
    command(proxy, "BACKEND", "PUSH", "inproc://back");
    faucet = zsock_new_push(">inproc://front");
    sink = zsock_new_pull(">inproc://back");
    zstr_sendx(faucet, "Hello", "World", NULL);
    printf("through: %s", scene_text(sink));
    printf(" %s\n", scene_text(sink));
    command(proxy, "CAPTURE", "inproc://capture", NULL);
    zstr_send(faucet, "seen");
    printf("through: %s", scene_text(sink));
    printf(", captured: %s\n", scene_text(capture));
    command(proxy, "PAUSE", NULL, NULL);
    zstr_send(faucet, "kept");
    zsock_set_rcvtimeo(sink, 100);
    printf("paused: %p\n", (void *)zstr_recv(sink));
    command(proxy, "RESUME", NULL, NULL);
    printf("resumed: %s\n", scene_text(sink));
    zactor_destroy(&proxy);
    zsock_destroy(&faucet);
    zsock_destroy(&sink);
    zsock_destroy(&capture);
}

static void forwarder(void) {
    zactor_t *proxy = zactor_new(zproxy, NULL);
    zsock_t *xpub = zsock_new(ZMQ_XPUB), *sub;
    zframe_t *asked;
    command(proxy, "FRONTEND", "XSUB", "inproc://pubs");
    command(proxy, "BACKEND", "XPUB", "inproc://subs");
    zsock_connect(xpub, "inproc://pubs");
    sub = zsock_new_sub(">inproc://subs", "b");
    zsock_set_rcvtimeo(xpub, 10000);
    asked = zframe_recv(xpub);
    printf("a subscription came through: %d\n", asked && zframe_size(asked) == 2);
    zframe_destroy(&asked);
    zstr_send(xpub, "a");
    zstr_send(xpub, "b");
    printf("heard: %s\n", scene_text(sub));
    zactor_destroy(&proxy);
    zsock_destroy(&xpub);
    zsock_destroy(&sub);
}

int main(void) {
    scene_begin();
    pipeline();
    forwarder();
    zsys_shutdown();
    puts("ended");
    return 0;
}
