/* SPDX-License-Identifier: MIT */
#include "transports/ws.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "transports/tcp_address.h"
#include "transports/ws_address.h"
#include "transports/ws_stream.h"
#include "zmq.h"

static const char tcp_scheme[] = "tcp://";

/* ---- addresses ----------------------------------------------------------------- */

int zx_ws_check(const struct zx_conf *conf, const char *address, bool for_bind) {
    struct zx_ws_address a;
    if (conf->id.raw)
        return -ENOCOMPATPROTO; /* bare bytes have no frames */
    if (conf->security.mechanism == ZX_MECH_GSSAPI)
        return -EINVAL; /* ZWS 2.0 has no name for it */
    int rc = zx_ws_address_parse(&a, address, for_bind);
    return rc ? rc : zx_tcp_ops.check(conf, a.place, for_bind);
}

/* No name service for what is to be bound, unlike tcp. */
static int check_bindable(const struct zx_conf *conf, const char *place) {
    struct zx_tcp_endpoint ep;
    struct zx_addr addr;
    int rc = zx_tcp_address_parse(&ep, place, true);
    if (rc || ep.any_host || zx_tcp_address_is_numeric(&ep))
        return rc;
    memcpy(ep.src_host, ep.host, sizeof ep.src_host);
    ep.has_src = true;
    return zx_tcp_address_source(&ep, conf->net.ipv6, &addr);
}

/* "tcp://a:p" as "ws://a:p" with that path. In place. */
static int rename_scheme(const char *scheme, struct zx_iov text, const char *path) {
    char place[ZX_TCP_TEXT_MAX];
    const char *from = text.base;
    if (strncmp(from, tcp_scheme, sizeof tcp_scheme - 1) != 0)
        return -EINVAL;
    int n = snprintf(place, sizeof place, "%s", from + sizeof tcp_scheme - 1);
    if (n < 0 || (size_t)n >= sizeof place)
        return -EINVAL;
    n = snprintf(text.base, text.len, "%s://%s%s", scheme, place, path);
    return n < 0 || (size_t)n >= text.len ? -EINVAL : 0;
}

/* The text of tcp that a text of ours stands for; out has ZX_ENDPOINT_MAX bytes. */
static bool as_tcp(const char *text, struct zx_ws_address *a, char *out) {
    const char *sep = strstr(text, "://");
    if (!sep || zx_ws_address_parse(a, sep + 3, false))
        return false;
    int n = snprintf(out, ZX_ENDPOINT_MAX, "%s%s", tcp_scheme, a->place);
    return n > 0 && n < ZX_ENDPOINT_MAX;
}

bool zx_ws_same_bound(const struct zx_conf *conf, const char *typed, const char *bound) {
    char a[ZX_ENDPOINT_MAX], b[ZX_ENDPOINT_MAX];
    struct zx_ws_address one, two;
    const char *sep = strstr(bound, "://");
    if (strncmp(typed, bound, (size_t)(sep - bound) + 3) != 0)
        return false; /* "ws" is how "wss" begins */
    return as_tcp(typed, &one, a) && as_tcp(bound, &two, b) && !strcmp(one.path, two.path) &&
           zx_tcp_ops.same_bound(conf, a, b);
}

/* ---- descriptors ----------------------------------------------------------------- */

int zx_ws_listen(const char *scheme, const struct zx_conf *conf, const char *address,
                 struct zx_iov text) {
    struct zx_ws_address a;
    int rc = zx_ws_address_parse(&a, address, true);
    if (!rc && conf->net.use_fd < 0)
        rc = check_bindable(conf, a.place);
    if (rc)
        return rc;
    int fd = zx_tcp_ops.listen(conf, a.place, text.base, text.len);
    if (fd < 0)
        return fd;
    rc = rename_scheme(scheme, text, a.path);
    if (!rc)
        return fd;
    if (conf->net.use_fd < 0)
        zx_sock_close(fd);
    return rc;
}

/* ZMQ_SOCKS_PROXY is for tcp alone: no function of its table that would heed it is used here. */
static int parse_place(struct zx_tcp_endpoint *ep, const char *address) {
    struct zx_ws_address a;
    int rc = zx_ws_address_parse(&a, address, false);
    return rc ? rc : zx_tcp_address_parse(ep, a.place, false);
}

bool zx_ws_is_numeric(const struct zx_conf *conf, const char *address) {
    struct zx_tcp_endpoint ep;
    (void)conf;
    return parse_place(&ep, address) || zx_tcp_address_is_numeric(&ep);
}

int zx_ws_resolve(const struct zx_conf *conf, const char *address, struct zx_addr *out, int max) {
    struct zx_tcp_endpoint ep;
    int rc = parse_place(&ep, address);
    return rc ? rc : zx_tcp_address_resolve(&ep, conf->net.ipv6, out, (size_t)max);
}

int zx_ws_connect(const struct zx_conf *conf, const char *address, const struct zx_addr *to,
                  int *fd) {
    struct zx_ws_address a;
    int rc = zx_ws_address_parse(&a, address, false);
    return rc ? rc : zx_tcp_ops.connect(conf, a.place, to, fd);
}

int zx_ws_unlisten(const struct zx_conf *conf, const char *address, const char *text) {
    return zx_tcp_ops.unlisten(conf, address, text);
}

int zx_ws_accepted(const struct zx_conf *conf, int fd, const struct zx_addr *peer) {
    return zx_tcp_ops.accepted(conf, fd, peer);
}

int zx_ws_connected(const struct zx_conf *conf, int fd) {
    return zx_tcp_ops.connected(conf, fd);
}

void zx_ws_peer_text(int fd, char *buf, size_t size) {
    zx_tcp_ops.peer_text(fd, buf, size);
}

/* An end of a connection has no path. */
void zx_ws_local(const char *scheme, int fd, struct zx_iov text) {
    zx_tcp_ops.local_endpoint(fd, text.base, text.len);
    if (rename_scheme(scheme, text, ""))
        *(char *)text.base = '\0';
}

void zx_ws_remote(const char *scheme, int fd, struct zx_iov text) {
    zx_tcp_ops.remote_endpoint(fd, text.base, text.len);
    if (rename_scheme(scheme, text, ""))
        *(char *)text.base = '\0';
}

/* ---- ws -------------------------------------------------------------------------- */

static int listen_on(const struct zx_conf *conf, const char *address, char *text, size_t size) {
    return zx_ws_listen("ws", conf, address, (struct zx_iov){text, size});
}

static void local_endpoint(int fd, char *buf, size_t size) {
    zx_ws_local("ws", fd, (struct zx_iov){buf, size});
}

static void remote_endpoint(int fd, char *buf, size_t size) {
    zx_ws_remote("ws", fd, (struct zx_iov){buf, size});
}

static int open_stream(const struct zx_stream_place *where, struct zx_stream **out) {
    return zx_ws_stream_new(where, NULL, out);
}

const struct zx_transport_ops zx_ws_ops = {
    .scheme = "ws",
    .check = zx_ws_check,
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
