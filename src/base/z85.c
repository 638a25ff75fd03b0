/* SPDX-License-Identifier: MIT */
#include "base/z85.h"

#include <string.h>

#include "base/bytes.h"

enum { BASE = 85, GROUP = 5, WORD = 4 };

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

bool zx_z85_encode(char *text, const uint8_t *data, size_t size) {
    if (size % WORD)
        return false;
    for (; size; size -= WORD, data += WORD, text += GROUP) {
        uint32_t word = zx_get32(data);
        for (int i = GROUP; i--; word /= BASE)
            text[i] = digits[word % BASE];
    }
    *text = '\0';
    return true;
}

static bool decode_group(const char *text, uint32_t *word) {
    uint64_t value = 0;
    for (int i = 0; i < GROUP; i++) {
        const char *digit = memchr(digits, text[i], sizeof(digits) - 1);
        if (!digit)
            return false;
        value = value * BASE + (uint64_t)(digit - digits);
    }
    *word = (uint32_t)value;
    return value <= UINT32_MAX;
}

bool zx_z85_decode(uint8_t *data, const char *text) {
    size_t len = strlen(text);
    if (len % GROUP)
        return false;
    for (; len; len -= GROUP, text += GROUP, data += WORD) {
        uint32_t word;
        if (!decode_group(text, &word))
            return false;
        zx_put32(data, word);
    }
    return true;
}
