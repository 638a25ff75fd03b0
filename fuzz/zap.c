/* SPDX-License-Identifier: MIT */
/* A ZAP handler's reply: [switches] and frames, each [MORE and size][size bytes]. */
#include "fuzz.h"

#include "base/blob.h"
#include "security/zap.h"
#include "zmtp/greeting.h"
#include "zmtp/handshake.h"
#include "zmtp/types.h"

#include <errno.h>

enum { AS_PLAIN = 1, WHOLE_ENVELOPE = 2, ENFORCE = 4 };
enum { FRAMES_MAX = ZX_ZAP_REPLY_FRAMES + 2, HAS_MORE = 128, SIZE_MASK = 127 };

struct message {
    struct zx_zap_frame frame[FRAMES_MAX];
    unsigned n;
};

static void add(struct message *m, const uint8_t *data, size_t size, bool more) {
    m->frame[m->n++] = (struct zx_zap_frame){fuzz_copy(data, size), size, more};
}

static struct message read_message(struct fuzz_input *in, uint8_t switches) {
    struct message m = {.n = 0};
    if (switches & WHOLE_ENVELOPE) { /* gets the input to the status at once */
        add(&m, (const uint8_t *)"", 0, true);
        add(&m, (const uint8_t *)"1.0", 3, true);
        add(&m, (const uint8_t *)"1", 1, true);
    }
    while (in->left && m.n < FRAMES_MAX) {
        uint8_t head = fuzz_byte(in);
        size_t size = head & SIZE_MASK;
        if (size > in->left)
            size = in->left;
        add(&m, in->data, size, head & HAS_MORE);
        in->data += size;
        in->left -= size;
    }
    return m;
}

static void free_message(struct message *m) {
    for (unsigned i = 0; i < m->n; i++)
        free((void *)(uintptr_t)m->frame[i].data);
}

/* A handshake that waits for ZAP. */
static struct zx_hs *waiting(uint8_t switches) {
    static const struct zx_security_settings settings;
    static const uint8_t hello[] = {4, 8, 5, 'H', 'E', 'L', 'L', 'O', 0, 0};
    bool plain = switches & AS_PLAIN;
    struct zx_hs_conf conf = {.socket_type = ZX_TYPE_PULL,
                              .mechanism = plain ? &zx_plain_ops : &zx_null_ops,
                              .settings = &settings,
                              .as_server = plain,
                              .refuse_old = true,
                              .zap_domain = true,
                              .zap_enforce = switches & ENFORCE};
    uint8_t greeting[ZX_SIGNATURE_SIZE + 1 + ZX_GREETING_REST_SIZE];
    struct zx_hs *hs;
    size_t n;
    zx_greeting_write_signature(greeting, 0);
    greeting[ZX_SIGNATURE_SIZE] = 3;
    zx_greeting_write_rest(greeting + ZX_SIGNATURE_SIZE + 1, conf.mechanism->name);
    FUZZ_CHECK(zx_hs_init(&hs, &conf) == 0);
    int rc = zx_hs_input(hs, greeting, sizeof greeting, &n);
    if (plain)
        rc = zx_hs_input(hs, hello, sizeof hello, &n);
    FUZZ_CHECK(rc == ZX_HS_WAIT_ZAP);
    return hs;
}

static void check_reply(const struct zx_zap_reply *r, const struct message *m) {
    FUZZ_CHECK(m->n >= ZX_ZAP_REPLY_FRAMES && !m->frame[ZX_ZAP_REPLY_FRAMES - 1].more);
    FUZZ_CHECK(r->status == 200 || r->status == 300 || r->status == 400 || r->status == 500);
    FUZZ_CHECK(r->user_id == m->frame[5].data && r->user_id_size == m->frame[5].size);
    FUZZ_CHECK(zx_meta_check(r->metadata, r->metadata_size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = {data, size};
    uint8_t switches = fuzz_byte(&in);
    struct message m = read_message(&in, switches);
    struct zx_zap_reply reply;
    uint32_t error = 0;
    struct zx_hs *hs = waiting(switches);
    int rc = zx_zap_reply_parse(&reply, m.frame, m.n, &error);
    FUZZ_CHECK(rc == 0 || rc == -EPROTO);
    if (rc) {
        FUZZ_CHECK(error >= ZX_PERR_ZAP_UNSPECIFIED && error <= ZX_PERR_ZAP_INVALID_METADATA);
        FUZZ_CHECK(zx_hs_zap_failed(hs, error) == -EPROTO);
    } else {
        check_reply(&reply, &m);
        rc = zx_hs_zap_reply(hs, &reply);
        FUZZ_CHECK(reply.status == 200 ? rc == ZX_HS_MORE : rc == -EACCES);
        FUZZ_CHECK(reply.status == 200 || zx_hs_error(hs).value == (uint32_t)reply.status);
    }
    free_message(&m);
    zx_hs_free(&hs);
    return 0;
}
