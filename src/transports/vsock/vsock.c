/* SPDX-License-Identifier: MIT */
#include "transports/vsock/vsock.h"

#include "transports/stock.h"
#include "transports/vsock/vsock_address.h"
#include "zmq.h"

/* ---- what vmci has in common with it ------------------------------------------ */

static int place(const struct zx_vsock_kind *kind, const char *address, bool for_bind,
                 struct zx_addr *out) {
    struct zx_vsock_address a;
    int rc = zx_vsock_address_parse(&a, address, for_bind);
    if (!rc && a.at)
        rc = kind->at(&a.cid);
    if (!rc)
        zx_addr_from_vsock(out, a.cid, a.port);
    return rc;
}

int zx_vsock_check(const struct zx_vsock_kind *kind, const char *address, bool for_bind) {
    struct zx_addr addr;
    return place(kind, address, for_bind, &addr);
}

static int open_for(const struct zx_vsock_kind *kind, const struct zx_conf *conf) {
    int fd = zx_sock_open(ZX_AF_VSOCK);
    if (fd >= 0)
        kind->tune(conf, fd);
    return fd;
}

int zx_vsock_listen(const struct zx_vsock_kind *kind, const struct zx_conf *conf,
                    const char *address, struct zx_iov text) {
    struct zx_addr addr;
    if (conf->net.use_fd >= 0)
        return zx_stock_take_over(conf->net.use_fd, kind->text, text.base, text.len);
    int rc = place(kind, address, true, &addr);
    if (rc)
        return rc;
    int fd = zx_stock_listen(open_for(kind, conf), &addr, conf->net.backlog);
    return zx_stock_with_text(fd, kind->text, text.base, text.len);
}

int zx_vsock_resolve(const struct zx_vsock_kind *kind, const char *address, struct zx_addr *out) {
    int rc = place(kind, address, false, out);
    return rc ? rc : 1;
}

int zx_vsock_connect(const struct zx_vsock_kind *kind, const struct zx_conf *conf,
                     const struct zx_addr *to, int *fd) {
    return zx_stock_connect(open_for(kind, conf), to, fd);
}

int zx_vsock_connect_text(const struct zx_vsock_kind *kind, const char *address,
                          struct zx_iov text) {
    struct zx_addr addr;
    int rc = place(kind, address, false, &addr);
    return rc ? rc : kind->text(&addr, text.base, text.len);
}

void zx_vsock_set_timeout(int fd, int ms) {
    if (ms > 0)
        (void)zx_sock_set_vsock_connect_timeout(fd, ms);
}

/* ---- vsock -------------------------------------------------------------------- */

/* Not the machine's own, as the manual of libzmq has it: that is what its code does. */
static int host_cid(uint32_t *cid) {
    *cid = ZX_VSOCK_HOST;
    return 0;
}

static void tune(const struct zx_conf *conf, int fd) {
    zx_vsock_set_timeout(fd, conf->timing.connect_timeout_ms);
}

static int address_text(const struct zx_addr *a, char *buf, size_t size) {
    return zx_vsock_address_text("vsock", a, (struct zx_iov){buf, size});
}

static const struct zx_vsock_kind vsock = {host_cid, tune, address_text};

static int check(const struct zx_conf *conf, const char *address, bool for_bind) {
    return for_bind && conf->net.use_fd >= 0 ? 0 : zx_vsock_check(&vsock, address, for_bind);
}

static int listen_on(const struct zx_conf *conf, const char *address, char *text, size_t size) {
    return zx_vsock_listen(&vsock, conf, address, (struct zx_iov){text, size});
}

static int resolve(const struct zx_conf *conf, const char *address, struct zx_addr *out,
                   int max) {
    (void)conf;
    (void)max;
    return zx_vsock_resolve(&vsock, address, out);
}

static int connect_to(const struct zx_conf *conf, const char *address, const struct zx_addr *to,
                      int *fd) {
    (void)address;
    return zx_vsock_connect(&vsock, conf, to, fd);
}

static int connect_text(const char *address, char *text, size_t size) {
    return zx_vsock_connect_text(&vsock, address, (struct zx_iov){text, size});
}

static void local_endpoint(int fd, char *buf, size_t size) {
    zx_stock_local(fd, address_text, buf, size);
}

static void remote_endpoint(int fd, char *buf, size_t size) {
    zx_stock_remote(fd, address_text, buf, size);
}

const struct zx_transport_ops zx_vsock_ops = {
    .scheme = "vsock",
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
    .reconnect_stop = ZMQ_RECONNECT_STOP_CONN_REFUSED,
};
