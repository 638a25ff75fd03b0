/* SPDX-License-Identifier: MIT */
#include "transports/ws.h"
#include "transports/wss_tls.h"

/* Keys and certificates are judged when they are to be used, not when they are set. */
static int check(const struct zx_conf *conf, const char *address, bool for_bind) {
    int rc = zx_ws_check(conf, address, for_bind);
    return rc ? rc : zx_wss_tls_check(conf, for_bind);
}

static int listen_on(const struct zx_conf *conf, const char *address, char *text, size_t size) {
    return zx_ws_listen("wss", conf, address, (struct zx_iov){text, size});
}

static void local_endpoint(int fd, char *buf, size_t size) {
    zx_ws_local("wss", fd, (struct zx_iov){buf, size});
}

static void remote_endpoint(int fd, char *buf, size_t size) {
    zx_ws_remote("wss", fd, (struct zx_iov){buf, size});
}

static int open_stream(const struct zx_stream_place *where, struct zx_stream **out) {
    struct zx_ws_wire *wire;
    int rc = zx_wss_tls_new(where, &wire);
    return rc ? rc : zx_ws_stream_new(where, wire, out);
}

const struct zx_transport_ops zx_wss_ops = {
    .scheme = "wss",
    .check = check,
    .listen = listen_on,
    .unlisten = zx_ws_unlisten,
    .accepted = zx_ws_accepted,
    .is_numeric = zx_ws_is_numeric,
    .resolve = zx_ws_resolve,
    .connect = zx_ws_connect,
    .connected = zx_ws_connected,
    .peer_text = zx_ws_peer_text,
    .local_endpoint = local_endpoint,
    .remote_endpoint = remote_endpoint,
    .same_bound = zx_ws_same_bound,
    .open_stream = open_stream,
};
