/* SPDX-License-Identifier: MIT */
/* The recycled blocks: classes, bounds, and two threads that take and give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

static void classes(void **state) {
    (void)state;
    assert_int_equal(zx_pool_class(0), ZX_POOL_NONE);
    assert_int_equal(zx_pool_class(8192), ZX_POOL_NONE);
    assert_int_equal(zx_pool_class(8193), 1);
    assert_int_equal(zx_pool_class(2097152), ZX_POOL_CLASSES);
    assert_int_equal(zx_pool_class(2097153), ZX_POOL_NONE);
    assert_int_equal(zx_pool_class(SIZE_MAX), ZX_POOL_NONE);
    for (unsigned c = 1; c <= ZX_POOL_CLASSES; c++) {
        assert_int_equal(zx_pool_class(zx_pool_content(c)), c);
        assert_int_equal(zx_pool_class(zx_pool_content(c) + 1),
                         c < ZX_POOL_CLASSES ? c + 1 : ZX_POOL_NONE);
    }
}

static bool among(void *block, void *const *v, int n) {
    for (int i = 0; i < n; i++)
        if (v[i] == block)
            return true;
    return false;
}

/* What was given comes again, each block once. */
static void what_is_given_comes_again(void **state) {
    (void)state;
    enum { MOST = 300 };
    for (unsigned c = 1; c <= ZX_POOL_CLASSES; c++) {
        void *given[MOST], *taken[MOST];
        int n = c < 4 ? MOST : 20, again = 0;
        for (int i = 0; i < n; i++) {
            given[i] = zx_pool_take(c);
            assert_non_null(given[i]);
            memset(given[i], i & 255, ZX_POOL_HEAD + zx_pool_content(c)); /* a sanitizer looks on */
            assert_false(among(given[i], given, i));
        }
        for (int i = 0; i < n; i++)
            zx_pool_give(given[i], c);
        for (int i = 0; i < n; i++) {
            taken[i] = zx_pool_take(c);
            assert_non_null(taken[i]);
            assert_false(among(taken[i], taken, i));
            again += among(taken[i], given, n);
        }
        assert_true(again > 0);
        for (int i = 0; i < n; i++)
            free(taken[i]);
    }
    zx_pool_trim();
}

enum { ROUNDS = 20000, AT_ONCE = 40 };

static void *churn(void *arg) {
    const int mine = *(const int *)arg;
    for (int r = 0; r < ROUNDS / AT_ONCE; r++) {
        int *v[AT_ONCE];
        for (int i = 0; i < AT_ONCE; i++) {
            v[i] = zx_pool_take(1);
            if (!v[i])
                return arg;
            *v[i] = mine;
        }
        for (int i = 0; i < AT_ONCE; i++) {
            if (*v[i] != mine) /* somebody else has it too */
                return arg;
            zx_pool_give(v[i], 1);
        }
    }
    return NULL;
}

static void a_block_has_one_owner(void **state) {
    (void)state;
    pthread_t t[4];
    int name[4] = {1, 2, 3, 4};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, churn, &name[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(t[i], &failed), 0);
        assert_null(failed);
    }
    zx_pool_trim();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(what_is_given_comes_again),
        cmocka_unit_test(a_block_has_one_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
