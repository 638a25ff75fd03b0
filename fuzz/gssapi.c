/* SPDX-License-Identifier: MIT */
/* GSSAPI from either end, handshake and traffic, on a GSS-API that says what the bytes tell it to
 * (tests/gssapi/fake_gss.h): [switches][ZAP status][cut pattern][items of a peer]. An item is a
 * kind, a length and so many bytes: 0 raw, 1 wrapped and framed as a message, 2 the same as a
 * command, 3 framed as an INITIATE with a right length. */
#include "fuzz.h"

#include "../tests/gssapi/fake_gss.c"

#include "base/buf.h"
#include "security/mechanism.h"
#include "zmtp/greeting.h"
#include "zmtp/handshake.h"
#include "zmtp/types.h"

enum { SERVER = 1, PLAINTEXT = 2, HOLD = 4, DOMAIN = 8, ENFORCE = 16, NOBODY = 32, REFUSE = 64 };
enum { RAW, MESSAGE, COMMAND, INITIATE, ITEM_KINDS };
enum { OUTPUT_MAX = 2048, STREAM_MAX = 8192, NAME_SIZE = 8, LENGTH_SIZE = 4 };

struct setting {
    struct zx_security_settings settings;
    struct zx_hs_conf conf;
    struct zx_zap_reply reply;
    bool refuses;
};

struct stream {
    uint8_t data[STREAM_MAX];
    size_t size;
};

struct outcome {
    int rc;
    struct zx_hs_error error;
    size_t taken, output, asked, steps, sum;
};

static void read_setting(struct setting *s, struct fuzz_input *in) {
    static const int statuses[] = {200, 300, 400, 500, 0, 999};
    static uint8_t nobody[] = "nobody", somebody[] = "service";
    uint8_t switches = fuzz_byte(in);
    *s = (struct setting){.refuses = switches & REFUSE};
    s->settings.gss_plaintext = switches & PLAINTEXT;
    s->settings.gss_service = (struct zx_blob){somebody, sizeof somebody};
    if (switches & NOBODY)
        s->settings.gss_principal = (struct zx_blob){nobody, sizeof nobody - 1};
    s->conf = (struct zx_hs_conf){
        .socket_type = ZX_TYPE_XPUB,
        .mechanism = &zx_gssapi_ops,
        .settings = &s->settings,
        .as_server = switches & SERVER,
        .refuse_old = true,
        .hold = switches & HOLD,
        .zap_domain = switches & DOMAIN,
        .zap_enforce = switches & ENFORCE,
    };
    s->reply.status = statuses[fuzz_byte(in) % (sizeof statuses / sizeof statuses[0])];
    s->reply.user_id = (const uint8_t *)"joe";
    s->reply.user_id_size = 3;
}

static void put(struct stream *s, const void *data, size_t size) {
    if (size > sizeof s->data - s->size)
        size = sizeof s->data - s->size;
    if (size)
        memcpy(s->data + s->size, data, size);
    s->size += size;
}

static void put_item(struct stream *s, unsigned kind, const uint8_t *data, size_t size) {
    uint8_t body[NAME_SIZE + 1 + LENGTH_SIZE + FAKE_HEAD + UINT8_MAX + FAKE_TAIL] = {0};
    size_t name = kind == INITIATE ? NAME_SIZE + 1 : NAME_SIZE, head = name + LENGTH_SIZE;
    size_t token = kind == INITIATE ? size : size + FAKE_HEAD + FAKE_TAIL;
    if (kind == RAW) {
        put(s, data, size);
        return;
    }
    memcpy(body, kind == INITIATE ? "\10INITIATE" : "\7MESSAGE", name);
    body[head - 2] = (uint8_t)(token >> 8);
    body[head - 1] = (uint8_t)token;
    if (kind == INITIATE && size)
        memcpy(body + head, data, size);
    else if (kind != INITIATE)
        fake_gss_wrap(body + head, data, size);
    size_t all = head + token;
    uint8_t frame[9] = {kind == MESSAGE ? 0 : 4, (uint8_t)all};
    if (all > UINT8_MAX) {
        frame[0] |= 2;
        frame[1] = 0;
        frame[7] = (uint8_t)(all >> 8);
        frame[8] = (uint8_t)all;
    }
    put(s, frame, all > UINT8_MAX ? 9 : 2);
    put(s, body, all);
}

static void read_stream(struct stream *s, struct fuzz_input *in) {
    uint8_t greeting[ZX_SIGNATURE_SIZE + 1 + ZX_GREETING_REST_SIZE];
    zx_greeting_write_signature(greeting, 0);
    greeting[ZX_SIGNATURE_SIZE] = 3;
    zx_greeting_write_rest(greeting + ZX_SIGNATURE_SIZE + 1, "GSSAPI");
    put(s, greeting, sizeof greeting);
    while (in->left) {
        unsigned kind = fuzz_byte(in) % ITEM_KINDS;
        size_t size = fuzz_byte(in);
        if (size > in->left)
            size = in->left;
        put_item(s, kind, in->data, size);
        in->data += size;
        in->left -= size;
    }
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
    struct zx_zap_request r;
    struct zx_mech_work *work;
    switch (rc) {
    case ZX_HS_WAIT_WORK:
        work = zx_hs_take_work(hs);
        FUZZ_CHECK(work && !zx_hs_take_work(hs));
        work->run(work);
        o->steps++;
        return zx_hs_give_work(hs, work);
    case ZX_HS_WAIT_ZAP:
        zx_hs_zap_request(hs, &r);
        FUZZ_CHECK(r.credentials == 1 && r.credential[0].size == strlen("alice@FAKE"));
        FUZZ_CHECK(!memcmp(r.credential[0].data, "alice@FAKE", r.credential[0].size));
        o->asked++;
        return zx_hs_zap_reply(hs, &s->reply);
    case ZX_HS_HOLD:
        return s->refuses ? zx_hs_refuse(hs) : zx_hs_accept(hs);
    default:
        return rc;
    }
}

static int feed(struct zx_hs *hs, const struct setting *s, const uint8_t *data, size_t size,
                struct outcome *o) {
    for (size_t at = 0;;) {
        size_t n;
        uint8_t *copy = fuzz_copy(data + at, size - at);
        int rc = zx_hs_input(hs, copy, size - at, &n);
        free(copy);
        FUZZ_CHECK(n <= size - at);
        at += n;
        o->taken += n;
        int before = rc;
        while (rc == ZX_HS_WAIT_WORK || rc == ZX_HS_WAIT_ZAP || rc == ZX_HS_HOLD)
            rc = answer(hs, s, rc, o);
        drain(hs, o);
        if (rc < 0 || rc == ZX_HS_DONE || before == rc)
            return rc;
    }
}

/* The rest are frames: opened, and what was opened sealed and opened again. */
static void read_traffic(struct zx_mechanism *m, const uint8_t *data, size_t size,
                         struct outcome *o) {
    while (size >= 2) {
        size_t head = data[0] & 2 ? 9 : 2, body = data[1];
        if (head == 9 && size >= 9)
            body = (size_t)data[7] << 8 | data[8];
        if (size < head || body > size - head)
            return;
        uint8_t *copy = fuzz_copy(data + head, body);
        struct zx_mech_frame text, again;
        struct zx_buf sealed = {0};
        if (m->ops->decode(m, copy, body, &text)) {
            FUZZ_CHECK(m->status == ZX_MECH_FAILED);
            free(copy);
            return;
        }
        FUZZ_CHECK(text.body >= copy && text.size <= body);
        FUZZ_CHECK(text.body + text.size <= copy + body);
        o->sum = o->sum * 31 + text.size + text.flags;
        FUZZ_CHECK(!m->ops->encode(m, &text, &sealed));
        FUZZ_CHECK(!m->ops->decode(m, sealed.data, zx_buf_size(&sealed), &again));
        if (again.flags == text.flags)
            FUZZ_CHECK(again.size == text.size && !memcmp(again.body, text.body, text.size));
        zx_buf_fini(&sealed);
        free(copy);
        data += head + body;
        size -= head + body;
    }
}

static struct outcome play(const struct setting *s, const struct stream *in, uint8_t pattern) {
    struct outcome o = {.rc = ZX_HS_MORE};
    struct zx_hs *hs;
    FUZZ_CHECK(zx_hs_init(&hs, &s->conf) == 0);
    drain(hs, &o);
    size_t arrived = 0;
    for (size_t turn = 0; arrived < in->size && o.rc >= 0 && o.rc != ZX_HS_DONE; turn++) {
        arrived += fuzz_piece(pattern, turn, in->size - arrived);
        o.rc = feed(hs, s, in->data + o.taken, arrived - o.taken, &o);
    }
    o.error = zx_hs_error(hs);
    if (o.rc == ZX_HS_DONE) {
        struct zx_mechanism *m = zx_hs_take_mechanism(hs);
        FUZZ_CHECK(!m == s->settings.gss_plaintext);
        if (m)
            read_traffic(m, in->data + o.taken, in->size - o.taken, &o);
        zx_mechanism_free(&m);
    }
    zx_hs_free(&hs);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = {data, size};
    struct setting s;
    struct stream stream = {.size = 0};
    read_setting(&s, &in);
    uint8_t pattern = fuzz_byte(&in);
    read_stream(&stream, &in);
    struct outcome whole = play(&s, &stream, 0), cut = play(&s, &stream, pattern);
    FUZZ_CHECK(whole.rc == cut.rc && whole.error.kind == cut.error.kind &&
               whole.error.value == cut.error.value);
    FUZZ_CHECK(whole.output == cut.output && whole.sum == cut.sum);
    FUZZ_CHECK(whole.output <= OUTPUT_MAX && whole.asked <= 1 && whole.steps <= 9);
    if (!s.conf.as_server)
        FUZZ_CHECK(!whole.asked);
    else if (whole.rc == ZX_HS_DONE)
        FUZZ_CHECK(whole.asked &&
                   (s.reply.status == 200 ||
                    (!s.reply.status && !(s.conf.zap_enforce && s.conf.zap_domain))));
    return 0;
}
