/* SPDX-License-Identifier: MIT */
#include "core/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/link.h"
#include "core/pipe.h"
#include "core/socket.h"

struct zx_routes {
    struct zx_mutex lock;
    struct zx_pipe **v; /* open addressing, linear probing; size a power of two */
    size_t n, cap;
    uint32_t next_auto;
    bool handover;
};

/* FNV-1a with a final mix: ids are short. */
static size_t hash(const uint8_t *id, size_t size) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        h = (h ^ id[i]) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 29);
}

struct zx_routes *zx_routes_new(void) {
    struct zx_routes *r = calloc(1, sizeof *r);
    if (r)
        (void)zx_os_random(&r->next_auto, sizeof r->next_auto);
    return r;
}

void zx_routes_free(struct zx_routes **r) {
    if (*r)
        free((*r)->v);
    free(*r);
    *r = NULL;
}

void zx_routes_set_handover(struct zx_routes *r, bool on) {
    zx_mutex_lock(&r->lock);
    r->handover = on;
    zx_mutex_unlock(&r->lock);
}

/* Place of the id, or the free place where it would go. */
static size_t place(const struct zx_routes *r, const void *id, size_t size) {
    size_t i = hash(id, size) & (r->cap - 1);
    while (r->v[i] && (r->v[i]->id_size != size || memcmp(r->v[i]->id, id, size)))
        i = (i + 1) & (r->cap - 1);
    return i;
}

static bool grow(struct zx_routes *r) {
    size_t old_cap = r->cap;
    struct zx_pipe **old = r->v;
    r->v = calloc(old_cap ? old_cap * 2 : 8, sizeof *r->v);
    if (!r->v) {
        r->v = old;
        return false;
    }
    r->cap = old_cap ? old_cap * 2 : 8;
    for (size_t i = 0; i < old_cap; i++)
        if (old[i])
            r->v[place(r, old[i]->id, old[i]->id_size)] = old[i];
    free(old);
    return true;
}

static void make_id(struct zx_routes *r, struct zx_pipe *p) {
    do {
        p->id_size = 5;
        p->id[0] = 0;
        zx_put32(p->id + 1, r->next_auto++);
    } while (r->v[place(r, p->id, p->id_size)]);
}

/* The replaced peer's connection ends; what it sent stays readable. Posted under our lock: it
 * cannot go before it is unregistered. */
static void evict(struct zx_pipe *old) {
    old->registered = false;
    if (old->link)
        zx_link_post(old->link, ZX_WORK_ABORT);
    else
        zx_pipe_post(old, ZX_POST_EVICT);
}

static int enter(struct zx_routes *r, struct zx_pipe *p) {
    if ((r->n + 1) * 2 > r->cap && !grow(r))
        return -ENOMEM;
    if (!p->id_size)
        make_id(r, p);
    size_t i = place(r, p->id, p->id_size);
    struct zx_pipe *old = r->v[i];
    if (old && !r->handover)
        return -EADDRINUSE;
    r->n += !old;
    r->v[i] = p;
    p->registered = true;
    if (old)
        evict(old);
    return 0;
}

int zx_routes_add(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_routes *r = s->routes;
    zx_mutex_lock(&r->lock);
    int rc = p->registered ? 0 : enter(r, p);
    zx_mutex_unlock(&r->lock);
    return rc;
}

void zx_routes_remove(struct zx_routes *r, struct zx_pipe *p) {
    zx_mutex_lock(&r->lock);
    if (p->registered) {
        p->registered = false;
        r->n--;
        size_t hole = place(r, p->id, p->id_size);
        r->v[hole] = NULL;
        /* Close the gap: whoever probed past it moves up. */
        for (size_t i = (hole + 1) & (r->cap - 1); r->v[i]; i = (i + 1) & (r->cap - 1)) {
            struct zx_pipe *q = r->v[i];
            r->v[i] = NULL;
            r->v[place(r, q->id, q->id_size)] = q;
        }
    }
    zx_mutex_unlock(&r->lock);
}

struct zx_pipe *zx_routes_find(struct zx_routes *r, const void *id, size_t size) {
    struct zx_pipe *p = NULL;
    zx_mutex_lock(&r->lock);
    if (r->cap)
        p = r->v[place(r, id, size)];
    if (p)
        zx_pipe_ref(p);
    zx_mutex_unlock(&r->lock);
    return p;
}
