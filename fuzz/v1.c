/* SPDX-License-Identifier: MIT */
/* ZMTP 1.0 framing: [limit][cut pattern][bytes of a peer]. */
#include "fuzz.h"

#include "zmtp/v1.h"

struct outcome {
    int rc;
    unsigned frames;
    uint64_t left; /* of the last body */
    uint64_t sum;  /* of sizes, flags and bodies */
};

/* Writes the header of a frame again and reads it back. */
static void check_header(uint64_t size, bool more) {
    uint8_t header[ZX_V1_HEADER_MAX];
    struct zx_v1_decoder d;
    size_t taken, n = zx_v1_header(header, size, more);
    FUZZ_CHECK(n == 2 || n == 10);
    zx_v1_decoder_init(&d, -1);
    FUZZ_CHECK(zx_v1_decode(&d, header, n, &taken) == ZX_V1_FRAME);
    FUZZ_CHECK(taken == n && d.left == size && d.more == more);
}

/* Takes what there is of one header or body; bytes consumed. */
static size_t step(struct zx_v1_decoder *d, const uint8_t *data, size_t size, struct outcome *o) {
    size_t n;
    uint8_t *copy = fuzz_copy(data, size);
    o->rc = zx_v1_decode(d, copy, size, &n);
    FUZZ_CHECK(n <= size && n <= ZX_V1_HEADER_MAX);
    if (o->rc == ZX_V1_FRAME) {
        o->frames++;
        o->sum = o->sum * 31 + d->left * 2 + d->more;
        FUZZ_CHECK(d->left <= d->max_body);
        check_header(d->left, d->more);
    }
    if (o->rc > ZX_V1_MORE) {
        size_t body = size - n < d->left ? size - n : (size_t)d->left;
        for (size_t i = 0; i < body; i++)
            o->sum = o->sum * 31 + copy[n + i];
        zx_v1_take(d, body);
        n += body;
    }
    free(copy);
    return n;
}

static struct outcome play(const struct fuzz_input *in, int64_t limit, uint8_t pattern) {
    struct outcome o = {0, 0, 0, 0};
    struct zx_v1_decoder d;
    size_t at = 0, arrived = 0;
    zx_v1_decoder_init(&d, limit);
    for (size_t turn = 0; arrived < in->left && o.rc >= 0; turn++) {
        arrived += fuzz_piece(pattern, turn, in->left - arrived);
        while (at < arrived && o.rc >= 0)
            at += step(&d, in->data + at, arrived - at, &o);
    }
    o.left = d.left;
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int64_t limits[] = {-1, 0, 1, 253, 254, 255, 65536, INT64_MAX};
    struct fuzz_input in = {data, size};
    int64_t limit = limits[fuzz_byte(&in) % 8];
    uint8_t pattern = fuzz_byte(&in);
    struct outcome whole = play(&in, limit, 0), cut = play(&in, limit, pattern);
    FUZZ_CHECK((whole.rc < 0) == (cut.rc < 0) && (whole.rc >= 0 || whole.rc == cut.rc));
    FUZZ_CHECK(whole.frames == cut.frames);
    FUZZ_CHECK(whole.left == cut.left);
    FUZZ_CHECK(whole.sum == cut.sum);
    return 0;
}
