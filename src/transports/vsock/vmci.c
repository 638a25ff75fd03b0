/* SPDX-License-Identifier: MIT */
/* VMware's VMCI is one of the carriers of the kernel's vsock: the same family, addresses and
 * options. What is left is a scheme, a meaning of "@" and libzmq's options. */
#include "os/vsock.h"
#include "transports/stock.h"
#include "transports/vsock/vsock.h"
#include "transports/vsock/vsock_address.h"
#include "zmq.h"

/* Wishes: a system that does not grant them still carries the connection. */
static void tune(const struct zx_conf *conf, int fd) {
    const struct zx_conf_multicast *m = &conf->multicast;
    struct zx_vsock_buffers buffers = {
        .max = m->vmci_buffer_max, .min = m->vmci_buffer_min, .size = m->vmci_buffer};
    (void)zx_sock_set_vsock_buffers(fd, &buffers);
    int own = m->vmci_connect_timeout_ms;
    zx_vsock_set_timeout(fd, own > 0 ? own : conf->timing.connect_timeout_ms);
}

static int address_text(const struct zx_addr *a, char *buf, size_t size) {
    return zx_vsock_address_text("vmci", a, (struct zx_iov){buf, size});
}

static const struct zx_vsock_kind vmci = {zx_os_vsock_cid, tune, address_text};

static int check(const struct zx_conf *conf, const char *address, bool for_bind) {
    return for_bind && conf->net.use_fd >= 0 ? 0 : zx_vsock_check(&vmci, address, for_bind);
}

static int listen_on(const struct zx_conf *conf, const char *address, char *text, size_t size) {
    return zx_vsock_listen(&vmci, conf, address, (struct zx_iov){text, size});
}

static int resolve(const struct zx_conf *conf, const char *address, struct zx_addr *out,
                   int max) {
    (void)conf;
    (void)max;
    return zx_vsock_resolve(&vmci, address, out);
}

static int connect_to(const struct zx_conf *conf, const char *address, const struct zx_addr *to,
                      int *fd) {
    (void)address;
    return zx_vsock_connect(&vmci, conf, to, fd);
}

static int connect_text(const char *address, char *text, size_t size) {
    return zx_vsock_connect_text(&vmci, address, (struct zx_iov){text, size});
}

static void local_endpoint(int fd, char *buf, size_t size) {
    zx_stock_local(fd, address_text, buf, size);
}

static void remote_endpoint(int fd, char *buf, size_t size) {
    zx_stock_remote(fd, address_text, buf, size);
}

const struct zx_transport_ops zx_vmci_ops = {
    .scheme = "vmci",
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
