/* SPDX-License-Identifier: MIT */
#include "zmtp/v1.h"

#include "base/bytes.h"

#include <errno.h>

enum {
    SHORT_HEADER = 2,
    LONG_MARK = 0xff,
    MORE = 1,
    SHORT_BODY_MAX = 253, /* its length byte, flags included, is 254; 255 is the mark */
};

void zx_v1_decoder_init(struct zx_v1_decoder *d, int64_t max_body) {
    *d = (struct zx_v1_decoder){.max_body = max_body < 0 ? SIZE_MAX : (uint64_t)max_body};
    if (d->max_body > SIZE_MAX)
        d->max_body = SIZE_MAX;
}

static bool is_long(const struct zx_v1_decoder *d) {
    return d->header[0] == LONG_MARK;
}

static size_t header_size(const struct zx_v1_decoder *d) {
    return d->have && is_long(d) ? ZX_V1_HEADER_MAX : SHORT_HEADER;
}

/* The length is judged when it is there: a wrong one may be the last thing a peer says. */
static int check_length(struct zx_v1_decoder *d) {
    if (!d->have || d->have != header_size(d) - 1)
        return 0;
    uint64_t length = is_long(d) ? zx_get64(d->header + 1) : d->header[0];
    if (length == 0) /* the flags byte alone counts 1 */
        return -EPROTO;
    return length - 1 > d->max_body ? -EMSGSIZE : 0;
}

static int finish_header(struct zx_v1_decoder *d) {
    d->left = (is_long(d) ? zx_get64(d->header + 1) : d->header[0]) - 1;
    d->more = (d->header[d->have - 1] & MORE) != 0;
    d->have = 0;
    return ZX_V1_FRAME;
}

int zx_v1_decode(struct zx_v1_decoder *d, const uint8_t *data, size_t size, size_t *consumed) {
    size_t at = 0;
    *consumed = 0;
    if (d->left)
        return ZX_V1_BODY;
    while (d->have < header_size(d)) {
        int rc = check_length(d);
        if (rc || at == size) {
            *consumed = at;
            return rc ? rc : ZX_V1_MORE;
        }
        d->header[d->have++] = data[at++];
    }
    *consumed = at;
    return finish_header(d);
}

void zx_v1_take(struct zx_v1_decoder *d, uint64_t n) {
    d->left -= n < d->left ? n : d->left;
}

size_t zx_v1_header(uint8_t buf[ZX_V1_HEADER_MAX], uint64_t size, bool more) {
    if (size <= SHORT_BODY_MAX) {
        buf[0] = (uint8_t)(size + 1);
        buf[1] = more ? MORE : 0;
        return SHORT_HEADER;
    }
    if (size == UINT64_MAX)
        return 0;
    buf[0] = LONG_MARK;
    zx_put64(buf + 1, size + 1);
    buf[9] = more ? MORE : 0;
    return ZX_V1_HEADER_MAX;
}
