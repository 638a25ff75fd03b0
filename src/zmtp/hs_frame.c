/* SPDX-License-Identifier: MIT */
#include "zmtp/hs_frame.h"

#include "base/bytes.h"

#include <errno.h>
#include <string.h>

enum {
    SHORT_BODY_MAX = 255,
    SHORT_HEADER = 2,
    LONG_HEADER = 9,
    ROOM_AT_ONCE = 1024, /* PLAIN's HELLO has at most 518 bytes */
};

static size_t header_size(const struct zx_hs_frame *f) {
    return f->have && (f->header[0] & ZX_HS_FRAME_LONG) ? LONG_HEADER : SHORT_HEADER;
}

/* 1: the header is complete; 0: more bytes wanted; -EMSGSIZE. */
static int read_header(struct zx_hs_frame *f, struct zx_hs_bytes *in, uint64_t max) {
    while (!f->has_header) {
        if (in->left == 0)
            return 0;
        f->header[f->have++] = *zx_hs_bytes_take(in, 1);
        if (f->have < header_size(f))
            continue;
        f->size = f->have == LONG_HEADER ? zx_get64(f->header + 1) : f->header[1];
        if (f->size > max)
            return -EMSGSIZE;
        f->has_header = true;
    }
    return 1;
}

int zx_hs_frame_read(struct zx_hs_frame *f, struct zx_hs_bytes *in, uint64_t max,
                     const uint8_t **body) {
    int rc = read_header(f, in, max);
    if (rc <= 0)
        return rc;
    size_t have = zx_buf_size(&f->body);
    size_t wanted = (size_t)f->size - have;
    size_t n = in->left < wanted ? in->left : wanted;
    const uint8_t *at = zx_hs_bytes_take(in, n);
    if (have == 0 && n == wanted) { /* all of it at once: no copy */
        *body = at;
        return 1;
    }
    /* A small command gets its room at once: growing would leave a part of a secret behind. */
    if ((wanted <= ROOM_AT_ONCE && !zx_buf_reserve(&f->body, wanted)) ||
        zx_buf_append(&f->body, at, n))
        return -ENOMEM;
    if (n < wanted)
        return 0;
    *body = f->body.data + f->body.head;
    return 1;
}

void zx_hs_frame_end(struct zx_hs_frame *f) {
    zx_buf_wipe(&f->body); /* a HELLO may hold a password */
    f->have = 0;
    f->has_header = false;
}

int zx_hs_frame_wrap(struct zx_buf *out, uint8_t flags, size_t size) {
    size_t header = size > SHORT_BODY_MAX ? LONG_HEADER : SHORT_HEADER;
    if (!zx_buf_reserve(out, header))
        return -ENOMEM;
    uint8_t *at = out->data + out->tail - size;
    if (size)
        memmove(at + header, at, size);
    if (header == LONG_HEADER) {
        at[0] = flags | ZX_HS_FRAME_LONG;
        zx_put64(at + 1, size);
    } else {
        at[0] = flags;
        at[1] = (uint8_t)size;
    }
    out->tail += header;
    return 0;
}
