/* SPDX-License-Identifier: MIT */
/* Sets of topics, against a naive model: the same calls on lists that are searched from end to
 * end. Also without memory, with every allocation failing at some time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/subs.h"
#include "base/topics.h"

/* The program is linked with --wrap: these stand before the C library's. */
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);
void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);

static unsigned fail_one_in; /* 0: never */
static long live;
static uint64_t rng = 88172645463325252u;

static unsigned below(unsigned n) {
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (unsigned)((rng >> 11) % n);
}

void *__wrap_malloc(size_t size) {
    void *p = fail_one_in && !below(fail_one_in) ? NULL : __real_malloc(size);
    live += p != NULL;
    return p;
}

void *__wrap_realloc(void *p, size_t size) {
    void *q = fail_one_in && !below(fail_one_in) ? NULL : __real_realloc(p, size);
    live += !p && q;
    return q;
}

void __wrap_free(void *p) {
    live -= p != NULL;
    __real_free(p);
}

/* ---- keys ---- */

enum { KEYS = 600, KEY_MAX = 40, HOLDERS = 12 };

struct key {
    uint8_t data[KEY_MAX];
    size_t size;
};

static struct key keys[KEYS];

enum shape { TWO_BYTES, TEXT, ANY_BYTE, CHAINS, SHAPES };

static uint8_t byte_of(enum shape shape) {
    switch (shape) {
    case TWO_BYTES:
        return below(2) ? 0 : 255;
    case TEXT:
        return (uint8_t)('0' + below(40));
    default:
        return (uint8_t)below(256);
    }
}

static int key_order(const void *a, const void *b) {
    const struct key *x = a, *y = b;
    size_t n = x->size < y->size ? x->size : y->size;
    int order = memcmp(x->data, y->data, n);
    return order ? order : x->size < y->size ? -1 : x->size > y->size;
}

/* KEYS different keys, sorted. */
static void make_keys(enum shape shape) {
    unsigned n = 0;
    while (n < KEYS) {
        struct key k = {.size = shape == ANY_BYTE ? below(4) : below(13)};
        for (size_t i = 0; i < k.size; i++)
            k.data[i] = byte_of(shape);
        if (shape == CHAINS && n) { /* one that exists, shorter or longer */
            k = keys[below(n)];
            if (below(3) && k.size < KEY_MAX - 4)
                k.data[k.size++] = (uint8_t)below(3);
            else if (k.size)
                k.size--;
        }
        bool is_new = true;
        for (unsigned i = 0; i < n && is_new; i++)
            is_new = key_order(&keys[i], &k) != 0;
        if (is_new)
            keys[n++] = k;
    }
    qsort(keys, KEYS, sizeof keys[0], key_order);
}

static bool begins(const struct key *k, const uint8_t *data, size_t size) {
    return k->size <= size && !memcmp(k->data, data, k->size);
}

/* Something that keys may be prefixes of. */
static size_t make_message(uint8_t *data, enum shape shape) {
    const struct key *k = &keys[below(KEYS)];
    size_t size = k->size;
    memcpy(data, k->data, size);
    for (unsigned n = below(4); n; n--)
        data[size++] = byte_of(shape);
    if (size && !below(3))
        data[below((unsigned)size)] = byte_of(shape);
    return size;
}

/* ---- a subscriber's topics ---- */

static void check_topics(const struct zx_topics *t, const unsigned *refs, enum shape shape) {
    uint8_t data[KEY_MAX + 8];
    size_t distinct = 0;
    struct zx_leaf *leaf = zx_topics_first(t);
    for (unsigned i = 0; i < KEYS; i++) {
        struct zx_leaf *after = zx_radix_after(&t->tree, keys[i].data, keys[i].size);
        if (refs[i]) {
            distinct++;
            assert_non_null(leaf);
            assert_int_equal(zx_radix_compare(leaf, keys[i].data, keys[i].size), 0);
            assert_int_equal(leaf->word, refs[i]);
            leaf = zx_topics_next(t, leaf);
        }
        assert_ptr_equal(after, leaf); /* also for keys that are not there */
    }
    assert_null(leaf);
    assert_int_equal(zx_topics_count(t), distinct);
    for (int n = 0; n < 50; n++) {
        size_t size = make_message(data, shape);
        bool want = false;
        for (unsigned i = 0; i < KEYS; i++)
            want |= refs[i] && begins(&keys[i], data, size);
        assert_int_equal(zx_topics_match(t, data, size), want);
    }
}

static void one_topic(struct zx_topics *t, unsigned *refs, unsigned i, bool add) {
    struct zx_leaf *last;
    if (add) {
        int rc = zx_topics_add(t, keys[i].data, keys[i].size);
        assert_true(rc == 0 || (rc == -ENOMEM && fail_one_in));
        refs[i] += rc == 0;
        return;
    }
    enum zx_topics_left left = zx_topics_remove(t, keys[i].data, keys[i].size, &last);
    assert_int_equal(left, refs[i] > 1   ? ZX_TOPICS_LESS
                           : refs[i] == 1 ? ZX_TOPICS_LAST
                                          : ZX_TOPICS_UNKNOWN);
    assert_int_equal(last != NULL, left == ZX_TOPICS_LAST);
    if (last)
        zx_topics_forget(t, last);
    refs[i] -= refs[i] != 0;
}

/* Grows and shrinks in waves. */
static void topics_run(enum shape shape) {
    struct zx_topics t = {0};
    unsigned refs[KEYS] = {0};
    long before = live;
    make_keys(shape);
    for (unsigned step = 0; step < 12000; step++) {
        unsigned wave = step / 1500 & 1;
        one_topic(&t, refs, below(KEYS), below(10) < (wave ? 2 : 8));
        if (step % 250 == 0)
            check_topics(&t, refs, shape);
    }
    fail_one_in = 0;
    check_topics(&t, refs, shape);
    if (below(2)) { /* all memory is given back by removing */
        for (unsigned i = 0; i < KEYS; i++)
            while (refs[i])
                one_topic(&t, refs, i, false);
        assert_int_equal(live, before);
    }
    zx_topics_fini(&t);
    assert_int_equal(live, before);
}

static void topics_are_counted(void **state) {
    (void)state;
    for (int i = 0; i < 2 * SHAPES; i++)
        topics_run((enum shape)(i % SHAPES));
}

static void topics_without_memory(void **state) {
    (void)state;
    for (int i = 0; i < 2 * SHAPES; i++) {
        fail_one_in = 3;
        topics_run((enum shape)(i % SHAPES));
    }
}

/* ---- a publisher's holders ---- */

struct model {
    struct zx_subs subs;
    struct zx_holder holder[HOLDERS];
    bool held[HOLDERS][KEYS];
    unsigned named[HOLDERS];
    unsigned told[KEYS];
    unsigned leaving;
};

static unsigned holders_of(const struct model *m, unsigned key) {
    unsigned n = 0;
    for (unsigned h = 0; h < HOLDERS; h++)
        n += m->held[h][key];
    return n;
}

static void on_match(void *arg, struct zx_holder *h) {
    struct model *m = arg;
    m->named[h - m->holder]++;
}

static void check_subs(struct model *m, enum shape shape) {
    uint8_t data[KEY_MAX + 8];
    size_t distinct = 0;
    for (unsigned i = 0; i < KEYS; i++)
        distinct += holders_of(m, i) != 0;
    assert_int_equal(zx_subs_count(&m->subs), distinct);
    for (unsigned h = 0; h < HOLDERS; h++) {
        unsigned n = 0;
        for (unsigned i = 0; i < KEYS; i++)
            n += m->held[h][i];
        assert_int_equal(m->holder[h].n, n);
    }
    for (int n = 0; n < 50; n++) {
        size_t size = make_message(data, shape);
        memset(m->named, 0, sizeof m->named);
        zx_subs_match(&m->subs, data, size, on_match, m);
        for (unsigned h = 0; h < HOLDERS; h++) {
            unsigned want = 0;
            for (unsigned i = 0; i < KEYS; i++)
                want |= m->held[h][i] && begins(&keys[i], data, size);
            assert_int_equal(m->named[h], want);
        }
    }
}

static void one_sub(struct model *m, unsigned h, unsigned i, bool add) {
    unsigned others = holders_of(m, i) - m->held[h][i];
    enum zx_subs_result want;
    int got;
    if (add) {
        want = m->held[h][i] ? ZX_SUBS_NONE : others ? ZX_SUBS_MORE : ZX_SUBS_FIRST;
        got = zx_subs_add(&m->subs, keys[i].data, keys[i].size, &m->holder[h]);
        if (got == -ENOMEM && fail_one_in)
            return;
    } else {
        want = m->held[h][i] ? others ? ZX_SUBS_MORE : ZX_SUBS_FIRST
               : others      ? ZX_SUBS_NONE
                             : ZX_SUBS_UNKNOWN;
        got = (int)zx_subs_remove(&m->subs, keys[i].data, keys[i].size, &m->holder[h]);
    }
    assert_int_equal(got, want);
    m->held[h][i] = add;
}

static void on_topic(void *arg, const struct zx_leaf *topic, bool was_last) {
    struct model *m = arg;
    for (unsigned i = 0; i < KEYS; i++) {
        if (zx_radix_compare(topic, keys[i].data, keys[i].size))
            continue;
        assert_true(m->held[m->leaving][i]);
        assert_int_equal(was_last, holders_of(m, i) == 1);
        m->held[m->leaving][i] = false;
        m->told[i]++;
    }
}

static void leave(struct model *m, unsigned h) {
    unsigned held = 0, told = 0;
    for (unsigned i = 0; i < KEYS; i++)
        held += m->held[h][i];
    memset(m->told, 0, sizeof m->told);
    m->leaving = h;
    zx_subs_leave(&m->subs, &m->holder[h], on_topic, m);
    for (unsigned i = 0; i < KEYS; i++)
        told += m->told[i];
    assert_int_equal(told, held);
    if (below(2))
        m->holder[h] = (struct zx_holder){0}; /* another one at the same place */
}

static void subs_run(enum shape shape) {
    struct model *m = calloc(1, sizeof *m);
    long before = live;
    assert_non_null(m);
    make_keys(shape);
    if (below(2))
        m->subs.last_id = UINT32_MAX - 5; /* ids come round */
    for (unsigned step = 0; step < 20000; step++) {
        unsigned wave = step / 2500 & 1, h = below(HOLDERS);
        one_sub(m, h, below(below(4) ? KEYS : 9), below(10) < (wave ? 2 : 8));
        if (!below(600))
            leave(m, h);
        if (step % 500 == 0)
            check_subs(m, shape);
    }
    fail_one_in = 0;
    check_subs(m, shape);
    bool all_leave = below(2);
    for (unsigned h = 0; h < HOLDERS; h++)
        if (all_leave)
            leave(m, h);
    if (all_leave)
        assert_int_equal(live, before);
    zx_subs_fini(&m->subs);
    for (unsigned h = 0; h < HOLDERS; h++)
        free(m->holder[h].v);
    free(m);
    live++; /* calloc is not counted, its free is */
    assert_int_equal(live, before);
}

static void holders_of_topics(void **state) {
    (void)state;
    for (int i = 0; i < 2 * SHAPES; i++)
        subs_run((enum shape)(i % SHAPES));
}

static void holders_without_memory(void **state) {
    (void)state;
    for (int i = 0; i < 2 * SHAPES; i++) {
        fail_one_in = 4;
        subs_run((enum shape)(i % SHAPES));
    }
}

/* ---- extremes ---- */

/* Each a prefix of the next: as deep as the tree gets. */
static void deep_chain(void **state) {
    enum { DEPTH = 3000 };
    static uint8_t data[DEPTH];
    struct zx_subs s = {0};
    struct zx_topics t = {0};
    struct zx_holder h = {0};
    struct zx_leaf *leaf;
    long before = live;
    (void)state;
    memset(data, 0x80, sizeof data);
    for (size_t i = 0; i <= DEPTH; i++) {
        size_t size = i * 1009 % (DEPTH + 1); /* every length once */
        assert_int_equal(zx_subs_add(&s, data, size, &h), ZX_SUBS_FIRST);
        assert_int_equal(zx_topics_add(&t, data, size), 0);
    }
    assert_int_equal(zx_subs_count(&s), DEPTH + 1);
    leaf = zx_topics_first(&t);
    for (size_t i = 0; i <= DEPTH; i++) {
        assert_int_equal(leaf->size, i);
        leaf = zx_topics_next(&t, leaf);
    }
    assert_null(leaf);
    zx_subs_leave(&s, &h, NULL, NULL);
    zx_topics_fini(&t);
    assert_int_equal(live, before);
}

static void long_topics(void **state) {
    struct zx_topics t = {0};
    struct zx_subs s = {0};
    struct zx_holder h = {0};
    uint8_t *data = calloc(1, ZX_RADIX_KEY_MAX + 1);
    (void)state;
    assert_non_null(data);
    live++;
    assert_int_equal(zx_topics_add(&t, data, ZX_RADIX_KEY_MAX), 0);
    assert_int_equal(zx_topics_add(&t, data, ZX_RADIX_KEY_MAX + 1), -EINVAL);
    assert_int_equal(zx_subs_add(&s, data, ZX_RADIX_KEY_MAX, &h), ZX_SUBS_FIRST);
    assert_int_equal(zx_subs_add(&s, data, ZX_RADIX_KEY_MAX + 1, &h), -EINVAL);
    assert_int_equal(zx_subs_remove(&s, data, ZX_RADIX_KEY_MAX + 1, &h), ZX_SUBS_UNKNOWN);
    assert_true(zx_topics_match(&t, data, ZX_RADIX_KEY_MAX + 1));
    assert_false(zx_topics_match(&t, data, ZX_RADIX_KEY_MAX - 1));
    zx_subs_leave(&s, &h, NULL, NULL);
    zx_topics_fini(&t);
    free(data);
    assert_int_equal(live, 0);
}

static void nothing_in_it(void **state) {
    struct zx_topics t = {0};
    struct zx_leaf *last;
    (void)state;
    assert_false(zx_topics_match(&t, "x", 1));
    assert_null(zx_topics_first(&t));
    assert_null(zx_radix_after(&t.tree, "", 0));
    assert_int_equal(zx_topics_remove(&t, "", 0, &last), ZX_TOPICS_UNKNOWN);
    assert_int_equal(zx_topics_add(&t, NULL, 0), 0);
    assert_true(zx_topics_match(&t, NULL, 0));
    assert_true(zx_topics_match(&t, "x", 1));
    zx_topics_fini(&t);
    assert_false(zx_topics_match(&t, NULL, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_in_it),
        cmocka_unit_test(topics_are_counted),
        cmocka_unit_test(topics_without_memory),
        cmocka_unit_test(holders_of_topics),
        cmocka_unit_test(holders_without_memory),
        cmocka_unit_test(deep_chain),
        cmocka_unit_test(long_topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
