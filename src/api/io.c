/* SPDX-License-Identifier: MIT */
/* Sending and receiving. */
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "api/api.h"
#include "base/msg.h"

static inline int send_src(void *socket, struct zx_src *src, int flags) {
    struct zx_socket *s = socket;
    int rc = zx_socket_enter(s);
    if (rc)
        return zx_api_result(rc);
    size_t size = src->size;
    src->more = flags & ZMQ_SNDMORE;
    rc = zx_socket_send(s, src, flags & ZMQ_DONTWAIT);
    return zx_api_leave(s, rc) ? -1 : zx_api_size(size);
}

int zmq_send(void *socket, const void *buf, size_t len, int flags) {
    struct zx_src src = {.data = buf, .size = len};
    if (!buf && len)
        return zx_api_result(-EFAULT);
    return send_src(socket, &src, flags);
}

int zmq_send_const(void *socket, const void *buf, size_t len, int flags) {
    struct zx_src src = {.data = buf, .size = len, .is_const = true};
    if (!buf && len)
        return zx_api_result(-EFAULT);
    return send_src(socket, &src, flags);
}

int zmq_msg_send(zmq_msg_t *m, void *socket, int flags) {
    struct zx_msg *msg = (struct zx_msg *)(void *)m;
    if (!msg || !zx_msg_is_valid(msg))
        return zx_api_result(-EFAULT);
    struct zx_src src = zx_src_of(msg, false);
    zx_msg_drop_meta(msg);
    msg->flags = (uint8_t)((msg->flags & ~ZX_MSG_MORE) | (flags & ZMQ_SNDMORE ? ZX_MSG_MORE : 0));
    return send_src(socket, &src, flags);
}

int zmq_sendmsg(void *socket, zmq_msg_t *m, int flags) {
    return zmq_msg_send(m, socket, flags);
}

static inline int recv_sink(void *socket, struct zx_sink *sink, int flags) {
    struct zx_socket *s = socket;
    int rc = zx_socket_enter(s);
    if (rc)
        return zx_api_result(rc);
    rc = zx_socket_recv(s, sink, flags & ZMQ_DONTWAIT);
    return zx_api_leave(s, rc) ? -1 : zx_api_size(sink->size);
}

int zmq_recv(void *socket, void *buf, size_t len, int flags) {
    struct zx_sink sink = {.buf = buf, .cap = len};
    if (!buf && len)
        return zx_api_result(-EFAULT);
    return recv_sink(socket, &sink, flags);
}

/* With nothing to receive the message is left empty, as programs know it; XPUB leaves it. */
static int came_away_empty(const struct zx_socket *s, struct zx_msg *msg) {
    int err = errno;
    if (err == EAGAIN && s->ops->type != ZMQ_XPUB) {
        zx_msg_close(msg);
        zx_msg_init(msg);
        errno = err; /* a free function may have changed it */
    }
    return -1;
}

int zmq_msg_recv(zmq_msg_t *m, void *socket, int flags) {
    struct zx_msg *msg = (struct zx_msg *)(void *)m;
    if (!msg || !zx_msg_is_valid(msg))
        return zx_api_result(-EFAULT);
    struct zx_sink sink = {.msg = msg};
    int rc = recv_sink(socket, &sink, flags);
    return rc >= 0 ? rc : came_away_empty(socket, msg);
}

int zmq_recvmsg(void *socket, zmq_msg_t *m, int flags) {
    return zmq_msg_recv(m, socket, flags);
}

int zmq_sendiov(void *socket, struct iovec *iov, size_t count, int flags) {
    int rc = zx_api_check(socket);
    if (rc)
        return zx_api_result(rc);
    if (!count || !iov)
        return zx_api_result(-EINVAL);
    for (size_t i = 0; i < count; i++) {
        int f = i + 1 == count ? flags & ~ZMQ_SNDMORE : flags;
        rc = zmq_send(socket, iov[i].iov_base, iov[i].iov_len, f);
        if (rc < 0)
            return rc;
    }
    return rc;
}

/* One frame into memory of its own. Size or -1. */
static int recv_frame(void *socket, struct iovec *iov, int flags, bool *more) {
    zmq_msg_t m;
    (void)zmq_msg_init(&m);
    int rc = zmq_msg_recv(&m, socket, flags);
    if (rc < 0)
        return rc;
    size_t size = zmq_msg_size(&m);
    iov->iov_base = malloc(size ? size : 1);
    iov->iov_len = size;
    *more = zmq_msg_more(&m);
    if (iov->iov_base && size)
        memcpy(iov->iov_base, zmq_msg_data(&m), size);
    (void)zmq_msg_close(&m);
    return iov->iov_base ? 0 : zx_api_result(-ENOMEM);
}

int zmq_recviov(void *socket, struct iovec *iov, size_t *count, int flags) {
    int rc = zx_api_check(socket);
    if (!rc && (!count || !*count || !iov))
        rc = -EINVAL;
    if (rc)
        return zx_api_result(rc);
    size_t max = *count;
    bool more = true;
    for (*count = 0; more && *count < max; ++*count)
        if (recv_frame(socket, &iov[*count], flags, &more))
            return -1;
    return zx_api_size(*count);
}
