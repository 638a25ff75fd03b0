/* SPDX-License-Identifier: MIT */
/*
 * What the programs of this folder share. They are written against the distribution's czmq.h and
 * know nothing of ours. Included once per program, each of one thread; nothing lives beyond a call.
 * It never prints what may differ between two runs (ports, addresses, times).
 */
#ifndef DROPIN_SCENE_H
#define DROPIN_SCENE_H

#include <czmq.h>

/* First thing in each program: which libzmq is it? */
static inline void scene_begin(void) {
    char line[1024], last[1024] = "";
    FILE *maps = fopen("/proc/self/maps", "r");
    assert(maps);
    while (fgets(line, sizeof line, maps)) {
        char *path = strchr(line, '/');
        if (path && strstr(path, "/libzmq.so") && !streq(path, last)) {
            printf("library %s", path);
            strcpy(last, path);
        }
    }
    fclose(maps);
    setvbuf(stdout, NULL, _IOLBF, 0);
    zsys_set_logstream(stderr);
    zsys_init();
    alarm(40);
}

/* Receives a string within ten seconds and frees it. */
static inline const char *scene_text(zsock_t *socket) {
    static char text[1000];
    char *got;
    zsock_set_rcvtimeo(socket, 10000);
    got = zstr_recv(socket);
    snprintf(text, sizeof text, "%s", got ? got : "(nothing)");
    zstr_free(&got);
    return text;
}

#endif
