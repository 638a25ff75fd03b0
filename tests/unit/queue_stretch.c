/* SPDX-License-Identifier: MIT */
/* The queue read as stretches of bytes, by a link: partial writes, lost connections. */
#include "unit/queue_model.h"

#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SEQUENCES = 400, STEPS = 1200, ALL = 100, MUCH = 1 << 30 };

/* ---- small certain cases ---- */

/* A body whose bytes look like references, left half sent: nothing of it is a header. */
static void half_a_frame_is_not_read_as_a_header(void **state) {
    (void)state;
    uint8_t data[400];
    struct zx_queue q;
    struct zx_dead dead = {0};
    memset(data, ZX_FRAME_REF, sizeof data);
    for (int with_ref = 0; with_ref < 2; with_ref++) {
        for (size_t cut = 1; cut < 402; cut++) {
            struct zx_body *body = zx_body_new(9000);
            assert_non_null(body);
            memset(body->data, ZX_FRAME_REF, 9000);
            zx_queue_init(&q, 0, false);
            if (with_ref) /* makes the chunk one that is walked */
                assert_int_equal(zx_queue_write_ref(&q, body->data, 9000, body, 0), 0);
            assert_int_equal(zx_queue_write(&q, data, 200, 0), 0);
            assert_int_equal(zx_queue_write(&q, data, 200, 0), 0);
            zx_queue_commit(&q);
            if (with_ref)
                assert_false(zx_queue_sent(&q, 9009, &dead));
            assert_false(zx_queue_sent(&q, cut, &dead));
            if (cut % 3 == 0) /* to the end in two steps */
                assert_false(zx_queue_sent(&q, (404 - cut) / 2, &dead));
            if (cut % 3 == 1)
                (void)zx_queue_drop_partial(&q, &dead);
            zx_queue_fini(&q, &dead); /* or gone as it stands */
            zx_dead_flush(&dead);
            if (!with_ref)
                zx_body_unref(body, 1);
        }
    }
    zx_pool_trim();
}

/* A message over several chunks; the connection is lost after each number of bytes. */
static void a_lost_connection_drops_the_rest_of_its_message(void **state) {
    (void)state;
    static const size_t sizes[] = {100, 300, 400, 1500, 20, 9000};
    enum { PARTS = sizeof sizes / sizeof sizes[0] };
    size_t total = 0;
    for (size_t i = 0; i < PARTS; i++)
        total += sizes[i] + (sizes[i] > 255 ? 9 : 2);
    for (int as_ref = 0; as_ref < 2; as_ref++) {
        for (size_t sent = 0; sent <= total; sent++) {
            struct model m;
            model_init(&m, sent, 0);
            for (size_t i = 0; i < PARTS; i++) {
                uint8_t more = i + 1 < PARTS ? ZX_FRAME_MORE : 0;
                if (as_ref && i % 2)
                    model_write_ref(&m, sizes[i], more, MODEL_BODY);
                else
                    model_write(&m, sizes[i], more);
            }
            model_write(&m, 5, 0);
            model_commit(&m);
            model_sent(&m, sent / 2);
            model_sent(&m, sent - sent / 2);
            assert_int_equal(zx_queue_frame_rest(&m.q), model_frame_rest(&m));
            model_drop_partial(&m);
            /* Nothing sent: all of it is still to come; else what follows it. */
            assert_int_equal(m.at, sent ? PARTS : 0);
            while (model_send(&m, 32, MUCH, ALL))
                ;
            assert_int_equal(m.at, m.n);
            model_fini(&m);
        }
    }
}

static void what_is_gathered_is_bounded(void **state) {
    (void)state;
    struct model m;
    model_init(&m, 1, 0);
    for (int i = 0; i < 40; i++)
        model_write_ref(&m, 9000, i % 3 ? ZX_FRAME_MORE : 0, MODEL_BODY);
    model_write(&m, 1, 0);
    model_commit(&m);
    for (unsigned max = 1; max <= 32; max++)
        for (size_t bytes = 0; bytes < 30000; bytes += 997)
            (void)model_send(&m, max, bytes, 0);
    /* A piece of 1 or 2 stretches at a time gets there too. */
    while (model_send(&m, 2, 4000, 50) > 1 || model_send(&m, 3, 4000, ALL))
        ;
    assert_int_equal(m.at, m.n);
    model_fini(&m);
}

static void a_note_stops_the_stretch(void **state) {
    (void)state;
    struct model m;
    model_init(&m, 2, 0);
    for (int i = 0; i < 30; i++) {
        model_write(&m, 100, ZX_FRAME_MORE);
        if (i % 2)
            model_write_ref(&m, 100, ZX_FRAME_MORE, MODEL_CONST);
        model_write(&m, 7, 0);
        model_note(&m);
    }
    model_commit(&m);
    while (m.at < m.n)
        (void)model_send(&m, 32, MUCH, ALL);
    assert_false(zx_queue_has(&m.q));
    model_fini(&m);
}

/* Credit counts the same whether a chunk is passed at once or in bits, and after a loss. */
static void credit_of_stretches(void **state) {
    (void)state;
    for (unsigned percent = 20; percent <= ALL; percent += 16) {
        for (uint32_t hwm = 1; hwm < 12; hwm++) {
            struct model m;
            model_init(&m, hwm, hwm);
            for (int round = 0; round < 60; round++) {
                while (model_can_write(&m)) {
                    model_write(&m, 30, ZX_FRAME_MORE);
                    model_write(&m, 30, 0);
                }
                model_commit(&m);
                do
                    (void)model_send(&m, 32, 100, percent);
                while (model_below(&m, 4));
                if (round % 5 == 4)
                    model_drop_partial(&m);
            }
            model_fini(&m);
        }
    }
}

/* A connection of an old peer takes records, the next one stretches, of the same chunk. */
static void records_then_stretches(void **state) {
    (void)state;
    struct model m;
    model_init(&m, 3, 10);
    for (int round = 0; round < 200; round++) {
        while (model_can_write(&m))
            model_write(&m, 20, model_below(&m, 2) ? ZX_FRAME_MORE : 0);
        while (m.in_message)
            model_write(&m, 20, 0);
        model_commit(&m);
        for (int i = 0; i < 4; i++)
            (void)model_encode(&m);
        model_drop_partial(&m);
        (void)model_send(&m, 32, 50, 70);
        model_drop_partial(&m);
    }
    model_fini(&m);
}

/* ---- at random ---- */

static void read_somehow(struct model *m) {
    unsigned what = model_below(m, 64);
    if (what == 0)
        model_drop_partial(m);
    else if (what < 4 && !m->off && m->q.r.read == m->read) /* no stretch is yet to be counted */
        (void)model_encode(m);
    else
        (void)model_send(m, 1 + model_below(m, 32), model_below(m, 3) ? MUCH : model_below(m, 5000),
                         model_below(m, 3) ? model_below(m, ALL + 1) : ALL);
}

static void run(uint64_t seed, bool change_mark) {
    struct model m;
    model_init(&m, seed, change_mark ? (uint32_t)(seed % 17) : 0);
    for (m.step = 0; m.step < STEPS; m.step++) {
        unsigned what = model_below(&m, 64);
        bool producing = m.step / 40 % 2;
        if (what == 0 && m.at == m.n && !m.off)
            model_rewind(&m, model_below(&m, 2));
        else if (what == 1 && !model_below(&m, 8))
            model_clear(&m);
        else if (what == 2 && change_mark && !model_below(&m, 4))
            model_set_hwm(&m, model_below(&m, 20));
        else if (what < (producing ? 56 : 24))
            model_produce(&m);
        else
            read_somehow(&m);
    }
    /* Ends as it stands, with half a frame sent more often than not. */
    model_fini(&m);
}

static void random_sequences(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEQUENCES; seed++)
        run(seed, false);
}

static void random_sequences_under_a_mark(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEQUENCES; seed++)
        run(seed, true);
}

/* ---- two threads ---- */

enum { STREAM_MESSAGES = 200000, STREAM_HWM = 64 };

struct stream {
    struct zx_queue q;
    atomic_uint credit;
    atomic_uint failed;
};

/* Message i is two frames of i % 200 and i % 7 bytes, all of them i's low byte; some are large. */
static size_t first_size(uint32_t i) {
    return i % 997 == 0 ? 9000 : i % 200;
}

static void *produce(void *arg) {
    struct stream *s = arg;
    static uint8_t data[9007];
    for (uint32_t i = 0; i < STREAM_MESSAGES; i++) {
        while (!zx_queue_can_write(&s->q)) {
            zx_queue_commit(&s->q);
            while (!atomic_exchange(&s->credit, 0))
                sched_yield();
        }
        size_t size = first_size(i);
        int rc;
        memset(data, (int)(i & 255), size + 7);
        if (size > ZX_QUEUE_REF_ABOVE) {
            struct zx_body *b = zx_body_new(size);
            if (b)
                memcpy(b->data, data, size);
            rc = b ? zx_queue_write_ref(&s->q, b->data, size, b, ZX_FRAME_MORE) : -1;
        } else {
            rc = zx_queue_write(&s->q, data, size, ZX_FRAME_MORE);
        }
        if (rc || zx_queue_write(&s->q, data, i % 7, 0))
            atomic_store(&s->failed, 1);
        if (i % 3 == 0)
            zx_queue_commit(&s->q);
    }
    zx_queue_commit(&s->q);
    return NULL;
}

struct check { /* of the byte stream, frame by frame */
    uint8_t head[9];
    unsigned head_got;
    size_t left; /* of the body */
    uint32_t i;
    bool second;
};

static void check_frame(struct check *c) {
    bool is_long = c->head[0] & ZX_FRAME_LONG;
    size_t size = c->second ? c->i % 7 : first_size(c->i);
    assert_int_equal(c->head[0] & ~ZX_FRAME_LONG, c->second ? 0 : ZX_FRAME_MORE);
    assert_int_equal(is_long ? zx_get64(c->head + 1) : c->head[1], size);
    c->left = size;
}

static void check_bytes(struct check *c, const uint8_t *p, size_t size) {
    for (;;) {
        bool whole = c->head_got > 1 && c->head_got == (c->head[0] & ZX_FRAME_LONG ? 9u : 2u);
        if (!size && !(whole && !c->left))
            return;
        if (!whole) {
            c->head[c->head_got++] = *p++;
            size--;
            if (c->head_got == (c->head[0] & ZX_FRAME_LONG ? 9u : 2u))
                check_frame(c);
        } else if (c->left) {
            size_t n = c->left < size ? c->left : size;
            for (size_t k = 0; k < n; k++)
                if (p[k] != (c->i & 255))
                    fail_msg("message %u", c->i);
            p += n;
            size -= n;
            c->left -= n;
        } else {
            c->i += c->second;
            c->second = !c->second;
            c->head_got = 0;
        }
    }
}

static void one_writes_one_sends(void **state) {
    (void)state;
    static struct stream stream;
    struct stream *s = &stream;
    struct check c = {.head_got = 0};
    struct zx_dead dead = {0};
    zx_queue_init(&s->q, STREAM_HWM, false);
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, NULL, produce, s), 0);
    for (size_t round = 1; c.i < STREAM_MESSAGES; round++) {
        struct zx_stretch out[8];
        struct zx_gather g = {.out = out, .max = 8, .max_bytes = 20000};
        assert_false(zx_queue_gather(&s->q, &g));
        size_t sent = round % 3 ? g.bytes : g.bytes / 2 + 1;
        size_t left = sent = g.bytes ? sent : 0;
        for (unsigned i = 0; i < g.n && left; i++) {
            size_t n = out[i].size < left ? out[i].size : left;
            check_bytes(&c, out[i].data, n);
            left -= n;
        }
        if (zx_queue_sent(&s->q, sent, &dead))
            atomic_store(&s->credit, 1);
        zx_dead_flush(&dead);
        if (!g.bytes)
            sched_yield();
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    assert_int_equal(atomic_load(&s->failed), 0);
    assert_int_equal(s->q.r.read, STREAM_MESSAGES);
    zx_queue_fini(&s->q, &dead);
    zx_pool_trim();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_a_frame_is_not_read_as_a_header),
        cmocka_unit_test(a_lost_connection_drops_the_rest_of_its_message),
        cmocka_unit_test(what_is_gathered_is_bounded),
        cmocka_unit_test(a_note_stops_the_stretch),
        cmocka_unit_test(credit_of_stretches),
        cmocka_unit_test(records_then_stretches),
        cmocka_unit_test(random_sequences),
        cmocka_unit_test(random_sequences_under_a_mark),
        cmocka_unit_test(one_writes_one_sends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
