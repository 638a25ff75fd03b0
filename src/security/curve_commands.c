/* SPDX-License-Identifier: MIT */
#include "security/curve_commands.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "zmtp/proto_error.h"

enum { NONCE = 24, MAC = 16 };

static const uint8_t hello_name[] = "\x05HELLO", welcome_name[] = "\x07WELCOME",
                     initiate_name[] = "\x08INITIATE", ready_name[] = "\x05READY";

static void short_nonce(uint8_t nonce[NONCE], const char *prefix, uint64_t counter) {
    memcpy(nonce, prefix, 16);
    zx_put64(nonce + 16, counter);
}

static void long_nonce(uint8_t nonce[NONCE], const char *prefix, const uint8_t *tail) {
    memcpy(nonce, prefix, 8);
    memcpy(nonce + 8, tail, ZX_CURVE_TAIL);
}

/* The name with its length byte is what a command begins with. */
static uint32_t check_name(const uint8_t *body, size_t size, const uint8_t *name) {
    size_t n = 1u + name[0];
    if (size < 1 || body[0] >= size)
        return ZX_PERR_ZMTP_MALFORMED_UNSPECIFIED;
    if (size < n || memcmp(body, name, n) != 0)
        return ZX_PERR_ZMTP_UNEXPECTED_COMMAND;
    return 0;
}

/* ---- HELLO ------------------------------------------------------------------ */

enum { HELLO_VERSION = 6, HELLO_PUBLIC = 80, HELLO_COUNTER = 112, HELLO_BOX = 120,
       HELLO_ZEROS = 64 };

void zx_curve_hello_write(uint8_t out[ZX_CURVE_HELLO], const uint8_t short_public[ZX_CURVE_KEY],
                          const uint8_t shared[ZX_CURVE_KEY], uint64_t counter) {
    static const uint8_t zeros[HELLO_ZEROS];
    uint8_t nonce[NONCE];
    memset(out, 0, ZX_CURVE_HELLO);
    memcpy(out, hello_name, sizeof hello_name - 1);
    out[HELLO_VERSION] = 1;
    memcpy(out + HELLO_PUBLIC, short_public, ZX_CURVE_KEY);
    zx_put64(out + HELLO_COUNTER, counter);
    short_nonce(nonce, "CurveZMQHELLO---", counter);
    (void)crypto_box_easy_afternm(out + HELLO_BOX, zeros, sizeof zeros, nonce, shared);
}

uint32_t zx_curve_hello_look(const uint8_t *body, size_t size, const uint8_t **short_public,
                             uint64_t *counter) {
    uint32_t wrong = check_name(body, size, hello_name);
    if (wrong)
        return wrong;
    if (size != ZX_CURVE_HELLO || body[HELLO_VERSION] != 1 || body[HELLO_VERSION + 1] != 0)
        return ZX_PERR_ZMTP_MALFORMED_HELLO;
    *short_public = body + HELLO_PUBLIC;
    *counter = zx_get64(body + HELLO_COUNTER);
    return 0;
}

uint32_t zx_curve_hello_open(const uint8_t body[ZX_CURVE_HELLO],
                             const uint8_t shared[ZX_CURVE_KEY]) {
    uint8_t nonce[NONCE], zeros[HELLO_ZEROS];
    short_nonce(nonce, "CurveZMQHELLO---", zx_get64(body + HELLO_COUNTER));
    if (crypto_box_open_easy_afternm(zeros, body + HELLO_BOX, HELLO_ZEROS + MAC, nonce, shared))
        return ZX_PERR_ZMTP_CRYPTOGRAPHIC;
    return 0; /* that it opens proves the key; what is inside says nothing */
}

/* ---- the cookie, opaque to the client ------------------------------------------ */

void zx_curve_cookie_write(uint8_t out[ZX_CURVE_COOKIE], const struct zx_curve_cookie *c,
                           const uint8_t key[ZX_CURVE_KEY], const uint8_t tail[ZX_CURVE_TAIL]) {
    uint8_t nonce[NONCE], text[2 * ZX_CURVE_KEY];
    memcpy(out, tail, ZX_CURVE_TAIL);
    long_nonce(nonce, "COOKIE--", tail);
    memcpy(text, c->client_short, ZX_CURVE_KEY);
    memcpy(text + ZX_CURVE_KEY, c->own_secret, ZX_CURVE_KEY);
    (void)crypto_secretbox_easy(out + ZX_CURVE_TAIL, text, sizeof text, nonce, key);
    sodium_memzero(text, sizeof text);
}

uint32_t zx_curve_cookie_read(struct zx_curve_cookie *c, const uint8_t in[ZX_CURVE_COOKIE],
                              const uint8_t key[ZX_CURVE_KEY]) {
    uint8_t nonce[NONCE], text[2 * ZX_CURVE_KEY];
    long_nonce(nonce, "COOKIE--", in);
    if (crypto_secretbox_open_easy(text, in + ZX_CURVE_TAIL, sizeof text + MAC, nonce, key))
        return ZX_PERR_ZMTP_CRYPTOGRAPHIC;
    memcpy(c->client_short, text, ZX_CURVE_KEY);
    memcpy(c->own_secret, text + ZX_CURVE_KEY, ZX_CURVE_KEY);
    sodium_memzero(text, sizeof text);
    return 0;
}

/* ---- WELCOME ------------------------------------------------------------------- */

enum { WELCOME_TAIL = 8, WELCOME_BOX = 24, WELCOME_TEXT = ZX_CURVE_KEY + ZX_CURVE_COOKIE };

void zx_curve_welcome_write(uint8_t out[ZX_CURVE_WELCOME], const struct zx_curve_welcome *w,
                            const uint8_t shared[ZX_CURVE_KEY],
                            const uint8_t tail[ZX_CURVE_TAIL]) {
    uint8_t nonce[NONCE], text[WELCOME_TEXT];
    memcpy(out, welcome_name, sizeof welcome_name - 1);
    memcpy(out + WELCOME_TAIL, tail, ZX_CURVE_TAIL);
    long_nonce(nonce, "WELCOME-", tail);
    memcpy(text, w->server_short, ZX_CURVE_KEY);
    memcpy(text + ZX_CURVE_KEY, w->cookie, ZX_CURVE_COOKIE);
    (void)crypto_box_easy_afternm(out + WELCOME_BOX, text, sizeof text, nonce, shared);
}

uint32_t zx_curve_welcome_read(struct zx_curve_welcome *w, const uint8_t *body, size_t size,
                               const uint8_t shared[ZX_CURVE_KEY]) {
    uint8_t nonce[NONCE], text[WELCOME_TEXT];
    uint32_t wrong = check_name(body, size, welcome_name);
    if (wrong)
        return wrong;
    if (size != ZX_CURVE_WELCOME)
        return ZX_PERR_ZMTP_MALFORMED_WELCOME;
    long_nonce(nonce, "WELCOME-", body + WELCOME_TAIL);
    if (crypto_box_open_easy_afternm(text, body + WELCOME_BOX, WELCOME_TEXT + MAC, nonce, shared))
        return ZX_PERR_ZMTP_CRYPTOGRAPHIC;
    memcpy(w->server_short, text, ZX_CURVE_KEY);
    memcpy(w->cookie, text + ZX_CURVE_KEY, ZX_CURVE_COOKIE);
    return 0;
}

/* ---- the vouch: the client's long-term key speaks for its short-term one -------------- */

bool zx_curve_vouch_write(uint8_t out[ZX_CURVE_VOUCH], const struct zx_curve_vouch *v,
                          const uint8_t tail[ZX_CURVE_TAIL], const uint8_t secret[ZX_CURVE_KEY],
                          const uint8_t other[ZX_CURVE_KEY]) {
    uint8_t nonce[NONCE], text[2 * ZX_CURVE_KEY];
    memcpy(out, tail, ZX_CURVE_TAIL);
    long_nonce(nonce, "VOUCH---", tail);
    memcpy(text, v->client_short, ZX_CURVE_KEY);
    memcpy(text + ZX_CURVE_KEY, v->server, ZX_CURVE_KEY);
    return !crypto_box_easy(out + ZX_CURVE_TAIL, text, sizeof text, nonce, other, secret);
}

uint32_t zx_curve_vouch_read(struct zx_curve_vouch *v, const uint8_t in[ZX_CURVE_VOUCH],
                             const uint8_t secret[ZX_CURVE_KEY],
                             const uint8_t other[ZX_CURVE_KEY]) {
    uint8_t nonce[NONCE], text[2 * ZX_CURVE_KEY];
    long_nonce(nonce, "VOUCH---", in);
    if (crypto_box_open_easy(text, in + ZX_CURVE_TAIL, sizeof text + MAC, nonce, other, secret))
        return ZX_PERR_ZMTP_CRYPTOGRAPHIC;
    memcpy(v->client_short, text, ZX_CURVE_KEY);
    memcpy(v->server, text + ZX_CURVE_KEY, ZX_CURVE_KEY);
    return 0;
}

/* ---- INITIATE --------------------------------------------------------------------- */

enum { INITIATE_COOKIE = 9, INITIATE_COUNTER = 105, INITIATE_BOX = 113 };
_Static_assert(INITIATE_BOX + MAC == ZX_CURVE_INITIATE_REST, "what stands around the text");

void zx_curve_initiate_write(uint8_t *out, const struct zx_curve_text *text,
                             const uint8_t cookie[ZX_CURVE_COOKIE], uint64_t counter,
                             const uint8_t shared[ZX_CURVE_KEY]) {
    uint8_t nonce[NONCE];
    memcpy(out, initiate_name, sizeof initiate_name - 1);
    memcpy(out + INITIATE_COOKIE, cookie, ZX_CURVE_COOKIE);
    zx_put64(out + INITIATE_COUNTER, counter);
    short_nonce(nonce, "CurveZMQINITIATE", counter);
    (void)crypto_box_easy_afternm(out + INITIATE_BOX, text->data, text->size, nonce,
                                  shared);
}

uint32_t zx_curve_initiate_look(const uint8_t *body, size_t size, const uint8_t **cookie,
                                uint64_t *counter) {
    uint32_t wrong = check_name(body, size, initiate_name);
    if (wrong)
        return wrong;
    if (size < ZX_CURVE_INITIATE)
        return ZX_PERR_ZMTP_MALFORMED_INITIATE;
    *cookie = body + INITIATE_COOKIE;
    *counter = zx_get64(body + INITIATE_COUNTER);
    return 0;
}

uint32_t zx_curve_initiate_open(uint8_t *text, const uint8_t *body, size_t size,
                                const uint8_t shared[ZX_CURVE_KEY]) {
    uint8_t nonce[NONCE];
    short_nonce(nonce, "CurveZMQINITIATE", zx_get64(body + INITIATE_COUNTER));
    return crypto_box_open_easy_afternm(text, body + INITIATE_BOX, size - INITIATE_BOX, nonce,
                                        shared)
               ? ZX_PERR_ZMTP_CRYPTOGRAPHIC
               : 0;
}

/* ---- READY ---------------------------------------------------------------------------- */

enum { READY_COUNTER = 6, READY_BOX = 14 };

void zx_curve_ready_write(uint8_t *out, uint64_t counter, const uint8_t shared[ZX_CURVE_KEY],
                          const uint8_t *props, size_t size) {
    uint8_t nonce[NONCE];
    memcpy(out, ready_name, sizeof ready_name - 1);
    zx_put64(out + READY_COUNTER, counter);
    short_nonce(nonce, "CurveZMQREADY---", counter);
    (void)crypto_box_easy_afternm(out + READY_BOX, props, size, nonce, shared);
}

uint32_t zx_curve_ready_read(uint8_t *props, const uint8_t *body, size_t size,
                             const uint8_t shared[ZX_CURVE_KEY], uint64_t *counter) {
    uint8_t nonce[NONCE];
    uint32_t wrong = check_name(body, size, ready_name);
    if (wrong)
        return wrong;
    if (size < ZX_CURVE_READY)
        return ZX_PERR_ZMTP_MALFORMED_READY;
    *counter = zx_get64(body + READY_COUNTER);
    short_nonce(nonce, "CurveZMQREADY---", *counter);
    return crypto_box_open_easy_afternm(props, body + READY_BOX, size - READY_BOX, nonce, shared)
               ? ZX_PERR_ZMTP_CRYPTOGRAPHIC
               : 0;
}
