/* SPDX-License-Identifier: MIT */
#include "curve_play.h"

#include <sodium.h>

#include "base/buf.h"
#include "fuzz.h"
#include "security/mechanism.h"
#include "zmtp/types.h"

enum { HOLD = 1, ZAP_NO = 2, ENFORCE = 4, TALKS_FIRST = 8 };
enum op { OP_AS_IT_IS, OP_PATCH, OP_CUT, OP_TWICE, OP_RAW, OP_LONGER, OPS };
enum { STEPS_MAX = 24, PADDING_FROM = 8, PADDING_TO = 80 };

/* ---- a generator that starts anew with each input ---- */

static uint64_t generator;

static const char *generator_name(void) {
    return "fixed";
}

static uint32_t generator_next(void) {
    generator = generator * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(generator >> 32);
}

static void generator_fill(void *const to, const size_t size) {
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)to)[i] = (uint8_t)generator_next();
}

static struct randombytes_implementation fixed = {
    .implementation_name = generator_name, .random = generator_next, .buf = generator_fill};

/* ---- two sides ---- */

struct sides {
    struct zx_security_settings server_set, client_set;
    struct zx_mechanism *attacked, *other;
    int zap_status;
    bool changed; /* something false was said to the attacked side */
};

static const uint8_t props[] = "\x0bSocket-Type\0\0\0\x06" "DEALER\x08Identity\0\0\0";

static void sides_init(struct sides *s, uint8_t switches, bool server_is_attacked) {
    memset(s, 0, sizeof *s);
    (void)crypto_box_keypair(s->client_set.curve_server, s->server_set.curve_secret);
    (void)crypto_box_keypair(s->client_set.curve_public, s->client_set.curve_secret);
    s->zap_status = switches & ZAP_NO ? 400 : 200;
    struct zx_mech_conf client = {.socket_type = ZX_TYPE_DEALER,
                                  .hold = switches & HOLD,
                                  .props = props,
                                  .props_size = sizeof props,
                                  .settings = &s->client_set};
    struct zx_mech_conf server = client;
    server.as_server = true;
    server.zap_enforce = switches & ENFORCE;
    server.settings = &s->server_set;
    FUZZ_CHECK(!zx_mechanism_new(&s->attacked, &zx_curve_ops,
                                 server_is_attacked ? &server : &client));
    FUZZ_CHECK(!zx_mechanism_new(&s->other, &zx_curve_ops,
                                 server_is_attacked ? &client : &server));
}

static void sides_fini(struct sides *s) {
    zx_mechanism_free(&s->attacked);
    zx_mechanism_free(&s->other);
}

static void answer(struct sides *s, struct zx_mechanism *m) {
    struct zx_zap_request request;
    struct zx_zap_reply reply = {.status = s->zap_status};
    if (m->status == ZX_MECH_ZAP) {
        m->ops->zap_request(m, &request);
        FUZZ_CHECK(request.credentials == 1 && request.credential[0].size == 32);
        (void)m->ops->on_zap(m, &reply);
    }
    if (m->status == ZX_MECH_HOLD)
        m->ops->on_accept(m);
}

/* What m says next: a command, or once it is through a message. False: nothing. */
static bool say(struct zx_mechanism *m, struct zx_buf *out, uint8_t seed) {
    uint8_t text[300];
    int rc = m->ops->next_command(m, out);
    FUZZ_CHECK(rc >= 0);
    if (rc || m->status != ZX_MECH_DONE)
        return rc;
    memset(text, seed, sizeof text);
    struct zx_mech_frame f = {seed & 5, text, seed};
    FUZZ_CHECK(!m->ops->encode(m, &f, out));
    return true;
}

static void hear(struct sides *s, struct zx_mechanism *m, const uint8_t *body, size_t size) {
    uint8_t *copy = fuzz_copy(body, size);
    struct zx_mech_frame f;
    if (m->status == ZX_MECH_DONE) {
        if (!m->ops->decode(m, copy, size, &f))
            FUZZ_CHECK(f.size <= size && f.body >= copy && f.body + f.size <= copy + size);
    } else if (m->status == ZX_MECH_COMMAND) {
        (void)m->ops->on_command(m, copy, size);
        answer(s, m);
    }
    free(copy);
}

/* Changes the bytes on their way; true if they are not what they were. */
static bool change(struct fuzz_input *in, enum op op, struct zx_buf *b) {
    size_t size = zx_buf_size(b), at = (size_t)fuzz_byte(in) << 8;
    at |= fuzz_byte(in);
    switch (op) {
    case OP_PATCH: {
        uint8_t mask = fuzz_byte(in);
        if (!size || !mask)
            return false;
        at %= size;
        b->data[at] ^= mask;
        /* HELLO's padding means nothing to anybody. */
        return !(b->data[1] == 'H' && at >= PADDING_FROM && at < PADDING_TO);
    }
    case OP_CUT:
        b->tail = at % (size + 1);
        return b->tail != size;
    case OP_LONGER: {
        uint8_t *room = zx_buf_reserve(b, at + 1);
        FUZZ_CHECK(room);
        memset(room, 0x5a, at + 1);
        b->tail += at + 1;
        return true;
    }
    default: { /* OP_RAW */
        size_t n = at % (in->left + 1);
        zx_buf_fini(b);
        FUZZ_CHECK(!zx_buf_append(b, in->data, n));
        in->data += n;
        in->left -= n;
        return true;
    }
    }
}

static void step(struct sides *s, struct fuzz_input *in) {
    struct zx_buf b = {0};
    enum op op = (enum op)(fuzz_byte(in) % OPS);
    bool was_done = s->attacked->status == ZX_MECH_DONE;
    if (!say(s->other, &b, fuzz_byte(in)) && op != OP_RAW) {
        zx_buf_fini(&b);
        return;
    }
    bool changed = op == OP_AS_IT_IS || op == OP_TWICE ? false : change(in, op, &b);
    hear(s, s->attacked, b.data, zx_buf_size(&b));
    /* No false word leads a side on. */
    if (changed)
        FUZZ_CHECK(s->attacked->status == ZX_MECH_FAILED ||
                   s->attacked->status == ZX_MECH_COMMAND);
    if (changed && was_done)
        FUZZ_CHECK(s->attacked->status == ZX_MECH_FAILED);
    if (op == OP_TWICE && s->attacked->status == ZX_MECH_DONE && was_done) {
        hear(s, s->attacked, b.data, zx_buf_size(&b));
        FUZZ_CHECK(s->attacked->status == ZX_MECH_FAILED);
    }
    s->changed |= changed;
    zx_buf_fini(&b);
    /* What the attacked side says is heard as it is. */
    if (s->attacked->status != ZX_MECH_FAILED && say(s->attacked, &b, 3))
        hear(s, s->other, b.data, zx_buf_size(&b));
    zx_buf_fini(&b);
}

void fuzz_curve_play(const uint8_t *data, size_t size, bool server_is_attacked) {
    static bool is_ready;
    struct fuzz_input in = {data, size};
    struct sides s;
    struct zx_buf b = {0};
    if (!is_ready) {
        FUZZ_CHECK(!randombytes_set_implementation(&fixed) && sodium_init() >= 0);
        is_ready = true;
    }
    generator = 1;
    sides_init(&s, fuzz_byte(&in), server_is_attacked);
    if (!server_is_attacked && say(s.attacked, &b, 0)) /* a client opens the talk */
        hear(&s, s.other, b.data, zx_buf_size(&b));
    zx_buf_fini(&b);
    for (int i = 0; i < STEPS_MAX && in.left && s.attacked->status != ZX_MECH_FAILED; i++)
        step(&s, &in);
    if (s.changed && s.attacked->status == ZX_MECH_FAILED)
        FUZZ_CHECK(!s.attacked->ops->takes_command(s.attacked));
    sides_fini(&s);
}
