/* SPDX-License-Identifier: MIT */
/* Packets of pgm: [limit][cut pattern][bytes], cut into packets; and the bytes as a link's stream,
 * put into packets and taken out again. */
#include "fuzz.h"

#include <errno.h>

#include "transports/pgm_stream.h"

enum { PACKET = 64 };

static void receive(const struct fuzz_input *in, int64_t limit, uint8_t pattern) {
    struct zx_pgm_rx rx;
    struct zx_buf out = {0};
    zx_pgm_rx_init(&rx, limit);
    for (size_t turn = 0, at = 0; at < in->left; turn++) {
        size_t n = fuzz_piece(pattern, turn, in->left - at);
        uint8_t *copy = fuzz_copy(in->data + at, n);
        int rc = zx_pgm_rx_input(&rx, copy, n, &out);
        FUZZ_CHECK(rc == 0 || rc == -EPROTO || rc == -EMSGSIZE);
        FUZZ_CHECK(!rc || !rx.joined);
        if (pattern == 7)
            zx_pgm_rx_lost(&rx);
        free(copy);
        at += n;
    }
    FUZZ_CHECK(zx_buf_size(&out) <= in->left * 10);
    zx_mcast_fini(&rx.c);
    zx_buf_fini(&out);
}

/* What a link would send: whole messages, or nothing. */
static void messages_of(const struct fuzz_input *in, struct zx_buf *out) {
    struct zx_mcast_collector c = {.form = ZX_MCAST_OLD, .max = -1};
    size_t at = 0, used;
    while (at < in->left) {
        if (zx_mcast_collect(&c, in->data + at, in->left - at, &used, out) < 0)
            break;
        at += used;
    }
    zx_mcast_fini(&c);
}

static void there_and_back(const struct fuzz_input *in, size_t cap) {
    struct zx_buf all = {0}, from = {0}, out = {0};
    struct zx_pgm_tx tx = {0};
    struct zx_pgm_rx rx;
    uint8_t packet[PACKET];
    size_t n;
    messages_of(in, &all);
    if (zx_buf_size(&all))
        FUZZ_CHECK(!zx_buf_append(&from, all.data + all.head, zx_buf_size(&all)));
    zx_pgm_rx_init(&rx, -1);
    while ((n = zx_pgm_tx_fill(&tx, &from, packet, cap)) != 0) {
        FUZZ_CHECK(n <= cap);
        FUZZ_CHECK(!zx_pgm_rx_input(&rx, packet, n, &out));
    }
    FUZZ_CHECK(zx_buf_size(&out) == zx_buf_size(&all) && !rx.c.in_frame && !rx.c.in_message);
    if (zx_buf_size(&all))
        FUZZ_CHECK(!memcmp(out.data + out.head, all.data + all.head, zx_buf_size(&all)));
    zx_mcast_fini(&rx.c);
    zx_buf_fini(&all);
    zx_buf_fini(&from);
    zx_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int64_t limits[] = {-1, 0, 1, 253, 254, 255, 65536, INT64_MAX};
    struct fuzz_input in = {data, size};
    int64_t limit = limits[fuzz_byte(&in) % 8];
    uint8_t pattern = fuzz_byte(&in);
    receive(&in, limit, pattern);
    there_and_back(&in, (size_t)3 + pattern % (PACKET - 2));
    return 0;
}
