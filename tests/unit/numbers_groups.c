/* SPDX-License-Identifier: MIT */
/* Numbers of peers and groups of listeners, each beside the plainest table that does the same. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "patterns/groups.h"
#include "patterns/ids.h"

/* The program is linked with --wrap. */
void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__real_realloc(void *p, size_t size);

static int refuse_in; /* allocations until one fails; 0: never */

static bool fails(void) {
    return refuse_in && --refuse_in == 0;
}

void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *p, size_t size) {
    return fails() ? NULL : __real_realloc(p, size);
}

static uint32_t rng = 7;

static uint32_t below(uint32_t n) {
    rng = rng * 1664525u + 1013904223u;
    return (rng >> 8) % n;
}

/* ---- numbers ---- */

enum { PIPES = 200, STEPS = 40000 };

static void numbers_at_random(void **state) {
    static struct zx_pipe pipes[PIPES];
    static bool in[PIPES];
    struct zx_ids ids;
    (void)state;
    zx_ids_init(&ids, UINT32_MAX - 1000); /* 0 is passed on the way */
    assert_null(zx_ids_find(&ids, UINT32_MAX - 1000));
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = below(PIPES);
        refuse_in = below(4) ? 0 : 1;
        if (in[i]) {
            assert_ptr_equal(zx_ids_find(&ids, pipes[i].app.user_word), &pipes[i]);
            uint32_t was = pipes[i].app.user_word;
            zx_ids_remove(&ids, &pipes[i]);
            zx_ids_remove(&ids, &pipes[i]); /* again: nothing */
            assert_null(zx_ids_find(&ids, was));
            in[i] = false;
        } else {
            in[i] = !zx_ids_add(&ids, &pipes[i]);
            assert_true(in[i] || refuse_in == 0);
            if (in[i])
                assert_int_not_equal(pipes[i].app.user_word, 0);
        }
        refuse_in = 0;
    }
    assert_null(zx_ids_find(&ids, 0));
    for (uint32_t i = 0; i < PIPES; i++)
        if (in[i])
            assert_ptr_equal(zx_ids_find(&ids, pipes[i].app.user_word), &pipes[i]);
    zx_ids_fini(&ids);
}

/* A number in use is passed over when the count comes round. */
static void numbers_are_unique(void **state) {
    struct zx_pipe a = {.sock = NULL}, b = {.sock = NULL};
    struct zx_ids ids;
    (void)state;
    zx_ids_init(&ids, 41);
    assert_int_equal(zx_ids_add(&ids, &a), 0);
    assert_int_equal(a.app.user_word, 41);
    ids.next = 41;
    assert_int_equal(zx_ids_add(&ids, &b), 0);
    assert_int_equal(b.app.user_word, 42);
    assert_ptr_equal(zx_ids_find(&ids, 41), &a);
    zx_ids_fini(&ids);
}

/* ---- groups ---- */

enum { NAMES = 60, LISTENERS = 40 };

static char names[NAMES][256];
static unsigned counts[NAMES][LISTENERS];
static struct zx_listener who[LISTENERS];

static void make_names(void) {
    for (int i = 1; i < NAMES; i++) { /* names[0] is the empty group */
        size_t size = i == 1 ? 255 : i < 20 ? 1 + (size_t)i % 3 : 1 + below(40);
        for (size_t k = 0; k < size; k++)
            names[i][k] = (char)('a' + below(3));
        snprintf(names[i] + (size > 250 ? 250 : size), 5, "%02d", i); /* all differ */
    }
}

static void check_group(const struct zx_groups *g, int name) {
    struct zx_audience *a = zx_groups_find(g, names[name], strlen(names[name]));
    uint32_t expected = 0, found = 0;
    for (int l = 0; l < LISTENERS; l++)
        expected += counts[name][l] > 0;
    assert_int_equal(a ? a->n : 0, expected);
    for (uint32_t i = 0; a && i < a->n; i++)
        found += counts[name][a->v[i]->who - who] > 0;
    assert_int_equal(found, expected);
}

static void step(struct zx_groups *g) {
    int name = (int)below(NAMES), l = (int)below(LISTENERS);
    size_t size = strlen(names[name]);
    switch (below(20)) {
    case 0:
        zx_groups_drop(g, &who[l]);
        for (int i = 0; i < NAMES; i++)
            counts[i][l] = 0;
        break;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        zx_groups_leave(g, &who[l], names[name], size);
        counts[name][l] -= counts[name][l] > 0;
        break;
    default:
        refuse_in = below(3) ? 0 : 1 + (int)below(4);
        bool may_fail = refuse_in;
        int rc = zx_groups_join(g, &who[l], names[name], size);
        refuse_in = 0;
        assert_true(!rc || (rc == -ENOMEM && may_fail));
        counts[name][l] += !rc;
        break;
    }
    check_group(g, name);
}

static void groups_at_random(void **state) {
    struct zx_groups g = {.seed = 12345};
    (void)state;
    make_names();
    assert_null(zx_groups_find(&g, "", 0));
    zx_groups_leave(&g, &who[0], "none", 4);
    for (int i = 0; i < STEPS; i++)
        step(&g);
    for (int i = 0; i < NAMES; i++)
        check_group(&g, i);
    for (int l = 0; l < LISTENERS; l++)
        zx_groups_drop(&g, &who[l]);
    assert_int_equal(g.n_groups, 0);
    assert_int_equal(g.n_joined, 0);
    zx_groups_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_at_random),
        cmocka_unit_test(numbers_are_unique),
        cmocka_unit_test(groups_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
