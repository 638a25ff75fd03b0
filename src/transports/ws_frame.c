/* SPDX-License-Identifier: MIT */
#include "transports/ws_frame.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/queue.h"
#include "os/os.h"

enum { FIN = 0x80, RSV = 0x70, MASKED = 0x80, LEN16 = 126, LEN64 = 127, MORE = 1, COMMAND = 2 };

enum phase {
    HEAD,    /* of a WebSocket frame */
    FLAGS,   /* the first byte of a message that is one frame */
    BODY,    /* zmtp, then payload to be given out as it comes */
    CONTROL, /* payload of a control frame */
    COLLECT, /* payload of a part of a fragmented message */
    WHOLE    /* such a message is complete: zmtp, then parts */
};

/* Known when compiled. */
static inline bool is_little_endian(void) {
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first;
}

/* The key as it lies in memory, twice, begun at its byte `turn`. By shifts: loading what was
 * just stored byte by byte would be waited for. */
static inline uint64_t key_word(const uint8_t key[4], unsigned turn) {
    uint32_t k;
    memcpy(&k, key, 4);
    unsigned bits = 8 * (is_little_endian() ? turn : (4 - turn) & 3);
    if (bits)
        k = k >> bits | k << (32 - bits);
    return (uint64_t)k << 32 | k;
}

static inline void mask(uint8_t *to, const uint8_t *from, size_t size, uint64_t key) {
    uint8_t wide[8];
    uint64_t x;
    for (; size >= 8; size -= 8, to += 8, from += 8) {
        memcpy(&x, from, 8);
        x ^= key;
        memcpy(to, &x, 8);
    }
    memcpy(wide, &key, 8);
    for (size_t i = 0; i < size; i++)
        to[i] = from[i] ^ wide[i];
}

void zx_ws_mask(uint8_t *to, const uint8_t *from, size_t size, const uint8_t key[4],
                unsigned turn) {
    mask(to, from, size, key_word(key, turn));
}

/* ---- decoding ---------------------------------------------------------------- */

void zx_ws_decoder_init(struct zx_ws_decoder *d, bool from_client) {
    memset(d, 0, sizeof *d);
    d->from_client = from_client;
}

void zx_ws_decoder_fini(struct zx_ws_decoder *d) {
    zx_buf_fini(&d->parts);
}

static int refuse(struct zx_ws_decoder *d, int rc, enum zx_ws_close code) {
    d->close_code = (uint16_t)code;
    return rc;
}

static bool is_control(const struct zx_ws_decoder *d) {
    return d->opcode >= ZX_WS_CLOSE;
}

/* Bytes of the head as far as it is known. */
static unsigned head_size(const struct zx_ws_decoder *d) {
    if (d->have < 2)
        return 2;
    unsigned len = d->head[1] & ~(unsigned)MASKED;
    unsigned size = len == LEN64 ? 10 : len == LEN16 ? 4 : 2;
    return d->head[1] & MASKED ? size + 4 : size;
}

/* The first two bytes: everything about a frame but its length. */
static int check_start(struct zx_ws_decoder *d) {
    unsigned len = d->head[1] & ~(unsigned)MASKED;
    d->final = d->head[0] & FIN;
    d->opcode = d->head[0] & 15;
    if (d->head[0] & RSV || !(d->head[1] & MASKED) == d->from_client)
        return refuse(d, -EPROTO, ZX_WS_PROTOCOL_ERROR);
    switch (d->opcode) {
    case ZX_WS_TEXT:
        return refuse(d, -EPROTO, ZX_WS_UNSUPPORTED);
    case ZX_WS_BINARY:
    case ZX_WS_CONTINUATION:
        if ((d->opcode == ZX_WS_CONTINUATION) != d->fragments)
            return refuse(d, -EPROTO, ZX_WS_PROTOCOL_ERROR);
        return 0;
    case ZX_WS_CLOSE:
    case ZX_WS_PING:
    case ZX_WS_PONG:
        if (!d->final || len > ZX_WS_CONTROL_MAX)
            return refuse(d, -EPROTO, ZX_WS_PROTOCOL_ERROR);
        return 0;
    default:
        return refuse(d, -EPROTO, ZX_WS_PROTOCOL_ERROR);
    }
}

/* The length, in its shortest form and without the highest bit (RFC 6455, 5.2). */
static int take_length(struct zx_ws_decoder *d) {
    unsigned len = d->head[1] & ~(unsigned)MASKED;
    uint64_t least = 0;
    d->left = len;
    if (len == LEN16) {
        d->left = (uint64_t)d->head[2] << 8 | d->head[3];
        least = LEN16;
    } else if (len == LEN64) {
        d->left = zx_get64(d->head + 2);
        least = UINT16_MAX + 1;
    }
    if (d->left < least || d->left > INT64_MAX)
        return refuse(d, -EPROTO, ZX_WS_PROTOCOL_ERROR);
    return 0;
}

/* max_message is about bodies: one byte more is the flags'. */
static bool is_too_big(const struct zx_ws_decoder *d) {
    uint64_t max = PTRDIFF_MAX / 4; /* no memory holds more */
    if (d->max_message >= 0 && (uint64_t)d->max_message < max)
        max = (uint64_t)d->max_message;
    if (d->fragments && d->max_parts && d->max_parts < max)
        max = d->max_parts;
    uint64_t have = zx_buf_size(&d->parts);
    return have > max + 1 || d->left > max + 1 - have;
}

static int begin_frame(struct zx_ws_decoder *d) {
    int rc = take_length(d);
    if (rc)
        return rc;
    d->turn = 0;
    if (d->from_client)
        memcpy(d->key, d->head + d->have - 4, 4);
    d->have = 0;
    if (is_control(d)) {
        d->control_size = 0;
        d->phase = CONTROL;
    } else if (d->final && d->opcode == ZX_WS_BINARY) {
        if (!d->left) /* not even the flags byte */
            return refuse(d, -EPROTO, ZX_WS_PROTOCOL_ERROR);
        d->phase = FLAGS;
    } else {
        d->fragments = true;
        d->phase = COLLECT;
    }
    if (d->phase != CONTROL && is_too_big(d))
        return refuse(d, -EMSGSIZE, ZX_WS_TOO_BIG);
    return 0;
}

static int take_head(struct zx_ws_decoder *d, struct zx_ws_in *in) {
    while (in->size) {
        d->head[d->have++] = *in->data++;
        in->size--;
        if (d->have == 2) {
            int rc = check_start(d);
            if (rc)
                return rc;
        }
        if (d->have == head_size(d))
            return begin_frame(d);
    }
    return 0;
}

/* The head of the ZMTP frame with these ZWS flags. */
static void put_zmtp(struct zx_ws_decoder *d, uint8_t flags, uint64_t size) {
    uint8_t *p = d->zmtp;
    d->dropping = flags & COMMAND && d->drop_commands;
    p[0] = (uint8_t)((flags & MORE ? ZX_FRAME_MORE : 0) | (flags & COMMAND ? ZX_FRAME_COMMAND : 0));
    if (size > UINT8_MAX) {
        p[0] |= ZX_FRAME_LONG;
        zx_put64(p + 1, size);
        d->zmtp_size = 9;
    } else {
        p[1] = (uint8_t)size;
        d->zmtp_size = 2;
    }
    d->zmtp_at = d->dropping ? d->zmtp_size : 0;
}

static void unmask(struct zx_ws_decoder *d, uint8_t *to, const uint8_t *from, size_t n) {
    if (!d->from_client) {
        memcpy(to, from, n);
        return;
    }
    zx_ws_mask(to, from, n, d->key, d->turn);
    d->turn = (d->turn + (unsigned)n) & 3;
}

static size_t take_most(const struct zx_ws_decoder *d, const struct zx_ws_in *in) {
    return d->left < in->size ? (size_t)d->left : in->size;
}

static void taken(struct zx_ws_decoder *d, struct zx_ws_in *in, size_t n) {
    in->data += n;
    in->size -= n;
    d->left -= n;
}

static void take_flags(struct zx_ws_decoder *d, struct zx_ws_in *in) {
    uint8_t flags;
    unmask(d, &flags, in->data, 1);
    taken(d, in, 1);
    put_zmtp(d, flags, d->left);
    d->phase = BODY;
}

static void give(struct zx_ws_out *out, size_t n) {
    out->data += n;
    out->room -= n;
}

static bool give_zmtp(struct zx_ws_decoder *d, struct zx_ws_out *out) {
    size_t n = (size_t)(d->zmtp_size - d->zmtp_at);
    if (n > out->room)
        n = out->room;
    if (n) {
        memcpy(out->data, d->zmtp + d->zmtp_at, n);
        d->zmtp_at = (uint8_t)(d->zmtp_at + n);
        give(out, n);
    }
    return d->zmtp_at == d->zmtp_size;
}

static void take_body(struct zx_ws_decoder *d, struct zx_ws_in *in, struct zx_ws_out *out) {
    if (!give_zmtp(d, out))
        return;
    size_t n = take_most(d, in);
    if (!d->dropping) {
        if (n > out->room)
            n = out->room;
        if (n)
            unmask(d, out->data, in->data, n);
        give(out, n);
    }
    taken(d, in, n);
    if (!d->left)
        d->phase = HEAD;
}

static bool take_control(struct zx_ws_decoder *d, struct zx_ws_in *in) {
    size_t n = take_most(d, in);
    if (n)
        unmask(d, d->control + d->control_size, in->data, n);
    d->control_size = (uint8_t)(d->control_size + n);
    taken(d, in, n);
    if (d->left)
        return false;
    d->phase = HEAD;
    return true;
}

static int end_fragments(struct zx_ws_decoder *d) {
    d->fragments = false;
    if (!zx_buf_size(&d->parts))
        return refuse(d, -EPROTO, ZX_WS_PROTOCOL_ERROR);
    put_zmtp(d, d->parts.data[d->parts.head], zx_buf_size(&d->parts) - 1);
    d->parts.head++; /* the flags; the buffer need not give memory back yet */
    d->phase = WHOLE;
    return 0;
}

static int take_part(struct zx_ws_decoder *d, struct zx_ws_in *in) {
    size_t n = take_most(d, in);
    uint8_t *room = zx_buf_reserve(&d->parts, n);
    if (n && !room)
        return refuse(d, -ENOMEM, ZX_WS_INTERNAL);
    if (n)
        unmask(d, room, in->data, n);
    d->parts.tail += n;
    taken(d, in, n);
    if (d->left)
        return 0;
    d->phase = HEAD;
    return d->final ? end_fragments(d) : 0;
}

static void give_whole(struct zx_ws_decoder *d, struct zx_ws_out *out) {
    if (!give_zmtp(d, out))
        return;
    size_t n = zx_buf_size(&d->parts);
    if (!d->dropping) {
        if (n > out->room)
            n = out->room;
        if (n)
            memcpy(out->data, d->parts.data + d->parts.head, n);
        give(out, n);
    }
    zx_buf_consume(&d->parts, n);
    if (!zx_buf_size(&d->parts))
        d->phase = HEAD;
}

bool zx_ws_decoder_has_output(const struct zx_ws_decoder *d) {
    if (d->phase == WHOLE)
        return true;
    return d->phase == BODY && d->zmtp_at < d->zmtp_size;
}

/* One step. 1: a control frame is whole, 0, negative. */
static int step(struct zx_ws_decoder *d, struct zx_ws_in *in, struct zx_ws_out *out) {
    switch ((enum phase)d->phase) {
    case HEAD:
        return take_head(d, in);
    case FLAGS:
        take_flags(d, in);
        return 0;
    case BODY:
        take_body(d, in, out);
        return 0;
    case CONTROL:
        return take_control(d, in) ? ZX_WS_CONTROL : 0;
    case COLLECT:
        return take_part(d, in);
    case WHOLE:
        give_whole(d, out);
        return 0;
    }
    return -EPROTO;
}

/* Phases that end without a byte of input: an empty body, an empty control frame, an empty
 * part. */
static bool needs_nothing(const struct zx_ws_decoder *d) {
    return d->phase == WHOLE || (d->phase != HEAD && d->phase != FLAGS && !d->left);
}

/* Short whole messages in a row, the common case: the same as by the steps above. */
static void skim(struct zx_ws_decoder *d, struct zx_ws_in *in, struct zx_ws_out *out) {
    const uint8_t masked = d->from_client ? MASKED : 0;
    const size_t head = d->from_client ? 6 : 2;
    const uint8_t *p = in->data, *end = p + in->size;
    uint8_t *to = out->data, *full = to + out->room;
    bool is_limited = d->max_message >= 0 && d->max_message < ZX_WS_CONTROL_MAX;
    size_t most = is_limited ? (size_t)d->max_message + 1 : LEN16 - 1;
    while ((size_t)(end - p) > head && p[0] == (FIN | ZX_WS_BINARY)) {
        size_t n = p[1] ^ masked; /* beyond 125 if the other side masks, or for other forms */
        if (!n || n > most || (size_t)(end - p) < head + n || (size_t)(full - to) < n + 1)
            break;
        uint8_t flags = d->from_client ? p[6] ^ p[2] : p[2];
        if (flags & COMMAND)
            break;
        to[0] = flags & MORE ? ZX_FRAME_MORE : 0;
        to[1] = (uint8_t)(n - 1);
        if (d->from_client)
            mask(to + 2, p + 7, n - 1, key_word(p + 2, 1));
        else
            zx_copy(to + 2, p + 3, n - 1);
        p += head + n;
        to += n + 1;
    }
    *in = (struct zx_ws_in){p, (size_t)(end - p)};
    *out = (struct zx_ws_out){to, (size_t)(full - to)};
}

int zx_ws_decode(struct zx_ws_decoder *d, struct zx_ws_in *in, struct zx_ws_out *out) {
    const uint8_t *start = out->data;
    bool is_alone = d->max_parts != 0;
    int rc = 0;
    while (!rc && (in->size || needs_nothing(d) || zx_ws_decoder_has_output(d))) {
        bool gives = d->phase == BODY || d->phase == WHOLE;
        bool ends = d->phase == BODY && !d->left && d->zmtp_at == d->zmtp_size;
        if (gives && !out->room && !ends && !d->dropping)
            break;
        if (is_alone && out->data != start && d->phase == HEAD)
            break;
        if (d->phase == HEAD && !d->have && !d->fragments && in->size > 2 && !is_alone)
            skim(d, in, out);
        if (in->size || d->phase != HEAD)
            rc = step(d, in, out);
    }
    return rc;
}

/* Bytes of the character at p, 0 if there is none (RFC 3629, 4). */
static size_t utf8_size(const uint8_t *p, size_t left) {
    static const struct {
        uint8_t first, last, low, high; /* of the first byte; of the second */
        uint8_t size;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    size_t i = 0;
    while (i < sizeof forms / sizeof *forms && *p > forms[i].last)
        i++;
    if (i == sizeof forms / sizeof *forms || *p < forms[i].first || left < forms[i].size)
        return 0;
    if (forms[i].size > 1 && (p[1] < forms[i].low || p[1] > forms[i].high))
        return 0;
    for (size_t k = 2; k < forms[i].size; k++)
        if ((p[k] & 0xc0) != 0x80)
            return 0;
    return forms[i].size;
}

static bool is_utf8(const uint8_t *p, size_t size) {
    for (size_t n; size; p += n, size -= n) {
        n = utf8_size(p, size);
        if (!n)
            return false;
    }
    return true;
}

unsigned zx_ws_close_code(const uint8_t *payload, size_t size) {
    if (!size)
        return ZX_WS_NO_CODE;
    unsigned code = size < 2 ? 0 : (unsigned)payload[0] << 8 | payload[1];
    if (size > 2 && !is_utf8(payload + 2, size - 2))
        return 0;
    bool is_defined = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
    return is_defined || (code >= 3000 && code <= 4999) ? code : 0;
}

/* ---- encoding ---------------------------------------------------------------- */

void zx_ws_encoder_init(struct zx_ws_encoder *e, bool is_client) {
    memset(e, 0, sizeof *e);
    e->is_client = is_client;
}

void zx_ws_encoder_fini(struct zx_ws_encoder *e) {
    zx_buf_fini(&e->waiting);
}

static int draw_key(struct zx_ws_encoder *e, uint8_t key[4]) {
    if (!e->keys_left) {
        int rc = zx_os_random(e->keys, sizeof e->keys);
        if (rc)
            return rc;
        e->keys_left = sizeof e->keys / 4;
    }
    e->keys_left--;
    memcpy(key, e->keys + 4 * (size_t)e->keys_left, 4);
    return 0;
}

/* The head of a WebSocket frame; key is drawn for a client. Bytes, or negative. */
static int put_head(struct zx_ws_encoder *e, enum zx_ws_opcode opcode, uint64_t size,
                    uint8_t head[ZX_WS_HEAD_MAX], uint8_t key[4]) {
    int n = 2;
    head[0] = (uint8_t)(FIN | (unsigned)opcode);
    if (size < LEN16) {
        head[1] = (uint8_t)size;
    } else if (size <= UINT16_MAX) {
        head[1] = LEN16;
        zx_put16(head + 2, (uint16_t)size);
        n = 4;
    } else {
        head[1] = LEN64;
        zx_put64(head + 2, size);
        n = 10;
    }
    if (!e->is_client)
        return n;
    int rc = draw_key(e, key);
    if (rc)
        return rc;
    head[1] |= MASKED;
    memcpy(head + n, key, 4);
    return n + 4;
}

static size_t zmtp_head_size(const struct zx_ws_encoder *e) {
    return e->have && e->head[0] & ZX_FRAME_LONG ? ZX_WS_ZMTP_HEAD_MAX : 2;
}

/* The head of a ZMTP frame is whole: the WebSocket frame's head and flags byte. */
static int begin_message(struct zx_ws_encoder *e, struct zx_buf *out) {
    uint8_t flags = (uint8_t)((e->head[0] & ZX_FRAME_MORE ? MORE : 0) |
                              (e->head[0] & ZX_FRAME_COMMAND ? COMMAND : 0));
    e->left = e->head[0] & ZX_FRAME_LONG ? zx_get64(e->head + 1) : e->head[1];
    e->have = 0;
    uint8_t *p = zx_buf_reserve(out, ZX_WS_HEAD_MAX + 1);
    if (!p)
        return -ENOMEM;
    int n = put_head(e, ZX_WS_BINARY, e->left + 1, p, e->key);
    if (n < 0)
        return n;
    p[n] = flags;
    if (e->is_client)
        p[n] ^= e->key[0];
    e->turn = 1;
    out->tail += (size_t)n + 1;
    return 0;
}

static int put_body(struct zx_ws_encoder *e, const uint8_t *data, size_t n, struct zx_buf *out) {
    if (!n)
        return 0;
    uint8_t *p = zx_buf_reserve(out, n);
    if (!p)
        return -ENOMEM;
    if (e->is_client)
        zx_ws_mask(p, data, n, e->key, e->turn);
    else
        memcpy(p, data, n);
    e->turn = (uint8_t)((e->turn + n) & 3);
    out->tail += n;
    e->left -= n;
    return 0;
}

static int release_waiting(struct zx_ws_encoder *e, struct zx_buf *out) {
    struct zx_buf *w = &e->waiting;
    if (!zx_buf_size(w))
        return 0;
    int rc = zx_buf_append(out, w->data + w->head, zx_buf_size(w));
    if (!rc)
        zx_buf_fini(w);
    return rc;
}

enum { SMALL_MAX = 124, SMALL_HEAD = 7 }; /* a body, and all that is put before it */

/* Short whole frames in a row, the common case: the same as by the steps above. Returns the bytes
 * taken. */
static size_t encode_small(struct zx_ws_encoder *e, const uint8_t *data, size_t size,
                           struct zx_buf *out) {
    const uint8_t *p = data, *end = data + size;
    while (end - p >= 2 && p[0] <= ZX_FRAME_MORE && p[1] <= SMALL_MAX && end - p >= 2 + p[1]) {
        size_t n = p[1];
        uint8_t key[4];
        if (out->cap - out->tail < SMALL_HEAD + n &&
            !zx_buf_reserve(out, SMALL_HEAD * 8 + (size_t)(end - p) * 2))
            break;
        if (e->is_client && draw_key(e, key))
            break;
        uint8_t *to = out->data + out->tail;
        to[0] = FIN | ZX_WS_BINARY;
        to[1] = (uint8_t)(n + 1);
        if (e->is_client) {
            to[1] |= MASKED;
            memcpy(to + 2, key, 4);
            to[6] = (uint8_t)(p[0] ^ key[0]);
            mask(to + 7, p + 2, n, key_word(key, 1));
            out->tail += SMALL_HEAD + n;
        } else {
            to[2] = p[0];
            zx_copy(to + 3, p + 2, n);
            out->tail += 3 + n;
        }
        p += 2 + n;
    }
    return (size_t)(p - data);
}

int zx_ws_encode(struct zx_ws_encoder *e, const uint8_t *data, size_t size, struct zx_buf *out) {
    int rc = 0;
    if (!e->left && !e->have) {
        size_t n = encode_small(e, data, size, out);
        data += n;
        size -= n;
    }
    while (size && !rc) {
        if (e->left) {
            size_t n = e->left < size ? (size_t)e->left : size;
            rc = put_body(e, data, n, out);
            data += n;
            size -= n;
        } else {
            e->head[e->have++] = *data++;
            size--;
            if (e->have < zmtp_head_size(e))
                continue;
            rc = begin_message(e, out);
        }
        if (!rc && !e->left)
            rc = release_waiting(e, out);
    }
    return rc;
}

int zx_ws_encode_control(struct zx_ws_encoder *e, enum zx_ws_opcode opcode,
                         const struct zx_ws_in *payload, struct zx_buf *out) {
    struct zx_buf *to = e->left || e->have ? &e->waiting : out;
    uint8_t key[4] = {0};
    uint8_t *p = zx_buf_reserve(to, ZX_WS_HEAD_MAX + payload->size);
    if (!p)
        return -ENOMEM;
    int n = put_head(e, opcode, payload->size, p, key);
    if (n < 0)
        return n;
    if (payload->size)
        zx_ws_mask(p + n, payload->data, payload->size, key, 0);
    to->tail += (size_t)n + payload->size;
    return 0;
}
