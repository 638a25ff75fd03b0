/* SPDX-License-Identifier: MIT */
/* zsock: pictures, attaching to several endpoints, options, signals. */
#include "scene.h"

static void pictures(void) {
    zsock_t *push = zsock_new_push("@tcp://127.0.0.1:*");
    zsock_t *pull = zsock_new(ZMQ_PULL);
    zchunk_t *chunk = zchunk_new("a chunk", 7), *got_chunk;
    zframe_t *frame = zframe_new("a frame", 7), *got_frame;
    zmsg_t *msg = zmsg_new(), *got_msg;
    byte *data;
    size_t size;
    char *text;
    int rc, number;
    uint64_t large;
    zsock_connect(pull, "%s", zsock_endpoint(push));
    zmsg_addstr(msg, "one");
    zmsg_addstr(msg, "two");
    rc = zsock_send(push, "is8bcfzm", -42, "text", (uint64_t)1 << 40, "bytes", (size_t)5, chunk,
                    frame, msg);
    printf("picture sent: %d\n", rc);
    rc = zsock_recv(pull, "is8bcfzm", &number, &text, &large, &data, &size, &got_chunk, &got_frame,
                    &got_msg);
    printf("picture: %d %d %s %d %zu %zu %d %zu\n", rc, number, text, large == (uint64_t)1 << 40,
           size, zchunk_size(got_chunk), zframe_streq(got_frame, "a frame"), zmsg_size(got_msg));
    free(data);
    zstr_free(&text);
    zchunk_destroy(&chunk);
    zchunk_destroy(&got_chunk);
    zframe_destroy(&frame);
    zframe_destroy(&got_frame);
    zmsg_destroy(&msg);
    zmsg_destroy(&got_msg);
    rc = zsock_bsend(push, "1248sS", 1, 2, 3, (uint64_t)4, "short", "long");
    printf("binary picture sent: %d\n", rc);
    {
        uint8_t n1;
        uint16_t n2;
        uint32_t n4;
        char *s, *l;
        rc = zsock_brecv(pull, "1248sS", &n1, &n2, &n4, &large, &s, &l);
        printf("binary picture: %d %d %d %u %d %s %s\n", rc, n1, n2, n4, (int)large, s, l);
        zstr_free(&l);
    }
    zsock_signal(push, 7);
    printf("signal: %d\n", zsock_wait(pull));
    zsock_destroy(&push);
    zsock_destroy(&pull);
}

static void endpoints(void) {
    zsock_t *router = zsock_new(ZMQ_ROUTER), *dealer = zsock_new(ZMQ_DEALER);
    zmsg_t *got;
    int rc = zsock_attach(router, "@inproc://first,@ipc://dropin-zsock,@inproc://second", true);
    printf("attached: %d, last is %s\n", rc, zsock_endpoint(router));
    zsock_set_identity(dealer, "an id");
    rc = zsock_attach(dealer, ">inproc://second,>inproc://first", false);
    printf("attached: %d\n", rc);
    zstr_send(dealer, "by either");
    got = zmsg_recv(router);
    printf("envelope: %zu frames, %d\n", zmsg_size(got),
           zframe_streq(zmsg_first(got), "an id"));
    zmsg_destroy(&got);
    zsock_set_sndhwm(dealer, 17);
    zsock_set_linger(dealer, 321);
    printf("options: %d %d %s %s\n", zsock_sndhwm(dealer), zsock_linger(dealer),
           zsock_type_str(dealer), zsock_type_str(router));
    printf("unbound: %d %d\n", zsock_unbind(router, "inproc://first"),
           zsock_unbind(router, "inproc://nowhere"));
    printf("ports: %d\n", zsock_bind(router, "tcp://127.0.0.1:![49152-65535]") > 0);
    zsock_destroy(&router);
    zsock_destroy(&dealer);
}

static void subscriptions(void) {
    zsock_t *xpub = zsock_new_xpub("@tcp://127.0.0.1:*"), *sub;
    zframe_t *frame;
    char *text;
    sub = zsock_new(ZMQ_SUB);
    zsock_connect(sub, "%s", zsock_endpoint(xpub));
    zsock_set_subscribe(sub, "b");
    frame = zframe_recv(xpub);
    printf("subscribed: %zu %d\n", zframe_size(frame), zframe_data(frame)[0]);
    zframe_destroy(&frame);
    zstr_sendx(xpub, "a", "not for you", NULL);
    zstr_sendx(xpub, "bb", "for you", NULL);
    printf("heard: %s", scene_text(sub));
    printf(" %s\n", scene_text(sub));
    zsock_set_rcvtimeo(sub, 0);
    text = zstr_recv(sub);
    printf("then: %s %s\n", text ? text : "nothing", strerror(errno));
    zsock_destroy(&xpub);
    zsock_destroy(&sub);
}

int main(void) {
    scene_begin();
    pictures();
    endpoints();
    subscriptions();
    zsys_shutdown();
    puts("ended");
    return 0;
}
