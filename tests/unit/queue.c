/* SPDX-License-Identifier: MIT */
/* The queue read record by record, and its producer's end. */
#include "unit/queue_model.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/group.h"
#include "base/ref.h"

enum { SEQUENCES = 300, STEPS = 1500 };

/* ---- small certain cases ---- */

static void nothing_comes_of_nothing(void **state) {
    (void)state;
    struct model m;
    struct zx_rec rec;
    model_init(&m, 1, 0);
    assert_false(model_peek(&m, &rec));
    zx_queue_commit(&m.q);
    zx_queue_rollback(&m.q);
    zx_queue_rewind(&m.q, false);
    assert_false(zx_queue_drop_partial(&m.q, &m.dead));
    assert_int_equal(zx_queue_frame_rest(&m.q), 0);
    assert_false(zx_queue_put_whole(&m.q, (const uint8_t *)"x", 1)); /* no chunk yet */
    assert_false(model_peek(&m, &rec));
    model_fini(&m);
}

static void a_message_shows_when_it_is_whole(void **state) {
    (void)state;
    struct model m;
    model_init(&m, 2, 0);
    model_write(&m, 3, ZX_FRAME_MORE);
    model_commit(&m);
    assert_false(model_take(&m));
    model_write(&m, 4, 0);
    assert_false(model_take(&m)); /* not committed */
    model_commit(&m);
    assert_true(model_take(&m));
    assert_true(model_take(&m));
    assert_false(model_take(&m));
    model_fini(&m);
}

/* A message of frames that fill many chunks, given up in the last of them. */
static void a_long_message_is_taken_back(void **state) {
    (void)state;
    struct model m;
    model_init(&m, 3, 0);
    for (int round = 0; round < 20; round++) {
        model_write(&m, 10, 0);
        for (int i = 0; i < 100; i++) {
            model_write(&m, 700, ZX_FRAME_MORE);
            model_write_ref(&m, 20000, ZX_FRAME_MORE, MODEL_BODY);
        }
        if (round % 2)
            model_commit(&m);
        model_rollback(&m);
        assert_int_equal(m.objects, 0);
        model_commit(&m);
        assert_true(model_take(&m));
        assert_false(model_take(&m));
    }
    model_fini(&m);
}

/* A chunk ends wherever it ends: no record is cut, none is lost. */
static void records_of_each_size_over_a_chunk_s_end(void **state) {
    (void)state;
    for (size_t size = 0; size < 560; size++) {
        struct model m;
        model_init(&m, 1000 + size, 0);
        for (int i = 0; i < 4; i++)
            model_write(&m, size, i == 2 ? ZX_FRAME_MORE : 0);
        model_put_whole(&m, size);
        model_write_ref(&m, size, 0, MODEL_PLAIN_BODY);
        model_commit(&m);
        while (model_take(&m))
            ;
        assert_int_equal(m.at, m.n);
        model_fini(&m);
    }
}

static void no_chunk_holds_what_has_no_size(void **state) {
    (void)state;
    struct zx_queue q;
    struct zx_dead dead = {0};
    zx_queue_init(&q, 0, false);
    /* Nobody has 4 GiB at hand: the refusal must come before the bytes are looked at. */
    assert_int_equal(zx_queue_write(&q, "x", UINT32_MAX - 3u, 0), -ENOMEM);
    assert_int_equal(zx_queue_write(&q, "x", (size_t)UINT32_MAX + 100u, 0), -ENOMEM);
    assert_int_equal(zx_queue_write(&q, "x", SIZE_MAX - 9u, 0), -ENOMEM);
    assert_false(zx_queue_has(&q));
    zx_queue_fini(&q, &dead);
}

/* ---- credit ---- */

static void full_by_the_mark_and_credit_at_half(void **state) {
    (void)state;
    for (uint32_t hwm = 1; hwm < 40; hwm++) {
        struct zx_queue q;
        struct zx_rec rec;
        struct zx_dead dead = {0};
        uint32_t low = (hwm + 1) / 2;
        zx_queue_init(&q, hwm, false);
        for (uint32_t i = 0; i < hwm; i++) {
            assert_true(zx_queue_can_write(&q));
            assert_int_equal(zx_queue_write(&q, "m", 1, 0), 0);
        }
        assert_false(zx_queue_can_write(&q));
        zx_queue_commit(&q);
        for (uint32_t i = 1; i <= hwm; i++) {
            assert_true(zx_queue_peek(&q, &rec));
            /* Told once: at the low-water mark; the producer does not ask again. */
            assert_int_equal(zx_queue_consume(&q, &rec), i == low);
        }
        uint32_t room = 0;
        for (; zx_queue_can_write(&q); room++)
            assert_int_equal(zx_queue_write(&q, "m", 1, 0), 0);
        assert_int_equal(room, hwm / low * low);
        zx_queue_fini(&q, &dead);
    }
}

static void commands_and_notes_are_not_counted(void **state) {
    (void)state;
    struct model m;
    model_init(&m, 4, 2);
    for (int i = 0; i < 10; i++) {
        model_write(&m, 5, ZX_FRAME_COMMAND);
        model_note(&m);
    }
    assert_int_equal(m.q.w.written, 0);
    assert_true(model_can_write(&m));
    model_commit(&m);
    while (model_take(&m))
        ;
    assert_int_equal(m.q.r.read, 0);
    model_fini(&m);
}

static void marks_that_change(void **state) {
    (void)state;
    static const uint32_t marks[] = {1, 7, 0, 3, 1000, 0, 2, 2};
    struct model m;
    model_init(&m, 5, 4);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        for (int n = 0; n < 50 && model_can_write(&m); n++)
            model_write(&m, 1, 0);
        model_set_hwm(&m, marks[i]);
        for (int n = 0; n < 50 && model_can_write(&m); n++)
            model_write(&m, 1, 0);
        (void)model_can_write(&m);
        model_commit(&m);
        while (model_take(&m))
            ;
        assert_true(model_can_write(&m));
    }
    model_fini(&m);
}

/* ---- memory ---- */

static void an_idle_queue_holds_no_memory(void **state) {
    (void)state;
    struct model m;
    model_init(&m, 6, 0);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 1000; i++)
            model_write(&m, (size_t)(round * 10), 0);
        model_commit(&m);
        while (model_take(&m))
            ;
        model_rewind(&m, false);
        assert_null(m.q.w.cur);
        assert_null(m.q.w.open);
    }
    model_fini(&m);
}

static void a_rewound_chunk_is_used_from_its_front(void **state) {
    (void)state;
    struct model m;
    model_init(&m, 7, 0);
    for (int i = 0; i < 1000; i++) {
        model_write(&m, 100, i % 2 ? ZX_FRAME_MORE : 0);
        if (i % 2)
            model_write_ref(&m, 9000, 0, MODEL_BODY);
        model_commit(&m);
        while (model_take(&m))
            ;
        model_rewind(&m, true);
    }
    assert_true(m.q.w.cur->size < 1024); /* one round fits, so no round took another */
    model_fini(&m);
}

static void nothing_unread_is_rewound(void **state) {
    (void)state;
    struct model m;
    model_init(&m, 8, 0);
    model_write(&m, 1, 0);
    model_rewind(&m, true);
    model_commit(&m);
    model_rewind(&m, false);
    model_write(&m, 2, ZX_FRAME_MORE);
    assert_true(model_take(&m));
    model_rewind(&m, true);
    model_rewind(&m, false);
    model_write(&m, 3, 0);
    model_commit(&m);
    assert_true(model_take(&m));
    assert_true(model_take(&m));
    model_fini(&m);
}

/* ---- CONFLATE ---- */

static long slot_bodies;

static void slot_body_free(void *data, void *hint) {
    (void)data;
    (void)hint;
    slot_bodies--;
}

static struct zx_body *slot_body(void) {
    struct zx_body *b = zx_body_new(0);
    assert_non_null(b);
    b->free_fn = slot_body_free;
    slot_bodies++;
    return b;
}

static void conflate_keeps_the_newest(void **state) {
    (void)state;
    struct zx_queue q;
    struct zx_rec rec;
    struct zx_dead dead = {0};
    zx_queue_init(&q, 1, true);
    for (int round = 0; round < 100; round++) {
        assert_false(zx_queue_has(&q));
        assert_false(zx_queue_peek(&q, &rec));
        for (uint8_t i = 0; i < 5; i++) {
            assert_true(zx_queue_can_write(&q)); /* whatever the mark */
            assert_false(zx_queue_put_whole(&q, &i, 1));
            assert_int_equal(zx_queue_write(&q, &i, 1, i % 2 ? ZX_FRAME_MORE : 0), 0);
        }
        if (round % 2)
            assert_int_equal(zx_queue_write_ref(&q, "ref", 3, slot_body(), 0), 0);
        assert_int_equal(zx_queue_write(&q, "\1note", 2, ZX_FRAME_NOTE), 0);
        zx_queue_commit(&q);
        assert_true(zx_queue_peek(&q, &rec));
        assert_true(rec.flags & ZX_FRAME_NOTE);
        (void)zx_queue_consume(&q, &rec);
        assert_true(zx_queue_peek(&q, &rec));
        assert_false(rec.flags & (ZX_FRAME_MORE | ZX_FRAME_NOTE));
        assert_memory_equal(rec.data, round % 2 ? "ref" : "\4", rec.size);
        assert_int_equal(zx_queue_write(&q, "later", 5, 0), 0); /* does not change what is held */
        assert_int_equal(rec.data[0], round % 2 ? 'r' : 4);
        zx_rec_release(&rec, &dead);
        (void)zx_queue_consume(&q, &rec);
        assert_true(zx_queue_peek(&q, &rec));
        assert_memory_equal(rec.data, "later", 5);
        zx_rec_release(&rec, &dead);
        (void)zx_queue_consume(&q, &rec);
        zx_queue_rewind(&q, round % 3);
    }
    assert_int_equal(zx_queue_write_ref(&q, "1", 1, slot_body(), 0), 0);
    assert_int_equal(zx_queue_write_ref(&q, "2", 1, slot_body(), 0), 0);
    assert_true(zx_queue_peek(&q, &rec));
    assert_int_equal(zx_queue_write_ref(&q, "3", 1, slot_body(), 0), 0);
    zx_dead_flush(&dead);
    assert_int_equal(slot_bodies, 2);
    zx_queue_clear(&q, &dead);
    assert_false(zx_queue_has(&q));
    assert_int_equal(zx_queue_write_ref(&q, "4", 1, slot_body(), 0), 0);
    zx_queue_fini(&q, &dead);
    zx_dead_flush(&dead);
    assert_int_equal(slot_bodies, 0);
}

/* ---- bodies released later ---- */

static int freed_order[200], n_freed;

static void record_free(void *data, void *hint) {
    (void)data;
    freed_order[n_freed++] = (int)(intptr_t)hint;
}

static void parked_bodies_wait_for_the_flush(void **state) {
    (void)state;
    struct zx_dead dead = {0};
    n_freed = 0;
    for (intptr_t i = 0; i < 200; i++) {
        struct zx_body *b = zx_body_new(0);
        assert_non_null(b);
        b->free_fn = record_free;
        b->hint = (void *)i;
        zx_dead_add(&dead, b);
        assert_int_equal(n_freed, 0);
    }
    zx_dead_flush(&dead);
    assert_int_equal(n_freed, 200);
    int seen[200] = {0};
    for (int i = 0; i < 200; i++)
        assert_int_equal(seen[freed_order[i]]++, 0);
    zx_dead_flush(&dead);
    assert_int_equal(n_freed, 200);
}

/* ---- at random ---- */

static void run(uint64_t seed, bool change_mark) {
    struct model m;
    uint32_t hwm = change_mark ? (uint32_t)(seed % 13) : 0;
    model_init(&m, seed, hwm);
    for (m.step = 0; m.step < STEPS; m.step++) {
        unsigned what = model_below(&m, 64);
        bool producing = m.step / 50 % 2; /* phases: queues grow and run dry */
        if (what == 0 && m.at == m.n)
            model_rewind(&m, model_below(&m, 2));
        else if (what == 1 && !model_below(&m, 8))
            model_clear(&m);
        else if (what == 2 && change_mark && !model_below(&m, 4))
            model_set_hwm(&m, model_below(&m, 20));
        else if (what < (producing ? 50 : 12))
            model_produce(&m);
        else
            (void)model_take(&m);
    }
    if (model_below(&m, 2)) {
        model_rollback(&m);
        model_commit(&m);
        while (model_take(&m))
            ;
        MODEL_CHECK(&m, m.read == m.written && m.objects == 0);
    }
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

enum { MESSAGES = 300000, PAIR_HWM = 50 };

struct pair {
    struct zx_queue q;
    atomic_uint credit; /* the producer waits for this; the reader tells */
    atomic_long bodies;
};

static void pair_body_free(void *data, void *hint) {
    struct pair *p = hint;
    atomic_fetch_sub(&p->bodies, 1);
    free(data);
}

static uint32_t step_random(uint32_t *x) {
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

static int write_one(struct pair *p, uint32_t i, uint32_t r) {
    uint8_t data[600];
    size_t size = 4 + r % 50;
    if (r % 97 == 0)
        size = 500;
    memset(data, (int)(i & 255), sizeof data);
    zx_put32(data, i);
    if (r % 3 && zx_queue_put_whole(&p->q, data, size))
        return 0;
    if (r % 7)
        return zx_queue_write(&p->q, data, size, 0);
    struct zx_body *b = zx_body_new(0);
    if (!b || !(b->data = malloc(size)))
        return -ENOMEM;
    memcpy(b->data, data, size);
    b->free_fn = pair_body_free;
    b->hint = p;
    atomic_fetch_add(&p->bodies, 1);
    return zx_queue_write_ref(&p->q, b->data, size, b, 0);
}

static void *produce(void *arg) {
    struct pair *p = arg;
    uint32_t x = 7;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint32_t r = step_random(&x);
        while (!zx_queue_can_write(&p->q)) {
            zx_queue_commit(&p->q);
            while (!atomic_exchange(&p->credit, 0)) /* lost credit hangs here: the test's limit */
                sched_yield();
        }
        if (r % 1013 == 0) { /* begun and given up */
            if (zx_queue_write(&p->q, "gone", 4, ZX_FRAME_MORE))
                return arg;
            zx_queue_rollback(&p->q);
        }
        if (write_one(p, i, r))
            return arg;
        if (r % 5 == 0)
            zx_queue_commit(&p->q);
    }
    zx_queue_commit(&p->q);
    return NULL;
}

static uint32_t take_one(struct pair *p, struct zx_rec *rec, struct zx_dead *dead) {
    uint32_t i = zx_get32(rec->data);
    for (size_t k = 4; k < rec->size; k++)
        assert_int_equal(rec->data[k], i & 255);
    zx_rec_release(rec, dead);
    if (zx_queue_consume(&p->q, rec))
        atomic_store(&p->credit, 1);
    zx_dead_flush(dead);
    return i;
}

static void one_writes_one_reads(void **state) {
    (void)state;
    static struct pair pair;
    struct pair *p = &pair;
    zx_queue_init(&p->q, PAIR_HWM, false);
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, NULL, produce, p), 0);
    struct zx_dead dead = {0};
    struct zx_rec rec;
    for (uint32_t i = 0; i < MESSAGES;) {
        if (!zx_queue_peek(&p->q, &rec)) {
            sched_yield();
            continue;
        }
        assert_int_equal(take_one(p, &rec, &dead), i);
        i++;
    }
    void *failed;
    assert_int_equal(pthread_join(producer, &failed), 0);
    assert_null(failed);
    assert_false(zx_queue_has(&p->q));
    assert_int_equal(atomic_load(&p->bodies), 0);
    zx_queue_fini(&p->q, &dead);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_of_nothing),
        cmocka_unit_test(a_message_shows_when_it_is_whole),
        cmocka_unit_test(a_long_message_is_taken_back),
        cmocka_unit_test(records_of_each_size_over_a_chunk_s_end),
        cmocka_unit_test(no_chunk_holds_what_has_no_size),
        cmocka_unit_test(full_by_the_mark_and_credit_at_half),
        cmocka_unit_test(commands_and_notes_are_not_counted),
        cmocka_unit_test(marks_that_change),
        cmocka_unit_test(an_idle_queue_holds_no_memory),
        cmocka_unit_test(a_rewound_chunk_is_used_from_its_front),
        cmocka_unit_test(nothing_unread_is_rewound),
        cmocka_unit_test(conflate_keeps_the_newest),
        cmocka_unit_test(parked_bodies_wait_for_the_flush),
        cmocka_unit_test(random_sequences),
        cmocka_unit_test(random_sequences_under_a_mark),
        cmocka_unit_test(one_writes_one_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
