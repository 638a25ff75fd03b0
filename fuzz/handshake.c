/* SPDX-License-Identifier: MIT */
/* A whole opening: [socket type][switches][ZAP status][cut pattern][bytes of a peer]. */
#include "fuzz.h"

#include "security/mechanism.h"
#include "zmtp/handshake.h"
#include "zmtp/metadata.h"
#include "zmtp/types.h"

#include <errno.h>

enum {
    HOLD = 1,
    REFUSE = 2, /* the peer that is held */
    REFUSE_OLD = 4,
    ZAP = 8,
    ENFORCE = 16,
    SKIP_GREETING = 32,
    BARE = 128, /* of the type's byte */
    NAMED = 64,
    SMALL = 128,
};

enum { OUTPUT_MAX = 1024, MALFORMED = 999 };

struct setting {
    struct zx_hs_conf conf;
    struct zx_zap_reply reply;
    int refuses;
};

struct outcome {
    int rc;
    struct zx_hs_error error;
    int version;
    int peer_type;
    size_t taken;
    size_t id_size;
    size_t output;
    uint64_t sum; /* of the output */
};

static struct setting read_setting(struct fuzz_input *in) {
    static const int statuses[] = {200, 300, 400, 500, 0, MALFORMED};
    static const uint8_t metadata[] = {3, 'X', '-', 'a', 0, 0, 0, 1, 'b'};
    uint8_t type = fuzz_byte(in);
    struct setting s = {.conf = {.socket_type = type % ZX_TYPE_COUNT}};
    uint8_t switches = fuzz_byte(in);
    s.conf.hold = switches & HOLD;
    s.conf.refuse_old = switches & REFUSE_OLD;
    s.conf.zap_domain = switches & ZAP;
    s.conf.zap_enforce = switches & ENFORCE;
    s.conf.skip_greeting = switches & SKIP_GREETING;
    s.conf.bare = type & BARE && s.conf.skip_greeting && !s.conf.refuse_old;
    s.conf.max_command = switches & SMALL ? 64 : 0;
    if (switches & NAMED) {
        s.conf.routing_id = (const uint8_t *)"client-7";
        s.conf.routing_id_size = 8;
    }
    s.refuses = switches & REFUSE;
    s.reply.status = statuses[fuzz_byte(in) % (sizeof statuses / sizeof statuses[0])];
    s.reply.user_id = (const uint8_t *)"joe";
    s.reply.user_id_size = 3;
    s.reply.metadata = metadata;
    s.reply.metadata_size = sizeof metadata;
    return s;
}

static void drain(struct zx_hs *hs, struct outcome *o) {
    size_t size;
    const uint8_t *data = zx_hs_output(hs, &size);
    for (size_t i = 0; i < size; i++)
        o->sum = o->sum * 31 + data[i];
    o->output += size;
    zx_hs_output_taken(hs, size);
}

/* Answers what the handshake asks; the new result. */
static int answer(struct zx_hs *hs, const struct setting *s, int rc) {
    if (rc == ZX_HS_WAIT_ZAP) {
        struct zx_zap_request request;
        zx_hs_zap_request(hs, &request);
        FUZZ_CHECK(request.mechanism && request.credentials <= ZX_ZAP_CREDENTIALS_MAX);
        return s->reply.status == MALFORMED ? zx_hs_zap_failed(hs, ZX_PERR_ZAP_MALFORMED_REPLY)
                                            : zx_hs_zap_reply(hs, &s->reply);
    }
    if (rc == ZX_HS_HOLD)
        return s->refuses ? zx_hs_refuse(hs) : zx_hs_accept(hs);
    return rc;
}

static void read_results(struct zx_hs *hs, struct outcome *o) {
    struct zx_meta *meta;
    o->error = zx_hs_error(hs);
    o->version = zx_hs_version(hs);
    o->peer_type = zx_hs_peer_type(hs);
    const uint8_t *id = zx_hs_routing_id(hs, &o->id_size);
    FUZZ_CHECK(o->id_size <= ZX_ROUTING_ID_MAX && (id != NULL) == (o->id_size > 0));
    if (o->rc != ZX_HS_DONE)
        return;
    FUZZ_CHECK(zx_hs_meta(hs, "127.0.0.1", 3, &meta) == 0);
    FUZZ_CHECK((meta != NULL) == (o->version >= ZX_ZMTP_3_0));
    if (meta)
        FUZZ_CHECK(strcmp(zx_meta_get(meta, "Peer-Address"), "127.0.0.1") == 0);
    zx_meta_unref(meta);
    FUZZ_CHECK(!zx_hs_subscribe_all(hs) || o->version == ZX_ZMTP_UNVERSIONED);
    struct zx_mechanism *m = zx_hs_take_mechanism(hs);
    FUZZ_CHECK(!m || o->version >= ZX_ZMTP_3_0);
    zx_mechanism_free(&m);
}

static int feed(struct zx_hs *hs, const struct setting *s, const uint8_t *data, size_t size,
                struct outcome *o) {
    for (size_t at = 0;;) {
        size_t n;
        uint8_t *copy = fuzz_copy(data + at, size - at);
        int rc = zx_hs_input(hs, copy, size - at, &n);
        free(copy);
        FUZZ_CHECK(n <= size - at);
        FUZZ_CHECK(rc != ZX_HS_MORE || n == size - at);
        at += n;
        o->taken += n;
        int answered = answer(hs, s, rc);
        drain(hs, o);
        if (answered == rc || answered < 0 || answered == ZX_HS_DONE)
            return answered;
    }
}

static struct outcome play(const struct setting *s, const struct fuzz_input *in, uint8_t pattern) {
    struct outcome o = {.rc = ZX_HS_MORE};
    struct zx_hs *hs;
    FUZZ_CHECK(zx_hs_init(&hs, &s->conf) == 0);
    drain(hs, &o);
    if (s->conf.skip_greeting)
        o.rc = feed(hs, s, in->data, 0, &o);
    size_t arrived = o.taken;
    for (size_t turn = 0; arrived < in->left && o.rc >= 0 && o.rc != ZX_HS_DONE; turn++) {
        arrived += fuzz_piece(pattern, turn, in->left - arrived);
        o.rc = feed(hs, s, in->data + o.taken, arrived - o.taken, &o);
    }
    FUZZ_CHECK(o.rc != ZX_HS_WAIT_ZAP && o.rc != ZX_HS_HOLD);
    read_results(hs, &o);
    zx_hs_free(&hs);
    return o;
}

static void check_equal(const struct outcome *a, const struct outcome *b) {
    FUZZ_CHECK(a->rc == b->rc);
    FUZZ_CHECK(a->error.kind == b->error.kind && a->error.value == b->error.value);
    FUZZ_CHECK(a->version == b->version);
    FUZZ_CHECK(a->peer_type == b->peer_type);
    FUZZ_CHECK(a->id_size == b->id_size);
    FUZZ_CHECK(a->output == b->output && a->sum == b->sum);
    if (a->rc == ZX_HS_DONE)
        FUZZ_CHECK(a->taken == b->taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = {data, size};
    struct setting s = read_setting(&in);
    uint8_t pattern = fuzz_byte(&in);
    struct outcome whole = play(&s, &in, 0), cut = play(&s, &in, pattern);
    /* While ZAP is asked the next command is read already, so with ZAP it may depend on the
     * cut which of two reasons ends a connection. */
    if (!s.conf.zap_domain)
        check_equal(&whole, &cut);
    FUZZ_CHECK(whole.output <= OUTPUT_MAX && cut.output <= OUTPUT_MAX);
    if (s.conf.refuse_old && whole.rc == ZX_HS_DONE)
        FUZZ_CHECK(whole.version >= ZX_ZMTP_3_0);
    if (s.conf.zap_domain && whole.rc == ZX_HS_DONE && whole.version >= ZX_ZMTP_3_0)
        FUZZ_CHECK(s.reply.status == 200 || (s.reply.status == 0 && !s.conf.zap_enforce));
    return 0;
}
