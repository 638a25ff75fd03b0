/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/cidr.h"
#include "core/transport.h"
#include "transports/socks_tunnel.h"
#include "transports/stock.h"
#include "transports/tcp_address.h"
#include "zmq.h"

static const char scheme[] = "tcp://";

enum { SCHEME_LEN = sizeof(scheme) - 1 };

/* ---- opening --------------------------------------------------------------- */

static int tune_marks(const struct zx_conf_net *net, int fd) {
    int rc = net->tos ? zx_sock_set_tos(fd, net->tos) : 0;
    if (!rc && net->priority)
        rc = zx_sock_set_priority(fd, net->priority);
    return rc;
}

/* What must be set before bind and connect. Buffers and busy polling are wishes: a system that
 * does not grant them still carries the connection. */
static int tune_new(const struct zx_conf_net *net, int fd) {
    (void)zx_sock_set_buffers(fd, net->sndbuf, net->rcvbuf);
    if (net->busy_poll_us > 0)
        (void)zx_sock_set_busy_poll(fd, net->busy_poll_us);
    int rc = tune_marks(net, fd);
    if (!rc && net->device[0])
        rc = zx_sock_bind_device(fd, net->device);
    return rc;
}

static int open_for(const struct zx_conf_net *net, const struct zx_addr *addr) {
    enum zx_family family = zx_addr_family(addr);
    int fd = zx_sock_open(family);
    if (fd < 0)
        return fd;
    if (family == ZX_AF_INET6)
        (void)zx_sock_set_v6only(fd, false);
    int rc = tune_new(net, fd);
    if (!rc)
        return fd;
    zx_sock_close(fd);
    return rc;
}

/* ---- binding --------------------------------------------------------------- */

static int check(const struct zx_conf *conf, const char *address, bool for_bind) {
    struct zx_tcp_endpoint ep;
    if (for_bind && conf->net.use_fd >= 0)
        return 0; /* the descriptor says all */
    return zx_tcp_address_parse(&ep, address, for_bind);
}

/* Bound and listening descriptor, in IPv4 where the system turns out to have no IPv6. */
static int open_bound(const struct zx_conf *conf, const struct zx_tcp_endpoint *ep, bool ipv6) {
    struct zx_addr addr;
    int rc = zx_tcp_address_bindable(ep, ipv6, &addr);
    if (rc)
        return rc;
    int fd = open_for(&conf->net, &addr);
    if (fd == -EAFNOSUPPORT && ipv6)
        return open_bound(conf, ep, false);
    if (fd < 0)
        return fd;
    rc = zx_sock_set_reuseaddr(fd);
    if (!rc)
        return zx_stock_listen(fd, &addr, conf->net.backlog);
    zx_sock_close(fd);
    return rc;
}

static int listen_on(const struct zx_conf *conf, const char *address, char *text, size_t size) {
    struct zx_tcp_endpoint ep;
    if (conf->net.use_fd >= 0)
        return zx_stock_take_over(conf->net.use_fd, zx_tcp_address_text, text, size);
    int rc = zx_tcp_address_parse(&ep, address, true);
    if (rc)
        return rc;
    int fd = open_bound(conf, &ep, conf->net.ipv6);
    return zx_stock_with_text(fd, zx_tcp_address_text, text, size);
}

static bool is_welcome(const struct zx_items *filters, const struct zx_addr *peer) {
    const struct zx_cidr *filter = filters->data;
    for (size_t i = 0; i < filters->count; i++)
        if (zx_cidr_match(&filter[i], peer))
            return true;
    return !filters->count;
}

/* Fails when the peer has gone already; the caller closes. */
static int connected(const struct zx_conf *conf, int fd) {
    const struct zx_conf_net *net = &conf->net;
    int rc = zx_sock_set_nodelay(fd);
    if (!rc && net->keepalive != -1)
        rc = zx_sock_set_keepalive(fd, net->keepalive, net->keepalive_cnt, net->keepalive_idle_s,
                                   net->keepalive_intvl_s);
    if (!rc && net->maxrt_ms > 0)
        rc = zx_sock_set_user_timeout(fd, net->maxrt_ms);
    return rc;
}

static int accepted(const struct zx_conf *conf, int fd, const struct zx_addr *peer) {
    if (!is_welcome(&conf->net.accept_filters, peer))
        return -EACCES;
    int rc = tune_marks(&conf->net, fd);
    return rc ? rc : connected(conf, fd);
}

/* ---- connecting ------------------------------------------------------------ */

/* Where a connection begins: at the proxy, or at its target. */
static int parse_first(struct zx_tcp_endpoint *ep, const struct zx_conf *conf,
                       const char *address) {
    const struct zx_blob *proxy = &conf->net.socks_proxy;
    if (!proxy->size)
        return zx_tcp_address_parse(ep, address, false);
    int rc = zx_tcp_address_parse(ep, (const char *)proxy->data, false);
    return rc || ep->has_src || !ep->port ? -EINVAL : 0;
}

static bool is_numeric(const struct zx_conf *conf, const char *address) {
    struct zx_tcp_endpoint ep;
    return parse_first(&ep, conf, address) || zx_tcp_address_is_numeric(&ep);
}

static int resolve(const struct zx_conf *conf, const char *address, struct zx_addr *out,
                   int max) {
    struct zx_tcp_endpoint ep;
    int rc = parse_first(&ep, conf, address);
    return rc ? rc : zx_tcp_address_resolve(&ep, conf->net.ipv6, out, (size_t)max);
}

static int bind_source(const struct zx_tcp_endpoint *ep, enum zx_family family, int fd) {
    struct zx_addr source;
    if (!ep->has_src)
        return 0;
    int rc = zx_tcp_address_source(ep, family == ZX_AF_INET6, &source);
    if (rc)
        return rc;
    (void)zx_sock_set_reuseaddr(fd);
    return zx_sock_bind(fd, &source);
}

static int connect_to(const struct zx_conf *conf, const char *address, const struct zx_addr *to,
                      int *out) {
    struct zx_tcp_endpoint ep;
    struct zx_addr dest = *to;
    int rc = zx_tcp_address_parse(&ep, address, false);
    if (rc)
        return rc;
    int fd = open_for(&conf->net, &dest);
    if (fd == -EAFNOSUPPORT) {
        zx_addr_unmap_v4(&dest);
        fd = open_for(&conf->net, &dest);
    }
    if (fd < 0)
        return fd;
    rc = bind_source(&ep, zx_addr_family(&dest), fd);
    if (!rc)
        return zx_stock_connect(fd, &dest, out);
    zx_sock_close(fd);
    return rc;
}

static int open_tunnel(const struct zx_conf *conf, const char *address, int fd,
                       struct zx_tunnel **out) {
    struct zx_tcp_endpoint ep;
    if (!conf->net.socks_proxy.size)
        return 0;
    int rc = zx_tcp_address_parse(&ep, address, false);
    return rc ? rc : zx_socks_tunnel_new(conf, &ep, fd, out);
}

/* ---- texts ----------------------------------------------------------------- */

static void peer_text(int fd, char *buf, size_t size) {
    struct zx_addr peer;
    buf[0] = '\0';
    if (zx_sock_peer(fd, &peer) || zx_addr_host_text(&peer, buf, size))
        buf[0] = '\0';
}

static void local_endpoint(int fd, char *buf, size_t size) {
    zx_stock_local(fd, zx_tcp_address_text, buf, size);
}

static void remote_endpoint(int fd, char *buf, size_t size) {
    zx_stock_remote(fd, zx_tcp_address_text, buf, size);
}

static void proxy_endpoint(const struct zx_conf *conf, char *buf, size_t size) {
    const struct zx_blob *proxy = &conf->net.socks_proxy;
    buf[0] = '\0';
    if (proxy->size)
        (void)snprintf(buf, size, "tcp://%s", (const char *)proxy->data);
}

/* The place a text names, IPv4 in its own form. A wildcard, an interface, a port of the system's
 * choice name none: as with libzmq such a bind is known by its resolved text only. */
static bool named_place(const char *text, bool ipv6, struct zx_addr *addr) {
    struct zx_tcp_endpoint ep;
    if (strncmp(text, scheme, SCHEME_LEN) != 0)
        return false;
    if (zx_tcp_address_parse(&ep, text + SCHEME_LEN, false) || !ep.port)
        return false;
    if (zx_tcp_address_resolve(&ep, ipv6, addr, 1) < 1)
        return false;
    zx_addr_unmap_v4(addr);
    return true;
}

static bool same_bound(const struct zx_conf *conf, const char *typed, const char *bound) {
    struct zx_addr a, b;
    return named_place(typed, conf->net.ipv6, &a) && named_place(bound, conf->net.ipv6, &b) &&
           zx_addr_equal(&a, &b);
}

const struct zx_transport_ops zx_tcp_ops = {
    .scheme = "tcp",
    .check = check,
    .listen = listen_on,
    .unlisten = zx_stock_unlisten,
    .accepted = accepted,
    .is_numeric = is_numeric,
    .resolve = resolve,
    .connect = connect_to,
    .connected = connected,
    .peer_text = peer_text,
    .local_endpoint = local_endpoint,
    .remote_endpoint = remote_endpoint,
    .same_bound = same_bound,
    .reconnect_stop = ZMQ_RECONNECT_STOP_CONN_REFUSED,
    .proxy_endpoint = proxy_endpoint,
    .open_tunnel = open_tunnel,
};
