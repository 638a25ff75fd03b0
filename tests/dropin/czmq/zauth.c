/* SPDX-License-Identifier: MIT */
/* zauth: the ZAP handler of czmq decides about NULL, PLAIN and CURVE connections. */
#include "scene.h"

static zactor_t *auth;

static void command(const char *one, const char *two) {
    zstr_sendx(auth, one, two, NULL);
    zsock_wait(auth);
}

/* A server and a client set up by the caller: does a message get through? */
static void try(const char *what, zsock_t *server, zsock_t *client, bool expected) {
    char *got;
    zsock_bind(server, "tcp://127.0.0.1:*");
    zsock_connect(client, "%s", zsock_endpoint(server));
    zsock_set_sndtimeo(server, expected ? 10000 : 300);
    zstr_send(server, "hello");
    zsock_set_rcvtimeo(client, expected ? 10000 : 300);
    got = zstr_recv(client);
    printf("%s: %s\n", what, got ? got : "(nothing)");
    zstr_free(&got);
    zsock_set_linger(server, 0);
    zsock_destroy(&server);
    zsock_destroy(&client);
}

static void null_mechanism(void) {
    zsock_t *server = zsock_new(ZMQ_PUSH);
    try("NULL without a domain", server, zsock_new(ZMQ_PULL), true);
    server = zsock_new(ZMQ_PUSH);
    zsock_set_zap_domain(server, "global");
    try("NULL", server, zsock_new(ZMQ_PULL), true);
    command("DENY", "127.0.0.1");
    server = zsock_new(ZMQ_PUSH);
    zsock_set_zap_domain(server, "global");
    try("NULL from an address denied", server, zsock_new(ZMQ_PULL), false);
    command("ALLOW", "127.0.0.1");
}

static void plain_mechanism(void) {
    static const char *const passwords[] = {"Password", "Bogus"};
    FILE *file = fopen("passwords", "w");
    assert(file);
    fputs("admin=Password\n", file);
    fclose(file);
    command("PLAIN", "passwords");
    for (int i = 0; i < 2; i++) {
        zsock_t *server = zsock_new(ZMQ_PUSH), *client = zsock_new(ZMQ_PULL);
        zsock_set_plain_server(server, 1);
        zsock_set_plain_username(client, "admin");
        zsock_set_plain_password(client, passwords[i]);
        try(passwords[i], server, client, i == 0);
    }
    zsys_file_delete("passwords");
}

static void curve_mechanism(void) {
    static const char *const names[] = {"CURVE, any key", "CURVE, an unknown key",
                                        "CURVE, a known key"};
    zcert_t *server_cert = zcert_new(), *client_cert = zcert_new();
    for (int i = 0; i < 3; i++) {
        zsock_t *server = zsock_new(ZMQ_PUSH), *client = zsock_new(ZMQ_PULL);
        if (i == 2) {
            zsys_dir_create("keys");
            zcert_save_public(client_cert, "keys/client.txt");
        }
        command("CURVE", i ? "keys" : CURVE_ALLOW_ANY);
        zcert_apply(server_cert, server);
        zsock_set_curve_server(server, 1);
        zcert_apply(client_cert, client);
        zsock_set_curve_serverkey(client, zcert_public_txt(server_cert));
        try(names[i], server, client, i != 1);
    }
    zcert_destroy(&server_cert);
    zcert_destroy(&client_cert);
}

int main(void) {
    scene_begin();
    auth = zactor_new(zauth, NULL);
    null_mechanism();
    plain_mechanism();
    if (zsys_has_curve()) {
        curve_mechanism();
    } else {
        puts("SKIP: CURVE is not in this build");
    }
    zactor_destroy(&auth);
    zsys_shutdown();
    puts("ended");
    return 0;
}
