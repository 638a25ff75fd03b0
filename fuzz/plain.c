/* SPDX-License-Identifier: MIT */
/* PLAIN from either end: [switches][ZAP status][cut pattern][bytes of a peer]. */
#include "fuzz.h"

#include "base/blob.h"
#include "security/mechanism.h"
#include "zmtp/greeting.h"
#include "zmtp/handshake.h"
#include "zmtp/types.h"

enum {
    SERVER = 1,
    GREETED = 2, /* the peer's greeting goes before the bytes */
    HOLD = 4,
    DOMAIN = 8,
    ENFORCE = 16,
    NAMELESS = 32,
    REFUSE = 64, /* the peer that is held */
    SMALL = 128,
};

enum { OUTPUT_MAX = 1024, NAME_MAX_SIZE = 255 };

struct setting {
    struct zx_security_settings settings;
    struct zx_hs_conf conf;
    struct zx_zap_reply reply;
    bool greeted, refuses;
};

struct outcome {
    int rc;
    struct zx_hs_error error;
    size_t taken, output, asked;
    uint64_t sum; /* of the output */
};

static uint8_t name[NAME_MAX_SIZE];

static void read_setting(struct setting *s, struct fuzz_input *in) {
    static const int statuses[] = {200, 300, 400, 500, 0, 999};
    uint8_t switches = fuzz_byte(in);
    *s = (struct setting){.greeted = switches & GREETED, .refuses = switches & REFUSE};
    size_t size = switches & NAMELESS ? 0 : switches & SMALL ? 3 : sizeof name;
    s->settings.plain_username = (struct zx_blob){size ? name : NULL, size};
    s->settings.plain_password = (struct zx_blob){size ? name : NULL, size};
    s->conf = (struct zx_hs_conf){
        .socket_type = ZX_TYPE_DEALER,
        .mechanism = &zx_plain_ops,
        .settings = &s->settings,
        .as_server = switches & SERVER,
        .refuse_old = true,
        .hold = switches & HOLD,
        .zap_domain = switches & DOMAIN,
        .zap_enforce = switches & ENFORCE,
        .max_command = switches & SMALL ? 300 : 0,
    };
    s->reply.status = statuses[fuzz_byte(in) % (sizeof statuses / sizeof statuses[0])];
    s->reply.user_id = (const uint8_t *)"joe";
    s->reply.user_id_size = 3;
}

static void drain(struct zx_hs *hs, struct outcome *o) {
    size_t size;
    const uint8_t *data = zx_hs_output(hs, &size);
    for (size_t i = 0; i < size; i++)
        o->sum = o->sum * 31 + data[i];
    o->output += size;
    zx_hs_output_taken(hs, size);
}

static int answer(struct zx_hs *hs, const struct setting *s, int rc, struct outcome *o) {
    if (rc == ZX_HS_WAIT_ZAP) {
        struct zx_zap_request r;
        zx_hs_zap_request(hs, &r);
        FUZZ_CHECK(r.credentials == 2);
        for (unsigned i = 0; i < 2; i++) {
            FUZZ_CHECK(r.credential[i].size <= NAME_MAX_SIZE);
            for (size_t k = 0; k < r.credential[i].size; k++)
                o->sum += r.credential[i].data[k];
        }
        o->asked++;
        return zx_hs_zap_reply(hs, &s->reply);
    }
    if (rc == ZX_HS_HOLD)
        return s->refuses ? zx_hs_refuse(hs) : zx_hs_accept(hs);
    return rc;
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
        int answered = answer(hs, s, rc, o);
        drain(hs, o);
        if (answered == rc || answered < 0 || answered == ZX_HS_DONE)
            return answered;
    }
}

static void greet(struct zx_hs *hs, const struct setting *s, struct outcome *o) {
    uint8_t greeting[ZX_SIGNATURE_SIZE + 1 + ZX_GREETING_REST_SIZE];
    zx_greeting_write_signature(greeting, 0);
    greeting[ZX_SIGNATURE_SIZE] = 3;
    zx_greeting_write_rest(greeting + ZX_SIGNATURE_SIZE + 1, "PLAIN");
    o->rc = feed(hs, s, greeting, sizeof greeting, o);
    FUZZ_CHECK(o->rc == ZX_HS_MORE && o->taken == sizeof greeting);
    o->taken = 0;
}

static struct outcome play(const struct setting *s, const struct fuzz_input *in, uint8_t pattern) {
    struct outcome o = {.rc = ZX_HS_MORE};
    struct zx_hs *hs;
    FUZZ_CHECK(zx_hs_init(&hs, &s->conf) == 0);
    drain(hs, &o);
    if (s->greeted)
        greet(hs, s, &o);
    size_t arrived = 0;
    for (size_t turn = 0; arrived < in->left && o.rc >= 0 && o.rc != ZX_HS_DONE; turn++) {
        arrived += fuzz_piece(pattern, turn, in->left - arrived);
        o.rc = feed(hs, s, in->data + o.taken, arrived - o.taken, &o);
    }
    FUZZ_CHECK(o.rc != ZX_HS_WAIT_ZAP && o.rc != ZX_HS_HOLD);
    o.error = zx_hs_error(hs);
    if (o.rc == ZX_HS_DONE)
        FUZZ_CHECK(zx_hs_version(hs) >= ZX_ZMTP_3_0);
    zx_hs_free(&hs);
    return o;
}

static void check(const struct setting *s, const struct outcome *o) {
    FUZZ_CHECK(o->output <= OUTPUT_MAX);
    FUZZ_CHECK(o->asked <= 1);
    if (!s->conf.as_server) {
        FUZZ_CHECK(!o->asked);
        return;
    }
    if (s->conf.zap_enforce && !s->conf.zap_domain)
        FUZZ_CHECK(!o->asked);
    if (o->rc == ZX_HS_DONE)
        FUZZ_CHECK(o->asked && s->reply.status == 200);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = {data, size};
    struct setting s;
    read_setting(&s, &in);
    uint8_t pattern = fuzz_byte(&in);
    struct outcome whole = play(&s, &in, 0), cut = play(&s, &in, pattern);
    check(&s, &whole);
    check(&s, &cut);
    /* A server punishes what comes before its WELCOME, and so it depends on the cut. */
    if (!s.conf.as_server) {
        FUZZ_CHECK(whole.rc == cut.rc && whole.error.kind == cut.error.kind &&
                   whole.error.value == cut.error.value);
        FUZZ_CHECK(whole.output == cut.output && whole.sum == cut.sum);
    }
    return 0;
}
