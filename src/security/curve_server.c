/* SPDX-License-Identifier: MIT */
/* The server's side: HELLO, WELCOME and its cookie, INITIATE, READY. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "security/curve.h"

enum { COUNTER_READY = 1 };

static int hear_hello(struct zx_curve *c, const uint8_t *body, size_t size) {
    const uint8_t *client_short;
    uint32_t wrong = zx_curve_hello_look(body, size, &client_short, &c->heard);
    if (!wrong && crypto_box_beforenm(c->once.shared, client_short,
                                      c->base.conf.settings->curve_secret))
        wrong = ZX_PERR_ZMTP_CRYPTOGRAPHIC;
    if (!wrong)
        wrong = zx_curve_hello_open(body, c->once.shared);
    if (wrong)
        return zx_curve_fail(c, wrong);
    memcpy(c->once.peer_public, client_short, ZX_CURVE_KEY);
    zx_curve_step(c, ZX_CURVE_ON_COMMAND);
    return 0;
}

/* The key pair of this connection goes out with the cookie and is forgotten. The cookie's key
 * serves this one cookie on this one connection, and ends with either. */
static int say_welcome(struct zx_curve *c, struct zx_buf *out) {
    struct zx_curve_cookie cookie;
    struct zx_curve_welcome w;
    uint8_t tail[2 * ZX_CURVE_TAIL];
    uint8_t *room = zx_buf_reserve(out, ZX_CURVE_WELCOME);
    if (!room)
        return -ENOMEM;
    randombytes_buf(c->once.cookie_key, sizeof c->once.cookie_key);
    randombytes_buf(tail, sizeof tail);
    (void)crypto_box_keypair(w.server_short, cookie.own_secret);
    memcpy(cookie.client_short, c->once.peer_public, ZX_CURVE_KEY);
    zx_curve_cookie_write(w.cookie, &cookie, c->once.cookie_key, tail);
    zx_curve_welcome_write(room, &w, c->once.shared, tail + ZX_CURVE_TAIL);
    out->tail += ZX_CURVE_WELCOME;
    sodium_memzero(&cookie, sizeof cookie);
    sodium_memzero(c->once.shared, sizeof c->once.shared);
    sodium_memzero(c->once.peer_public, sizeof c->once.peer_public);
    return 0;
}

/* The client is the one that said HELLO (cookie), has C's secret (vouch), and means us (S). */
static uint32_t check_vouch(const struct zx_curve *c, const struct zx_curve_cookie *cookie,
                            const uint8_t *text) {
    struct zx_curve_vouch v;
    uint8_t own[ZX_CURVE_KEY];
    uint32_t wrong = zx_curve_vouch_read(&v, text + ZX_CURVE_KEY, cookie->own_secret, text);
    if (wrong)
        return wrong;
    if (zx_curve_pair_public(own, c->base.conf.settings->curve_secret))
        return ZX_PERR_ZMTP_CRYPTOGRAPHIC;
    int differs = sodium_memcmp(v.client_short, cookie->client_short, ZX_CURVE_KEY) |
                  sodium_memcmp(v.server, own, ZX_CURVE_KEY);
    return differs ? ZX_PERR_ZMTP_KEY_EXCHANGE : 0;
}

static uint32_t open_initiate(struct zx_curve *c, const uint8_t *body, size_t size,
                              uint8_t *text) {
    struct zx_curve_cookie cookie;
    const uint8_t *sealed;
    uint64_t counter;
    uint32_t wrong = zx_curve_initiate_look(body, size, &sealed, &counter);
    if (wrong)
        return wrong;
    if (counter <= c->heard)
        return ZX_PERR_ZMTP_INVALID_SEQUENCE;
    c->heard = counter;
    wrong = zx_curve_cookie_read(&cookie, sealed, c->once.cookie_key);
    sodium_memzero(c->once.cookie_key, sizeof c->once.cookie_key);
    if (wrong)
        return wrong;
    if (crypto_box_beforenm(c->once.shared, cookie.client_short, cookie.own_secret))
        wrong = ZX_PERR_ZMTP_CRYPTOGRAPHIC;
    if (!wrong)
        wrong = zx_curve_initiate_open(text, body, size, c->once.shared);
    if (!wrong)
        wrong = check_vouch(c, &cookie, text);
    sodium_memzero(&cookie, sizeof cookie);
    return wrong;
}

/* With a domain demanded and none set there is nobody to ask. */
static bool is_zap_asked(const struct zx_mech_conf *conf) {
    return !conf->zap_enforce || conf->zap_domain;
}

static int take_initiate(struct zx_curve *c, const uint8_t *body, size_t size, uint8_t *text) {
    uint32_t wrong = open_initiate(c, body, size, text);
    if (wrong)
        return zx_curve_fail(c, wrong);
    int rc = zx_mechanism_take_props(&c->base, text + ZX_CURVE_INITIATE_TEXT,
                                     size - ZX_CURVE_INITIATE);
    if (rc) /* libzmq raises no event for this either */
        return rc == -EPROTO ? zx_curve_fail(c, 0) : rc;
    memcpy(c->peer_key, text, ZX_CURVE_KEY);
    if (is_zap_asked(&c->base.conf))
        zx_curve_step(c, ZX_CURVE_ON_TO_ASK);
    else
        zx_curve_let_in(c);
    return 0;
}

static int hear_initiate(struct zx_curve *c, const uint8_t *body, size_t size) {
    uint8_t *text = malloc(size + 1);
    if (!text)
        return -ENOMEM;
    int rc = take_initiate(c, body, size, text);
    free(text);
    return rc;
}

static int say_ready(struct zx_curve *c, struct zx_buf *out) {
    size_t size = c->base.conf.props_size;
    uint8_t *room = zx_buf_reserve(out, size + ZX_CURVE_READY);
    if (!room)
        return -ENOMEM;
    zx_curve_ready_write(room, COUNTER_READY, c->once.shared, c->base.conf.props, size);
    out->tail += size + ZX_CURVE_READY;
    zx_curve_begin_traffic(c, COUNTER_READY, true);
    return 0;
}

int zx_curve_server_say(struct zx_curve *c, struct zx_buf *out) {
    return c->state == ZX_CURVE_S_WELCOME ? say_welcome(c, out) : say_ready(c, out);
}

int zx_curve_server_hear(struct zx_curve *c, const uint8_t *body, size_t size) {
    if (c->state == ZX_CURVE_S_HELLO)
        return hear_hello(c, body, size);
    if (c->state == ZX_CURVE_S_INITIATE)
        return hear_initiate(c, body, size);
    return zx_curve_fail(c, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
}
