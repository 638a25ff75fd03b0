/* SPDX-License-Identifier: MIT */
/* Keystreams, authenticator and boxes against libsodium's on random input; counters. */
#include "unit/curve_support.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "security/curve_box.h"
#include "security/curve_poly.h"
#include "security/curve_stream.h"

/* The same numbers in each run: a failure can be looked at again. */
static uint8_t seed[randombytes_SEEDBYTES];

static void fill(void *to, size_t size) {
    randombytes_buf_deterministic(to, size, seed);
    sodium_increment(seed, sizeof seed);
}

static uint32_t below(uint32_t limit) {
    uint32_t v;
    fill(&v, sizeof v);
    return v % limit;
}

static void check_kernel(zx_salsa_kernel *kernel, unsigned lanes, unsigned first) {
    uint8_t key[32], out[ZX_SALSA_LANES * ZX_SALSA_BLOCK], in[16], expected[ZX_SALSA_BLOCK];
    uint32_t words[8];
    struct zx_salsa_at at;
    fill(key, sizeof key);
    fill(&at, sizeof at);
    for (unsigned i = 0; i < 8; i++)
        words[i] = key[4 * i] | (uint32_t)key[4 * i + 1] << 8 | (uint32_t)key[4 * i + 2] << 16 |
                   (uint32_t)key[4 * i + 3] << 24;
    kernel(words, &at, first, out);
    for (unsigned lane = 0; lane < lanes; lane++) {
        uint32_t part[4] = {at.nonce_high[first + lane], at.nonce_low[first + lane],
                            at.block[first + lane], 0};
        for (unsigned i = 0; i < 16; i++)
            in[i] = (uint8_t)(part[i / 4] >> 8 * (i % 4));
        (void)crypto_core_salsa20(expected, in, key, NULL);
        assert_memory_equal(out + lane * ZX_SALSA_BLOCK, expected, sizeof expected);
    }
}

/* Every kernel that this processor has; those it has not are named. */
static void keystreams(void **state) {
    (void)state;
    static const struct {
        unsigned lanes;
        zx_salsa_kernel *kernel;
    } all[] = {
        {4, zx_salsa_lanes4},
#if ZX_HAVE_CURVE_AVX
        {8, zx_salsa_lanes8},
        {16, zx_salsa_lanes16},
#endif
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].lanes > zx_salsa_widest()) {
            print_message("SKIP: %u lanes: not on this processor\n", all[i].lanes);
            continue;
        }
        for (unsigned round = 0; round < 200; round++)
            for (unsigned at = 0; at + all[i].lanes <= ZX_SALSA_LANES; at += all[i].lanes)
                check_kernel(all[i].kernel, all[i].lanes, at);
    }
}

static void check_tag(const struct zx_poly_text *t) {
    uint8_t expected[ZX_POLY_TAG];
    (void)crypto_onetimeauth_poly1305(expected, t->data, t->size, t->key);
    assert_memory_equal(t->tag, expected, sizeof expected);
}

static void authenticator(void **state) {
    (void)state;
    uint8_t key[ZX_POLY_KEY], data[1200], tag[ZX_POLY_TAG];
    for (size_t size = 0; size < sizeof data; size++) {
        struct zx_poly_text one = {data, size, key, tag};
        fill(key, sizeof key);
        fill(data, size);
        for (int round = 0; round < 3; round++) {
            if (round == 1)
                memset(data, 0xff, size); /* the carries */
            if (round == 2)
                memset(key, 0xff, sizeof key);
            zx_poly_tag(&one);
            check_tag(&one);
            zx_poly_tags(&one, 1);
            check_tag(&one);
        }
    }
}

enum { TEXTS = 20, TEXT_MOST = 3000 };

typedef void tags_fn(const struct zx_poly_text *text, unsigned n);

/* Rows of texts of all sizes, of one size, of nothing but ones. */
static void check_rows(tags_fn *tags, unsigned n, unsigned kind) {
    static uint8_t key[TEXTS][ZX_POLY_KEY], data[TEXTS][TEXT_MOST], tag[TEXTS][ZX_POLY_TAG];
    struct zx_poly_text text[TEXTS];
    size_t size = below(kind & 1 ? TEXT_MOST : 300);
    for (unsigned i = 0; i < n; i++) {
        if (kind & 2)
            size = below(kind & 1 ? TEXT_MOST : 300);
        fill(key[i], sizeof key[i]);
        fill(data[i], size);
        if (kind & 4)
            memset(data[i], 0xff, size);
        if (kind & 8)
            memset(key[i], 0xff, sizeof key[i]);
        text[i] = (struct zx_poly_text){data[i], size, key[i], tag[i]};
    }
    tags(text, n);
    for (unsigned i = 0; i < n; i++)
        check_tag(&text[i]);
}

#if ZX_HAVE_CURVE_AVX
static void row_of_4(const struct zx_poly_text *text, unsigned n) {
    (void)n;
    zx_poly_row4(text);
}

static void row_of_8(const struct zx_poly_text *text, unsigned n) {
    (void)n;
    zx_poly_row8(text);
}
#endif

static void authenticators_in_rows(void **state) {
    (void)state;
    for (unsigned round = 0; round < 1600; round++) {
        check_rows(zx_poly_tags, 1 + below(TEXTS), round % 16);
#if ZX_HAVE_CURVE_AVX
        if (zx_salsa_widest() >= 8)
            check_rows(row_of_4, 4, round % 16);
        if (zx_salsa_widest() >= 16)
            check_rows(row_of_8, 8, round % 16);
#endif
    }
}

/* Sums around 2^130 - 5, where the last subtraction decides (RFC 8439, A.3, vectors 7 to 11). */
static void authenticator_edges(void **state) {
    (void)state;
    static const struct {
        const char *key, *text, *tag;
    } rows[] = {
        {"02 00*31", "ff*16", "03 00*15"},
        {"02 00*15 ff*16", "02 00*15", "03 00*15"},
        {"01 00*31", "ff*16 f0 ff*15 11 00*15", "05 00*15"},
        {"01 00*31", "ff*16 fb fe*15 01*16", "00*16"},
        {"02 00*31", "fd ff*15", "fa ff*15"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes key = hex(rows[i].key), text = hex(rows[i].text);
        uint8_t tag[16];
        struct zx_poly_text row[8];
        for (unsigned k = 0; k < 8; k++)
            row[k] = (struct zx_poly_text){text.data, text.size, key.data, tag};
        zx_poly_tag(row);
        assert_bytes(tag, sizeof tag, rows[i].tag);
        zx_poly_tags(row, 8);
        assert_bytes(tag, sizeof tag, rows[i].tag);
        bytes_free(&key);
        bytes_free(&text);
    }
}

/* ---- boxes ---------------------------------------------------------------------- */

enum { ROW = 40, TEXT_MAX = 13000, SLACK = 64 };

struct message {
    uint8_t *text, *sealed, *place; /* place: what was received, its text to go before the box */
    size_t size;
    uint8_t flags;
};

static size_t random_size(void) {
    switch (below(8)) {
    case 0:
        return below(4);
    case 1:
        return 4800 + below(500); /* where one stretch of keystream ends */
    case 2:
        return below(TEXT_MAX);
    default:
        return below(400);
    }
}

static void message_init(struct message *m, size_t size) {
    static const uint8_t kinds[] = {0, 1, 4};
    m->size = size;
    m->flags = kinds[below(3)];
    m->text = malloc(size ? size : 1);
    m->sealed = malloc(size + ZX_CURVE_OVERHEAD);
    m->place = malloc(size + ZX_CURVE_OVERHEAD + SLACK);
    assert_true(m->text && m->sealed && m->place);
    fill(m->text, size);
}

static void message_fini(struct message *m) {
    free(m->text);
    free(m->sealed);
    free(m->place);
}

/* What libsodium makes of it. */
static void check_sealed(const struct message *m, const uint8_t shared[32], const char *prefix,
                         uint64_t counter) {
    uint8_t nonce[24], head[16] = "\x07MESSAGE";
    uint8_t *inner = malloc(m->size + 1), *box = malloc(m->size + 17);
    assert_true(inner && box);
    memcpy(nonce, prefix, 16);
    zx_put64(nonce + 16, counter);
    zx_put64(head + 8, counter);
    inner[0] = (uint8_t)((m->flags & 1) | (m->flags & 4 ? 2 : 0));
    memcpy(inner + 1, m->text, m->size);
    (void)crypto_box_easy_afternm(box, inner, m->size + 1, nonce, shared);
    assert_memory_equal(m->sealed, head, 16);
    assert_memory_equal(m->sealed + 16, box, m->size + 17);
    free(inner);
    free(box);
}

static void one_row(unsigned n, bool by_server) {
    struct message m[ROW];
    struct zx_mech_seal seal[ROW];
    struct zx_mech_open open[ROW];
    struct zx_curve_traffic out, in;
    uint8_t shared[32];
    uint32_t error;
    uint64_t start = (uint64_t)below(1000) << below(50);
    fill(shared, sizeof shared);
    zx_curve_traffic_init(&out, shared, by_server);
    zx_curve_traffic_init(&in, shared, !by_server);
    out.sealed = in.opened = start;
    for (unsigned i = 0; i < n; i++) {
        message_init(&m[i], random_size());
        seal[i] = (struct zx_mech_seal){m[i].text, m[i].size, m[i].flags, m[i].sealed};
    }
    assert_int_equal(zx_curve_seal(&out, seal, n), 0);
    assert_int_equal(out.sealed, start + n);
    for (unsigned i = 0; i < n; i++) {
        check_sealed(&m[i], shared, by_server ? "CurveZMQMESSAGES" : "CurveZMQMESSAGEC",
                     start + 1 + i);
        size_t gap = below(SLACK); /* the text's new place: 33 bytes before the old, or more */
        memcpy(m[i].place + gap, m[i].sealed, m[i].size + ZX_CURVE_OVERHEAD);
        open[i] = (struct zx_mech_open){m[i].place + gap, m[i].size + ZX_CURVE_OVERHEAD,
                                        m[i].place + (below(2) ? 0 : gap + ZX_CURVE_OVERHEAD), 0};
    }
    assert_int_equal(zx_curve_open(&in, open, n, &error), n);
    assert_int_equal(in.opened, start + n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(open[i].flags, m[i].flags);
        assert_memory_equal(open[i].to, m[i].text, m[i].size);
        message_fini(&m[i]);
    }
}

static void boxes(void **state) {
    (void)state;
    for (unsigned round = 0; round < 150; round++)
        one_row(1 + below(ROW), round & 1);
}

/* ---- refusals ---------------------------------------------------------------------- */

enum { SEALED = 5, LENGTH = 20 };

struct stream {
    struct zx_curve_traffic in;
    uint8_t box[SEALED][LENGTH + ZX_CURVE_OVERHEAD];
    struct zx_mech_open open[SEALED];
    uint8_t to[SEALED][LENGTH + ZX_CURVE_OVERHEAD];
};

static void stream_init(struct stream *s) {
    static const uint8_t shared[32] = "a key of thirty-two bytes, fixed";
    struct zx_curve_traffic out;
    uint8_t text[LENGTH];
    zx_curve_traffic_init(&out, shared, false);
    zx_curve_traffic_init(&s->in, shared, true);
    out.sealed = s->in.opened = 2;
    for (unsigned i = 0; i < SEALED; i++) {
        memset(text, (int)('a' + i), sizeof text);
        struct zx_mech_seal one = {text, sizeof text, 0, s->box[i]};
        assert_int_equal(zx_curve_seal(&out, &one, 1), 0);
        s->open[i] = (struct zx_mech_open){s->box[i], sizeof s->box[i], s->to[i], 0};
    }
}

/* Of five bodies the third is wrong: two are opened, the rest stays closed. */
static void expect_refusal(struct stream *s, uint32_t error) {
    uint32_t got;
    assert_int_equal(zx_curve_open(&s->in, s->open, SEALED, &got), 2);
    assert_int_equal(got, error);
    assert_int_equal(s->to[1][0], 'b');
}

static void each_byte_tampered(void **state) {
    (void)state;
    for (size_t at = 0; at < LENGTH + ZX_CURVE_OVERHEAD; at++) {
        struct stream s;
        stream_init(&s);
        s.box[2][at] ^= 0x40;
        uint32_t error = ZX_PERR_ZMTP_CRYPTOGRAPHIC;
        if (at < 8)
            error = at ? ZX_PERR_ZMTP_UNEXPECTED_COMMAND : ZX_PERR_ZMTP_MALFORMED_UNSPECIFIED;
        expect_refusal(&s, error);
    }
}

static void wrong_sizes(void **state) {
    (void)state;
    for (size_t size = 0; size <= LENGTH + ZX_CURVE_OVERHEAD - 1; size++) {
        struct stream s;
        stream_init(&s);
        s.open[2].size = size;
        uint32_t error = ZX_PERR_ZMTP_CRYPTOGRAPHIC;
        if (size < 8)
            error = ZX_PERR_ZMTP_MALFORMED_UNSPECIFIED;
        else if (size < ZX_CURVE_OVERHEAD)
            error = ZX_PERR_ZMTP_MALFORMED_MESSAGE;
        expect_refusal(&s, error);
    }
}

static void counters_only_rise(void **state) {
    (void)state;
    struct stream s;
    uint32_t error;
    stream_init(&s);
    memcpy(s.box[2], s.box[1], sizeof s.box[1]); /* twice in one row */
    expect_refusal(&s, ZX_PERR_ZMTP_INVALID_SEQUENCE);
    stream_init(&s);
    memcpy(s.box[2], s.box[0], sizeof s.box[0]); /* back */
    expect_refusal(&s, ZX_PERR_ZMTP_INVALID_SEQUENCE);
    stream_init(&s);
    assert_int_equal(zx_curve_open(&s.in, s.open, 2, &error), 2);
    assert_int_equal(zx_curve_open(&s.in, s.open + 1, 1, &error), 0); /* in a later row */
    assert_int_equal(error, ZX_PERR_ZMTP_INVALID_SEQUENCE);
    stream_init(&s);
    assert_int_equal(zx_curve_open(&s.in, s.open + 3, 2, &error), 2); /* gaps are fine */
    assert_int_equal(s.in.opened, 7);
}

/* The peer's own side of the stream is not ours: what we sealed is no message to us. */
static void reflected(void **state) {
    (void)state;
    static const uint8_t shared[32] = "a key of thirty-two bytes, fixed";
    struct stream s;
    uint32_t error;
    stream_init(&s);
    zx_curve_traffic_init(&s.in, shared, false);
    assert_int_equal(zx_curve_open(&s.in, s.open, 1, &error), 0);
    assert_int_equal(error, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
}

static void counter_used_up(void **state) {
    (void)state;
    static const uint8_t shared[32] = {1};
    uint8_t sealed[2][ZX_CURVE_OVERHEAD];
    struct zx_curve_traffic out;
    struct zx_mech_seal two[2] = {{NULL, 0, 0, sealed[0]}, {NULL, 0, 0, sealed[1]}};
    zx_curve_traffic_init(&out, shared, false);
    out.sealed = UINT64_MAX - 1;
    assert_true(zx_curve_seal(&out, two, 2) < 0);
    assert_int_equal(zx_curve_seal(&out, two, 1), 0);
    assert_true(zx_curve_seal(&out, two, 1) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keystreams),         cmocka_unit_test(authenticator),
        cmocka_unit_test(authenticators_in_rows),
        cmocka_unit_test(authenticator_edges), cmocka_unit_test(boxes),
        cmocka_unit_test(each_byte_tampered), cmocka_unit_test(wrong_sizes),
        cmocka_unit_test(counters_only_rise), cmocka_unit_test(reflected),
        cmocka_unit_test(counter_used_up),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
