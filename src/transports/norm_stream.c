/* SPDX-License-Identifier: MIT */
#include "transports/norm_stream.h"

#include <errno.h>

/* -EPROTO: no marker at all, or one in the midst of a message that says it is a new one. */
static int take_marker(struct zx_norm_rx *rx, uint8_t marker) {
    if (marker == ZX_NORM_OTHER) {
        rx->skipping = !rx->c.in_message;
    } else if (marker == ZX_NORM_FIRST) {
        if (rx->c.in_message)
            return -EPROTO;
        rx->skipping = false;
    } else {
        return -EPROTO;
    }
    rx->marked = true;
    return 0;
}

/* What is skipped is collected as well, for the sake of its length, and thrown away. */
static int take_frame(struct zx_norm_rx *rx, const uint8_t *data, size_t size, size_t *used,
                      struct zx_buf *out) {
    struct zx_buf nowhere = {0};
    int rc = zx_mcast_collect(&rx->c, data, size, used, rx->skipping ? &nowhere : out);
    if (rc == 1) {
        rx->marked = false;
        if (rx->skipping)
            zx_mcast_reset(&rx->c);
    }
    zx_buf_fini(&nowhere);
    return rc;
}

void zx_norm_rx_init(struct zx_norm_rx *rx, int64_t max) {
    *rx = (struct zx_norm_rx){.c = {.form = ZX_MCAST_NEW, .max = max}};
}

int zx_norm_rx_input(struct zx_norm_rx *rx, const uint8_t *data, size_t size,
                     struct zx_buf *out) {
    size_t at = 0;
    while (at < size) {
        int rc;
        size_t used = 1;
        if (rx->marked)
            rc = take_frame(rx, data + at, size - at, &used, out);
        else
            rc = take_marker(rx, data[at]);
        if (rc < 0)
            return rc;
        at += used;
    }
    return 0;
}

void zx_norm_rx_lost(struct zx_norm_rx *rx) {
    zx_mcast_reset(&rx->c);
    rx->marked = rx->skipping = false;
}
