/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/transport.h"
#include "transports/ipc_address.h"
#include "transports/stock.h"
#include "zmq.h"

static const char scheme[] = "ipc://";

enum { SCHEME_LEN = sizeof(scheme) - 1 };

/* ---- binding --------------------------------------------------------------- */

static int check(const struct zx_conf *conf, const char *address, bool for_bind) {
    struct zx_ipc_endpoint ep;
    (void)conf;
    return zx_ipc_address_parse(&ep, address, for_bind);
}

/* Removes the socket of a wildcard and the directory made for it. */
static int remove_temp(const char *path) {
    char dir[ZX_IPC_TEXT_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || (size_t)(slash - path) >= sizeof(dir))
        return -EINVAL;
    memcpy(dir, path, (size_t)(slash - path));
    dir[slash - path] = '\0';
    int unlinked = zx_os_unlink(path);
    int removed = zx_os_rmdir(dir);
    return unlinked ? unlinked : removed;
}

static int open_bound(const struct zx_addr *addr, int backlog, char *text, size_t size) {
    int rc = zx_ipc_address_text(addr, text, size);
    return rc ? rc : zx_stock_listen(zx_sock_open(ZX_AF_UNIX), addr, backlog);
}

static int listen_temp(const struct zx_conf *conf, char *text, size_t size) {
    char path[ZX_IPC_TEXT_MAX];
    struct zx_addr addr;
    int rc = zx_os_ipc_temp_path(path, sizeof(path));
    if (rc)
        return rc;
    int fd = zx_addr_from_unix(&addr, path);
    if (!fd)
        fd = open_bound(&addr, conf->net.backlog, text, size);
    if (fd < 0)
        (void)remove_temp(path);
    return fd;
}

static int listen_on(const struct zx_conf *conf, const char *address, char *text, size_t size) {
    struct zx_ipc_endpoint ep;
    if (conf->net.use_fd >= 0)
        return zx_stock_take_over(conf->net.use_fd, zx_ipc_address_text, text, size);
    int rc = zx_ipc_address_parse(&ep, address, true);
    if (rc)
        return rc;
    if (ep.wildcard)
        return listen_temp(conf, text, size);
    rc = zx_os_ipc_clear_stale(address);
    return rc ? rc : open_bound(&ep.addr, conf->net.backlog, text, size);
}

/* A socket that was named stays on disk: somebody may have bound it anew meanwhile. */
static int unlisten(const struct zx_conf *conf, const char *address, const char *text) {
    struct zx_ipc_endpoint ep;
    int rc = zx_ipc_address_parse(&ep, address, true);
    if (rc || !ep.wildcard || conf->net.use_fd >= 0)
        return rc;
    if (strncmp(text, scheme, SCHEME_LEN) != 0)
        return -EINVAL;
    return remove_temp(text + SCHEME_LEN);
}

/* ---- who may come ------------------------------------------------------------ */

static bool has_number(const struct zx_items *items, uint32_t number) {
    const uint32_t *at = items->data;
    for (size_t i = 0; i < items->count; i++)
        if (at[i] == number)
            return true;
    return false;
}

static bool is_member(const struct zx_items *gids, uint32_t uid) {
    const uint32_t *gid = gids->data;
    for (size_t i = 0; i < gids->count; i++)
        if (zx_os_user_in_group(uid, gid[i]))
            return true;
    return false;
}

static int accepted(const struct zx_conf *conf, int fd, const struct zx_addr *peer) {
    const struct zx_conf_net *net = &conf->net;
    struct zx_cred cred;
    (void)peer;
    if (!net->ipc_uid.count && !net->ipc_gid.count && !net->ipc_pid.count)
        return 0;
    if (zx_sock_peer_cred(fd, &cred))
        return -EACCES;
    bool welcome = has_number(&net->ipc_uid, cred.uid) || has_number(&net->ipc_gid, cred.gid) ||
                   has_number(&net->ipc_pid, (uint32_t)cred.pid) ||
                   is_member(&net->ipc_gid, cred.uid);
    return welcome ? 0 : -EACCES;
}

/* ---- connecting ------------------------------------------------------------ */

static int resolve(const struct zx_conf *conf, const char *address, struct zx_addr *out,
                   int max) {
    struct zx_ipc_endpoint ep;
    (void)conf;
    int rc = zx_ipc_address_parse(&ep, address, false);
    if (rc || max < 1)
        return rc;
    *out = ep.addr;
    return 1;
}

/* -EAGAIN, a full backlog, is a failed attempt as any other. */
static int connect_to(const struct zx_conf *conf, const char *address, const struct zx_addr *to,
                      int *out) {
    (void)conf;
    (void)address;
    return zx_stock_connect(zx_sock_open(ZX_AF_UNIX), to, out);
}

/* ---- texts ----------------------------------------------------------------- */

static void peer_text(int fd, char *buf, size_t size) {
    struct zx_cred cred;
    buf[0] = '\0';
    if (!zx_sock_peer_cred(fd, &cred))
        snprintf(buf, size, "localhost:%u:%u:%d", (unsigned)cred.uid, (unsigned)cred.gid,
                 (int)cred.pid);
}

static void local_endpoint(int fd, char *buf, size_t size) {
    zx_stock_local(fd, zx_ipc_address_text, buf, size);
}

static void remote_endpoint(int fd, char *buf, size_t size) {
    zx_stock_remote(fd, zx_ipc_address_text, buf, size);
}

const struct zx_transport_ops zx_ipc_ops = {
    .scheme = "ipc",
    .reconnect_stop = ZMQ_RECONNECT_STOP_AFTER_DISCONNECT,
    .check = check,
    .listen = listen_on,
    .unlisten = unlisten,
    .accepted = accepted,
    .is_numeric = zx_stock_is_numeric,
    .resolve = resolve,
    .connect = connect_to,
    .connected = zx_stock_connected,
    .peer_text = peer_text,
    .local_endpoint = local_endpoint,
    .remote_endpoint = remote_endpoint,
    .same_bound = zx_stock_same_bound, /* a path is known by one text only */
};
