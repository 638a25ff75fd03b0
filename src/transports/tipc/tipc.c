/* SPDX-License-Identifier: MIT */
#include "core/transport.h"
#include "transports/stock.h"
#include "transports/tipc/tipc_address.h"

static int check(const struct zx_conf *conf, const char *address, bool for_bind) {
    struct zx_tipc_endpoint ep;
    if (for_bind && conf->net.use_fd >= 0)
        return 0; /* the descriptor says all */
    return zx_tipc_address_parse(&ep, address, for_bind);
}

/* Several may bind ranges that overlap: the kernel shares the connections out among them. */
static int listen_on(const struct zx_conf *conf, const char *address, char *text, size_t size) {
    struct zx_tipc_endpoint ep;
    struct zx_addr addr;
    if (conf->net.use_fd >= 0)
        return zx_stock_take_over(conf->net.use_fd, zx_tipc_address_text, text, size);
    int rc = zx_tipc_address_parse(&ep, address, true);
    if (rc)
        return rc;
    if (!ep.any)
        zx_addr_from_tipc(&addr, &ep.addr);
    int fd = zx_stock_listen(zx_sock_open(ZX_AF_TIPC), ep.any ? NULL : &addr, conf->net.backlog);
    return zx_stock_with_text(fd, zx_tipc_address_text, text, size);
}

/* A service that is named without a place is asked for in zone 1, as libzmq does it, and then
 * everywhere: a node whose identity is not of the form z.c.n belongs to no zone. */
static int resolve(const struct zx_conf *conf, const char *address, struct zx_addr *out,
                   int max) {
    struct zx_tipc_endpoint ep;
    (void)conf;
    int rc = zx_tipc_address_parse(&ep, address, false);
    if (rc)
        return rc;
    zx_addr_from_tipc(&out[0], &ep.addr);
    if (ep.addr.kind != ZX_TIPC_SERVICE || ep.has_scope || max < 2)
        return 1;
    ep.addr.node = 0;
    zx_addr_from_tipc(&out[1], &ep.addr);
    return 2;
}

static int connect_to(const struct zx_conf *conf, const char *address, const struct zx_addr *to,
                      int *fd) {
    (void)conf;
    (void)address;
    return zx_stock_connect(zx_sock_open(ZX_AF_TIPC), to, fd);
}

static int connect_text(const char *address, char *text, size_t size) {
    struct zx_tipc_endpoint ep;
    struct zx_addr addr;
    int rc = zx_tipc_address_parse(&ep, address, false);
    if (rc)
        return rc;
    zx_addr_from_tipc(&addr, &ep.addr);
    return zx_tipc_address_text(&addr, text, size);
}

static void local_endpoint(int fd, char *buf, size_t size) {
    zx_stock_local(fd, zx_tipc_address_text, buf, size);
}

static void remote_endpoint(int fd, char *buf, size_t size) {
    zx_stock_remote(fd, zx_tipc_address_text, buf, size);
}

const struct zx_transport_ops zx_tipc_ops = {
    .scheme = "tipc",
    .unbinds_as_typed = true,
    .check = check,
    .listen = listen_on,
    .unlisten = zx_stock_unlisten,
    .accepted = zx_stock_accepted,
    .is_numeric = zx_stock_is_numeric,
    .resolve = resolve,
    .connect = connect_to,
    .connect_text = connect_text,
    .connected = zx_stock_connected,
    .peer_text = zx_stock_peer_text,
    .local_endpoint = local_endpoint,
    .remote_endpoint = remote_endpoint,
    .same_bound = zx_stock_same_bound,
};
