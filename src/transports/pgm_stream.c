/* SPDX-License-Identifier: MIT */
#include "transports/pgm_stream.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

void zx_pgm_rx_init(struct zx_pgm_rx *rx, int64_t max) {
    *rx = (struct zx_pgm_rx){.c = {.form = ZX_MCAST_OLD, .max = max}};
}

void zx_pgm_rx_lost(struct zx_pgm_rx *rx) {
    zx_mcast_reset(&rx->c);
    rx->joined = false;
}

static int take(struct zx_pgm_rx *rx, const uint8_t *data, size_t size, struct zx_buf *out) {
    size_t at = 0, used;
    while (at < size) {
        int rc = zx_mcast_collect(&rx->c, data + at, size - at, &used, out);
        if (rc < 0)
            return rc;
        at += used;
    }
    return 0;
}

int zx_pgm_rx_input(struct zx_pgm_rx *rx, const uint8_t *packet, size_t size,
                    struct zx_buf *out) {
    size_t left = size - ZX_PGM_OFFSET, skip = 0;
    int rc = -EPROTO;
    if (size >= ZX_PGM_OFFSET) {
        size_t offset = zx_get16(packet);
        /* One that points just behind the end: the next packet begins a message. */
        bool is_sane = offset == ZX_PGM_NO_MESSAGE || offset <= left;
        if (!rx->joined && offset == ZX_PGM_NO_MESSAGE)
            return 0;
        if (is_sane && !rx->joined)
            skip = offset;
        if (is_sane)
            rc = take(rx, packet + ZX_PGM_OFFSET + skip, left - skip, out);
    }
    if (rc)
        zx_pgm_rx_lost(rx);
    else
        rx->joined = true;
    return rc;
}

/* ---- sending ---- */

static void end_frame(struct zx_pgm_tx *tx) {
    tx->in_frame = false;
    tx->in_message = tx->f.more;
}

/* Follows a stretch of frames. Where in it the first message begins. */
static size_t follow(struct zx_pgm_tx *tx, const uint8_t *data, size_t size) {
    size_t first = ZX_PGM_NO_MESSAGE, at = 0;
    while (at < size) {
        size_t n = 0;
        if (tx->in_frame) {
            n = tx->f.left < size - at ? (size_t)tx->f.left : size - at;
            tx->f.left -= n;
        } else {
            if (!tx->f.have && !tx->in_message && first == ZX_PGM_NO_MESSAGE)
                first = at;
            tx->in_frame = zx_mcast_head(&tx->f, ZX_MCAST_OLD, data + at, size - at, &n) == 1;
        }
        at += n;
        if (tx->in_frame && !tx->f.left)
            end_frame(tx);
    }
    return first;
}

size_t zx_pgm_tx_fill(struct zx_pgm_tx *tx, struct zx_buf *from, uint8_t *packet, size_t cap) {
    size_t size = zx_buf_size(from);
    if (size > cap - ZX_PGM_OFFSET)
        size = cap - ZX_PGM_OFFSET;
    if (!size)
        return 0;
    const uint8_t *data = from->data + from->head;
    memcpy(packet + ZX_PGM_OFFSET, data, size);
    zx_put16(packet, (uint16_t)follow(tx, data, size));
    zx_buf_consume(from, size);
    return ZX_PGM_OFFSET + size;
}
