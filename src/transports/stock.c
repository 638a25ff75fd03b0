/* SPDX-License-Identifier: MIT */
#include "transports/stock.h"

#include <errno.h>

static int close_for(int fd, int rc) {
    zx_sock_close(fd);
    return rc;
}

int zx_stock_listen(int fd, const struct zx_addr *addr, int backlog) {
    if (fd < 0)
        return fd;
    int rc = addr ? zx_sock_bind(fd, addr) : 0;
    if (!rc)
        rc = zx_sock_listen(fd, backlog);
    return rc ? close_for(fd, rc) : fd;
}

static int text_of_local(int fd, ZX_STOCK_TEXT(text), char *buf, size_t size) {
    struct zx_addr local;
    int rc = zx_sock_local(fd, &local);
    return rc ? rc : text(&local, buf, size);
}

int zx_stock_with_text(int fd, ZX_STOCK_TEXT(text), char *buf, size_t size) {
    if (fd < 0)
        return fd;
    int rc = text_of_local(fd, text, buf, size);
    return rc ? close_for(fd, rc) : fd;
}

int zx_stock_take_over(int fd, ZX_STOCK_TEXT(text), char *buf, size_t size) {
    int rc = text_of_local(fd, text, buf, size);
    if (!rc)
        rc = zx_sock_set_nonblock(fd);
    return rc ? rc : fd;
}

int zx_stock_connect(int fd, const struct zx_addr *to, int *out) {
    if (fd < 0)
        return fd;
    int rc = zx_sock_connect(fd, to);
    if (rc && rc != -EINPROGRESS)
        return close_for(fd, rc);
    *out = fd;
    return rc;
}

void zx_stock_local(int fd, ZX_STOCK_TEXT(text), char *buf, size_t size) {
    buf[0] = '\0';
    if (text_of_local(fd, text, buf, size))
        buf[0] = '\0';
}

void zx_stock_remote(int fd, ZX_STOCK_TEXT(text), char *buf, size_t size) {
    struct zx_addr peer;
    buf[0] = '\0';
    if (zx_sock_peer(fd, &peer) || text(&peer, buf, size))
        buf[0] = '\0';
}

int zx_stock_unlisten(const struct zx_conf *conf, const char *address, const char *text) {
    (void)conf;
    (void)address;
    (void)text;
    return 0;
}

int zx_stock_accepted(const struct zx_conf *conf, int fd, const struct zx_addr *peer) {
    (void)conf;
    (void)fd;
    (void)peer;
    return 0;
}

bool zx_stock_is_numeric(const struct zx_conf *conf, const char *address) {
    (void)conf;
    (void)address;
    return true;
}

int zx_stock_connected(const struct zx_conf *conf, int fd) {
    (void)conf;
    (void)fd;
    return 0;
}

void zx_stock_peer_text(int fd, char *buf, size_t size) {
    (void)fd;
    (void)size;
    buf[0] = '\0';
}

bool zx_stock_same_bound(const struct zx_conf *conf, const char *typed, const char *bound) {
    (void)conf;
    (void)typed;
    (void)bound;
    return false;
}
