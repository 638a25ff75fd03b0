/* SPDX-License-Identifier: MIT */
#include "transports/ws_hash.h"

#include <string.h>

#include "base/bytes.h"

enum { BLOCK = 64, KEY_CHARS = 24 };

static uint32_t rotate(uint32_t x, unsigned n) {
    return x << n | x >> (32 - n);
}

/* FIPS 180-4, 6.1.2: one block. */
static void mix(uint32_t h[5], const uint8_t block[BLOCK]) {
    static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int t = 0; t < 16; t++)
        w[t] = zx_get32(block + 4 * t);
    for (int t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t f = t < 20 ? (b & c) | (~b & d) : t < 40 || t >= 60 ? b ^ c ^ d
                                                                     : (b & c) | (b & d) | (c & d);
        uint32_t next = rotate(a, 5) + f + e + k[t / 20] + w[t];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

void zx_ws_sha1(uint8_t out[ZX_SHA1_SIZE], const void *data, size_t size) {
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const uint8_t *at = data;
    size_t left = size;
    for (; left >= BLOCK; left -= BLOCK, at += BLOCK)
        mix(h, at);
    uint8_t last[2 * BLOCK] = {0};
    size_t end = left + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    if (left)
        memcpy(last, at, left);
    last[left] = 0x80;
    zx_put64(last + end - 8, (uint64_t)size * 8);
    for (size_t i = 0; i < end; i += BLOCK)
        mix(h, last + i);
    for (int i = 0; i < 5; i++)
        zx_put32(out + 4 * i, h[i]);
}

void zx_ws_base64(char *out, const uint8_t *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t n = (uint32_t)data[i] << 16;
        if (i + 1 < size)
            n |= (uint32_t)data[i + 1] << 8;
        if (i + 2 < size)
            n |= data[i + 2];
        *out++ = digits[n >> 18];
        *out++ = digits[n >> 12 & 63];
        *out++ = i + 1 < size ? digits[n >> 6 & 63] : '=';
        *out++ = i + 2 < size ? digits[n & 63] : '=';
    }
    *out = '\0';
}

void zx_ws_accept(char out[ZX_WS_ACCEPT_TEXT], const char *key) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
    char text[KEY_CHARS + sizeof guid];
    uint8_t hash[ZX_SHA1_SIZE];
    memcpy(text, key, KEY_CHARS);
    memcpy(text + KEY_CHARS, guid, sizeof guid - 1);
    zx_ws_sha1(hash, text, KEY_CHARS + sizeof guid - 1);
    zx_ws_base64(out, hash, sizeof hash);
}
