/* SPDX-License-Identifier: MIT */
/* Messages and the bodies they share: each is freed once, when its last holder is through. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/group.h"
#include "base/msg.h"
#include "base/pool.h"
#include "base/ref.h"

/* The program is linked with --wrap. */
void *__wrap_malloc(size_t size);
void __wrap_free(void *p);
void *__real_malloc(size_t size);
void __real_free(void *p);

static int no_memory;
static atomic_long live;

void *__wrap_malloc(size_t size) {
    void *p = no_memory ? NULL : __real_malloc(size);
    atomic_fetch_add(&live, p != NULL);
    return p;
}

void __wrap_free(void *p) {
    atomic_fetch_sub(&live, p != NULL);
    __real_free(p);
}

static atomic_int freed;

static void count_free(void *data, void *hint) {
    (void)data;
    assert_ptr_equal(hint, &freed);
    atomic_fetch_add(&freed, 1);
}

struct counted {
    struct zx_ref ref;
};

static int metas_freed;

static void meta_free(struct zx_ref *ref) {
    metas_freed++;
    free(ref);
}

static struct zx_meta *meta_new(void) {
    struct counted *c = malloc(sizeof *c);
    assert_non_null(c);
    zx_ref_init(&c->ref, meta_free);
    return (struct zx_meta *)(void *)c;
}

static void fresh(struct zx_msg *m, size_t size, int fill) {
    assert_int_equal(zx_msg_init_size(m, size), 0);
    assert_true(zx_msg_is_valid(m));
    assert_int_equal(zx_msg_size(m), size);
    if (size)
        memset(zx_msg_data(m), fill, size);
}

static void holds(struct zx_msg *m, size_t size, int fill) {
    const uint8_t *p = zx_msg_data(m);
    assert_true(zx_msg_is_valid(m));
    assert_int_equal(zx_msg_size(m), size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(p[i], fill);
}

static void sizes_and_kinds(void **state) {
    (void)state;
    for (size_t size = 0; size < 100; size++) {
        struct zx_msg m;
        long before = atomic_load(&live);
        fresh(&m, size, 5);
        holds(&m, size, 5);
        assert_int_equal(m.kind, size <= ZX_MSG_INLINE ? ZX_MSG_KIND_INLINE : ZX_MSG_KIND_BODY);
        assert_int_equal(atomic_load(&live) - before, size > ZX_MSG_INLINE);
        assert_int_equal(m.flags, 0);
        zx_msg_close(&m);
        assert_false(zx_msg_is_valid(&m));
        assert_int_equal(atomic_load(&live), before);
    }
}

/* Every pair of sizes: what the target held is gone, what it got is whole. */
static void moving_and_copying(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, ZX_MSG_INLINE, ZX_MSG_INLINE + 1, 5000, 20000};
    enum { N = sizeof sizes / sizeof sizes[0] };
    for (size_t i = 0; i < N * N; i++) {
        struct zx_msg a, b, c;
        long before = atomic_load(&live);
        fresh(&a, sizes[i % N], 1);
        fresh(&b, sizes[i / N], 2);
        fresh(&c, 100, 3);
        zx_msg_copy(&c, &a);
        holds(&a, sizes[i % N], 1);
        holds(&c, sizes[i % N], 1);
        if (a.kind == ZX_MSG_KIND_BODY) {
            assert_ptr_equal(zx_msg_data(&a), zx_msg_data(&c));
            assert_true(a.flags & c.flags & ZX_MSG_SHARED);
        }
        zx_msg_move(&b, &a);
        holds(&a, 0, 0);
        holds(&b, sizes[i % N], 1);
        zx_msg_move(&b, &b);
        zx_msg_copy(&b, &b);
        holds(&b, sizes[i % N], 1);
        zx_msg_close(&b);
        holds(&c, sizes[i % N], 1);
        zx_msg_close(&a);
        zx_msg_close(&c);
        zx_pool_trim();
        assert_int_equal(atomic_load(&live), before);
    }
}

static void data_of_the_outside(void **state) {
    (void)state;
    static char text[] = "data";
    struct zx_msg a, b;
    atomic_store(&freed, 0);
    assert_int_equal(zx_msg_init_data(&a, text, 4, count_free, &freed), 0);
    assert_ptr_equal(zx_msg_data(&a), text); /* however small */
    assert_int_equal(a.kind, ZX_MSG_KIND_BODY);
    zx_msg_init(&b);
    zx_msg_copy(&b, &a);
    zx_msg_close(&a);
    assert_int_equal(atomic_load(&freed), 0);
    assert_memory_equal(zx_msg_data(&b), "data", 4);
    zx_msg_close(&b);
    assert_int_equal(atomic_load(&freed), 1);

    /* No function: constant memory, which costs nothing. */
    long before = atomic_load(&live);
    assert_int_equal(zx_msg_init_data(&a, text, 4, NULL, NULL), 0);
    assert_int_equal(a.kind, ZX_MSG_KIND_CONST);
    zx_msg_init(&b);
    zx_msg_copy(&b, &a);
    assert_ptr_equal(zx_msg_data(&b), text);
    assert_int_equal(atomic_load(&live), before);
    zx_msg_close(&a);
    zx_msg_close(&b);

    assert_int_equal(zx_msg_init_data(&a, NULL, 0, count_free, &freed), 0);
    zx_msg_close(&a);
    assert_int_equal(atomic_load(&freed), 2);
}

static void several_references_at_once(void **state) {
    (void)state;
    struct zx_body *b = zx_body_new(0);
    assert_non_null(b);
    atomic_store(&freed, 0);
    b->free_fn = count_free;
    b->hint = &freed;
    zx_body_ref(b, 5);
    zx_body_unref(b, 2);
    zx_body_unref(b, 1);
    assert_int_equal(atomic_load(&freed), 0);
    zx_body_unref(b, 3);
    assert_int_equal(atomic_load(&freed), 1);
}

static void what_hangs_on_a_message(void **state) {
    (void)state;
    struct zx_msg a, b;
    metas_freed = 0;
    long before = atomic_load(&live);
    fresh(&a, 10, 1);
    fresh(&b, 10, 2);
    a.meta = meta_new();
    a.group = zx_group_new("g", 1);
    a.routing_id = 77;
    a.flags = ZX_MSG_MORE;
    b.meta = meta_new();
    zx_msg_copy(&b, &a);
    assert_int_equal(metas_freed, 1); /* what b had */
    assert_ptr_equal(b.meta, a.meta);
    assert_ptr_equal(b.group, a.group);
    assert_int_equal(b.routing_id, 77);
    assert_int_equal(b.flags, ZX_MSG_MORE);
    zx_msg_drop_meta(&b);
    zx_msg_drop_meta(&b);
    assert_null(b.meta);
    assert_int_equal(metas_freed, 1);
    zx_msg_move(&b, &a);
    assert_null(a.meta);
    assert_null(a.group);
    assert_int_equal(a.flags, 0);
    assert_string_equal(b.group->name, "g");
    zx_msg_close(&a);
    assert_int_equal(metas_freed, 1);
    zx_msg_close(&b);
    assert_int_equal(metas_freed, 2);
    assert_int_equal(atomic_load(&live), before);
}

static void without_memory(void **state) {
    (void)state;
    struct zx_msg m;
    no_memory = 1;
    assert_int_equal(zx_msg_init_size(&m, 0), 0);
    assert_int_equal(zx_msg_init_size(&m, ZX_MSG_INLINE), 0);
    assert_int_equal(zx_msg_init_size(&m, ZX_MSG_INLINE + 1), -ENOMEM);
    assert_int_equal(zx_msg_init_data(&m, m.u.inl, 1, count_free, &freed), -ENOMEM);
    assert_int_equal(zx_msg_init_data(&m, m.u.inl, 1, NULL, NULL), 0);
    no_memory = 0;
    assert_int_equal(zx_msg_init_size(&m, SIZE_MAX), -ENOMEM);
    assert_int_equal(zx_msg_init_size(&m, SIZE_MAX - sizeof(struct zx_body) + 1), -ENOMEM);
}

/* Bodies of 8 KiB to 2 MiB are kept for the next of their size, at most 4 MiB of each. */
static void recycling(void **state) {
    (void)state;
    zx_pool_trim();
    long before = atomic_load(&live);
    for (size_t size = 1000; size < 4000000; size = size * 3 / 2) {
        struct zx_body *v[300];
        const int n = size < 65536 ? 300 : 20;
        bool kept = size > 8192 && size <= 2097152;
        for (int i = 0; i < n; i++) {
            v[i] = zx_body_new(size);
            assert_non_null(v[i]);
            memset(v[i]->data, i, size); /* a sanitizer sees if that is not ours */
        }
        for (int i = 0; i < n; i++)
            zx_body_unref(v[i], 1);
        long idle = atomic_load(&live) - before;
        assert_true(kept ? idle > 0 && idle < n && idle * (long)size <= 4 << 20 : idle == 0);
        if (kept) {
            no_memory = 1; /* one of those kept will do */
            struct zx_body *b = zx_body_new(size);
            no_memory = 0;
            assert_non_null(b);
            assert_int_equal(atomic_load(&b->refs), 1);
            assert_null(b->free_fn);
            zx_body_unref(b, 1);
        }
        zx_pool_trim();
        assert_int_equal(atomic_load(&live), before);
    }
}

/* ---- two threads ---- */

enum { ROUNDS = 20000 };

static void *churn(void *arg) {
    struct zx_body *shared = arg;
    for (int i = 0; i < ROUNDS; i++) {
        zx_body_ref(shared, 2);
        struct zx_body *own = zx_body_new(20000);
        if (!own)
            return arg;
        *(int *)own->data = i;
        zx_body_unref(shared, 1);
        if (*(int *)own->data != i)
            return arg;
        zx_body_unref(own, 1);
        zx_body_unref(shared, 1);
    }
    zx_body_unref(shared, 1);
    return NULL;
}

static void shared_between_threads(void **state) {
    (void)state;
    struct zx_body *b = zx_body_new(0);
    assert_non_null(b);
    b->free_fn = count_free;
    b->hint = &freed;
    atomic_store(&freed, 0);
    zx_body_ref(b, 2);
    pthread_t t[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&t[i], NULL, churn, b), 0);
    zx_body_unref(b, 1);
    for (int i = 0; i < 2; i++) {
        void *failed;
        assert_int_equal(pthread_join(t[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(atomic_load(&freed), 1);
    zx_pool_trim();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_kinds),
        cmocka_unit_test(moving_and_copying),
        cmocka_unit_test(data_of_the_outside),
        cmocka_unit_test(several_references_at_once),
        cmocka_unit_test(what_hangs_on_a_message),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(recycling),
        cmocka_unit_test(shared_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
