/* SPDX-License-Identifier: MIT */
/* ZWS frames: [side and limit][cut pattern][bytes of a peer]. What is decoded is encoded again,
 * and must decode to the same. */
#include "fuzz.h"

#include <errno.h>

#include "transports/ws_frame.h"

enum { ROOM = 64 };

struct outcome {
    int rc;
    unsigned controls;
    uint64_t control_sum;
    unsigned close_code;
    struct zx_buf out;
};

struct setting {
    bool from_client, drops;
    int64_t limit;
    size_t parts;
    uint8_t pattern;
};

static void on_control(const struct zx_ws_decoder *d, struct outcome *o) {
    FUZZ_CHECK(d->opcode >= ZX_WS_CLOSE && d->control_size <= ZX_WS_CONTROL_MAX);
    o->controls++;
    o->control_sum = o->control_sum * 31 + d->opcode;
    for (size_t i = 0; i < d->control_size; i++)
        o->control_sum = o->control_sum * 31 + d->control[i];
    if (d->opcode == ZX_WS_CLOSE) {
        unsigned code = zx_ws_close_code(d->control, d->control_size);
        FUZZ_CHECK(!code || (code >= 1000 && code < 5000));
    }
}

/* One piece of input, into small rooms. */
static void feed(struct zx_ws_decoder *d, const uint8_t *data, size_t size, struct outcome *o) {
    uint8_t *copy = fuzz_copy(data, size);
    struct zx_ws_in in = {copy, size};
    size_t room = 1 + size % ROOM;
    for (;;) {
        uint8_t *piece = malloc(room);
        struct zx_ws_out out = {piece, room};
        o->rc = zx_ws_decode(d, &in, &out);
        FUZZ_CHECK(out.room <= room && in.size <= size);
        FUZZ_CHECK(!zx_buf_append(&o->out, piece, room - out.room));
        free(piece);
        if (o->rc == ZX_WS_CONTROL)
            on_control(d, o);
        else if (o->rc < 0 || (out.room && !(d->max_parts && in.size)) ||
                 (!in.size && !zx_ws_decoder_has_output(d)))
            break;
    }
    FUZZ_CHECK(o->rc < 0 || !in.size);
    free(copy);
}

static void play(const struct setting *s, const struct fuzz_input *in, uint8_t pattern,
                 struct outcome *o) {
    struct zx_ws_decoder d;
    zx_ws_decoder_init(&d, s->from_client);
    d.max_message = s->limit;
    d.max_parts = s->parts;
    d.drop_commands = s->drops;
    for (size_t at = 0, turn = 0; at < in->left && o->rc >= 0; turn++) {
        size_t n = fuzz_piece(pattern, turn, in->left - at);
        feed(&d, in->data + at, n, o);
        at += n;
    }
    FUZZ_CHECK(o->rc == 0 || (o->rc < 0 && d.close_code));
    o->close_code = d.close_code;
    zx_ws_decoder_fini(&d);
}

/* The other way round, as either side. */
static void there_and_back(const struct outcome *whole, const struct setting *s) {
    struct zx_ws_encoder e;
    struct zx_buf wire = {0};
    struct setting open = {.from_client = s->from_client, .limit = -1};
    struct outcome back = {0};
    struct zx_ws_in nothing = {NULL, 0};
    zx_ws_encoder_init(&e, s->from_client);
    size_t size = zx_buf_size(&whole->out);
    const uint8_t *data = size ? whole->out.data + whole->out.head : NULL;
    for (size_t at = 0, turn = 0; at < size; turn++) {
        size_t n = fuzz_piece(s->pattern, turn, size - at);
        FUZZ_CHECK(!zx_ws_encode(&e, data + at, n, &wire));
        if (turn < 3)
            FUZZ_CHECK(!zx_ws_encode_control(&e, ZX_WS_PING, &nothing, &wire));
        at += n;
    }
    struct fuzz_input in = {wire.data, zx_buf_size(&wire)};
    play(&open, &in, 0, &back);
    FUZZ_CHECK(!back.rc && zx_buf_size(&back.out) <= size);
    if (size)
        FUZZ_CHECK(!memcmp(back.out.data, data, zx_buf_size(&back.out)));
    zx_buf_fini(&wire);
    zx_buf_fini(&back.out);
    zx_ws_encoder_fini(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int64_t limits[] = {-1, 0, 1, 100, 126, 65536, INT64_MAX, 10};
    struct fuzz_input in = {data, size};
    uint8_t kind = fuzz_byte(&in);
    struct setting s = {.from_client = kind & 1, .drops = kind & 2, .limit = limits[kind >> 2 & 7],
                        .parts = kind & 32 ? 100 : 0};
    struct outcome whole = {0}, cut = {0};
    s.pattern = fuzz_byte(&in);
    play(&s, &in, 0, &whole);
    play(&s, &in, s.pattern, &cut);
    FUZZ_CHECK(whole.rc == cut.rc && whole.close_code == cut.close_code);
    FUZZ_CHECK(whole.controls == cut.controls && whole.control_sum == cut.control_sum);
    FUZZ_CHECK(zx_buf_size(&whole.out) == zx_buf_size(&cut.out));
    if (zx_buf_size(&whole.out))
        FUZZ_CHECK(!memcmp(whole.out.data, cut.out.data, zx_buf_size(&whole.out)));
    there_and_back(&whole, &s);
    zx_buf_fini(&whole.out);
    zx_buf_fini(&cut.out);
    return 0;
}
