/* SPDX-License-Identifier: MIT */
/*
 * Encryption: the CURVE mechanism. Each side has a pair of keys; the client knows the server's
 * public key beforehand, and so talks to that server or to nobody. A ZAP handler may decide which
 * clients come in by their public keys (see plain.c); without one all do who know the server's key.
 */
#include "example.h"

static void set_key(void *socket, int option, const char key[41]) {
    MUST(zmq_setsockopt(socket, option, key, 41) == 0);
}

int main(void) {
    char address[64];
    char server_public[41], server_secret[41], client_public[41], client_secret[41];
    zmq_msg_t message;

    if (!zmq_has("curve")) {
        printf("SKIP: this libzmq was built without CURVE\n");
        return 77;
    }
    void *context = zmq_ctx_new();
    void *server = zmq_socket(context, ZMQ_PULL);
    void *client = zmq_socket(context, ZMQ_PUSH);
    MUST(server && client);

    /* Keys are made once and kept; secret ones never leave their side. */
    MUST(zmq_curve_keypair(server_public, server_secret) == 0);
    MUST(zmq_curve_keypair(client_public, client_secret) == 0);
    printf("the server's public key: %s\n", server_public);

    MUST(zmq_setsockopt(server, ZMQ_CURVE_SERVER, &(int){1}, sizeof(int)) == 0);
    set_key(server, ZMQ_CURVE_SECRETKEY, server_secret);
    bind_anywhere(server, address);

    set_key(client, ZMQ_CURVE_SERVERKEY, server_public);
    set_key(client, ZMQ_CURVE_PUBLICKEY, client_public);
    set_key(client, ZMQ_CURVE_SECRETKEY, client_secret);
    MUST(zmq_connect(client, address) == 0);

    MUST(zmq_send(client, "nobody else can read this", 25, 0) == 25);
    MUST(zmq_msg_init(&message) == 0);
    MUST(zmq_msg_recv(&message, server, 0) == 25);
    MUST(memcmp(zmq_msg_data(&message), "nobody else can read this", 25) == 0);
    printf("%.*s\n", 25, (char *)zmq_msg_data(&message));
    MUST(zmq_msg_close(&message) == 0);

    zmq_close(client);
    zmq_close(server);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
