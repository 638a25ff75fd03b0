/* SPDX-License-Identifier: MIT */
#include "security/curve_box.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/queue.h"
#include "security/curve_poly.h"
#include "security/curve_stream.h"

enum {
    STREAM_BLOCKS = 80, /* computed at once: 16 messages of 256 bytes, 40 of 64, one of 4 KiB */
    STREAM_BYTES = (STREAM_BLOCKS + ZX_SALSA_LANES) * ZX_SALSA_BLOCK,
    FLAG_MORE = 1,
    FLAG_COMMAND = 2, /* not ZMTP's 4 */
    TEXT_AT = 32      /* where in the keystream the text begins; before it stands Poly1305's key */
};

static const uint8_t message_name[8] = "\x07MESSAGE";

static void sub_key(uint32_t key[8], const char *prefix, const uint8_t shared[32]) {
    uint8_t bytes[32];
    (void)crypto_core_hsalsa20(bytes, (const uint8_t *)prefix, shared, NULL);
    for (unsigned i = 0; i < 8; i++)
        key[i] = (uint32_t)bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8 |
                 (uint32_t)bytes[4 * i + 2] << 16 | (uint32_t)bytes[4 * i + 3] << 24;
    sodium_memzero(bytes, sizeof bytes);
}

void zx_curve_traffic_init(struct zx_curve_traffic *t, const uint8_t shared[32], bool is_server) {
    static const char by_client[] = "CurveZMQMESSAGEC", by_server[] = "CurveZMQMESSAGES";
    sub_key(t->seal_key, is_server ? by_server : by_client, shared);
    sub_key(t->open_key, is_server ? by_client : by_server, shared);
}

static uint32_t swapped(uint32_t v) {
    return v >> 24 | (v >> 8 & 0xff00) | (v & 0xff00) << 8 | v << 24;
}

/* Keystream for text of `size` bytes and its flags, in blocks. */
static size_t blocks_of(size_t size) {
    return (TEXT_AT + 1 + size + ZX_SALSA_BLOCK - 1) / ZX_SALSA_BLOCK;
}

/* A stretch of keystreams, one behind the other. */
struct stream {
    const uint32_t *key;
    struct zx_salsa_at at;
    unsigned lanes;
    size_t blocks; /* written */
    uint8_t bytes[STREAM_BYTES];
};

static void stream_run(struct stream *s) {
    zx_salsa_blocks(s->key, &s->at, s->lanes, s->bytes + s->blocks * ZX_SALSA_BLOCK);
    s->blocks += s->lanes;
    s->lanes = 0;
}

static void stream_begin(struct stream *s, const uint32_t key[8]) {
    s->key = key;
    s->lanes = 0;
    s->blocks = 0;
    memset(&s->at, 0, sizeof s->at);
}

static inline void stream_add(struct stream *s, uint64_t counter, size_t block, size_t n) {
    uint32_t high = swapped((uint32_t)(counter >> 32)), low = swapped((uint32_t)counter);
    for (size_t i = 0; i < n; i++) {
        s->at.nonce_high[s->lanes] = high;
        s->at.nonce_low[s->lanes] = low;
        s->at.block[s->lanes] = (uint32_t)(block + i);
        if (++s->lanes == ZX_SALSA_LANES)
            stream_run(s);
    }
}

static void stream_end(struct stream *s) {
    if (s->lanes)
        stream_run(s);
}

static void stream_wipe(struct stream *s) {
    sodium_memzero(s->bytes, s->blocks * ZX_SALSA_BLOCK);
}

/* to = from ^ key; to may be from or lie before it. */
static inline void mix(uint8_t *to, const uint8_t *from, const uint8_t *key, size_t size) {
    typedef uint64_t piece __attribute__((vector_size(16)));
    piece a, b, last;
    if (size < sizeof a) {
        for (size_t i = 0; i < size; i++)
            to[i] = from[i] ^ key[i];
        return;
    }
    /* The end is a whole piece that overlaps the one before, loaded before that is written. */
    memcpy(&last, from + size - sizeof a, sizeof a);
    memcpy(&b, key + size - sizeof a, sizeof a);
    last ^= b;
    size_t i = 0;
    for (; i + sizeof a <= size; i += sizeof a) {
        memcpy(&a, from + i, sizeof a);
        memcpy(&b, key + i, sizeof a);
        a ^= b;
        memcpy(to + i, &a, sizeof a);
    }
    memcpy(to + size - sizeof a, &last, sizeof a);
}

/* Text beyond what one stretch of keystream covers. */
static void mix_long(struct stream *s, uint64_t counter, uint8_t *to, const uint8_t *from,
                     size_t size) {
    size_t block = STREAM_BLOCKS;
    while (size) {
        size_t n = size < STREAM_BLOCKS * ZX_SALSA_BLOCK ? size : STREAM_BLOCKS * ZX_SALSA_BLOCK;
        s->blocks = 0;
        stream_add(s, counter, block, (n + ZX_SALSA_BLOCK - 1) / ZX_SALSA_BLOCK);
        stream_end(s);
        mix(to, from, s->bytes, n);
        block += STREAM_BLOCKS;
        to += n;
        from += n;
        size -= n;
    }
    s->blocks = STREAM_BLOCKS; /* all of it is to be wiped */
}

/* How much of a text the first stretch of keystream covers. */
static size_t first_part(size_t size) {
    const size_t most = STREAM_BLOCKS * ZX_SALSA_BLOCK - TEXT_AT - 1;
    return size < most ? size : most;
}

/* ---- sealing ---------------------------------------------------------------- */

enum { ROW_MAX = STREAM_BLOCKS }; /* a message takes a block at least */

static void seal_one(struct stream *s, const uint8_t *key, const struct zx_mech_seal *m,
                     uint64_t counter) {
    uint8_t *to = m->to;
    size_t first = first_part(m->size);
    memcpy(to, message_name, sizeof message_name);
    zx_put64(to + 8, counter);
    uint8_t flags = (uint8_t)((m->flags & ZX_FRAME_MORE ? FLAG_MORE : 0) |
                              (m->flags & ZX_FRAME_COMMAND ? FLAG_COMMAND : 0));
    to[32] = flags ^ key[TEXT_AT];
    mix(to + 33, m->text, key + TEXT_AT + 1, first);
    if (first < m->size)
        mix_long(s, counter, to + 33 + first, m->text + first, m->size - first);
}

/* How many messages one stretch of keystream serves; it is computed. */
static unsigned seal_plan(struct stream *s, const struct zx_mech_seal *seal, unsigned n,
                          uint64_t counter) {
    size_t blocks = 0;
    unsigned row = 0;
    for (; row < n; row++) {
        size_t more = blocks_of(seal[row].size);
        if (more > STREAM_BLOCKS && !row)
            more = STREAM_BLOCKS;
        if (blocks + more > STREAM_BLOCKS)
            break;
        stream_add(s, counter + row, 0, more);
        blocks += more;
    }
    stream_end(s);
    return row;
}

int zx_curve_seal(struct zx_curve_traffic *t, const struct zx_mech_seal *seal, unsigned n) {
    struct stream s;
    struct zx_poly_text text[ROW_MAX];
    uint8_t long_key[ZX_POLY_KEY];
    if (t->sealed > UINT64_MAX - n)
        return -EPROTO;
    while (n) {
        stream_begin(&s, t->seal_key);
        unsigned row = seal_plan(&s, seal, n, t->sealed + 1);
        const uint8_t *key = s.bytes;
        memcpy(long_key, key, sizeof long_key); /* a long one writes over its stream */
        for (unsigned i = 0; i < row; i++) {
            text[i] = (struct zx_poly_text){seal[i].to + 32, seal[i].size + 1,
                                            i ? key : long_key, seal[i].to + 16};
            seal_one(&s, key, &seal[i], ++t->sealed);
            key += blocks_of(seal[i].size) * ZX_SALSA_BLOCK;
        }
        zx_poly_tags(text, row);
        stream_wipe(&s);
        seal += row;
        n -= row;
    }
    sodium_memzero(long_key, sizeof long_key);
    return 0;
}

/* ---- opening ------------------------------------------------------------------ */

/* What can be said of a body before any box is opened; 0 or the error. */
static uint32_t look_at(const struct zx_mech_open *m) {
    if (m->size < 1 || m->box[0] >= m->size)
        return ZX_PERR_ZMTP_MALFORMED_UNSPECIFIED;
    if (m->size < sizeof message_name || memcmp(m->box, message_name, sizeof message_name) != 0)
        return ZX_PERR_ZMTP_UNEXPECTED_COMMAND;
    if (m->size < ZX_CURVE_OVERHEAD)
        return ZX_PERR_ZMTP_MALFORMED_MESSAGE;
    return 0;
}

static void open_one(struct stream *s, const uint8_t *key, struct zx_mech_open *m,
                     uint64_t counter) {
    size_t size = m->size - ZX_CURVE_OVERHEAD, first = first_part(size);
    uint8_t flags = m->box[32] ^ key[TEXT_AT];
    m->flags = (uint8_t)((flags & FLAG_MORE ? ZX_FRAME_MORE : 0) |
                         (flags & FLAG_COMMAND ? ZX_FRAME_COMMAND : 0));
    mix(m->to, m->box + 33, key + TEXT_AT + 1, first);
    if (first < size)
        mix_long(s, counter, m->to + first, m->box + 33 + first, size - first);
}

/* Takes as many as one stretch of keystream serves and whose forms and counters are right. */
static unsigned open_row(struct zx_curve_traffic *t, struct stream *s,
                         const struct zx_mech_open *open, unsigned n, uint32_t *error) {
    uint64_t last = t->opened;
    size_t blocks = 0;
    unsigned row = 0;
    for (; row < n; row++) {
        *error = look_at(&open[row]);
        if (*error)
            break;
        uint64_t counter = zx_get64(open[row].box + 8);
        if (counter <= last) {
            *error = ZX_PERR_ZMTP_INVALID_SEQUENCE;
            break;
        }
        size_t more = blocks_of(open[row].size - ZX_CURVE_OVERHEAD);
        if (more > STREAM_BLOCKS && !row)
            more = STREAM_BLOCKS;
        if (blocks + more > STREAM_BLOCKS)
            break;
        stream_add(s, counter, 0, more);
        blocks += more;
        last = counter;
    }
    stream_end(s);
    return row;
}

/* Authenticators first, all of them: where texts go, boxes of this row may lie. */
static unsigned open_texts(struct zx_curve_traffic *t, struct stream *s, struct zx_mech_open *open,
                           unsigned row) {
    struct zx_poly_text text[ROW_MAX];
    uint8_t tag[ROW_MAX][ZX_POLY_TAG];
    const uint8_t *key = s->bytes;
    for (unsigned i = 0; i < row; i++) {
        text[i] = (struct zx_poly_text){open[i].box + 32, open[i].size - 32, key, tag[i]};
        key += blocks_of(open[i].size - ZX_CURVE_OVERHEAD) * ZX_SALSA_BLOCK;
    }
    zx_poly_tags(text, row);
    for (unsigned i = 0; i < row; i++) {
        uint64_t counter = zx_get64(open[i].box + 8);
        t->opened = counter; /* whatever the box says: never twice */
        if (crypto_verify_16(tag[i], open[i].box + 16))
            return i;
        open_one(s, text[i].key, &open[i], counter);
    }
    return row;
}

unsigned zx_curve_open(struct zx_curve_traffic *t, struct zx_mech_open *open, unsigned n,
                       uint32_t *error) {
    struct stream s;
    unsigned done = 0;
    *error = 0;
    while (done < n && !*error) {
        stream_begin(&s, t->open_key);
        unsigned row = open_row(t, &s, open + done, n - done, error);
        unsigned good = open_texts(t, &s, open + done, row);
        done += good;
        if (good < row)
            *error = ZX_PERR_ZMTP_CRYPTOGRAPHIC;
        stream_wipe(&s);
    }
    return done;
}
