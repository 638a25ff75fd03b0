/* SPDX-License-Identifier: MIT */
/*
 * struct zx_meta: the set of properties a message carries (see metadata.h).
 *
 * One allocation: the count, then entries [name size:1][name][value size:4]
 * [value][NUL] in order of precedence, so that the first match wins and
 * repeated names need no bookkeeping.
 */
#include "base/bytes.h"
#include "base/ref.h"
#include "zmtp/metadata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct zx_meta {
    struct zx_ref ref; /* first: base/msg relies on it */
    int fd;
    size_t size;
    uint8_t entries[];
};

enum { ENTRY_OVERHEAD = 1 + 4 + 1 };

/* Counts what entries take, or writes them once the set exists. */
struct builder {
    uint8_t *at; /* NULL: only count */
    size_t size;
};

static void add(struct builder *b, const struct zx_meta_prop *prop) {
    b->size += ENTRY_OVERHEAD + prop->name_size + prop->value_size;
    if (!b->at)
        return;
    *b->at++ = (uint8_t)prop->name_size;
    if (prop->name_size)
        memcpy(b->at, prop->name, prop->name_size);
    b->at += prop->name_size;
    zx_put32(b->at, (uint32_t)prop->value_size);
    if (prop->value_size)
        memcpy(b->at + 4, prop->value, prop->value_size);
    b->at += 4 + prop->value_size;
    *b->at++ = 0;
}

static void add_named(struct builder *b, const char *name, const void *value, size_t size) {
    struct zx_meta_prop prop = {(const uint8_t *)name, strlen(name), value, size};
    add(b, &prop);
}

/* What the handler says about the identity or type of the peer is not its to say. */
static bool is_for_zap(const struct zx_meta_prop *prop) {
    return !zx_meta_prop_is(prop, "Identity") && !zx_meta_prop_is(prop, "Socket-Type");
}

/* A peer must not pose as authenticated, nor at another address, nor as internals. */
static bool is_for_peer(const struct zx_meta_prop *prop) {
    bool internal = prop->name_size >= 2 && prop->name[0] == '_' && prop->name[1] == '_';
    return !internal && !zx_meta_prop_is(prop, "User-Id") && !zx_meta_prop_is(prop, "Peer-Address");
}

static int add_block(struct builder *b, const uint8_t *block, size_t size,
                     bool (*is_wanted)(const struct zx_meta_prop *prop)) {
    struct zx_meta_iter iter;
    struct zx_meta_prop prop;
    int rc;
    zx_meta_iter_init(&iter, block, size);
    while ((rc = zx_meta_iter_next(&iter, &prop)) > 0)
        if (is_wanted(&prop))
            add(b, &prop);
    return rc;
}

static int add_all(struct builder *b, const struct zx_meta_source *source) {
    if (source->peer_address)
        add_named(b, "Peer-Address", source->peer_address, strlen(source->peer_address));
    if (source->has_user_id)
        add_named(b, "User-Id", source->user_id, source->user_id_size);
    int rc = add_block(b, source->zap, source->zap_size, is_for_zap);
    if (rc)
        return rc;
    return add_block(b, source->peer, source->peer_size, is_for_peer);
}

static void free_meta(struct zx_ref *ref) {
    free(ref);
}

int zx_meta_new(struct zx_meta **meta, const struct zx_meta_source *source) {
    struct builder count = {NULL, 0};
    *meta = NULL;
    int rc = add_all(&count, source);
    if (rc)
        return rc;
    struct zx_meta *made = malloc(sizeof *made + count.size);
    if (!made)
        return -ENOMEM;
    zx_ref_init(&made->ref, free_meta);
    made->fd = source->fd;
    made->size = count.size;
    struct builder write = {made->entries, 0};
    (void)add_all(&write, source); /* counted without error just now */
    *meta = made;
    return 0;
}

void zx_meta_ref(struct zx_meta *meta, unsigned n) {
    if (meta && n)
        zx_ref_add(&meta->ref, n);
}

void zx_meta_unref(struct zx_meta *meta) {
    if (meta)
        zx_ref_drop(&meta->ref, 1);
}

static const char *find(const struct zx_meta *meta, const char *name) {
    size_t wanted = strlen(name);
    const uint8_t *at = meta->entries;
    const uint8_t *end = meta->entries + meta->size;
    while (at < end) {
        size_t name_size = at[0];
        const uint8_t *value = at + 1 + name_size + 4;
        if (name_size == wanted && memcmp(at + 1, name, wanted) == 0)
            return (const char *)value;
        at = value + zx_get32(at + 1 + name_size) + 1;
    }
    return NULL;
}

const char *zx_meta_get(const struct zx_meta *meta, const char *name) {
    if (!meta)
        return NULL;
    const char *value = find(meta, name);
    if (value)
        return value;
    /* The header names the property Routing-Id, the wire calls it Identity. */
    if (strcmp(name, "Routing-Id") == 0)
        return find(meta, "Identity");
    if (strcmp(name, "Identity") == 0)
        return find(meta, "Routing-Id");
    return NULL;
}

int zx_meta_fd(const struct zx_meta *meta) {
    return meta ? meta->fd : -1;
}
