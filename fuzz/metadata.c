/* SPDX-License-Identifier: MIT */
/* Metadata: [local type][size of ZAP's part][ZAP's part][peer's part]. */
#include "fuzz.h"

#include "zmtp/metadata.h"
#include "zmtp/types.h"

#include <errno.h>

struct block {
    uint8_t *data;
    size_t size;
};

/* Reads the block, writes each property again and compares; 1 if well-formed. */
static int read_block(const struct block *b) {
    struct zx_meta_iter iter;
    struct zx_meta_prop prop;
    uint8_t *again = malloc(b->size ? b->size : 1);
    size_t at = 0;
    int rc;
    if (!again)
        abort();
    zx_meta_iter_init(&iter, b->data, b->size);
    while ((rc = zx_meta_iter_next(&iter, &prop)) > 0) {
        FUZZ_CHECK(prop.name >= b->data && prop.value + prop.value_size <= b->data + b->size);
        at += zx_meta_prop_write(again + at, b->size - at, &prop);
        FUZZ_CHECK(at <= b->size);
    }
    FUZZ_CHECK(rc == 0 || rc == -EPROTO);
    if (rc == 0)
        FUZZ_CHECK(at == b->size && (at == 0 || memcmp(again, b->data, at) == 0));
    FUZZ_CHECK(zx_meta_check(b->data, b->size) == rc);
    free(again);
    return rc == 0;
}

static void check_peer(const struct block *b, int local_type) {
    struct zx_meta_peer peer;
    int rc = zx_meta_peer_parse(&peer, b->data, b->size, local_type);
    FUZZ_CHECK(rc == 0 || rc == -EPROTO);
    if (rc)
        return;
    FUZZ_CHECK(read_block(b));
    FUZZ_CHECK(peer.socket_type == -1 || zx_type_is_compatible(local_type, peer.socket_type));
    FUZZ_CHECK(peer.routing_id_size <= ZX_ROUTING_ID_MAX);
    if (peer.routing_id_size)
        FUZZ_CHECK(peer.routing_id[0] != 0);
}

/* What we announce is read back: type, routing id, and the rest as it stands. */
static void announce(const struct block *extra, int local_type) {
    struct zx_meta_own own = {.socket_type = local_type,
                              .routing_id = extra->data,
                              .routing_id_size = extra->size < 9 ? extra->size : 9,
                              .extra = extra->data,
                              .extra_size = zx_meta_check(extra->data, extra->size)
                                                ? 0
                                                : extra->size};
    struct block b = {NULL, zx_meta_own_size(&own)};
    if (!(b.data = malloc(b.size + 1)))
        abort();
    FUZZ_CHECK(zx_meta_own_write(b.data, b.size, &own) == b.size);
    FUZZ_CHECK(zx_meta_own_write(b.data, b.size - 1, &own) == 0);
    FUZZ_CHECK(read_block(&b));
    free(b.data);
}

/* Every name that a string can spell is found, or was not to be believed. */
static void look_up(const struct zx_meta *meta, const struct block *b) {
    struct zx_meta_iter iter;
    struct zx_meta_prop prop;
    zx_meta_iter_init(&iter, b->data, b->size);
    while (zx_meta_iter_next(&iter, &prop) > 0) {
        char name[256];
        memcpy(name, prop.name, prop.name_size);
        name[prop.name_size] = 0;
        if (strlen(name) != prop.name_size)
            continue;
        const char *value = zx_meta_get(meta, name);
        int is_kept = strcmp(name, "User-Id") != 0 && strcmp(name, "Peer-Address") != 0 &&
                      strncmp(name, "__", 2) != 0;
        FUZZ_CHECK(!is_kept || value);
        if (value)
            FUZZ_CHECK(strlen(value) < 1u << 20);
    }
}

static void make_set(const struct block *zap, const struct block *peer) {
    struct zx_meta_source source = {.peer_address = "127.0.0.1",
                                    .fd = 7,
                                    .has_user_id = zap->size > 0,
                                    .user_id = zap->data,
                                    .user_id_size = zap->size < 4 ? zap->size : 4,
                                    .zap = zap->data,
                                    .zap_size = zap->size,
                                    .peer = peer->data,
                                    .peer_size = peer->size};
    struct zx_meta *meta;
    int rc = zx_meta_new(&meta, &source);
    FUZZ_CHECK((rc == 0) == (meta != NULL));
    FUZZ_CHECK((rc == 0) == (read_block(zap) && read_block(peer)));
    if (rc)
        return;
    FUZZ_CHECK(strcmp(zx_meta_get(meta, "Peer-Address"), "127.0.0.1") == 0);
    FUZZ_CHECK(zx_meta_fd(meta) == 7 && !zx_meta_get(NULL, "Peer-Address"));
    FUZZ_CHECK(!zap->size == !zx_meta_get(meta, "User-Id"));
    look_up(meta, peer);
    zx_meta_ref(meta, 1);
    zx_meta_unref(meta);
    zx_meta_unref(meta);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = {data, size};
    int local_type = fuzz_byte(&in) % ZX_TYPE_COUNT;
    size_t zap_size = fuzz_byte(&in);
    if (zap_size > in.left)
        zap_size = in.left;
    struct block zap = {fuzz_copy(in.data, zap_size), zap_size};
    struct block peer = {fuzz_copy(in.data + zap_size, in.left - zap_size), in.left - zap_size};
    check_peer(&peer, local_type);
    announce(&peer, local_type);
    make_set(&zap, &peer);
    free(zap.data);
    free(peer.data);
    return 0;
}
