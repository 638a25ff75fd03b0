/* SPDX-License-Identifier: MIT */
/* The client's side: HELLO, WELCOME, INITIATE, READY. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "security/curve.h"
#include "zmtp/cmd_error.h"

enum { COUNTER_HELLO = 1, COUNTER_INITIATE = 2 };

static int say_hello(struct zx_curve *c, struct zx_buf *out) {
    const struct zx_security_settings *set = c->base.conf.settings;
    (void)crypto_box_keypair(c->once.own_public, c->once.own_secret);
    /* No server key was set, or none that is a key: nobody could read what we say. */
    if (crypto_box_beforenm(c->once.shared, set->curve_server, c->once.own_secret))
        return zx_curve_fail(c, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    uint8_t *room = zx_buf_reserve(out, ZX_CURVE_HELLO);
    if (!room)
        return -ENOMEM;
    zx_curve_hello_write(room, c->once.own_public, c->once.shared, COUNTER_HELLO);
    out->tail += ZX_CURVE_HELLO;
    return 0;
}

static int hear_welcome(struct zx_curve *c, const uint8_t *body, size_t size) {
    struct zx_curve_welcome w;
    uint32_t wrong = zx_curve_welcome_read(&w, body, size, c->once.shared);
    if (!wrong && crypto_box_beforenm(c->once.shared, w.server_short, c->once.own_secret))
        wrong = ZX_PERR_ZMTP_CRYPTOGRAPHIC;
    if (wrong)
        return zx_curve_fail(c, wrong);
    memcpy(c->once.peer_public, w.server_short, ZX_CURVE_KEY);
    memcpy(c->once.cookie, w.cookie, ZX_CURVE_COOKIE);
    sodium_memzero(c->once.own_secret, sizeof c->once.own_secret);
    zx_curve_step(c, ZX_CURVE_ON_COMMAND);
    return 0;
}

/* C, the vouch, the metadata. False: our own long-term key is none. */
static bool write_text(const struct zx_curve *c, uint8_t *text) {
    const struct zx_security_settings *set = c->base.conf.settings;
    struct zx_curve_vouch v;
    uint8_t tail[ZX_CURVE_TAIL];
    memcpy(v.client_short, c->once.own_public, ZX_CURVE_KEY);
    memcpy(v.server, set->curve_server, ZX_CURVE_KEY);
    randombytes_buf(tail, sizeof tail);
    memcpy(text, set->curve_public, ZX_CURVE_KEY);
    if (c->base.conf.props_size)
        memcpy(text + ZX_CURVE_INITIATE_TEXT, c->base.conf.props, c->base.conf.props_size);
    return zx_curve_vouch_write(text + ZX_CURVE_KEY, &v, tail, set->curve_secret,
                                c->once.peer_public);
}

static int say_initiate(struct zx_curve *c, struct zx_buf *out) {
    size_t size = ZX_CURVE_INITIATE_TEXT + c->base.conf.props_size;
    uint8_t *room = zx_buf_reserve(out, size + ZX_CURVE_INITIATE_REST);
    uint8_t *text = malloc(size);
    if (!room || !text) {
        free(text);
        return -ENOMEM;
    }
    bool good = write_text(c, text);
    if (good) {
        zx_curve_initiate_write(room, &(struct zx_curve_text){text, size}, c->once.cookie,
                                COUNTER_INITIATE, c->once.shared);
        out->tail += size + ZX_CURVE_INITIATE_REST;
    }
    free(text);
    return good ? 0 : zx_curve_fail(c, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
}

static int take_ready(struct zx_curve *c, const uint8_t *body, size_t size, uint8_t *props) {
    uint32_t wrong = zx_curve_ready_read(props, body, size, c->once.shared, &c->heard);
    if (wrong)
        return zx_curve_fail(c, wrong);
    int rc = zx_mechanism_take_props(&c->base, props, size - ZX_CURVE_READY);
    if (rc)
        return rc == -EPROTO ? zx_curve_fail(c, ZX_PERR_ZMTP_INVALID_METADATA) : rc;
    zx_curve_begin_traffic(c, COUNTER_INITIATE, false);
    zx_curve_let_in(c);
    return 0;
}

static int hear_ready(struct zx_curve *c, const uint8_t *body, size_t size) {
    uint8_t *props = malloc(size + 1);
    if (!props)
        return -ENOMEM;
    int rc = take_ready(c, body, size, props);
    free(props);
    return rc;
}

int zx_curve_client_say(struct zx_curve *c, struct zx_buf *out) {
    return c->state == ZX_CURVE_C_HELLO ? say_hello(c, out) : say_initiate(c, out);
}

int zx_curve_client_hear(struct zx_curve *c, const uint8_t *body, size_t size) {
    if (zx_error_is(body, size)) {
        (void)zx_curve_fail(c, 0);
        return zx_mechanism_on_error(&c->base, body, size);
    }
    if (c->state == ZX_CURVE_C_WELCOME)
        return hear_welcome(c, body, size);
    if (c->state == ZX_CURVE_C_READY)
        return hear_ready(c, body, size);
    return zx_curve_fail(c, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
}
