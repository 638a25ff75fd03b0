/* SPDX-License-Identifier: MIT */
/*
 * ZMTP 2.0 and 3.x framing (RFC 23, RFC 37), into a queue: fed whole, byte by byte and cut
 * everywhere, what comes out is what a list of frames says. Peers that lie about lengths and flags.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/msg.h"
#include "base/pool.h"
#include "zmtp/v3.h"

/* The program is linked with --wrap: these stand before the C library's. */
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);
void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);

static size_t largest;      /* allocation asked for */
static long live;
static long countdown = -1; /* the allocation that fails; never if negative */

static bool fails(size_t size) {
    if (size > largest)
        largest = size;
    return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t size) {
    void *p = fails(size) ? NULL : __real_malloc(size);
    live += p != NULL;
    return p;
}

void *__wrap_realloc(void *p, size_t size) {
    void *q = fails(size) ? NULL : __real_realloc(p, size);
    live += !p && q;
    return q;
}

void __wrap_free(void *p) {
    live -= p != NULL;
    __real_free(p);
}

/* ---- streams of frames ---- */

enum { M = ZX_FRAME_MORE, L = ZX_FRAME_LONG, C = ZX_FRAME_COMMAND, MIB = 1 << 20 };
enum { DROP = 'd', KEEP = 'k', CLOSE = 'x' }; /* first byte of a command, and its fate */

struct expected {
    uint8_t flags; /* MORE, COMMAND */
    size_t at, size; /* body in the stream */
};

struct stream {
    uint8_t *data;
    size_t size, cap;
    struct expected *v;
    size_t n, cap_n;
    uint32_t rng;
};

static uint32_t below(struct stream *s, uint32_t n) {
    s->rng = s->rng * 1664525u + 1013904223u;
    return (s->rng >> 8) % n;
}

static uint8_t *extend(struct stream *s, size_t size) {
    if (s->cap - s->size < size) {
        s->cap = (s->cap + size) * 2;
        s->data = __real_realloc(s->data, s->cap);
        assert_non_null(s->data);
    }
    s->size += size;
    return s->data + s->size - size;
}

/* A header with flags as they are; LONG is added where the size needs it. */
static void header(struct stream *s, uint8_t flags, uint64_t size) {
    if (size > 255)
        flags |= L;
    uint8_t *p = extend(s, flags & L ? 9 : 2);
    p[0] = flags;
    if (flags & L)
        zx_put64(p + 1, size);
    else
        p[1] = (uint8_t)size;
}

static uint8_t *body(struct stream *s, size_t size) {
    uint8_t *p = extend(s, size);
    uint32_t x = s->rng | 1;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525u + 1013904223u;
        p[i] = (uint8_t)(x >> 24);
    }
    s->rng += (uint32_t)size + 1;
    return p;
}

static void expect(struct stream *s, uint8_t flags, size_t size) {
    if (s->n == s->cap_n) {
        s->cap_n = s->cap_n * 2 + 64;
        s->v = __real_realloc(s->v, s->cap_n * sizeof *s->v);
        assert_non_null(s->v);
    }
    s->v[s->n++] = (struct expected){flags, s->size - size, size};
}

static void message(struct stream *s, uint8_t flags, size_t size) {
    header(s, flags, size);
    body(s, size);
    expect(s, flags & M, size);
}

static void command(struct stream *s, uint8_t flags, size_t size, char fate) {
    header(s, flags | C, size);
    body(s, size)[0] = (uint8_t)fate;
    if (fate == KEEP)
        expect(s, C, size);
}

static void stream_free(struct stream *s) {
    __real_free(s->data);
    __real_free(s->v);
    *s = (struct stream){0};
}

/* ---- a receiver ---- */

struct rx {
    struct zx_v3 d;
    struct zx_queue q;
    struct zx_dead dead;
    const struct stream *s;
    size_t next;        /* expected record */
    size_t seen_frames; /* by the hook */
    size_t refuse_at;   /* frame that the hook refuses, 0: none */
    bool with_hook;
};

static int on_command(void *ctx, const uint8_t *p, size_t size) {
    struct rx *rx = ctx;
    assert_true(size > 0);
    assert_true(p < rx->s->data || p > rx->s->data + rx->s->size); /* where it was received */
    return p[0] == CLOSE ? -EPROTO : p[0] == KEEP;
}

static struct rx *hooked; /* the frame hook has no context of its own */

static bool on_frame(unsigned *state, uint8_t flags, const uint8_t *p, size_t size) {
    size_t i = *state;
    const struct stream *s = hooked->s;
    hooked->seen_frames++;
    while (i < s->n && s->v[i].flags & C)
        i++;
    assert_true(i < s->n);
    assert_int_equal(flags & M, s->v[i].flags & M);
    assert_int_equal(size, s->v[i].size);
    assert_memory_equal(p, s->data + s->v[i].at, size);
    *state = (unsigned)i + 1;
    return hooked->seen_frames != hooked->refuse_at;
}

static void rx_init(struct rx *rx, const struct stream *s, int64_t max_frame, bool is_v3) {
    struct zx_v3_hooks hooks = {on_command, rx->with_hook ? on_frame : NULL, rx};
    memset(&rx->q, 0, sizeof rx->q);
    rx->s = s;
    rx->next = 0;
    rx->seen_frames = 0;
    rx->dead = (struct zx_dead){0};
    hooked = rx;
    zx_queue_init(&rx->q, 0, false);
    zx_v3_init(&rx->d, &hooks, max_frame, is_v3);
}

static void rx_fini(struct rx *rx) {
    zx_v3_fini(&rx->d);
    zx_queue_fini(&rx->q, &rx->dead);
    zx_dead_flush(&rx->dead);
}

static void rx_read(struct rx *rx) {
    struct zx_rec rec;
    while (zx_queue_peek(&rx->q, &rec)) {
        assert_true(rx->next < rx->s->n);
        const struct expected *e = &rx->s->v[rx->next++];
        assert_int_equal(rec.flags & ~(L | ZX_FRAME_REF), e->flags);
        assert_int_equal(!(rec.flags & ZX_FRAME_REF), !rec.body);
        assert_int_equal(rec.size, e->size);
        assert_memory_equal(rec.data, rx->s->data + e->at, e->size);
        zx_rec_release(&rec, &rx->dead);
        (void)zx_queue_consume(&rx->q, &rec);
    }
    /* Only whole messages come out. */
    assert_false(rx->q.r.in_message);
}

/* One read of at most size bytes; bytes taken or negative. */
static ptrdiff_t rx_once(struct rx *rx, const uint8_t *data, size_t size) {
    struct zx_v3_piece piece[ZX_V3_PIECES];
    int n = zx_v3_room(&rx->d, &rx->q, ZX_QUEUE_CHUNK_MAX, piece);
    if (n < 0)
        return n;
    size_t got = 0;
    assert_in_range(n, 1, ZX_V3_PIECES);
    for (int i = 0; i < n && got < size; i++) {
        size_t take = piece[i].len < size - got ? piece[i].len : size - got;
        assert_true(piece[i].len > 0);
        memcpy(piece[i].base, data + got, take);
        got += take;
    }
    int rc = zx_v3_parse(&rx->d, &rx->q, got);
    zx_queue_commit(&rx->q);
    return rc ? rc : (ptrdiff_t)got;
}

static int rx_feed(struct rx *rx, const uint8_t *data, size_t size) {
    while (size) {
        ptrdiff_t n = rx_once(rx, data, size);
        if (n < 0)
            return (int)n;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

static int rx_cut(struct rx *rx, size_t at) {
    int rc = rx_feed(rx, rx->s->data, at);
    rx_read(rx);
    if (!rc)
        rc = rx_feed(rx, rx->s->data + at, rx->s->size - at);
    rx_read(rx);
    return rc;
}

/* Whole, by zx_v3_feed, byte by byte with and without reading and rewinding between, and in two
 * pieces cut at every place (every step-th): always the same records and the same end. */
static void play(struct stream *s, int64_t max_frame, bool is_v3, int rc) {
    for (int hook = 0; hook < 2; hook++) {
        struct rx rx = {.with_hook = hook};
        size_t step = s->size > 2000 ? s->size / 1000 : 1;
        for (size_t cut = 0; cut < s->size; cut += step) {
            rx_init(&rx, s, max_frame, is_v3);
            assert_int_equal(rx_cut(&rx, cut), rc);
            assert_int_equal(rx.next, s->n);
            rx_fini(&rx);
        }
        for (int rewinding = 0; rewinding < 3; rewinding++) {
            int end = 0;
            rx_init(&rx, s, max_frame, is_v3);
            for (size_t i = 0; i < s->size && !end; i++) {
                end = rx_feed(&rx, s->data + i, 1);
                if (rewinding)
                    rx_read(&rx);
                if (rewinding && !rx.d.fill && !rx.d.body)
                    zx_queue_rewind(&rx.q, rewinding == 1);
            }
            assert_int_equal(end, rc);
            rx_read(&rx);
            assert_int_equal(rx.next, s->n);
            rx_fini(&rx);
        }
        rx_init(&rx, s, max_frame, is_v3);
        assert_int_equal(zx_v3_feed(&rx.d, &rx.q, s->data, s->size), rc);
        zx_queue_commit(&rx.q);
        rx_read(&rx);
        assert_int_equal(rx.next, s->n);
        rx_fini(&rx);
    }
    stream_free(s);
}

/* ---- what is well formed ---- */

static void messages_of_all_forms(void **state) {
    (void)state;
    struct stream s = {.rng = 1};
    message(&s, 0, 0);
    message(&s, 0, 1);
    message(&s, M, 255);
    message(&s, M, 0);
    message(&s, 0, 256);
    message(&s, L, 0); /* the long form of a short length is allowed */
    message(&s, L | M, 3);
    message(&s, L, 255);
    for (size_t i = 0; i < 20; i++)
        message(&s, 0, i);
    play(&s, -1, true, 0);
}

static void two_point_zero_has_no_commands(void **state) {
    (void)state;
    struct stream s = {.rng = 2};
    message(&s, C, 3); /* a reserved bit there */
    message(&s, C | M, 3);
    message(&s, C | L, 300);
    play(&s, -1, false, 0);
}

static void commands_are_taken_out(void **state) {
    (void)state;
    struct stream s = {.rng = 3};
    command(&s, 0, 1, DROP);
    message(&s, 0, 5);
    command(&s, 0, 7, KEEP);
    message(&s, M, 5);
    command(&s, 0, 20, DROP); /* between the frames of a message */
    message(&s, M, 6);
    command(&s, L, 21, KEEP);
    command(&s, 0, 255, DROP);
    message(&s, 0, 7);
    command(&s, M, 2, KEEP); /* MORE means nothing on a command */
    command(&s, M, 2, DROP);
    message(&s, 0, 8);
    command(&s, 0, 400, DROP);
    play(&s, -1, true, 0);
}

static void large_frames(void **state) {
    (void)state;
    static const size_t sizes[] = {8191, 8192, 8193, 65000, 70000};
    struct stream s = {.rng = 4};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        message(&s, M, 3);
        message(&s, i % 2 ? M : 0, sizes[i]);
        command(&s, 0, 9, i % 2 ? DROP : KEEP);
        message(&s, 0, sizes[i]);
        message(&s, 0, 1);
    }
    play(&s, -1, true, 0);
}

static void a_body_of_megabytes_grows(void **state) {
    (void)state;
    struct stream s = {.rng = 5};
    message(&s, M, 3 * MIB + 5);
    message(&s, 0, MIB);
    message(&s, 0, MIB + 1);
    message(&s, 0, 2);
    for (size_t piece = 1000; piece < 8 * MIB; piece = piece * 7) {
        struct rx rx = {.with_hook = false};
        rx_init(&rx, &s, -1, true);
        for (size_t at = 0; at < s.size; at += piece) {
            size_t n = at + piece < s.size ? piece : s.size - at;
            assert_int_equal(rx_feed(&rx, s.data + at, n), 0);
        }
        rx_read(&rx);
        assert_int_equal(rx.next, s.n);
        rx_fini(&rx);
    }
    stream_free(&s);
}

/* A command as large as one may be leaves a chunk of a megabyte; a read then fills it. */
static void a_large_chunk_read_at_once(void **state) {
    (void)state;
    struct stream s = {.rng = 6};
    command(&s, 0, MIB, DROP);
    message(&s, 0, 100000);
    message(&s, 0, 2 * MIB);
    message(&s, 0, 3);
    struct rx rx = {.with_hook = false};
    for (size_t first = MIB + 9; first < MIB + 9 + 100009; first += 997) {
        rx_init(&rx, &s, -1, true);
        assert_int_equal(rx_feed(&rx, s.data, first), 0);
        assert_int_equal(rx_feed(&rx, s.data + first, s.size - first), 0);
        rx_read(&rx);
        assert_int_equal(rx.next, s.n);
        rx_fini(&rx);
    }
    stream_free(&s);
}

static void the_last_command_is_told(void **state) {
    (void)state;
    struct stream s = {.rng = 7};
    struct rx rx = {.with_hook = false};
    message(&s, 0, 2);
    command(&s, 0, 3, DROP);
    rx_init(&rx, &s, -1, true);
    assert_int_equal(rx_feed(&rx, s.data, s.size - 1), 0);
    assert_null(rx.d.command_end);
    assert_int_equal(rx_feed(&rx, s.data + s.size - 1, 1), 0);
    assert_non_null(rx.d.command_end);
    size_t before = s.size;
    message(&s, 0, 2);
    assert_int_equal(rx_feed(&rx, s.data + before, s.size - before), 0);
    assert_null(rx.d.command_end);
    rx_read(&rx);
    rx_fini(&rx);
    stream_free(&s);
}

/* ---- forged bits ---- */

/* Bits 3 to 7 are ours: a peer that sets them makes no reference and no note. */
static void private_bits_are_cleared(void **state) {
    (void)state;
    for (unsigned bits = 8; bits < 256; bits += 8) {
        struct stream s = {.rng = bits};
        uint8_t b = (uint8_t)bits;
        message(&s, b, 30);
        message(&s, b | M, 17);
        message(&s, b, 255);
        message(&s, b | L, 17);
        message(&s, b | M, 700);
        message(&s, b, 9000);
        command(&s, b, 20, KEEP);
        command(&s, b, 400, KEEP);
        command(&s, b | M, 8, DROP);
        message(&s, b, 0);
        play(&s, -1, true, 0);
    }
}

static void reserved_bits_of_two_point_zero(void **state) {
    (void)state;
    for (unsigned bits = 4; bits < 256; bits += 4) {
        struct stream s = {.rng = bits};
        message(&s, (uint8_t)bits, 30);
        message(&s, (uint8_t)(bits | M), 300);
        message(&s, (uint8_t)bits, 8193);
        play(&s, -1, false, 0);
    }
}

/* ---- lengths ---- */

static void lengths_no_memory_can_hold(void **state) {
    (void)state;
    static const uint64_t sizes[] = {UINT64_C(1) << 63, UINT64_MAX, (UINT64_C(1) << 63) - 1,
                                     (uint64_t)PTRDIFF_MAX - 4095, UINT64_MAX - 8};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int more = 0; more < 8; more++) {
            struct stream s = {.rng = 8};
            message(&s, 0, 4);
            header(&s, (uint8_t)more, sizes[i]);
            play(&s, -1, true, -EMSGSIZE);
        }
    }
}

static void nothing_is_allocated_on_a_promise(void **state) {
    (void)state;
    static const uint64_t sizes[] = {100000, UINT64_C(1) << 32, (uint64_t)PTRDIFF_MAX - 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct stream s = {.rng = 9};
        struct rx rx = {.with_hook = false};
        header(&s, 0, sizes[i]);
        body(&s, 50000);
        rx_init(&rx, &s, -1, true);
        largest = 0;
        for (size_t at = 0; at < s.size; at += 500)
            assert_int_equal(rx_feed(&rx, s.data + at, s.size - at < 500 ? s.size - at : 500), 0);
        assert_true(largest <= MIB + 4096);
        rx_read(&rx);
        rx_fini(&rx);
        stream_free(&s);
    }
}

/* MAXMSGSIZE bounds each frame, however much of it came with the read. */
static void the_largest_size_allowed(void **state) {
    (void)state;
    static const int64_t limits[] = {0, 1, 10, 253, 254, 255, 256, 8192, 8193, 100000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        size_t max = (size_t)limits[i];
        for (unsigned form = 0; form < 8; form++) {
            uint8_t flags = (uint8_t)((form & 1 ? M : 0) | (form & 2 ? L : 0));
            struct stream s = {.rng = 10};
            message(&s, flags, max);
            if (flags & M)
                message(&s, 0, 0);
            header(&s, (form & 4 ? C : 0) | flags, max + 1);
            body(&s, max + 1);
            play(&s, (int64_t)max, true, -EMSGSIZE);
        }
    }
}

static void the_largest_command(void **state) {
    (void)state;
    struct stream s = {.rng = 11};
    command(&s, 0, MIB, KEEP);
    header(&s, C, MIB + 1);
    struct rx rx = {.with_hook = false};
    rx_init(&rx, &s, -1, true);
    assert_int_equal(rx_feed(&rx, s.data, s.size), -EMSGSIZE);
    rx_read(&rx);
    assert_int_equal(rx.next, 1);
    rx_fini(&rx);
    stream_free(&s);
}

static void more_without_end(void **state) {
    (void)state;
    struct stream s = {.rng = 12};
    struct rx rx = {.with_hook = false};
    for (unsigned i = 0; i < ZX_V3_MESSAGE_FRAMES_MAX; i++)
        header(&s, M, 0);
    size_t longest = s.size;
    header(&s, 0, 0);
    for (int with_one_more = 0; with_one_more < 2; with_one_more++) {
        rx_init(&rx, &s, -1, true);
        assert_int_equal(rx_feed(&rx, s.data, longest), 0);
        assert_false(zx_queue_has(&rx.q));
        if (with_one_more) {
            assert_int_equal(rx_feed(&rx, (const uint8_t *)"\1\0", 2), -EMSGSIZE);
            assert_false(zx_queue_has(&rx.q));
        } else {
            assert_int_equal(rx_feed(&rx, s.data + longest, s.size - longest), 0);
            assert_int_equal(rx.q.w.written, 1);
            assert_int_equal(rx_feed(&rx, (const uint8_t *)"\1\0", 2), 0); /* counted anew */
        }
        rx_fini(&rx);
    }
    stream_free(&s);
}

/* ---- refusals ---- */

static void what_came_before_a_bad_frame_is_kept(void **state) {
    (void)state;
    for (size_t size = 1; size < 10000; size = size * 3 + 1) {
        struct stream s = {.rng = 13};
        message(&s, M, 4);
        message(&s, 0, size);
        size_t whole = s.n;
        message(&s, M, 6);
        s.n = whole; /* never complete */
        command(&s, 0, 5, CLOSE);
        message(&s, 0, 1);
        s.n = whole;
        struct rx rx = {.with_hook = false};
        for (size_t cut = 0; cut < s.size; cut += size > 400 ? 97 : 1) {
            rx_init(&rx, &s, -1, true);
            assert_int_equal(rx_cut(&rx, cut), -EPROTO);
            assert_int_equal(rx.next, whole);
            rx_fini(&rx);
        }
        stream_free(&s);
    }
}

static void a_frame_the_pattern_refuses(void **state) {
    (void)state;
    for (size_t refuse = 1; refuse <= 4; refuse++) {
        struct stream s = {.rng = 14};
        message(&s, 0, 4);
        message(&s, M, 9000);
        message(&s, 0, 300);
        message(&s, 0, 20000);
        struct rx rx = {.with_hook = true, .refuse_at = refuse};
        for (size_t cut = 0; cut < s.size; cut += 101) {
            rx_init(&rx, &s, -1, true);
            assert_int_equal(rx_cut(&rx, cut), -EPROTO);
            assert_int_equal(rx.seen_frames, refuse);
            assert_int_equal(rx.next, refuse == 4 ? 3 : refuse == 1 ? 0 : 1);
            rx_fini(&rx);
        }
        stream_free(&s);
    }
}

/* ---- at random ---- */

static void random_stream(struct stream *s, unsigned frames) {
    bool in_message = false;
    for (unsigned i = 0; i < frames || in_message; i++) {
        uint32_t what = below(s, 32);
        size_t size = what < 20 ? below(s, 60) : what < 28 ? below(s, 1000) : below(s, 9000);
        uint8_t flags = (uint8_t)(below(s, 32) << 3) | (below(s, 8) ? 0 : L);
        if (what == 31)
            size = below(s, 300000);
        if (what == 30) {
            command(s, flags, size + 1, below(s, 2) ? KEEP : DROP);
            continue;
        }
        in_message = i < frames && !below(s, 3);
        message(s, flags | (in_message ? M : 0), size);
    }
}

static void random_streams(void **state) {
    (void)state;
    for (uint32_t seed = 1; seed <= 400; seed++) {
        struct stream s = {.rng = seed * 7919};
        struct rx rx = {.with_hook = seed % 2};
        random_stream(&s, 200);
        uint32_t bound = seed % 5 ? 4000 : 200000;
        rx_init(&rx, &s, seed % 3 ? -1 : 300000, true);
        for (size_t at = 0; at < s.size;) {
            size_t n = 1 + below(&s, below(&s, 4) ? 200 : bound);
            ptrdiff_t got = rx_once(&rx, s.data + at, s.size - at < n ? s.size - at : n);
            assert_true(got > 0);
            at += (size_t)got;
            if (below(&s, 2))
                rx_read(&rx);
            if (below(&s, 4) && !rx.d.fill && !rx.d.body)
                zx_queue_rewind(&rx.q, below(&s, 2));
        }
        rx_read(&rx);
        assert_int_equal(rx.next, s.n);
        rx_fini(&rx);
        stream_free(&s);
    }
}

/* ---- without memory ---- */

static void each_allocation_fails_once(void **state) {
    (void)state;
    struct stream s = {.rng = 15};
    command(&s, 0, 30, KEEP);
    message(&s, M, 9000);
    message(&s, 0, 700);
    command(&s, 0, 9000, KEEP);
    message(&s, 0, 3 * MIB);
    message(&s, 0, 30000);
    message(&s, 0, 5);
    zx_pool_trim();
    long before = live;
    bool failed = true;
    int points = 0;
    for (; failed; points++) {
        struct rx rx = {.with_hook = false};
        int rc = 0;
        rx_init(&rx, &s, -1, true);
        countdown = points;
        for (size_t at = 0; at < s.size && !rc; at += 300)
            rc = rx_feed(&rx, s.data + at, s.size - at < 300 ? s.size - at : 300);
        failed = countdown < 0;
        countdown = -1;
        assert_int_equal(rc, failed ? -ENOMEM : 0);
        rx_read(&rx);
        rx_fini(&rx);
        zx_pool_trim();
        assert_int_equal(live, before);
    }
    assert_true(points > 6);
    stream_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_all_forms),
        cmocka_unit_test(two_point_zero_has_no_commands),
        cmocka_unit_test(commands_are_taken_out),
        cmocka_unit_test(large_frames),
        cmocka_unit_test(a_body_of_megabytes_grows),
        cmocka_unit_test(a_large_chunk_read_at_once),
        cmocka_unit_test(the_last_command_is_told),
        cmocka_unit_test(private_bits_are_cleared),
        cmocka_unit_test(reserved_bits_of_two_point_zero),
        cmocka_unit_test(lengths_no_memory_can_hold),
        cmocka_unit_test(nothing_is_allocated_on_a_promise),
        cmocka_unit_test(the_largest_size_allowed),
        cmocka_unit_test(the_largest_command),
        cmocka_unit_test(more_without_end),
        cmocka_unit_test(what_came_before_a_bad_frame_is_kept),
        cmocka_unit_test(a_frame_the_pattern_refuses),
        cmocka_unit_test(random_streams),
        cmocka_unit_test(each_allocation_fails_once),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    zx_pool_trim();
    return rc;
}
