/* SPDX-License-Identifier: MIT */
/* Small things in blocks: none overlaps another, blocks go with their last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slab.h"

/* The program is linked with --wrap: these stand before the C library's. */
void *__wrap_malloc(size_t size);
void __wrap_free(void *p);
void *__real_malloc(size_t size);
void __real_free(void *p);

static long live, calls;
static int failing;

void *__wrap_malloc(size_t size) {
    void *p = failing ? NULL : __real_malloc(size);
    live += p != NULL;
    calls++;
    return p;
}

void __wrap_free(void *p) {
    live -= p != NULL;
    __real_free(p);
}

enum { ITEMS = 5000 };

static void *item[ITEMS];
static uint16_t number[ITEMS];
static uint64_t rng = 7;

static unsigned below(unsigned n) {
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((rng >> 33) % n);
}

static void check(const struct zx_slab *s) {
    size_t n = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        if (!item[i])
            continue;
        for (size_t k = 0; k < s->item; k++)
            if (((uint8_t *)item[i])[k] != (i & 255))
                fail_msg("item %zu has been overwritten", i);
        n++;
    }
    assert_int_equal(s->live, n);
}

static void run(size_t size) {
    struct zx_slab s = {.item = size};
    long before = live;
    for (int step = 0; step < 60000; step++) {
        unsigned i = below(ITEMS), growing = step / 10000 & 1 ? 3 : 7;
        if (item[i] && below(10) >= growing) {
            zx_slab_free(&s, item[i], number[i]);
            item[i] = NULL;
        } else if (!item[i] && below(10) < growing) {
            item[i] = zx_slab_alloc(&s, &number[i]);
            assert_non_null(item[i]);
            assert_int_equal((uintptr_t)item[i] % 8, 0);
            memset(item[i], (int)(i & 255), size);
        }
        if (step % 5000 == 0)
            check(&s);
    }
    for (size_t i = 0; i < ITEMS; i++) {
        if (item[i])
            zx_slab_free(&s, item[i], number[i]);
        item[i] = NULL;
    }
    assert_int_equal(s.live, 0);
    assert_int_equal(live, before);
}

static void sizes(void **state) {
    (void)state;
    run(8);
    run(40);
    run(2064);
    run(50000); /* more than a block should be */
}

static void blocks_grow(void **state) {
    struct zx_slab s = {.item = 16};
    uint16_t n[1000];
    void *p[1000];
    long before = calls;
    (void)state;
    for (int i = 0; i < 1000; i++)
        p[i] = zx_slab_alloc(&s, &n[i]);
    assert_in_range(calls - before, 1, 12);
    for (int i = 0; i < 1000; i++)
        zx_slab_free(&s, p[i], n[i]);
}

static void without_memory(void **state) {
    struct zx_slab s = {.item = 16};
    uint16_t n, m;
    (void)state;
    failing = 1;
    assert_null(zx_slab_alloc(&s, &n));
    failing = 0;
    void *p = zx_slab_alloc(&s, &n);
    assert_non_null(p);
    failing = 1;
    assert_null(zx_slab_alloc(&s, &m));
    failing = 0;
    zx_slab_free(&s, p, n);
    assert_int_equal(s.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(blocks_grow),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
