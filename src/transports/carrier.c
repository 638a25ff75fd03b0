/* SPDX-License-Identifier: MIT */
#include "transports/carrier.h"

#include <errno.h>

#include "zmq.h"

enum {
    LINK_BUFFER = 16384, /* beyond it the high-water mark counts */
    FROM_MAX = 16384,
    PIECE = 8192
};

int zx_carrier_init(struct zx_carrier *c, const struct zx_conf *conf) {
    int fd[2];
    int rc = zx_sock_pair(fd);
    if (rc)
        return rc;
    (void)zx_sock_set_buffers(fd[0], LINK_BUFFER, -1);
    (void)zx_sock_set_buffers(fd[1], LINK_BUFFER, -1);
    c->fd = fd[1];
    c->is_sender = conf->type == ZMQ_PUB || conf->type == ZMQ_XPUB;
    return fd[0];
}

int zx_carrier_start(struct zx_carrier *c, int fd, const char *name, void (*run)(void *)) {
    struct zx_thread_conf how = {.name = name, .priority = -1, .sched_policy = -1};
    int rc = zx_thread_start(&c->thread, &how, run, c);
    if (!rc)
        return 0;
    zx_sock_close(c->fd);
    zx_sock_close(fd);
    return rc;
}

void zx_carrier_done(struct zx_carrier *c) {
    zx_sock_close(c->fd);
}

void zx_carrier_join(struct zx_carrier *c) {
    zx_thread_join(&c->thread);
    zx_buf_fini(&c->from);
    zx_buf_fini(&c->to);
}

unsigned zx_carrier_wants(const struct zx_carrier *c) {
    unsigned want = 0;
    if (!c->ended && zx_buf_size(&c->from) < FROM_MAX)
        want |= ZX_POLL_IN;
    if (zx_buf_size(&c->to))
        want |= ZX_POLL_OUT;
    return want;
}

/* A receiver's link says nothing that anybody could hear. False: it is gone, or there is no
 * memory to go on with. */
static bool take(struct zx_carrier *c) {
    while (!c->ended && zx_buf_size(&c->from) < FROM_MAX) {
        uint8_t *room = zx_buf_reserve(&c->from, PIECE);
        if (!room)
            return false;
        ptrdiff_t n = zx_sock_recv(c->fd, room, PIECE);
        if (n == -EAGAIN)
            return true;
        if (n < 0)
            return false;
        c->ended = n == 0;
        if (c->is_sender)
            c->from.tail += (size_t)n;
        else if (c->ended)
            return false; /* whoever does not listen any more needs no carrier */
    }
    return true;
}

static bool give(struct zx_carrier *c) {
    while (zx_buf_size(&c->to)) {
        ptrdiff_t n = zx_sock_send(c->fd, c->to.data + c->to.head, zx_buf_size(&c->to));
        if (n == -EAGAIN)
            return true;
        if (n < 0)
            return false;
        zx_buf_consume(&c->to, (size_t)n);
    }
    return true;
}

bool zx_carrier_turn(struct zx_carrier *c, unsigned revents) {
    if (revents & ZX_POLL_ERR)
        return false;
    return take(c) && give(c);
}

void zx_carrier_no_text(int fd, char *buf, size_t size) {
    (void)fd;
    if (size)
        buf[0] = '\0';
}

bool zx_carrier_not_same(const struct zx_conf *conf, const char *typed, const char *bound) {
    (void)conf;
    (void)typed;
    (void)bound;
    return false;
}
