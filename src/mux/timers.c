/* SPDX-License-Identifier: MIT */
#include "mux/timers.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include "os/os.h"

enum { TIMERS_LIVE = 0x71e25, TIMERS_DEAD = 0xdead, CAP_MIN = 8, NS_PER_MS = 1000000 };

struct timer {
    int id;
    uint64_t at_ns;
    uint64_t order; /* of equal times the one set first is run first */
    size_t interval_ms;
    zmq_timer_fn *fn;
    void *arg;
    size_t place;       /* in the heap */
    struct timer *next; /* in its bucket */
};

struct zx_timers {
    unsigned tag;
    int last_id;
    struct timer **heap;
    struct timer **buckets; /* by id; as many as the heap has places: a power of 2 */
    size_t n, cap;
    uint64_t orders;
    uint64_t running_ns; /* the time of the execute that runs; 0: none does */
};

/* ---- heap ---- */

static bool is_before(const struct timer *a, const struct timer *b) {
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void put(struct zx_timers *t, size_t i, struct timer *x) {
    t->heap[i] = x;
    x->place = i;
}

static void sift(struct zx_timers *t, struct timer *x) {
    size_t i = x->place;
    while (i && is_before(x, t->heap[(i - 1) / 2])) {
        put(t, i, t->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (size_t child; (child = 2 * i + 1) < t->n; i = child) {
        if (child + 1 < t->n && is_before(t->heap[child + 1], t->heap[child]))
            child++;
        if (is_before(x, t->heap[child]))
            break;
        put(t, i, t->heap[child]);
    }
    put(t, i, x);
}

static void leave_heap(struct zx_timers *t, struct timer *x) {
    struct timer *last = t->heap[--t->n];
    if (last == x)
        return;
    put(t, x->place, last);
    sift(t, last);
}

/* ---- ids ---- */

static struct timer **bucket(struct zx_timers *t, int id) {
    return &t->buckets[(size_t)id & (t->cap - 1)];
}

/* Where the pointer to the timer is; NULL: there is none. */
static struct timer **find(struct zx_timers *t, int id) {
    if (!t->cap)
        return NULL;
    for (struct timer **at = bucket(t, id); *at; at = &(*at)->next)
        if ((*at)->id == id)
            return at;
    return NULL;
}

static int grow(struct zx_timers *t) {
    size_t cap = t->cap ? t->cap * 2 : CAP_MIN;
    struct timer **heap = realloc(t->heap, cap * sizeof(struct timer *));
    if (!heap)
        return -ENOMEM;
    t->heap = heap;
    struct timer **buckets = calloc(cap, sizeof(struct timer *));
    if (!buckets)
        return -ENOMEM;
    free(t->buckets);
    t->buckets = buckets;
    t->cap = cap;
    for (size_t i = 0; i < t->n; i++) {
        struct timer **b = bucket(t, heap[i]->id);
        heap[i]->next = *b;
        *b = heap[i];
    }
    return 0;
}

/* ---- the set ---- */

struct zx_timers *zx_timers_new(void) {
    struct zx_timers *t = calloc(1, sizeof *t);
    if (t)
        t->tag = TIMERS_LIVE;
    return t;
}

bool zx_timers_are_valid(const struct zx_timers *t) {
    return t && t->tag == TIMERS_LIVE;
}

static void free_all(struct zx_timers *t) {
    for (size_t i = 0; i < t->n; i++)
        free(t->heap[i]);
    free(t->heap);
    free(t->buckets);
    free(t);
}

void zx_timers_destroy(struct zx_timers *t) {
    t->tag = TIMERS_DEAD;
    if (!t->running_ns)
        free_all(t);
}

/* One interval from now. What is set while timers run is due after that run at the earliest: so
 * each runs once at most, and an interval of 0 does not keep it going for ever. */
static void arm(struct zx_timers *t, struct timer *x, uint64_t now) {
    uint64_t ms = x->interval_ms; /* 32 bits somewhere */
    uint64_t ns = ms > UINT64_MAX / NS_PER_MS ? UINT64_MAX : ms * NS_PER_MS;
    x->at_ns = ns > UINT64_MAX - now ? UINT64_MAX : now + ns;
    if (x->at_ns <= t->running_ns)
        x->at_ns = t->running_ns + 1;
    x->order = t->orders++;
    sift(t, x);
}

int zx_timers_add(struct zx_timers *t, size_t interval_ms, zmq_timer_fn *fn, void *arg) {
    if (t->last_id == INT_MAX || (t->n == t->cap && grow(t)))
        return -ENOMEM;
    struct timer *x = malloc(sizeof *x);
    if (!x)
        return -ENOMEM;
    *x = (struct timer){.id = ++t->last_id, .interval_ms = interval_ms, .fn = fn, .arg = arg};
    struct timer **b = bucket(t, x->id);
    x->next = *b;
    *b = x;
    put(t, t->n++, x);
    arm(t, x, zx_os_now_ns());
    return x->id;
}

int zx_timers_cancel(struct zx_timers *t, int id) {
    struct timer **at = find(t, id), *x = at ? *at : NULL;
    if (!x)
        return -EINVAL;
    *at = x->next;
    leave_heap(t, x);
    free(x);
    return 0;
}

int zx_timers_set_interval(struct zx_timers *t, int id, size_t interval_ms) {
    struct timer **at = find(t, id);
    if (!at)
        return -EINVAL;
    (*at)->interval_ms = interval_ms;
    arm(t, *at, zx_os_now_ns());
    return 0;
}

int zx_timers_reset(struct zx_timers *t, int id) {
    struct timer **at = find(t, id);
    if (!at)
        return -EINVAL;
    arm(t, *at, zx_os_now_ns());
    return 0;
}

long zx_timers_timeout(const struct zx_timers *t) {
    if (!t->n)
        return -1;
    uint64_t now = zx_os_now_ns(), at = t->heap[0]->at_ns;
    uint64_t ms = at > now ? (at - now - 1) / NS_PER_MS + 1 : 0;
    return ms < LONG_MAX ? (long)ms : LONG_MAX;
}

void zx_timers_execute(struct zx_timers *t) {
    if (t->running_ns)
        return;
    uint64_t now = t->running_ns = zx_os_now_ns();
    while (t->tag == TIMERS_LIVE && t->n && t->heap[0]->at_ns <= now) {
        struct timer *x = t->heap[0];
        zmq_timer_fn *fn = x->fn;
        void *arg = x->arg;
        int id = x->id;
        /* Set anew first: what the handler makes of it holds, also that it is gone. */
        arm(t, x, now);
        fn(id, arg);
    }
    t->running_ns = 0;
    if (t->tag != TIMERS_LIVE)
        free_all(t);
}
