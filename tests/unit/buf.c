/* SPDX-License-Identifier: MIT */
/* A buffer read from its front, beside an array that holds all that was ever written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

/* The program is linked with --wrap. */
void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);

static int no_memory;

void *__wrap_malloc(size_t size) {
    return no_memory ? NULL : __real_malloc(size);
}

static uint32_t rng = 1;

static uint32_t below(uint32_t n) {
    rng = rng * 1664525u + 1013904223u;
    return (rng >> 8) % n;
}

static void an_empty_one(void **state) {
    (void)state;
    struct zx_buf b = {0};
    assert_int_equal(zx_buf_size(&b), 0);
    assert_int_equal(zx_buf_append(&b, NULL, 0), 0);
    assert_null(b.data);
    assert_non_null(zx_buf_reserve(&b, 0)); /* NULL says that there is no memory */
    zx_buf_consume(&b, 0);
    zx_buf_fini(&b);
    zx_buf_fini(&b);
    assert_int_equal(zx_buf_size(&b), 0);
}

static void random_traffic(void **state) {
    (void)state;
    enum { TOTAL = 1 << 20 };
    uint8_t *all = malloc(TOTAL);
    assert_non_null(all);
    for (size_t i = 0; i < TOTAL; i++)
        all[i] = (uint8_t)(i * 7 >> 3);
    struct zx_buf b = {0};
    size_t wrote = 0, read = 0;
    while (read < TOTAL) {
        size_t n = below(below(20) ? 60 : 4000);
        if (below(2) && wrote < TOTAL) {
            n = n < TOTAL - wrote ? n : TOTAL - wrote;
            if (below(2)) {
                assert_int_equal(zx_buf_append(&b, all + wrote, n), 0);
            } else {
                uint8_t *room = zx_buf_reserve(&b, n + below(10));
                assert_non_null(room);
                memcpy(room, all + wrote, n);
                b.tail += n;
            }
            wrote += n;
        } else {
            n = n < wrote - read ? n : wrote - read;
            zx_buf_consume(&b, n);
            read += n;
        }
        assert_int_equal(zx_buf_size(&b), wrote - read);
        assert_true(b.tail <= b.cap);
        assert_memory_equal(b.data + b.head, all + read, wrote - read);
        if (wrote == read) {
            assert_true(b.cap <= 512); /* large memory is given back */
            assert_int_equal(b.head, 0);
        }
    }
    zx_buf_fini(&b);
    free(all);
}

/* Space at the front is used before more is asked for. */
static void a_slow_reader_costs_no_memory(void **state) {
    (void)state;
    struct zx_buf b = {0};
    uint8_t data[50] = {0};
    assert_int_equal(zx_buf_append(&b, data, sizeof data), 0);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(zx_buf_append(&b, data, sizeof data), 0);
        zx_buf_consume(&b, sizeof data);
        assert_true(b.cap <= 128);
    }
    zx_buf_fini(&b);
}

static void without_memory(void **state) {
    (void)state;
    struct zx_buf b = {0};
    uint8_t data[300];
    memset(data, 7, sizeof data);
    no_memory = 1;
    assert_int_equal(zx_buf_append(&b, data, 1), -ENOMEM);
    assert_null(zx_buf_reserve(&b, 1));
    no_memory = 0;
    assert_int_equal(zx_buf_append(&b, data, sizeof data), 0);
    size_t room = b.cap - b.tail;
    no_memory = 1;
    assert_int_equal(zx_buf_append(&b, data, room), 0);
    assert_int_equal(zx_buf_append(&b, data, 1), -ENOMEM);
    no_memory = 0;
    assert_int_equal(zx_buf_size(&b), sizeof data + room);
    for (size_t i = 0; i < zx_buf_size(&b); i++)
        assert_int_equal(b.data[b.head + i], 7);
    zx_buf_fini(&b);
}

static void sizes_beyond_memory(void **state) {
    (void)state;
    struct zx_buf b = {0};
    assert_null(zx_buf_reserve(&b, SIZE_MAX));
    assert_null(zx_buf_reserve(&b, SIZE_MAX / 2 + 1));
    assert_int_equal(zx_buf_append(&b, "abc", 3), 0);
    assert_null(zx_buf_reserve(&b, SIZE_MAX - 2));
    assert_null(zx_buf_reserve(&b, SIZE_MAX / 2));
    assert_memory_equal(b.data + b.head, "abc", 3);
    zx_buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one),
        cmocka_unit_test(random_traffic),
        cmocka_unit_test(a_slow_reader_costs_no_memory),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(sizes_beyond_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
