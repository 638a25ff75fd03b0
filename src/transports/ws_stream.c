/* SPDX-License-Identifier: MIT */
#include "transports/ws_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "transports/ws_address.h"
#include "transports/ws_frame.h"
#include "transports/ws_http.h"

enum {
    READ_BYTES = 1 << 16,
    /* Before the link says what is too large: what comes with the last of the handshake may be
     * traffic already, of any size. It is passed on as it comes, and the handshake takes no more
     * than it bears; only what has to be held here is bounded. */
    NOT_SAID = -2,
    HELD_MAX = 65536,
    PONGS_MAX = 1 << 16, /* while so much waits to be sent, a later Ping replaces one before */
    DISCARDS = 64,
    FILLS = 16
};
enum phase { SHAKE, HTTP, OPEN, OVER };
enum { BARE_ALONE = 1 }; /* memory: the full list was refused */

struct ws_stream {
    struct zx_stream base;
    struct zx_ws_wire *wire;
    struct zx_ws_wire plain;
    const struct zx_conf *conf;
    const char *address;
    uint8_t *memory;
    enum phase phase;
    bool is_client, asked, closing_heard;
    int failed; /* to be told when what came before it is given out */
    int lost;   /* the error that ended sending; told at each further attempt */
    bool went;  /* the last flush sent something */
    bool owes_ping, owes_pong; /* for when what waits has been sent */
    uint8_t pong_size;
    uint8_t pong[ZX_WS_CONTROL_MAX];
    size_t seen; /* of the head */
    struct zx_ws_offer offer;
    char accept[ZX_WS_ACCEPT_TEXT]; /* client: what the answer must prove */
    struct zx_buf in, out;
    struct zx_ws_decoder dec;
    struct zx_ws_encoder enc;
};

static struct ws_stream *ws_of(struct zx_stream *s) {
    return (struct ws_stream *)(void *)s;
}

/* ---- the descriptor as it is --------------------------------------------------- */

static int plain_shake(struct zx_ws_wire *w, bool *wants_write) {
    (void)w;
    *wants_write = false;
    return 1;
}

static ptrdiff_t plain_recv(struct zx_ws_wire *w, void *buf, size_t size) {
    return zx_sock_recv(w->fd, buf, size);
}

static ptrdiff_t plain_send(struct zx_ws_wire *w, const void *buf, size_t size) {
    return zx_sock_send(w->fd, buf, size);
}

static bool plain_has_input(const struct zx_ws_wire *w) {
    (void)w;
    return false;
}

static void plain_nothing(struct zx_ws_wire *w) {
    (void)w;
}

static const struct zx_ws_wire_ops plain_ops = {plain_shake,     plain_recv,    plain_send,
                                                plain_has_input, plain_nothing, plain_nothing};

/* ---- bytes ----------------------------------------------------------------------- */

/* The unread bytes of a buffer, which has none at all before the first. */
static const uint8_t *front(const struct zx_buf *b) {
    return b->data ? b->data + b->head : NULL;
}

static void tell_input(struct ws_stream *s) {
    s->base.has_input = zx_buf_size(&s->in) || s->closing_heard || s->failed ||
                        zx_ws_decoder_has_output(&s->dec) || s->wire->ops->has_input(s->wire);
}

/* Reads once, at most max bytes. */
static ptrdiff_t fill(struct ws_stream *s, size_t max) {
    uint8_t *room = zx_buf_reserve(&s->in, max);
    if (!room)
        return -ENOMEM;
    ptrdiff_t n = s->wire->ops->recv(s->wire, room, max);
    if (n > 0) {
        s->in.tail += (size_t)n;
        s->base.heard = true;
    } else {
        zx_buf_consume(&s->in, 0); /* memory is for what came */
    }
    return n;
}

/* What did not go out will be sent anew by another connection: not a byte more of it by this one,
 * not even to make room for a Close. */
static void give_up(struct ws_stream *s) {
    s->phase = OVER;
    zx_buf_fini(&s->out);
    s->base.has_output = false;
}

static int send_out(struct ws_stream *s) {
    while (zx_buf_size(&s->out)) {
        ptrdiff_t n = s->wire->ops->send(s->wire, front(&s->out), zx_buf_size(&s->out));
        if (n < 0)
            return (int)n;
        zx_buf_consume(&s->out, (size_t)n);
        s->went = true;
    }
    return 0;
}

static bool is_congested(const struct ws_stream *s) {
    return zx_buf_size(&s->out) + zx_buf_size(&s->enc.waiting) > PONGS_MAX;
}

/* Without memory it stays undone: the peer asks again, and so do we. */
static void say_control(struct ws_stream *s, enum zx_ws_opcode opcode, const uint8_t *data,
                        size_t size) {
    struct zx_ws_in payload = {data, size};
    (void)zx_ws_encode_control(&s->enc, opcode, &payload, &s->out);
}

/* All that waited has been sent. RFC 6455, 5.5.3: of several Pings the last may be answered alone,
 * but that must be. */
static void pay_debts(struct ws_stream *s) {
    if (s->phase != OPEN || is_congested(s))
        return;
    if (s->owes_pong)
        say_control(s, ZX_WS_PONG, s->pong, s->pong_size);
    if (s->owes_ping)
        say_control(s, ZX_WS_PING, NULL, 0);
    s->owes_pong = s->owes_ping = false;
}

static int flush(struct zx_stream *base) {
    struct ws_stream *s = ws_of(base);
    int rc = s->lost;
    s->went = false;
    if (!rc)
        rc = send_out(s);
    if (!rc && (s->owes_ping || s->owes_pong)) {
        pay_debts(s);
        rc = send_out(s);
    }
    base->has_output = zx_buf_size(&s->out);
    if (rc && rc != -EAGAIN) {
        give_up(s);
        s->lost = rc;
        base->has_output = true; /* so that the link asks again and hears of it */
    }
    return rc;
}

static unsigned code_for(const struct ws_stream *s, int err) {
    if (s->dec.close_code)
        return s->dec.close_code;
    switch (err) {
    case 0:
        return ZX_WS_NORMAL;
    case EPROTO:
        return ZX_WS_PROTOCOL_ERROR;
    case EMSGSIZE:
        return ZX_WS_TOO_BIG;
    case EACCES:
        return ZX_WS_POLICY;
    case ENOMEM:
        return ZX_WS_INTERNAL;
    default:
        return ZX_WS_GOING_AWAY;
    }
}

/* What lies unread would turn our last words into a reset. */
static void discard(struct ws_stream *s) {
    uint8_t waste[4096];
    for (int i = 0; i < DISCARDS; i++)
        if (zx_sock_recv(s->wire->fd, waste, sizeof waste) <= 0)
            return;
}

static void say_close(struct ws_stream *s, unsigned code) {
    uint8_t payload[2];
    struct zx_ws_in in = {payload, code == ZX_WS_NO_CODE ? 0 : sizeof payload};
    zx_put16(payload, (uint16_t)code);
    s->phase = OVER;
    (void)zx_ws_encode_control(&s->enc, ZX_WS_CLOSE, &in, &s->out);
    (void)flush(&s->base);
    s->wire->ops->bye(s->wire);
}

static void bye(struct zx_stream *base, int err) {
    struct ws_stream *s = ws_of(base);
    if (s->phase == OPEN)
        say_close(s, code_for(s, err));
    if (err)
        discard(s);
}

/* ---- opening ----------------------------------------------------------------------- */

static int ask(struct ws_stream *s) {
    uint8_t nonce[ZX_WS_KEY_SIZE];
    char key[ZX_WS_KEY_TEXT], text[ZX_WS_HTTP_OUT_MAX];
    struct zx_ws_address a;
    int rc = zx_ws_address_parse(&a, s->address, false);
    if (!rc)
        rc = zx_os_random(nonce, sizeof nonce);
    if (rc)
        return rc;
    zx_ws_base64(key, nonce, sizeof nonce);
    zx_ws_accept(s->accept, key);
    int n = zx_ws_request_write(text, zx_ws_address_host(&a), a.path, key, &s->offer);
    if (n < 0)
        return n;
    s->asked = true;
    return zx_buf_append(&s->out, text, (size_t)n);
}

static int opened(struct ws_stream *s, enum zx_ws_chosen chosen) {
    s->base.is_bare = s->dec.drop_commands = chosen == ZX_WS_BARE;
    s->phase = OPEN;
    tell_input(s);
    int rc = flush(&s->base);
    return rc && rc != -EAGAIN ? rc : 1;
}

static int answer(struct ws_stream *s, const struct zx_ws_request *request) {
    char text[ZX_WS_HTTP_OUT_MAX];
    int n = zx_ws_response_write(text, request, s->offer.mechanism);
    int rc = n < 0 ? n : zx_buf_append(&s->out, text, (size_t)n);
    if (rc)
        return rc;
    if (request->status == 101)
        return opened(s, request->chosen);
    s->phase = OVER;
    (void)flush(&s->base);
    s->wire->ops->bye(s->wire);
    return -EPROTO;
}

/* A server that takes the list for a fault answers with an HTTP error (no token holds a slash,
 * RFC 6455 4.1): next time ZWS2.0 stands alone, after that the list again. */
static int refused(struct ws_stream *s) {
    s->phase = OVER;
    *s->memory = s->offer.mechanism && s->offer.bare ? BARE_ALONE : 0;
    return -EAGAIN;
}

static int on_head(struct ws_stream *s, size_t size) {
    const char *head = (const char *)front(&s->in);
    struct zx_ws_request request;
    enum zx_ws_chosen chosen;
    if (!s->is_client) {
        zx_ws_request_parse(&request, head, size, &s->offer);
        zx_buf_consume(&s->in, size);
        return answer(s, &request);
    }
    int rc = zx_ws_response_parse(head, size, &s->offer, s->accept, &chosen);
    zx_buf_consume(&s->in, size);
    if (rc == -EAGAIN)
        return refused(s);
    if (rc)
        s->phase = OVER;
    return rc ? rc : opened(s, chosen);
}

static int no_head(struct ws_stream *s, int rc) {
    struct zx_ws_request request = {.status = rc == -EMSGSIZE ? 431 : 400};
    if (!s->is_client)
        (void)answer(s, &request);
    s->phase = OVER;
    return -EPROTO;
}

/* Reads the head, no more than a head may have. */
static int read_head(struct ws_stream *s) {
    for (;;) {
        const char *head = (const char *)front(&s->in);
        size_t have = zx_buf_size(&s->in);
        int n = have ? zx_ws_head_size(head, have, &s->seen, s->is_client ? "HTTP/1." : "GET ")
                     : 0;
        if (n < 0)
            return no_head(s, n);
        if (n)
            return on_head(s, (size_t)n);
        ptrdiff_t got = fill(s, ZX_WS_HTTP_MAX - have);
        if (got == -EAGAIN)
            return 0;
        if (got <= 0)
            return got ? (int)got : -EPIPE;
    }
}

static int stream_open(struct zx_stream *base) {
    struct ws_stream *s = ws_of(base);
    int rc;
    if (s->phase == SHAKE) {
        bool wants_write = false;
        rc = s->wire->ops->shake(s->wire, &wants_write);
        base->has_output = wants_write;
        if (rc <= 0)
            return rc;
        s->phase = HTTP;
    }
    if (s->is_client && !s->asked) {
        rc = ask(s);
        if (rc)
            return rc;
    }
    rc = flush(base);
    if (rc && rc != -EAGAIN)
        return rc;
    return read_head(s);
}

/* ---- frames -------------------------------------------------------------------------- */

static int on_close(struct ws_stream *s) {
    unsigned code = zx_ws_close_code(s->dec.control, s->dec.control_size);
    if (s->phase == OPEN)
        say_close(s, code ? code : ZX_WS_PROTOCOL_ERROR);
    s->closing_heard = true;
    return 0;
}

static int on_control(struct ws_stream *s) {
    if (s->dec.opcode == ZX_WS_CLOSE)
        return on_close(s);
    if (s->dec.opcode == ZX_WS_PONG)
        return 0;
    s->owes_pong = is_congested(s);
    if (s->owes_pong) {
        s->pong_size = s->dec.control_size;
        memcpy(s->pong, s->dec.control, s->pong_size);
        return 0;
    }
    say_control(s, ZX_WS_PONG, s->dec.control, s->dec.control_size);
    s->base.has_output = zx_buf_size(&s->out);
    return 0;
}

static bool is_said(const struct ws_stream *s) {
    return s->base.max_frame != NOT_SAID;
}

/* Decodes what is there into out. */
static int decode(struct ws_stream *s, struct zx_ws_out *out) {
    struct zx_ws_in in = {front(&s->in), zx_buf_size(&s->in)};
    size_t before = in.size;
    s->dec.max_message = is_said(s) ? s->base.max_frame : -1;
    s->dec.max_parts = is_said(s) ? 0 : HELD_MAX;
    int rc = zx_ws_decode(&s->dec, &in, out);
    zx_buf_consume(&s->in, before - in.size);
    return rc == ZX_WS_CONTROL ? on_control(s) : rc;
}

static ptrdiff_t recv_some(struct ws_stream *s, void *buf, size_t size) {
    struct zx_ws_out out = {buf, size};
    for (int fills = 0;; fills++) {
        while (!s->closing_heard && (zx_buf_size(&s->in) || zx_ws_decoder_has_output(&s->dec))) {
            size_t before = zx_buf_size(&s->in);
            s->failed = s->failed ? s->failed : decode(s, &out);
            if (s->failed || !out.room || zx_buf_size(&s->in) == before)
                break;
            if (out.room < size && !is_said(s))
                break;
        }
        if (out.room < size)
            return (ptrdiff_t)(size - out.room);
        if (s->failed)
            return s->failed;
        if (s->closing_heard)
            return 0;
        if (fills == FILLS) /* nothing but control frames: others want to be looked after too */
            return -EAGAIN;
        ptrdiff_t n = fill(s, READ_BYTES);
        if (n <= 0)
            return n;
    }
}

static ptrdiff_t stream_recv(struct zx_stream *base, void *buf, size_t size) {
    struct ws_stream *s = ws_of(base);
    ptrdiff_t n = recv_some(s, buf, size);
    tell_input(s);
    if (n <= 0) {
        base->has_input = false;
        if (n < 0 && n != -EAGAIN)
            bye(base, (int)-n);
    }
    return n;
}

static ptrdiff_t stream_sendv(struct zx_stream *base, const struct zx_iov *iov, size_t n) {
    struct ws_stream *s = ws_of(base);
    size_t sum = 0;
    int rc = s->phase == OPEN ? flush(base) : -EPIPE;
    for (size_t i = 0; !rc && i < n; i++) {
        rc = zx_ws_encode(&s->enc, iov[i].base, iov[i].len, &s->out);
        sum += iov[i].len;
        if (rc)
            give_up(s);
    }
    if (!rc) {
        rc = flush(base);
        /* Of what went out in part nothing may come again: all of it counts as taken. */
        if (rc == -EAGAIN || s->went)
            rc = 0;
    }
    return rc ? rc : (ptrdiff_t)sum;
}

static int ping(struct zx_stream *base) {
    struct ws_stream *s = ws_of(base);
    if (s->phase != OPEN)
        return 0;
    s->owes_ping = is_congested(s);
    if (!s->owes_ping)
        say_control(s, ZX_WS_PING, NULL, 0);
    base->has_output = zx_buf_size(&s->out);
    return 0;
}

static void stream_free(struct zx_stream *base) {
    struct ws_stream *s = ws_of(base);
    zx_buf_fini(&s->in);
    zx_buf_fini(&s->out);
    zx_ws_decoder_fini(&s->dec);
    zx_ws_encoder_fini(&s->enc);
    s->wire->ops->free(s->wire);
    free(s);
}

static const struct zx_stream_ops stream_ops = {
    .open = stream_open,
    .recv = stream_recv,
    .sendv = stream_sendv,
    .flush = flush,
    .ping = ping,
    .bye = bye,
    .free = stream_free,
};

/* ZAP knows nothing of a peer without a mechanism: with a domain there is no bare ZWS2.0. */
static struct zx_ws_offer offer_of(const struct zx_conf *conf, bool bare_alone) {
    static const char *const names[] = {
        [ZX_MECH_NULL] = "NULL", [ZX_MECH_PLAIN] = "PLAIN", [ZX_MECH_CURVE] = "CURVE",
        [ZX_MECH_GSSAPI] = NULL};
    struct zx_ws_offer offer = {.mechanism = names[conf->security.mechanism]};
    offer.bare = conf->security.mechanism == ZX_MECH_NULL && !conf->security.zap_domain.size;
    if (bare_alone && offer.bare)
        offer.mechanism = NULL;
    return offer;
}

int zx_ws_stream_new(const struct zx_stream_place *where, struct zx_ws_wire *wire,
                     struct zx_stream **out) {
    struct ws_stream *s = calloc(1, sizeof *s);
    if (!s) {
        if (wire)
            wire->ops->free(wire);
        return -ENOMEM;
    }
    s->base.ops = &stream_ops;
    s->base.max_frame = NOT_SAID;
    s->plain = (struct zx_ws_wire){&plain_ops, where->fd};
    s->wire = wire ? wire : &s->plain;
    s->conf = where->conf;
    s->address = where->address;
    s->memory = where->memory;
    s->is_client = !where->accepted;
    s->offer = offer_of(where->conf, s->is_client && *where->memory == BARE_ALONE);
    zx_ws_decoder_init(&s->dec, !s->is_client);
    zx_ws_encoder_init(&s->enc, s->is_client);
    *out = &s->base;
    return 0;
}
