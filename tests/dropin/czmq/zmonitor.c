/* SPDX-License-Identifier: MIT */
/* zmonitor: the life of connections as events. */
#include "scene.h"

/* czmq seeks a free port itself: ports that were not free are told of before LISTENING. */
static bool is_of_seeking(const char *event, const char *name) {
    return streq(event, "LISTENING") && (streq(name, "CLOSED") || streq(name, "BIND_FAILED"));
}

static void expect(zactor_t *monitor, const char *who, const char *event) {
    zmsg_t *msg;
    char *name;
    zsock_set_rcvtimeo(monitor, 10000);
    msg = zmsg_recv(monitor);
    name = msg ? zmsg_popstr(msg) : NULL;
    if (name && is_of_seeking(event, name)) {
        zstr_free(&name);
        zmsg_destroy(&msg);
        expect(monitor, who, event);
        return;
    }
    printf("%s: %s\n", who, name ? name : "(nothing)");
    if (!name || !streq(name, event)) {
        exit(1);
    }
    zstr_free(&name);
    zmsg_destroy(&msg);
}

static zactor_t *watch(zsock_t *socket) {
    zactor_t *monitor = zactor_new(zmonitor, socket);
    zstr_sendx(monitor, "LISTEN", "LISTENING", "ACCEPTED", "CONNECTED", "DISCONNECTED", "CLOSED",
               "BIND_FAILED", NULL);
    zstr_sendx(monitor, "START", NULL);
    zsock_wait(monitor);
    return monitor;
}

int main(void) {
    zsock_t *server, *client;
    zactor_t *servers, *clients;
    scene_begin();
    server = zsock_new(ZMQ_DEALER);
    client = zsock_new(ZMQ_DEALER);
    servers = watch(server);
    clients = watch(client);
    zsock_bind(server, "tcp://127.0.0.1:*");
    expect(servers, "server", "LISTENING");
    zsock_connect(client, "%s", zsock_endpoint(server));
    expect(servers, "server", "ACCEPTED");
    expect(clients, "client", "CONNECTED");
    zstr_send(client, "hello");
    printf("received: %s\n", scene_text(server));
    zactor_destroy(&clients);
    zsock_destroy(&client);
    expect(servers, "server", "DISCONNECTED");
    printf("unbound: %d\n", zsock_unbind(server, "%s", zsock_endpoint(server)));
    expect(servers, "server", "CLOSED");
    zactor_destroy(&servers);
    zsock_destroy(&server);
    zsys_shutdown();
    puts("ended");
    return 0;
}
