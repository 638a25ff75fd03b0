/* SPDX-License-Identifier: MIT */
/* Sealed frames into a queue by the parser that opens them there:
 * [cut pattern][patch][sizes of messages...]. */
#include "fuzz.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/msg.h"
#include "base/queue.h"
#include "security/curve.h"
#include "zmtp/seal.h"
#include "zmtp/v3.h"

static int drop_command(void *ctx, const uint8_t *body, size_t size) {
    (void)ctx;
    return size && body[0] & 1; /* some are kept */
}

static struct zx_curve *side(bool is_server) {
    static const uint8_t shared[32] = "a key of thirty-two bytes, fixed";
    struct zx_curve *c = calloc(1, sizeof *c);
    FUZZ_CHECK(c);
    c->base.ops = &zx_curve_ops;
    c->base.status = ZX_MECH_DONE;
    zx_curve_traffic_init(&c->traffic, shared, is_server);
    return c;
}

/* Reads in pieces as the pattern says; false when the parser refused. */
static bool feed(struct zx_v3 *d, struct zx_queue *q, uint8_t *data, size_t size,
                 uint8_t pattern) {
    for (size_t turn = 0; size; turn++) {
        struct zx_v3_piece piece[ZX_V3_PIECES];
        size_t n = fuzz_piece(pattern, turn, size), got = 0;
        int pieces = zx_v3_room(d, q, n, piece);
        FUZZ_CHECK(pieces > 0);
        for (int i = 0; i < pieces && got < n; i++) {
            size_t take = piece[i].len < n - got ? piece[i].len : n - got;
            memcpy(piece[i].base, data + got, take);
            got += take;
        }
        int rc = zx_v3_parse(d, q, got);
        zx_queue_commit(q);
        if (rc)
            return false;
        data += got;
        size -= got;
    }
    return true;
}

struct sent {
    struct zx_buf wire;
    unsigned frames, commands_kept;
};

static void send_all(struct sent *s, struct fuzz_input *in, struct zx_curve *from) {
    static uint8_t text[40000];
    while (in->left >= 2 && s->frames < 60) {
        uint8_t kind = fuzz_byte(in);
        size_t size = fuzz_byte(in) * (kind & 8 ? 150u : 1u);
        uint8_t flags = kind & 16 ? 4 : kind & 1;
        memset(text, (int)s->frames, size);
        struct zx_mech_frame f = {flags, text, size};
        FUZZ_CHECK(!zx_seal_frame(&from->base, &f, &s->wire));
        if (flags == 4)
            s->commands_kept += size && s->frames & 1;
        s->frames++;
    }
}

/* Every record is one that was sent, in order, whole. */
static unsigned check_records(struct zx_queue *q) {
    struct zx_rec rec;
    unsigned n = 0, last = 0;
    while (zx_queue_peek(q, &rec)) {
        for (size_t i = 1; i < rec.size; i++)
            FUZZ_CHECK(rec.data[i] == rec.data[0]);
        if (rec.size) {
            FUZZ_CHECK(rec.data[0] >= last);
            last = rec.data[0];
        }
        if (rec.body)
            zx_body_unref(rec.body, 1);
        zx_queue_consume(q, &rec);
        n++;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = {data, size};
    uint8_t pattern = fuzz_byte(&in), patch = fuzz_byte(&in);
    uint16_t where = (uint16_t)(fuzz_byte(&in) << 8 | fuzz_byte(&in));
    FUZZ_CHECK(sodium_init() >= 0);
    struct zx_curve *from = side(false), *to = side(true);
    struct sent s = {.frames = 0};
    struct zx_queue q;
    struct zx_dead dead = {0};
    struct zx_v3 d;
    struct zx_v3_hooks hooks = {drop_command, NULL, NULL};
    send_all(&s, &in, from);
    size_t wire = zx_buf_size(&s.wire);
    if (wire && patch)
        s.wire.data[where % wire] ^= patch;
    zx_queue_init(&q, 0, false);
    zx_v3_init(&d, &hooks, -1, true);
    d.seal = &to->base;
    uint8_t *exact = fuzz_copy(s.wire.data, wire);
    bool good = feed(&d, &q, exact, wire, pattern);
    unsigned n = check_records(&q);
    FUZZ_CHECK(n <= s.frames);
    if (!patch)
        FUZZ_CHECK(good);
    free(exact);
    zx_v3_fini(&d);
    zx_queue_fini(&q, &dead);
    zx_dead_flush(&dead);
    zx_buf_fini(&s.wire);
    free(from);
    free(to);
    return 0;
}
