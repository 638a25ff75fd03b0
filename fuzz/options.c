/* SPDX-License-Identifier: MIT */
/* Options of sockets and contexts: a run of [number:1][size:1][bytes], set and read back. */
#include "fuzz.h"

#include "core/conf.h"
#include "core/ctx_options.h"
#include "zmq.h"
#include "zmqx.h"
#include "zmtp/metadata.h"

#include <errno.h>

enum { ROOM = 512 };

/* Numbers up to 250 are libzmq's, the last few are ours. */
static int option_of(uint8_t byte) {
    return byte <= 250 ? byte : ZMQX_OPTION_BASE + byte - 251;
}

/* A getter keeps within its room, and what is read twice is the same. */
static void read_back(const struct zx_conf *c, int option) {
    uint8_t first[ROOM], second[ROOM];
    for (size_t room = 0; room <= ROOM; room = room < 64 ? room + 1 : room * 2) {
        uint8_t *exact = malloc(room ? room : 1);
        size_t size = room, again = room;
        if (!exact)
            abort();
        int rc = zx_conf_get(c, option, exact, &size);
        FUZZ_CHECK(rc == 0 || rc == -EINVAL);
        FUZZ_CHECK(size <= room);
        if (!rc) {
            memcpy(first, exact, size);
            FUZZ_CHECK(zx_conf_get(c, option, second, &again) == 0 && again == size);
            FUZZ_CHECK(!size || memcmp(first, second, size) == 0);
        }
        free(exact);
    }
}

static void check_conf(const struct zx_conf *c) {
    FUZZ_CHECK(zx_meta_check(c->id.metadata.data, c->id.metadata.size) == 0);
    FUZZ_CHECK(c->id.routing_id.size <= ZX_ROUTING_ID_MAX);
    FUZZ_CHECK(memchr(c->net.device, 0, sizeof c->net.device));
    FUZZ_CHECK(c->queue.sndhwm >= 0 && c->queue.rcvhwm >= 0 && c->queue.linger_ms >= -1);
    FUZZ_CHECK(c->queue.in_batch_bytes > 0 && c->queue.out_batch_bytes > 0);
    FUZZ_CHECK(c->timing.heartbeat_ttl_ds >= 0 && c->timing.heartbeat_ttl_ds <= UINT16_MAX);
    FUZZ_CHECK(c->security.mechanism != ZX_MECH_CURVE || ZX_HAVE_CURVE);
    FUZZ_CHECK(c->security.mechanism != ZX_MECH_GSSAPI || ZX_HAVE_GSSAPI);
}

static void unmake(struct zx_made *m) {
    free(m);
}

/* What is made of a snapshot's options is kept, the first of it. */
static void make(const struct zx_conf *c) {
    struct zx_made *m = malloc(sizeof *m);
    if (!m)
        abort();
    m->free = unmake;
    struct zx_made *kept = zx_conf_keep(c, ZX_MADE_TO_BIND, m);
    FUZZ_CHECK(kept && zx_conf_made(c, ZX_MADE_TO_BIND) == kept);
}

/* A snapshot that others hold stays as it was whatever is set. */
static void set_shared(struct zx_conf **c, int option, const void *val, size_t size) {
    struct zx_conf *theirs = zx_conf_ref(*c);
    struct zx_conf before;
    make(theirs);
    make(theirs);
    memcpy(&before, theirs, sizeof before); /* with what lies between the fields */
    int rc = zx_conf_set(c, option, val, size);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ENOMEM);
    FUZZ_CHECK(rc || *c != theirs);
    FUZZ_CHECK(rc || !zx_conf_made(*c, ZX_MADE_TO_BIND));
    FUZZ_CHECK(memcmp(&before.queue, &theirs->queue, sizeof before.queue) == 0);
    FUZZ_CHECK(memcmp(&before.net, &theirs->net, sizeof before.net) == 0);
    FUZZ_CHECK(memcmp(&before.id, &theirs->id, sizeof before.id) == 0);
    zx_conf_unref(theirs);
}

static void set_ctx(struct zx_ctx_conf *ctx, int option, const void *val, size_t size) {
    uint8_t out[ROOM];
    size_t room = size;
    int rc = zx_ctx_conf_set(ctx, option, val, size);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ENOMEM);
    rc = zx_ctx_conf_get(ctx, option, out, &room);
    FUZZ_CHECK((rc == 0 || rc == -EINVAL) && room <= size);
    FUZZ_CHECK(memchr(ctx->name_prefix, 0, sizeof ctx->name_prefix));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = {data, size};
    struct zx_ctx_conf ctx;
    struct zx_conf *c = zx_conf_new(fuzz_byte(&in) % (ZMQ_CHANNEL + 1), false, true);
    if (!c)
        abort();
    zx_ctx_conf_init(&ctx);
    while (in.left) {
        int option = option_of(fuzz_byte(&in));
        size_t n = fuzz_byte(&in);
        n = n < in.left ? n : in.left;
        uint8_t *val = fuzz_copy(in.data, n);
        in.data += n;
        in.left -= n;
        set_shared(&c, option, val, n);
        set_shared(&c, option, NULL, n);
        set_ctx(&ctx, option, val, n);
        check_conf(c);
        read_back(c, option);
        free(val);
    }
    zx_ctx_conf_fini(&ctx);
    zx_conf_unref(c);
    return 0;
}
