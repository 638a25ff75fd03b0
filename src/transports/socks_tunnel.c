/* SPDX-License-Identifier: MIT */
#include "transports/socks_tunnel.h"

#include <errno.h>
#include <stdlib.h>

#include "transports/socks.h"
#include "transports/tcp_address.h"

struct socks_tunnel {
    struct zx_tunnel base;
    int fd;
    struct zx_socks socks;
};

/* 0: all is said; -EAGAIN, others. */
static int say(struct socks_tunnel *t) {
    for (;;) {
        size_t size;
        const uint8_t *words = zx_socks_output(&t->socks, &size);
        t->base.has_output = size;
        if (!size)
            return 0;
        ptrdiff_t n = zx_sock_send(t->fd, words, size);
        if (n < 0)
            return (int)n;
        zx_socks_output_taken(&t->socks, (size_t)n);
    }
}

/* 0: it is our turn; 1: through; -EAGAIN, others. */
static int hear(struct socks_tunnel *t) {
    uint8_t words[ZX_SOCKS_WORDS_MAX];
    int rc = 0;
    for (size_t wanted; !rc && (wanted = zx_socks_wanted(&t->socks));) {
        ptrdiff_t n = zx_sock_recv(t->fd, words, wanted);
        if (n <= 0)
            return n ? (int)n : -EPIPE;
        rc = zx_socks_input(&t->socks, words, (size_t)n);
    }
    return rc;
}

static int dig(struct zx_tunnel *base) {
    struct socks_tunnel *t = (struct socks_tunnel *)(void *)base;
    int rc = 0;
    while (!rc) {
        rc = say(t);
        if (!rc)
            rc = hear(t);
    }
    return rc == -EAGAIN ? 0 : rc;
}

static void tunnel_free(struct zx_tunnel *base) {
    struct socks_tunnel *t = (struct socks_tunnel *)(void *)base;
    zx_socks_fini(&t->socks);
    free(t);
}

static const struct zx_tunnel_ops tunnel_ops = {dig, tunnel_free};

int zx_socks_tunnel_new(const struct zx_conf *conf, const struct zx_tcp_endpoint *target, int fd,
                        struct zx_tunnel **out) {
    struct zx_socks_conf sc = {target->host, target->port, conf->net.socks_username,
                               conf->net.socks_password};
    struct socks_tunnel *t = calloc(1, sizeof *t);
    if (!t)
        return -ENOMEM;
    int rc = zx_socks_init(&t->socks, &sc);
    if (rc) {
        free(t);
        return rc;
    }
    t->base.ops = &tunnel_ops;
    t->fd = fd;
    *out = &t->base;
    return 0;
}
