/* SPDX-License-Identifier: MIT */
/*
 * zbeacon: two hosts find each other by UDP broadcasts, then talk over tcp.
 *   zbeacon server INTERFACE    says where it is until somebody asks
 *   zbeacon client INTERFACE    hears of it, asks it, is answered
 */
#include "scene.h"

#define PORT 9999

static int server(zactor_t *beacon, const char *host) {
    zsock_t *rep = zsock_new(ZMQ_REP);
    char text[100];
    zsock_bind(rep, "tcp://%s:*", host);
    snprintf(text, sizeof text, "WHERE%s", zsock_endpoint(rep));
    zsock_send(beacon, "sbi", "PUBLISH", (byte *)text, strlen(text), 50);
    zsock_set_rcvtimeo(rep, 30000);
    printf("server was asked: %s\n", scene_text(rep));
    zstr_send(rep, "an answer");
    printf("server was told: %s\n", scene_text(rep));
    zstr_sendx(beacon, "SILENCE", NULL);
    zsock_destroy(&rep);
    return 0;
}

static int client(zactor_t *beacon) {
    char *from, *where;
    zsock_t *req = zsock_new(ZMQ_REQ);
    zsock_send(beacon, "sb", "SUBSCRIBE", (byte *)"WHERE", (size_t)5);
    zsock_set_rcvtimeo(beacon, 30000);
    from = zstr_recv(beacon);
    where = zstr_recv(beacon);
    if (!from || !where) {
        puts("client heard no beacon");
        return 1;
    }
    printf("client heard of: %s %d\n", from, strncmp(where, "WHEREtcp://", 11) == 0);
    zsock_connect(req, "%s", where + 5);
    zstr_send(req, "a question");
    printf("client was answered: %s\n", scene_text(req));
    zstr_send(req, "goodbye");
    zstr_free(&from);
    zstr_free(&where);
    zsock_destroy(&req);
    return 0;
}

int main(int argc, char **argv) {
    zactor_t *beacon;
    char *host;
    int rc = 1;
    scene_begin();
    if (argc != 3) {
        return 2;
    }
    zsys_set_interface(argv[2]);
    beacon = zactor_new(zbeacon, NULL);
    zsock_send(beacon, "si", "CONFIGURE", PORT);
    host = zstr_recv(beacon);
    printf("%s is %s\n", argv[1], host);
    if (*host) {
        rc = streq(argv[1], "server") ? server(beacon, host) : client(beacon);
    }
    zstr_free(&host);
    zactor_destroy(&beacon);
    zsys_shutdown();
    return rc;
}
