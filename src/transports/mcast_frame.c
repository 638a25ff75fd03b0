/* SPDX-License-Identifier: MIT */
#include "transports/mcast_frame.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

enum {
    MORE = 1,
    LONG = 2,
    LONG_MARK = 0xff,
    OLD_SHORT_MAX = 253,
    NEW_SHORT_MAX = 255,
    NEW_LONG_HEAD = 9
};

static size_t head_size(const struct zx_mcast_frame *f, enum zx_mcast_form form) {
    if (form == ZX_MCAST_OLD)
        return f->have && f->head[0] == LONG_MARK ? ZX_MCAST_HEAD_MAX : 2;
    return f->have && f->head[0] & LONG ? NEW_LONG_HEAD : 2;
}

static int finish_old(struct zx_mcast_frame *f) {
    uint64_t length = f->head[0] == LONG_MARK ? zx_get64(f->head + 1) : f->head[0];
    if (!length) /* the flags count 1 */
        return -EPROTO;
    f->left = length - 1;
    f->more = (f->head[f->have - 1] & MORE) != 0;
    return 1;
}

static int finish_new(struct zx_mcast_frame *f) {
    if (f->head[0] & ~(MORE | LONG))
        return -EPROTO;
    f->left = f->head[0] & LONG ? zx_get64(f->head + 1) : f->head[1];
    f->more = (f->head[0] & MORE) != 0;
    return 1;
}

int zx_mcast_head(struct zx_mcast_frame *f, enum zx_mcast_form form, const uint8_t *data,
                  size_t size, size_t *used) {
    size_t at = 0;
    while (at < size && f->have < head_size(f, form))
        f->head[f->have++] = data[at++];
    *used = at;
    if (f->have < head_size(f, form))
        return 0;
    int rc = form == ZX_MCAST_OLD ? finish_old(f) : finish_new(f);
    f->have = 0;
    return rc;
}

static size_t put_old(uint8_t head[ZX_MCAST_HEAD_MAX], uint64_t size, bool more) {
    if (size <= OLD_SHORT_MAX) {
        head[0] = (uint8_t)(size + 1);
        head[1] = more;
        return 2;
    }
    head[0] = LONG_MARK;
    zx_put64(head + 1, size + 1);
    head[9] = more;
    return ZX_MCAST_HEAD_MAX;
}

size_t zx_mcast_put_head(uint8_t head[ZX_MCAST_HEAD_MAX], enum zx_mcast_form form, uint64_t size,
                         bool more) {
    if (form == ZX_MCAST_OLD)
        return put_old(head, size, more);
    if (size <= NEW_SHORT_MAX) {
        head[0] = more;
        head[1] = (uint8_t)size;
        return 2;
    }
    head[0] = (uint8_t)(more | LONG);
    zx_put64(head + 1, size);
    return NEW_LONG_HEAD;
}

static int begin_body(struct zx_mcast_collector *c) {
    uint8_t head[ZX_MCAST_HEAD_MAX];
    if (c->f.left > PTRDIFF_MAX / 2 || (c->max >= 0 && c->f.left > (uint64_t)c->max))
        return -EMSGSIZE;
    c->in_frame = true;
    return zx_buf_append(&c->msg, head,
                         zx_mcast_put_head(head, ZX_MCAST_OLD, c->f.left, c->f.more));
}

static int end_frame(struct zx_mcast_collector *c, struct zx_buf *out) {
    c->in_frame = false;
    c->in_message = c->f.more;
    if (c->in_message)
        return 1;
    size_t size = zx_buf_size(&c->msg);
    int rc = zx_buf_append(out, c->msg.data + c->msg.head, size);
    zx_buf_consume(&c->msg, size);
    return rc ? rc : 1;
}

int zx_mcast_collect(struct zx_mcast_collector *c, const uint8_t *data, size_t size,
                     size_t *used, struct zx_buf *out) {
    *used = 0;
    if (!c->in_frame) {
        int rc = zx_mcast_head(&c->f, c->form, data, size, used);
        if (rc == 1)
            rc = begin_body(c);
        if (rc || !c->in_frame)
            return rc;
    }
    size_t left = size - *used;
    size_t n = c->f.left < left ? (size_t)c->f.left : left;
    if (n && zx_buf_append(&c->msg, data + *used, n))
        return -ENOMEM;
    *used += n;
    c->f.left -= n;
    return c->f.left ? 0 : end_frame(c, out);
}

void zx_mcast_reset(struct zx_mcast_collector *c) {
    c->f = (struct zx_mcast_frame){0};
    zx_buf_consume(&c->msg, zx_buf_size(&c->msg));
    c->in_frame = c->in_message = false;
}

void zx_mcast_fini(struct zx_mcast_collector *c) {
    zx_buf_fini(&c->msg);
}
