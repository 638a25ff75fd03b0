/* SPDX-License-Identifier: MIT */
#include "curve_peer.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

const char server_public[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const char server_secret[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
const char client_public[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
const char client_secret[] = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

static const uint8_t props[] = "\x0bSocket-Type\0\0\0\x04PUSH";
static const uint8_t server_props[] = "\x0bSocket-Type\0\0\0\x04PULL";

static void raw(uint8_t key[32], const char *text) {
    wire_check(zmq_z85_decode(key, text), "key");
}

static void between(uint8_t shared[32], const uint8_t other[32], const uint8_t secret[32]) {
    wire_check(crypto_box_beforenm(shared, other, secret) == 0, "key");
}

void curve_hello(struct curve_peer *c, struct blob *out) {
    uint8_t server[32];
    memset(c, 0, sizeof *c);
    raw(server, server_public);
    crypto_box_keypair(c->short_public, c->short_secret);
    between(c->hello_key, server, c->short_secret);
    zx_curve_hello_write(out->data, c->short_public, c->hello_key, ++c->said);
    out->size = ZX_CURVE_HELLO;
}

void curve_hear_welcome(struct curve_peer *c, struct peer *p) {
    struct zx_curve_welcome w;
    struct frame f;
    peer_read_frame(p, &f);
    wire_check(f.flags == 4 && zx_curve_welcome_read(&w, f.body, f.len, c->hello_key) == 0,
               "no WELCOME");
    free(f.body);
    memcpy(c->cookie, w.cookie, sizeof c->cookie);
    memcpy(c->other_short, w.server_short, 32);
    between(c->shared, w.server_short, c->short_secret);
}

void curve_initiate(struct curve_peer *c, struct blob *out) {
    struct zx_curve_vouch v;
    uint8_t text[128 + sizeof props - 1], secret[32], tail[16] = {7};
    raw(secret, client_secret);
    raw(text, client_public);
    memcpy(v.client_short, c->short_public, 32);
    raw(v.server, server_public);
    wire_check(zx_curve_vouch_write(text + 32, &v, tail, secret, c->other_short), "vouch");
    memcpy(text + 128, props, sizeof props - 1);
    zx_curve_initiate_write(out->data, &(struct zx_curve_text){text, sizeof text}, c->cookie,
                            ++c->said, c->shared);
    out->size = sizeof text + ZX_CURVE_INITIATE_REST;
}

void curve_hear_ready(struct curve_peer *c, struct peer *p) {
    struct frame f;
    uint64_t counter;
    uint8_t got[400];
    peer_read_frame(p, &f);
    wire_check(f.flags == 4 && f.len < sizeof got &&
                   zx_curve_ready_read(got, f.body, f.len, c->shared, &counter) == 0,
               "no READY");
    free(f.body);
}

void curve_welcome(struct curve_peer *c, const uint8_t hello[200], struct blob *out) {
    struct zx_curve_cookie cookie;
    struct zx_curve_welcome w;
    uint8_t secret[32], tail[16] = {9};
    memset(c, 0, sizeof *c);
    c->is_server = true;
    raw(secret, server_secret);
    memcpy(c->other_short, hello + 80, 32);
    between(c->hello_key, c->other_short, secret);
    crypto_box_keypair(c->short_public, c->short_secret);
    randombytes_buf(c->cookie_key, 32);
    memcpy(cookie.client_short, c->other_short, 32);
    memcpy(cookie.own_secret, c->short_secret, 32);
    zx_curve_cookie_write(w.cookie, &cookie, c->cookie_key, tail);
    memcpy(w.server_short, c->short_public, 32);
    zx_curve_welcome_write(out->data, &w, c->hello_key, tail);
    out->size = ZX_CURVE_WELCOME;
    between(c->shared, c->other_short, c->short_secret);
}

void curve_hear_initiate(struct curve_peer *c, struct peer *p) {
    struct frame f;
    uint8_t text[600];
    peer_read_frame(p, &f);
    wire_check(f.flags & 4 && f.len >= ZX_CURVE_INITIATE && f.len < sizeof text &&
                   zx_curve_initiate_open(text, f.body, f.len, c->shared) == 0,
               "no INITIATE");
    free(f.body);
}

void curve_ready(struct curve_peer *c, struct blob *out) {
    zx_curve_ready_write(out->data, ++c->said, c->shared, server_props, sizeof server_props - 1);
    out->size = sizeof server_props - 1 + ZX_CURVE_READY;
}

void curve_message(struct curve_peer *c, uint64_t counter, uint8_t flags, const char *text,
                   struct blob *out) {
    uint8_t inner[300], nonce[24];
    size_t size = strlen(text);
    memcpy(nonce, c->is_server ? "CurveZMQMESSAGES" : "CurveZMQMESSAGEC", 16);
    zx_put64(nonce + 16, counter);
    inner[0] = flags;
    memcpy(inner + 1, text, size);
    memcpy(out->data, "\x07MESSAGE", 8);
    zx_put64(out->data + 8, counter);
    crypto_box_easy_afternm(out->data + 16, inner, size + 1, nonce, c->shared);
    out->size = size + 33;
    c->said = counter;
}

void peer_send_frame(struct peer *p, uint8_t flags, const struct blob *body) {
    uint8_t wire[70009];
    size_t head = body->size > 255 ? 9 : 2;
    wire[0] = flags | (head == 9 ? 2 : 0);
    if (head == 9)
        zx_put64(wire + 1, body->size);
    else
        wire[1] = (uint8_t)body->size;
    memcpy(wire + head, body->data, body->size);
    peer_send_bytes(p, wire, head + body->size);
}

void be_curve_server(struct node *n) {
    node_set(n, ZMQ_CURVE_SERVER, 1);
    node_set_text(n, ZMQ_CURVE_SECRETKEY, server_secret);
}

void be_curve_client(struct node *n) {
    node_set_text(n, ZMQ_CURVE_SERVERKEY, server_public);
    node_set_text(n, ZMQ_CURVE_PUBLICKEY, client_public);
    node_set_text(n, ZMQ_CURVE_SECRETKEY, client_secret);
}

struct peer *curve_visitor(struct node *n) {
    struct peer *p = peer_connect(n->world, n->endpoint);
    peer_send(p, CURVE_GREETING);
    peer_expect(p, CURVE_GREETING_BACK);
    return p;
}

struct peer *curve_client(struct node *n, struct curve_peer *c) {
    struct blob b;
    struct peer *p = curve_visitor(n);
    curve_hello(c, &b);
    peer_send_frame(p, 4, &b);
    curve_hear_welcome(c, p);
    curve_initiate(c, &b);
    peer_send_frame(p, 4, &b);
    curve_hear_ready(c, p);
    return p;
}
