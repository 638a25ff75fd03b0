/* SPDX-License-Identifier: MIT */
#include "zmtp/greeting.h"

#include "base/bytes.h"
#include "zmtp/handshake.h"

#include <string.h>

enum {
    MAJOR_AT = 10,
    MINOR_AT = 11,
    MECHANISM_AT = 12,
    OLD_SIZE = 12,
};

void zx_greeting_init(struct zx_greeting *g) {
    memset(g, 0, sizeof *g);
    g->stop = 1;
    g->version = ZX_ZMTP_UNKNOWN;
}

static void take(struct zx_greeting *g, const uint8_t *data, size_t size, size_t *consumed) {
    size_t n = size - *consumed;
    if (n > g->stop - g->have)
        n = g->stop - g->have;
    if (n)
        memcpy(g->bytes + g->have, data + *consumed, n);
    g->have += n;
    *consumed += n;
}

static enum zx_greeting_event finish(struct zx_greeting *g, int version) {
    g->version = version;
    return ZX_GREETING_DONE;
}

static int version_of(const struct zx_greeting *g) {
    switch (g->bytes[MAJOR_AT]) {
    case 0:
        return ZX_ZMTP_REV0;
    case 1:
        return ZX_ZMTP_2_0;
    case 3:
        return g->bytes[MINOR_AT] == 0 ? ZX_ZMTP_3_0 : ZX_ZMTP_3_1;
    default: /* 2 as well: it got a 3.x greeting from us */
        return ZX_ZMTP_3_1;
    }
}

/* The greeting has just reached g->stop bytes. */
static enum zx_greeting_event reach(struct zx_greeting *g) {
    switch (g->stop) {
    case 1: /* any other first byte is the length of an unversioned peer's first frame */
        if (g->bytes[0] != 0xff)
            return finish(g, ZX_ZMTP_UNVERSIONED);
        g->stop = ZX_SIGNATURE_SIZE;
        return ZX_GREETING_MORE;
    case ZX_SIGNATURE_SIZE: /* bit 0 is clear in the flags of an identity frame */
        if ((g->bytes[ZX_SIGNATURE_SIZE - 1] & 1) == 0)
            return finish(g, ZX_ZMTP_UNVERSIONED);
        g->stop = MAJOR_AT + 1;
        return ZX_GREETING_SEND_MAJOR;
    case MAJOR_AT + 1:
        g->stop = g->bytes[MAJOR_AT] <= 1 ? OLD_SIZE : ZX_GREETING_SIZE;
        return g->stop == OLD_SIZE ? ZX_GREETING_SEND_TYPE : ZX_GREETING_SEND_REST;
    default:
        return finish(g, version_of(g));
    }
}

enum zx_greeting_event zx_greeting_feed(struct zx_greeting *g, const uint8_t *data, size_t size,
                                        size_t *consumed) {
    enum zx_greeting_event event = ZX_GREETING_MORE;
    *consumed = 0;
    if (g->version != ZX_ZMTP_UNKNOWN)
        return ZX_GREETING_DONE;
    while (event == ZX_GREETING_MORE) {
        take(g, data, size, consumed);
        if (g->have < g->stop)
            return ZX_GREETING_MORE;
        event = reach(g);
    }
    return event;
}

const uint8_t *zx_greeting_refeed(const struct zx_greeting *g, size_t *size) {
    *size = g->have;
    return g->bytes;
}

bool zx_greeting_has_mechanism(const struct zx_greeting *g, const char *name) {
    uint8_t wanted[ZX_GREETING_MECHANISM_SIZE] = {0};
    size_t size = strlen(name);
    if (size > sizeof wanted)
        return false;
    memcpy(wanted, name, size);
    return memcmp(g->bytes + MECHANISM_AT, wanted, sizeof wanted) == 0;
}

void zx_greeting_write_signature(uint8_t buf[ZX_SIGNATURE_SIZE], size_t routing_id_size) {
    /* To an unversioned peer these ten bytes are the long header of our identity
     * frame, so the padding is that frame's length (flags byte included). */
    buf[0] = 0xff;
    zx_put64(buf + 1, (uint64_t)routing_id_size + 1);
    buf[9] = 0x7f;
}

void zx_greeting_write_rest(uint8_t buf[ZX_GREETING_REST_SIZE], const char *mechanism) {
    size_t size = strlen(mechanism);
    if (size > ZX_GREETING_MECHANISM_SIZE)
        size = ZX_GREETING_MECHANISM_SIZE;
    memset(buf, 0, ZX_GREETING_REST_SIZE);
    buf[0] = 1;
    memcpy(buf + 1, mechanism, size);
}
