/* SPDX-License-Identifier: MIT */
/* What patterns share when they do nothing. */
#include "core/pattern.h"

#include <errno.h>
#include <string.h>

#include "core/pipe.h"
#include "core/socket.h"

int zx_pattern_init_none(struct zx_socket *s) {
    (void)s;
    return 0;
}

void zx_pattern_fini_none(struct zx_socket *s) {
    (void)s;
}

void zx_pattern_closed_none(struct zx_socket *s) {
    (void)s;
}

void zx_pattern_pipe_none(struct zx_socket *s, struct zx_pipe *p) {
    (void)s;
    (void)p;
}

void zx_pattern_readable_drop(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_rec rec;
    (void)s;
    do {
        while (zx_pipe_peek(p, &rec))
            zx_pipe_drop(p, &rec);
    } while (!zx_pipe_unlist(p));
}

int zx_pattern_send_none(struct zx_socket *s, struct zx_src *src) {
    (void)s;
    (void)src;
    return -ENOTSUP;
}

int zx_pattern_recv_none(struct zx_socket *s, struct zx_sink *sink) {
    (void)s;
    (void)sink;
    return -ENOTSUP;
}

int zx_pattern_set_none(struct zx_socket *s, int option, const void *val, size_t size) {
    (void)s;
    (void)option;
    (void)val;
    (void)size;
    return -EINVAL;
}

int zx_pattern_get_none(struct zx_socket *s, int option, void *val, size_t *size) {
    (void)s;
    (void)option;
    (void)val;
    (void)size;
    return -EINVAL;
}

int zx_pattern_membership_none(struct zx_socket *s, const char *group, size_t size, bool join) {
    (void)s;
    (void)group;
    (void)size;
    (void)join;
    return -ENOTSUP;
}

int zx_pattern_numbered_peer_none(struct zx_socket *s, uint32_t number, struct zx_pipe **out) {
    (void)s;
    (void)number;
    (void)out;
    return -ENOTSUP;
}

int zx_pattern_peer_state_none(struct zx_socket *s, const void *id, size_t size) {
    (void)s;
    (void)id;
    (void)size;
    return -ENOTSUP;
}

void zx_pattern_link_ready_none(struct zx_socket *s, struct zx_pipe *p, int version) {
    (void)s;
    (void)p;
    (void)version;
}

bool zx_pattern_link_more_none(struct zx_socket *s, struct zx_pipe *p, struct zx_buf *out) {
    (void)s;
    (void)p;
    (void)out;
    return false;
}

int zx_pattern_link_note_none(struct zx_socket *s, struct zx_pipe *p, const uint8_t *note,
                              size_t size, struct zx_buf *out) {
    (void)s;
    (void)p;
    (void)note;
    (void)size;
    (void)out;
    return 0;
}

bool zx_pattern_link_frame_any(unsigned *state, uint8_t flags, const uint8_t *body, size_t size) {
    (void)state;
    (void)flags;
    (void)body;
    (void)size;
    return true;
}

int zx_sink_put(struct zx_sink *sink, const void *data, size_t size, bool more) {
    if (sink->msg) {
        struct zx_msg fresh;
        int rc = zx_msg_init_size(&fresh, size);
        if (rc)
            return rc;
        if (size)
            memcpy(zx_msg_data(&fresh), data, size);
        fresh.flags = more ? ZX_MSG_MORE : 0;
        zx_msg_close(sink->msg);
        *sink->msg = fresh;
    } else if (size && sink->cap) {
        memcpy(sink->buf, data, size < sink->cap ? size : sink->cap);
    }
    sink->size = size;
    sink->more = more;
    return 0;
}

int zx_opt_take_flag(const void *val, size_t size, bool *out) {
    int v, rc = zx_opt_take_int(val, size, &v);
    if (rc || v < 0)
        return -EINVAL;
    *out = v != 0;
    return 0;
}
