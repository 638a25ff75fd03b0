/* SPDX-License-Identifier: MIT */
#include "zx_api.h"

void *zx_monitor(void *s, int events) {
    const char *name = zx_unique("inproc://monitor-");
    void *mon = zx_socket(ZMQ_PAIR);

    zx_ok(zmq_socket_monitor(s, name, events));
    zx_ok(zmq_connect(mon, name));
    return mon;
}

int zx_next_event(void *mon, struct zx_event *ev, int ms) {
    unsigned char frame[16];
    uint16_t number;
    int n;

    if (!(zx_wait(mon, ZMQ_POLLIN, ms) & ZMQ_POLLIN)) return -1;
    n = zmq_recv(mon, frame, sizeof frame, 0);
    assert_int_equal(n, 6);
    assert_int_equal(zx_get_int(mon, ZMQ_RCVMORE), 1);
    memcpy(&number, frame, 2);
    memcpy(&ev->value, frame + 2, 4);
    ev->event = number;
    n = zmq_recv(mon, ev->address, sizeof ev->address - 1, 0);
    assert_true(n >= 0 && n < (int)sizeof ev->address);
    assert_int_equal(zx_get_int(mon, ZMQ_RCVMORE), 0);
    ev->address[n] = 0;
    return 0;
}

const char *zx_event_name(int event) {
    static const char *const names[] = {
        "CONNECTED",           "CONNECT_DELAYED",   "CONNECT_RETRIED",
        "LISTENING",           "BIND_FAILED",       "ACCEPTED",
        "ACCEPT_FAILED",       "CLOSED",            "CLOSE_FAILED",
        "DISCONNECTED",        "MONITOR_STOPPED",   "FAILED_NO_DETAIL",
        "HANDSHAKE_SUCCEEDED", "FAILED_PROTOCOL",   "FAILED_AUTH",
    };

    for (int i = 0; i < 15; i++)
        if (event == 1 << i) return names[i];
    return zx_fmt("event %d", event);
}

const char *zx_events(void *mon, int n) {
    char text[512] = "";
    size_t at = 0;

    for (int i = 0; i < n; i++) {
        struct zx_event ev;
        const char *name = "nothing";

        if (zx_next_event(mon, &ev, ZX_LONG_MS) == 0) name = zx_event_name(ev.event);
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? "," : "", name);
        if (strcmp(name, "nothing") == 0) break;
    }
    return zx_fmt("%s", text);
}

void zx_await(void *mon, int event, struct zx_event *ev) {
    do {
        if (zx_next_event(mon, ev, ZX_LONG_MS) != 0)
            fail_msg("no event %s came", zx_event_name(event));
    } while (ev->event != event);
}
