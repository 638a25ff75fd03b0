/* SPDX-License-Identifier: MIT */
/*
 * ZMTP 2.0 and 3.x framing into a queue:
 * [version and hooks][limit][cut pattern][how to read between][bytes of a peer].
 *
 * The bytes are a peer's as they stand, or, with bit 7 of the first, orders to write frames: so
 * that frames larger than an input are met too. What comes out of the queue is compared with a
 * parser that has the whole input before it and copies everything.
 */
#include "fuzz.h"

#include <errno.h>

#include "base/msg.h"
#include "base/pool.h"
#include "zmtp/v3.h"

enum { STREAM_MAX = 1 << 17, LARGE = 1200000, KEEP_MAX = 4096,
       COMMAND_MAX = 1 << 20, LARGE_TIMES = 60 };

struct conf {
    int64_t limit;
    bool is_v3, with_hook;
    uint8_t pattern, reading;
    size_t scale; /* of pieces: long streams come in long ones */
};

/* ---- hooks ---- */

static int on_command(void *ctx, const uint8_t *body, size_t size) {
    (void)ctx;
    return !size ? 0 : body[0] == 0xff ? -EPROTO : body[0] & 1;
}

static bool on_frame(unsigned *state, uint8_t flags, const uint8_t *body, size_t size) {
    /* Any rule will do; the state goes from frame to frame. */
    *state = *state * 5 + flags + (size ? body[size - 1] : 1);
    return *state % 61 != 7;
}

/* ---- what came out ---- */

struct outcome {
    int rc;
    unsigned records;
    uint64_t sum; /* of flags, sizes and bodies, in order */
};

static void note(struct outcome *o, uint8_t flags, const uint8_t *body, size_t size) {
    o->records++;
    o->sum = (o->sum ^ flags) * UINT64_C(0x100000001b3) + size;
    for (; size >= 8; size -= 8, body += 8)
        o->sum = (o->sum ^ zx_get64(body)) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < size; i++)
        o->sum = (o->sum ^ body[i]) * UINT64_C(0x100000001b3);
}

/* ---- the naive parser ---- */

struct naive {
    const struct conf *conf;
    struct outcome out;  /* what a reader may see */
    struct outcome held; /* with the frames of a message that has not ended */
    bool in_message;
    unsigned state;
};

static int naive_command(struct naive *n, const uint8_t *body, size_t size) {
    int rc = on_command(NULL, body, size);
    if (rc <= 0)
        return rc;
    note(&n->held, ZX_FRAME_COMMAND, body, size);
    if (!n->in_message)
        n->out = n->held;
    return 0;
}

static int naive_frame(struct naive *n, uint8_t flags, const uint8_t *body, size_t size) {
    if (n->conf->is_v3 && flags & ZX_FRAME_COMMAND)
        return naive_command(n, body, size);
    uint8_t wire = flags & (ZX_FRAME_MORE | ZX_FRAME_LONG);
    if (n->conf->with_hook && !on_frame(&n->state, wire, body, size))
        return -EPROTO;
    note(&n->held, flags & ZX_FRAME_MORE, body, size);
    n->in_message = flags & ZX_FRAME_MORE;
    if (!n->in_message)
        n->out = n->held;
    return 0;
}

static struct outcome parse_naively(const struct conf *conf, const uint8_t *p, size_t left) {
    struct naive n = {.conf = conf};
    int rc = 0;
    while (left >= 2 && !rc) {
        bool is_long = p[0] & ZX_FRAME_LONG;
        size_t head = is_long ? 9 : 2;
        if (left < head)
            break;
        uint64_t size = is_long ? zx_get64(p + 1) : p[1];
        if (size > (uint64_t)PTRDIFF_MAX - 4096 ||
            (conf->limit >= 0 && size > (uint64_t)conf->limit)) {
            rc = -EMSGSIZE;
        } else if (size > left - head) {
            if (conf->is_v3 && p[0] & ZX_FRAME_COMMAND && size > COMMAND_MAX)
                rc = -EMSGSIZE;
            break;
        } else {
            rc = naive_frame(&n, p[0], p + head, (size_t)size);
            p += head + size;
            left -= head + (size_t)size;
        }
    }
    n.out.rc = rc;
    return n.out;
}

/* ---- the parser ---- */

struct peer {
    struct zx_v3 d;
    struct zx_queue q;
    struct zx_dead dead;
    struct outcome out;
    size_t input; /* bytes of the whole */
};

static void read_all(struct peer *p) {
    struct zx_rec rec;
    while (zx_queue_peek(&p->q, &rec)) {
        FUZZ_CHECK(!(rec.flags & ~(ZX_FRAME_WIRE_MASK | ZX_FRAME_REF)));
        FUZZ_CHECK(!(rec.flags & ZX_FRAME_REF) == !rec.body);
        FUZZ_CHECK(rec.size <= p->input);
        FUZZ_CHECK(!rec.body || (rec.data == rec.body->data && rec.size > ZX_QUEUE_REF_ABOVE));
        note(&p->out, rec.flags & (ZX_FRAME_MORE | ZX_FRAME_COMMAND), rec.data, rec.size);
        zx_rec_release(&rec, &p->dead);
        (void)zx_queue_consume(&p->q, &rec);
    }
    FUZZ_CHECK(!p->q.r.in_message);
    FUZZ_CHECK(p->q.r.read == p->q.w.written);
}

/* Gives at most size bytes, into room for limit; bytes taken. */
static size_t give(struct peer *p, const uint8_t *data, size_t size, size_t limit) {
    struct zx_v3_piece piece[ZX_V3_PIECES];
    if (!limit) { /* as what a handshake left over */
        p->out.rc = zx_v3_feed(&p->d, &p->q, data, size);
        zx_queue_commit(&p->q);
        return size;
    }
    int n = zx_v3_room(&p->d, &p->q, limit, piece);
    size_t got = 0;
    FUZZ_CHECK(n >= 1 && n <= ZX_V3_PIECES);
    for (int i = 0; i < n && got < size; i++) {
        size_t take = piece[i].len < size - got ? piece[i].len : size - got;
        FUZZ_CHECK(piece[i].len > 0);
        memcpy(piece[i].base, data + got, take);
        got += take;
    }
    p->out.rc = zx_v3_parse(&p->d, &p->q, got);
    zx_queue_commit(&p->q);
    return got;
}

static struct outcome parse(const struct conf *conf, const uint8_t *data, size_t size) {
    static struct peer peer;
    struct peer *p = &peer;
    struct zx_v3_hooks hooks = {on_command, conf->with_hook ? on_frame : NULL, NULL};
    memset(p, 0, sizeof *p);
    p->input = size;
    zx_queue_init(&p->q, 0, false);
    zx_v3_init(&p->d, &hooks, conf->limit, conf->is_v3);
    for (size_t at = 0, turn = 0; at < size && !p->out.rc; turn++) {
        size_t piece = fuzz_piece(conf->pattern, turn, size - at) * conf->scale;
        if (piece > size - at)
            piece = size - at;
        size_t limit = conf->reading & 8 ? ZX_QUEUE_CHUNK_MAX : piece;
        at += give(p, data + at, piece, turn == 0 && conf->reading & 16 ? 0 : limit);
        if (conf->reading & 1 || (conf->reading & 2 && turn % 3 == 0))
            read_all(p);
        if (conf->reading & 4 && !p->d.fill && !p->d.body)
            zx_queue_rewind(&p->q, turn % 2);
    }
    read_all(p);
    /* The connection ends: nothing of an unfinished message stays. */
    zx_v3_fini(&p->d);
    zx_queue_rollback(&p->q);
    zx_queue_commit(&p->q);
    FUZZ_CHECK(!zx_queue_has(&p->q));
    FUZZ_CHECK(!p->q.w.in_message);
    zx_queue_fini(&p->q, &p->dead);
    zx_dead_flush(&p->dead);
    zx_pool_trim();
    return p->out;
}

/* ---- orders ---- */

static size_t size_of(uint8_t order, struct fuzz_input *in) {
    static const uint32_t sizes[] = {0, 1, 255, 256, 8191, 8192, 8193, 70000};
    static unsigned larges;
    /* Grows as it comes. It takes its time: an input that is played first, or alone, has it. */
    if (order == 0xff && larges < LARGE_TIMES)
        return larges++, LARGE;
    return order & 8 ? sizes[order & 7] : (size_t)fuzz_byte(in) << (order & 7);
}

/* Frames as ordered: [flags][size]...; at most STREAM_MAX bytes, or one large frame before. */
static size_t write_frames(struct fuzz_input *in, uint8_t *to) {
    uint8_t *p = to;
    while (in->left) {
        uint8_t flags = fuzz_byte(in), order = fuzz_byte(in), fill = fuzz_byte(in);
        size_t size = size_of(order, in);
        if (size == LARGE ? p != to : (size_t)(p - to) + size + 9 > STREAM_MAX)
            break;
        if (size > 255 || order & 16)
            flags |= ZX_FRAME_LONG;
        if (size > COMMAND_MAX) /* refused, but when depends on the cut */
            flags &= (uint8_t)~ZX_FRAME_COMMAND;
        *p++ = flags;
        if (flags & ZX_FRAME_LONG && size < 256 && !(order & 16))
            *p++ = (uint8_t)size; /* a length that is none */
        else if (flags & ZX_FRAME_LONG)
            zx_put64(p, size), p += 8;
        else
            *p++ = (uint8_t)size;
        memset(p, fill, size);
        if (size > 1)
            p[size - 1] = (uint8_t)in->left;
        p += size;
    }
    return (size_t)(p - to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int64_t limits[] = {-1, 0, 1, 20, 255, 256, 8192, INT64_MAX};
    static uint8_t stream[LARGE + STREAM_MAX];
    struct fuzz_input in = {data, size};
    uint8_t head = fuzz_byte(&in);
    struct conf conf = {.is_v3 = head & 1, .with_hook = head & 2};
    conf.limit = limits[fuzz_byte(&in) % 8];
    conf.pattern = fuzz_byte(&in);
    conf.reading = fuzz_byte(&in);
    conf.scale = head & 0x80 ? 97 : 1;
    size_t n = in.left < KEEP_MAX ? in.left : KEEP_MAX;
    if (head & 0x80)
        n = write_frames(&in, stream);
    else if (n)
        memcpy(stream, in.data, n);
    uint8_t *exact = fuzz_copy(stream, n);
    struct outcome expected = parse_naively(&conf, exact, n), got = parse(&conf, exact, n);
    FUZZ_CHECK(got.rc == expected.rc);
    FUZZ_CHECK(got.records == expected.records);
    FUZZ_CHECK(got.sum == expected.sum);
    free(exact);
    return 0;
}
