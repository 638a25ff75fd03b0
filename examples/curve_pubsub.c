/* SPDX-License-Identifier: MIT */
/*
 * A publisher that knows its readers: CURVE, and a ZAP handler with a list of public keys. The
 * guide doc/guide/security.md goes through it step by step.
 */
#include "example.h"

/* The reader that may come: a raw public key, and the name that the program has for it. */
static unsigned char known_key[32];
static const char known_name[] = "alice";

/* The parts of a question about CURVE, in their order. */
enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, ROUTING_ID, MECHANISM, KEY, PARTS };

static void handle(void *handler) {
    unsigned char q[PARTS][256];
    int size[PARTS];

    for (;;) {
        for (int i = 0; i < PARTS; i++) {
            size[i] = zmq_recv(handler, q[i], sizeof q[i], 0);
            if (size[i] < 0) { /* ETERM: the program ends */
                zmq_close(handler);
                return;
            }
        }
        int welcome = size[MECHANISM] == 5 && memcmp(q[MECHANISM], "CURVE", 5) == 0 &&
                      size[KEY] == 32 && memcmp(q[KEY], known_key, 32) == 0;
        const char *status = welcome ? "200" : "400", *text = welcome ? "OK" : "Who are you?";
        const char *name = welcome ? known_name : "";
        MUST(zmq_send(handler, "1.0", 3, ZMQ_SNDMORE) >= 0);
        MUST(zmq_send(handler, q[REQUEST_ID], (size_t)size[REQUEST_ID], ZMQ_SNDMORE) >= 0);
        MUST(zmq_send(handler, status, 3, ZMQ_SNDMORE) >= 0);
        MUST(zmq_send(handler, text, strlen(text), ZMQ_SNDMORE) >= 0);
        MUST(zmq_send(handler, name, strlen(name), ZMQ_SNDMORE) >= 0);
        MUST(zmq_send(handler, "", 0, 0) >= 0);
    }
}

static void *make_reader(void *context, const char *server_key, const char *public_key,
                         const char *secret_key) {
    void *sub = zmq_socket(context, ZMQ_SUB);

    MUST(sub);
    MUST(zmq_setsockopt(sub, ZMQ_CURVE_SERVERKEY, server_key, 41) == 0);
    MUST(zmq_setsockopt(sub, ZMQ_CURVE_PUBLICKEY, public_key, 41) == 0);
    MUST(zmq_setsockopt(sub, ZMQ_CURVE_SECRETKEY, secret_key, 41) == 0);
    MUST(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, "weather", 7) == 0);
    return sub;
}

int main(void) {
    char server_public[41], server_secret[41], alice_public[41], alice_secret[41];
    char other_public[41], other_secret[41], address[64];
    unsigned char event[6];
    zmq_msg_t asked;

    if (!zmq_has("curve")) {
        printf("SKIP: this libzmq was built without CURVE\n");
        return 77;
    }
    MUST(zmq_curve_keypair(server_public, server_secret) == 0);
    MUST(zmq_curve_keypair(alice_public, alice_secret) == 0);
    MUST(zmq_curve_keypair(other_public, other_secret) == 0);
    MUST(zmq_z85_decode(known_key, alice_public));

    /* The handler is there before the first connection can be. */
    void *context = zmq_ctx_new(), *handler = zmq_socket(context, ZMQ_REP);
    MUST(handler && zmq_bind(handler, "inproc://zeromq.zap.01") == 0);
    void *thread = zmq_threadstart(handle, handler);

    /* The publisher; XPUB is a PUB that tells of subscriptions. */
    void *pub = zmq_socket(context, ZMQ_XPUB);
    MUST(pub && zmq_setsockopt(pub, ZMQ_CURVE_SERVER, &(int){1}, sizeof(int)) == 0);
    MUST(zmq_setsockopt(pub, ZMQ_CURVE_SECRETKEY, server_secret, 41) == 0);
    MUST(zmq_setsockopt(pub, ZMQ_ZAP_DOMAIN, "weather", 7) == 0);
    MUST(zmq_setsockopt(pub, ZMQ_ZAP_ENFORCE_DOMAIN, &(int){1}, sizeof(int)) == 0);
    bind_anywhere(pub, address);

    /* Who is on the list reads; the publisher has the name that the handler gave. */
    void *alice = make_reader(context, server_public, alice_public, alice_secret);
    MUST(zmq_connect(alice, address) == 0);
    MUST(zmq_msg_init(&asked) == 0 && zmq_msg_recv(&asked, pub, 0) == 8);
    printf("%s reads the weather\n", zmq_msg_gets(&asked, "User-Id"));
    MUST(strcmp(zmq_msg_gets(&asked, "User-Id"), known_name) == 0);
    MUST(zmq_msg_close(&asked) == 0);
    MUST(zmq_send(pub, "weather: rain", 13, 0) == 13);
    MUST(hears(alice, "weather: rain"));

    /* Who is not gets no connection; a monitor tells it. */
    void *other = make_reader(context, server_public, other_public, other_secret);
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    MUST(zmq_socket_monitor(other, "inproc://m", ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) == 0);
    MUST(monitor && zmq_connect(monitor, "inproc://m") == 0);
    MUST(zmq_connect(other, address) == 0);
    MUST(zmq_recv(monitor, event, sizeof event, 0) == sizeof event);
    printf("somebody else does not\n");

    zmq_close(alice);
    zmq_close(other);
    zmq_close(monitor);
    zmq_close(pub);
    MUST(zmq_ctx_shutdown(context) == 0); /* the handler's thread ends */
    zmq_threadclose(thread);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
