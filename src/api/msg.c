/* SPDX-License-Identifier: MIT */
/* Messages. */
#include <string.h>

#include "api/api.h"
#include "base/group.h"
#include "base/msg.h"
#include "zmtp/metadata.h"

_Static_assert(sizeof(struct zx_msg) <= sizeof(zmq_msg_t), "a message fits its public shape");

static struct zx_msg *in(zmq_msg_t *m) {
    return (struct zx_msg *)(void *)m;
}

static const struct zx_msg *in_const(const zmq_msg_t *m) {
    return (const struct zx_msg *)(const void *)m;
}

static bool is_valid(const zmq_msg_t *m) {
    return m && zx_msg_is_valid(in_const(m));
}

int zmq_msg_init(zmq_msg_t *m) {
    zx_msg_init(in(m));
    return 0;
}

int zmq_msg_init_size(zmq_msg_t *m, size_t size) {
    return zx_api_result(zx_msg_init_size(in(m), size));
}

int zmq_msg_init_buffer(zmq_msg_t *m, const void *buf, size_t size) {
    if (!buf && size)
        return zx_api_result(-EINVAL);
    int rc = zx_msg_init_size(in(m), size);
    if (!rc && size)
        memcpy(zx_msg_data(in(m)), buf, size);
    return zx_api_result(rc);
}

int zmq_msg_init_data(zmq_msg_t *m, void *data, size_t size, zmq_free_fn *ffn, void *hint) {
    if (!data && size)
        return zx_api_result(-EINVAL);
    return zx_api_result(zx_msg_init_data(in(m), data, size, ffn, hint));
}

int zmq_msg_close(zmq_msg_t *m) {
    if (!is_valid(m))
        return zx_api_result(-EFAULT);
    zx_msg_close(in(m));
    return 0;
}

int zmq_msg_move(zmq_msg_t *dst, zmq_msg_t *src) {
    if (!is_valid(dst) || !is_valid(src))
        return zx_api_result(-EFAULT);
    zx_msg_move(in(dst), in(src));
    return 0;
}

int zmq_msg_copy(zmq_msg_t *dst, zmq_msg_t *src) {
    if (!is_valid(dst) || !is_valid(src))
        return zx_api_result(-EFAULT);
    zx_msg_copy(in(dst), in(src));
    return 0;
}

void *zmq_msg_data(zmq_msg_t *m) {
    if (is_valid(m))
        return zx_msg_data(in(m));
    errno = EFAULT;
    return NULL;
}

size_t zmq_msg_size(const zmq_msg_t *m) {
    if (is_valid(m))
        return zx_msg_size(in_const(m));
    errno = EFAULT;
    return 0;
}

int zmq_msg_more(const zmq_msg_t *m) {
    return zmq_msg_get(m, ZMQ_MORE);
}

int zmq_msg_get(const zmq_msg_t *m, int property) {
    if (!is_valid(m))
        return zx_api_result(-EFAULT);
    const struct zx_msg *msg = in_const(m);
    int fd;
    switch (property) {
    case ZMQ_MORE:
        return msg->flags & ZX_MSG_MORE ? 1 : 0;
    case ZMQ_SHARED:
        return msg->kind == ZX_MSG_KIND_CONST || msg->flags & ZX_MSG_SHARED;
    case ZMQ_SRCFD:
        fd = zx_meta_fd(msg->meta);
        return fd >= 0 ? fd : zx_api_result(-EINVAL);
    default:
        return zx_api_result(-EINVAL);
    }
}

int zmq_msg_set(zmq_msg_t *m, int property, int optval) {
    (void)m;
    (void)property;
    (void)optval;
    return zx_api_result(-EINVAL);
}

const char *zmq_msg_gets(const zmq_msg_t *m, const char *property) {
    const char *value = NULL;
    if (property && is_valid(m))
        value = zx_meta_get(in_const(m)->meta, property);
    if (!value)
        errno = EINVAL;
    return value;
}

int zmq_msg_set_routing_id(zmq_msg_t *m, uint32_t routing_id) {
    if (!is_valid(m))
        return zx_api_result(-EFAULT);
    if (!routing_id)
        return zx_api_result(-EINVAL);
    in(m)->routing_id = routing_id;
    return 0;
}

uint32_t zmq_msg_routing_id(zmq_msg_t *m) {
    return is_valid(m) ? in(m)->routing_id : 0;
}

int zmq_msg_set_group(zmq_msg_t *m, const char *group) {
    if (!is_valid(m))
        return zx_api_result(-EFAULT);
    if (!group || strlen(group) > ZX_GROUP_MAX)
        return zx_api_result(-EINVAL);
    struct zx_group *g = NULL;
    if (*group && !(g = zx_group_new(group, strlen(group))))
        return zx_api_result(-ENOMEM);
    if (in(m)->group)
        zx_group_unref(in(m)->group);
    in(m)->group = g;
    return 0;
}

const char *zmq_msg_group(zmq_msg_t *m) {
    return is_valid(m) && in(m)->group ? in(m)->group->name : "";
}
