/* SPDX-License-Identifier: MIT */
#include "unit/curve_support.h"

#include <stdlib.h>
#include <string.h>

#include "zmtp/types.h"

static const uint8_t props_router[] = "\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\0";
static const uint8_t props_dealer[] = "\x0bSocket-Type\0\0\0\x06" "DEALER\x08Identity\0\0\0";

void key_of(uint8_t key[32], const char *text) {
    struct bytes b = hex(text);
    assert_int_equal(b.size, 32);
    memcpy(key, b.data, 32);
    bytes_free(&b);
}

void talk_init(struct talk *t) {
    memset(t, 0, sizeof *t);
    key_of(t->server_set.curve_secret, SERVER_SECRET);
    key_of(t->client_set.curve_public, CLIENT_PUBLIC);
    key_of(t->client_set.curve_secret, CLIENT_SECRET);
    key_of(t->client_set.curve_server, SERVER_PUBLIC);
    t->client_conf = (struct zx_mech_conf){.socket_type = ZX_TYPE_DEALER,
                                           .props = props_dealer,
                                           .props_size = sizeof props_dealer,
                                           .settings = &t->client_set};
    t->server_conf = (struct zx_mech_conf){.socket_type = ZX_TYPE_ROUTER,
                                           .as_server = true,
                                           .props = props_router,
                                           .props_size = sizeof props_router,
                                           .settings = &t->server_set};
}

void talk_start(struct talk *t) {
    assert_int_equal(zx_mechanism_new(&t->client, &zx_curve_ops, &t->client_conf), 0);
    assert_int_equal(zx_mechanism_new(&t->server, &zx_curve_ops, &t->server_conf), 0);
}

void talk_fini(struct talk *t) {
    zx_mechanism_free(&t->client);
    zx_mechanism_free(&t->server);
    zx_buf_fini(&t->said);
}

struct zx_mechanism *talk_speaker(struct talk *t, int n) {
    return n == HELLO || n == INITIATE ? t->client : t->server;
}

struct zx_mechanism *talk_hearer(struct talk *t, int n) {
    return n == HELLO || n == INITIATE ? t->server : t->client;
}

void talk_say(struct talk *t, int n) {
    struct zx_mechanism *m = talk_speaker(t, n);
    zx_buf_fini(&t->said);
    assert_int_equal(m->ops->next_command(m, &t->said), 1);
}

int talk_hear(struct talk *t, int n) {
    static const struct zx_zap_reply good = {.status = 200};
    struct zx_mechanism *m = talk_hearer(t, n);
    size_t size = zx_buf_size(&t->said);
    /* In an allocation of its own size, so that a sanitizer sees a read behind it. */
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size)
        memcpy(copy, t->said.data, size);
    int rc = m->ops->on_command(m, copy, size);
    free(copy);
    if (m->status == ZX_MECH_ZAP)
        assert_int_equal(m->ops->on_zap(m, &good), 0);
    if (m->status == ZX_MECH_HOLD)
        m->ops->on_accept(m);
    return rc;
}

void talk_until(struct talk *t, int n) {
    for (int i = 0; i < n; i++) {
        talk_say(t, i);
        assert_int_equal(talk_hear(t, i), 0);
    }
    talk_say(t, n);
}
